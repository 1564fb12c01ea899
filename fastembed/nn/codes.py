"""What all autoencoders have in common: hyper-parameters, training, codes, files, pictures.

An autoencoder is one `Sequential` that is trained to give back its input; the encoder and the
decoder are parts of it on the same weights. Formulas: docs/autoencoder.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.errors import FormatError, NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import FREE, Opt, Params
from fastembed.core.progress import Callback, Progress
from fastembed.io.native import read_native, write_native
from fastembed.nn.arguments import check_shape, check_sizes
from fastembed.nn.data import as_array
from fastembed.nn.layers import Dense, Layer
from fastembed.nn.losses import Loss
from fastembed.nn.optimizers import optimizer_of
from fastembed.nn.part import part
from fastembed.nn.pictures import draw_images, picture_shape
from fastembed.nn.saving import pack_network, unpack_network
from fastembed.nn.sequential import Sequential

__all__ = ["EncoderDecoder"]

Sizes = Annotated[
    Sequence[int], Opt("Sizes of the hidden layers of the encoder; () for none.", cli=False)
]


@dataclass(kw_only=True, eq=False)
class EncoderDecoder(Params):
    """Base of the autoencoders; a subclass gives `_layers` and `_reconstruction`."""

    code_size: Annotated[int, Opt("Numbers of a code.", ge=1)] = 32
    hidden: Sizes = (128,)
    decoder_hidden: Annotated[
        Sequence[int] | None, Opt("The same of the decoder; None: the encoder's, reversed.")
    ] = None
    activation: Annotated[str, Opt("Of the hidden layers.")] = "relu"
    decoder: Annotated[
        Literal["gaussian", "bernoulli"],
        Opt("Of the outputs: any numbers, squared error; or numbers in 0..1, cross-entropy."),
    ] = "gaussian"
    optimizer: Annotated[
        Literal["adam", "adamw", "rmsprop", "adagrad", "sgd", "momentum", "nesterov"],
        Opt("What steps the weights."),
    ] = "adam"
    learning_rate: Annotated[float, Opt("Of the first step.", gt=0)] = 1e-3
    schedule: Annotated[
        Literal["constant", "linear", "cosine"], Opt("How the learning rate falls to 0.")
    ] = "constant"
    epochs: Annotated[int, Opt("Passes over the rows.", ge=1)] = 10
    batch_size: Annotated[int, Opt("Rows of a mini-batch.", ge=1)] = 128
    dtype: Annotated[Literal["float32", "float64"], Opt("Of all arithmetic.", cli=False)] = (
        "float32"
    )
    seed: Annotated[int, Opt("Of first weights, order of rows and noise.", ge=0)] = 1
    workers: Annotated[int | None, Opt("Threads; default: all usable cores.", ge=1)] = None

    ENCODER: ClassVar[str] = "code"  # the layer that the encoder ends with

    # ------------------------------------------------------------------------------ networks

    def _layers(self, params: dict[str, Any], features: int) -> list[Layer]:
        """Of the whole network."""
        raise NotImplementedError

    def _reconstruction(self, params: dict[str, Any]) -> Loss:
        """The loss of an output beside its input."""
        raise NotImplementedError

    @staticmethod
    def _stack(sizes: Sequence[int], activation: str, name: str) -> list[Layer]:
        return [Dense(n, activation, name=f"{name}_{i + 1}") for i, n in enumerate(sizes)]

    def check_params(self) -> dict[str, Any]:
        """Validated hyper-parameters by name; ``decoder_hidden`` is filled in."""
        params = super().check_params()
        for name in ("hidden", "decoder_hidden"):
            if params[name] is not None:
                params[name] = check_sizes(name, params[name])
        if params["decoder_hidden"] is None:
            params["decoder_hidden"] = params["hidden"][::-1]
        return params

    def build(self, shape: Sequence[int] | int) -> Self:
        """Make the network and its first weights, for rows of a shape, without training.

        Parameters
        ----------
        shape : int or sequence of int
            784 and (28, 28) are the same network; codes become rows of that shape.
        """
        params = self.check_params()
        features = check_shape("shape", shape)
        width = math.prod(features)
        network = Sequential(
            self._layers(params, width), seed=params["seed"], dtype=params["dtype"]
        )
        network.build(width)
        chosen = optimizer_of(params["optimizer"]).config()
        chosen |= {"learning_rate": params["learning_rate"], "schedule": params["schedule"]}
        network.compile(optimizer_of(chosen), self._reconstruction(params))
        self._attach(network, params, features)
        return self

    def _attach(
        self, network: Sequential, params: dict[str, Any], features: tuple[int, ...]
    ) -> None:
        """Take a network as this model's, and its parts."""
        names = network.names()
        first = next(i for i, layer in enumerate(network.layers) if isinstance(layer, Dense))
        code = names.index(self.ENCODER)
        behind = next(i for i, n in enumerate(names) if n.startswith(("decoder_", "output")))
        self.network_: Sequential = network
        self.encoder_: Sequential = part(network, first, code + 1)
        self.decoder_: Sequential = part(network, behind, len(names))
        self.decoder_.compile(loss=self._reconstruction(params))
        self.feature_shape_, self.n_features_in_ = features, math.prod(features)
        self.history_ = network.history_
        self._params = params

    def __getstate__(self) -> dict[str, Any]:
        """Without the parts, which are views: a copy makes its own."""
        left_out = ("encoder_", "decoder_", "history_")
        return {k: v for k, v in self.__dict__.items() if k not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "network_" in state:
            self._attach(self.network_, self._params, self.feature_shape_)

    def _fitted(self) -> Sequential:
        if not hasattr(self, "network_"):
            raise NotFittedError(f"this {type(self).__name__} has no weights yet; call fit(X)")
        return self.network_

    def _rows(self, X: ArrayLike, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
        """Flat rows; ``shape`` None takes any."""
        x = as_array("X", X)
        if x.ndim < 2:
            raise ValueError(f"X must have rows of numbers, shape (n, ...); got {x.shape}")
        if shape is not None and x.shape[1:] not in (shape, (math.prod(shape),)):
            raise ValueError(
                f"X must have shape (n, {', '.join(map(str, shape))}), as in fit; got {x.shape}"
            )
        return x.reshape(len(x), -1)

    def _check_domain(self, x: NDArray[Any], what: str) -> None:
        """Cross-entropy is of numbers in 0..1; NaN is found, and named, by the kernel."""
        if self._params["decoder"] == "bernoulli" and x.dtype.kind in "fiub":
            low, high = x.min(), x.max()
            if low < 0 or high > 1:
                raise ValueError(
                    f"{what} must be within 0 .. 1 for decoder='bernoulli'; it goes from {low:g} "
                    f"to {high:g}: scale it (pictures of bytes: X / 255), or use 'gaussian'"
                )

    # ------------------------------------------------------------------------------ training

    def fit(
        self,
        X: ArrayLike,
        y: Any = None,
        *,
        validation_data: ArrayLike | None = None,
        validation_split: float = 0.0,
        sample_weight: ArrayLike | None = None,
        callbacks: Iterable[Callback] = (),
        progress: Progress | bool | None = None,
        checkpoint: StrPath | None = None,
        resume: bool = False,
        checkpoint_seconds: float = 600.0,
    ) -> Self:
        """Train from first weights.

        Parameters
        ----------
        X : array_like, shape (n, ...)
            float32, float64 and uint8 are read as they are, memory maps too.
        y : ignored
            For pipelines.
        validation_data : array_like, optional
            Rows of which ``val_loss`` is computed after each epoch, without noise.
        validation_split, sample_weight, callbacks, progress, checkpoint, resume, checkpoint_seconds
            As of `Sequential.fit`; callbacks get the network.

        Raises
        ------
        ValueError, TypeError
            A parameter is out of range; X has NaN, no rows, or numbers that the
            decoder cannot give.
        TrainingError
            The loss is not finite: epoch and mini-batch are named.
        """
        x = self._rows(X)
        self.build(np.asarray(X).shape[1:])
        self._check_domain(x, "X")
        held = None
        if validation_data is not None:
            held = self._rows(validation_data, self.feature_shape_)
            self._check_domain(held, "validation_data")
        try:
            self.network_.fit(
                x,
                x,
                epochs=self._params["epochs"],
                batch_size=self._params["batch_size"],
                validation_data=None if held is None else (held, held),
                validation_split=validation_split,
                sample_weight=sample_weight,
                callbacks=callbacks,
                progress=progress,
                workers=self._params["workers"],
                checkpoint=checkpoint,
                resume=resume,
                checkpoint_seconds=checkpoint_seconds,
            )
        finally:
            self.history_ = self.network_.history_
        return self

    @property
    def loss_history_(self) -> list[float]:
        """Mean loss of each epoch."""
        return list(self._fitted().history_.history.get("loss", []))

    # --------------------------------------------------------------------------------- codes

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Codes of rows, (n, code_size)."""
        self._fitted()
        x = self._rows(X, self.feature_shape_)
        return self.encoder_.predict(x, workers=self._params["workers"])

    def fit_transform(self, X: ArrayLike, y: Any = None, **options: Any) -> NDArray[Any]:
        """`fit`, then the codes of the same rows."""
        return self.fit(X, y, **options).transform(X)

    def inverse_transform(self, Z: ArrayLike) -> NDArray[Any]:
        """Rows of codes: (n, code_size) to (n, ...); of Bernoulli decoders probabilities."""
        self._fitted()
        z = np.asarray(Z)
        if z.ndim != 2 or z.shape[1] != self._params["code_size"]:
            raise ValueError(
                f"codes must have shape (n, {self._params['code_size']}); got {z.shape}"
            )
        found = self.decoder_.predict(z, workers=self._params["workers"])
        return found.reshape(len(z), *self.feature_shape_)

    def decode(self, Z: ArrayLike) -> NDArray[Any]:
        """`inverse_transform` by its other name."""
        return self.inverse_transform(Z)

    def reconstruct(self, X: ArrayLike) -> NDArray[Any]:
        """What the decoder makes of the codes of rows, without noise; of the shape of X."""
        return self.inverse_transform(self.transform(X)).reshape(np.shape(X))

    def reconstruction_loss(self, X: ArrayLike) -> float:
        """Mean over rows of the loss of `reconstruct` alone: no noise, no penalties."""
        self._fitted()
        x = self._rows(X, self.feature_shape_)
        self._check_domain(x, "X")
        workers = self._params["workers"]
        return self.decoder_.evaluate(self.transform(x), x, workers=workers)["loss"]

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Minus `reconstruction_loss`, so that larger is better, as searches want it."""
        return -self.reconstruction_loss(X)

    # ----------------------------------------------------------------------------------- rest

    def plot_reconstructions(
        self,
        X: ArrayLike,
        path: StrPath | None = None,
        *,
        shape: Sequence[int] | None = None,
        n: int = 10,
    ) -> Any:
        """Draw the first rows of X above their reconstructions, in 0 .. 1 from black to white.

        Parameters
        ----------
        path : path, optional
            Also write it there (PNG, or by its suffix).
        shape : (height, width), optional
            Of a row as a picture; that of the rows of `fit`, or a square.

        Returns
        -------
        matplotlib.figure.Figure
        """
        self._fitted()
        x = self._rows(X, self.feature_shape_)[:n]
        size = picture_shape(shape, self.feature_shape_)
        return draw_images([("input", x), ("output", self.reconstruct(x))], size, path)

    def save(self, path: StrPath) -> None:
        """Write parameters, weights and history as a native file, which `load` reads."""
        arrays, packed = pack_network(self._fitted())
        metadata = {
            "kind": type(self).__name__,
            "params": {
                k: list(v) if isinstance(v, tuple) else v
                for k, v in self._params.items()
                if k not in FREE
            },
            "feature_shape": list(self.feature_shape_),
            "network": packed,
        }
        write_native(path, arrays, metadata)

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        FormatError
            The file is cut, damaged, or not one of this class.
        """
        file = read_native(path, mmap=True, verify=True)
        found = file.metadata
        if found.get("kind") != cls.__name__:
            raise FormatError(
                f"{path}: holds {found.get('kind') or 'something else'}, not a {cls.__name__}"
            )
        try:
            stored: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in found["params"].items()
            }
            model, features = cls(**stored), tuple(int(n) for n in found["feature_shape"])
            params = model.check_params()
            network = unpack_network(Sequential, file.arrays, found["network"], path)
            built = model._layers(params, math.prod(features))
            if [x.config() for x in built] != [x.config() for x in network.layers]:
                raise ValueError("its layers are not those of its parameters")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"{path}: the metadata are damaged: {error}") from None
        model._attach(network, params, features)
        return model

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks: a transformer of rows of numbers."""
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type="transformer",
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
            input_tags=InputTags(two_d_array=True),
        )
