"""brown-cluster's program as a contender (see clusterings)."""

from __future__ import annotations

from fastembed.bench.children import clusterings

TASKS = {"cluster": clusterings.wcluster}
