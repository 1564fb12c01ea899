"""`Sequential.fit`: validation, callbacks, checkpoints around `fastembed.core.rounds`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _kernels
from fastembed.core import rounds
from fastembed.core.errors import FormatError, TrainingError
from fastembed.core.files import StrPath
from fastembed.core.fingerprint import sampled_digest
from fastembed.core.progress import Callback, Progress, progress_of
from fastembed.core.rounds import Position
from fastembed.io.native import read_native, write_native
from fastembed.nn.arguments import check_count, check_number
from fastembed.nn.callbacks import Monitor
from fastembed.nn.history import History
from fastembed.nn.saving import run_config
from fastembed.nn.training import Rows, TrainingTask, evaluate_rows

__all__ = ["fit_network"]

KIND = "Sequential checkpoint"
WEIGHTS = "first weights"


class _Figures(Callback):
    """The first callback: figures of the epoch and of the validation data go into the history."""

    def __init__(self, task: TrainingTask, validation: Rows | None, workers: int | None) -> None:
        self.task, self.validation, self.workers = task, validation, workers

    def on_epoch_end(self, model: Any) -> None:
        """Append them."""
        figures = self.task.figures()
        if self.validation is not None:
            batch = min(512, len(self.validation))
            program = model.program(batch, loss=model.loss, workers=self.workers)
            found = evaluate_rows(program, self.validation, batch).tolist()
            figures |= {f"val_{k}": v for k, v in zip(self.task.names, found, strict=True)}
        model.history_.append(figures)


def _split(
    model: Any, rows: Rows, data: Sequence[Any] | None, share: float
) -> tuple[Rows, Rows | None]:
    check_number("validation_split", share, below=1)
    if data is not None:
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise ValueError("validation_data must be (X, y) or (X, y, sample_weight)")
        try:
            return rows, model.prepare(*data)
        except (ValueError, TypeError) as error:
            raise type(error)(f"validation_data: {error}") from None
    if share == 0:
        return rows, None
    group = model.loss.group
    keep = int(len(rows) * (1 - share)) // group * group
    if keep == 0 or keep == len(rows):
        raise ValueError(
            f"validation_split {share!r} of {len(rows)} rows leaves none to "
            + ("train on" if keep == 0 else "validate with")
        )
    return rows.part(0, keep), rows.part(keep, len(rows))


def _fingerprint(*given: NDArray[Any] | None) -> str:
    def reader(array: NDArray[Any]) -> Any:
        return lambda start, stop: array[start:stop]

    arrays = [a for a in given if a is not None]
    facts = [f"{a.dtype} {a.shape}" for a in arrays]
    return sampled_digest(facts, [(len(a), reader(a), 16) for a in arrays])


def _save(
    path: StrPath, model: Any, task: TrainingTask, at: Position, facts: dict[str, Any],
    callbacks: list[Callback],
) -> str:  # fmt: skip
    arrays = {"params": model.flat_weights()}
    arrays |= {f"state{i}": state for i, state in enumerate(model.states())}
    remembered: list[Any] = []
    for i, callback in enumerate(_with_state(callbacks)):
        remembered.append([type(callback).__name__, callback.state()])
        best = getattr(callback, "best_weights", None)
        if best is not None:
            arrays[f"best{i}"] = best
    run = {
        "kind": KIND,
        "run": facts,
        "isa": _kernels.isa(),
        "position": at.to_dict(),
        "totals": task.totals.tolist(),
        "watched": [task.first_loss, task.risen],
        "stopped": bool(model.stop_training),
        "history": model.history_.history,
        "steps": model.steps_,
        "rate_factor": model.rate_factor,
        "callbacks": remembered,
    }
    write_native(path, arrays, run)
    return str(path)


def _with_state(callbacks: list[Callback]) -> list[Any]:
    """Those that remember something."""
    return [c for c in callbacks if hasattr(c, "state") and hasattr(c, "load_state")]


def _load(
    path: StrPath, model: Any, facts: dict[str, Any], callbacks: list[Callback]
) -> tuple[Position, dict[str, Any]]:
    file = read_native(path, mmap=False, verify=True)
    found = file.metadata
    if found.get("kind") != KIND:
        raise FormatError(f"{path}: not the checkpoint of a network's training")
    differ = [
        k for k, v in facts.items() if found["run"].get(k) != v and not (k == WEIGHTS and v is None)
    ]
    if differ:
        raise TrainingError(
            f"{path}: a checkpoint of another run: {', '.join(differ)} differ; resume with the "
            "network, the data and the arguments of the first run"
        )
    own = _with_state(callbacks)
    stored, named = found.get("callbacks"), [type(callback).__name__ for callback in own]
    if stored is not None and [name for name, _ in stored] != named:
        kept = ", ".join(name for name, _ in stored) or "none"
        raise TrainingError(
            f"{path}: the run had the callbacks {kept} and goes on with the same ones; got "
            f"{', '.join(named) or 'none'}"
        )
    rounds.warn_of_other_isa(path, found.get("isa"))
    arrays = [("params", model.flat_weights())]
    arrays += [(f"state{i}", state) for i, state in enumerate(model.states())]
    for name, array in arrays:
        values = file.arrays.get(name)
        if values is None or values.shape != array.shape or values.dtype != array.dtype:
            raise FormatError(f"{path}: its array {name!r} does not fit this network")
        array[...] = values
    try:
        model.history_ = History(found["history"])
        model.steps_, model.rate_factor = int(found["steps"]), float(found["rate_factor"])
        for i, (callback, (_, state)) in enumerate(zip(own, found["callbacks"], strict=True)):
            callback.load_state(state)
            if f"best{i}" in file.arrays:
                callback.best_weights = np.array(file.arrays[f"best{i}"])
        model.stop_training = bool(found["stopped"])
        task = {"totals": list(found["totals"]), "watched": list(found["watched"])}
        return Position(**found["position"]), task
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the checkpoint's metadata are damaged: {error}") from None


def _check_monitors(model: Any, callbacks: list[Callback], validated: bool) -> None:
    """What callbacks watch will be there; only a callback of a user's own could add figures."""
    names = ["loss", *(metric.name for metric in model.metrics)]
    names += [f"val_{name}" for name in names] if validated else []
    if all(type(callback).__module__.startswith("fastembed.") for callback in callbacks):
        for callback in callbacks:
            if isinstance(callback, Monitor):
                callback.check(names)


