"""The blocks of docs/nn-examples.md print what stands there, and it lists the errata."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).resolve().parent.parent / "docs" / "nn-examples.md"


def test_the_examples_of_networks_print_what_stands_there():
    text = PAGE.read_text(encoding="utf-8")
    # blocks keep their lines, so that a failure names the line of the page
    fenced = re.split(r"^(```pycon\n.*?^```)$", text, flags=re.MULTILINE | re.DOTALL)
    source = "".join(
        part.replace("```pycon", "").replace("```", "")
        if part.startswith("```pycon")
        else "\n" * part.count("\n")
        for part in fenced
    )
    test = doctest.DocTestParser().get_doctest(source, {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 60
    found: list[str] = []
    with np.printoptions():  # the page sets them for itself
        result = doctest.DocTestRunner().run(test, out=found.append)
    assert result.failed == 0, "".join(found)
