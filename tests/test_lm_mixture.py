"""Interpolation by EM and the cache model."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import fastembed as fe
from fastembed.core.errors import NotFittedError, TrainingError
from fastembed.evaluate import perplexity
from fastembed.io.native import read_native, write_native
from fastembed.ngram.files import open_model
from fastembed.text.wordlist import WordList


class UnigramLM:
    """The smallest model of the protocol."""

    def __init__(self, probabilities):
        words = ["<unk>", "<s>", "</s>", *(w for w in probabilities if not w.startswith("<"))]
        order = words[::-1] if "b" in words else words  # ids differ from model to model
        self.words = WordList.from_words(order)
        self.special_ids = tuple(order.index(w) for w in ("<unk>", "<s>", "</s>"))
        with np.errstate(divide="ignore"):
            self.log = np.log10([probabilities.get(word, 0.0) for word in order])

    def logprob(self, ids, context_ids=()):
        return self.log[np.asarray(ids, dtype=np.int64)]


ONE = {"<unk>": 0.1, "</s>": 0.3, "a": 0.4, "b": 0.2}
TWO = {"<unk>": 0.2, "</s>": 0.4, "a": 0.1, "c": 0.3}


def test_mixture_is_the_weighted_sum():
    mixture = fe.InterpolatedLM([UnigramLM(ONE), UnigramLM(TWO)], weights=[0.75, 0.25])
    # a word that one model knows is not <unk> for the other
    wanted = {"a": 0.325, "b": 0.15, "c": 0.075, "zzz": 0.125, "</s>": 0.325}
    for word, p in wanted.items():
        found = mixture.words.find(word)
        ids = [max(found, 0)]
        assert 10 ** mixture.logprob(ids)[0] == pytest.approx(p)
    text = [["a", "b", "zzz"], ["c"]]
    product = wanted["a"] * wanted["b"] * wanted["zzz"] * wanted["c"] * wanted["</s>"] ** 2
    result = mixture.perplexity(text)
    assert 10**result.log_prob == pytest.approx(product)
    assert (result.tokens, result.oov) == (6, 1)
    assert perplexity(mixture, text) == result
    # together they are a distribution again
    known = mixture.logprob([i for i in range(len(mixture.words)) if i != 1])
    assert np.sum(10.0**known) == pytest.approx(1)


def test_em_finds_the_best_weights():
    one, two = UnigramLM(ONE), UnigramLM(TWO)
    rng = np.random.default_rng(1)
    text = [list(rng.choice(["a", "b", "c", "z"], 7)) for _ in range(40)]
    mixture = fe.InterpolatedLM([one, two]).fit(text, tol=1e-12, max_iter=1000)
    best = min(
        fe.InterpolatedLM([one, two], [w, 1 - w]).perplexity(text).perplexity
        for w in np.linspace(0, 1, 201)
    )
    found = mixture.perplexity(text).perplexity
    assert found <= best + 1e-9
    assert mixture.weights_.sum() == pytest.approx(1)
    history = mixture.perplexity_history_
    assert all(b <= a + 1e-12 for a, b in itertools.pairwise(history))
    assert history[-1] == pytest.approx(found, rel=1e-9)
    assert mixture.n_iter_ == len(history)


def test_em_prefers_the_better_model(kjv_text):
    text = kjv_text.read_text().splitlines()
    train, held, test = text[:2400], text[2400:2700], text[2700:]
    models = [fe.NgramLM(order=order, workers=1).fit([*train]) for order in (1, 3)]
    mixture = fe.InterpolatedLM(models).fit([*held])
    assert mixture.weights_[1] > 0.9
    cached = fe.InterpolatedLM([models[1], fe.CacheLM.like(models[1], size=200)]).fit([*held])
    assert 0.01 < cached.weights_[1] < 0.5
    alone = models[1].perplexity([*test]).perplexity
    assert mixture.perplexity([*test]).perplexity < alone * 1.01
    assert cached.perplexity([*test]).perplexity < alone
    # the cache begins empty each time
    assert cached.perplexity([*test]) == cached.perplexity([*test])


@pytest.mark.parametrize("size", [1, 3, 50])
def test_cache_counts_what_was_said(size):
    words = WordList.from_words(["<unk>", "<s>", "</s>", "a", "b", "c"])
    rng = np.random.default_rng(2)
    cache = fe.CacheLM(words, (0, 1, 2), size=size)
    memory: list[int] = []
    for _ in range(5):  # blocks of sentences
        lengths = rng.integers(0, 6, 4)
        ids = rng.choice([0, 3, 4, 5], lengths.sum()).astype(np.uint32)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint64)
        wanted = []
        for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            for word in [*ids[a:b].tolist(), 2]:
                recent = memory[-size:]
                share = recent.count(word) / len(recent) if recent and word else 0
                wanted.append(math.log10(share) if share else -math.inf)
                if word:
                    memory.append(word)
        before = cache.logprob(ids, [1])
        found = cache.score_ids(ids, offsets)
        assert found.tolist() == pytest.approx(wanted)
        first = int(offsets[1])
        assert before[:first].tolist() == pytest.approx(wanted[:first])
    cache.reset()
    assert (cache.score_ids(np.array([3], np.uint32), np.array([0, 1], np.uint64)) < -1e9).all()


@pytest.fixture(scope="module")
def parts(kjv_text):
    """A model of words, one of classes, and a cache; texts to train, mix and test."""
    text = [line.split() for line in kjv_text.read_text().splitlines()]
    train, held, test = text[:2400], text[2400:2700], text[2700:]
    words = fe.NgramLM(order=3, workers=1).fit(train)
    clusters = fe.ExchangeClusters(n_clusters=60, hierarchy=False, workers=1).fit(train)
    classes = fe.ClassLM(order=3, workers=1).fit(train, clusters)
    return [words, classes, fe.CacheLM.like(words, size=100)], held, test


def test_words_and_classes_are_better_than_either(parts):
    (words, classes, _), held, test = parts
    mixture = fe.InterpolatedLM([words, classes]).fit(held)
    alone = min(words.perplexity(test).perplexity, classes.perplexity(test).perplexity)
    assert mixture.perplexity(test).perplexity < 0.97 * alone
    assert mixture.weights_.min() > 0.1


@pytest.mark.parametrize("mmap", [True, False])
def test_save_and_load(parts, tmp_path, mmap):
    models, held, test = parts
    mixture = fe.InterpolatedLM(models).fit(held)
    mixture.save(tmp_path / "x.fe")
    for again in (fe.InterpolatedLM.load(tmp_path / "x.fe", mmap=mmap, verify=True),
                  open_model(tmp_path / "x.fe", mmap=mmap)):  # fmt: skip
        assert [type(model) for model in again.models] == [fe.NgramLM, fe.ClassLM, fe.CacheLM]
        assert again.models[2].size == 100
        assert np.array_equal(again.weights_, mixture.weights_)
        assert again.perplexity(test) == mixture.perplexity(test)
        assert again.generate(2, seed=5, max_words=8) == mixture.generate(2, seed=5, max_words=8)
    # a mixture of a mixture
    outer = fe.InterpolatedLM([again, models[0]], [0.5, 0.5])
    outer.save(tmp_path / "y.fe")
    found = fe.InterpolatedLM.load(tmp_path / "y.fe")
    outer.reset()  # the cache in it too
    assert found.score_sentence("and god said") == outer.score_sentence("and god said")
    models[2].save(tmp_path / "c.fe")
    cache = fe.CacheLM.load(tmp_path / "c.fe")
    assert (cache.words, cache.size) == (models[2].words, 100)


def test_files_that_cannot_be(parts, tmp_path):
    models, _, _ = parts
    with pytest.raises(NotFittedError):
        fe.InterpolatedLM(models).save(tmp_path / "x.fe")
    with pytest.raises(TypeError, match="UnigramLM has no native format"):
        fe.InterpolatedLM([UnigramLM(ONE)], [1.0]).save(tmp_path / "x.fe")
    assert not (tmp_path / "x.fe").exists()
    models[0].save(tmp_path / "n.fe")
    for cls in (fe.InterpolatedLM, fe.CacheLM):
        with pytest.raises(fe.FormatError, match="holds 'n-gram model'"):
            cls.load(tmp_path / "n.fe")
    fe.InterpolatedLM(models[:1], [1.0]).save(tmp_path / "x.fe")
    file = read_native(tmp_path / "x.fe")
    for arrays, metadata in (
        ({**file.arrays, "weights": np.array([0.5])}, file.metadata),
        (file.arrays, {"kind": "mixture of models"}),
        (file.arrays, {"kind": "mixture of models", "models": [3]}),
        (file.arrays, {"kind": "mixture of models", "models": [{"kind": "bread"}]}),
        ({k: a for k, a in file.arrays.items() if k != "0.word_slots"}, file.metadata),
    ):
        write_native(tmp_path / "bad.fe", arrays, metadata)
        with pytest.raises(fe.FormatError):
            fe.InterpolatedLM.load(tmp_path / "bad.fe")
    write_native(tmp_path / "bad.fe", {}, {"kind": "cache model"})
    with pytest.raises(fe.FormatError, match="an array 'word_bytes'"):
        fe.CacheLM.load(tmp_path / "bad.fe")


def test_word_by_word(parts):
    models, _, test = parts
    mixture = fe.InterpolatedLM(models, [0.5, 0.3, 0.2])
    assert mixture.generate(3, seed=2, max_words=10) == mixture.generate(3, seed=2, max_words=10)
    for bos in (True, False):
        state, context = mixture._begin(bos), ["<s>"] * bos
        for word in [*test[0][:12], "zebra", "the", "</s>"]:
            wanted = mixture.logscore(word, context)
            p = 10 ** mixture._following(state, 1).astype(np.float64)
            assert math.log10(p[mixture.id_of(word)]) == pytest.approx(wanted, abs=1e-5)
            if len(context) > 1:
                # the cache gives everything to words, once there are some
                assert np.delete(p, 1).sum() == pytest.approx(1, abs=1e-4)
                whole = mixture.distribution(context)
                assert whole[1] == -math.inf  # <s> is never predicted
            state, log_prob = mixture.score(state, word)
            assert log_prob == pytest.approx(wanted, abs=1e-5)
            context.append(word)
    # sentence by sentence the cache is empty at the beginning of each
    scores = mixture.full_scores(test[0])
    assert sum(s.log_prob for s in scores) == pytest.approx(mixture.score_sentence(test[0]))
    with pytest.raises(TypeError, match="a UnigramLM cannot be asked word by word"):
        fe.InterpolatedLM([UnigramLM(ONE)], [1.0]).generate(1)


@pytest.mark.parametrize("weights", [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
def test_distributions_of_all_models_sum_to_one(parts, weights):
    """Of their mixture and of a mixture with it, too; <s> is never predicted."""
    (words, classes, cache), _, test = parts
    cache.score_ids(words._ids(test[0]), np.array([0, len(test[0])], dtype=np.uint64))
    mixture = fe.InterpolatedLM([words, classes, cache], weights)
    for model in (*mixture.models, mixture, fe.InterpolatedLM([mixture, words], [0.5, 0.5])):
        for context in ("", "<s>", "<s> and the", "zebra of the"):
            scores = model.distribution(context)
            assert scores[1] == -math.inf
            assert np.sum(10.0 ** scores.astype(float)) == pytest.approx(1, abs=2e-5)
    cache.reset()


def test_bad_arguments():
    one = UnigramLM(ONE)
    with pytest.raises(ValueError, match="at least one model"):
        fe.InterpolatedLM([])
    for weights in ([0.5, 0.6], [1.0], [-1.0, 2.0], [math.nan, 1.0]):
        with pytest.raises(ValueError, match="weights must be 2 numbers >= 0 with sum 1"):
            fe.InterpolatedLM([one, one], weights)
    with pytest.raises(NotFittedError):
        fe.InterpolatedLM([one]).perplexity([["a"]])
    with pytest.raises(TrainingError, match="token 0 of the held-out text is impossible"):
        fe.InterpolatedLM([UnigramLM({"</s>": 1.0, "a": 0.0})]).fit([["a"]])
    with pytest.raises(ValueError, match="size must be >= 1"):
        fe.CacheLM(one.words, one.special_ids, size=0)
    with pytest.raises(ValueError, match="max_iter"):
        fe.InterpolatedLM([one]).fit([["a"]], max_iter=0)


def test_scores_that_are_no_probabilities_are_refused():
    text = [["a", "b"], ["b", "a", "b"]] * 3
    backoff = fe.NgramLM(order=2, smoothing="stupid_backoff").fit(text)
    other = fe.NgramLM(order=2, smoothing="additive").fit(text)
    with pytest.raises(ValueError, match="scores of stupid_backoff are no probabilities"):
        fe.InterpolatedLM([other, backoff]).fit(text)
    inner = fe.InterpolatedLM([other, backoff], weights=[0.5, 0.5])
    for mixture in (inner, fe.InterpolatedLM([other, inner], weights=[0.5, 0.5])):
        with pytest.raises(ValueError, match="scores of stupid_backoff are no probabilities"):
            mixture.perplexity(text)
    assert inner.score_sentence("a b") < 0


def test_specials_that_a_model_spells_otherwise(tmp_path):
    """A model from SRILM may call them ``<UNK>``: no word of the mixture, in the text or not."""
    plain, capital = tmp_path / "plain.arpa", tmp_path / "capital.arpa"
    fe.NgramLM(order=2, smoothing="witten_bell").fit([["a", "b"], ["a", "c"]]).save_arpa(plain)
    capital.write_text(plain.read_text().replace("<unk>", "<UNK>"))
    one, two = fe.NgramLM.load(plain), fe.NgramLM.load(capital)
    text = [["a", "b"], ["zebra", "<unk>", "<UNK>"], []]
    wanted = one.perplexity(text)
    for models in ([two, two], [one, two], [two, one]):
        mixture = fe.InterpolatedLM(models, weights=[0.5, 0.5])
        assert list(mixture.words) == list(one.words)
        result = mixture.perplexity(text)
        assert result.oov == 3
        assert result.log_prob == pytest.approx(wanted.log_prob, rel=1e-6)
