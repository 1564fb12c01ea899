"""Text that can be read again and again: files, or anything that gives sentences.

>>> from fastembed import Corpus
>>> corpus = Corpus([["the", "cat", "sat"], ["the", "dog"]])
>>> corpus.vocabulary().counts.tolist()
[2, 1, 1, 1]
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import closing
from typing import Any

from fastembed.core.errors import CorpusError
from fastembed.core.files import StrPath, expand_sources, is_url, stored_size
from fastembed.core.progress import Progress, progress_of
from fastembed.core.threads import resolve_workers
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.encoder import (
    MEMORY,
    UNK,
    Encoder,
    Errors,
    Oov,
    bad_text,
    clean_text,
    join_words,
    padded,
)
from fastembed.text.reader import Block, read_blocks
from fastembed.text.sources import Names, check_items, is_paths, wrong_item
from fastembed.text.tokenizer import (
    Punctuation,
    Tokenizer,
    fold_bytes,
    load_tokenizer,
    make_fold,
)
from fastembed.text.vocabulary import Vocabulary

__all__ = ["Corpus", "Sentences", "corpus_in_words_of", "encoded_corpus", "open_corpus"]

Sentences = Iterable[str] | Iterable[Sequence[str]]

BLOCK = 1 << 21  # bytes of text that a worker takes at a time
MAX_PIECE = 10_000  # words; iteration gives longer sentences in pieces
_BATCH = 1 << 14  # words of Python sentences that are taken at a time


class Corpus:
    """A text, and how to cut it into words.

    Parameters
    ----------
    source : path, iterable, or callable
        - a str or path-like: a file (``.gz .bz2 .xz .zst`` are unpacked), a folder (all its
          files), a glob, a URL that fsspec opens, or ``-``, standard input. Several paths: a list
          of path-like objects, or `from_files`;
        - an iterable that can be read more than once, of sentences as lists of words, or of
          strings, each of one or more lines of text (a list, a column of a Hugging Face dataset,
          an object with ``__iter__``). **A list of str is text, not paths**;
        - a callable without arguments that gives an iterator over such sentences, a new one at
          each call.
    lowercase : bool
        Lower-case each character.
    punctuation : {"keep", "split", "drop"}
        Leave punctuation and symbols as part of words, make each a word, or leave them out.
    tokenizer : callable or path, optional
        From a line (str) to its words (list of str); or a ``tokenizers`` JSON file. Default: cut
        at ASCII white space (see `fastembed.text.tokenizer`).
    errors : {"strict", "replace"}
        What to do about bytes that are not UTF-8, and NUL: stop, or put U+FFFD in their place.
    workers : int, optional
        Threads that scan files; default all that may be used. The result does not depend on it.

    Raises
    ------
    CorpusError
        The source can be read only once, or is a list of file names as str.
    OSError
        A file is not there.
    TypeError, ValueError
        An argument is not one of the above.

    Examples
    --------
    >>> corpus = Corpus(["The cat sat.\\nThe dog."], lowercase=True, punctuation="drop")
    >>> list(corpus)
    [['the', 'cat', 'sat'], ['the', 'dog']]
    >>> with corpus.encode(min_count=2) as encoded:
    ...     encoded.vocabulary.words.to_list(), encoded.n_tokens, encoded.n_sentences
    (['the'], 2, 2)
    """

    def __init__(
        self,
        source: StrPath | Sequence[os.PathLike[str]] | Sentences | Callable[[], Iterator[Any]],
        *,
        lowercase: bool = False,
        punctuation: Punctuation = "keep",
        tokenizer: Tokenizer | StrPath | None = None,
        errors: Errors = "strict",
        workers: int | None = None,
    ) -> None:
        if errors not in ("strict", "replace"):
            raise ValueError(f"errors must be 'strict' or 'replace'; got {errors!r}")
        self.lowercase, self.punctuation, self.errors = bool(lowercase), punctuation, errors
        self.workers = workers
        self._fold = make_fold(self.lowercase, punctuation)
        self._tokenizer = load_tokenizer(tokenizer)
        self._files: list[str] | None = None
        self._items: Any = None
        self._opened: Any = None  # what the function among the sources gave last
        self._was_read = False
        if isinstance(source, Names):
            self._files = source
        elif is_paths(source):
            self._files = expand_sources(source)  # type: ignore[arg-type]
        else:
            self._items = check_items(source)

    @classmethod
    def from_files(cls, paths: StrPath | Iterable[StrPath], **options: Any) -> Corpus:
        """A corpus of one or more paths, in order; options as above."""
        return cls(Names(expand_sources(paths)), **options)

    @classmethod
    def of(cls, source: Any) -> Corpus:
        """A corpus as it is, anything else as ``Corpus(source)``."""
        return source if isinstance(source, Corpus) else cls(source)

    def __repr__(self) -> str:
        return f"<Corpus of {self.name}>"

    @property
    def name(self) -> str:
        """What messages call it."""
        if self._files is None:
            return f"the {type(self._items).__name__} of sentences"
        shown = "standard input" if self._files[0] == "-" else self._files[0]
        return shown if len(self._files) == 1 else f"{shown} and {len(self._files) - 1} more"

    # ------------------------------------------------------------------ results

    def vocabulary(
        self,
        min_count: int = 1,
        max_vocab: int | None = None,
        *,
        specials: Sequence[str] = (),
        progress: Progress | bool | None = None,
    ) -> Vocabulary:
        """Count the words; reads the source once.

        Parameters
        ----------
        min_count : int
            Keep words that occur as often as this.
        max_vocab : int, optional
            Keep the most frequent ones, so many; specials are not counted.
        specials : sequence of str
            Words that come first, whatever their count.
        progress : Progress or bool, optional

        Raises
        ------
        CorpusError
            The text cannot be read, or has no words.
        VocabularyError
            No word is left.
        """
        encoder = Encoder(
            fold=self._fold,
            errors=self.errors,
            workers=resolve_workers(self.workers),
            keep_ids=False,
        )
        try:
            self._feed(encoder, progress, "counting words")
            if encoder.n_raw_tokens == 0:
                raise self._no_words()
            return encoder.vocabulary(min_count=min_count, max_vocab=max_vocab, specials=specials)[
                0
            ]
        finally:
            encoder.close()

    def encode(
        self,
        vocabulary: Vocabulary | None = None,
        *,
        min_count: int = 1,
        max_vocab: int | None = None,
        specials: Sequence[str] = (),
        oov: Oov = "drop",
        keep_empty: bool = False,
        allow_blank: bool = False,
        path: StrPath | None = None,
        memory: int = MEMORY,
        workers: int | None = None,
        progress: Progress | bool | None = None,
    ) -> EncodedCorpus:
        """Turn words into ids; reads the source once.

        Parameters
        ----------
        vocabulary : Vocabulary, optional
            The ids to use. Default: those of the text's own words, of which ``min_count``,
            ``max_vocab`` and ``specials`` say which are kept (see `vocabulary`).
        oov : {"drop", "unk"}
            A word that is not kept is left out, or becomes ``<unk>``, which is then a special.
        keep_empty : bool
            A line without words is a sentence without tokens; default: no sentence.
        allow_blank : bool
            A text without words (but ``specials``) is a text too, if it has a sentence.
        path : path, optional
            Save the result there too (see `EncodedCorpus.save`) and return the saved one.
        memory : int
            Bytes of ids that are kept in memory; more lie in temporary files.
        workers : int, optional
            Default: that of the corpus.
        progress : Progress or bool, optional

        Raises
        ------
        CorpusError
            The text cannot be read, or has no words.
        VocabularyError
            No word is left, or none of the text is in the given vocabulary.
        """
        folder = None if path is None else os.path.dirname(os.path.abspath(path))
        encoder = Encoder(
            vocabulary=vocabulary,
            fold=self._fold,
            errors=self.errors,
            workers=resolve_workers(self.workers if workers is None else workers),
            oov=oov,
            keep_empty=keep_empty,
            folder=folder,
            memory=memory,
        )
        try:
            self._feed(encoder, progress, "reading text")
            if encoder.n_raw_tokens == 0 and not allow_blank:
                raise self._no_words()
            encoded = encoder.finish(
                min_count=min_count, max_vocab=max_vocab, specials=specials, allow_blank=allow_blank
            )
            if encoded.n_sentences == 0:
                raise self._no_words()
            encoder.stop()
            if path is None:
                return encoded
            encoded.save(path)
        except BaseException:
            encoder.close()
            raise
        encoder.close()
        return EncodedCorpus.open(path)

    def _feed(self, encoder: Encoder, progress: Progress | bool | None, label: str) -> None:
        """Give the whole source to an encoder."""
        reporter = progress_of(progress)
        if self._files is not None:
            sizes = [stored_size(name) for name in self._files]
            known = [size for size in sizes if size is not None]
            reporter.start(sum(known) if len(known) == len(sizes) else None, "B", label)
        else:
            sized = isinstance(self._items, Sized) and self._tokenizer is None
            reporter.start(len(self._items) if sized else None, "sentence", label)
        try:
            if self._is_cut():
                for first, sentences in self._batches():
                    encoder.sentences(sentences, first, self.name)
                    reporter.update(first + len(sentences))
            else:
                for block in self._blocks(encoder.ahead + 1):
                    encoder.block(block)
                    reporter.update(block.done)
            encoder.flush()
        finally:
            reporter.close()

    def _no_words(self) -> CorpusError:
        return CorpusError(f"{self.name}: no words: it is empty or holds only white space")

    # ------------------------------------------------------------------ reading

    def __iter__(self) -> Iterator[list[str]]:
        """Sentences as lists of words; one of more than 10,000 words comes in pieces."""
        if self._is_cut():
            for first, sentences in self._batches():
                for number, words in enumerate(sentences, first):
                    text = join_words([words], number, self.name, self.errors)
                    yield from _pieces(_decode(fold_bytes(text, self._fold).split(b"\0")))
            return
        sentence: list[str] = []
        for block in self._blocks():
            # bytes.split() knows ASCII white space only, as the scanner does
            *lines, rest = fold_bytes(self._clean(block), self._fold).split(b"\n")
            for line in lines:
                yield from _pieces(sentence + _decode(line.split()))
                sentence = []
            sentence += _decode(rest.split())
            cut = len(sentence) // MAX_PIECE * MAX_PIECE if not block.last else len(sentence)
            yield from _pieces(sentence[:cut])
            sentence = sentence[cut:]

    def _is_cut(self) -> bool:
        """Whether the source comes as lists of words, its own or the tokenizer's."""
        if self._tokenizer is not None:
            return True
        if self._files is not None:
            return False
        first = next(iter(self._open_items()), "")
        if isinstance(first, str):
            return False
        if self.punctuation != "keep":
            raise ValueError("punctuation is for text; these sentences are lists of words already")
        return True

    def _open_items(self) -> Iterable[Any]:
        if not callable(self._items):
            return self._items
        items = self._items()
        if items is self._opened and iter(items) is items:
            raise CorpusError(
                f"{self.name}: the function gave the same iterator again, which is used up; "
                "it must give a new one each time it is called"
            )
        self._opened = items
        return items

    def _blocks(self, ring: int = 1) -> Iterator[Block]:
        """The source as text; a block is good until ``ring - 1`` more have been asked for."""
        if self._files is not None:
            return self._file_blocks(self._files, ring)
        return self._string_blocks()

    @property
    def one_pass(self) -> bool:
        """Whether the text can be read only once: standard input, a pipe."""
        return any(
            name == "-" or (stored_size(name) is None and not is_url(name))
            for name in self._files or ()
        )

    def _file_blocks(self, names: list[str], ring: int) -> Iterator[Block]:
        if self.one_pass and self._was_read:
            raise CorpusError(
                f"{self.name} can be read only once; encode() it and use the result, "
                "or write it to a file first"
            )
        self._was_read = True
        before = 0
        with closing(read_blocks(names, BLOCK, ring)) as blocks:
            for block in blocks:
                yield block._replace(done=before + block.done)
                if block.last:
                    before += block.done

    def _string_blocks(self) -> Iterator[Block]:
        """Strings of an iterable, joined by newlines."""
        batch: list[str] = []
        size = number = 0
        for number, item in enumerate(self._open_items(), 1):
            if not isinstance(item, str):
                raise wrong_item(self.name, number - 1, item, "a str")
            batch.append(item)
            size += len(item)
            if size >= BLOCK:
                yield self._string_block(batch, number)
                batch, size = [], 0
        if batch:
            yield self._string_block(batch, number)

    def _string_block(self, batch: list[str], number: int) -> Block:
        text = join_words([batch], number - len(batch), self.name, self.errors, separator="\n")
        return Block(padded(text), 0, len(text), 0, self.name, True, number)

    def _clean(self, block: Block) -> bytes:
        """Bytes of a block that are UTF-8 and have no NUL."""
        text = block.buffer[block.start : block.stop].tobytes()
        try:
            text.decode("utf-8")
            bad = text.find(b"\0")
        except UnicodeDecodeError as error:
            nul = text.find(b"\0", 0, error.start)
            bad = nul if nul >= 0 else error.start
        if bad < 0:
            return text
        if self.errors == "replace":
            return clean_text(text)
        bad_text(block.name, block.offset + block.start + bad, text[bad : bad + 2])

    def _batches(self) -> Iterator[tuple[int, list[Sequence[str]]]]:
        """Some sentences as lists of words at a time, and the number of the first."""
        sentences: list[Sequence[str]] = []
        first = size = 0
        for words in self._cut_items():
            sentences.append(words)
            size += len(words)
            if size >= _BATCH or len(sentences) >= _BATCH:
                yield first, sentences
                first += len(sentences)
                sentences, size = [], 0
        if sentences:
            yield first, sentences

    def _cut_items(self) -> Iterator[Sequence[str]]:
        tokenizer = self._tokenizer
        if tokenizer is None:
            for number, item in enumerate(self._open_items()):
                if isinstance(item, str | bytes | Mapping) or not isinstance(item, Iterable):
                    raise wrong_item(self.name, number, item, "a list of words")
                yield item if isinstance(item, Sequence) else list(item)
            return
        for line in self._lines():
            words = tokenizer(line)
            if isinstance(words, str) or not isinstance(words, Sequence):
                raise TypeError(
                    f"the tokenizer must return a list of words (str); got {words!r:.60}"
                )
            yield words

    def _lines(self) -> Iterator[str]:
        """Lines of the source without their ends, after lower case and punctuation."""
        rest = b""
        for block in self._blocks():
            *lines, rest = (rest + fold_bytes(self._clean(block), self._fold)).split(b"\n")
            if block.last and rest:
                lines.append(rest)
                rest = b""
            for line in lines:
                yield line.removesuffix(b"\r").decode("utf-8")


