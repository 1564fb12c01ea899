"""Class-based models in plain Python: classes by the oracle of n-grams, words by their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from oracle_ngram import BOS, EOS, UNK, Model, Ngram, Oracle

SPECIALS = (UNK, BOS, EOS)


class ClassOracle:
    """p(w | h) = p(c(w) | c(h)) p(w | c(w)).

    ``smooth`` makes a model of the class sequence; words without a class are <unk>, as are those
    that have one and are not in the text, unless ``delta`` is above 0.
    """

    def __init__(
        self,
        sentences: Sequence[Sequence[str]],
        classes: Mapping[str, object],
        order: int,
        smooth: Callable[[Oracle], Model],
        delta: float = 0.0,
    ) -> None:
        self.count = Counter(w for s in sentences for w in s)
        self.delta = delta
        self.of = {w: f"class {c}" for w, c in classes.items()
                   if w not in SPECIALS and (delta > 0 or self.count[w])}  # fmt: skip
        mapped = [[self.of.get(w, UNK) for w in s] for s in sentences]
        self.words = [*SPECIALS, *self.of]
        oracle = Oracle(mapped, order)
        # classes that no word of the text has can be predicted too
        oracle.words = sorted({*oracle.words, *self.of.values()})
        oracle.uniform = 1 / len(oracle.words)
        self.oracle, self.p_class = oracle, smooth(oracle)

    def p_word(self, word: str) -> float:
        if word in SPECIALS:
            return 1.0
        members = [w for w, c in self.of.items() if c == self.of[word]]
        total = sum(self.count[w] for w in members)
        return (self.count[word] + self.delta) / (total + self.delta * len(members))

    def class_of(self, word: str) -> str:
        return word if word in SPECIALS else self.of.get(word, UNK)

    def p(self, history: Ngram, word: str) -> float:
        word = word if word in self.of or word in SPECIALS else UNK
        return self.p_class(tuple(map(self.class_of, history)), self.class_of(word)) * self.p_word(
            word
        )
