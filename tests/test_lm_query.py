"""The query tables and the scoring kernel against the oracle, on every instruction set."""

from __future__ import annotations

import copy
import itertools
import math

import numpy as np
import pytest
from oracle_lm import OracleLM, random_arpa

from fastembed import FormatError, NgramLM
from fastembed._native import _kernels, _lmquery, _lmscore
from fastembed.ngram.arpa_reader import read_arpa
from fastembed.ngram.binary import QueryTables, RepeatedNgram
from fastembed.ngram.tables import BackoffTables, Level
from fastembed.text.wordlist import WordList

ORDERS = [1, 2, 3, 5, 7]


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    _kernels.select(request.param)
    yield request.param
    _kernels.select(before)


def make(tmp_path, seed, order, vocabulary=30, tokens=600, **options):
    text = random_arpa(seed, order, vocabulary, tokens)
    (tmp_path / "x.arpa").write_text(text)
    return read_arpa(tmp_path / "x.arpa", **options), OracleLM.parse(text)


def sentences(oracle, seed, lengths):
    rng = np.random.default_rng(seed)
    words = [w for (w,) in oracle.levels[0] if w not in ("<s>", "</s>")] + ["unseen"]
    ngrams = [n for n in oracle.levels[-1] if n[0] != "<s>" and "</s>" not in n]
    result = []
    for length in lengths:
        sentence: list[str] = []
        while len(sentence) < length:  # n-grams of the model and words at random
            if ngrams and rng.random() < 0.5:
                sentence += ngrams[rng.integers(len(ngrams))]
            else:
                sentence.append(words[rng.integers(len(words))])
        result.append(sentence[:length])
    return result


