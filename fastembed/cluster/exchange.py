"""ExchangeClusters: flat clustering by moving one word at a time.

Kneser & Ney (1993), "Improved clustering techniques for class-based statistical language
modelling"; Martin, Liermann & Ney (1998), "Algorithms for bigram and trigram word clustering".
Formulas and kernel: docs/clusters.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fastembed.cluster.pairs import Pairs
from fastembed.cluster.run import Clusterer, Run, by_first_item
from fastembed.core.params import Opt

__all__ = ["ExchangeClusters", "first_classes"]


def first_classes(pairs: Pairs, n_classes: int) -> NDArray[np.uint32]:
    """Classes to begin with: the most frequent items are alone, the others in bands of frequency.

    Item i >= C joins class floor(C s / T), where s of the T pairs begin with an item before it.
    """
    ends = pairs.right_start.astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(pairs.right_count)])[ends]
    # 128 bits would be needed for C s exactly; the band is all that matters
    band = (sums[:-1] / max(pairs.total, 1) * n_classes).astype(np.int64)
    classes = np.minimum(band, n_classes - 1).astype(np.uint32)
    classes[:n_classes] = np.arange(n_classes)
    return classes


@dataclass(kw_only=True, eq=False)
class ExchangeClusters(Clusterer):
    """Clusters of words that stand beside the same clusters, by exchanges.

    In each pass every word, most frequent first, moves to the class where the average mutual
    information of adjacent classes is highest; it stays where nothing is gained. Faster than
    `BrownClusters` and, with enough passes, of higher information. The tree over the classes is
    built by the merges of Brown clustering.

    Attributes
    ----------
    vocabulary_, classes_, n_clusters_, paths_
        See `WordClusters`.
    ami_ : float
        Average mutual information of adjacent clusters, in bits.
    ami_history_ : list of float
        The same before and after each pass.
    moves_ : list of int
        Words that changed their class in each pass.
    losses_, n_pairs_, training_seconds_
        See `BrownClusters`.

    Examples
    --------
    >>> text = [[d, n, v] for d in ("the", "a") for n in ("cat", "dog", "cow")
    ...         for v in ("sat", "ran")]
    >>> clusters = ExchangeClusters(n_clusters=3).fit(text)
    >>> [clusters.cluster_words(i) for i in range(3)]
    [['a', 'the'], ['ran', 'sat'], ['cat', 'cow', 'dog']]
    """

    passes: Annotated[
        int, Opt("Method exchange: passes over the words at most; fewer if none moves.", ge=1)
    ] = 15
    hierarchy: Annotated[bool, Opt("Build the tree over the clusters.", cli=False)] = True
    workers: Annotated[
        int | None, Opt("Threads that read and count; exchanging takes one.", ge=1, le=4096)
    ] = None

    def _stages(
        self, run: Run, n_clusters: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.void] | None]:
        if run.begin("exchange"):
            start = first_classes(run.pairs, n_clusters)
            classes = run.exchange(start, n_clusters, run.params["passes"]).classes
            run.arrays = {"classes": by_first_item(classes)}
        self.ami_ = run.notes["history"][-1]
        if not run.params["hierarchy"]:
            return run.arrays["classes"], None
        run.begin("tree")
        return run.arrays["classes"], run.tree(n_clusters).merges
