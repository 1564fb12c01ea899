"""`WindowClassifier`, tagged text, and the extrinsic evaluation of vectors."""

from __future__ import annotations

import json
import signal

import numpy as np
import pytest

from fastembed import FormatError, KeyedVectors, NotFittedError, nn
from fastembed.core import rounds
from fastembed.core.rounds import TrainingInterrupted
from fastembed.evaluate.tagging import TaggedSentence, read_tagged, score_tags
from fastembed.io.native import read_native, write_native
from fastembed.nn.tagging import compare_tagging, every_tenth, random_like
from fastembed.nn.word_table import BEGIN, END, UNKNOWN, first_table

CLASSES = 4
PER_CLASS = 30


def made_up(n, seed, words=range(PER_CLASS)):
    """Sentences of words w<class>_<i>; the tag of a word is its class, "x" behind class 0."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        classes = rng.integers(CLASSES, size=rng.integers(3, 8))
        own = [f"w{c}_{rng.choice(words)}" for c in classes]
        tags = [
            "x" if i and classes[i - 1] == 0 else f"c{c}" for i, c in enumerate(classes.tolist())
        ]
        found.append(TaggedSentence(own, tags))
    return found


def class_vectors(d=10, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(CLASSES, d))
    words = [f"w{c}_{i}" for c in range(CLASSES) for i in range(PER_CLASS)]
    noise = 0.3 * rng.normal(size=(len(words), d))
    return KeyedVectors(words, (np.repeat(centres, PER_CLASS, 0) + noise).astype(np.float32))


# half of the words are in the training text, all in that to test on
TRAIN, TEST = made_up(150, 1, range(0, PER_CLASS, 2)), made_up(60, 2)
QUICK = {"hidden": (16,), "epochs": 6, "learning_rate": 0.01, "workers": 1, "window": 1}


def columns(sentences):
    return [s.words for s in sentences], [s.tags for s in sentences]


# ------------------------------------------------------------------------------ rows and words


def test_windows_are_those_of_a_plain_loop():
    sentences = [["a", "B", "a"], [], ["c"], ["b", "a"]]
    vectors = KeyedVectors(["a", "b"], np.arange(6, dtype=np.float32).reshape(2, 3))
    table, first = first_table(
        sentences, vectors, case="fallback", min_count=2, vector_size=9, seed=1
    )
    ids = {"a": 3, "b": 4, "B": 4, "c": UNKNOWN}
    for m in (0, 1, 2, 5):
        expected = []
        for s in sentences:
            padded = [BEGIN] * m + [ids[w] for w in s] + [END] * m
            expected += [padded[i : i + 2 * m + 1] for i in range(len(s))]
        assert table.windows(sentences, m).tolist() == expected
    assert first.shape == (5, 3)
    assert (first[3:] == vectors.vectors).all()
    assert (first[UNKNOWN] == vectors.vectors.mean(axis=0)).all()
    assert table.windows([[]], 2).shape == (0, 5)


@pytest.mark.parametrize(
    ("case", "rows"),
    [("fallback", [3, 4, 4, 2]), ("lower", [4, 4, 4, 2]), ("keep", [3, 4, 2, 2])],
)
def test_the_case_of_words(case, rows):
    vectors = KeyedVectors(["The", "the"], np.eye(2, dtype=np.float32))
    table, _ = first_table([["The"]], vectors, case=case, min_count=9, vector_size=1, seed=1)
    assert [table.row(w) for w in ("The", "the", "THE", "é")] == rows


def test_words_without_a_vector_get_one_if_they_are_frequent():
    vectors = KeyedVectors(["a"], np.ones((1, 4), dtype=np.float32) * [1, 2, 3, 4])
    text = [["a", "Zoo", "zoo", "once", "Zoo"]]
    table, first = first_table(text, vectors, case="lower", min_count=3, vector_size=1, seed=1)
    assert list(table.words) == ["a", "zoo"]
    assert first.shape == (5, 4)
    kinds = table.kinds([["a", "ZOO", "once", "never"]])
    assert kinds["unknown"].tolist() == [False, False, True, True]
    assert kinds["unseen"].tolist() == [False, True, False, True]
    alone, free = first_table(text, None, case="keep", min_count=1, vector_size=7, seed=1)
    assert free.shape == (3 + 4, 7)
    assert len(alone) == 7


# ------------------------------------------------------------------------------------- learning


def test_it_learns_tags_that_depend_on_the_word_before():
    model = nn.WindowClassifier(**QUICK).fit(*columns(TRAIN), vectors=class_vectors())
    report = model.evaluate(*columns(TEST))
    assert report.accuracy > 0.9
    assert set(report.per_tag) == {"c0", "c1", "c2", "c3", "x"}
    unseen = report.groups["unseen"]
    assert 0.3 * report.tokens < unseen.tokens < 0.7 * report.tokens
    assert report.groups["unknown"].tokens == 0
    narrow = nn.WindowClassifier(**QUICK | {"window": 0})
    narrow.fit(*columns(TRAIN), vectors=class_vectors())
    assert narrow.evaluate(*columns(TEST)).accuracy < report.accuracy - 0.1
    assert [len(tags) for tags in model.predict([["w0_1"], ["w1_0", "?"]])] == [1, 2]


def test_tuned_frozen_and_random_vectors():
    kv = class_vectors()
    before = kv.vectors.copy()
    found = compare_tagging(kv, TRAIN, TEST, modes=nn.tagging.MODES, **QUICK)
    unseen = {mode: report.groups["unseen"].accuracy for mode, report in found.items()}
    assert min(unseen["tuned"], unseen["frozen"]) > 0.85 > 0.6 > unseen["random"]
    assert found["frozen"].accuracy > found["random"].accuracy
    assert (kv.vectors == before).all()
    drawn = random_like(kv, 1).vectors
    assert drawn.std() == pytest.approx(kv.vectors.std(), rel=0.1)
    with pytest.raises(ValueError, match="modes must be among"):
        compare_tagging(kv, TRAIN, TEST, modes=["other"])
    with pytest.raises(ValueError, match="needs checkpoint, the file to go on from"):
        compare_tagging(kv, TRAIN, TEST, resume=True)


@pytest.mark.parametrize("tune", [True, False])
def test_frozen_vectors_stay_and_tuned_ones_move(tune):
    kv = class_vectors()
    model = nn.WindowClassifier(**QUICK | {"epochs": 1}, tune=tune)
    model.fit(*columns(TRAIN), vectors=kv)
    now = model.vectors()
    assert list(now.words) == list(kv.words)
    seen = np.array([w in {x for s in TRAIN for x in s.words} for w in kv.words])
    moved = (now.vectors != kv.vectors).any(axis=1)
    assert (moved == (seen & tune)).all()


def test_max_margin_over_tags():
    model = nn.WindowClassifier(**QUICK, objective="max_margin")
    model.fit(*columns(TRAIN), vectors=class_vectors(), validation=columns(TEST))
    assert model.evaluate(*columns(TEST)).accuracy > 0.85
    assert len(model.network_.history_.history["val_accuracy"]) == 6


def test_corrupted_windows_teach_without_tags():
    # class 0 comes only before 1, 1 before 2, ...: a corrupted middle can be told
    rng = np.random.default_rng(5)

    def chains(n):
        return [[f"w{(s + i) % 4}_{rng.integers(6)}" for i in range(6)]
                for s in rng.integers(4, size=n)]  # fmt: skip

    text, other = chains(250), chains(50)
    model = nn.WindowClassifier(
        **QUICK | {"epochs": 8}, objective="corrupted", vector_size=8, dropout=0.0
    ).fit(text)
    assert model.corrupted_accuracy(other) > 0.75
    assert model.network_.loss_history_[-1] < 0.8 * model.network_.loss_history_[0]
    assert model.scores(other)[0].shape == (6, 1)
    assert model.vectors().vectors.shape == (24, 8)
    with pytest.raises(ValueError, match="learns no tags"):
        model.predict(other)
    with pytest.raises(ValueError, match="without tags"):
        model.fit(text, text)


def test_corrupted_windows_are_drawn_anew_and_never_the_word_itself():
    x = np.repeat(np.random.default_rng(0).integers(3, 9, size=(500, 3)).astype(np.int32), 2, 0)
    whole = x.copy()
    draw = nn.window_rows.CorruptedWindows(x, 1, seed=4)
    seen = []
    for _ in range(2):
        draw.on_epoch_begin(None)
        assert (x[::2] == whole[::2]).all()
        assert (x[:, [0, 2]] == whole[:, [0, 2]]).all()
        assert (x[1::2, 1] != whole[1::2, 1]).all()
        assert set(x[1::2, 1]) == set(range(3, 9))
        seen.append(x[1::2, 1].copy())
    assert (seen[0] != seen[1]).any()


@pytest.mark.parametrize("objective", ["softmax", "max_margin"])
def test_gradients(objective):
    model = nn.WindowClassifier(**QUICK | {"epochs": 1}, objective=objective)
    model.fit(*columns(TRAIN[:10]), vectors=class_vectors())
    x = model.table_.windows([s.words for s in TEST[:3]], 1)
    labels = np.array([model.tags_.index(t) for s in TEST[:3] for t in s.tags])
    assert nn.gradcheck(model.network_, x, labels).max_error < 1e-5


def test_gradients_of_corrupted_windows():
    words = [s.words for s in TRAIN[:10]]
    model = nn.WindowClassifier(**QUICK | {"epochs": 1}, objective="corrupted").fit(words)
    x = np.repeat(model.table_.windows(words, 1), 2, axis=0)
    nn.window_rows.CorruptedWindows(x, 1, seed=4).on_epoch_begin(None)
    assert nn.gradcheck(model.network_, x).max_error < 1e-5


def test_the_same_bits_for_any_workers_and_of_each_seed(tmp_path):
    found = []
    for workers, seed in ((1, 1), (2, 1), (1, 2)):
        model = nn.WindowClassifier(**QUICK | {"epochs": 1, "workers": workers}, seed=seed)
        model.fit(*columns(TRAIN), vectors=class_vectors())
        found.append(model.network_.flat_weights().tobytes())
    assert found[0] == found[1] != found[2]


def test_files(tmp_path):
    model = nn.WindowClassifier(**QUICK | {"epochs": 1}, dropout=0.1)
    with pytest.raises(NotFittedError, match="call fit first"):
        model.save(tmp_path / "m.fe")
    model.fit(*columns(TRAIN), vectors=class_vectors())
    model.save(tmp_path / "m.fe")
    again = nn.WindowClassifier.load(tmp_path / "m.fe")
    assert again.predict([s.words for s in TEST]) == model.predict([s.words for s in TEST])
    assert again.evaluate(*columns(TEST)) == model.evaluate(*columns(TEST))
    apart = {"optimizer": 0, "workers": 0, "hidden": [16]}
    assert again.get_params() | apart == model.get_params() | apart
    data = (tmp_path / "m.fe").read_bytes()
    for cut in (0, 100, len(data) // 2, len(data) - 1):
        (tmp_path / "cut.fe").write_bytes(data[:cut])
        with pytest.raises(FormatError, match=r"cut\.fe"):
            nn.WindowClassifier.load(tmp_path / "cut.fe")
    model.network_.save(tmp_path / "net.fe")
    with pytest.raises(FormatError, match="holds Sequential, not a WindowClassifier"):
        nn.WindowClassifier.load(tmp_path / "net.fe")


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("params",), {}),
        (("params", "window"), 1e30),
        (("params", "case"), "other"),
        (("params", "further"), 1),
        (("tags",), None),
        (("tags",), ["c0"]),
        (("network",), []),
        (("network", "layers"), [{}]),
        (("network", "history"), 3),
    ],
)
def test_files_with_other_metadata_are_refused(tmp_path, where, value):
    model = nn.WindowClassifier(**QUICK | {"epochs": 1, "window": 1}).fit(*columns(TRAIN[:20]))
    model.save(tmp_path / "m.fe")
    file = read_native(tmp_path / "m.fe")
    inner = file.metadata
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    write_native(tmp_path / "bad.fe", file.arrays, file.metadata)
    with pytest.raises(FormatError, match=r"bad\.fe"):
        nn.WindowClassifier.load(tmp_path / "bad.fe")


def test_no_words_have_no_tags():
    model = nn.WindowClassifier(**QUICK).fit(*columns(TRAIN))
    assert model.predict([]) == []
    assert model.predict([[], ["w0_1"], []])[::2] == [[], []]
    assert model.scores([[]])[0].shape == (0, 5)
    with pytest.raises(ValueError, match="at least 1"):
        model.evaluate([], [])


def test_bad_input_is_named():
    model = nn.WindowClassifier(**QUICK)
    with pytest.raises(ValueError, match="sentence 1 has 2 words and 1 tags"):
        model.fit([["a"], ["b", "c"]], [["x"], ["y"]])
    with pytest.raises(ValueError, match="2 sentences need as many lists"):
        model.fit([["a"], ["b"]], [["x"]])
    with pytest.raises(ValueError, match="needs tags"):
        model.fit([["a"]])
    with pytest.raises(ValueError, match="no words"):
        model.fit([[], []], [[], []])
    with pytest.raises(TypeError, match=r"list of lists of words.*generator"):
        model.fit((s for s in [["a"]]), [["x"]])
    with pytest.raises(TypeError, match=r"list of lists of tags.*generator"):
        model.fit([["a"]], (s for s in [["x"]]))
    with pytest.raises(TypeError, match="sentences: item 1 holds 7; words must be strings"):
        model.fit([["a"], ["b", 7]], [["x"], ["y", "y"]])
    with pytest.raises(TypeError, match="tags: item 0 holds 1; tags must be strings"):
        model.fit([["a"]], [[1]])
    with pytest.raises(TypeError, match="item 0 must be a list of words; got 3"):
        model.fit([3], [["x"]])
    with pytest.raises(TypeError, match="vectors must be KeyedVectors; got ndarray"):
        model.fit([["a"]], [["x"]], vectors=np.eye(3))
    with pytest.raises(ValueError, match=r"validation must be \(sentences, tags\)"):
        model.fit([["a"]], [["x"]], validation=([["a"]],))
    kv = class_vectors()
    kv.vectors[5, 2] = np.nan
    with pytest.raises(ValueError, match=r"vector of 'w0_5' \(row 5\) is not finite"):
        model.fit(*columns(TRAIN), vectors=kv)
    with pytest.raises(ValueError, match=r"\(sentences, None\) for objective 'corrupted'"):
        nn.WindowClassifier(objective="corrupted").fit([["a", "b"]], validation=([["a"]], [["x"]]))
    with pytest.raises(ValueError, match=r"\(sentences, tags\) for objective 'softmax'"):
        model.fit([["a", "b"]], [["x", "x"]], validation=([["a"]], None))
    with pytest.raises(TypeError, match="split them first"):
        model.fit(["a b", "c"], [["x"], ["y"]])
    with pytest.raises(ValueError, match="objective must be one of"):
        nn.WindowClassifier(objective="other").fit([["a"]], [["x"]])
    with pytest.raises(ValueError, match="tag 'new' does not occur"):
        model.fit(*columns(TRAIN), validation=([["a"]], [["new"]]))
    with pytest.raises(ValueError, match="cannot be divided"):
        every_tenth(TRAIN[:9])


# ------------------------------------------------------------------------- tagged text, figures


def test_tagged_text_is_read_and_its_errors_name_the_line(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes("\ufeffThe/at-tl 1/2/cd ,/,\r\n\n  é/fw-nn-tl-hl --/-- //x\n".encode())
    assert read_tagged(path) == [
        (["The", "1/2", ","], ["at-tl", "cd", ","]),
        (["é", "--", "/"], ["fw-nn-tl-hl", "--", "x"]),
    ]
    assert [s.tags for s in read_tagged(path, fold=True)] == [["at", "cd", ","], ["nn", "--", "x"]]
    for text, message in (
        (b"a/b\nword\n", "line 2: expected word/tag; found 'word'"),
        (b"a/b c/\n", "line 1: expected word/tag; found 'c/'"),
        (b"/b\n", "line 1: expected word/tag"),
        (b"a/b\n\xff/x\n", "line 2: not UTF-8"),
        (b"\n \n", "no tagged sentences"),
    ):
        path.write_bytes(text)
        with pytest.raises(FormatError, match=message):
            read_tagged(path)


def test_figures_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for n, k in ((1, 2), (50, 3), (400, 12)):
        gold = [f"t{i}" for i in rng.integers(k, size=n)]
        said = [g if rng.random() < 0.6 else f"t{rng.integers(k + 1)}" for g in gold]
        mask = rng.random(n) < 0.3
        report = score_tags(gold, said, {"some": mask, "none": np.zeros(n, dtype=bool)})
        assert report.accuracy == pytest.approx(metrics.accuracy_score(gold, said))
        assert report.macro_f1 == pytest.approx(
            metrics.f1_score(gold, said, average="macro", zero_division=0)
        )
        table = metrics.classification_report(gold, said, output_dict=True, zero_division=0)
        for tag, score in report.per_tag.items():
            assert score.f1 == pytest.approx(table[tag]["f1-score"])
            assert score.precision == pytest.approx(table[tag]["precision"])
            assert score.recall == pytest.approx(table[tag]["recall"])
            assert score.support == table[tag]["support"]
        if mask.any():
            some = [np.array(x)[mask] for x in (gold, said)]
            assert report.groups["some"].accuracy == pytest.approx(metrics.accuracy_score(*some))
            assert report.groups["some"].macro_f1 == pytest.approx(
                metrics.f1_score(*some, average="macro", zero_division=0)
            )
        assert report.groups["none"] == (0, 0.0, 0.0)
        assert json.loads(report.to_json())["tokens"] == n
        assert "macro F1" in report.table()
        assert f"{'none':<12}{0:>9}{'n/a':>10}{'n/a':>10}" in report.table().splitlines()
    with pytest.raises(ValueError, match="3 right tags and 2 predicted"):
        score_tags("abc", "ab")


# --------------------------------------------------------------------------- the command line


@pytest.fixture
def files(tmp_path):
    class_vectors().save(tmp_path / "v.fe")
    lines = (" ".join(f"{w}/{t}" for w, t in zip(*s, strict=True)) for s in TRAIN)
    (tmp_path / "t.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_command_compares_modes(files, run_cli):
    command = ["evaluate", files / "v.fe", "--task", "tagging", "--tagged", files / "t.txt",
               "--epochs", "2", "--hidden", "8", "--workers", "1"]  # fmt: skip
    done = run_cli(*command, "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert list(found["tagging"]) == ["tuned", "frozen", "random"]
    assert (found["train_sentences"], found["test_sentences"]) == (135, 15)
    assert found["tagging"]["frozen"]["groups"]["unknown"]["tokens"] == 0
    few = run_cli(*command, "--json", "--restrict-vocab", "60", "--mode", "frozen")
    assert json.loads(few.out)["words"] == 60
    table = run_cli(*command, "--mode", "frozen", "--tagged-test", files / "t.txt", "-q")
    assert table.status == 0
    assert table.err == ""
    assert "150 to test" in table.out
    assert "macro F1" in table.out
    assert "\nrandom" not in table.out


def press_in(monkeypatch, epoch, runs=1):
    """Ctrl-C in the middle of an epoch, after some whole runs."""
    whole, seen = nn.training.TrainingTask.run, []

    def run(self, at, first, count):
        seen.append(at == 0 and first == 0)
        if sum(seen) == runs and at == epoch:
            signal.raise_signal(signal.SIGINT)
        return whole(self, at, first, count)

    monkeypatch.setattr(nn.training.TrainingTask, "run", run)


@pytest.fixture
def small_chunks(monkeypatch):
    """An epoch of several chunks, a chunk a round."""
    monkeypatch.setattr(nn.training, "ROWS_A_CHUNK", 64)
    monkeypatch.setattr(rounds, "ROUND_SECONDS", 0.0)


@pytest.mark.usefixtures("small_chunks")
def test_the_command_goes_on_where_it_was_interrupted(files, run_cli, monkeypatch):
    command = ["evaluate", files / "v.fe", "--task", "tagging", "--tagged", files / "t.txt", "-q",
               "--epochs", "3", "--hidden", "8", "--workers", "1", "--json"]  # fmt: skip
    straight = run_cli(*command)
    saved = ["--checkpoint", files / "run"]
    with monkeypatch.context() as patch:
        press_in(patch, 1, runs=2)
        stopped = run_cli(*command, *saved)
    assert (stopped.status, stopped.out) == (130, "")
    assert "run.frozen; the same command with --resume" in stopped.err
    assert {p.name for p in files.glob("run*")} == {"run.tuned", "run.frozen"}
    refused = run_cli(*command, *saved)
    assert refused.status == 1
    assert "run.tuned" in refused.err
    other = run_cli(*command, *saved, "--resume", "--learning-rate", "1")
    assert other.status == 1
    assert "a checkpoint of another run" in other.err
    moved = class_vectors(seed=1)
    moved.save(files / "other.fe")
    other = run_cli(command[0], files / "other.fe", *command[2:], *saved, "--resume")
    assert other.status == 1
    assert "first weights differ" in other.err
    again = run_cli(*command, *saved, "--resume")
    assert again.status == 0, again.err
    assert again.out == straight.out
    assert not list(files.glob("run*"))
    assert run_cli(*command, "--resume").status == 2


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("objective", ["softmax", "corrupted"])
def test_an_interrupted_run_goes_on_to_the_same_bits(objective, tmp_path, monkeypatch):
    words, tags = columns(TRAIN)
    tags = None if objective == "corrupted" else tags
    held = columns(TEST)[0], None if tags is None else columns(TEST)[1]
    held = (held[0], held[1]) if objective == "corrupted" else None

    def model():
        return nn.WindowClassifier(**QUICK | {"epochs": 4}, objective=objective)

    straight = model().fit(words, tags, validation=held)
    path = tmp_path / "run.fe"
    with monkeypatch.context() as patch:
        press_in(patch, 2)
        with pytest.raises(TrainingInterrupted, match=r"epoch 3 of 4 \([1-9]"):
            model().fit(words, tags, validation=held, checkpoint=path)
    again = model()
    again.fit(words, tags, validation=held, checkpoint=path, resume=True)
    assert again.network_.flat_weights().tobytes() == straight.network_.flat_weights().tobytes()
    assert again.network_.history_.history == straight.network_.history_.history
    assert ("val_loss" in again.network_.history_.history) == (objective == "corrupted")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "tagging"], "needs --tagged FILE"),
        (["--checkpoint", "x"], "--checkpoint has no meaning with --task similarity"),
        (["--tagged", "t.txt"], "--tagged has no meaning with --task similarity"),
        (["--task", "tagging", "--tagged", "t.txt", "--method", "3cosmul"], "--method has no"),
    ],
)
def test_options_that_do_not_go_together(files, run_cli, options, message):
    done = run_cli("evaluate", files / "v.fe", *options)
    assert done.status == 2
    assert message in done.err
