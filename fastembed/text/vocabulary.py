"""The words of a text with their counts: which id each has, and which are kept.

Ids follow the count, highest first, then the bytes of the word, so that a vocabulary is the same
on every run and for any number of workers. Special words, if any, come before all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed._native._words import NO_ID, WordTable, take_words
from fastembed.core.errors import FormatError, VocabularyError
from fastembed.core.files import StrPath, open_read, open_write
from fastembed.core.fingerprint import new_digest
from fastembed.text.wordlist import WordList

__all__ = ["Vocabulary", "check_specials", "rank_words"]

_T = TypeVar("_T")


class Vocabulary:
    """Words in order of their ids, with counts.

    Parameters
    ----------
    words : WordList or sequence of str
        Every word once, none empty.
    counts : array_like of int64, shape (n,)
        How often each occurs, in the same order.
    specials : sequence of str
        The first words, which stay whatever their count (``<unk>``, ``<s>``, ``</s>``).
    n_raw_tokens : int, optional
        Words of the text, those too that are not in the vocabulary; default the sum of counts.

    Raises
    ------
    ValueError
        Counts do not match the words, or are negative.
    VocabularyError
        A word is empty or stands twice, or specials are not the first words.
    TypeError
        ``specials`` is one string.

    Examples
    --------
    >>> vocabulary = Vocabulary.from_counts({"cat": 2, "the": 5, "sat": 2})
    >>> list(vocabulary), vocabulary.counts.tolist(), vocabulary["sat"]
    (['the', 'cat', 'sat'], [5, 2, 2], 2)
    >>> "dog" in vocabulary, vocabulary.get("dog"), len(vocabulary.truncate(min_count=3))
    (False, None, 1)
    """

    words: WordList
    counts: NDArray[np.int64]
    specials: tuple[str, ...]
    n_raw_tokens: int

    def __init__(
        self,
        words: WordList | Sequence[str],
        counts: ArrayLike,
        *,
        specials: Sequence[str] = (),
        n_raw_tokens: int | None = None,
    ) -> None:
        self.words = words if isinstance(words, WordList) else _distinct(words)
        check_specials(specials)
        self.counts = np.ascontiguousarray(counts, dtype=np.int64)
        self.specials = tuple(specials)
        if self.counts.shape != (len(self.words),) or np.any(self.counts < 0):
            raise ValueError(
                f"counts must be {len(self.words)} numbers >= 0, one for each word; "
                f"got shape {self.counts.shape}"
            )
        empty = np.flatnonzero(self.words.offsets[1:] == self.words.offsets[:-1])
        if len(empty):
            raise VocabularyError(f"word {int(empty[0])} of the vocabulary is empty")
        if self.words[: len(self.specials)] != list(self.specials):
            raise VocabularyError(
                f"the specials {', '.join(self.specials)} must be the first words of the vocabulary"
            )
        self.n_raw_tokens = int(self.counts.sum()) if n_raw_tokens is None else n_raw_tokens

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], *, specials: Sequence[str] = ()) -> Vocabulary:
        """Words from a mapping to counts, put in order; empty words are left out."""
        kept = {word: count for word, count in counts.items() if word}
        numbers = np.fromiter(kept.values(), dtype=np.int64, count=len(kept))
        return rank_words(WordList.from_words(kept), numbers, min_count=0, specials=specials)[0]

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.words

    def __getitem__(self, word: str) -> int:
        """Id of a word; KeyError if it is not there."""
        found = self.words.find(word)
        if found < 0:
            raise KeyError(f"word {word!r} is not in the vocabulary")
        return found

    def get(self, word: str, default: _T | None = None) -> int | _T | None:
        """Id of a word, ``default`` if it is not there."""
        found = self.words.find(word)
        return found if found >= 0 else default

    def id_of(self, word: str) -> int:
        """Id of a word; KeyError if it is not there."""
        return self[word]

    def word_of(self, index: int) -> str:
        """Word of an id; IndexError if there is none."""
        return self.words[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return (
            self.specials == other.specials
            and self.words == other.words
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self):,} words, {int(self.counts.sum()):,} tokens>"

    def truncate(self, min_count: int = 1, max_vocab: int | None = None) -> Vocabulary:
        """Keep words that occur ``min_count`` times, and the first ``max_vocab`` of them.

        Specials stay and are not counted.

        Raises
        ------
        VocabularyError
            No word is left; names ``min_count`` and the highest counts.
        """
        _check_limits(min_count, max_vocab)
        n = len(self.specials)
        kept = n + np.flatnonzero(self.counts[n:] >= min_count)[:max_vocab]
        if len(kept) == 0:
            raise _none_left(self.words, self.counts, min_count, n)
        order = np.concatenate([np.arange(n), kept]).astype(np.uint32)
        words = WordList(*take_words(self.words.blob, self.words.offsets, order))
        return Vocabulary(
            words,
            self.counts[order],
            specials=self.specials,
            n_raw_tokens=self.n_raw_tokens,
        )

    def merge(self, other: Vocabulary) -> Vocabulary:
        """The vocabulary of two texts: counts added up, order and specials as always."""
        table = WordTable()
        for part in (self, other):
            table.add(part.words.blob, part.words.offsets, part.counts)
        blob, offsets, counts = table.export()
        specials = tuple(dict.fromkeys([*self.specials, *other.specials]))
        merged, _ = rank_words(
            WordList(blob, offsets), counts, min_count=0, specials=specials, allow_blank=True
        )
        merged.n_raw_tokens = self.n_raw_tokens + other.n_raw_tokens
        return merged

    def fingerprint(self) -> str:
        """32 hexadecimal digits that differ where words, counts, order or specials do."""
        digest = new_digest()
        digest.update(len(self.specials).to_bytes(8, "little"))
        for array in (self.words.offsets.astype("<u8"), self.words.blob, self.counts.astype("<i8")):
            digest.update(array.tobytes())
        return digest.hexdigest()

    def table(self) -> WordTable:
        """A native table with the ids of this vocabulary, for a scan; to be read only.

        Raises
        ------
        VocabularyError
            A word is there twice.
        """
        return self.words.table

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of a native file that holds a vocabulary beside other things."""
        arrays: dict[str, NDArray[Any]] = {
            "counts": self.counts,
            "word_bytes": self.words.blob,
            "word_offsets": self.words.offsets,
        }
        metadata: dict[str, Any] = {
            "specials": list(self.specials),
            "vocabulary_n_raw_tokens": self.n_raw_tokens,
        }
        return arrays, metadata

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any], path: StrPath
    ) -> Vocabulary:
        """The reverse of `to_arrays`; the arrays are kept, not copied.

        Raises
        ------
        FormatError
            Something is missing or does not fit; the message names ``path``.
        """
        counts = arrays.get("counts")
        if counts is None or counts.dtype != "i8" or counts.ndim != 1:
            raise FormatError(f"{path}: expected an array 'counts' of dtype i8 (1-d)")
        words = WordList.from_arrays(arrays, path)
        try:
            return cls(
                words,
                counts,
                specials=metadata["specials"],
                n_raw_tokens=int(metadata["vocabulary_n_raw_tokens"]),
            )
        except (KeyError, TypeError, ValueError, VocabularyError) as error:
            raise FormatError(f"{path}: the vocabulary is damaged ({error})") from error

    def save(self, path: StrPath) -> None:
        """Write ``word<TAB>count`` lines (UTF-8), in order of the ids.

        Raises
        ------
        VocabularyError
            A word has a tab or a line break in it.
        OSError
            The file cannot be written.
        """
        words = self.words.to_list()
        for word in words:
            if "\t" in word or "\n" in word or "\r" in word:
                raise VocabularyError(
                    f"{path}: {word!r} has a tab or a line break, which this format cannot hold"
                )
        with open_write(path) as file:
            for start in range(0, len(words), 1 << 16):
                part = slice(start, start + (1 << 16))
                lines = zip(words[part], self.counts[part].tolist(), strict=True)
                file.write("".join(f"{word}\t{count}\n" for word, count in lines).encode())

    @classmethod
    def load(
        cls, path: StrPath, *, specials: Sequence[str] = (), plain: bool = False
    ) -> Vocabulary:
        """Read what `save` wrote (packed files too); ids follow the order of the lines.

        Blank lines are passed over.

        ``plain``: a file of words alone, one a line, is read too; their counts are 0.

        Raises
        ------
        FormatError
            A line is not ``word<TAB>count``, or its word was there before.
        """
        words: list[str] = []
        counts: list[int] = []
        seen: set[str] = set()
        parse = _parse_line
        with open_read(path, error=FormatError) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                if not words and plain and b"\t" not in line:
                    parse = _parse_word
                word, count = parse(line, f"{path}, line {number}")
                if word in seen:
                    raise FormatError(f"{path}, line {number}: {word!r} was there before")
                seen.add(word)
                words.append(word)
                counts.append(count)
        if not words:
            also = ", or one word each" if plain else ""
            raise FormatError(f"{path}: no words; lines must be word<TAB>count{also}")
        return cls(words, counts, specials=specials)


