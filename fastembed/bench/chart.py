"""A picture of the ratios, with the plot extra: one bar a case and peer; longer is better."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from fastembed.bench.measure import Result

__all__ = ["can_draw", "draw_chart"]


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def bars(results: Sequence[Result]) -> list[tuple[str, str, float, float, float]]:
    """(case, peer, ratio, lowest, highest) of the leading figure of each case."""
    out = []
    for result in results:
        case = result.case
        if case.topic.endswith("quality"):
            continue
        for command in case.commands[1:]:
            ratio = result.ratio(command.contender, case.metrics[0])
            if ratio is not None:
                label = f"{case.name} ({case.metrics[0].label})"
                out.append((label, command.contender, ratio.median, ratio.low, ratio.high))
    return out


def draw_chart(results: Sequence[Result], environment: Mapping[str, Any]) -> bytes | None:
    """An SVG, or None where there is nobody to compare with."""
    data = bars(results)
    if not data:
        return None
    from matplotlib.figure import Figure

    peers = list(dict.fromkeys(peer for _, peer, *_ in data))
    figure = Figure(figsize=(10, 1.2 + 0.3 * len(data)), layout="constrained")
    axes = figure.subplots()
    for row, (_, peer, median, low, high) in enumerate(data):
        axes.barh(
            row,
            median - 1,
            left=1,  # to the right where we are better, to the left where the peer is
            color=f"C{peers.index(peer)}",
            xerr=[[median - low], [high - median]],
            error_kw={"elinewidth": 1},
        )
        axes.annotate(
            f" {median:.3g}x", (high, row), va="center", fontsize=8, annotation_clip=False
        )
    axes.set_yticks(range(len(data)), [f"{label}\nagainst {peer}" for label, peer, *_ in data])
    axes.tick_params(axis="y", labelsize=7)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlabel("times better than the peer (1: equal)")
    axes.set_title(f"fastembed beside its peers: {environment['processor']}", fontsize=10)
    with io.BytesIO() as buffer:
        figure.savefig(buffer, format="svg")
        return buffer.getvalue()
