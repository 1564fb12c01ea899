"""The binary tree over clusters: bit strings from merges, and the tree as text or JSON.

A cluster's path says the way from the root to it, 0 to the child that holds the more frequent
first word. Paths are prefix-free; a file from elsewhere may lack some leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["paths_of_merges", "tree_json", "tree_lines"]


def paths_of_merges(merges: NDArray[np.void], n_clusters: int) -> list[str]:
    """Bit strings from the merges that make one cluster of all.

    Parameters
    ----------
    merges : structured array, shape (n_clusters - 1,)
        ``kept`` and ``gone``: the clusters that were merged, kept < gone, of which the result is
        called ``kept``.

    Examples
    --------
    >>> merges = np.array([(1, 2), (0, 1)], dtype=[("kept", "u4"), ("gone", "u4")])
    >>> paths_of_merges(merges, 3)
    ['0', '10', '11']
    """
    if len(merges) != n_clusters - 1:
        raise ValueError(f"{n_clusters} clusters need {n_clusters - 1} merges; got {len(merges)}")
    paths = [""] * n_clusters
    for kept, gone in zip(
        merges["kept"][::-1].tolist(), merges["gone"][::-1].tolist(), strict=True
    ):
        path = paths[kept]
        paths[kept], paths[gone] = path + "0", path + "1"
    return paths


def tree_lines(paths: Sequence[str], describe: Callable[[int], str]) -> Iterator[str]:
    """The tree as indented lines: a bit, and at a leaf what ``describe`` says of the cluster.

    Examples
    --------
    >>> print("\\n".join(tree_lines(["0", "10", "11"], ["the a", "dog", "cat"].__getitem__)))
    0  the a
    1
      0  dog
      1  cat
    """
    before = ""
    for cluster in sorted(range(len(paths)), key=paths.__getitem__):
        path = paths[cluster]
        shared = 0
        while shared < min(len(before), len(path)) and before[shared] == path[shared]:
            shared += 1
        for depth in range(shared, max(len(path) - 1, 0)):
            yield "  " * depth + path[depth]
        yield "  " * max(len(path) - 1, 0) + f"{path[-1:]}  {describe(cluster)}".lstrip()
        before = path


def tree_json(paths: Sequence[str], describe: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """The tree as nested objects: ``path`` and ``children``, and at a leaf what is described."""
    nodes: dict[str, dict[str, Any]] = {"": {"path": ""}}
    for cluster in sorted(range(len(paths)), key=paths.__getitem__):
        path = paths[cluster]
        for depth in range(1, len(path) + 1):
            if path[:depth] not in nodes:
                node = nodes[path[:depth]] = {"path": path[:depth]}
                nodes[path[: depth - 1]].setdefault("children", []).append(node)
        nodes[path].update(describe(cluster))
    return nodes[""]
