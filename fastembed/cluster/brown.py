"""BrownClusters: bottom-up clustering by average mutual information.

Brown, Della Pietra, deSouza, Lai & Mercer (1992), "Class-based n-gram models of natural language";
Liang (2005), "Semi-supervised learning for natural language". Formulas, kernel: docs/clusters.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fastembed.cluster.run import Clusterer, Run, by_first_item
from fastembed.core.params import Opt

__all__ = ["BrownClusters"]


@dataclass(kw_only=True, eq=False)
class BrownClusters(Clusterer):
    """Clusters of words that stand beside the same clusters, in a binary tree.

    Words enter in order of frequency (equal ones by their bytes). Once there are more than
    ``n_clusters`` clusters, each new one is followed by the merge that loses the least average
    mutual information of adjacent clusters; of merges that lose the same, the one whose more
    frequent first word is more frequent, then the other. At the end the same merges go on to one
    cluster, which gives the tree. The result does not depend on ``workers`` or the processor.

    Attributes
    ----------
    vocabulary_, classes_, n_clusters_, paths_
        See `WordClusters`.
    ami_ : float
        Average mutual information of adjacent clusters, in bits.
    ami_history_ : list of float
        With ``refine``: the same before and after each pass.
    moves_ : list of int
        With ``refine``: words that changed their cluster in each pass.
    losses_ : ndarray of float64, shape (n_clusters - 1,)
        What the merges to the root lost, in bits, in their order.
    n_pairs_ : int
        Pairs of adjacent words that were counted.
    training_seconds_ : float
        Time of merges and exchanges, without reading the text.

    Examples
    --------
    >>> text = [[d, n, v] for d in ("the", "a") for n in ("cat", "dog", "cow")
    ...         for v in ("sat", "ran")]
    >>> clusters = BrownClusters(n_clusters=4).fit(text)
    >>> print(clusters.tree())
    0
      0  a the
      1  ran sat
    1
      0  cat cow
      1  dog
    >>> clusters.path("dog"), clusters.cluster_words("1")
    ('11', ['cat', 'cow', 'dog'])
    """

    refine: Annotated[
        int, Opt("Method brown: passes of exchanges over the clusters before the tree.", ge=0)
    ] = 0
    workers: Annotated[
        int | None, Opt("Threads that read and count; merging takes one.", ge=1, le=4096)
    ] = None

    def _stages(
        self, run: Run, n_clusters: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.void] | None]:
        refine = run.params["refine"]
        if run.begin("merge"):
            task = run.merge("merge", run.pairs, n_clusters, to_root=refine == 0)
            run.arrays = {"classes": task.classes}
            if refine == 0:
                assert task.information is not None
                self.ami_ = task.information
                return task.classes, task.merges
            run.notes = {}
            del task  # its table: the next stage has its own
        if run.begin("exchange"):
            classes = run.exchange(run.arrays["classes"], n_clusters, refine).classes
            run.arrays = {"classes": by_first_item(classes)}
        run.begin("tree")
        tree = run.tree(n_clusters)
        self.ami_ = run.notes["history"][-1]
        return run.arrays["classes"], tree.merges
