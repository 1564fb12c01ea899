"""What setup.py compiles: C without warnings, one table per instruction set, nothing exported."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fastembed._native import _kernels

ROOT = Path(__file__).resolve().parent.parent
# a *_real.h is read for float and for double by the header that it is a part of
PARTS = sorted((ROOT / "csrc").glob("*_real.h"))
HEADERS = [path for path in sorted((ROOT / "csrc").glob("*.h")) if path not in PARTS]
ISA_FLAGS = {"base": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4"]}
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fopenmp-simd", "-fsyntax-only"]

needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on PATH")


def compile_c(text: str, *flags: str) -> str:
    """What the compiler says about a piece of C."""
    done = subprocess.run(
        ["cc", *STRICT, *flags, "-I", str(ROOT / "csrc"), "-x", "c", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stderr


@needs_cc
@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.name)
def test_header_stands_alone_and_twice(header):
    include = f'#include "{header.name}"\n'
    # a header of static functions leaves them unused here
    assert compile_c(include * 2 + "int fe_;\n", "-Wno-unused-function") == ""


@pytest.mark.parametrize("part", PARTS, ids=lambda path: path.name)
def test_parts_are_read_for_both_types(part):
    include = f'#include "{part.name}"\n'
    assert {header.read_text(encoding="utf-8").count(include) for header in HEADERS} == {0, 2}


@needs_cc
@pytest.mark.parametrize("isa", _kernels.available())
@pytest.mark.parametrize("source", ["kernels.c", "kernels_nn.c"])
def test_kernels_compile_without_warnings(source, isa):
    flags = [f"-DFE_ISA={isa}", "-DFE_HAVE_V3", "-DFE_HAVE_V4", *ISA_FLAGS[isa]]
    assert compile_c(f'#include "{source}"\n', *flags) == ""


@pytest.mark.parametrize("source", sorted((ROOT / "csrc").glob("*.[ch]")), ids=lambda p: p.name)
def test_csrc_knows_no_python_and_no_threads(source):
    includes = re.findall(r'#\s*include\s*[<"]([^>"]+)', source.read_text(encoding="utf-8"))
    assert not {"Python.h", "omp.h", "pthread.h", "threads.h"} & set(includes)
    assert not re.search(r"#\s*pragma omp(?! simd)", source.read_text(encoding="utf-8"))


def test_there_is_always_a_base_table_and_the_best_is_the_default():
    names = _kernels.available()
    assert names[0] == "base"
    used = _kernels.isa()
    try:
        assert _kernels.select() == names[-1]
        widths = []
        for name in names:
            assert _kernels.select(name) == name == _kernels.isa()
            widths.append(_kernels.vector_bytes())
        assert widths == sorted(widths)
        with pytest.raises(ValueError, match="choose one of base"):
            _kernels.select("v9")
        assert _kernels.isa() == names[-1]
    finally:
        _kernels.select(used)
