"""``fastembed lm score MODEL [TEXT]``: log10 probabilities of sentences or words."""

from __future__ import annotations

import sys
from typing import Any

import click

from fastembed.cli.json_text import json_text
from fastembed.cli.lm_files import load_model, missing_backoff_option, read_lines
from fastembed.cli.options import quiet_option, reporter, text_options
from fastembed.core.errors import CorpusError

__all__ = ["score"]


@click.command(no_args_is_help=True)
@click.argument("model")
@click.argument("text", default="-")
@click.option("--tokens", is_flag=True, help="A line a word: word, log10 p, n-gram length, oov.")
@click.option("--bos/--no-bos", default=True, show_default=True, help="Sentences begin with <s>.")
@click.option("--eos/--no-eos", default=True, show_default=True, help="Score </s> at their end.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, an object a sentence.")
@missing_backoff_option
@text_options
@quiet_option
def score(
    model: str,
    text: str,
    tokens: bool,
    bos: bool,
    eos: bool,
    as_json: bool,
    missing_backoff: str,
    quiet: bool,
    **options: Any,
) -> None:
    """Score the sentences of TEXT (default: standard input), a line each.

    Lines log10-probability<TAB>sentence; with --tokens a line for every word and a blank line
    behind every sentence. Words that the model does not know are scored as <unk>.
    """
    if model == "-" and text == "-":
        raise click.UsageError("MODEL and TEXT cannot both be standard input")
    lm = load_model(model, reporter(quiet), missing_backoff=missing_backoff)
    write = sys.stdout.write
    for number, sentence in enumerate(read_lines(text, **options), 1):
        _check(sentence, text, number)
        if not tokens:
            log_prob = lm.score_sentence(sentence, bos, eos)
            if as_json:
                write(json_text({"sentence": sentence, "log_prob": log_prob}) + "\n")
            else:
                write(f"{log_prob:.6f}\t{sentence}\n")
            continue
        words = [*sentence.split(" "), "</s>"] if sentence else ["</s>"]
        scores = lm.full_scores(sentence, bos, eos)
        rows = list(zip(words, scores, strict=False))
        if as_json:
            parts = [{"word": word, **found._asdict()} for word, found in rows]
            total = sum(found.log_prob for found in scores)
            whole = {"sentence": sentence, "log_prob": total, "tokens": parts}
            write(json_text(whole) + "\n")
            continue
        for word, (log_prob, length, oov) in rows:
            write(f"{word}\t{log_prob:.6f}\t{length}\t{'oov' if oov else '-'}\n")
        write("\n")


def _check(sentence: str, text: str, number: int) -> None:
    """Refuse ``<s>`` and ``</s>`` within a sentence, as `lm perplexity` does."""
    if "s>" not in sentence:
        return
    for mark in ("<s>", "</s>"):
        if mark in sentence.split(" "):
            name = "standard input" if text == "-" else text
            raise CorpusError(
                f"{name}, line {number}: {mark!r} stands in the text; sentences get their "
                "beginning and end from the model"
            )
