"""N-gram counts and every smoothing method in plain Python, as the formulas stand in the papers.

N-grams are tuples of words, the oldest first; a model is a function p(history, word).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

UNK, BOS, EOS = "<unk>", "<s>", "</s>"
Ngram = tuple[str, ...]
Model = Callable[[Ngram, str], float]


def count(sentences: Iterable[Sequence[str]], order: int) -> list[Counter[Ngram]]:
    """[k - 1]: how often each n-gram of order k is there."""
    found: list[Counter[Ngram]] = [Counter() for _ in range(order)]
    for sentence in sentences:
        words = (BOS, *sentence, EOS)
        for k in range(1, order + 1):
            for i in range(len(words) - k + 1):
                found[k - 1][words[i : i + k]] += 1
    return found


def reversed_order(ngrams: Iterable[Ngram], ids: dict[str, int]) -> list[Ngram]:
    """As the levels of a trie have them: by the ids of the words, read backwards."""
    return sorted(ngrams, key=lambda ngram: [ids[word] for word in reversed(ngram)])


def adjusted(counts: list[Counter[Ngram]]) -> list[Counter[Ngram]]:
    """Kneser-Ney's values: how many words stand before an n-gram, but for the highest order."""
    values = [Counter[Ngram]() for _ in counts[:-1]]
    for k in range(1, len(counts)):
        for ngram in counts[k]:
            values[k - 1][ngram[1:]] += 1
        for ngram, times in counts[k - 1].items():
            if k > 1 and ngram[0] == BOS:
                values[k - 1][ngram] = times
    return [*values, counts[-1]]


class Oracle:
    """What the methods ask of a text."""

    def __init__(self, sentences: Sequence[Sequence[str]], order: int) -> None:
        self.order = order
        self.counts = count(sentences, order)
        words = {word for sentence in sentences for word in sentence}
        self.words = sorted({*words, UNK, EOS})  # all that can be predicted
        self.uniform = 1 / len(self.words)

    def after(self, history: Ngram, table: list[Counter[Ngram]] | None = None) -> dict[str, int]:
        """Value of each word that follows a history."""
        level = (table or self.counts)[len(history)]
        n = len(history)
        return {g[-1]: c for g, c in level.items() if g[:-1] == history and g != (BOS,) and n >= 0}

    def interpolated(
        self,
        terms: Callable[[Ngram, dict[str, int]], tuple[Callable[[int], float], float]],
        table: list[Counter[Ngram]] | None = None,
    ) -> Model:
        """p = own(c) + weight p(w | h'), where ``terms`` gives own and weight of a history."""

        def p(history: Ngram, word: str) -> float:
            below = p(history[1:], word) if history else self.uniform
            found = self.after(history, table)
            if sum(found.values()) == 0:
                return below
            own, weight = terms(history, found)
            return (own(found[word]) if found.get(word) else 0.0) + weight * below

        return p

    def alone(self, weigh: Callable[[Ngram, int], float]) -> Model:
        """p in proportion to a weight of the count."""

        def p(history: Ngram, word: str) -> float:
            found = self.after(history)
            total = sum(weigh(history, found.get(w, 0)) for w in self.words)
            if not found or total == 0:
                return self.uniform
            return weigh(history, found.get(word, 0)) / total

        return p


# ---------------------------------------------------------------------------------- methods


def mle(o: Oracle) -> Model:
    return o.alone(lambda h, c: c)


def additive(o: Oracle, delta: float) -> Model:
    return o.alone(lambda h, c: c + delta)


def dirichlet(o: Oracle, eta: float) -> Model:
    weight = eta * len(o.words)
    return o.interpolated(
        lambda h, f: (
            lambda c: c / (sum(f.values()) + weight),
            weight / (sum(f.values()) + weight),
        )
    )


def witten_bell(o: Oracle) -> Model:
    return o.interpolated(
        lambda h, f: (
            lambda c: c / (sum(f.values()) + len(f)),
            len(f) / (sum(f.values()) + len(f)),
        )
    )


