"""Word vectors with their words: lookup, queries, attributes and files.

The interface is gensim's (4.4) ``KeyedVectors``. Unlike there, the words are two arrays
(`WordList`), so that a file of a million vectors opens in milliseconds by mmap and costs no memory
of this process's own; the lists and dictionaries that gensim has are built when they are asked
for. The matrix is never copied or normalised: its norms are kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.files import StrPath
from fastembed.embed.queries import KEY_TYPES, Key, SimilarityQueries
from fastembed.embed.vector_files import VectorFiles
from fastembed.text.wordlist import WordList

__all__ = ["KeyedVectors"]

_FLOATS = (np.float16, np.float32, np.float64)


class KeyedVectors(SimilarityQueries, VectorFiles):
    """Vectors of words.

    Parameters
    ----------
    words : WordList or sequence of str
        The words, in the order of the rows.
    vectors : ndarray of float32 (float16, float64), shape (n, d)
        Kept as it is, not copied; rows may be strided, and read-only or mapped memory will do.
    counts : array_like of int, shape (n,), optional
        How often each word occurs; the attribute "count" of `get_vecattr`.
    metadata : mapping, optional
        What JSON can hold and native files should keep, such as hyper-parameters.

    Attributes
    ----------
    words : WordList
    vectors : ndarray, shape (n, d)
    norms : ndarray of shape (n,) or None
        Filled when first needed. Code that changes ``vectors`` sets it to None.
    expandos : dict from str to ndarray
        Attributes of words, as of `get_vecattr`.
    metadata : dict

    Raises
    ------
    ValueError, TypeError
        Words and vectors do not fit each other, or a word stands twice.

    Examples
    --------
    >>> kv = KeyedVectors(["cat", "dog", "car"], np.array([[1, 0], [0.9, 0.1], [0, 1]], "f4"))
    >>> [word for word, similarity in kv.most_similar("cat", topn=2)]
    ['dog', 'car']
    >>> kv["dog"].tolist() == kv.vectors[1].tolist(), "bird" in kv, kv.key_to_index["car"]
    (True, False, 2)
    """

    def __init__(
        self,
        words: WordList | Sequence[str],
        vectors: NDArray[Any],
        *,
        counts: ArrayLike | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        vectors = np.asanyarray(vectors)
        if vectors.dtype not in _FLOATS:
            raise TypeError(f"vectors must be float16, float32 or float64; got {vectors.dtype}")
        if vectors.ndim != 2 or vectors.shape[1] == 0:
            raise ValueError(f"vectors must have shape (n, d) with d > 0; got {vectors.shape}")
        if not isinstance(words, WordList):
            words = _word_list(words)
        if len(words) != len(vectors):
            raise ValueError(f"{len(words)} words need as many vectors; got {len(vectors)}")
        self.words = words
        self.vectors = vectors
        self.norms: NDArray[Any] | None = None
        self._scale: NDArray[np.float32] | None = None
        self.expandos: dict[str, NDArray[Any]] = {}
        self.metadata = dict(metadata or {})
        if counts is not None:
            self._set_expando("count", np.asarray(counts, dtype=np.int64))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} words, {self.vector_size} dimensions)"

    # -------------------------------------------------------------------------------- lookup

    def __len__(self) -> int:
        return len(self.words)

    @property
    def vector_size(self) -> int:
        """Dimensions of a vector."""
        return self.vectors.shape[1]

    @property
    def index_to_key(self) -> list[str]:
        """The words as a list (built once; `words` costs nothing)."""
        return self.words.to_list()

    @property
    def key_to_index(self) -> dict[str, int]:
        """Index of each word (built once; `get_index` does without)."""
        return self.words.index

    def get_index(self, key: Key, default: int | None = None) -> int:
        """Row of a word, or of an index itself.

        Raises
        ------
        KeyError
            The word is unknown and there is no ``default``.
        """
        if isinstance(key, str):
            found = self.words.find(key)
            if found >= 0:
                return found
        elif isinstance(key, (int, np.integer)) and 0 <= key < len(self):
            return int(key)
        if default is not None:
            return default
        raise KeyError(self._unknown(key))

    def _unknown(self, key: Any) -> str:
        message = f"{key!r} is not among the {len(self)} words of these vectors"
        if isinstance(key, str):
            for other in (key.lower(), key.capitalize(), key.upper()):
                if self.words.find(other) >= 0:
                    return f"{message}; {other!r} is"
        return message

    def has_index_for(self, key: Any) -> bool:
        """Whether there is a row for this word or index."""
        return self.get_index(key, -1) >= 0

    def __contains__(self, key: object) -> bool:
        return self.has_index_for(key)

    def __getitem__(self, key_or_keys: Key | Iterable[Key]) -> NDArray[Any]:
        """Vector of a key, shape (d,), or vectors of a list of keys, shape (n, d)."""
        if isinstance(key_or_keys, KEY_TYPES):
            return self.get_vector(key_or_keys)
        indices = np.array([self.get_index(key) for key in key_or_keys], dtype=np.intp)
        return self.vectors[indices]

    # ---------------------------------------------------------------------------- attributes

    def get_vecattr(self, key: Key, attr: str) -> Any:
        """Attribute of a word, such as "count"."""
        index = self.get_index(key)
        if attr not in self.expandos:
            raise KeyError(
                f"there is no attribute {attr!r}; there are: {', '.join(self.expandos) or 'none'}"
            )
        return self.expandos[attr][index]

    def set_vecattr(self, key: Key, attr: str, val: Any) -> None:
        """Set an attribute of a word; the first value decides the type of all."""
        index = self.get_index(key)
        kind = np.asarray(val).dtype
        if attr not in self.expandos:
            storage = object if kind.kind in "USO" else kind
            self.expandos[attr] = np.zeros(len(self), dtype=storage)
        current = self.expandos[attr].dtype
        if current.kind != "O" and not np.can_cast(kind, current, "same_kind"):
            raise TypeError(f"attribute {attr!r} has type {current}; got {val!r}")
        self.expandos[attr][index] = val

    def _set_expando(self, attr: str, values: NDArray[Any]) -> None:
        if values.shape != (len(self),):
            raise ValueError(f"{attr} must have one value a word ({len(self)}); got {values.shape}")
        self.expandos[attr] = values

    # --------------------------------------------------------------------------------- change

    def add_vector(self, key: str, vector: ArrayLike) -> int:
        """Append one word, or replace nothing if it is there; returns its row.

        Every call copies the matrix: add many at once with `add_vectors`.
        """
        self.add_vectors([key], np.asarray(vector)[np.newaxis])
        return self.get_index(key)

    def add_vectors(
        self,
        keys: Sequence[str] | str,
        weights: ArrayLike,
        extras: Mapping[str, NDArray[Any]] | None = None,
        replace: bool = False,
    ) -> None:
        """Append words and their vectors.

        Parameters
        ----------
        keys : list of str
        weights : array_like, shape (len(keys), d)
        extras : mapping from str to ndarray, optional
            Attributes of the words; those not given are zero.
        replace : bool
            Whether words that are there already get the new vectors or keep theirs.
        """
        keys = [keys] if isinstance(keys, str) else list(keys)
        new = np.asarray(weights, dtype=self.vectors.dtype).reshape(len(keys), -1)
        if len(keys) and new.shape[1] != self.vector_size:
            raise ValueError(f"vectors must have {self.vector_size} dimensions; got {new.shape[1]}")
        extras = extras or {}
        for attr, values in extras.items():
            if len(values) != len(keys):
                raise ValueError(f"{attr} must have one value a key ({len(keys)})")
        place = {key: i for i, key in reversed(list(enumerate(keys)))}  # the first of equal ones
        fresh = [i for key, i in sorted(place.items(), key=lambda item: item[1]) if key not in self]
        old = [i for key, i in place.items() if key in self] if replace else []
        rows = np.array([self.get_index(keys[i]) for i in old], dtype=np.intp)
        n = len(self)
        vectors = np.concatenate([self.vectors, new[fresh]])
        vectors[rows] = new[old]
        for attr in {**self.expandos, **extras}:
            given = np.asarray(extras.get(attr, np.zeros(len(keys), dtype=np.int64)))
            values = np.zeros(n + len(fresh), dtype=self.expandos.get(attr, given).dtype)
            values[:n] = self.expandos.get(attr, 0)
            values[n:] = given[fresh]
            if attr in extras:
                values[rows] = given[old]
            self.expandos[attr] = values
        if fresh:
            self.words = WordList.from_words([*self.words, *(keys[i] for i in fresh)])
        self.vectors = vectors
        self.norms = None

    def __setitem__(self, keys: str | Sequence[str], weights: ArrayLike) -> None:
        """Append words or replace their vectors."""
        self.add_vectors(keys, weights, replace=True)

    def unit_normalize_all(self) -> None:
        """Scale all vectors to unit length, in place where they can be written."""
        divisors = self.divisors()[:, np.newaxis]
        if self.vectors.flags.writeable:
            self.vectors /= divisors
        else:
            self.vectors = self.vectors / divisors
        self.norms = None

    def vectors_for_all(
        self, keys: Iterable[str], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """The known ones of ``keys``, each once, in their order, as new vectors.

        ``allow_inference`` is there for classes that make vectors of unknown words; it changes
        nothing here.
        """
        known = [key for key in dict.fromkeys(keys) if key in self]
        rows = np.array([self.get_index(key) for key in known], dtype=np.intp)
        result = KeyedVectors(known, self.vectors[rows], metadata=self.metadata)
        if copy_vecattrs:
            result.expandos = {attr: values[rows] for attr, values in self.expandos.items()}
        return result

    # ----------------------------------------------------------------------------- evaluation

    def evaluate_word_analogies(
        self,
        analogies: StrPath,
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: Literal["most_similar", "most_similar_cosmul"] = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Accuracy on a file of analogies, and each section's questions, as gensim returns them.

        `fastembed.evaluate.analogies` reports more.
        """
        from fastembed.evaluate.analogy import Method
        from fastembed.evaluate.analogy import analogies as evaluate

        methods: dict[str, Method] = {
            "most_similar": "3cosadd",
            "most_similar_cosmul": "3cosmul",
        }
        if similarity_function not in methods:
            raise ValueError(
                f"similarity_function must be one of {', '.join(methods)}; "
                f"got {similarity_function!r}"
            )
        report = evaluate(
            self,
            analogies,
            method=methods[similarity_function],
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            dummy4unknown=dummy4unknown,
            n_bootstrap=0,
        )
        return report.gensim_result()

    def evaluate_word_pairs(
        self,
        pairs: StrPath,
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Pearson and Spearman, each with its p-value, and the percentage of pairs with unknown
        words, as gensim returns them. `fastembed.evaluate.similarity` reports more."""
        from fastembed.evaluate.similarity import similarity as evaluate

        report = evaluate(
            self,
            pairs,
            delimiter=delimiter,
            encoding=encoding,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
            dummy4unknown=dummy4unknown,
            n_bootstrap=0,
        )
        return report.gensim_result()


def _word_list(words: Sequence[str]) -> WordList:
    words = list(words)
    seen: set[str] = set()
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"words must be text; got {word!r}")
        if word in seen:
            raise ValueError(f"the word {word!r} stands twice; each needs to be there once")
        seen.add(word)
    return WordList.from_words(words)
