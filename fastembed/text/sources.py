"""What a corpus can be made of: is it files, or sentences that can be read more than once?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastembed.core.errors import CorpusError

__all__ = ["Names", "check_items", "is_paths", "wrong_item"]


class Names(list[str]):
    """Names of files, known to be that."""


def is_paths(source: Any) -> bool:
    if isinstance(source, str | os.PathLike):
        return True
    if not isinstance(source, list | tuple) or not source:
        return False
    return all(isinstance(path, os.PathLike) for path in source)


def check_items(source: Any) -> Any:
    """An iterable that can be read again, or a callable that gives iterators."""
    if isinstance(source, bytes | bytearray | Mapping) or not (
        isinstance(source, Iterable) or callable(source)
    ):
        raise TypeError(
            "a corpus is a path, an iterable of sentences, or a callable that gives an iterator "
            f"over sentences; got {type(source).__name__}"
        )
    if isinstance(source, Iterator):
        raise CorpusError(
            f"a {type(source).__name__} can be read only once; give a list, an object whose "
            "__iter__ begins again, or the function that makes the iterator"
        )
    if (
        isinstance(source, list | tuple)
        and 0 < len(source) <= 1000
        and all(
            isinstance(item, str) and len(item) < 1000 and os.path.isfile(item) for item in source
        )
    ):
        raise CorpusError(
            "a list of str is text, and these are names of files: use Corpus.from_files([...])"
        )
    return source


def wrong_item(name: str, number: int, item: Any, expected: str) -> TypeError:
    hint = "; give one column of the dataset" if isinstance(item, Mapping) else ""
    return TypeError(f"{name}: item {number}: expected {expected}; got {type(item).__name__}{hint}")