def open_corpus(source: Any) -> Corpus | EncodedCorpus:
    """What a trainer is given: an encoded corpus, a file of one, or anything `Corpus` takes."""
    if isinstance(source, EncodedCorpus):
        return source
    if isinstance(source, str | os.PathLike) and os.path.isfile(source):
        from fastembed.io.native import is_native

        with open(source, "rb") as file:
            if is_native(file.read(16)):
                return EncodedCorpus.open(source)
    return Corpus.of(source)


def encoded_corpus(source: Any, **options: Any) -> EncodedCorpus:
    """What `open_corpus` makes of a trainer's argument, encoded; to be closed in every case.

    ``options`` are those of `Corpus.encode`; a corpus that is encoded already has its words, and
    they do not apply to it.
    """
    found = open_corpus(source)
    if isinstance(found, EncodedCorpus):
        # the caller's own stays open
        return found if found is not source else found.shared()
    return found.encode(**options)


def corpus_in_words_of(
    source: Any, vocabulary: Vocabulary, unknown: int, **options: Any
) -> tuple[EncodedCorpus, str]:
    """A text in the ids of a vocabulary that has ``<unk>``, and its name; to be closed.

    Parameters
    ----------
    source : Corpus, EncodedCorpus, path or re-iterable of token lists
        Blank lines are sentences. The words of an encoded corpus are looked up by their names.
    unknown : int
        The id of ``<unk>``, however it is spelled, for words that the vocabulary lacks.
    **options
        ``workers`` and ``progress`` of `Corpus.encode`.
    """
    found = open_corpus(source)
    if isinstance(found, EncodedCorpus):
        # the caller's own stays open
        encoded = found.in_words_of(vocabulary, unknown, owner=found is not source)
        return encoded, "the encoded corpus"
    words = vocabulary.words
    if words[unknown] != UNK:  # as in models of others, which may spell it <UNK>
        vocabulary = Vocabulary(words.with_word(unknown, UNK), vocabulary.counts)
    options |= {"oov": "unk", "keep_empty": True, "allow_blank": True}
    return found.encode(vocabulary, **options), found.name


def _decode(words: list[bytes]) -> list[str]:
    return [word.decode("utf-8") for word in words if word]


def _pieces(sentence: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(sentence), MAX_PIECE):
        yield sentence[start : start + MAX_PIECE]
