"""What any model of sentences can be asked: scores of words and sentences, perplexity, new ones.

`SentenceModel` answers all of it from a few answers that a model's class gives: the words, the
scores of given sentences, and one word after the other from a state. `fastembed.NgramLM`,
`fastembed.ClassLM`, `fastembed.NeuralLM` and mixtures are of it. All logarithms are to base 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers
from fastembed.evaluate.perplexity import Perplexity, text_perplexity

if TYPE_CHECKING:
    from fastembed.text.wordlist import WordList

__all__ = ["KnowsWords", "SentenceModel", "TokenScore"]


class TokenScore(NamedTuple):
    """How one token was scored."""

    log_prob: float  # log10
    ngram_length: int  # words that were looked at, this one included: of the n-gram found
    oov: bool  # the model does not know the word


class KnowsWords:
    """Words and ids, of a class that has ``words`` and ``special_ids``."""

    if TYPE_CHECKING:

        @property
        def words(self) -> WordList: ...
        @property
        def special_ids(self) -> tuple[int, int, int]: ...

    def _find(self, word: str) -> int:
        """Id of a word, -1 if it is unknown."""
        return self.words.find(word)

    def __contains__(self, word: str) -> bool:
        return self._find(word) >= 0

    def id_of(self, word: str) -> int:
        """Id of a word, that of ``<unk>`` for one that the model does not know."""
        found = self._find(word)
        return found if found >= 0 else self.special_ids[0]

    def _ids(self, words: str | Sequence[str]) -> NDArray[np.uint32]:
        if isinstance(words, str):
            words = [word.decode() for word in words.encode().split()]
        return np.array([self.id_of(word) for word in words], dtype=np.uint32)

    def _as_ids(self, ids: ArrayLike, name: str = "ids") -> NDArray[np.uint32]:
        """Ids from outside; errors for what is none of this vocabulary."""
        given = np.atleast_1d(np.asarray(ids))
        if given.size == 0:
            return np.empty(0, dtype=np.uint32)
        if given.ndim != 1 or given.dtype.kind not in "iu":
            raise TypeError(
                f"{name} must be one list of whole numbers, ids of words; got {given.dtype} of "
                f"shape {given.shape}"
            )
        last = len(self.words) - 1
        bad = given[(given < 0) | (given > last)]
        if len(bad):
            raise ValueError(f"{name} must be ids of the model's words, 0 to {last}; got {bad[0]}")
        return given.astype(np.uint32)


class SentenceModel(KnowsWords):
    """The questions, of a class that has ``words``, ``special_ids`` and the methods below.

    ``_score(ids, offsets, bos, eos, workers)``
        log10 p of each token of some sentences, ``</s>`` behind each if ``eos``, and for each the
        length of the n-gram that was found.
    ``_begin(bos)``
        The state without a history, or at the beginning of a sentence.
    ``_step(state, word)``
        The state behind a word (an id), and log10 p(word | state).
    ``_following(state, workers)``
        log10 p(w | state) of every word, float32 (V,).

    A class may know more: the state behind a word without its probability (`_behind`), and many
    states at once (`_following_each`, of at most `_together` states).
    """

    order: int
    workers: int | None

    def _score(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.uint64],
        bos: bool,
        eos: bool,
        workers: int,
    ) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        raise NotImplementedError

    def _begin(self, bos: bool) -> Any:
        raise NotImplementedError

    def _step(self, state: Any, word: int) -> tuple[Any, float]:
        raise NotImplementedError

    def _following(self, state: Any, workers: int) -> NDArray[np.float32]:
        raise NotImplementedError

    def _behind(self, state: Any, word: int) -> Any:
        """The state behind a word."""
        return self._step(state, word)[0]

    @property
    def _together(self) -> int:
        """How many sentences are drawn side by side."""
        return 1

    def _following_each(self, states: Sequence[Any], workers: int) -> Iterable[NDArray[np.float32]]:
        """`_following` of some states; the caller may change the arrays."""
        return [self._following(state, workers) for state in states]

    def _check_bos(self, bos: bool) -> None:
        """ValueError where a model cannot do without ``<s>``."""

    def _estimate(self) -> dict[str, Any]:
        """How the model was estimated: ``smoothing``, ``normalised``."""
        return {}

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
        return sum(score.log_prob for score in self.full_scores(text, bos, eos))

    def full_scores(
        self, text: str | Sequence[str], bos: bool = True, eos: bool = True
    ) -> list[TokenScore]:
        """How each word of a sentence, and ``</s>`` if ``eos``, is scored.

        Returns
        -------
        list of TokenScore
            Tuples (log10 probability, words that were looked at, this one included: of n-gram
            models those of the n-gram that was found; whether it is unknown).
        """
        self._check_bos(bos)
        ids = self._ids(text)
        offsets = np.array([0, len(ids)], dtype=np.uint64)
        scores, lengths = self._score(ids, offsets, bos, eos, 1)
        unknown = np.append(ids == self.special_ids[0], [False] * eos)
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

    def begin_state(self) -> Any:
        """The state at the beginning of a sentence."""
        return self._begin(True)

    def null_state(self) -> Any:
        """The state without any history."""
        self._check_bos(False)
        return self._begin(False)

    def score(self, state: Any, word: str) -> tuple[Any, float]:
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
        return self._step(state, self.id_of(word))

    def distribution(self, context: str | Sequence[str] = ()) -> NDArray[np.float32]:
        """log10 p(w | context) of every word of the vocabulary, float32 (V,).

        ``<s>`` is never predicted, whatever a file or KenLM says of it: its entry is -inf, and
        ``10 ** distribution(context)`` sums to one, but for stupid back-off, and for a cache that
        remembers nothing, which gives nothing to any word.

        Examples
        --------
        >>> from fastembed import NgramLM
        >>> text = [["a", "b"], ["a", "c"]]
        >>> model = NgramLM(order=2, smoothing="witten_bell").fit(text)
        >>> round(float((10 ** model.distribution("a")).sum()), 5)
        1.0
        """
        state = self._begin(False)
        for word in self._ids(context).tolist()[-self.order :]:
            state = self._behind(state, word)
        scores = self._following(state, resolve_workers(self.workers))
        scores[self.special_ids[1]] = -np.inf
        return scores

    # -------------------------------------------------------------------------------- many

    def logprob(self, ids: ArrayLike, context_ids: ArrayLike = ()) -> NDArray[np.float64]:
        """log10 p(ids[i] | context_ids, ids[:i]) for each i (`evaluate.LanguageModel`)."""
        history = self._as_ids(context_ids, "context_ids")
        whole = np.concatenate([history, self._as_ids(ids)])
        offsets = np.array([0, len(whole)], dtype=np.uint64)
        scores, _ = self._score(whole, offsets, False, False, 1)
        return scores[len(history) :].astype(np.float64)

    def score_ids(
        self, ids: NDArray[np.uint32], offsets: NDArray[np.uint64]
    ) -> NDArray[np.float64]:
        """log10 probability of each token of some sentences, ``</s>`` behind each."""
        scores, _ = self._score(ids, offsets, True, True, resolve_workers(self.workers))
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
        return text_perplexity(self, corpus, progress=progress)

    def entropy(self, corpus: Any, *, progress: Progress | bool | None = None) -> float:
        """Cross-entropy of a text: bits a token, log2 of its perplexity."""
        return self.perplexity(corpus, progress=progress).entropy

    def _check_normalised(self) -> None:
        estimate = self._estimate()
        if estimate.get("normalised", True) is False:
            name = estimate.get("smoothing", "this model")
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

        Examples
        --------
        >>> from fastembed import NgramLM
        >>> text = [["a", "b"], ["a", "c"]]
        >>> model = NgramLM(order=3, smoothing="additive").fit(text)
        >>> model.generate(2, seed=1) == model.generate(2, seed=1)
        True
        """
        from fastembed.ngram.generate import check_draws, generate_ids

        check_draws(n=n, seed=seed, temperature=temperature, top_k=top_k, max_words=max_words)
        sentences = generate_ids(
            self, n, seed=seed, context=self._ids(context).tolist(),
            temperature=float(temperature), top_k=top_k, max_words=max_words,
        )  # fmt: skip
        return [" ".join(self.words[i] for i in sentence) for sentence in sentences]
