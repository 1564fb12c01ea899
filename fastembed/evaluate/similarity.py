"""Word similarity: do cosines rank pairs of words as people do?

Spearman's and Pearson's correlation of the cosines with the scores of a file, once without the
pairs that have an unknown word and once with a cosine of 0 for them.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_read
from fastembed.evaluate import bootstrap

if TYPE_CHECKING:
    from fastembed.embed.keyed_vectors import KeyedVectors

__all__ = ["Correlation", "Pair", "SimilarityReport", "read_pairs", "similarity"]

Pair = tuple[str, str, float]


class Correlation(NamedTuple):
    """A coefficient, its two-sided p-value, its 95 % bootstrap interval; NaN where undefined."""

    value: float
    p_value: float
    interval: bootstrap.Interval | None = None


@dataclass(frozen=True)
class SimilarityReport:
    """What `similarity` found.

    ``spearman`` and ``pearson`` leave out pairs with an unknown word; ``spearman_with_oov`` and
    ``pearson_with_oov`` give those pairs a cosine of 0.
    """

    pairs: int
    oov: int
    spearman: Correlation
    pearson: Correlation
    spearman_with_oov: Correlation
    pearson_with_oov: Correlation
    restrict_vocab: int | None
    case_insensitive: bool
    dummy4unknown: bool
    n_bootstrap: int
    seed: int

    @property
    def answered(self) -> int:
        """Pairs of which both words are known."""
        return self.pairs - self.oov

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold; null for what is not defined."""
        result: dict[str, Any] = {
            "pairs": self.pairs,
            "answered": self.answered,
            "oov": self.oov,
            "restrict_vocab": self.restrict_vocab,
            "case_insensitive": self.case_insensitive,
            "n_bootstrap": self.n_bootstrap,
            "seed": self.seed,
        }
        for name in ("spearman", "pearson", "spearman_with_oov", "pearson_with_oov"):
            value, p_value, interval = getattr(self, name)
            result[name] = {
                "value": value if math.isfinite(value) else None,
                "p_value": p_value if math.isfinite(p_value) else None,
                "interval": interval,
            }
        return result

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    def table(self) -> str:
        """The correlations as lines of text."""
        lines = [f"{self.answered} of {self.pairs} pairs, {self.oov} with unknown words"]
        for label, plain, with_oov in (
            ("Spearman", self.spearman, self.spearman_with_oov),
            ("Pearson", self.pearson, self.pearson_with_oov),
        ):
            interval = ""
            if plain.interval is not None:
                interval = "  95% interval {:.3f} - {:.3f}".format(*plain.interval)
            lines.append(
                f"{label:<8}  {plain.value:.3f}  p = {plain.p_value:.2g}{interval}"
                f"  with OOV as 0: {with_oov.value:.3f}"
            )
        return "\n".join(lines)

    def gensim_result(self) -> tuple[Any, Any, float]:
        """What gensim's ``evaluate_word_pairs`` returns: Pearson, Spearman, percentage of OOV."""
        pearson, spearman = self.pearson, self.spearman
        if self.dummy4unknown:
            pearson, spearman = self.pearson_with_oov, self.spearman_with_oov
        return pearson[:2], spearman[:2], 100.0 * self.oov / self.pairs


# ------------------------------------------------------------------------------------- files


def read_pairs(
    path: StrPath, *, delimiter: str | None = None, encoding: str = "utf8"
) -> list[Pair]:
    """Read a file of word pairs: two words and a score a line.

    Parameters
    ----------
    path : path
        Blank lines and lines that begin with ``#`` are left out, and so is a first line whose
        score is not a number: a header. Columns behind the third are not looked at.
    delimiter : str, optional
        What separates the columns; by default a tab, comma, semicolon or white space, whichever
        of these the first line has.

    Raises
    ------
    FormatError
        Names the line.

    Examples
    --------
    >>> from fastembed.core import data
    >>> read_pairs(data.path("word_similarity.tsv"))[0]
    ('begin', 'start', 9.0)
    """
    codecs.lookup(encoding)
    pairs: list[Pair] = []
    first = True
    with open_read(path, error=FormatError) as file:
        for number, raw in enumerate(file, 1):
            try:
                line = raw.decode(encoding).removeprefix("\ufeff").rstrip("\r\n")
            except UnicodeDecodeError as error:
                problem = f"not {encoding} ({error.reason})"
                raise FormatError(f"{path}: line {number}: {problem}") from None
            if not line.strip() or line.startswith("#"):
                continue
            if delimiter is None:
                delimiter = next((mark for mark in "\t,;" if mark in line), r"\s+")
            fields = _columns(line, delimiter)
            score = _number(fields[2]) if len(fields) >= 3 else None
            if score is not None and fields[0] and fields[1]:
                pairs.append((fields[0], fields[1], score))
            elif not (first and len(fields) >= 3):
                raise FormatError(
                    f"{path}: line {number}: expected two words and a number; found {line[:60]!r}"
                )
            first = False
    if not pairs:
        raise FormatError(f"{path}: no word pairs in this file")
    return pairs


