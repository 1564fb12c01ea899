"""Co-occurrence: how often, and how near, two words stand beside each other.

The counts of Pennington, Socher & Manning, "GloVe: global vectors for word representation" (2014,
section 3), and of Church & Hanks, "Word association norms, mutual information, and lexicography"
(1990). Formulas, the kernel and its memory: docs/cooccurrence.md.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.core.memory import memory_budget
from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.embed.cooccurrence_exchange import merged_rows, rows_of_triples
from fastembed.embed.cooccurrence_task import count_pairs
from fastembed.embed.count_matrix import CountMatrix, Rows
from fastembed.io.native import is_native_file
from fastembed.io.triples import check_no_triples, read_triples, write_triples
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.options import MaxVocab, Memory, MinCount, Workers
from fastembed.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Cooccurrence", "Symmetric", "Weights", "Window"]

Window = Annotated[int, Opt("Most words to each side that count as context.", ge=1, le=10000)]
Weights = Annotated[
    Literal["harmonic", "flat", "linear"],
    Opt("Weight at distance d: 1/d, 1, or (window + 1 - d) / window."),
]
Symmetric = Annotated[
    bool, Opt("Count words on both sides; otherwise only the left context of a word.")
]


@dataclass(kw_only=True, eq=False)
class Cooccurrence(CountMatrix):
    """Counts of pairs of words that stand near each other.

    Row ``i``, column ``j`` is the sum, over all places where word ``i`` stands at most ``window``
    words before or after word ``j`` in one sentence, of a weight that depends on the distance. A
    sum of exact integers is rounded once, so that the counts do not depend on the number of
    threads nor on the memory.

    With ``symmetric=False`` only the places count where ``i`` stands *before* ``j``, as in
    GloVe's ``cooccur -symmetric 0``: column ``j`` has the left contexts of ``j``.

    With ``unit="document"`` the count is the number of documents (sentences of the corpus: lines
    of a file) that have both words, on the diagonal those that have the word; ``window``,
    ``weights`` and ``symmetric`` do not apply.

    Attributes
    ----------
    vocabulary_ : Vocabulary
    matrix_ : scipy.sparse.csr_array of float32, shape (V, V)
        On the memory or the file of the arrays below.
    indptr, indices, data : ndarray of int64, int32, float32
        The same matrix as compressed sparse rows with rising column numbers.
    n_tokens_, n_sentences_ : int
        What was counted: words of the vocabulary, and sentences.

    Examples
    --------
    >>> counts = Cooccurrence(window=2, min_count=1).fit([["a", "b", "c"], ["b", "c"]])
    >>> list(counts.vocabulary_), counts.matrix_.toarray().tolist()
    (['b', 'c', 'a'], [[0.0, 2.0, 1.0], [2.0, 0.0, 0.5], [1.0, 0.5, 0.0]])
    """

    KIND: ClassVar[str] = "Cooccurrence"
    FIGURES: ClassVar[tuple[str, str]] = ("n_tokens_", "n_sentences_")

    window: Window = 15
    weights: Weights = "harmonic"
    symmetric: Symmetric = True
    unit: Annotated[
        Literal["window", "document"],
        Opt("What two words share: a window, or a document (a line)."),
    ] = "window"
    min_count: MinCount = 5
    max_vocab: MaxVocab = None
    memory: Memory = None
    workers: Workers = None

    def _count(
        self, encoded: EncodedCorpus, params: dict[str, Any], report: Progress, folder: str | None
    ) -> Rows:
        return count_pairs(encoded, params, report, folder)

    @property
    def matrix_(self) -> csr_array:
        """The counts as a scipy matrix, without a copy (of less than 2**31 entries)."""
        return self._fitted().scipy()

    def rows(self, start: int, stop: int) -> csr_array:
        """Rows start to stop as a scipy matrix, without a copy."""
        return self._fitted().scipy(start, stop)

    @classmethod
    def load(
        cls,
        path: StrPath,
        *,
        vocabulary: Vocabulary | None = None,
        mmap: bool = True,
        verify: bool = False,
    ) -> Self:
        """Open counts that `save` or `fit` wrote, or read triples of Stanford GloVe.

        Parameters
        ----------
        vocabulary : Vocabulary, optional
            What the numbers of triples mean; see `from_triples`.
        mmap : bool
            True: the arrays are read-only maps of the file. False: they are read into memory.
        verify : bool
            Check the checksums of the file.

        Raises
        ------
        FormatError
            The file is damaged, or holds something else.
        """
        if not is_native_file(path):
            if vocabulary is not None:
                return cls.from_triples(path, vocabulary)
            if os.path.isfile(path):
                check_no_triples(path)
        return cls._load(path, mmap=mmap, verify=verify)

    @classmethod
    def from_arrays(
        cls,
        vocabulary: Vocabulary,
        indptr: ArrayLike,
        indices: ArrayLike,
        data: ArrayLike,
        *,
        n_tokens: int = 0,
        n_sentences: int = 0,
        **params: Any,
    ) -> Self:
        """Counts from compressed sparse rows with rising column numbers, which are kept.

        Raises
        ------
        ValueError
            The arrays do not fit together or the vocabulary, or a count is not positive.
        """
        rows = Rows(
            np.ascontiguousarray(indptr, dtype=np.int64),
            np.ascontiguousarray(indices, dtype=np.int32),
            np.ascontiguousarray(data, dtype=np.float32),
            len(vocabulary),
        )
        try:
            rows.check("from_arrays")
        except FormatError as error:
            raise ValueError(str(error)) from None
        if len(rows) != len(vocabulary):
            raise ValueError(f"{len(rows)} rows, but {len(vocabulary)} words in the vocabulary")
        model = cls(**params)
        model._store(vocabulary, rows, n_tokens, n_sentences)
        return model

    @classmethod
    def from_triples(
        cls,
        path: StrPath,
        vocabulary: Vocabulary,
        *,
        memory: int | str | None = None,
        **params: Any,
    ) -> Self:
        """Read a file of Stanford GloVe's ``cooccur`` or ``shuffle``, in any order.

        A pair that stands there several times counts with the sum, so files of several shards may
        be joined end to end. The file is read twice.

        Parameters
        ----------
        path : path
            See `fastembed.io.triples.read_triples`.
        vocabulary : Vocabulary
            Whose ids, from 1 on, are the numbers in the file; `read_glove_vocabulary` reads
            GloVe's own.
        memory : int or str, optional
            As the parameter of the class.
        **params
            Those of the class, such as the ``window`` that the file was made with.

        Raises
        ------
        FormatError
            The file is empty, cut short, or has a number beyond the vocabulary or a count that
            is not a positive number; the message has the byte offset.
        """
        if os.fspath(path) == "-":
            raise ValueError("triples are read twice, which standard input cannot do; give a file")
        n = len(vocabulary)
        rows = rows_of_triples(
            lambda: read_triples(path, n),
            n,
            n,
            budget=memory_budget(memory),
            name=os.fspath(path),
        )
        model = cls(memory=memory, **params)
        model._store(vocabulary, rows, int(vocabulary.counts.sum()), 0)
        return model

    def save_triples(self, path: StrPath) -> None:
        """Write the counts for Stanford GloVe's tools; see `fastembed.io.triples`.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        rows = self._fitted()
        write_triples(path, rows.indptr, rows.indices, rows.data)

    def merge(self, other: Cooccurrence) -> Cooccurrence:
        """The counts of two texts together.

        Words get the ids of the merged vocabulary. The sums are those of the rounded counts, in
        float64 and rounded once more; count one corpus of several files for exact ones.

        Raises
        ------
        ValueError
            The two were not counted in the same way.
        """
        for name in ("window", "weights", "symmetric", "unit"):
            if getattr(self, name) != getattr(other, name):
                raise ValueError(
                    f"{name} is {getattr(self, name)!r} here and {getattr(other, name)!r} there"
                )
        vocabulary = self.vocabulary_.merge(other.vocabulary_)
        places = [
            np.array([vocabulary[word] for word in model.vocabulary_], dtype=np.int64)
            for model in (self, other)
        ]
        parts = [
            (model._fitted(), place, place)
            for model, place in zip((self, other), places, strict=True)
        ]
        n = len(vocabulary)
        merged = type(self)(**self.get_params())
        rows = merged_rows(parts, n, n, memory_budget(self.memory))
        merged._store(
            vocabulary,
            rows,
            self.n_tokens_ + other.n_tokens_,
            self.n_sentences_ + other.n_sentences_,
        )
        return merged
