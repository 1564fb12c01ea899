"""BrownClusters: what it finds, what it says, checkpoints, files, wrong input."""

from __future__ import annotations

import itertools
import json
import signal

import numpy as np
import oracle_brown as oracle
import pytest

import fastembed as fe
from fastembed.cluster import run as run_module
from fastembed.core.progress import Progress
from fastembed.core.rounds import TrainingInterrupted
from fastembed.io.native import read_native, write_native


def grammar(n=400, seed=1):
    """Sentences of determiner, adjective, noun, verb, adverb: five classes of like words."""
    rng = np.random.default_rng(seed)
    classes = [["the", "a"], ["old", "red", "big"], ["cat", "dog", "cow", "café"],
               ["sat", "ran", "slept"], ["here", "there"]]  # fmt: skip
    return [[str(rng.choice(words)) for words in classes] for _ in range(n)], classes


@pytest.fixture(scope="module")
def text():
    return grammar()[0]


@pytest.fixture(scope="module")
def kjv(kjv_text):
    with fe.Corpus(kjv_text, lowercase=True, punctuation="drop").encode() as encoded:
        yield encoded


def by_words(clusters):
    return sorted(sorted(clusters.cluster_words(i)) for i in range(clusters.n_clusters_))


def ami_of(clusters, sentences, *, across_lines=True):
    ids = [[clusters.vocabulary_[word] for word in line] for line in sentences]
    pairs = oracle.bigrams(ids, across_lines=across_lines)
    return oracle.average_mutual_information(pairs, clusters.classes_)


def same(a, b):
    assert a.paths_ == b.paths_
    assert a.ami_ == b.ami_
    np.testing.assert_array_equal(a.classes_, b.classes_)
    np.testing.assert_array_equal(a.losses_, b.losses_)


@pytest.mark.parametrize("refine", [0, 3])
def test_words_of_one_kind_share_a_cluster(text, refine):
    clusters = fe.BrownClusters(n_clusters=5, refine=refine).fit(text)
    assert by_words(clusters) == sorted(map(sorted, grammar()[1]))
    assert clusters.ami_ == pytest.approx(ami_of(clusters, text), abs=1e-7)
    assert clusters.n_pairs_ == 5 * len(text) - 1
    # what the merges to the root lose is all the information that there is
    assert clusters.losses_.sum() == pytest.approx(clusters.ami_, abs=1e-7)
    assert len(clusters.losses_) == 4
    assert sum(2.0 ** -len(path) for path in clusters.paths_) == 1


@pytest.mark.parametrize("across_lines", [True, False])
@pytest.mark.parametrize("n_clusters", [1, 2, 7, 14])
def test_the_information_is_that_of_the_formula(text, n_clusters, across_lines):
    clusters = fe.BrownClusters(n_clusters=n_clusters, across_lines=across_lines).fit(text)
    expected = ami_of(clusters, text, across_lines=across_lines)
    assert clusters.ami_ == pytest.approx(expected, abs=1e-7)
    assert clusters.n_clusters_ == n_clusters
    assert clusters.n_pairs_ == (5 * 400 - 1 if across_lines else 4 * 400)


def test_the_mean_log_likelihood_of_the_class_bigram_is_information_less_entropy(kjv):
    clusters = fe.BrownClusters(n_clusters=25).fit(kjv)
    ids = kjv.read(0, kjv.n_tokens).astype(np.int64)
    left, right = ids[:-1], ids[1:]
    classes = clusters.classes_
    n = len(left)
    joint = np.zeros((25, 25))
    np.add.at(joint, (classes[left], classes[right]), 1)
    word = np.bincount(right, minlength=len(classes))
    # log2 p(w | c(v)) = log2 p(c(w) | c(v)) + log2 p(w | c(w)), by maximum likelihood
    likelihood = (
        np.log2(joint[classes[left], classes[right]] / joint.sum(axis=1)[classes[left]])
        + np.log2(word[right] / joint.sum(axis=0)[classes[right]])
    ).mean()
    p = word[word > 0] / n
    entropy = -(p * np.log2(p)).sum()
    assert likelihood == pytest.approx(clusters.ami_ - entropy, abs=1e-6)


