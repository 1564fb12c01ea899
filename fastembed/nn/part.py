"""`part`: some consecutive layers of a network as a network of their own, on the same weights."""

from __future__ import annotations

from fastembed.nn.program import layout
from fastembed.nn.sequential import Sequential

__all__ = ["part"]


def part(model: Sequential, first: int, stop: int) -> Sequential:
    """Layers ``first`` to ``stop - 1`` of a built network; its weights are views of the whole's.

    What changes the weights of the whole changes those of the part, and the other way round.

    Parameters
    ----------
    model : Sequential
        Built.
    first, stop : int
        Indices of layers, 0 <= first < stop <= len(model.layers).

    Raises
    ------
    ValueError
        There are no such layers.

    Examples
    --------
    >>> import numpy as np
    >>> from fastembed.nn import Dense, Sequential
    >>> net = Sequential([Dense(2, "tanh"), Dense(3)]).build(3)
    >>> x = np.ones((1, 3), np.float32)
    >>> behind = part(net, 1, 2).predict(part(net, 0, 1).predict(x))
    >>> np.array_equal(behind, net.predict(x))
    True
    """
    if not 0 <= first < stop <= len(model.layers):
        raise ValueError(
            f"first and stop must be 0 <= first < stop <= {len(model.layers)}, the number of "
            f"layers; got {first} and {stop}"
        )
    flat = model.flat_weights()
    assert model.input_shape is not None
    shape, start = model.input_shape, 0
    if first:
        before = Sequential(model.layers[:first])
        before.input_shape, before._integer = shape, model._integer
        graph, _, last = before.graph()
        # parameters stand in the order of the layers: those of the part behind these
        shape, start = last.shape, layout(graph.parameters)
    inner = Sequential(model.layers[first:stop], seed=model.seed)
    inner.dtype = model.dtype
    inner.build(shape)
    inner._params = flat[start : start + len(inner.flat_weights())]
    return inner
