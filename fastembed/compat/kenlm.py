"""The Python module of KenLM: ``from fastembed.compat import kenlm`` in place of ``import kenlm``.

`Model`, `State` and `FullScoreReturn` have its names, arguments and results (log10).

>>> import kenlm  # doctest: +SKIP
>>> from fastembed.compat import kenlm
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from fastembed._native import _lmscore
from fastembed.ngram.model import NgramLM

__all__ = [
    "ARPALoadComplain",
    "Config",
    "FullScoreReturn",
    "LanguageModel",
    "LoadMethod",
    "Model",
    "State",
]


class FullScoreReturn(NamedTuple):
    """What `Model.BaseFullScore` says of a word."""

    log_prob: float
    ngram_length: int
    oov: bool


class LoadMethod:
    """Values of `Config.load_method`."""

    LAZY, POPULATE_OR_LAZY, POPULATE_OR_READ, READ, PARALLEL_READ = range(5)


class ARPALoadComplain:
    """Values of `Config.arpa_complain`."""

    ALL, EXPENSIVE, NONE = range(3)


class Config:
    """Accepted and not used: models are mapped or read as they need, and nothing is printed."""

    def __init__(self) -> None:
        self.load_method = LoadMethod.POPULATE_OR_READ
        self.arpa_complain = ARPALoadComplain.ALL
        self.show_progress = True


class State:
    """What a model remembers; filled by `Model.BeginSentenceWrite` and the scoring methods."""

    def __init__(self) -> None:
        self._state: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self._state == other._state

    def __hash__(self) -> int:
        return hash(self._state)

    def __copy__(self) -> State:
        same = State()
        same._state = self._state
        return same

    def __deepcopy__(self, memo: Any) -> State:
        return self.__copy__()


class Model:
    """A model as KenLM's module has it.

    Parameters
    ----------
    path : path
        An ARPA file or a native file of this library. KenLM's own binaries are not read: convert
        their ARPA file.

    Examples
    --------
    >>> model = Model("model.arpa")  # doctest: +SKIP
    >>> model.score("this is a sentence .", bos=True, eos=True)  # doctest: +SKIP
    -9.7
    """

    def __init__(self, path: str | os.PathLike[str], config: Config | None = None) -> None:
        self.path = os.path.abspath(os.fspath(path))
        self._model = NgramLM.load(path)

    @property
    def order(self) -> int:
        """Words of the longest n-grams."""
        return self._model.order

    def score(self, sentence: str, bos: bool = True, eos: bool = True) -> float:
        """log10 probability of a sentence."""
        return self._model.score_sentence(sentence, bos, eos)

    def perplexity(self, sentence: str) -> float:
        """Perplexity of one sentence, ``</s>`` counted and ``<s>`` not."""
        words = len(sentence.split()) + 1
        return 10.0 ** (-self.score(sentence) / words)

    def full_scores(
        self, sentence: str, bos: bool = True, eos: bool = True
    ) -> Iterator[tuple[float, int, bool]]:
        """(log10 probability, n-gram length, OOV) of each word."""
        for found in self._model.full_scores(sentence, bos, eos):
            yield tuple(found)  # type: ignore[misc]

    def BeginSentenceWrite(self, state: State) -> None:
        """Put the state at the beginning of a sentence."""
        state._state = self._model.begin_state()

    def NullContextWrite(self, state: State) -> None:
        """Put the state without history."""
        state._state = self._model.null_state()

    def BaseScore(self, in_state: State, word: str, out_state: State) -> float:
        """log10 p(word | in_state); out_state is what follows."""
        return self.BaseFullScore(in_state, word, out_state).log_prob

    def BaseFullScore(self, in_state: State, word: str, out_state: State) -> FullScoreReturn:
        """The same, with the n-gram's length and whether the word is unknown."""
        if in_state._state is None:
            raise ValueError(
                "the state is empty: fill it with BeginSentenceWrite or NullContextWrite"
            )
        word_id, query = self._model.id_of(word), self._model.tables_.query
        out_state._state, log_prob, length = _lmscore.step(query, in_state._state, word_id)
        return FullScoreReturn(log_prob, length, word_id == self._model.special_ids[0])

    def __contains__(self, word: str) -> bool:
        return word in self._model and word != "<unk>"

    def __repr__(self) -> str:
        return f"<Model from {os.path.basename(self.path)}>"

    def __reduce__(self) -> tuple[type[Model], tuple[str]]:
        return Model, (self.path,)


LanguageModel = Model
