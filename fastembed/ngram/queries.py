"""What an n-gram model answers by its tables; the rest is `SentenceModel`'s.

How the tables are looked up: docs/lm.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _lmquery, _lmscore
from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers
from fastembed.evaluate.perplexity import Perplexity, text_blocks
from fastembed.ngram.binary import QueryTables
from fastembed.ngram.sentence_model import SentenceModel, TokenScore
from fastembed.ngram.state import State
from fastembed.text.wordlist import WordList

__all__ = ["NgramQueries", "TokenScore"]


class NgramQueries(SentenceModel):
    """The questions, of anything with query tables (`fastembed.NgramLM`)."""

    _query: _lmquery.Query | None

    if TYPE_CHECKING:

        @property
        def tables_(self) -> QueryTables: ...

    def _ready(self) -> _lmquery.Query:
        self._query = self.tables_.query
        return self._query

    @property
    def words(self) -> WordList:
        """The vocabulary; ids are indices."""
        return self.tables_.words

    @property
    def special_ids(self) -> tuple[int, int, int]:
        """Ids of ``<unk>``, ``<s>`` and ``</s>``."""
        tables = self.tables_
        return tables.unk, tables.bos, tables.eos

    def _estimate(self) -> dict[str, Any]:
        return self.tables_.metadata

    def _find(self, word: str) -> int:
        return _lmscore.find(self._ready(), word)

    def _score(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.uint64],
        bos: bool,
        eos: bool,
        workers: int,
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        n = len(ids) + eos * (len(offsets) - 1)
        scores, lengths = np.empty(n, np.float32), np.empty(n, np.uint8)
        _lmscore.sentences(
            self._ready(), ids, offsets, bos=bos, eos=eos, workers=workers, scores=scores,
            lengths=lengths,
        )  # fmt: skip
        return scores, lengths

    def _begin(self, bos: bool) -> State:
        return _lmscore.begin(self._ready(), bos)

    def _step(self, state: State, word: int) -> tuple[State, float]:
        behind, log_prob, _ = _lmscore.step(self._ready(), state, word)
        return behind, log_prob

    def _following(self, state: State, workers: int) -> NDArray[np.float32]:
        return _lmscore.following(state, workers)

    # ------------------------------------------------------------------ text without arrays

    def score_sentence(
        self, text: str | Sequence[str], bos: bool = True, eos: bool = True
    ) -> float:
        if isinstance(text, str):
            query = self.__dict__.get("_query")
            return _lmscore.text_sum(self._ready() if query is None else query, text, bos, eos)
        return super().score_sentence(text, bos, eos)

    def full_scores(
        self, text: str | Sequence[str], bos: bool = True, eos: bool = True
    ) -> list[TokenScore]:
        if not isinstance(text, str):
            return super().full_scores(text, bos, eos)
        parts = _lmscore.text_scores(self._ready(), text, bos, eos)
        rows = zip(*(part.tolist() for part in parts), strict=True)
        return [TokenScore(*row) for row in rows]

    def perplexity(self, corpus: Any, *, progress: Progress | bool | None = None) -> Perplexity:
        self._check_normalised()
        query, workers = self._ready(), resolve_workers(self.workers)
        totals = np.zeros(5)
        for ids, offsets in text_blocks(self, corpus, progress=progress):
            totals += _lmscore.sentences(query, ids, offsets, bos=True, eos=True, workers=workers)
        tokens, oov, sentences = (int(total) for total in totals[2:])
        return Perplexity.of_sums(float(totals[0]), float(totals[1]), tokens, oov, sentences)
