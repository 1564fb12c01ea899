"""Options that several commands share: which text, and how it is cut into words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from fastembed.core.progress import Progress
    from fastembed.text.corpus import Corpus
    from fastembed.text.encoded import EncodedCorpus

__all__ = [
    "TEXT_OPTIONS",
    "make_corpus",
    "quiet_option",
    "reporter",
    "text_options",
    "training_text",
    "vocabulary_options",
    "workers_option",
]

F = TypeVar("F", bound=Callable[..., Any])

# Names under which a command gets the values of `text_options`.
TEXT_OPTIONS = ("lowercase", "punctuation", "tokenizer", "errors")


def text_options(command: F) -> F:
    """How text is cut into words: --lowercase, --punctuation, --tokenizer, --errors."""
    for option in (
        click.option(
            "--errors",
            type=click.Choice(["strict", "replace"]),
            default="strict",
            show_default=True,
            help="Bytes that are not UTF-8, and NUL: stop, or replace each by U+FFFD.",
        ),
        click.option(
            "--tokenizer",
            metavar="FILE",
            help="A tokenizers JSON file; default: words end at white space.",
        ),
        click.option(
            "--punctuation",
            type=click.Choice(["keep", "split", "drop"]),
            default="keep",
            show_default=True,
            help="Punctuation and symbols: part of words, words of their own, or left out.",
        ),
        click.option("--lowercase", is_flag=True, help="Lower-case each character."),
    ):
        command = option(command)
    return command


def vocabulary_options(command: F) -> F:
    """Which words are kept: --min-count, --max-vocab."""
    for option in (
        click.option(
            "--max-vocab",
            type=click.IntRange(min=1),
            metavar="N",
            help="Keep the N most frequent words; default: all.",
        ),
        click.option(
            "--min-count",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            metavar="N",
            help="Keep words that occur N times or more.",
        ),
    ):
        command = option(command)
    return command


def workers_option(command: F) -> F:
    """--workers."""
    return click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Threads; all usable cores by default. The result does not depend on it.",
    )(command)


def quiet_option(command: F) -> F:
    """--quiet: no progress on standard error."""
    return click.option("-q", "--quiet", is_flag=True, help="Show no progress.")(command)


def reporter(quiet: bool) -> Progress:
    """The progress reporter of a command."""
    from fastembed.core.progress import progress_of

    return progress_of(not quiet)


def make_corpus(texts: tuple[str, ...], **options: Any) -> Corpus:
    """The corpus of TEXT arguments and the values of `text_options`."""
    from fastembed.text.corpus import Corpus

    return Corpus.from_files(texts, **options)


def training_text(texts: tuple[str, ...], **options: Any) -> Corpus | EncodedCorpus:
    """`make_corpus`, or the encoded corpus if that is what the one TEXT is."""
    from fastembed.text.corpus import open_corpus
    from fastembed.text.encoded import EncodedCorpus

    if len(texts) == 1 and not any(sign in texts[0] for sign in "*?["):
        found = open_corpus(texts[0])
        if isinstance(found, EncodedCorpus):
            return found
    return make_corpus(texts, **options)
