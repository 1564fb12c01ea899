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

    def _others(self, centre: NDArray[np.int32], index: int) -> NDArray[np.int32]:
        """Another word for each; their places are counted from behind the word's own."""
        n = len(self.choice)
        draws = _nn_draws.fill(len(centre), False, self.seed, STREAM + index)
        step = 1 + ((draws + 1) / 2 * (n - 1)).astype(np.int64).clip(0, n - 2)
        return self.choice[(np.searchsorted(self.choice, centre) + step) % n]

    def pairs(self, x: NDArray[np.int32]) -> NDArray[np.int32]:
        """Other windows, each with a corrupted one behind it, always the same."""
        both = np.repeat(x, 2, axis=0)
        both[1::2, self.window] = self._others(x[:, self.window], -1)
        return both

    def on_epoch_begin(self, model: Any) -> None:
        """Draw."""
        self.x[1::2, self.window] = self._others(self.x[::2, self.window], self.epoch)
        self.epoch += 1

    def state(self) -> dict[str, int]:
        """What a checkpoint keeps of it."""
        return {"epoch": self.epoch}

    def load_state(self, state: dict[str, int]) -> None:
        """Go on from a checkpoint: the draws of the epoch that it may be in the middle of."""
        self.epoch = int(state["epoch"]) - 1
        self.on_epoch_begin(None)


def check_sentences(sentences: Sentences, tags: Sentences | None = None) -> None:
    """Lists of words, and as many tags in each; errors name the sentence."""
    _check_lists("sentences", "words", sentences)
    if tags is None:
        return
    _check_lists("tags", "tags", tags)
    if len(tags) != len(sentences):
        raise ValueError(f"{len(sentences)} sentences need as many lists of tags; got {len(tags)}")
    for i, (words, own) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(own):
            raise ValueError(f"sentence {i} has {len(words)} words and {len(own)} tags")


def _check_lists(name: str, items: str, given: Any) -> None:
    if isinstance(given, str) or not isinstance(given, (Sequence, np.ndarray)):
        raise TypeError(
            f"{name} must be a list of lists of {items}, which is read more than once; got "
            f"{type(given).__name__}"
        )
    for i, inner in enumerate(given):
        if isinstance(inner, str):
            raise TypeError(f"{name} must be lists of {items}, not text; split them first")
        if not isinstance(inner, (Sequence, np.ndarray)):
            raise TypeError(f"{name}: item {i} must be a list of {items}; got {inner!r}")
        wrong = next((item for item in inner if not isinstance(item, str)), None)
        if wrong is not None:
            raise TypeError(f"{name}: item {i} holds {wrong!r}; {items} must be strings")


def tag_codes(tags: Sentences, known: list[str]) -> NDArray[np.int64]:
    """Tags as their places among those that are known."""
    index = {tag: i for i, tag in enumerate(known)}
    try:
        return np.array([index[tag] for sentence in tags for tag in sentence], dtype=np.int64)
    except KeyError as error:
        raise ValueError(f"tag {error.args[0]!r} does not occur in the training text") from None
