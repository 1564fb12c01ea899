"""``fastembed clusters FILE``: look at word clusters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fastembed.cluster.clusters import WordClusters

__all__ = ["clusters"]


@click.command(no_args_is_help=True)
@click.argument("file")
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("--path", metavar="BITS", help="Only the clusters whose path begins so.")
@click.option(
    "-n",
    "--topn",
    "--top",
    "top",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="Show the N most frequent words of a cluster.",
)
@click.option("--tree", is_flag=True, help="Show the tree, indented.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def clusters(
    file: str, words: tuple[str, ...], path: str | None, top: int, tree: bool, as_json: bool
) -> None:
    """Show the clusters of FILE: of a paths file, clustercat's .tsv, or a model (.fe).

    A line is the path (or number) of a cluster, how many words it has, and the most frequent ones.
    With WORDs: the clusters that these are in.
    """
    from fastembed.cluster.clusters import WordClusters

    found = WordClusters.load(file)
    if tree:
        if words or path is not None:
            raise click.UsageError("--tree shows all clusters: leave out WORD and --path")
        click.echo(json.dumps(found.tree_json(top), ensure_ascii=False) if as_json
                   else found.tree(top))  # fmt: skip
        return
    shown = _chosen(found, words, path)
    rows = [_row(found, cluster, top) for cluster in shown]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row.get('path', row['cluster'])}\t{row['size']}\t{' '.join(row['words'])}")


def _chosen(found: WordClusters, words: tuple[str, ...], path: str | None) -> list[int]:
    """Numbers of the clusters to show, in order of their paths if they have any."""
    if words:
        return list(dict.fromkeys(found.predict(word) for word in words))
    if path is not None:
        found.cluster_ids(path)  # KeyError if there is none
    numbers = range(found.n_clusters_)
    if found.paths_ is None:
        return list(numbers)
    paths = found.paths_
    return sorted((i for i in numbers if paths[i].startswith(path or "")), key=paths.__getitem__)


def _row(found: WordClusters, cluster: int, top: int) -> dict[str, Any]:
    ids = found.cluster_ids(cluster)
    row: dict[str, Any] = {"cluster": cluster, "size": len(ids)}
    if found.paths_ is not None:
        row["path"] = found.paths_[cluster]
    return row | {"words": found.cluster_words(cluster, top)}
