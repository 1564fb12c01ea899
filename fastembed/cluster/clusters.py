"""`WordClusters`: words with their clusters, whoever made them, and what one asks of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastembed.cluster.hierarchy import tree_json, tree_lines
from fastembed.core.errors import FormatError, NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.packing import bare_name
from fastembed.io.brown_paths import (
    Member,
    path_conflict,
    read_paths,
    read_tsv,
    write_paths,
    write_tsv,
)
from fastembed.io.native import is_native, read_native, write_native
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["PREFIXES", "WordClusters"]

KIND = "word clusters"
PREFIXES = (4, 6, 10, 20)  # bits: those of Turian, Ratinov & Bengio (2010)


class WordClusters:
    """Words, each in one cluster; clusters may be the leaves of a binary tree.

    `BrownClusters` and `ExchangeClusters` are of this class when they are fitted; `load` reads
    clusters from a file of theirs, of brown-cluster, of clustercat.

    Attributes
    ----------
    vocabulary_ : Vocabulary
    classes_ : ndarray of int32, shape (len(vocabulary_),)
        The cluster of each word, by the vocabulary's ids; -1 for specials, which are in none.
    n_clusters_ : int
        Clusters are numbered from 0 in the order of their most frequent words.
    paths_ : list of str, or None
        Of each cluster its way from the root of the tree, in bits; None without a tree.

    Examples
    --------
    >>> clusters = WordClusters.from_members(
    ...     [Member("the", "0", 9), Member("cat", "10", 3), Member("dog", "10", 2),
    ...      Member("sat", "11", 2)])
    >>> clusters.predict("dog"), clusters.path("dog"), clusters.cluster_words("10")
    (1, '10', ['cat', 'dog'])
    >>> print(clusters.tree())
    0  the
    1
      0  cat dog
      1  sat
    """

    vocabulary_: Vocabulary
    classes_: NDArray[np.int32]
    paths_: list[str] | None

    # ------------------------------------------------------------------------------- questions

    @property
    def is_fitted(self) -> bool:
        """Whether there are clusters."""
        return hasattr(self, "classes_")

    def _fitted(self) -> None:
        if not self.is_fitted:
            raise NotFittedError(f"this {type(self).__name__} is empty; call fit(corpus) first")

    @property
    def n_clusters_(self) -> int:
        """Number of clusters."""
        self._fitted()
        return int(self.classes_.max()) + 1 if len(self.classes_) else 0

    def predict(self, word: str) -> int:
        """The cluster of a word.

        Raises
        ------
        KeyError
            It is in none.
        """
        self._fitted()
        found = int(self.classes_[self.vocabulary_[word]])
        if found < 0:
            raise KeyError(f"{word!r} is a special word and in no cluster")
        return found

    def _paths(self) -> list[str]:
        self._fitted()
        if self.paths_ is None:
            raise NotFittedError(
                "these clusters have no tree and so no paths; ExchangeClusters(hierarchy=True) "
                "builds one"
            )
        return self.paths_

    def path(self, word: str) -> str:
        """The bit string of a word's cluster; KeyError if it is in none."""
        return self._paths()[self.predict(word)]

    def cluster_ids(self, cluster: int | str) -> NDArray[np.int64]:
        """Vocabulary ids of a cluster's words, or of all below a node of the tree.

        Parameters
        ----------
        cluster : int or str
            A cluster's number, or the first bits of a path ("" is the root).

        Raises
        ------
        KeyError
            There is no such cluster or node.
        """
        self._fitted()
        if isinstance(cluster, str):
            wanted = [i for i, path in enumerate(self._paths()) if path.startswith(cluster)]
            if not wanted:
                raise KeyError(f"no cluster's path begins with {cluster!r}")
            return np.flatnonzero(np.isin(self.classes_, wanted))
        if not 0 <= cluster < self.n_clusters_:
            raise KeyError(f"cluster {cluster}: there are 0 to {self.n_clusters_ - 1}")
        return np.flatnonzero(self.classes_ == cluster)

    def cluster_words(self, cluster: int | str, topn: int | None = None) -> list[str]:
        """Words of a cluster or of all below a path (see `cluster_ids`), most frequent first."""
        ids = self.cluster_ids(cluster)
        by_count = np.argsort(-self.vocabulary_.counts[ids], kind="stable")
        return [self.vocabulary_.word_of(int(i)) for i in ids[by_count[:topn]]]

    # -------------------------------------------------------------------------------- features

    def prefixes(self, word: str, lengths: Sequence[int] = PREFIXES) -> list[str]:
        """The first bits of a word's path, so many as each length says.

        A path that is shorter stands for itself. KeyError for a word in no cluster.
        """
        path = self.path(word)
        return [path[:length] for length in lengths]

    def prefix_names(self, lengths: Sequence[int] = PREFIXES) -> list[str]:
        """What the columns of `prefix_vectors` stand for: ``4:0110`` and so on."""
        names = {f"{n}:{path[:n]}": None for n in lengths for path in sorted(self._paths())}
        return list(names)

    def prefix_vectors(self, words: Sequence[str], lengths: Sequence[int] = PREFIXES) -> csr_matrix:
        """Features of words: for each length a 1 in the column of the path's first bits.

        Parameters
        ----------
        words : sequence of str
            Unknown ones get a row of zeros.
        lengths : sequence of int
            Miller, Guinness & Zamanian (2004) and most since take some like 4, 6, 10 and 20.

        Returns
        -------
        scipy.sparse.csr_matrix of float32, shape (len(words), len(prefix_names(lengths)))
        """
        from scipy.sparse import csr_matrix

        column = {name: i for i, name in enumerate(self.prefix_names(lengths))}
        paths, indices, ends = self._paths(), [], [0]
        for word in words:
            found = self.vocabulary_.get(word)
            cluster = -1 if found is None else int(self.classes_[found])
            if cluster >= 0:
                indices += [column[f"{n}:{paths[cluster][:n]}"] for n in lengths]
            ends.append(len(indices))
        values = np.ones(len(indices), dtype=np.float32)
        return csr_matrix((values, indices, ends), shape=(len(words), len(column)))

    # ------------------------------------------------------------------------------------ tree

    def tree(self, topn: int = 10) -> str:
        """The tree as indented text, with the most frequent words of each cluster."""
        tops = self._tops(topn)
        return "\n".join(tree_lines(self._paths(), lambda i: " ".join(tops[i])))

    def tree_json(self, topn: int | None = 10) -> dict[str, Any]:
        """The tree as nested objects: ``path``, ``children``; a leaf has ``cluster``, ``size``,
        ``count`` and its most frequent ``words``."""
        tops, counts = self._tops(topn), self.vocabulary_.counts
        inside = self.classes_ >= 0
        n = self.n_clusters_
        sizes = np.bincount(self.classes_[inside], minlength=n).tolist()
        sums = np.zeros(n, dtype=np.int64)
        np.add.at(sums, self.classes_[inside], counts[inside])
        return tree_json(
            self._paths(),
            lambda i: {"cluster": i, "size": sizes[i], "count": int(sums[i]), "words": tops[i]},
        )

    def _tops(self, topn: int | None) -> list[list[str]]:
        """The most frequent words of each cluster."""
        tops: list[list[str]] = [[] for _ in range(self.n_clusters_)]
        for word, cluster, _ in self._by_count():
            if cluster >= 0 and (topn is None or len(tops[cluster]) < topn):
                tops[cluster].append(word)
        return tops

    def _by_count(self) -> Iterator[tuple[str, int, int]]:
        """Word, cluster and count of all words, most frequent first."""
        counts = self.vocabulary_.counts
        words, classes, numbers = self.vocabulary_.words, self.classes_.tolist(), counts.tolist()
        for i in np.argsort(-counts, kind="stable").tolist():
            yield words[i], classes[i], numbers[i]

    # ----------------------------------------------------------------------------------- files

    @classmethod
    def from_members(cls, members: Sequence[Member], *, tree: bool = True) -> WordClusters:
        """Clusters from lines as the readers give them; ``tree``: clusters are bit strings."""
        vocabulary = Vocabulary.from_counts({m.word: m.count for m in members})
        cluster_of = {m.word: m.cluster for m in members}
        names: dict[str, int] = {}
        classes = [names.setdefault(cluster_of[w], len(names)) for w in vocabulary.words]
        made = WordClusters()
        made.vocabulary_ = vocabulary
        made.classes_ = np.array(classes, dtype=np.int32)
        made.paths_ = list(names) if tree else None
        return made

    def members(self, form: Literal["paths", "tsv"] = "paths") -> Iterator[Member]:
        """Words with cluster and count: by bit string and count, or by count alone."""
        self._fitted()
        names = self._paths() if form == "paths" else list(map(str, range(self.n_clusters_)))
        rows = [Member(w, names[c], count) for w, c, count in self._by_count() if c >= 0]
        yield from sorted(rows, key=lambda m: m.cluster) if form == "paths" else rows

    def save_paths(self, path: StrPath) -> None:
        """Write brown-cluster's ``paths``: lines ``bit string<TAB>word<TAB>count``.

        Raises
        ------
        FormatError
            A word has a tab or a line break.
        """
        write_paths(path, self.members("paths"))

    def save_tsv(self, path: StrPath) -> None:
        """Write clustercat's TSV: lines ``word<TAB>class<TAB>count``; errors as `save_paths`."""
        write_tsv(path, self.members("tsv"))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        words = self.vocabulary_.words
        arrays: dict[str, NDArray[Any]] = {
            "word_bytes": words.blob,
            "word_offsets": words.offsets,
            "counts": self.vocabulary_.counts,
            "classes": self.classes_,
        }
        if self.paths_ is not None:
            bits = WordList.from_words(self.paths_)
            arrays |= {"path_bytes": bits.blob, "path_offsets": bits.offsets}
        return arrays

    def _metadata(self) -> dict[str, Any]:
        return {"kind": KIND, "specials": list(self.vocabulary_.specials)}

    def save(self, path: StrPath) -> None:
        """Write a native file (see `fastembed.io.native`) that `load` reads."""
        self._fitted()
        write_native(path, self._arrays(), self._metadata())

    def _take(
        self, arrays: dict[str, NDArray[Any]], metadata: dict[str, Any], path: StrPath
    ) -> None:
        """Become what a native file holds."""
        arrays = {name: np.array(array) for name, array in arrays.items()}  # not of the file
        words = WordList.from_arrays(arrays, path)
        try:
            vocabulary = Vocabulary(words, arrays["counts"], specials=metadata["specials"])
            classes, paths = arrays["classes"], None
            if "path_bytes" in arrays:
                names = ("path_bytes", "path_offsets")
                paths = WordList.from_arrays(arrays, path, names=names).to_list()
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the clusters are damaged ({error})") from None
        found = np.unique(classes[classes >= 0])
        if (
            classes.shape != (len(vocabulary),)
            or classes.dtype != np.int32
            or not np.array_equal(found, np.arange(len(found)))
            or (paths is not None and (len(paths) != len(found) or path_conflict(paths)))
            or any(bits.strip("01") for bits in paths or ())
        ):
            raise FormatError(f"{path}: the clusters are damaged: classes and paths do not fit")
        self.vocabulary_, self.classes_, self.paths_ = vocabulary, classes, paths

    @classmethod
    def load(cls, path: StrPath) -> WordClusters:
        """Read clusters: a native file, clustercat's TSV (``*.tsv``), or else ``paths``.

        Raises
        ------
        FormatError
            The file is none of these, or damaged; names the line.
        OSError
            It cannot be opened.
        """
        if os.path.isfile(path):
            with open(path, "rb") as file:
                native = is_native(file.read(16))
            if native:
                return _load_native(path)
        if bare_name(path).endswith(".tsv"):
            return cls.from_members(read_tsv(path), tree=False)
        return cls.from_members(read_paths(path))


def _load_native(path: StrPath) -> WordClusters:
    file = read_native(path, verify=True)
    if file.metadata.get("kind") != KIND:
        raise FormatError(f"{path}: holds {file.metadata.get('kind')!r}, not {KIND}")
    made = WordClusters()
    made._take(file.arrays, file.metadata, path)
    return made
