"""A text as sentences that n-grams are counted in: ids with ``<s>`` and ``</s>`` around them."""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native._ngram_stream import fill_stream
from fastembed._native._words import take_words
from fastembed.core.errors import CorpusError
from fastembed.core.files import StrPath
from fastembed.core.progress import Progress
from fastembed.ngram.counting import Stream
from fastembed.ngram.tables import BOS_ID, EOS_ID, SPECIALS
from fastembed.text.corpus import Corpus, open_corpus
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.spool import Spool
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

__all__ = ["Sentences", "open_sentences", "with_specials"]

BLOCK = 1 << 22  # tokens that are read at a time


def with_specials(vocabulary: Vocabulary) -> tuple[Vocabulary, NDArray[np.uint32] | None]:
    """The vocabulary with the specials first, and the new id of each old one (None: the same)."""
    if vocabulary.words[: len(SPECIALS)] == list(SPECIALS):
        if vocabulary.specials == SPECIALS:
            return vocabulary, None
        return Vocabulary(vocabulary.words, vocabulary.counts, specials=SPECIALS), None
    old = np.array([vocabulary.words.find(name) for name in SPECIALS])
    rest = np.setdiff1d(np.arange(len(vocabulary)), old).astype(np.uint32)
    blob, offsets = take_words(vocabulary.words.blob, vocabulary.words.offsets, rest)
    specials = WordList.from_words(SPECIALS)
    words = WordList(
        np.concatenate([specials.blob, blob]),
        np.concatenate([specials.offsets[:-1], offsets + specials.offsets[-1]]),
    )
    found = np.where(old >= 0, vocabulary.counts[old] if len(vocabulary) else 0, 0)
    new_ids = np.empty(len(vocabulary), dtype=np.uint32)
    new_ids[rest] = np.arange(len(SPECIALS), len(SPECIALS) + len(rest), dtype=np.uint32)
    new_ids[old[old >= 0]] = np.flatnonzero(old >= 0)
    counts = np.concatenate([found, vocabulary.counts[rest]])
    return Vocabulary(words, counts, specials=SPECIALS), new_ids


class Sentences:
    """An encoded corpus, a vocabulary with the specials, and what messages call the text.

    Positions count what is counted: sentence i is ``<s>``, its words and ``</s>``, and begins at
    offsets[i] + 2 i.
    """

    def __init__(
        self,
        encoded: EncodedCorpus,
        vocabulary: Vocabulary,
        new_ids: NDArray[np.uint32] | None = None,
        name: str = "the corpus",
        owner: bool = False,
    ) -> None:
        self.encoded, self.vocabulary, self.name = encoded, vocabulary, name
        self._owner = owner
        self._new_ids = new_ids
        self.size = encoded.n_tokens + 2 * encoded.n_sentences
        self.n_places = encoded.n_tokens + encoded.n_sentences  # that are counted: all but <s>

    def release(self) -> None:
        """Free the memory of the text, of which nothing will be read any more, unless it is the
        caller's."""
        if self._owner:
            self.encoded.close()

    def _start(self, sentence: int) -> int:
        return int(self.encoded.offsets[sentence]) + 2 * sentence

    def _sentence_at(self, position: int) -> int:
        n = self.encoded.n_sentences
        return bisect.bisect_right(range(n), position, key=self._start) - 1

    def stream(self, first: int, last: int, overlap: int, workers: int) -> Stream:
        """Positions first to last - 1, with the ``overlap`` words of context before them.

        Raises
        ------
        CorpusError
            ``<s>`` or ``</s>`` stands within a sentence.
        """
        begin = self._sentence_at(first)
        end = self._sentence_at(last - 1) + 1
        base = self._start(begin)
        low = max(base, first - overlap)  # first position that is needed
        cut = low > base  # then it is a word, and gets a <s> before it that is not counted
        offsets = self.encoded.offsets[begin : end + 1].astype(np.uint64)
        first_token = int(offsets[0]) + (low - base - 1 if cut else 0)
        last_token = min(int(offsets[-1]), int(offsets[-2]) + last - self._start(end - 1) - 1)
        offsets = np.clip(offsets, first_token, max(first_token, last_token))
        offsets -= np.uint64(first_token)
        stream = Stream.empty(int(offsets[-1]) + 2 * (len(offsets) - 1), BOS_ID)
        self._fill(stream.words, offsets, first_token, begin, workers)
        size = last - low + cut
        return stream._replace(
            padded=stream.padded[: len(stream.padded) - len(stream.words) + size],
            begin=first - low + cut,
        )

    def _fill(
        self,
        words: NDArray[np.uint32],
        offsets: NDArray[np.uint64],
        first_token: int,
        first_sentence: int,
        workers: int,
    ) -> None:
        """Read the tokens block by block, whole sentences at a time."""
        at = 0
        while at < len(offsets) - 1:
            stop = int(np.searchsorted(offsets, offsets[at] + np.uint64(BLOCK), side="right")) - 1
            # many empty sentences, or one that is long
            stop = min(max(stop, at + 1), at + BLOCK)
            part = offsets[at : stop + 1]
            low, high = int(part[0]), int(part[-1])
            ids = self.encoded.read(first_token + low, first_token + high)
            piece = words[low + 2 * at : high + 2 * stop]
            bad = fill_stream(ids, 0, part - part[0], self._new_ids, BOS_ID, EOS_ID, piece, workers)
            if bad >= 0:
                inside = int(np.searchsorted(part - part[0], np.uint64(bad), side="right")) - 1
                word = self.encoded.vocabulary.words[int(ids[bad])]
                raise CorpusError(
                    f"{self.name}: sentence {first_sentence + at + inside + 1:,} (an input line is "
                    f"a sentence) has the word {word!r}, which stands for the end or beginning of "
                    "a sentence. symbols='skip' (--symbols skip) leaves it out"
                )
            at = stop


