"""Counts of the n-grams of a text: a trie of reversed n-grams by level.

How they are counted: csrc/ngram.h and docs/ngram.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed._native import _ngram_trie
from fastembed._native._ngram import MAX_ORDER
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.core.memory import memory_budget
from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers
from fastembed.ngram.counting import CountLevel
from fastembed.ngram.tables import BOS_ID
from fastembed.text.vocabulary import Vocabulary

__all__ = ["MAX_ORDER", "CountLevel", "NgramCounts", "check_order", "count_ngrams"]


@dataclass
class NgramCounts:
    """How often each n-gram up to an order is there.

    `count_ngrams` makes them, `load` and `read_tsv` read them. Rows and ids are those of
    `fastembed.ngram.tables.BackoffTables`; ``<unk>``, ``<s>`` and ``</s>`` have the ids 0, 1, 2.

    Attributes
    ----------
    vocabulary : Vocabulary
        With the specials as its first words.
    levels : list of CountLevel
        ``levels[k - 1]`` has the n-grams of order k. Unigrams are all words of the vocabulary;
        the count of ``<s>`` is the number of sentences.
    appearance : ndarray of int64, shape (V,), or None
        Where each word was first in the text (for `ModifiedKneserNey.kenlm_compatible`); -1: not.
    complete : bool
        False if n-grams were cut off: counts of longer n-grams no longer add up to shorter ones.

    Examples
    --------
    >>> counts = count_ngrams([["a", "b", "a", "b"], ["b"]], order=2)
    >>> counts["a", "b"], counts["<s>", "b"], counts[("b",)], counts["b", "zebra"]
    (2, 1, 3, 0)
    >>> counts.size, counts.count_of_counts(2, 3).tolist()
    ([5, 5], [0, 3, 2, 0])
    """

    vocabulary: Vocabulary
    levels: list[CountLevel]
    appearance: NDArray[np.int64] | None = None
    complete: bool = True
    _begins: dict[int, NDArray[np.uint32]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def order(self) -> int:
        """Words of the longest n-grams."""
        return len(self.levels)

    @property
    def size(self) -> list[int]:
        """Number of different n-grams of each order; unigrams are the vocabulary."""
        return [len(level) for level in self.levels]

    @property
    def n_tokens(self) -> int:
        """Words of the text, with each ``</s>`` and without ``<s>``."""
        count = self.levels[0].count
        return int(count.sum() - count[BOS_ID])

    @property
    def n_sentences(self) -> int:
        """Sentences of the text."""
        return int(self.levels[0].count[BOS_ID])

    def __repr__(self) -> str:
        return f"<NgramCounts of order {self.order}: {', '.join(f'{n:,}' for n in self.size)}>"

    # ------------------------------------------------------------------ rows and words

    def ngrams(self, order: int, rows: ArrayLike | None = None) -> NDArray[np.uint32]:
        """Ids of the n-grams of an order, or of some rows of it: (n, order), the oldest first."""
        self._check_order(order)
        row: Any = slice(None) if rows is None else np.asarray(rows, dtype=np.int64)
        n = len(self.levels[order - 1]) if rows is None else len(row)
        ids = np.empty((n, order), dtype=np.uint32)
        for column in range(order):
            level = self.levels[order - 1 - column]
            ids[:, column] = level.word[row]
            if column < order - 1:
                row = level.parent[row]
        return ids

    def find(self, ngrams: ArrayLike, workers: int | None = None) -> NDArray[np.int64]:
        """Rows of n-grams of one order, (n, order) ids, the oldest word first; -1: not there."""
        ids = np.asarray(ngrams)
        self._check_order(ids.shape[1])
        if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < len(self.vocabulary):
            raise ValueError(f"ids must be below {len(self.vocabulary)}")
        row = ids[:, -1].astype(np.uint32)  # a copy: rows are found in place
        threads = resolve_workers(workers)
        for k in range(2, ids.shape[1] + 1):
            word = np.ascontiguousarray(ids[:, -k], dtype=np.uint32)
            _ngram_trie.descend(word, self.begins(k), self.levels[k - 1].word, row, threads)
        return np.where(row == _ngram_trie.NONE, -1, row.astype(np.int64))

    def __getitem__(self, words: Sequence[str] | str) -> int:
        """Count of an n-gram, 0 if it is not there."""
        words = (words,) if isinstance(words, str) else tuple(words)
        ids = [self.vocabulary.words.find(word) for word in words]
        if min(ids) < 0:
            return 0
        row = int(self.find([ids], workers=1)[0])
        return int(self.levels[len(ids) - 1].count[row]) if row >= 0 else 0

    def begins(self, order: int) -> NDArray[np.uint32]:
        """Children of the rows of order k - 1 in ``order`` k: begin[p] to begin[p + 1]."""
        self._check_order(order, least=2)
        if order not in self._begins:
            parent, n = self.levels[order - 1].parent, len(self.levels[order - 2])
            self._begins[order] = _ngram_trie.begins(parent, n, resolve_workers(None))
        return self._begins[order]

    def context(self, order: int, workers: int | None = None) -> NDArray[np.uint32]:
        """Row in order k - 1 of each n-gram of ``order`` k >= 2 without its newest word.

        Raises
        ------
        FormatError
            One is not there, so the counts (or a model) are not those of a text.
        """
        self._check_order(order, least=2)
        level = self.levels[order - 1]
        if level.context is None:
            if order == 2:
                level.context = level.word
            else:
                lower = self.levels[order - 2]
                found = _ngram_trie.contexts(
                    level.word,
                    level.parent,
                    self.context(order - 1, workers),
                    self.begins(order - 1),
                    lower.word,
                    resolve_workers(workers),
                )
                if int(found.max(initial=0)) == _ngram_trie.NONE:  # kernels rely on it
                    ids = self.ngrams(order, [int(np.argmax(found))])[0].tolist()
                    words = [self.vocabulary.words[i] for i in ids]
                    raise FormatError(
                        f"the context {' '.join(words[:-1])!r} of the {order}-gram "
                        f"{' '.join(words)!r} is not there: count the text again, or add the "
                        "n-grams that are missing"
                    )
                level.context = found
        return level.context

    def _check_order(self, order: int, least: int = 1) -> None:
        if not least <= order <= self.order:
            raise ValueError(f"order must be from {least} to {self.order}; got {order}")

    # ------------------------------------------------------------------ statistics

    def count_of_counts(self, order: int, highest: int = 5) -> NDArray[np.int64]:
        """How many n-grams of an order are there 1, 2, ..., ``highest`` times: index is the count.

        ``<s>`` is no unigram here, and index 0 counts the words of the vocabulary that are not in
        the text.
        """
        self._check_order(order)
        count = self.levels[order - 1].count
        if order == 1:
            count = np.delete(count, BOS_ID)
        found = np.bincount(np.minimum(count, highest + 1), minlength=highest + 2)
        return found[: highest + 1]

    def up_to(self, order: int) -> NgramCounts:
        """The counts of the orders 1 to ``order`` alone; arrays are shared.

        Raises
        ------
        ValueError
            There are no n-grams of that order.
        """
        self._check_order(order)
        return NgramCounts(self.vocabulary, self.levels[:order], self.appearance, self.complete)

    def cut_off(self, min_counts: Sequence[int]) -> NgramCounts:
        """Leave out n-grams of order k that are there less than ``min_counts[k - 1]`` times.

        They count as never seen, as with SRILM's ``-gtNmin``; pruning an estimated model keeps
        their mass for back-off (`ModifiedKneserNey.prune`). Unigrams all stay.

        Raises
        ------
        ValueError
            The thresholds decrease: the suffix of an n-gram that stays would be gone.
        """
        from fastembed.ngram.pruning import cut_off

        return cut_off(self, min_counts)

    # ------------------------------------------------------------------ shards and files

    def merge(
        self,
        *others: NgramCounts,
        memory: int | str | None = None,
        workers: int | None = None,
    ) -> NgramCounts:
        """The counts of several texts, as if they were one text.

        The vocabulary is that of all of them, in the order that `Vocabulary.merge` gives. Shards
        that were loaded by memory map need no memory of their own.

        Parameters
        ----------
        memory : int or str, optional
            As of `count_ngrams`: beyond it sorted runs go to temporary files.

        Raises
        ------
        ValueError
            Orders differ, or n-grams were cut off.
        """
        from fastembed.ngram.shards import merge_counts

        return merge_counts([self, *others], memory=memory, workers=workers)

    def save(self, path: StrPath) -> None:
        """Write the native binary (see `fastembed.io.native`), which `load` maps."""
        from fastembed.ngram.counts_io import save_counts

        save_counts(self, path)

    @classmethod
    def load(cls, path: StrPath, *, mmap: bool = True) -> NgramCounts:
        """Open what `save` wrote.

        Raises
        ------
        FormatError
            The file is damaged, or holds something else.
        """
        from fastembed.ngram.counts_io import load_counts

        return load_counts(path, mmap=mmap)

    def write_tsv(self, path: StrPath) -> None:
        """Write ``w1 w2 ... wk<TAB>count`` lines, unigrams first (as SRILM's ngram-count does).

        The file is packed by its suffix (``.gz`` ...).

        Raises
        ------
        FormatError
            A word has white space in it, which these lines cannot hold.
        OSError
            The file cannot be written.
        """
        from fastembed.ngram.counts_io import write_tsv

        write_tsv(self, path)

    @classmethod
    def read_tsv(cls, path: StrPath, order: int | None = None) -> NgramCounts:
        """Read what `write_tsv` wrote (packed files too), in any order of the lines.

        Parameters
        ----------
        order : int, optional
            The order of the counts: longer n-grams are left out, and of some orders there may be
            none, which the file does not say. Default: that of its longest n-gram.

        Raises
        ------
        FormatError
            A line is not an n-gram and its count, an n-gram is there twice, or its suffix or its
            context (all its words but the first, or but the last) is not there.
        """
        from fastembed.ngram.counts_io import read_tsv

        return read_tsv(path, order)


def check_order(order: Any) -> None:
    """ValueError if that is no order of n-grams that can be counted."""
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= MAX_ORDER:
        raise ValueError(f"order must be an integer from 1 to {MAX_ORDER}; got {order!r}")


def count_ngrams(
    corpus: Any,
    order: int,
    *,
    vocab: StrPath | Vocabulary | None = None,
    min_count: int = 1,
    keep_empty: bool = True,
    symbols: str = "error",
    memory: int | str | None = None,
    workers: int | None = None,
    progress: Progress | bool | None = None,
) -> NgramCounts:
    """Count all n-grams of the orders 1 to ``order``.

    Each sentence is ``<s> w_1 ... w_n </s>``; n-grams do not reach over its ends. ``<unk>`` in the
    text is the special word of that name. A text of blank lines has the n-gram ``<s> </s>``.

    Parameters
    ----------
    corpus : Corpus, EncodedCorpus, path, or re-iterable of token lists
    order : int
        1 to 7.
    vocab : path or Vocabulary, optional
        The words to keep, the rest becoming ``<unk>``; a file as `Vocabulary.save` writes it, or
        with a word on each line. Not for an encoded corpus, which has its own.
    min_count : int
        Words that are there less often become ``<unk>``. Not with ``vocab``.
    keep_empty : bool
        An empty line is a sentence without words, as for KenLM.
    symbols : {"error", "skip"}
        What becomes of ``<s>`` and ``</s>`` within a line.
    memory : int or str, optional
        Bytes that the work may take (``"4G"``), default half of what is free. Beyond it sorted
        runs go to temporary files (``TMPDIR``), and so do the counts.
    workers : int, optional
        The result does not depend on it.
    progress : Progress or bool, optional

    Raises
    ------
    ValueError
        A parameter is out of range.
    CorpusError
        The text cannot be read, or holds ``<s>`` or ``</s>``.
    """
    from fastembed.ngram.sentences import open_sentences

    check_order(order)
    if symbols not in ("error", "skip"):
        raise ValueError(f"symbols must be 'error' or 'skip'; got {symbols!r}")
    budget = memory_budget(memory)
    threads = resolve_workers(workers)
    with open_sentences(
        corpus,
        vocab=vocab,
        min_count=min_count,
        keep_empty=keep_empty,
        skip=symbols == "skip",
        allow_blank=True,
        workers=threads,
        progress=progress,
    ) as sentences:
        from fastembed.ngram.runs import count_sentences

        return count_sentences(sentences, order, budget=budget, workers=threads, progress=progress)
