"""Networks as native files, and as text: what `Sequential.save`, ``load`` and ``summary`` do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.io.native import read_native, write_native
from fastembed.nn.history import History
from fastembed.nn.layers import layer_from_config
from fastembed.nn.metrics import Metric

__all__ = [
    "load_network",
    "pack_network",
    "run_config",
    "save_network",
    "summary",
    "unpack_network",
]

KIND = "Sequential"


def run_config(model: Any) -> dict[str, Any]:
    """Layers, optimiser, loss and metrics as JSON holds them."""
    config = {
        "layers": [layer.config() for layer in model.layers],
        "input_shape": model.input_shape,
        "dtype": model.dtype,
        "optimizer": model.optimizer.config(),
        "loss": None if model.loss is None else model.loss.config(),
        "metrics": [asdict(m) for m in model.metrics],
    }
    return json.loads(json.dumps(config))


def pack_network(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays and metadata of a network, for a file of its own or as part of another's."""
    arrays = dict(model.parameters())
    if model.steps_:
        arrays |= {f"optimizer.state{i}": s for i, s in enumerate(model.states())}
    metadata = {
        "kind": KIND,
        "seed": model.seed,
        "history": model.history_.history,
        "epochs_done": model.epochs_done_,
        "steps": model.steps_,
        "rate_factor": model.rate_factor,
    }
    return arrays, metadata | run_config(model)


def unpack_network(
    cls: type[Any], arrays: Mapping[str, Any], found: Mapping[str, Any], path: StrPath
) -> Any:
    """The network of what `pack_network` gave.

    Raises
    ------
    FormatError
        They do not fit each other.
    """
    try:
        model = cls(
            [layer_from_config(c) for c in found["layers"]],
            seed=found["seed"],
            dtype=found["dtype"],
        )
        model.build(found["input_shape"])
        metrics = [Metric(**m) for m in found["metrics"]]
        model.compile(found["optimizer"], found["loss"], metrics)
        model.metrics = metrics
        model.history_ = History(found["history"])
        model.loss_history_ = list(model.history_.history.get("loss", []))
        model.epochs_done_, model.steps_ = int(found["epochs_done"]), int(found["steps"])
        model.rate_factor = float(found["rate_factor"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the network's metadata are damaged: {error}") from None
    wanted = dict(model.parameters())
    if model.steps_:
        wanted |= {f"optimizer.state{i}": s for i, s in enumerate(model.states())}
    for name, own in wanted.items():
        stored = arrays.get(name)
        if stored is None or stored.shape != own.shape or stored.dtype != own.dtype:
            raise FormatError(f"{path}: its array {name!r} does not fit its layers")
        own[...] = stored
    return model


def save_network(model: Any, path: StrPath) -> None:
    """Write a network."""
    write_native(path, *pack_network(model))


def load_network(cls: type[Any], path: StrPath) -> Any:
    """Read a network."""
    file = read_native(path, mmap=True, verify=True)
    kind = file.metadata.get("kind")
    if kind != KIND:
        raise FormatError(f"{path}: holds {kind or 'something else'}, not a network")
    return unpack_network(cls, file.arrays, file.metadata, path)


def summary(model: Any) -> str:
    """A table, a line a layer."""
    graph, _, _ = model.graph()
    own = model.parameter_list()
    shapes: dict[str, tuple[int, ...]] = {}
    for t in graph.tensors:
        shapes[t.name.split("/")[0]] = t.shape
    rows = [("layer", "output", "parameters")]
    for name, layer in zip(model.names(), model.layers, strict=True):
        count = sum(p.size for p in own if p.name.split("/")[0] == name)
        shape = str((None, *shapes[name])) if name in shapes else "as before"
        rows.append((f"{name} ({type(layer).__name__})", shape, f"{count:,}"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
    lines.insert(1, "  ".join("-" * w for w in widths))
    total = sum(p.size for p in own)
    trained = sum(p.size for p in own if p.trainable)
    lines.append(f"total: {total:,} parameters, {trained:,} of them trained")
    return "\n".join(lines)
