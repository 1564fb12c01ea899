"""A text as ids of words: what every trainer reads.

``ids`` are uint32, one after the other; sentence ``i`` is ``ids[offsets[i]:offsets[i + 1]]``. Both
lie in memory while they are small, else in files, of which `EncodedCorpus.read` gives parts, so
that memory does not grow with the text.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.core.fingerprint import sampled_digest
from fastembed.text.spool import pread_array
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import offsets_fit

__all__ = ["EncodedCorpus"]

KIND = "encoded corpus"
_SENTENCE_BLOCK = 1 << 16  # sentences that are read at a time
_TOKEN_BLOCK = 1 << 20


class _Store(Protocol):
    """Where an array lies (see `fastembed.text.spool.Spool`)."""

    def __len__(self) -> int: ...
    def read(self, start: int, stop: int) -> NDArray[Any]: ...
    def array(self) -> NDArray[Any]: ...
    def close(self) -> None: ...


class _Memory:
    """A store that is an array."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return self._array[start:stop]

    def array(self) -> NDArray[Any]:
        return self._array

    def close(self) -> None:
        self._array = self._array[:0]


class _Mapped(_Memory):
    """Ids in a mapped file, read by copies so that the map stays out of memory, and checked."""

    def __init__(self, array: NDArray[Any], file: BinaryIO, limit: int, path: StrPath) -> None:
        super().__init__(array)
        self._file, self._limit, self._path = file, limit, path
        self._offset = _offset_in_map(array)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        out = np.empty(stop - start, dtype=self._array.dtype)
        pread_array(self._file.fileno(), self._offset + start * out.itemsize, out)
        if len(out) and int(out.max()) >= self._limit:
            raise FormatError(
                f"{self._path}: id {int(out.max())} between tokens {start:,} and {stop:,}; "
                f"the vocabulary has {self._limit:,} words. The file is damaged"
            )
        return out

    def close(self) -> None:
        super().close()
        self._file.close()


class _Renumbered:
    """The ids of another store, each turned into a new one when it is read."""

    def __init__(self, ids: _Store, new_ids: NDArray[np.uint32]) -> None:
        self._ids, self._new_ids = ids, new_ids

    def __len__(self) -> int:
        return len(self._ids)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return self._new_ids[self._ids.read(start, stop)]

    def array(self) -> NDArray[Any]:
        return self.read(0, len(self))

    def close(self) -> None:
        self._ids.close()


