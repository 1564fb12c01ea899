"""What happens between epochs: early stopping, checkpoints, logs, lower learning rates.

Any `fastembed.core.progress.Callback` will do; these read ``model.history_`` and set
``model.stop_training`` or ``model.rate_factor``. What they remember goes into checkpoints.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

from fastembed.core.files import StrPath, atomic_write, check_output
from fastembed.core.progress import Callback
from fastembed.nn.arguments import check_count, check_number

__all__ = ["CSVLogger", "EarlyStopping", "ModelCheckpoint", "Monitor", "ReduceLROnPlateau"]

Mode = Literal["auto", "min", "max"]


class Monitor(Callback):
    """Base: is the figure of this epoch the best so far?"""

    def __init__(self, monitor: str, mode: Mode = "auto", min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max'; got {mode!r}")
        self.monitor = monitor
        self.min_delta = check_number(f"{type(self).__name__}: min_delta", min_delta)
        up = mode == "max" or (mode == "auto" and ("acc" in monitor or "top_" in monitor))
        self.sign = -1.0 if up else 1.0
        self.best, self.wait = math.inf, 0
        self._resumed = False

    def on_train_begin(self, model: Any) -> None:
        """Forget an earlier training, unless this one goes on from a checkpoint."""
        if not self._resumed:
            self.best, self.wait = math.inf, 0
        self._resumed = False

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps of it."""
        best = self.best if math.isfinite(self.best) else 1e308
        return {"best": best, "wait": self.wait}

    def load_state(self, state: dict[str, float]) -> None:
        """Go on from a checkpoint."""
        self.best = math.inf if state["best"] == 1e308 else state["best"]
        self.wait = int(state["wait"])
        self._resumed = True

    def check(self, names: Iterable[str]) -> None:
        """Raise ValueError if what is watched is not among the figures of an epoch."""
        if self.monitor not in names:
            data = "; val_ figures need validation data" if "val_" in self.monitor else ""
            raise ValueError(
                f"{type(self).__name__} watches {self.monitor!r}; there is {', '.join(names)}{data}"
            )

    def improved(self, model: Any) -> bool:
        """Whether the last epoch is better than the best by more than ``min_delta``."""
        figures = model.history_.history
        self.check(figures)
        value = self.sign * figures[self.monitor][-1]
        if value < self.best - self.min_delta:
            self.best, self.wait = value, 0
            return True
        self.wait += 1
        return False


class EarlyStopping(Monitor):
    """Stop when a figure has not improved for some epochs.

    Parameters
    ----------
    monitor : str
        Key of `History`.
    patience : int
        Epochs without an improvement after which training stops.
    restore_best_weights : bool
        Leave the model with the weights of its best epoch.

    Examples
    --------
    >>> EarlyStopping(patience=3).monitor
    'val_loss'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        min_delta: float = 0.0,
        mode: Mode = "auto",
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = check_count("EarlyStopping: patience", patience, 0)
        self.restore_best_weights = restore_best_weights
        self.best_weights: Any = None
        self.stopped_epoch: int | None = None

    def on_train_begin(self, model: Any) -> None:
        """The same."""
        if not self._resumed:
            self.best_weights, self.stopped_epoch = None, None
        super().on_train_begin(model)

    def on_epoch_end(self, model: Any) -> None:
        """Judge the epoch."""
        if self.improved(model):
            if self.restore_best_weights:
                self.best_weights = model.flat_weights().copy()
        elif self.wait >= max(self.patience, 1):
            self.stopped_epoch = len(model.history_.epoch) - 1
            model.stop_training = True

    def on_train_end(self, model: Any) -> None:
        """Put the best weights back."""
        if self.restore_best_weights and self.best_weights is not None:
            model.flat_weights()[:] = self.best_weights


class ModelCheckpoint(Monitor):
    """Save the model after each epoch, or after each that is the best so far.

    Parameters
    ----------
    path : path
        Native file; ``{epoch}`` in it is the number of the epoch.

    Examples
    --------
    >>> ModelCheckpoint("best.fe", save_best_only=True).monitor
    'val_loss'
    """

    def __init__(
        self,
        path: StrPath,
        monitor: str = "val_loss",
        *,
        save_best_only: bool = False,
        mode: Mode = "auto",
    ) -> None:
        super().__init__(monitor, mode)
        self.path, self.save_best_only = str(path), save_best_only

    def check(self, names: Iterable[str]) -> None:
        """Only if the figure decides."""
        if self.save_best_only:
            super().check(names)

    def _file(self, epoch: int) -> str:
        return self.path.replace("{epoch}", str(epoch))

    def on_train_begin(self, model: Any) -> None:
        """See that the file can be written."""
        super().on_train_begin(model)
        check_output(self._file(1))

    def on_epoch_end(self, model: Any) -> None:
        """Save, if it is time."""
        if not self.save_best_only or self.improved(model):
            model.save(self._file(len(model.history_.epoch)))


class CSVLogger(Callback):
    """Write the figures of all epochs to a CSV file after each, whole or not at all.

    Examples
    --------
    >>> CSVLogger("log.csv").path
    'log.csv'
    """

    def __init__(self, path: StrPath) -> None:
        self.path = str(path)

    def on_train_begin(self, model: Any) -> None:
        """See that the file can be written."""
        check_output(self.path)

    def on_epoch_end(self, model: Any) -> None:
        """Write the table."""
        figures = model.history_.history
        lines = [",".join(["epoch", *figures])]
        for i in model.history_.epoch:
            lines.append(",".join([str(i + 1), *(repr(v[i]) for v in figures.values())]))
        with atomic_write(self.path) as file:
            file.write(("\n".join(lines) + "\n").encode())


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by ``factor`` when a figure has not improved for some epochs.

    Examples
    --------
    >>> ReduceLROnPlateau(factor=0.5, patience=2).factor
    0.5
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        min_factor: float = 0.0,
        mode: Mode = "auto",
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor = check_number("factor", factor, below=1, above=True)
        self.patience = check_count("ReduceLROnPlateau: patience", patience, 0)
        self.min_factor = check_number("min_factor", min_factor)

    def on_epoch_end(self, model: Any) -> None:
        """Judge the epoch."""
        if not self.improved(model) and self.wait >= max(self.patience, 1):
            model.rate_factor = max(model.rate_factor * self.factor, self.min_factor)
            self.wait = 0
