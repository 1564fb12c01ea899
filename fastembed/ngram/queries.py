"""What an n-gram model can be asked: scores of words and sentences, perplexity, new sentences.

All logarithms are to base 10, as in ARPA files. How the tables are looked up: docs/lm.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed._native import _lmquery, _lmscore
from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers
from fastembed.evaluate.perplexity import Perplexity, text_blocks
from fastembed.ngram.binary import QueryTables
from fastembed.ngram.state import State
from fastembed.text.wordlist import WordList

__all__ = ["NgramQueries", "TokenScore"]


class TokenScore(NamedTuple):
    """How one token was scored."""

    log_prob: float  # log10
    ngram_length: int  # words of the n-gram that was found, this one included
    oov: bool  # the model does not know the word


class NgramQueries:
    """The questions, of anything with query tables (`fastembed.NgramLM`)."""

    order: int
    workers: int | None
    _query: _lmquery.Query | None

    if TYPE_CHECKING:

        @property
        def tables_(self) -> QueryTables: ...

    def _ready(self) -> _lmquery.Query:
        self._query = self.tables_.query
        return self._query

    # -------------------------------------------------------------------------------- words

    @property
    def words(self) -> WordList:
        """The vocabulary; ids are indices."""
        return self.tables_.words

    @property
    def special_ids(self) -> tuple[int, int, int]:
        """Ids of ``<unk>``, ``<s>`` and ``</s>``."""
        tables = self.tables_
        return tables.unk, tables.bos, tables.eos

    def __contains__(self, word: str) -> bool:
        return _lmscore.find(self._ready(), word) >= 0

    def id_of(self, word: str) -> int:
        """Id of a word, that of ``<unk>`` for one that the model does not know."""
        found = _lmscore.find(self._ready(), word)
        return found if found >= 0 else self.tables_.unk

    def _ids(self, words: str | Sequence[str]) -> NDArray[np.uint32]:
        if isinstance(words, str):
            words = [word.decode() for word in words.encode().split()]
        return np.array([self.id_of(word) for word in words], dtype=np.uint32)

    # -------------------------------------------------------------------------------- scoring

    def score_sentence(
        self, text: str | Sequence[str], bos: bool = True, eos: bool = True
    ) -> float:
        """log10 probability of a sentence.

        Parameters
        ----------
        text : str or list of str
            Words are cut at ASCII white space; or a list of words.
        bos, eos : bool
            Begin behind ``<s>``; count ``</s>`` at the end.

        Examples
        --------
        >>> from fastembed import NgramLM
        >>> text = [["a", "b"], ["a", "c"]]
        >>> model = NgramLM(order=2, smoothing="additive").fit(text)
        >>> model.score_sentence("a b") == model.score_sentence(["a", "b"])
        True
        """
        if isinstance(text, str):
            query = self.__dict__.get("_query")
            return _lmscore.text_sum(self._ready() if query is None else query, text, bos, eos)
        return sum(score.log_prob for score in self.full_scores(text, bos, eos))

    def full_scores(
        self, text: str | Sequence[str], bos: bool = True, eos: bool = True
    ) -> list[TokenScore]:
        """How each word of a sentence, and ``</s>`` if ``eos``, is scored.

        Returns
        -------
        list of TokenScore
            Tuples (log10 probability, words of the n-gram that was found, whether it is unknown).
        """
        query = self._ready()
        if isinstance(text, str):
            scores, lengths, unknown = _lmscore.text_scores(query, text, bos, eos)
        else:
            ids = self._ids(text)
            n = len(ids) + eos
            scores, lengths = np.empty(n, np.float32), np.empty(n, np.uint8)
            _lmscore.sentences(
                query, ids, np.array([0, len(ids)], dtype=np.uint64), bos=bos, eos=eos, workers=1,
                scores=scores, lengths=lengths,
            )  # fmt: skip
            unknown = np.append(ids, [0] * eos) == self.tables_.unk
            unknown[len(ids) :] = False
        rows = zip(scores.tolist(), lengths.tolist(), unknown.tolist(), strict=True)
        return [TokenScore(*row) for row in rows]

    def logscore(self, word: str, context: str | Sequence[str] = ()) -> float:
        """log10 p(word | context), the words before it, of which the last ``order - 1`` count.

        A context that begins with ``<s>`` is the beginning of a sentence.

        Examples
        --------
        >>> from fastembed import NgramLM
        >>> text = [["a", "b"], ["a", "c"]]
        >>> model = NgramLM(order=2, smoothing="additive").fit(text)
        >>> model.logscore("b", ["a"]) == model.logscore("b", "<s> a")
        True
        """
        return float(self.logprob([self.id_of(word)], self._ids(context))[0])

    def begin_state(self) -> State:
        """The state at the beginning of a sentence."""
        return _lmscore.begin(self._ready(), True)

    def null_state(self) -> State:
        """The state without any history."""
        return _lmscore.begin(self._ready(), False)

    def score(self, state: State, word: str) -> tuple[State, float]:
        """One word further: the state behind it, and log10 p(word | state).

        Examples
        --------
        >>> from fastembed import NgramLM
        >>> text = [["a", "b"], ["a", "c"]]
        >>> model = NgramLM(order=3, smoothing="additive").fit(text)
        >>> state, total = model.begin_state(), 0.0
        >>> for word in ["a", "b", "</s>"]:
        ...     state, log_prob = model.score(state, word)
        ...     total += log_prob
        >>> abs(total - model.score_sentence("a b")) < 1e-6
        True
        """
        behind, log_prob, _ = _lmscore.step(self._ready(), state, self.id_of(word))
        return behind, log_prob

    def distribution(self, context: str | Sequence[str] = ()) -> NDArray[np.float32]:
        """log10 p(w | context) of every word of the vocabulary, float32 (V,)."""
        state, query = self.null_state(), self._ready()
        for word in self._ids(context).tolist()[-self.order :]:
            state, _, _ = _lmscore.step(query, state, word)
        return _lmscore.following(state, resolve_workers(self.workers))

    # -------------------------------------------------------------------------------- many

    def logprob(self, ids: ArrayLike, context_ids: ArrayLike = ()) -> NDArray[np.float64]:
        """log10 p(ids[i] | context_ids, ids[:i]) for each i (`evaluate.LanguageModel`)."""
        history = np.atleast_1d(np.asarray(context_ids, dtype=np.uint32))
        whole = np.concatenate([history, np.atleast_1d(np.asarray(ids, dtype=np.uint32))])
        scores = np.empty(len(whole), dtype=np.float32)
        _lmscore.sentences(
            self._ready(), whole, np.array([0, len(whole)], dtype=np.uint64), bos=False, eos=False,
            workers=1, scores=scores,
        )  # fmt: skip
        return scores[len(history) :].astype(np.float64)

    def score_ids(
        self, ids: NDArray[np.uint32], offsets: NDArray[np.uint64]
    ) -> NDArray[np.float64]:
        """log10 probability of each token of some sentences, ``</s>`` behind each."""
        scores = np.empty(len(ids) + len(offsets) - 1, dtype=np.float32)
        _lmscore.sentences(
            self._ready(), ids, offsets, bos=True, eos=True,
            workers=resolve_workers(self.workers), scores=scores,
        )  # fmt: skip
        return scores.astype(np.float64)

    def perplexity(self, corpus: Any, *, progress: Progress | bool | None = None) -> Perplexity:
        """Perplexity of a text, in C on all workers; see `fastembed.evaluate.perplexity`.

        Parameters
        ----------
        corpus : Corpus, EncodedCorpus, path or re-iterable of token lists
            A str is a path: for one sentence give ``[sentence]``.

        Raises
        ------
        ValueError
            The model's probabilities do not sum to one (stupid back-off).
        """
        self._check_normalised()
        query, workers = self._ready(), resolve_workers(self.workers)
        totals = np.zeros(5)
        for ids, offsets in text_blocks(self, corpus, progress=progress):
            totals += _lmscore.sentences(query, ids, offsets, bos=True, eos=True, workers=workers)
        tokens, oov, sentences = (int(total) for total in totals[2:])
        return Perplexity.of_sums(float(totals[0]), float(totals[1]), tokens, oov, sentences)

    def entropy(self, corpus: Any, *, progress: Progress | bool | None = None) -> float:
        """Cross-entropy of a text: bits a token, log2 of its perplexity."""
        return self.perplexity(corpus, progress=progress).entropy

    def _check_normalised(self) -> None:
        if self.tables_.metadata.get("normalised", True) is False:
            name = self.tables_.metadata.get("smoothing", "this model")
            raise ValueError(
                f"the scores of {name} are no probabilities (they do not sum to one), so there "
                "is no perplexity; score_sentence and full_scores give the scores"
            )

    def generate(
        self,
        n: int = 1,
        seed: int = 1,
        context: str | Sequence[str] = (),
        temperature: float = 1.0,
        *,
        max_words: int = 1000,
    ) -> list[str]:
        """Draw sentences from the model.

        Parameters
        ----------
        n : int
            How many.
        seed : int
            Equal seeds give equal sentences.
        context : str or list of str
            How each sentence begins; not part of what is returned.
        temperature : float
            Below 1 the probable words become more probable; 0 takes the most probable one always.
        max_words : int
            A sentence ends here at the latest.

        Examples
        --------
        >>> from fastembed import NgramLM
        >>> text = [["a", "b"], ["a", "c"]]
        >>> model = NgramLM(order=3, smoothing="additive").fit(text)
        >>> model.generate(2, seed=1) == model.generate(2, seed=1)
        True
        """
        from fastembed.ngram.generate import generate_ids

        if not temperature >= 0 or n < 0 or max_words < 1:
            raise ValueError(
                "n must be >= 0, temperature >= 0 and max_words >= 1; "
                f"got {n}, {temperature}, {max_words}"
            )
        sentences = generate_ids(
            self.tables_, n, seed=seed, context=self._ids(context).tolist(),
            temperature=float(temperature), max_words=max_words,
        )  # fmt: skip
        return [" ".join(self.words[i] for i in sentence) for sentence in sentences]
