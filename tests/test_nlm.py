"""NeuralLM: fitting, held-out text, checkpoints, questions, files, bad input."""

from __future__ import annotations

import json
import math

import numpy as np
import oracle_nlm as oracle
import pytest
from click.testing import CliRunner
from nlm_helpers import IDS, OUTPUTS, SMALL, TEXT, TOKENS, fitted, same, weights

import fastembed as fe
from fastembed.cli.main import cli as main
from fastembed.core.errors import (
    CorpusError,
    FormatError,
    NotFittedError,
    TrainingError,
    VocabularyError,
)
from fastembed.core.progress import Callback
from fastembed.core.rounds import Position, TrainingInterrupted
from fastembed.io.native import read_native, write_native
from fastembed.ngram.sentences import open_sentences
from fastembed.ngram.tables import SPECIALS
from fastembed.nlm.classes import class_of_words, frequency_classes
from fastembed.nlm.network import Shape
from fastembed.nlm.task import NeuralTask
from fastembed.text.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def model():
    return fitted(epochs=20)


# ------------------------------------------------------------------------------------ training


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("architecture", ["bengio", "log_bilinear", "skipgram"])
def test_training_lowers_perplexity_to_about_that_of_bigrams(architecture, output):
    options = {"architecture": architecture, "output_layer": output, "samples": 64}
    short, long = fitted(**options, epochs=1), fitted(**options, epochs=20)
    before, after = short.perplexity(TOKENS).perplexity, long.perplexity(TOKENS).perplexity
    assert after < before
    if architecture != "skipgram":  # its pairs are those of windows, not of next words
        assert after < 3.2
        bigrams = fe.NgramLM(order=2, smoothing="additive").fit(TOKENS)
        assert after < bigrams.perplexity(TOKENS).perplexity
    if output in ("softmax", "class_factored") and architecture != "skipgram":
        assert math.exp(long.loss_history_[-1]) == pytest.approx(after, rel=0.05)


