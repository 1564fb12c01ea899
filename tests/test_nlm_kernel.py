"""csrc/nlm.h against the oracle: losses and gradients of every model and output layer, in float64;
float32, instruction sets, numbers of threads and buffers beside that."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import oracle_nlm as oracle
import pytest

from fastembed._native import _kernels, _nlm
from fastembed.core.threads import single_threaded_blas
from fastembed.nlm import network
from fastembed.nlm.network import Shape, make_net, state_arrays

BOS, EOS, V = 1, 2, 13
PARAMS = {
    "architecture": "bengio", "output_layer": "softmax", "context": 3, "vector_size": 3,
    "hidden": 5, "direct": False, "combine": "concatenate", "tied": False, "samples": 16,
    "ns_exponent": 0.75,
    "batch_size": 64, "optimizer": "sgd", "dropout": 0.0, "weight_decay": 0.0, "seed": 3,
    "workers": 1,
}  # fmt: skip
MODELS = {
    "bengio": {},
    "direct": {"direct": True},
    "bigram": {"architecture": "log_bilinear", "context": 1},
    "concatenate": {"architecture": "log_bilinear", "context": 4},
    "position": {"architecture": "log_bilinear", "combine": "position"},
    "skipgram": {"architecture": "skipgram", "context": 2, "batch_size": 40},
    "tied": {"tied": True, "hidden": 3},
    "tied bigram": {"architecture": "log_bilinear", "context": 1, "tied": True},
    "tied position": {"architecture": "log_bilinear", "combine": "position", "tied": True},
}
OUTPUTS = ["softmax", "class_factored", "nce", "sampled"]
CASES = [
    (model, output)
    for model, output in itertools.product(MODELS, OUTPUTS)
    if output == "softmax" or not model.startswith("tied")
]
CLASS_OF = np.array([0, 1, 2, 3, 3, 3, 0, 0, 4, 4, 3, 4, 3])
COUNTS = np.array([5, 0, 9, 20, 12, 9, 7, 5, 4, 3, 3, 1, 1])


def stream_of(n=6, seed=1):
    rng = np.random.default_rng(seed)
    sentences = [rng.choice(np.r_[0, 3:V], size=size) for size in rng.integers(0, 8, n)]
    parts = [np.r_[BOS, words, EOS] for words in sentences]
    stream = np.concatenate(parts).astype(np.uint32)
    return stream, rng.permutation(np.flatnonzero(stream != BOS)).astype(np.uint32)


def setup(dtype=np.float64, seed=7, **changes):
    """Params, shape, random arrays, and what the oracle needs beside them."""
    params = PARAMS | changes
    shape = Shape(params, V)
    class_of = CLASS_OF if params["output_layer"] == "class_factored" else None
    arrays = network.initial_arrays(shape, COUNTS, class_of, seed)
    rng = np.random.default_rng(seed)
    for name, array in arrays.items():
        arrays[name] = rng.normal(scale=0.5, size=array.shape).astype(dtype)
    more = {"class_of": class_of}
    if params["output_layer"] in ("nce", "sampled"):
        # as many places as draws: wherever the reading begins, these are the words
        noise = rng.choice(np.r_[0, 2:V], size=params["samples"]).astype(np.uint32)
        q = (np.maximum(COUNTS, 0.5) ** 0.75) / (np.maximum(COUNTS, 0.5) ** 0.75).sum()
        more |= {"noise": noise, "q": q}
    return params, shape, arrays, more


def net_of(params, shape, arrays, more, monkeypatch=None, **options):
    if "noise" in more:
        log_noise = np.log(params["samples"] * more["q"]).astype(arrays["embed"].dtype)
        given = {"noise": more["noise"], "log_noise": log_noise}
        original, network.noise_arrays = network.noise_arrays, lambda *_: given
        try:
            return make_net(arrays, shape, params, counts=COUNTS, **options)
        finally:
            network.noise_arrays = original
    return make_net(arrays, shape, params, class_of=more["class_of"], **options)


def train(net, stream, places, shape, rates, index=0):
    with single_threaded_blas():
        return net.train(stream, places, shape.places, index, np.asarray(rates, dtype=float))


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


@pytest.mark.parametrize(("model", "output"), CASES)
def test_loss_and_gradient_are_those_of_the_formula(model, output):
    params, shape, arrays, more = setup(output_layer=output, **MODELS[model])
    stream, places = stream_of()
    places = places[: shape.places]
    examples = oracle.examples_of(stream, places, shape, BOS, EOS)
    assert len(examples) > 5

    def loss():
        return oracle.mean_loss(arrays, shape, examples, output, **more)

    expected_loss, expected = loss(), oracle.gradients(arrays, loss)
    before = {name: array.copy() for name, array in arrays.items()}
    for kept, block in ((0, 4), (1 << 20, 4), (0, 64), (1 << 20, 64)):
        for name, array in before.items():
            arrays[name][...] = array
        net = net_of(params, shape, arrays, more, kept_bytes=kept, block=block)
        losses, count = train(net, stream, places, shape, [1.0])
        assert count.tolist() == [len(examples)]
        assert losses[0] / count[0] == pytest.approx(expected_loss, rel=1e-10)
        for name, array in arrays.items():
            np.testing.assert_allclose(
                before[name] - array, expected[name], rtol=1e-7, atol=5e-9, err_msg=name
            )


@pytest.mark.parametrize("model", ["bengio", "direct", "concatenate", "position"])
def test_dropout_gradient_is_that_of_its_own_loss(model):
    params, shape, arrays, more = setup(dropout=0.4, **MODELS[model])
    stream, places = stream_of()
    net = net_of(params, shape, arrays, more)

    def loss():  # a rate of 0 changes nothing, and the same index has the same mask
        total, count = train(net, stream, places, shape, [0.0], index=5)
        return total[0] / count[0]

    plain = oracle.mean_loss(
        arrays, shape, oracle.examples_of(stream, places, shape, BOS, EOS), "softmax"
    )
    assert loss() == loss() != pytest.approx(plain)
    expected = oracle.gradients(arrays, loss)
    before = {name: array.copy() for name, array in arrays.items()}
    train(net, stream, places, shape, [1.0], index=5)
    for name, array in arrays.items():
        np.testing.assert_allclose(before[name] - array, expected[name], atol=2e-9, err_msg=name)


@pytest.mark.parametrize(("model", "output"), CASES)
def test_scores_are_exact_and_sum_to_one(model, output):
    params, shape, arrays, more = setup(output_layer=output, **MODELS[model])
    stream, places = stream_of()
    net = net_of(params, shape, arrays, {"class_of": more["class_of"]}, batch=7, kept_bytes=0)
    with single_threaded_blas():
        scores, every = net.score(stream, places), net.score(stream, places, export=True)
    examples = oracle.examples_of(stream, places, shape, BOS, EOS, train=False)
    expected = np.array([oracle.log_probs(arrays, shape, context, more["class_of"])
                         for context, _ in examples])  # fmt: skip
    np.testing.assert_allclose(every * np.log(10), expected, atol=1e-12)
    own = [-row[target] for row, (_, target) in zip(expected, examples, strict=True)]
    np.testing.assert_allclose(scores, own, atol=1e-12)
    np.testing.assert_allclose((10**every).sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("optimizer", list(network.OPTIMIZERS))
@pytest.mark.parametrize(("model", "output"), CASES)
def test_float_follows_double_with_every_instruction_set(isa, model, output, optimizer):
    results = []
    for dtype in (np.float64, np.float32):
        params, shape, arrays, more = setup(
            dtype, output_layer=output, optimizer=optimizer, weight_decay=0.1, **MODELS[model]
        )
        arrays |= {name: np.ascontiguousarray(a.astype(dtype if a.dtype.kind == "f" else a.dtype))
                   for name, a in state_arrays(arrays, params).items()}  # fmt: skip
        stream, places = stream_of(40)
        net = net_of(params, shape, arrays, more, block=16)
        rates = np.full(-(-len(places) // shape.places), 0.01)
        losses, _ = train(net, stream, places, shape, rates)
        results.append((losses, arrays))
    (exact, double), (losses, single) = results
    np.testing.assert_allclose(losses, exact, rtol=2e-5)
    for name, array in single.items():
        if not name.endswith(("_state", "_seen")):
            np.testing.assert_allclose(array, double[name], atol=3e-5, err_msg=name)


@pytest.mark.parametrize(("model", "output"), CASES)
def test_bits_do_not_depend_on_workers_or_buffers(model, output):
    found = []
    for workers, kept in ((1, 1 << 20), (2, 1 << 20), (4, 1 << 20), (3, 0)):
        params, shape, arrays, more = setup(
            np.float32, output_layer=output, optimizer="adam", dropout=0.2,
            vector_size=20, **{"hidden": 20, **MODELS[model]} | {"hidden": 20},
        )  # fmt: skip
        arrays |= state_arrays(arrays, params)
        stream, places = stream_of(60)
        net = net_of(params, shape, arrays, more, kept_bytes=kept, block=4, workers=workers)
        losses, _ = train(
            net, stream, places, shape, np.full(-(-len(places) // shape.places), 0.01)
        )
        found.append({"losses": losses, **arrays})
    for other in found[1:]:
        for name, array in found[0].items():
            assert np.array_equal(array, other[name]), name


def test_adam_steps_only_rows_that_a_mini_batch_has():
    params, shape, arrays, more = setup(optimizer="adam")
    arrays |= state_arrays(arrays, params)
    before = arrays["embed"].copy()
    stream = np.array([BOS, 5, 6, EOS], dtype=np.uint32)
    train(net_of(params, shape, arrays, more), stream, np.array([2], np.uint32), shape, [0.01])
    changed = np.flatnonzero((arrays["embed"] != before).any(axis=1))
    assert changed.tolist() == [BOS, 5]
    # Adam's first step is the rate, whatever the gradient
    np.testing.assert_allclose(np.abs(arrays["embed"] - before)[[BOS, 5]], 0.01, rtol=1e-3)


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_rows_that_wait_catch_up_with_an_optimiser_of_all_rows(output, optimizer):
    rate, begin = 0.01, 5000
    params, shape, arrays, more = setup(output_layer=output, optimizer=optimizer, samples=2)
    gradient_params = params | {"optimizer": "sgd"}
    dense = {name: array.copy() for name, array in arrays.items()}
    first = {name: np.zeros_like(array) for name, array in arrays.items()}
    second = {name: np.zeros_like(array) for name, array in arrays.items()}
    arrays |= state_arrays(arrays, params)
    stream, places = stream_of(30)
    net = net_of(params, shape, arrays, more)
    plain = {name: array.copy() for name, array in dense.items()}
    gradient_of = net_of(gradient_params, shape, plain, more)
    for t in range(60):
        step, place = begin + t + 1, places[t : t + 1]
        train(net, stream, place, shape, [rate], index=begin + t)
        for name, array in dense.items():
            plain[name][...] = array
        train(gradient_of, stream, place, shape, [1.0], index=begin + t)
        for name, p in dense.items():
            g, s, v = p - plain[name], first[name], second[name]
            if optimizer == "momentum":
                s[...] = 0.9 * s - rate * g
                p += s
                continue
            s[...] = 0.9 * s + 0.1 * g
            v[...] = 0.999 * v + 0.001 * g * g
            by = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            p -= by * s / (np.sqrt(v) + 1e-8)
    net.settle(begin + 60, rate)
    for name, array in dense.items():
        np.testing.assert_allclose(arrays[name], array, atol=3e-5, err_msg=name)
    moved = np.abs(arrays["embed"] - setup()[2]["embed"]).max()
    assert moved > 0.02


def test_many_rows_and_repeated_words():
    # sorting by more than one digit, pieces that begin within a run of equal words
    rng = np.random.default_rng(2)
    n = 5000
    params = PARAMS | {"architecture": "log_bilinear", "context": 7, "batch_size": 300}
    shape = Shape(params, n)
    arrays = network.initial_arrays(shape, np.full(n, 3), None, 1)
    arrays = {name: array.astype(np.float64) for name, array in arrays.items()}
    before = arrays["embed"].copy()
    words = np.where(rng.random(298) < 0.5, 7, rng.integers(3, n, 298))
    stream = np.r_[BOS, words, EOS].astype(np.uint32)
    places = np.arange(1, 300, dtype=np.uint32)
    expected = np.zeros_like(before)
    for context, target in oracle.examples_of(stream, places, shape, BOS, EOS):
        p = np.exp(oracle.log_probs(arrays, shape, context))
        p[target] -= 1
        dx = (p @ arrays["out"]).reshape(7, 3) / len(places)
        np.add.at(expected, context, dx)
    train(net_of(params, shape, arrays, {"class_of": None}), stream, places, shape, [1.0])
    np.testing.assert_allclose(before - arrays["embed"], expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_class_larger_than_the_room_goes_in_parts(dtype):
    # nearly all words are of one class: room for 16 or 32 of them at a time, or for all
    n, rng = 300, np.random.default_rng(5)
    class_of = np.where(np.arange(n) % 40 == 1, 0, 1)
    params = PARAMS | {"output_layer": "class_factored", "optimizer": "adam"}
    shape = Shape(params, n)
    words = rng.integers(3, n, 120)
    stream = np.r_[BOS, words[:70], EOS, BOS, words[70:], EOS].astype(np.uint32)
    places = rng.permutation(np.flatnonzero(stream != BOS)).astype(np.uint32)
    found = []
    for block, workers in ((4, 1), (4, 3), (512, 1)):
        arrays = network.initial_arrays(shape, np.full(n, 3), class_of, 1)
        arrays = {name: 3 * array.astype(dtype) for name, array in arrays.items()}
        first = {name: array.astype(np.float64) for name, array in arrays.items()}
        arrays |= {name: np.ascontiguousarray(a.astype(dtype if a.dtype.kind == "f" else a.dtype))
                   for name, a in state_arrays(arrays, params).items()}  # fmt: skip
        net = make_net(arrays, shape, params, class_of=class_of, block=block, workers=workers)
        with single_threaded_blas():
            scores, every = net.score(stream, places), net.score(stream, places, export=True)
        losses, _ = train(net, stream, places, shape, [0.01, 0.01])
        found.append({"scores": scores, "every": every, "losses": losses, **arrays})
    examples = oracle.examples_of(stream, places, shape, BOS, EOS)
    expected = np.array([oracle.log_probs(first, shape, context, class_of)
                         for context, _ in examples])  # fmt: skip
    own = [-row[target] for row, (_, target) in zip(expected, examples, strict=True)]
    tight = 1e-11 if dtype == np.float64 else 2e-4
    for one in found:
        np.testing.assert_allclose(one["every"] * np.log(10), expected, atol=tight)
        np.testing.assert_allclose(one["scores"], own, atol=tight)
        np.testing.assert_allclose(one["losses"][0], sum(own[:64]), rtol=tight)
    for name, array in found[0].items():
        assert np.array_equal(array, found[1][name]), name
        np.testing.assert_allclose(array, found[2][name], rtol=20 * tight, atol=tight, err_msg=name)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="peak memory is read there")
def test_room_does_not_grow_with_the_classes():
    # in a process of its own: what a network of one class of 50,000 words takes beside its arrays
    program = """if True:
        import numpy as np
        from fastembed.nlm.network import Shape, make_net
        n, params = 50_000, {
            "architecture": "bengio", "output_layer": "class_factored", "context": 3,
            "vector_size": 4, "hidden": 4, "direct": False, "combine": "concatenate", "tied": False,
            "samples": 1, "batch_size": 256, "optimizer": "sgd", "dropout": 0.0,
            "weight_decay": 0.0, "seed": 1,
        }
        arrays = {
            "embed": np.ones((n, 4), "f"), "hidden": np.ones((4, 12), "f"),
            "hidden_bias": np.ones(4, "f"), "out": np.ones((n, 4), "f"),
            "out_bias": np.ones(n, "f"), "classes": np.ones((1, 4), "f"),
            "classes_bias": np.ones(1, "f"),
        }
        stream = np.r_[1, np.arange(3, 258), 2].astype("uint32")
        net = make_net(arrays, Shape(params, n), params, class_of=np.zeros(n, np.int64))
        at = np.arange(1, 257, dtype=np.uint32)
        def peak():
            with open("/proc/self/status") as file:
                return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        before = peak()
        net.train(stream, at, 256, 0, np.ones(1))
        print(peak() - before)
    """
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    # KB (sanitizers take half as much again); a number a word and example would be 51 MB
    assert int(run.stdout) < 30 << 10


def test_shuffle_and_uniform():
    items = np.arange(1000, dtype=np.uint32)
    _nlm.shuffle(items, 1, 2)
    assert sorted(items.tolist()) == list(range(1000)) != items.tolist()
    again = np.arange(1000, dtype=np.uint32)
    _nlm.shuffle(again, 1, 3)
    assert items.tolist() != again.tolist()
    numbers = np.empty(20000, dtype=np.float32)
    _nlm.uniform(numbers, 0.5, 1, 0)
    assert -0.5 <= numbers.min() < -0.49 < 0.49 < numbers.max() <= 0.5
    assert abs(numbers.mean()) < 0.01
    _nlm.shuffle(items[:0], 1, 1)
    _nlm.uniform(numbers[:0], 1.0, 1, 1)


def test_wrong_arrays_are_refused():
    params, shape, arrays, more = setup()
    net = net_of(params, shape, arrays, more)
    stream, places = stream_of()
    for bad_stream, bad_places in (
        (stream + np.uint32(V), places), (stream, places + np.uint32(1000)),
        (stream[1:], places[:1]), (stream[:-1], places[:1]), (stream, np.zeros(1, np.uint32)),
        (stream, places[:0]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="stream"):
            net.score(bad_stream, bad_places)
    with pytest.raises(ValueError, match="buffers"):
        net.train(stream, places, 100, 0, np.ones(1))
    with pytest.raises(ValueError, match="out must be"):
        make_net(arrays | {"out": arrays["out"][:, :2]}, shape, params)
    with pytest.raises(ValueError, match="float32 or float64"):
        make_net(arrays | {"embed": arrays["embed"].astype(np.float16)}, shape, params)
