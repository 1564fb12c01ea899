"""Reading ARPA files into query tables: see `fastembed.ngram.arpa` for what is accepted.

Blocks of lines are read by ``csrc/arpa.h`` on all threads. As the sections come in order of their
length, each n-gram finds its suffix and its context in the tables already made; nothing else of
the file is kept.
"""

from __future__ import annotations

import io
import re
from contextlib import closing
from typing import Any, BinaryIO, Literal, NoReturn, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _arpa, _vectors
from fastembed._native._words import WordTable
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, consumed, open_read, stored_size
from fastembed.core.progress import Progress, progress_of
from fastembed.core.threads import resolve_workers
from fastembed.io.native import is_native
from fastembed.io.rows import LineError, parse_number
from fastembed.ngram.arpa import NOT_NORMALISED
from fastembed.ngram.arpa_lines import Lines, show
from fastembed.ngram.arpa_section import Column, Section, Spare
from fastembed.ngram.binary import NONE, Bits, QueryTables, RepeatedNgram
from fastembed.ngram.suffixes import add_suffixes
from fastembed.ngram.tables import BOS, EOS, UNK
from fastembed.text.wordlist import WordList

__all__ = ["MissingBackoff", "read_arpa"]

MissingBackoff = Literal["error", "zero"]
MAX_PREAMBLE = 10_000  # lines before \data\
NARROW = (1 << 32) - 1  # nodes that 32 bits can number, one less being no node
MOST_EXPECTED = 1 << 22  # rows to make room for where the size of the file is not known
UNKNOWN_LOG_PROB = -100.0  # of <unk> where the file has none: KenLM's choice
_COUNT = re.compile(rb"ngram\s+(\d{1,2})\s*=\s*(\d{1,18})\s*")
_FIRST_FIELD = re.compile(rb"[ \t]*[^ \t]+[ \t]+")


def read_arpa(
    path: StrPath,
    *,
    bits: Bits = 32,
    missing_backoff: MissingBackoff = "error",
    workers: int | None = None,
    progress: Progress | bool | None = None,
) -> QueryTables:
    """Read an ARPA file (``-`` is standard input; ``.gz`` and others are unpacked).

    Parameters
    ----------
    path : path
    bits : {32, 16, 8}
        Size of a stored probability; 32 is exact.
    missing_backoff : {"error", "zero"}
        An n-gram without back-off weight that is the context of a longer one.
    workers : int, optional
        Threads; the result does not depend on it.

    Raises
    ------
    FormatError
        The file is malformed: names the line and what was expected there.
    OSError
        It cannot be opened.
    """
    if missing_backoff not in get_args(MissingBackoff):
        raise ValueError(f"missing_backoff must be 'error' or 'zero'; got {missing_backoff!r}")
    report = progress_of(progress)
    report.start(stored_size(path), "B", "reading ARPA")
    try:
        with closing(open_read(path, error=FormatError)) as file:
            reader = _Reader(file, path, bits, missing_backoff, resolve_workers(workers), report)
            return reader.read()
    finally:
        report.close()


