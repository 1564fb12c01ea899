"""``fastembed evaluate``: analogies and word similarity, or a tagger over the vectors."""

from __future__ import annotations

import json
from typing import Any

import click

from fastembed.cli.evaluate_tagging import evaluate_tagging, tagging_options
from fastembed.cli.options import quiet_option, workers_option
from fastembed.cli.vectors import json_option, open_vectors, restrict_option, vectors_argument

__all__ = ["evaluate"]

# What is used where no file is named; see data/README.md.
BUNDLED_ANALOGIES = "analogies.txt"
BUNDLED_PAIRS = "word_similarity.tsv"


@click.command()
@vectors_argument
@click.option("--task", type=click.Choice(["similarity", "tagging"]), default="similarity",
              show_default=True, help="Analogies and word similarity, or tagging.")  # fmt: skip
@click.option("--analogies", "analogy_files", multiple=True, metavar="FILE",
              help="Questions in Google's format; may be given again.")  # fmt: skip
@click.option("--similarity", "pair_files", multiple=True, metavar="FILE",
              help="Word pairs with scores (TSV, CSV or spaces); may be given again.")  # fmt: skip
@click.option("--method", type=click.Choice(["3cosadd", "3cosmul"]), default="3cosadd",
              show_default=True, help="How analogies are answered.")  # fmt: skip
@restrict_option(300000)
@click.option("--case-sensitive", is_flag=True, help="Tell Apple from apple.")
@click.option("--bootstrap", "n_bootstrap", type=click.IntRange(min=0), default=1000,
              show_default=True, metavar="N",
              help="Samples of the 95% intervals; 0: none.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), metavar="INT", default=0, show_default=True,
              help="Of those samples, or of the tagger.")  # fmt: skip
@tagging_options
@workers_option
@quiet_option
@json_option
@click.pass_context
def evaluate(
    ctx: click.Context,
    vectors: str,
    task: str,
    analogy_files: tuple[str, ...],
    pair_files: tuple[str, ...],
    method: Any,
    restrict_vocab: int,
    case_sensitive: bool,
    n_bootstrap: int,
    seed: int,
    as_json: bool,
    **tagging: Any,
) -> None:
    """Score vectors on analogies and word similarity, or by how well a tagger does with them.

    Without files the bundled sets are used. Scores are given without the questions that have a
    word which the vectors lack (OOV), and with these counted as wrong.

    --task tagging trains a network on the vectors in a window to tag words: with the vectors
    learned too, with them frozen, and with random ones. It needs --tagged FILE.
    """
    _refuse_options_of_the_other_task(ctx, task)
    if task == "tagging":
        if tagging["tagged"] is None:
            raise click.UsageError("--task tagging needs --tagged FILE, text as word/tag")
        evaluate_tagging(
            vectors, restrict_vocab=restrict_vocab, case_sensitive=case_sensitive, seed=seed,
            as_json=as_json, **tagging,
        )  # fmt: skip
        return
    from fastembed.core import data
    from fastembed.evaluate import analogies, similarity
    from fastembed.evaluate.analogy import read_questions
    from fastembed.evaluate.similarity import read_pairs

    if not analogy_files and not pair_files:
        analogy_files = (str(data.path(BUNDLED_ANALOGIES)),)
        pair_files = (str(data.path(BUNDLED_PAIRS)),)
    # files are read first: a mistake in the last one should not cost the work on the others
    questions = [read_questions(path) for path in analogy_files]
    pairs = [read_pairs(path) for path in pair_files]
    kv = open_vectors(vectors)
    options: dict[str, Any] = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": not case_sensitive,
        "n_bootstrap": n_bootstrap,
        "seed": seed,
    }
    solved = [analogies(kv, sections, method=method, **options) for sections in questions]
    compared = [similarity(kv, some, **options) for some in pairs]
    if as_json:
        result = {
            "vectors": vectors,
            "words": len(kv),
            "vector_size": kv.vector_size,
            "analogies": [
                {"file": path, **report.to_dict()}
                for path, report in zip(analogy_files, solved, strict=True)
            ],
            "similarity": [
                {"file": path, **report.to_dict()}
                for path, report in zip(pair_files, compared, strict=True)
            ],
        }
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for path, report in zip(analogy_files, solved, strict=True):
        click.echo(f"{path} ({method})\n{report.table()}\n")
    for path, comparison in zip(pair_files, compared, strict=True):
        click.echo(f"{path}\n{comparison.table()}\n")


OF_SIMILARITY = ("analogy_files", "pair_files", "method", "n_bootstrap")
OF_BOTH = (
    "vectors",
    "task",
    "restrict_vocab",
    "case_sensitive",
    "seed",
    "as_json",
    "quiet",
    "workers",
)


def _refuse_options_of_the_other_task(ctx: click.Context, task: str) -> None:
    for option in ctx.command.params:
        name = option.name or ""
        other = name not in OF_BOTH and (name in OF_SIMILARITY) == (task == "tagging")
        if other and ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} has no meaning with --task {task}")
