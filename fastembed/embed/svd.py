"""SVDVectors: word vectors by a truncated SVD of the PPMI matrix.

Levy, Goldberg & Dagan, "Improving distributional similarity with lessons learned from word
embeddings" (2015), section 3. Formulas, the method and its measured error: docs/svd.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastembed._native._sparse import CSR
from fastembed.core.errors import TrainingError
from fastembed.core.params import Opt
from fastembed.core.progress import Progress, progress_of
from fastembed.embed.cooccurrence import Weights
from fastembed.embed.counted import CountsParams
from fastembed.embed.decomposed import (
    DecomposedVectors,
    EigenvalueWeight,
    SolverChoice,
    SolverSeed,
    SolverSteps,
    captured,
    scaled,
)
from fastembed.embed.ppmi import Weighting, weigh
from fastembed.text.options import Workers

__all__ = ["SVDVectors"]


@dataclass(kw_only=True, eq=False)
class SVDVectors(DecomposedVectors, CountsParams):
    """Word vectors from counts: pointwise mutual information, then its largest singular values.

    With M ~ U S V^T, the vector of word i is row i of U S^p, p = ``eigenvalue_weight``.

    Attributes
    ----------
    wv : KeyedVectors
        The word vectors.
    vocabulary_ : Vocabulary
    singular_values_ : ndarray of float64, shape (vector_size,)
        Falling; 0 where the matrix has a lower rank.
    context_vectors_ : ndarray of float32, shape (V, vector_size)
        V S^p.
    captured_ : float
        Share of the squared entries of M that its approximation has.

    Examples
    --------
    >>> text = [["the", "cat", "sat"], ["the", "dog", "sat"], ["a", "cat", "ran"]] * 20
    >>> model = SVDVectors(vector_size=2, min_count=1, window=2).fit(text)
    >>> model.wv["cat"].shape, model.singular_values_.shape
    ((2,), (2,))
    """

    KIND: ClassVar[str] = "SVDVectors"
    PARTS: ClassVar[Mapping[str, str]] = {"singular_values": "k", "context_vectors": "Vk"}

    vector_size: Annotated[int, Opt("Dimensions of a word vector.", ge=1, le=65536)] = 100
    window: Annotated[
        int, Opt("Most words to each side that count as context.", ge=1, le=10000)
    ] = 5
    weights: Weights = "linear"
    weighting: Annotated[
        Weighting, Opt("What is decomposed: (positive) PMI, log(1 + count), or the counts.")
    ] = "ppmi"
    shift: Annotated[
        float, Opt("PMI less log(shift): skip-gram's number of noise words.", gt=0, le=1e9)
    ] = 1.0
    context_smoothing: Annotated[
        float, Opt("Contexts are as probable as count ** context_smoothing.", ge=0, le=10)
    ] = 0.75
    count_cap: Annotated[
        float | None, Opt("Take larger counts as this.", gt=0, metavar="COUNT")
    ] = None
    eigenvalue_weight: EigenvalueWeight = 0.5
    add_context: Annotated[bool, Opt("Add the context vector of a word to its vector.")] = False
    solver: SolverChoice = "randomized"
    n_iter: SolverSteps = 12
    seed: SolverSeed = 1
    workers: Workers = None

    if TYPE_CHECKING:
        context_vectors_: NDArray[np.float32]

    def fit(self, corpus: Any, *, progress: Progress | bool | None = None) -> Self:
        """Count, weigh and decompose.

        Parameters
        ----------
        corpus : Cooccurrence, Corpus, EncodedCorpus, path or re-iterable of token lists
            Counts (or a file of them), to which ``window``, ``weights``, ``min_count``,
            ``max_vocab`` and ``memory`` do not apply; or a text, to which they do.
        progress : Progress or bool, optional

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range; ``vector_size`` is more than the words.
        CorpusError, VocabularyError, FormatError
            The text or the counts cannot be read, or no word is frequent enough.
        TrainingError
            No entry is left of the matrix.
        """
        params = self.check_params()
        report = progress_of(progress)
        counts = self._count(corpus, params, report)
        n = len(counts.vocabulary_)
        if params["vector_size"] > n:
            raise ValueError(
                f"vector_size is {params['vector_size']}, but there are {n} words; take it smaller"
            )
        matrix = weigh(
            CSR(counts.indptr, counts.indices, counts.data, n),
            params["weighting"],
            shift=params["shift"],
            context_smoothing=params["context_smoothing"],
            count_cap=params["count_cap"],
            workers=params["workers"],
        )
        if not len(matrix.data):
            raise TrainingError(
                f"of {counts.nnz} pairs of words none is left: with weighting="
                f"{params['weighting']!r} and shift={params['shift']:g} no association is positive"
            )
        svd = self._decompose(matrix, params, report)
        vectors, contexts = scaled(svd, params["eigenvalue_weight"])
        if params["add_context"]:
            vectors = vectors + contexts
        self._set(
            counts.vocabulary_,
            vectors,
            params,
            captured(svd.s, matrix),
            singular_values=svd.s,
            context_vectors=contexts,
        )
        return self
