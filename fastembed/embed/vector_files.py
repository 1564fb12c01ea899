"""Word vectors and files: `KeyedVectors` without its queries.

The formats themselves are in `fastembed.io`; here they meet words, vectors and attributes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.text.wordlist import WordList

if TYPE_CHECKING:
    from fastembed.io.formats import VectorFormat
    from fastembed.io.rows import VectorTable

__all__ = ["VectorFiles"]

KIND = "KeyedVectors"  # of native files


class VectorFiles:
    """Reading and writing of words, vectors, attributes and metadata."""

    words: WordList
    vectors: NDArray[Any]
    expandos: dict[str, NDArray[Any]]
    metadata: dict[str, Any]

    if TYPE_CHECKING:

        def __init__(
            self,
            words: WordList,
            vectors: NDArray[Any],
            *,
            counts: ArrayLike | None = None,
            metadata: Mapping[str, Any] | None = None,
        ) -> None: ...
        def _set_expando(self, attr: str, values: NDArray[Any]) -> None: ...

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What a native file holds of these vectors, for files that hold more."""
        for attr, values in self.expandos.items():
            if values.dtype == object:
                raise TypeError(f"attribute {attr!r} is not numeric; a native file cannot hold it")
        return {
            "vectors": self.vectors,
            "word_bytes": self.words.blob,
            "word_offsets": self.words.offsets,
            "word_order": self.words.sorted_order(),
            **{f"attr.{attr}": values for attr, values in self.expandos.items()},
        }

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        metadata: Mapping[str, Any] | None = None,
        path: StrPath = "vectors",
    ) -> Self:
        """The reverse of `to_arrays`; FormatError names ``path`` if the arrays do not fit."""
        names = ("vectors", "word_bytes", "word_offsets", "word_order")
        missing = [name for name in names if name not in arrays]
        if missing:
            raise FormatError(f"{path}: no word vectors; the file lacks {', '.join(missing)}")
        order = arrays["word_order"]
        if order.dtype != np.uint32:
            raise FormatError(f"{path}: expected an array 'word_order' of dtype u4")
        words = WordList.from_arrays(arrays, path, order=order)
        try:
            result = cls(words, arrays["vectors"], metadata=metadata)
            for name, values in arrays.items():
                if name.startswith("attr."):
                    result._set_expando(name.removeprefix("attr."), values)
        except (TypeError, ValueError) as error:
            raise FormatError(f"{path}: {error}") from None
        return result

    def save(self, path: StrPath) -> None:
        """Write a native file: words, vectors, attributes and metadata."""
        from fastembed.io.native import write_native

        write_native(path, self.to_arrays(), {"kind": KIND, "metadata": self.metadata})

    @classmethod
    def load(
        cls,
        path: StrPath,
        mmap: bool = True,
        *,
        verify: bool = False,
        format: VectorFormat | None = None,
        unicode_errors: str = "strict",
        workers: int | None = None,
    ) -> Self:
        """Open vectors of any format that is known, recognised by content.

        Parameters
        ----------
        path : path
            A native file (of a whole model too), a word2vec or GloVe file; the latter may be
            packed.
        mmap : bool
            Map a native file instead of reading it: at once, shared between processes, read-only.
        verify : bool
            Check the checksums of a native file.
        format : {"native", "word2vec-text", "word2vec-binary", "glove"}, optional
            Do not guess.
        unicode_errors : {"strict", "replace", "ignore"}
            What to do with words of a text or binary file that are not UTF-8.

        Raises
        ------
        FormatError
            The file is none of these, or damaged.
        """
        from fastembed.io import formats
        from fastembed.io.native import read_native

        file = None
        if format is None:
            start, file = formats.read_start(path)
            format = formats.detect_format(start, path)
        if format != "native":
            table = formats.read_table(
                path, format, file=file, workers=workers, unicode_errors=unicode_errors
            )
            return cls._from_table(table)
        if os.fspath(path) == "-":
            raise FormatError("-: a native file is opened by name, not from a pipe")
        native = read_native(path, mmap=bool(mmap), verify=verify)
        metadata = native.metadata
        if metadata.get("kind") == KIND and isinstance(metadata.get("metadata"), dict):
            metadata = metadata["metadata"]
        return cls.from_arrays(native.arrays, metadata, path)

    from_file = load

    def export(self, path: StrPath, format: VectorFormat | None = None) -> None:
        """Write the format that the name of the file asks for: .fe native, .bin word2vec binary,
        .txt and .vec word2vec text, .glove.txt GloVe; or ``format``."""
        from fastembed.io import formats

        format = format or formats.format_of_name(path)
        if format not in formats.FORMATS:
            raise ValueError(f"format must be one of {', '.join(formats.FORMATS)}; got {format!r}")
        if format == "native":
            self.save(path)
        elif format == "glove":
            self.save_glove_format(path)
        else:
            self.save_word2vec_format(path, binary=format == "word2vec-binary")

    def save_word2vec_format(
        self,
        fname: StrPath,
        fvocab: StrPath | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Write word2vec's text or binary format.

        Parameters
        ----------
        fname : path
        fvocab : path, optional
            Write "word count" lines there too.
        binary : bool
        total_vec : int, optional
            The number of vectors that the header states.
        write_header : bool
            False leaves the header out.
        prefix : str
            Put in front of each word.
        append : bool
            Add to what the file holds.
        sort_attr : str
            Write rows in descending order of this attribute, if there is one of that name.
        """
        from fastembed.io import word2vec

        order = self._descending(sort_attr)
        if fvocab is not None:
            if order is None:
                raise ValueError(f"fvocab needs the attribute {sort_attr!r}, which is not there")
            word2vec.write_counts(fvocab, self.words, self.expandos[sort_attr], order, prefix)
        if order is not None and (order[1:] > order[:-1]).all():
            order = None
        word2vec.write_word2vec(
            fname,
            self.words,
            self.vectors,
            binary=binary,
            order=order,
            total=total_vec,
            header=write_header,
            prefix=prefix,
            append=append,
        )

    def _descending(self, attr: str) -> NDArray[np.intp] | None:
        if attr not in self.expandos:
            return None
        return np.argsort(-self.expandos[attr], kind="stable")

    @classmethod
    def load_word2vec_format(
        cls,
        fname: StrPath,
        fvocab: StrPath | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: Any = np.float32,
        no_header: bool = False,
    ) -> Self:
        """Read word2vec's text or binary format.

        Parameters
        ----------
        fname : path
        fvocab : path, optional
            A file of "word count" lines. Without it there is no attribute "count" (gensim makes
            one up).
        binary : bool
        encoding, unicode_errors : str
            How the words are written, and what to do with those that are not.
        limit : int, optional
            Read this many vectors at most.
        datatype : dtype
            float32 or, slower, float16 or float64.
        no_header : bool
            The file begins with the first vector (text only).

        Raises
        ------
        FormatError
            The file does not hold what it promises: names the line or byte offset.
        """
        from fastembed.io import glove, word2vec

        options = {"encoding": encoding, "unicode_errors": unicode_errors, "limit": limit}
        if no_header and binary:
            raise ValueError("no_header is for text files; a binary one needs its header")
        if no_header:
            table = glove.read_glove(fname, dtype=datatype, spaces=False, **options)  # type: ignore[arg-type]
        else:
            table = word2vec.read_word2vec(fname, binary=binary, dtype=datatype, **options)  # type: ignore[arg-type]
        if fvocab is not None:
            counts = word2vec.read_counts(fvocab, unicode_errors=unicode_errors)
            missing = next((word for word in table.words if word not in counts), None)
            if missing is not None:
                raise FormatError(f"{fvocab}: the word {missing!r} of {fname} is missing")
            table.counts = np.array([counts[word] for word in table.words], dtype=np.int64)
        return cls._from_table(table)

    def save_glove_format(self, fname: StrPath) -> None:
        """Write GloVe's text format: rows without a header, most frequent words first."""
        from fastembed.io.glove import write_glove

        write_glove(fname, self.words, self.vectors, order=self._descending("count"))

    @classmethod
    def load_glove_format(
        cls,
        fname: StrPath,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
    ) -> Self:
        """Read GloVe's text format; words may hold spaces."""
        from fastembed.io.glove import read_glove

        table = read_glove(fname, encoding=encoding, unicode_errors=unicode_errors, limit=limit)
        return cls._from_table(table)

    @classmethod
    def _from_table(cls, table: VectorTable) -> Self:
        return cls(table.words, table.vectors, counts=table.counts)
