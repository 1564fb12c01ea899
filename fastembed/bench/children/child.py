"""Entry of every measured process: ``child.py CONTENDER TASK SPEC`` prints one JSON line.

The contender is a file beside this one, ``run_<contender>.py``, whose TASKS map names to
functions from the spec (a dict) to the figures (a dict). Python 3.9 suffices.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from collections.abc import Iterable
from typing import Any


def digest(pairs: Iterable[tuple[str, int]]) -> str:
    """One hash for a whole vocabulary with its counts, whatever its order."""
    lines = sorted(f"{word}\t{count}\n" for word, count in pairs)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def own_peak() -> dict[str, float]:
    """Peak resident memory of this program; nothing where the system does not tell.

    The account of the process also has the peak of the process that spawned it.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            facts = dict(line.split(":", 1) for line in status)
        return {"peak_mb": int(facts["VmHWM"].split()[0]) / 1024}
    except (OSError, KeyError):
        return {}


def main(contender: str, task: str, spec: str) -> None:
    """Run one task of one contender and print its figures."""
    # named, since under PYTHONSAFEPATH the folder of a script is not searched
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    tasks: dict[str, Any] = importlib.import_module("run_" + contender).TASKS
    figures = tasks[task](json.loads(spec))
    figures = {**own_peak(), **figures}
    # hashed here, after the clocks have stopped, and the same way for all
    if "pairs" in figures:
        figures["digest"] = digest(figures.pop("pairs"))
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
