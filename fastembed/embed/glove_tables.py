"""GloVe's parameters: as the kernel trains them (tables), and word by word.

A table has one row a word, in the order in which the words are dealt to parts (docs/glove.md): the
vector, two places for biases, padding, and then the sums of squared gradients of all these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _glove
from fastembed.core.memory import padded_rows
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.text.wordlist import WordList

__all__ = ["Parameters", "Tables", "parts_of"]

Matrix = NDArray[np.float32]

PARTS = 16  # as many threads can share the work; the result depends on it, so it is fixed
LEAST = 16  # words of a part, where there are less than PARTS times as many


def parts_of(n_words: int) -> int:
    """Parts that the words are dealt to: a power of two, and a matter of their number only.

    Examples
    --------
    >>> [parts_of(n) for n in (1, 40, 1000, 60_000, 70_000, 1_000_000)]
    [1, 2, 16, 16, 32, 256]
    """
    parts = 1
    while parts < PARTS and n_words >= 2 * parts * LEAST:
        parts *= 2
    while n_words > parts * _glove.MAX_PART:
        parts *= 2
    return parts


@dataclass
class Parameters:
    """Word by word: w and c, and the biases b and b~; or the sums of squares of each."""

    words: Matrix  # (V, d)
    contexts: Matrix  # (V, d)
    biases: Matrix  # (V, 2)


class Tables:
    """The two tables of a run.

    Parameters
    ----------
    tiles : _glove.Tiles
        Says how the words are dealt.
    n_words, dim : int
        V and d.
    """

    def __init__(self, tiles: _glove.Tiles, n_words: int, dim: int) -> None:
        self.dim = dim
        self.words = padded_rows(tiles.parts * tiles.part_words, 2 * self._stride)
        self.contexts = padded_rows(tiles.parts * tiles.part_words, 2 * self._stride)
        words = np.arange(n_words)
        self._place = words % tiles.parts * tiles.part_words + words // tiles.parts

    @property
    def _stride(self) -> int:
        return padded_rows(1, self.dim + 2).shape[1]

    def starts(self, eta: float) -> Matrix:
        """What the sum of squares of each coordinate is taken to begin with, (stride,).

        The first steps have the rate ``eta`` in vectors and 1 in biases, as in Stanford's program.
        """
        starts = padded_rows(1, self._stride)[0]
        starts[:] = 1 / eta**2
        starts[self.dim : self.dim + 2] = 1.0
        return starts

    def parameters(self, squares: bool = False) -> Parameters:
        """A copy of the parameters, or of their sums of squares."""
        first = self._stride if squares else 0
        last, rows = first + self.dim, self._place
        biases = np.stack(
            [self.words[rows, last], self.contexts[rows, last + 1]], axis=1, dtype=np.float32
        )
        return Parameters(self.words[rows, first:last], self.contexts[rows, first:last], biases)

    def fill(self, parameters: Parameters, squares: bool = False) -> None:
        """Put the parameters, or their sums of squares, into the tables."""
        first = self._stride if squares else 0
        last, rows = first + self.dim, self._place
        self.words[rows, first:last] = parameters.words
        self.contexts[rows, first:last] = parameters.contexts
        self.words[rows, last] = parameters.biases[:, 0]
        self.contexts[rows, last + 1] = parameters.biases[:, 1]

    def begin_at(self, initial: KeyedVectors, words: WordList, vector: str) -> None:
        """Put vectors of words that ``initial`` has into the tables.

        Half of each goes to w and half to c where ``vector`` is "sum", else the whole to one.

        Raises
        ------
        ValueError
            It has none of the words.
        """
        rows = np.array([initial.words.find(word) for word in words], dtype=np.int64)
        known = np.flatnonzero(rows >= 0)
        if not len(known):
            raise ValueError(f"initial has none of the {len(rows):,} words of these counts")
        first = np.asarray(initial.vectors[rows[known]], dtype=np.float32)
        parameters = self.parameters()
        if vector in ("sum", "word"):
            parameters.words[known] = first / 2 if vector == "sum" else first
        if vector in ("sum", "context"):
            parameters.contexts[known] = first / 2 if vector == "sum" else first
        self.fill(parameters)
