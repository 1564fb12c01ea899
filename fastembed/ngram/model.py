"""NgramLM: an n-gram language model, from text or from a file, and what it can be asked.

Counting: `fastembed.ngram.counts`. Smoothing: `fastembed.ngram.smoothing`. How a model is looked
up and how fast: docs/lm.md. All logarithms are to base 10, as in ARPA files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed._native import _lmquery, _lmscore
from fastembed.core.errors import FormatError, NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import Opt, Params, params_of
from fastembed.core.progress import Progress, progress_of
from fastembed.core.threads import resolve_workers
from fastembed.evaluate.perplexity import Perplexity, text_blocks
from fastembed.ngram.binary import Bits, QueryTables
from fastembed.ngram.state import State
from fastembed.ngram.tables import BackoffTables
from fastembed.text.wordlist import WordList

__all__ = ["NgramLM", "TokenScore"]


class TokenScore(NamedTuple):
    """How one token was scored."""

    log_prob: float  # log10
    ngram_length: int  # words of the n-gram that was found, this one included
    oov: bool  # the model does not know the word


@dataclass(kw_only=True, eq=False)
class NgramLM(Params):
    """An n-gram language model.

    Sentences are lines, or lists of words; the model sees ``<s> w_1 ... w_n </s>``. A text is cut
    into words at ASCII white space, by training and scoring alike; what else is to happen to it
    (lower case, punctuation) is up to the `Corpus`, and to the caller of `score_sentence`.

    Attributes
    ----------
    tables_ : QueryTables
        What is asked; made from what was estimated when it is first used.
    words : WordList
        The vocabulary.
    metadata_ : dict
        How the model was made: smoothing, discounts, counts.

    Examples
    --------
    >>> text = [["the", "cat", "sat"], ["the", "dog", "sat"], ["a", "cat", "ran"]]  # doctest: +SKIP
    >>> model = NgramLM(order=2, smoothing="additive").fit(text)  # doctest: +SKIP
    >>> model.score_sentence("the cat ran") < 0  # doctest: +SKIP
    True
    >>> [score.ngram_length for score in model.full_scores("the cat ran")]  # doctest: +SKIP
    [2, 2, 2, 2]
    """

    order: Annotated[int, Opt("Words of the longest n-grams.", ge=1, le=7)] = 5
    smoothing: Annotated[
        str,
        Opt("How unseen words get probability (docs/smoothing.md lists the methods).",
            metavar="NAME"),
    ] = "modified_kneser_ney"  # fmt: skip
    prune: Annotated[
        Any,
        Opt("Leave out n-grams of each order that are there so often or less.", metavar="'0 0 1'"),
    ] = None
    kenlm_compatible: Annotated[
        bool, Opt("Estimate exactly what KenLM's lmplz does (modified Kneser-Ney).")
    ] = False
    discount_fallback: Annotated[
        Any,
        Opt(
            "Discounts where there is too little data to estimate them (modified Kneser-Ney).",
            metavar="'D1 D2 D3'",
        ),
    ] = None
    smoothing_params: Annotated[
        dict[str, Any] | None, Opt("Parameters of the smoothing method by name.", cli=False)
    ] = None
    vocab: Annotated[Any, Opt("File with the words to use; others are <unk>.", metavar="FILE")] = (
        None
    )
    min_count: Annotated[int, Opt("Words that occur less often are <unk>.", ge=1)] = 1
    memory: Annotated[
        Any, Opt("Memory for counting, such as 4G; half of what is there.", metavar="SIZE")
    ] = None
    workers: Annotated[
        int | None, Opt("Threads; all cores of this process if not given.", ge=1, le=4096)
    ] = None

    # -------------------------------------------------------------------------------- training

    def fit(
        self, corpus: Any, *, heldout: Any = None, progress: Progress | bool | None = None
    ) -> Self:
        """Count the n-grams of a text and estimate the model.

        Parameters
        ----------
        corpus : Corpus, EncodedCorpus, path or re-iterable of token lists
        heldout : the same, optional
            For methods that fit weights.
        progress : Progress or bool, optional

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range, or unknown to the smoothing method.
        CorpusError, VocabularyError
            The text cannot be read.
        TrainingError
            The text is too small for the method.
        """
        from fastembed.ngram.counts import count_ngrams

        params = self.check_params()
        method = self._method()
        report = progress_of(progress)
        counts = count_ngrams(
            corpus, params["order"], vocab=params["vocab"], min_count=params["min_count"],
            memory=params["memory"], workers=params["workers"], progress=report,
        )  # fmt: skip
        tables = method.estimate(
            counts, workers=params["workers"], heldout=heldout, progress=report
        )
        self._set(tables)
        return self

    def _method(self) -> Any:
        """The smoothing method with its parameters."""
        from fastembed.ngram.smoothing import SMOOTHINGS

        if self.smoothing not in SMOOTHINGS:
            allowed = ", ".join(SMOOTHINGS)
            raise ValueError(f"smoothing must be one of {allowed}; got {self.smoothing!r}")
        method, given = SMOOTHINGS[self.smoothing], dict(self.smoothing_params or {})
        for name in ("prune", "kenlm_compatible", "discount_fallback"):
            value = getattr(self, name)
            if value is not None and value is not False:
                given[name] = value
        known = [param.name for param in params_of(method)]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise ValueError(
                f"{self.smoothing} has no parameter {', '.join(unknown)}; "
                f"it has {', '.join(known) or 'none'}"
            )
        made = method(**given)
        made.check_params()
        return made

    @classmethod
    def from_tables(cls, tables: BackoffTables | QueryTables, **params: Any) -> Self:
        """A model of tables that were made otherwise."""
        made = cls(order=tables.order, **params)
        made._set(tables)
        return made

    def _set(self, tables: BackoffTables | QueryTables) -> None:
        self._backoff = tables if isinstance(tables, BackoffTables) else None
        self._tables = None if isinstance(tables, BackoffTables) else tables
        self._query: _lmquery.Query | None = None
        self.metadata_ = tables.metadata

    @property
    def tables_(self) -> QueryTables:
        """The tables that are asked."""
        tables: QueryTables | None = getattr(self, "_tables", None)
        if tables is None:
            tables = QueryTables.from_backoff(self.backoff_, workers=self.workers)
            self._tables = tables
        return tables

    @property
    def backoff_(self) -> BackoffTables:
        """The model as sorted rows."""
        if not hasattr(self, "_backoff"):
            raise NotFittedError("this NgramLM has no model yet: fit() it or load() one")
        if self._backoff is None:
            self._backoff = self.tables_.to_backoff()
        return self._backoff

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
        >>> text = [["a", "b"], ["a", "c"]]  # doctest: +SKIP
        >>> model = NgramLM(order=2, smoothing="additive").fit(text)  # doctest: +SKIP
        >>> model.score_sentence("a b") == model.score_sentence(["a", "b"])  # doctest: +SKIP
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
        >>> text = [["a", "b"], ["a", "c"]]  # doctest: +SKIP
        >>> model = NgramLM(order=2, smoothing="additive").fit(text)  # doctest: +SKIP
        >>> model.logscore("b", ["a"]) == model.logscore("b", "<s> a")  # doctest: +SKIP
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
        >>> text = [["a", "b"], ["a", "c"]]  # doctest: +SKIP
        >>> model = NgramLM(order=3, smoothing="additive").fit(text)  # doctest: +SKIP
        >>> state, total = model.begin_state(), 0.0  # doctest: +SKIP
        >>> for word in ["a", "b", "</s>"]:  # doctest: +SKIP
        ...     state, log_prob = model.score(state, word)
        ...     total += log_prob
        >>> abs(total - model.score_sentence("a b")) < 1e-6  # doctest: +SKIP
        True
        """
        behind, log_prob, _ = _lmscore.step(state, self.id_of(word))
        return behind, log_prob

    def distribution(self, context: str | Sequence[str] = ()) -> NDArray[np.float32]:
        """log10 p(w | context) of every word of the vocabulary, float32 (V,)."""
        state = self.null_state()
        for word in self._ids(context).tolist()[-self.order :]:
            state, _, _ = _lmscore.step(state, word)
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
        >>> text = [["a", "b"], ["a", "c"]]  # doctest: +SKIP
        >>> model = NgramLM(order=3, smoothing="additive").fit(text)  # doctest: +SKIP
        >>> model.generate(2, seed=1) == model.generate(2, seed=1)  # doctest: +SKIP
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

    # -------------------------------------------------------------------------------- files

    def save(self, path: StrPath, *, bits: Bits | None = None) -> None:
        """Write the native file, which opens by memory map.

        Parameters
        ----------
        bits : {32, 16, 8}, optional
            Size of a probability: as it is, or quantised.
        """
        tables = self.tables_
        if bits is not None and bits != tables.bits:
            tables = QueryTables.from_backoff(self.backoff_, bits=bits, workers=self.workers)
        params = {name: value for name, value in self.get_params().items()
                  if isinstance(value, str | int | float | bool | dict | None)}  # fmt: skip
        tables.save(path, {"params": params})

    def save_arpa(self, path: StrPath, *, progress: Progress | bool | None = None) -> None:
        """Write an ARPA file, which KenLM, SRILM and others read; ``.gz`` is packed."""
        from fastembed.ngram.arpa import write_arpa

        write_arpa(self.backoff_, path, workers=self.workers, progress=progress)

    def quantized(self, bits: Bits) -> NgramLM:
        """The model with probabilities of 8 or 16 bits; see docs/lm.md for what it costs."""
        tables = QueryTables.from_backoff(self.backoff_, bits=bits, workers=self.workers)
        made = NgramLM(**self.get_params())
        made._set(tables)
        return made

    @classmethod
    def load(
        cls,
        path: StrPath,
        *,
        mmap: bool = True,
        verify: bool = False,
        missing_backoff: Any = "error",
        workers: int | None = None,
        progress: Progress | bool | None = None,
    ) -> Self:
        """Open a native file, or read an ARPA file (packed too), whichever it is.

        Parameters
        ----------
        mmap : bool
            Map a native file: open at once, shared between processes. False reads it, which
            makes its first queries faster.
        verify : bool
            Check the checksums of a native file.
        missing_backoff : {"error", "zero"}
            Of an ARPA file; see `fastembed.ngram.arpa_reader.read_arpa`.

        Raises
        ------
        FormatError
            It is neither, or malformed: names the line, or the byte.
        """
        from fastembed.io.native import is_native
        from fastembed.ngram.arpa_reader import read_arpa

        if os.fspath(path) != "-" and os.path.isfile(path):
            with open(path, "rb") as file:
                native = is_native(file.read(16))
            if native:
                tables, own = QueryTables.open(path, mmap=mmap, verify=verify, workers=workers)
                known = {param.name for param in params_of(cls)} - {"workers", "order"}
                params = own.get("params")
                if not isinstance(params, dict):
                    raise FormatError(f"{path}: the n-gram model is damaged (no parameters)")
                made = cls.from_tables(
                    tables, workers=workers,
                    **{name: value for name, value in params.items() if name in known},
                )  # fmt: skip
                return made
        tables = read_arpa(path, missing_backoff=missing_backoff, workers=workers,
                           progress=progress)  # fmt: skip
        return cls.from_tables(tables, workers=workers, smoothing="")

    def __repr__(self) -> str:
        if not hasattr(self, "_backoff"):
            return f"<NgramLM of order {self.order}, not fitted>"
        counts = self.tables_.counts
        return f"<NgramLM of order {self.order}: {sum(counts):,} n-grams, {counts[0]:,} words>"
