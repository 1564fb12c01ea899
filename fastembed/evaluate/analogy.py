"""Analogies, a is to b as c is to ?, as Mikolov et al. (2013) test them.

A question is right if the vector nearest to b - a + c (3CosAdd), or best by 3CosMul (Levy and
Goldberg 2014), of all words but a, b and c is the expected one. All questions are answered in
matrix products. With gensim's settings (the defaults) the answers are gensim's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_read
from fastembed.evaluate import bootstrap

if TYPE_CHECKING:
    from fastembed.embed.keyed_vectors import KeyedVectors

__all__ = [
    "AnalogyReport",
    "Question",
    "Score",
    "Section",
    "analogies",
    "read_questions",
    "vocabulary",
]

Question = tuple[str, str, str, str]
Method = Literal["3cosadd", "3cosmul"]
METHODS = ("3cosadd", "3cosmul")
CANDIDATES = 5  # gensim looks at five; more than one matters where case variants come first


@dataclass(frozen=True)
class Score:
    """Correct answers out of the questions that could be answered, and out of all.

    ``accuracy`` leaves out questions with unknown words, ``accuracy_with_oov`` counts them as
    wrong; both are nan where there is no such question (null in JSON). ``interval`` and
    ``interval_with_oov`` are their 95 % bootstrap intervals.
    """

    correct: int
    answered: int
    oov: int
    interval: bootstrap.Interval | None = None
    interval_with_oov: bootstrap.Interval | None = None

    @property
    def accuracy(self) -> float:
        return self.correct / self.answered if self.answered else math.nan

    @property
    def accuracy_with_oov(self) -> float:
        total = self.answered + self.oov
        return self.correct / total if total else math.nan

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "correct": self.correct,
            "answered": self.answered,
            "oov": self.oov,
            "accuracy": self.accuracy if self.answered else None,
            "interval": self.interval,
            "accuracy_with_oov": self.accuracy_with_oov if self.answered + self.oov else None,
            "interval_with_oov": self.interval_with_oov,
        }


@dataclass
class Section:
    """Questions of one kind; after the evaluation, which of them were answered how."""

    name: str
    questions: list[Question] = field(default_factory=list)
    correct: list[Question] = field(default_factory=list)
    incorrect: list[Question] = field(default_factory=list)
    oov: list[Question] = field(default_factory=list)

    @property
    def syntactic(self) -> bool:
        """Whether it is about forms of words: Google's sections of that kind begin with "gram"."""
        return self.name.startswith("gram")