def _offset_in_map(array: NDArray[Any]) -> int:
    """Byte of the file where a mapped array begins."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    if not isinstance(base, mmap.mmap):
        return 0  # empty
    return array.ctypes.data - np.frombuffer(base, dtype=np.uint8).ctypes.data


class EncodedCorpus:
    """Token ids and sentence offsets, with the vocabulary that gives the ids a meaning.

    `fastembed.Corpus.encode` makes one; `from_arrays` and `open` are the other ways. It is a
    context manager: `close`, or the end of the object, removes temporary files.

    Attributes
    ----------
    vocabulary : Vocabulary
    n_tokens, n_sentences : int
    n_raw_tokens : int
        Words of the text, those too that were left out.
    offsets : ndarray of uint64, shape (n_sentences + 1,)
        Perhaps a map of a file.

    Examples
    --------
    >>> from fastembed import Corpus
    >>> with Corpus([["a", "b", "a"], ["b", "a"]]).encode() as corpus:
    ...     [ids.tolist() for ids in corpus], corpus.read(1, 4).tolist()
    ([[0, 1, 0], [1, 0]], [1, 0, 1])
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        ids: _Store,
        offsets: _Store,
        *,
        n_raw_tokens: int | None = None,
        owner: bool = True,
    ) -> None:
        self.vocabulary = vocabulary
        self._ids = ids
        self._offsets = offsets
        self._owner = owner
        self._offsets_array: NDArray[np.uint64] | None = None
        self.n_tokens = len(ids)
        self.n_sentences = len(offsets) - 1
        self.n_raw_tokens = self.n_tokens if n_raw_tokens is None else n_raw_tokens

    @classmethod
    def from_arrays(
        cls, vocabulary: Vocabulary, ids: ArrayLike, offsets: ArrayLike | None = None
    ) -> EncodedCorpus:
        """A corpus from ids (uint32) and offsets (uint64; default one sentence), in memory.

        Raises
        ------
        ValueError
            An id is not in the vocabulary, or the offsets do not fit.
        """
        ids = np.ascontiguousarray(ids, dtype=np.uint32)
        if offsets is None:
            offsets = [0, len(ids)]
        offsets = np.ascontiguousarray(offsets, dtype=np.uint64)
        if ids.ndim != 1 or (len(ids) and int(ids.max()) >= len(vocabulary)):
            raise ValueError(f"ids must be one-dimensional and < {len(vocabulary)}")
        if not offsets_fit(offsets, len(ids)):
            raise ValueError(f"offsets must begin at 0, not decrease, and end at {len(ids)}")
        return cls(vocabulary, _Memory(ids), _Memory(offsets))

    @property
    def offsets(self) -> NDArray[np.uint64]:
        """Where each sentence begins, and the number of tokens."""
        if self._offsets_array is None:
            self._offsets_array = self._offsets.array()
        return self._offsets_array

    def read(self, start: int, stop: int) -> NDArray[np.uint32]:
        """Ids of the tokens start to stop, C-contiguous: a view of memory or a copy of a file."""
        if not 0 <= start <= stop <= self.n_tokens:
            raise IndexError(f"tokens {start}:{stop} of a corpus of {self.n_tokens}")
        return self._ids.read(start, stop)

    def __len__(self) -> int:
        """Number of sentences."""
        return self.n_sentences

    def __iter__(self) -> Iterator[NDArray[np.uint32]]:
        """Sentences, one after the other."""
        first = 0
        while first < self.n_sentences:
            last = min(first + _SENTENCE_BLOCK, self.n_sentences)
            ends = self._offsets.read(first, last + 1).astype(np.int64)
            # a few sentences, or one that is long
            count = max(1, int(np.searchsorted(ends, ends[0] + _TOKEN_BLOCK, side="right")) - 1)
            ends = ends[: count + 1]
            block = self.read(int(ends[0]), int(ends[-1]))
            yield from np.split(block, ends[1:-1] - ends[0])
            first += count

    def __repr__(self) -> str:
        return (
            f"<EncodedCorpus of {self.n_tokens:,} tokens in {self.n_sentences:,} sentences, "
            f"{len(self.vocabulary):,} words>"
        )

    def fingerprint(self) -> str:
        """32 hexadecimal digits that tell corpora apart.

        They depend on the vocabulary, the sizes, and 64 evenly spread samples of 4,096 ids and
        256 offsets, so that it costs the same for a corpus of any size.
        """
        return sampled_digest(
            [self.vocabulary.fingerprint(), f"{self.n_tokens} {self.n_sentences}"],
            [
                (len(store), store.read, width)
                for store, width in ((self._ids, 4096), (self._offsets, 256))
            ],
        )

    def save(self, path: StrPath) -> None:
        """Write one native file (see `fastembed.io.native`) that `open` maps.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        from fastembed.io.native import write_native

        arrays, metadata = self.vocabulary.to_arrays()
        write_native(
            path,
            {"ids": self._ids.array(), "offsets": self.offsets, **arrays},
            {"kind": KIND, "n_raw_tokens": self.n_raw_tokens, **metadata},
        )

    @classmethod
    def open(cls, path: StrPath) -> EncodedCorpus:
        """Open what `save` wrote; ids stay in the file.

        Raises
        ------
        FormatError
            The file is damaged, or holds something else.
        """
        from fastembed.io.native import read_native

        native = read_native(path)
        arrays, kind = native.arrays, native.metadata.get("kind")
        if kind != KIND:
            raise FormatError(f"{path}: holds {kind!r}, not an {KIND} (see fastembed encode)")
        for name, dtype in (("ids", "u4"), ("offsets", "u8")):
            if name not in arrays or arrays[name].dtype != dtype or arrays[name].ndim != 1:
                raise FormatError(f"{path}: expected an array {name!r} of dtype {dtype} (1-d)")
        size = len(arrays["ids"])
        if not offsets_fit(arrays["offsets"], size):
            raise FormatError(f"{path}: 'offsets' must begin at 0, not decrease, end at {size}")
        vocabulary = Vocabulary.from_arrays(arrays, native.metadata, path)
        try:
            n_raw_tokens = int(native.metadata["n_raw_tokens"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the metadata are damaged ({error})") from error
        file = open(path, "rb")  # noqa: SIM115 (the corpus closes it)
        if os.fstat(file.fileno()).st_size < arrays["ids"].nbytes:
            file.close()
            raise FormatError(f"{path}: the file changed while it was opened")
        ids = _Mapped(arrays["ids"], file, len(vocabulary), path)
        return cls(vocabulary, ids, _Memory(arrays["offsets"]), n_raw_tokens=n_raw_tokens)

    def shared(self) -> EncodedCorpus:
        """The same corpus for a borrower, whose `close` leaves this one open."""
        return EncodedCorpus(
            self.vocabulary,
            self._ids,
            self._offsets,
            n_raw_tokens=self.n_raw_tokens,
            owner=False,
        )

    def renumbered(
        self, vocabulary: Vocabulary, new_ids: NDArray[np.uint32], *, owner: bool = False
    ) -> EncodedCorpus:
        """The same sentences in other words: id i is ``new_ids[i]``, of ``vocabulary``.

        Ids are turned when they are read, so it costs no memory. It borrows this corpus, as
        `shared` does, or with ``owner`` takes it over and closes it.

        Raises
        ------
        ValueError
            There is not one new id for each word, or one is not in ``vocabulary``.
        """
        new_ids = np.ascontiguousarray(new_ids, dtype=np.uint32)
        if len(new_ids) != len(self.vocabulary) or (
            len(new_ids) and int(new_ids.max()) >= len(vocabulary)
        ):
            raise ValueError(
                f"new_ids must be {len(self.vocabulary)} numbers below {len(vocabulary)}"
            )
        return EncodedCorpus(
            vocabulary,
            _Renumbered(self._ids, new_ids),
            self._offsets,
            n_raw_tokens=self.n_raw_tokens,
            owner=owner,
        )

    def in_words_of(
        self, vocabulary: Vocabulary, unknown: int, *, owner: bool = False
    ) -> EncodedCorpus:
        """The same sentences with the ids of a vocabulary; ``unknown`` for words that it lacks."""
        from fastembed._native._words import NO_ID

        own = self.vocabulary.words
        if own == vocabulary.words:
            return self if owner else self.shared()
        new_ids = vocabulary.table().find(own.blob, own.offsets)
        new_ids[new_ids == NO_ID] = unknown
        return self.renumbered(vocabulary, new_ids, owner=owner)

    def close(self) -> None:
        """Free memory and temporary files."""
        self._offsets_array = None
        if self._owner:
            self._ids.close()
            self._offsets.close()

    def __enter__(self) -> EncodedCorpus:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
