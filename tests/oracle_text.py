"""Plain-Python twins of the text kernels: fold, cut into words, count, encode."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

SPACE = re.compile(rb"[ \t\n\v\f\r]+")


class BadTextError(Exception):
    """Text that strict mode refuses; ``args[0]`` is the byte."""


def decode(data: bytes, errors: str = "strict") -> str:
    """UTF-8 without NUL."""
    if errors == "replace":
        return data.decode("utf-8", "replace").replace("\0", "\ufffd")
    nul = data.find(b"\0")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadTextError(min(error.start, nul if nul >= 0 else error.start)) from error
    if nul >= 0:
        raise BadTextError(nul)
    return text


def fold(text: str, lowercase: bool, punctuation: str) -> str:
    """Lower case and punctuation, a character at a time."""
    out = []
    for character in text:
        mark = unicodedata.category(character)[0] in "PS"
        low = character.lower() if lowercase else character
        if mark and punctuation == "drop":
            low = " "
        elif mark and punctuation == "split":
            low = f" {low} "
        out.append(low)
    return "".join(out)


def lines(
    data: bytes, *, lowercase: bool = False, punctuation: str = "keep", errors: str = "strict"
) -> list[list[str]]:
    """The words of each line of one file, empty lines too."""
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    try:
        text = decode(data[start:], errors)
    except BadTextError as error:
        raise BadTextError(start + error.args[0]) from error
    folded = fold(text, lowercase, punctuation).encode()
    found = folded.split(b"\n")
    if found[-1] == b"":
        found.pop()  # what stands behind the last newline is no line
    return [[word.decode() for word in SPACE.split(line) if word] for line in found]


def vocabulary(sentences, min_count=1, max_vocab=None, specials=()):
    """Words and counts in order of their ids."""
    counts = Counter(word for sentence in sentences for word in sentence)
    ordinary = [
        (word, count)
        for word, count in counts.items()
        if count >= min_count and word not in specials
    ]
    ordinary.sort(key=lambda item: (-item[1], item[0].encode()))
    return [(word, counts[word]) for word in specials] + ordinary[:max_vocab]


def encode(sentences, words, unknown=None, keep_empty=False):
    """Ids and offsets; unknown words are left out, or become the id ``unknown``."""
    index = {word: i for i, word in enumerate(words)}
    ids, offsets = [], [0]
    for sentence in sentences:
        numbers = [index.get(word, unknown) for word in sentence]
        ids += [number for number in numbers if number is not None]
        if keep_empty or len(ids) > offsets[-1]:
            offsets.append(len(ids))
    return ids, offsets
