"""Similarity queries on word vectors: `KeyedVectors` without its storage.

Names and meaning are gensim's (4.4), down to the order of float operations in a query's mean.
Where gensim divides by a norm of zero and answers NaN, a vector of zeros is similar to nothing: 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.neighbors import best, inverse_norms, nearest, row_norms

if TYPE_CHECKING:
    from fastembed.text.wordlist import WordList

__all__ = ["Key", "SimilarityQueries", "unit"]

Key = str | int | np.integer
KEY_TYPES = (str, int, np.integer)
Similar = list[tuple[str, float]]


def unit(vector: NDArray[Any]) -> NDArray[Any]:
    """A vector divided by its Euclidean norm, in double precision; zeros stay zeros."""
    double = vector.astype(np.float64)
    norm = np.linalg.norm(double)
    return (double * (1.0 / norm)).astype(vector.dtype) if norm > 0 else vector


def _as_list(value: Any) -> list[Any]:
    """A single key or vector as a list of one."""
    if value is None:
        return []
    if isinstance(value, KEY_TYPES) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return [value]
    return list(value)


class SimilarityQueries:
    """What can be asked of ``vectors`` by cosine; a class that stores words has the rest."""

    words: WordList
    vectors: NDArray[Any]
    norms: NDArray[Any] | None
    _scale: NDArray[np.float32] | None

    if TYPE_CHECKING:

        def get_index(self, key: Key, default: int | None = None) -> int: ...
        def has_index_for(self, key: Any) -> bool: ...
        @property
        def vector_size(self) -> int: ...

    # ------------------------------------------------------------------------------- vectors

    def fill_norms(self, force: bool = False) -> None:
        """Compute the norms of all rows if they are not there (or again)."""
        if force:
            self.norms = None
        self._norms()

    def _norms(self) -> NDArray[Any]:
        if self.norms is None:
            self.norms = row_norms(self.vectors)
            self._scale = None
        return self.norms

    def divisors(self) -> NDArray[Any]:
        """Norms that one can divide by."""
        norms = self._norms()
        return norms if norms.all() else np.where(norms > 0, norms, 1)

    def inverse_norms(self) -> NDArray[np.float32]:
        norms = self._norms()
        if self._scale is None:
            self._scale = inverse_norms(norms)
        return self._scale

    def get_vector(self, key: Key, norm: bool = False) -> NDArray[Any]:
        """Vector of a key, shape (vector_size,), read-only; of unit length with ``norm``."""
        index = self.get_index(key)
        result = self.vectors[index]
        if norm:
            length = self._norms()[index]
            result = result / length if length > 0 else result[:]
        result.flags.writeable = False
        return result

    def get_normed_vectors(self) -> NDArray[Any]:
        """All vectors at unit length: a new matrix, shape (n, vector_size)."""
        return self.vectors / self.divisors()[:, np.newaxis]

    def get_mean_vector(
        self,
        keys: Sequence[Key | NDArray[Any]],
        weights: Sequence[float] | NDArray[Any] | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> NDArray[Any]:
        """Weighted mean of the vectors of keys (or of vectors).

        Parameters
        ----------
        keys : sequence of str, int or ndarray
        weights : sequence of float, optional
            One a key; 1 by default. The sum is divided by the sum of their absolute values.
        pre_normalize : bool
            Take the keys' vectors at unit length (vectors that are given are taken as they are).
        post_normalize : bool
            Return a vector of unit length.
        ignore_missing : bool
            Leave unknown keys out instead of raising KeyError.

        Raises
        ------
        ValueError
            There are no keys, or not as many weights.
        """
        if len(keys) == 0:
            raise ValueError("a mean needs at least one key or vector")
        dtype = self.vectors.dtype
        if weights is None:
            weights = np.ones(len(keys), dtype=dtype)
        elif not isinstance(weights, np.ndarray):
            weights = np.array(weights, dtype=dtype)
        if len(weights) != len(keys):
            raise ValueError(f"{len(keys)} keys need as many weights; got {len(weights)}")
        mean = np.zeros(self.vector_size, dtype)
        total: Any = 0
        for key, weight in zip(keys, weights, strict=True):
            if isinstance(key, np.ndarray):
                if key.shape != mean.shape:
                    raise ValueError(
                        f"a vector must have shape ({self.vector_size},); got {key.shape}"
                    )
                vector = key
            elif ignore_missing and not self.has_index_for(key):
                continue
            else:
                vector = self.get_vector(key, norm=pre_normalize)
            mean += weight * vector
            total += abs(weight)
        result = mean / total if total > 0 else mean
        return unit(result).astype(np.float32) if post_normalize else result

    # ------------------------------------------------------------------------ nearest vectors

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Any:
        """Keys whose vectors are nearest to the mean of ``positive`` minus ``negative``.

        3CosAdd of Mikolov et al. (2013): ``most_similar(["king", "woman"], ["man"])``.

        Parameters
        ----------
        positive, negative : key, vector, or list of keys, vectors and (key or vector, weight)
            What the query is made of; weights are 1 and -1 by default.
        topn : int or None
            How many; None gives the cosines of all keys instead.
        clip_start, clip_end : int
            Look only at keys of these indices.
        restrict_vocab : int, optional
            Look only at the first so many keys; takes the place of the clips.

        Returns
        -------
        list of (str, float)
            Best first, without the keys of the query. With ``topn=None`` an ndarray, shape (n,).

        Raises
        ------
        KeyError
            A key is unknown.
        ValueError
            The query is empty.
        """
        if isinstance(topn, Integral) and topn < 1:
            return []
        keys, weights = [], []
        for items, sign in ((_as_list(positive), 1.0), (_as_list(negative), -1.0)):
            for item in items:
                single = isinstance(item, (*KEY_TYPES, np.ndarray))
                if not single and not (isinstance(item, (tuple, list)) and len(item) == 2):
                    raise TypeError(
                        f"expected a key, a vector or a pair of one and its weight; got {item!r}"
                    )
                keys.append(item if single else item[0])
                weights.append(sign if single else float(item[1]))
        mean = self.get_mean_vector(
            keys,
            np.array(weights, dtype=np.float64),
            pre_normalize=True,
            post_normalize=True,
            ignore_missing=False,
        )
        own = {self.get_index(key) for key in keys if isinstance(key, KEY_TYPES)}
        part = slice(clip_start, clip_end or len(self.vectors))
        if restrict_vocab:
            part = slice(0, restrict_vocab)
        similarities = np.matmul(self.vectors[part], mean) / self.divisors()[part]
        if not topn:
            return similarities
        return self._named(similarities, int(topn), own, part.indices(len(self.vectors))[0])

    def _named(self, scores: NDArray[Any], topn: int, own: set[int], first: int) -> Similar:
        """The best entries with their words, without ``own``; scores[i] belongs to first + i."""
        indices, values, sizes = best(scores[np.newaxis], topn + len(own))
        found = zip(indices[0, : sizes[0]].tolist(), values[0].tolist(), strict=False)
        result = [(i + first, value) for i, value in found if i + first not in own]
        return [(self.words[i], value) for i, value in result[:topn]]

    def similar_by_key(
        self, key: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """`most_similar` of one key."""
        return self.most_similar(positive=[key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_word(
        self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """`most_similar` of one word."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_vector(
        self, vector: ArrayLike, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """`most_similar` of one vector."""
        vector = np.asarray(vector)
        return self.most_similar(positive=[vector], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_cosmul(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Any:
        """Nearest keys by 3CosMul (Levy and Goldberg 2014, equation 4).

        The cosines with the ``positive`` keys are multiplied and divided by those with the
        ``negative`` ones, all shifted to [0, 1]. Parameters and result as of `most_similar`, but
        for weights.
        """
        if isinstance(topn, Integral) and topn < 1:
            return []
        groups = _as_list(positive), _as_list(negative)
        if not groups[0]:
            raise ValueError("most_similar_cosmul needs at least one positive key or vector")
        own = {self.get_index(x) for group in groups for x in group if isinstance(x, KEY_TYPES)}
        part = slice(0, restrict_vocab or None)
        products = []
        for group in groups:
            product: Any = np.float32(1)
            for item in group:
                vector = item
                if isinstance(item, KEY_TYPES):
                    vector = self.get_vector(item, norm=True)
                cosines = np.matmul(self.vectors[part], vector) / self.divisors()[part]
                product = product * ((1 + cosines) / 2)
            products.append(product)
        scores = products[0] / (products[1] + np.float32(0.000001))
        if not topn:
            return scores
        return self._named(scores, int(topn), own, 0)

    def nearest(
        self,
        keys: Sequence[Key] | NDArray[Any],
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Nearest keys of many keys or vectors, as arrays.

        Parameters
        ----------
        keys : sequence of keys, or ndarray of shape (n, vector_size)
            Each key's own index is left out of its row.
        topn : int
            How many. Fewer columns come back where there are fewer keys.
        restrict_vocab : int, optional
            Look only at the first so many keys.

        Returns
        -------
        indices : ndarray of int64, shape (n, topn)
            Best first; -1 fills a row that has fewer.
        similarities : ndarray of float32, shape (n, topn)
            Their cosines.
        """
        vectors = self.vectors[: restrict_vocab or None]
        own: NDArray[np.int64] | None = None
        if isinstance(keys, np.ndarray) and keys.ndim == 2:
            queries = keys.astype(np.float32)
            if queries.shape[1] != self.vector_size:
                raise ValueError(
                    f"vectors must have shape (n, {self.vector_size}); got {keys.shape}"
                )
            lengths = inverse_norms(row_norms(queries))
        else:
            own = np.array([self.get_index(key) for key in keys], dtype=np.int64)
            queries = self.vectors[own].astype(np.float32)
            lengths = self.inverse_norms()[own]
        queries *= lengths[:, np.newaxis]
        topn = max(0, topn)
        k = topn if own is None else topn + 1
        indices, scores, sizes = nearest(vectors, self.inverse_norms()[: len(vectors)], queries, k)
        if own is not None:
            indices, scores = _without(own, indices, scores, sizes)
        return indices[:, :topn], scores[:, :topn]

    def most_similar_batch(
        self,
        keys: Sequence[Key] | NDArray[Any],
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[Similar]:
        """`most_similar` of each key or vector, in matrix products: many times faster than one
        after another. `nearest` gives the same as arrays."""
        indices, scores = self.nearest(keys, topn, restrict_vocab)
        return [
            [(self.words[i], score) for i, score in zip(row, values, strict=True) if i >= 0]
            for row, values in zip(indices.tolist(), scores.tolist(), strict=True)
        ]

    # -------------------------------------------------------------------- pairs and groups

    def similarity(self, w1: Key, w2: Key) -> float:
        """Cosine of two keys."""
        return float(np.dot(unit(self.get_vector(w1)), unit(self.get_vector(w2))))

    def distance(self, w1: Key, w2: Key) -> float:
        """1 - cosine of two keys."""
        return 1 - self.similarity(w1, w2)

    def n_similarity(self, ws1: Sequence[Key], ws2: Sequence[Key]) -> float:
        """Cosine of the mean vectors of two groups of keys."""
        if not (len(ws1) and len(ws2)):
            raise ValueError("n_similarity needs at least one key in each group")
        mean1 = self.get_mean_vector(ws1, pre_normalize=False)
        mean2 = self.get_mean_vector(ws2, pre_normalize=False)
        return float(np.dot(unit(mean1), unit(mean2)))

    def distances(
        self, word_or_vector: Key | NDArray[Any], other_words: Iterable[Key] = ()
    ) -> NDArray[Any]:
        """1 - cosine of a key or vector with others, with all keys by default; shape (n,)."""
        if isinstance(word_or_vector, KEY_TYPES):
            vector = self.get_vector(word_or_vector)
        else:
            vector = np.asarray(word_or_vector)
        others = [self.get_index(word) for word in other_words or ()]
        rows, norms = self.vectors, self.divisors()
        if others:
            rows, norms = rows[others], norms[others]
        length = np.linalg.norm(vector)
        return 1 - np.matmul(rows, vector) / ((length if length > 0 else 1) * norms)

    def closer_than(self, key1: Key, key2: Key) -> list[str]:
        """Keys that are closer to ``key1`` than ``key2`` is."""
        distances = self.distances(key1)
        own, other = self.get_index(key1), self.get_index(key2)
        closer = np.flatnonzero(distances < distances[other])
        return [self.words[i] for i in closer.tolist() if i != own]

    words_closer_than = closer_than

    def rank(self, key1: Key, key2: Key) -> int:
        """Place of ``key2`` among the keys by their distance from ``key1``; 1 is the nearest."""
        return len(self.closer_than(key1, key2)) + 1

    def rank_by_centrality(
        self, words: Sequence[Key], use_norm: bool = True
    ) -> list[tuple[float, Key]]:
        """(similarity to the centre of the group, key) of each known key, most central first."""
        known = [word for word in words if self.has_index_for(word)]
        if not known:
            raise ValueError("none of the words is in the vocabulary")
        vectors = np.vstack([self.get_vector(word, norm=use_norm) for word in known])
        vectors = vectors.astype(np.float32)
        mean = self.get_mean_vector(list(vectors), post_normalize=True)
        return sorted(zip(np.dot(vectors, mean).tolist(), known, strict=True), reverse=True)

    def doesnt_match(self, words: Sequence[Key]) -> Key:
        """The key that is furthest from the centre of the group; unknown keys are left out."""
        return self.rank_by_centrality(words)[-1][1]

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Key:
        """The key of the list that is most similar to ``key1``."""
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    def relative_cosine_similarity(self, wa: Key, wb: Key, topn: int = 10) -> float:
        """Cosine over the sum of those of ``wa``'s nearest keys (Leeuwenberg et al. 2016)."""
        similar = self.similar_by_key(wa, topn)
        if not similar:
            raise ValueError("relative_cosine_similarity needs topn >= 1 and more than one key")
        return self.similarity(wa, wb) / sum(score for _, score in similar)

    @staticmethod
    def cosine_similarities(vector_1: NDArray[Any], vectors_all: NDArray[Any]) -> NDArray[Any]:
        """Cosines of one vector (d,) with the rows of a matrix (n, d), shape (n,)."""
        norms = np.linalg.norm(vector_1) * np.linalg.norm(vectors_all, axis=1)
        return np.dot(vectors_all, vector_1) / np.where(norms > 0, norms, 1)


def _without(
    own: NDArray[np.int64],
    indices: NDArray[np.int64],
    scores: NDArray[np.float32],
    sizes: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Take each row's own index out, wherever it is; -1 fills what is left."""
    n, k = indices.shape
    indices = np.where(np.arange(k) < sizes[:, np.newaxis], indices, -1)
    # a column of nothing, for rows that are full without their own index
    indices = np.concatenate([indices, np.full((n, 1), -1)], axis=1)
    scores = np.concatenate([scores, np.zeros((n, 1), np.float32)], axis=1)
    hit = indices == own[:, np.newaxis]
    column = np.where(hit.any(axis=1), hit.argmax(axis=1), k)
    keep = np.arange(k)
    take = keep + (keep >= column[:, np.newaxis])
    return np.take_along_axis(indices, take, axis=1), np.take_along_axis(scores, take, axis=1)
