"""Word2Vec: skip-gram and CBOW, with negative sampling and/or hierarchical softmax.

Mikolov, Chen, Corrado & Dean, "Efficient estimation of word representations in vector space"
(2013); Mikolov, Sutskever, Chen, Corrado & Dean, "Distributed representations of words and phrases
and their compositionality" (2013). The formulas, gradients and the kernel: docs/word2vec.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import VocabularyError
from fastembed.core.files import StrPath
from fastembed.core.memory import padded_rows
from fastembed.core.params import Opt
from fastembed.core.progress import Callback, Progress, progress_of
from fastembed.core.rounds import Position, check_checkpoint
from fastembed.core.schedule import ScheduleName
from fastembed.core.threads import resolve_workers
from fastembed.embed.checkpoint import check_continues, check_same_run
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.embed.trained import TrainedVectors
from fastembed.embed.word2vec_state import load_state
from fastembed.embed.word2vec_task import Word2VecTask, grow_tree
from fastembed.text.corpus import Corpus, encoded_corpus
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.options import MaxVocab, MinCount, Workers
from fastembed.text.vocabulary import Vocabulary

__all__ = ["Word2Vec"]


@dataclass(kw_only=True, eq=False)
class Word2Vec(TrainedVectors):
    """Word vectors by skip-gram or CBOW.

    Parameters are those of gensim's class of the same name, with the same defaults, except
    ``sg=1`` and ``workers``, which is every core that this process may use.

    Attributes
    ----------
    wv : KeyedVectors
        The word vectors, sharing memory with the model.
    vocabulary_ : Vocabulary
    loss_history_ : list of float
        For each epoch the mean of the objective, in nats per example (skip-gram: a pair of words;
        CBOW: a centre word), summed in float64.
    n_examples_ : list of int
        Examples of each epoch of the last `fit` or `partial_fit`.
    epochs_done_ : int
        Epochs of all `fit` and `partial_fit` so far; random numbers differ from epoch to epoch.
    training_seconds_ : float
        Time in the training loop, without reading the text.

    Examples
    --------
    >>> text = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 50
    >>> model = Word2Vec(vector_size=8, min_count=1, epochs=2, workers=1).fit(text)
    >>> model.wv["cat"].shape, len(model.loss_history_)
    ((8,), 2)
    """

    vector_size: Annotated[int, Opt("Dimensions of a word vector.", ge=1, le=65536)] = 100
    window: Annotated[
        int, Opt("Most words to each side that count as context.", ge=1, le=10000)
    ] = 5
    min_count: MinCount = 5
    max_vocab: MaxVocab = None
    sg: Annotated[int, Opt("1 for skip-gram, 0 for CBOW.", ge=0, le=1)] = 1
    hs: Annotated[int, Opt("1 to use hierarchical softmax.", ge=0, le=1)] = 0
    negative: Annotated[
        int, Opt("Noise words a position (negative sampling); 0 for none.", ge=0, le=1000)
    ] = 5
    ns_exponent: Annotated[
        float, Opt("Noise words are drawn in proportion to count ** ns_exponent.", ge=-10, le=10)
    ] = 0.75
    cbow_mean: Annotated[
        int, Opt("CBOW: 1 for the mean of the context vectors, 0 for their sum.", ge=0, le=1)
    ] = 1
    sample: Annotated[
        float, Opt("Threshold above which frequent words are thinned out; 0 for none.", ge=0, le=1)
    ] = 1e-3
    alpha: Annotated[float, Opt("Learning rate at the start.", gt=0, le=100)] = 0.025
    min_alpha: Annotated[float, Opt("Learning rate at the end.", ge=0, le=100)] = 0.0001
    schedule: Annotated[ScheduleName, Opt("How the learning rate goes from one to the other.")] = (
        "linear"
    )
    epochs: Annotated[int, Opt("Passes over the text.", ge=1)] = 5
    shrink_windows: Annotated[
        bool, Opt("Draw each position's window from 1..window instead of using all of it.")
    ] = True
    max_sentence_length: Annotated[
        int, Opt("Longer sentences are split (never cut short).", ge=1, le=10_000_000)
    ] = 10000
    seed: Annotated[int, Opt("Seed of all random numbers.", ge=0, lt=2**63)] = 1
    workers: Workers = None
    deterministic: Annotated[
        bool, Opt("Same result for any number of workers (up to twice slower).")
    ] = False

    # -------------------------------------------------------------------------------- training

    def fit(
        self,
        corpus: Any,
        *,
        progress: Progress | bool | None = None,
        callbacks: Iterable[Callback] = (),
        checkpoint: StrPath | None = None,
        resume: bool = False,
        checkpoint_seconds: float = 600.0,
    ) -> Self:
        """Train on a corpus from the beginning, or go on from a checkpoint.

        Parameters
        ----------
        corpus : Corpus, EncodedCorpus, path or re-iterable of token lists
            The text. An `EncodedCorpus` brings its own vocabulary; ``min_count`` and
            ``max_vocab`` do not apply to it.
        progress : Progress or bool, optional
            True for a bar on a terminal and lines elsewhere.
        callbacks : iterable of Callback
            Called around each epoch.
        checkpoint : path, optional
            Where Ctrl-C, and every ``checkpoint_seconds``, saves the run.
        resume : bool
            Go on from ``checkpoint``. The result is that of an uninterrupted run, to the bit with
            ``workers=1`` or ``deterministic=True``.

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range.
        CorpusError, VocabularyError
            The text cannot be read, or no word is frequent enough.
        TrainingError
            The loss is not finite, or the checkpoint is of another run.
        TrainingInterrupted
            Ctrl-C (a KeyboardInterrupt).
        """
        params = self._checked()
        check_checkpoint(checkpoint, resume)
        report = progress_of(progress)
        with self._encoded(corpus, params, report) as encoded:
            self.vocabulary_ = encoded.vocabulary
            self.epochs_done_ = 0
            position = Position()
            if resume:
                assert checkpoint is not None
                state = load_state(checkpoint)
                check_same_run(state.saved, params, encoded.fingerprint())
                self._vectors, self._outputs, self._tree = state.vectors, state.outputs, state.tree
                position = state.saved.position
            else:
                self._allocate(params)
            self._learn(encoded, params, position, report, callbacks, checkpoint,
                        checkpoint_seconds)  # fmt: skip
        return self

    def partial_fit(
        self,
        corpus: Any,
        *,
        epochs: int | None = None,
        progress: Progress | bool | None = None,
        callbacks: Iterable[Callback] = (),
        checkpoint: StrPath | None = None,
        resume: bool = False,
        checkpoint_seconds: float = 600.0,
    ) -> Self:
        """Train on more text, adding its words to the vocabulary.

        Words that the model has keep their index and vector, and their counts add up; words of
        the new text that occur at least ``min_count`` times in it come after them. The learning
        rate goes from ``alpha`` to ``min_alpha`` again. With hierarchical softmax the new words
        get a Huffman tree of their own in the place of the model's last word, so that the inner
        nodes that were learned stay where they are.

        Parameters
        ----------
        corpus : Corpus, path or re-iterable of token lists
            The new text.
        epochs : int, optional
            Passes over it; the parameter ``epochs`` if not given.
        progress, callbacks, checkpoint, resume, checkpoint_seconds
            As those of `fit`. To resume, the model is the one that `partial_fit` was called on,
            the text the same.

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range, or one that cannot change now; the text is encoded.
        CorpusError
            The text cannot be read.
        TrainingError
            The loss is not finite, or the checkpoint is of another run or of another model.
        TrainingInterrupted
            Ctrl-C (a KeyboardInterrupt).
        """
        params = self._checked()
        check_checkpoint(checkpoint, resume)
        if epochs is not None:
            params["epochs"] = epochs
            if epochs < 1:
                raise ValueError(f"epochs must be an integer >= 1; got {epochs}")
        if not self.is_fitted:
            return self.fit(
                corpus, progress=progress, callbacks=callbacks, checkpoint=checkpoint,
                resume=resume, checkpoint_seconds=checkpoint_seconds,
            )  # fmt: skip
        if params["vector_size"] != self.wv.vector_size:
            raise ValueError(
                f"vector_size is {params['vector_size']} but the model was trained with "
                f"{self.wv.vector_size}; partial_fit cannot change it"
            )
        for name in ("hs", "negative"):
            if (params[name] > 0) != (self._params[name] > 0):
                raise ValueError(
                    f"{name} was {self._params[name]} when the model was trained and is "
                    f"{params[name]} now; partial_fit cannot switch an output layer on or off"
                )
        if isinstance(corpus, EncodedCorpus):
            raise TypeError(
                "partial_fit takes text, not an encoded corpus, whose ids are those of its own "
                "vocabulary"
            )
        report = progress_of(progress)
        text = Corpus.of(corpus)
        state = None
        if resume:
            assert checkpoint is not None
            state = load_state(checkpoint)
            check_continues(state.saved, self.vocabulary_, self.epochs_done_)
            vocabulary, position = state.saved.vocabulary(), state.saved.position
        else:
            self._grow(text.vocabulary(min_count=1, progress=report), params)
            vocabulary, position = self.vocabulary_, Position()
        with text.encode(vocabulary, workers=params["workers"], progress=report) as encoded:
            if state is not None:
                check_same_run(state.saved, params, encoded.fingerprint())
                self.vocabulary_, self._tree = vocabulary, state.tree
                self._vectors, self._outputs = state.vectors, state.outputs
            self._learn(encoded, params, position, report, callbacks, checkpoint,
                        checkpoint_seconds)  # fmt: skip
        return self

    def _checked(self) -> dict[str, Any]:
        params = self.check_params()
        if params["hs"] == 0 and params["negative"] == 0:
            raise ValueError("nothing to train with: set negative >= 1, or hs=1, or both")
        return params

    def _encoded(self, corpus: Any, params: dict[str, Any], report: Progress) -> EncodedCorpus:
        return encoded_corpus(
            corpus,
            min_count=params["min_count"],
            max_vocab=params["max_vocab"],
            workers=params["workers"],
            progress=report,
        )

    def _allocate(self, params: dict[str, Any]) -> None:
        """First vectors: uniform for words, zero for outputs (as in word2vec)."""
        from fastembed._native import _word2vec

        n, dim = len(self.vocabulary_), params["vector_size"]
        if params["hs"] and n < 2:
            raise VocabularyError(
                f"hierarchical softmax needs at least 2 words and the vocabulary has {n}; "
                "use negative sampling (hs=0, negative=5)"
            )
        rows = (n if params["negative"] else 0) + (n - 1 if params["hs"] else 0)
        self._vectors, self._outputs = padded_rows(n, dim), padded_rows(rows, dim)
        workers = resolve_workers(params["workers"])
        _word2vec.init_rows(self._vectors, 0, dim, params["seed"], workers)
        self._tree = _word2vec.huffman_tree(self.vocabulary_.counts) if params["hs"] else None

    def _grow(self, found: Vocabulary, params: dict[str, Any]) -> None:
        """Take the words of a new text into the vocabulary; their rows come last."""
        from fastembed._native import _word2vec

        old, dim = self.vocabulary_, params["vector_size"]
        room = len(found) if params["max_vocab"] is None else params["max_vocab"] - len(old)
        counts = old.counts.copy()
        new_words: list[str] = []
        new_counts: list[int] = []
        # the most frequent come first
        for word, count in zip(found.words, found.counts.tolist(), strict=True):
            index = old.words.find(word)
            if index >= 0:
                counts[index] += count
            elif count >= params["min_count"] and len(new_words) < room:
                new_words.append(word)
                new_counts.append(count)
        n, more = len(old), len(new_words)
        added = np.array(new_counts, dtype=np.int64)
        vocabulary = Vocabulary([*old.words, *new_words], np.concatenate([counts, added]))
        vectors = _with_rows(self._vectors, n, more, dim)
        workers = resolve_workers(params["workers"])
        _word2vec.init_rows(vectors, n, dim, params["seed"], workers)
        # outputs: the words, with room for the new ones, then the inner nodes, with room too
        rows, room = (n, more) if params["negative"] else (0, 0)
        nodes, tree = self._outputs[rows:], self._tree
        if tree is not None:
            tree = grow_tree(tree, added)
            _word2vec.tree_depth(tree)
        after = len(nodes) + more if params["hs"] else 0
        outputs = _with_rows(self._outputs[:rows], rows, room, dim, after=after)
        outputs[rows + room : rows + room + len(nodes)] = nodes
        # all is well: only now does the model change
        self.vocabulary_, self._tree = vocabulary, tree
        self._vectors, self._outputs = vectors, outputs

    def _learn(
        self,
        encoded: EncodedCorpus,
        params: dict[str, Any],
        position: Position,
        report: Progress,
        callbacks: Iterable[Callback],
        checkpoint: StrPath | None,
        checkpoint_seconds: float,
    ) -> None:
        self._dim = params["vector_size"]
        self._train(
            Word2VecTask(
                encoded, self._vectors, self._outputs, self._tree, params, self.epochs_done_
            ),
            params,
            position,
            fingerprint=encoded.fingerprint,
            progress=report,
            callbacks=callbacks,
            checkpoint=checkpoint,
            checkpoint_seconds=checkpoint_seconds,
        )

    # --------------------------------------------------------------------------------- results

    @property
    def is_fitted(self) -> bool:
        """Whether there are vectors."""
        return hasattr(self, "_vectors")

    def _make_vectors(self, metadata: dict[str, Any]) -> KeyedVectors:
        """The word vectors; they share memory with the model."""
        return KeyedVectors(
            self.vocabulary_.words,
            self._vectors[:, : self._dim],
            counts=self.vocabulary_.counts,
            metadata=metadata,
        )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        # not those of wv, to which its user may have added vectors
        arrays = self._make_vectors({}).to_arrays()
        arrays["outputs"] = self._outputs[:, : self._dim]
        if self._tree is not None:
            arrays["tree"] = self._tree
        return arrays

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read a model that `save` wrote.

        Raises
        ------
        FormatError
            The file is not a native file of this library, or not of a Word2Vec.
        """
        state = load_state(path)
        model = cls(**state.saved.params)
        model._vectors, model._outputs, model._tree = state.vectors, state.outputs, state.tree
        model._dim = state.saved.params["vector_size"]
        model._restore(state.saved)
        return model


def _with_rows(
    matrix: NDArray[np.float32], n: int, more: int, dim: int, after: int = 0
) -> NDArray[np.float32]:
    """A copy of the first n rows with room for ``more`` and ``after`` rows of zeros behind."""
    grown = padded_rows(n + more + after, dim)
    grown[:n] = matrix[:n]
    return grown
