"""THE training loop: epochs of chunks, run in rounds of about half a second.

A chunk is a fixed piece of the work, the same for any number of threads. A round is one native
call over some chunks; how many is a matter of speed and never of the result. Between rounds the
loop reports progress, runs callbacks, writes checkpoints and honours Ctrl-C: the first finishes
the round, saves and stops, a second one stops at once.
"""

from __future__ import annotations

import math
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from types import FrameType
from typing import Any, Protocol

from fastembed.core.errors import TrainingError
from fastembed.core.files import StrPath, check_output
from fastembed.core.progress import Callback, Progress

__all__ = [
    "Figures",
    "Position",
    "Task",
    "TrainingInterrupted",
    "check_checkpoint",
    "train",
    "warn_of_other_isa",
]

ROUND_SECONDS = 0.4
REPORT_SECONDS = 0.5  # a sparing reporter is not told of epochs sooner after each other


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during training; the message says where and what was saved."""


def check_checkpoint(checkpoint: StrPath | None, resume: bool) -> None:
    """What a run is told of its checkpoint makes sense; known before any text is read.

    Raises
    ------
    ValueError
        There is none to resume.
    OSError
        It could not be written.
    """
    if checkpoint is not None:
        check_output(checkpoint)
    elif resume:
        raise ValueError("resume=True needs checkpoint, the file to go on from")


def warn_of_other_isa(path: StrPath, isa: str | None) -> None:
    """Say so where a run that was saved with ``isa`` goes on with another instruction set.

    It may go on, on whatever machine there is; its sums are rounded otherwise from here on.
    """
    from fastembed._native import _kernels

    if isa is not None and isa != _kernels.isa():
        warnings.warn(
            f"{path}: saved by instruction set {isa}, and this process uses {_kernels.isa()}: the "
            "result will not be that of an uninterrupted run to the bit. For that, set the "
            f"environment variable FASTEMBED_ISA={isa}, on a machine that has it (fastembed info)",
            RuntimeWarning,
            stacklevel=3,
        )


@dataclass
class Figures:
    """What a round did: one entry a chunk of its loss and number of examples."""

    loss: list[float]
    examples: list[int]
    work: int  # units of progress
    shown: dict[str, float] | None = None  # in reports, in place of loss and learning rate


@dataclass
class Position:
    """How far a run is; all of it goes into a checkpoint."""

    epoch: int = 0
    chunk: int = 0
    loss: float = 0.0  # of this epoch so far
    examples: int = 0
    work: int = 0  # of this epoch so far
    seconds: float = 0.0  # of training in all
    loss_history: list[float] = field(default_factory=list)  # mean per example, of each epoch
    examples_history: list[int] = field(default_factory=list)  # of each epoch

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's metadata."""
        return asdict(self)


class Task(Protocol):
    """What the loop drives."""

    @property
    def n_chunks(self) -> int:
        """Chunks of an epoch."""

    @property
    def work(self) -> int:
        """Units of progress of an epoch."""

    def run(self, epoch: int, first: int, count: int) -> Figures:
        """Train on chunks first .. first + count - 1."""

    def learning_rate(self, epoch: int, chunk: int) -> float | None:
        """The rate there, for reports; None for a task that has none."""


