"""A list of words as two arrays, so that a million of them open in microseconds by mmap.

``blob`` holds the UTF-8 bytes of all words end to end, word ``i`` is
``blob[offsets[i]:offsets[i + 1]]``. Vocabularies and vectors share this one representation; a
Python string is made when a word is asked for, the dictionary when it is needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError, VocabularyError
from fastembed.core.files import StrPath

if TYPE_CHECKING:
    from fastembed._native._words import WordTable

__all__ = ["WordList", "offsets_fit"]


def offsets_fit(offsets: NDArray[np.uint64], size: int) -> bool:
    """Whether offsets begin at 0, do not decrease and end at ``size``."""
    if offsets.ndim != 1 or len(offsets) == 0 or int(offsets[0]) != 0 or int(offsets[-1]) != size:
        return False
    step = 1 << 16  # that stay in the cache
    return all(
        bool(np.all(part[1:] >= part[:-1]))
        for part in (offsets[i : i + step + 1] for i in range(0, len(offsets), step))
    )


class WordList(Sequence[str]):
    """Words in a fixed order, each with its index.

    Parameters
    ----------
    blob : ndarray of uint8, shape (total bytes,)
        UTF-8 bytes of all words.
    offsets : ndarray of uint64, shape (n + 1,)
        Where each word begins in ``blob``; the last one is the size of ``blob``.
    order : ndarray of uint32, shape (n,), optional
        The permutation that sorts the words by their bytes, as `sorted_order` gives it. With it
        `find` bisects and no dictionary is built, so that a mapped file of a million words
        answers at once.

    Examples
    --------
    >>> words = WordList.from_words(["the", "naïve", "cat"])
    >>> words[1], len(words), words.find("cat"), words.find("dog")
    ('naïve', 3, 2, -1)
    """

    def __init__(
        self,
        blob: NDArray[np.uint8],
        offsets: NDArray[np.uint64],
        order: NDArray[np.uint32] | None = None,
    ) -> None:
        if offsets.ndim != 1 or len(offsets) == 0 or int(offsets[-1]) != len(blob):
            raise ValueError(
                "offsets must have one entry more than there are words and end at "
                f"the size of blob ({len(blob)})"
            )
        if order is not None and order.shape != (len(offsets) - 1,):
            raise ValueError(f"order must have {len(offsets) - 1} entries; got {order.shape}")
        self.blob = blob
        self.offsets = offsets
        self._order = order
        self._name = "the list of words"

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        path: StrPath,
        *,
        names: tuple[str, str] = ("word_bytes", "word_offsets"),
        order: NDArray[np.uint32] | None = None,
    ) -> WordList:
        """The words of a file that was opened: its arrays ``names``, kept and not copied.

        What every reader of such a file relies on is checked here, a pass over the offsets; the
        bytes are not read. A word that is no UTF-8 is a FormatError when it is asked for.

        Raises
        ------
        FormatError
            An array is missing or of another type, or an offset lies outside; names ``path``.
        """
        for name, dtype in zip(names, ("u1", "u8"), strict=True):
            if name not in arrays or arrays[name].dtype != dtype or arrays[name].ndim != 1:
                raise FormatError(f"{path}: expected an array {name!r} of dtype {dtype} (1-d)")
        blob, offsets = (arrays[name] for name in names)
        if not offsets_fit(offsets, len(blob)):
            raise FormatError(
                f"{path}: {names[1]!r} must begin at 0, not decrease, and end at {len(blob)}, the "
                f"size of {names[0]!r}: the file is damaged"
            )
        try:
            words = cls(blob, offsets, order)
        except ValueError as error:
            raise FormatError(f"{path}: the list of words is damaged ({error})") from None
        words._name = f"{path}: the list of words"
        return words

    @classmethod
    def from_words(cls, words: Iterable[str]) -> WordList:
        """Build the two arrays from Python strings."""
        encoded = [word.encode("utf-8") for word in words]
        offsets = np.zeros(len(encoded) + 1, dtype=np.uint64)
        np.cumsum([len(word) for word in encoded], out=offsets[1:], dtype=np.uint64)
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"word index {index} is out of range for {n} words")
        index %= n
        try:
            return self.bytes_at(index).decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"{self._name} is damaged: word {index} is not UTF-8") from error

    def bytes_at(self, index: int) -> bytes:
        """UTF-8 bytes of word ``index`` (0 <= index < len)."""
        return self.blob[int(self.offsets[index]) : int(self.offsets[index + 1])].tobytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_list())

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.find(word) >= 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WordList):
            return NotImplemented
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.blob, other.blob)

    __hash__ = None  # type: ignore[assignment]

    def to_list(self) -> list[str]:
        """All words as Python strings (cached)."""
        return self._list

    @cached_property
    def _list(self) -> list[str]:
        data, ends = self.blob.tobytes(), self.offsets.tolist()
        try:
            return [data[a:b].decode("utf-8") for a, b in itertools.pairwise(ends)]
        except UnicodeDecodeError:
            return [self[i] for i in range(len(self))]  # says which

    @cached_property
    def index(self) -> dict[str, int]:  # type: ignore[override]
        """Dictionary from word to its (first) index; built when first asked for."""
        words = self._list
        # from the end, so that the first of two equal words wins
        return dict(zip(reversed(words), range(len(words) - 1, -1, -1), strict=True))

    @cached_property
    def table(self) -> WordTable:
        """Native table from word to index, to be read only; VocabularyError if one stands twice."""
        from fastembed._native._words import WordTable

        table = WordTable()
        ids = table.add(self.blob, self.offsets, np.zeros(len(self), dtype=np.int64))
        twice = np.flatnonzero(ids != np.arange(len(ids), dtype=np.uint32))
        if len(twice):
            raise VocabularyError(f"{self[int(twice[0])]!r} is in the vocabulary twice")
        return table

    def find(self, word: str) -> int:
        """Index of ``word`` (the first of equal ones), -1 if it is not there."""
        if self._order is None or "index" in self.__dict__:
            return self.index.get(word, -1)
        from fastembed._native._vectors import find_word

        try:
            encoded = word.encode("utf-8")
        except UnicodeEncodeError:  # a lone surrogate is in no file
            return -1
        found = find_word(self.blob, self.offsets, self._order, encoded)
        if found == -2:
            raise FormatError(f"{self._name} is damaged: its order points outside")
        return found

    def with_word(self, index: int, word: str) -> WordList:
        """The same words, another one in the place of ``index``."""
        first, last = int(self.offsets[index]), int(self.offsets[index + 1])
        new = np.frombuffer(word.encode("utf-8"), dtype=np.uint8)
        offsets = self.offsets.astype(np.int64)
        offsets[index + 1 :] += len(new) - (last - first)
        blob = np.concatenate([self.blob[:first], new, self.blob[last:]])
        return WordList(blob, offsets.astype(np.uint64))

    def locate(self, word: str) -> int:
        """The same by looking at the words themselves: for a few look-ups no index is worth it."""
        wanted = np.frombuffer(word.encode("utf-8"), dtype=np.uint8)
        begins = self.offsets[:-1]
        same = np.flatnonzero(self.offsets[1:] - begins == len(wanted))
        for i in range(len(wanted)):
            same = same[self.blob[begins[same] + np.uint64(i)] == wanted[i]]
        return int(same[0]) if len(same) else -1

    def first_with(self, signs: bytes) -> int:
        """Index of the first word that holds one of these (ASCII) bytes, -1 if none does.

        Examples
        --------
        >>> WordList.from_words(["the", "New York", ""]).first_with(b" \\t")
        1
        """
        start, stop = int(self.offsets[0]), int(self.offsets[-1])
        held = np.isin(self.blob[start:stop], np.frombuffer(signs, dtype=np.uint8))
        if not held.any():
            return -1
        at = start + int(np.argmax(held))
        return int(np.searchsorted(self.offsets, np.uint64(at), side="right")) - 1

    def sorted_order(self) -> NDArray[np.uint32]:
        """The permutation that sorts the words by their bytes, equal ones by index (kept)."""
        if self._order is None:
            from fastembed._native._vectors import sort_words

            self._order = sort_words(self.blob, self.offsets)
        return self._order
