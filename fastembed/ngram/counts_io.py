"""Files of n-gram counts: the native binary, and TSV lines ``w1 ... wk<TAB>count``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from fastembed._native._ngram_trie import NONE
from fastembed._native._text import LINE_END, PADDING, scan
from fastembed._native._words import WordTable, take_words
from fastembed.core.errors import FormatError, VocabularyError
from fastembed.core.files import StrPath, open_read, open_write
from fastembed.io.native import read_native, write_native
from fastembed.ngram.counting import CountLevel
from fastembed.ngram.counts import MAX_ORDER, NgramCounts, check_order
from fastembed.ngram.tables import BOS_ID, EOS_ID, SPECIALS, check_no_space
from fastembed.text.vocabulary import Vocabulary, rank_words
from fastembed.text.wordlist import WordList

__all__ = ["load_counts", "read_tsv", "save_counts", "write_tsv"]

KIND = "n-gram counts"
ROWS = 1 << 17  # that are written at a time
BLOCK = 1 << 24  # bytes that are read at a time


# ---------------------------------------------------------------------------------- binary


def save_counts(counts: NgramCounts, path: StrPath) -> None:
    """See `NgramCounts.save`."""
    words = counts.vocabulary.words
    arrays: dict[str, NDArray[Any]] = {
        "word_bytes": words.blob,
        "word_offsets": words.offsets,
        "count_1": counts.levels[0].count,
    }
    if counts.appearance is not None:
        arrays["appearance"] = counts.appearance
    for k, level in enumerate(counts.levels[1:], 2):
        arrays |= {f"word_{k}": level.word, f"parent_{k}": level.parent, f"count_{k}": level.count}
    write_native(path, arrays, {"kind": KIND, "order": counts.order, "complete": counts.complete})


def load_counts(path: StrPath, *, mmap: bool = True) -> NgramCounts:
    """See `NgramCounts.load`."""
    native = read_native(path, mmap=mmap)
    arrays, about = native.arrays, native.metadata
    if about.get("kind") != KIND:
        raise FormatError(f"{path}: holds {about.get('kind')!r}, not {KIND}")
    order = about.get("order")
    if not isinstance(order, int) or not 1 <= order <= MAX_ORDER:
        raise FormatError(f"{path}: expected an order from 1 to {MAX_ORDER}; got {order!r}")

    def take(name: str, dtype: str, size: int | None = None) -> NDArray[Any]:
        array = arrays.get(name)
        if array is None or array.dtype != dtype or array.ndim != 1:
            raise FormatError(f"{path}: expected an array {name!r} of dtype {dtype} (1-d)")
        if size is not None and len(array) != size:
            raise FormatError(f"{path}: {name!r} has {len(array):,} entries; expected {size:,}")
        return array

    words = WordList.from_arrays(arrays, path)
    unigrams = take("count_1", "i8", len(words))
    appearance = take("appearance", "i8", len(unigrams)) if "appearance" in arrays else None
    try:
        vocabulary = Vocabulary(words, unigrams, specials=SPECIALS)
    except (ValueError, VocabularyError) as error:
        raise FormatError(f"{path}: the vocabulary is damaged ({error})") from error
    first = np.arange(len(unigrams), dtype=np.uint32)
    levels = [CountLevel(first, np.empty(0, dtype=np.uint32), unigrams)]
    for k in range(2, order + 1):
        word = take(f"word_{k}", "u4")
        parent = take(f"parent_{k}", "u4", len(word))
        _check_level(path, k, word, parent, len(unigrams), len(levels[-1]))
        levels.append(CountLevel(word, parent, take(f"count_{k}", "u4", len(word))))
    return NgramCounts(vocabulary, levels, appearance, bool(about.get("complete", False)))


def _check_level(
    path: StrPath,
    k: int,
    word: NDArray[np.uint32],
    parent: NDArray[np.uint32],
    n_words: int,
    n_parents: int,
) -> None:
    """Ids and rows are inside, and rows in order: what kernels rely on."""
    step = 1 << 22
    for first in range(0, len(word), step):
        words, parents = word[first : first + step + 1], parent[first : first + step + 1]
        inside = int(words.max()) < n_words and int(parents.max()) < n_parents
        same = parents[1:] == parents[:-1]
        rising = (parents[1:] > parents[:-1]) | (same & (words[1:] > words[:-1]))
        if not inside or not bool(np.all(rising)):
            raise FormatError(f"{path}: the {k}-grams are damaged near row {first:,}")


# ---------------------------------------------------------------------------------- TSV


def write_tsv(counts: NgramCounts, path: StrPath) -> None:
    """See `NgramCounts.write_tsv`."""
    words = counts.vocabulary.words
    check_no_space(words, path, "a TSV of n-grams")
    n = len(words)
    spaced = _with_end(words, b" ")
    tabbed = _with_end(words, b"\t")
    with open_write(path) as file:
        for k in range(1, counts.order + 1):
            level = counts.levels[k - 1]
            for first in range(0, len(level), ROWS):
                rows: NDArray[Any] = np.arange(first, min(first + ROWS, len(level)))
                count = level.count[rows]
                if k == 1:
                    rows, count = rows[count > 0], count[count > 0]
                values, which = np.unique(count, return_inverse=True)
                lines = np.empty((len(rows), k + 1), dtype=np.uint32)
                lines[:, k] = 2 * n + which
                lines[:, :k] = counts.ngrams(k, rows)
                lines[:, k - 1] += n
                numbers = WordList.from_words(f"{value}\n" for value in values.tolist())
                blob, _ = take_words(*_joined(spaced, tabbed, numbers), lines.reshape(-1))
                file.write(memoryview(blob))


def _with_end(words: WordList, end: bytes) -> WordList:
    """Each word with a byte behind it."""
    offsets = (words.offsets + np.arange(len(words.offsets))).astype(np.uint64)
    blob = np.full(int(offsets[-1]), end[0], dtype=np.uint8)
    inside = np.ones(len(blob), dtype=bool)
    inside[offsets[1:].astype(np.int64) - 1] = False
    blob[inside] = words.blob
    return WordList(blob, offsets)


def _joined(*lists: WordList) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Several lists of words as one."""
    base = np.uint64(0)
    offsets = [np.zeros(1, dtype=np.uint64)]
    for words in lists:
        offsets.append(words.offsets[1:] + base)
        base += words.offsets[-1]
    return np.concatenate([words.blob for words in lists]), np.concatenate(offsets)


