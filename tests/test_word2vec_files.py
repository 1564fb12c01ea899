"""Word2Vec on more text, and on disk: partial_fit, save, load, damaged files."""

from __future__ import annotations

import numpy as np
import pytest
from test_word2vec import COMBINATIONS, Stop, ids_of, small, two_worlds

import fastembed as fe
from fastembed.core import rounds
from fastembed.io.native import read_native, write_native


@pytest.fixture(scope="module")
def text():
    return two_worlds()


@pytest.mark.parametrize("combination", COMBINATIONS, ids=ids_of)
def test_partial_fit_adds_words_and_keeps_the_old_ones(text, combination):
    model = small(**combination).fit(text)
    before = {word: model.wv.get_index(word) for word in model.wv.index_to_key}
    count = model.wv.get_vecattr("sea1", "count")
    more = [["sea1", "newword", "sea2", "another", "the"]] * 60
    model.partial_fit(more, epochs=5)
    after = {word: model.wv.get_index(word) for word in model.wv.index_to_key}
    assert {word: after[word] for word in before} == before
    assert set(after) - set(before) == {"newword", "another"}
    assert model.wv.get_vecattr("sea1", "count") == count + 60
    assert model.wv.get_vecattr("newword", "count") == 60
    assert len(model.loss_history_) == 5
    assert model.wv.similarity("newword", "sea1") > model.wv.similarity("newword", "sky1")


def test_partial_fit_of_a_new_model_is_fit(text):
    a, b = small().partial_fit(text), small().fit(text)
    assert a.wv.vectors.tobytes() == b.wv.vectors.tobytes()


def test_partial_fit_wants_text_and_the_same_size(text):
    model = small().fit(text)
    with (
        fe.Corpus(text).encode() as encoded,
        pytest.raises(TypeError, match="takes text, not an encoded corpus"),
    ):
        model.partial_fit(encoded)
    with pytest.raises(ValueError, match="vector_size is 5 but the model was trained with 12"):
        model.set_params(vector_size=5).partial_fit(text)


def test_partial_fit_needs_no_new_word(text):
    model = small().fit(text)
    before = model.wv.vectors.copy()
    model.partial_fit(text[:50])
    assert model.wv.vectors.shape == before.shape
    assert not np.array_equal(model.wv.vectors, before)


@pytest.mark.parametrize("combination", COMBINATIONS[:2], ids=ids_of)
def test_save_and_load_give_the_same_model(tmp_path, text, combination):
    model = small(**combination).fit(text)
    model.save(tmp_path / "model.fe")
    loaded = fe.Word2Vec.load(tmp_path / "model.fe")
    assert loaded.get_params() == model.get_params()
    np.testing.assert_array_equal(loaded.wv.vectors, model.wv.vectors)
    assert loaded.loss_history_ == model.loss_history_
    for m in (model, loaded):
        m.partial_fit(text[:100], epochs=1)
    assert loaded.wv.vectors.tobytes() == model.wv.vectors.tobytes()
    np.testing.assert_array_equal(
        fe.KeyedVectors.load(tmp_path / "model.fe")["sea1"].shape, model.wv["sea1"].shape
    )


def test_a_file_of_something_else_is_not_a_model(tmp_path, text):
    small().fit(text).wv.save(tmp_path / "vectors.fe")
    with pytest.raises(fe.FormatError, match=r"not a Word2Vec model.*KeyedVectors\.load"):
        fe.Word2Vec.load(tmp_path / "vectors.fe")


@pytest.mark.parametrize(("before", "after"), [((0, 5), (1, 5)), ((0, 5), (1, 0)), ((1, 5), (1, 0)),
                                               ((1, 5), (0, 5))])  # fmt: skip
def test_partial_fit_cannot_switch_an_output_layer(text, before, after):
    model = small(hs=before[0], negative=before[1]).fit(text)
    vectors = model.wv.vectors.copy()
    model.set_params(hs=after[0], negative=after[1])
    with pytest.raises(ValueError, match="cannot switch an output layer"):
        model.partial_fit([["sea1", "brandnew"] * 20])
    np.testing.assert_array_equal(model.wv.vectors, vectors)
    model.set_params(hs=before[0], negative=before[1]).partial_fit([["sea1", "brandnew"] * 20])
    assert "brandnew" in model.wv


def test_a_tree_that_grows_again_and_again(text):
    model = small(hs=1, negative=0, epochs=1).fit(text)
    for i in range(80):
        model.partial_fit([[f"n{i}", "sea1"] * 3])
    assert len(model.wv) == 27 + 80
    assert np.isfinite(model.wv.vectors).all()


@pytest.mark.parametrize("damage", ["parent", "cycle", "metadata"])
def test_a_damaged_model_is_refused(tmp_path, text, damage):
    path = tmp_path / "model.fe"
    small(hs=1, negative=0, epochs=1).fit(text).save(path)
    file = read_native(path, mmap=False)
    arrays, metadata = dict(file.arrays), dict(file.metadata)
    tree = arrays["tree"] = arrays["tree"].copy()
    if damage == "parent":
        tree[3] = 2 * 10**6
    elif damage == "cycle":
        tree[27] = 2  # inner node 0 below inner node 1, and 1 below 0
        tree[28] = 0
    else:
        del metadata["params"]
    write_native(path, arrays, metadata)
    with pytest.raises(fe.FormatError, match=r"model\.fe: .*damaged"):
        fe.Word2Vec.load(path)


def test_vectors_added_by_the_user_do_not_spoil_the_file(tmp_path, text):
    model = small(epochs=1).fit(text)
    model.wv.add_vector("mine", np.ones(12, dtype=np.float32))
    model.save(tmp_path / "model.fe")
    assert "mine" not in fe.Word2Vec.load(tmp_path / "model.fe").wv


def test_an_interrupted_partial_fit_goes_on_to_the_same_bits(tmp_path, text, monkeypatch):
    monkeypatch.setattr(rounds, "ROUND_SECONDS", 0.0)
    place, saved = tmp_path / "run.checkpoint", tmp_path / "model.fe"
    small(hs=1).fit(text[:300]).save(saved)
    more = [*text[300:], ["sea1", "newword", "sea2"] * 20]
    whole = fe.Word2Vec.load(saved).partial_fit(more)
    broken = fe.Word2Vec.load(saved)
    with pytest.raises(rounds.TrainingInterrupted, match=r"epoch 2 of 3.*saved"):
        broken.partial_fit(more, checkpoint=place, callbacks=[Stop(2)])
    resumed = fe.Word2Vec.load(saved).partial_fit(more, checkpoint=place, resume=True)
    assert "newword" in resumed.wv
    assert resumed.wv.vectors.tobytes() == whole.wv.vectors.tobytes()
    assert resumed.loss_history_ == whole.loss_history_
    assert resumed.epochs_done_ == whole.epochs_done_ == 6
    for other in (small(hs=1).fit(text), whole):
        with pytest.raises(fe.TrainingError, match="did not begin at this model"):
            other.partial_fit(more, checkpoint=place, resume=True)
    with pytest.raises(fe.TrainingError, match="another text"):
        fe.Word2Vec.load(saved).partial_fit(more[:-9], checkpoint=place, resume=True)
    with pytest.raises(ValueError, match="resume=True needs checkpoint"):
        broken.partial_fit(more, resume=True)