@contextmanager
def open_sentences(
    corpus: Any,
    *,
    vocab: StrPath | Vocabulary | None,
    min_count: int,
    keep_empty: bool,
    skip: bool,
    workers: int,
    progress: Progress | bool | None,
    max_vocab: int | None = None,
    allow_blank: bool = False,
) -> Iterator[Sentences]:
    """The sentences of anything that `Corpus` takes; see `fastembed.ngram.counts.count_ngrams`.

    ``max_vocab``: of a text, keep only so many of the most frequent words. ``allow_blank``: it may
    have none.
    """
    if min_count < 1:
        raise ValueError(f"min_count must be >= 1; got {min_count}")
    if vocab is not None and min_count > 1:
        raise ValueError("min_count has no meaning where vocab says which words are kept")
    source = open_corpus(corpus)
    if isinstance(source, EncodedCorpus):
        if vocab is not None or min_count > 1:
            raise ValueError(
                "an encoded corpus has its vocabulary; vocab and min_count are for text"
            )
        encoded = source
        name = os.fspath(corpus) if isinstance(corpus, str | os.PathLike) else "the corpus"
    else:
        encoded, name = (
            _encode(
                source, vocab, min_count,
                max_vocab=max_vocab, keep_empty=keep_empty, allow_blank=allow_blank,
                workers=workers, progress=progress,
            ),
            source.name,
        )  # fmt: skip
    try:
        vocabulary, new_ids = with_specials(encoded.vocabulary)
        if skip:
            unwanted = [encoded.vocabulary.words.find(word) for word in ("<s>", "</s>")]
            encoded = _without(encoded, [i for i in unwanted if i >= 0])
        yield Sentences(encoded, vocabulary, new_ids, name, owner=encoded is not corpus)
    finally:
        if encoded is not corpus:
            encoded.close()


def _encode(
    source: Corpus,
    vocab: StrPath | Vocabulary | None,
    min_count: int,
    *,
    max_vocab: int | None,
    **how: Any,
) -> EncodedCorpus:
    if vocab is None:
        return source.encode(
            min_count=min_count,
            max_vocab=max_vocab,
            specials=SPECIALS,
            oov="unk" if min_count > 1 or max_vocab is not None else "drop",
            **how,
        )
    if not isinstance(vocab, Vocabulary):
        vocab = Vocabulary.load(vocab, plain=True)
    return source.encode(with_specials(vocab)[0], oov="unk", **how)


def _without(encoded: EncodedCorpus, unwanted: list[int]) -> EncodedCorpus:
    """The corpus without some words; sentences stay, even if they are empty then."""
    if not unwanted or encoded.n_tokens == 0:
        return encoded
    ids = Spool(np.uint32, memory=BLOCK)
    offsets = Spool(np.uint64, memory=BLOCK)
    kept_before = 0
    old = encoded.offsets
    offsets.append(np.zeros(1, dtype=np.uint64))
    for first in range(0, encoded.n_tokens, BLOCK):
        last = min(first + BLOCK, encoded.n_tokens)
        block = encoded.read(first, last)
        keep = ~np.isin(block, np.array(unwanted, dtype=np.uint32))
        upto = np.concatenate([[0], np.cumsum(keep)])
        low, high = np.searchsorted(old[1:], np.array([first, last], dtype=np.uint64), side="left")
        if last == encoded.n_tokens:
            high = encoded.n_sentences
        ends = old[1 + int(low) : 1 + int(high)].astype(np.int64) - first
        offsets.append((kept_before + upto[ends]).astype(np.uint64))
        ids.append(block[keep])
        kept_before += int(upto[-1])
    return EncodedCorpus(encoded.vocabulary, ids, offsets, n_raw_tokens=encoded.n_raw_tokens)
