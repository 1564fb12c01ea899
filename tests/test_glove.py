"""GloVe: what it learns, what it takes, reproducibility, interruption, files, errors."""

from __future__ import annotations

import math

import numpy as np
import oracle_glove as oracle
import pytest
from test_word2vec import Stop, two_worlds

import fastembed as fe
from fastembed.core import rounds
from fastembed.core.progress import Callback
from fastembed.embed.glove_tables import parts_of
from fastembed.io.native import read_native, write_native


@pytest.fixture(scope="module")
def text():
    return two_worlds()


@pytest.fixture(scope="module")
def counts(text):
    return fe.Cooccurrence(window=4, min_count=1).fit(text)


def small(**change):
    settings = {"vector_size": 12, "window": 4, "min_count": 1, "epochs": 3, "x_max": 20.0}
    return fe.GloVe(**{**settings, "workers": 1, **change})


def exact_counts(n=60, d=3, seed=2):
    """Counts whose logarithms are w.c + b + b~ for vectors of d dimensions."""
    rng = np.random.default_rng(seed)
    w, c = rng.normal(scale=0.5, size=(2, n, d))
    b, b2 = rng.normal(scale=0.5, size=(2, n))
    x = np.exp(w @ c.T + b[:, None] + b2)
    vocabulary = fe.Vocabulary([f"w{i}" for i in range(n)], np.full(n, 9))
    indptr, indices = np.arange(n + 1) * n, np.tile(np.arange(n), n)
    return fe.Cooccurrence.from_arrays(vocabulary, indptr, indices, x.ravel()), x


def same(*models):
    values = {
        tuple(a.tobytes() for a in (m.wv.vectors, m.word_vectors_, m.context_biases_))
        for m in models
    }
    return len(values) == 1 and len({tuple(m.loss_history_) for m in models}) == 1


# ---------------------------------------------------------------------------------- learning


def test_words_of_one_world_come_together():
    """Words that stand ten times more often beside those of their own world."""
    rng = np.random.default_rng(3)
    words = [f"{world}{i}" for world in ("sea", "sky") for i in range(40)]
    world = np.arange(80) // 40
    x = np.where(world[:, None] == world, 10.0, 1.0) * np.exp(rng.normal(0, 0.3, (80, 80)))
    counts = fe.Cooccurrence.from_arrays(
        fe.Vocabulary(words, np.full(80, 9)),
        np.arange(81) * 80,
        np.tile(np.arange(80), 80),
        x.ravel(),
    )
    model = small(epochs=60).fit(counts)
    assert model.wv.n_similarity(["sea1", "sea2"], ["sea3", "sea4"]) > 0.7
    assert model.wv.n_similarity(["sea1", "sea2"], ["sky3", "sky4"]) < 0
    losses = model.loss_history_
    assert len(losses) == 60
    assert losses[-1] < 0.1 * losses[0]
    assert model.n_examples_ == [6400] * 60


def test_counts_that_can_be_fitted_exactly_are():
    counts, x = exact_counts()
    model = small(vector_size=3, epochs=1000, eta=0.5, x_max=1.0, vector="word").fit(counts)
    assert model.loss_history_[-1] < 1e-6
    fitted = model.word_vectors_ @ model.context_vectors_.T
    fitted += model.word_biases_[:, None] + model.context_biases_
    np.testing.assert_allclose(fitted, np.log(x), atol=0.02)


def test_the_loss_is_the_objective(counts):
    """With tiny steps the loss of an epoch is L at the parameters that it ends with."""
    model = small(epochs=1, grad_clip=1e-9).fit(counts)
    parameters = model.word_vectors_, model.context_vectors_
    twin = oracle.Model(*parameters, model.word_biases_, model.context_biases_)
    i = np.repeat(np.arange(len(model.wv)), np.diff(counts.indptr))
    x = counts.data.astype(float)
    expected = twin.losses(i, counts.indices, x, 20.0, 0.75).mean()
    assert model.loss_history_ == [pytest.approx(expected, rel=1e-4)]


def test_the_result_is_the_sum_or_one_of_the_vectors(counts):
    models = {v: small(vector=v).fit(counts) for v in ("sum", "word", "context")}
    w, c = models["sum"].word_vectors_, models["sum"].context_vectors_
    np.testing.assert_array_equal(models["sum"].wv.vectors, w + c)
    np.testing.assert_array_equal(models["word"].wv.vectors, w)
    np.testing.assert_array_equal(models["context"].wv.vectors, c)


# ------------------------------------------------------------------------------------- input


