"""``fastembed bench``: how fast is it here, beside the peers that are installed?"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fastembed.bench.measure import Result

__all__ = ["bench"]

QUALITY = ("quality", "glove-quality")
TOPICS = (
    "training",
    "text",
    "pipeline",
    "startup",
    "vectors",
    "cooccurrence",
    "glove",
    "clusters",
    "svd",
    "lm",
    "neural-lm",
    "nn",
    "autoencoder",
    *QUALITY,
)
QUICK_BYTES = 2_000_000
# The bundled text: definitions, tokenised so that the bundled test sets find their words in it.
BUNDLED = "wordnet_glosses.txt.xz"
BUNDLED_TOKENS = {"lowercase": True, "punctuation": "drop"}
FILE = click.Path(exists=True, dir_okay=False)


@click.command()
@click.argument("text", required=False, type=FILE)
@click.option(
    "--topic",
    "topics",
    type=click.Choice(TOPICS),
    multiple=True,
    help="What to measure; may be repeated. All but those of quality by default.",
)
@click.option("--only", default="", metavar="WORDS", help='Only rows named so: "min_count 1".')
@click.option("--quick", is_flag=True, help="A small part of the text, one run, few cases.")
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    metavar="INT",
    help="Runs of each contender. Default: 3, quick 1.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="INT",
    multiple=True,
    help="Threads; may be repeated. 1, 2 and all usable cores by default.",
)
@click.option(
    "--vector-size",
    "sizes",
    type=click.IntRange(min=1),
    metavar="INT",
    multiple=True,
    help="Dimensions; may be repeated. 100 and 300 by default.",
)
@click.option("--epochs", type=click.IntRange(min=1), metavar="INT", default=1, show_default=True)
@click.option("--tokens", type=click.IntRange(min=1000), metavar="INT",
              help="Of the text, for neural-lm. Default: 250,000, quick 30,000.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=1), metavar="INT", default=1, show_default=True,
              help="Of the topic neural-lm.")  # fmt: skip
@click.option(
    "--vectors",
    "n_vectors",
    type=click.IntRange(min=1),
    metavar="INT",
    help="Vectors of 300 dimensions to load and search. Default: 200,000, quick 5,000.",
)
@click.option(
    "--peer-python",
    metavar="PYTHON",
    help="The Python that has gensim, scikit-learn, kenlm, or some of them. Default: this one.",
)
@click.option("--word2vec-bin", metavar="FILE", help="The compiled original word2vec.")
@click.option("--glove-bin", metavar="FOLDER", help="Stanford GloVe's compiled programs.")
@click.option("--wcluster-bin", metavar="FILE", help="brown-cluster's compiled program.")
@click.option("--clustercat-bin", metavar="FILE", help="clustercat's compiled program.")
@click.option(
    "--clusters",
    "n_clusters",
    type=click.IntRange(min=2),
    metavar="INT",
    multiple=True,
    help="Numbers of clusters; may be repeated. 100 and 320 by default, quick 100.",
)
@click.option(
    "--torch-python",
    metavar="PYTHON",
    help="The Python that has PyTorch and Keras. Default: that of --peer-python.",
)
@click.option(
    "--mnist",
    type=click.Path(exists=True, file_okay=False),
    help="Folder of MNIST's four IDX files, packed or not, for the topics nn and autoencoder.",
)
@click.option("--kenlm-bin", metavar="FOLDER", help="KenLM's compiled programs.")
@click.option("--quality", is_flag=True, help="Also train with several seeds and score.")
@click.option("--analogies", type=FILE, multiple=True, help="Analogy questions for --quality.")
@click.option("--similarity", type=FILE, multiple=True, help="Word pairs for --quality.")
@click.option("--seeds", type=click.IntRange(min=1), metavar="INT", default=3, show_default=True)
@click.option(
    "--quality-epochs", type=click.IntRange(min=1), metavar="INT", default=5, show_default=True
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench-output"),
    show_default=True,
    help="Folder for bench.json, bench.md and, with matplotlib, bench.svg; made if missing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of the table.")
def bench(
    text: str | None,
    topics: tuple[str, ...],
    only: str,
    quick: bool,
    runs: int | None,
    workers: tuple[int, ...],
    sizes: tuple[int, ...],
    epochs: int,
    tokens: int | None,
    seed: int,
    n_vectors: int | None,
    peer_python: str | None,
    word2vec_bin: str | None,
    glove_bin: str | None,
    wcluster_bin: str | None,
    clustercat_bin: str | None,
    n_clusters: tuple[int, ...],
    torch_python: str | None,
    mnist: str | None,
    kenlm_bin: str | None,
    quality: bool,
    analogies: tuple[str, ...],
    similarity: tuple[str, ...],
    seeds: int,
    quality_epochs: int,
    output: Path,
    as_json: bool,
    markdown: bool,
) -> None:
    """Measure speed beside the installed peers, on TEXT or the bundled text.

    Every contender runs in a process of its own, one after the other and in turn; the table has
    the medians, the ranges, and by how much fastembed is better. All train with the same
    hyper-parameters, and a run whose results do not agree stops with an error.
    """
    import tempfile

    from fastembed.bench.peers import find_contenders
    from fastembed.bench.setting import Setting
    from fastembed.bench.suite import environment, prepare_text, run_topics
    from fastembed.core import data

    if as_json and markdown:
        raise click.UsageError("give --json or --markdown, not both")
    chosen = list(dict.fromkeys(topics)) or [topic for topic in TOPICS if topic not in QUALITY]
    if quality and "quality" not in chosen:
        chosen.append("quality")
    runs = runs or (1 if quick else 3)
    if mnist is None and topics and "autoencoder" in chosen:
        raise click.UsageError("--topic autoencoder needs --mnist FOLDER, the images")
    if mnist is None and {"nn", "autoencoder"} & set(chosen):
        _say("networks on MNIST are left out; --mnist names the folder of its four files")

    contenders, missing = find_contenders(
        peer_python,
        word2vec_bin,
        glove_bin,
        wcluster_bin,
        clustercat_bin,
        kenlm_bin,
        torch_python,
    )
    for line in missing:
        _say(line)
    usable = contenders["fastembed"].info["workers"]
    source = text or str(data.path(BUNDLED))
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="fastembed-bench-") as scratch:
        folder = Path(scratch)
        prepared = prepare_text(
            contenders["fastembed"],
            source,
            folder,
            limit=QUICK_BYTES if quick else None,
            tokens=None if text else BUNDLED_TOKENS,
        )
        setting = Setting(
            contenders,
            prepared,
            folder,
            workers=workers or ((1,) if quick else tuple(sorted({1, min(2, usable), usable}))),
            sizes=sizes or ((100,) if quick else (100, 300)),
            clusters=n_clusters or ((100,) if quick else (100, 320)),
            epochs=epochs,
            tokens=tokens,
            seed=seed,
            n_vectors=n_vectors or (5_000 if quick else 200_000),
            n_queries=100 if quick else 1000,
            quick=quick,
            mnist=mnist,
        )
        facts = environment(contenders) | {
            "text": {**prepared, "path": source, "name": os.path.basename(source)},
            "runs": runs,
            "epochs": epochs,
        }
        try:
            for result in run_topics(
                setting, [t for t in chosen if t not in QUALITY], runs, _say, only
            ):
                results.append(result)
            for topic in [t for t in chosen if t in QUALITY]:
                from fastembed.bench.quality import measure_quality

                results.append(
                    measure_quality(
                        setting,
                        analogies or (str(data.path("analogies.txt")),),
                        similarity or (str(data.path("word_similarity.tsv")),),
                        seeds,
                        quality_epochs,
                        _say,
                        topic,
                    )
                )
        finally:
            # an hour of measuring is not lost to Ctrl-C or to one failure in the last case
            if results:
                _print(results, facts, as_json, markdown)
                _write(results, facts, output)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _print(results: Sequence[Result], facts: dict[str, Any], as_json: bool, markdown: bool) -> None:
    from fastembed.bench import report

    if as_json:
        click.echo(json.dumps(report.as_json(results, facts), indent=1))
    elif markdown:
        click.echo(report.as_markdown(results, facts))
    else:
        click.echo(report.as_table(results, facts))


def _write(results: Sequence[Result], facts: dict[str, Any], output: Path) -> None:
    from fastembed.bench import chart, report
    from fastembed.core.files import atomic_write

    output.mkdir(parents=True, exist_ok=True)
    files = {
        "bench.json": json.dumps(report.as_json(results, facts), indent=1).encode() + b"\n",
        "bench.md": report.as_markdown(results, facts).encode() + b"\n",
    }
    if chart.can_draw():
        drawn = chart.draw_chart(results, facts)
        if drawn is not None:
            files["bench.svg"] = drawn
    else:
        _say("no chart: matplotlib is missing (pip install 'fastembed-trainer[plot]')")
    for name, content in files.items():
        with atomic_write(output / name) as file:
            file.write(content)
        _say(f"wrote {output / name}")
