"""What `fastembed.core.rounds` drives for a network: chunks of mini-batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _nn_draws
from fastembed.core.errors import TrainingError
from fastembed.core.rounds import Figures
from fastembed.core.threads import single_threaded_blas
from fastembed.nn.data import raise_bad_id, raise_not_finite
from fastembed.nn.program import Program

__all__ = ["Rows", "TrainingTask", "evaluate_rows", "raise_ended"]

# Mini-batches of about so many rows are one chunk of the training loop; of large networks fewer,
# so that a chunk takes a tenth of a second and Ctrl-C is heard.
ROWS_A_CHUNK = 4096
CHUNK_WORK = 20 * 10**9
# An epoch has diverged where its loss is so many times that of the first mini-batch, and of outputs
# that are all 0.
DIVERGED = 1e8
ADVICE = "Try a lower learning rate, clipnorm, or inputs of a smaller scale"


class Rows:
    """Checked arrays to train or evaluate on: inputs, targets, weights."""

    def __init__(
        self, x: NDArray[Any], y: NDArray[Any] | None, weights: NDArray[np.float64] | None
    ) -> None:
        self.x, self.y, self.weights = x, y, weights

    def __len__(self) -> int:
        return len(self.x)

    def part(self, start: int, stop: int) -> Rows:
        """Rows start .. stop - 1, without copying."""
        y = None if self.y is None else self.y[start:stop]
        weights = None if self.weights is None else self.weights[start:stop]
        return Rows(self.x[start:stop], y, weights)


def raise_ended(what: int, row: int, rows: Rows, where: str, limits: Sequence[int]) -> None:
    """Raise what ended a run of the kernels.

    Raises
    ------
    ValueError
        A row of X or y is not finite, or an id is out of range.
    TrainingError
        The loss is not finite.
    """
    if what == 3:
        raise TrainingError(f"the loss is not finite in {where}. {ADVICE}")
    if what == 2:
        raise ValueError(f"y holds NaN or an infinite number in row {row}")
    bad = np.asarray(rows.x[row])
    if limits:
        raise_bad_id(bad, row, limits)
    raise_not_finite("X", bad[None], row, np.float32)


def evaluate_rows(
    program: Program, rows: Rows, batch: int, *, training: bool = False
) -> NDArray[np.float64]:
    """Loss with its penalties, and metrics; means over the rows."""
    n = len(rows)
    n_batches = -(-n // batch)
    sums = np.zeros((n_batches, 1 + program.n_metrics))
    with single_threaded_blas():
        program.net.bind(rows.x, rows.y, rows.weights, None)
        done, what, row = program.net.run(
            0, batch, n, 0, np.zeros(n_batches), sums, training, 0, program.after_loss
        )
    if what:
        where = f"mini-batch {done + 1} of an evaluation"
        raise_ended(what, row, rows, where, program.graph.id_limits)
    found: NDArray[np.float64] = sums.sum(axis=0) / n
    found[0] += _penalty(program, rows) / (1 if program.loss.reduction == "mean" else n)
    return found


def _penalty(program: Program, rows: Rows) -> float:
    """Of the weights, as the loss of a mini-batch of all rows has it."""
    total = 0.0
    for p in program.graph.parameters:
        if p.regularizer is None or not p.trainable:
            continue
        w = program.params[p.start : p.start + p.size].reshape(p.shape)
        if p.sparse:  # only rows that occur cost something
            op = next(op for op in program.graph.ops if op.w is p)
            w = w[np.unique(rows.x[:, op.extra : op.extra + op.ids])]
        total += p.regularizer.penalty(w)
    return total


class TrainingTask:
    """A `fastembed.core.rounds.Task`: a chunk is some mini-batches, always the same ones.

    Parameters
    ----------
    model : Sequential
        Whose optimiser, rate factor and figures so far are used.
    first_epoch : int
        Of this run, counted over all runs of the model; so is the attribute ``first_step``.
    """

    def __init__(
        self,
        model: Any,
        program: Program,
        rows: Rows,
        *,
        batch: int,
        epochs: int,
        shuffle: bool,
        seed: int,
        first_epoch: int,
        totals: list[float] | None = None,
        watched: Sequence[Any] = (None, None),
    ) -> None:
        self.model, self.program, self.rows, self.batch = model, program, rows, batch
        self.shuffle, self.seed = shuffle, seed
        self.first_epoch, self.first_step = first_epoch, 0
        self.n_batches = -(-len(rows) // batch)
        work = 6 * len(program.params) * batch  # operations of a mini-batch, about
        self.per_chunk = max(1, min(ROWS_A_CHUNK // batch, CHUNK_WORK // work))
        self.steps = self.n_batches * epochs
        self.work = len(rows)
        self.names = ["loss", *(m.name for m in model.metrics)]
        self.totals = np.zeros(len(self.names)) if totals is None else np.array(totals)
        # loss of the first mini-batch; the first mini-batch of this epoch that is far above it
        self.first_loss: float | None = watched[0]
        self.risen: int | None = watched[1]
        self._bound = -1

    @property
    def n_chunks(self) -> int:
        """Chunks of an epoch."""
        return -(-self.n_batches // self.per_chunk)

    def steps_before(self, epoch: int, chunk: int) -> int:
        """Mini-batches of this run before a chunk."""
        return epoch * self.n_batches + min(chunk * self.per_chunk, self.n_batches)

    def learning_rate(self, epoch: int, chunk: int) -> float:
        """The rate of the last mini-batch of a chunk."""
        last = min((chunk + 1) * self.per_chunk, self.n_batches) - 1
        return float(self._rates(epoch * self.n_batches + last, 1)[0])

    def _rates(self, first: int, count: int) -> NDArray[np.float64]:
        rates = self.model.optimizer.rates(first, count, self.steps)
        return np.ascontiguousarray(rates * self.model.rate_factor)

    def _bind(self, epoch: int) -> None:
        if epoch == self._bound:
            return
        order = None
        if self.shuffle:
            group = self.model.loss.group
            order = _nn_draws.order(len(self.rows), self.seed, self.first_epoch + epoch, group)
        self.program.net.bind(self.rows.x, self.rows.y, self.rows.weights, order)
        self._bound = epoch

    def run(self, epoch: int, first: int, count: int) -> Figures:
        """Train on chunks first .. first + count - 1: one native call."""
        n, at = len(self.rows), first * self.per_chunk
        stop = min(at + count * self.per_chunk, self.n_batches)
        self._bind(epoch)
        if first == 0:
            self.totals[:], self.risen = 0, None
        sums = np.zeros((stop - at, len(self.names)))
        step = epoch * self.n_batches + at
        rates = self._rates(step, stop - at)
        step += self.first_step
        program = self.program
        with single_threaded_blas():
            done, what, row = program.net.run(
                at, self.batch, n, step, rates, sums, True, 0, program.after_update
            )
        self.model.steps_ = step + done
        if what:
            where = f"epoch {epoch + 1}, mini-batch {at + done + 1} of {self.n_batches}"
            where += "; the weights are those before it" if what == 3 else ""
            raise_ended(what, row, self.rows, where, program.graph.id_limits)
        self._watch(sums[:, 0], at)
        losses, examples = [], []
        for begin in range(0, stop - at, self.per_chunk):
            own = sums[begin : begin + self.per_chunk].sum(axis=0)
            self.totals += own
            losses.append(float(own[0]))
            last = min((at + begin + self.per_chunk) * self.batch, n)
            examples.append(last - (at + begin) * self.batch)
        if stop == self.n_batches:
            self._judge(epoch)
        work = sum(examples)
        seen = min(stop * self.batch, n)
        shown = dict(zip(self.names, (self.totals / seen).tolist(), strict=True))
        return Figures(losses, examples, work, shown)

    def _watch(self, losses: NDArray[np.float64], at: int) -> None:
        """Keep the first loss of the run, and where losses have risen far above it."""
        if self.first_loss is None:
            self.first_loss = float(losses[0]) / min(self.batch, len(self.rows))
        high = losses > DIVERGED * self.first_loss * self.batch
        if self.risen is None and high.any():
            self.risen = at + int(high.argmax())

    def _judge(self, epoch: int) -> None:
        """Stop a run whose loss is finite and of no use, or whose weights are not finite.

        Raises
        ------
        TrainingError
        """
        params = self.program.params
        if not (np.isfinite(params.max()) and np.isfinite(params.min())):
            name = next(n for n, w in self.model.parameters().items() if not np.isfinite(w).all())
            raise TrainingError(
                f"weights {name!r} are not finite after epoch {epoch + 1}, mini-batch "
                f"{self.n_batches} of {self.n_batches}. {ADVICE}"
            )
        mean, first = float(self.totals[0]) / len(self.rows), self.first_loss or 0.0
        if mean <= DIVERGED * first or self.risen is None:
            return
        y, weights = self.rows.y, self.rows.weights
        top = 1.0 if y is None else max(abs(float(y.max())), abs(float(y.min())))
        natural = self.model.loss.natural(top, self.program.output.width)
        natural *= 1.0 if weights is None else float(weights.max())
        if mean > DIVERGED * natural > 0:
            raise TrainingError(
                f"the loss diverges: {mean:.3g} in epoch {epoch + 1}, {first:.3g} at the beginning;"
                f" it rose at mini-batch {self.risen + 1} of {self.n_batches}. {ADVICE}"
            )

    def figures(self) -> dict[str, float]:
        """Loss and metrics of the epoch, means over its rows."""
        return dict(zip(self.names, (self.totals / len(self.rows)).tolist(), strict=True))
