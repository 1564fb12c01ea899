"""Rows of a window classifier: sentences and tags that fit, their codes, corrupted windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _nn_draws
from fastembed.core.progress import Callback

__all__ = ["CorruptedWindows", "Sentences", "check_sentences", "tag_codes"]

STREAM = 1 << 41  # of the draws of corrupted windows
Sentences = Sequence[Sequence[str]]


class CorruptedWindows(Callback):
    """Before each epoch: another word into the middle of every second row, from the text's own."""

    def __init__(self, x: NDArray[np.int32], window: int, seed: int) -> None:
        self.x, self.window, self.seed, self.epoch = x, window, seed, 0
        self.choice = np.unique(x[::2, window])
        if len(self.choice) < 2:
            raise ValueError("corrupted windows need a text of at least two words with vectors")

    def on_epoch_begin(self, model: Any) -> None:
        """Draw."""
        centre = self.x[::2, self.window]
        n = len(self.choice)
        draws = _nn_draws.fill(len(centre), False, self.seed, STREAM + self.epoch)
        # one of the n - 1 others: their places counted from behind the word's own
        step = 1 + ((draws + 1) / 2 * (n - 1)).astype(np.int64).clip(0, n - 2)
        self.x[1::2, self.window] = self.choice[(np.searchsorted(self.choice, centre) + step) % n]
        self.epoch += 1


def check_sentences(sentences: Sentences, tags: Sentences | None = None) -> None:
    """Lists of words, and as many tags in each; errors name the sentence."""
    if isinstance(sentences, str) or any(isinstance(s, str) for s in sentences):
        raise TypeError("sentences must be lists of words, not text; split them first")
    if not any(len(s) for s in sentences):
        raise ValueError("there are no words in these sentences")
    if tags is None:
        return
    if len(tags) != len(sentences):
        raise ValueError(f"{len(sentences)} sentences need as many lists of tags; got {len(tags)}")
    for i, (words, own) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(own):
            raise ValueError(f"sentence {i} has {len(words)} words and {len(own)} tags")


def tag_codes(tags: Sentences, known: list[str]) -> NDArray[np.int64]:
    """Tags as their places among those that are known."""
    index = {tag: i for i, tag in enumerate(known)}
    try:
        return np.array([index[tag] for sentence in tags for tag in sentence], dtype=np.int64)
    except KeyError as error:
        raise ValueError(f"tag {error.args[0]!r} does not occur in the training text") from None