class _Reader:
    def __init__(
        self,
        file: BinaryIO,
        path: StrPath,
        bits: Bits,
        missing_backoff: MissingBackoff,
        workers: int,
        report: Progress,
    ) -> None:
        self.lines = Lines(file, "standard input" if path == "-" else path)
        self.file, self.path, self.bits = file, path, bits
        self.workers, self.report = workers, report
        self.missing_backoff = missing_backoff
        self.promised: list[int]  # n-grams of each order, as the header says
        self.tables: QueryTables
        self.table: WordTable  # ids of the words
        self.spare = Spare()
        self.scratch = np.empty((2, 0), dtype=np.uint64)
        # of the order before: ids, nodes and contexts, if they ascend
        self.lower: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]] | None = None
        self._held: tuple[Column, ...] = ()  # what they lie in
        # of the order before: which nodes have no back-off weight; the node of each row
        self.lacking: NDArray[np.bool_] | None = None
        self.before: tuple[Section, NDArray[np.uint64]]
        self.metadata: dict[str, Any] = {"source": "ARPA"}

    def _check_format(self) -> None:
        """A native file is no text, and is not read as one to look for its header."""
        if self.lines.more() and is_native(self.lines.buffer[:16].tobytes()):
            raise FormatError(
                f"{self.lines.path}: a native file, which is opened by memory map: it must be a "
                "file of its own, not packed; unpack or save it, and give its name"
            )

    def read(self) -> QueryTables:
        self._check_format()
        self.promised = counts = self._header()
        for k, count in enumerate(counts, 1):
            self._heading(f"\\{k}-grams:".encode(), k, counts)
            section = self._rows(k, highest=k == len(counts))
            if section.rows != count:
                self.lines.fail(
                    f"the section of {k}-grams ends after {section.rows} of them; "
                    f"'ngram {k}={count}' promises {count}"
                )
            if k == 1:
                self._unigrams(section, len(counts))
            else:
                self._level(section)
        self._heading(b"\\end\\", len(counts), counts)
        while (line := self.lines.take()) is not None:
            if line:
                self.lines.fail("expected nothing after \\end\\", self.lines.number - 1)
        self.tables.metadata.update(self.metadata)
        return self.tables

    # ------------------------------------------------------------------ headings

    def _header(self) -> list[int]:
        lines = self.lines
        while (line := lines.take()) != b"\\data\\":
            if line == b"\xef\xbb\xbf\\data\\":
                break
            if line is None or lines.number > MAX_PREAMBLE:
                lines.fail("expected \\data\\, with which an ARPA file begins", 1)
            if line == NOT_NORMALISED:
                self.metadata["normalised"] = False
        counts: list[int] = []
        while True:
            line = lines.peek()
            if line is None:
                lines.fail("the file ends in its header; expected 'ngram 1=...' and \\1-grams:")
            found = _COUNT.fullmatch(line)
            if found is not None:
                if int(found[1]) != len(counts) + 1:
                    lines.fail(f"expected 'ngram {len(counts) + 1}=...'; found {show(line)}")
                counts.append(int(found[2]))
            elif line.startswith(b"\\"):
                break
            elif line:
                lines.fail(f"expected 'ngram {len(counts) + 1}=...' or \\1-grams:; found "
                           f"{show(line)}")  # fmt: skip
            lines.take()
        if not counts:
            lines.fail("expected 'ngram 1=...'")
        if len(counts) > 15:
            lines.fail(f"a model of order {len(counts)}; 15 is the most")
        return counts

    def _heading(self, wanted: bytes, k: int, counts: list[int]) -> None:
        line = self.lines.take()
        while line == b"":
            line = self.lines.take()
        if line is None:
            self.lines.fail(f"the file is cut short: expected {wanted.decode()}")
        if line != wanted:
            problem = f"expected {wanted.decode()}; found {show(line)}"
            self.lines.fail(problem, self.lines.number - 1)

    # ------------------------------------------------------------------ n-grams

    def _rows(self, k: int, *, highest: bool) -> Section:
        """Read n-grams up to the next heading."""
        wide = k > 1 and self.tables.query.nodes(k - 1) > NARROW
        section = Section(k, self._expected(), wide=wide, spare=self.spare)
        lines, words = self.lines, self.table if k > 1 else None
        ids, prob, back = np.empty((0, max(k, 2)), "u4"), np.empty(0, "f4"), np.empty(0, "f4")
        while True:
            if not lines.more():
                lines.fail(f"the file is cut short among the {k}-grams: expected \\end\\")
            self.report.update(consumed(self.file))
            room = _arpa.room(lines.stop - lines.start, k, self.workers)
            if room > len(ids):
                ids, prob, back = np.empty((room, max(k, 2)), "u4"), *np.empty((2, room), "f4")
            first_line = lines.number
            pieces = _arpa.read(
                words, lines.buffer, lines.start, lines.stop, k, highest, self.workers,
                ids, prob, back,
            )  # fmt: skip
            for base, rows, status, at in pieces:
                part = slice(base, base + rows)
                self._take(section, ids[part], prob[part], None if highest else back[part])
                lines.number += rows
                if status == _arpa.END:
                    continue
                if status == _arpa.UTF8:
                    self._bad_byte(at, first_line)
                lines.start = at
                if status == _arpa.SLOW:
                    self._slow_line(section, k, highest)
                elif lines.peek() == b"":
                    lines.take()
                else:
                    return section
                break
            else:
                lines.start = lines.stop

    def _expected(self) -> list[int]:
        """Rows of each order to make room for: what the header says, if the file can hold them."""
        plain = isinstance(getattr(self.file, "raw", None), io.FileIO)
        size = stored_size(self.path) if plain else None
        return [
            min(count, MOST_EXPECTED if size is None else size // (2 * k + 2))
            for k, count in enumerate(self.promised, 1)
        ]

    def _bad_byte(self, at: int, first_line: int) -> NoReturn:
        lines = self.lines
        number = first_line + int(np.count_nonzero(lines.buffer[lines.start : at] == 10))
        byte = int(lines.buffer[at])
        lines.fail("a NUL byte" if byte == 0 else f"not UTF-8 (byte 0x{byte:02x})", number)

    def _slow_line(self, section: Section, k: int, highest: bool) -> None:
        """A line that the fast way did not take: a number of many digits, or an error."""
        lines, start = self.lines, self.lines.start
        line = lines.peek()
        assert line is not None
        try:
            prob, words, back = _parse_line(line, k, highest)
        except LineError as error:
            lines.fail(str(error))
        if k == 1:
            field = _FIRST_FIELD.match(lines.buffer[start : lines.stop].tobytes())
            assert field is not None
            ids = np.array([[start + field.end(), len(words[0])]])
        else:
            found = [self._find(word) for word in words]
            unknown = [word for word, i in zip(words, found, strict=True) if i < 0]
            if unknown:
                lines.fail(f"the word {show(unknown[0])} is not among the 1-grams")
            ids = np.array([found])
        backs = None if highest else np.array([back], "f4")
        self._take(section, ids.astype(np.uint32), np.array([prob], "f4"), backs)
        lines.take()

    def _find(self, word: bytes) -> int:
        from fastembed._native._lmscore import find

        return find(self.tables.query, word.decode("utf-8"))

    def _take(
        self,
        section: Section,
        ids: NDArray[np.uint32],
        prob: NDArray[np.float32],
        back: NDArray[np.float32] | None,
    ) -> None:
        """Keep what is needed of some rows: the suffix and the context are looked up."""
        n = len(ids)
        if n == 0:
            return
        section.begin(self.lines.number)
        if section.k == 1:
            begins = ids[:, 0].astype(np.int64)
            blob, offsets = _vectors.pack_spans(self.lines.buffer, begins, begins + ids[:, 1])
            section.ids.add(len(blob))[:] = blob
            section.suffix.add(n)[:] = np.diff(offsets)
        else:
            self._link(section, ids)
        section.prob.add(n)[:] = prob
        if back is not None:
            section.back.add(n)[:] = back
        section.rows += n

    def _link(self, section: Section, ids: NDArray[np.uint32]) -> None:
        """Look up the suffixes and contexts of some rows."""
        k, n = section.k, len(ids)
        if self.scratch.shape[1] < n:
            self.scratch = np.empty((2, n), dtype=np.uint64)
        suffix, context = self.scratch[:, :n]
        if k == self.tables.order:
            section.ids.add(n)[:] = ids[:, 0]
            rows, first = ids, 0
        else:
            section.ids.add(n)[:] = ids
            rows, first = section.ids.array, section.rows
        section.ascending &= _arpa.link(
            self.tables.query, k, rows, first, first + n, self.lower, suffix, context, self.workers
        )
        self._check_contexts(section, ids, context)
        absent = np.flatnonzero(suffix == NONE)
        if len(absent):
            section.missing.append((absent + section.rows, ids[absent, 1:]))
        section.suffix.add(n)[:] = suffix
        if k < self.tables.order:
            section.context.add(n)[:] = context

    def _check_contexts(
        self, section: Section, ids: NDArray[np.uint32], context: NDArray[np.uint64]
    ) -> None:
        bad = np.flatnonzero(context == NONE)
        if len(bad):
            row, k = int(bad[0]), section.k
            words = [self.tables.words[int(i)] for i in ids[row, : k - 1]]
            self.lines.fail(
                f"the {k}-gram needs its context {' '.join(words)!r} among the {k - 1}-grams",
                self.lines.number + row,
            )
        if self.lacking is None or self.missing_backoff == "zero":
            return
        bad = np.flatnonzero(self.lacking[context])
        if len(bad):
            row = int(bad[0])
            words = [self.tables.words[int(i)] for i in ids[row, : section.k - 1]]
            before, nodes = self.before
            self.lines.fail(
                f"expected a back-off weight of {' '.join(words)!r}, which is the context of the "
                f"{section.k}-gram in line {self.lines.number + row} (missing_backoff='zero', "
                "--missing-backoff zero, takes it as 0)",
                before.line_of(int(np.flatnonzero(nodes == context[row])[0])),
            )

    # ------------------------------------------------------------------ tables

    def _unigrams(self, section: Section, order: int) -> None:
        offsets = np.zeros(section.rows + 1, dtype=np.uint64)
        np.cumsum(section.suffix.array, out=offsets[1:])
        words = WordList(section.ids.array, offsets)
        prob, back = section.prob.array, self._backs(section)
        if order == 1:
            back = np.zeros(section.rows, dtype=np.float32)
        places = {name: words.locate(name) for name in (UNK, BOS, EOS, "<UNK>")}
        for name in (BOS, EOS):
            if places[name] < 0:
                self.lines.fail(f"expected {name} among the 1-grams, which end here")
        unk = places[UNK] if places[UNK] >= 0 else places["<UNK>"]
        if unk < 0:
            unk = len(words)
            blob = np.concatenate([words.blob, np.frombuffer(UNK.encode(), dtype=np.uint8)])
            words = WordList(blob, np.append(offsets, np.uint64(len(blob))))
            prob = np.append(prob, np.float32(UNKNOWN_LOG_PROB))
            back = np.append(back, np.float32(0))
            self.metadata["unk_added"] = True
        try:
            self.tables = QueryTables(
                words, prob, back, order=order, unk=unk, bos=places[BOS], eos=places[EOS],
                bits=self.bits, workers=self.workers,
            )  # fmt: skip
        except RepeatedNgram as error:
            self._repeated(section, error, words[error.row])
        self.table = WordTable()
        self.table.add(words.blob, words.offsets, np.ones(len(words), dtype=np.int64))
        self._note_lacking(section, np.arange(section.rows, dtype=np.uint64))

    def _level(self, section: Section) -> None:
        suffix: NDArray[Any] = section.suffix.array
        ids, k = section.ids.array, section.k
        self.lower = None
        self.spare.give(*self._held)
        if section.missing:
            rows = np.concatenate([part[0] for part in section.missing])
            lacking = np.concatenate([part[1] for part in section.missing])
            suffix = suffix.astype(np.uint64)
            suffix[rows] = NONE
            self.tables, added = add_suffixes(self.tables, lacking, suffix, rows)
            self.metadata["suffixes_added"] = self.metadata.get("suffixes_added", 0) + added
        back, word = self._backs(section), ids if ids.ndim == 1 else ids[:, 0]
        try:
            nodes = self.tables.add_level(k, suffix, word, section.prob.array, back)
        except RepeatedNgram as error:
            self._repeated(section, error, f"{self.tables.words[int(word[error.row])]} ...")
        self._note_lacking(section, nodes)
        # added suffixes gave the nodes other numbers
        context = section.context.array
        narrow = nodes.dtype == context.dtype == np.uint32
        if k < self.tables.order and section.ascending and not section.missing and narrow:
            self.lower = ids, nodes, context
        self._held = section.ids, section.context
        self.spare.give(section.suffix, section.prob, section.back)

    def _backs(self, section: Section) -> NDArray[np.float32]:
        """Back-off weights, 0 where there is none."""
        back = section.back.array
        self._lacks = np.flatnonzero(np.isnan(back))
        back[self._lacks] = 0
        return back

    def _note_lacking(self, section: Section, nodes: NDArray[np.uint64]) -> None:
        self.lacking = None
        if section.k < self.tables.order and len(self._lacks):
            self.lacking = np.zeros(self.tables.query.nodes(section.k), dtype=bool)
            self.lacking[nodes[self._lacks]] = True
            self.before = (section, nodes)

    def _repeated(self, section: Section, error: RepeatedNgram, what: str) -> NoReturn:
        self.lines.fail(
            f"the {section.k}-gram {what!r} stands there twice", section.line_of(error.row)
        )


def _parse_line(line: bytes, k: int, highest: bool) -> tuple[float, list[bytes], float]:
    """Slowly: probability, words and back-off weight (NaN for none)."""
    plural = "word" if k == 1 else f"{k} words"
    wanted = f"expected a log10 probability and {plural}"
    wanted += "" if highest else ", and a back-off weight"
    fields = [part for part in re.split(rb"[ \t\r]+", line) if part]
    if len(fields) not in (k + 1, k + 2):
        raise LineError(f"{wanted}; found {len(fields)} fields: {show(line)}")
    prob = parse_number(fields[0])
    if prob > 0:
        raise LineError(f"a log10 probability must be <= 0; found {show(fields[0])}")
    back = float("nan")
    if len(fields) == k + 2:
        back = parse_number(fields[k + 1])
        if highest and back != 0:
            raise LineError(f"{wanted}, no back-off weight in the highest order; found "
                            f"{show(line)}")  # fmt: skip
    return prob, fields[1 : k + 1], back
