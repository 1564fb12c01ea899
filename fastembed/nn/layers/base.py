"""What every layer is: hyper-parameters as dataclass fields and a ``build``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from fastembed.nn.activations import Activation
from fastembed.nn.graph import Graph, Tensor
from fastembed.nn.regularizers import Regularizer

__all__ = ["LAYERS", "Layer", "layer_from_config"]

LAYERS: dict[str, type[Layer]] = {}


@dataclass(eq=False)
class Layer:
    """Base of the layers; a subclass is in the registry by being defined.

    ``name`` is its own or, as in Keras, made of the class; ``trainable=False`` freezes it.
    ``cases`` are examples of itself, each with the shape of a row that it takes: tests check the
    gradient of all of them.
    """

    cases: ClassVar[tuple[tuple[dict[str, Any], tuple[int, ...]], ...]] = ()
    takes_ids: ClassVar[bool] = False

    name: str | None = field(default=None, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)

    def __init_subclass__(cls) -> None:
        LAYERS[cls.__name__] = cls

    @property
    def default_name(self) -> str:
        """As Keras names them: the class in snake case."""
        name = type(self).__name__
        return "".join(
            f"_{c.lower()}" if c.isupper() and i and name[i - 1].islower() else c.lower()
            for i, c in enumerate(name)
        )

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """Append the layer to a graph; its output."""
        raise NotImplementedError

    def config(self) -> dict[str, Any]:
        """The class and its hyper-parameters as JSON can hold them.

        First values that are arrays become "zeros": a file has the weights themselves.
        """
        found: dict[str, Any] = {"class": type(self).__name__}
        for f in fields(self):
            value = getattr(self, f.name)
            explicit = f.name.endswith("initializer") and not isinstance(value, str)
            found[f.name] = "zeros" if explicit and np.ndim(value) else _plain(value)
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, Regularizer):
        return {"l1": float(value.l1), "l2": float(value.l2)}
    if isinstance(value, Activation):
        return {"name": value.name, "constant": float(value.constant)}
    if isinstance(value, Layer):
        return value.config()
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def layer_from_config(config: dict[str, Any]) -> Layer:
    """What `Layer.config` described.

    Raises
    ------
    ValueError
        It describes no layer.
    """
    from fastembed.nn.activations import activation_of

    values = dict(config)
    cls = LAYERS.get(str(values.pop("class", None)))
    if cls is None:
        raise ValueError(f"a layer must be one of {', '.join(LAYERS)}; got {config.get('class')!r}")
    for name, value in values.items():
        if isinstance(value, dict) and set(value) == {"l1", "l2"}:
            values[name] = Regularizer(**value)
        elif isinstance(value, dict) and set(value) == {"name", "constant"}:
            known = activation_of(value["name"])
            values[name] = Activation(known.name, known.code, value["constant"], known.learns)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            values[name] = [layer_from_config(inner) for inner in value]
    try:
        return cls(**values)
    except TypeError as error:
        raise ValueError(f"layer {cls.__name__}: {error}") from None
