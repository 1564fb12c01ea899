"""Words to ids in one reading of the text.

This thread reads blocks, and worker threads scan them, each with a hash table of its own, so the
ids that they give are provisional. In the order of the text these go to a spool, with a mark where
a line ends. When the text has ended, the tables are merged and the words put in order, and one pass
over the spool turns provisional ids into final ones: the result depends neither on the number of
workers nor on who scanned what. With a given vocabulary there is one table, which is only read,
and the ids are final at once.

The workers are plain threads, not an OpenMP team: a block is one call without the GIL, there is no
barrier between blocks, and unpacking goes on meanwhile.
"""

from __future__ import annotations

import re
from array import array
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import Literal, NamedTuple, NoReturn, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed._native._text import (
    DROP,
    LINE_END,
    PADDING,
    Fold,
    remap,
    scan,
    scan_tokens,
)
from fastembed._native._words import NO_ID, WordTable
from fastembed.core.errors import CorpusError, VocabularyError
from fastembed.core.files import StrPath
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.reader import Block
from fastembed.text.spool import Spool
from fastembed.text.tokenizer import fold_bytes
from fastembed.text.vocabulary import Vocabulary, check_specials, rank_words
from fastembed.text.wordlist import WordList

__all__ = [
    "MEMORY",
    "UNK",
    "Encoder",
    "Errors",
    "Oov",
    "bad_text",
    "clean_text",
    "join_words",
    "padded",
]

Errors = Literal["strict", "replace"]
Oov = Literal["drop", "unk"]

UNK = "<unk>"
_BAD_CHARACTER = re.compile("[\0\ud800-\udfff]")
SMALL = 1 << 15  # bytes that are scanned sooner than a thread is woken
MEMORY = 1 << 26  # bytes of ids that are kept in memory by default


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


class _Worker:
    """What a thread needs while it scans a block."""

    def __init__(self, index: int, table: WordTable) -> None:
        self.index, self.table = index, table
        self._scratch = np.empty(0, dtype=np.uint8)

    def scratch(self, size: int) -> NDArray[np.uint8]:
        """Room for folded text."""
        if len(self._scratch) < size:
            self._scratch = np.empty(size, dtype=np.uint8)
        return self._scratch


