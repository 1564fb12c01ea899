"""How good are the vectors, and the language models?

`analogies` and `similarity`, with bootstrap intervals, take anything with the interface of
`fastembed.KeyedVectors`; `perplexity` takes any `LanguageModel`. `pmi` is a module: association of
words and collocations in a text; `topic_coherence` judges lists of words by a text; `score_tags`
compares predicted tags with the right ones.
"""

from __future__ import annotations

from fastembed.evaluate import pmi
from fastembed.evaluate.analogy import AnalogyReport, analogies, read_questions
from fastembed.evaluate.coherence import TopicCoherence, topic_coherence
from fastembed.evaluate.perplexity import LanguageModel, Perplexity, perplexity
from fastembed.evaluate.pmi import Associations, Collocation, top_collocations
from fastembed.evaluate.similarity import SimilarityReport, read_pairs, similarity
from fastembed.evaluate.tagging import TaggingReport, read_tagged, score_tags

__all__ = [
    "AnalogyReport",
    "Associations",
    "Collocation",
    "LanguageModel",
    "Perplexity",
    "SimilarityReport",
    "TaggingReport",
    "TopicCoherence",
    "analogies",
    "perplexity",
    "pmi",
    "read_pairs",
    "read_questions",
    "read_tagged",
    "score_tags",
    "similarity",
    "top_collocations",
    "topic_coherence",
]
