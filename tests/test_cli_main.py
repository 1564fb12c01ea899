"""The command line as a whole: overview, exit codes, one-line errors, quick start."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from fastembed.cli import main as cli_main
from fastembed.core.errors import CorpusError


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )


def test_overview_names_every_command(run_cli):
    result = run_cli("--help")
    assert result.status == 0
    for name, (_, line) in cli_main.COMMANDS.items():
        assert name in result.out
        assert line.split()[0] in result.out


@pytest.mark.parametrize("name", sorted(cli_main.COMMANDS))
def test_every_command_has_help(run_cli, name):
    result = run_cli(name, "--help")
    assert result.status == 0
    assert result.out.startswith(f"Usage: fastembed {name}")
    assert result.err == ""


def test_overview_imports_nothing_heavy():
    done = run_python(
        "import json, sys\n"
        "from fastembed.cli.main import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert loaded.isdisjoint({"numpy", "scipy", "tqdm", "fastembed._native._kernels"})


def test_a_warning_is_one_line_without_code():
    done = run_python(
        "import warnings\n"
        "from fastembed.cli import main as cli_main\n"
        "cli_main.cli.main = lambda **_: warnings.warn('take care', RuntimeWarning)\n"
        "cli_main.main([])"
    )
    assert (done.returncode, done.stderr) == (0, "fastembed: warning: take care\n")


def test_version(run_cli):
    import fastembed

    result = run_cli("--version")
    assert result.status == 0
    assert fastembed.__version__ in result.out


@pytest.mark.parametrize(
    "args", [["nonsense"], ["info", "--nonsense"], ["--nonsense"], ["info", "x"]]
)
def test_wrong_usage_is_one_line_and_2(run_cli, args):
    result = run_cli(*args)
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("fastembed: error: ")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (CorpusError("text.txt: empty"), 1, "text.txt: empty"),
        (KeyError("word 'x' is not in the vocabulary"), 1, "word 'x' is not in the vocabulary"),
        (
            FileNotFoundError(2, "No such file or directory", "text.txt"),
            1,
            "text.txt: No such file or directory",
        ),
        (MemoryError("3 GB for the vectors"), 1, "not enough memory: 3 GB for the vectors"),
        (
            ValueError("window must be an integer >= 1; got 0"),
            2,
            "window must be an integer >= 1; got 0",
        ),
        (TypeError("seed must be an integer; got 'x'"), 2, "seed must be an integer; got 'x'"),
        (click.BadParameter("nothing"), 2, "nothing"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_errors_become_one_line_and_a_status(run_cli, monkeypatch, error, status, message):
    @click.command()
    def fails() -> None:
        raise error

    monkeypatch.setattr(cli_main.LazyGroup, "get_command", lambda *_: fails)
    result = run_cli("fails")
    assert result.status == status
    assert result.out == ""
    assert message in result.err
    # a shell prints ^C without a line break, so "interrupted" begins with one
    assert result.err.strip().count("\n") == 0
    assert "Traceback" not in result.err


def test_module_runs_as_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "fastembed", "info", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout)["isa"]["used"]


def test_reader_that_leaves_early_is_no_traceback():
    done = subprocess.run(
        f'"{sys.executable}" -c "'
        "import click, fastembed.cli.main as m\n"
        "@click.command()\n"
        "def talks():\n"
        "    [click.echo('x' * 100) for _ in range(10000)]\n"
        "m.LazyGroup.get_command = lambda *_: talks\n"
        "m.main(['talks'])"
        '" | head -n 1',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout == "x" * 100 + "\n"
    assert done.stderr == ""
