"""Rows of numbers as pictures in a grid, drawn with matplotlib (the ``plot`` extra)."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.errors import FastembedError
from fastembed.core.files import StrPath, atomic_write

__all__ = ["draw_images", "picture_shape"]


def picture_shape(shape: Sequence[int] | None, features: Sequence[int]) -> tuple[int, int]:
    """Height and width of a row as a picture: as given, of the data, or a square.

    Raises
    ------
    ValueError
        The features do not fit it, or are no square number.

    Examples
    --------
    >>> picture_shape(None, (784,))
    (28, 28)
    """
    n = math.prod(features)
    if shape is None:
        side = math.isqrt(n)
        shape = features if len(features) == 2 else (side, side)
    if len(shape) != 2 or math.prod(shape) != n or min(shape) < 1:
        raise ValueError(
            f"shape must be (height, width) with height * width = {n}, the number of features; "
            f"got {tuple(shape)}"
        )
    return int(shape[0]), int(shape[1])


def draw_images(
    rows: Sequence[tuple[str, ArrayLike]], shape: tuple[int, int], path: StrPath | None = None
) -> Any:
    """Draw lines of pictures, one below the other.

    Parameters
    ----------
    rows : sequence of (str, array_like of shape (n, height * width))
        The label of each line, and its pictures; dark is small.
    shape : (int, int)
        Height and width of a picture.
    path : path, optional
        Also write it there; the suffix says the format (PNG without one).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    FastembedError
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise FastembedError(
            "pictures need matplotlib: pip install 'fastembed-trainer[plot]'"
        ) from None
    lines = [(label, _line(np.asarray(x, dtype=np.float64), shape)) for label, x in rows]
    width = max(image.shape[1] for _, image in lines)
    scale = 0.5 / shape[1]  # inches a number
    height = shape[0] + 1
    figure = Figure(
        figsize=(width * scale + 1.2, len(lines) * height * scale + 0.2), layout="constrained"
    )
    for i, (label, image) in enumerate(lines):
        axes = figure.add_subplot(len(lines), 1, i + 1)
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_ylabel(label, rotation=0, ha="right", va="center")
    if path is not None:
        suffix = os.path.splitext(os.fspath(path))[1].lstrip(".") or "png"
        drawn = io.BytesIO()
        figure.savefig(drawn, format=suffix, dpi=120)
        with atomic_write(path) as file:
            file.write(drawn.getvalue())
    return figure


def _line(x: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Pictures side by side, a white line between them, as one array."""
    images = x.reshape(len(x), *shape)
    framed = np.ones((shape[0], len(x) * (shape[1] + 1) - 1))
    for i, image in enumerate(images):
        at = i * (shape[1] + 1)
        framed[:, at : at + shape[1]] = image
    return framed
