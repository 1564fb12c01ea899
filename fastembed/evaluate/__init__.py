"""How good are the vectors, and the language models?

`analogies` and `similarity`, with bootstrap intervals, take anything with the interface of
`fastembed.KeyedVectors`; `perplexity` takes any `LanguageModel`.
"""

from __future__ import annotations

from fastembed.evaluate.analogy import AnalogyReport, analogies, read_questions
from fastembed.evaluate.perplexity import LanguageModel, Perplexity, perplexity
from fastembed.evaluate.similarity import SimilarityReport, read_pairs, similarity

__all__ = [
    "AnalogyReport",
    "LanguageModel",
    "Perplexity",
    "SimilarityReport",
    "analogies",
    "perplexity",
    "read_pairs",
    "read_questions",
    "similarity",
]
