"""`compress_vectors`: word vectors with fewer numbers, by an autoencoder (docs/autoencoder.md)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import TrainingError
from fastembed.core.files import StrPath
from fastembed.core.integers import as_integer
from fastembed.core.progress import Progress
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.nn.arguments import check_count, check_sizes
from fastembed.nn.autoencoder import Autoencoder

__all__ = ["compress_vectors"]

EPOCHS, STEPS = 20, 4000  # at least, where no number of epochs is given
SHORT = 0.01  # of the variance that principal components keep: less than that is near enough
BLOCK = 8192


def compress_vectors(
    vectors: KeyedVectors,
    dimensions: int,
    *,
    hidden: Sequence[int] = (),
    activation: str = "tanh",
    normalize: bool = True,
    epochs: int | None = None,
    batch_size: int = 256,
    learning_rate: float = 5e-3,
    schedule: Literal["constant", "linear", "cosine"] = "cosine",
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | bool | None = None,
    checkpoint: StrPath | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 600.0,
) -> KeyedVectors:
    """Vectors of the same words with fewer dimensions, whose inner products stay near.

    An `Autoencoder` with a linear decoder x' = z D + b is trained on the vectors; the new vectors
    are the coordinates of x' in an orthonormal basis of the rows of D. So they are to each other
    as the reconstructions are, whatever basis the code has.

    Parameters
    ----------
    vectors : KeyedVectors
    dimensions : int
        Of the new vectors; below those of the old ones.
    hidden : sequence of int
        Sizes of hidden layers of the encoder. Without them the encoder is linear, too, and the
        best that training can find is what principal components give.
    activation : str
        Of the hidden layers.
    normalize : bool
        Take the old vectors at length 1, as cosines see them.
    epochs : int, optional
        By default 20, more for few words: at least 4,000 mini-batches.
    batch_size, learning_rate, schedule, seed, workers
        As of `Autoencoder`.
    progress, checkpoint, resume, checkpoint_seconds
        As of `Sequential.fit`.

    Returns
    -------
    KeyedVectors
        With the old words and counts, float32; ``metadata["compression"]`` has the parameters,
        the loss (mean squared error of a number), ``kept``, the share of the variance that the
        reconstructions have, and ``best``, what principal components would keep: no linear decoder
        keeps more.

    Warns
    -----
    UserWarning
        ``kept`` is more than 0.01 below ``best``: training has not converged.

    Raises
    ------
    ValueError, TypeError
        ``dimensions`` is not below those of the vectors, or a parameter is out of range.
    TrainingError
        The loss diverges, or the reconstructions are worse than no vectors at all.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> words = [f"w{i}" for i in range(200)]
    >>> flat = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 20))
    >>> old = KeyedVectors(words, flat.astype(np.float32))
    >>> new = compress_vectors(old, 3)
    >>> bool(abs(new.similarity("w1", "w2") - old.similarity("w1", "w2")) < 0.05)
    True
    """
    d = vectors.vector_size
    size = as_integer(dimensions)
    if size is None:
        raise TypeError(f"dimensions must be an integer; got {dimensions!r}")
    if not 1 <= size < d:
        raise ValueError(
            f"dimensions must be >= 1 and below those of the vectors, {d}; got {dimensions}"
        )
    x = np.array(vectors.vectors, dtype=np.float32)
    if normalize:
        lengths = np.linalg.norm(x, axis=1, keepdims=True)
        x /= np.where(lengths > 0, lengths, 1)
    if epochs is None:
        steps = -(-len(x) // check_count("batch_size", batch_size)) or 1  # of an epoch
        epochs = max(EPOCHS, -(-STEPS // steps))
    model = Autoencoder(
        code_size=size,
        hidden=check_sizes("hidden", hidden),
        decoder_hidden=(),
        activation=activation,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=schedule,
        seed=seed,
        workers=workers,
    ).fit(
        x,
        progress=progress,
        checkpoint=checkpoint,
        resume=resume,
        checkpoint_seconds=checkpoint_seconds,
    )
    weights = model.decoder_.parameters()
    decoder, bias = (weights[f"output/{name}"].astype(np.float64) for name in ("kernel", "bias"))
    basis, triangle = np.linalg.qr(decoder.T)
    codes = model.transform(x) @ triangle.T.astype(np.float32) + (bias @ basis).astype(np.float32)
    loss = model.reconstruction_loss(x)
    kept, best = _kept(x, loss, size)
    about: dict[str, Any] = {
        "dimensions_before": d,
        "hidden": list(check_sizes("hidden", hidden)),
        "normalize": bool(normalize),
        "epochs": epochs,
        "seed": seed,
        "loss": loss,
        "kept": kept,
        "best": best,
    }
    counts = vectors.expandos.get("count")
    return KeyedVectors(
        vectors.words,
        np.ascontiguousarray(codes, dtype=np.float32),
        counts=counts,
        metadata={**vectors.metadata, "compression": about},
    )


def _kept(x: NDArray[np.float32], loss: float, dimensions: int) -> tuple[float, float]:
    """Share of the variance that reconstructions have, and that principal components would."""
    d = x.shape[1]
    mean = x.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((d, d))
    for start in range(0, len(x), BLOCK):
        rows = x[start : start + BLOCK] - mean
        covariance += rows.T @ rows
    values = np.linalg.eigvalsh(covariance / len(x)).clip(min=0)
    variance, size = values.sum() / d, float(values.sum() + (mean**2).sum()) / d
    if not variance:
        return 1.0, 1.0
    kept, best = 1 - loss / float(variance), float(values[d - dimensions :].sum() / values.sum())
    if loss > 4 * size:
        raise TrainingError(
            f"training has diverged: the mean squared error of the reconstructions is {loss:.3g} "
            f"and that of zeros {size:.3g}; try a lower learning rate"
        )
    if kept < best - SHORT:
        warnings.warn(
            f"{dimensions} dimensions keep {kept:.1%} of the variance where principal components "
            f"keep {best:.1%}: training has not converged; give more epochs or a lower learning "
            "rate",
            stacklevel=3,
        )
    return kept, best
