"""Every smoothing method against plain Python, and that probabilities sum to one."""

from __future__ import annotations

import numpy as np
import oracle_ngram as oracle
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from ngram_helpers import Table, sentences

from fastembed import TrainingError
from fastembed._native import _kernels, _smoothing
from fastembed.core.params import params_of
from fastembed.ngram.counts import count_ngrams
from fastembed.ngram.smoothing import SMOOTHINGS
from fastembed.ngram.smoothing.simple_good_turing import simple_good_turing

NAMES = [
    "mle",
    "additive",
    "dirichlet",
    "good_turing",
    "katz",
    "jelinek_mercer",
    "absolute_discounting",
    "witten_bell",
    "kneser_ney",
    "modified_kneser_ney",
    "stupid_backoff",
]
FALLBACK = [0.5, 1.0, 1.5]


def text(seed=1, n=60, words="abcdefg"):
    """Sentences with a skewed distribution, some of them empty, so that every n_a is there."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(words) + 1)
    return [
        list(rng.choice(list(words), size=rng.integers(0, 9), p=share / share.sum()))
        for _ in range(n)
    ]


TEXT = [[str(word) for word in sentence] for sentence in text()]


def estimate(name, order, sentences=TEXT, **params):
    heldout = params.pop("heldout", None)
    counts = count_ngrams(sentences, order, workers=1)
    return SMOOTHINGS[name](**params).estimate(counts, workers=1, heldout=heldout)


def discounts_of(o, rule, table, last=None):
    return [rule(values) or last or FALLBACK for values in table]


def expected(name, o, tables):
    """The oracle's model."""
    if name == "mle":
        return oracle.mle(o)
    if name == "additive":
        return oracle.additive(o, 1.0)
    if name == "dirichlet":
        return oracle.additive(o, 0.01)
    if name == "witten_bell":
        return oracle.witten_bell(o)
    if name == "stupid_backoff":
        return oracle.stupid_backoff(o, 0.4)
    if name == "absolute_discounting":
        rule = oracle.one_discount
        return oracle.discounted(o, discounts_of(o, rule, o.counts, last=[0.5] * 3))
    if name == "kneser_ney":
        values = oracle.adjusted(o.counts)
        rule = oracle.one_discount
        return oracle.discounted(o, discounts_of(o, rule, values, last=[0.5] * 3), values)
    if name == "modified_kneser_ney":
        values = oracle.adjusted(o.counts)
        return oracle.discounted(o, discounts_of(o, oracle.three_discounts, values), values)
    if name == "jelinek_mercer":
        return oracle.jelinek_mercer(o, tables.metadata["weights"])
    if name == "katz":
        return oracle.katz(o, tables.metadata["discounts"])
    assert name == "good_turing"
    stars, unseen = [], []
    for level in o.counts:
        counts = np.array([c for ngram, c in level.items() if ngram != ("<s>",)])
        r, n = np.unique(counts, return_counts=True)
        if r[0] == 1:
            star, p0 = simple_good_turing(r, n)
        else:
            star, p0 = r.astype(float), 0.0
        stars.append(dict(zip(r.tolist(), star.tolist(), strict=True)))
        unseen.append(p0)
    return oracle.good_turing(o, stars, unseen)


def test_all_names_are_there():
    assert list(SMOOTHINGS) == NAMES
    for method in SMOOTHINGS.values():
        assert all(param.opt.help for param in params_of(method))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_equals_the_oracle(name, order):
    extra = {"discount_fallback": FALLBACK} if name == "modified_kneser_ney" else {}
    tables = estimate(name, order, **extra)
    o = oracle.Oracle(TEXT, order)
    table, p = Table(tables), expected(name, o, tables)
    assert sorted(table.predictable()) == o.words
    for history in table.histories():
        got = [table.p(history, word) for word in o.words]
        assert got == pytest.approx([p(history, word) for word in o.words], rel=2e-5, abs=1e-9), (
            history
        )


