"""`WindowClassifier`: tags of words by the vectors around them. See docs/window-classifier.md.

Collobert & Weston (2008), Collobert et al. (2011): the concatenation of 2m + 1 word vectors, hidden
layers, a score for each tag; or one score that windows have above corrupted ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError, NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import Opt, Params
from fastembed.core.progress import Callback, Progress
from fastembed.evaluate.tagging import TaggingReport, score_tags
from fastembed.io.native import read_native, write_native
from fastembed.nn.arguments import check_sizes
from fastembed.nn.layers import Dense, Dropout, Embedding, Flatten, Layer
from fastembed.nn.optimizers import optimizer_of
from fastembed.nn.saving import pack_network, unpack_network
from fastembed.nn.sequential import Sequential
from fastembed.nn.window_rows import (
    CorruptedWindows,
    Sentences,
    check_sentences,
    tag_codes,
)
from fastembed.nn.word_table import N_SPECIAL, WordTable, first_table

if TYPE_CHECKING:
    from fastembed.embed.keyed_vectors import KeyedVectors

__all__ = ["WindowClassifier"]

KIND = "WindowClassifier"
LOSSES = {
    "softmax": "sparse_categorical_crossentropy",
    "max_margin": "max_margin",
    "corrupted": "pairwise_margin",
}


@dataclass(kw_only=True)
class WindowClassifier(Params):
    """Tags of words by a network over the word vectors of a window.

    Parameters
    ----------
    window : int
        Words on each side.
    hidden : sequence of int
        Units of each hidden layer.
    activation : str
        Of the hidden layers.
    objective : {"softmax", "max_margin", "corrupted"}
        Cross-entropy of softmax over tags; the score of the right tag above that of each other
        by 1; or, without tags, the score of a window above that of one with another word in
        the middle by 1.
    tune : bool
        Whether the vectors are learned, too.
    case : {"fallback", "lower", "keep"}
        Look a word up as it is and then in lower case; only in lower case; only as it is.
    min_count : int
        Words without a given vector get one of their own if they occur so often.
    vector_size : int
        Numbers of a vector, if none are given.
    dropout : float
        Share of the inputs of each layer that is set to 0 in training.
    optimizer : str or Optimizer
    learning_rate, batch_size, epochs, seed, workers
        As everywhere.

    Attributes
    ----------
    tags_ : list of str
        Sorted.
    network_ : Sequential
    table_ : WordTable
        The words and their rows.

    Examples
    --------
    >>> words = [["the", "dog", "runs"], ["a", "cat", "sleeps"], ["the", "cat", "runs"]]
    >>> tags = [["det", "noun", "verb"]] * 3
    >>> model = WindowClassifier(window=1, hidden=(8,), epochs=60, min_count=1, learning_rate=0.01)
    >>> model.fit(words, tags).predict([["a", "dog", "sleeps"]])
    [['det', 'noun', 'verb']]
    """

    window: Annotated[int, Opt("words on each side", ge=0)] = 2
    hidden: Annotated[Any, Opt("units of each hidden layer", cli=False)] = (128,)
    activation: Annotated[str, Opt("of the hidden layers")] = "tanh"
    objective: Annotated[
        Literal["softmax", "max_margin", "corrupted"], Opt("what is minimised")
    ] = "softmax"
    tune: Annotated[bool, Opt("learn the vectors, too")] = True
    case: Annotated[Literal["fallback", "lower", "keep"], Opt("how words are looked up")] = (
        "fallback"
    )
    min_count: Annotated[int, Opt("of words that get vectors of their own", ge=1)] = 2
    vector_size: Annotated[int, Opt("if no vectors are given", ge=1)] = 50
    dropout: Annotated[float, Opt("share of inputs set to 0", ge=0, lt=1)] = 0.0
    optimizer: Annotated[Any, Opt("name of an optimiser, or one", cli=False)] = "adam"
    learning_rate: Annotated[float, Opt("of the optimiser", gt=0)] = 1e-3
    batch_size: Annotated[int, Opt("windows of a mini-batch", ge=1)] = 64
    epochs: Annotated[int, Opt("passes over the text", ge=1)] = 5
    seed: Annotated[int, Opt("of everything that is drawn", ge=0)] = 1
    workers: Annotated[int | None, Opt("threads; all usable cores by default", ge=1)] = None

    # ------------------------------------------------------------------------------- training

    def fit(
        self,
        sentences: Sentences,
        tags: Sentences | None = None,
        *,
        vectors: KeyedVectors | None = None,
        validation: tuple[Sentences, Sentences | None] | None = None,
        callbacks: Iterable[Callback] = (),
        progress: Progress | bool | None = None,
        checkpoint: StrPath | None = None,
        resume: bool = False,
        checkpoint_seconds: float = 600.0,
    ) -> Self:
        """Train.

        Parameters
        ----------
        sentences : sequence of sequences of str
        tags : the same shape, optional
            Not for the objective "corrupted".
        vectors : KeyedVectors, optional
            Where the word vectors begin. They are copied, not changed.
        validation : (sentences, tags), optional
            Their loss and accuracy are in ``network_.history_``, too; for the objective
            "corrupted" (sentences, None), corrupted once.
        callbacks, progress, checkpoint, resume, checkpoint_seconds
            As of `Sequential.fit`.

        Raises
        ------
        ValueError, TypeError
            Sentences and tags do not fit (the sentence is named), or a parameter is out of range.
        """
        self.check_params()
        corrupted = self.objective == "corrupted"
        if corrupted != (tags is None):
            raise ValueError(
                "objective 'corrupted' learns without tags"
                if corrupted
                else f"objective {self.objective!r} needs tags"
            )
        check_sentences(sentences, tags)
        if not any(len(words) for words in sentences):
            raise ValueError("there are no words in these sentences")
        if vectors is not None and not hasattr(vectors, "words"):
            raise TypeError(f"vectors must be KeyedVectors; got {type(vectors).__name__}")
        if validation is not None:
            if len(validation) != 2:
                raise ValueError("validation must be (sentences, tags)")
            check_sentences(*validation)
            if (validation[1] is None) != corrupted:
                raise ValueError(
                    "validation must be (sentences, "
                    f"{'None) for' if corrupted else 'tags) for'} objective {self.objective!r}"
                )
        table, first = first_table(
            sentences, vectors, case=self.case, min_count=self.min_count,
            vector_size=self.vector_size, seed=self.seed,
        )  # fmt: skip
        x = table.windows(sentences, self.window)
        y, known = None, []
        if tags is not None:
            known = sorted({str(tag) for sentence in tags for tag in sentence})
            y = tag_codes(tags, known)
        held: tuple[NDArray[Any], NDArray[Any] | None] | None = None
        if validation is not None:
            codes = None if validation[1] is None else tag_codes(validation[1], known)
            held = table.windows(validation[0], self.window), codes
        chosen = list(callbacks)
        if corrupted:
            x = np.repeat(x, 2, axis=0)
            draws = CorruptedWindows(x, self.window, self.seed)
            chosen.insert(0, draws)
            held = None if held is None else (draws.pairs(held[0]), None)
        net = self._network(first, max(len(known), 1))
        net.fit(
            x,
            y,
            epochs=self.epochs,
            batch_size=self.batch_size * (2 if corrupted else 1),
            validation_data=held,
            callbacks=chosen,
            progress=progress,
            workers=self.workers,
            checkpoint=checkpoint,
            resume=resume,
            checkpoint_seconds=checkpoint_seconds,
        )
        self.table_, self.tags_, self.network_ = table, known, net
        return self

    def _network(self, first: NDArray[np.float32], n_tags: int) -> Sequential:
        n, d = first.shape
        table = Embedding(n, d, initializer=first, trainable=self.tune, name="words")
        layers: list[Layer] = [table, Flatten()]
        for size in check_sizes("hidden", self.hidden):
            layers += [Dropout(self.dropout), Dense(size, self.activation)]
        last = "softmax" if self.objective == "softmax" else None
        layers += [Dropout(self.dropout), Dense(n_tags, last, name="tags")]
        optimizer = self.optimizer
        if isinstance(optimizer, str):
            settings = optimizer_of(optimizer).config()
            optimizer = optimizer_of(settings | {"learning_rate": self.learning_rate})
        metrics = [] if self.objective == "corrupted" else ["accuracy"]
        net = Sequential(layers, seed=self.seed).compile(optimizer, LOSSES[self.objective], metrics)
        net.build(2 * self.window + 1)
        table.initializer = "zeros"  # the network has its own copy now
        return net

    # ------------------------------------------------------------------------------- answers

    def _fitted(self) -> Sequential:
        if not hasattr(self, "network_"):
            raise NotFittedError("this WindowClassifier is not fitted yet; call fit first")
        return self.network_

    def scores(self, sentences: Sentences) -> list[NDArray[Any]]:
        """What the network gives for each word: probabilities of the tags, or scores.

        Returns
        -------
        list of ndarray of float32, shape (words, tags)
            One for each sentence; one column for the objective "corrupted".
        """
        net = self._fitted()
        check_sentences(sentences)
        ids = self.table_.windows(sentences, self.window)
        found = np.empty((0, *net.output_shape), dtype=np.float32)
        if len(ids):
            found = net.predict(ids, workers=self.workers)
        stops = np.cumsum([len(s) for s in sentences], dtype=np.int64)
        return [found[stop - len(s) : stop] for s, stop in zip(sentences, stops, strict=True)]

    def predict(self, sentences: Sentences) -> list[list[str]]:
        """The tags of the words of each sentence."""
        if self.objective == "corrupted":
            raise ValueError("objective 'corrupted' learns no tags; see scores and vectors")
        return [[self.tags_[i] for i in s.argmax(axis=1).tolist()] for s in self.scores(sentences)]

    def evaluate(self, sentences: Sentences, tags: Sentences) -> TaggingReport:
        """Accuracy and F1 against the right tags, also of words that are unseen or unknown."""
        check_sentences(sentences, tags)
        found = self.predict(sentences)
        return score_tags(
            [tag for sentence in tags for tag in sentence],
            [tag for sentence in found for tag in sentence],
            self.table_.kinds(sentences),
        )

    def corrupted_accuracy(self, sentences: Sentences, *, seed: int = 0) -> float:
        """Share of the windows that score above one with another word in the middle."""
        net = self._fitted()
        if self.objective != "corrupted":
            raise ValueError(f"objective {self.objective!r} does not score windows")
        check_sentences(sentences)
        x = np.repeat(self.table_.windows(sentences, self.window), 2, axis=0)
        CorruptedWindows(x, self.window, seed).on_epoch_begin(net)
        found = net.predict(x, workers=self.workers)[:, 0]
        return float((found[::2] > found[1::2]).mean())

    def vectors(self) -> KeyedVectors:
        """The vectors of the words as they are now."""
        from fastembed.embed.keyed_vectors import KeyedVectors

        rows = self._fitted().parameters()["words/table"][N_SPECIAL:]
        return KeyedVectors(self.table_.words, rows.copy())

    # ---------------------------------------------------------------------------------- files

    def save(self, path: StrPath) -> None:
        """Write network, words and tags as a native file, which `load` reads."""
        arrays, network = pack_network(self._fitted())
        # the optimiser is the network's; threads are a matter of the machine
        params = {k: v for k, v in self.saved_params().items() if k != "optimizer"}
        params["hidden"] = list(check_sizes("hidden", self.hidden))
        metadata = {"kind": KIND, "params": params, "tags": self.tags_, "network": network}
        write_native(path, arrays | self.table_.to_arrays(), metadata)

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            The file is cut, damaged, or not one of a window classifier.
        """
        file = read_native(path, verify=True)
        found = file.metadata
        if found.get("kind") != KIND:
            held = found.get("kind") or "something else"
            raise FormatError(f"{path}: holds {held}, not a {KIND}")
        try:
            model = cls(**found["params"])
            model.set_params(**model.check_params())
            model.tags_ = [str(tag) for tag in found["tags"]]
            network = found["network"]
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: its metadata are damaged: {error}") from None
        model.table_ = WordTable.from_arrays(file.arrays, model.case, path)
        model.network_ = net = unpack_network(Sequential, file.arrays, network, path)
        model.optimizer = net.optimizer
        rows = net.parameters().get("words/table")
        sizes = (2 * model.window + 1,), (max(len(model.tags_), 1),)
        fits = (net.input_shape, net.output_shape) == sizes
        if rows is None or len(rows) != len(model.table_) or not fits:
            raise FormatError(f"{path}: words, tags and network do not fit each other")
        return model
