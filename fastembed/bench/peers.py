"""Who takes part: this library, and the peers that are installed or pointed at."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastembed.bench.measure import ACCOUNT, BenchmarkError, Command, run_command

__all__ = ["Contender", "find_contenders", "python_command"]

CHILD = Path(__file__).parent / "children" / "child.py"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
GLOVE = ("vocab_count", "cooccur", "shuffle", "glove")
KENLM = ("lmplz", "build_binary", "query")
ROOT = Path(__file__).resolve().parents[2]  # where the package `fastembed` lies


@dataclass(frozen=True)
class Contender:
    """A library or program that can be given tasks (see `children`)."""

    module: str  # children/run_<module>.py
    python: str  # the interpreter that runs it
    info: Mapping[str, Any] = field(default_factory=dict)  # versions
    spec: Mapping[str, Any] = field(default_factory=dict)  # what every task of it is told

    def command(self, task: str, spec: Mapping[str, Any], label: str | None = None) -> Command:
        """The process that does one task."""
        argv = (self.python, str(CHILD), self.module, task, json.dumps({**self.spec, **spec}))
        return Command(label or self.module, argv, python_environment(self.module))


# Peers that are Python in an environment of their own; all others are run by this interpreter.
APART = ("gensim", "sklearn", "kenlm", "torch", "keras")
TORCH = ("torch", "keras")


def python_environment(module: str) -> dict[str, str]:
    """Variables of a child: one thread where a task does not say how many; the way to ours."""
    env = dict.fromkeys(THREADS, "1")
    if module not in APART:
        # put last, so that in a peer-laden environment nothing else changes place
        there = os.environ.get("PYTHONPATH")
        env["PYTHONPATH"] = f"{there}{os.pathsep}{ROOT}" if there else str(ROOT)
    return env


def python_command(label: str, *argv: str) -> Command:
    """This interpreter with other arguments than a child's."""
    return Command(label, (sys.executable, *argv), python_environment("fastembed"))


def find_contenders(
    peer_python: str | None = None,
    word2vec_bin: str | None = None,
    glove_bin: str | None = None,
    wcluster_bin: str | None = None,
    clustercat_bin: str | None = None,
    kenlm_bin: str | None = None,
    torch_python: str | None = None,
) -> tuple[dict[str, Contender], list[str]]:
    """This library and its peers by name, and a line on each peer that is missing.

    Parameters
    ----------
    peer_python
        The Python that has gensim, scikit-learn and kenlm, or some of them; None is this one.
    word2vec_bin
        The compiled C program; None leaves it out.
    glove_bin
        The folder of Stanford GloVe's compiled programs; None leaves it out.
    wcluster_bin, clustercat_bin
        The compiled programs of brown-cluster and clustercat; None leaves one out.
    kenlm_bin
        The folder of KenLM's programs; None leaves them out.
    torch_python
        The Python that has PyTorch (and Keras); None is ``peer_python``, or this one.

    Raises
    ------
    BenchmarkError
        A program that was asked for is not there, or a Python has none of the peers.
    """
    found = {"fastembed": _probe(Contender("fastembed", sys.executable))}
    missing = []
    failed: dict[str, BenchmarkError] = {}
    for module in APART:
        asked = torch_python if module in TORCH and torch_python else peer_python
        peer = Contender(module, asked or sys.executable)
        try:
            found[module] = _probe(peer)
        except BenchmarkError as error:
            option = "--torch-python" if module in TORCH else "--peer-python"
            missing.append(f"{module} is left out ({error}); {option} names a Python with it")
            failed.setdefault(peer.python, error)
    for python in (peer_python, torch_python):
        if python in failed and all(peer.python != python for peer in found.values()):
            raise BenchmarkError(f"{python}: has none of the peers ({failed[python]})")
    single = {
        "word2vec": word2vec_bin,
        "wcluster": wcluster_bin,
        "clustercat": clustercat_bin,
    }
    for name, given in single.items():
        if given is None:
            missing.append(f"{name} is left out; --{name}-bin names its compiled program")
            continue
        binary = shutil.which(given)
        if binary is None:
            raise BenchmarkError(f"{given}: not a program; give the compiled {name}")
        found[name] = Contender(name, sys.executable, {"version": "program"}, {"binary": binary})
    if glove_bin is None:
        missing.append("GloVe is left out; --glove-bin names the folder of its compiled programs")
    else:
        programs = _programs(glove_bin, GLOVE, "GloVe's build folder")
        found["glove"] = Contender(
            "glove", sys.executable, {"version": "C programs"}, {"programs": programs}
        )
    if kenlm_bin is None:
        missing.append("KenLM's programs are left out; --kenlm-bin names their folder")
    else:
        found["kenlm_bin"] = Contender(
            "kenlm_bin",
            sys.executable,
            {"version": "C++ programs"},
            {"programs": _programs(kenlm_bin, KENLM, "KenLM's folder of programs")},
        )
    return found, missing


def _programs(folder: str, names: tuple[str, ...], what: str) -> dict[str, str]:
    """Paths of a peer's programs."""
    for name in names:
        if shutil.which(name, path=folder) is None:
            raise BenchmarkError(f"{folder}: no program {name}; give {what}")
    return {name: os.path.join(os.path.abspath(folder), name) for name in names}


def _probe(contender: Contender) -> Contender:
    command = contender.command("versions", {})
    # how many workers it would take is asked for without the limit of `python_environment`
    env = {name: value for name, value in command.env.items() if name not in THREADS}
    figures = run_command(replace(command, env=env)).figures
    info = {key: value for key, value in figures.items() if key not in ACCOUNT}
    return Contender(contender.module, contender.python, info, contender.spec)
