"""NeuralLM: a feed-forward neural language model.

Bengio, Ducharme, Vincent & Jauvin, "A neural probabilistic language model" (2003); Mnih & Hinton,
"Three new graphical models for statistical language modelling" (2007). The formulas, gradients,
output layers and the kernel: docs/neural-lm.md.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _nlm
from fastembed.core.errors import NotFittedError, TrainingError
from fastembed.core.files import StrPath
from fastembed.core.params import Opt
from fastembed.core.progress import Callback, Progress, progress_of
from fastembed.core.rounds import Position, check_checkpoint
from fastembed.core.schedule import ScheduleName
from fastembed.core.threads import resolve_workers
from fastembed.embed.checkpoint import check_same_run
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.embed.trained import TrainedVectors
from fastembed.io.native import NativeFile, read_native
from fastembed.ngram.files import NativeModel
from fastembed.ngram.options import Symbols
from fastembed.ngram.sentences import Sentences, open_sentences
from fastembed.ngram.tables import EOS_ID, UNK_ID
from fastembed.nlm.best import Best
from fastembed.nlm.classes import class_of_words
from fastembed.nlm.inputs import GivenVectors, check_same_inputs, digest_of, open_heldout
from fastembed.nlm.network import Shape, initial_arrays, make_net, state_arrays
from fastembed.nlm.queries import NeuralQueries
from fastembed.nlm.state import BEST, STATE, load_state, writable
from fastembed.nlm.task import NeuralTask
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.options import MaxVocab, Workers
from fastembed.text.vocabulary import Vocabulary

__all__ = ["NeuralLM"]

SCORED = 256  # places that are scored at a time
DIVERGED = 1.0  # nats by which a word may cost more than at the beginning, and than by guessing
GIVEN = ("classes", "initial")  # parameters that stand for what is in them


@dataclass(kw_only=True, eq=False)
class NeuralLM(TrainedVectors, NeuralQueries, NativeModel):
    """A neural language model: the words before a word, as vectors, predict it.

    Sentences are lines, or lists of words; the model sees ``<s> w_1 ... w_n </s>``, and looks at no
    word of another sentence. The result is the same bits for any number of ``workers``.

    Attributes
    ----------
    wv : KeyedVectors
        The word vectors C(w), sharing memory with the model.
    vocabulary_ : Vocabulary
    loss_history_ : list of float
        For each epoch the mean of the objective in nats an example, during the epoch.
    heldout_perplexity_ : list of float
        After each epoch, where ``fit`` got a held-out text.
    best_epoch_ : int
        The epoch (from 1) whose parameters the model has.
    training_seconds_ : float
        Time in the training loop, without reading the text and without held-out texts.

    Examples
    --------
    >>> text = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 50
    >>> model = NeuralLM(context=2, vector_size=8, hidden=16, epochs=20, alpha=0.01).fit(text)
    >>> model.score_sentence("the cat sat") > model.score_sentence("sat the cat")
    True
    >>> model.wv["cat"].shape
    (8,)
    """

    kind: ClassVar[str] = "NeuralLM"

    architecture: Annotated[
        Literal["bengio", "log_bilinear", "skipgram"],
        Opt("tanh hidden layer; none; or the previous word alone, trained on windows."),
    ] = "bengio"
    output_layer: Annotated[
        Literal["softmax", "class_factored", "nce", "sampled"],
        Opt("How the next word's probability is trained."),
    ] = "softmax"
    context: Annotated[int, Opt("Words that the model looks back (skipgram: window).",
                                ge=1, le=1000)] = 5  # fmt: skip
    vector_size: Annotated[int, Opt("Dimensions of a word vector.", ge=1, le=65536)] = 100
    hidden: Annotated[int, Opt("Hidden units (bengio).", ge=1, le=65536)] = 200
    direct: Annotated[
        bool, Opt("Connect the context to the output layer too (bengio).")
    ] = False  # fmt: skip
    combine: Annotated[
        Literal["concatenate", "position"],
        Opt("log_bilinear: context vectors side by side, or summed by a matrix a position."),
    ] = "concatenate"
    tied: Annotated[bool, Opt("One table for context and output words (softmax only).")] = False
    initial: Annotated[
        Any, Opt("Begin with these word vectors: KeyedVectors or a file.", metavar="FILE")
    ] = None
    classes: Annotated[
        Any, Opt("class_factored: number of frequency classes, or clusters or a file.", cli=False)
    ] = None
    samples: Annotated[
        int, Opt("Noise words of a mini-batch (nce, sampled).", ge=1, le=1 << 20)
    ] = 1024
    ns_exponent: Annotated[
        float, Opt("Noise words are drawn in proportion to count ** ns_exponent.", ge=0, le=10)
    ] = 0.75
    min_count: Annotated[int, Opt("Words that occur less often are <unk>.", ge=1)] = 1
    max_vocab: MaxVocab = None
    symbols: Symbols = "error"
    epochs: Annotated[int, Opt("Passes over the text, at most.", ge=1)] = 5
    batch_size: Annotated[int, Opt("Examples of a mini-batch.", ge=1, le=65536)] = 256
    optimizer: Annotated[
        Literal["adam", "adagrad", "momentum", "sgd"], Opt("How parameters are stepped.")
    ] = "adam"
    alpha: Annotated[float, Opt("Learning rate at the start.", gt=0, le=100)] = 1e-3
    min_alpha: Annotated[float, Opt("Learning rate at the end.", ge=0, le=100)] = 1e-5
    schedule: Annotated[ScheduleName, Opt("How the learning rate goes from one to the other.")] = (
        "linear"
    )
    dropout: Annotated[
        float, Opt("Share of the hidden units that are left out in training.", ge=0, lt=1)
    ] = 0.0
    weight_decay: Annotated[
        float, Opt("Weights shrink by this times the learning rate in each step.", ge=0, le=10)
    ] = 0.0
    patience: Annotated[
        int, Opt("Stop after so many epochs without better held-out perplexity.", ge=1)
    ] = 2
    seed: Annotated[int, Opt("Seed of all random numbers.", ge=0, lt=2**63)] = 1
    deterministic: Annotated[
        Literal[True], Opt("Always so: the result does not depend on workers.", cli=False)
    ] = True
    workers: Workers = None

    # -------------------------------------------------------------------------------- training

    def fit(
        self,
        corpus: Any,
        *,
        heldout: Any = None,
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
            The text. An `EncodedCorpus` brings its own vocabulary.
        heldout : the same, optional
            Its perplexity is taken after each epoch; training stops after ``patience`` epochs
            without a better one, and the model has the parameters of the best. It is read once,
            and is part of the run: to go on from a checkpoint give the same one.
        progress : Progress or bool, optional
        callbacks : iterable of Callback
            Called around each epoch.
        checkpoint : path, optional
            Where Ctrl-C, and every ``checkpoint_seconds``, saves the run.
        resume : bool
            Go on from ``checkpoint``; the result is that of an uninterrupted run, to the bit.
            Text, held-out text, parameters, and what is in ``initial`` and ``classes`` must be
            those of the run; a file may have moved.

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range, or does not go with the others.
        CorpusError, VocabularyError
            The text cannot be read, or has none of the words of ``initial`` or ``classes``.
        TrainingError
            Training has diverged: the loss is not finite, or at the end the text costs more than
            before the training and more than by guessing. Or the checkpoint is of another run.
        TrainingInterrupted
            Ctrl-C (a KeyboardInterrupt).
        """
        params = self._checked()
        check_checkpoint(checkpoint, resume)
        report = progress_of(progress)
        with open_sentences(
            corpus, vocab=None, min_count=params["min_count"], max_vocab=params["max_vocab"],
            keep_empty=True, skip=params["symbols"] == "skip",
            workers=resolve_workers(params["workers"]), progress=report,
        ) as sentences:  # fmt: skip
            vocabulary = _with_counts(sentences)
            with open_heldout(heldout, vocabulary, report) as held:
                self._prepare(sentences, vocabulary, params, held, checkpoint if resume else None)
                self._learn(sentences, params, held, report, callbacks, checkpoint,
                            checkpoint_seconds)  # fmt: skip
        return self

    def _checked(self) -> dict[str, Any]:
        params = self.check_params()
        Shape(params, 1)
        for name, owner in (("direct", "bengio"), ("combine", "log_bilinear")):
            default = type(self).__dataclass_fields__[name].default
            if params[name] != default and params["architecture"] != owner:
                raise ValueError(f"{name}={params[name]!r} is for architecture={owner!r}")
        if params["classes"] is not None and params["output_layer"] != "class_factored":
            raise ValueError("classes are for output_layer='class_factored'")
        # files stay as names; what is no plain value is known by what is in it only
        for name in GIVEN:
            if isinstance(params[name], os.PathLike):
                params[name] = os.fspath(params[name])
            elif not isinstance(params[name], int | str | None):
                params[name] = "given"
        return params

    def _prepare(
        self,
        sentences: Sentences,
        vocabulary: Vocabulary,
        params: dict[str, Any],
        heldout: EncodedCorpus | None,
        resumed: StrPath | None,
    ) -> None:
        """First parameters, or those of a checkpoint."""
        shape = Shape(params, len(vocabulary))
        factored = params["output_layer"] == "class_factored"
        class_of = class_of_words(vocabulary, self.classes) if factored else None
        initial = None
        if self.initial is not None:
            initial = GivenVectors(self.initial, vocabulary.words, shape.dim)
        inputs = {
            "classes": "" if class_of is None else digest_of(class_of),
            "initial": "" if initial is None else initial.digest,
            "heldout": "" if heldout is None else heldout.fingerprint(),
        }
        if resumed is not None:
            saved, arrays, _ = load_state(read_native(resumed), resumed)
            plain = {name: value for name, value in params.items() if name not in GIVEN}
            check_same_run(saved, plain, sentences.encoded.fingerprint())
            check_same_inputs(saved, inputs)
        self._params, self._inputs, self._shape = params, inputs, shape
        self.vocabulary_, self._class_of = vocabulary, class_of
        self.epochs_done_ = 0
        self._position = Position()
        self._best: Best | None = None
        self.heldout_perplexity_: list[float] = []
        self._net: _nlm.Net | None = None
        if resumed is not None:
            self._position = saved.position
            self._first_loss = float(saved.metadata.get("first_loss", 0.0))
            self.heldout_perplexity_ = list(saved.metadata.get("heldout_perplexity", ()))
            best = {name.removeprefix(BEST): array for name, array in arrays.items()
                    if name.startswith(BEST)}  # fmt: skip
            self._best = Best(best) if best else None
            own = {name: array for name, array in arrays.items() if not name.startswith(BEST)}
            self._weights = writable({n: a for n, a in own.items() if not n.endswith(STATE)})
            self._state = writable({n: a for n, a in own.items() if n.endswith(STATE)})
            return
        self._weights = initial_arrays(shape, vocabulary.counts, class_of, params["seed"])
        if initial is not None:
            initial.copy_to(self._weights["embed"])
        self._state = state_arrays(self._weights, params)

    def _learn(
        self,
        sentences: Sentences,
        params: dict[str, Any],
        heldout: EncodedCorpus | None,
        report: Progress,
        callbacks: Iterable[Callback],
        checkpoint: StrPath | None,
        checkpoint_seconds: float,
    ) -> None:
        arrays = {**self._weights, **self._state}
        net = make_net(arrays, self._shape, params, class_of=self._class_of,
                       counts=self.vocabulary_.counts, workers=self._threads())  # fmt: skip
        task = NeuralTask(sentences, net, self._shape, params, self._position)
        if self._position == Position():
            self._first_loss = task.sample_loss()

        def finished() -> bool:
            return heldout is not None and self._judge(heldout, params["patience"])

        self._train(
            task, params, self._position, fingerprint=sentences.encoded.fingerprint,
            progress=report, callbacks=callbacks, checkpoint=checkpoint,
            checkpoint_seconds=checkpoint_seconds, unit="tokens", finished=finished,
        )  # fmt: skip
        if self._best is not None:
            self._best.restore(self._weights)
            self._best = None
        self._check_learned(task)
        self._state = {}

    def _check_learned(self, task: NeuralTask) -> None:
        """TrainingError where the text costs more than before, and more than by guessing."""
        last, guess = task.sample_loss(), math.log(len(self.vocabulary_))
        with np.errstate(invalid="ignore"):
            finite = all(math.isfinite(a.sum(dtype=np.float64)) for a in self._weights.values())
        if finite and last <= max(self._first_loss, guess) + DIVERGED:
            return
        losses = ", ".join(f"{loss:.4g}" for loss in self.loss_history_[-5:])
        raise TrainingError(
            f"training has diverged: after epoch {self.best_epoch_} a word of the text costs "
            f"{last:.4g} nats, {self._first_loss:.4g} before the training, and {guess:.4g} where "
            f"all words are equally likely; the last epochs' mean losses were {losses}. Try a "
            f"lower learning rate (alpha, now {self._params['alpha']:g})"
        )

    def _threads(self) -> int | None:
        return 1 if self._shape.small else self.workers

    def _judge(self, heldout: EncodedCorpus, patience: int) -> bool:
        """Measure the held-out text; keep the best parameters. Whether to stop."""
        history = self.heldout_perplexity_
        history.append(self.perplexity(heldout).perplexity)
        best = int(np.argmin(history))
        if best == len(history) - 1:
            self._best = Best(self._weights)
        return len(history) - 1 - best >= patience

    @property
    def best_epoch_(self) -> int:
        """The epoch (from 1) whose parameters the model has."""
        history = self.heldout_perplexity_
        return int(np.argmin(history)) + 1 if history else len(self.loss_history_)

    # --------------------------------------------------------------------------------- results

    @property
    def is_fitted(self) -> bool:
        """Whether there are parameters."""
        return hasattr(self, "_weights")

    def _scorer(self) -> _nlm.Net:
        if not self.is_fitted:
            raise NotFittedError("this NeuralLM has no model yet: fit() it or load() one")
        if self._net is None:
            self._net = make_net(self._weights, self._shape, self._params, class_of=self._class_of,
                                 batch=SCORED, kept_bytes=0, workers=self._threads())  # fmt: skip
        return self._net

    def _make_vectors(self, metadata: dict[str, Any]) -> KeyedVectors:
        return KeyedVectors(
            self.vocabulary_.words, self._weights["embed"], counts=self.vocabulary_.counts,
            metadata=metadata,
        )  # fmt: skip

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays = self._make_vectors({}).to_arrays()
        arrays |= {name: array for name, array in self._weights.items() if name != "embed"}
        if self._class_of is not None:
            arrays["class_of"] = self._class_of.astype(np.uint32)
        return arrays

    def _checkpoint_arrays(self) -> dict[str, NDArray[Any]]:
        best = self._best.arrays() if self._best is not None else {}
        return self._arrays() | self._state | {BEST + name: a for name, a in best.items()}

    def _metadata(self) -> dict[str, Any]:
        return super()._metadata() | {
            "heldout_perplexity": self.heldout_perplexity_,
            "inputs": self._inputs,
            "first_loss": self._first_loss,
        }

    def to_native(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of the native file."""
        if not self.is_fitted:
            raise NotFittedError("this NeuralLM has nothing to save yet; call fit(corpus) first")
        return self._arrays(), self._metadata()

    @classmethod
    def from_native(cls, file: NativeFile, path: StrPath, *, workers: int | None = None) -> Self:
        """The model of an opened file; FormatError if it is damaged or holds something else."""
        saved, arrays, class_of = load_state(file, path)
        given = {name: saved.params[name] for name in saved.params if name != "workers"}
        for name in GIVEN:
            given[name] = None if given.get(name) == "given" else given.get(name)
        model = cls(**given, workers=workers)
        model._restore(saved)
        model._weights = {n: a for n, a in arrays.items()
                          if not n.startswith(BEST) and not n.endswith(STATE)}  # fmt: skip
        model._state, model._best, model._net = {}, None, None
        model._class_of = class_of
        model._inputs = dict(saved.metadata.get("inputs", {}))
        model._first_loss = float(saved.metadata.get("first_loss", 0.0))
        model._shape = Shape(saved.params, len(model.vocabulary_))
        model.heldout_perplexity_ = list(saved.metadata.get("heldout_perplexity", ()))
        return model

    def __repr__(self) -> str:
        if not self.is_fitted:
            return f"<NeuralLM ({self.architecture}, {self.output_layer}), not fitted>"
        size = sum(array.size for array in self._weights.values())
        return (
            f"<NeuralLM ({self.architecture}, {self.output_layer}): "
            f"{len(self.vocabulary_):,} words, {size:,} parameters>"
        )


def _with_counts(sentences: Sentences) -> Vocabulary:
    """The vocabulary with the counts of what is predicted: ``</s>`` once a sentence, and
    ``<unk>`` for the words that are not kept."""
    counts = sentences.vocabulary.counts.copy()
    others = np.delete(counts, UNK_ID).sum()
    counts[EOS_ID] = sentences.encoded.n_sentences
    counts[UNK_ID] = max(counts[UNK_ID], sentences.encoded.n_tokens - others)
    return Vocabulary(sentences.vocabulary.words, counts, specials=sentences.vocabulary.specials)
