"""Layers: each a short class with its hyper-parameters, in the registry `LAYERS` by name."""

from __future__ import annotations

from fastembed.nn.layers.base import LAYERS, Layer, layer_from_config
from fastembed.nn.layers.dense import ActivationLayer, Dense, PReLU
from fastembed.nn.layers.embedding import Concatenate, Embedding, Flatten
from fastembed.nn.layers.noise import Dropout, GaussianNoise, GaussianSampling, MaskingNoise
from fastembed.nn.layers.normalization import ActivityRegularizer, LayerNorm

__all__ = [
    "LAYERS",
    "ActivationLayer",
    "ActivityRegularizer",
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GaussianSampling",
    "Layer",
    "LayerNorm",
    "MaskingNoise",
    "PReLU",
    "layer_from_config",
]
