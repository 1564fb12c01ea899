"""``fastembed info`` tells what the running installation is."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

import fastembed
from fastembed._native import _kernels, _threads
from fastembed.core.system import describe


def test_json_agrees_with_the_running_process(run_cli):
    found = json.loads(run_cli("info", "--json").out)
    assert found == describe()
    assert found["version"] == fastembed.__version__
    assert found["isa"]["used"] == _kernels.isa()
    assert found["isa"]["vector_bits"] == 8 * _kernels.vector_bytes()
    assert found["python"] == platform.python_version()
    assert found["requires"]["numpy"] == np.__version__
    assert found["openmp"] == (_threads.openmp_version() or None)
    assert found["workers"] >= 1
    assert found["built_with"]["compiler"].split()[0] in {"GCC", "Clang"}
    assert int(found["built_with"]["Cython"].split(".")[0]) >= 3


def test_lines_show_what_a_bug_report_needs(run_cli):
    result = run_cli("info")
    assert result.status == 0
    assert result.err == ""
    for label in ("fastembed", "instruction set", "OpenMP", "workers", "Python", "numpy", "scipy"):
        assert any(line.startswith(label) for line in result.out.splitlines()), label


@pytest.mark.parametrize("isa", _kernels.available())
def test_environment_chooses_the_instruction_set(isa):
    done = subprocess.run(
        [sys.executable, "-m", "fastembed", "info", "--json"],
        env={**os.environ, "FASTEMBED_ISA": isa},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout)["isa"]["used"] == isa


def test_unusable_instruction_set_is_an_error_not_a_fallback():
    done = subprocess.run(
        [sys.executable, "-m", "fastembed", "info"],
        env={**os.environ, "FASTEMBED_ISA": "v9"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert "'v9'" in done.stderr
    assert "base" in done.stderr
    assert done.stderr.count("\n") == 1