def test_the_result_depends_on_neither_workers_nor_source(kjv, kjv_text, tmp_path):
    first = fe.BrownClusters(n_clusters=30, workers=1).fit(kjv)
    same(first, fe.BrownClusters(n_clusters=30, workers=4).fit(kjv))
    corpus = fe.Corpus(kjv_text, lowercase=True, punctuation="drop")
    same(first, fe.BrownClusters(n_clusters=30, workers=2).fit(corpus))
    kjv.save(tmp_path / "kjv.fe")
    same(first, fe.BrownClusters(n_clusters=30).fit(tmp_path / "kjv.fe"))
    assert {"she", "he"} & set(first.cluster_words(first.predict("he")))


def test_refining_never_loses_information(kjv):
    plain = fe.BrownClusters(n_clusters=20).fit(kjv)
    refined = fe.BrownClusters(n_clusters=20, refine=4).fit(kjv)
    assert refined.ami_history_[0] == plain.ami_
    assert refined.ami_history_ == sorted(refined.ami_history_)
    assert refined.ami_ == refined.ami_history_[-1] > plain.ami_
    assert len(refined.moves_) == 4
    assert refined.losses_.sum() == pytest.approx(refined.ami_, abs=1e-6)


def test_words_that_are_left_out_part_their_neighbours():
    text = [["x", "rare", "y", "x", "y"], ["x", "y", "y"]]
    clusters = fe.BrownClusters(n_clusters=2, min_count=2, across_lines=False).fit(text)
    # x y, and in the second line x y, y y: not x y over the rare word
    assert clusters.n_pairs_ == 1 + 1 + 2
    assert clusters.vocabulary_.specials == ("<unk>",)
    assert clusters.classes_[0] == -1
    assert clusters.classes_.dtype == np.int32
    with pytest.raises(KeyError, match="special"):
        clusters.predict("<unk>")
    with pytest.raises(KeyError, match="not in the vocabulary"):
        clusters.predict("rare")
    assert sorted(m.word for m in clusters.members()) == ["x", "y"]


def test_max_vocab_and_specials_of_an_encoded_corpus():
    text = [["a", "b", "c", "a", "b", "a"]]
    clusters = fe.BrownClusters(n_clusters=2, max_vocab=2).fit(text)
    assert sorted(m.word for m in clusters.members()) == ["a", "b"]
    with fe.Corpus(text).encode(specials=["<s>"], min_count=2) as encoded:
        clusters = fe.BrownClusters(n_clusters=2).fit(encoded)
        assert encoded.n_tokens == 5
    assert clusters.classes_.tolist() == [-1, 0, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [([["one"]], ["one"]), ([["one", "one", "one"]], ["one"]), ([["a"], [], ["b"]], ["a", "b"])],
)
def test_the_smallest_texts(text, words):
    clusters = fe.BrownClusters(n_clusters=1, across_lines=False).fit(text)
    assert clusters.cluster_words(0) == words
    assert clusters.paths_ == [""]
    assert clusters.ami_ == 0
    assert clusters.tree() == " ".join(words)
    assert clusters.cluster_words("") == words


def test_words_without_neighbours_are_clustered_too():
    clusters = fe.BrownClusters(n_clusters=2, across_lines=False).fit([["a"], ["b"], ["c"]])
    assert by_words(clusters) == [["a", "b"], ["c"]]
    assert clusters.n_pairs_ == 0


@pytest.mark.parametrize("n", [4, 1000])
def test_more_clusters_than_words(n):
    with pytest.raises(fe.VocabularyError, match=rf"n_clusters={n:,}, but there are 3 words"):
        fe.BrownClusters(n_clusters=n).fit([["a", "b", "c"]])


