"""Words to ids in one reading of the text.

Each worker scans its part of a block with a hash table of its own, so the ids that it gives are
provisional. They go to a spool, with a mark where a line ends. When the text has ended, the tables
are merged and the words put in order, and one pass over the spool turns provisional ids into final
ones: the result depends neither on the number of workers nor on who scanned what. With a given
vocabulary there is one table, which is only read, and the ids are final at once.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Literal, NoReturn, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed._native._text import (
    DROP,
    LINE_END,
    PADDING,
    Fold,
    Scanner,
    remap,
)
from fastembed._native._words import NO_ID, WordTable
from fastembed.core.errors import CorpusError, VocabularyError
from fastembed.core.files import StrPath
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.reader import Block, last_space
from fastembed.text.spool import Spool
from fastembed.text.tokenizer import fold_bytes
from fastembed.text.vocabulary import Vocabulary, rank_words
from fastembed.text.wordlist import WordList

__all__ = ["UNK", "Encoder", "Errors", "Oov", "bad_text", "clean_text", "join_words", "padded"]

Errors = Literal["strict", "replace"]
Oov = Literal["drop", "unk"]

UNK = "<unk>"
_BAD_CHARACTER = re.compile("[\0\ud800-\udfff]")
RANGE = 1 << 18  # bytes of text that one worker takes at a time
GROUP = 1 << 22  # provisional ids that are turned into final ones at a time
MEMORY = 1 << 26  # bytes of ids that are kept in memory; offsets get half


def padded(text: bytes) -> NDArray[np.uint8]:
    """The bytes with what the scanner may read behind them."""
    return np.frombuffer(text + bytes(PADDING), dtype=np.uint8)


def bad_text(name: str, offset: int, text: bytes) -> NoReturn:
    """Raise the error for text[0], which is NUL or not UTF-8 and stands at that byte."""
    if text[:1] == b"\0":
        what = "a NUL byte; this looks like a binary file or UTF-16"
    elif offset == 0 and text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        what = "the byte-order mark of UTF-16; convert the text to UTF-8"
    else:
        what = f"not UTF-8 (byte 0x{text[0]:02x})"
    raise CorpusError(
        f"{name}: byte {offset:,}: {what}. errors='replace' (--errors replace) puts U+FFFD there"
    )


def clean_text(text: bytes) -> bytes:
    """Every NUL and every byte that is not UTF-8 replaced by U+FFFD."""
    return text.decode("utf-8", "replace").replace("\0", "\ufffd").encode("utf-8")


class Encoder:
    """Takes a text piece by piece, and gives the corpus and the vocabulary at its end.

    Parameters
    ----------
    vocabulary : Vocabulary, optional
        Ids are these; default: they come from the text.
    fold : Fold, optional
        Lower case, punctuation.
    errors : {"strict", "replace"}
    workers : int
    oov : {"drop", "unk"}
        A word that is not in the vocabulary is left out, or becomes ``<unk>``.
    keep_empty : bool
        A line without words is a sentence.
    keep_ids : bool
        False: count words only.
    folder : path, optional
        For temporary files.
    """

    def __init__(
        self,
        *,
        vocabulary: Vocabulary | None = None,
        fold: Fold | None = None,
        errors: Errors = "strict",
        workers: int = 1,
        oov: Oov = "drop",
        keep_empty: bool = False,
        keep_ids: bool = True,
        folder: StrPath | None = None,
    ) -> None:
        if oov not in get_args(Oov):
            raise ValueError(f"oov must be 'drop' or 'unk'; got {oov!r}")
        self._given = vocabulary
        self._unknown = DROP
        if vocabulary is not None and oov == "unk":
            unknown = vocabulary.get(UNK)
            if unknown is None:
                raise VocabularyError(f"oov='unk' needs the word {UNK} in the vocabulary")
            self._unknown = unknown
        self._oov, self._keep_empty, self._errors = oov, keep_empty, errors
        self._workers, self._fold = workers, fold
        tables = [vocabulary.table()] if vocabulary else [WordTable() for _ in range(workers)]
        self._scanner = Scanner(tables, learn=vocabulary is None, fold=fold)
        self._ids = Spool(np.uint32, memory=MEMORY // 4 if keep_ids else 0, folder=folder)
        self._offsets = Spool(np.uint64, memory=MEMORY // 2 // 8 if keep_ids else 1, folder=folder)
        self._offsets.append(np.zeros(1, dtype=np.uint64))
        self._keep_ids = keep_ids
        # of each segment of the spool: how many ids, how many ends of lines, which table
        self._segments = (array("q"), array("q"), array("i"))
        self._kept = 0  # final ids so far
        self._end = 0  # where the last sentence ended
        self._line_open = False
        self._out = np.empty(0, dtype=np.uint32)
        self.n_raw_tokens = 0

    # ------------------------------------------------------------------ taking text

    def block(self, block: Block) -> None:
        """Take a block of a text; the last of a file ends its line."""
        text, start, stop = block.buffer, block.start, block.stop
        if stop > start:
            starts = self._cut(text, start, stop)
            out = self._room(stop + 1)
            n_ids, n_lines, table, bad = self._scanner.scan(text, starts, out, self._workers)
            begins = starts[:-1]
            if int(bad.max()) < 0:
                self._take(out, begins, n_ids, n_lines, table)
            else:
                if self._errors == "strict":
                    at = int(bad[bad >= 0].min())
                    bad_text(block.name, block.offset + at, text[at : at + 2].tobytes())
                for r in range(len(begins)):
                    if bad[r] < 0:
                        part = slice(r, r + 1)
                        self._take(out, begins[part], n_ids[part], n_lines[part], table[part])
                    else:
                        self._clean_range(text[starts[r] : starts[r + 1]].tobytes())
            self._line_open = bool(text[stop - 1] != 10)
        if block.last:
            self.end_line()

    def _clean_range(self, text: bytes) -> None:
        """Take a range that has bad bytes."""
        text = clean_text(text)
        out = np.empty(len(text) + 1, dtype=np.uint32)
        starts = np.array([0, len(text)])
        n_ids, n_lines, table, _ = self._scanner.scan(padded(text), starts, out, 1)
        self._take(out, starts[:1], n_ids, n_lines, table)

    def end_line(self) -> None:
        """End the line that is open, if there is one."""
        if self._line_open:
            one = np.ones(1, dtype=np.int64)
            ids = np.full(1, LINE_END, dtype=np.uint32)
            self._take(ids, one - 1, one, one, np.zeros(1, dtype=np.int32))
            self._line_open = False

    def sentences(self, sentences: Sequence[Sequence[str]], first: int, name: str) -> None:
        """Take sentences that are cut into words; ``first`` is the number of the first one."""
        line_words = np.fromiter(map(len, sentences), dtype=np.uint64, count=len(sentences))
        total = int(line_words.sum())
        text = join_words(sentences, first, name, self._errors)
        if self._fold is not None:
            text = fold_bytes(text, self._fold)
        out = self._room(total + len(sentences) + 1)
        buffer = np.frombuffer(text, dtype=np.uint8)
        n = np.array([self._scanner.scan_tokens(buffer, line_words, out)], dtype=np.int64)
        lines = np.array([len(sentences)], dtype=np.int64)
        self._take(out, np.zeros(1, dtype=np.int64), n, lines, np.zeros(1, dtype=np.int32))

    def _room(self, size: int) -> NDArray[np.uint32]:
        if len(self._out) < size:
            self._out = np.empty(size, dtype=np.uint32)
        return self._out

    @staticmethod
    def _cut(text: NDArray[np.uint8], start: int, stop: int) -> NDArray[np.int64]:
        """Ranges of some RANGE bytes that end behind white space."""
        cuts = [start]
        for near in range(start + RANGE, stop - RANGE // 2, RANGE):
            cut = last_space(text, cuts[-1], near) + 1
            if cut > cuts[-1]:
                cuts.append(cut)
        return np.array([*cuts, stop], dtype=np.int64)

    def _take(
        self,
        out: NDArray[np.uint32],
        begins: NDArray[np.int64],
        n_ids: NDArray[np.int64],
        n_lines: NDArray[np.int64],
        table: NDArray[np.int32],
    ) -> None:
        """Store the ids of ranges: final ones if the vocabulary is given, else for later."""
        self.n_raw_tokens += int(n_ids.sum() - n_lines.sum())
        if not self._keep_ids:
            return
        if self._given is not None:
            kept, ends = remap(
                out, begins, n_ids, n_lines, table, [None], self._unknown, self._workers
            )
            self._ids.append(out[:kept])
            self._end_sentences(ends, kept)
            return
        for begin, n in zip(begins.tolist(), n_ids.tolist(), strict=True):
            self._ids.append(out[begin : begin + n])
        for record, values in zip(self._segments, (n_ids, n_lines, table), strict=True):
            record.frombytes(np.ascontiguousarray(values).tobytes())

    def _end_sentences(self, ends: NDArray[np.uint64], kept: int) -> None:
        """Store where sentences end; ``ends`` count from the ids before these ``kept``."""
        ends = ends + np.uint64(self._kept)
        self._kept += kept
        if len(ends) == 0:
            return
        if not self._keep_empty:
            before = np.concatenate([[np.uint64(self._end)], ends[:-1]])
            self._end = int(ends[-1])
            ends = ends[ends > before]
        self._offsets.append(ends)

    # ------------------------------------------------------------------ the end

    def vocabulary(
        self,
        *,
        min_count: int = 1,
        max_vocab: int | None = None,
        specials: Sequence[str] = (),
    ) -> tuple[Vocabulary, list[NDArray[np.uint32]]]:
        """The vocabulary of what was taken, and the final id of each id of each table."""
        if self._given is not None:
            raise ValueError("the vocabulary was given")
        if self._oov == "unk" and UNK not in specials:
            specials = (UNK, *specials)
        merged, *others = self._scanner.tables
        maps = [table_words(merged, table) for table in others]
        blob, offsets, counts = merged.export()
        maps.insert(0, np.arange(len(counts), dtype=np.uint32))
        vocabulary, new_ids = rank_words(
            WordList(blob, offsets),
            counts,
            min_count=min_count,
            max_vocab=max_vocab,
            specials=specials,
        )
        vocabulary.n_raw_tokens = self.n_raw_tokens
        if self._oov == "unk":
            unknown = vocabulary[UNK]
            vocabulary.counts[unknown] += self.n_raw_tokens - vocabulary.counts.sum()
            new_ids[new_ids == NO_ID] = unknown
        return vocabulary, [new_ids[ids] for ids in maps]

    def finish(
        self,
        *,
        min_count: int = 1,
        max_vocab: int | None = None,
        specials: Sequence[str] = (),
    ) -> EncodedCorpus:
        """The encoded corpus."""
        if self._given is not None:
            if self._kept == 0:
                raise VocabularyError(
                    f"none of the {self.n_raw_tokens:,} words of the text is in the vocabulary"
                )
            return EncodedCorpus(
                self._given, self._ids, self._offsets, n_raw_tokens=self.n_raw_tokens
            )
        vocabulary, maps = self.vocabulary(
            min_count=min_count, max_vocab=max_vocab, specials=specials
        )
        self._scanner.tables.clear()
        self._renumber(maps)
        return EncodedCorpus(vocabulary, self._ids, self._offsets, n_raw_tokens=self.n_raw_tokens)

    def _renumber(self, maps: list[NDArray[np.uint32]]) -> None:
        """Turn the provisional ids of the spool into final ones, in place."""
        n_ids, n_lines, table = (np.array(record) for record in self._segments)
        ends = np.concatenate([[0], np.cumsum(n_ids)])
        first = 0
        while first < len(n_ids):
            last = int(np.searchsorted(ends, ends[first] + GROUP, side="right")) - 1
            part = slice(first, max(last, first + 1))
            start, stop = int(ends[part.start]), int(ends[part.stop])
            ids = self._ids.read(start, stop)
            kept, line_ends = remap(
                ids, ends[part] - start, n_ids[part], n_lines[part], table[part], maps, DROP,
                self._workers,
            )  # fmt: skip
            # what comes out is never longer than what went in, so nothing unread is overwritten
            if not (self._ids.in_memory and start == self._kept):
                self._ids.write(self._kept, ids[:kept])
            self._end_sentences(line_ends, kept)
            first = part.stop
        self._ids.truncate(self._kept)

    def close(self) -> None:
        """Give up what was taken."""
        self._ids.close()
        self._offsets.close()


def table_words(merged: WordTable, table: WordTable) -> NDArray[np.uint32]:
    """Add one table to another; the ids there."""
    return merged.add(*table.export())


def join_words(
    sentences: Sequence[Sequence[str]],
    first: int,
    name: str,
    errors: Errors,
    separator: str = "\0",
) -> bytes:
    """All words as UTF-8, a NUL (or what is given) behind each.

    Half a surrogate pair cannot be encoded, and NUL could not be told from the separator: both
    are bad as they are in a file. ``first`` is the number of the first sentence, for messages.
    """
    try:
        text = separator.join(chain(chain.from_iterable(sentences), [""]))
        if text.count("\0") == (sum(map(len, sentences)) if separator == "\0" else 0):
            return text.encode("utf-8")
    except (TypeError, UnicodeEncodeError):
        pass  # found out below
    clean = []
    for number, sentence in enumerate(sentences, first):
        for word in sentence:
            if not isinstance(word, str):
                raise TypeError(f"{name}, sentence {number}: expected words (str); got {word!r}")
            good = _BAD_CHARACTER.sub("\ufffd", word)
            if good != word and errors == "strict":
                raise CorpusError(
                    f"{name}, sentence {number}: NUL or half a surrogate pair in {word[:60]!r}. "
                    "errors='replace' puts U+FFFD there"
                )
            clean.append(good.encode("utf-8"))
    return separator.encode().join([*clean, b""])