@pytest.mark.parametrize("name", [name for name in NAMES if name != "stupid_backoff"])
@examples(25)
@given(sentences, st.integers(1, 3))
def test_probabilities_sum_to_one(name, text, order):
    params = {
        "modified_kneser_ney": {"discount_fallback": "0.5 1 1.5"},
        "kneser_ney": {"discount": 0.7},
        "absolute_discounting": {"discount": 0.7},
    }
    try:
        tables = estimate(name, order, text, **params.get(name, {}))
    except TrainingError:
        assert name in ("good_turing", "katz")
        return
    table = Table(tables)
    for history in table.histories():
        total = sum(table.p(history, word) for word in table.predictable())
        assert total == pytest.approx(1, abs=1e-5), history


def test_probabilities_of_larger_orders_sum_to_one():
    for name in ("modified_kneser_ney", "katz", "jelinek_mercer", "witten_bell"):
        extra = {"discount_fallback": True} if name == "modified_kneser_ney" else {}
        table = Table(estimate(name, 5, text(n=30, words="ab"), **extra))
        for history in list(table.histories())[::3]:
            total = sum(table.p(history, word) for word in table.predictable())
            assert total == pytest.approx(1, abs=1e-5), (name, history)


def test_stupid_backoff_says_that_it_is_not_normalised():
    assert estimate("stupid_backoff", 2).metadata["normalised"] is False


def test_mle_gives_nothing_to_what_was_not_seen():
    table = Table(estimate("mle", 2, [["a", "b"], ["b", "a"]]))
    assert table.p(("a",), "a") == 0
    assert table.p(("a",), "b") == pytest.approx(0.5)
    assert table.p(("<unk>",), "a") == pytest.approx(1 / 4)


def test_dirichlet_with_a_prior_of_the_lower_order():
    o = oracle.Oracle(TEXT, 3)
    table = Table(estimate("dirichlet", 3, eta=0.3, prior="lower_order"))
    p = oracle.dirichlet(o, 0.3)
    for history in table.histories():
        for word in o.words:
            assert table.p(history, word) == pytest.approx(p(history, word), rel=2e-5)


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


@pytest.mark.parametrize("prune", [None, "0 1 1"])
def test_every_instruction_set(isa, prune):
    counts = count_ngrams(TEXT, 3, workers=1)
    method = SMOOTHINGS["modified_kneser_ney"](discount_fallback=True, prune=prune)
    here = method.estimate(counts, workers=3)
    _kernels.select("base")
    base = method.estimate(counts, workers=1)
    for a, b in zip(here.levels, base.levels, strict=True):
        assert np.array_equal(a.word, b.word)
        assert a.log_prob == pytest.approx(b.log_prob, abs=1e-6)
        assert a.backoff == pytest.approx(b.backoff, abs=1e-6)