@pytest.mark.parametrize("order", ORDERS)
def test_scores_are_the_oracles(tmp_path, isa, order):
    tables, oracle = make(tmp_path, order, order)
    model = NgramLM.from_tables(tables)
    # lengths around the blocks of 1,024 tokens, the 32 lines ahead and the batches of 64 words
    for words in sentences(oracle, 1, [0, 1, 2, 17, 32, 33, 63, 64, 65, 1022, 1023, 1024, 2100]):
        for bos, eos in itertools.product([True, False], repeat=2):
            wanted = oracle.sentence(words, bos, eos)
            for given in (" ".join(words), words):
                found = model.full_scores(given, bos, eos)
                assert [tuple(score)[1:] for score in found] == [score[1:] for score in wanted]
                assert [score.log_prob for score in found] == pytest.approx(
                    [score[0] for score in wanted], rel=1e-5, abs=1e-5
                )
            total = sum(score[0] for score in wanted)
            text = " \t\n ".join(["", *words, ""])
            assert model.score_sentence(text, bos, eos) == pytest.approx(total, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_many_sentences_at_once(tmp_path, isa, workers):
    tables, oracle = make(tmp_path, 11, 4)
    rng = np.random.default_rng(0)
    texts = sentences(oracle, 2, [*rng.integers(0, 60, 900).tolist(), 9000, 0, 0])
    model = NgramLM.from_tables(tables, workers=workers)
    result = model.perplexity(texts)
    perplexity, without, tokens, oov = oracle.perplexity(texts)
    assert (result.tokens, result.oov, result.sentences) == (tokens, oov, len(texts))
    assert result.words == tokens - len(texts)
    assert result.perplexity == pytest.approx(perplexity, rel=1e-6)
    assert result.perplexity_without_oov == pytest.approx(without, rel=1e-6)
    assert result.entropy == pytest.approx(np.log2(perplexity), rel=1e-6)
    alone = NgramLM.from_tables(tables, workers=1).perplexity(texts)
    assert result == alone  # to the bit


@pytest.mark.parametrize("order", ORDERS)
def test_states(tmp_path, isa, order):
    tables, oracle = make(tmp_path, 20 + order, order)
    model = NgramLM.from_tables(tables)
    for words in sentences(oracle, 3, [1, 2, 5, 40]):
        for state, bos in ((model.begin_state(), True), (model.null_state(), False)):
            for word, wanted in zip(words, oracle.sentence(words, bos, eos=False), strict=True):
                state, log_prob = model.score(state, word)
                assert log_prob == pytest.approx(wanted[0], rel=1e-5, abs=1e-5)
            assert len(state.words) == min(order - 1, len(words) + bos)
    known = [w for w in words if w != "unseen"][-1]
    a, b = (model.score(state, known)[0] for state in (model.null_state(), model.null_state()))
    assert a == b
    assert hash(a) == hash(b)
    if order > 1:
        assert a != model.null_state()
        assert copy.copy(a) == copy.deepcopy(a) == a


@pytest.mark.parametrize("order", ORDERS)
def test_distribution_is_what_each_word_gets(tmp_path, isa, order):
    tables, oracle = make(tmp_path, 30 + order, order, vocabulary=300)
    model = NgramLM.from_tables(tables, workers=2)
    for context in ([], ["<s>"], ["w1", "w2"], sentences(oracle, 4, [9])[0]):
        found = model.distribution(context)
        known = tuple(oracle.known(word) for word in context)
        wanted = [oracle.score(known, word)[0] for word in model.words]
        wanted[model.special_ids[1]] = -math.inf  # <s> is never predicted
        assert found.tolist() == pytest.approx(wanted, rel=1e-5, abs=1e-5)
        for word in ("w7", "</s>", "unseen"):
            assert model.logscore(word, context) == found[model.id_of(word)]


def test_uniform_scheme():
    """What is listed after a history has its probability, all else the history's."""
    words = WordList.from_words(["<unk>", "<s>", "</s>", "a", "b"])
    f4, u4 = np.float32, np.uint32
    one, back = f4([-1, -99, -1.5, -0.5, -2]), f4([-9, -7, -9, -8, -9])
    levels = [
        Level(np.arange(5, dtype=u4), u4([]), one, back),
        Level(u4([3, 1]), u4([2, 3]), f4([-0.25, -0.125]), f4([])),  # a </s>, <s> a
    ]  # fmt: skip
    tables = BackoffTables(words, levels, 0, 1, 2, "uniform", {})
    model = NgramLM.from_tables(QueryTables.from_backoff(tables))
    found = [score.log_prob for score in model.full_scores("a b a")]
    assert found == [-0.125, -8.0, -9.0, -0.25]
    assert model.score_sentence("", bos=False) == -1.5
    tri = Level(u4([1]), u4([0]), f4([-0.0625]), f4([]))  # <s> a </s>
    levels[1] = Level(u4([3, 1]), u4([2, 3]), f4([-0.25, -0.125]), f4([-3, -4]))
    tables = BackoffTables(words, [*levels, tri], 0, 1, 2, "uniform", {})
    model = NgramLM.from_tables(QueryTables.from_backoff(tables))
    assert [score.log_prob for score in model.full_scores("a")] == [-0.125, -0.0625]
    # <s> a is there and b is not listed; "a b" is no history: 1 / 4 words
    found = [score.log_prob for score in model.full_scores("a b b")]
    assert found == pytest.approx([-0.125, -4.0, -np.log10(4), -np.log10(4)])
    assert model.distribution("<s> a").tolist() == pytest.approx([-4, -math.inf, -0.0625, -4, -4])


@pytest.mark.parametrize("bits", [32, 16, 8])
@pytest.mark.parametrize("workers", [1, 3])
def test_tables_give_back_their_ngrams(tmp_path, bits, workers):
    tables, oracle = make(tmp_path, 5, 4, vocabulary=200, tokens=4000, bits=bits, workers=workers)
    back = tables.to_backoff()
    assert [len(level) for level in back.levels] == [len(level) for level in oracle.levels]
    for k, level in enumerate(back.levels, 1):
        ngrams = [tuple(back.words[i] for i in back.ngram(k, row)) for row in range(len(level))]
        wanted = np.array([oracle.levels[k - 1][ngram] for ngram in ngrams], dtype=np.float32)
        # unigrams are never quantised, nor what takes few values
        allowed = {32: 0, 16: 0, 8: 0.05}[bits] if k > 1 else 0
        assert np.abs(level.log_prob - wanted[:, 0]).mean() <= allowed
        if k < 4:
            assert np.abs(level.backoff - wanted[:, 1]).mean() <= allowed


def test_tables_do_not_depend_on_workers(tmp_path):
    rng = np.random.default_rng(1)
    v, n = 5000, 100_000
    keys = np.sort(rng.choice(v * v, n, replace=False))
    words = WordList.from_words(["<unk>", "<s>", "</s>", *(f"w{i}" for i in range(v - 3))])
    one = rng.normal(-3, 1, v).astype(np.float32)
    two = rng.normal(-3, 1, n).astype(np.float32)
    levels = [
        Level(np.arange(v, dtype=np.uint32), np.empty(0, np.uint32), one, one),
        Level((keys % v).astype(np.uint32), (keys // v).astype(np.uint32), two, two[:0]),
    ]
    tables = BackoffTables(words, levels, 0, 1, 2)
    first, *others = (QueryTables.from_backoff(tables, workers=w) for w in (1, 2, 5))
    assert len(first.levels[0]["banks"]) > 2  # lines were full
    for other in others:
        assert other.levels == first.levels
        for name, array in first.arrays.items():
            assert np.array_equal(array, other.arrays[name]), name
    back = first.to_backoff().levels[1]
    assert np.array_equal(back.parent.astype(np.int64) * v + back.word, keys)
    assert np.array_equal(back.log_prob, two)


def test_absent_ngrams_are_not_found(tmp_path):
    """Quotient keys are exact: no other bigram is taken for one that is there."""
    v = 300
    rng = np.random.default_rng(2)
    there = np.sort(rng.choice(v * v, 20_000, replace=False))
    words = WordList.from_words(["<unk>", "<s>", "</s>", *(f"w{i}" for i in range(v - 3))])
    zero, one = np.zeros(v, dtype=np.float32), np.ones(len(there), dtype=np.float32)
    levels = [
        Level(np.arange(v, dtype=np.uint32), np.empty(0, np.uint32), zero, zero),
        Level((there % v).astype(np.uint32), (there // v).astype(np.uint32), -one, one[:0]),
    ]
    tables = QueryTables.from_backoff(BackoffTables(words, levels, 0, 1, 2))
    keys = np.arange(v * v)
    ids = np.stack([keys % v, keys // v], axis=1).astype(np.uint32)
    nodes = np.empty(len(ids), dtype=np.uint64)
    tables.query.walk(2, ids, nodes, 2)
    assert np.array_equal(np.flatnonzero(nodes != np.uint64(_lmquery.NONE)), there)
    assert len(np.unique(nodes[there])) == len(there)
    ids[:, 0] = v  # no word
    tables.query.walk(2, ids, nodes, 1)
    assert (nodes == np.uint64(_lmquery.NONE)).all()


def test_repeated_ngram(tmp_path):
    tables = make(tmp_path, 1, 2)[0].to_backoff()
    level = tables.levels[1]
    twice = np.append(np.arange(len(level)), 7)
    tables.levels[1] = Level(
        level.word[twice], level.parent[twice], level.log_prob[twice], level.backoff
    )
    with pytest.raises(RepeatedNgram) as error:
        QueryTables.from_backoff(tables)
    assert (error.value.order, error.value.row) == (2, len(level))


@pytest.mark.parametrize("bits", [32, 16, 8])
@pytest.mark.parametrize("mmap", [True, False])
def test_native_file(tmp_path, bits, mmap):
    tables, oracle = make(tmp_path, 6, 3, bits=bits)
    model = NgramLM.from_tables(tables)
    model.save(tmp_path / "x.fe")
    again = NgramLM.load(tmp_path / "x.fe", mmap=mmap, verify=True)
    assert again.tables_.counts == tables.counts
    assert again.tables_.bits == bits
    for words in sentences(oracle, 5, [0, 3, 50, 300]):
        assert again.full_scores(words) == model.full_scores(words)
    again.save(tmp_path / "y.fe")
    assert (tmp_path / "x.fe").read_bytes() == (tmp_path / "y.fe").read_bytes()


def test_damaged_native_file(tmp_path):
    """Bytes that change are found by verify, and never lead out of the arrays."""
    tables, oracle = make(tmp_path, 7, 3)
    NgramLM.from_tables(tables).save(tmp_path / "x.fe")
    data = bytearray((tmp_path / "x.fe").read_bytes())
    begin = 8 + int.from_bytes(data[:8], "little")
    rng = np.random.default_rng(3)
    text = " ".join(sentences(oracle, 6, [500])[0])
    for _ in range(60):
        bad = bytearray(data)
        for at in rng.integers(begin, len(data), 40).tolist():
            bad[at] = int(rng.integers(256))
        (tmp_path / "bad.fe").write_bytes(bad)
        with pytest.raises(FormatError):
            NgramLM.load(tmp_path / "bad.fe", verify=True)
        try:
            model = NgramLM.load(tmp_path / "bad.fe")
            model.score_sentence(text)
            model.distribution("w1 w2")
            model.tables_.to_backoff()
        except (FormatError, UnicodeDecodeError):
            pass
    (tmp_path / "cut.fe").write_bytes(data[:-100])
    with pytest.raises(FormatError):
        NgramLM.load(tmp_path / "cut.fe")


def test_states_belong_to_their_model(tmp_path):
    tables, _ = make(tmp_path, 8, 3)
    state = NgramLM.from_tables(tables).begin_state()
    with pytest.raises(ValueError, match="word 99999 of a model"):
        _lmscore.step(tables.query, state, 99999)
    with pytest.raises(TypeError):
        _lmscore.step(tables.query, None, 1)
    other = NgramLM.from_tables(make(tmp_path, 9, 3)[0])
    with pytest.raises(ValueError, match="another model"):
        other.score(state, "w1")
