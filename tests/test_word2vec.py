"""Word2Vec as a user sees it: what it learns, reproducibility, resuming, growing, errors."""

from __future__ import annotations

import math
import os
import signal

import numpy as np
import oracle_word2vec as oracle
import pytest

import fastembed as fe
from fastembed._native import _word2vec
from fastembed.core import rounds
from fastembed.core.progress import Callback, Progress
from fastembed.embed import word2vec_task
from fastembed.embed.word2vec_task import (
    block_length,
    keep_thresholds,
    noise_places,
    stretch_length,
)

COMBINATIONS = [
    {"sg": 1, "hs": 0, "negative": 5},
    {"sg": 1, "hs": 1, "negative": 0},
    {"sg": 0, "hs": 0, "negative": 5},
    {"sg": 0, "hs": 1, "negative": 0},
    {"sg": 1, "hs": 1, "negative": 3},
    {"sg": 0, "hs": 1, "negative": 3, "cbow_mean": 0},
]


def ids_of(combination):
    return "-".join(f"{k}{v}" for k, v in combination.items())


def two_worlds(n=400, seed=0):
    """Sentences about one of two worlds that share no word but a few function words."""
    rng = np.random.default_rng(seed)
    worlds = [[f"{w}{i}" for i in range(12)] for w in ("sea", "sky")]
    common = ["the", "of", "and"]
    sentences = []
    for i in range(n):
        words = rng.choice(worlds[i % 2], size=10).tolist()
        sentences.append(
            [w for pair in zip(words, rng.choice(common, 10), strict=True) for w in pair]
        )
    return sentences


@pytest.fixture(scope="module")
def text():
    return two_worlds()


def small(**changes):
    settings = {
        "vector_size": 12,
        "min_count": 1,
        "epochs": 3,
        "workers": 1,
        "seed": 4,
        "sample": 0,
    }
    return fe.Word2Vec(**(settings | changes))


@pytest.mark.parametrize("combination", COMBINATIONS, ids=ids_of)
@pytest.mark.parametrize("deterministic", [False, True])
def test_words_of_one_world_are_neighbours(text, combination, deterministic):
    model = small(epochs=30, deterministic=deterministic, **combination).fit(text)
    assert model.loss_history_[-1] < model.loss_history_[0]
    assert all(math.isfinite(loss) for loss in model.loss_history_)
    for word in ("sea3", "sky7"):
        near = [w for w, _ in model.wv.most_similar(word, topn=15) if w[:3] in ("sea", "sky")][:8]
        assert all(w.startswith(word[:3]) for w in near)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=ids_of)
def test_loss_of_an_epoch_is_the_objective(text, combination):
    """Mean over examples, in float64, against the NumPy oracle over the whole epoch."""
    model = small(epochs=1, sample=1e-2, **combination).fit(text)
    with fe.Corpus(text).encode() as encoded:
        counts = encoded.vocabulary.counts
        ids, offsets = encoded.read(0, encoded.n_tokens), np.array(encoded.offsets)
    n, dim = len(counts), 12
    vectors = np.zeros((n, 16), dtype=np.float32)
    _word2vec.init_rows(vectors, 0, dim, 4, 1)
    vectors = vectors[:, :dim].astype(float)
    negative, hs = combination["negative"], combination["hs"]
    outputs = np.zeros(((n if negative else 0) + (n - 1 if hs else 0), dim))
    size = word2vec_task.chunk_tokens(len(ids))
    noise = None
    if negative:
        places = noise_places(len(ids) * negative, len(counts), 1)
        noise = _word2vec.noise_pools(counts**0.75, 1, places, 4)
    loss = examples = 0
    for chunk, start in enumerate(range(0, len(ids), size)):
        more = oracle.train_chunk(
            vectors, outputs, ids, offsets, start, min(start + size, len(ids)),
            alpha=0.025 - (0.025 - 0.0001) * start / len(ids), seed=4, stream=chunk, window=5,
            negative=negative, shrink=True, cbow=not combination["sg"],
            cbow_mean=combination.get("cbow_mean", 1) == 1, max_sentence=10000,
            keep=keep_thresholds(counts, 1e-2),
            noise=noise,
            counts=counts if hs else None,
        )  # fmt: skip
        loss, examples = loss + more[0], examples + more[1]
    assert model.n_examples_ == [examples]
    assert model.loss_history_[0] == pytest.approx(loss / examples, rel=1e-5)
    np.testing.assert_allclose(model.wv.vectors, vectors, rtol=1e-2, atol=1e-3)


