"""The topics of the suite: which tasks, who does them, what is read off, what must agree.

A topic is a generator of cases in a file of this folder, listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastembed.bench.measure import Case
from fastembed.bench.setting import Setting
from fastembed.bench.topics.autoencoders import autoencoders
from fastembed.bench.topics.clusters import clusters
from fastembed.bench.topics.counts import cooccurrence, glove
from fastembed.bench.topics.lm import lm
from fastembed.bench.topics.neural_lm import neural_lm
from fastembed.bench.topics.nn import nn
from fastembed.bench.topics.startup import startup
from fastembed.bench.topics.svd import svd
from fastembed.bench.topics.vectors import vectors
from fastembed.bench.topics.word2vec import pipeline, text, training

__all__ = ["TOPICS"]

TOPICS: dict[str, Callable[[Setting], Iterator[Case]]] = {
    "training": training,
    "text": text,
    "pipeline": pipeline,
    "startup": startup,
    "vectors": vectors,
    "cooccurrence": cooccurrence,
    "glove": glove,
    "clusters": clusters,
    "svd": svd,
    "lm": lm,
    "neural-lm": neural_lm,
    "nn": nn,
    "autoencoder": autoencoders,
}
