"""Run contenders as processes, in turn, and summarise what they cost.

A process is charged by the kernel's own accounts (``wait4``): user and system CPU time and the
peak of its resident memory. What happens inside it is told by the process itself, as the JSON
object in the last line of its output.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fastembed.core.errors import FastembedError

__all__ = [
    "ACCOUNT",
    "UNSET",
    "BenchmarkError",
    "Case",
    "Command",
    "Metric",
    "Result",
    "Sample",
    "Spread",
    "child_environment",
    "paired_ratio",
    "run_case",
    "run_command",
    "spread",
]

# Forcing OpenBLAS into the kernels or blocking of another processor would measure the setting.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")

# What the kernel says about a whole process.
ACCOUNT = ("process_s", "user_s", "system_s", "cpu_s", "peak_mb")

RSS_UNITS = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss in a megabyte


class BenchmarkError(FastembedError):
    """A contender failed or gave a result that is not what was to be timed."""


@dataclass(frozen=True)
class Command:
    """How one contender does the task: what is run, and variables set beside the inherited."""

    contender: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    reports: bool = True  # the last line of the output is JSON; False for any other program


@dataclass(frozen=True)
class Metric:
    """One figure of a case: its key in `Sample.figures`, and which direction is good."""

    key: str
    label: str
    better: Literal["higher", "lower"]


@dataclass(frozen=True)
class Case:
    """One task that all its contenders do; the first is the one the others are compared with.

    ``check`` gets the figures of one round by contender and returns what is wrong with them: a
    time is worth nothing if the results differ.
    """

    topic: str
    name: str
    commands: tuple[Command, ...]
    metrics: tuple[Metric, ...]
    check: Callable[[Mapping[str, Mapping[str, Any]]], list[str]]
    workers: int = 1
    setup: tuple[Command, ...] = ()  # run once before, not measured


@dataclass(frozen=True)
class Sample:
    """One run of one contender."""

    figures: dict[str, Any]


@dataclass(frozen=True)
class Spread:
    """Median, mean, minimum and maximum of some runs."""

    median: float
    mean: float
    low: float
    high: float
    n: int


@dataclass
class Result:
    """What was measured in one case: samples[contender][round]."""

    case: Case
    samples: dict[str, list[Sample]]

    def values(self, contender: str, key: str) -> list[float]:
        """One figure over the rounds; empty where the contender does not report it."""
        samples = self.samples.get(contender, [])
        return [float(s.figures[key]) for s in samples if s.figures.get(key) is not None]

    def ratio(self, contender: str, metric: Metric) -> Spread | None:
        """How many times better the first contender is, round by round."""
        ours = self.values(self.case.commands[0].contender, metric.key)
        return paired_ratio(ours, self.values(contender, metric.key), metric.better)


def spread(values: Sequence[float]) -> Spread | None:
    """Summary of the runs, None if there are none."""
    if not values:
        return None
    return Spread(
        statistics.median(values), statistics.fmean(values), min(values), max(values), len(values)
    )


def paired_ratio(
    ours: Sequence[float], theirs: Sequence[float], better: Literal["higher", "lower"]
) -> Spread | None:
    """Times by which ours is better, from runs that followed each other.

    Pairing takes out what changes slowly (clock rate, neighbours on the machine); a ratio above 1
    says that ours is better whichever direction is good. None if there is nothing to divide.

    Examples
    --------
    >>> paired_ratio([2.0, 4.0], [8.0, 8.0], "lower")
    Spread(median=3.0, mean=3.0, low=2.0, high=4.0, n=2)
    """
    if len(ours) != len(theirs):
        return None
    if min([*ours, *theirs], default=0) <= 0:
        return None
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return spread([1 / ratio for ratio in ratios] if better == "higher" else ratios)


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a measured process: ours, less `UNSET`, with ``extra``."""
    env = {key: value for key, value in os.environ.items() if key not in UNSET}
    return {**env, **extra}


def run_command(command: Command) -> Sample:
    """Run one process to its end and read its account.

    The figures of the sample are those the process printed, and the `ACCOUNT` of the whole
    process: wall time from spawn to exit, CPU time, peak memory. What the process itself reports
    under these names is kept: a wrapper reports the account of the program that it ran. The
    kernel never counts a process below the peak of the parent that spawned it; Python children
    report their own (see `children`).

    Raises
    ------
    BenchmarkError
        The program cannot be started, failed, or did not print its figures.
    """
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        try:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=child_environment(command.env),
            )
        except OSError as error:
            raise BenchmarkError(
                f"{command.contender}: cannot run {command.argv[0]}: {error.strerror}"
            ) from None
        assert process.stdout is not None  # for the type checker: it is a PIPE
        try:
            output = process.stdout.read().decode(errors="replace")
            _, status, usage = os.wait4(process.pid, 0)
            process_s = time.perf_counter() - start
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        complaint = errors.read().decode(errors="replace").strip()
    if process.returncode != 0:
        last = complaint.splitlines()[-1] if complaint else f"exit status {process.returncode}"
        raise BenchmarkError(f"{command.contender} failed: {last}")
    figures: dict[str, Any] = {}
    try:
        if command.reports:
            figures = json.loads(output.strip().splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        raise BenchmarkError(
            f"{command.contender}: the last line of its output is not JSON: {output[-200:]!r}"
        ) from None
    user_s, system_s = usage.ru_utime, usage.ru_stime
    account = (process_s, user_s, system_s, user_s + system_s, usage.ru_maxrss / RSS_UNITS)
    return Sample({**dict(zip(ACCOUNT, account, strict=True)), **figures})


def run_case(case: Case, runs: int, progress: Callable[[str], None]) -> Result:
    """Every contender in turn, ``runs`` times round: A B A B, not A A B B.

    Raises
    ------
    BenchmarkError
        A contender failed, or the results of a round do not agree.
    """
    result = Result(case, {command.contender: [] for command in case.commands})
    for command in case.setup:
        progress(f"{case.topic}: prepares {case.name}")
        run_command(command)
    for round_ in range(runs):
        for command in case.commands:
            progress(f"{case.topic}: {case.name}: {command.contender}, run {round_ + 1}")
            result.samples[command.contender].append(run_command(command))
        wrong = case.check({name: done[-1].figures for name, done in result.samples.items()})
        if wrong:
            raise BenchmarkError(f"{case.topic}: {case.name}: {'; '.join(wrong)}")
    return result