class Frozen(Callback):
    """The objective after each epoch at fixed parameters: an epoch with a rate of next to zero."""

    def __init__(self, encoded):
        self.encoded, self.losses = encoded, []

    def on_epoch_end(self, model):
        still = model._params | {"alpha": 1e-20, "min_alpha": 1e-20, "seed": 99, "epochs": 1}
        task = word2vec_task.Word2VecTask(
            self.encoded, model._vectors, model._outputs, model._tree, still
        )
        figures = task.run(0, 0, task.n_chunks)
        self.losses.append(sum(figures.loss) / sum(figures.examples))


@pytest.mark.parametrize("combination", COMBINATIONS[:4], ids=ids_of)
def test_the_objective_at_fixed_parameters_falls_to_the_end(text, combination):
    with fe.Corpus(text).encode() as encoded:
        frozen = Frozen(encoded)
        small(epochs=20, **combination).fit(encoded, callbacks=[frozen])
    assert min(frozen.losses) == frozen.losses[-1]
    assert frozen.losses[-1] < 0.99 * frozen.losses[0]


@pytest.mark.parametrize("combination", COMBINATIONS[:4], ids=ids_of)
def test_one_worker_gives_the_same_bits_again(text, combination):
    first, second = (small(**combination).fit(text) for _ in range(2))
    assert first.wv.vectors.tobytes() == second.wv.vectors.tobytes()
    assert first.loss_history_ == second.loss_history_
    other = small(**combination | {"seed": 5}).fit(text)
    assert first.wv.vectors.tobytes() != other.wv.vectors.tobytes()


@pytest.mark.parametrize("combination", COMBINATIONS[:4], ids=ids_of)
def test_deterministic_gives_the_same_bits_for_any_workers(text, combination):
    models = [
        small(deterministic=True, **combination).set_params(workers=workers).fit(text)
        for workers in (1, 2, 4)
    ]
    assert len({m.wv.vectors.tobytes() for m in models}) == 1
    assert len({tuple(m.loss_history_) for m in models}) == 1


def test_a_text_on_one_line_trains_as_well_as_lines(tmp_path, text):
    """text8 has no line break: the tokens are the same, so nearly all windows are."""
    one, many = tmp_path / "one", tmp_path / "many"
    lines = [" ".join(sentence) for sentence in text]
    one.write_text(" ".join(lines))
    many.write_text("\n".join(lines))
    models = [small(epochs=10, max_sentence_length=100).fit(path) for path in (one, many)]
    assert models[0].n_examples_[0] == pytest.approx(models[1].n_examples_[0], rel=0.15)
    for model in models:
        assert model.wv.n_similarity(["sea1", "sea2"], ["sea3", "sea4"]) > model.wv.n_similarity(
            ["sea1", "sea2"], ["sky3", "sky4"]
        )


def test_long_sentences_are_split_not_cut_short(text):
    flat = [[word for sentence in text for word in sentence]]
    model = small(epochs=1, shrink_windows=False, window=2, max_sentence_length=7).fit(flat)
    n = len(flat[0])

    def pairs(length):
        return sum(min(2, t) + min(2, length - 1 - t) for t in range(length))

    assert model.n_examples_ == [n // 7 * pairs(7) + pairs(n % 7)]


class Stop(Callback):
    """Ctrl-C at the end of a chosen epoch, or in the middle of the next."""

    def __init__(self, epoch, times=1):
        self.epoch, self.times, self.count = epoch, times, 0

    def on_epoch_begin(self, model):
        self.count += 1
        if self.count == self.epoch:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    "change",
    [{}, {"deterministic": True, "workers": 2}, {"hs": 1, "negative": 0}, {"sg": 0}],
    ids=str,
)
def test_resume_equals_an_uninterrupted_run(tmp_path, text, change, monkeypatch):
    # rounds of one chunk, so that the interruption falls into the middle of an epoch
    monkeypatch.setattr(rounds, "ROUND_SECONDS", 0.0)
    whole = small(**change).fit(text)
    place = tmp_path / "run.checkpoint"
    broken = small(**change)
    with pytest.raises(rounds.TrainingInterrupted, match=r"interrupted in epoch 2 of 3.*saved"):
        broken.fit(text, checkpoint=place, callbacks=[Stop(2)])
    position = broken._position
    assert position.epoch == 1
    assert 0 < position.chunk < 64
    resumed = small(**change).fit(text, checkpoint=place, resume=True)
    assert resumed.wv.vectors.tobytes() == whole.wv.vectors.tobytes()
    assert resumed.loss_history_ == whole.loss_history_
    assert resumed.n_examples_ == whole.n_examples_
    # a checkpoint can be looked at like any vectors
    assert fe.KeyedVectors.load(place).vectors.shape == whole.wv.vectors.shape


