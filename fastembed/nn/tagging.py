"""Tagging as the extrinsic evaluation of word vectors: the same network over several tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from fastembed._native import _nn_draws
from fastembed.core.files import StrPath
from fastembed.core.progress import Progress
from fastembed.core.rounds import check_checkpoint
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.evaluate.tagging import TaggedSentence, TaggingReport
from fastembed.nn.window import WindowClassifier

__all__ = ["MODES", "Mode", "checkpoint_of", "compare_tagging", "every_tenth"]

Mode = Literal["tuned", "frozen", "random", "random-tuned"]
MODES: tuple[Mode, ...] = ("tuned", "frozen", "random", "random-tuned")
STREAM = 1 << 42


def every_tenth(
    sentences: Sequence[TaggedSentence],
) -> tuple[list[TaggedSentence], list[TaggedSentence]]:
    """The sentences to train on, and each tenth one to test on.

    Raises
    ------
    ValueError
        There are fewer than ten.
    """
    if len(sentences) < 10:
        raise ValueError(f"{len(sentences)} sentences cannot be divided 9 to 1; give a test file")
    test = list(sentences[9::10])
    return [s for i, s in enumerate(sentences) if i % 10 != 9], test


def random_like(vectors: KeyedVectors, seed: int) -> KeyedVectors:
    """Random vectors for the same words, normal with the spread of the given ones."""
    shape = vectors.vectors.shape
    drawn = _nn_draws.fill(int(np.prod(shape)), True, seed, STREAM).reshape(shape)
    spread = float(vectors.vectors.std())
    return KeyedVectors(vectors.words, (spread * drawn).astype(np.float32))


def checkpoint_of(checkpoint: StrPath, mode: str) -> str:
    """Where `compare_tagging` saves the run of a mode."""
    return f"{os.fspath(checkpoint)}.{mode}"


def compare_tagging(
    vectors: KeyedVectors,
    train: Sequence[TaggedSentence],
    test: Sequence[TaggedSentence],
    *,
    modes: Sequence[Mode] = ("tuned", "frozen", "random"),
    progress: Progress | bool | None = None,
    checkpoint: StrPath | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 600.0,
    **params: Any,
) -> dict[str, TaggingReport]:
    """Train a `WindowClassifier` on word vectors in several ways, and judge each on other text.

    Parameters
    ----------
    vectors : KeyedVectors
    train, test : sequences of TaggedSentence
    modes : sequence of str
        "tuned": the vectors are learned with the rest; "frozen": they stay as they are; "random"
        and "random-tuned": the same words with random vectors of the same spread.
    checkpoint, resume, checkpoint_seconds
        As of `Sequential.fit`; each mode has a file of its own, `checkpoint_of` that mode.
    **params
        Of `WindowClassifier`.

    Returns
    -------
    dict from mode to TaggingReport

    Examples
    --------
    >>> from fastembed.evaluate.tagging import TaggedSentence
    >>> kv = KeyedVectors(["a", "dog", "cat"], np.eye(3, dtype=np.float32))
    >>> train = [TaggedSentence(["a", "dog"], ["det", "noun"])] * 40
    >>> test = [TaggedSentence(["a", "cat"], ["det", "noun"])]
    >>> compare_tagging(kv, train, test, modes=["frozen"], hidden=(4,))["frozen"].tokens
    2
    """
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown:
        raise ValueError(f"modes must be among {', '.join(MODES)}; got {unknown[0]!r}")
    places = {
        mode: None if checkpoint is None else checkpoint_of(checkpoint, mode) for mode in modes
    }
    for place in places.values():
        check_checkpoint(place, resume)
    found: dict[str, TaggingReport] = {}
    for mode, place in places.items():
        model = WindowClassifier(tune=mode.endswith("tuned"), **params)
        first = random_like(vectors, model.seed) if mode.startswith("random") else vectors
        model.fit(
            [s.words for s in train],
            [s.tags for s in train],
            vectors=first,
            progress=progress,
            checkpoint=place,
            resume=resume and place is not None and os.path.exists(place),
            checkpoint_seconds=checkpoint_seconds,
        )
        found[mode] = model.evaluate([s.words for s in test], [s.tags for s in test])
    return found