def test_text_encoded_text_counts_and_their_file_give_the_same(tmp_path, text, counts):
    counts.save(tmp_path / "counts.fe")
    with fe.Corpus(text).encode(min_count=1) as encoded:
        sources = (text, encoded, counts, tmp_path / "counts.fe", str(tmp_path / "counts.fe"))
        assert same(*(small().fit(source) for source in sources))


def test_counts_keep_their_own_parameters(tmp_path, text):
    other = fe.Cooccurrence(window=2, min_count=3, weights="flat", symmetric=False).fit(text)
    model = small().fit(other)
    model.save(tmp_path / "model.fe")
    loaded = fe.GloVe.load(tmp_path / "model.fe")
    assert (loaded.window, loaded.min_count, loaded.weights) == (2, 3, "flat")
    assert loaded.symmetric is False
    assert (model.window, model.weights) == (4, "harmonic")


def test_one_sided_and_flat_counts_are_trained_on(text):
    one = small(symmetric=False, weights="flat", window=1).fit(text)
    both = small(weights="flat", window=1).fit(text)
    assert not np.array_equal(one.wv.vectors, both.wv.vectors)
    assert one.n_examples_[0] <= both.n_examples_[0]


def test_a_text_without_pairs_or_words_is_an_error(tmp_path):
    with pytest.raises(fe.TrainingError, match="nothing to train on"):
        small().fit([["alone"], ["alone"]])
    with pytest.raises(fe.VocabularyError, match="min_count"):
        small(min_count=9).fit([["a", "b"]])
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(fe.FastembedError):
        small().fit(tmp_path / "empty")


def test_words_of_any_script(tmp_path):
    model = small().fit([["σίγμα", "木", "🌲", "naïve"], ["木", "🌲", "σίγμα"]] * 5)
    model.save(tmp_path / "model.fe")
    assert fe.GloVe.load(tmp_path / "model.fe").wv["木"].tolist() == model.wv["木"].tolist()


# --------------------------------------------------------------------------- reproducibility


def test_the_bits_do_not_depend_on_workers_but_on_the_seed(text, counts, monkeypatch):
    monkeypatch.setattr("fastembed.embed.glove_task.PAIRS_A_THREAD", 1)
    models = [small(workers=workers, epochs=2).fit(text) for workers in (1, 2, 4)]
    assert same(*models)
    assert not same(models[0], small(seed=2, epochs=2).fit(counts))


def test_fit_begins_anew(counts):
    model = small().fit(counts)
    first = model.wv.vectors.copy()
    assert model.fit(counts).wv.vectors.tobytes() == first.tobytes()
    assert model.epochs_done_ == 3


def test_parts_are_a_matter_of_the_number_of_words():
    for n in (1, 2, 31, 32, 511, 512, 65536, 65537, 10**6, 1 << 24):
        parts = parts_of(n)
        assert 1 <= parts <= n
        assert parts & (parts - 1) == 0
        assert n / parts <= 4096


# ------------------------------------------------------------------------------- warm starts


class FirstVectors(Callback):
    """The vectors before the first step."""

    def on_train_begin(self, model):
        self.wv, self.w, self.c = model.wv, model.word_vectors_, model.context_vectors_


@pytest.mark.parametrize("vector", ["sum", "word", "context"])
def test_a_warm_start_begins_at_the_vectors_of_known_words(counts, vector):
    rng = np.random.default_rng(8)
    words = ["sky1", "unheard", "sea2"]
    initial = fe.KeyedVectors(words, rng.normal(size=(3, 12)).astype(np.float16))
    warm, cold = FirstVectors(), FirstVectors()
    small(vector=vector).fit(counts, initial=initial, callbacks=[warm])
    small(vector=vector).fit(counts, callbacks=[cold])
    for word in ("sky1", "sea2"):
        np.testing.assert_allclose(warm.wv[word], initial[word], rtol=1e-6)
    np.testing.assert_array_equal(warm.wv["the"], cold.wv["the"])
    others = {"sum": [], "word": [(warm.c, cold.c)], "context": [(warm.w, cold.w)]}
    for a, b in others[vector]:
        np.testing.assert_array_equal(a, b)


def test_a_warm_start_from_the_result_has_less_to_learn(counts):
    first = small(epochs=100, vector="word").fit(counts)
    warm = small(epochs=30, vector="word").fit(counts, initial=first.wv)
    assert warm.loss_history_[-1] < 0.8 * first.loss_history_[29]


