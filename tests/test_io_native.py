"""io/native.py: what is written is read, and nothing but FormatError comes out of bad files."""

from __future__ import annotations

import contextlib
import json
import os
import zlib

import numpy as np
import oracle_vectors as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastembed import FormatError
from fastembed.io import native
from fastembed.io.native import is_native, read_native, write_native

ARRAYS = {
    "vectors": np.arange(35, dtype=np.float32).reshape(5, 7),
    "padded rows": np.arange(64, dtype=np.float64).reshape(4, 16)[:, :9],
    "columns": np.arange(12, dtype=np.int64).reshape(3, 4).T,
    "empty": np.zeros((0, 4), dtype=np.uint32),
    "scalar": np.array(7, dtype=np.uint64),
    "bool": np.array([True, False, True]),
    "half": np.array([0.5, -2], dtype=np.float16),
    "big-endian": np.array([1, 2, 3], dtype=">i4"),
    "bytes": np.frombuffer(b"\x00\xffabc", dtype=np.uint8),
}


@pytest.fixture
def path(tmp_path):
    write_native(tmp_path / "x.fe", ARRAYS, {"seed": 1, "name": "näme", "list": [1, None, 0.5]})
    return tmp_path / "x.fe"


@pytest.mark.parametrize("mmap", [True, False])
def test_round_trip(path, mmap):
    file = read_native(path, mmap=mmap, verify=True)
    assert file.metadata == {"seed": 1, "name": "näme", "list": [1, None, 0.5]}
    assert list(file.arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        found = file.arrays[name]
        assert found.shape == array.shape
        assert found.dtype == array.dtype.newbyteorder("<")
        assert np.array_equal(found, array)
        assert found.flags.writeable is not mmap
        assert found.flags.c_contiguous


@pytest.mark.parametrize("mmap", [True, False])
def test_arrays_are_aligned(path, mmap):
    for name, array in read_native(path, mmap=mmap).arrays.items():
        if array.size:
            assert array.ctypes.data % 64 == 0, name


def test_the_layout_is_that_of_safetensors(path):
    wanted = {name: ARRAYS[name] for name in ("vectors", "padded rows", "columns", "scalar")}
    write_native(path, wanted)
    own, arrays = oracle.read_native(path)
    assert own["format"] == "fastembed"
    assert own["format_version"] == "1"
    for name, array in wanted.items():
        assert np.array_equal(arrays[name], array)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    checksums = arrays["__crc32__"].tolist()
    assert checksums[0] == zlib.crc32(data[: 8 + size])
    assert checksums[1] == zlib.crc32(wanted["vectors"].tobytes())


def test_the_safetensors_package_reads_it(path):
    safetensors = pytest.importorskip("safetensors.numpy")
    found = safetensors.load_file(path)
    for name, array in ARRAYS.items():
        assert np.array_equal(found[name], array), name


def test_a_file_of_the_safetensors_package_is_foreign(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    safetensors.save_file({"x": np.zeros(3, np.float32)}, tmp_path / "x.fe")
    with pytest.raises(FormatError, match="another program wrote this file"):
        read_native(tmp_path / "x.fe")


def test_blocks_of_any_size_give_the_same_file(path, tmp_path, monkeypatch):
    monkeypatch.setattr(native, "BLOCK", 20)
    write_native(tmp_path / "y.fe", ARRAYS, {"seed": 1, "name": "näme", "list": [1, None, 0.5]})
    assert (tmp_path / "y.fe").read_bytes() == path.read_bytes()
    read_native(path, verify=True)


def test_blocks_that_another_thread_sums(tmp_path, monkeypatch):
    arrays = {"x": np.arange(1000, dtype=np.uint32), "y": np.arange(5, dtype=np.uint8)}
    monkeypatch.setattr(native, "BLOCK", 300)
    for small in (1, 1 << 18):
        monkeypatch.setattr(native, "SMALL", small)
        write_native(tmp_path / f"{small}.fe", arrays)
        read_native(tmp_path / f"{small}.fe", verify=True)
    assert (tmp_path / "1.fe").read_bytes() == (tmp_path / f"{1 << 18}.fe").read_bytes()


def test_it_can_be_written_to_a_pipe(path, capfdbinary):
    write_native("-", {"x": np.arange(3)})
    (path).write_bytes(capfdbinary.readouterr().out)
    assert read_native(path, verify=True).arrays["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("arrays", "metadata", "error"),
    [
        ({"__x": np.zeros(1)}, {}, ValueError),
        ({"": np.zeros(1)}, {}, ValueError),
        ({"x": np.array(["text"])}, {}, TypeError),
        ({"x": np.array([None])}, {}, TypeError),
        ({"x": np.zeros(1, complex)}, {}, TypeError),
        ({"x": np.zeros(1)}, {"y": float("nan")}, ValueError),
        ({"x": np.zeros(1)}, {"y": object()}, TypeError),
    ],
)
def test_what_cannot_be_stored_is_refused_before_anything_is_written(
    tmp_path, arrays, metadata, error
):
    with pytest.raises(error):
        write_native(tmp_path / "x.fe", arrays, metadata)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------- bad files


def test_every_cut_is_noticed(path):
    data = path.read_bytes()
    for size in [*range(12), *range(12, len(data), 97), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(FormatError, match=rf"{path.name}: byte \d+: "):
            read_native(path)


def test_more_bytes_than_promised(path):
    with open(path, "ab") as file:
        file.write(b"\0")
    with pytest.raises(FormatError, match="expected the end of the file; 1 bytes follow"):
        read_native(path)


def rewritten(path, change):
    """The file with its header changed, and the header's checksum made to fit."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    change(header)
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    head = len(text).to_bytes(8, "little") + text
    body = bytearray(data[8 + size :])
    count = header.get("__crc32__", {}).get("shape", [0])[0]
    if count:
        body[-4 * count : len(body) - 4 * count + 4] = zlib.crc32(head).to_bytes(4, "little")
    path.write_bytes(head + bytes(body))


def set_item(name, key, value):
    def change(header):
        header[name][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_item("vectors", "shape", [10**12, 300]), "takes 1200000000000000 bytes"),
        (set_item("vectors", "shape", [-5, 7]), "lists of sizes"),
        (set_item("vectors", "shape", [5.0, 7]), "lists of sizes"),
        (set_item("vectors", "shape", "5"), "lists of sizes"),
        (set_item("vectors", "shape", [5, 7] + [1] * 40), "32 dimensions"),
        (set_item("empty", "shape", [0, 2**61]), "sensible size"),
        (set_item("vectors", "dtype", "F64"), "takes 280 bytes"),
        (set_item("vectors", "dtype", "BF16"), "dtype must be one of"),
        (set_item("vectors", "dtype", 4), "dtype must be one of"),
        (set_item("vectors", "data_offsets", [64, 204]), "begins at"),
        (set_item("vectors", "data_offsets", [140, 0]), "bytes; data_offsets say"),
        (set_item("vectors", "data_offsets", [10**15, 10**15 + 140]), "begins at"),
        (set_item("vectors", "data_offsets", [0]), "two data_offsets"),
        (set_item("vectors", "data_offsets", None), "lists of sizes"),
        (set_item("vectors", "extra", 1), "expected dtype, shape and data_offsets"),
        (lambda h: h.update(vectors=3), "expected dtype, shape and data_offsets"),
        (lambda h: h.pop("vectors"), "begins at"),
        (lambda h: h.pop("__crc32__"), "bytes follow"),
        (lambda h: h.pop("__metadata__"), "another program"),
        (set_item("__metadata__", "format_version", "2"), "format version 2"),
        (set_item("__metadata__", "format_version", "x"), "a number as format_version"),
        (set_item("__metadata__", "metadata", "[1]"), "a JSON object as metadata"),
        (set_item("__metadata__", "metadata", "{"), "a JSON object as metadata"),
        (set_item("__metadata__", "metadata", 5), "a JSON object as metadata"),
    ],
)
def test_a_header_that_lies(path, change, message):
    rewritten(path, change)
    with pytest.raises(FormatError, match=message):
        read_native(path)


def test_a_header_that_is_no_object(path):
    text = b"[1, 2]".ljust(56)
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(FormatError, match="byte 0: expected a native file"):
        read_native(path)


def test_overlapping_arrays(path):
    def overlap(header):
        header["again"] = dict(header["vectors"])

    rewritten(path, overlap)
    with pytest.raises(FormatError, match="begins at 0 of the data; expected"):
        read_native(path)


def test_a_damaged_header_is_always_noticed(path):
    data = bytearray(path.read_bytes())
    at = data.index(b"seed")
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match="byte 0: the header is damaged"):
        read_native(path)


def test_damaged_data_is_noticed_when_asked(path):
    data = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    data[start + 5] ^= 1
    path.write_bytes(data)
    read_native(path)
    for mmap in (True, False):
        with pytest.raises(FormatError, match=f"byte {start}: array 'vectors' is damaged"):
            read_native(path, verify=True, mmap=mmap)


def test_an_object_with_a_name_twice(path):
    header = b'{"__metadata__":{"format":"fastembed"},"x":1,"x":2}'
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(FormatError, match="twice"):
        read_native(path)


def test_deep_nesting(path):
    header = b"[" * 100_000
    path.write_bytes(len(header).to_bytes(8, "little") + b'{"a":' + header[5:])
    with pytest.raises(FormatError, match="expected a JSON header"):
        read_native(path)


def test_what_is_not_a_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_native(tmp_path / "missing.fe")
    with pytest.raises(IsADirectoryError):
        read_native(tmp_path)


SMALL = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.zeros(0, np.uint8)}


@given(st.data())
def test_mutations_raise_nothing_but_format_errors(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("native") / "x.fe"
    write_native(path, SMALL, {"seed": 1})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "digit"])):
            case "flip":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 20))]
                content = content or bytearray(b"x")
            case "insert":
                content[at:at] = data.draw(st.binary(max_size=9))
            case "digit":
                content[at] = ord(data.draw(st.sampled_from("0123456789-{}[],:")))
    path.write_bytes(content)
    for mmap in (True, False):
        with contextlib.suppress(FormatError):
            read_native(path, verify=True, mmap=mmap)


@given(st.binary(max_size=300))
def test_any_bytes_raise_nothing_but_format_errors(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("native") / "x.fe"
    path.write_bytes(content)
    with pytest.raises(FormatError):
        read_native(path)


def test_the_start_of_a_native_file_is_known(path):
    assert is_native(path.read_bytes()[:64])
    assert not is_native(b"2 3\na 1 2 3\n")
    assert not is_native(b"")


# ------------------------------------------------------------------------------------ writing


def test_a_full_disk_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_native(path, {"x": np.zeros(100)})
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_device_that_is_full():
    with pytest.raises(OSError, match="No space left"):
        write_native("/dev/full", {"x": np.zeros(100_000)})


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_native(tmp_path / "no" / "x.fe", {"x": np.zeros(1)})
    assert caught.value.filename == str(tmp_path / "no" / "x.fe")