def _parse_line(line: bytes, where: str) -> tuple[str, int]:
    expected = f"{where}: expected word<TAB>count; got {line[:60]!r}"
    word, tab, count = line.rstrip(b"\r\n").rpartition(b"\t")
    digits = count.strip()
    if not tab or not word or b"\t" in word or not digits.isdigit() or len(digits) > 18:
        raise FormatError(expected)
    try:
        return word.decode("utf-8"), int(digits)
    except UnicodeDecodeError as error:
        raise FormatError(f"{expected} (not UTF-8: {error.reason})") from error


def _parse_word(line: bytes, where: str) -> tuple[str, int]:
    words = line.split()  # at ASCII white space, as text is
    if len(words) != 1:
        raise FormatError(f"{where}: expected one word; got {line[:60]!r}")
    try:
        return words[0].decode("utf-8"), 0
    except UnicodeDecodeError as error:
        raise FormatError(f"{where}: not UTF-8 ({error.reason}); got {line[:60]!r}") from error


def _distinct(words: Sequence[str]) -> WordList:
    """A list of words that may come from anywhere."""
    if len(set(words)) < len(words):
        seen: set[str] = set()
        twice = next(word for word in words if word in seen or seen.add(word))  # type: ignore[func-returns-value]
        raise VocabularyError(f"{twice!r} is in the vocabulary twice")
    return WordList.from_words(words)