@pytest.mark.parametrize(
    ("segment", "block"), [(7, 7), (64, 8), (100, 1), (50, 100), (1 << 20, 30), (1 << 20, 1 << 8)]
)
@pytest.mark.parametrize("architecture", ["bengio", "skipgram"])
def test_every_place_is_seen_once_an_epoch_with_its_own_context(architecture, segment, block):
    # blocks that end anywhere: examples are those of the whole text
    params = fe.NeuralLM(**SMALL, architecture=architecture)._checked()
    seen = []

    class Spy:
        def train(self, stream, places, per, index, rates):
            seen.extend(oracle.examples_of(stream, places, shape, 1, 2))
            assert len(rates) == -(-len(places) // per)
            return np.zeros(len(rates)), np.ones(len(rates), dtype=np.int64)

        def settle(self, step, rate):
            assert step == 2 * task.n_chunks

    with open_sentences(
        TOKENS[:20], vocab=None, min_count=1, keep_empty=True, skip=False, workers=1, progress=None
    ) as sentences:
        shape = Shape(params, len(sentences.vocabulary))
        task = NeuralTask(sentences, Spy(), shape, params, Position(), segment, block)
        for first in range(0, task.n_chunks, 3):
            task.run(1, first, min(3, task.n_chunks - first))
        stream = np.concatenate([
            [1, *(sentences.vocabulary[word] for word in words), 2] for words in TOKENS[:20]
        ])  # fmt: skip
    places = np.flatnonzero(stream != 1)
    expected = oracle.examples_of(stream, places, shape, 1, 2)
    plain = sorted((list(map(int, context)), int(target)) for context, target in seen)
    assert plain == sorted((list(map(int, context)), int(target)) for context, target in expected)
    assert task.work == len(places)


def test_a_segment_is_a_sample_of_the_whole_text():
    # 200 sentences of one word, then 200 of another: half of the training has both
    text = [["a"]] * 200 + [["b"]] * 200
    params = fe.NeuralLM(**SMALL)._checked()
    seen = []

    class Spy:
        def train(self, stream, places, per, index, rates):
            seen.append(stream[places])
            return np.zeros(len(rates)), np.ones(len(rates), dtype=np.int64)

        def settle(self, step, rate):
            pass

    with open_sentences(
        text, vocab=None, min_count=1, keep_empty=True, skip=False, workers=1, progress=None
    ) as sentences:
        task = NeuralTask(sentences, Spy(), Shape(params, 5), params, Position(), 600, 6)
        for chunk in range(task.n_chunks):
            task.run(0, chunk, 1)
    assert sum(map(len, seen)) == 800
    for half in (seen[: len(seen) // 2], seen[len(seen) // 2 :]):
        words = np.concatenate(half)
        assert 0.35 < (words == 3).sum() / (words >= 3).sum() < 0.65


def test_epochs_have_different_orders_and_seeds_matter():
    one, other = fitted(epochs=1), fitted(epochs=1, seed=2)
    assert not np.array_equal(one.wv.vectors, other.wv.vectors)
    same(weights(one), weights(fitted(epochs=1)))


@pytest.mark.parametrize("output", OUTPUTS)
def test_any_number_of_workers_gives_the_same_bits(output):
    first = fitted(output_layer=output, workers=1, dropout=0.1, samples=50)
    for workers in (2, 3):
        other = fitted(output_layer=output, workers=workers, dropout=0.1, samples=50)
        same(weights(first), weights(other))
        assert first.loss_history_ == other.loss_history_


def test_held_out_text_stops_training_and_the_best_epoch_is_kept():
    held = [["cat", "the", "sat"], ["mat", "on"]]  # what the text does not say: it gets worse
    found = fe.NeuralLM(**{**SMALL, "epochs": 40, "patience": 3}).fit(TOKENS, heldout=held)
    history = found.heldout_perplexity_
    best = int(np.argmin(history))
    assert len(history) == best + 1 + 3 < 40
    assert found.best_epoch_ == best + 1
    assert found.perplexity(held).perplexity == pytest.approx(history[best])
    assert found.vocabulary_.counts[1:3].tolist() == [0, len(TOKENS)]


class Interrupt(Callback):
    def __init__(self, epoch):
        self.left = epoch

    def on_epoch_begin(self, model):
        self.left -= 1
        if self.left == 0:
            import signal

            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"output_layer": "class_factored", "dropout": 0.2},
        {"tied": True, "hidden": 6},
        {"optimizer": "adagrad"},
    ],
)
def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path, options):
    place = tmp_path / "run"
    held = TOKENS[:5]
    whole = fe.NeuralLM(**{**SMALL, **options}).fit(TOKENS, heldout=held)
    part = fe.NeuralLM(**{**SMALL, **options})
    with pytest.raises(TrainingInterrupted, match="saved"):
        part.fit(TOKENS, heldout=held, checkpoint=place, callbacks=[Interrupt(3)])
    rest = fe.NeuralLM(**{**SMALL, **options})
    rest.fit(TOKENS, heldout=held, checkpoint=place, resume=True)
    same(weights(whole), weights(rest))
    assert whole.loss_history_ == rest.loss_history_
    assert whole.heldout_perplexity_ == rest.heldout_perplexity_
    with pytest.raises(TrainingError, match="other parameters"):
        fe.NeuralLM(**{**SMALL, **options, "seed": 9}).fit(TOKENS, checkpoint=place, resume=True)
    with pytest.raises(TrainingError, match="another text"):
        fe.NeuralLM(**{**SMALL, **options}).fit(TOKENS[1:], checkpoint=place, resume=True)