def test_initial_vectors_that_do_not_fit(counts):
    with pytest.raises(ValueError, match="initial has 3 dimensions and vector_size is 12"):
        small().fit(counts, initial=fe.KeyedVectors(["sea1"], np.zeros((1, 3), "f4")))
    with pytest.raises(ValueError, match="initial has none of the"):
        small().fit(counts, initial=fe.KeyedVectors(["?"], np.zeros((1, 12), "f4")))


# ------------------------------------------------------------------------------ interruption


def test_resume_equals_an_uninterrupted_run(tmp_path, text, monkeypatch):
    # rounds of one stratum, so that the interruption falls into the middle of an epoch
    monkeypatch.setattr(rounds, "ROUND_SECONDS", 0.0)
    monkeypatch.setattr("fastembed.embed.glove_tables.LEAST", 1)
    monkeypatch.setattr("fastembed.embed.glove_task.PAIRS_A_THREAD", 1)
    initial = fe.KeyedVectors(["sea1"], np.ones((1, 12), "f4"))
    whole = small(workers=2).fit(text, initial=initial)
    place = tmp_path / "run.checkpoint"
    broken = small()
    with pytest.raises(rounds.TrainingInterrupted, match=r"interrupted in epoch 2 of 3.*saved"):
        broken.fit(text, initial=initial, checkpoint=place, callbacks=[Stop(2)])
    assert broken._position.epoch == 1
    assert 0 < broken._position.chunk < 16
    assert broken.wv["sea1"].shape == (12,)
    resumed = small(workers=2).fit(text, checkpoint=place, resume=True)
    assert same(resumed, whole)
    assert resumed.n_examples_ == whole.n_examples_
    assert fe.KeyedVectors.load(place).vectors.shape == whole.wv.vectors.shape


def test_resume_with_another_instruction_set_warns(tmp_path, counts, monkeypatch):
    place = tmp_path / "run.checkpoint"
    with monkeypatch.context() as other:
        other.setattr("fastembed._native._kernels.isa", lambda: "v9")
        with pytest.raises(KeyboardInterrupt):
            small().fit(counts, checkpoint=place, callbacks=[Stop(2)])
    with pytest.warns(RuntimeWarning, match=r"saved by instruction set v9.*FASTEMBED_ISA=v9"):
        small().fit(counts, checkpoint=place, resume=True)


@pytest.mark.parametrize("vector", ["word", "context"])
def test_checkpoints_on_the_way(tmp_path, counts, vector):
    place = tmp_path / "run.checkpoint"
    whole = small(vector=vector).fit(counts, checkpoint=place, checkpoint_seconds=1e-9)
    assert same(whole, small(vector=vector).fit(counts, checkpoint=place, resume=True))


def test_interrupted_without_a_checkpoint_keeps_the_vectors(counts):
    model = small()
    with pytest.raises(KeyboardInterrupt, match="nothing was saved"):
        model.fit(counts, callbacks=[Stop(2)])
    assert len(model.loss_history_) == 1
    assert model.wv["sea1"].shape == (12,)
    assert model.word_biases_.shape == (len(model.wv),)


def test_a_checkpoint_of_something_else_is_refused(tmp_path, text, counts):
    place = tmp_path / "run.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        small().fit(counts, checkpoint=place, callbacks=[Stop(2)])
    with pytest.raises(fe.TrainingError, match=r"eta 0\.05 there, 0\.1 here"):
        small(eta=0.1).fit(counts, checkpoint=place, resume=True)
    with pytest.raises(fe.TrainingError, match="another text"):
        small().fit(text[:-1], checkpoint=place, resume=True)
    with pytest.raises(fe.TrainingError, match="window 4 there, 3 here"):
        small(window=3).fit(text, checkpoint=place, resume=True)
    small(workers=2, memory="1G").fit(text, checkpoint=place, resume=True)  # these are free
    with pytest.raises(ValueError, match="resume=True needs checkpoint"):
        small().fit(counts, resume=True)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        small().fit("no-text.txt", checkpoint="missing/run")  # before any text is read
    small().fit(counts).save(place)
    with pytest.raises(fe.TrainingError, match="a finished model, not the checkpoint"):
        small().fit(counts, checkpoint=place, resume=True)


class Poison(Callback):
    """A number that is none, in the third epoch."""

    def on_epoch_begin(self, model):
        if len(model.loss_history_) == 2:
            model._tables.words[0, 0] = math.nan


