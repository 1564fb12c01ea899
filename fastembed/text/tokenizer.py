"""How text is cut into words.

The built-in way runs in C (``csrc/scan.h``): words end at ASCII white space (space, tab, ``\\n``,
``\\v``, ``\\f``, ``\\r``), a newline ends a sentence. Before that, two options change the text, one
character at a time, by the Unicode tables of the running Python:

``lowercase``
    each character becomes its ``str.lower()``. No rule looks at neighbours: a final capital sigma
    becomes σ. (U+0130, İ, becomes ``i`` and a combining dot, as ``str.lower`` has it.)
``punctuation``
    of the characters of categories P* and S* (punctuation, symbols): ``"keep"`` them, ``"split"``
    them off as words of one character, or ``"drop"`` them, which leaves a space.

Any other way is a callable from a line of text (after these options) to a list of words, or a file
of the Hugging Face ``tokenizers`` library.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _text
from fastembed.core.errors import CorpusError
from fastembed.core.files import StrPath

__all__ = ["Punctuation", "Tokenizer", "load_tokenizer", "make_fold", "normalize", "tokenize"]

Punctuation = Literal["keep", "split", "drop"]
Tokenizer = Callable[[str], list[str]]

_SPACE = " \t\n\v\f\r"


@lru_cache(maxsize=4)
def make_fold(lowercase: bool, punctuation: Punctuation) -> _text.Fold | None:
    """The compiled form of the two options; None if they change nothing."""
    if punctuation not in get_args(Punctuation):
        allowed = ", ".join(repr(choice) for choice in get_args(Punctuation))
        raise ValueError(f"punctuation must be one of {allowed}; got {punctuation!r}")
    if not lowercase and punctuation == "keep":
        return None
    return _text.Fold(
        _fold_table(lowercase, punctuation),
        lower=lowercase,
        separate=punctuation == "split",
        drop=punctuation == "drop",
    )


def _fold_table(lowercase: bool, punctuation: Punctuation) -> NDArray[np.uint32]:
    """What becomes of each character of the first two planes; above them none changes."""
    table = np.arange(_text.FOLD_SIZE, dtype=np.uint32)
    characters = [chr(code) for code in range(_text.FOLD_SIZE)]
    if lowercase:
        lowered = map(str.lower, characters)
        # one that becomes several (U+0130) is the kernel's business
        table[:] = [ord(low) if len(low) == 1 else i for i, low in enumerate(lowered)]
    if punctuation != "keep":
        flag = _text.FOLD_SEPARATE if punctuation == "split" else _text.FOLD_DROP
        marks = [category[0] in "PS" for category in map(unicodedata.category, characters)]
        table[np.array(marks)] |= np.uint32(flag)
    return table


def normalize(text: str, *, lowercase: bool = False, punctuation: Punctuation = "keep") -> str:
    """The text as the options change it, before it is cut into words.

    Examples
    --------
    >>> normalize("Don't!", lowercase=True, punctuation="split")
    "don ' t ! "
    """
    return fold_bytes(text.encode(), make_fold(lowercase, punctuation)).decode()


def fold_bytes(text: bytes, fold: _text.Fold | None) -> bytes:
    """The same for UTF-8."""
    if fold is None:
        return text
    padded = np.frombuffer(text + bytes(_text.PADDING), dtype=np.uint8)
    return fold.apply(padded, len(text))


def tokenize(text: str, *, lowercase: bool = False, punctuation: Punctuation = "keep") -> list[str]:
    """Words of a text, as the built-in tokenizer cuts them.

    Examples
    --------
    >>> tokenize("Time flies, doesn't it?", lowercase=True, punctuation="drop")
    ['time', 'flies', 'doesn', 't', 'it']
    """
    folded = fold_bytes(text.encode(), make_fold(lowercase, punctuation))
    # bytes.split() knows the six ASCII characters and no others, unlike str.split()
    return [word.decode() for word in folded.split()]


def load_tokenizer(tokenizer: Tokenizer | StrPath | None) -> Tokenizer | None:
    """A callable as it is; the path of a ``tokenizers`` JSON file opened; None for the built-in.

    Raises
    ------
    TypeError
        It is none of these.
    CorpusError
        The file cannot be used, or the package is not installed.
    """
    if tokenizer is None or callable(tokenizer):
        return tokenizer
    if not isinstance(tokenizer, (str, os.PathLike)):
        raise TypeError(
            "tokenizer must be None, a callable from str to list[str], or the path of a "
            f"tokenizers JSON file; got {tokenizer!r}"
        )
    path = os.fspath(tokenizer)
    os.stat(path)  # FileNotFoundError with the name
    try:
        import tokenizers
    except ImportError:
        raise CorpusError(
            f"{path}: a tokenizer file needs a package: pip install 'fastembed-trainer[tokenizers]'"
        ) from None
    try:
        loaded = tokenizers.Tokenizer.from_file(path)
    except Exception as error:  # the package raises Exception itself
        raise CorpusError(f"{path}: not a tokenizers JSON file ({error})") from error

    def tokenize_line(line: str) -> list[str]:
        return loaded.encode(line, add_special_tokens=False).tokens

    return tokenize_line