@dataclass(frozen=True)
class AnalogyReport:
    """What `analogies` found."""

    sections: tuple[Section, ...]
    method: Method
    restrict_vocab: int | None
    case_insensitive: bool
    dummy4unknown: bool
    n_bootstrap: int
    seed: int

    def score(self, sections: Iterable[Section] | None = None) -> Score:
        """Score of these sections together, of all by default."""
        chosen = self.sections if sections is None else tuple(sections)
        correct = sum(len(s.correct) for s in chosen)
        answered = correct + sum(len(s.incorrect) for s in chosen)
        oov = sum(len(s.oov) for s in chosen)
        n, seed = self.n_bootstrap, self.seed
        return Score(
            correct,
            answered,
            oov,
            bootstrap.of_accuracy(correct, answered, n, seed),
            bootstrap.of_accuracy(correct, answered + oov, n, seed),
        )

    @property
    def total(self) -> Score:
        return self.score()

    @property
    def semantic(self) -> Score:
        return self.score(s for s in self.sections if not s.syntactic)

    @property
    def syntactic(self) -> Score:
        return self.score(s for s in self.sections if s.syntactic)

    @property
    def accuracy(self) -> float:
        """Of all questions; with ``dummy4unknown`` unknown words count as wrong."""
        return self.total.accuracy_with_oov if self.dummy4unknown else self.total.accuracy

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "method": self.method,
            "restrict_vocab": self.restrict_vocab,
            "case_insensitive": self.case_insensitive,
            "n_bootstrap": self.n_bootstrap,
            "seed": self.seed,
            "total": self.total.to_dict(),
            "semantic": self.semantic.to_dict(),
            "syntactic": self.syntactic.to_dict(),
            "sections": [{"name": s.name, **self.score([s]).to_dict()} for s in self.sections],
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    def table(self) -> str:
        """The scores as lines of text, in percent."""
        rows = [(s.name, self.score([s])) for s in self.sections]
        rows += [
            ("semantic", self.semantic),
            ("syntactic", self.syntactic),
            ("total", self.total),
        ]
        width = max(len(name) for name, _ in rows)
        lines = [f"{'':<{width}}  correct  answered    OOV  accuracy  95% interval   with OOV"]
        for name, score in rows:
            interval = (
                ""
                if score.interval is None
                else "{:.1f} - {:.1f}".format(*(100 * x for x in score.interval))
            )
            lines.append(
                f"{name:<{width}}  {score.correct:7d}  {score.answered:8d}  {score.oov:5d}  "
                f"{_percent(score.accuracy)}  {interval:>12}   "
                f"{_percent(score.accuracy_with_oov)}"
            )
        return "\n".join(lines)

    def gensim_result(self) -> tuple[float, list[dict[str, Any]]]:
        """What gensim's ``evaluate_word_analogies`` returns."""
        result: list[dict[str, Any]] = []
        for section in self.sections:
            wrong = section.incorrect
            if self.dummy4unknown:
                unknown = set(map(id, section.oov))
                missed = unknown | set(map(id, section.incorrect))
                wrong = [q for q in section.questions if id(q) in missed]
            result.append({"section": section.name, "correct": section.correct, "incorrect": wrong})
        correct = [q for s in result for q in s["correct"]]
        incorrect = [q for s in result for q in s["incorrect"]]
        result.append({"section": "Total accuracy", "correct": correct, "incorrect": incorrect})
        answered = len(correct) + len(incorrect)
        return len(correct) / answered if answered else 0.0, result


def _percent(share: float) -> str:
    return f"{'-':>8}" if math.isnan(share) else f"{100 * share:7.1f}%"


