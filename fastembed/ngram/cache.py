"""CacheLM: what was said lately is said again (Kuhn & De Mori 1990).

    p(w) = how often w is among the last ``size`` words / how many they are

The cache remembers across sentences, so text must be scored in its order. Alone it gives most words
no probability: mix it with a model in an `fastembed.InterpolatedLM`, whose weights are fitted by
EM.
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.text.wordlist import WordList

__all__ = ["CacheLM"]


class CacheLM:
    """The relative frequencies of the last words.

    Parameters
    ----------
    words : WordList
        The vocabulary.
    special_ids : tuple of int
        Ids of ``<unk>``, ``<s>`` and ``</s>``.
    size : int
        How many words are remembered; ``</s>`` is one, unknown words are not.

    Examples
    --------
    >>> words = WordList.from_words(["<unk>", "<s>", "</s>", "a", "b"])
    >>> cache = CacheLM(words, (0, 1, 2), size=3)
    >>> scores = cache.score_ids(np.array([3, 3, 4, 3], np.uint32), np.array([0, 4], np.uint64))
    >>> (10 ** scores).round(3).tolist()  # a a b a </s>
    [0.0, 1.0, 0.0, 0.667, 0.0]
    """

    def __init__(
        self, words: WordList, special_ids: tuple[int, int, int], *, size: int = 500
    ) -> None:
        if size < 1:
            raise ValueError(f"size must be >= 1; got {size}")
        self.words, self.special_ids, self.size = words, special_ids, size
        self.reset()

    @classmethod
    def like(cls, model: Any, *, size: int = 500) -> Self:
        """A cache with the vocabulary of a model."""
        return cls(model.words, model.special_ids, size=size)

    def reset(self) -> None:
        """Forget everything."""
        self._memory = np.empty(0, dtype=np.uint32)

    def score_ids(
        self, ids: NDArray[np.uint32], offsets: NDArray[np.uint64]
    ) -> NDArray[np.float64]:
        """log10 probability of each token of some sentences, which are remembered."""
        unk, _, eos = self.special_ids
        n = len(offsets) - 1
        tokens = np.full(len(ids) + n, eos, dtype=np.uint32)
        lengths = (offsets[1:] - offsets[:-1]).astype(np.int64)
        tokens[np.arange(len(ids)) + np.repeat(np.arange(n), lengths)] = ids
        history = np.concatenate([self._memory, tokens])
        known = history != unk
        scores = np.full(len(history), -math.inf)
        scores[known] = self._frequencies(history[known])
        self._memory = history[known][-self.size :]
        return scores[len(history) - len(tokens) :]

    def _frequencies(self, words: NDArray[np.uint32]) -> NDArray[np.float64]:
        """log10 of the share of each word among the ``size`` before it."""
        n = len(words)
        # places of equal words side by side; how many of them lie in the window before each
        order = np.argsort(words, kind="stable")
        keys = words[order].astype(np.int64) * (n + 1) + order
        begin = words[order].astype(np.int64) * (n + 1) + np.maximum(order - self.size, 0)
        count = np.empty(n)
        count[order] = np.arange(n) - np.searchsorted(keys, begin)
        with np.errstate(divide="ignore"):
            return np.log10(count) - np.log10(np.clip(np.arange(n), 1, self.size))

    def logprob(self, ids: ArrayLike, context_ids: ArrayLike = ()) -> NDArray[np.float64]:
        """log10 p(ids[i]) after ``context_ids`` and ids[:i] alone; nothing is remembered."""
        unk, bos, _ = self.special_ids
        context = np.atleast_1d(np.asarray(context_ids, dtype=np.uint32))
        ids = np.atleast_1d(np.asarray(ids, dtype=np.uint32))
        history = np.concatenate([self._memory, context[context != bos], ids])
        known = history != unk
        scores = np.full(len(history), -math.inf)
        scores[known] = self._frequencies(history[known])
        return scores[len(history) - len(ids) :]