def _epoch_label(epoch: int, epochs: int) -> str:
    return f"epoch {epoch + 1}/{epochs}"


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Has Ctrl-C been pressed? After the first press a second one raises at once."""
    pressed = False

    def handler(signum: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    # only the main thread receives signals; a handler of the application's own is left alone
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, handler)
    try:
        yield lambda: pressed
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def train(
    task: Task,
    position: Position,
    *,
    epochs: int,
    model: Any,
    progress: Progress,
    callbacks: Iterable[Callback] = (),
    save: Callable[[Position], str] | None = None,
    save_seconds: float = math.inf,
    unit: str = "words",
    label: Callable[[int, int], str] = _epoch_label,
    finished: Callable[[], bool] = lambda: False,
) -> None:
    """Run a task from ``position`` to the end of the last epoch.

    Parameters
    ----------
    task : Task
        The work; its state moves on with each round.
    position : Position
        Where to begin; moved on in place, so that the caller can see it after an interruption.
    model : object
        Handed to the callbacks.
    save : callable, optional
        Writes a checkpoint and says where; called every ``save_seconds`` and on Ctrl-C.
    label : callable
        What reports call an epoch, given its index and the number of epochs.
    finished : callable
        Asked after each epoch; True ends the run before its last epoch.

    Raises
    ------
    TrainingInterrupted
        Ctrl-C; the round was finished and, with ``save``, a checkpoint written.
    TrainingError
        The loss is not finite; the checkpoint, if any, is the last good one.
    """
    callbacks = list(callbacks)
    saved = ""  # where the last good checkpoint is
    count = 1
    for callback in callbacks:
        callback.on_train_begin(model)
    with _interrupts() as interrupted, closing(progress):
        last_save = time.monotonic()
        said = -math.inf
        while position.epoch < epochs:
            name = label(position.epoch, epochs)
            due = not progress.sparing or time.monotonic() - said >= REPORT_SECONDS
            report = progress if due or position.epoch == epochs - 1 else Progress()
            report.start(task.work, unit, name)
            if position.chunk == 0:
                for callback in callbacks:
                    callback.on_epoch_begin(model)
            while position.chunk < task.n_chunks:
                count = min(count, task.n_chunks - position.chunk)
                began = time.monotonic()
                figures = task.run(position.epoch, position.chunk, count)
                seconds = time.monotonic() - began
                rate = task.learning_rate(position.epoch, position.chunk + count - 1)
                # one by one: the sum does not depend on how the chunks were cut into rounds
                for loss in figures.loss:
                    position.loss += loss
                position.examples += sum(figures.examples)
                position.work += figures.work
                position.chunk += count
                position.seconds += seconds
                if not math.isfinite(position.loss):
                    raise TrainingError(_diverged(position, rate, saved))
                mean = position.loss / max(position.examples, 1)
                shown = {"loss": mean} | ({} if rate is None else {"lr": rate})
                report.update(position.work, **(figures.shown or shown))
                if interrupted():
                    raise TrainingInterrupted(_stopped(position, name, task.n_chunks, save))
                if save is not None and time.monotonic() - last_save >= save_seconds:
                    saved = save(position)
                    last_save = time.monotonic()
                count = max(1, round(count * min(2.0, ROUND_SECONDS / max(seconds, 1e-6))))
            report.close()
            said = time.monotonic() if report is progress else said
            position.loss_history.append(position.loss / max(position.examples, 1))
            position.examples_history.append(position.examples)
            position.epoch += 1
            position.chunk = position.examples = position.work = 0
            position.loss = 0.0
            for callback in callbacks:
                callback.on_epoch_end(model)
            if finished():
                break
            if interrupted() and position.epoch < epochs:
                name = label(position.epoch, epochs)
                raise TrainingInterrupted(_stopped(position, name, task.n_chunks, save))
    if not any(position.examples_history):
        raise TrainingError(
            "there was nothing to train on: no word that was kept had another word beside it. "
            "Sentences of one word, a large min_count or a small sample leave none"
        )
    for callback in callbacks:
        callback.on_train_end(model)


def _diverged(position: Position, rate: float | None, saved: str) -> str:
    last = f"the last good checkpoint is {saved}" if saved else "no checkpoint had been written"
    advice = "" if rate is None else " Try a lower learning rate."
    at = "" if rate is None else f" at learning rate {rate:.4g}"
    return f"the loss is not finite in epoch {position.epoch + 1}{at}; {last}.{advice}"


def _stopped(
    position: Position, name: str, n_chunks: int, save: Callable[[Position], str] | None
) -> str:
    share = 100 * position.chunk / max(n_chunks, 1)
    where = f"interrupted in {name.replace('/', ' of ')} ({share:.0f}% of it done)"
    if save is None:
        return f"{where}; no checkpoint was asked for, so nothing was saved"
    return f"{where}; saved {save(position)}"
