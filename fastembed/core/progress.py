"""THE progress reporter, and callbacks.

Everything that takes a while reports through a `Progress`: a bar on a terminal, plain lines
elsewhere, nothing by default in the library.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, TextIO

__all__ = ["BarProgress", "Callback", "LineProgress", "Progress", "progress_of"]


class Progress:
    """Reports nothing; the base of the others.

    ``start`` opens a task of ``total`` units of work (None if unknown), ``update`` says how much
    is done in all, with figures worth showing (``loss=2.31``), ``close`` ends the task.
    ``sparing`` ones are not told of each of many short epochs.
    """

    sparing = False

    def start(self, total: int | None, unit: str, label: str) -> None:
        """Open a task."""

    def update(self, done: int, **figures: float) -> None:
        """Report work done since `start`, in all."""

    def close(self) -> None:
        """End the task."""


def _figures(figures: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.4g}" for name, value in figures.items())


def _knows_its_size(stream: TextIO) -> bool:
    """Whether a terminal has a size (serial lines and some pseudo-terminals say 0 x 0)."""
    try:
        return min(os.get_terminal_size(stream.fileno())) > 0
    except (OSError, ValueError):
        return False


class BarProgress(Progress):
    """A live bar with rate, figures and time left (tqdm)."""

    sparing = True

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self._bar: Any = None

    def start(self, total: int | None, unit: str, label: str) -> None:
        from tqdm import tqdm

        self.close()
        known = _knows_its_size(self.stream)
        self._bar = tqdm(
            total=total, desc=label, unit=f" {unit}", unit_scale=True, file=self.stream,
            dynamic_ncols=known, ncols=None if known else 80, nrows=None if known else 20,
            mininterval=0.1, smoothing=0.1,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {rate_fmt}{postfix} ETA {remaining}"
            if total else None,
        )  # fmt: skip

    def update(self, done: int, **figures: float) -> None:
        if self._bar is None:
            return
        if figures:
            self._bar.set_postfix_str(_figures(figures), refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class LineProgress(Progress):
    """A plain line now and then, for logs."""

    sparing = True

    def __init__(self, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.every = every
        self._task: tuple[int | None, str, str] | None = None

    def start(self, total: int | None, unit: str, label: str) -> None:
        self.close()
        self._task = (total, unit, label)
        self._began = self._said = time.monotonic()
        self._last: tuple[int, dict[str, float]] | None = None

    def update(self, done: int, **figures: float) -> None:
        self._last = (done, figures)
        if self._task is not None and time.monotonic() - self._said >= self.every:
            self._say()

    def close(self) -> None:
        if self._task is not None and self._last is not None:
            self._say()
        self._task = None

    def _say(self) -> None:
        assert self._task is not None
        assert self._last is not None
        (total, unit, label), (done, figures) = self._task, self._last
        self._said = time.monotonic()
        seconds = max(self._said - self._began, 1e-9)
        parts = [f"{label}:"]
        if total:
            parts.append(f"{100 * done / total:.0f}%")
        parts.append(f"{done / seconds:,.0f} {unit}/s")
        if figures:
            parts.append(_figures(figures))
        if total and done:
            parts.append(f"ETA {seconds * (total - done) / done:.0f} s")
        print(" ".join(parts), file=self.stream, flush=True)


def progress_of(progress: Progress | bool | None) -> Progress:
    """The reporter that an argument ``progress`` means.

    None or False: nothing. True: a bar if standard error is a terminal, else lines. A `Progress`
    is used as it is.
    """
    if isinstance(progress, Progress):
        return progress
    if not progress:
        return Progress()
    return BarProgress() if sys.stderr.isatty() else LineProgress()


class Callback:
    """What a user can do between rounds and epochs; override what is needed.

    ``model`` is the estimator in training; its figures so far are in ``model.loss_history_``.
    """

    def on_train_begin(self, model: Any) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, model: Any) -> None:
        """Before each epoch."""

    def on_epoch_end(self, model: Any) -> None:
        """After each epoch; the epoch's mean loss is ``model.loss_history_[-1]``."""

    def on_train_end(self, model: Any) -> None:
        """After the last epoch."""
