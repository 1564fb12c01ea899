"""NgramLM: an n-gram language model, from text or from a file.

Counting: `fastembed.ngram.counts`. Smoothing: `fastembed.ngram.smoothing`. What it can be asked:
`fastembed.ngram.queries`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Self

from numpy.typing import NDArray

from fastembed._native import _lmquery
from fastembed.core.errors import NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import Opt, Params, params_of
from fastembed.core.progress import Progress, progress_of
from fastembed.io.native import NativeFile, is_native_file, read_native, write_native
from fastembed.ngram.binary import Bits, QueryTables
from fastembed.ngram.files import known_params, plain_params
from fastembed.ngram.options import CountingMemory, Prune, PruneEntropy, SmoothingParams, Symbols
from fastembed.ngram.queries import NgramQueries
from fastembed.ngram.tables import BackoffTables
from fastembed.text.options import Workers

if TYPE_CHECKING:
    from fastembed.ngram.smoothing.base import Smoothing

__all__ = ["NgramLM"]


@dataclass(kw_only=True, eq=False)
class NgramLM(Params, NgramQueries):
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
    >>> text = [["the", "cat", "sat"], ["the", "dog", "sat"], ["a", "cat", "ran"]]
    >>> model = NgramLM(order=2, smoothing="additive").fit(text)
    >>> model.score_sentence("the cat ran") < 0
    True
    >>> [score.ngram_length for score in model.full_scores("the cat ran")]
    [2, 2, 2, 2]
    """

    order: Annotated[int, Opt("Words of the longest n-grams.", ge=1, le=7)] = 5
    smoothing: Annotated[
        str,
        Opt("How unseen words get probability (docs/smoothing.md lists the methods).",
            metavar="NAME"),
    ] = "modified_kneser_ney"  # fmt: skip
    prune: Prune = None
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
    smoothing_params: SmoothingParams = None
    vocab: Annotated[Any, Opt("File with the words to use; others are <unk>.", metavar="FILE")] = (
        None
    )
    min_count: Annotated[int, Opt("Words that occur less often are <unk>.", ge=1)] = 1
    min_counts: Annotated[
        Any,
        Opt("Count only n-grams of each order that are there so often.", metavar="'1 1 2'"),
    ] = None
    prune_entropy: PruneEntropy = None
    symbols: Symbols = "error"
    memory: CountingMemory = None
    workers: Workers = None

    # -------------------------------------------------------------------------------- training

    def fit(
        self, corpus: Any, *, heldout: Any = None, progress: Progress | bool | None = None
    ) -> Self:
        """Count the n-grams of a text and estimate the model.

        Parameters
        ----------
        corpus : Corpus, EncodedCorpus, path or re-iterable of token lists, or NgramCounts
            Counts that were made, merged or read elsewhere: of this order or a higher one, whose
            vocabulary is taken as it is.
        heldout : text, the same, optional
            For methods that fit weights; others do not read it.
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
        from fastembed.ngram.counts import NgramCounts, count_ngrams
        from fastembed.ngram.pruning import prune_by_entropy

        method, params = self.check()
        report = progress_of(progress)
        given = isinstance(corpus, NgramCounts)
        if given:
            if params["vocab"] is not None or params["min_count"] > 1:
                raise ValueError("counts have their vocabulary; vocab and min_count are for text")
            counts = corpus.up_to(params["order"])
        else:
            counts = count_ngrams(
                corpus, params["order"], vocab=params["vocab"], min_count=params["min_count"],
                symbols=params["symbols"], memory=params["memory"], workers=params["workers"],
                progress=report,
            )  # fmt: skip
        if params["min_counts"] is not None:
            counts = counts.cut_off(params["min_counts"])
        tables = method.estimate(
            counts, workers=params["workers"], heldout=heldout, progress=report, consume=not given
        )
        if params["prune_entropy"] is not None:
            tables = prune_by_entropy(tables, params["prune_entropy"], params["workers"])
        self._set(tables)
        return self

    def check(self, *, arpa: bool = False) -> tuple[Smoothing, dict[str, Any]]:
        """Refuse, before a text is read, what no model of these hyper-parameters can do.

        Parameters
        ----------
        arpa : bool
            The model is to be saved as an ARPA file.

        Returns
        -------
        method : Smoothing
        params : dict
            The hyper-parameters, numbers that were given as text being numbers.

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range, unknown to the smoothing method, or does not go with it.
        """
        from fastembed.ngram.arpa import why_no_arpa
        from fastembed.ngram.pruning import check_prunable, check_thresholds
        from fastembed.ngram.smoothing.base import as_numbers

        params = self.check_params()
        method = self._method()
        if params["min_counts"] is not None:
            least = as_numbers("min_counts", params["min_counts"], int)
            params["min_counts"] = check_thresholds("min_counts", least, params["order"])
        if params["prune_entropy"] is not None:
            check_prunable(method.scheme, method.normalised)
        if arpa and (why := why_no_arpa(method.scheme, method.name)):
            raise ValueError(why)
        return method, params

    def _method(self) -> Smoothing:
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
        made: Smoothing = method(**given)
        made.check(self.order)
        return made

    @classmethod
    def from_tables(cls, tables: BackoffTables | QueryTables, **params: Any) -> Self:
        """A model of tables that were made otherwise."""
        made = cls(order=tables.order, **params)
        if isinstance(tables, BackoffTables):
            # `save` gives up the levels one by one: not the caller's
            tables = replace(tables, levels=list(tables.levels))
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

    @property
    def ngram_counts(self) -> list[int]:
        """How many n-grams of each order there are."""
        tables: QueryTables | None = getattr(self, "_tables", None)
        if tables is not None:
            return tables.counts
        return [len(level) for level in self.backoff_.levels]

    # -------------------------------------------------------------------------------- files

    def to_native(
        self, *, bits: Bits | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of the native file."""
        tables = self.tables_
        if bits is not None and bits != tables.bits:
            tables = QueryTables.from_backoff(self.backoff_, bits=bits, workers=self.workers)
        arrays, metadata = tables.to_native()
        return arrays, {**metadata, "params": plain_params(self)}

    @classmethod
    def from_native(cls, file: NativeFile, path: StrPath, *, workers: int | None = None) -> Self:
        """The model of an opened file; FormatError if it is damaged or holds something else."""
        tables = QueryTables.from_native(file, path, workers=workers)
        params = known_params(cls, file, path, leave_out=("workers", "order"))
        return cls.from_tables(tables, workers=workers, **params)

    def save(self, path: StrPath, *, bits: Bits | None = None) -> None:
        """Write the native file, which opens by memory map.

        Parameters
        ----------
        bits : {32, 16, 8}, optional
            Size of a probability: as it is, or quantised.
        """
        if getattr(self, "_tables", None) is None and bits in (None, 32):
            # the sorted rows and the tables are as large: one makes room for the other
            tables = self.backoff_
            del self._backoff  # if this is interrupted the model is gone
            self._tables = QueryTables.from_backoff(tables, workers=self.workers, consume=True)
            self._backoff = None
        write_native(path, *self.to_native(bits=bits))

    def save_arpa(self, path: StrPath, *, progress: Progress | bool | None = None) -> None:
        """Write an ARPA file, which KenLM, SRILM and others read; packed by its suffix."""
        from fastembed.ngram.arpa import write_arpa

        write_arpa(self.backoff_, path, workers=self.workers, progress=progress)

    def quantized(self, bits: Bits) -> NgramLM:
        """The model with probabilities of 8 or 16 bits; see docs/lm.md for what it costs."""
        tables = QueryTables.from_backoff(self.backoff_, bits=bits, workers=self.workers)
        made = NgramLM(**self.get_params())
        made._set(tables)
        return made

    def pruned(self, threshold: float) -> NgramLM:
        """The model without n-grams that matter little (Stolcke 1998).

        Parameters
        ----------
        threshold : float
            An n-gram goes if the perplexity rises by less than this share without it: 1e-8.
        """
        from fastembed.ngram.pruning import prune_by_entropy

        made = NgramLM(**self.get_params())
        made._set(prune_by_entropy(self.backoff_, threshold, self.workers))
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
        from fastembed.ngram.arpa_reader import read_arpa

        if is_native_file(path):
            return cls.from_native(
                read_native(path, mmap=mmap, verify=verify), path, workers=workers
            )
        tables = read_arpa(path, missing_backoff=missing_backoff, workers=workers,
                           progress=progress)  # fmt: skip
        return cls.from_tables(tables, workers=workers, smoothing="")

    def __repr__(self) -> str:
        if not hasattr(self, "_backoff"):
            return f"<NgramLM of order {self.order}, not fitted>"
        counts = self.ngram_counts
        return f"<NgramLM of order {self.order}: {sum(counts):,} n-grams, {counts[0]:,} words>"
