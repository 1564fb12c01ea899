"""What both clusterings share: text to pairs, stages with checkpoints, the fitted result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastembed.cluster.clusters import KIND, WordClusters
from fastembed.cluster.hierarchy import paths_of_merges
from fastembed.cluster.pairs import Pairs, class_pairs, count_pairs, item_order
from fastembed.cluster.tasks import ExchangeTask, MergeTask
from fastembed.core import rounds
from fastembed.core.errors import FormatError, TrainingError, VocabularyError
from fastembed.core.files import StrPath
from fastembed.core.params import FREE, Opt, Params
from fastembed.core.progress import Progress, progress_of
from fastembed.core.rounds import Position
from fastembed.io.native import read_native, write_native
from fastembed.text.corpus import open_corpus
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.options import MaxVocab, MinCount

__all__ = ["Clusterer", "Run"]

CHECKPOINT = "clustering checkpoint"


@dataclass
class Run:
    """One `fit`: the pairs of a text, and how far it is.

    ``stage`` names what is under way: "merge", "exchange" or "tree"; ``arrays`` and ``notes`` are
    what a checkpoint holds of earlier stages, or of this one if it is resumed.
    """

    estimator: str
    params: dict[str, Any]
    corpus: str  # fingerprint
    pairs: Pairs
    report: Progress
    save_to: StrPath | None = None
    save_seconds: float = math.inf
    stage: str = ""
    position: Position = field(default_factory=Position)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0  # in the stages that are done

    def begin(self, stage: str) -> bool:
        """Enter a stage, or find oneself in it after `resume`. False if it is over already."""
        order = ["", "merge", "exchange", "tree"]
        if self.stage and order.index(self.stage) > order.index(stage):
            return False
        if self.stage != stage:
            self.stage, self.position = stage, Position()
        return True

    def drive(
        self,
        task: Any,
        epochs: int,
        label: Callable[[int, int], str],
        unit: str,
        state: Callable[[], tuple[dict[str, NDArray[Any]], dict[str, Any]]],
    ) -> None:
        """Run the stage to its end; ``state`` gives its arrays and notes for a checkpoint."""

        def save(position: Position) -> str:
            assert self.save_to is not None
            arrays, notes = state()
            metadata = {
                "kind": CHECKPOINT,
                "estimator": self.estimator,
                "params": self.params,
                "corpus": self.corpus,
                "stage": self.stage,
                "position": position.to_dict(),
                "notes": self.notes | notes,
                "seconds": self.seconds,
            }
            write_native(self.save_to, self.arrays | arrays, metadata)
            return str(self.save_to)

        rounds.train(
            task,
            self.position,
            epochs=epochs,
            model=None,
            progress=self.report,
            save=save if self.save_to is not None else None,
            save_seconds=self.save_seconds,
            unit=unit,
            label=label,
            finished=getattr(task, "finished", lambda: False),
        )
        self.seconds += self.position.seconds

    def resume(self, path: StrPath) -> None:
        """Take up a checkpoint.

        Raises
        ------
        FormatError
            The file is no checkpoint of a clustering, or damaged.
        TrainingError
            It is of other parameters or of another text.
        """
        file = read_native(path, mmap=False, verify=True)
        metadata = file.metadata
        if metadata.get("kind") != CHECKPOINT or metadata.get("estimator") != self.estimator:
            raise FormatError(f"{path}: not a checkpoint of {self.estimator}")
        try:
            theirs, corpus = dict(metadata["params"]), str(metadata["corpus"])
            self.stage, self.notes = str(metadata["stage"]), dict(metadata["notes"])
            self.position = Position(**metadata["position"])
            self.seconds = float(metadata["seconds"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the checkpoint is damaged ({error})") from None
        differ = [
            f"{name} {theirs.get(name)!r} there, {value!r} here"
            for name, value in self.params.items()
            if name not in FREE and theirs.get(name) != value
        ]
        if differ:
            raise TrainingError(f"{path}: a checkpoint of other parameters: {'; '.join(differ)}")
        if corpus != self.corpus:
            raise TrainingError(
                f"{path}: a checkpoint of another text: it has other words, counts or order; "
                "resume with the text and the text options of the first run"
            )
        self.arrays = file.arrays

    # --------------------------------------------------------------------------------- stages

    def merge(self, stage: str, pairs: Pairs, n_clusters: int, *, to_root: bool) -> MergeTask:
        """Merge items to ``n_clusters`` clusters and, if wanted, on to the root."""
        task = MergeTask(pairs, n_clusters, to_root=to_root)
        if self.position.chunk > 0:
            task.restore(self.arrays, self.position.chunk, self.notes.get("information"))
        name = "merging clusters" if stage == "merge" else "building the tree"
        self.drive(
            task,
            1,
            lambda epoch, epochs: name,
            "merges",
            lambda: (task.state(), {"information": task.information}),
        )
        return task

    def exchange(self, classes: NDArray[np.uint32], n_classes: int, passes: int) -> ExchangeTask:
        """Passes of exchanges over all items, fewer if nothing moves any more."""
        if self.position.epoch or self.position.chunk:
            classes = self._stored_classes(n_classes)
            task = ExchangeTask(
                self.pairs,
                classes,
                n_classes,
                history=list(map(float, self.notes["history"])),
                moves=list(map(int, self.notes["moves"])),
                moved=int(self.notes["moved"]),
            )
        else:
            task = ExchangeTask(self.pairs, classes, n_classes)

        def state() -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
            notes = {"history": task.history, "moves": task.moves, "moved": task.moved}
            return {"classes": task.classes}, notes

        self.drive(
            task,
            passes,
            lambda epoch, epochs: f"exchange pass {epoch + 1}/{epochs}",
            "words",
            state,
        )
        self.notes |= {"history": task.history, "moves": task.moves}
        return task

    def tree(self, n_classes: int) -> MergeTask:
        """The hierarchy over the classes in ``arrays``, by the same merges."""
        classes = self._stored_classes(n_classes)
        return self.merge(
            "tree", class_pairs(self.pairs, classes, n_classes), n_classes, to_root=True
        )

    def _stored_classes(self, n_classes: int) -> NDArray[np.uint32]:
        classes = self.arrays.get("classes")
        if (
            classes is None
            or classes.dtype != np.uint32
            or classes.shape != (self.pairs.n_items,)
            or not np.array_equal(np.unique(classes), np.arange(n_classes))
        ):
            raise FormatError(f"{self.save_to}: the checkpoint's classes are damaged")
        return np.array(classes)


def by_first_item(classes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The same classes, numbered in the order of their first items."""
    _, first, inverse = np.unique(classes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.uint32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.uint32)
    return rank[inverse]