@pytest.mark.parametrize("n", [0, 1, 3, 16, 100_003])
def test_log10(isa, n):
    x = np.concatenate([10 ** np.linspace(-37, 0, n // 2), np.linspace(0.5, 2, n - n // 2)])
    x = np.append(x, [1, 0]).astype(np.float32)
    with np.errstate(divide="ignore"):
        expected = np.log10(x.astype(np.float64))
    _smoothing.log10(x, 2)
    assert x[-1] == -np.inf
    assert x[-2] == 0
    assert x[:-1] == pytest.approx(expected[:-1], rel=3e-7, abs=1e-7)


# ---------------------------------------------------------------------------------- Jelinek-Mercer


def test_weights_make_held_out_text_most_probable():
    heldout = text(seed=9, n=40)
    tables = estimate("jelinek_mercer", 2, heldout=heldout, em_iterations=500)
    fitted = tables.metadata["weights"]
    o = oracle.Oracle(TEXT, 2)
    best = oracle.log_likelihood(oracle.jelinek_mercer(o, fitted), heldout, 2)
    for k, b in [(0, int(o.counts[0].total()).bit_length()), (1, 3), (1, 5), (1, 6)]:
        for step in (-0.05, 0.05):
            other = [list(row) for row in fitted]
            other[k][b] = min(max(other[k][b] + step, 1e-6), 1 - 1e-6)
            assert oracle.log_likelihood(oracle.jelinek_mercer(o, other), heldout, 2) <= best + 1e-6


def test_weights_without_held_out_text_leave_one_out():
    fitted = np.array(estimate("jelinek_mercer", 3).metadata["weights"])
    # histories that were seen once cannot predict the word that is left out of them
    assert np.all(fitted[1:, 2] < 0.5)
    assert fitted[0].max() > 0.5


# ---------------------------------------------------------------------------------- Good-Turing


def test_simple_good_turing_on_the_paper_s_prosody_data():
    # Gale & Sampson (1995), table 2: r and N_r; the first and last probabilities of table 3
    r = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 17, 19, 20, 21, 23, 24, 25, 26, 27, 28,
         31, 32, 33, 34, 36, 41, 43, 45, 46, 47, 50, 71, 84, 101, 105, 121, 124, 146, 162, 193,
         199, 224, 226, 254, 257, 339, 421, 456, 481, 483, 1140, 1256, 1322, 1530, 2131, 2395,
         6925, 7846]  # fmt: skip
    n = [120, 40, 24, 13, 15, 5, 11, 2, 2, 1, 3, 2, 1, 1, 3, 1, 3, 2, 3, 3, 3, 2, 2, 1, 2, 2, 1, 2,
         2, 3, 1, 3, 1, 1] + [1] * 28  # fmt: skip
    r, n = np.array(r), np.array(n)
    adjusted, p0 = simple_good_turing(r, n)
    probs = (1 - p0) * adjusted / np.sum(adjusted * n)
    assert p0 == pytest.approx(0.003883, rel=1e-3)
    assert probs[:2] == pytest.approx([2.468e-5, 5.522e-5], rel=1e-3)
    assert probs[-1] == pytest.approx(0.2537, rel=1e-3)


def test_good_turing_gives_the_unseen_the_share_of_what_was_seen_once():
    tables = estimate("good_turing", 1, [["a", "a", "a", "b", "b", "c", "d"]])
    table = Table(tables)
    assert tables.metadata["unseen_mass"] == [pytest.approx(3 / 8)]  # c, d, </s> of 8
    assert table.p((), "<unk>") == pytest.approx(3 / 8)


def test_katz_leaves_high_counts_alone():
    tables = estimate("katz", 2, TEXT * 1, gt_max=2)
    o = oracle.Oracle(TEXT, 2)
    table = Table(tables)
    assert all(0 < d < 1 for d in tables.metadata["discounts"][1])
    high = [(h, w) for (h, w), c in o.counts[1].items() if c > 2]
    assert high
    for h, w in high:
        found = o.after((h,))
        if min(found.values()) <= 2:
            expected = found[w] / sum(found.values())
            assert table.p((h,), w) == pytest.approx(expected, rel=1e-5)


# ---------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("name", NAMES)
def test_bad_parameters_name_what_is_allowed(name):
    for param in params_of(SMOOTHINGS[name]):
        if param.type in (int, float):
            with pytest.raises((ValueError, TypeError), match=param.name):
                estimate(name, 2, **{param.name: -1})


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("modified_kneser_ney", "discount_fallback"),
        ("kneser_ney", "discount"),
        ("absolute_discounting", "discount"),
        ("good_turing", "smoothing"),
        ("katz", "smoothing"),
    ],
)
def test_too_little_data_names_the_option(name, option):
    with pytest.raises(TrainingError, match=option):
        estimate(name, 3, [["a", "b", "c"]])


@pytest.mark.parametrize("value", ["0.5 1", "2 1 1.5", "a b c", [-1, 1, 1], 0.5])
def test_discount_fallback_must_be_three_discounts(value):
    with pytest.raises(ValueError, match="discount_fallback"):
        estimate("modified_kneser_ney", 2, discount_fallback=value)


@pytest.mark.parametrize("name", NAMES)
def test_result_does_not_depend_on_workers_and_counts_stay(name):
    extra = {"discount_fallback": FALLBACK} if name == "modified_kneser_ney" else {}
    counts = count_ngrams(TEXT, 3, workers=1)
    before = [level.count.copy() for level in counts.levels]
    made = [SMOOTHINGS[name](**extra).estimate(counts, workers=w) for w in (1, 2, 4)]
    for other in made[1:]:
        for a, b in zip(made[0].levels, other.levels, strict=True):
            assert np.array_equal(a.log_prob, b.log_prob)
            assert np.array_equal(a.backoff, b.backoff)
    for level, count in zip(counts.levels, before, strict=True):
        assert np.array_equal(level.count, count)
    consumed = SMOOTHINGS[name](**extra).estimate(counts, workers=2, consume=True)
    for a, b in zip(made[0].levels, consumed.levels, strict=True):
        assert np.array_equal(a.log_prob, b.log_prob)
        assert np.array_equal(a.backoff, b.backoff)