def discounted(
    o: Oracle, discounts: list[list[float]], table: list[Counter[Ngram]] | None = None
) -> Model:
    """Absolute discounting; [k - 1] are D1, D2, D3 of order k."""

    def terms(history: Ngram, found: dict[str, int]) -> tuple[Callable[[int], float], float]:
        d = discounts[len(history)]
        total = sum(found.values())
        mass = sum(d[min(c, 3) - 1] for c in found.values() if c)
        return (lambda c: (c - d[min(c, 3) - 1]) / total), mass / total

    return o.interpolated(terms, table)


def often(values: Counter[Ngram], a: int) -> int:
    return sum(c == a for ngram, c in values.items() if ngram != (BOS,))


def one_discount(values: Counter[Ngram]) -> list[float] | None:
    n1, n2 = often(values, 1), often(values, 2)
    return [n1 / (n1 + 2 * n2)] * 3 if n1 and n2 else None


def three_discounts(values: Counter[Ngram]) -> list[float] | None:
    n = [often(values, a) for a in range(5)]
    if not all(n[1:4]):
        return None
    y = n[1] / (n[1] + 2 * n[2])
    found = [a - (a + 1) * y * n[a + 1] / n[a] for a in (1, 2, 3)]
    return found if all(0 <= d <= a for a, d in enumerate(found, 1)) else None


def jelinek_mercer(o: Oracle, weights: list[list[float]]) -> Model:
    """weights[k - 1][number of bits of c(h)]"""

    def terms(history: Ngram, found: dict[str, int]) -> tuple[Callable[[int], float], float]:
        total = sum(found.values())
        weight = weights[len(history)][total.bit_length()]
        return (lambda c: weight * c / total), 1 - weight

    return o.interpolated(terms)


def log_likelihood(p: Model, sentences: Iterable[Sequence[str]], order: int) -> float:
    """Natural logarithm of the probability of sentences."""
    total = 0.0
    for sentence in sentences:
        words = (BOS, *sentence, EOS)
        for i in range(1, len(words)):
            total += math.log(p(words[max(0, i - order + 1) : i], words[i]))
    return total


def stupid_backoff(o: Oracle, alpha: float) -> Model:
    def score(history: Ngram, word: str) -> float:
        found = o.after(history)
        if found.get(word):
            return found[word] / sum(found.values())
        if not history:
            return alpha * o.uniform
        return (alpha if found else 1.0) * score(history[1:], word)

    return score


def good_turing(o: Oracle, stars: list[dict[int, float]], unseen: list[float]) -> Model:
    """stars[k - 1][r] = r*; unseen[k - 1] = N_1 / N."""

    def weigh(history: Ngram, c: int) -> float:
        k = len(history) + 1
        seen = [times for ngram, times in o.counts[k - 1].items() if ngram != (BOS,)]
        if c:
            total = sum(stars[k - 1][r] for r in seen)
            return (1 - unseen[k - 1]) * stars[k - 1][c] / total
        histories = len(o.words) * (len(o.words) - 1) ** (k - 2) if k > 1 else 1
        rest = histories * len(o.words) - len(seen)
        return unseen[k - 1] / rest if rest else 0.0

    return o.alone(weigh)


def katz(o: Oracle, discounts: list[list[float]]) -> Model:
    """discounts[k - 1][r - 1] = d(r) of order k, 1 for higher r."""

    def listed(history: Ngram) -> dict[str, float]:
        found = o.after(history)
        d = discounts[len(history)]
        total = sum(found.values())
        kept = {w: c * (d[c - 1] if c <= len(d) else 1.0) for w, c in found.items()}
        left = total - sum(kept.values())
        if left <= 1e-9 * total:
            total += 1
        return {w: c / total for w, c in kept.items()}

    def p(history: Ngram, word: str) -> float:
        seen = listed(history)
        rest = 1 - sum(seen.values())
        if not history:
            absent = [w for w in o.words if w not in seen]
            if word in seen:
                return seen[word] / (1 if absent else 1 - rest)
            return rest / len(absent)
        if not seen:
            return p(history[1:], word)
        share = 1 - sum(p(history[1:], w) for w in seen)
        if share <= 1e-12:
            return seen.get(word, 0.0) / (1 - rest)
        return seen[word] if word in seen else rest / share * p(history[1:], word)

    return p
