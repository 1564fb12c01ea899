"""``fastembed info``: what this installation is and what it runs on, for a bug report."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["info"]


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
        (
            "built with",
            f"{found['built_with']['compiler']}, Cython {found['built_with']['Cython']}",
        ),
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
    from fastembed.core.system import describe

    found = describe()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = _rows(found)
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        click.echo(f"{label:<{width}}  {value}")