def test_one_ngram_of_the_highest_order():
    """Jelinek-Mercer looks its own n-grams up, here a single one of order 5."""
    texts = [["a", "b", "c"], ["a", "b"]]
    tables = estimate("jelinek_mercer", 5, texts)
    assert [len(level) for level in tables.levels] == [6, 5, 4, 3, 1]


def test_an_order_without_ngrams():
    """Sentences of one word have no 4-grams: nothing goes on from their trigram."""
    counts = count_ngrams([["a"], ["a"]], order=4)
    assert counts.size == [4, 2, 1, 0]
    method = SMOOTHINGS["modified_kneser_ney"](discount_fallback="0.5 1 1.5")
    levels = method.estimate(counts).levels
    assert levels[2].backoff.tolist() == [0.0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("least", [[1, 50], [1, 1, 50]])
@pytest.mark.filterwarnings("error")
def test_orders_that_were_cut_off(name, least):
    """A model whose probabilities sum to one, or an error that says what is left."""
    counts, said = count_ngrams(TEXT, 3).cut_off(least), []
    given = {"kneser_ney": {"discount": 0.5}, "modified_kneser_ney": {"discount_fallback": True}}
    for params in ({}, given.get(name, {})):
        try:
            tables = SMOOTHINGS[name](**params).estimate(counts)
        except TrainingError as error:
            said.append("min_counts" in str(error))
            continue
        assert not any(np.isnan(level.log_prob).any() for level in tables.levels)
        if name == "stupid_backoff":
            continue
        table = Table(tables)
        for history in [(), ("a",), ("a", "b")]:
            assert sum(table.p(history, w) for w in table.predictable()) == pytest.approx(1)
    assert all(said)


@pytest.mark.parametrize("name", ["kneser_ney", "modified_kneser_ney", "good_turing"])
def test_without_bigrams_the_message_says_what_is_left(name):
    given = {"kneser_ney": {"discount": 0.5}, "modified_kneser_ney": {"discount_fallback": True}}
    counts = count_ngrams(TEXT, 2).cut_off([1, 50])
    with pytest.raises(TrainingError, match=r"there are 10 1-grams, 0 2-grams.*min_counts"):
        SMOOTHINGS[name](**given.get(name, {})).estimate(counts)
    short = count_ngrams([["a"], ["a"], ["b"]], 4)
    if name == "good_turing":
        with pytest.raises(TrainingError, match=r"2 3-grams, 0 4-grams\. No sentence"):
            SMOOTHINGS[name]().estimate(short)


@pytest.mark.parametrize("heldout", [None, [["a", "a", "a", "a", "b"]]])
@pytest.mark.parametrize("least", [None, [1, 50], [1, 1, 50]])
def test_weights_where_an_order_has_no_ngrams(heldout, least):
    """It takes no part: the weights of the others are those of a model of lower order."""
    counts = count_ngrams([["a"], ["a"], ["b"]], 4) if least is None else (
        count_ngrams(TEXT, 3).cut_off(least))  # fmt: skip
    used = 3 if least is None else len(least) - 1
    lower = SMOOTHINGS["jelinek_mercer"]().estimate(counts.up_to(used), heldout=heldout)
    tables = SMOOTHINGS["jelinek_mercer"]().estimate(counts, heldout=heldout)
    assert len(tables.metadata["weights"]) == counts.order
    assert tables.metadata["weights"][:used] == lower.metadata["weights"]
    table = Table(tables)
    for history in [(), ("<s>",), ("a", "b"), ("<s>", "a", "b")]:
        assert sum(table.p(history, w) for w in table.predictable()) == pytest.approx(1)
