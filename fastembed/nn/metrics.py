"""Metrics by name: means over rows, computed beside the loss. Formulas: docs/nn.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastembed.nn.losses import Loss

__all__ = ["METRICS", "Metric", "checked_metrics", "metrics_of"]

ACCURACY, TOP_K, BINARY, MAE, MSE = range(5)


@dataclass(frozen=True)
class Metric:
    """A figure of a row.

    Parameters
    ----------
    name : str
        Its key in `History`.
    code : int
        FE_METRIC_... of csrc/nn_job.h.
    k : int
        Of top-k accuracy.
    threshold : float
        Of binary accuracy: outputs above it mean 1.
    classes : bool
        It compares one label a row.
    """

    name: str
    code: int
    k: int = 0
    threshold: float = 0.5
    classes: bool = False


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric("categorical_accuracy", ACCURACY, classes=True),
        Metric("sparse_categorical_accuracy", ACCURACY, classes=True),
        Metric("top_k_categorical_accuracy", TOP_K, k=5, classes=True),
        Metric("binary_accuracy", BINARY),
        Metric("mean_absolute_error", MAE),
        Metric("mean_squared_error", MSE),
    )
}
SHORT = {"mae": "mean_absolute_error", "mse": "mean_squared_error"}


def checked_metrics(given: Iterable[str | Metric]) -> list[str | Metric]:
    """Metrics as they were asked for; unknown names are refused before there is a network."""
    if isinstance(given, (str, Metric)):
        raise TypeError(f"metrics must be a list such as ['accuracy']; got {given!r}")
    asked = list(given)
    for item in asked:
        known = isinstance(item, Metric) or (
            isinstance(item, str)
            and (item in ("accuracy", "acc") or SHORT.get(item, item) in METRICS or _top(item))
        )
        if not known:
            allowed = ", ".join(["accuracy", *METRICS, "top_3, top_5, ..."])
            raise ValueError(f"metrics must be among {allowed}; got {item!r}")
    return asked


def _top(name: str) -> int:
    """k of "top_k"; 0: it is none."""
    return int(name[4:]) if name.startswith("top_") and name[4:].isdigit() else 0


def metrics_of(given: Iterable[str | Metric], loss: Loss, n_output: int) -> list[Metric]:
    """The metrics that an argument means; "accuracy" is that of the loss.

    Raises
    ------
    ValueError
        A metric that does not fit the targets of the loss.
    """
    from fastembed._native import _nn

    # outputs above it mean 1: of scores 0, of probabilities 0.5
    scores = bool(getattr(loss, "from_logits", False)) or loss.targets == "binary"
    threshold = 0.0 if scores else 0.5
    found = []
    for item in given:
        if isinstance(item, Metric):
            metric = item
        elif item in ("accuracy", "acc"):
            classes = loss.labels or n_output > 1
            one = loss.targets in ("unit", "binary") and not loss.labels
            metric = (
                Metric("accuracy", ACCURACY, classes=True)
                if classes and not one
                else Metric("accuracy", BINARY, threshold=threshold)
            )
        elif _top(item):
            metric = Metric(item, TOP_K, k=_top(item), classes=True)
        else:
            chosen = METRICS[SHORT.get(item, item)]
            metric = Metric(item, chosen.code, chosen.k, threshold, chosen.classes)
        if loss.labels and not metric.classes:
            raise ValueError(
                f"metric {metric.name!r} compares vectors, and the targets of {loss.name} are "
                "labels; use accuracy or top_k"
            )
        found.append(metric)
    if len(found) > _nn.MAX_METRICS:
        raise ValueError(f"at most {_nn.MAX_METRICS} metrics; got {len(found)}")
    if len({m.name for m in found}) < len(found):
        raise ValueError(f"a metric is named twice: {', '.join(m.name for m in found)}")
    return found


def metric_facts(metrics: list[Metric]) -> list[tuple[int, int, float]]:
    """What the kernel is told."""
    return [(m.code, m.k, m.threshold) for m in metrics]


def metric_from_config(config: Any) -> Metric:
    """The metric of stored values."""
    return Metric(**config)