def test_wrong_parameters_and_sources(text):
    for name, value in (("n_clusters", 0), ("min_count", 0), ("refine", -1), ("workers", 0)):
        with pytest.raises(ValueError, match=name):
            fe.BrownClusters(**{name: value}).fit(text)
    with pytest.raises(TypeError, match="n_clusters"):
        fe.BrownClusters(n_clusters=2.5).fit(text)
    with pytest.raises(fe.CorpusError, match="no words"):
        fe.BrownClusters().fit([[]])
    with pytest.raises(ValueError, match="resume=True needs checkpoint"):
        fe.BrownClusters().fit(text, resume=True)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        fe.BrownClusters().fit("no-text.txt", checkpoint="missing/run")  # before any text is read
    with pytest.raises(fe.NotFittedError, match="call fit"):
        fe.BrownClusters().predict("a")


def test_too_many_clusters_for_the_memory(monkeypatch, text):
    monkeypatch.setattr("fastembed.cluster.tasks.usable_memory", lambda: 1000)
    with pytest.raises(MemoryError, match="14 clusters need"):
        fe.BrownClusters(n_clusters=14).fit(text)


def test_estimators_are_cloned_by_scikit_learn():
    base = pytest.importorskip("sklearn.base")
    model = base.clone(fe.BrownClusters(n_clusters=7, refine=2))
    assert model.get_params()["n_clusters"] == 7
    assert base.clone(fe.ExchangeClusters(passes=3)).passes == 3


# ------------------------------------------------------------------------------ checkpoints


class Interrupting(Progress):
    """Presses Ctrl-C at the n-th report of a stage whose label begins so."""

    def __init__(self, label, n):
        self.label, self.left = label, n
        self.here = False

    def start(self, total, unit, label):
        self.here = label.startswith(self.label)

    def update(self, done, **figures):
        self.left -= self.here
        if self.here and self.left == 0:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def short_rounds(monkeypatch):
    monkeypatch.setattr("fastembed.core.rounds.ROUND_SECONDS", 1e-9)


STAGES = [
    ("merging", 1), ("merging", 5), ("merging", 20), ("merging", 70), ("exchange pass 1", 1),
    ("exchange pass 2", 1), ("building", 3), ("building", 15),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "n"), STAGES)
def test_ctrl_c_saves_and_resume_gives_the_same_result(tmp_path, kjv, short_rounds, stage, n):
    settings = {"n_clusters": 12, "refine": 3}
    whole = fe.BrownClusters(**settings).fit(kjv)
    place = tmp_path / "run.checkpoint"
    with pytest.raises(TrainingInterrupted, match=r"interrupted in .* saved .*run\.checkpoint"):
        fe.BrownClusters(**settings).fit(kjv, progress=Interrupting(stage, n), checkpoint=place)
    resumed = fe.BrownClusters(**settings, workers=2).fit(kjv, checkpoint=place, resume=True)
    same(whole, resumed)
    assert resumed.ami_history_ == whole.ami_history_
    assert resumed.moves_ == whole.moves_


def test_without_refining_the_tree_is_part_of_the_first_stage(tmp_path, text, short_rounds):
    whole = fe.BrownClusters(n_clusters=6).fit(text)
    place = tmp_path / "c"
    for n in (3, 13, 15, 17, 18):
        with pytest.raises(TrainingInterrupted):
            fe.BrownClusters(n_clusters=6).fit(
                text, progress=Interrupting("merging", n), checkpoint=place
            )
        same(whole, fe.BrownClusters(n_clusters=6).fit(text, checkpoint=place, resume=True))


def test_checkpoints_are_written_as_time_goes_by(tmp_path, text, short_rounds):
    place = tmp_path / "c"
    fe.BrownClusters(n_clusters=6).fit(text, checkpoint=place, checkpoint_seconds=0)
    same(
        fe.BrownClusters(n_clusters=6).fit(text),
        fe.BrownClusters(n_clusters=6).fit(text, checkpoint=place, resume=True),
    )


