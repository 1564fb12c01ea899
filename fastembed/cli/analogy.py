"""``fastembed analogy``: a is to b as c is to ?"""

from __future__ import annotations

import json

import click

from fastembed.cli.vectors import json_option, open_vectors, restrict_option, vectors_argument

__all__ = ["analogy"]


@click.command()
@vectors_argument
@click.argument("a")
@click.argument("b")
@click.argument("c")
@click.option("-n", "--topn", type=click.IntRange(min=1), default=5, show_default=True,
              metavar="N", help="How many answers.")  # fmt: skip
@click.option("--method", type=click.Choice(["3cosadd", "3cosmul"]), default="3cosadd",
              show_default=True, help="How answers are scored.")  # fmt: skip
@restrict_option(None)
@json_option
def analogy(
    vectors: str,
    a: str,
    b: str,
    c: str,
    topn: int,
    method: str,
    restrict_vocab: int | None,
    as_json: bool,
) -> None:
    """Solve: A is to B as C is to ?

    Lines word<TAB>score, best first.
    """
    kv = open_vectors(vectors)
    solve = kv.most_similar if method == "3cosadd" else kv.most_similar_cosmul
    found = solve(positive=[b, c], negative=[a], topn=topn, restrict_vocab=restrict_vocab)
    if as_json:
        rows = [{"word": word, "score": round(score, 7)} for word, score in found]
        question = {"a": a, "b": b, "c": c, "method": method, "answers": rows}
        click.echo(json.dumps(question, ensure_ascii=False))
        return
    for word, score in found:
        click.echo(f"{word}\t{score:.4f}")