def _columns(line: str, delimiter: str) -> list[str]:
    parts = re.split(delimiter, line.strip()) if delimiter == r"\s+" else line.split(delimiter)
    return [part.strip() for part in parts]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


# -------------------------------------------------------------------------------- evaluation


def similarity(
    kv: KeyedVectors,
    pairs: StrPath | Sequence[Pair],
    *,
    delimiter: str | None = None,
    encoding: str = "utf8",
    restrict_vocab: int | None = 300000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> SimilarityReport:
    """Correlate cosines with the scores of word pairs.

    Parameters
    ----------
    kv : KeyedVectors
    pairs : path, or list of (word, word, score)
        A file as `read_pairs` takes it, with ``delimiter`` and ``encoding``.
    restrict_vocab : int, optional
        Use only the first so many words.
    case_insensitive : bool
        Compare words in upper case; of words that differ only in case the first is used.
    dummy4unknown : bool
        Which of the two ways ``gensim_result`` gives.
    n_bootstrap, seed : int
        Samples of the intervals, and where they begin. 0 samples: no intervals.

    Returns
    -------
    SimilarityReport

    Raises
    ------
    FormatError
        A line of the file is malformed.

    Examples
    --------
    >>> import fastembed as fe
    >>> kv = fe.KeyedVectors(["cat", "dog", "car"], np.array([[1, 0], [0.9, 0.1], [0, 1]], "f4"))
    >>> pairs = [("cat", "dog", 9.0), ("cat", "car", 1.0), ("dog", "car", 2.0)]
    >>> report = similarity(kv, pairs)
    >>> round(report.spearman.value, 6), report.oov
    (1.0, 0)
    """
    from fastembed.evaluate.analogy import vocabulary

    if not isinstance(pairs, Sequence) or isinstance(pairs, str):
        pairs = read_pairs(pairs, delimiter=delimiter, encoding=encoding)
    index, _ = vocabulary(kv, restrict_vocab, case_insensitive)
    gold = np.array([score for _, _, score in pairs], dtype=np.float64)
    cosines = np.zeros(len(pairs))
    known = np.zeros(len(pairs), dtype=bool)
    for i, (a, b, _) in enumerate(pairs):
        if case_insensitive:
            a, b = a.upper(), b.upper()
        if a in index and b in index:
            cosines[i], known[i] = kv.similarity(index[a], index[b]), True
    plain = _correlate(gold[known], cosines[known], n_bootstrap, seed)
    with_oov = _correlate(gold, cosines, n_bootstrap, seed)
    return SimilarityReport(
        len(pairs),
        int((~known).sum()),
        *plain,
        *with_oov,
        restrict_vocab,
        case_insensitive,
        dummy4unknown,
        n_bootstrap,
        seed,
    )


def _correlate(
    gold: NDArray[np.float64], cosines: NDArray[np.float64], n: int, seed: int
) -> tuple[Correlation, Correlation]:
    """Spearman and Pearson; NaN where there are too few pairs or one side is constant."""
    nothing = Correlation(math.nan, math.nan)
    if len(gold) < 2 or np.ptp(gold) == 0 or np.ptp(cosines) == 0:
        return nothing, nothing
    from scipy import stats

    spearman = stats.spearmanr(gold, cosines)
    pearson = stats.pearsonr(gold, cosines)
    return (
        Correlation(
            float(spearman[0]),
            float(spearman[1]),
            bootstrap.of_pairs(_spearman_rows, gold, cosines, n, seed),
        ),
        Correlation(
            float(pearson[0]),
            float(pearson[1]),
            bootstrap.of_pairs(_pearson_rows, gold, cosines, n, seed),
        ),
    )


def _pearson_rows(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's coefficient of each row of x with that of y; NaN where one is constant."""
    x = x - x.mean(axis=1, keepdims=True)
    y = y - y.mean(axis=1, keepdims=True)
    spread = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, (x * y).sum(axis=1) / spread, np.nan)


def _spearman_rows(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    return _pearson_rows(rankdata(x, axis=1), rankdata(y, axis=1))
