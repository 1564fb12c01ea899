"""What a NeuralLM, and mixtures with one, can be asked: scores, words next, new sentences."""

from __future__ import annotations

import math

import numpy as np
import oracle_nlm as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nlm_helpers import IDS, OUTPUTS, TEXT, TOKENS, fitted

import fastembed as fe
from fastembed._native import _lmscore
from fastembed.nlm.network import Shape


@pytest.fixture(scope="module")
def model():
    return fitted(epochs=20)


@pytest.mark.parametrize("output", OUTPUTS)
@settings(max_examples=20, deadline=None)
@given(history=st.lists(st.integers(0, 15).filter(lambda i: i not in (1, 2)), max_size=6))
def test_probabilities_sum_to_one_and_agree(output, history, request):
    cache = request.config.cache_of_models = getattr(request.config, "cache_of_models", {})
    model = cache.setdefault(output, fitted(output_layer=output, epochs=1, samples=50))
    n = len(model.words)
    history = [i % n for i in history if i % n not in (1, 2)]
    words = [model.words[i] for i in history]
    every = model.distribution(words)
    assert every[1] == -np.inf  # <s> is never predicted
    assert (10.0 ** every.astype(float)).sum() == pytest.approx(1, abs=1e-5)
    asked = [i for i in range(n) if i != 1]
    alone = [model.logprob([i], history)[0] for i in asked]
    np.testing.assert_allclose(every[asked], alone, atol=2e-5)
    ids = np.array(history, dtype=np.uint32)
    batch = model.score_ids(ids, np.array([0, len(ids)], dtype=np.uint64))
    np.testing.assert_allclose(batch, model.logprob([*history, 2], [1]), atol=2e-5)
    np.testing.assert_allclose(model.score_sentence(words), batch.sum(), atol=1e-4)


@pytest.mark.parametrize("classes", [4, {"the": 0, "cat": 0, "sat": 1}])
def test_the_beginning_of_a_sentence_is_never_predicted(classes):
    """Whether <s> shares its class with words or has one of its own."""
    model = fitted(output_layer="class_factored", classes=classes, epochs=3, weight_decay=0.01)
    assert model._following((), 1)[1] < -1000
    assert (10.0 ** model.distribution("the").astype(float)).sum() == pytest.approx(1, abs=1e-5)


def test_scores_are_those_of_the_formula(model):
    arrays = {name: a.astype(float) for name, a in model._weights.items()}
    shape = Shape(model._params, len(model.words))
    ids = [model.id_of(word) for word in ("the", "cat", "sat", "zebra")]
    padded = [1, 1, 1, *ids]
    expected = []
    for at in range(3, len(padded)):
        context = [padded[at - 1], padded[at - 2], padded[at - 3]]
        expected.append(oracle.log_probs(arrays, shape, context)[padded[at]] / math.log(10))
    np.testing.assert_allclose(model.logprob(ids), expected, atol=1e-5)
    scores = model.full_scores("the cat sat zebra")
    assert [score.oov for score in scores] == [False, False, False, True, False]
    assert model.logscore("sat", "the cat") == pytest.approx(expected[2], abs=1e-5)
    total = model.perplexity([["the", "cat", "sat", "zebra"]])
    assert total.log_prob == pytest.approx(model.score_sentence("the cat sat zebra"), abs=1e-5)
    assert model.entropy([["the"]]) > 0
    assert len(model.logprob([])) == 0
    assert len(model.score_ids(*(a[:0] for a in IDS[:1]), np.zeros(1, np.uint64))) == 0
    with pytest.raises(ValueError, match="token 1 is"):
        model.score_ids(np.array([3, 1], np.uint32), np.array([0, 2], np.uint64))


@pytest.mark.parametrize("bos", [0, 1])
def test_a_word_at_a_time_is_the_whole_sentence(model, bos):
    words = ["the", "cat", "saw", "a", "zebra", "</s>"]
    state, total, context = model.begin_state(), 0.0, ["<s>"] * bos
    for word in words:
        following = model.distribution(context)
        asked = np.arange(len(following)) != 1
        np.testing.assert_array_equal(following[asked], model._following(state, 1)[asked])
        state, log_prob = model.score(state, word)
        assert log_prob == pytest.approx(following[model.id_of(word)], abs=1e-5)
        assert log_prob == pytest.approx(model.logscore(word, context), abs=1e-9)
        context.append(word)
        total += log_prob
    assert total == pytest.approx(model.score_sentence(words[:-1]), abs=1e-5)
    assert model.score_sentence(words[:-1], eos=False) == pytest.approx(total - log_prob, abs=1e-5)
    again, log_prob = model.score(state, "<s>")
    assert (again, log_prob) == (model.begin_state(), -math.inf)


def test_lengths_are_the_words_that_were_looked_at(model):
    assert [s.ngram_length for s in model.full_scores("the cat sat on")] == [2, 3, 4, 4, 4]
    assert [s.ngram_length for s in model.full_scores("a", eos=False)] == [2]
    assert [s.ngram_length for s in model.full_scores("")] == [2]
    pairs = fitted(architecture="skipgram", epochs=1)  # context is that of its windows
    assert [s.ngram_length for s in pairs.full_scores("the cat sat")] == [2, 2, 2, 2]
    assert (model.order, pairs.order) == (4, 2)


