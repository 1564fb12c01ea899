"""What a script or a command waits for before anything happens."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from fastembed.bench.measure import Case, Command
from fastembed.bench.peers import python_command
from fastembed.bench.setting import MEMORY, PROCESS, Setting, check_nothing

__all__ = ["startup"]


def startup(setting: Setting) -> Iterator[Case]:
    """What a script or a command waits for before anything happens."""

    def case(name: str, *commands: Command) -> Case:
        return Case("startup", name, commands, (PROCESS, MEMORY), check_nothing)

    def silent(label: str, python: str, *argv: str) -> Command:
        command = python_command(label, *argv)
        return Command(label, (python, *argv), command.env, reports=False)

    def ours(*argv: str) -> Command:
        return silent("fastembed", sys.executable, *argv)

    bare = silent("python alone", sys.executable, "-c", "pass")
    yield case("import fastembed", ours("-c", "import fastembed"), bare)
    importing = "from fastembed import Corpus, KeyedVectors, Word2Vec"
    commands = [ours("-c", importing)]
    gensim = setting.contenders.get("gensim")
    if gensim is not None:
        commands.append(Command("gensim", (gensim.python, "-c", "import gensim"), reports=False))
    yield case("import of all it takes to train", *commands)
    yield case("fastembed --help", ours("-m", "fastembed", "--help"), bare)
    # a command whose options are those of every kind of language model
    yield case("fastembed lm train --help", ours("-m", "fastembed", "lm", "train", "--help"), bare)
