"""Autoencoder: codes of rows, from a network that is trained to give back its input.

Plain and deep (Hinton & Salakhutdinov 2006), denoising (Vincent et al. 2008, 2010), sparse (Ng
2011). Formulas, gradients and options: docs/autoencoder.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from numpy.typing import ArrayLike, NDArray

from fastembed.core.params import Opt
from fastembed.nn.codes import EncoderDecoder
from fastembed.nn.layers import ActivityRegularizer, Dense, GaussianNoise, Layer, MaskingNoise
from fastembed.nn.losses import BinaryCrossentropy, Loss, MeanSquaredError

__all__ = ["Autoencoder"]


@dataclass(kw_only=True, eq=False)
class Autoencoder(EncoderDecoder):
    """Plain, deep, denoising or sparse autoencoder.

    The loss of a row is the mean over its numbers of the squared error, or of the binary
    cross-entropy, plus the penalties of its code.

    Attributes
    ----------
    network_, encoder_, decoder_ : Sequential
        The latter two are parts of the first, on the same weights.
    history_ : History
    feature_shape_ : tuple of int
        Of a row of ``fit``; ``n_features_in_`` is their product.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.eye(8, dtype=np.float32)
    >>> model = Autoencoder(
    ...     code_size=3, hidden=(), decoder="bernoulli", learning_rate=0.1, batch_size=8, epochs=300
    ... ).fit(X)
    >>> model.transform(X).shape
    (8, 3)
    >>> bool((model.reconstruct(X).argmax(axis=1) == np.arange(8)).all())
    True
    """

    code_activation: Annotated[str, Opt("Of the code.")] = "linear"
    noise: Annotated[
        Literal["gaussian", "masking"] | None, Opt("Spoil the inputs in training; default: not.")
    ] = None
    noise_level: Annotated[
        float, Opt("Standard deviation of Gaussian noise, share of masked numbers.", ge=0)
    ] = 0.3
    l1: Annotated[float, Opt("Weight of the sum of |code|.", ge=0)] = 0.0
    kl: Annotated[float, Opt("Weight of the divergence from a mean activity of rho.", ge=0)] = 0.0
    rho: Annotated[float, Opt("The mean activity that kl wants.", gt=0, lt=1)] = 0.05

    def _layers(self, params: dict[str, Any], features: int) -> list[Layer]:
        if params["kl"] and params["code_activation"] != "sigmoid":
            raise ValueError(
                "kl needs codes in 0 .. 1: code_activation='sigmoid'; got "
                f"{params['code_activation']!r}"
            )
        layers: list[Layer] = []
        if params["noise"] == "gaussian":
            layers.append(GaussianNoise(params["noise_level"], name="noise"))
        elif params["noise"] == "masking":
            if params["noise_level"] >= 1:
                raise ValueError(
                    f"noise_level must be < 1 for noise='masking'; got {params['noise_level']!r}"
                )
            layers.append(MaskingNoise(params["noise_level"], name="noise"))
        layers += self._stack(params["hidden"], params["activation"], "encoder")
        layers.append(Dense(params["code_size"], params["code_activation"], name="code"))
        if params["l1"] or params["kl"]:
            layers.append(
                ActivityRegularizer(params["l1"], params["kl"], params["rho"], name="sparsity")
            )
        layers += self._stack(params["decoder_hidden"], params["activation"], "decoder")
        last = "sigmoid" if params["decoder"] == "bernoulli" else "linear"
        return [*layers, Dense(features, last, name="output")]

    def _reconstruction(self, params: dict[str, Any]) -> Loss:
        return BinaryCrossentropy() if params["decoder"] == "bernoulli" else MeanSquaredError()

    def encode(self, X: ArrayLike) -> NDArray[Any]:
        """`transform` by its other name."""
        return self.transform(X)
