"""What the training loop drives for word2vec: tables, chunks, learning rates, native rounds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _word2vec
from fastembed.core.rounds import Figures
from fastembed.core.schedule import learning_rate
from fastembed.core.threads import resolve_workers
from fastembed.text.encoded import EncodedCorpus

__all__ = [
    "Word2VecTask",
    "block_length",
    "chunk_tokens",
    "grow_tree",
    "keep_thresholds",
    "noise_places",
]

# Parts of the deterministic scheme (csrc/word2vec_parts.h): as many threads can share the work.
# More parts cost more for each thread; the result depends on this number, so it is fixed.
PARTS = 4
OCCURRENCES, WINDOWS = 4, 20  # of the most frequent word in a stretch; of a word there
MAX_CHUNK, MIN_CHUNK = 16384, 256
ROOT = 0xFFFFFFFF  # FE_HUFFMAN_ROOT


def chunk_tokens(n_tokens: int) -> int:
    """Tokens of a chunk: a share of the corpus, so that small ones have some chunks too."""
    return max(MIN_CHUNK, min(MAX_CHUNK, n_tokens // 64))


def keep_thresholds(counts: NDArray[np.int64], sample: float) -> NDArray[np.uint32] | None:
    """Probability of keeping each word times 2**32 (less 1), None where all are kept.

    With f the word's share of the text, p = sqrt(sample / f) + sample / f, at most 1: word2vec's
    formula, which the paper's 1 - sqrt(t / f) approximates.
    """
    if sample == 0:
        return None
    share = sample * counts.sum() / np.maximum(counts, 1)
    keep = np.minimum(np.sqrt(share) + share, 1.0)
    return np.maximum(np.ceil(keep * 2.0**32) - 1, 0).astype(np.uint32)


def block_length(window: int) -> int:
    """Words of a window that are stepped together against the same noise words.

    Ten cover the default window of five. In wider windows steps from the same coefficients, and
    noise words that meet the same centre again and again, would cost quality: blocks get shorter.
    """
    return max(1, min(10, 100 // window))


def noise_places(draws: int, n_words: int, parts: int) -> int:
    """Places in the pool of noise words of each part (csrc/noise.h), a power of two.

    Enough that a rare word has a few, and that the pool is read through a few times in a run; no
    more than are drawn.
    """
    wanted = max(1 << 21, 8 * n_words)
    total = 1 << (min(wanted, max(draws, 1 << 10)) - 1).bit_length()
    return max(total // max(parts, 1), 1)


def stretch_length(counts: NDArray[np.int64], keep: NDArray[np.uint32] | None, window: int) -> int:
    """Positions that the deterministic scheme may run on unchanged word vectors.

    Steps of one word within a stretch add up without seeing each other, so even the most frequent
    word should stand in it a few times at most, and each in some twenty windows.
    """
    kept = counts if keep is None else counts * ((keep + 1.0) / 2.0**32)
    share = float(np.max(kept) / max(np.sum(kept), 1e-300))
    most = _word2vec.MAX_STRETCH if 2 * window <= WINDOWS else WINDOWS
    return int(np.clip(OCCURRENCES / share, 8, most))


def grow_tree(up: NDArray[np.uint32], counts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The Huffman tree ``up`` with new words (counts, descending) under its last leaf.

    The last leaf gives its place to a new inner node, whose children are that leaf and a Huffman
    tree over the new words. Leaves and inner nodes keep their numbers; new ones come after.
    """
    old, new = (len(up) + 1) // 2, len(counts)
    if new == 0:
        return up
    total = old + new
    join = old - 1  # the inner node that takes the last leaf's place
    grown = np.empty(2 * total - 1, dtype=np.uint32)
    grown[:old] = up[:old]
    grown[total : total + old - 1] = up[old:]
    grown[total + join] = up[old - 1]
    grown[old - 1] = 2 * join
    if new == 1:
        grown[old] = 2 * join + 1
        return grown
    below = _word2vec.huffman_tree(counts)
    # inner node p of the new words' tree becomes join + 1 + p
    moved = np.where(below == ROOT, 2 * join + 1, below.astype(np.int64) + 2 * (join + 1))
    grown[old:total] = moved[:new]
    grown[total + join + 1 :] = moved[new:]
    return grown