class _Scanned(NamedTuple):
    """What came out of a block."""

    ids: NDArray[np.uint32]
    n_ids: int
    n_lines: int
    worker: int


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
    memory : int
        Bytes of ids that are kept in memory; offsets get half as many.
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
        memory: int = MEMORY,
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
        self._learn = vocabulary is None
        given = vocabulary.table() if vocabulary is not None else None
        self._tables = [given or WordTable() for _ in range(workers)]
        # workers at rest, and room for ids that is not in use
        self._idle = deque(_Worker(i, table) for i, table in enumerate(self._tables))
        self._rooms: deque[NDArray[np.uint32]] = deque()
        self._pool = ThreadPoolExecutor(workers, "fastembed-scan") if workers > 1 else None
        self._pending: deque[tuple[Block, Future[_Scanned]]] = deque()
        self._ids = Spool(np.uint32, memory=memory // 4 if keep_ids else 0, folder=folder)
        self._offsets = Spool(np.uint64, memory=memory // 2 // 8 if keep_ids else 1, folder=folder)
        self._offsets.append(np.zeros(1, dtype=np.uint64))
        self._keep_ids = keep_ids
        # of each segment of the spool: how many ids, how many ends of lines, whose table
        self._segments = (array("q"), array("q"), array("i"))
        self._kept = 0  # final ids so far
        self._end = 0  # where the last sentence ended
        self._line_open = False
        self.n_raw_tokens = 0

    # ------------------------------------------------------------------ taking text

    @property
    def ahead(self) -> int:
        """How many blocks may be in work while the next one is read."""
        return self._workers + 1 if self._pool is not None else 0

    def block(self, block: Block) -> None:
        """Take a block of a text; the last of a file ends its line.

        Its buffer must stay as it is until `ahead` more blocks were taken.
        """
        small = block.stop - block.start < SMALL and not self._pending
        if self._pool is None or small:
            self._collect(block, self._scan(block))
            return
        self._pending.append((block, self._pool.submit(self._scan, block)))
        if len(self._pending) > self._workers:
            self._collect_oldest()

    def flush(self) -> None:
        """Wait for all blocks."""
        while self._pending:
            self._collect_oldest()

    def _collect_oldest(self) -> None:
        block, future = self._pending.popleft()
        self._collect(block, future.result())

    def _scan(self, block: Block) -> _Scanned:
        """Scan a block, in any thread."""
        text, start, stop = block.buffer, block.start, block.stop
        if stop == start:
            return _Scanned(np.empty(0, dtype=np.uint32), 0, 0, 0)
        worker = self._idle.pop()
        try:
            ids, n_ids, n_lines, bad = self._scan_with(worker, text, start, stop)
            if bad >= 0:
                if self._errors == "strict":
                    bad_text(block.name, block.offset + bad, text[bad:stop].tobytes())
                clean = clean_text(text[start:stop].tobytes())
                ids, n_ids, n_lines, _ = self._scan_with(worker, padded(clean), 0, len(clean))
            return _Scanned(ids, n_ids, n_lines, worker.index)
        finally:
            self._idle.append(worker)

    def _scan_with(
        self, worker: _Worker, text: NDArray[np.uint8], start: int, stop: int
    ) -> tuple[NDArray[np.uint32], int, int, int]:
        ids = self._room(stop - start)
        scratch = worker.scratch(3 * (stop - start + PADDING)) if self._fold is not None else None
        found = scan(
            worker.table,
            text,
            start,
            stop,
            ids,
            learn=self._learn,
            fold=self._fold,
            scratch=scratch,
        )
        return (ids, *found)

    def _room(self, size: int) -> NDArray[np.uint32]:
        """An array for ids; `_collect` puts it back."""
        room = self._rooms.pop() if self._rooms else np.empty(0, dtype=np.uint32)
        return room if len(room) >= size else np.empty(size, dtype=np.uint32)

    def _collect(self, block: Block, scanned: _Scanned) -> None:
        """Take what came out of a block; blocks come here in order."""
        self._take(*scanned)
        self._rooms.append(scanned.ids)
        if block.stop > block.start:
            self._line_open = bool(block.buffer[block.stop - 1] != 10)
        if block.last and self._line_open:
            self._take(np.full(1, LINE_END, dtype=np.uint32), 1, 1, 0)
            self._line_open = False

    def sentences(self, sentences: Sequence[Sequence[str]], first: int, name: str) -> None:
        """Take sentences that are cut into words; ``first`` is the number of the first one."""
        line_words = np.fromiter(map(len, sentences), dtype=np.uint64, count=len(sentences))
        text = join_words(sentences, first, name, self._errors)
        text = fold_bytes(text, self._fold)
        ids = self._room(int(line_words.sum()) + len(sentences))
        buffer = np.frombuffer(text, dtype=np.uint8)
        n_ids = scan_tokens(self._tables[0], buffer, line_words, ids, learn=self._learn)
        self._take(ids, n_ids, len(sentences), 0)
        self._rooms.append(ids)

    def _take(self, ids: NDArray[np.uint32], n_ids: int, n_lines: int, worker: int) -> None:
        """Store ids: final ones if the vocabulary is given, else for later."""
        self.n_raw_tokens += n_ids - n_lines
        if not self._keep_ids:
            return
        ids = ids[:n_ids]
        if self._given is not None:
            kept, ends = remap(ids, None, self._unknown, n_lines)
            self._ids.append(ids[:kept])
            self._end_sentences(ends, kept)
            return
        self._ids.append(ids)
        for record, value in zip(self._segments, (n_ids, n_lines, worker), strict=True):
            record.append(value)

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
        allow_blank: bool = False,
    ) -> tuple[Vocabulary, list[NDArray[np.uint32]]]:
        """The vocabulary of what was taken, and the final id of each id of each table."""
        if self._given is not None:
            raise ValueError("the vocabulary was given")
        check_specials(specials)
        if self._oov == "unk" and UNK not in specials:
            specials = (UNK, *specials)
        self.flush()
        merged, *others = self._tables
        maps = [merged.merge(table) for table in others]
        blob, offsets, counts = merged.export()
        maps.insert(0, np.arange(len(counts), dtype=np.uint32))
        vocabulary, new_ids = rank_words(
            WordList(blob, offsets),
            counts,
            min_count=min_count,
            max_vocab=max_vocab,
            specials=specials,
            allow_blank=allow_blank,
        )
        vocabulary.n_raw_tokens = self.n_raw_tokens
        if self._oov == "unk":
            unknown = vocabulary.specials.index(UNK)
            vocabulary.counts[unknown] += self.n_raw_tokens - vocabulary.counts.sum()
            new_ids[new_ids == NO_ID] = unknown
        return vocabulary, [new_ids[ids] for ids in maps]

    def finish(
        self,
        *,
        min_count: int = 1,
        max_vocab: int | None = None,
        specials: Sequence[str] = (),
        allow_blank: bool = False,
    ) -> EncodedCorpus:
        """The encoded corpus."""
        self.flush()
        if self._given is not None:
            if self._kept == 0 and self.n_raw_tokens > 0:
                raise VocabularyError(
                    f"none of the {self.n_raw_tokens:,} words of the text is in the vocabulary"
                )
            return EncodedCorpus(
                self._given, self._ids, self._offsets, n_raw_tokens=self.n_raw_tokens
            )
        vocabulary, maps = self.vocabulary(
            min_count=min_count, max_vocab=max_vocab, specials=specials, allow_blank=allow_blank
        )
        self._tables.clear()
        self._idle.clear()
        self._renumber(maps)
        return EncodedCorpus(vocabulary, self._ids, self._offsets, n_raw_tokens=self.n_raw_tokens)

    def _renumber(self, maps: list[NDArray[np.uint32]]) -> None:
        """Turn the provisional ids of the spool into final ones, in place."""
        at = 0
        waiting: deque[Future[tuple[NDArray[np.uint32], NDArray[np.uint64]]]] = deque()
        for n_ids, n_lines, worker in zip(*self._segments, strict=True):
            ids = self._ids.read(at, at + n_ids)
            at += n_ids
            if self._pool is None:
                self._put_final(*_final(ids, maps[worker], n_lines))
                continue
            waiting.append(self._pool.submit(_final, ids, maps[worker], n_lines))
            if len(waiting) > 2 * self._workers:
                self._put_final(*waiting.popleft().result())
        while waiting:
            self._put_final(*waiting.popleft().result())
        self._ids.truncate(self._kept)

    def _put_final(self, ids: NDArray[np.uint32], ends: NDArray[np.uint64]) -> None:
        # what comes out is never longer than what went in, so nothing unread is overwritten
        self._ids.write(self._kept, ids)
        self._end_sentences(ends, len(ids))

    def stop(self) -> None:
        """End the threads; blocks that wait are given up."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Give up what was taken."""
        self.stop()
        self._ids.close()
        self._offsets.close()


def _final(
    ids: NDArray[np.uint32], new_ids: NDArray[np.uint32], n_lines: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    kept, ends = remap(ids, new_ids, DROP, n_lines)
    return ids[:kept], ends


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