class _Rows(NamedTuple):
    """N-grams of one order as they stand in a file: (n, k) ids, counts, numbers of the lines."""

    ids: NDArray[np.uint32]
    counts: NDArray[np.int64]
    line: NDArray[np.int64]


def read_tsv(path: StrPath, order: int | None = None) -> NgramCounts:
    """See `NgramCounts.read_tsv`."""
    if order is not None:
        check_order(order)
    table = WordTable()
    parts: dict[int, list[_Rows]] = {}
    for rows in _read_lines(path, table):
        parts.setdefault(rows.ids.shape[1], []).append(rows)
    longest = max(parts, default=1)
    missing = [k for k in range(1, longest + 1) if k not in parts]
    if missing:
        raise FormatError(f"{path}: no {missing[0]}-grams; expected lines of words, tab and count")
    vocabulary, new_ids = _vocabulary(path, table, _joined_rows(parts.pop(1)))
    first = np.arange(len(vocabulary), dtype=np.uint32)
    unigrams = CountLevel(first, np.empty(0, dtype=np.uint32), vocabulary.counts)
    result = NgramCounts(vocabulary, [unigrams])
    nothing = np.empty(0, dtype=np.int64)
    for k in range(2, (order or longest) + 1):
        none = _Rows(np.empty((0, k), dtype=np.uint32), nothing, nothing)
        rows = _joined_rows(parts.pop(k, [none]))
        _add_level(path, result, rows._replace(ids=new_ids[rows.ids]))
    result.complete = _is_complete(result)
    return result


