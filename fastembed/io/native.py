"""The native file: named arrays and metadata, opened by mmap at once.

The layout is that of `safetensors <https://github.com/huggingface/safetensors>`_, so every tool
that reads those files reads ours: 8 bytes of header size (little-endian), a JSON header padded
with spaces, then the arrays end to end. What this format adds, all of it inside the rules of
safetensors:

- every array begins at a multiple of 64 bytes (small arrays ``__pad_<i>__`` fill the gaps, since
  safetensors allows none);
- ``__metadata__`` holds ``format``, ``format_version``, ``library_version`` and, as JSON, the
  writer's own ``metadata``;
- the last array, ``__crc32__``, holds the CRC-32 of the header (its size included) and of each
  array before it in file order: at the end, so that a file is written in one pass and to a pipe.

Nothing is unpickled, and every size is checked against the file before anything is allocated.
"""

from __future__ import annotations

import json
import math
import mmap as mmap_module
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from fastembed import __version__
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, atomic_write
from fastembed.core.memory import aligned_zeros
from fastembed.core.packing import packed_suffix

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "NativeFile",
    "check_native_name",
    "is_native",
    "is_native_file",
    "read_native",
    "write_native",
]

FORMAT = "fastembed"
FORMAT_VERSION = 1
ALIGNMENT = 64
MAX_HEADER = 100_000_000  # the limit of the safetensors package
BLOCK = 1 << 23  # bytes that are copied or checked at a time
SMALL = 1 << 18  # bytes that are summed sooner than a thread is woken

