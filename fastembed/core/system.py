"""What this installation is and what it runs on: versions, instruction set, cores, threads."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

import fastembed
from fastembed._native import _kernels, _threads
from fastembed.core.threads import resolve_workers

__all__ = ["describe"]

# Extra of pyproject.toml -> the distributions that it brings and fastembed uses.
EXTRAS = {
    "remote": ["fsspec"],
    "zstd": ["backports.zstd"],
    "tokenizers": ["tokenizers"],
    "plot": ["matplotlib"],
}
REQUIRED = ("numpy", "scipy", "click", "tqdm")


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's own name where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        # not Linux
        pass
    return platform.processor() or platform.machine()


def _blas() -> dict[str, str]:
    """Name and version of the BLAS that numpy was built with."""
    config: Any = np.show_config(mode="dicts") or {}
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return {key: str(blas[key]) for key in ("name", "version") if key in blas}


def describe() -> dict[str, Any]:
    """Versions, instruction set, cores, threads: what ``fastembed info --json`` prints.

    Examples
    --------
    >>> found = describe()
    >>> found["isa"]["used"] in found["isa"]["available"]
    True
    """
    extras = {
        extra: {name: _version(name) for name in distributions}
        for extra, distributions in EXTRAS.items()
    }
    if sys.version_info >= (3, 14):
        extras["zstd"] = {"compression.zstd": platform.python_version()}
    return {
        "version": fastembed.__version__,
        "path": os.path.dirname(fastembed.__file__),
        "isa": {
            "used": _kernels.isa(),
            "available": _kernels.available(),
            "vector_bits": 8 * _kernels.vector_bytes(),
        },
        "openmp": _threads.openmp_version() or None,
        "built_with": {
            "compiler": _threads.compiler(),
            "Cython": _threads.cython_version(),
        },
        "processor": _processor(),
        "cores": os.cpu_count(),
        "workers": resolve_workers(None),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "requires": {name: _version(name) for name in REQUIRED},
        "blas": _blas(),
        "extras": extras,
    }
