"""What a training did, epoch by epoch."""

from __future__ import annotations

from typing import Any

from fastembed.core.errors import FastembedError

__all__ = ["History"]


class History:
    """Figures of each epoch by name, as Keras has them.

    Attributes
    ----------
    history : dict of str to list of float
        ``loss`` and each metric, and the same with ``val_`` where there was validation data.
    epoch : list of int
        Indices of the epochs.

    Examples
    --------
    >>> h = History({"loss": [0.9, 0.4]})
    >>> h.epoch, h.history["loss"][-1]
    ([0, 1], 0.4)
    """

    def __init__(self, history: dict[str, list[float]] | None = None) -> None:
        self.history: dict[str, list[float]] = history if history is not None else {}

    @property
    def epoch(self) -> list[int]:
        """Indices of the epochs."""
        return list(range(max((len(v) for v in self.history.values()), default=0)))

    def append(self, figures: dict[str, float]) -> None:
        """The figures of one more epoch."""
        for name, value in figures.items():
            self.history.setdefault(name, []).append(float(value))

    def plot(self, path: Any = None) -> Any:
        """Draw each figure over the epochs, validation dashed; needs the ``plot`` extra.

        Parameters
        ----------
        path : path, optional
            Also write it there; the suffix says the format.

        Returns
        -------
        matplotlib.figure.Figure
        """
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise FastembedError(
                "History.plot needs matplotlib: pip install 'fastembed-trainer[plot]'"
            ) from None
        names = [name for name in self.history if not name.startswith("val_")]
        figure = Figure(figsize=(5 * max(len(names), 1), 3.5), layout="constrained")
        for i, name in enumerate(names):
            axes = figure.add_subplot(1, len(names), i + 1)
            for key, style in ((name, "-"), (f"val_{name}", "--")):
                if key in self.history:
                    values = self.history[key]
                    axes.plot(range(1, len(values) + 1), values, style, label=key)
            axes.set_xlabel("epoch")
            axes.set_title(name)
            axes.legend()
        if path is not None:
            import io
            import os

            from fastembed.core.files import atomic_write

            suffix = os.path.splitext(os.fspath(path))[1].lstrip(".") or "png"
            drawn = io.BytesIO()
            figure.savefig(drawn, format=suffix)
            with atomic_write(path) as file:
                file.write(drawn.getvalue())
        return figure

    def __repr__(self) -> str:
        last = {k: round(v[-1], 4) for k, v in self.history.items() if v}
        return f"History({len(self.epoch)} epochs, {last})"
