"""VariationalAutoencoder: codes with a distribution, a decoder to draw from.

Kingma & Welling, "Auto-encoding variational Bayes" (2014), equation (10); beta: Higgins et al.
(2017). Formulas, gradients and options: docs/autoencoder.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed._native import _nn_draws
from fastembed.core.files import StrPath
from fastembed.core.params import Opt
from fastembed.nn.arguments import check_count
from fastembed.nn.codes import EncoderDecoder
from fastembed.nn.layers import Dense, GaussianSampling, Layer
from fastembed.nn.losses import Loss, SummedBinaryCrossentropy, SummedSquaredError
from fastembed.nn.pictures import draw_images, picture_shape

__all__ = ["ELBO", "VariationalAutoencoder"]

# Indices of the streams of draws: behind those of first weights, apart from each other.
SAMPLES, POSTERIOR = 1 << 32, 1 << 33
BLOCK = 4096  # rows whose codes are drawn at a time


class ELBO(NamedTuple):
    """Means over rows, in nats: ``value`` = ``log_likelihood`` - ``kl``."""

    value: float
    log_likelihood: float
    kl: float


@dataclass(kw_only=True, eq=False)
class VariationalAutoencoder(EncoderDecoder):
    """Autoencoder whose codes are normal distributions, so that its decoder can be drawn from.

    The loss of a row is minus the log-likelihood (without the constant of a Gaussian) of the row
    under one draw of its code, plus ``beta`` KL(q(z | x) || N(0, I)); sums over numbers, no means.

    Attributes
    ----------
    network_, encoder_, decoder_ : Sequential
        The latter two are parts of the first; the encoder gives means and log variances.
    history_ : History
    feature_shape_ : tuple of int
        Of a row of ``fit``; ``n_features_in_`` is their product.

    Examples
    --------
    >>> X = np.random.default_rng(0).integers(0, 2, (64, 1)).repeat(6, axis=1)
    >>> model = VariationalAutoencoder(
    ...     code_size=1, hidden=(16,), decoder="bernoulli", epochs=100, batch_size=8, workers=1
    ... ).fit(X)
    >>> model.sample(3, seed=1).shape, model.encode(X).shape
    ((3, 6), (64, 1))
    >>> bool(model.elbo(X).value > -6 * np.log(2))
    True
    """

    decoder_std: Annotated[float, Opt("Standard deviation of a Gaussian decoder.", gt=0)] = 1.0
    beta: Annotated[float, Opt("Weight of the divergence.", ge=0)] = 1.0

    def _layers(self, params: dict[str, Any], features: int) -> list[Layer]:
        last = "sigmoid" if params["decoder"] == "bernoulli" else "linear"
        return [
            *self._stack(params["hidden"], params["activation"], "encoder"),
            Dense(2 * params["code_size"], name="code"),
            GaussianSampling(params["beta"], name="sampling"),
            *self._stack(params["decoder_hidden"], params["activation"], "decoder"),
            Dense(features, last, name="output"),
        ]

    def _reconstruction(self, params: dict[str, Any]) -> Loss:
        if params["decoder"] == "bernoulli":
            return SummedBinaryCrossentropy()
        return SummedSquaredError(scale=0.5 / params["decoder_std"] ** 2)

    # --------------------------------------------------------------------------------- codes

    def _posterior(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        found = self.encoder_.predict(x, workers=self._params["workers"])
        k = self._params["code_size"]
        return found[:, :k], found[:, k:]

    @overload
    def encode(self, X: ArrayLike, *, return_std: Literal[False] = False) -> NDArray[Any]: ...
    @overload
    def encode(
        self, X: ArrayLike, *, return_std: Literal[True]
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...
    def encode(self, X: ArrayLike, *, return_std: bool = False) -> Any:
        """Means of the codes' distributions, (n, code_size), and their standard deviations."""
        self._fitted()
        mean, log_variance = self._posterior(self._rows(X, self.feature_shape_))
        return (mean, np.exp(log_variance / 2)) if return_std else mean

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Means of the codes, (n, code_size)."""
        return np.ascontiguousarray(self.encode(X))

    def sample(self, n: int = 1, *, seed: int = 1) -> NDArray[Any]:
        """Rows that the decoder gives for codes from N(0, I): means, not draws of the numbers.

        Parameters
        ----------
        n : int
            How many.
        seed : int
            The same seed gives the same rows, and but for rounding the first of more.

        Returns
        -------
        ndarray, shape (n, ...)
        """
        self._fitted()
        n, seed = check_count("n", n), check_count("seed", seed, 0)
        k = self._params["code_size"]
        return self.inverse_transform(_nn_draws.fill(n * k, True, seed, SAMPLES).reshape(n, k))

    def elbo(self, X: ArrayLike, *, samples: int = 1, seed: int = 1) -> ELBO:
        """Evidence lower bound of rows: E_q log p(x | z) - KL(q(z | x) || N(0, I)), in nats.

        Parameters
        ----------
        samples : int
            Draws of each code that the expectation is the mean of.
        seed : int
            Of the draws.

        Returns
        -------
        ELBO
            Means over the rows. ``beta`` is not part of it; the constant of a Gaussian is.
        """
        self._fitted()
        samples, seed = check_count("samples", samples), check_count("seed", seed, 0)
        params, x = self._params, self._rows(X, self.feature_shape_)
        self._check_domain(x, "X")
        likelihood = divergence = 0.0
        for start in range(0, len(x), BLOCK):
            rows = x[start : start + BLOCK]
            mean, log_variance = (a.astype(np.float64) for a in self._posterior(rows))
            divergence += 0.5 * float((mean**2 + np.exp(log_variance) - 1 - log_variance).sum())
            std = np.exp(log_variance / 2)
            for i in range(samples):
                index = POSTERIOR + i * (1 << 20) + start // BLOCK
                noise = _nn_draws.fill(mean.size, True, seed, index).reshape(mean.shape)
                z = (mean + std * noise).astype(params["dtype"])
                found = self.decoder_.evaluate(z, rows, workers=params["workers"])
                likelihood -= found["loss"] * len(rows) / samples
        likelihood /= len(x)
        if params["decoder"] == "gaussian":
            constant = math.log(2 * math.pi * params["decoder_std"] ** 2)
            likelihood -= 0.5 * self.n_features_in_ * constant
        return ELBO(likelihood - divergence / len(x), likelihood, divergence / len(x))

    def plot_samples(
        self,
        path: StrPath | None = None,
        *,
        n: int = 10,
        lines: int = 4,
        seed: int = 1,
        shape: Sequence[int] | None = None,
    ) -> Any:
        """Draw `sample`\\ d rows as pictures, ``n`` in each of some lines.

        Returns
        -------
        matplotlib.figure.Figure
        """
        self._fitted()
        size = picture_shape(shape, self.feature_shape_)
        found = self.sample(n * lines, seed=seed).reshape(lines, n, -1)
        return draw_images([("", line) for line in found], size, path)