_DTYPES = {
    "BOOL": np.dtype("bool"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F16": np.dtype("<f2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_CHECKSUMS = "__crc32__"


@dataclass(frozen=True)
class NativeFile:
    """What a native file holds: ``arrays`` by name, the writer's ``metadata``."""

    arrays: dict[str, NDArray[Any]]
    metadata: dict[str, Any]
    library_version: str = ""


@dataclass(frozen=True)
class _Entry:
    """One array of the header; begin and end are offsets in the data part."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


# ---------------------------------------------------------------------------------- writing


def write_native(
    path: StrPath, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any] | None = None
) -> None:
    """Write arrays and metadata, whole or not at all.

    Arrays are copied a block at a time, so a memory map larger than memory can be written; rows
    may be strided.

    Parameters
    ----------
    path : path
        The file; ``-`` is standard output.
    arrays : mapping from str to ndarray
        bool, integer or float arrays of any shape. Names must not begin with ``__``.
    metadata : mapping, optional
        Anything that JSON can hold.

    Raises
    ------
    TypeError, ValueError
        An array or the metadata cannot be stored, or the name is that of a packed file.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.fe")
    >>> write_native(path, {"x": np.arange(3, dtype=np.float32)}, {"seed": 1})
    >>> file = read_native(path)
    >>> file.arrays["x"].tolist(), file.metadata
    ([0.0, 1.0, 2.0], {'seed': 1})
    """
    check_native_name(path)
    stored = {name: _storable(name, array) for name, array in arrays.items()}
    entries = list(_layout(stored))
    header = _encode_header(entries, metadata or {})
    checksums = [zlib.crc32(header)]
    # a block is summed while it is written: neither needs Python
    with atomic_write(path) as file, ThreadPoolExecutor(1, "fastembed-checksum") as other:
        file.write(header)
        for entry in entries[:-1]:
            crc = 0
            padding = np.zeros(entry.shape, dtype=np.uint8) if entry.name not in stored else None
            for block in _blocks(stored[entry.name] if padding is None else padding):
                checksum = other.submit(zlib.crc32, block, crc) if len(block) > SMALL else None
                file.write(block)
                crc = zlib.crc32(block, crc) if checksum is None else checksum.result()
            checksums.append(crc)
        file.write(np.array(checksums, dtype="<u4").tobytes())


def _storable(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if not isinstance(name, str) or not name or name.startswith("__"):
        raise ValueError(f"an array name must be text that does not begin with '__'; got {name!r}")
    array = np.asarray(array)
    little = array.dtype.newbyteorder("<") if array.dtype.kind in "biuf" else array.dtype
    if little not in _NAMES:
        raise TypeError(
            f"array {name!r} has dtype {array.dtype}, which a native file cannot hold; "
            f"use one of {', '.join(str(d) for d in _NAMES)}"
        )
    return array


def _layout(arrays: Mapping[str, NDArray[Any]]) -> Iterator[_Entry]:
    """Where each array goes, with padding between them and the checksums behind."""
    at, count = 0, 0
    for name, array in arrays.items():
        if gap := -at % ALIGNMENT:
            yield _Entry(f"__pad_{count}__", _DTYPES["U8"], (gap,), at, at + gap)
            at += gap
            count += 1
        dtype = array.dtype.newbyteorder("<")
        end = at + array.size * dtype.itemsize
        yield _Entry(name, dtype, array.shape, at, end)
        at = end
        count += 1
    if gap := -at % ALIGNMENT:
        yield _Entry(f"__pad_{count}__", _DTYPES["U8"], (gap,), at, at + gap)
        at += gap
        count += 1
    # the header and every array before this one
    yield _Entry(_CHECKSUMS, _DTYPES["U32"], (count + 1,), at, at + 4 * (count + 1))


def _encode_header(entries: list[_Entry], metadata: Mapping[str, Any]) -> bytes:
    """Size and JSON, padded so that the data begins aligned."""
    own = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "library_version": __version__,
        "metadata": json.dumps(dict(metadata), allow_nan=False, ensure_ascii=False),
    }
    header: dict[str, Any] = {"__metadata__": own}
    for entry in entries:
        header[entry.name] = {
            "dtype": _NAMES[entry.dtype],
            "shape": list(entry.shape),
            "data_offsets": [entry.begin, entry.end],
        }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    if len(text) > MAX_HEADER:
        raise ValueError(
            f"the metadata takes {len(text)} bytes; a native file holds at most {MAX_HEADER}"
        )
    return len(text).to_bytes(8, "little") + text


def check_native_name(path: StrPath) -> None:
    """ValueError if the name is that of a packed file, which a map cannot be."""
    if suffix := packed_suffix(path):
        raise ValueError(
            f"{path}: a native file is mapped, not packed; leave {suffix} out, or choose a text "
            "format"
        )


def _blocks(array: NDArray[Any]) -> Iterator[memoryview]:
    """The bytes of an array in C order, little-endian, a block at a time."""
    if array.size == 0:
        return
    if array.flags.c_contiguous:
        array = array.reshape(-1)
    row = array[0].size * array.itemsize
    step = max(1, BLOCK // row)
    dtype = array.dtype.newbyteorder("<")
    for start in range(0, len(array), step):
        block = np.ascontiguousarray(array[start : start + step], dtype=dtype)
        yield memoryview(block.reshape(-1).view(np.uint8))
        _forget_pages(array[start : start + step])


def _forget_pages(part: NDArray[Any]) -> None:
    """Take pages of a read-only memory map out of memory; they are in its file."""
    base: Any = part
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    if (
        not isinstance(base, np.memmap)
        or base.mode != "r"
        or not hasattr(mmap_module, "MADV_DONTNEED")
    ):
        return
    pages: Any = base
    while isinstance(pages, np.ndarray):
        pages = pages.base
    first = np.frombuffer(pages, dtype=np.uint8).ctypes.data
    # whole pages only: what is left at the ends is little
    start = -(-(part.ctypes.data - first) // mmap_module.PAGESIZE) * mmap_module.PAGESIZE
    size = part.ctypes.data + part.nbytes - first - start
    if size > 0 and part.flags.c_contiguous:
        pages.madvise(mmap_module.MADV_DONTNEED, start, size)


# ---------------------------------------------------------------------------------- reading


def is_native(start: bytes) -> bool:
    """Whether a file that begins with these bytes (16 or more) looks like a native file."""
    if len(start) < 10:
        return False
    size = int.from_bytes(start[:8], "little")
    return 2 <= size <= MAX_HEADER and start[8:10] == b'{"'


def is_native_file(path: StrPath) -> bool:
    """Whether a path names a regular file that looks like a native one."""
    if os.fspath(path) == "-" or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return is_native(file.read(16))


def read_native(path: StrPath, *, mmap: bool = True, verify: bool = False) -> NativeFile:
    """Open a native file.

    Parameters
    ----------
    path : path
        A file that `write_native` wrote.
    mmap : bool
        True: the arrays are read-only maps of the file, which costs no time and no memory of
        this process's own, and pages are shared between processes. False: they are read.
    verify : bool
        Check the CRC-32 of every array, which reads the whole file. (That of the header is
        always checked.)

    Returns
    -------
    NativeFile

    Raises
    ------
    FormatError
        The file is cut short, damaged, or of another format: names the byte offset and what was
        expected there.
    OSError
        The file cannot be opened.
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FormatError(f"{path}: not a regular file; a native file is opened by its size")
        header, start = _read_header(file, path, status.st_size)
        own, entries = _parse_header(header, path, start, status.st_size - start)
        metadata, version = _own_metadata(own, path)
        read = _map_arrays if mmap else _load_arrays
        arrays = read(file, entries, start, path)
    _check_checksums(header, entries, arrays, path, start, whole=verify)
    public = {name: array for name, array in arrays.items() if not name.startswith("__")}
    return NativeFile(public, metadata, version)


def _bad(path: StrPath, offset: int, problem: str) -> NoReturn:
    raise FormatError(f"{path}: byte {offset}: {problem}")


def _read_header(file: BinaryIO, path: StrPath, size: int) -> tuple[bytes, int]:
    """The header with its 8 bytes of size, and where the data begins."""
    if size == 0:
        _bad(path, 0, "expected a native file; the file is empty")
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or not 2 <= length <= MAX_HEADER or file.peek(1)[:1] not in (b"{", b""):  # type: ignore[attr-defined]
        _bad(path, 0, "expected a native file (8 bytes of header size, then a JSON object)")
    if 8 + length > size:
        _bad(path, size, f"expected a header of {length} bytes; the file ends here")
    header = prefix + file.read(length)
    if len(header) != 8 + length:
        _bad(path, len(header), f"expected a header of {length} bytes; the file ends here")
    return header, 8 + length


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return result


def _parse_header(
    header: bytes, path: StrPath, start: int, available: int
) -> tuple[dict[str, Any], list[_Entry]]:
    """Metadata and arrays in file order; the arrays tile the data part without a gap."""
    try:
        parsed = json.loads(header[8:].decode("utf-8"), object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: byte 8: expected a JSON header; {error}") from None
    own = parsed.pop("__metadata__", None) if isinstance(parsed, dict) else None
    if not isinstance(own, dict) or own.get("format") != FORMAT:
        _bad(path, 8, f"expected metadata with format {FORMAT!r}; another program wrote this file")
    entries = [_parse_entry(name, spec, path) for name, spec in parsed.items()]
    entries.sort(key=lambda entry: (entry.begin, entry.end))
    at = 0
    for entry in entries:
        if entry.begin != at:
            problem = f"array {entry.name!r} begins at {entry.begin} of the data; expected {at}"
            _bad(path, start + entry.begin, problem)
        at = entry.end
    if at > available:
        _bad(
            path, start + available, f"expected {at} bytes of data; the file ends after {available}"
        )
    if at < available:
        _bad(path, start + at, f"expected the end of the file; {available - at} bytes follow")
    last = entries[-1] if entries else None
    if last is None or (last.name, last.dtype, last.shape) != (
        _CHECKSUMS,
        _DTYPES["U32"],
        (len(entries),),
    ):
        _bad(path, 8, f"expected {len(entries)} checksums ({_CHECKSUMS}) as the last array")
    return own, entries


def _parse_entry(name: str, spec: Any, path: StrPath) -> _Entry:
    def bad(what: str) -> NoReturn:
        _bad(path, 8, f"array {name!r}: {what}")

    if not isinstance(spec, dict) or set(spec) != {"dtype", "shape", "data_offsets"}:
        bad("expected dtype, shape and data_offsets")
    dtype = _DTYPES.get(spec["dtype"]) if isinstance(spec["dtype"], str) else None
    if dtype is None:
        bad(f"dtype must be one of {', '.join(_DTYPES)}; got {spec['dtype']!r}")
    shape, offsets = spec["shape"], spec["data_offsets"]
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or not all(
            type(n) is int and 0 <= n < 1 << 62 for n in numbers
        ):
            bad("shape and data_offsets must be lists of sizes")
    # the second: NumPy multiplies the sizes of an empty array too
    too_large = math.prod(max(n, 1) for n in shape) >= 1 << 58
    if len(shape) > 32 or too_large or len(offsets) != 2:
        bad("expected at most 32 dimensions of a sensible size and two data_offsets")
    size = math.prod(shape) * dtype.itemsize
    if offsets[1] - offsets[0] != size:
        bad(
            f"shape {shape} of {dtype} takes {size} bytes; data_offsets say "
            f"{offsets[1] - offsets[0]}"
        )
    return _Entry(name, dtype, tuple(shape), offsets[0], offsets[1])


def _own_metadata(own: dict[str, Any], path: StrPath) -> tuple[dict[str, Any], str]:
    version = own.get("format_version")
    if not isinstance(version, str) or not version.isdecimal():
        _bad(path, 8, f"expected a number as format_version; got {version!r}")
    if not 1 <= int(version[:9]) <= FORMAT_VERSION:
        raise FormatError(
            f"{path}: format version {version[:9]}; this fastembed ({__version__}) reads up to "
            f"{FORMAT_VERSION}: update it"
        )
    try:
        metadata = json.loads(own["metadata"], object_pairs_hook=_no_duplicates)
    except (KeyError, TypeError, ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        _bad(path, 8, "expected a JSON object as metadata")
    return metadata, str(own.get("library_version", ""))


def _map_arrays(
    file: BinaryIO, entries: list[_Entry], start: int, path: StrPath
) -> dict[str, NDArray[Any]]:
    whole = mmap_module.mmap(file.fileno(), 0, access=mmap_module.ACCESS_READ)
    if len(whole) < start + entries[-1].end:
        _bad(path, len(whole), "the file became shorter while it was opened")
    arrays = {}
    for entry in entries:
        if entry.begin == entry.end:
            array = np.empty(entry.shape, dtype=entry.dtype)
            array.flags.writeable = False
        else:
            count = math.prod(entry.shape)
            array = np.frombuffer(whole, entry.dtype, count, start + entry.begin)
            array = array.reshape(entry.shape)
        arrays[entry.name] = array
    return arrays


def _load_arrays(
    file: BinaryIO, entries: list[_Entry], start: int, path: StrPath
) -> dict[str, NDArray[Any]]:
    arrays = {}
    file.seek(start)
    for entry in entries:
        # as in a map of the file: kernels count on whole lines of the cache
        array = aligned_zeros(entry.shape, entry.dtype)
        wanted = memoryview(array.reshape(-1).view(np.uint8))
        done = 0
        while done < len(wanted):
            got = file.readinto(wanted[done : done + (1 << 30)])  # type: ignore[attr-defined]
            if not got:
                _bad(path, start + entry.begin + done, f"the file ends inside {entry.name!r}")
            done += got
        arrays[entry.name] = array
    return arrays


def _check_checksums(
    header: bytes,
    entries: list[_Entry],
    arrays: dict[str, NDArray[Any]],
    path: StrPath,
    start: int,
    *,
    whole: bool,
) -> None:
    wanted = arrays[_CHECKSUMS].tolist()
    if zlib.crc32(header) != wanted[0]:
        _bad(path, 0, "the header is damaged (its CRC-32 does not match)")
    if not whole:
        return
    for entry, crc in zip(entries, wanted[1:], strict=False):
        actual = 0
        for block in _blocks(arrays[entry.name]):
            actual = zlib.crc32(block, actual)
        if actual != crc:
            problem = f"array {entry.name!r} is damaged (its CRC-32 does not match)"
            _bad(path, start + entry.begin, problem)
