"""What the training loop drives for neural language models: places of a text in random order.

The text is cut into blocks of some hundred places. A segment is about a million places, in blocks
from all over the text; segments are read one after the other, in a random order, and their places
are shuffled. So memory does not grow with the text, and a mini-batch is a sample of all of it.
(What is trained last counts more, and words come in clusters: the blocks must be much shorter than
an article, or each segment has words that the others do not have, and perplexity suffers.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _nlm
from fastembed.core.rounds import Figures, Position
from fastembed.core.schedule import learning_rate
from fastembed.core.threads import resolve_workers, single_threaded_blas
from fastembed.ngram.sentences import Sentences
from fastembed.ngram.tables import BOS_ID, EOS_ID
from fastembed.nlm.network import Shape

__all__ = ["SEGMENT", "NeuralTask"]

SEGMENT = 1 << 20  # places, <s> among them
BLOCK, MOST_BLOCKS = 1 << 8, 1 << 20  # places of a block, blocks of a text
SAMPLE = 512  # places that say what the text costs at the beginning and at the end


class NeuralTask:
    """A `fastembed.core.rounds.Task`; a chunk is a mini-batch."""

    def __init__(
        self,
        sentences: Sentences,
        net: _nlm.Net,
        shape: Shape,
        params: dict[str, Any],
        position: Position,
        segment: int = SEGMENT,
        block: int = BLOCK,
    ) -> None:
        self.sentences, self.net, self.shape, self.params = sentences, net, shape, params
        self.position = position
        self.work = sentences.encoded.n_tokens + sentences.encoded.n_sentences
        self._block = max(min(block, segment), -(-sentences.size // MOST_BLOCKS))
        n = -(-sentences.size // self._block)
        self._blocks = np.arange(n, dtype=np.uint32)
        _nlm.shuffle(self._blocks, params["seed"], (1 << 64) - 1)
        self._per_segment = max(1, segment // self._block)
        firsts = np.arange(0, n, self._per_segment)
        self._segments = len(firsts)
        # <s> before the end of each block; all other places are targets
        ends = np.minimum(np.arange(n + 1) * self._block, sentences.size)
        targets = np.diff(ends - self._sentences_before(ends))
        self._batches = -(-np.add.reduceat(targets[self._blocks], firsts) // shape.places)
        self.n_chunks = int(self._batches.sum())
        self._held: tuple[tuple[int, int], NDArray[np.uint32], NDArray[np.uint32]] | None = None

    def _sentences_before(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many sentences begin before each position."""
        offsets, n = self.sentences.encoded.offsets, self.sentences.encoded.n_sentences
        low, high = np.zeros_like(positions), np.full_like(positions, n)
        while (left := np.flatnonzero(low < high)).size:
            middle = (low[left] + high[left]) // 2
            before = offsets[middle].astype(np.int64) + 2 * middle < positions[left]
            low[left[before]] = middle[before] + 1
            high[left[~before]] = middle[~before]
        return low

    def _runs(self, segment: int) -> Iterator[tuple[int, int]]:
        """The blocks of a segment in the order of the text: first and last position of each run."""
        first = segment * self._per_segment
        blocks = np.sort(self._blocks[first : first + self._per_segment]).astype(np.int64)
        for run in np.split(blocks, np.flatnonzero(np.diff(blocks) != 1) + 1):
            end = (int(run[-1]) + 1) * self._block
            yield int(run[0]) * self._block, min(end, self.sentences.size)

    def _order(self, epoch: int) -> NDArray[np.uint32]:
        order = np.arange(self._segments, dtype=np.uint32)
        _nlm.shuffle(order, self.params["seed"], epoch << 32 | 0xFFFFFFFF)
        return order

    def _places(self, epoch: int, segment: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """A segment's words, with the context before and behind it, and its places, shuffled."""
        if self._held is not None and self._held[0] == (epoch, segment):
            return self._held[1:]
        self._held = None
        overlap = max(self.shape.n, self.shape.window)
        workers = resolve_workers(self.params["workers"])
        pieces, found_at, size = [np.array([BOS_ID], dtype=np.uint32)], [], 1
        for first, last in self._runs(segment):
            behind = min(last + self.shape.window, self.sentences.size)
            found = self.sentences.stream(first, behind, overlap, workers)
            own = found.words[found.begin : found.begin + last - first]
            found_at.append((size + found.begin + np.flatnonzero(own != BOS_ID)).astype(np.uint32))
            pieces.append(found.words)
            size += len(found.words)
        words = np.concatenate([*pieces, np.array([EOS_ID], dtype=np.uint32)])
        places = np.concatenate(found_at)
        _nlm.shuffle(places, self.params["seed"], epoch << 32 | segment)
        self._held = ((epoch, segment), words, places)
        return words, places

    def _rates(self, epoch: int, first: int, count: int) -> NDArray[np.float64]:
        done = (epoch * self.n_chunks + first + np.arange(count)) / (
            self.params["epochs"] * self.n_chunks
        )
        return learning_rate(
            self.params["schedule"], self.params["alpha"], self.params["min_alpha"], done
        ).astype(np.float64)

    def learning_rate(self, epoch: int, chunk: int) -> float:
        """Learning rate of a mini-batch."""
        return float(self._rates(epoch, chunk, 1)[0])

    def run(self, epoch: int, first: int, count: int) -> Figures:
        """Some mini-batches, which may lie in several segments."""
        order = self._order(epoch)
        ends = np.cumsum(self._batches[order])
        losses: list[float] = []
        examples: list[int] = []
        work, at = 0, first
        while at < first + count:
            turn = int(np.searchsorted(ends, at, side="right"))
            stop = min(first + count, int(ends[turn]))
            words, places = self._places(epoch, int(order[turn]))
            begin = at - (int(ends[turn - 1]) if turn else 0)
            per = self.shape.places
            some = places[begin * per : (begin + stop - at) * per]
            with single_threaded_blas():
                loss, number = self.net.train(
                    words, some, per, epoch * self.n_chunks + at, self._rates(epoch, at, stop - at)
                )
            losses += loss.tolist()
            examples += number.tolist()
            work += len(some)
            at = stop
        if at == self.n_chunks:
            self.net.settle((epoch + 1) * self.n_chunks, self.learning_rate(epoch, at - 1))
        return Figures(losses, examples, work, self._shown(losses, examples, epoch, first))

    def sample_loss(self) -> float:
        """-ln p, exact, a mean over some places of the text, the same ones each time."""
        words, places = self._places(0, int(self._order(0)[0]))
        with single_threaded_blas():
            return float(self.net.score(words, places[:SAMPLE]).mean())

    def _shown(
        self, losses: list[float], examples: list[int], epoch: int, chunk: int
    ) -> dict[str, float]:
        """Perplexity of the epoch so far; with noise words the loss is not that of all words."""
        mean = (self.position.loss + sum(losses)) / max(self.position.examples + sum(examples), 1)
        name = "loss" if self.params["output_layer"] in ("nce", "sampled") else "perplexity"
        value = mean if name == "loss" else math.exp(mean) if mean < 700 else math.inf
        return {name: value, "lr": self.learning_rate(epoch, chunk)}
