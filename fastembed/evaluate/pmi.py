"""Which words belong together: association of pairs, collocations of a text or of a word.

`Associations` reads any `Cooccurrence`; the functions take one, or a text and what "near" means.
docs/pmi.md says what is counted, what N is, and has the formulas.

Examples
--------
>>> from fastembed.evaluate import pmi
>>> text = [["new", "york", "is", "new"], ["old", "york", "is", "old"], ["new", "york"]]
>>> pmi.pmi(text, "new", "york", near="bigram")
1.222392421336448
>>> pmi.top_collocations(text, near="bigram", min_count=2, topn=1)[0].words
('york', 'is')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed.core.progress import Progress
from fastembed.evaluate.association import MEASURES, Measure, association

if TYPE_CHECKING:
    from fastembed.embed.cooccurrence import Cooccurrence

__all__ = ["Associations", "Collocation", "Measure", "Near", "pmi", "top_collocations"]

Near = Literal["window", "bigram", "document"]
BLOCK = 1 << 20  # pairs that are judged at a time


class Collocation(NamedTuple):
    """A pair of words with its measure and its counts."""

    words: tuple[str, str]
    score: float
    joint: float  # how often the two are together
    first: float  # how often the first is part of a pair; with documents: in how many it is
    second: float


class Associations:
    """Measures of association from the counts of pairs.

    Parameters
    ----------
    counts : Cooccurrence
        Pairs in a window (all pairs are the occasions, and the sums of a word's row and column
        its counts) or in a document (documents are the occasions).

    Attributes
    ----------
    counts : Cooccurrence
    total : float
        N, the number of occasions.
    first, second : ndarray of float64, shape (V,)
        How often each word is the first, and the second, of a pair.
    ordered : bool
        Whether (a, b) differs from (b, a).

    Examples
    --------
    >>> pairs = Associations.of([["a", "b", "a", "b"], ["c", "d"]], near="bigram")
    >>> pairs.score("a", "b"), pairs.score("b", "c"), pairs.total
    (1.0, -inf, 4.0)
    """

    def __init__(self, counts: Cooccurrence) -> None:
        self.counts = counts
        n = len(counts.vocabulary_)
        documents = counts.unit == "document"
        self.ordered = not (documents or counts.symmetric)
        if documents:
            self.first = self.second = self._diagonal()
            self.total = float(counts.n_sentences_)
            return
        self.first = counts.row_sums()
        self.second = self.first
        if self.ordered:
            self.second = np.zeros(n)
            for _, columns, joint in self._blocks():
                self.second += np.bincount(columns, weights=joint, minlength=n)
        self.total = float(self.first.sum())

    @classmethod
    def of(
        cls,
        source: Any,
        *,
        near: Near = "window",
        window: int = 5,
        memory: int | str | None = None,
        workers: int | None = None,
        progress: Progress | bool | None = None,
    ) -> Associations:
        """Of counts (or a file of them) as they are; of a text, counted here, every word of it.

        Parameters
        ----------
        source : Cooccurrence, Corpus, EncodedCorpus, path or re-iterable of token lists
        near : {"window", "bigram", "document"}
            At most ``window`` words apart in one sentence, in either order; one behind the other,
            in order; in one sentence (line) of the text. For a text only, as are the next two.
        window : int
        memory : int or str, optional
            Bytes for counting, such as "4G".

        Raises
        ------
        ValueError, TypeError
            An argument is out of range.
        CorpusError, FormatError
            The text or the counts cannot be read.
        """
        # counts of pairs are one use of this module, and much to import
        from fastembed.embed.cooccurrence import Cooccurrence
        from fastembed.embed.counted import open_counts

        counts = open_counts(source)
        if counts is None:
            if near not in get_args(Near):
                raise ValueError(f"near must be one of {', '.join(get_args(Near))}; got {near!r}")
            counts = Cooccurrence(
                window=1 if near == "bigram" else window,
                weights="flat",
                symmetric=near != "bigram",
                unit="document" if near == "document" else "window",
                min_count=1,
                memory=memory,
                workers=workers,
            ).fit(source, progress=progress)
        return cls(counts)

    # ---------------------------------------------------------------------------------- pairs

    def joint(self, first: str, second: str) -> float:
        """How often two words are together.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        """
        vocabulary, counts = self.counts.vocabulary_, self.counts
        i, j = vocabulary[first], vocabulary[second]
        begin, end = counts.indptr[i], counts.indptr[i + 1]
        at = begin + int(np.searchsorted(counts.indices[begin:end], j))
        return float(counts.data[at]) if at < end and counts.indices[at] == j else 0.0

    def collocation(self, first: str, second: str, measure: Measure = "pmi") -> Collocation:
        """A pair of words with its measure and its counts; KeyError for an unknown word."""
        vocabulary = self.counts.vocabulary_
        joint = self.joint(first, second)
        n = float(self.first[vocabulary[first]]), float(self.second[vocabulary[second]])
        score = float(association(joint, *n, self.total, measure))
        return Collocation((first, second), score, joint, *n)

    def score(self, first: str, second: str, measure: Measure = "pmi") -> float:
        """The measure of one pair; KeyError for an unknown word."""
        return self.collocation(first, second, measure).score

    def scores(
        self, pairs: Iterable[tuple[str, str]], measure: Measure = "pmi"
    ) -> NDArray[np.float64]:
        """The measures of several pairs, shape (n,)."""
        return np.array([self.score(a, b, measure) for a, b in pairs], dtype=np.float64)

    def average_mutual_information(self) -> float:
        """Of the two words of a pair, in bits: sum of P(w, c) log2 P(w, c) / (P(w) P(c)).

        Raises
        ------
        ValueError
            The counts are of documents, where words are no outcomes of one event.
        """
        if self.counts.unit == "document":
            raise ValueError("average mutual information is of words in windows, not documents")
        total = 0.0
        for rows, columns, joint in self._blocks():
            pmi = association(joint, self.first[rows], self.second[columns], self.total)
            total += float(joint @ pmi)
        return total / self.total if self.total else 0.0

    # ------------------------------------------------------------------------------------ top

    def top(
        self,
        measure: Measure = "llr",
        *,
        min_count: float = 5,
        topn: int = 10,
        word: str | None = None,
    ) -> list[Collocation]:
        """The pairs with the highest measure, best first; equal ones by count, then by rank.

        Only pairs that are together more often than chance (PMI > 0) are listed, since G^2 and
        AMI are high for pairs that avoid each other, too. Of (a, b) and (b, a), which are the
        same where order does not count, the one with the more frequent word first.

        Parameters
        ----------
        measure : {"pmi", "npmi", "ami", "llr"}
        min_count : float
            Leave out pairs that are together less often: PMI is highest where it rests on least.
        topn : int
        word : str, optional
            Only pairs with this word.

        Raises
        ------
        KeyError
            The word is not in the vocabulary.
        ValueError
            An argument is out of range.
        """
        if measure not in MEASURES:
            raise ValueError(f"measure must be one of {', '.join(MEASURES)}; got {measure!r}")
        if topn < 1:
            raise ValueError(f"topn must be an integer >= 1; got {topn}")
        wanted = None if word is None else self.counts.vocabulary_[word]
        best = _Best(topn)
        for rows, columns, joint in self._blocks(wanted):
            keep = joint >= max(min_count, np.finfo(float).tiny)
            keep &= joint * self.total > self.first[rows] * self.second[columns]
            if wanted is not None:
                keep &= (rows == wanted) | (columns == wanted)
            if not self.ordered and wanted is None:
                keep &= rows <= columns
            if self.counts.unit == "document":
                keep &= rows != columns
            rows, columns, joint = rows[keep], columns[keep], joint[keep]
            score = association(joint, self.first[rows], self.second[columns], self.total, measure)
            best.offer(score, joint, rows, columns)
        words = self.counts.vocabulary_.words
        return [
            Collocation(
                (words[i], words[j]), score, joint, float(self.first[i]), float(self.second[j])
            )
            for score, joint, i, j in best.listed()
        ]

    def _blocks(
        self, word: int | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]]:
        """Rows, columns and counts of some pairs at a time; of a word's row where that is all."""
        counts = self.counts
        start, stop = 0, counts.nnz
        if word is not None and not self.ordered:
            start, stop = int(counts.indptr[word]), int(counts.indptr[word + 1])
        for begin in range(start, stop, BLOCK):
            end = min(begin + BLOCK, stop)
            # the rows that these entries belong to
            first = int(np.searchsorted(counts.indptr, begin, side="right")) - 1
            last = int(np.searchsorted(counts.indptr, end, side="left"))
            ends = np.clip(counts.indptr[first : last + 1], begin, end)
            rows = np.repeat(np.arange(first, last), np.diff(ends))
            yield rows, counts.indices[begin:end], counts.data[begin:end].astype(np.float64)

    def _diagonal(self) -> NDArray[np.float64]:
        """How many documents have each word."""
        diagonal = np.zeros(len(self.counts.vocabulary_))
        for rows, columns, joint in self._blocks():
            here = rows == columns
            diagonal[rows[here]] = joint[here]
        return diagonal


