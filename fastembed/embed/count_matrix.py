"""A sparse matrix of counts as three arrays, which are views of memory or of a mapped file.

The layout is compressed sparse rows: row ``i`` has the columns
``indices[indptr[i]:indptr[i + 1]]``, in order and each once, with the values ``data`` beside them.
`Cooccurrence` and `WordDocument` are
such matrices with a vocabulary; trainers take the arrays, and scipy is needed only by those who
ask for a scipy matrix.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastembed._native._cooc import first_bad
from fastembed.core.errors import FormatError, NotFittedError, VocabularyError
from fastembed.core.files import StrPath
from fastembed.core.memory import memory_budget
from fastembed.core.params import Params
from fastembed.core.progress import Progress, progress_of
from fastembed.io.native import read_native, write_native
from fastembed.text.corpus import encoded_corpus
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.encoder import MEMORY
from fastembed.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["CountMatrix", "Rows"]

BLOCK = 1 << 20  # entries that are looked at together


@dataclass(frozen=True, eq=False)
class Rows:
    """Compressed sparse rows.

    Attributes
    ----------
    indptr : ndarray of int64, shape (n_rows + 1,)
    indices : ndarray of int32, shape (nnz,)
    data : ndarray of float32, shape (nnz,)
    n_columns : int
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]
    n_columns: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def check(self, where: StrPath) -> None:
        """FormatError unless the arrays fit together; reads all of them once."""
        indptr, n = self.indptr, len(self.indices)
        for name, dtype in (("indptr", np.int64), ("indices", np.int32), ("data", np.float32)):
            array = getattr(self, name)
            if array.dtype != dtype or array.ndim != 1:
                raise FormatError(f"{where}: expected an array {name!r} of {np.dtype(dtype)} (1-d)")
        if len(indptr) == 0 or indptr[0] != 0 or indptr[-1] != n or (np.diff(indptr) < 0).any():
            raise FormatError(f"{where}: 'indptr' must begin at 0, not decrease, end at {n}")
        if len(self.data) != n:
            raise FormatError(f"{where}: {n} column numbers need as many values")
        bad = first_bad(indptr, self.indices, self.data, self.n_columns)
        if bad == n:
            return
        row = int(np.searchsorted(indptr, bad, side="right")) - 1
        column, count = int(self.indices[bad]), float(self.data[bad])
        if not 0 < count < np.inf:
            problem = f"the count {count!r} is not a positive number"
        else:
            problem = f"column {column}; columns must rise and lie in 0..{self.n_columns - 1}"
        raise FormatError(f"{where}: row {row}, entry {bad}: {problem}")

    def sums(self) -> NDArray[np.float64]:
        """The sum of each row, shape (n_rows,), in float64."""
        result = np.zeros(len(self))
        for first, last in self.blocks():
            ends = self.indptr[first : last + 1]
            values = self.data[ends[0] : ends[-1]].astype(np.float64)
            full = np.flatnonzero(np.diff(ends))
            if len(full):
                result[first + full] = np.add.reduceat(values, ends[full] - ends[0])
        return result

    def blocks(self, size: int = BLOCK) -> list[tuple[int, int]]:
        """Ranges of rows of about ``size`` entries each, one row at least."""
        found, first = [], 0
        while first < len(self):
            last = int(np.searchsorted(self.indptr, self.indptr[first] + size, side="right")) - 1
            last = min(max(last, first + 1), len(self))
            found.append((first, last))
            first = last
        return found

    def scipy(self, start: int = 0, stop: int | None = None) -> csr_array:
        """Rows start to stop as a scipy matrix on the same memory."""
        from scipy.sparse import csr_array

        stop = len(self) if stop is None else stop
        indptr = self.indptr[start : stop + 1]
        begin, end = int(indptr[0]), int(indptr[-1])
        # scipy wants both index arrays of one type: the shorter one is converted
        index = np.int32 if end - begin < 2**31 else np.int64
        indptr = (indptr - begin).astype(index)
        indices = _part(self.indices, begin, end).astype(index, copy=False)
        matrix = csr_array(
            (_part(self.data, begin, end), indices, indptr), shape=(stop - start, self.n_columns)
        )
        matrix.has_canonical_format = True
        return matrix


def _part(array: NDArray[Any], begin: int, end: int) -> NDArray[Any]:
    """A view that does not show what it is a part of: scipy copies small parts of large arrays."""
    if begin == end:
        return np.empty(0, dtype=array.dtype)
    return np.frombuffer(array[begin:end].data, dtype=array.dtype)[:]


