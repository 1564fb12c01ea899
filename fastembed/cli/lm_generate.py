"""``fastembed lm generate MODEL``: sentences drawn from a model."""

from __future__ import annotations

import click

from fastembed.cli.json_text import json_text
from fastembed.cli.lm_files import load_model, missing_backoff_option
from fastembed.cli.options import quiet_option, reporter

__all__ = ["generate"]


@click.command(no_args_is_help=True)
@click.argument("model")
@click.option("-n", "--number", type=click.IntRange(min=0), default=1, show_default=True,
              metavar="N", help="How many sentences.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), metavar="INT", default=1, show_default=True,
              help="Equal seeds give equal sentences.")  # fmt: skip
@click.option("--context", default="", metavar="WORDS", help="How each sentence begins.")
@click.option("--temperature", type=click.FloatRange(min=0), metavar="FLOAT", default=1.0,
              show_default=True,
              help="Below 1: more of what is probable; 0: the most probable word.")  # fmt: skip
@click.option("--top-k", type=click.IntRange(min=1), metavar="K",
              help="Draw from the K most probable words only.")  # fmt: skip
@click.option("--max-words", type=click.IntRange(min=1), default=1000, show_default=True,
              metavar="N", help="A sentence ends here at the latest.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write a JSON list.")
@missing_backoff_option
@quiet_option
def generate(
    model: str,
    number: int,
    seed: int,
    context: str,
    temperature: float,
    top_k: int | None,
    max_words: int,
    as_json: bool,
    missing_backoff: str,
    quiet: bool,
) -> None:
    """Draw sentences from MODEL, a line each."""
    lm = load_model(model, reporter(quiet), missing_backoff=missing_backoff)
    sentences = lm.generate(number, seed, context, temperature, top_k=top_k, max_words=max_words)
    if context:
        sentences = [f"{context} {sentence}".rstrip() for sentence in sentences]
    if as_json:
        click.echo(json_text(sentences))
        return
    for sentence in sentences:
        click.echo(sentence)
