"""A corpus in parts that fit into memory, laid out and indexed for counting."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fastembed._native._cooc import Part
from fastembed._native._cooc_text import END, distinct, index, lay
from fastembed.embed.cooccurrence_plan import Plan
from fastembed.text.encoded import EncodedCorpus

__all__ = ["IndexedPart", "document_parts", "window_parts"]


class IndexedPart:
    """A part, how many places each word has in it, and at most how many words around a place."""

    def __init__(self, part: Part, starts: NDArray[np.uint64], reach: int) -> None:
        self.part = part
        self.places = np.diff(starts).astype(np.int64)
        self.work = self.places * reach

    def most(self) -> NDArray[np.int64]:
        """Entries that each row may have."""
        return np.minimum(self.work, len(self.places))


def window_parts(
    encoded: EncodedCorpus, weights: NDArray[np.uint64], symmetric: bool, plan: Plan
) -> Iterator[IndexedPart]:
    """Parts of a corpus for windows.

    A part may begin and end within a sentence: it is laid out with the words of the window around
    it, which are context of its places and no places of its own. The corpus is closed when all of
    it was read, so that its memory is free for the counts.
    """
    offsets, room = encoded.offsets, plan.part - 2 * len(weights) - 2
    first = 0
    while first < encoded.n_tokens:
        last = _cut(offsets, first, encoded.n_tokens, room)
        # nothing here keeps a part while the next one is made
        yield _window_part(encoded, offsets, first, last, weights, symmetric, plan)
        first = last


def _cut(offsets: NDArray[np.uint64], first: int, last: int, room: int) -> int:
    """The end of a part that begins at token ``first``: ids and ends of sentences fit ``room``."""
    before = int(np.searchsorted(offsets, first, side="right"))

    def size(token: int) -> int:
        return token - first + int(np.searchsorted(offsets, token, side="right")) - before

    after = bisect_right(range(first, last + 1), room, key=size)
    return max(first + after - 1, first + 1)


def _window_part(
    encoded: EncodedCorpus,
    offsets: NDArray[np.uint64],
    first: int,
    last: int,
    weights: NDArray[np.uint64],
    symmetric: bool,
    plan: Plan,
) -> IndexedPart:
    """Tokens first to last."""
    window = len(weights)
    low = int(np.searchsorted(offsets, first, side="right")) - 1
    high = int(np.searchsorted(offsets, last, side="left"))
    begin = max(int(offsets[low]), first - window) if symmetric else first
    end = min(int(offsets[high]), last + window)
    text = np.empty(end - begin + high - low + 2, dtype=np.uint32)
    text[0], n = END, 1
    for at in range(begin, end, plan.block):
        ids = encoded.read(at, min(at + plan.block, end))
        low = int(np.searchsorted(offsets, at, side="right")) - 1
        high = int(np.searchsorted(offsets, at + len(ids), side="left"))
        n += lay(ids, at, offsets[low : high + 1], text[n:])
    if last == encoded.n_tokens:
        encoded.close()
    if text[n - 1] != END:
        text[n], n = END, n + 1
    text = text[:n]
    starts, places = index(
        text,
        len(encoded.vocabulary),
        1 + first - begin,
        n - 1 - (end - last),
        window=window,
        symmetric=symmetric,
        workers=plan.workers,
    )
    part = Part(text, starts, places, weights=weights, symmetric=symmetric)
    return IndexedPart(part, starts, window * (1 + symmetric))


def document_parts(encoded: EncodedCorpus, plan: Plan) -> Iterator[IndexedPart]:
    """Parts of a corpus for documents: whole ones, each word of which is taken once."""
    offsets, n_documents = encoded.offsets, encoded.n_sentences
    first = 0
    while first < n_documents:
        begin = int(offsets[first])

        def size(document: int, first: int = first, begin: int = begin) -> int:
            return int(offsets[document]) - begin + document - first

        after = bisect_right(range(first, n_documents + 1), plan.part, key=size)
        last = max(first + after - 1, first + 1)
        yield _document_part(encoded, offsets[first : last + 1], plan)
        first = last


def _document_part(encoded: EncodedCorpus, offsets: NDArray[np.uint64], plan: Plan) -> IndexedPart:
    """The documents that begin and end at ``offsets``."""
    n_words, n_documents = len(encoded.vocabulary), len(offsets) - 1
    begin, end = int(offsets[0]), int(offsets[-1])
    # a document that is longer than a part stands alone, and has each word once
    text = np.empty(min(end - begin, max(plan.part, n_words)) + 1, dtype=np.uint32)
    seen = np.zeros(n_words, dtype=np.uint32)
    ends, n = np.zeros(n_documents + 1, dtype=np.uint64), 0
    for at in range(begin, end, plan.block):
        ids = encoded.read(at, min(at + plan.block, end))
        low = max(int(np.searchsorted(offsets, at, side="left")) - 1, 0)
        high = int(np.searchsorted(offsets, at + len(ids), side="right"))
        n = distinct(ids, at, offsets, low, min(high, n_documents), seen, text, n, ends)
    starts, places = index(
        text[: n + 1], n_words, 0, n_documents, documents=ends, workers=plan.workers
    )
    longest = int(np.diff(ends).max())
    return IndexedPart(Part(text, starts, places, documents=ends), starts, longest)
