"""KeyedVectors: gensim's answers (golden, and live where gensim is installed), and our own."""

from __future__ import annotations

import importlib.util
import json
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import oracle_vectors as oracle
import pytest

from fastembed import FormatError, KeyedVectors
from fastembed.io.formats import detect_format
from fastembed.io.native import read_native, write_native
from fastembed.text.wordlist import WordList

GOLDEN = Path(__file__).parent / "golden"


def load_golden_script():
    path = GOLDEN / "make_gensim_golden.py"
    spec = importlib.util.spec_from_file_location("make_gensim_golden", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


golden = load_golden_script()


def same(ours, theirs, where):
    """Equal, floats up to rounding."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), where
        for key in theirs:
            same(ours[key], theirs[key], f"{where}/{key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            same(a, b, f"{where}[{i}]")
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=2e-6, abs=3e-7), where
    else:
        assert ours == theirs, where


@pytest.fixture
def kv():
    folder = GOLDEN / "gensim"
    return KeyedVectors.load_word2vec_format(folder / "vectors.txt", fvocab=folder / "vocab.txt")


@pytest.fixture
def animals():
    vectors = np.array([[1, 0, 0], [0.9, 0.3, 0], [0, 1, 0.2], [0, 0, 0]], dtype=np.float32)
    return KeyedVectors(["cat", "dog", "car", "nil"], vectors, counts=[9, 7, 5, 1])


ANSWERS = json.loads((GOLDEN / "gensim" / "answers.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def our_answers():
    folder = GOLDEN / "gensim"
    path = folder / "vectors.txt"
    ours = KeyedVectors.load_word2vec_format(path, fvocab=folder / "vocab.txt")
    return json.loads(json.dumps(golden.ask(ours, folder)))


@pytest.mark.parametrize("question", sorted(ANSWERS))
def test_answers_are_those_of_gensim(our_answers, question):
    same(our_answers[question], ANSWERS[question], question)


def test_every_question_has_an_answer(our_answers):
    assert our_answers.keys() == ANSWERS.keys()


def test_live_answers_are_those_of_gensim(tmp_path):
    gensim = pytest.importorskip("gensim")
    words, vectors = golden.make_vectors()
    golden.write_tests(tmp_path)
    theirs = gensim.models.KeyedVectors(vectors.shape[1])
    theirs.add_vectors(words, vectors)
    for i, word in enumerate(words):
        theirs.set_vecattr(word, "count", 1000 - 7 * i)
    ours = KeyedVectors(words, vectors, counts=[1000 - 7 * i for i in range(len(words))])
    same(golden.ask(ours, tmp_path), golden.ask(theirs, tmp_path), "")


# ------------------------------------------------------------------------------------ storage


def test_padded_rows_are_not_copied():
    padded = np.arange(96, dtype=np.float32).reshape(6, 16)
    kv = KeyedVectors(list("abcdef"), padded[:, :13])
    assert kv.vectors.shape == (6, 13)
    assert np.shares_memory(kv.vectors, padded)
    assert kv.vector_size == 13
    assert len(kv.most_similar("a", topn=3)) == 3
    assert np.shares_memory(kv["b"], padded)
    with pytest.raises(ValueError, match="read-only"):
        kv["b"][0] = 1
    padded[1, 0] = 99  # ours to change
    assert kv["b"][0] == 99


def test_queries_do_not_copy_padded_rows():
    padded = np.ones((20_000, 64), dtype=np.float32)
    kv = KeyedVectors([f"w{i}" for i in range(20_000)], padded[:, :50])
    kv.most_similar("w1")
    kv.nearest(["w1"])
    for ask in (
        lambda: kv.most_similar("w1"),
        lambda: kv.nearest(["w1", "w2"]),
        lambda: kv.most_similar_cosmul(["w1"], ["w2"]),
    ):
        tracemalloc.start()
        ask()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < kv.vectors.nbytes / 4


@pytest.mark.parametrize(
    ("words", "vectors", "error", "message"),
    [
        (["a"], np.zeros((2, 3), "f4"), ValueError, "1 words need as many vectors; got 2"),
        (["a", "a"], np.zeros((2, 3), "f4"), ValueError, "'a' stands twice"),
        (["a", 1], np.zeros((2, 3), "f4"), TypeError, "must be text; got 1"),
        (["a"], np.zeros(3, "f4"), ValueError, r"shape \(n, d\)"),
        (["a"], np.zeros((1, 0), "f4"), ValueError, "d > 0"),
        (["a"], np.zeros((1, 3), "i4"), TypeError, "float32"),
    ],
)
def test_words_and_vectors_must_fit(words, vectors, error, message):
    with pytest.raises(error, match=message):
        KeyedVectors(words, vectors)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_other_float_types_answer_too(dtype):
    vectors = np.random.default_rng(0).normal(size=(20, 5)).astype(dtype)
    kv = KeyedVectors([f"w{i}" for i in range(20)], vectors)
    expected = [kv.words[i] for i in oracle.nearest(vectors, vectors[3:4], 6, [3])[0]]
    assert [word for word, _ in kv.most_similar("w3", topn=6)] == expected
    assert [word for word, _ in kv.most_similar_batch(["w3"], topn=6)[0]] == expected


def test_no_words_at_all(tmp_path):
    kv = KeyedVectors([], np.zeros((0, 4), np.float32))
    assert len(kv) == 0
    assert kv.most_similar(np.ones(4, np.float32)) == []
    for name in ("a.fe", "a.txt", "a.bin"):
        kv.export(tmp_path / name)
        again = KeyedVectors.load(tmp_path / name)
        assert len(again) == 0
        assert again.vector_size == 4


# ------------------------------------------------------------------------------------- lookup


def test_unknown_words_are_key_errors(animals):
    with pytest.raises(KeyError, match="'bird' is not among the 4 words"):
        animals["bird"]
    with pytest.raises(KeyError, match="'cat' is"):
        animals.get_index("CAT")
    with pytest.raises(KeyError):
        animals.most_similar("bird")
    with pytest.raises(KeyError):
        animals.most_similar_cosmul(["cat"], ["bird"])
    with pytest.raises(KeyError):
        animals.nearest(["cat", "bird"])
    with pytest.raises(KeyError):
        animals[4]
    assert animals.get_index("bird", -1) == -1
    assert "bird" not in animals
    assert "\ud800" not in animals
    assert ("cat",) not in animals


def test_attributes(animals):
    assert animals.get_vecattr("dog", "count") == 7
    animals.set_vecattr("dog", "count", 8)
    animals.set_vecattr("car", "weight", 0.5)
    animals.set_vecattr("car", "tag", "noun")
    assert animals.get_vecattr("dog", "count") == 8
    assert animals.get_vecattr("car", "weight") == 0.5
    assert animals.get_vecattr("cat", "weight") == 0
    assert animals.get_vecattr("car", "tag") == "noun"
    with pytest.raises(KeyError, match="no attribute 'x'; there are: count, weight, tag"):
        animals.get_vecattr("cat", "x")
    with pytest.raises(TypeError, match="count"):
        animals.set_vecattr("cat", "count", 0.5)


def test_zero_vectors_are_similar_to_nothing(animals):
    assert animals.similarity("cat", "nil") == 0
    assert dict(animals.most_similar("cat"))["nil"] == 0
    assert dict(animals.most_similar_batch(["cat"])[0])["nil"] == 0
    assert animals.get_vector("nil", norm=True).tolist() == [0, 0, 0]
    assert np.isfinite(animals.get_normed_vectors()).all()
    assert animals.distances("nil").tolist() == [1, 1, 1, 1]


def test_wrong_queries(animals):
    with pytest.raises(ValueError, match="at least one"):
        animals.most_similar()
    with pytest.raises(ValueError, match="positive"):
        animals.most_similar_cosmul(negative="cat")
    with pytest.raises(TypeError, match="pair"):
        animals.most_similar(["cat", 0.5])
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        animals.most_similar(np.ones(5, np.float32))
    with pytest.raises(ValueError, match=r"shape \(n, 3\)"):
        animals.nearest(np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match="in each group"):
        animals.n_similarity([], ["cat"])
    with pytest.raises(ValueError, match="none of the words"):
        animals.doesnt_match(["bird", "fish"])
    with pytest.raises(ValueError, match="as many weights"):
        animals.get_mean_vector(["cat"], weights=[1, 2])


# -------------------------------------------------------------------------------------- batch


@pytest.mark.parametrize("restrict", [None, 1, 2, 40])
@pytest.mark.parametrize("topn", [0, 1, 7, 500])
def test_a_batch_gives_what_single_queries_give(topn, restrict):
    vectors = np.random.default_rng(2).normal(size=(60, 8)).astype(np.float32)
    kv = KeyedVectors([f"w{i}" for i in range(60)], vectors)
    keys = ["w0", "w59", "w7", "w7"]
    batch = kv.most_similar_batch(keys, topn, restrict_vocab=restrict)
    for key, found in zip(keys, batch, strict=True):
        single = kv.most_similar(key, topn=topn, restrict_vocab=restrict)
        assert [word for word, _ in found] == [word for word, _ in single]
        assert [x for _, x in found] == pytest.approx([x for _, x in single], abs=1e-6)


def test_vectors_as_a_batch_keep_their_own_word(animals):
    indices, scores = animals.nearest(animals.vectors[:2] * 3, topn=2)
    assert indices.tolist() == [[0, 1], [1, 0]]
    np.testing.assert_allclose(scores[:, 0], 1, rtol=1e-6)
    assert indices.dtype == np.int64
    assert scores.dtype == np.float32


def test_an_empty_batch(animals):
    assert animals.most_similar_batch([]) == []
    assert animals.nearest(np.zeros((0, 3), np.float32), topn=2)[0].shape == (0, 2)


# ------------------------------------------------------------------------------------- change


def test_add_vectors(animals):
    animals.fill_norms()
    animals.add_vectors(["cow", "dog", "cow"], np.eye(3) * 2, extras={"count": np.array([4, 5, 6])})
    assert animals.index_to_key == ["cat", "dog", "car", "nil", "cow"]
    assert animals["cow"].tolist() == [2, 0, 0]
    assert animals["dog"].tolist() == pytest.approx([0.9, 0.3, 0])
    assert animals.expandos["count"].tolist() == [9, 7, 5, 1, 4]
    assert animals.norms is None
    animals["dog"] = [0, 0, 5]
    assert animals["dog"].tolist() == [0, 0, 5]
    assert dict(animals.most_similar("dog"))["car"] == pytest.approx(0.2 / np.sqrt(1.04))
    assert animals.add_vector("hen", [1, 2, 3]) == 5
    with pytest.raises(ValueError, match="3 dimensions; got 2"):
        animals.add_vectors(["x"], [[1, 2]])


def test_unit_normalize_all(animals, tmp_path):
    before = animals.similarity("dog", "car")
    animals.save(tmp_path / "a.fe")
    mapped = KeyedVectors.load(tmp_path / "a.fe")
    for kv in (animals, mapped):
        kv.unit_normalize_all()
        np.testing.assert_allclose(np.linalg.norm(kv.vectors, axis=1), [1, 1, 1, 0], rtol=1e-6)
        assert kv.similarity("dog", "car") == pytest.approx(before, abs=1e-6)


def test_vectors_for_all_copies_attributes(animals):
    some = animals.vectors_for_all(["car", "bird", "cat"], copy_vecattrs=True)
    assert some.index_to_key == ["car", "cat"]
    assert some.get_vecattr("cat", "count") == 9


# -------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("mmap", [True, False])
def test_save_and_load(animals, tmp_path, mmap):
    animals.metadata["seed"] = 3
    animals.save(tmp_path / "a.fe")
    again = KeyedVectors.load(tmp_path / "a.fe", mmap=mmap, verify=True)
    assert again.index_to_key == animals.index_to_key
    assert np.array_equal(again.vectors, animals.vectors)
    assert again.metadata == {"seed": 3}
    assert again.get_vecattr("car", "count") == 5
    assert again.vectors.flags.writeable is not mmap
    assert again.most_similar("cat") == animals.most_similar("cat")


def test_a_mapped_file_is_asked_without_a_dictionary(tmp_path):
    words = [f"wörd{i}" for i in range(500)]
    vectors = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    KeyedVectors(words, vectors).save(tmp_path / "a.fe")
    kv = KeyedVectors.load(tmp_path / "a.fe")
    for i in (0, 250, 499):
        assert kv.get_index(words[i]) == i
    assert "word1" not in kv
    assert "" not in kv
    assert "index" not in vars(kv.words)
    assert kv.key_to_index["wörd3"] == 3


def test_formats_are_recognised_by_content(animals, tmp_path):
    written = ["native", "word2vec-text", "word2vec-binary", "glove"]
    for format in written:
        animals.export(tmp_path / format, format)
        again = KeyedVectors.load(tmp_path / format)
        assert again.index_to_key == animals.index_to_key
        assert np.array_equal(again.vectors, animals.vectors)


@pytest.mark.parametrize("first", [0x4B80000A, 0x4B000A31, 0x0A0A0A0A, 0x31323334])
@pytest.mark.parametrize("d", [2, 5, 300])
def test_binary_files_whose_bytes_look_like_text(tmp_path, first, d):
    vectors = np.ones((3, d), dtype=np.float32)
    vectors.view(np.uint32)[0, 0] = first
    kv = KeyedVectors(["a", "ü", "c"], vectors)
    kv.save_word2vec_format(tmp_path / "v", binary=True)
    start = (tmp_path / "v").read_bytes()
    assert detect_format(start, "v") == "word2vec-binary"
    kv.save_word2vec_format(tmp_path / "v")
    assert detect_format((tmp_path / "v").read_bytes(), "v") == "word2vec-text"


def test_names_that_say_no_format(animals, tmp_path):
    with pytest.raises(ValueError, match="no format goes with this name"):
        animals.export(tmp_path / "vectors")
    with pytest.raises(ValueError, match="format must be one of native"):
        animals.export(tmp_path / "vectors", "csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n", "not a vectors file"),
        (b"hello world\n", "not a vectors file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a vectors file"),
        ((793712314).to_bytes(4, "little") + bytes(60), "a fastText model"),
    ],
)
def test_files_that_are_no_vectors(tmp_path, content, message):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FormatError, match=message):
        KeyedVectors.load(tmp_path / "x")


def test_a_folder_and_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        KeyedVectors.load(tmp_path / "x")
    with pytest.raises(IsADirectoryError):
        KeyedVectors.load(tmp_path)


def arrays_of(kv):
    return {name: np.array(array) for name, array in kv.to_arrays().items()}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("word_bytes", None, "lacks word_bytes"),
        ("vectors", lambda a: a[:3], "4 words need as many vectors; got 3"),
        ("vectors", lambda a: a[0], r"shape \(n, d\)"),
        ("vectors", lambda a: a.astype("i4"), "float32"),
        ("word_bytes", lambda a: a[:-1], "end at"),
        ("word_bytes", lambda a: a.astype("u2"), "'word_bytes' of dtype u1"),
        ("word_offsets", lambda a: a[::-1].copy(), "not decrease"),
        ("word_offsets", lambda a: a[:0], "offsets"),
        ("word_order", lambda a: a[:-1], "order must have 4"),
        ("attr.count", lambda a: a[:-1], "one value a word"),
    ],
)
def test_arrays_that_contradict_each_other(animals, tmp_path, name, change, message):
    arrays = arrays_of(animals)
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])
    write_native(tmp_path / "a.fe", arrays, {"kind": "KeyedVectors", "metadata": {}})
    with pytest.raises(FormatError, match=message):
        KeyedVectors.load(tmp_path / "a.fe")


def test_an_order_that_points_outside(animals, tmp_path):
    arrays = arrays_of(animals)
    arrays["word_order"] += 7
    write_native(tmp_path / "a.fe", arrays, {"kind": "KeyedVectors", "metadata": {}})
    kv = KeyedVectors.load(tmp_path / "a.fe")
    with pytest.raises(FormatError, match="damaged"):
        kv.get_index("cat")


def test_text_attributes_stay_out_of_native_files(animals, tmp_path):
    animals.set_vecattr("cat", "tag", "noun")
    with pytest.raises(TypeError, match="'tag' is not numeric"):
        animals.save(tmp_path / "a.fe")
    assert list(tmp_path.iterdir()) == []


def test_vectors_inside_a_larger_file(animals, tmp_path):
    more = {**animals.to_arrays(), "outputs": np.zeros((4, 3), np.float32)}
    write_native(tmp_path / "model.fe", more, {"kind": "Word2Vec", "seed": 5})
    kv = KeyedVectors.load(tmp_path / "model.fe")
    assert kv.most_similar("cat") == animals.most_similar("cat")
    assert kv.metadata["seed"] == 5
    assert "outputs" in read_native(tmp_path / "model.fe").arrays


def test_saving_over_the_file_that_is_mapped(animals, tmp_path):
    path = tmp_path / "a.fe"
    animals.save(path)
    kv = KeyedVectors.load(path)
    kv.save(path)
    assert KeyedVectors.load(path).most_similar("cat") == kv.most_similar("cat")


def test_word_lists_are_taken_as_they_are():
    words = WordList.from_words(["x", "y"])
    assert KeyedVectors(words, np.eye(2, dtype=np.float32)).words is words


def test_golden_files_are_read_back_by_their_content(kv, tmp_path):
    for name in ("vectors.txt", "vectors.bin"):
        shutil.copy(GOLDEN / "gensim" / name, tmp_path / "v")
        again = KeyedVectors.load(tmp_path / "v")
        assert again.index_to_key == kv.index_to_key
        assert np.array_equal(again.vectors, kv.vectors)