def test_sentences_begin_behind_their_mark(model):
    mixture = fe.InterpolatedLM([model, fe.NgramLM(order=2, smoothing="additive").fit(TOKENS)],
                                [0.5, 0.5])  # fmt: skip
    for asked in (model, mixture):
        for question in (asked.score_sentence, asked.full_scores):
            with pytest.raises(ValueError, match="--no-bos"):
                question("the cat", bos=False)
        with pytest.raises(ValueError, match="--no-bos"):
            asked.null_state()


def test_what_is_no_id_is_refused(model):
    n = len(model.words)
    mixture = fe.InterpolatedLM([model, fe.NgramLM(order=2, smoothing="additive").fit(TOKENS)],
                                [0.5, 0.5])  # fmt: skip
    for asked in (model, mixture, mixture.models[1], fe.CacheLM.like(model)):
        for ids, context in (([-1], []), ([n], []), ([3], [-1]), ([3], [n])):
            with pytest.raises(ValueError, match=f"0 to {n - 1}"):
                asked.logprob(ids, context)
        for ids in ([1.5], ["the"], [[3, 4]], [True]):
            with pytest.raises(TypeError, match="whole numbers"):
                asked.logprob(ids)
    for ids in ([1], [3, 1], [2, 3]):
        with pytest.raises(ValueError, match="never predicted"):
            model.logprob(ids)
    with pytest.raises(ValueError, match="never predicted"):
        model.logscore("<s>")
    assert model.logprob([3, 2], [1, 4]).shape == (2,)


def test_sentences_are_drawn_by_seed_temperature_and_rank(model):
    drawn = model.generate(70, seed=5)
    assert drawn == model.generate(70, seed=5) != model.generate(70, seed=6)
    assert drawn[:3] == model.generate(3, seed=5)
    assert len(set(model.generate(5, temperature=0))) == 1
    assert model.generate(5, top_k=1) == model.generate(5, temperature=0)
    words = {word for sentence in drawn for word in sentence.split()}
    assert words <= {word for line in TEXT for word in line.split()}
    assert all(len(s.split()) <= 2 for s in model.generate(9, max_words=2))
    assert model.generate(1, context="the cat", temperature=0)[0].split()[0] in ("sat", "saw")
    assert model.generate(0) == []


def test_sentences_of_all_kinds_of_models(model):
    ngrams = fe.NgramLM(order=2, smoothing="additive").fit(TOKENS)
    mixture = fe.InterpolatedLM([model, ngrams], [0.7, 0.3])
    for asked in (model, ngrams, mixture):
        drawn = asked.generate(5, seed=3, context="the cat", max_words=6)
        assert drawn == asked.generate(5, seed=3, context="the cat", max_words=6)
        # by hand: the first word of sentence 2
        first = _lmscore.Draws(3, 2).draw(
            asked.distribution("<s> the cat"), np.array([0, 1], np.uint32), 1.0
        )
        assert drawn[2].split(" ")[0] == ("" if first == 2 else asked.words[first])
        best = asked.generate(1, temperature=0)
        assert asked.generate(3, top_k=1, temperature=2.0) == 3 * best
        likely = {asked.words[i] for i in np.argsort(-asked.distribution("<s>"))[:4]}
        some = {s.split()[0] for s in asked.generate(40, top_k=4, max_words=1) if s}
        assert some <= likely
        assert len(set(asked.generate(40, max_words=1))) > len(some)
        for wrong, error in (
            ({"seed": -1}, ValueError), ({"n": -1}, ValueError), ({"top_k": 0}, ValueError),
            ({"max_words": 0}, ValueError), ({"top_k": 2.5}, TypeError), ({"n": 1.5}, TypeError),
            ({"seed": True}, TypeError), ({"temperature": math.nan}, ValueError),
        ):  # fmt: skip
            with pytest.raises(error, match=next(iter(wrong))):
                asked.generate(**wrong)


def test_a_mixture_with_ngrams_is_better_than_either(model, tmp_path):
    ngrams = fe.NgramLM(order=3, smoothing="witten_bell").fit(TOKENS[:60])
    weak = fitted(epochs=4)
    mixture = fe.InterpolatedLM([weak, ngrams]).fit(TOKENS[60:120])
    mixed = mixture.perplexity(TOKENS[60:120]).perplexity
    assert mixed <= weak.perplexity(TOKENS[60:120]).perplexity + 1e-9
    assert mixed <= ngrams.perplexity(TOKENS[60:120]).perplexity + 1e-4  # where EM stops
    mixture.save(tmp_path / "mix.fe")
    again = fe.InterpolatedLM.load(tmp_path / "mix.fe")
    assert again.perplexity(TOKENS[:9]).perplexity == mixture.perplexity(TOKENS[:9]).perplexity