def read_questions(path: StrPath) -> list[Section]:
    """Read a file of questions: lines "a b c d" under lines ": name of the section".

    Blank lines and lines that begin with ``#`` are left out.

    Raises
    ------
    FormatError
        Names the line.

    Examples
    --------
    >>> from fastembed.core import data
    >>> [section.name for section in read_questions(data.path("analogies.txt"))][:2]
    ['capital-country', 'male-female']
    """
    sections: list[Section] = []
    with open_read(path, error=FormatError) as file:
        for number, raw in enumerate(file, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise FormatError(f"{path}: line {number}: not UTF-8 ({error.reason})") from None
            if not line or line.startswith("#"):
                continue
            if line.startswith(":"):
                sections.append(Section(line.lstrip(": ")))
                continue
            words = line.split()
            if len(words) != 4:
                raise FormatError(
                    f"{path}: line {number}: expected four words, or a colon and the name of a "
                    f"section; found {len(words)} words"
                )
            if not sections:
                raise FormatError(
                    f"{path}: line {number}: expected a colon and the name of a section first"
                )
            sections[-1].questions.append((words[0], words[1], words[2], words[3]))
    if not any(section.questions for section in sections):
        raise FormatError(f"{path}: no questions in this file")
    return sections


def analogies(
    kv: KeyedVectors,
    questions: StrPath | Sequence[Section],
    *,
    method: Method = "3cosadd",
    restrict_vocab: int | None = 300000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> AnalogyReport:
    """Answer analogies and count what is right.

    Parameters
    ----------
    kv : KeyedVectors
    questions : path, or list of Section
        A file as `read_questions` takes it.
    method : {"3cosadd", "3cosmul"}
    restrict_vocab : int, optional
        Use only the first so many words, for questions and answers.
    case_insensitive : bool
        Compare words in upper case; of words that differ only in case the first is used.
    dummy4unknown : bool
        Whether the report's ``accuracy`` counts questions with unknown words as wrong. (It has
        both numbers in any case.)
    n_bootstrap, seed : int
        Samples of the intervals, and where they begin. 0 samples: no intervals.

    Returns
    -------
    AnalogyReport

    Raises
    ------
    FormatError
        A line of the file is malformed.
    ValueError
        The method is none of these.

    Examples
    --------
    >>> import fastembed as fe
    >>> square = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]], "f4")
    >>> kv = fe.KeyedVectors(["man", "king", "woman", "queen"], square)
    >>> report = analogies(kv, [Section("royals", [("man", "king", "woman", "queen")])])
    >>> report.total.correct, report.total.answered, report.accuracy
    (1, 1, 1.0)
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    if isinstance(questions, Sequence) and not isinstance(questions, str):
        given = list(questions)
    else:
        given = read_questions(questions)
    index, names = vocabulary(kv, restrict_vocab, case_insensitive)
    sections, asked, rows = [], [], []
    for source in given:
        section = Section(source.name)
        sections.append(section)
        for words in source.questions:
            question = _upper(words) if case_insensitive else words
            section.questions.append(question)
            found = [index.get(word, -1) for word in question]
            if min(found) < 0:
                section.oov.append(question)
            else:
                asked.append((section, question))
                rows.append(found[:3])
    candidates = _answer(kv, np.array(rows, np.int64).reshape(-1, 3), method, len(names))
    for (section, question), best in zip(asked, candidates, strict=True):
        right = _chosen(best, question, names) == question[3]
        (section.correct if right else section.incorrect).append(question)
    return AnalogyReport(
        tuple(sections),
        method,
        restrict_vocab,
        case_insensitive,
        dummy4unknown,
        n_bootstrap,
        seed,
    )


def _upper(question: Question) -> Question:
    a, b, c, d = question
    return a.upper(), b.upper(), c.upper(), d.upper()


def vocabulary(
    kv: KeyedVectors, restrict_vocab: int | None, case_insensitive: bool
) -> tuple[dict[str, int], list[str]]:
    """Index of each word that counts, and the words' names as they are compared."""
    names = kv.index_to_key[: restrict_vocab or None]
    if case_insensitive:
        names = [name.upper() for name in names]
    # from the end, so that the first of equal names wins
    return dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True)), names


def _answer(kv: KeyedVectors, abc: NDArray[np.int64], method: Method, n: int) -> list[list[int]]:
    """The best few words of each question, without its own."""
    from fastembed.core.neighbors import nearest, nearest_cosmul

    vectors, scale = kv.vectors[:n], kv.inverse_norms()[:n]
    used, place = np.unique(abc, return_inverse=True)
    place = place.reshape(abc.shape)
    norms = kv.divisors()[used]
    units = kv.vectors[used] / norms[:, np.newaxis]
    k = CANDIDATES + 3
    if method == "3cosadd":
        found, _, sizes = nearest(vectors, scale, _means(units, place), k)
    else:
        found, _, sizes = nearest_cosmul(vectors, scale, units, place, k)
    result = []
    for row, size, own in zip(found.tolist(), sizes.tolist(), abc.tolist(), strict=True):
        result.append([i for i in row[:size] if i not in own][:CANDIDATES])
    return result


def _means(units: NDArray[Any], abc: NDArray[np.int64]) -> NDArray[np.float32]:
    """Unit vectors of b + c - a, in the order and precision of `KeyedVectors.most_similar`."""
    a, b, c = (units[abc[:, i]] for i in range(3))
    mean = (b.astype(np.float64) + c).astype(units.dtype)
    mean = (mean.astype(np.float64) - a).astype(units.dtype)
    double = mean.astype(np.float64) / 3.0
    norms = np.linalg.norm(double, axis=1, keepdims=True)
    return (double * (1.0 / np.where(norms > 0, norms, 1))).astype(np.float32)


def _chosen(best: list[int], question: Question, names: list[str]) -> str | None:
    """The first candidate that is not a word of the question in another case; as in gensim the
    last one if there is no such."""
    chosen = None
    for i in best:
        chosen = names[i]
        if chosen not in question[:3]:
            break
    return chosen