class Word2VecTask:
    """A `fastembed.core.rounds.Task` over an encoded corpus; trains ``vectors`` in place."""

    def __init__(
        self,
        encoded: EncodedCorpus,
        vectors: NDArray[np.float32],
        outputs: NDArray[np.float32],
        tree: NDArray[np.uint32] | None,
        params: dict[str, Any],
        epochs_done: int = 0,
    ) -> None:
        counts = encoded.vocabulary.counts
        self.encoded = encoded
        self.params = params
        self.epochs_done = epochs_done
        self.chunk = chunk_tokens(encoded.n_tokens)
        # the largest power of two of parts that the words can be dealt to
        parts = min(PARTS, 1 << (len(counts).bit_length() - 1)) if params["deterministic"] else 0
        noise = None
        if params["negative"]:
            weights = np.maximum(counts, 1).astype(np.float64) ** params["ns_exponent"]
            size = noise_places(encoded.n_tokens * params["negative"], len(counts), parts)
            noise = _word2vec.noise_pools(weights, max(parts, 1), size, params["seed"])
        keep = keep_thresholds(counts, params["sample"])
        self._rounds = _word2vec.Rounds(
            vectors,
            outputs,
            keep,
            noise,
            tree,
            window=params["window"],
            negative=params["negative"],
            shrink=params["shrink_windows"],
            cbow=not params["sg"],
            cbow_mean=bool(params["cbow_mean"]),
            seed=params["seed"],
            max_sentence=params["max_sentence_length"],
            chunk_tokens=self.chunk,
            block=block_length(params["window"]),
            parts=parts,
            stretch=stretch_length(counts, keep, params["window"]),
            workers=resolve_workers(params["workers"]),
        )

    @property
    def work(self) -> int:
        """Tokens of an epoch."""
        return self.encoded.n_tokens

    @property
    def n_chunks(self) -> int:
        """Chunks of an epoch."""
        return -(-self.work // self.chunk)

    def _rates(self, epoch: int, starts: NDArray[np.int64]) -> NDArray[np.float32]:
        done = (epoch * self.work + starts) / (self.params["epochs"] * self.work)
        return learning_rate(
            self.params["schedule"], self.params["alpha"], self.params["min_alpha"], done
        )

    def learning_rate(self, epoch: int, chunk: int) -> float:
        """Learning rate of a chunk."""
        return float(self._rates(epoch, np.array([chunk * self.chunk]))[0])

    def run(self, epoch: int, first: int, count: int) -> Figures:
        """One native round."""
        chunks = np.zeros(count, dtype=_word2vec.CHUNK)
        index = np.arange(first, first + count, dtype=np.int64)
        starts = index * self.chunk
        chunks["start"] = starts
        chunks["stop"] = np.minimum(starts + self.chunk, self.work)
        # 2**40 chunks of text before two epochs could meet
        chunks["stream"] = ((self.epochs_done + epoch) << 40) + index
        chunks["alpha"] = self._rates(epoch, starts)
        begin = int(starts[0])
        # the last chunk's last piece may reach over its end
        longest = self.params["max_sentence_length"]
        end = min(int(chunks["stop"][-1]) + longest, self.work)
        offsets = self.encoded.offsets
        low = int(np.searchsorted(offsets, np.uint64(begin), side="right")) - 1
        high = int(np.searchsorted(offsets, np.uint64(end), side="left"))
        ids = self.encoded.read(begin, end)
        self._rounds.run(ids, begin, np.array(offsets[low : high + 1]), chunks)
        return Figures(
            chunks["loss"].tolist(), chunks["examples"].tolist(), int(chunks["words"].sum())
        )
