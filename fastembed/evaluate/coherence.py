"""Topic coherence: do the first words of a topic belong together in a text?

NPMI over sliding windows as in Röder, Both & Hinneburg, "Exploring the space of topic coherence
measures" (2015), their C_NPMI; UMass of Mimno, Wallach, Talley, Leenders & McCallum, "Optimizing
semantic coherence in topic models" (2011). docs/pmi.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed.core.progress import Progress, progress_of
from fastembed.core.threads import resolve_workers
from fastembed.text.corpus import Corpus, open_corpus
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.encoder import UNK
from fastembed.text.vocabulary import Vocabulary

__all__ = ["CoherenceMeasure", "TopicCoherence", "topic_coherence"]

CoherenceMeasure = Literal["npmi", "umass"]
WINDOW = {"npmi": 10, "umass": 0}  # words; 0 for whole documents
EPSILON = 1e-12  # of NPMI, added to the probability of both words
BLOCK = 1 << 22  # words of the text that are read at a time


@dataclass(frozen=True)
class TopicCoherence:
    """The coherence of each topic, and their mean."""

    measure: CoherenceMeasure
    window: int
    scores: list[float]
    n_windows: int

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        figures = {name: getattr(self, name) for name in ("measure", "window", "n_windows")}
        return {**figures, "mean": self.mean, "scores": self.scores}


def topic_coherence(
    topics: Sequence[Sequence[str]],
    source: Any,
    *,
    measure: CoherenceMeasure = "npmi",
    window: int | None = None,
    workers: int | None = None,
    progress: Progress | bool | None = None,
) -> TopicCoherence:
    """How coherent lists of words are in a text: the mean over all pairs of a list.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, the most probable first (which matters for UMass).
    source : Corpus, EncodedCorpus, path or re-iterable of token lists
        The text; a sentence (line) of it is a document. Read once.
    measure : {"npmi", "umass"}
    window : int, optional
        Words of a sliding window; 0 for whole documents. Default: 10 for NPMI, 0 for UMass.
    workers : int, optional
    progress : Progress or bool, optional

    Returns
    -------
    TopicCoherence

    Raises
    ------
    ValueError
        A topic has less than two words or one twice, or an argument is out of range.
    KeyError
        A word does not occur in the text.
    CorpusError
        The text cannot be read.

    Examples
    --------
    >>> text = ["cats and dogs", "dogs chase cats", "stocks and bonds", "bonds fell as stocks fell"]
    >>> found = topic_coherence([["cats", "dogs"], ["cats", "bonds"]], text)
    >>> [round(score, 3) for score in found.scores], found.n_windows
    ([1.0, -0.95], 4)
    """
    if measure not in get_args(CoherenceMeasure):
        allowed = ", ".join(get_args(CoherenceMeasure))
        raise ValueError(f"measure must be one of {allowed}; got {measure!r}")
    size = WINDOW[measure] if window is None else window
    if size < 0:
        raise ValueError(f"window must be an integer >= 0; got {window}")
    index = _index_words(topics)
    counts, n_windows = _count(index, source, size, resolve_workers(workers), progress_of(progress))
    for word, i in index.items():
        if counts[i, i] == 0:
            raise KeyError(f"the word {word!r} of a topic does not occur in the text")
    score = _umass if measure == "umass" else _npmi
    rows = (np.array([index[word] for word in topic]) for topic in topics)
    scores = [score(counts[np.ix_(row, row)].astype(np.float64), n_windows) for row in rows]
    return TopicCoherence(measure, size, scores, n_windows)


def _index_words(topics: Sequence[Sequence[str]]) -> dict[str, int]:
    index: dict[str, int] = {}
    for number, topic in enumerate(topics):
        if isinstance(topic, str) or len(topic) < 2 or len(set(topic)) < len(topic):
            raise ValueError(f"topic {number} must be a list of two or more different words")
        for word in topic:
            index.setdefault(word, len(index))
    if not index:
        raise ValueError("there is no topic")
    if UNK in index:
        raise ValueError(f"{UNK} stands for other words; it cannot be a word of a topic")
    return index


def _npmi(counts: NDArray[np.float64], n_windows: int) -> float:
    i, j = np.tril_indices(len(counts), -1)
    each = np.diag(counts) / n_windows
    joint = counts[i, j] / n_windows + EPSILON
    ratio = np.log(joint) - np.log(each[i]) - np.log(each[j])
    always = counts[i, j] == n_windows
    return float(np.mean(np.where(always, 1.0, ratio / -np.log(np.where(always, 0.5, joint)))))


def _umass(counts: NDArray[np.float64], n_windows: int) -> float:
    # the later word given the earlier one
    i, j = np.tril_indices(len(counts), -1)
    return float(np.mean(np.log((counts[i, j] + 1) / np.diag(counts)[j])))


# ----------------------------------------------------------------------------------- counting


def _count(
    index: dict[str, int], source: Any, size: int, workers: int, progress: Progress
) -> tuple[NDArray[np.int64], int]:
    """Windows with each pair of words, on the diagonal with each word; and all windows."""
    from fastembed._native._coherence import count_windows

    found = open_corpus(source)
    counts = np.zeros((len(index), len(index)), dtype=np.int64)
    n_windows = 0
    with _encoded(found, index, workers, progress) as encoded:
        ours = np.full(len(encoded.vocabulary), len(index), dtype=np.uint32)
        for i, word in enumerate(encoded.vocabulary):
            ours[i] = index.get(word, len(index))
        progress.start(encoded.n_tokens, "words", "counting windows")
        for start, offsets in _pieces(encoded, size):
            ids = ours[encoded.read(start, start + int(offsets[-1]))]
            n_windows += count_windows(ids, offsets, size, counts, workers)
            progress.update(start + int(offsets[-1]))
        progress.close()
    return counts, n_windows


def _encoded(
    source: Corpus | EncodedCorpus, index: dict[str, int], workers: int, progress: Progress
) -> EncodedCorpus:
    """The text with all words in their places; those of no topic are one unknown word."""
    if isinstance(source, EncodedCorpus):
        return source.shared()
    vocabulary = Vocabulary([*index, UNK], np.zeros(len(index) + 1, dtype=np.int64))
    return source.encode(vocabulary, oov="unk", workers=workers, progress=progress)


def _pieces(encoded: EncodedCorpus, size: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Where to read, and the offsets of documents from there, about BLOCK words at a time.

    A document that is longer comes in pieces that share the words of the windows between them.
    """
    ends = encoded.offsets.view(np.int64)
    first = 0
    while first < encoded.n_sentences:
        start = int(ends[first])
        last = int(np.searchsorted(ends, start + BLOCK, side="right")) - 1
        if last > first:
            yield start, ends[first : last + 1] - start
            first = last
            continue
        stop = int(ends[first + 1])
        step = stop - start if size == 0 else BLOCK
        # the last windows begin at stop - size
        begins = [*range(start, max(stop - size, start) + 1, step)]
        for begin, end in pairwise([*begins, stop]):
            here = end if end == stop else end + size - 1
            yield begin, np.array([0, here - begin])
        first += 1
