"""Results as a table for people, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from fastembed.bench.measure import Metric, Result, Spread, spread

__all__ = ["as_json", "as_markdown", "as_table", "environment_lines", "human"]

FORMAT = "fastembed-bench 1"
BUSY = 0.5  # load average from which the machine is not ours


def human(value: float) -> str:
    """Three significant digits or more, abbreviated from ten thousand on.

    Examples
    --------
    >>> human(6_134_000), human(371_200), human(1345.6), human(1.2345), human(0.0123)
    ('6.13 M', '371 k', '1346', '1.23', '0.0123')
    """
    if abs(value) >= 9999.5:
        for factor, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
            if abs(value) >= 0.9995 * factor:
                return f"{value / factor:.3g}" + unit
    return f"{value:.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def _cell(values: Sequence[float], ratio: Spread | None, mean: bool) -> str:
    figure = spread(values)
    if figure is None:
        return "-"
    text = human(figure.mean if mean else figure.median)
    if figure.n > 1:
        text += f" ({human(figure.low)} to {human(figure.high)})"
    if ratio is not None:
        text += f"  {human(ratio.median)}x"
    return text


def _rows(results: Sequence[Result], contenders: Sequence[str]) -> Iterator[list[str]]:
    for result in results:
        name = result.case.name
        first = result.case.commands[0].contender
        for metric in result.case.metrics:
            row = [name, metric.label]
            for contender in contenders:
                # what is paid in quality is not a ratio
                quality = result.case.topic.endswith("quality")
                compared = contender != first and not quality
                ratio = result.ratio(contender, metric) if compared else None
                row.append(_cell(result.values(contender, metric.key), ratio, mean=quality))
            if any(cell != "-" for cell in row[2:]):
                yield row
                name = ""


def _tables(results: Sequence[Result]) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """(topic, heading, rows) of each topic, in the order measured."""
    for topic, group in groupby(results, key=lambda result: result.case.topic):
        of_topic = list(group)
        contenders = list(dict.fromkeys(name for result in of_topic for name in result.samples))
        yield topic, [topic, "", *contenders], list(_rows(of_topic, contenders))


def as_table(results: Sequence[Result], environment: Mapping[str, Any]) -> str:
    """Plain text, one table a topic."""
    blocks = ["\n".join(environment_lines(environment))]
    for _, heading, rows in _tables(results):
        widths = [max(len(row[i]) for row in [heading, *rows]) for i in range(len(heading))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [heading, ["-" * width for width in widths], *rows]
        ]
        blocks.append("\n".join(lines))
    blocks.append(LEGEND)
    return "\n\n".join(blocks)


def as_markdown(results: Sequence[Result], environment: Mapping[str, Any]) -> str:
    """The same as Markdown tables."""
    blocks = ["  \n".join(environment_lines(environment))]
    for _, heading, rows in _tables(results):
        lines = [heading, ["---", "---", *["---:"] * (len(heading) - 2)], *rows]
        blocks.append("\n".join("| " + " | ".join(row) + " |" for row in lines))
    blocks.append(LEGEND)
    return "\n\n".join(blocks)


LEGEND = (
    "Medians of the runs (lowest to highest); quality: means over the seeds. "
    "4x: the first column is four times better, by pairs of runs that followed each other."
)


def environment_lines(environment: Mapping[str, Any]) -> list[str]:
    """The machine, the versions, the text and the settings, in a few lines."""
    e = environment
    lines = [
        f"{e['processor']}, {e['cores']} cores, {e['platform']}; instruction set {e['isa']}"
        + ("" if e["openmp"] else ", no OpenMP")
    ]
    for name, versions in e["contenders"].items():
        details = ", ".join(f"{k} {v}" for k, v in versions.items() if k != "version")
        line = f"{name} {versions.get('version', '')}".rstrip()
        lines.append(f"{line} ({details})" if details else line)
    if "text" in environment:
        text = environment["text"]
        lines.append(
            f"text: {text['name']}, {text['n_bytes'] / 1e6:.1f} MB, {text['n_words']:,} words; "
            f"runs: {environment['runs']}; epochs: {environment['epochs']}"
        )
    if (e["load"] or 0) > BUSY:
        lines.append(
            f"not alone: other programs kept {e['load']:.1f} cores busy when the run began, so "
            "wall times are too long and ratios uncertain; CPU times suffer less"
        )
    if environment["unset"]:
        lines.append(f"unset in every process: {', '.join(environment['unset'])}")
    return lines


def as_json(results: Sequence[Result], environment: Mapping[str, Any]) -> dict[str, Any]:
    """Everything: every run with all its figures, the summaries and the ratios."""
    return {
        "format": FORMAT,
        "environment": dict(environment),
        "results": [_result_json(result) for result in results],
    }


def _result_json(result: Result) -> dict[str, Any]:
    case = result.case
    first = case.commands[0].contender
    contenders = {}
    for name, samples in result.samples.items():
        summaries = {
            metric.key: _metric_json(result, name, metric, name != first)
            for metric in case.metrics
            if result.values(name, metric.key)
        }
        # lists of words are there for the check of the result only
        runs = [
            {key: value for key, value in sample.figures.items() if key != "neighbours"}
            for sample in samples
        ]
        contenders[name] = {"summary": summaries, "runs": runs}
    return {
        "topic": case.topic,
        "name": case.name,
        "workers": case.workers,
        "first": first,
        "contenders": contenders,
    }


def _metric_json(result: Result, name: str, metric: Metric, compared: bool) -> dict[str, Any]:
    figure = spread(result.values(name, metric.key))
    summary = {"label": metric.label, "better": metric.better, **(asdict(figure) if figure else {})}
    ratio = result.ratio(name, metric) if compared else None
    return {**summary, "first_is_better_by": asdict(ratio) if ratio else None}
