"""What models by singular value decomposition have in common: vectors, files, figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastembed._native._sparse import CSR
from fastembed.core.errors import FormatError, NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import FREE, Opt, Params
from fastembed.core.progress import Progress
from fastembed.core.truncated_svd import SVD, Solver, truncated_svd
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.io.native import read_native, write_native
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

__all__ = [
    "DecomposedVectors",
    "EigenvalueWeight",
    "SolverChoice",
    "SolverSeed",
    "SolverSteps",
    "captured",
    "scaled",
]

# hyper-parameters of both models
EigenvalueWeight = Annotated[
    float, Opt("Exponent of the singular values in the vectors.", ge=0, le=10)
]
SolverChoice = Annotated[Solver, Opt("Fast (randomised block Krylov) or exact (ARPACK, float64).")]
SolverSteps = Annotated[int, Opt("Steps of the fast solver; more are more exact.", ge=1, le=1000)]
SolverSeed = Annotated[int, Opt("Seed of the fast solver.", ge=0, lt=2**63)]

BLOCK = 1 << 22  # entries that are squared at a time


def scaled(svd: SVD, exponent: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """u s^p and v s^p; zeros where the singular value is zero, also for p = 0."""
    there = svd.s > 0
    factor = np.power(svd.s, exponent, out=np.zeros_like(svd.s), where=there).astype(np.float32)
    return svd.u * factor, svd.v * factor


class DecomposedVectors(Params):
    """Base of `SVDVectors` and `LSA`.

    PARTS names the arrays that a file holds beside those of `KeyedVectors`, each an attribute with
    a "_" behind it, with its shape: V words, k dimensions, another letter for any number.
    """

    KIND: ClassVar[str]
    PARTS: ClassVar[Mapping[str, str]]

    vocabulary_: Vocabulary
    singular_values_: NDArray[np.float64]
    captured_: float
    _vectors: NDArray[np.float32]  # (V, k)
    _params: dict[str, Any]  # of the run, as checked
    _wv: KeyedVectors | None = None

    def _decompose(self, matrix: CSR, params: dict[str, Any], report: Progress) -> SVD:
        return truncated_svd(
            matrix,
            params["vector_size"],
            solver=params["solver"],
            n_iter=params["n_iter"],
            seed=params["seed"],
            workers=params["workers"],
            progress=report,
        )

    def _set(
        self,
        vocabulary: Vocabulary,
        vectors: NDArray[np.float32],
        params: dict[str, Any],
        captured: float,
        **parts: NDArray[Any],
    ) -> None:
        self.vocabulary_, self._vectors, self._params = vocabulary, vectors, params
        self.captured_ = captured
        for name, array in parts.items():
            setattr(self, f"{name}_", array)
        self._wv = None

    @property
    def is_fitted(self) -> bool:
        """Whether there are vectors."""
        return hasattr(self, "_vectors")

    def _check_fitted(self) -> None:
        if not self.is_fitted:
            raise NotFittedError(
                f"this {type(self).__name__} has no vectors yet; call fit(corpus) first"
            )

    def _metadata(self) -> dict[str, Any]:
        from fastembed._native import _kernels

        return {
            "kind": self.KIND,
            "params": {k: v for k, v in self._params.items() if k not in FREE},
            "captured": self.captured_,
            "isa": _kernels.isa(),
        }

    @property
    def wv(self) -> KeyedVectors:
        """The word vectors; they share memory with the model."""
        self._check_fitted()
        if self._wv is None:
            words, counts = self.vocabulary_.words, self.vocabulary_.counts
            self._wv = KeyedVectors(words, self._vectors, counts=counts, metadata=self._metadata())
        return self._wv

    def save(self, path: StrPath) -> None:
        """Write the whole model as a native file, which `load` reads again.

        `KeyedVectors.load` opens the same file.
        """
        self._check_fitted()
        # not wv, to which its user may have added vectors
        words, counts = self.vocabulary_.words, self.vocabulary_.counts
        arrays = KeyedVectors(words, self._vectors, counts=counts).to_arrays()
        arrays |= {name: getattr(self, f"{name}_") for name in self.PARTS}
        write_native(path, arrays, self._metadata())

    @classmethod
    def load(cls, path: StrPath, *, mmap: bool = True) -> Self:
        """Open a model that `save` wrote.

        Parameters
        ----------
        mmap : bool
            True: the vectors are read-only maps of the file. False: they are read into memory.

        Raises
        ------
        FormatError
            The file is damaged, or holds something else.
        """
        file = read_native(path, mmap=mmap)
        arrays, metadata = file.arrays, file.metadata
        if metadata.get("kind") != cls.KIND:
            raise FormatError(
                f"{path}: holds {metadata.get('kind') or 'something else'}, not a {cls.KIND} "
                "model; word vectors alone are read with KeyedVectors.load"
            )
        vectors = KeyedVectors.from_arrays(arrays, path=path)
        counts = vectors.expandos.get("count", np.empty(0, dtype=np.int64))
        sizes = {"V": len(vectors), "k": vectors.vector_size}
        parts = {name: arrays[name] for name in cls.PARTS if name in arrays}
        fits = counts.shape == (len(vectors),) and vectors.vectors.dtype == np.float32
        for name, letters in cls.PARTS.items():
            shape = parts[name].shape if name in parts else ()
            fits = fits and len(shape) == len(letters) and parts[name].dtype.kind == "f"
            # a letter stands for one size throughout
            fits = fits and all(
                sizes.setdefault(x, n) == n for x, n in zip(letters, shape, strict=True)
            )
        if not fits:
            raise FormatError(f"{path}: the arrays of the model are missing or do not fit together")
        try:
            model = cls(**metadata["params"])
            params, captured = model.check_params(), float(metadata["captured"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the model's metadata are damaged: {error}") from None
        words = WordList(vectors.words.blob, vectors.words.offsets)
        vocabulary = Vocabulary(words, np.array(counts))
        model._set(vocabulary, vectors.vectors, params, captured, **parts)
        return model


def captured(singular_values: NDArray[np.float64], matrix: CSR) -> float:
    """Share of the squared entries of a matrix that its truncated decomposition has."""
    total = 0.0
    for start in range(0, len(matrix.data), BLOCK):
        part = matrix.data[start : start + BLOCK].astype(np.float64)
        total += float(part @ part)
    return float(np.sum(singular_values**2) / total) if total else 0.0
