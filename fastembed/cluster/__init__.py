"""Word clusters: Brown clustering, the exchange algorithm, and what is done with the result."""

from __future__ import annotations