class CountMatrix(Params):
    """Base of the fitted count matrices: their arrays, and their files."""

    KIND: ClassVar[str]
    # attributes of the model that a file keeps: how many tokens, how many sentences
    FIGURES: ClassVar[tuple[str, str]]
    KEEP_EMPTY: ClassVar[bool] = False  # whether a line without words is a sentence

    vocabulary_: Vocabulary
    n_tokens_: int
    n_sentences_: int
    n_documents_: int
    _rows: Rows

    def _count(
        self, encoded: EncodedCorpus, params: dict[str, Any], report: Progress, folder: str | None
    ) -> Rows:
        """The rows of a corpus; ``params["memory"]`` is in bytes."""
        raise NotImplementedError

    def fit(
        self,
        corpus: Any,
        *,
        path: StrPath | None = None,
        progress: Progress | bool | None = None,
    ) -> Self:
        """Count a corpus.

        Parameters
        ----------
        corpus : Corpus, EncodedCorpus, path or re-iterable of token lists
            The text. An `EncodedCorpus` brings its own vocabulary; ``min_count`` and
            ``max_vocab`` do not apply to it.
        path : path, optional
            Save the counts there (see `save`) and use that file. Without it, counts that do not
            fit into ``memory`` lie in a temporary file that goes with this object.
        progress : Progress or bool, optional

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range, or ``memory`` is too little for the vocabulary.
        CorpusError, VocabularyError
            The text cannot be read, or no word is frequent enough.
        """
        params = self.check_params()
        budget = memory_budget(params["memory"])
        report = progress_of(progress)
        ids = min(MEMORY, budget // 4)  # bytes of the encoded text that stay in memory
        folder = None if path is None else os.path.dirname(os.path.abspath(path))
        with encoded_corpus(
            corpus,
            min_count=params["min_count"],
            max_vocab=params["max_vocab"],
            keep_empty=self.KEEP_EMPTY,
            memory=ids,
            workers=params["workers"],
            progress=report,
        ) as encoded:
            if len(encoded.vocabulary) == 0:
                raise VocabularyError("the vocabulary is empty: there is nothing to count")
            held = ids if encoded.n_tokens * 4 <= ids else 0
            params["memory"] = budget - held
            rows = self._count(encoded, params, report, folder)
            self._store(encoded.vocabulary, rows, encoded.n_tokens, encoded.n_sentences)
        if path is not None:
            self.save(path)
            arrays = read_native(path).arrays
            self._rows = Rows(
                arrays["indptr"], arrays["indices"], arrays["data"], len(self.vocabulary_)
            )
        return self

    @property
    def is_fitted(self) -> bool:
        """Whether there are counts."""
        return hasattr(self, "_rows")

    def _fitted(self) -> Rows:
        if not self.is_fitted:
            name = type(self).__name__
            raise NotFittedError(f"this {name} has no counts yet; call fit(corpus) first")
        return self._rows

    @property
    def indptr(self) -> NDArray[np.int64]:
        """Where each row begins in ``indices`` and ``data``, shape (n_rows + 1,)."""
        return self._fitted().indptr

    @property
    def indices(self) -> NDArray[np.int32]:
        """Column numbers, rising in each row, shape (nnz,)."""
        return self._fitted().indices

    @property
    def data(self) -> NDArray[np.float32]:
        """Counts, all of them > 0, shape (nnz,)."""
        return self._fitted().data

    @property
    def nnz(self) -> int:
        """How many pairs have a count."""
        return len(self._fitted().indices)

    def row_sums(self) -> NDArray[np.float64]:
        """The sum of each row, in float64."""
        return self._fitted().sums()

    @property
    def total_(self) -> float:
        """The sum of all counts."""
        return float(self.row_sums().sum())

    def save(self, path: StrPath) -> None:
        """Write counts and vocabulary as a native file, which `load` maps.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        rows = self._fitted()
        arrays, metadata = self.vocabulary_.to_arrays()
        write_native(
            path,
            {"indptr": rows.indptr, "indices": rows.indices, "data": rows.data, **arrays},
            {
                "kind": self.KIND,
                "params": self.saved_params(),
                "figures": {name: getattr(self, name) for name in self.FIGURES},
                **metadata,
            },
        )

    @classmethod
    def _load(cls, path: StrPath, *, mmap: bool, verify: bool) -> Self:
        """Open a native file of this class."""
        file = read_native(path, mmap=mmap, verify=verify)
        arrays, metadata = file.arrays, file.metadata
        if metadata.get("kind") != cls.KIND:
            raise FormatError(f"{path}: holds {metadata.get('kind')!r}, not {cls.KIND}")
        missing = [name for name in ("indptr", "indices", "data") if name not in arrays]
        if missing:
            raise FormatError(f"{path}: the file lacks {', '.join(missing)}")
        vocabulary = Vocabulary.from_arrays(arrays, metadata, path)
        rows = Rows(arrays["indptr"], arrays["indices"], arrays["data"], len(vocabulary))
        rows.check(path)
        try:
            model = cls(**metadata["params"])
            figures = [int(metadata["figures"][name]) for name in cls.FIGURES]
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the metadata are damaged ({error})") from None
        model._store(vocabulary, rows, *figures)
        return model

    def _store(self, vocabulary: Vocabulary, rows: Rows, *figures: int) -> None:
        self.vocabulary_ = vocabulary
        self._rows = rows
        for name, value in zip(self.FIGURES, figures, strict=True):
            setattr(self, name, value)
