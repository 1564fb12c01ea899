"""What a neural language model can be asked: scores, perplexity, new sentences.

All logarithms are to base 10, as for n-gram models. Every score is exact: it is a logarithm of the
full softmax (or of class and word within the class), however the model was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed._native import _lmscore, _nlm
from fastembed._native._ngram_stream import fill_stream
from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers, single_threaded_blas
from fastembed.evaluate.perplexity import Perplexity
from fastembed.evaluate.perplexity import perplexity as measure
from fastembed.ngram.sentence_model import KnowsWords, TokenScore
from fastembed.ngram.tables import BOS_ID, EOS_ID, UNK_ID
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

__all__ = ["NeuralQueries"]

LOG10E = 0.4342944819032518
TOGETHER = 64  # sentences that are drawn side by side
CALL = 1 << 13  # places that are scored by one native call


class NeuralQueries(KnowsWords):
    """The questions, of anything with a vocabulary and a network (`fastembed.NeuralLM`)."""

    vocabulary_: Vocabulary
    workers: int | None
    context: int

    def _scorer(self) -> _nlm.Net:
        """The network for scoring; NotFittedError if there is none."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------- words

    @property
    def words(self) -> WordList:
        """The vocabulary; ids are indices."""
        self._scorer()
        return self.vocabulary_.words

    @property
    def special_ids(self) -> tuple[int, int, int]:
        """Ids of ``<unk>``, ``<s>`` and ``</s>``."""
        return UNK_ID, BOS_ID, EOS_ID

    # -------------------------------------------------------------------------------- scoring

    def _score(self, stream: NDArray[np.uint32], places: NDArray[np.uint32]) -> NDArray[np.float64]:
        if len(places) == 0:
            return np.empty(0)
        net = self._scorer()
        with single_threaded_blas():
            # call by call, so that Ctrl-C is heard
            parts = [net.score(stream, places[i : i + CALL]) for i in range(0, len(places), CALL)]
        return -LOG10E * np.concatenate(parts)

    def score_ids(
        self, ids: NDArray[np.uint32], offsets: NDArray[np.uint64]
    ) -> NDArray[np.float64]:
        """log10 probability of each token of some sentences, ``</s>`` behind each."""
        n = len(offsets) - 1
        stream = np.empty(len(ids) + 2 * n, dtype=np.uint32)
        workers = resolve_workers(self.workers)
        ids = np.ascontiguousarray(ids, dtype=np.uint32)
        bad = fill_stream(ids, 0, np.ascontiguousarray(offsets, dtype=np.uint64), None, BOS_ID,
                          EOS_ID, stream, workers)  # fmt: skip
        if bad >= 0:
            raise ValueError(f"token {bad} is <s> or </s>, which the model puts around sentences")
        return self._score(stream, np.flatnonzero(stream != BOS_ID).astype(np.uint32))

    def logprob(self, ids: ArrayLike, context_ids: ArrayLike = ()) -> NDArray[np.float64]:
        """log10 p(ids[i] | context_ids, ids[:i]) for each i (`evaluate.LanguageModel`).

        A context of fewer words than the model looks back is taken for the beginning of a
        sentence, as if ``<s>`` stood before it.
        """
        context = np.atleast_1d(np.asarray(context_ids, dtype=np.uint32))
        ids = np.atleast_1d(np.asarray(ids, dtype=np.uint32))
        stream = np.concatenate([[BOS_ID], context, ids, [EOS_ID]]).astype(np.uint32)
        begin = 1 + len(context)
        return self._score(stream, np.arange(begin, begin + len(ids), dtype=np.uint32))

    def full_scores(
        self, text: str | Sequence[str], bos: bool = True, eos: bool = True
    ) -> list[TokenScore]:
        """How each word of a sentence, and ``</s>`` if ``eos``, is scored.

        Returns
        -------
        list of TokenScore
            Tuples (log10 probability, words that were looked at, whether it is unknown).
        """
        ids = self._ids(text)
        tokens = np.append(ids, np.uint32(EOS_ID)) if eos else ids
        seen = [min(self.context, place + bos) + 1 for place in range(len(tokens))]
        unknown = [bool(i == UNK_ID) for i in tokens]
        scores = self.logprob(tokens).tolist()
        return [TokenScore(*row) for row in zip(scores, seen, unknown, strict=True)]

    def score_sentence(
        self, text: str | Sequence[str], bos: bool = True, eos: bool = True
    ) -> float:
        """log10 probability of a sentence.

        Parameters
        ----------
        text : str or list of str
            Words are cut at ASCII white space; or a list of words.
        bos, eos : bool
            The model always begins behind ``<s>``, so ``bos=False`` changes nothing; count
            ``</s>`` at the end.
        """
        return float(sum(score.log_prob for score in self.full_scores(text, bos, eos)))

    def logscore(self, word: str, context: str | Sequence[str] = ()) -> float:
        """log10 p(word | context), the words before it, of which the last ``context`` count."""
        return float(self.logprob([self.id_of(word)], self._ids(context))[0])

    def perplexity(self, corpus: Any, *, progress: Progress | bool | None = None) -> Perplexity:
        """Perplexity of a text, exact for every output layer; see `evaluate.perplexity`."""
        return measure(_Bare(self), corpus, progress=progress)

    def entropy(self, corpus: Any, *, progress: Progress | bool | None = None) -> float:
        """Cross-entropy of a text: bits a token, log2 of its perplexity."""
        return self.perplexity(corpus, progress=progress).entropy

    # -------------------------------------------------------------------------------- words next

    def _next(self, histories: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """log10 p of every word behind each history, (histories, V)."""
        parts: list[Sequence[int]] = []
        places, at = [], 0
        for history in histories:
            part = [BOS_ID, *history, EOS_ID]
            parts.append(part)
            places.append(at + len(part) - 1)
            at += len(part)
        stream = np.concatenate([np.asarray(part, dtype=np.uint32) for part in parts])
        with single_threaded_blas():
            return self._scorer().score(stream, np.array(places, dtype=np.uint32), export=True)

    def distribution(self, context: str | Sequence[str] = ()) -> NDArray[np.float32]:
        """log10 p(w | context) of every word of the vocabulary, float32 (V,)."""
        return self._next([self._ids(context).tolist()])[0]

    def generate(
        self,
        n: int = 1,
        seed: int = 1,
        context: str | Sequence[str] = (),
        temperature: float = 1.0,
        *,
        top_k: int | None = None,
        max_words: int = 1000,
    ) -> list[str]:
        """Draw sentences from the model.

        Parameters
        ----------
        n : int
            How many.
        seed : int
            Equal seeds give equal sentences; the random numbers of sentence i belong to (seed, i).
        context : str or list of str
            How each sentence begins; not part of what is returned.
        temperature : float
            Below 1 the probable words become more probable; 0 takes the most probable one always.
        top_k : int, optional
            Draw from so many of the most probable words only.
        max_words : int
            A sentence ends here at the latest.
        """
        if not temperature >= 0 or n < 0 or max_words < 1 or (top_k is not None and top_k < 1):
            raise ValueError(
                "n must be >= 0, temperature >= 0, top_k >= 1 or None and max_words >= 1; "
                f"got {n}, {temperature}, {top_k}, {max_words}"
            )
        begin = self._ids(context).tolist()
        banned = np.array([BOS_ID, UNK_ID], dtype=np.uint32)
        sentences: list[list[int]] = []
        for first in range(0, n, TOGETHER):
            draws = [_lmscore.Draws(seed, i) for i in range(first, min(first + TOGETHER, n))]
            some: list[list[int]] = [[] for _ in draws]
            active = list(range(len(draws)))
            while active:
                scores = self._next([(begin + some[i])[-self.context :] for i in active])
                scores[:, banned] = -np.inf
                if top_k is not None and top_k < scores.shape[1]:
                    least = np.partition(scores, -top_k, axis=1)[:, -top_k]
                    scores[scores < least[:, None]] = -np.inf
                going = []
                for row, i in zip(scores, active, strict=True):
                    word = draws[i].draw(row, banned, float(temperature))
                    if word < 0 or word == EOS_ID:
                        continue
                    some[i].append(word)
                    if len(some[i]) < max_words:
                        going.append(i)
                active = going
            sentences += some
        return [" ".join(self.words[i] for i in sentence) for sentence in sentences]


class _Bare:
    """The protocol without the method `perplexity`, so that the general way is taken."""

    def __init__(self, model: NeuralQueries) -> None:
        self.words, self.special_ids = model.words, model.special_ids
        self.logprob, self.score_ids = model.logprob, model.score_ids
