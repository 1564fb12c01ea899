"""How good are the vectors? Analogies and word similarity, with bootstrap intervals.

`analogies` and `similarity` take anything with the interface of `fastembed.KeyedVectors`.
"""

from __future__ import annotations

from fastembed.evaluate.analogy import AnalogyReport, analogies, read_questions
from fastembed.evaluate.similarity import SimilarityReport, read_pairs, similarity

__all__ = [
    "AnalogyReport",
    "SimilarityReport",
    "analogies",
    "read_pairs",
    "read_questions",
    "similarity",
]
