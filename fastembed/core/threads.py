"""THE thread-count rule: how many threads a run uses.

The default is every core that this process may use: its affinity, the quota of its control group
and ``OMP_NUM_THREADS`` each set a limit. A process forked after its parent ran a parallel region
gets one thread, because GNU's OpenMP runtime would hang in the child.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["available_cores", "resolve_workers", "single_threaded_blas"]

_blas: Any = None  # what knows the thread pools of the loaded BLAS libraries
_parallel = False  # a parallel region may have run in this process
_forked = False  # and then this child was forked


def _after_fork() -> None:
    global _forked
    _forked = _forked or _parallel


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _cgroup_quota(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Whole cores of the control group's CPU quota (version 2, then 1), None without one."""
    try:
        quota, period = (root / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        try:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text()
            period = (root / "cpu/cpu.cfs_period_us").read_text()
        except OSError:
            return None
    if quota.strip() == "max" or int(quota) <= 0:
        return None
    return max(1, int(quota) // int(period))


def _omp_limit() -> int | None:
    """First number of ``OMP_NUM_THREADS``, None if it is not set or not a positive number."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdigit() and int(first) > 0 else None


def available_cores() -> int:
    """Cores that this process may use: affinity and control-group quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = _cgroup_quota()
    return min(cores, quota) if quota else cores


def resolve_workers(workers: int | None = None) -> int:
    """Number of threads for a run.

    Parameters
    ----------
    workers : int or None
        As the user asked; None means all that may be used.

    Raises
    ------
    ValueError
        ``workers`` is less than 1.

    Examples
    --------
    >>> resolve_workers(3) in (1, 3)  # 1 in a build without OpenMP
    True
    """
    global _parallel
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be an integer >= 1, or None for all cores; got {workers}")
    from fastembed._native import _threads

    if _threads.openmp_version() == 0:
        if workers is not None and workers > 1:
            warnings.warn(
                "this build of fastembed has no OpenMP: one thread is used instead of "
                f"{workers} (see 'fastembed info')",
                RuntimeWarning,
                stacklevel=2,
            )
        return 1
    if workers is None:
        limit = _omp_limit()
        cores = available_cores()
        workers = min(cores, limit) if limit else cores
    if workers > 1 and _forked:
        warnings.warn(
            "this process was forked after its parent had used several threads, where OpenMP "
            "would hang: one thread is used. Start processes with the 'spawn' method instead.",
            RuntimeWarning,
            stacklevel=2,
        )
        return 1
    if workers > 1:
        _parallel = True
    return workers


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS to one thread: around native calls whose own threads call it (`_native._blas`).

    The libraries are looked for once (about 5 ms), entering and leaving costs microseconds, so
    this belongs around a native call of some milliseconds or around a whole run.
    """
    global _blas
    if _blas is None:
        import scipy.linalg.cython_blas  # noqa: F401  (it must be loaded to be found)
        from threadpoolctl import ThreadpoolController

        _blas = ThreadpoolController().select(user_api="blas")
    with _blas.limit(limits=1):
        yield
