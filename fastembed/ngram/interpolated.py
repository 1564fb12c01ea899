"""InterpolatedLM: a mixture of language models of any kind, with weights fitted by EM.

    p(w | h) = sum_j weight_j * p_j(w | h)

(Jelinek & Mercer 1980). Expectation maximisation on held-out text: the new weight of a model is the
mean, over the tokens, of its share weight_j p_j / sum_i weight_i p_i; the likelihood of the text
never falls.

The vocabulary of the mixture is the union of its models'. A model that does not know a word which
another one knows gives it nothing; a word that none knows is scored by each model's ``<unk>``.

The native file of a mixture has its models in it (`fastembed.ngram.files.pack`), so that it needs
no other file and none can change below it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.errors import FormatError, NotFittedError, TrainingError
from fastembed.core.files import StrPath
from fastembed.core.progress import Progress, progress_of
from fastembed.evaluate.perplexity import (
    LanguageModel,
    Perplexity,
    sentence_scores,
    text_blocks,
    text_perplexity,
    unknown_tokens,
)
from fastembed.io.native import NativeFile
from fastembed.ngram.files import NativeModel, pack, read_model, unpack
from fastembed.ngram.sentence_model import SentenceModel
from fastembed.ngram.union import union_of_words
from fastembed.text.wordlist import WordList

__all__ = ["InterpolatedLM"]


class InterpolatedLM(SentenceModel, NativeModel):
    """A mixture of language models.

    Parameters
    ----------
    models : sequence of LanguageModel
        `NgramLM`, `CacheLM`, or anything with the protocol of
        `fastembed.evaluate.LanguageModel`.
    weights : sequence of float, optional
        One a model, not negative, with sum 1. Without them `fit` finds them.

    Attributes
    ----------
    weights_ : ndarray of float64, shape (models,)
    n_iter_ : int
        Steps of the last `fit`.
    perplexity_history_ : list of float
        Perplexity of the held-out text before each step.

    Examples
    --------
    >>> from fastembed import NgramLM
    >>> text = [["a", "b"], ["b", "a", "b"]] * 3
    >>> one = NgramLM(order=1, smoothing="additive").fit(text)
    >>> two = NgramLM(order=2, smoothing="additive").fit(text)
    >>> mixture = InterpolatedLM([one, two]).fit(text)
    >>> bool(mixture.weights_[1] > 0.5)
    True
    """

    kind: ClassVar[str] = "mixture of models"

    def __init__(
        self, models: Sequence[LanguageModel], weights: Sequence[float] | None = None
    ) -> None:
        self.models = list(models)
        if not self.models:
            raise ValueError("a mixture needs at least one model")
        self.weights = weights
        if weights is not None:
            given = np.asarray(weights, dtype=np.float64)
            if (
                given.shape != (len(self.models),)
                or not (given >= 0).all()
                or not math.isclose(given.sum(), 1, abs_tol=1e-6)
            ):
                raise ValueError(
                    f"weights must be {len(self.models)} numbers >= 0 with sum 1; got {weights!r}"
                )
            self.weights_ = given
        self._words, self._maps = union_of_words(self.models)
        self.order = max(getattr(model, "order", 1) for model in self.models)
        self.workers = None

    # ------------------------------------------------------------------ weights

    def fit(
        self,
        heldout: Any,
        *,
        max_iter: int = 100,
        tol: float = 1e-6,
        progress: Progress | bool | None = None,
    ) -> Self:
        """Fit the weights to held-out text, which no model may have seen.

        Parameters
        ----------
        heldout : Corpus, EncodedCorpus, path or re-iterable of token lists
            Its probabilities are kept in memory: eight bytes a token and model.
        max_iter : int
        tol : float
            Stop when the log10 likelihood of a token rises by less.

        Raises
        ------
        TrainingError
            Every model gives zero probability to some token.
        """
        if max_iter < 1 or not tol >= 0:
            raise ValueError(f"max_iter must be >= 1 and tol >= 0; got {max_iter} and {tol}")
        self._check_normalised()
        self.reset()
        parts = [scores for scores, _, _ in self._blocks(heldout, progress)]
        log10 = np.concatenate(parts, axis=1)
        top = log10.max(axis=0)
        if not np.isfinite(top).all():
            at = int(np.flatnonzero(~np.isfinite(top))[0])
            raise TrainingError(f"token {at} of the held-out text is impossible under every model")
        shares = 10.0 ** (log10 - top)
        weights = np.full(len(self.models), 1 / len(self.models))
        self.perplexity_history_ = []
        before = -math.inf
        for step in range(1, max_iter + 1):
            mixed = weights @ shares
            mean = float(np.mean(top + np.log10(mixed)))
            self.perplexity_history_.append(10**-mean)
            self.n_iter_ = step
            if mean - before < tol:
                break
            before = mean
            weights = weights * (shares / mixed).mean(axis=1)
            weights /= weights.sum()
        self.weights_ = weights
        self.reset()
        return self

    def reset(self) -> None:
        """Models with a memory (a cache) begin without one."""
        for model in self.models:
            forget = getattr(model, "reset", None)
            if forget is not None:
                forget()

    def _check_normalised(self) -> None:
        for model in self.models:
            if isinstance(model, SentenceModel):
                model._check_normalised()

    def _fitted(self) -> NDArray[np.float64]:
        if not hasattr(self, "weights_"):
            raise NotFittedError("the mixture has no weights yet: fit() them, or give them")
        return self.weights_

    # ------------------------------------------------------------------ scores

    @property
    def words(self) -> WordList:
        """The vocabulary, the union of the models'; ids are indices."""
        return self._words

    @property
    def special_ids(self) -> tuple[int, int, int]:
        """Ids of ``<unk>``, ``<s>`` and ``</s>``."""
        return 0, 1, 2

    def _blocks(
        self, corpus: Any, progress: Progress | bool | None
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_], int]]:
        """Scores (models, tokens), unknown tokens, and sentences, of each block of a text."""
        for ids, offsets in text_blocks(self, corpus, progress=progress_of(progress)):
            unknown = unknown_tokens(ids, offsets, 0)
            yield self._model_scores(ids, offsets), unknown, len(offsets) - 1

    def _model_scores(
        self, ids: NDArray[np.uint32], offsets: NDArray[np.uint64]
    ) -> NDArray[np.float64]:
        scores = np.empty((len(self.models), len(ids) + len(offsets) - 1))
        known_to_any = ~unknown_tokens(ids, offsets, 0)
        for row, model, own in zip(scores, self.models, self._maps, strict=True):
            mine = own[ids]
            row[:] = sentence_scores(model, mine, offsets)
            row[known_to_any & unknown_tokens(mine, offsets, model.special_ids[0])] = -math.inf
        return scores

    def _mix(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore"):
            weighted = scores + np.log10(self._fitted())[:, None]
            top = weighted.max(axis=0)
            base = np.where(np.isfinite(top), top, 0)
            return base + np.log10(np.sum(10.0 ** (weighted - base), axis=0))

    def score_ids(
        self, ids: NDArray[np.uint32], offsets: NDArray[np.uint64]
    ) -> NDArray[np.float64]:
        """log10 probability of each token of some sentences, ``</s>`` behind each."""
        return self._mix(self._model_scores(ids, offsets))

    def logprob(self, ids: ArrayLike, context_ids: ArrayLike = ()) -> NDArray[np.float64]:
        """log10 p(ids[i] | context_ids, ids[:i]) for each i (`evaluate.LanguageModel`)."""
        ids, context = self._as_ids(ids), self._as_ids(context_ids, "context_ids")
        scores = np.empty((len(self.models), len(ids)))
        for row, model, own in zip(scores, self.models, self._maps, strict=True):
            mine = own[ids]
            row[:] = model.logprob(mine, own[context])
            row[(ids != 0) & (mine == model.special_ids[0])] = -math.inf
        return self._mix(scores)

    def perplexity(self, corpus: Any, *, progress: Progress | bool | None = None) -> Perplexity:
        """Perplexity of a text; see `fastembed.evaluate.perplexity`."""
        self._fitted()
        self._check_normalised()
        self.reset()
        return text_perplexity(self, corpus, progress=progress)

    # ------------------------------------------------------------------ word by word

    def _score(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.uint64],
        bos: bool,
        eos: bool,
        workers: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        parts = [
            self.logprob(np.append(ids[a:b], [np.uint32(2)] * eos), [1] * bos)
            for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        ]
        scores = np.concatenate([np.empty(0), *parts])
        return scores, np.zeros(len(scores), dtype=np.uint8)  # no n-gram is "the" one

    def _sentence_models(self) -> list[SentenceModel]:
        for model in self.models:
            if not isinstance(model, SentenceModel):
                raise TypeError(
                    f"a {type(model).__name__} cannot be asked word by word, nor can a mixture "
                    "with one in it"
                )
        return self.models  # type: ignore[return-value]

    def _check_bos(self, bos: bool) -> None:
        for model in self.models:
            if isinstance(model, SentenceModel):
                model._check_bos(bos)

    def _begin(self, bos: bool) -> tuple[Any, ...]:
        self._fitted()
        return tuple(model._begin(bos) for model in self._sentence_models())

    def _behind(self, state: tuple[Any, ...], word: int) -> tuple[Any, ...]:
        parts = zip(self._sentence_models(), state, self._maps, strict=True)
        return tuple(model._behind(one, int(own[word])) for model, one, own in parts)

    def _step(self, state: tuple[Any, ...], word: int) -> tuple[tuple[Any, ...], float]:
        behind, scores = [], np.empty((len(self.models), 1))
        for j, model in enumerate(self._sentence_models()):
            mine = int(self._maps[j][word])
            one, scores[j] = model._step(state[j], mine)
            behind.append(one)
            if word != 0 and mine == model.special_ids[0]:
                scores[j] = -math.inf
        return tuple(behind), float(self._mix(scores)[0])

    def _following(self, state: tuple[Any, ...], workers: int) -> NDArray[np.float32]:
        scores = np.empty((len(self.models), len(self.words)))
        for j, model in enumerate(self._sentence_models()):
            own = self._maps[j]
            scores[j] = model._following(state[j], workers)[own]
            scores[j, 1:][own[1:] == model.special_ids[0]] = -math.inf
        return self._mix(scores).astype(np.float32)

    # ------------------------------------------------------------------ files

    def to_native(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of the native file; TypeError if a model has no native format."""
        arrays: dict[str, NDArray[Any]] = {"weights": self._fitted()}
        about = []
        for i, model in enumerate(self.models):
            part, metadata = pack(model, f"{i}.")
            arrays |= part
            about.append(metadata)
        return arrays, {"kind": self.kind, "models": about}

    @classmethod
    def from_native(cls, file: NativeFile, path: StrPath, *, workers: int | None = None) -> Self:
        """The mixture of an opened file; FormatError if it is damaged or holds something else."""
        cls.check_kind(file, path)
        about, weights = file.metadata.get("models"), file.arrays.get("weights")
        if not isinstance(about, list) or weights is None:
            raise FormatError(f"{path}: the mixture is damaged (no models or weights)")
        models = [
            read_model(unpack(file, f"{i}.", metadata, path), path, workers=workers)
            for i, metadata in enumerate(about)
        ]
        try:
            return cls(models, weights.tolist())
        except (TypeError, ValueError) as error:
            raise FormatError(f"{path}: the mixture is damaged ({error})") from None

    def __repr__(self) -> str:
        weights = getattr(self, "weights_", None)
        shown = "not fitted" if weights is None else ", ".join(f"{w:.3f}" for w in weights)
        return f"<InterpolatedLM of {len(self.models)} models: {shown}>"
