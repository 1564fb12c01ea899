"""Texts of blank lines: each is the sentence ``<s> </s>``, for counting, estimating and scoring."""

from __future__ import annotations

import json
import math

import pytest
from ngram_helpers import as_dicts, same_counts

from fastembed import BrownClusters, Corpus, CorpusError, NeuralLM, NgramLM, Vocabulary, Word2Vec
from fastembed.core.errors import VocabularyError
from fastembed.ngram.counts import NgramCounts, count_ngrams

BLANK = [[], [], []]
EXPECTED = [{("<s>",): 3, ("</s>",): 3}, {("<s>", "</s>"): 3}]


@pytest.fixture
def blank(tmp_path):
    path = tmp_path / "blank.txt"
    path.write_text("\n \n\t\r\n")
    return path


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_count(blank, order, workers):
    for text in (BLANK, blank, Corpus(BLANK)):
        for more in ({}, {"min_count": 2}, {"vocab": Vocabulary.from_counts({"a": 1})}):
            counts = count_ngrams(text, order, workers=workers, **more)
            levels = EXPECTED[: min(order, 2)] + [{}] * (order - 2)
            assert as_dicts(counts) == levels
            assert (counts.n_tokens, counts.n_sentences) == (3, 3)


def test_symbols_alone_are_counted():
    assert count_ngrams([["<unk>"], []], 2)["<unk>", "</s>"] == 1
    assert count_ngrams([["<s>", "</s>"]], 2, symbols="skip")["<s>", "</s>"] == 1


def test_a_blank_shard(tmp_path, kjv_text):
    text = [line.split() for line in kjv_text.read_text().splitlines()[:50]]
    whole = count_ngrams([*BLANK, *text], 3)
    blank, rest = count_ngrams(BLANK, 3), count_ngrams(text, 3)
    same_counts(blank.merge(rest), whole)
    same_counts(rest.merge(blank), whole)
    same_counts(blank.merge(blank), count_ngrams(BLANK * 2, 3))
    blank.save(tmp_path / "x.fe")
    same_counts(NgramCounts.load(tmp_path / "x.fe"), blank)
    blank.write_tsv(tmp_path / "x.tsv")
    assert as_dicts(NgramCounts.read_tsv(tmp_path / "x.tsv")) == EXPECTED


def test_fit_and_score(blank, tmp_path):
    model = NgramLM(order=3, smoothing="witten_bell").fit(blank)
    wanted = 3 / 4 + 1 / 4 * (3 / 4 + 1 / 4 * 1 / 2)  # p(</s> | <s>), of <unk> and </s>
    assert math.isclose(10 ** model.score_sentence(""), wanted, rel_tol=1e-6)
    found = model.perplexity(blank)
    assert (found.tokens, found.words, found.sentences) == (3, 0, 3)
    assert math.isclose(found.log_prob, 3 * model.score_sentence(""))
    assert model.perplexity(BLANK) == found
    model.save(tmp_path / "x.fe")
    assert NgramLM.load(tmp_path / "x.fe").perplexity(blank) == found


def test_commands(run_cli, blank, tmp_path):
    how = ("--order", 2, "--smoothing", "witten_bell", "-q")
    for name in ("x.fe", "y.fe"):
        assert run_cli("lm", "train", blank, *how, "-o", tmp_path / name).status == 0
    for models in (["x.fe"], ["x.fe", "y.fe"]):
        paths = [tmp_path / name for name in models]
        done = run_cli("lm", "perplexity", *paths, "-", "--json", stdin=blank.read_bytes())
        assert done.status == 0, done.err
        found = json.loads(done.out)
        for figures in [found] if len(models) == 1 else found:
            assert (figures["tokens"], figures["words"], figures["sentences"]) == (3, 0, 3)


@pytest.mark.parametrize("text", [[], [[], []]])
def test_others_need_words(text):
    trainers = [
        BrownClusters(n_clusters=2, min_count=1),
        Word2Vec(min_count=1),
        NeuralLM(min_count=1),
    ]
    for trainer in trainers:
        with pytest.raises(CorpusError, match="no words"):
            trainer.fit(text)


def test_what_has_no_sentence_has_nothing_to_count(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    for text in ([], tmp_path / "empty.txt"):
        with pytest.raises(CorpusError, match="no words"):
            count_ngrams(text, 2)
    with pytest.raises(CorpusError, match="no words"):
        count_ngrams(BLANK, 2, keep_empty=False)
    with pytest.raises(VocabularyError, match="no word occurs min_count=5 times"):
        count_ngrams([["a"], []], 2, min_count=5)
