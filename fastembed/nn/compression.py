"""`compress_vectors`: word vectors with fewer numbers, by an autoencoder (docs/autoencoder.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from fastembed.core.progress import Progress
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.nn.autoencoder import Autoencoder

__all__ = ["compress_vectors"]


def compress_vectors(
    vectors: KeyedVectors,
    dimensions: int,
    *,
    hidden: Sequence[int] = (),
    activation: str = "tanh",
    normalize: bool = True,
    epochs: int = 20,
    batch_size: int = 256,
    learning_rate: float = 5e-3,
    schedule: Literal["constant", "linear", "cosine"] = "cosine",
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | bool | None = None,
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
    epochs, batch_size, learning_rate, schedule, seed, workers
        As of `Autoencoder`.

    Returns
    -------
    KeyedVectors
        With the old words and counts, float32; ``metadata["compression"]`` has the parameters,
        the loss (mean squared error of a number) and ``kept``, the share of the variance that the
        reconstructions have.

    Raises
    ------
    ValueError, TypeError
        ``dimensions`` is not below those of the vectors, or a parameter is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> words = [f"w{i}" for i in range(200)]
    >>> flat = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 20))
    >>> old = KeyedVectors(words, flat.astype(np.float32))
    >>> new = compress_vectors(old, 3, epochs=50, batch_size=20, learning_rate=0.01)
    >>> bool(abs(new.similarity("w1", "w2") - old.similarity("w1", "w2")) < 0.05)
    True
    """
    d = vectors.vector_size
    if isinstance(dimensions, bool) or not isinstance(dimensions, (int, np.integer)):
        raise TypeError(f"dimensions must be an integer; got {dimensions!r}")
    if not 1 <= dimensions < d:
        raise ValueError(
            f"dimensions must be >= 1 and below those of the vectors, {d}; got {dimensions}"
        )
    x = np.array(vectors.vectors, dtype=np.float32)
    if normalize:
        lengths = np.linalg.norm(x, axis=1, keepdims=True)
        x /= np.where(lengths > 0, lengths, 1)
    model = Autoencoder(
        code_size=int(dimensions),
        hidden=tuple(hidden),
        decoder_hidden=(),
        activation=activation,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=schedule,
        seed=seed,
        workers=workers,
    ).fit(x, progress=progress)
    weights = model.decoder_.parameters()
    decoder, bias = (weights[f"output/{name}"].astype(np.float64) for name in ("kernel", "bias"))
    basis, triangle = np.linalg.qr(decoder.T)
    codes = model.transform(x) @ triangle.T.astype(np.float32) + (bias @ basis).astype(np.float32)
    loss = model.reconstruction_loss(x)
    variance = float(x.var(axis=0, dtype=np.float64).mean())
    about: dict[str, Any] = {
        "dimensions_before": d,
        "hidden": [int(n) for n in hidden],
        "normalize": bool(normalize),
        "epochs": epochs,
        "seed": seed,
        "loss": loss,
        "kept": 1 - loss / variance if variance else 1.0,
    }
    counts = vectors.expandos.get("count")
    return KeyedVectors(
        vectors.words,
        np.ascontiguousarray(codes, dtype=np.float32),
        counts=counts,
        metadata={**vectors.metadata, "compression": about},
    )