@dataclass(kw_only=True, eq=False)
class ClusterParams(Params):
    """Hyper-parameters of both clusterings."""

    n_clusters: Annotated[int, Opt("Number of clusters.", ge=1, le=100_000, metavar="C")] = 1000
    min_count: MinCount = 1
    max_vocab: MaxVocab = None
    across_lines: Annotated[
        bool, Opt("The last word of a line and the first of the next are neighbours too.")
    ] = True


class Clusterer(ClusterParams, WordClusters):
    """Base of the two clusterings; subclasses say in ``_stages`` what they do with the pairs."""

    ami_: float
    ami_history_: list[float]
    moves_: list[int]
    losses_: NDArray[np.float64]
    n_pairs_: int
    training_seconds_: float

    def _stages(
        self, run: Run, n_clusters: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.void] | None]:
        """The class of each item, and the merges to the root if there is a tree."""
        raise NotImplementedError

    def fit(
        self,
        corpus: Any,
        *,
        progress: Progress | bool | None = None,
        checkpoint: StrPath | None = None,
        resume: bool = False,
        checkpoint_seconds: float = 600.0,
    ) -> Self:
        """Cluster the words of a text, or go on from a checkpoint.

        Parameters
        ----------
        corpus : Corpus, EncodedCorpus, path or re-iterable of token lists
            The text. An `EncodedCorpus` brings its own vocabulary; ``min_count`` and
            ``max_vocab`` do not apply to it. Words that are not kept, and specials, are in no
            cluster and stand between their neighbours.
        progress : Progress or bool, optional
            True for a bar on a terminal and lines elsewhere.
        checkpoint : path, optional
            Where Ctrl-C, and every ``checkpoint_seconds``, saves the run.
        resume : bool
            Go on from ``checkpoint``; the result is that of an uninterrupted run.

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range.
        CorpusError, VocabularyError
            The text cannot be read, no word is frequent enough, or there are fewer words than
            clusters.
        TrainingError
            The checkpoint is of another run.
        TrainingInterrupted
            Ctrl-C (a KeyboardInterrupt).
        """
        params = self.check_params()
        rounds.check_checkpoint(checkpoint, resume)
        report = progress_of(progress)
        n = params["n_clusters"]
        with self._encoded(corpus, params, report) as encoded:
            vocabulary = encoded.vocabulary
            order = item_order(vocabulary)
            if n > len(order):
                raise VocabularyError(
                    f"n_clusters={n:,}, but there are {len(order):,} words to cluster: use "
                    f"n_clusters <= {len(order):,}, or more text, or a lower min_count"
                )
            pairs = count_pairs(
                encoded,
                order,
                across_lines=params["across_lines"],
                workers=params["workers"],
                progress=report,
            )
            run = Run(type(self).__name__, params, encoded.fingerprint(), pairs, report,
                      checkpoint, checkpoint_seconds)  # fmt: skip
        if resume:
            assert checkpoint is not None
            run.resume(checkpoint)
        classes, merges = self._stages(run, n)
        self._params = params
        self.vocabulary_, self.n_pairs_ = vocabulary, pairs.total
        self.classes_ = np.full(len(vocabulary), -1, dtype=np.int32)
        self.classes_[order] = classes
        self.ami_history_ = run.notes.get("history", [])
        self.moves_ = run.notes.get("moves", [])
        self.paths_ = None
        self.losses_ = np.empty(0)
        if merges is not None:
            self.paths_ = paths_of_merges(merges, n)
            self.losses_ = merges["loss"] / max(pairs.total, 1)
        self.training_seconds_ = run.seconds
        return self

    def _encoded(self, corpus: Any, params: dict[str, Any], report: Progress) -> EncodedCorpus:
        source = open_corpus(corpus)
        if isinstance(source, EncodedCorpus):
            return source if source is not corpus else source.shared()
        # a word that is left out must still part its neighbours
        some = params["min_count"] > 1 or params["max_vocab"] is not None
        return source.encode(
            min_count=params["min_count"],
            max_vocab=params["max_vocab"],
            oov="unk" if some else "drop",
            workers=params["workers"],
            progress=report,
        )

    # ----------------------------------------------------------------------------------- files

    def _metadata(self) -> dict[str, Any]:
        return super()._metadata() | {
            "estimator": type(self).__name__,
            "params": self._params,
            "ami": self.ami_,
            "ami_history": self.ami_history_,
            "moves": self.moves_,
            "n_pairs": self.n_pairs_,
            "training_seconds": self.training_seconds_,
        }

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return super()._arrays() | {"losses": self.losses_}

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read what `save` wrote. Other files of clusters are read by `WordClusters.load`.

        Raises
        ------
        FormatError
            The file is not one of this class, or damaged.
        """
        file = read_native(path, verify=True)
        metadata = file.metadata
        if metadata.get("kind") != KIND or metadata.get("estimator") != cls.__name__:
            held = metadata.get("estimator") or metadata.get("kind")
            raise FormatError(
                f"{path}: holds {held!r}, not a {cls.__name__}; see WordClusters.load"
            )
        try:
            model = cls(**metadata["params"])
            model._params = metadata["params"]
            model.ami_ = float(metadata["ami"])
            model.ami_history_ = list(map(float, metadata["ami_history"]))
            model.moves_ = list(map(int, metadata["moves"]))
            model.n_pairs_ = int(metadata["n_pairs"])
            model.training_seconds_ = float(metadata["training_seconds"])
            model.losses_ = np.array(file.arrays["losses"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: the model is damaged ({error})") from None
        model._take(file.arrays, metadata, path)
        return model
