"""Fixtures that more than one test file uses, and one hypothesis profile for all."""

from __future__ import annotations

import builtins
import io
import itertools
import lzma
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

# a shell lets what it starts in the background ignore Ctrl-C, and tests press it
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "fastembed",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
# a build that is several times slower gets fewer examples
settings.register_profile("few", settings.get_profile("fastembed"), max_examples=15)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fastembed"))


class Result(NamedTuple):
    """What a call of the command line did."""

    status: int
    out: str
    err: str


@pytest.fixture
def run_cli(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """``run_cli("info", "--json", stdin=b"")``: the command in this process, as a shell sees it."""
    from fastembed.cli.main import main

    def run(*args: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(arg) for arg in args])
        sys.stdout.flush()
        sys.stderr.flush()
        return Result(int(left.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def peers_once() -> Iterator[None]:
    """`find_contenders` starts a process for each peer; here each is asked once for all tests."""
    from fastembed.bench import peers
    from fastembed.bench.measure import BenchmarkError

    ask = peers._probe
    answers: dict[tuple[str, str], peers.Contender | BenchmarkError] = {}

    def probe(contender: peers.Contender) -> peers.Contender:
        key = contender.module, contender.python
        if key not in answers:
            try:
                answers[key] = ask(contender)
            except BenchmarkError as error:
                answers[key] = error
        answer = answers[key]
        if isinstance(answer, BenchmarkError):
            raise answer
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peers, "_probe", probe)
        yield


@pytest.fixture(scope="session")
def kjv_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 3,000 verses of the King James text: about 76,000 words, one verse a line."""
    from fastembed.core import data

    target = tmp_path_factory.mktemp("text") / "kjv.txt"
    with lzma.open(data.path("kjv.txt.xz"), "rt", encoding="utf-8") as verses:
        target.write_text("".join(itertools.islice(verses, 3000)), encoding="utf-8")
    return target


@pytest.fixture
def forget_zstd(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes away the package that reads and writes .zst."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name in ("compression", "backports"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    return lambda: monkeypatch.setattr(builtins, "__import__", without)