def test_ctrl_c_without_a_checkpoint(text, short_rounds):
    with pytest.raises(TrainingInterrupted, match="nothing was saved"):
        fe.BrownClusters(n_clusters=6).fit(text, progress=Interrupting("merging", 2))


def test_checkpoints_of_other_runs_are_refused(tmp_path, text, short_rounds):
    place = tmp_path / "c"
    with pytest.raises(TrainingInterrupted):
        fe.BrownClusters(n_clusters=6).fit(
            text, progress=Interrupting("merging", 9), checkpoint=place
        )
    with pytest.raises(fe.TrainingError, match="n_clusters 6 there, 5 here"):
        fe.BrownClusters(n_clusters=5).fit(text, checkpoint=place, resume=True)
    with pytest.raises(fe.TrainingError, match="another text"):
        fe.BrownClusters(n_clusters=6).fit(text[1:], checkpoint=place, resume=True)
    with pytest.raises(fe.FormatError, match="not a checkpoint of ExchangeClusters"):
        fe.ExchangeClusters(n_clusters=6).fit(text, checkpoint=place, resume=True)
    with pytest.raises(FileNotFoundError):
        fe.BrownClusters(n_clusters=6).fit(text, checkpoint=tmp_path / "none", resume=True)
    file = read_native(place, mmap=False)
    arrays, metadata = dict(file.arrays), dict(file.metadata)
    arrays["kept"] = arrays["kept"][::-1].copy()
    write_native(place, arrays, metadata)
    with pytest.raises(fe.FormatError, match="merges are damaged"):
        fe.BrownClusters(n_clusters=6).fit(text, checkpoint=place, resume=True)
    del metadata["stage"]
    write_native(place, arrays, metadata)
    with pytest.raises(fe.FormatError, match="checkpoint is damaged"):
        fe.BrownClusters(n_clusters=6).fit(text, checkpoint=place, resume=True)
    place.write_bytes(place.read_bytes()[:100])
    with pytest.raises(fe.FormatError):
        fe.BrownClusters(n_clusters=6).fit(text, checkpoint=place, resume=True)


def test_damaged_classes_in_a_checkpoint(tmp_path, text, short_rounds):
    place = tmp_path / "c"
    with pytest.raises(TrainingInterrupted):
        fe.BrownClusters(n_clusters=6, refine=9).fit(
            text, progress=Interrupting("exchange pass 1", 1), checkpoint=place
        )
    file = read_native(place, mmap=False)
    arrays = dict(file.arrays)
    arrays["classes"] = np.zeros_like(arrays["classes"])
    write_native(place, arrays, file.metadata)
    with pytest.raises(fe.FormatError, match="classes are damaged"):
        fe.BrownClusters(n_clusters=6, refine=9).fit(text, checkpoint=place, resume=True)


# ------------------------------------------------------------------------------ the result


def test_save_and_load(tmp_path, text):
    model = fe.BrownClusters(n_clusters=5, refine=1).fit(text)
    model.save(tmp_path / "model.fe")
    loaded = fe.BrownClusters.load(tmp_path / "model.fe")
    same(model, loaded)
    assert loaded.get_params() == model.get_params()
    assert loaded.ami_history_ == model.ami_history_
    assert loaded.moves_ == model.moves_
    assert loaded.vocabulary_ == model.vocabulary_
    assert loaded.n_pairs_ == model.n_pairs_
    plain = fe.WordClusters.load(tmp_path / "model.fe")
    assert by_words(plain) == by_words(model)
    with pytest.raises(fe.FormatError, match="holds 'BrownClusters'"):
        fe.ExchangeClusters.load(tmp_path / "model.fe")


