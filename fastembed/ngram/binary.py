"""Query tables: how a model is looked up in memory, and how it lies in its native file.

The layout of a table is in ``csrc/lmquery.h``: n-grams of one order in lines of 64 bytes, found by
a quotient of their key, so that a look-up is exact, costs about one line, and needs 17 to 24 bits
beside the values (`fastembed.ngram.coding`). The arrays of the tables are the arrays of the file,
so a file is opened by mapping it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _lmfill, _lmquery
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.core.memory import padded_rows
from fastembed.core.threads import resolve_workers
from fastembed.io.native import NativeFile
from fastembed.ngram.coding import Bits, Coded, coded, coded_exactly, padded_book
from fastembed.ngram.tables import BackoffTables, Level
from fastembed.text.wordlist import WordList

__all__ = ["KIND", "Bits", "QueryTables", "RepeatedNgram"]

Scheme = Literal["backoff", "uniform"]
KIND = "n-gram model"

LAYOUT = 2  # of lines and words; files of another one are refused
LOADS = (1.2, 1.2, 1.0)  # n-grams for each slot of the first bank and of the following ones
FEW = 1024  # that few n-grams get a line each
NONE = np.uint64(_lmquery.NONE)


class RepeatedNgram(ValueError):
    """An n-gram stands twice in a level; ``row`` is the later one."""

    def __init__(self, order: int, row: int) -> None:
        super().__init__(f"n-gram {row} of order {order} stands twice")
        self.order, self.row = order, row


class QueryTables:
    """A model as tables that are asked.

    Attributes
    ----------
    words : WordList
        The vocabulary; ids are indices.
    order : int
    unk, bos, eos : int
        Ids of ``<unk>``, ``<s>`` and ``</s>``.
    scheme : {"backoff", "uniform"}
        As in `fastembed.ngram.tables.BackoffTables`.
    counts : list of int
        How many n-grams there are of each order.
    metadata : dict
    bits : {8, 16, 32}
        Size of a probability.
    query : fastembed._native._lmquery.Query
        What answers.
    """

    def __init__(
        self,
        words: WordList,
        log_prob: NDArray[np.float32],
        backoff: NDArray[np.float32],
        *,
        order: int,
        unk: int,
        bos: int,
        eos: int,
        scheme: Scheme = "backoff",
        metadata: dict[str, Any] | None = None,
        bits: Bits = 32,
        workers: int | None = None,
        slots: NDArray[np.uint64] | None = None,
    ) -> None:
        if bits not in get_args(Bits):
            raise ValueError(f"bits must be 8, 16 or 32; got {bits!r}")
        if slots is None:
            slots, again = _lmfill.word_slots(words.blob, words.offsets)
            if again >= 0:
                raise RepeatedNgram(1, again)
        self.words, self.order, self.scheme = words, order, scheme
        self.unk, self.bos, self.eos = unk, bos, eos
        self.metadata = dict(metadata or {})
        self.bits: Bits = bits
        self.counts = [len(words)]
        self.workers = resolve_workers(workers)
        self.levels: list[dict[str, Any]] = []
        self.arrays: dict[str, NDArray[Any]] = {
            "word_bytes": words.blob,
            "word_offsets": words.offsets,
            "word_slots": slots,
            "log_prob": log_prob,
        }
        if order > 1:
            self.arrays["backoff"] = backoff
        self.query = _lmquery.Query(
            words.blob, words.offsets, slots, log_prob, backoff if order > 1 else None,
            order=order, unk=unk, bos=bos, eos=eos, uniform=scheme == "uniform",
        )  # fmt: skip

    # ------------------------------------------------------------------ making

    @classmethod
    def from_backoff(
        cls,
        tables: BackoffTables,
        *,
        bits: Bits = 32,
        workers: int | None = None,
        consume: bool = False,
    ) -> QueryTables:
        """The query tables of what an estimator made; with ``consume`` its levels are taken away
        one by one, so that their memory can be used for the tables.
        """
        levels = tables.levels if consume else tables.levels[:]
        first = levels.pop(0)
        made = cls(
            tables.words, _float32(first.log_prob), _float32(first.backoff), order=1 + len(levels),
            unk=tables.unk, bos=tables.bos, eos=tables.eos, scheme=tables.scheme,
            metadata=tables.metadata, bits=bits, workers=workers,
        )  # fmt: skip
        nodes: NDArray[Any] | None = None
        for k in range(2, made.order + 1):
            level = levels.pop(0)
            nodes = made.add_level(
                k, level.parent, level.word, level.log_prob, level.backoff, below=nodes
            )
            del level
        return made

    def add_level(
        self,
        k: int,
        suffix: NDArray[Any],
        word: NDArray[np.uint32],
        log_prob: NDArray[np.float32],
        backoff: NDArray[np.float32],
        *,
        below: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Add all n-grams of order k, the next one.

        Parameters
        ----------
        suffix : ndarray of uint32 or uint64, shape (n,)
            Node of each n-gram without its oldest word; with ``below`` its row there.
        word : ndarray of uint32, shape (n,)
            That word.
        log_prob, backoff : ndarray of float32, shape (n,)
            log10; ``backoff`` of the highest order is not used.
        below : ndarray of uint32 or uint64, optional
            Nodes of the rows of order k - 1.

        Returns
        -------
        nodes : ndarray of uint32 or uint64, shape (n,)
            uint32 if that suffices. Empty for the highest order, below which nothing hangs.

        Raises
        ------
        RepeatedNgram
            One is there twice.
        OverflowError
            More nodes and words than a key of 62 bits holds.
        """
        assert k == len(self.counts) + 1 <= self.order
        bound = self.query.nodes(k - 1) * len(self.words)
        key_bits = max(8, (bound - 1).bit_length())
        if key_bits > _lmquery.MAX_KEY_BITS:
            raise OverflowError(f"order {k}: keys of {key_bits} bits; 62 are the most")
        highest = k == self.order
        probs = coded(_float32(log_prob), self.bits)
        backs = None if highest else coded_exactly(_float32(backoff), self.bits)
        level: dict[str, Any] = {"key_bits": key_bits, "banks": []}
        for name, values in (("prob", probs), ("back", backs)):
            level.update(_describe(name, values))
            if values is not None and values.book is not None:
                self.arrays[f"order{k}_{name}_book"] = values.book
        self._open_level(k, level)
        # there are fewer than twice as many slots as n-grams, but for few of them
        dtype = np.uint32 if len(word) < 1 << 30 else np.uint64
        nodes = np.empty(0 if highest else len(word), dtype=dtype)
        rows: NDArray[np.uint64] | None = None  # those that found their lines full; None: all
        left = len(word)
        while left:
            bank, n_lines = _plan(left, key_bits, level, len(level["banks"]))
            lines = padded_rows(n_lines, _lmquery.LINE, np.uint8)
            level["banks"].append(bank)
            self.arrays[f"order{k}_bank{len(level['banks']) - 1}"] = lines
            self.query.add_bank(k, lines, **bank)
            again, rows = _lmfill.fill(
                self.query, k, word, suffix, below, probs.values, backs and backs.values,
                None if highest else nodes, rows, self.workers,
            )  # fmt: skip
            if again >= 0:
                raise RepeatedNgram(k, again)
            left = len(rows)
        self.levels.append(level)
        self.counts.append(len(word))
        return nodes

    def _open_level(self, k: int, level: dict[str, Any]) -> None:
        self.query.set_level(
            k,
            **{name: value for name, value in level.items() if name != "banks"},
            prob_book=padded_book(self.arrays.get(f"order{k}_prob_book"), level["prob_bits"]),
            back_book=padded_book(self.arrays.get(f"order{k}_back_book"), level["back_bits"]),
        )

    # ------------------------------------------------------------------ going back

    def to_backoff(self) -> BackoffTables:
        """The model as sorted rows, for writing ARPA or making other tables.

        Raises
        ------
        FormatError
            The tables are damaged.
        """
        nothing = np.empty(0, np.float32)
        v = len(self.words)
        ids, none = np.arange(v, dtype=np.uint32), np.empty(0, np.uint32)
        log_prob, backoff = self.arrays["log_prob"], self.arrays.get("backoff", nothing)
        levels = [Level(ids, none, log_prob, backoff)]
        row_of = np.arange(v, dtype=np.int64)  # of each node of the order below
        for k in range(2, self.order + 1):
            found = self.query.list(k)
            if found is None:
                levels.append(Level(none, none, nothing, nothing))
                row_of = np.empty(0, dtype=np.int64)
                continue
            node, suffix, word, log_prob, backoff = found
            if len(node) != self.counts[k - 1] or (suffix.size and suffix.max() >= len(row_of)):
                raise FormatError(f"the n-grams of order {k} are damaged")
            parent = row_of[suffix]
            if parent.size and parent.min() < 0:
                raise FormatError(f"the n-grams of order {k} are damaged")
            order = np.argsort(parent * v + word, kind="stable")
            row_of = np.full(self.query.nodes(k), -1, dtype=np.int64)
            row_of[node[order]] = np.arange(len(order))
            levels.append(
                Level(
                    word[order],
                    parent[order].astype(np.uint32),
                    log_prob[order],
                    backoff[order] if k < self.order else nothing,
                )
            )
        return BackoffTables(
            self.words,
            levels,
            self.unk,
            self.bos,
            self.eos,
            self.scheme,
            self.metadata,
        )

    # ------------------------------------------------------------------ files

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def to_native(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of a native file (see `fastembed.ngram.files`)."""
        return self.arrays, {
            "kind": KIND,
            "layout": LAYOUT,
            "order": self.order,
            "unk": self.unk,
            "bos": self.bos,
            "eos": self.eos,
            "scheme": self.scheme,
            "bits": self.bits,
            "ngrams": self.counts,
            "levels": self.levels,
            "estimate": self.metadata,
        }

    @classmethod
    def from_native(
        cls, file: NativeFile, path: StrPath, *, workers: int | None = None
    ) -> QueryTables:
        """The tables of an opened file, mapped or read.

        Raises
        ------
        FormatError
            The file is damaged, or holds something else.
        """
        own, arrays = file.metadata, file.arrays
        if own.get("kind") != KIND:
            raise FormatError(f"{path}: holds {own.get('kind')!r}, not an {KIND}")
        if own.get("layout") != LAYOUT:
            raise FormatError(
                f"{path}: an {KIND} in layout {own.get('layout', 1)!r}; this version reads layout "
                f"{LAYOUT}. Convert it to ARPA with the version that wrote it (lm convert)"
            )
        words = WordList.from_arrays(arrays, path)
        try:
            made = cls(
                words, arrays["log_prob"], arrays.get("backoff", np.empty(0, np.float32)),
                **{name: own[name] for name in ("order", "unk", "bos", "eos", "scheme", "bits")},
                metadata=own["estimate"], workers=workers, slots=arrays["word_slots"],
            )  # fmt: skip
            made.arrays = arrays
            for k, level in enumerate(own["levels"], 2):
                made._open_level(k, level)
                for i, bank in enumerate(level["banks"]):
                    made.query.add_bank(k, arrays[f"order{k}_bank{i}"], **bank)
                made.levels.append(level)
            made.counts = [int(count) for count in own["ngrams"]]
            if len(made.counts) != made.order or len(made.levels) != made.order - 1:
                raise ValueError(f"{len(made.levels)} levels of a model of order {made.order}")
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the n-gram model is damaged ({error})") from error
        return made


def _float32(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)


def _describe(name: str, values: Coded | None) -> dict[str, int]:
    """A coding as metadata; no values take no bits."""
    bits, base = (0, 0) if values is None else values.coding
    return {f"{name}_bits": bits, f"{name}_base": base}


def _plan(
    n: int, key_bits: int, coding: Mapping[str, int], number: int
) -> tuple[dict[str, int], int]:
    """The layout of a bank for n keys, and its lines: as many slots as the bits of a line hold."""
    load = LOADS[min(number, len(LOADS) - 1)]
    # few keys of many bits get lines enough that the rest of a key is read with the probability
    least = 1 << max(0, key_bits - _lmquery.PLANE_BITS - _lmquery.FIELD + coding["prob_bits"])
    for slots in range(_lmquery.SLOTS, 0, -1):
        n_lines = max(least, n if n <= FEW else math.ceil(n / (slots * load)))
        stored = max(_lmquery.PLANE_BITS, (((1 << key_bits) - 1) // n_lines).bit_length())
        if slots * (stored + coding["prob_bits"] + coding["back_bits"]) <= _lmquery.LINE_BITS:
            return {"stored_bits": stored, "slots": slots}, n_lines
    raise AssertionError("a line has room for a key of any size and two values")