def test_resume_with_another_instruction_set_warns(tmp_path, text, monkeypatch):
    place = tmp_path / "run.checkpoint"
    with monkeypatch.context() as other:
        other.setattr("fastembed._native._kernels.isa", lambda: "v9")
        with pytest.raises(KeyboardInterrupt):
            small().fit(text, checkpoint=place, callbacks=[Stop(2)])
    with pytest.warns(RuntimeWarning, match=r"saved by instruction set v9.*FASTEMBED_ISA=v9"):
        small().fit(text, checkpoint=place, resume=True)


def test_interrupted_without_a_checkpoint_says_so_and_keeps_the_vectors(text):
    model = small()
    with pytest.raises(KeyboardInterrupt, match="nothing was saved"):
        model.fit(text, callbacks=[Stop(1)])
    assert model.wv["sea1"].shape == (12,)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_checkpoint_of_something_else_is_refused(tmp_path, text):
    place = tmp_path / "run.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        small().fit(text, checkpoint=place, callbacks=[Stop(2)])
    with pytest.raises(fe.TrainingError, match="window 5 there, 4 here"):
        small(window=4).fit(text, checkpoint=place, resume=True)
    with pytest.raises(fe.TrainingError, match="another text"):
        small().fit(text[:-1], checkpoint=place, resume=True)
    small(workers=2).fit(text, checkpoint=place, resume=True)  # the number of workers is free
    with pytest.raises(ValueError, match="resume=True needs checkpoint"):
        small().fit(text, resume=True)
    with pytest.raises(FileNotFoundError):
        small().fit(text, checkpoint=tmp_path / "none", resume=True)