def check_specials(specials: Iterable[str]) -> None:
    """A string is a sequence of strings too, but hardly meant as one."""
    if isinstance(specials, str):
        raise TypeError(f"specials must be a list of words; got the string {specials!r}")


def rank_words(
    words: WordList,
    counts: NDArray[np.int64],
    *,
    min_count: int = 1,
    max_vocab: int | None = None,
    specials: Iterable[str] = (),
    allow_blank: bool = False,
) -> tuple[Vocabulary, NDArray[np.uint32]]:
    """Put words in order, and keep what `Vocabulary.truncate` would.

    ``allow_blank``: words that are all specials, or none, are a vocabulary too.

    Returns
    -------
    vocabulary : Vocabulary
        Specials that are not among ``words`` have count 0.
    new_ids : ndarray of uint32, shape (len(words),)
        Where each of ``words`` has gone, 0xFFFFFFFF if it is left out.
    """
    _check_limits(min_count, max_vocab)
    check_specials(specials)
    n_words = len(words)
    special_words = WordList.from_words(specials)
    places = np.array([words.locate(special) for special in special_words], dtype=np.int64)
    ordinary = counts >= min_count
    ordinary[places[places >= 0]] = False
    kept = np.flatnonzero(ordinary).astype(np.uint32)
    if len(kept) == 0 and not (allow_blank and n_words == np.count_nonzero(places >= 0)):
        raise _none_left(words, counts, min_count, 0)
    subset = words
    if len(kept) < n_words:
        subset = WordList(*take_words(words.blob, words.offsets, kept))
    by_bytes = subset.sorted_order()
    order = by_bytes[_descending(counts[kept][by_bytes])][:max_vocab]
    n = len(special_words)
    new_ids = np.full(n_words, NO_ID, dtype=np.uint32)
    new_ids[kept[order]] = np.arange(n, n + len(order), dtype=np.uint32)
    new_ids[places[places >= 0]] = np.flatnonzero(places >= 0)
    blob, offsets = take_words(subset.blob, subset.offsets, order)
    all_blob = np.concatenate([special_words.blob, blob])
    all_offsets = np.concatenate([special_words.offsets[:-1], offsets + special_words.offsets[-1]])
    special_counts = np.where(places >= 0, counts[places] if n_words else 0, 0)
    all_counts = np.concatenate([special_counts, counts[kept[order]]]).astype(np.int64)
    vocabulary = Vocabulary(
        WordList(all_blob, all_offsets),
        all_counts,
        specials=list(special_words),
        n_raw_tokens=int(counts.sum()),
    )
    return vocabulary, new_ids


def _descending(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """What puts counts in descending order, equal ones as they were.

    NumPy sorts 16 bits by radix, much faster than 64, and few words have a larger count.
    """
    largest = np.iinfo(np.uint16).max
    order = np.argsort((largest - np.minimum(counts, largest)).astype(np.uint16), kind="stable")
    large = order[: np.count_nonzero(counts >= largest)]
    large[:] = large[np.argsort(-counts[large], kind="stable")]
    return order


def _check_limits(min_count: int, max_vocab: int | None) -> None:
    if min_count < 0:
        raise ValueError(f"min_count must be >= 0; got {min_count}")
    if max_vocab is not None and max_vocab < 1:
        raise ValueError(f"max_vocab must be >= 1 or None; got {max_vocab}")


def _none_left(
    words: WordList, counts: NDArray[np.int64], min_count: int, n_specials: int
) -> VocabularyError:
    best = n_specials + np.argsort(-counts[n_specials:], kind="stable")[:3]
    if len(best) == 0:
        return VocabularyError("the vocabulary is empty: there are no words")
    top = ", ".join(f"{_shorten(words[int(i)])!r} ({int(counts[i])})" for i in best)
    return VocabularyError(
        f"the vocabulary is empty: no word occurs min_count={min_count} times "
        f"(the most frequent: {top}); use a lower min_count or more text"
    )


def _shorten(word: str) -> str:
    return word if len(word) <= 30 else word[:27] + "..."
