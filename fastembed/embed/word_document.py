"""Word-document counts: how often each word occurs in each document.

The matrix of Deerwester, Dumais, Furnas, Landauer & Harshman, "Indexing by latent semantic
analysis" (1990). See docs/cooccurrence.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from fastembed.core.files import StrPath
from fastembed.core.memory import memory_budget
from fastembed.core.progress import Progress
from fastembed.embed.cooccurrence_exchange import merged_rows
from fastembed.embed.cooccurrence_task import count_documents
from fastembed.embed.count_matrix import CountMatrix, Rows
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.options import MaxVocab, Memory, MinCount, Workers

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = ["WordDocument"]


@dataclass(kw_only=True, eq=False)
class WordDocument(CountMatrix):
    """Counts of words in documents, which are the sentences of the corpus: lines of a file.

    The arrays hold one row a document, with the numbers of its words in order; `matrix_` is the
    same memory seen as words by documents. A line without words is an empty document, so that
    document ``i`` is line ``i``.

    Attributes
    ----------
    vocabulary_ : Vocabulary
    matrix_ : scipy.sparse.csc_array of float32, shape (V, D)
    indptr, indices, data : ndarray of int64, int32, float32
        Document ``i`` has the words ``indices[indptr[i]:indptr[i + 1]]``.
    n_tokens_, n_documents_ : int

    Examples
    --------
    >>> counts = WordDocument(min_count=1).fit([["a", "b", "a"], [], ["b"]])
    >>> list(counts.vocabulary_), counts.matrix_.toarray().tolist()
    (['a', 'b'], [[2.0, 0.0, 0.0], [1.0, 0.0, 1.0]])
    """

    KIND: ClassVar[str] = "WordDocument"
    FIGURES: ClassVar[tuple[str, str]] = ("n_tokens_", "n_documents_")
    KEEP_EMPTY: ClassVar[bool] = True

    min_count: MinCount = 5
    max_vocab: MaxVocab = None
    memory: Memory = None
    workers: Workers = None

    def _count(
        self, encoded: EncodedCorpus, params: dict[str, Any], report: Progress, folder: str | None
    ) -> Rows:
        return count_documents(encoded, params, report, folder)

    @property
    def matrix_(self) -> csc_array:
        """Words by documents, without a copy (of less than 2**31 entries)."""
        return self._fitted().scipy().T

    @classmethod
    def load(cls, path: StrPath, *, mmap: bool = True, verify: bool = False) -> Self:
        """Open counts that `save` or `fit` wrote; see `Cooccurrence.load`."""
        return cls._load(path, mmap=mmap, verify=verify)

    def merge(self, other: WordDocument) -> WordDocument:
        """The documents of both, those of ``other`` last, with the merged vocabulary."""
        vocabulary = self.vocabulary_.merge(other.vocabulary_)
        first = 0
        parts = []
        for model in (self, other):
            rows = model._fitted()
            words = np.array([vocabulary[word] for word in model.vocabulary_], dtype=np.int64)
            parts.append((rows, np.arange(first, first + len(rows)), words))
            first += len(rows)
        merged = type(self)(**self.get_params())
        rows = merged_rows(parts, first, len(vocabulary), memory_budget(self.memory))
        merged._store(vocabulary, rows, self.n_tokens_ + other.n_tokens_, first)
        return merged
