"""Interpolation by EM and the cache model."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import fastembed as fe
from fastembed.core.errors import NotFittedError, TrainingError
from fastembed.evaluate import perplexity
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