def test_a_diverging_run_stops_with_a_clear_error(tmp_path, counts):
    place = tmp_path / "run.checkpoint"
    with pytest.raises(fe.TrainingError, match=r"epoch 3 .*the last good") as error:
        small().fit(counts, checkpoint=place, checkpoint_seconds=1e-9, callbacks=[Poison()])
    assert str(place) in str(error.value)
    assert "lower learning rate" in str(error.value)
    assert np.isfinite(fe.KeyedVectors.load(place).vectors).all()


def test_no_rate_diverges_but_first_vectors_can():
    counts, _ = exact_counts()
    wild = small(eta=1e4, epochs=200, alpha=0).fit(counts)
    assert wild.loss_history_[-1] < wild.loss_history_[0]
    words = list(counts.vocabulary_)
    huge = fe.KeyedVectors(words, np.full((len(words), 12), 1e25, dtype=np.float32))
    with pytest.raises(fe.TrainingError, match="not finite in epoch 1"):
        small().fit(counts, initial=huge)


# ------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("vector", ["sum", "word", "context"])
def test_save_and_load_give_the_same_model(tmp_path, counts, vector):
    model = small(vector=vector).fit(counts)
    model.save(tmp_path / "model.fe")
    loaded = fe.GloVe.load(tmp_path / "model.fe")
    assert loaded.get_params() == {**model.get_params(), "memory": None}
    assert same(model, loaded)
    np.testing.assert_array_equal(loaded.word_biases_, model.word_biases_)
    np.testing.assert_array_equal(loaded.context_vectors_, model.context_vectors_)
    assert loaded.training_seconds_ == model.training_seconds_
    vectors = fe.KeyedVectors.load(tmp_path / "model.fe")
    np.testing.assert_array_equal(vectors.vectors, model.wv.vectors)
    loaded.save(tmp_path / "again.fe")
    assert (tmp_path / "again.fe").read_bytes() == (tmp_path / "model.fe").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"word_vectors": None}, "lacks its word_vectors"),
        ({"biases": None}, "lacks its biases"),
        ({"biases": np.zeros((3, 2), "f4")}, "do not fit together"),
        ({"context_vectors": np.zeros((1, 12), "f4")}, "do not fit together"),
    ],
    ids=str,
)
def test_damaged_models_are_refused(tmp_path, counts, change, message):
    path = tmp_path / "model.fe"
    small().fit(counts).save(path)
    file = read_native(path, mmap=False)
    arrays = {**file.arrays, **change}
    kept = {name: a for name, a in arrays.items() if a is not None and not name.startswith("__")}
    write_native(path, kept, file.metadata)
    with pytest.raises(fe.FormatError, match=message):
        fe.GloVe.load(path)


def test_a_file_of_something_else_is_not_a_model(tmp_path, text, counts):
    counts.save(tmp_path / "counts.fe")
    fe.Word2Vec(vector_size=2, min_count=1, epochs=1).fit(text).save(tmp_path / "w2v.fe")
    for name in ("counts.fe", "w2v.fe"):
        with pytest.raises(fe.FormatError, match="not a GloVe model"):
            fe.GloVe.load(tmp_path / name)


# ------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"vector_size": 0}, ValueError, "vector_size must be an integer >= 1"),
        ({"x_max": 0}, ValueError, "x_max must be a number > 0"),
        ({"alpha": -1}, ValueError, "alpha must be a number >= 0"),
        ({"eta": math.nan}, ValueError, "eta must be a number"),
        ({"epochs": 0}, ValueError, "epochs must be an integer >= 1"),
        ({"vector": "both"}, ValueError, "vector must be one of 'sum', 'word', 'context'"),
        ({"grad_clip": 0}, ValueError, "grad_clip must be a number > 0"),
        ({"weights": "square"}, ValueError, "weights must be one of"),
        ({"window": 0}, ValueError, "window must be an integer >= 1"),
        ({"memory": "much"}, ValueError, "memory must be bytes"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(text, change, error, message):
    with pytest.raises(error, match=message):
        small(**change).fit(text)


def test_not_fitted_says_what_to_do(tmp_path):
    for result in ("wv", "word_vectors_", "context_biases_"):
        with pytest.raises(fe.NotFittedError, match="fit"):
            getattr(fe.GloVe(), result)
    with pytest.raises(fe.NotFittedError, match="nothing to save"):
        fe.GloVe().save(tmp_path / "model.fe")


def test_params_are_those_of_an_estimator():
    model = fe.GloVe(x_max=10)
    assert fe.GloVe(**model.get_params()).get_params() == model.get_params()
    assert model.set_params(eta=0.1).eta == 0.1
    with pytest.raises(ValueError, match="no parameter 'learning_rate'"):
        model.set_params(learning_rate=0.1)
