"""``fe.nn``: dense networks under Keras' names, NumPy arrays in and out. See docs/nn.md."""

from __future__ import annotations

from fastembed.nn.activations import ACTIVATIONS, Activation
from fastembed.nn.autoencoder import Autoencoder
from fastembed.nn.callbacks import CSVLogger, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from fastembed.nn.compression import compress_vectors
from fastembed.nn.gradcheck import GradientCheck, gradcheck, gradients, jacobian, vjp
from fastembed.nn.history import History
from fastembed.nn.initializers import INITIALIZERS
from fastembed.nn.layers import (
    LAYERS,
    ActivationLayer,
    ActivityRegularizer,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GaussianSampling,
    Layer,
    LayerNorm,
    MaskingNoise,
    PReLU,
)
from fastembed.nn.losses import (
    LOSSES,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Hinge,
    KLDivergence,
    Loss,
    MaxMargin,
    MeanAbsoluteError,
    MeanSquaredError,
    PairwiseMargin,
    SparseCategoricalCrossentropy,
    SummedBinaryCrossentropy,
    SummedSquaredError,
)
from fastembed.nn.metrics import METRICS, Metric
from fastembed.nn.mlp import MLPClassifier, MLPRegressor
from fastembed.nn.optimizers import (
    OPTIMIZERS,
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
)
from fastembed.nn.part import part
from fastembed.nn.regularizers import Regularizer
from fastembed.nn.sequential import Sequential
from fastembed.nn.vae import ELBO, VariationalAutoencoder
from fastembed.nn.window import WindowClassifier

__all__ = [
    "ACTIVATIONS",
    "ELBO",
    "INITIALIZERS",
    "LAYERS",
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "SGD",
    "Activation",
    "ActivationLayer",
    "ActivityRegularizer",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Autoencoder",
    "BinaryCrossentropy",
    "CSVLogger",
    "CategoricalCrossentropy",
    "Concatenate",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GaussianSampling",
    "GradientCheck",
    "Hinge",
    "History",
    "KLDivergence",
    "Layer",
    "LayerNorm",
    "Loss",
    "MLPClassifier",
    "MLPRegressor",
    "MaskingNoise",
    "MaxMargin",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "ModelCheckpoint",
    "Optimizer",
    "PReLU",
    "PairwiseMargin",
    "RMSprop",
    "ReduceLROnPlateau",
    "Regularizer",
    "Sequential",
    "SparseCategoricalCrossentropy",
    "SummedBinaryCrossentropy",
    "SummedSquaredError",
    "VariationalAutoencoder",
    "WindowClassifier",
    "compress_vectors",
    "gradcheck",
    "gradients",
    "jacobian",
    "part",
    "vjp",
]
