"""``fastembed evaluate --task tagging``: word vectors judged by a tagger over them."""

from __future__ import annotations

import json
from typing import Any

import click

from fastembed.cli.options import reporter
from fastembed.cli.training import CHECKPOINT_OPTIONS, Checkpoint, checkpoint_options
from fastembed.cli.vectors import open_vectors

__all__ = ["evaluate_tagging", "tagging_options"]

MODES = ("tuned", "frozen", "random", "random-tuned")


def tagging_options(command: Any) -> Any:
    """The options of the task."""
    for option in (
        click.option("--tagged", metavar="FILE",
                     help="tagging: text to train on, word/tag, a sentence a line."),
        click.option("--tagged-test", metavar="FILE",
                     help="tagging: text to test on; by default each tenth sentence."),
        click.option("--fold-tags", is_flag=True,
                     help="tagging: Brown's tags without fw-, -tl, -hl, -nc."),
        click.option("--mode", "modes", multiple=True, type=click.Choice(MODES),
                     help="tagging: learn the vectors, freeze them, or random ones for the same "
                          "words; may be given again.  [default: tuned, frozen, random]"),
        click.option("--window", type=click.IntRange(min=0), metavar="INT", default=2,
                     show_default=True, help="tagging: words on each side."),
        click.option("--hidden", type=click.IntRange(min=1), metavar="INT", default=128,
                     show_default=True, help="tagging: units of the hidden layer."),
        click.option("--epochs", type=click.IntRange(min=1), metavar="INT", default=5,
                     show_default=True, help="tagging: passes over the text."),
        click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True),
                     metavar="FLOAT", default=1e-3, show_default=True, help="tagging: of Adam."),
    )[::-1]:  # fmt: skip
        command = option(command)
    return checkpoint_options(command, "tagging only, in FILE.MODE of each; default: nowhere")


def evaluate_tagging(
    vectors: str,
    *,
    tagged: str,
    tagged_test: str | None,
    fold_tags: bool,
    modes: tuple[Any, ...],
    restrict_vocab: int,
    case_sensitive: bool,
    seed: int,
    workers: int | None,
    quiet: bool,
    as_json: bool,
    **params: Any,
) -> None:
    """Train a tagger in each mode, test it, and print the figures."""
    from fastembed.embed.keyed_vectors import KeyedVectors
    from fastembed.evaluate.tagging import read_tagged
    from fastembed.nn.tagging import checkpoint_of, compare_tagging, every_tenth

    chosen = list(dict.fromkeys(modes)) or list(MODES[:3])
    resume, place, minutes = (params.pop(name) for name in CHECKPOINT_OPTIONS)
    saved = Checkpoint.chosen(
        "-", resume, place, minutes, lambda at: [checkpoint_of(at, mode) for mode in chosen]
    )
    train = read_tagged(tagged, fold=fold_tags)
    if tagged_test is not None:
        test = read_tagged(tagged_test, fold=fold_tags)
    else:
        train, test = every_tenth(train)
    kv = open_vectors(vectors)
    if len(kv) > restrict_vocab:
        kv = KeyedVectors(kv.words[:restrict_vocab], kv.vectors[:restrict_vocab])
    params |= {"case": "keep" if case_sensitive else "fallback", "hidden": (params["hidden"],)}
    with saved.hint():
        found = compare_tagging(
            kv,
            train,
            test,
            modes=chosen,
            progress=reporter(quiet),
            seed=seed,
            workers=workers,
            **saved.fit_options(),
            **params,
        )
    saved.remove()
    if as_json:
        result = {
            "vectors": vectors,
            "words": len(kv),
            "vector_size": kv.vector_size,
            "tagged": tagged,
            "train_sentences": len(train),
            "test_sentences": len(test),
            "parameters": params | {"seed": seed},
            "tagging": {mode: report.to_dict() for mode, report in found.items()},
        }
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    count = sum(len(s.words) for s in train)
    click.echo(
        f"{tagged}: {len(train):,} sentences ({count:,} words) to train, {len(test):,} to test"
    )
    for mode, report in found.items():
        click.echo(f"\n{mode}\n{report.table()}")