def _joined_rows(parts: list[_Rows]) -> _Rows:
    return _Rows(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _read_lines(path: StrPath, table: WordTable) -> Iterator[_Rows]:
    """The n-grams of each order in each block, as ids of the table."""
    line, rest = 1, b""
    with open_read(path, error=FormatError) as file:
        while True:
            block = file.read(BLOCK)
            if not block and not rest:
                return
            text = rest + (block or b"\n")
            cut = text.rfind(b"\n") + 1
            rest = text[cut:]
            if cut:
                yield from _parse(path, table, text[:cut], line)
                line += text.count(b"\n", 0, cut)


def _parse(path: StrPath, table: WordTable, lines: bytes, first_line: int) -> Iterator[_Rows]:
    """Whole lines: first the counts are read and blanked out, then the words scanned."""
    text = np.frombuffer(lines + bytes(PADDING), dtype=np.uint8).copy()
    n = len(lines)
    ends = np.flatnonzero(text[:n] == 10)
    tabs, spaces = np.flatnonzero(text[:n] == 9), np.flatnonzero(text[:n] == 32)

    def bad(index: int, problem: str) -> NoReturn:
        start = 0 if index == 0 else int(ends[index - 1]) + 1
        shown = lines[start : min(int(ends[index]), start + 60)]
        raise FormatError(
            f"{path}, line {first_line + index}: {problem}; expected 1 to {MAX_ORDER} words with "
            f"a space between two, a tab and a count; got {shown!r}"
        )

    per_line = np.diff(np.searchsorted(tabs, ends), prepend=0)
    if len(wrong := np.flatnonzero(per_line != 1)):
        bad(int(wrong[0]), f"{per_line[wrong[0]]} tabs")
    last = np.searchsorted(spaces, ends) - 1
    behind = np.append(spaces, -1)[last]
    if len(wrong := np.flatnonzero(behind > tabs)):
        bad(int(wrong[0]), "a space behind the tab")
    stops = ends - (text[ends - 1] == 13)
    width = stops - tabs - 1
    counts = np.zeros(len(ends), dtype=np.int64)
    if len(wrong := np.flatnonzero((width < 1) | (width > 18))):
        bad(int(wrong[0]), "no count that can be read")
    for digit in range(int(width.max())):
        has = np.flatnonzero(width > digit)
        value = text[tabs[has] + 1 + digit].astype(np.int64) - 48
        if len(wrong := np.flatnonzero((value < 0) | (value > 9))):
            bad(int(has[wrong[0]]), "no count that can be read")
        counts[has] = 10 * counts[has] + value
    blank = np.zeros(n + 1, dtype=np.int8)
    blank[tabs] = 1
    blank[ends] -= 1
    text[:n][np.cumsum(blank[:n], dtype=np.int8) > 0] = 32
    ids = np.empty(n, dtype=np.uint32)
    n_ids, _, wrong_byte = scan(table, text, 0, n, ids)
    if wrong_byte >= 0:
        bad(int(np.searchsorted(ends, wrong_byte)), "not UTF-8, or NUL")
    ids = ids[:n_ids]
    stops = np.flatnonzero(ids == LINE_END)
    order = np.diff(stops, prepend=-1) - 1
    if len(wrong := np.flatnonzero((order < 1) | (order > MAX_ORDER))):
        bad(int(wrong[0]), f"{order[wrong[0]]} words")
    for k in np.unique(order).tolist():
        here = np.flatnonzero(order == k)
        yield _Rows(ids[stops[here][:, None] + np.arange(-k, 0)], counts[here], here + first_line)


def _vocabulary(
    path: StrPath, table: WordTable, rows: _Rows
) -> tuple[Vocabulary, NDArray[np.uint32]]:
    """The words of the unigrams, and the id of each id of the table (NONE: it is no unigram)."""
    blob, offsets, _ = table.export()
    all_words = WordList(blob, offsets)
    ids = rows.ids[:, 0]
    once = np.unique(ids, return_index=True)[1]
    if len(once) < len(ids):
        again = int(np.delete(np.arange(len(ids)), once)[0])
        word = all_words[int(ids[again])]
        raise FormatError(f"{path}, line {rows.line[again]}: the unigram {word!r} is there twice")
    words = WordList(*take_words(blob, offsets, np.ascontiguousarray(ids)))
    vocabulary, places = rank_words(
        words, rows.counts, min_count=0, specials=SPECIALS, allow_blank=True
    )
    new_ids = np.full(len(all_words), NONE, dtype=np.uint32)
    new_ids[ids] = places
    for special in SPECIALS:  # one that no unigram line has is a word all the same
        found = all_words.find(special)
        if found >= 0:
            new_ids[found] = SPECIALS.index(special)
    return vocabulary, new_ids


def _add_level(path: StrPath, counts: NgramCounts, rows: _Rows) -> None:
    """Put n-grams of the next order into the trie."""
    ids, count = rows.ids, rows.counts
    k = ids.shape[1]
    words = counts.vocabulary.words

    def bad(index: int, problem: str) -> NoReturn:
        shown = " ".join(words[int(i)] if i < len(words) else "?" for i in ids[index])
        raise FormatError(f"{path}, line {rows.line[index]}: the {k}-gram {shown!r} {problem}")

    if len(wrong := np.flatnonzero((ids == NONE).any(axis=1))):
        bad(int(wrong[0]), "has a word (?) that is no unigram")
    misplaced = (ids[:, 1:] == BOS_ID).any(axis=1) | (ids[:, :-1] == EOS_ID).any(axis=1)
    if len(wrong := np.flatnonzero(misplaced)):
        bad(int(wrong[0]), "has <s> behind another word, or </s> before one")
    if len(wrong := np.flatnonzero(count >= 1 << 32)):
        bad(int(wrong[0]), "has a count of 2**32 or more")
    parent = counts.find(ids[:, 1:])
    if len(wrong := np.flatnonzero(parent < 0)):
        bad(int(wrong[0]), "has a suffix (all its words but the first) that is not there")
    context = counts.find(ids[:, :-1])
    if len(wrong := np.flatnonzero(context < 0)):
        bad(int(wrong[0]), "has a context (all its words but the last) that is not there")
    order = np.lexsort((ids[:, 0], parent))
    word, parent = ids[order, 0], parent[order]
    same = (word[1:] == word[:-1]) & (parent[1:] == parent[:-1])
    if len(wrong := np.flatnonzero(same)):
        bad(int(order[wrong[0] + 1]), "is there twice")
    counts.levels.append(
        CountLevel(
            word,
            parent.astype(np.uint32),
            count[order].astype(np.uint32),
            context[order].astype(np.uint32),
        )
    )


def _is_complete(counts: NgramCounts) -> bool:
    """Whether counts of longer n-grams add up to those of their suffixes."""
    for k in range(2, counts.order + 1):
        level, lower = counts.levels[k - 1], counts.levels[k - 2]
        total = np.bincount(level.parent, weights=level.count, minlength=len(lower))
        inside = lower.word != BOS_ID  # nothing stands before <s>
        if not np.array_equal(total[inside], lower.count[inside]):
            return False
    return True