@pytest.fixture
def stopped(tmp_path):
    """Interrupt a run in its second epoch; then go on with other arguments."""

    def run(then, now, *, held_then=None, held_now=None):
        place = tmp_path / "run"
        with pytest.raises(TrainingInterrupted):
            fe.NeuralLM(**SMALL, **then).fit(TOKENS, heldout=held_then, checkpoint=place,
                                             callbacks=[Interrupt(2)])  # fmt: skip
        model = fe.NeuralLM(**SMALL, **now)
        return model.fit(TOKENS, heldout=held_now, checkpoint=place, resume=True)

    return run


def test_a_run_goes_on_with_the_vectors_and_classes_that_it_began_with(stopped, tmp_path):
    rng = np.random.default_rng(1)
    words = sorted({word for tokens in TOKENS for word in tokens})
    one, two = (rng.normal(size=(len(words), 6)).astype(np.float32) for _ in range(2))
    with pytest.raises(TrainingError, match=r"with initial \(others\)"):
        stopped({"initial": fe.KeyedVectors(words, one)}, {"initial": fe.KeyedVectors(words, two)})
    file, moved = tmp_path / "v.fe", tmp_path / "w.fe"
    fe.KeyedVectors(words, one).save(file)
    fe.KeyedVectors(words, one).save(moved)
    whole = fitted(initial=file)
    same(weights(whole), weights(stopped({"initial": file}, {"initial": str(moved)})))
    two[:-1] = one[:-1]  # one row is another
    fe.KeyedVectors(words, two).save(moved)
    for change in ({"initial": moved}, {}):
        with pytest.raises(TrainingError, match="with initial"):
            stopped({"initial": file}, change)
    with pytest.raises(TrainingError, match=r"with no initial \(none then\)"):
        stopped({}, {"initial": file})

    factored = {"output_layer": "class_factored"}
    halves, others = ({word: i * k // 7 for i, word in enumerate(words)} for k in (3, 4))
    whole = fitted(**factored, classes=halves)
    again = stopped(factored | {"classes": halves}, factored | {"classes": dict(halves)})
    same(weights(whole), weights(again))
    for then, now in ((halves, others), (3, 4), (None, halves)):
        with pytest.raises(TrainingError, match="with classes"):
            stopped(factored | {"classes": then}, factored | {"classes": now})
    assert stopped(factored | {"classes": 3}, factored | {"classes": "3"}).is_fitted


@pytest.mark.parametrize(("then", "now"), [(3, None), (3, 4), (None, 3)])
def test_a_run_goes_on_with_the_held_out_text_that_it_began_with(stopped, then, now):
    texts = {None: None, 3: TOKENS[:3], 4: TOKENS[:4]}
    with pytest.raises(TrainingError, match="heldout"):
        stopped({}, {}, held_then=texts[then], held_now=texts[now])


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_finite_loss_that_has_diverged_is_no_success(output, tmp_path):
    place = tmp_path / "m.fe"
    for held in (None, TOKENS[:5]):
        with pytest.raises(TrainingError, match=r"diverged: after epoch \d .*alpha, now 50"):
            fe.NeuralLM(**{**SMALL, "alpha": 50}, output_layer=output).fit(TOKENS, heldout=held)
    text = tmp_path / "text.txt"
    text.write_text("\n".join(TEXT) + "\n")
    done = CliRunner().invoke(main, ["lm", "train", str(text), "--model", "neural", "--alpha", "50",
                                     "--output-layer", output, "-o", str(place), "-q"])  # fmt: skip
    assert isinstance(done.exception, TrainingError)
    assert not place.exists()


def test_a_run_that_comes_back_is_not_stopped():
    # its losses are large in the first epoch, and what it learns is sound
    found = fitted(optimizer="sgd", alpha=30, epochs=6)
    assert max(found.loss_history_) > math.log(len(found.words)) + 1
    assert found.perplexity(TOKENS).perplexity < len(found.words)
    # nor one that has hardly any text to learn from
    fe.NeuralLM(**{**SMALL, "epochs": 1, "alpha": 1e-6}).fit([["a", "b", "c"]])


def test_a_loss_that_is_not_finite_stops_the_training():
    with pytest.raises(TrainingError, match="not finite"), np.errstate(all="ignore"):
        fitted(alpha=100, optimizer="sgd", architecture="log_bilinear", epochs=40)


def test_vectors_go_in_and_come_out(tmp_path):
    start = fe.Word2Vec(vector_size=6, min_count=1, workers=1).fit(TOKENS).wv
    start.save(tmp_path / "v.fe")
    learned = fitted(initial=start, epochs=1, alpha=1e-6)
    assert np.allclose(learned.wv["cat"], start["cat"], atol=1e-3)
    same(weights(learned), weights(fitted(initial=str(tmp_path / "v.fe"), epochs=1, alpha=1e-6)))
    learned.save(tmp_path / "m.fe")
    assert np.array_equal(fe.KeyedVectors.load(tmp_path / "m.fe")["cat"], learned.wv["cat"])
    with pytest.raises(ValueError, match="6 dimensions"):
        fitted(initial=start, vector_size=7)
    with pytest.raises(VocabularyError, match="none of the words"):
        fitted(initial=fe.KeyedVectors(["zebra"], np.zeros((1, 6), np.float32)))
    with pytest.raises(TypeError, match="KeyedVectors"):
        fitted(initial=3.5)


def test_words_that_are_not_kept_are_unk():
    model = fitted(max_vocab=4)
    assert len(model.words) == 7
    assert model.vocabulary_.counts.sum() == sum(len(words) + 1 for words in TOKENS)
    score = model.perplexity([["the", "zebra"]])
    assert (score.oov, score.tokens) == (1, 3)
    assert score.perplexity < 100  # training saw <unk>
    assert "zebra" not in model


# ------------------------------------------------------------------------------------ classes


def test_classes_by_frequency_and_by_clusters(tmp_path):
    counts = np.array([0, 0, 50, 100, 80, 9, 9, 4, 1, 1, 1])
    classes = frequency_classes(counts, None)
    assert sorted(set(classes.tolist())) == list(range(classes.max() + 1))
    assert (np.diff(classes[np.argsort(-counts, kind="stable")]) >= 0).all()
    with pytest.raises(ValueError, match="from 1 to 11"):
        frequency_classes(counts, 12)
    clusters = fe.ExchangeClusters(n_clusters=4, min_count=1).fit(TOKENS)
    clusters.save_paths(tmp_path / "paths") if clusters.paths_ else clusters.save(
        tmp_path / "paths"
    )
    vocabulary = fitted(epochs=1).vocabulary_
    found = class_of_words(vocabulary, clusters)
    assert np.array_equal(found, class_of_words(vocabulary, tmp_path / "paths"))
    assert len(set(found[:3].tolist())) == 3
    mapping = {word: clusters.predict(word) for word in vocabulary if word[0] != "<"}
    same_class = found[:, None] == found
    again = class_of_words(vocabulary, mapping)
    assert np.array_equal(same_class, again[:, None] == again)
    with pytest.raises(VocabularyError, match="none of the words"):
        class_of_words(vocabulary, {"zebra": 1})
    for wrong in (3.5, True):
        with pytest.raises(TypeError, match="mapping"):
            class_of_words(vocabulary, wrong)
    assert np.array_equal(class_of_words(vocabulary, np.int64(4)), class_of_words(vocabulary, "4"))
    by_cluster = fitted(output_layer="class_factored", classes=clusters, epochs=1)
    by_cluster.save(tmp_path / "m.fe")
    loaded = fe.NeuralLM.load(tmp_path / "m.fe")
    assert np.array_equal(by_cluster.score_ids(*IDS), loaded.score_ids(*IDS))


def test_words_without_a_cluster_are_dealt_to_small_classes():
    words = [f"w{i}" for i in range(2000)]
    counts = np.arange(2003)[::-1] + 1
    vocabulary = Vocabulary(["<unk>", "<s>", "</s>", *words], counts, specials=SPECIALS)
    classes = class_of_words(vocabulary, {"w5": "a", "w6": "b", "w9": "a"})
    assert classes[3 + 5] == classes[3 + 9] != classes[3 + 6]
    sizes = np.bincount(classes)
    assert sizes.sum() == 2003
    assert (sizes > 0).all()
    assert 40 <= len(sizes) <= 2 + 3 + 45
    assert sizes.max() < 200
    assert (sizes[classes[[0, 1, 2]]] == 1).all()


# ------------------------------------------------------------------------------------ files, errors


def test_files(model, tmp_path):
    place = tmp_path / "m.fe"
    model.save(place)
    for mmap in (True, False):
        loaded = fe.NeuralLM.load(place, mmap=mmap, verify=True)
        same(weights(model), weights(loaded))
        assert loaded.get_params() == model.get_params() | {"workers": None}
        assert np.array_equal(loaded.score_ids(*IDS), model.score_ids(*IDS))
        assert loaded.loss_history_ == model.loss_history_
    fe.Word2Vec(min_count=1, workers=1).fit(TOKENS).save(tmp_path / "w.fe")
    with pytest.raises(FormatError, match="not a NeuralLM"):
        fe.NeuralLM.load(tmp_path / "w.fe")
    native = read_native(place, mmap=False)
    for change in (
        {"out": native.arrays["out"][:, :3]}, {"hidden_bias": native.arrays["hidden_bias"][:2]},
        {"out": native.arrays["out"].astype(np.float64)}, {"out_bias": None},
    ):  # fmt: skip
        arrays = {n: a for n, a in (native.arrays | change).items() if a is not None}
        write_native(tmp_path / "bad.fe", arrays, native.metadata)
        with pytest.raises(FormatError, match="do not fit together"):
            fe.NeuralLM.load(tmp_path / "bad.fe")
    meta = native.metadata | {"params": {"architecture": "bengio"}}
    write_native(tmp_path / "bad.fe", native.arrays, meta)
    with pytest.raises(FormatError, match="damaged"):
        fe.NeuralLM.load(tmp_path / "bad.fe")
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError):
        fe.NeuralLM.load(place)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"architecture": "lstm"}, ValueError, "bengio"),
        ({"output_layer": "tree"}, ValueError, "softmax"),
        ({"context": 0}, ValueError, "context"),
        ({"dropout": 1.0}, ValueError, "dropout"),
        ({"deterministic": False}, ValueError, "deterministic"),
        ({"tied": True}, ValueError, "hidden=6"),
        ({"tied": True, "hidden": 6, "output_layer": "nce"}, ValueError, "output_layer='softmax'"),
        ({"direct": True, "architecture": "skipgram"}, ValueError, "direct"),
        ({"combine": "position"}, ValueError, "log_bilinear"),
        ({"classes": 3}, ValueError, "class_factored"),
        ({"classes": 300, "output_layer": "class_factored"}, ValueError, "from 1 to"),
        ({"samples": 0}, ValueError, "samples"),
    ],
)
def test_bad_parameters_say_what_is_allowed(options, error, message):
    with pytest.raises(error, match=message):
        fitted(**options)


