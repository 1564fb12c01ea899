"""The task ``neural_lm`` for PyTorch: the same model, data, first parameters and optimiser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def examples(stream: Any, n: int) -> tuple[Any, Any]:
    """Contexts (examples, n), nearest word first, and targets, of a stream of sentences."""
    import numpy as np

    places = np.flatnonzero(stream != 1)
    begin = np.maximum.accumulate(np.where(stream == 1, np.arange(len(stream)), 0))[places]
    before = places[:, None] - 1 - np.arange(n)
    context = np.where(before >= begin[:, None], stream[np.maximum(before, 0)], 1)
    return context.astype(np.int64), stream[places].astype(np.int64)


def neural_lm(spec: Spec) -> Figures:
    """Train, eagerly; tokens/s of the training loop, perplexity of the held-out text."""
    import numpy as np
    import torch

    torch.set_num_threads(spec["workers"])
    torch.manual_seed(spec["params"]["seed"])
    folder, params = Path(spec["folder"]), spec["params"]
    names = ("embed", "hidden", "hidden_bias", "out", "out_bias")
    first = {name: torch.tensor(np.load(folder / f"initial_{name}.npy")) for name in names}
    embed = torch.nn.Embedding.from_pretrained(first["embed"], freeze=False)
    hidden = torch.nn.Linear(first["hidden"].shape[1], first["hidden"].shape[0])
    out = torch.nn.Linear(first["out"].shape[1], first["out"].shape[0])
    with torch.no_grad():
        for layer, name in ((hidden, "hidden"), (out, "out")):
            layer.weight.copy_(first[name])
            layer.bias.copy_(first[name + "_bias"])
    model = torch.nn.Sequential(embed, torch.nn.Flatten(), hidden, torch.nn.Tanh(), out)
    optimizer = torch.optim.Adam(model.parameters(), lr=params["alpha"])
    context, target = (torch.tensor(a) for a in
                       examples(np.load(folder / "train.npy"), params["context"]))  # fmt: skip
    batch, epochs, n = params["batch_size"], params["epochs"], len(target)
    steps = epochs * -(-n // batch)
    done, seconds = 0, 0.0
    loss_of = torch.nn.CrossEntropyLoss()
    cpu = time.process_time()
    for _ in range(epochs):
        start = time.perf_counter()
        order = torch.randperm(n)
        for i in range(0, n, batch):
            some = order[i : i + batch]
            share = done / steps  # the linear schedule of ours
            optimizer.param_groups[0]["lr"] = (
                params["alpha"] - (params["alpha"] - params["min_alpha"]) * share
            )
            optimizer.zero_grad()
            loss = loss_of(model(context[some]), target[some])
            loss.backward()
            optimizer.step()
            done += 1
        seconds += time.perf_counter() - start
    cpu = time.process_time() - cpu
    context, target = (torch.tensor(a) for a in
                       examples(np.load(folder / "heldout.npy"), params["context"]))  # fmt: skip
    total = 0.0
    with torch.no_grad():
        for i in range(0, len(target), batch):
            logits = model(context[i : i + batch])
            part = torch.nn.functional.cross_entropy(logits, target[i : i + batch], reduction="sum")
            total += float(part)
    return {
        "seconds": seconds,
        "tokens_per_s": n * epochs / seconds,
        "tokens_per_cpu_s": n * epochs / cpu,
        "perplexity": float(np.exp(total / len(target))),
        "tokens": n * epochs,
    }
