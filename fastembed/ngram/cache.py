"""CacheLM: what was said lately is said again (Kuhn & De Mori 1990).

    p(w) = how often w is among the last ``size`` words / how many they are

The cache remembers across sentences, so text must be scored in its order. Alone it gives most words
no probability: mix it with a model in an `fastembed.InterpolatedLM`, whose weights are fitted by
EM.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.evaluate.perplexity import with_ends
from fastembed.io.native import NativeFile
from fastembed.ngram.files import NativeModel
from fastembed.ngram.sentence_model import SentenceModel
from fastembed.text.wordlist import WordList

__all__ = ["CacheLM"]


class CacheLM(SentenceModel, NativeModel):
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

    kind: ClassVar[str] = "cache model"

    def __init__(
        self, words: WordList, special_ids: tuple[int, int, int], *, size: int = 500
    ) -> None:
        if size < 1:
            raise ValueError(f"size must be >= 1; got {size}")
        self._words, self._special_ids, self.size = words, special_ids, size
        self.order, self.workers = 1 + size, None
        self.reset()

    @classmethod
    def like(cls, model: Any, *, size: int = 500) -> Self:
        """A cache with the vocabulary of a model."""
        return cls(model.words, model.special_ids, size=size)

    @property
    def words(self) -> WordList:
        """The vocabulary; ids are indices."""
        return self._words

    @property
    def special_ids(self) -> tuple[int, int, int]:
        """Ids of ``<unk>``, ``<s>`` and ``</s>``."""
        return self._special_ids

    def reset(self) -> None:
        """Forget everything."""
        self._memory = np.empty(0, dtype=np.uint32)

    def score_ids(
        self, ids: NDArray[np.uint32], offsets: NDArray[np.uint64]
    ) -> NDArray[np.float64]:
        """log10 probability of each token of some sentences, which are remembered."""
        unk, _, eos = self.special_ids
        tokens = with_ends(ids, offsets, eos)
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
        context, ids = self._as_ids(context_ids, "context_ids"), self._as_ids(ids)
        history = np.concatenate([self._memory, context[context != bos], ids])
        known = history != unk
        scores = np.full(len(history), -math.inf)
        scores[known] = self._frequencies(history[known])
        return scores[len(history) - len(ids) :]

    # ------------------------------------------------------------------ word by word

    def _score(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.uint64],
        bos: bool,
        eos: bool,
        workers: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        tokens = with_ends(ids, offsets, self.special_ids[2]) if eos else ids
        return self.logprob(tokens), np.zeros(len(tokens), dtype=np.uint8)

    def _begin(self, bos: bool) -> NDArray[np.uint32]:
        """A state is the words that are remembered."""
        return self._memory

    def _step(self, state: NDArray[np.uint32], word: int) -> tuple[NDArray[np.uint32], float]:
        unk, bos, _ = self.special_ids
        if word in (unk, bos):
            return state, -math.inf
        count = int((state == word).sum())
        log_prob = math.log10(count / len(state)) if count else -math.inf
        return np.append(state, np.uint32(word))[-self.size :], log_prob

    def _following(self, state: NDArray[np.uint32], workers: int) -> NDArray[np.float32]:
        counts = np.bincount(state, minlength=len(self.words))
        with np.errstate(divide="ignore"):
            return np.log10(counts / max(len(state), 1)).astype(np.float32)

    # ------------------------------------------------------------------ files

    def to_native(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of the native file; what is remembered is not part of it."""
        arrays: dict[str, NDArray[Any]] = {
            "word_bytes": self.words.blob,
            "word_offsets": self.words.offsets,
        }
        return arrays, {"kind": self.kind, "size": self.size, "special_ids": list(self.special_ids)}

    @classmethod
    def from_native(cls, file: NativeFile, path: StrPath, *, workers: int | None = None) -> Self:
        """The cache of an opened file; FormatError if it is damaged or holds something else."""
        cls.check_kind(file, path)
        metadata, words = file.metadata, WordList.from_arrays(file.arrays, path)
        try:
            unk, bos, eos = map(int, metadata["special_ids"])
            if not 0 <= min(unk, bos, eos) <= max(unk, bos, eos) < len(words):
                raise ValueError("special_ids are no words")
            return cls(words, (unk, bos, eos), size=int(metadata["size"]))
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the cache model is damaged ({error})") from None
