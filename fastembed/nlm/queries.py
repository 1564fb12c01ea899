"""What a neural language model can be asked: scores, perplexity, new sentences.

All logarithms are to base 10, as for n-gram models. Every score is exact: it is a logarithm of the
full softmax (or of class and word within the class), however the model was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed._native import _nlm
from fastembed._native._ngram_stream import fill_stream
from fastembed.core.threads import single_threaded_blas
from fastembed.ngram.sentence_model import SentenceModel
from fastembed.ngram.tables import BOS_ID, EOS_ID, UNK_ID
from fastembed.nlm.network import Shape
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

__all__ = ["NeuralQueries"]

LOG10E = 0.4342944819032518
TOGETHER, ROOM = 64, 1 << 24  # sentences that are drawn side by side; numbers of all their scores
CALL = 1 << 13  # places that are scored by one native call

State = tuple[int, ...]  # the last words, as many as the model looks back, fewer at the beginning


class NeuralQueries(SentenceModel):
    """The questions, of anything with a vocabulary and a network (`fastembed.NeuralLM`).

    Every sentence begins behind ``<s>``: a context of fewer words than the model looks back is
    taken for the beginning of a sentence, and ``bos=False`` is refused.
    """

    vocabulary_: Vocabulary
    _shape: Shape

    def _scorer(self) -> _nlm.Net:
        """The network for scoring; NotFittedError if there is none."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------- words

    @property
    def words(self) -> WordList:
        """The vocabulary; ids are indices."""
        self._scorer()
        return self.vocabulary_.words

    @property
    def special_ids(self) -> tuple[int, int, int]:
        """Ids of ``<unk>``, ``<s>`` and ``</s>``."""
        return UNK_ID, BOS_ID, EOS_ID

    @property
    def order(self) -> int:  # type: ignore[override]
        """Words that a probability depends on, the predicted one among them."""
        return self._shape.n + 1

    # -------------------------------------------------------------------------------- scoring

    def _score_places(
        self, stream: NDArray[np.uint32], places: NDArray[np.uint32]
    ) -> NDArray[np.float64]:
        if len(places) == 0:
            return np.empty(0)
        net = self._scorer()
        with single_threaded_blas():
            # call by call, so that Ctrl-C is heard
            parts = [net.score(stream, places[i : i + CALL]) for i in range(0, len(places), CALL)]
        return -LOG10E * np.concatenate(parts)

    def _score(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.uint64],
        bos: bool,
        eos: bool,
        workers: int,
    ) -> tuple[NDArray[np.float64], NDArray[Any]]:
        stream = np.empty(len(ids) + 2 * (len(offsets) - 1), dtype=np.uint32)
        ids = np.ascontiguousarray(ids, dtype=np.uint32)
        offsets = np.ascontiguousarray(offsets, dtype=np.uint64)
        bad = fill_stream(ids, 0, offsets, None, BOS_ID, EOS_ID, stream, workers)
        if bad >= 0:
            raise ValueError(f"token {bad} is <s> or </s>, which the model puts around sentences")
        begins = stream == BOS_ID
        scored = ~begins if eos else ~begins & (stream != EOS_ID)
        places = np.flatnonzero(scored).astype(np.uint32)
        begin = np.maximum.accumulate(np.where(begins, np.arange(len(stream)), 0))
        seen = np.minimum(self._shape.n, places - begin[places]) + 1
        return self._score_places(stream, places), seen

    def _check_bos(self, bos: bool) -> None:
        if not bos:
            raise ValueError(
                "a neural model knows no word without the words before it: sentences begin behind "
                "<s>, and bos=False (--no-bos) is for models of n-grams and classes"
            )

    def logprob(self, ids: ArrayLike, context_ids: ArrayLike = ()) -> NDArray[np.float64]:
        """log10 p(ids[i] | context_ids, ids[:i]) for each i (`evaluate.LanguageModel`).

        A context of fewer words than the model looks back is taken for the beginning of a
        sentence, as if ``<s>`` stood before it.

        Raises
        ------
        TypeError, ValueError
            What is given are no ids of words; or ``<s>``, which is never predicted, is among
            ``ids``, or ``</s>`` before their end.
        """
        context, ids = self._as_ids(context_ids, "context_ids"), self._as_ids(ids)
        if (ids == BOS_ID).any() or (ids[:-1] == EOS_ID).any():
            raise ValueError(
                f"ids are one sentence, without <s> ({BOS_ID}), which is never predicted, and with "
                f"</s> ({EOS_ID}) at the end or not at all; <s> may stand in context_ids"
            )
        stream = np.concatenate([[BOS_ID], context, ids, [EOS_ID]]).astype(np.uint32)
        begin = 1 + len(context)
        return self._score_places(stream, np.arange(begin, begin + len(ids), dtype=np.uint32))

    # -------------------------------------------------------------------------------- words next

    def _begin(self, bos: bool) -> State:
        self._scorer()
        return ()

    def _behind(self, state: State, word: int) -> State:
        return () if word == BOS_ID else (*state, word)[-self._shape.n :]

    def _step(self, state: State, word: int) -> tuple[State, float]:
        behind = self._behind(state, word)
        return behind, -np.inf if word == BOS_ID else float(self.logprob([word], state)[0])

    def _following(self, state: State, workers: int) -> NDArray[np.float32]:
        return self._following_each([state], workers)[0]

    @property
    def _together(self) -> int:
        return max(1, min(TOGETHER, ROOM // len(self.words)))

    def _following_each(self, states: Sequence[State], workers: int) -> NDArray[np.float32]:
        parts = [(BOS_ID, *state, EOS_ID) for state in states]
        places = np.cumsum([len(part) for part in parts]) - 1
        stream = np.concatenate([np.array(part, dtype=np.uint32) for part in parts])
        with single_threaded_blas():
            return self._scorer().score(stream, places.astype(np.uint32), export=True)
