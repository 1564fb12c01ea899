"""GloVe: word vectors by a weighted least-squares fit of log co-occurrence counts.

Pennington, Socher & Manning, "GloVe: global vectors for word representation" (2014). The formulas,
gradients and the kernel: docs/glove.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import Opt
from fastembed.core.progress import Callback, Progress, progress_of
from fastembed.core.rounds import Position, check_checkpoint
from fastembed.embed.checkpoint import check_same_run, open_model
from fastembed.embed.counted import CountsParams, counts_fingerprint
from fastembed.embed.glove_state import SQUARES, array_names, read_parameters
from fastembed.embed.glove_tables import Parameters, Tables
from fastembed.embed.glove_task import GloVeTask
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.embed.trained import TrainedVectors

__all__ = ["GloVe"]

VectorChoice = Literal["sum", "word", "context"]


@dataclass(kw_only=True, eq=False)
class GloVe(CountsParams, TrainedVectors):
    """Word vectors by GloVe.

    Parameters are those of Stanford's program, with the same defaults, where they have the same
    name; ``window`` to ``memory`` are those of `Cooccurrence`, which counts a text.

    Attributes
    ----------
    wv : KeyedVectors
        The word vectors, as ``vector`` says.
    vocabulary_ : Vocabulary
    word_vectors_, context_vectors_ : ndarray of float32, shape (V, vector_size)
        The two vectors w and c of each word.
    word_biases_, context_biases_ : ndarray of float32, shape (V,)
    loss_history_ : list of float
        For each epoch the mean of 1/2 f(X_ij) d_ij^2 over the pairs, what Stanford's program
        prints as its cost, summed in float64.
    n_examples_ : list of int
        Pairs of each epoch: the non-zero counts.
    training_seconds_ : float
        Time in the training loop, without counting.

    Examples
    --------
    >>> text = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 50
    >>> model = GloVe(vector_size=8, min_count=1, epochs=5).fit(text)
    >>> model.wv["cat"].shape, model.loss_history_[-1] < model.loss_history_[0]
    ((8,), True)

    Counting once and training often:

    >>> from fastembed import Cooccurrence
    >>> counts = Cooccurrence(window=5, min_count=1).fit(text)
    >>> GloVe(vector_size=8, x_max=10, epochs=2).fit(counts).word_biases_.shape
    (4,)
    """

    vector_size: Annotated[int, Opt("Dimensions of a word vector.", ge=1, le=65536)] = 100
    x_max: Annotated[float, Opt("Count from which a pair has full weight.", gt=0, le=1e30)] = 100.0
    alpha: Annotated[
        float, Opt("A smaller count x has the weight (x / x_max) ** alpha.", ge=0, le=100)
    ] = 0.75
    eta: Annotated[
        float, Opt("Learning rate of a vector's first step; that of a bias is 1.", ge=1e-9, le=1e4)
    ] = 0.05
    epochs: Annotated[int, Opt("Passes over the counts.", ge=1)] = 25
    vector: Annotated[
        VectorChoice, Opt("The result: word vector + context vector, or one of them.")
    ] = "sum"
    grad_clip: Annotated[
        float | None, Opt("Limit of a gradient's components; default: none.", gt=0, le=1e30)
    ] = None
    seed: Annotated[int, Opt("Seed of all random numbers.", ge=0, lt=2**63)] = 1
    workers: Annotated[
        int | None,
        Opt(
            "Threads; all usable cores by default. The result does not depend on it.",
            ge=1,
            le=4096,
        ),
    ] = None

    # -------------------------------------------------------------------------------- training

    def fit(
        self,
        corpus: Any,
        *,
        initial: KeyedVectors | None = None,
        progress: Progress | bool | None = None,
        callbacks: Iterable[Callback] = (),
        checkpoint: StrPath | None = None,
        resume: bool = False,
        checkpoint_seconds: float = 600.0,
    ) -> Self:
        """Train from the beginning, or go on from a checkpoint.

        Parameters
        ----------
        corpus : Cooccurrence, a file of one, Corpus, EncodedCorpus, path or re-iterable
            The counts, or a text to count. The counting parameters do not apply to counts, and
            ``min_count`` and ``max_vocab`` not to an `EncodedCorpus`.
        initial : KeyedVectors, optional
            Where words that it has begin: with ``vector="sum"`` half of its vector is the first
            word vector and half the first context vector, else it is the one that is asked for.
        progress : Progress or bool, optional
            True for a bar on a terminal and lines elsewhere.
        callbacks : iterable of Callback
            Called around each epoch.
        checkpoint : path, optional
            Where Ctrl-C, and every ``checkpoint_seconds``, saves the run.
        resume : bool
            Go on from ``checkpoint``, which has its first vectors too. The result is that of an
            uninterrupted run, to the bit.

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range; ``initial`` has other dimensions or none of the words.
        CorpusError, VocabularyError
            The text cannot be read, or no word is frequent enough.
        TrainingError
            No word has another beside it, the loss is not finite, or the checkpoint is of another
            run.
        TrainingInterrupted
            Ctrl-C (a KeyboardInterrupt); what was learned so far is there.
        """
        params = self.check_params()
        check_checkpoint(checkpoint, resume)
        if initial is not None and initial.vector_size != params["vector_size"]:
            raise ValueError(
                f"initial has {initial.vector_size} dimensions and vector_size is "
                f"{params['vector_size']}"
            )
        report = progress_of(progress)
        counts = self._count(corpus, params, report)
        fingerprint, vocabulary = counts_fingerprint(counts), counts.vocabulary_
        position, saved = Position(), None
        if resume:
            assert checkpoint is not None
            saved = open_model(checkpoint, type(self).__name__)
            check_same_run(saved, params, fingerprint)
            position = saved.position
        task = GloVeTask(counts, params)
        del counts  # the tiles have them
        if saved is not None:
            task.tables.fill(read_parameters(saved, array_names(params["vector"])))
            task.tables.fill(read_parameters(saved, SQUARES), squares=True)
        elif initial is not None:
            task.tables.begin_at(initial, vocabulary.words, params["vector"])
        self.vocabulary_, self.epochs_done_ = vocabulary, 0
        self._tables: Tables | None = task.tables
        try:
            self._train(
                task,
                params,
                position,
                fingerprint=lambda: fingerprint,
                progress=report,
                callbacks=callbacks,
                checkpoint=checkpoint,
                checkpoint_seconds=checkpoint_seconds,
                unit="pairs",
            )
        finally:
            self._parameters, self._tables = task.tables.parameters(), None
        return self

    # --------------------------------------------------------------------------------- results

    @property
    def is_fitted(self) -> bool:
        """Whether there are vectors."""
        return hasattr(self, "_parameters") or getattr(self, "_tables", None) is not None

    def _fitted(self) -> Parameters:
        if not self.is_fitted:
            raise NotFittedError("this GloVe has no vectors yet; call fit(corpus) first")
        return self._parameters if self._tables is None else self._tables.parameters()

    @property
    def word_vectors_(self) -> NDArray[np.float32]:
        """w of each word."""
        return self._fitted().words

    @property
    def context_vectors_(self) -> NDArray[np.float32]:
        """c of each word."""
        return self._fitted().contexts

    @property
    def word_biases_(self) -> NDArray[np.float32]:
        """b of each word."""
        return self._fitted().biases[:, 0]

    @property
    def context_biases_(self) -> NDArray[np.float32]:
        """b~ of each word."""
        return self._fitted().biases[:, 1]

    def _make_vectors(self, metadata: dict[str, Any]) -> KeyedVectors:
        found, vector = self._fitted(), self._params["vector"]
        vectors = found.words if vector == "word" else found.contexts
        if vector == "sum":
            vectors = found.words + found.contexts
        return KeyedVectors(
            self.vocabulary_.words, vectors, counts=self.vocabulary_.counts, metadata=metadata
        )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        # not those of wv, to which its user may have added vectors
        found = self._fitted()
        arrays = self._make_vectors({}).to_arrays()
        values = (found.words, found.contexts, found.biases)
        names = array_names(self._params["vector"])
        return dict(zip(names, values, strict=True)) | arrays

    def _checkpoint_arrays(self) -> dict[str, NDArray[Any]]:
        assert self._tables is not None
        squares = self._tables.parameters(squares=True)
        values = (squares.words, squares.contexts, squares.biases)
        return self._arrays() | dict(zip(SQUARES, values, strict=True))

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read a model that `save` wrote.

        Raises
        ------
        FormatError
            The file is not a native file of this library, or not of a GloVe.
        """
        saved = open_model(path, cls.__name__)
        parameters = read_parameters(saved, array_names(saved.params.get("vector")))
        model = cls(**saved.params)
        model._parameters, model._tables = parameters, None
        model._restore(saved)
        return model
