"""fastembed: word vectors from plain text, on CPUs, at hardware speed.

Public names only; each is imported when it is first used, so that ``import fastembed`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name -> the module that defines it.
_HOME = {
    "Autoencoder": "fastembed.nn.autoencoder",
    "BrownClusters": "fastembed.cluster.brown",
    "CacheLM": "fastembed.ngram.cache",
    "ClassLM": "fastembed.cluster.class_lm",
    "Cooccurrence": "fastembed.embed.cooccurrence",
    "Corpus": "fastembed.text.corpus",
    "CorpusError": "fastembed.core.errors",
    "EncodedCorpus": "fastembed.text.encoded",
    "ExchangeClusters": "fastembed.cluster.exchange",
    "FastembedError": "fastembed.core.errors",
    "FormatError": "fastembed.core.errors",
    "GloVe": "fastembed.embed.glove",
    "InterpolatedLM": "fastembed.ngram.interpolated",
    "KeyedVectors": "fastembed.embed.keyed_vectors",
    "LSA": "fastembed.embed.lsa",
    "NeuralLM": "fastembed.nlm.model",
    "NgramCounts": "fastembed.ngram.counts",
    "NgramLM": "fastembed.ngram.model",
    "NotFittedError": "fastembed.core.errors",
    "SVDVectors": "fastembed.embed.svd",
    "TrainingError": "fastembed.core.errors",
    "VariationalAutoencoder": "fastembed.nn.vae",
    "Vocabulary": "fastembed.text.vocabulary",
    "VocabularyError": "fastembed.core.errors",
    "Word2Vec": "fastembed.embed.word2vec",
    "WordClusters": "fastembed.cluster.clusters",
    "WordDocument": "fastembed.embed.word_document",
    "evaluate": "fastembed.evaluate",
    "nn": "fastembed.nn",
}

__all__ = [*sorted(_HOME), "__version__"]

if TYPE_CHECKING:
    from fastembed import evaluate, nn
    from fastembed.cluster.brown import BrownClusters
    from fastembed.cluster.class_lm import ClassLM
    from fastembed.cluster.clusters import WordClusters
    from fastembed.cluster.exchange import ExchangeClusters
    from fastembed.core.errors import (
        CorpusError,
        FastembedError,
        FormatError,
        NotFittedError,
        TrainingError,
        VocabularyError,
    )
    from fastembed.embed.cooccurrence import Cooccurrence
    from fastembed.embed.glove import GloVe
    from fastembed.embed.keyed_vectors import KeyedVectors
    from fastembed.embed.lsa import LSA
    from fastembed.embed.svd import SVDVectors
    from fastembed.embed.word2vec import Word2Vec
    from fastembed.embed.word_document import WordDocument
    from fastembed.ngram.cache import CacheLM
    from fastembed.ngram.counts import NgramCounts
    from fastembed.ngram.interpolated import InterpolatedLM
    from fastembed.ngram.model import NgramLM
    from fastembed.nlm.model import NeuralLM
    from fastembed.nn.autoencoder import Autoencoder
    from fastembed.nn.vae import VariationalAutoencoder
    from fastembed.text.corpus import Corpus
    from fastembed.text.encoded import EncodedCorpus
    from fastembed.text.vocabulary import Vocabulary


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'fastembed' has no attribute {name!r}")
    module = importlib.import_module(home)
    value = module if home == f"fastembed.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
