"""Run a program of a peer: its output as it comes, its account at the end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

__all__ = ["run"]


def run(
    argv: list[str],
    chunk: Callable[[float, bytes], None],
    *,
    stdin: str | None = None,
    stdout: str | None = None,
    cwd: str | None = None,
) -> dict[str, Any]:
    """Run it to its end; the names are those of ``fastembed.bench.measure.ACCOUNT``.

    Parameters
    ----------
    argv : list of str
    chunk : callable
        Gets each piece of the output with the seconds since the start: of standard error where
        standard output goes to a file, else of both.
    stdin, stdout : str, optional
        Files.
    cwd : str, optional
        Where it runs.

    Raises
    ------
    RuntimeError
        It failed.
    """
    with open(stdin or os.devnull, "rb") as source, open(stdout or os.devnull, "wb") as target:
        start = time.perf_counter()
        process = subprocess.Popen(
            argv,
            stdin=source,
            stdout=target if stdout else subprocess.PIPE,
            stderr=subprocess.PIPE if stdout else subprocess.STDOUT,
            cwd=cwd,
        )
        pipe = process.stderr if stdout else process.stdout
        assert pipe is not None
        last = b""
        while piece := os.read(pipe.fileno(), 1 << 16):
            chunk(time.perf_counter() - start, piece)
            last = (last + piece)[-200:]
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    if status != 0:
        raise RuntimeError(f"{os.path.basename(argv[0])} failed: {last!r}")
    return {
        "process_s": seconds,
        "user_s": usage.ru_utime,
        "system_s": usage.ru_stime,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }
