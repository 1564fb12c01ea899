"""LSA: latent semantic analysis, a truncated SVD of the weighted word-document matrix.

Deerwester, Dumais, Furnas, Landauer & Harshman, "Indexing by latent semantic analysis" (1990);
Dumais, "Improving the retrieval of information from external sources" (1991), for log-entropy.
Formulas: docs/svd.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fastembed._native._sparse import CSR
from fastembed.core.memory import padded_rows
from fastembed.core.params import Opt
from fastembed.core.progress import Progress, progress_of
from fastembed.core.threads import resolve_workers
from fastembed.embed.counted import open_counts
from fastembed.embed.decomposed import (
    DecomposedVectors,
    EigenvalueWeight,
    SolverChoice,
    SolverSeed,
    SolverSteps,
    captured,
    scaled,
)
from fastembed.embed.word_document import WordDocument
from fastembed.text.corpus import Corpus
from fastembed.text.options import MaxVocab, MinCount, Workers

__all__ = ["LSA"]

COUNTING = ("min_count", "max_vocab", "memory", "workers")


@dataclass(kw_only=True, eq=False)
class LSA(DecomposedVectors):
    """Vectors of words and of documents from the counts of words in documents.

    With the weighted matrix X ~ U S V^T (words by documents), the vector of word i is row i of
    U S^p, that of document j row j of V S^p, p = ``eigenvalue_weight``. Documents are the
    sentences of the corpus: lines of a file.

    Attributes
    ----------
    wv : KeyedVectors
        The word vectors.
    document_vectors_ : ndarray of float32, shape (D, vector_size)
    vocabulary_ : Vocabulary
    word_weights_ : ndarray of float64, shape (V,)
        What the frequencies of each word are multiplied by.
    singular_values_ : ndarray of float64, shape (vector_size,)
    captured_ : float
        Share of the squared entries of X that its approximation has.

    Examples
    --------
    >>> text = ["cats chase mice", "dogs chase cats", "stocks and bonds fell", "bonds and stocks"]
    >>> model = LSA(vector_size=2, min_count=1).fit(text)
    >>> model.document_vectors_.shape, model.transform(["mice and cats"]).shape
    ((4, 2), (1, 2))
    """

    KIND: ClassVar[str] = "LSA"
    PARTS: ClassVar[Mapping[str, str]] = {
        "singular_values": "k",
        "word_weights": "V",
        "document_vectors": "Dk",
    }

    vector_size: Annotated[int, Opt("Dimensions of a vector.", ge=1, le=65536)] = 100
    weighting: Annotated[
        Literal["tfidf", "log-entropy", "count"],
        Opt("Weights: tf * idf, log(1 + tf) * entropy weight, or tf, the count."),
    ] = "tfidf"
    sublinear_tf: Annotated[bool, Opt("tfidf: 1 + log(tf) in the place of tf.")] = False
    normalize: Annotated[bool, Opt("Scale the column of each document to length one.")] = True
    eigenvalue_weight: EigenvalueWeight = 1.0
    solver: SolverChoice = "randomized"
    n_iter: SolverSteps = 12
    min_count: MinCount = 5
    max_vocab: MaxVocab = None
    memory: Annotated[
        int | str | None,
        Opt("Memory for counting, such as 4G; default: half of what is usable.", metavar="SIZE"),
    ] = None
    seed: SolverSeed = 1
    workers: Workers = None

    if TYPE_CHECKING:
        document_vectors_: NDArray[np.float32]
        word_weights_: NDArray[np.float64]

    def fit(self, corpus: Any, *, progress: Progress | bool | None = None) -> Self:
        """Count, weigh and decompose.

        Parameters
        ----------
        corpus : WordDocument, Corpus, EncodedCorpus, path or re-iterable of documents
            Counts (or a file of them), to which ``min_count``, ``max_vocab`` and ``memory`` do
            not apply; or a text, to which they do.
        progress : Progress or bool, optional

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range; ``vector_size`` is more than the words or documents.
        CorpusError, VocabularyError, FormatError
            The text or the counts cannot be read, or no word is frequent enough.
        """
        params = self.check_params()
        report = progress_of(progress)
        counts = open_counts(corpus, WordDocument)
        if counts is None:
            counts = WordDocument(**{name: params[name] for name in COUNTING})
            counts.fit(corpus, progress=report)
        n_documents, n_words = len(counts.indptr) - 1, len(counts.vocabulary_)
        if params["vector_size"] > min(n_documents, n_words):
            raise ValueError(
                f"vector_size is {params['vector_size']}, but there are {n_words} words in "
                f"{n_documents} documents; take it smaller than both"
            )
        weights = _word_weights(counts, params["weighting"])
        matrix = _weighted(counts, weights, params)
        svd = self._decompose(matrix, params, report)
        documents, vectors = scaled(svd, params["eigenvalue_weight"])
        self._set(
            counts.vocabulary_,
            vectors,
            params,
            captured(svd.s, matrix),
            singular_values=svd.s,
            word_weights=weights,
            document_vectors=documents,
        )
        return self

    def transform(self, documents: Any, *, workers: int | None = None) -> NDArray[np.float32]:
        """Vectors of documents, new ones too: d^T U S^(p - 1), d the weighted counts.

        Of the documents of `fit` they are ``document_vectors_``, as exactly as the solver is.

        Parameters
        ----------
        documents : Corpus, path or re-iterable of documents
            As for `fit`. Words that the model does not know are left out.

        Returns
        -------
        ndarray of float32, shape (n_documents, vector_size)
        """
        self._check_fitted()
        corpus = Corpus.of(documents)
        with corpus.encode(self.vocabulary_, keep_empty=True, workers=workers) as encoded:
            counts = WordDocument(workers=workers).fit(encoded)
        matrix = _weighted(counts, self.word_weights_, self._params)
        # wv is U S^p
        inverse = np.divide(
            1.0, self.singular_values_, out=np.zeros_like(self.singular_values_),
            where=self.singular_values_ > 0,
        )  # fmt: skip
        k = self._vectors.shape[1]
        words, out = padded_rows(len(self._vectors), k), padded_rows(matrix.shape[0], k)
        words[:, :k] = self._vectors * inverse
        matrix.dot(words, out, resolve_workers(workers))
        return np.ascontiguousarray(out[:, :k])


def _word_weights(counts: WordDocument, weighting: str) -> NDArray[np.float64]:
    """The factor of each word: idf, one less its relative entropy, or 1."""
    n_documents, n_words = len(counts.indptr) - 1, len(counts.vocabulary_)
    if weighting == "count":
        return np.ones(n_words)
    if weighting == "tfidf":
        in_documents = np.bincount(counts.indices, minlength=n_words)
        return np.log((1 + n_documents) / (1 + in_documents)) + 1
    total = np.bincount(counts.indices, weights=counts.data, minlength=n_words)
    share = counts.data / total[counts.indices]
    entropy = -np.bincount(counts.indices, weights=share * np.log(share), minlength=n_words)
    return 1 - entropy / np.log(max(n_documents, 2))


def _weighted(counts: WordDocument, weights: NDArray[np.float64], params: dict[str, Any]) -> CSR:
    """Documents by words, weighted."""
    tf = counts.data
    if params["weighting"] == "log-entropy":
        tf = np.log1p(tf)
    elif params["weighting"] == "tfidf" and params["sublinear_tf"]:
        tf = 1 + np.log(tf)
    data = tf * weights[counts.indices]
    if params["normalize"]:
        full = np.flatnonzero(np.diff(counts.indptr))
        sizes = np.diff(counts.indptr)[full]
        squares = np.add.reduceat(data * data, counts.indptr[full]) if len(full) else data
        norms = np.repeat(np.sqrt(squares), sizes)
        data = np.divide(data, norms, out=np.zeros_like(data), where=norms > 0)
    return CSR(counts.indptr, counts.indices, data.astype(np.float32), len(counts.vocabulary_))
