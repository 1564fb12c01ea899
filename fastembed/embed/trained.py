"""What models that the training loop trains have in common: figures, vectors, saving."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from numpy.typing import NDArray

from fastembed.core import rounds
from fastembed.core.errors import NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import Params
from fastembed.core.progress import Callback, Progress
from fastembed.core.rounds import Position, Task
from fastembed.embed.checkpoint import SavedModel, model_metadata
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.io.native import write_native
from fastembed.text.vocabulary import Vocabulary

__all__ = ["TrainedVectors"]


class TrainedVectors(Params):
    """Base of word-vector models that `fastembed.core.rounds` trains.

    A subclass gives `is_fitted`, `_arrays` and `_make_vectors`, and calls `_train` in its ``fit``.
    """

    vocabulary_: Vocabulary
    loss_history_: list[float]
    n_examples_: list[int]
    epochs_done_: int
    training_seconds_: float
    _params: dict[str, Any]  # of the run, as checked
    _position: Position
    _work: int  # of an epoch of the last run: words or pairs
    _wv: KeyedVectors | None
    _in_training: bool

    @property
    def is_fitted(self) -> bool:
        """Whether there are vectors."""
        raise NotImplementedError

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays of the model by name, those of its `KeyedVectors` among them."""
        raise NotImplementedError

    def _checkpoint_arrays(self) -> dict[str, NDArray[Any]]:
        """What a run needs to go on; those of the model, unless there is more."""
        return self._arrays()

    def _make_vectors(self, metadata: dict[str, Any]) -> KeyedVectors:
        """The word vectors as they are now."""
        raise NotImplementedError

    def _metadata(self) -> dict[str, Any]:
        return model_metadata(type(self).__name__, self._params, self._position, self.epochs_done_)

    def _train(
        self,
        task: Task,
        params: dict[str, Any],
        position: Position,
        *,
        fingerprint: Callable[[], str],
        progress: Progress,
        callbacks: Iterable[Callback],
        checkpoint: StrPath | None,
        checkpoint_seconds: float,
        unit: str = "words",
        finished: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run the task from ``position``; figures and vectors so far stay when it is stopped."""
        self._params = params
        self._position = position
        self._work = task.work
        self.loss_history_ = position.loss_history
        self._wv = None
        self._in_training = True

        def save(at: Position) -> str:
            assert checkpoint is not None
            run = {"position": at.to_dict(), "corpus": fingerprint()}
            write_native(checkpoint, self._checkpoint_arrays(), self._metadata() | run)
            return str(checkpoint)

        try:
            rounds.train(
                task,
                position,
                epochs=params["epochs"],
                model=self,
                progress=progress,
                callbacks=callbacks,
                save=save if checkpoint is not None else None,
                save_seconds=checkpoint_seconds,
                unit=unit,
                finished=finished,
            )
        finally:
            self._in_training = False
            self.epochs_done_ += len(position.loss_history)
            self.training_seconds_ = position.seconds
            self.n_examples_ = position.examples_history

    def _restore(self, saved: SavedModel) -> None:
        """Take over the figures of a file."""
        self._params, self._position = saved.params, saved.position
        self.vocabulary_ = saved.vocabulary()
        self.loss_history_ = saved.position.loss_history
        self.n_examples_ = saved.position.examples_history
        self.training_seconds_ = saved.position.seconds
        self.epochs_done_ = saved.epochs_done
        self._wv, self._in_training = None, False

    @property
    def wv(self) -> KeyedVectors:
        """The word vectors; before the end of the training, as far as they are."""
        if not self.is_fitted:
            raise NotFittedError(
                f"this {type(self).__name__} has no vectors yet; call fit(corpus) first"
            )
        if self._wv is not None:
            return self._wv
        vectors = self._make_vectors(self._metadata())
        # kept only when the rows stay as they are: it remembers their norms
        if not self._in_training:
            self._wv = vectors
        return vectors

    def save(self, path: StrPath) -> None:
        """Write the whole model as a native file, which `load` reads again.

        `KeyedVectors.load` opens the same file.
        """
        if not self.is_fitted:
            raise NotFittedError(
                f"this {type(self).__name__} has nothing to save yet; call fit(corpus) first"
            )
        write_native(path, self._arrays(), self._metadata())