@pytest.mark.parametrize("damage", ["classes", "paths", "params", "kind", "counts"])
def test_a_damaged_model_is_refused(tmp_path, text, damage):
    path = tmp_path / "model.fe"
    fe.BrownClusters(n_clusters=5).fit(text).save(path)
    file = read_native(path, mmap=False)
    arrays, metadata = dict(file.arrays), dict(file.metadata)
    if damage == "classes":
        arrays["classes"] = arrays["classes"] + 1
    elif damage == "paths":
        arrays["path_bytes"] = arrays["path_bytes"] * 0 + ord("0")
    elif damage == "params":
        metadata["params"] = {"nonsense": 1}
    elif damage == "kind":
        metadata["kind"] = "vectors"
    else:
        arrays["counts"] = arrays["counts"][:-1]
    write_native(path, arrays, metadata)
    with pytest.raises(fe.FormatError, match=r"model\.fe: "):
        fe.BrownClusters.load(path)


def test_questions(text):
    clusters = fe.BrownClusters(n_clusters=5).fit(text)
    path = clusters.path("café")
    assert clusters.cluster_words(path) == clusters.cluster_words(clusters.predict("café"))
    assert sorted(clusters.cluster_words("")) == sorted(itertools.chain(*grammar()[1]))
    counts = [clusters.vocabulary_.counts[clusters.vocabulary_[w]]
              for w in clusters.cluster_words("")]  # fmt: skip
    assert counts == sorted(counts, reverse=True)
    assert clusters.cluster_words(path, topn=2) == clusters.cluster_words(path)[:2]
    with pytest.raises(KeyError, match="no cluster's path begins with '222'"):
        clusters.cluster_words("222")
    with pytest.raises(KeyError, match="there are 0 to 4"):
        clusters.cluster_words(5)
    with pytest.raises(KeyError):
        clusters.path("unheard")
    # clusters are numbered by their most frequent words
    firsts = [int(np.flatnonzero(clusters.classes_ == i)[0]) for i in range(5)]
    assert firsts == sorted(firsts)


def test_prefixes_are_features(text):
    clusters = fe.BrownClusters(n_clusters=5).fit(text)
    path = clusters.path("dog")
    assert clusters.prefixes("dog", (1, 2, 20)) == [path[:1], path[:2], path]
    names = clusters.prefix_names((1, 2))
    assert names[:2] == ["1:0", "1:1"]
    assert set(names[2:]) == {f"2:{p[:2]}" for p in clusters.paths_}
    vectors = clusters.prefix_vectors(["dog", "unheard", "the"], (1, 2))
    assert vectors.shape == (3, len(names))
    assert vectors.dtype == np.float32
    dense = vectors.toarray()
    assert [names[i] for i in np.flatnonzero(dense[0])] == [f"1:{path[:1]}", f"2:{path[:2]}"]
    assert dense.sum(axis=1).tolist() == [2, 0, 2]
    assert clusters.prefix_vectors([]).shape[0] == 0


def test_the_tree_as_text_and_json(text):
    clusters = fe.BrownClusters(n_clusters=5).fit(text)
    lines = clusters.tree(topn=2).splitlines()
    assert len(lines) == 2 * 5 - 2
    # each leaf stands as deep as its path is long
    leaves = {line.split("  ")[-1]: line for line in lines if line.strip() not in "01"}
    for i, path in enumerate(clusters.paths_):
        line = leaves[" ".join(clusters.cluster_words(i, 2))]
        assert line.startswith("  " * (len(path) - 1) + path[-1])
    tree = json.loads(json.dumps(clusters.tree_json()))
    found = {}

    def walk(node):
        if "children" in node:
            assert [child["path"] for child in node["children"]] == [
                node["path"] + "0", node["path"] + "1"]  # fmt: skip
            for child in node["children"]:
                walk(child)
        else:
            found[node["path"]] = node

    walk(tree)
    assert sorted(found) == sorted(clusters.paths_)
    node = found[clusters.path("cat")]
    assert node["words"] == clusters.cluster_words(node["cluster"])
    assert node["size"] == 4
    assert node["count"] == 400


def test_classes_are_numbered_by_their_first_items():
    classes = np.array([3, 3, 0, 7, 0], dtype=np.uint32)
    assert run_module.by_first_item(classes).tolist() == [0, 0, 1, 2, 1]
