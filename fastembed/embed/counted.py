"""What models of co-occurrence counts take: counts, a file of them, or a text to count."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, overload

from numpy.typing import NDArray

from fastembed.core.errors import TrainingError
from fastembed.core.fingerprint import sampled_digest
from fastembed.core.params import Params
from fastembed.core.progress import Progress
from fastembed.embed.cooccurrence import Cooccurrence, Symmetric, Weights, Window
from fastembed.embed.count_matrix import CountMatrix
from fastembed.embed.word_document import WordDocument
from fastembed.io.native import is_native, read_native
from fastembed.io.triples import check_no_triples
from fastembed.text.options import MaxVocab, Memory, MinCount

__all__ = ["COUNTING", "CountsParams", "counts_fingerprint", "open_counts"]

_Counts = TypeVar("_Counts", bound=CountMatrix)

# Parameters that say how a text is counted; counts that are given have their own.
COUNTING = ("window", "weights", "symmetric", "min_count", "max_vocab", "memory")


@dataclass(kw_only=True, eq=False)
class CountsParams(Params):
    """The parameters of counting, for models that take a text or its counts."""

    window: Window = 15
    weights: Weights = "harmonic"
    symmetric: Symmetric = True
    min_count: MinCount = 5
    max_vocab: MaxVocab = None
    memory: Memory = None

    def _count(self, source: Any, params: dict[str, Any], progress: Progress) -> Cooccurrence:
        """The counts of a source; where it is counts, their parameters go into ``params``.

        Raises
        ------
        TrainingError
            No word has another beside it.
        """
        counts = open_counts(source)
        if counts is None:
            names = (*COUNTING, "workers")
            counts = Cooccurrence(**{name: params[name] for name in names})
            counts.fit(source, progress=progress)
        else:
            params |= {name: getattr(counts, name) for name in COUNTING if name != "memory"}
        if counts.nnz == 0:
            raise TrainingError(
                "there was nothing to train on: no word that was kept had another word beside it. "
                "Sentences of one word or a large min_count leave none"
            )
        return counts


@overload
def open_counts(source: Any) -> Cooccurrence | None: ...
@overload
def open_counts(source: Any, kind: type[_Counts]) -> _Counts | None: ...
def open_counts(source: Any, kind: type[Any] = Cooccurrence) -> Any:
    """The counts that ``source`` is, or that lie in the file that it names; None if it is text.

    Raises
    ------
    FormatError
        The file holds counts and is damaged, or triples without a vocabulary.
    TypeError
        The counts are not of this kind.
    """
    if isinstance(source, kind):
        return source
    found = type(source).KIND if isinstance(source, CountMatrix) else _native_kind(source)
    if found == kind.KIND:
        return kind.load(source)
    if found in (Cooccurrence.KIND, WordDocument.KIND):
        raise TypeError(f"these are counts of a {found}; a {kind.KIND} is needed")
    return None


def _native_kind(source: Any) -> str | None:
    """What the native file of this name holds; None if it is no such name."""
    if not isinstance(source, str | os.PathLike) or not os.path.isfile(source):
        return None
    with open(source, "rb") as file:
        native = is_native(file.read(16))
    if not native:
        check_no_triples(source)
        return None
    return read_native(source).metadata.get("kind")


def counts_fingerprint(counts: Cooccurrence) -> str:
    """32 hexadecimal digits that tell counts apart: words, sizes, samples of rows and values."""
    arrays = (counts.indptr, counts.indices, counts.data)
    return sampled_digest(
        [counts.vocabulary_.fingerprint(), f"{len(counts.indptr)} {counts.nnz}"],
        [(len(array), partial(_part, array), 1024) for array in arrays],
    )


def _part(array: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
    return array[start:stop]
