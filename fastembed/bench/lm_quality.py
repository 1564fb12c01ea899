"""Which language model predicts a text best: every smoothing at every order, classes, mixtures.

All models have the vocabulary of the training text and score the same tokens of the test text, so
that their perplexities can be compared. Figures of WikiText-2: docs/lm-evaluation.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastembed.cluster.class_lm import FALLBACK, ClassLM
from fastembed.cluster.exchange import ExchangeClusters
from fastembed.core.errors import TrainingError
from fastembed.evaluate.perplexity import Perplexity
from fastembed.ngram.cache import CacheLM
from fastembed.ngram.interpolated import InterpolatedLM
from fastembed.ngram.model import NgramLM
from fastembed.ngram.tables import SPECIALS, UNK_ID
from fastembed.text.encoded import EncodedCorpus

__all__ = ["BASE", "Cell", "Comparison", "Row", "Texts", "compare", "open_texts"]

BASE = "modified_kneser_ney"  # of the models that are mixed
CACHE = 500  # words


@dataclass(frozen=True)
class Texts:
    """Three texts in the words of the first."""

    train: EncodedCorpus
    heldout: EncodedCorpus
    test: EncodedCorpus
    blank_lines: bool  # are sentences


@contextmanager
def open_texts(
    train: Any, heldout: Any, test: Any, *, min_count: int = 2, blank_lines: bool = True
) -> Iterator[Texts]:
    """Encode three `Corpus`; words that are not in the first, or too rare there, are ``<unk>``.

    Rare words of the training text make an ``<unk>`` with counts. Without one (``min_count=1`` and
    a text without it) methods differ most in what they leave to words that were never seen.

    ``blank_lines``: a blank line is a sentence (of ``</s>`` alone); else it is left out.
    """
    with ExitStack() as stack:
        first = stack.enter_context(
            train.encode(min_count=min_count, specials=SPECIALS, oov="unk", keep_empty=blank_lines)
        )
        others = [
            stack.enter_context(text.encode(first.vocabulary, oov="unk", keep_empty=blank_lines))
            for text in (heldout, test)
        ]
        yield Texts(first, others[0], others[1], blank_lines)


@dataclass(frozen=True)
class Cell:
    """A model of one order, on the test text."""

    order: int
    result: Perplexity | None = None
    why: str = ""  # there is no result
    cpu_s: float = 0.0  # of training and scoring, all threads
    weights: tuple[float, ...] = ()  # of a mixture


@dataclass(frozen=True)
class Row:
    """A method at all orders."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Comparison:
    """The table, and what it was measured on."""

    facts: dict[str, Any]
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, infinities among them."""
        rows = []
        for row in self.rows:
            cells = []
            for cell in row.cells:
                figures = cell.result.to_dict() if cell.result is not None else {}
                cells.append({"order": cell.order, "cpu_s": cell.cpu_s, "why": cell.why,
                              "weights": list(cell.weights), **figures})  # fmt: skip
            rows.append({"name": row.name, "orders": cells})
        return {**self.facts, "rows": rows}

    def to_markdown(self) -> str:
        """The conventions and the table; the lowest perplexity of each order is bold."""
        f = self.facts
        orders = [cell.order for cell in self.rows[0].cells]
        best = [
            min((cell.result.perplexity for cell in column if cell.result), default=math.nan)
            for column in zip(*(row.cells for row in self.rows), strict=True)
        ]
        blank = "a blank line is a sentence" if f["blank_lines"] else "blank lines left out"
        lines = [
            f"Training text: {f['train_words']:,} words in {f['train_sentences']:,} sentences "
            f"({blank}); {f['vocabulary']:,} different ones make the vocabulary, "
            f"{f['train_unk']:,} are `<unk>`.  ",
            f"Test text: {f['test_tokens']:,} tokens, of which {f['test_sentences']:,} are "
            f"`</s>` and {f['test_oov']:,} `<unk>` (so spelled, or not in the vocabulary), "
            "scored as such.",
            "",
            "| perplexity, by order | " + " | ".join(map(str, orders)) + " |",
            "|---|" + "---:|" * len(orders),
        ]
        notes: dict[str, str] = {}
        for row in self.rows:
            shown = []
            for i, cell in enumerate(row.cells):
                if cell.result is None:
                    mark = notes.setdefault(cell.why, "*" * (len(notes) + 1))
                    shown.append("-" + mark.replace("*", "\\*"))
                elif not math.isfinite(cell.result.perplexity):
                    shown.append("infinite")
                else:
                    text = f"{cell.result.perplexity:.2f}"
                    shown.append(f"**{text}**" if cell.result.perplexity == best[i] else text)
            lines.append(f"| {row.name} | " + " | ".join(shown) + " |")
        lines += [""] * bool(notes)
        lines += [f"{mark.replace('*', chr(92) + '*')} {why}" for why, mark in notes.items()]
        return "\n".join(lines)


def compare(
    texts: Texts,
    *,
    orders: Sequence[int] = (1, 2, 3, 4, 5),
    smoothings: Sequence[str] = (),
    n_clusters: Sequence[int] = (500,),
    workers: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Comparison:
    """Train every smoothing at every order, and class-based models and mixtures with `BASE`.

    Parameters
    ----------
    texts : Texts
        ``heldout`` is for weights: of mixtures, and of methods that fit them.
    smoothings : sequence of str
        Names of `fastembed.ngram.smoothing.SMOOTHINGS`; all of them if there are none.
    n_clusters : sequence of int
        Of the class-based models, each of which is mixed with the model of words; the last row
        mixes all of them, and a cache.
    say : callable
        Told of each model what came of it.
    """
    from fastembed.ngram.smoothing import SMOOTHINGS

    names = list(smoothings or SMOOTHINGS)
    run = _Run(texts, workers, say)
    clusters = {n: run.cluster(n) for n in n_clusters}
    for order in orders:
        models = {name: run.put(name, order, partial(run.words, name, order)) for name in names}
        if not clusters:
            continue
        base = models.get(BASE) or run.words(BASE, order)
        parts = [base]
        for n, found in clusters.items():
            classes = ClassLM(order=order, smoothing=BASE, workers=workers)
            fit = partial(classes.fit, texts.train, found)
            parts.append(run.put(f"class-based, C = {n}", order, fit))
        for n, other in zip(clusters, parts[1:], strict=True):
            mix = partial(run.mixture, [base, other])
            run.put(f"{BASE} + class-based, C = {n}", order, mix)
        everything = [*parts, CacheLM.like(base, size=CACHE)]
        what = "class-based + cache" if len(clusters) == 1 else "all class-based + cache"
        run.put(f"{BASE} + {what}", order, partial(run.mixture, everything))
    rows = tuple(Row(name, tuple(cells)) for name, cells in run.table.items())
    return Comparison(run.facts() | {"clusters": list(n_clusters)}, rows)


class _Run:
    """The models, one after the other, and what came of them."""

    def __init__(self, texts: Texts, workers: int | None, say: Callable[[str], None]) -> None:
        self.texts, self.workers, self.say = texts, workers, say
        self.table: dict[str, list[Cell]] = {}

    def put(self, name: str, order: int, make: Callable[[], Any]) -> Any:
        """Make a model and measure it."""
        start, model = time.process_time(), None
        weights: tuple[float, ...] = ()
        try:
            model = make()
            result, why = model.perplexity(self.texts.test), ""
            if isinstance(model, InterpolatedLM):
                weights = tuple(model.weights_.tolist())
        except (TrainingError, ValueError) as error:
            # too little data for a method; scores that are no probabilities
            result, why = None, str(error)
        cell = Cell(order, result, why, time.process_time() - start, weights)
        self.table.setdefault(name, []).append(cell)
        shown = f"{result.perplexity:.2f}" if result is not None else why
        self.say(f"{name}, order {order}: {shown} ({cell.cpu_s:.1f} s)")
        return model

    def words(self, name: str, order: int) -> NgramLM:
        # a cut vocabulary has no words that are there once, from which discounts could be estimated
        fallback = FALLBACK if name == BASE else None
        model = NgramLM(
            order=order, smoothing=name, discount_fallback=fallback, workers=self.workers
        )
        return model.fit(self.texts.train, heldout=self.texts.heldout)

    def mixture(self, parts: Sequence[Any]) -> InterpolatedLM:
        return InterpolatedLM(parts).fit(self.texts.heldout)

    def cluster(self, n: int) -> ExchangeClusters:
        made = ExchangeClusters(n_clusters=n, hierarchy=False, workers=self.workers)
        made.fit(self.texts.train)
        self.say(f"{n} clusters: {made.ami_:.4f} bits ({made.training_seconds_:.1f} s)")
        return made

    def facts(self) -> dict[str, Any]:
        """What the table holds for."""
        train, test = self.texts.train, self.texts.test
        measured = [cell.result for cells in self.table.values() for cell in cells if cell.result]
        return {
            "train_words": train.n_tokens,
            "train_sentences": train.n_sentences,
            "train_unk": int(train.vocabulary.counts[UNK_ID]),
            "vocabulary": len(train.vocabulary) - len(SPECIALS),
            "test_tokens": test.n_tokens + test.n_sentences,
            "test_sentences": test.n_sentences,
            "test_oov": measured[0].oov if measured else 0,
            "blank_lines": self.texts.blank_lines,
        }
