"""Tagged text, and how well tags were predicted: accuracy and F1.

A file has one sentence a line, each word with its tag behind the last ``/``: ``The/at jury/nn``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_read

__all__ = ["TagScore", "TaggedSentence", "TaggingReport", "WordGroup", "read_tagged", "score_tags"]

SUFFIXES = ("-tl", "-hl", "-nc")  # of Brown's tags: title, headline, cited word


class TaggedSentence(NamedTuple):
    """Words and their tags."""

    words: list[str]
    tags: list[str]


class TagScore(NamedTuple):
    """Of one tag; ``support`` is how often it is the right one."""

    precision: float
    recall: float
    f1: float
    support: int


class WordGroup(NamedTuple):
    """Figures of some of the words; 0 if there are none, "n/a" in a table."""

    tokens: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True)
class TaggingReport:
    """What `score_tags` found.

    ``macro_f1`` is the mean of F1 over the tags that are right or predicted somewhere; F1 of a tag
    is 2 true positives / (2 true positives + false positives + false negatives). ``groups`` has the
    figures of words of a kind, such as "unknown".
    """

    tokens: int
    accuracy: float
    macro_f1: float
    per_tag: dict[str, TagScore]
    groups: dict[str, WordGroup]

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self) | {
            "per_tag": {tag: score._asdict() for tag, score in self.per_tag.items()},
            "groups": {name: group._asdict() for name, group in self.groups.items()},
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def table(self, tags: int = 10) -> str:
        """The figures as lines of text, with the most frequent tags."""
        lines = [f"{'':<12}{'tokens':>9}{'accuracy':>10}{'macro F1':>10}"]
        for name, group in (("all", WordGroup(self.tokens, self.accuracy, self.macro_f1)),
                            *self.groups.items()):  # fmt: skip
            figures = [f"{v:.4f}" if group.tokens else "n/a" for v in group[1:]]
            lines.append(f"{name:<12}{group.tokens:>9,}{figures[0]:>10}{figures[1]:>10}")
        often = sorted(self.per_tag.items(), key=lambda item: (-item[1].support, item[0]))[:tags]
        if often:
            lines.append(f"{'tag':<12}{'tokens':>9}{'precision':>10}{'recall':>10}{'F1':>8}")
        for tag, s in often:
            lines.append(
                f"{tag:<12}{s.support:>9,}{s.precision:>10.4f}{s.recall:>10.4f}{s.f1:>8.4f}"
            )
        return "\n".join(lines)


def read_tagged(path: StrPath, *, fold: bool = False) -> list[TaggedSentence]:
    """Read a file of tagged sentences, ``word/tag`` separated by white space.

    Parameters
    ----------
    path : path
        UTF-8; may be compressed. Blank lines are left out.
    fold : bool
        Reduce Brown's tags to those without ``fw-`` in front and ``-tl``, ``-hl``, ``-nc`` behind.

    Raises
    ------
    FormatError
        Names the line.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.txt")
    >>> with open(path, "w") as file:
    ...     _ = file.write("The/at jury/nn\\n1/2/cd\\n")
    >>> read_tagged(path)[1]
    TaggedSentence(words=['1/2'], tags=['cd'])
    """
    sentences: list[TaggedSentence] = []
    folded: dict[str, str] = {}
    with open_read(path, error=FormatError) as file:
        for number, raw in enumerate(file, 1):
            try:
                tokens = raw.decode("utf-8").removeprefix("\ufeff").split()
            except UnicodeDecodeError as error:
                problem = f"not UTF-8 ({error.reason})"
                raise FormatError(f"{path}: line {number}: {problem}") from None
            if not tokens:
                continue
            words, tags = [], []
            for token in tokens:
                word, slash, tag = token.rpartition("/")
                if not (word and slash and tag):
                    problem = f"expected word/tag; found {token[:60]!r}"
                    raise FormatError(f"{path}: line {number}: {problem}")
                if fold:
                    tag = folded.get(tag) or folded.setdefault(tag, _fold(tag))
                words.append(word)
                tags.append(tag)
            sentences.append(TaggedSentence(words, tags))
    if not sentences:
        raise FormatError(f"{path}: no tagged sentences in this file")
    return sentences


def _fold(tag: str) -> str:
    found = tag.removeprefix("fw-") or tag
    while found.endswith(SUFFIXES) and len(found) > 3:
        found = found[:-3]
    return found


def score_tags(
    gold: Sequence[str],
    predicted: Sequence[str],
    groups: Mapping[str, NDArray[np.bool_]] | None = None,
) -> TaggingReport:
    """Compare predicted tags with the right ones.

    Parameters
    ----------
    gold, predicted : sequence of str, of the same length
    groups : mapping from str to ndarray of bool, optional
        Which of the words are of a kind that is reported beside all of them.

    Raises
    ------
    ValueError
        Lengths differ, or there are no words.

    Examples
    --------
    >>> report = score_tags(["n", "n", "v", "d"], ["n", "v", "v", "d"])
    >>> report.accuracy, round(report.macro_f1, 4), report.per_tag["v"]
    (0.75, 0.7778, TagScore(precision=0.5, recall=1.0, f1=0.6666666666666666, support=1))
    """
    if len(gold) != len(predicted) or not len(gold):
        raise ValueError(f"{len(gold)} right tags and {len(predicted)} predicted ones; both must "
                         "be as many, and at least 1")  # fmt: skip
    tags, codes = np.unique(
        np.array([*gold, *predicted], dtype=object).astype(str), return_inverse=True
    )
    right, found = codes[: len(gold)], codes[len(gold) :]
    everything = np.ones(len(gold), dtype=bool)
    per_tag = dict(_per_tag(tags, right, found))
    overall = _group(right, found, everything, len(tags))
    parts = {name: _group(right, found, mask, len(tags)) for name, mask in (groups or {}).items()}
    return TaggingReport(*overall, per_tag, parts)


def _counts(
    right: NDArray[Any], found: NDArray[Any], n: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of each tag: where it is right and predicted; right; predicted."""
    both = np.bincount(right[right == found], minlength=n)
    return both, np.bincount(right, minlength=n), np.bincount(found, minlength=n)


def _per_tag(
    tags: NDArray[Any], right: NDArray[Any], found: NDArray[Any]
) -> Iterator[tuple[str, TagScore]]:
    counts = zip(
        tags.tolist(), *(c.tolist() for c in _counts(right, found, len(tags))), strict=True
    )
    for tag, both, support, said in counts:
        yield (
            tag,
            TagScore(
                both / max(said, 1), both / max(support, 1), 2 * both / (support + said), support
            ),
        )


def _group(right: NDArray[Any], found: NDArray[Any], mask: NDArray[Any], n: int) -> WordGroup:
    if not mask.any():
        return WordGroup(0, 0.0, 0.0)
    both, support, said = _counts(right[mask], found[mask], n)
    there = support + said > 0
    f1 = 2 * both[there] / (support + said)[there]
    return WordGroup(int(mask.sum()), float(both.sum() / mask.sum()), float(f1.mean()))
