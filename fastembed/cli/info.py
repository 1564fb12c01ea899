"""``fastembed info``: what this installation is and what it runs on, for a bug report."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["collect", "info"]

# Extra of pyproject.toml -> the distributions that it brings and fastembed uses.
EXTRAS = {
    "remote": ["fsspec"],
    "zstd": ["backports.zstd"],
    "tokenizers": ["tokenizers"],
    "plot": ["matplotlib"],
}
REQUIRED = ("numpy", "scipy", "click", "tqdm")


def _version(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's own name where the system tells it."""
    import platform

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
    import numpy as np

    config: dict[str, Any] = np.show_config(mode="dicts") or {}
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return {key: str(blas[key]) for key in ("name", "version") if key in blas}


def collect() -> dict[str, Any]:
    """What ``fastembed info --json`` prints.

    Examples
    --------
    >>> found = collect()
    >>> found["isa"]["used"] in found["isa"]["available"]
    True
    """
    import os
    import platform
    import sys

    import fastembed
    from fastembed._native import _kernels, _threads
    from fastembed.core.threads import resolve_workers

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
        "processor": _processor(),
        "cores": os.cpu_count(),
        "workers": resolve_workers(None),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "requires": {name: _version(name) for name in REQUIRED},
        "blas": _blas(),
        "extras": extras,
    }


def _rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    isa = found["isa"]
    blas = " ".join(found["blas"].values()) or "unknown"
    rows = [
        ("fastembed", f"{found['version']} in {found['path']}"),
        (
            "instruction set",
            f"{isa['used']} of {', '.join(isa['available'])} ({isa['vector_bits']}-bit vectors)",
        ),
        ("OpenMP", str(found["openmp"] or "none: one thread")),
        ("processor", f"{found['processor']}, {found['cores']} cores"),
        ("workers", f"{found['workers']} by default"),
        ("platform", found["platform"]),
        ("Python", found["python"]),
        *((name, version or "missing") for name, version in found["requires"].items()),
        ("BLAS of numpy", blas),
    ]
    for extra, versions in found["extras"].items():
        have = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
        rows.append((f"extra {extra}", have or "not installed"))
    return rows


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(as_json: bool) -> None:
    """Show versions, instruction set, cores and threads."""
    found = collect()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = _rows(found)
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        click.echo(f"{label:<{width}}  {value}")
