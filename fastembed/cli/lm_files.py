"""What the commands of ``fastembed lm`` share: opening and writing models, lines of text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fastembed.core.progress import Progress

__all__ = [
    "FORMATS",
    "format_of",
    "holds_model",
    "load_model",
    "missing_backoff_option",
    "read_lines",
    "save_model",
]

FORMATS = ("native", "arpa")
PEEK = 1 << 16  # bytes in which an ARPA file has its header, but for very long comments


def missing_backoff_option(command: Any) -> Any:
    """--missing-backoff."""
    return click.option(
        "--missing-backoff",
        type=click.Choice(["error", "zero"]),
        default="error",
        show_default=True,
        help="A context without a back-off weight in an ARPA file: stop, or take log10 weight 0.",
    )(command)


def format_of(output: str, given: str | None) -> str:
    """The format of a file: as given, else by its suffix; ValueError for a packed native one."""
    from fastembed.core.packing import bare_name
    from fastembed.io.native import check_native_name

    arpa = bare_name(output).endswith((".arpa", ".lm"))
    format = given or ("arpa" if arpa else "native")
    if format == "native":
        check_native_name(output)
    return format


def holds_model(path: str) -> bool:
    """Whether a file is a language model, by its first bytes; standard input is taken for text."""
    from fastembed.core.files import open_read
    from fastembed.io.native import is_native_file, read_native
    from fastembed.ngram.arpa import is_arpa
    from fastembed.ngram.files import MODELS

    if not os.path.isfile(path):
        return False
    if is_native_file(path):
        return read_native(path).metadata.get("kind") in MODELS
    with closing(open_read(path)) as file:
        return is_arpa(file.read(PEEK))


def load_model(
    path: str,
    progress: Progress | None = None,
    *,
    missing_backoff: str = "error",
    workers: int | None = None,
) -> Any:
    """A language model of any kind (`fastembed.ngram.files.MODELS`): native, or an ARPA file."""
    from fastembed.io.native import is_native_file

    if is_native_file(path):
        from fastembed.ngram.files import open_model

        return open_model(path, workers=workers)
    from fastembed.ngram.model import NgramLM

    return NgramLM.load(path, missing_backoff=missing_backoff, workers=workers, progress=progress)


def save_model(
    model: Any, output: str, format: str, progress: Progress | None = None, **options: Any
) -> None:
    """Write a model in one of `FORMATS`."""
    if format == "arpa":
        model.save_arpa(output, progress=progress)
    else:
        model.save(output, **options)


def read_lines(
    path: str, *, lowercase: bool, punctuation: Any, tokenizer: str | None, errors: str
) -> Iterator[str]:
    """Lines of a text with one space between their words, as the options cut them."""
    from fastembed.core.files import open_read
    from fastembed.text.encoder import bad_text, clean_text
    from fastembed.text.tokenizer import fold_bytes, load_tokenizer, make_fold

    cut, fold = load_tokenizer(tokenizer), make_fold(lowercase, punctuation)
    name = "standard input" if os.fspath(path) == "-" else path
    offset = 0
    with closing(open_read(path)) as file:
        for line in file:
            bad = _first_bad(line)
            if bad >= 0:
                if errors == "strict":
                    bad_text(name, offset + bad, line[bad:])
                line = clean_text(line)
            offset += len(line)
            text = fold_bytes(line, fold).decode("utf-8")
            yield " ".join(cut(text.rstrip("\r\n")) if cut is not None else _words(text))


def _words(text: str) -> list[str]:
    # bytes.split() knows ASCII white space only, as the scanner does
    return [word.decode("utf-8") for word in text.encode("utf-8").split()]


def _first_bad(line: bytes) -> int:
    """Place of the first byte that is not UTF-8, or NUL; -1 if there is none."""
    nul = line.find(b"\0")
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start if nul < 0 else min(nul, error.start)
    return nul