def test_bad_input(tmp_path):
    with pytest.raises(NotFittedError, match="fit"):
        fe.NeuralLM().score_sentence("a")
    with pytest.raises(NotFittedError):
        fe.NeuralLM().save("nowhere")
    with pytest.raises(CorpusError, match="</s>"):
        fitted().fit([["a", "</s>"]])
    assert fe.NeuralLM(**SMALL, symbols="skip").fit([["a", "</s>"], ["b"]] * 9).is_fitted
    with pytest.raises((CorpusError, VocabularyError)):
        fe.NeuralLM(**SMALL).fit([])
    with pytest.raises(CorpusError, match=r"held-out text .*: sentence 2: '<s>'"):
        fe.NeuralLM(**SMALL).fit(TOKENS, heldout=[["a"], ["a", "<s>"]])
    with pytest.raises(CorpusError, match="no words"):
        fe.NeuralLM(**SMALL).fit(TOKENS, heldout=[])
    with pytest.raises(ValueError, match="not finite"):
        fitted(initial=fe.KeyedVectors(["cat"], np.full((1, 6), np.nan, np.float32)))
    with pytest.raises(ValueError, match="checkpoint"):
        fe.NeuralLM(**SMALL).fit(TOKENS, resume=True)
    for model in (fe.NeuralLM(**SMALL), fe.Word2Vec(min_count=1, workers=1)):
        # before the training, not at Ctrl-C
        with pytest.raises(FileNotFoundError, match="no such folder"):
            model.fit(TOKENS, checkpoint=tmp_path / "missing" / "run")
    assert "not fitted" in repr(fe.NeuralLM())


