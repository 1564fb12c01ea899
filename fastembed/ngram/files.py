"""Native files of language models: which class reads which, and several models in one file.

The metadata of a native file have a ``kind``; `MODELS` names the class of each, which has

    to_native()                              -> arrays, metadata with "kind"
    from_native(file, path, workers=None)    -> the model (a class method)

A model that holds others has their arrays under a prefix, and their metadata inside its own
(`pack`, `unpack`), so that a mixture is one file, and mapped like any other.
"""

from __future__ import annotations

import importlib
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.core.params import Params, params_of
from fastembed.io.native import NativeFile, read_native, write_native

__all__ = [
    "MODELS",
    "NativeModel",
    "known_params",
    "open_model",
    "pack",
    "plain_params",
    "read_model",
    "unpack",
]

# The class of each kind, imported when a file of it is opened.
MODELS = {
    "n-gram model": "fastembed.ngram.model:NgramLM",
    "class-based model": "fastembed.cluster.class_lm:ClassLM",
    "NeuralLM": "fastembed.nlm.model:NeuralLM",
    "mixture of models": "fastembed.ngram.interpolated:InterpolatedLM",
    "cache model": "fastembed.ngram.cache:CacheLM",
}


class NativeModel:
    """`save` and `load` of a class with ``to_native`` and ``from_native``; ``kind`` is its own."""

    kind: ClassVar[str]

    def to_native(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and metadata of the native file."""
        raise NotImplementedError

    @classmethod
    def from_native(cls, file: NativeFile, path: StrPath, *, workers: int | None = None) -> Self:
        """The model of an opened file; FormatError if it is damaged or holds something else."""
        raise NotImplementedError

    @classmethod
    def check_kind(cls, file: NativeFile, path: StrPath) -> None:
        """FormatError if the file holds something else."""
        held = file.metadata.get("kind")
        if held != cls.kind:
            raise FormatError(f"{path}: holds {held!r}, not a {cls.kind}")

    def save(self, path: StrPath) -> None:
        """Write the native file, which opens by memory map.

        Raises
        ------
        NotFittedError
            There is no model yet.
        OSError
            The file cannot be written.
        """
        write_native(path, *self.to_native())

    @classmethod
    def load(
        cls, path: StrPath, *, mmap: bool = True, verify: bool = False, workers: int | None = None
    ) -> Self:
        """Open what `save` wrote.

        Parameters
        ----------
        mmap : bool
            Map the file: open at once, shared between processes. False reads it.
        verify : bool
            Check the checksums.
        workers : int, optional
            Threads of the model.

        Raises
        ------
        FormatError
            The file is damaged, or holds something else.
        """
        return cls.from_native(read_native(path, mmap=mmap, verify=verify), path, workers=workers)


def open_model(
    path: StrPath, *, mmap: bool = True, verify: bool = False, workers: int | None = None
) -> Any:
    """The language model in a native file, of whatever kind it is.

    Parameters
    ----------
    mmap : bool
        Map the file: open at once, shared between processes. False reads it.
    verify : bool
        Check the checksums.
    workers : int, optional
        Threads of the model.

    Raises
    ------
    FormatError
        The file is damaged, or holds no language model.
    """
    return read_model(read_native(path, mmap=mmap, verify=verify), path, workers=workers)


def read_model(file: NativeFile, path: StrPath, *, workers: int | None = None) -> Any:
    """The model of an opened file, or of a part of one; errors as `open_model`."""
    kind = file.metadata.get("kind")
    if not isinstance(kind, str) or kind not in MODELS:
        raise FormatError(f"{path}: holds {kind!r}, not a language model ({', '.join(MODELS)})")
    module, _, name = MODELS[kind].partition(":")
    model = getattr(importlib.import_module(module), name)
    return model.from_native(file, path, workers=workers)


def pack(model: Any, prefix: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays of a model under a prefix, and its metadata, for the file of another one.

    Raises
    ------
    TypeError
        The model cannot be saved.
    """
    to_native = getattr(model, "to_native", None)
    if to_native is None:
        raise TypeError(f"{type(model).__name__} has no native format, so it cannot be saved")
    arrays, metadata = to_native()
    return {prefix + name: array for name, array in arrays.items()}, metadata


def unpack(file: NativeFile, prefix: str, metadata: Any, path: StrPath) -> NativeFile:
    """The reverse of `pack`: the part as if it were a file of its own."""
    if not isinstance(metadata, dict):
        raise FormatError(f"{path}: the model is damaged (no metadata of its part {prefix!r})")
    size = len(prefix)
    arrays = {name[size:]: a for name, a in file.arrays.items() if name.startswith(prefix)}
    return NativeFile(arrays, metadata, file.library_version)


def plain_params(model: Params) -> dict[str, Any]:
    """Hyper-parameters for the file, those that JSON can hold."""
    plain = (str, int, float, bool, dict, type(None))
    return {name: v for name, v in model.saved_params().items() if isinstance(v, plain)}


def known_params(
    cls: type, file: NativeFile, path: StrPath, *, leave_out: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Hyper-parameters of a class from the metadata ``params`` of a file."""
    params = file.metadata.get("params")
    if not isinstance(params, dict):
        raise FormatError(f"{path}: the model is damaged (no parameters)")
    known = {param.name for param in params_of(cls)}
    return {name: v for name, v in params.items() if name in known and name not in leave_out}