def fit_network(
    model: Any,
    rows: Rows,
    *,
    epochs: int,
    batch_size: int,
    validation_data: Sequence[Any] | None,
    validation_split: float,
    shuffle: bool,
    callbacks: list[Callback],
    progress: Progress | bool | None,
    seed: int,
    workers: int | None,
    checkpoint: StrPath | None,
    resume: bool,
    checkpoint_seconds: float,
) -> History:
    """What `Sequential.fit` documents, of checked rows."""
    epochs, batch_size = check_count("epochs", epochs), check_count("batch_size", batch_size)
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(
                f"callbacks must hold objects such as EarlyStopping(); got {callback!r}"
            )
    check_number("checkpoint_seconds", checkpoint_seconds)
    rounds.check_checkpoint(checkpoint, resume)
    rows, validation = _split(model, rows, validation_data, validation_split)
    _check_monitors(model, callbacks, validation is not None)
    batch = min(batch_size, len(rows))
    if batch % model.loss.group:
        raise ValueError(f"batch_size must be even for loss {model.loss.name}; got {batch}")
    model.history_, model.stop_training = History(), False
    facts: dict[str, Any] = {"first_epoch": model.epochs_done_}
    if checkpoint is not None:
        facts |= run_config(model) | {
            "data": _fingerprint(rows.x, rows.y, rows.weights),
            # explicit ones are not in the layers' configuration; once learned they say nothing
            WEIGHTS: None if model.steps_ else _fingerprint(model.flat_weights()),
            "batch": batch,
            "epochs": epochs,
            "shuffle": bool(shuffle),
            "seed": seed,
        }
    position, kept = Position(), dict[str, Any]()
    if resume:
        assert checkpoint is not None
        facts["first_epoch"] = int(
            read_native(checkpoint).metadata.get("run", {}).get("first_epoch", 0)
        )
        position, kept = _load(checkpoint, model, facts, callbacks)
    task = TrainingTask(
        model,
        model.program(batch, training=True, loss=model.loss, workers=workers, seed=seed),
        rows,
        batch=batch,
        epochs=epochs,
        shuffle=shuffle,
        seed=seed,
        first_epoch=facts["first_epoch"],
        **kept,
    )
    task.first_step = model.steps_ - task.steps_before(position.epoch, position.chunk)
    model.loss_history_ = position.loss_history

    def save(at: Position) -> str:
        assert checkpoint is not None
        return _save(checkpoint, model, task, at, facts, callbacks)

    try:
        rounds.train(
            task,
            position,
            epochs=position.epoch if model.stop_training else epochs,
            model=model,
            progress=progress_of(progress),
            callbacks=[_Figures(task, validation, workers), *callbacks],
            save=None if checkpoint is None else save,
            save_seconds=checkpoint_seconds,
            unit="rows",
            finished=lambda: model.stop_training,
        )
        if checkpoint is not None:
            save(position)
    finally:
        model.epochs_done_ = facts["first_epoch"] + position.epoch
        model.training_seconds_ = position.seconds
    return model.history_