# ------------------------------------------------------------------------------------ command line


def test_the_command_line_trains_scores_draws_and_mixes(tmp_path):
    text, held = tmp_path / "text.txt", tmp_path / "held.txt"
    text.write_text("\n".join(TEXT) + "\n")
    held.write_text("\n".join(TEXT[:9]) + "\n")
    neural, ngrams = str(tmp_path / "n.fe"), str(tmp_path / "k.fe")
    small = ["--context", "3", "--vector-size", "6", "--hidden", "8", "--alpha", "0.01"]
    run = CliRunner().invoke
    done = run(main, ["lm", "train", str(text), "--model", "neural", *small, "--epochs", "4",
                      "--heldout", str(held), "-o", neural])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "held-out perplexity" in done.stderr
    assert not list(tmp_path.glob("*.checkpoint"))
    assert run(main, ["lm", "train", str(text), "--order", "2", "--smoothing", "additive", "-q",
                      "-o", ngrams]).exit_code == 0  # fmt: skip
    done = run(main, ["lm", "perplexity", neural, ngrams, str(held), "--interpolate", str(held),
                      "--json", "-q"])  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["perplexity"] <= min(row["perplexity"] for row in found["models"]) + 1e-4
    assert found["models"][0]["perplexity"] == pytest.approx(
        fe.NeuralLM.load(neural).perplexity(str(held)).perplexity
    )
    done = run(main, ["lm", "score", neural, "--tokens", "-q"], input="the cat\n")
    assert done.exit_code == 0, done.output
    assert done.stdout.split("\n")[0].startswith("the\t-")
    done = run(main, ["lm", "generate", neural, "-n", "3", "--top-k", "2"])
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 3
    mixture = str(tmp_path / "mix.fe")
    assert run(main, ["lm", "perplexity", neural, ngrams, str(held), "--interpolate", str(held),
                      "-o", mixture, "-q"]).exit_code == 0  # fmt: skip
    for more in ([], ["--top-k", "2"]):
        done = run(main, ["lm", "generate", mixture, "-n", "2", "--context", "the", *more])
        assert done.exit_code == 0, done.output
        assert done.stdout.startswith("the ")
    for asked in (neural, mixture):
        done = run(main, ["lm", "score", asked, "--no-bos", "-q"], input="the cat\n")
        assert isinstance(done.exception, ValueError)
        assert "--no-bos" in str(done.exception)
    factored = ["--output-layer", "class_factored", "--classes", "4", "--epochs", "1", "-q"]
    done = run(main, ["lm", "train", str(text), "--model", "neural", *small, *factored,
                      "-o", neural])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert fe.NeuralLM.load(neural).classes == "4"
    for wrong in (["--order", "3"], ["--bits", "8"], ["--format", "arpa"]):
        done = run(main, ["lm", "train", str(text), "--model", "neural", *wrong, "-o", neural])
        assert done.exit_code == 2
    done = run(main, ["lm", "train", str(text), "--resume", "-o", ngrams])
    assert done.exit_code == 2
    assert "neural" in done.stderr