def test_callbacks_and_progress_see_the_run(text):
    seen = []

    class Watch(Callback):
        def on_train_begin(self, model):
            seen.append("begin")

        def on_epoch_begin(self, model):
            seen.append(f"epoch {len(model.loss_history_)}")

        def on_epoch_end(self, model):
            seen.append(model.loss_history_[-1])

        def on_train_end(self, model):
            seen.append("end")

    class Figures(Progress):
        def __init__(self):
            self.totals, self.last = [], None

        def start(self, total, unit, label):
            self.totals.append((total, unit))

        def update(self, done, **figures):
            self.last = (done, figures)

    report = Figures()
    model = small(epochs=2).fit(text, callbacks=[Watch()], progress=report)
    first, second = model.loss_history_
    assert seen == ["begin", "epoch 0", first, "epoch 1", second, "end"]
    assert report.totals[-2:] == [(8000, "words")] * 2
    done, figures = report.last
    assert done == 8000
    assert set(figures) == {"loss", "lr"}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"vector_size": 0}, ValueError, "vector_size must be an integer >= 1"),
        ({"vector_size": 2.5}, TypeError, "vector_size must be an integer"),
        ({"window": 0}, ValueError, "window must be an integer >= 1"),
        ({"alpha": math.nan}, ValueError, "alpha must be a number > 0"),
        ({"alpha": -1}, ValueError, "alpha"),
        ({"alpha": math.inf}, ValueError, "alpha"),
        ({"epochs": 0}, ValueError, "epochs"),
        ({"workers": 0}, ValueError, "workers"),
        ({"sg": 2}, ValueError, "sg"),
        ({"sample": -0.1}, ValueError, "sample"),
        ({"seed": "one"}, TypeError, "seed"),
        ({"schedule": "cubic"}, ValueError, "schedule must be one of 'linear', 'constant'"),
        ({"negative": 0, "hs": 0}, ValueError, "nothing to train with"),
        ({"min_count": 10**6}, fe.VocabularyError, "min_count"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(text, change, error, message):
    with pytest.raises(error, match=message):
        small(**change).fit(text)


def test_unknown_parameters_are_refused():
    with pytest.raises(TypeError, match="size"):
        fe.Word2Vec(size=10)
    with pytest.raises(ValueError, match=r"no parameter 'size'.*vector_size"):
        fe.Word2Vec().set_params(size=10)


def test_not_fitted_says_what_to_do():
    with pytest.raises(fe.NotFittedError, match="fit"):
        _ = fe.Word2Vec().wv


def test_one_word_is_too_few_for_a_tree_and_enough_for_noise():
    with pytest.raises(fe.VocabularyError, match="at least 2 words"):
        small(hs=1, negative=0).fit([["a", "a"]])
    assert small().fit([["a", "a", "a"]]).wv["a"].shape == (12,)


def test_a_diverging_run_stops_with_a_clear_error(text, monkeypatch):
    real = _word2vec.Rounds.run

    class Broken(_word2vec.Rounds):
        def run(self, ids, first, offsets, chunks):
            real(self, ids, first, offsets, chunks)
            chunks["loss"][-1] = math.inf

    monkeypatch.setattr(_word2vec, "Rounds", Broken)
    with pytest.raises(
        fe.TrainingError, match=r"epoch 1 at learning rate 0\.0.*lower learning rate"
    ):
        small().fit(text)


def test_clone_of_scikit_learn_works():
    base = pytest.importorskip("sklearn.base")
    model = fe.Word2Vec(vector_size=7, sg=0)
    assert base.clone(model).get_params() == model.get_params()


def test_keep_thresholds_are_word2vecs_formula():
    counts = np.array([900_000, 90_000, 9_000, 1_000], dtype=np.int64)
    keep = (keep_thresholds(counts, 1e-3) + 1.0) / 2**32
    share = counts / counts.sum()
    expected = np.minimum((np.sqrt(share / 1e-3) + 1) * 1e-3 / share, 1)
    np.testing.assert_allclose(keep, expected, atol=1e-9)
    assert keep_thresholds(counts, 0) is None


def test_stretches_are_short_where_a_word_is_frequent():
    assert stretch_length(np.ones(1000, dtype=np.int64), None, 5) == 256
    assert stretch_length(np.array([50, 25, 25]), None, 5) == 8
    assert stretch_length(np.array([10, 190]), None, 5) == 8
    assert 8 < stretch_length(np.full(10, 5), None, 5) < 256
    assert stretch_length(np.ones(1000, dtype=np.int64), None, 50) == 20


@pytest.mark.parametrize("n", [2, 40, 5000])
def test_any_length_of_text_is_trained_on_whole(n):
    words = [f"w{i % 17}" for i in range(n)]
    seen = []

    class Sum(Progress):
        def update(self, done, **figures):
            seen.append(done)

    small(epochs=1).fit([words], progress=Sum())
    assert seen[-1] == n


class Recorder:
    """Stands in for the native rounds and keeps the chunks that it is given."""

    chunks: list = []  # noqa: RUF012

    def __init__(self, *arguments, **settings):
        self.chunks.clear()

    def run(self, ids, first, offsets, chunks):
        chunks["examples"], chunks["loss"], chunks["words"] = 1, 1.0, 1
        self.chunks.append(chunks.copy())


def recorded(monkeypatch, text, **change):
    monkeypatch.setattr(_word2vec, "Rounds", Recorder)
    small(**change).fit(text)
    return np.concatenate(Recorder.chunks)


def test_the_rate_falls_over_all_epochs_and_no_stream_is_used_twice(monkeypatch, text):
    chunks = recorded(monkeypatch, text, epochs=3, alpha=0.03, min_alpha=0.01)
    per_epoch = len(chunks) // 3
    assert np.all(np.diff(chunks["alpha"]) < 0)
    assert chunks["alpha"][0] == pytest.approx(0.03)
    assert chunks["alpha"][per_epoch] == pytest.approx(0.03 - 0.02 / 3, rel=1e-5)
    assert len(set(chunks["stream"].tolist())) == len(chunks)


def test_a_constant_rate_stays(monkeypatch, text):
    chunks = recorded(monkeypatch, text, alpha=0.02, schedule="constant")
    assert set(chunks["alpha"].tolist()) == {float(np.float32(0.02))}


def test_later_fits_draw_other_numbers(monkeypatch, text):
    model = small(epochs=2).fit(text)
    monkeypatch.setattr(_word2vec, "Rounds", Recorder)
    model.partial_fit(text)
    first = set(np.concatenate(Recorder.chunks)["stream"].tolist())
    model.partial_fit(text)
    assert not first & set(np.concatenate(Recorder.chunks)["stream"].tolist())
    assert model.epochs_done_ == 6


def test_noise_follows_the_exponent_and_max_vocab_cuts(monkeypatch, text):
    seen = []
    real = _word2vec.noise_pools
    monkeypatch.setattr(
        _word2vec,
        "noise_pools",
        lambda weights, *rest: seen.append(weights) or real(weights, *rest),
    )
    model = small(ns_exponent=0.5, max_vocab=7, epochs=1).fit(text)
    assert len(model.wv) == 7
    np.testing.assert_allclose(seen[0], model.vocabulary_.counts**0.5)
    model.partial_fit([[*model.wv.index_to_key, "new", "words"] * 9])
    assert len(model.wv) == 7


def test_checkpoints_are_written_now_and_then(tmp_path, text, monkeypatch):
    monkeypatch.setattr(rounds, "ROUND_SECONDS", 0.0)
    place = tmp_path / "run.checkpoint"
    small().fit(text, checkpoint=place, checkpoint_seconds=0.0)
    resumed = small().fit(text, checkpoint=place, resume=True)
    assert resumed.wv.vectors.tobytes() == small().fit(text).wv.vectors.tobytes()


def test_vectors_looked_at_in_a_callback_do_not_keep_old_norms(text):
    class Look(Callback):
        def on_epoch_end(self, model):
            model.wv.most_similar("sea1")

    model = small(epochs=8).fit(text, callbacks=[Look()])
    fresh = fe.KeyedVectors(model.wv.words, model.wv.vectors)
    assert model.wv.most_similar("sea1") == fresh.most_similar("sea1")


def test_deep_trees_of_steep_counts():
    fibonacci = [1, 1]
    while len(fibonacci) < 80:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    vocabulary = fe.Vocabulary([f"w{i}" for i in range(80)], fibonacci[::-1])
    with fe.Corpus([["w0", "w79", "w40"] * 30]).encode(vocabulary) as encoded:
        model = small(hs=1, negative=0).fit(encoded)
    assert _word2vec.tree_depth(model._tree) == 79


def test_rare_words_are_deep_whatever_the_order_of_the_words():
    up = _word2vec.huffman_tree(np.array([1, 50, 3, 20], dtype=np.int64))
    depths = []
    for leaf in range(4):
        depth, node = 0, int(up[leaf])
        while node != 0xFFFFFFFF:
            depth, node = depth + 1, int(up[4 + (node >> 1)])
        depths.append(depth)
    assert depths == [3, 1, 3, 2]


@pytest.mark.parametrize("sentences", [[["a"], ["b"]] * 9, [["a", "b", "c"]] * 3])
def test_nothing_to_train_on_is_an_error(sentences):
    with pytest.raises(fe.TrainingError, match=r"nothing to train on.*min_count.*sample"):
        small(sample=1e-9, epochs=2).fit(sentences)


@pytest.mark.parametrize("deterministic", [False, True])
def test_wide_windows_do_not_diverge(deterministic):
    rng = np.random.default_rng(2)
    p = 1 / np.arange(1, 501)
    flat = [[f"w{i}" for i in rng.choice(500, size=20000, p=p / p.sum())]]
    model = small(window=50, shrink_windows=False, epochs=2, deterministic=deterministic).fit(flat)
    # training begins at 1 + negative terms of log 2 each
    assert max(model.loss_history_) < 6 * math.log(2)
    assert np.abs(model.wv.vectors).max() < 10


def test_blocks_are_shorter_in_wider_windows():
    assert [block_length(window) for window in (1, 5, 10, 20, 50, 1000)] == [10, 10, 10, 5, 2, 1]
