"""A back-off model in plain Python: the ARPA format and the recursion as the textbook has them."""

from __future__ import annotations

import math
import random

BOS, EOS, UNK = "<s>", "</s>", "<unk>"


class OracleLM:
    """n-grams (tuples of words) to (log10 probability, back-off weight)."""

    def __init__(self, levels: list[dict[tuple[str, ...], tuple[float, float]]]) -> None:
        self.levels = levels
        if (UNK,) not in levels[0]:
            levels[0][UNK,] = (-100.0, 0.0)

    @classmethod
    def parse(cls, text: str) -> OracleLM:
        """From the text of an ARPA file that is in order."""
        levels: list[dict[tuple[str, ...], tuple[float, float]]] = []
        order = 0
        for line in text[text.index("\\data\\") :].splitlines():
            if line.endswith("-grams:"):
                order += 1
                levels.append({})
            elif line.strip() and order and not line.startswith("\\"):
                fields = line.split()
                back = float(fields[order + 1]) if len(fields) > order + 1 else 0.0
                levels[-1][tuple(fields[1 : order + 1])] = (float(fields[0]), back)
        return cls(levels)

    def known(self, word: str) -> str:
        return word if (word,) in self.levels[0] else UNK

    def score(self, history: tuple[str, ...], word: str) -> tuple[float, int]:
        """log10 p(word | history) and the length of the n-gram that was found."""
        history = history[max(0, len(history) - len(self.levels) + 1) :]
        ngram = (*history, word)
        found = self.levels[len(ngram) - 1].get(ngram)
        if found is not None:
            return found[0], len(ngram)
        back = self.levels[len(history) - 1].get(history, (0.0, 0.0))[1]
        below, length = self.score(history[1:], word)
        return back + below, length

    def sentence(
        self, words: list[str], bos: bool = True, eos: bool = True
    ) -> list[tuple[float, int, bool]]:
        history: tuple[str, ...] = (BOS,) if bos else ()
        scores = []
        for word in [*words, EOS] if eos else words:
            known = self.known(word)
            scores.append((*self.score(history, known), known == UNK))
            history += (known,)
        return scores

    def perplexity(self, sentences: list[list[str]]) -> tuple[float, float, int, int]:
        """With and without unknown words, tokens, unknown ones."""
        scores = [score for words in sentences for score in self.sentence(words)]
        known = [score for score in scores if not score[2]]
        mean = -math.fsum(score[0] for score in scores) / len(scores)
        mean_known = -math.fsum(score[0] for score in known) / len(known)
        return 10**mean, 10**mean_known, len(scores), len(scores) - len(known)


def random_arpa(seed: int, order: int, vocabulary: int, tokens: int) -> str:
    """An ARPA file with the n-grams of random sentences (so their contexts and suffixes are there
    too), and numbers at random."""
    rng = random.Random(seed)
    words = [f"w{i}" for i in range(vocabulary)]
    levels = [{(word,) for word in (BOS, EOS, UNK, *words)}, *({} for _ in range(order - 1))]
    levels = [set(level) for level in levels]
    while tokens > 0:
        # few words are frequent
        text = [words[int(vocabulary * rng.random() ** 3)] for _ in range(rng.randrange(20))]
        sentence = [BOS, *text, EOS]
        tokens -= len(sentence)
        for k in range(2, order + 1):
            levels[k - 1].update(tuple(sentence[i : i + k]) for i in range(len(sentence) - k + 1))
    lines = ["\\data\\", *(f"ngram {k}={len(level)}" for k, level in enumerate(levels, 1))]
    for k, level in enumerate(levels, 1):
        lines += ["", f"\\{k}-grams:"]
        shuffled = sorted(level)
        rng.shuffle(shuffled)
        for ngram in shuffled:
            back = "" if k == order else f"\t{rng.uniform(-2, 0.5):.6f}"
            lines.append(f"{-rng.expovariate(0.5):.6f}\t{' '.join(ngram)}{back}")
    return "\n".join([*lines, "", "\\end\\", ""])
