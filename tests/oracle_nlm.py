"""Neural language models, slowly: one example at a time, in float64, straight from the formulas."""

from __future__ import annotations

import numpy as np


def features(arrays, shape, context):
    """What the output layer sees of a context, nearest word first."""
    x = np.concatenate([arrays["embed"][word] for word in context])
    if not shape.hidden:
        return x
    z = arrays["hidden"] @ x + arrays["hidden_bias"]
    a = np.tanh(z) if shape.tanh else z
    return np.concatenate([a, x]) if shape.direct else a


def log_softmax(logits):
    top = logits.max()
    return logits - top - np.log(np.exp(logits - top).sum())


def log_probs(arrays, shape, context, class_of=None):
    """ln p of every word."""
    f = features(arrays, shape, context)
    out = arrays["embed"] if shape.tied else arrays["out"]
    if class_of is None:
        return log_softmax(out @ f + arrays["out_bias"])
    by_class = log_softmax(arrays["classes"] @ f + arrays["classes_bias"])
    rows = np.argsort(class_of, kind="stable")  # words in the order of out
    result = np.empty(len(class_of))
    for number in range(class_of.max() + 1):
        mine = class_of[rows] == number
        within = log_softmax(out[mine] @ f + arrays["out_bias"][mine])
        result[rows[mine]] = by_class[number] + within
    return result


def mean_loss(arrays, shape, examples, output, *, class_of=None, noise=None, q=None):
    """The objective, a mean over (context, target) pairs.

    noise: the k words that were drawn; q: their probabilities, by word.
    """
    total = 0.0
    for context, target in examples:
        if output in ("softmax", "class_factored"):
            total -= log_probs(arrays, shape, context, class_of)[target]
            continue
        f = features(arrays, shape, context)
        score = arrays["out"] @ f + arrays["out_bias"] - np.log(len(noise) * q)
        if output == "nce":
            total += np.logaddexp(0, -score[target])
            total += sum(np.logaddexp(0, score[word]) for word in noise)
        else:  # the target, and each draw that is not the target
            others = [score[word] for word in noise if word != target]
            total -= log_softmax(np.array([score[target], *others]))[0]
    return total / len(examples)


def gradients(arrays, loss, step=1e-6):
    """Central differences of loss() in every number of the arrays."""
    found = {}
    for name, array in arrays.items():
        gradient = np.zeros_like(array)
        for at in np.ndindex(array.shape):
            old = array[at]
            array[at] = old + step
            above = loss()
            array[at] = old - step
            gradient[at] = (above - loss()) / (2 * step)
            array[at] = old
        found[name] = gradient
    return found


def examples_of(stream, places, shape, bos, eos, train=True):
    """(context, target) pairs of some places of a stream, as the formulas say."""
    found = []
    for place in (int(at) for at in places):
        sentence = place
        while stream[sentence] != bos:
            sentence -= 1
        if not shape.window or not train:
            context = [stream[place - j] if place - j >= sentence else bos
                       for j in range(1, shape.n + 1)]  # fmt: skip
            found.append((context, stream[place]))
            continue
        end = place
        while stream[end] != eos:
            end += 1
        low, high = max(sentence, place - shape.window), min(end, place + shape.window)
        found += [([stream[at]], stream[place]) for at in range(low, high + 1) if at != place]
    return found
