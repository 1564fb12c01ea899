"""ClassLM: an n-gram model of classes, and the words of each class.

    p(w | h) = p( c(w) | c(h) ) p( w | c(w) )

Brown, Della Pietra, deSouza, Lai & Mercer (1992), "Class-based n-gram models of natural language",
equation 5. The class sequence is counted and smoothed by `fastembed.NgramLM`. Definitions, file:
docs/class-lm.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastembed.cluster.clusters import WordClusters
from fastembed.cluster.word_classes import named_classes, words_of_text
from fastembed.core.errors import FormatError, NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import Opt, Params, params_of
from fastembed.core.progress import Progress, progress_of
from fastembed.evaluate.perplexity import with_ends
from fastembed.io.native import NativeFile
from fastembed.ngram.files import NativeModel, known_params, pack, plain_params, unpack
from fastembed.ngram.model import NgramLM
from fastembed.ngram.options import CountingMemory, Prune, PruneEntropy, SmoothingParams, Symbols
from fastembed.ngram.sentence_model import SentenceModel
from fastembed.ngram.state import State
from fastembed.ngram.tables import SPECIALS, UNK_ID
from fastembed.text.corpus import corpus_in_words_of
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.options import Workers
from fastembed.text.wordlist import WordList

__all__ = ["ClassLM"]

PART = "classes."  # prefix of the arrays of the classes' model
FALLBACK = "0.5 1 1.5"  # discounts of modified Kneser-Ney where they cannot be estimated
N_SPECIALS = len(SPECIALS)


@dataclass(kw_only=True, eq=False)
class ClassLM(Params, SentenceModel, NativeModel):
    """A class-based n-gram model: the class from the classes before it, the word from its class.

    Words that have no class are ``<unk>``; ``<unk>``, ``<s>`` and ``</s>`` are classes of their
    own. Mixed with a model of words (`fastembed.InterpolatedLM`) it is better than either.

    Attributes
    ----------
    words : WordList
        The vocabulary: ``<unk>``, ``<s>``, ``</s>``, and the words that have a class and (unless
        ``word_delta`` > 0) are in the text.
    class_model_ : NgramLM
        The model of the class sequence; its words are the classes' names.
    class_of_ : ndarray of uint32, shape (V,)
        The class of each word, as an id of ``class_model_``.
    log_word_ : ndarray of float64, shape (V,)
        log10 p(w | c(w)).
    n_unknown_ : int
        Words of the text, counted as often as they are there, that have no class.

    Examples
    --------
    >>> text = [["the", "cat", "sat"], ["the", "dog", "sat"], ["a", "cat", "ran"]]
    >>> classes = {"the": "D", "a": "D", "cat": "N", "dog": "N", "sat": "V", "ran": "V"}
    >>> model = ClassLM(order=2, smoothing="mle").fit(text, classes)
    >>> round(10 ** model.logscore("dog", "a"), 4)  # p(N | D) p(dog | N) = 1 * 1/3
    0.3333
    """

    kind: ClassVar[str] = "class-based model"

    order: Annotated[int, Opt("Classes of the longest n-grams.", ge=1, le=7)] = 2
    smoothing: Annotated[
        str, Opt("How unseen classes get probability (docs/smoothing.md).", metavar="NAME")
    ] = "modified_kneser_ney"
    prune: Prune = None
    prune_entropy: PruneEntropy = None
    discount_fallback: Annotated[
        Any,
        Opt("Discounts where they cannot be estimated; 0.5 1 1.5 if not given.",
            metavar="'D1 D2 D3'"),
    ] = None  # fmt: skip
    smoothing_params: SmoothingParams = None
    word_delta: Annotated[float, Opt("Added to the count of each word within its class.", ge=0)] = (
        0.0
    )
    symbols: Symbols = "error"
    memory: CountingMemory = None
    workers: Workers = None

    # -------------------------------------------------------------------------------- training

    def fit(
        self,
        corpus: Any,
        classes: WordClusters | Mapping[str, Any] | StrPath,
        *,
        heldout: Any = None,
        progress: Progress | bool | None = None,
    ) -> Self:
        """Count the classes of a text and the words in them.

        Parameters
        ----------
        corpus : Corpus, EncodedCorpus, path or re-iterable of token lists
        classes : WordClusters, path, or mapping from words to classes
            A clustering that is fitted or loaded; a file of one (paths, TSV, native); or the
            class of each word, anything that can be a key of a dictionary.
        heldout : the same as corpus, optional
            For smoothing methods that fit weights.
        progress : Progress or bool, optional

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range, or ``classes`` is something else or empty.
        VocabularyError
            No word of the text has a class.
        CorpusError, TrainingError
            As `NgramLM.fit`.
        """
        params = self.check_params()
        model = self._new_class_model()
        report = progress_of(progress)
        named, numbers = named_classes(classes)

        def in_words(text: Any) -> EncodedCorpus:
            options = {"workers": params["workers"], "progress": report}
            return corpus_in_words_of(text, named, UNK_ID, **options)[0]

        with in_words(corpus) as encoded:
            made = words_of_text(encoded, numbers, params["word_delta"])
            new_ids = made.classes_by_old_id(len(named))
            sequence = encoded.renumbered(made.classes, new_ids)
            if heldout is None:
                model.fit(sequence, progress=report)
            else:
                with in_words(heldout) as held:
                    others = held.renumbered(made.classes, new_ids)
                    model.fit(sequence, heldout=others, progress=report)
        self._set(made.words, made.class_of, made.log_word, model)
        self.n_unknown_ = made.n_unknown
        return self

    def _set(
        self,
        words: WordList,
        class_of: NDArray[np.uint32],
        log_word: NDArray[np.float64],
        class_model: NgramLM,
    ) -> None:
        self._words, self.class_of_, self.log_word_ = words, class_of, log_word
        self.class_model_ = class_model
        self.__dict__.pop("_by_word", None)

    def _new_class_model(self) -> NgramLM:
        """The model of the classes, unfitted; errors for parameters that do not fit."""
        shared = {param.name for param in params_of(NgramLM)} & {p.name for p in params_of(ClassLM)}
        given = {name: getattr(self, name) for name in shared}
        if self.smoothing == "modified_kneser_ney" and self.discount_fallback is None:
            given["discount_fallback"] = FALLBACK
        model = NgramLM(**given)
        model.check()
        return model

    # ------------------------------------------------------------------------------ questions

    @property
    def words(self) -> WordList:
        """The vocabulary; ids are indices."""
        if not hasattr(self, "_words"):
            raise NotFittedError("this ClassLM has no model yet: fit() it or load() one")
        return self._words

    @property
    def special_ids(self) -> tuple[int, int, int]:
        """Ids of ``<unk>``, ``<s>`` and ``</s>``."""
        return 0, 1, 2

    @property
    def metadata_(self) -> dict[str, Any]:
        """How the classes' model was made: smoothing, discounts, counts."""
        self.words  # noqa: B018 (not fitted: says so)
        return self.class_model_.metadata_

    def _estimate(self) -> dict[str, Any]:
        return self.metadata_

    def _score(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.uint64],
        bos: bool,
        eos: bool,
        workers: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        scores, lengths = self.class_model_._score(self.class_of_[ids], offsets, bos, eos, workers)
        own = self.log_word_[ids]
        return scores + (with_ends(own, offsets, 0.0) if eos else own), lengths

    def score_sentence(
        self, text: str | Sequence[str], bos: bool = True, eos: bool = True
    ) -> float:
        found = self._by_word
        words = text.encode().split() if isinstance(text, str) else [w.encode() for w in text]
        unknown = found[b"<unk>"]
        pairs = [found.get(word, unknown) for word in words]
        classes = " ".join([name for name, _ in pairs])
        log_words = sum([log_word for _, log_word in pairs])
        return self.class_model_.score_sentence(classes, bos, eos) + log_words

    @cached_property
    def _by_word(self) -> dict[bytes, tuple[str, float]]:
        """The name of the class of each word, and log10 p(w | c(w)): for one sentence at a time."""
        words = map(self.words.bytes_at, range(len(self.words)))
        names = self.class_model_.words.to_list()
        pairs = zip(self.class_of_.tolist(), self.log_word_.tolist(), strict=True)
        return {word: (names[c], log) for word, (c, log) in zip(words, pairs, strict=True)}

    def _begin(self, bos: bool) -> State:
        self.words  # noqa: B018 (not fitted: says so)
        return self.class_model_._begin(bos)

    def _step(self, state: State, word: int) -> tuple[State, float]:
        behind, log_prob = self.class_model_._step(state, int(self.class_of_[word]))
        return behind, log_prob + float(self.log_word_[word])

    def _following(self, state: State, workers: int) -> NDArray[np.float32]:
        classes = self.class_model_._following(state, workers)
        return (classes[self.class_of_] + self.log_word_).astype(np.float32)

    # ----------------------------------------------------------------------------------- files

    def to_native(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of the native file."""
        words = self.words
        arrays, metadata = pack(self.class_model_, PART)
        own: dict[str, NDArray[Any]] = {
            "word_bytes": words.blob,
            "word_offsets": words.offsets,
            "class_of": self.class_of_,
            "log_word": self.log_word_,
        }
        return own | arrays, {
            "kind": self.kind,
            "params": plain_params(self),
            "n_unknown": self.n_unknown_,
            "class_model": metadata,
        }

    @classmethod
    def from_native(cls, file: NativeFile, path: StrPath, *, workers: int | None = None) -> Self:
        """The model of an opened file; FormatError if it is damaged or holds something else."""
        cls.check_kind(file, path)
        part = unpack(file, PART, file.metadata.get("class_model"), path)
        class_model = NgramLM.from_native(part, path, workers=workers)
        made = cls(**known_params(cls, file, path, leave_out=("workers",)), workers=workers)
        words = WordList.from_arrays(file.arrays, path)
        try:
            class_of, log_word = file.arrays["class_of"], file.arrays["log_word"]
            specials, n_unknown = words[:N_SPECIALS], int(file.metadata["n_unknown"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the class-based model is damaged ({error})") from None
        shape = (len(words),)
        if (
            specials != list(SPECIALS)
            or (class_of.dtype, class_of.shape) != (np.uint32, shape)
            or (log_word.dtype, log_word.shape) != (np.float64, shape)
            or int(class_of.max()) >= len(class_model.words)
        ):
            raise FormatError(f"{path}: the class-based model is damaged: its arrays do not fit")
        made._set(words, class_of, log_word, class_model)
        made.n_unknown_ = n_unknown
        return made

    def __repr__(self) -> str:
        if not hasattr(self, "_words"):
            return f"<ClassLM of order {self.order}, not fitted>"
        n = len(self.class_model_.words) - N_SPECIALS
        return f"<ClassLM of order {self.order}: {n:,} classes, {len(self.words):,} words>"