class _Best:
    """The n highest of pairs that come in blocks."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.columns: list[NDArray[Any]] = [np.empty(0) for _ in range(4)]

    def offer(self, *block: NDArray[Any]) -> None:
        """score, joint, row, column of each pair."""
        columns = [np.concatenate(both) for both in zip(self.columns, block, strict=True)]
        if len(columns[0]) > self.n:
            # all that equal the last one stay until the ties are decided
            least = np.partition(columns[0], -self.n)[-self.n]
            columns = [column[columns[0] >= least] for column in columns]
            score, joint, row, column = columns
            order = np.lexsort((column, row, -joint, -score))[: self.n]
            columns = [part[order] for part in columns]
        self.columns = columns

    def listed(self) -> list[tuple[float, float, int, int]]:
        """In order."""
        score, joint, row, column = self.columns
        order = np.lexsort((column, row, -joint, -score))
        return [
            (float(score[k]), float(joint[k]), int(row[k]), int(column[k])) for k in order.tolist()
        ]


def pmi(source: Any, first: str, second: str, *, measure: Measure = "pmi", **options: Any) -> float:
    """The association of two words in a text or in counts.

    Parameters
    ----------
    source : Cooccurrence, Corpus, EncodedCorpus, path or re-iterable of token lists
    first, second : str
    measure : {"pmi", "npmi", "ami", "llr"}
    **options
        near, window, memory, workers, progress: as of `Associations.of`. For many pairs make one
        `Associations`, which counts once.

    Raises
    ------
    KeyError
        A word is not in the text.

    Examples
    --------
    >>> text = ["new york is new", "old york is old", "new york"]
    >>> pmi(text, "new", "york", near="bigram", measure="llr")
    4.556689230424724
    """
    return Associations.of(source, **options).score(first, second, measure)


def top_collocations(
    source: Any,
    *,
    measure: Measure = "llr",
    min_count: float = 5,
    topn: int = 10,
    word: str | None = None,
    near: Near = "bigram",
    **options: Any,
) -> list[Collocation]:
    """The pairs of words that belong together most, of a text or of one of its words.

    Parameters
    ----------
    source : Cooccurrence, Corpus, EncodedCorpus, path or re-iterable of token lists
    measure, min_count, topn, word
        As of `Associations.top`.
    near : {"bigram", "window", "document"}
    **options
        window, memory, workers, progress: as of `Associations.of`.

    Raises
    ------
    KeyError
        The word is not in the text.
    ValueError
        An argument is out of range.

    Examples
    --------
    >>> text = ["new york is new", "old york is old", "new york"]
    >>> [pair.words for pair in top_collocations(text, min_count=2)]
    [('york', 'is'), ('new', 'york')]
    """
    pairs = Associations.of(source, near=near, **options)
    return pairs.top(measure, min_count=min_count, topn=topn, word=word)
