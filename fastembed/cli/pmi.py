"""``fastembed pmi``: words that belong together in a text, and the coherence of topics."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from fastembed.cli.options import (
    TEXT_OPTIONS,
    quiet_option,
    reporter,
    text_options,
    training_text,
    workers_option,
)
from fastembed.cli.training import refuse_options
from fastembed.cli.vectors import json_option

if TYPE_CHECKING:
    from fastembed.core.progress import Progress
    from fastembed.evaluate.pmi import Associations, Collocation

__all__ = ["pmi"]

# Options that only one of the three uses of the command has.
OF_TOP = ("topn", "min_count", "word")
OF_COUNTING = ("near", "window", "memory", "workers")


@click.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option("--word", metavar="WORD", help="Only collocations with this word.")
@click.option("--pairs", metavar="FILE", help="Judge these pairs, two words a line.")
@click.option("--coherence", metavar="FILE", help="Judge these topics, a line of words each.")
@click.option("--measure", type=click.Choice(["pmi", "npmi", "ami", "llr", "umass"]),
              help="Default: llr; of --pairs pmi, of --coherence npmi (or umass).")  # fmt: skip
@click.option("--near", type=click.Choice(["bigram", "window", "document"]),
              help="Pairs that count: one word behind the other, in a window, in a line. Default: "
              "bigram; window with --window or --pairs.")  # fmt: skip
@click.option("--window", type=click.IntRange(min=0), metavar="N",
              help="Most words between the two, and one; of topics the words of a sliding window "
              "or 0 for whole lines. Default: 5; of topics 10, umass 0.")  # fmt: skip
@click.option("-n", "--topn", "--top", type=click.IntRange(min=1), default=20, show_default=True,
              metavar="N", help="How many collocations.")  # fmt: skip
@click.option("--min-count", type=click.FloatRange(min=0), default=5, show_default=True,
              metavar="N", help="Leave out pairs that are together less often.")  # fmt: skip
@click.option(
    "--memory",
    metavar="SIZE",
    help="Memory for counting, such as 4G. Default: half of what is usable.",
)
@text_options
@workers_option
@json_option
@quiet_option
@click.pass_context
def pmi(
    ctx: click.Context,
    texts: tuple[str, ...],
    word: str | None,
    pairs: str | None,
    coherence: str | None,
    measure: Any,
    near: Any,
    window: int | None,
    topn: int,
    min_count: float,
    memory: str | None,
    workers: int | None,
    as_json: bool,
    quiet: bool,
    **text: Any,
) -> None:
    """Show which words of TEXT belong together: collocations, pairs, or the coherence of topics.

    Lines first<TAB>second<TAB>measure<TAB>together<TAB>first<TAB>second, the last three being
    counts; of topics number<TAB>coherence<TAB>words, and their mean. TEXT is files, folders,
    globs, URLs or -, or a file that "fastembed encode" or "fastembed cooccur" made.
    """
    if (pairs is not None) + (coherence is not None) > 1:
        raise click.UsageError("give --pairs or --coherence, not both")
    asked = pairs or coherence
    if asked == "-" and "-" in texts:
        raise click.UsageError("standard input cannot be the text and the words to judge")
    if asked is not None:
        refuse_options(ctx, OF_TOP, "the words to judge are given")
    if coherence is not None:
        topics = _word_lines(coherence, "two or more different words", _is_topic)
        refuse_options(ctx, ("near", "memory"), "topics are judged by --window")
        _show_topics(topics, texts, measure, window, workers, text, as_json, reporter(quiet))
        return
    if measure == "umass":
        raise click.UsageError("umass is a measure of topics: it goes with --coherence FILE")
    judged = None if pairs is None else _word_lines(pairs, "two words", _is_pair)
    if window is not None and near not in (None, "window"):
        raise click.UsageError(f"--window goes with --near window, not with --near {near}")
    if window == 0:
        raise click.UsageError("--window must be 1 or more")
    near = near or ("bigram" if window is None and pairs is None else "window")
    counting = {"near": near, "window": window or 5, "memory": memory, "workers": workers}
    found = _associations(ctx, texts, text, counting, reporter(quiet))
    if judged is None:
        measure = measure or "llr"
        shown = found.top(measure, min_count=min_count, topn=topn, word=word)
    else:
        measure = measure or "pmi"
        shown = [found.collocation(first, second, measure) for first, second in judged]
    _show_pairs(shown, measure, found, as_json)


def _associations(
    ctx: click.Context,
    texts: tuple[str, ...],
    text: dict[str, Any],
    counting: dict[str, Any],
    progress: Progress,
) -> Associations:
    """Of counts, if TEXT is a file of them; else of the text."""
    from fastembed.embed.counted import open_counts
    from fastembed.evaluate.pmi import Associations

    counts = open_counts(texts[0]) if len(texts) == 1 else None
    if counts is not None:
        given = (*TEXT_OPTIONS, *OF_COUNTING)
        refuse_options(ctx, given, f"{texts[0]} has counts, which were made already")
        return Associations(counts)
    source = training_text(texts, **text)
    return Associations.of(source, progress=progress, **counting)


def _is_pair(words: list[str]) -> bool:
    return len(words) == 2


def _is_topic(words: list[str]) -> bool:
    return len(words) > 1 and len(set(words)) == len(words)


def _word_lines(path: str, wanted: str, fits: Any) -> list[list[str]]:
    """The words of each line that is not blank."""
    from fastembed.core.errors import FormatError
    from fastembed.core.files import open_read

    lines = []
    with open_read(path, error=FormatError) as file:
        for number, raw in enumerate(file, 1):
            try:
                words = raw.decode("utf-8").split()
            except UnicodeDecodeError as error:
                problem = f"not UTF-8 ({error.reason})"
                raise FormatError(f"{path}: line {number}: {problem}") from None
            if words and not fits(words):
                raise FormatError(
                    f"{path}: line {number}: expected {wanted}; found {' '.join(words)[:60]!r}"
                )
            if words:
                lines.append(words)
    if not lines:
        raise FormatError(f"{path}: no words in this file")
    return lines


def _show_pairs(
    pairs: Sequence[Collocation], measure: str, found: Associations, as_json: bool
) -> None:
    if not as_json:
        for (first, second), score, *counts in pairs:
            numbers = "\t".join(f"{count:.10g}" for count in counts)
            click.echo(f"{first}\t{second}\t{score:.4f}\t{numbers}")
        return
    rows = [
        {
            "first": pair.words[0],
            "second": pair.words[1],
            # JSON has no infinity: never together
            "score": round(pair.score, 7) if math.isfinite(pair.score) else None,
            "joint": pair.joint,
            "count_first": pair.first,
            "count_second": pair.second,
        }
        for pair in pairs
    ]
    result = {"measure": measure, "total": found.total, "ordered": found.ordered, "pairs": rows}
    click.echo(json.dumps(result, ensure_ascii=False))


def _show_topics(
    topics: list[list[str]],
    texts: tuple[str, ...],
    measure: Any,
    window: int | None,
    workers: int | None,
    text: dict[str, Any],
    as_json: bool,
    progress: Progress,
) -> None:
    from fastembed.evaluate.coherence import topic_coherence

    if measure not in (None, "npmi", "umass"):
        raise click.UsageError(f"the coherence of topics is npmi or umass, not {measure}")
    found = topic_coherence(
        topics,
        training_text(texts, **text),
        measure=measure or "npmi",
        window=window,
        workers=workers,
        progress=progress,
    )
    if as_json:
        click.echo(json.dumps({**found.to_dict(), "topics": topics}, ensure_ascii=False))
        return
    for number, (score, words) in enumerate(zip(found.scores, topics, strict=True), 1):
        click.echo(f"{number}\t{score:.4f}\t{' '.join(words)}")
    click.echo(f"mean\t{found.mean:.4f}")
