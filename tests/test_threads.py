"""The thread-count rule, and that a forked child does not hang."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from fastembed._native import _threads
from fastembed.core import threads


@pytest.fixture
def plain(monkeypatch):
    """Eight cores, no other limit, OpenMP."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "_cgroup_quota", lambda: None)
    monkeypatch.setattr(threads, "_forked", False)
    monkeypatch.setattr(_threads, "openmp_version", lambda: 201511)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return monkeypatch


def test_what_is_asked_for_is_given(plain):
    assert threads.resolve_workers(1) == 1
    assert threads.resolve_workers(17) == 17


@pytest.mark.parametrize("workers", [0, -3])
def test_less_than_one_is_refused(workers):
    with pytest.raises(ValueError, match=f"workers must be an integer >= 1.*got {workers}"):
        threads.resolve_workers(workers)


def test_the_default_is_the_smallest_limit(plain):
    assert threads.resolve_workers() == 8
    plain.setattr(threads, "_cgroup_quota", lambda: 5)
    assert threads.resolve_workers() == 5
    plain.setenv("OMP_NUM_THREADS", "3,2")
    assert threads.resolve_workers() == 3
    plain.setenv("OMP_NUM_THREADS", "64")
    assert threads.resolve_workers() == 5
    plain.setenv("OMP_NUM_THREADS", "many")
    assert threads.resolve_workers() == 5


def test_without_openmp_there_is_one_thread_and_a_warning(plain):
    plain.setattr(_threads, "openmp_version", lambda: 0)
    assert threads.resolve_workers() == 1
    with pytest.warns(RuntimeWarning, match="no OpenMP"):
        assert threads.resolve_workers(4) == 1


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "150000 100000"}, 1),
        ({"cpu.max": "400000 100000"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
        ({}, None),
    ],
)
def test_quotas_of_control_groups(tmp_path, files, cores):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content + "\n")
    assert threads._cgroup_quota(tmp_path) == cores


@pytest.mark.skipif(_threads.openmp_version() == 0, reason="this build has no OpenMP")
def test_a_forked_child_trains_on_one_thread_instead_of_hanging():
    program = """
        import multiprocessing, warnings
        import fastembed as fe
        TEXT = [["a", "b", "c", "d"] * 5] * 50
        def train(_):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                model = fe.Word2Vec(vector_size=4, min_count=1, epochs=1, workers=2).fit(TEXT)
            return len(model.wv), any("forked" in str(w.message) for w in caught)
        print(train(0))
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map_async(train, range(2)).get(timeout=60))
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["(4, False)", "[(4, True), (4, True)]"]


def test_the_environment_is_as_it_was(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    for given in ({}, {"GOMP_SPINCOUNT": "7"}):
        monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        script = (
            "import os; before = dict(os.environ); from fastembed._native import _threads; "
            "assert _threads.openmp_cores() >= 1; assert dict(os.environ) == before"
        )
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
