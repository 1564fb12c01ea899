"""Files of word clusters: brown-cluster's ``paths`` and clustercat's TSV.

``paths``: lines ``bit string<TAB>word<TAB>count``, clusters in the order of their bit strings.
TSV: lines ``word<TAB>class`` or ``word<TAB>class<TAB>count``, classes as numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_read, open_write

__all__ = ["Member", "path_conflict", "read_paths", "read_tsv", "write_paths", "write_tsv"]

MAX_LINE = 1 << 24  # bytes


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a file."""

    word: str
    cluster: str  # a bit string or a number
    count: int
    line: int = 0


def _clean(word: str, path: StrPath) -> str:
    if not word or "\t" in word or "\n" in word or "\r" in word:
        raise FormatError(
            f"{path}: {word!r} has a tab or a line break, or is empty, which this format cannot "
            "hold; use the native format (.fe)"
        )
    return word


def _write(path: StrPath, lines: Iterable[str]) -> None:
    with open_write(path) as file:
        part: list[str] = []
        for line in lines:
            part.append(line)
            if len(part) == 1 << 14:
                file.write("".join(part).encode())
                part = []
        file.write("".join(part).encode())


def write_paths(path: StrPath, members: Iterable[Member]) -> None:
    """Write ``bit string<TAB>word<TAB>count`` lines.

    Raises
    ------
    FormatError
        A word has a tab or a line break.
    """
    _write(path, (f"{m.cluster}\t{_clean(m.word, path)}\t{m.count}\n" for m in members))


def write_tsv(path: StrPath, members: Iterable[Member]) -> None:
    """Write ``word<TAB>class<TAB>count`` lines, as clustercat does with ``--print-freqs``.

    Raises
    ------
    FormatError
        A word has a tab or a line break.
    """
    _write(path, (f"{_clean(m.word, path)}\t{m.cluster}\t{m.count}\n" for m in members))


def _fields(path: StrPath) -> Iterator[tuple[int, list[str]]]:
    with open_read(path, error=FormatError) as file:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE:
                raise FormatError(f"{path}, line {number}: longer than {MAX_LINE} bytes")
            try:
                text = line.rstrip(b"\r\n").decode("utf-8")
            except UnicodeDecodeError as error:
                raise FormatError(f"{path}, line {number}: not UTF-8 ({error.reason})") from None
            yield number, text.split("\t")
    if number == 0:
        raise FormatError(f"{path}: no words; the file is empty")


def _count(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise FormatError(f"{where}: expected a count; got {text[:40]!r}")
    return int(text)


def _check_repeats(members: list[Member], path: StrPath) -> list[Member]:
    seen: dict[str, Member] = {}
    for member in members:
        before = seen.setdefault(member.word, member)
        if before is not member:
            raise FormatError(
                f"{path}, line {member.line}: {member.word!r} has {member.cluster!r} here and "
                f"{before.cluster!r} on line {before.line}; a word has one cluster"
            )
    return members


def path_conflict(paths: Sequence[str]) -> tuple[int, int] | None:
    """Two clusters of which the second one's path leads through the first, None if none does.

    Examples
    --------
    >>> path_conflict(["0", "10", "11"]), path_conflict(["10", "0", "101"])
    (None, (0, 2))
    """
    order = sorted(range(len(paths)), key=paths.__getitem__)
    # whatever stands between a path and one through it leads through it too
    for a, b in pairwise(order):
        if paths[b].startswith(paths[a]):
            return a, b
    return None


def read_paths(path: StrPath) -> list[Member]:
    """Read a ``paths`` file.

    Raises
    ------
    FormatError
        A line is not ``bit string<TAB>word<TAB>count``, a word stands there twice, or the path
        of one cluster leads through another.
    """
    members = []
    for number, fields in _fields(path):
        where = f"{path}, line {number}"
        if len(fields) != 3 or not fields[1]:
            raise FormatError(
                f"{where}: expected bit string<TAB>word<TAB>count; got {fields!r:.80}"
            )
        if fields[0].strip("01"):
            raise FormatError(f"{where}: expected a bit string of 0 and 1; got {fields[0]!r:.40}")
        members.append(Member(fields[1], fields[0], _count(fields[2], where), number))
    first: dict[str, Member] = {}
    for member in members:
        first.setdefault(member.cluster, member)
    paths = list(first)
    conflict = path_conflict(paths)
    if conflict is not None:
        inner, bits = (paths[i] for i in conflict)
        raise FormatError(
            f"{path}, line {first[bits].line}: the path {bits!r} leads through {inner!r}, which "
            f"is a cluster (line {first[inner].line}); one of them is damaged"
        )
    return _check_repeats(members, path)


def read_tsv(path: StrPath) -> list[Member]:
    """Read clustercat's TSV, with or without counts (then 0).

    Raises
    ------
    FormatError
        A line is not ``word<TAB>class`` with or without ``<TAB>count``, or a word is there twice.
    """
    members = []
    for number, fields in _fields(path):
        where = f"{path}, line {number}"
        if len(fields) not in (2, 3) or not fields[0]:
            raise FormatError(f"{where}: expected word<TAB>class[<TAB>count]; got {fields!r:.80}")
        cluster = str(_count(fields[1], where))
        count = _count(fields[2], where) if len(fields) == 3 else 0
        members.append(Member(fields[0], cluster, count, number))
    return _check_repeats(members, path)
