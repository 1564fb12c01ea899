"""evaluate.pmi and evaluate.association against plain Python, nltk's numbers and the literature."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import oracle_pmi as oracle
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

import fastembed as fe
from fastembed.evaluate import pmi
from fastembed.evaluate.association import MEASURES, association
from fastembed.evaluate.pmi import Associations

GOLDEN = json.loads((Path(__file__).parent / "golden" / "pmi.json").read_text())
SENTENCES = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "naïve", "日本"]), max_size=12), min_size=1, max_size=8
).filter(lambda sentences: any(sentences))


@given(
    cells=st.tuples(*[st.integers(0, 60)] * 4).filter(lambda cells: cells[0] + cells[1] > 0),
    measure=st.sampled_from(MEASURES),
)
def test_measures_equal_the_oracle(cells, measure):
    both, one, other, _ = cells
    counts = both, both + one, both + other, sum(cells)
    expected = getattr(oracle, measure)(*counts)
    assert float(association(*counts, measure)) == pytest.approx(expected, abs=1e-9)


def test_measures_of_arrays_and_limits():
    joint = np.array([[0, 3], [9, 9]])
    found = association(joint, [[5], [9]], [6, 9], 9, "npmi")
    expected = [[oracle.npmi(joint[i, j], (5, 9)[i], (6, 9)[j], 9) for j in (0, 1)] for i in (0, 1)]
    np.testing.assert_allclose(found, expected)
    assert association(0, 5, 6, 9) == -math.inf
    assert association(0, 5, 6, 9, "npmi") == -1
    assert association(4, 4, 4, 8, "npmi") == 1
    # independent events have none
    for measure in MEASURES:
        assert float(association(6, 20, 30, 100, measure)) == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="measure must be one of pmi, npmi, ami, llr"):
        association(1, 2, 3, 4, "chi2")


@pytest.mark.parametrize("table", GOLDEN["tables"], ids=lambda table: str(table["counts"]))
def test_nltk_has_the_same_numbers(table):
    assert float(association(*table["counts"], "pmi")) == pytest.approx(table["pmi"], rel=1e-12)
    assert float(association(*table["counts"], "llr")) == pytest.approx(table["llr"], rel=1e-9)


# Manning & Schuetze, "Foundations of statistical natural language processing" (1999), chapter 5:
# table 5.14 (mutual information) and the first row of table 5.12 (likelihood ratios).
NEW_YORK_TIMES = 14307668
TABLE_5_14 = [
    (18.38, 42, 20, 20), (17.98, 41, 27, 20), (16.31, 30, 117, 20), (15.94, 77, 59, 20),
    (15.19, 24, 320, 20), (1.09, 14907, 9017, 20), (1.01, 13484, 10570, 20),
    (0.53, 14734, 13478, 20), (0.46, 14093, 14776, 20), (0.29, 15019, 15629, 20),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "first", "second", "joint"), TABLE_5_14)
def test_mutual_information_of_the_textbook(expected, first, second, joint):
    found = float(association(joint, first, second, NEW_YORK_TIMES))
    assert round(found, 2) == expected


def test_likelihood_ratio_of_the_textbook():
    # "most powerful"
    assert float(association(150, 12593, 932, NEW_YORK_TIMES, "llr")) == pytest.approx(
        1291.42, rel=1e-4
    )


# ---------------------------------------------------------------------------- pairs of a text


def tables(sentences, near, window):
    """joint[a, b], first[a], second[b], total: by going through the text."""
    joint = Counter()
    if near == "document":
        have = Counter(word for words in sentences for word in set(words))
        for words in sentences:
            joint.update(itertools.product(set(words), repeat=2))
        return joint, have, have, sum(1 for words in sentences if words)
    reach = 1 if near == "bigram" else window
    for words in sentences:
        for i, j in itertools.combinations(range(len(words)), 2):
            if j - i <= reach:
                joint[words[i], words[j]] += 1
                if near == "window":
                    joint[words[j], words[i]] += 1
    first, second = Counter(), Counter()
    for (a, b), count in joint.items():
        first[a] += count
        second[b] += count
    return joint, first, second, sum(joint.values())


@given(
    sentences=SENTENCES, near=st.sampled_from(["window", "bigram", "document"]),
    window=st.sampled_from([1, 2, 5]), measure=st.sampled_from(MEASURES),
)  # fmt: skip
@examples(50)
def test_pairs_of_a_text(sentences, near, window, measure):
    joint, first, second, total = tables(sentences, near, window)
    pairs = Associations.of(sentences, near=near, window=window)
    assert pairs.total == total
    words = list(pairs.counts.vocabulary_)
    listed = []
    for a, b in itertools.product(words, words):
        counts = joint[a, b], first[a], second[b]
        found = pairs.collocation(a, b, measure)
        assert found[2:] == counts
        if total == 0:
            continue
        if all(counts[1:]):
            expected = getattr(oracle, measure)(*counts, total)
            assert found.score == pytest.approx(expected, abs=1e-9)
        above = counts[0] * total > counts[1] * counts[2]
        once = near == "bigram" or words.index(a) <= words.index(b)
        if above and once and not (near == "document" and a == b):
            listed.append((a, b))
    top = pairs.top(measure, min_count=1, topn=100)
    assert {pair.words for pair in top} == set(listed)
    scores = [pair.score for pair in top]
    assert scores == sorted(scores, reverse=True)
    for word in words:
        expected = {pair for pair in listed if word in pair}
        some = pairs.top(measure, min_count=1, topn=100, word=word)
        found = {pair.words for pair in some}
        assert {frozenset(pair) for pair in found} == {frozenset(pair) for pair in expected}
        if near != "bigram":
            assert all(pair.words[0] == word for pair in some)


def test_top_takes_the_best_of_many_blocks(monkeypatch, kjv_text):
    counts = fe.Cooccurrence(window=2, weights="flat", min_count=1).fit(kjv_text)
    whole = Associations(counts).top("pmi", min_count=3, topn=40)
    monkeypatch.setattr(pmi, "BLOCK", 997)
    assert Associations(counts).top("pmi", min_count=3, topn=40) == whole
    everything = Associations(counts).top("pmi", min_count=3, topn=10**6)
    assert everything[:40] == whole
    # equal scores: the more frequent pair first
    for one, two in itertools.pairwise(everything):
        assert (one.score, one.joint) >= (two.score, two.joint) or one.score > two.score


def test_average_mutual_information_of_a_text():
    sentences = [["a", "b", "a", "b"], ["c", "a"], ["b", "b", "c"]]
    joint, first, second, total = tables(sentences, "bigram", 1)
    expected = sum(
        n / total * math.log2(n * total / (first[a] * second[b])) for (a, b), n in joint.items()
    )
    pairs = Associations.of(sentences, near="bigram")
    assert pairs.average_mutual_information() == pytest.approx(expected)
    with pytest.raises(ValueError, match="not documents"):
        Associations.of(sentences, near="document").average_mutual_information()


def test_functions_take_text_counts_and_files(tmp_path):
    text = ["new york is new", "old york is old", "new york"]
    (tmp_path / "text.txt").write_text("\n".join(text))
    counts = fe.Cooccurrence(window=1, weights="flat", symmetric=False, min_count=1).fit(
        tmp_path / "text.txt", path=tmp_path / "counts.fe"
    )
    for source in (text, str(tmp_path / "text.txt"), counts, tmp_path / "counts.fe"):
        assert pmi.pmi(source, "new", "york", near="bigram") == pytest.approx(math.log2(14 / 6))
        top = fe.evaluate.top_collocations(source, min_count=2)
        assert [pair.words for pair in top] == [("york", "is"), ("new", "york")]
    scores = Associations(counts).scores([("new", "york"), ("york", "new")], "npmi")
    assert scores[1] == -1
    assert 0 < scores[0] < 1


def test_wrong_arguments():
    text = ["a b a b", "c d"]
    with pytest.raises(KeyError, match="'x' is not in the vocabulary"):
        pmi.pmi(text, "a", "x")
    with pytest.raises(ValueError, match="near must be one of window, bigram, document"):
        pmi.pmi(text, "a", "b", near="page")
    pairs = Associations.of(text)
    with pytest.raises(ValueError, match="measure must be one of"):
        pairs.top("chi2")
    with pytest.raises(ValueError, match="topn"):
        pairs.top(topn=0)
    with pytest.raises(KeyError):
        pairs.top(word="x")
    with pytest.raises(TypeError, match="a Cooccurrence is needed"):
        Associations.of(fe.WordDocument(min_count=1).fit(text))
    assert Associations.of(["a", "b"]).top() == []
