"""The texts and test sets that come with fastembed; ``data/README.md`` has origins and licences.

In a checkout they lie in ``data/`` beside the package, in an installed package inside it.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["names", "path"]

_PACKAGE = Path(__file__).resolve().parent.parent
_SUFFIXES = (".txt", ".tsv", ".xz")


def _folder() -> Path:
    installed = _PACKAGE / "data"
    return installed if installed.is_dir() else _PACKAGE.parent / "data"


def names() -> list[str]:
    """Names of the bundled files, in order.

    Examples
    --------
    >>> "kjv.txt.xz" in names()
    True
    """
    folder = _folder()
    if not folder.is_dir():
        return []
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(_SUFFIXES))


def path(name: str) -> Path:
    """Where a bundled file lies.

    Raises
    ------
    FileNotFoundError
        There is no file of that name; the message lists those that are there.

    Examples
    --------
    >>> path("analogies.txt").name
    'analogies.txt'
    """
    found = _folder() / name
    if name not in names():
        raise FileNotFoundError(
            2, f"no such bundled file; there are: {', '.join(names()) or 'none'}", name
        )
    return found
