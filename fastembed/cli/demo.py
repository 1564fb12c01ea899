"""``fastembed demo``: from the bundled text to evaluated vectors in three formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fastembed.embed.keyed_vectors import KeyedVectors

__all__ = ["demo"]

WORDS = ("king", "river", "green", "physician", "music")
QUESTIONS = (("man", "king", "woman"),)  # man is to king as woman is to ?
FILES = (
    ("vectors.fe", "native, opened by memory map"),
    ("vectors.bin", "word2vec binary"),
    ("vectors.txt", "word2vec text"),
)


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-output"),
    show_default=True,
    help="Folder for the vectors; made if it is missing.",
)
@click.option("--epochs", type=click.IntRange(min=1), metavar="INT", default=10, show_default=True)
@click.option("--seed", type=int, metavar="INT", default=1, show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="INT",
    help="Threads; all usable cores by default.",
)
def demo(output: Path, epochs: int, seed: int, workers: int | None) -> None:
    """Train on the bundled text and show what comes out.

    Skip-gram vectors of the WordNet glosses: neighbours of a few words, an analogy, the scores on
    the bundled test sets, and the vectors in three file formats.
    """
    import fastembed as fe
    from fastembed.core import data

    output.mkdir(parents=True, exist_ok=True)
    text = data.path("wordnet_glosses.txt.xz")
    click.echo(f"Training on {text}: definitions and examples, 117,659 lines", err=True)
    corpus = fe.Corpus(text, lowercase=True, punctuation="drop", workers=workers)
    model = fe.Word2Vec(
        vector_size=100, window=5, min_count=5, sample=3e-4, negative=10, epochs=epochs,
        seed=seed, workers=workers,
    )  # fmt: skip
    vectors = model.fit(corpus, progress=True).wv
    _show_neighbors(vectors)
    _evaluate(vectors)
    _save(vectors, output)


def _listed(found: list[tuple[str, float]]) -> str:
    return ", ".join(f"{word} {cosine:.2f}" for word, cosine in found)


def _show_neighbors(vectors: KeyedVectors) -> None:
    click.echo(f"{len(vectors):,} words, {vectors.vector_size} dimensions. Nearest words:")
    for word in WORDS:
        click.echo(f"  {word:<10} {_listed(vectors.most_similar(word, topn=6))}")
    for a, b, c in QUESTIONS:
        answers = vectors.most_similar(positive=[b, c], negative=[a], topn=3)
        click.echo(f"{a} is to {b} as {c} is to:\n  {_listed(answers)}")


def _evaluate(vectors: KeyedVectors) -> None:
    from fastembed.core import data
    from fastembed.evaluate import analogies, similarity

    pairs = similarity(vectors, data.path("word_similarity.tsv"))
    questions = analogies(vectors, data.path("analogies.txt"))
    click.echo("Scores on the bundled test sets, with 95% intervals:")
    low, high = pairs.spearman.interval or (float("nan"), float("nan"))
    click.echo(
        f"  similarity  Spearman {pairs.spearman.value:.3f} ({low:.3f} to {high:.3f}), "
        f"{pairs.answered} of {pairs.pairs} pairs"
    )
    for name, score in (("semantic", questions.semantic), ("syntactic", questions.syntactic)):
        low, high = score.interval or (float("nan"), float("nan"))
        click.echo(
            f"  analogies   {name} {score.accuracy:.1%} ({low:.1%} to {high:.1%}), "
            f"{score.correct} of {score.answered} right"
        )


def _save(vectors: KeyedVectors, output: Path) -> None:
    click.echo("Saved:")
    for name, what in FILES:
        path = output / name
        vectors.export(path)
        click.echo(f"  {path}  {what}, {path.stat().st_size / 1e6:.1f} MB")
