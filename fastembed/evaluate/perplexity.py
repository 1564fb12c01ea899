"""Perplexity of a text under a language model, of any kind.

For tokens w_1 ... w_N, which are the words of all sentences and one ``</s>`` for each of them,

    perplexity = 10 ** (-(1 / N) * sum_i log10 p(w_i | the words before it in its sentence))

A word that the model does not know is scored as its ``<unk>``. It counts in ``perplexity`` and is
left out of ``perplexity_without_oov``, both of the sum and of N (KenLM's and SRILM's convention).
``<s>`` is a history and never scored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.errors import CorpusError
from fastembed.core.progress import Progress, progress_of
from fastembed.text.corpus import corpus_in_words_of
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

__all__ = [
    "LanguageModel",
    "Perplexity",
    "perplexity",
    "sentence_scores",
    "text_blocks",
    "text_perplexity",
    "unknown_tokens",
    "with_ends",
]

BLOCK_TOKENS = 1 << 20
_T = TypeVar("_T", bound=np.generic)


@runtime_checkable
class LanguageModel(Protocol):
    """What gives a probability to every word of a sentence.

    A class-based, neural or any other model needs these four, and then `perplexity`,
    `fastembed.InterpolatedLM` and the command line work on it. One that scores many sentences
    faster than one by one has a method ``score_ids(ids, offsets)`` too, which gives what
    `sentence_scores` gives.
    """

    @property
    def words(self) -> WordList:
        """The vocabulary; ids are indices."""

    @property
    def special_ids(self) -> tuple[int, int, int]:
        """Ids of ``<unk>``, ``<s>`` and ``</s>``."""

    def logprob(self, ids: ArrayLike, context_ids: ArrayLike = ()) -> NDArray[np.float64]:
        """log10 p(ids[i] | context_ids, ids[:i]) for each i, float64."""


@dataclass(frozen=True)
class Perplexity:
    """What a text costs under a model; see the module for the definitions.

    Attributes
    ----------
    perplexity : float
        Of all tokens, unknown words as ``<unk>``; ``inf`` where one is impossible.
    perplexity_without_oov : float
        Of the tokens that the model knows; ``nan`` if it knows none.
    tokens : int
        Words and ``</s>``.
    words, sentences, oov : int
        Words; sentences, each with one ``</s>``; words that the model does not know.
    log_prob, log_prob_oov : float
        Sums of logarithms to ``base``: of all tokens, of unknown words.
    entropy : float
        Bits a token: log2 of the perplexity.
    base : int
        10.
    """

    perplexity: float
    perplexity_without_oov: float
    tokens: int
    words: int
    sentences: int
    oov: int
    log_prob: float
    log_prob_oov: float
    entropy: float
    base: int = 10

    @classmethod
    def of_sums(
        cls, log_prob_known: float, log_prob_oov: float, tokens: int, oov: int, sentences: int
    ) -> Perplexity:
        """From sums of log10 probabilities, of the tokens that the model knows and of unknown words
        (either may be -inf without the other), and counts."""
        log_prob = log_prob_known + log_prob_oov
        mean = -log_prob / tokens if tokens else math.nan
        known = tokens - oov
        return cls(
            perplexity=_power(mean),
            perplexity_without_oov=_power(-log_prob_known / known) if known else math.nan,
            tokens=tokens,
            words=tokens - sentences,
            sentences=sentences,
            oov=oov,
            log_prob=log_prob,
            log_prob_oov=log_prob_oov,
            entropy=mean * math.log2(10),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def _power(exponent: float) -> float:
    return math.inf if exponent >= 308 else 10.0**exponent


def text_blocks(
    model: LanguageModel,
    corpus: Any,
    *,
    tokens: int = BLOCK_TOKENS,
    progress: Progress | bool | None = None,
) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint64]]]:
    """A text as blocks of whole sentences, in ids of the model's words.

    Words that the model does not know are its ``<unk>``; blank lines are sentences. The words of
    an `EncodedCorpus` are looked up by their names.

    Yields
    ------
    ids : ndarray of uint32
        About ``tokens`` of them, without ``<s>`` and ``</s>``.
    offsets : ndarray of uint64
        Where each sentence begins, from 0, and the number of ids.

    Raises
    ------
    CorpusError
        ``<s>`` or ``</s>`` stands in the text, or there is no sentence.
    """
    unk, bos, eos = model.special_ids
    vocabulary = Vocabulary(model.words, np.ones(len(model.words), dtype=np.int64))
    encoded, name = corpus_in_words_of(corpus, vocabulary, unk, progress=progress)
    report = progress_of(progress)
    report.start(encoded.n_tokens, "tokens", "scoring")
    with encoded:
        first = 0
        for ids, offsets in _sentence_blocks(encoded, tokens):
            marks = np.flatnonzero((ids == bos) | (ids == eos))
            if len(marks):
                number = first + int(np.searchsorted(offsets, marks[0], side="right"))
                raise CorpusError(
                    f"{name}: sentence {number}: {model.words[int(ids[marks[0]])]!r} stands in the "
                    "text; sentences get their beginning and end from the model"
                )
            yield ids, offsets
            first += len(offsets) - 1
            report.update(int(encoded.offsets[first]))
    report.close()
    if first == 0:
        raise CorpusError(f"{name}: there is no sentence to score")


def _sentence_blocks(
    corpus: EncodedCorpus, tokens: int
) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint64]]]:
    offsets, first = corpus.offsets, 0
    while first < corpus.n_sentences:
        begin = int(offsets[first])
        # as many sentences as end within the block, at least one; empty ones take room too
        ends = offsets[first + 1 : first + 1 + tokens]
        last = first + max(1, int(np.searchsorted(ends, begin + tokens, side="right")))
        local = offsets[first : last + 1] - np.uint64(begin)
        yield corpus.read(begin, begin + int(local[-1])), local
        first = last


def sentence_scores(
    model: LanguageModel, ids: NDArray[np.uint32], offsets: NDArray[np.uint64]
) -> NDArray[np.float64]:
    """log10 probability of every token of some sentences, ``</s>`` behind each.

    Returns
    -------
    ndarray of float64, shape (tokens + sentences,)
    """
    fast = getattr(model, "score_ids", None)
    if fast is not None:
        return fast(ids, offsets)
    _, bos, eos = model.special_ids
    parts = [
        model.logprob(np.append(ids[a:b], np.uint32(eos)), [bos])
        for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    ]
    return np.concatenate([np.empty(0), *parts])


def unknown_tokens(
    ids: NDArray[np.uint32], offsets: NDArray[np.uint64], unk: int
) -> NDArray[np.bool_]:
    """Which of the tokens of `sentence_scores` are ``<unk>``."""
    return with_ends(ids == unk, offsets, False)


def with_ends(values: NDArray[_T], offsets: NDArray[np.uint64], end: Any) -> NDArray[_T]:
    """One value of each word of some sentences, with that of ``</s>`` behind each sentence."""
    lengths = (offsets[1:] - offsets[:-1]).astype(np.int64)
    whole = np.full(len(values) + len(lengths), end, dtype=values.dtype)
    whole[np.arange(len(values)) + np.repeat(np.arange(len(lengths)), lengths)] = values
    return whole


def perplexity(
    model: LanguageModel, corpus: Any, *, progress: Progress | bool | None = None
) -> Perplexity:
    """Perplexity of a text.

    Parameters
    ----------
    model : LanguageModel
        An `fastembed.NgramLM`, an `fastembed.InterpolatedLM`, or anything else of the protocol.
    corpus : Corpus, EncodedCorpus, path or re-iterable of token lists
        Each line or list is a sentence, a blank one too (its ``</s>`` is scored).

    Raises
    ------
    CorpusError
        The text has no sentence.

    Examples
    --------
    >>> from fastembed import NgramLM
    >>> text = [["a", "b"], ["a", "c"]]
    >>> model = NgramLM(order=2, smoothing="additive").fit(text)
    >>> result = perplexity(model, text)
    >>> result.tokens, result.sentences, result.oov
    (6, 2, 0)
    """
    own = getattr(model, "perplexity", None)
    if own is not None:
        return own(corpus, progress=progress)
    return text_perplexity(model, corpus, progress=progress)


def text_perplexity(
    model: LanguageModel, corpus: Any, *, progress: Progress | bool | None = None
) -> Perplexity:
    """The same from the model's scores alone, for its own method ``perplexity`` to call."""
    log_prob_known = log_prob_oov = 0.0
    tokens = oov = sentences = 0
    for ids, offsets in text_blocks(model, corpus, progress=progress):
        scores = sentence_scores(model, ids, offsets)
        unknown = unknown_tokens(ids, offsets, model.special_ids[0])
        log_prob_known += float(scores[~unknown].sum())
        log_prob_oov += float(scores[unknown].sum())
        tokens += len(scores)
        oov += int(unknown.sum())
        sentences += len(offsets) - 1
    return Perplexity.of_sums(log_prob_known, log_prob_oov, tokens, oov, sentences)
