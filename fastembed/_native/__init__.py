"""Compiled parts: thin Cython over the C of ``csrc``. Nothing here is public."""

from __future__ import annotations

import os


def _load_openmp() -> None:
    """Load OpenMP such that a thread that waits for the others soon goes to sleep.

    GNU's runtime lets it spin for milliseconds by default. On a machine that is busy with other
    things too, that takes most of the time from those it waits for: reading an ARPA file on two
    cores took three times the CPU time. The runtime reads its settings when it is loaded.
    """
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        return
    os.environ["GOMP_SPINCOUNT"] = "10000"  # some 0.1 ms: longer than from one region to the next
    try:
        from fastembed._native import _threads  # noqa: F401
    finally:
        del os.environ["GOMP_SPINCOUNT"]


_load_openmp()
