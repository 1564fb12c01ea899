"""NgramLM as a whole, generation, perplexity of any model, KenLM's names."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from oracle_lm import OracleLM

import fastembed as fe
from fastembed.compat import kenlm as compat
from fastembed.core.errors import CorpusError, FormatError, NotFittedError, TrainingError
from fastembed.evaluate import LanguageModel, perplexity
from fastembed.evaluate.perplexity import text_blocks
from fastembed.io.native import write_native
from fastembed.ngram.counts import count_ngrams
from fastembed.ngram.smoothing import SMOOTHINGS
from fastembed.text.wordlist import WordList

GOLDEN = Path(__file__).parent / "golden" / "lm"


@pytest.fixture(scope="module")
def model():
    return fe.NgramLM.load(GOLDEN / "kenlm.arpa")


@pytest.fixture(scope="module")
def oracle():
    return OracleLM.parse((GOLDEN / "kenlm.arpa").read_text())


class UnigramLM:
    """The smallest model of the protocol."""

    def __init__(self, words, probabilities):
        self.words = WordList.from_words(["<unk>", "<s>", "</s>", *words])
        self.special_ids = (0, 1, 2)
        self.log = np.log10(probabilities)

    def logprob(self, ids, context_ids=()):
        return self.log[np.asarray(ids, dtype=np.int64)]


def test_fit_matches_its_arpa(kjv_text, tmp_path):
    model = fe.NgramLM(order=3, workers=2).fit(kjv_text)
    assert model.order == 3
    assert model.metadata_["smoothing"] == "modified_kneser_ney"
    first = model.perplexity(kjv_text)
    model.save_arpa(tmp_path / "x.arpa")
    again = fe.NgramLM.load(tmp_path / "x.arpa")
    assert again.perplexity(kjv_text) == first
    assert first.oov == 0
    assert first.sentences == 3000
    # every history's probabilities sum to one, <s> aside
    for context in ("", "<s>", "in the", "no such words", "and god said"):
        total = np.sum(10.0 ** model.distribution(context))
        assert total == pytest.approx(1, abs=1e-4), context


def test_native_file_keeps_parameters(kjv_text, tmp_path):
    model = fe.NgramLM(order=2, min_count=3).fit(kjv_text)
    model.save(tmp_path / "x.fe")
    again = fe.NgramLM.load(tmp_path / "x.fe", workers=1)
    assert (again.order, again.min_count, again.workers) == (2, 3, 1)
    assert again.metadata_ == json.loads(json.dumps(model.metadata_))
    assert again.perplexity(kjv_text) == model.perplexity(kjv_text)
    assert again.perplexity(kjv_text).oov > 0
    model.save(tmp_path / "x8.fe", bits=8)
    small = fe.NgramLM.load(tmp_path / "x8.fe")
    assert small.tables_.bits == 8
    assert small.tables_.nbytes < model.tables_.nbytes
    assert small.perplexity(kjv_text).perplexity == pytest.approx(
        model.perplexity(kjv_text).perplexity, rel=0.02
    )
    assert model.quantized(16).perplexity(kjv_text).perplexity == pytest.approx(
        model.perplexity(kjv_text).perplexity, rel=1e-3
    )


def test_fit_to_counts(kjv_text):
    """Counts that were made elsewhere, of this order or a higher one; they are left as they are."""
    lines = kjv_text.read_text().splitlines()
    parts = [[line.split() for line in part] for part in (lines[:1000], lines[1000:])]
    whole = count_ngrams(parts[0], 4).merge(count_ngrams(parts[1], 4))
    before = [level.count.copy() for level in whole.levels]
    for options in (
        {"order": 4},
        {"order": 3, "kenlm_compatible": True},
        {"order": 2, "smoothing": "witten_bell", "min_counts": "1 2"},
    ):
        made = fe.NgramLM(**options).fit(whole)
        wanted = fe.NgramLM(**options).fit(parts[0] + parts[1])
        assert made.perplexity(kjv_text) == wanted.perplexity(kjv_text)
    for level, count in zip(whole.levels, before, strict=True):
        assert np.array_equal(level.count, count)
    with pytest.raises(ValueError, match="order must be from 1 to 4; got 5"):
        fe.NgramLM(order=5).fit(whole)
    with pytest.raises(ValueError, match="counts have their vocabulary"):
        fe.NgramLM(order=3, min_count=2).fit(whole)
    for name in ("modified_kneser_ney", "kneser_ney"):
        with pytest.raises(TrainingError, match=r"no [123]-gram .*cut off before .*by prune"):
            fe.NgramLM(order=3, smoothing=name, min_counts="1 1 2").fit(whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prune": "0 0 a"}, "prune must be numbers such as"),
        ({"prune": "1 0"}, "prune must not be negative nor decrease"),
        ({"prune": "1"}, "prune must begin with 0"),
        ({"min_counts": "3 2"}, "min_counts must not be negative nor decrease"),
        ({"min_counts": [1, 1, 1, 2]}, "min_counts must be 1 to 3 thresholds"),
        ({"discount_fallback": "2 2 2"}, "discount_fallback must be three numbers"),
        (
            {"smoothing": "mle", "prune_entropy": 1e-8},
            "entropy pruning .* is for back-off models",
        ),
        ({"smoothing": "stupid_backoff", "prune_entropy": 1e-8}, "whose probabilities sum to one"),
        ({"smoothing": "katz", "smoothing_params": {"gt_max": 10**9}}, "gt_max must be .* <= 1000"),
    ],
)
def test_options_are_checked_before_the_text_is_read(options, message):
    def text():
        raise AssertionError("the text was read")
        yield

    with pytest.raises(ValueError, match=message):
        fe.NgramLM(order=3, **options).fit(fe.Corpus(text))
    if "prune" not in options and "min_counts" not in options:
        with pytest.raises(ValueError, match=message):
            fe.ClassLM(order=3, **options).fit(fe.Corpus(text), {"a": 0})


def test_unknown_words_spelled_otherwise(tmp_path):
    """SRILM's models may spell ``<unk>`` in capitals: a text is scored all the same."""
    plain, capital = tmp_path / "plain.arpa", tmp_path / "capital.arpa"
    fe.NgramLM(order=2, smoothing="witten_bell").fit([["a", "b"], ["a", "c"]]).save_arpa(plain)
    capital.write_text(plain.read_text().replace("<unk>", "<UNK>"))
    one, two = fe.NgramLM.load(plain), fe.NgramLM.load(capital)
    text = [["a", "b"], ["zebra", "<unk>", "<UNK>"], []]
    result = one.perplexity(text)
    assert result.oov == 3
    assert two.perplexity(text) == result
    with fe.Corpus(text).encode(keep_empty=True) as encoded:
        assert two.perplexity(encoded) == result
    assert sum(two.score_sentence(sentence) for sentence in text) == pytest.approx(
        result.log_prob, abs=1e-5
    )


def test_not_fitted_and_bad_parameters(tmp_path):
    with pytest.raises(NotFittedError, match="fit"):
        fe.NgramLM().score_sentence("a")
    with pytest.raises(ValueError, match=r"smoothing must be one of .*modified_kneser_ney"):
        fe.NgramLM(smoothing="magic").fit([["a"]])
    with pytest.raises(ValueError, match="order must be an integer >= 1 and <= 7; got 8"):
        fe.NgramLM(order=8).fit([["a"]])
    with pytest.raises(ValueError, match="has no parameter magic"):
        fe.NgramLM(smoothing_params={"magic": 1}).fit([["a"]])
    with pytest.raises(FileNotFoundError):
        fe.NgramLM.load(tmp_path / "none.arpa")
    other = tmp_path / "other.fe"
    write_native(other, {"x": np.zeros(1)}, {"kind": "something"})
    with pytest.raises(FormatError, match="not an n-gram model"):
        fe.NgramLM.load(other)


def test_words_of_the_model(model):
    assert "god" in model
    assert "zebra" not in model
    assert model.id_of("zebra") == model.id_of("<unk>") == model.special_ids[0]
    assert [model.words[i] for i in model.special_ids] == ["<unk>", "<s>", "</s>"]


def test_logprob_of_the_protocol(model, oracle):
    assert isinstance(model, LanguageModel)
    words = ["and", "god", "said", "let", "there", "be", "light"]
    ids = [model.id_of(word) for word in words]
    context = [model.special_ids[1]]
    wanted = [score[0] for score in oracle.sentence(words, eos=False)]
    assert model.logprob(ids, context).tolist() == pytest.approx(wanted, abs=1e-5)
    assert model.logprob(ids[3:], context + ids[:3]).tolist() == pytest.approx(wanted[3:], abs=1e-5)
    assert model.logprob([], context).tolist() == []
    for history in ("", "god", "<s> and god", "zebra and"):
        for word in ("said", "zebra"):
            found = oracle.score(tuple(map(oracle.known, history.split())), oracle.known(word))
            assert model.logscore(word, history) == pytest.approx(found[0], abs=1e-5)


def test_unusual_text(model):
    assert model.score_sentence("god\u00a0said") == model.score_sentence("oneword")  # no cut there
    assert model.full_scores("god\tsaid\n\v\fgod\r")[:3] == model.full_scores("god said god")[:3]
    assert len(model.full_scores("日本 \U0001f600 é")) == 4
    assert model.full_scores("", eos=False) == []
    assert model.score_sentence("", eos=False) == 0.0
    with pytest.raises(UnicodeEncodeError):
        model.score_sentence("\ud800")
    with pytest.raises(TypeError):
        model.score_sentence(None)


def test_perplexity_of_any_source(model, tmp_path, oracle):
    lines = ["and god said", "", "the zebra called the light day", "let there be"]
    texts = [line.split() for line in lines]
    wanted = oracle.perplexity(texts)
    (tmp_path / "x.txt").write_text("\n".join(lines) + "\n")
    encoded = fe.Corpus(tmp_path / "x.txt").encode(keep_empty=True, path=tmp_path / "x.enc")
    for source in (texts, tmp_path / "x.txt", str(tmp_path / "x.txt"), encoded, tmp_path / "x.enc"):
        found = model.perplexity(source)
        assert found.perplexity == pytest.approx(wanted[0], rel=1e-5)
        assert found.perplexity_without_oov == pytest.approx(wanted[1], rel=1e-5)
        assert (found.tokens, found.oov, found.sentences, found.base) == (*wanted[2:], 4, 10)
    assert perplexity(model, texts) == model.perplexity(texts)
    assert model.entropy(texts) == found.entropy
    assert math.log2(found.perplexity) == pytest.approx(found.entropy)


def test_perplexity_in_blocks(model, monkeypatch):
    rng = np.random.default_rng(0)
    words = list(model.words)[3:]
    texts = [[words[i] for i in rng.integers(0, len(words), n)] for n in rng.integers(0, 9, 300)]
    whole = model.perplexity(texts)
    ids = [b for blocks in text_blocks(model, texts, tokens=17) for b in blocks]
    assert len(ids) > 50
    monkeypatch.setitem(text_blocks.__kwdefaults__, "tokens", 17)
    pieces = model.perplexity(texts)
    assert pieces.log_prob == pytest.approx(whole.log_prob, rel=1e-12)
    assert (pieces.tokens, pieces.sentences) == (whole.tokens, whole.sentences)


def test_perplexity_refuses(model):
    with pytest.raises(CorpusError, match="sentence 2: '<s>' stands in the text"):
        model.perplexity([["god"], ["and", "<s>", "god"]])
    with pytest.raises(CorpusError):
        model.perplexity([])
    tables = model.backoff_
    odd = fe.NgramLM.from_tables(
        type(tables)(tables.words, tables.levels, 0, 1, 2, "backoff",
                     {"smoothing": "stupid_backoff", "normalised": False})
    )  # fmt: skip
    assert odd.score_sentence("god") == model.score_sentence("god")
    with pytest.raises(ValueError, match="stupid_backoff are no probabilities"):
        odd.perplexity([["god"]])


def test_infinite_perplexity():
    model = UnigramLM(["a", "b"], [1e-9, 0.5, 0.25, 0.25, 1])
    model.log[4] = -math.inf
    result = perplexity(model, [["a", "b"]])
    assert result.perplexity == math.inf
    assert perplexity(model, [["a"]]).perplexity == pytest.approx(4)
    only_unknown = perplexity(model, [["z"]])
    assert only_unknown.perplexity_without_oov == pytest.approx(4)  # </s> is left


def test_infinite_perplexity_of_unknown_words_alone():
    """Where <unk> is impossible the known words have their perplexity, however it is summed."""
    model = fe.NgramLM(order=1, smoothing="mle").fit([["a", "b", "a"], ["b"]])
    mixture = fe.InterpolatedLM([model], [1.0])
    known = model.perplexity([["a", "b"]])
    assert math.isfinite(known.perplexity)
    for one in (model, mixture, fe.InterpolatedLM([mixture], [1.0])):
        for text in ([["a", "zzz", "b"]], [["zzz", "a"], [], ["b"]]):
            result = one.perplexity(text)
            assert result.perplexity == result.entropy == math.inf
            assert (result.log_prob, result.log_prob_oov) == (-math.inf, -math.inf)
            n = result.tokens - result.oov
            mean = sum(s.log_prob for t in text for s in one.full_scores(t) if not s.oov) / n
            assert result.perplexity_without_oov == pytest.approx(10**-mean)
        assert one.perplexity([["a", "zzz", "b"]]).perplexity_without_oov == pytest.approx(
            known.perplexity
        )
    assert model.score_sentence("a zzz") == -math.inf


def test_generation_follows_the_distribution(model):
    first = Counter(
        sentence.split(" ")[0] for sentence in model.generate(3000, seed=5, max_words=1)
    )
    scores = 10.0 ** model.distribution("<s>").astype(float)
    scores[[0, 1]] = 0
    scores /= scores.sum()
    for word in ("and", "the", ""):
        p = scores[model.id_of(word or "</s>")]
        assert first[word] / 3000 == pytest.approx(p, abs=4 * math.sqrt(p / 3000) + 1e-3)
    assert "<unk>" not in first


def test_generation_options(model):
    one = model.generate(5, seed=1)
    assert one == model.generate(5, seed=1) != model.generate(5, seed=2)
    assert model.generate(3, seed=1) == one[:3]
    best = model.generate(2, temperature=0, max_words=5)
    assert best[0] == best[1]
    word = best[0].split()[0]
    scores = model.distribution("<s>")
    scores[[0, 1]] = -np.inf
    assert word == model.words[int(scores.argmax())]
    assert all(
        s.split()[0] in ("said", "saw") for s in model.generate(5, 3, "and god", 0.05, max_words=2)
    )
    assert model.generate(0) == []
    with pytest.raises(ValueError, match="temperature must be >= 0"):
        model.generate(1, temperature=-1)
    with pytest.raises(TypeError, match="n must be a whole number; got True"):
        model.generate(True)
    assert model.generate(np.int64(2), seed=np.uint8(1)) == one[:2]


def test_kenlms_names(model, oracle):
    theirs = compat.Model(GOLDEN / "kenlm.arpa")
    sentence = "and god zebra said"
    assert theirs.order == 3
    assert theirs.score(sentence) == model.score_sentence(sentence)
    assert list(theirs.full_scores(sentence)) == [tuple(s) for s in model.full_scores(sentence)]
    assert theirs.perplexity(sentence) == pytest.approx(10 ** (-theirs.score(sentence) / 5))
    state, other = compat.State(), compat.State()
    with pytest.raises(ValueError, match="BeginSentenceWrite"):
        theirs.BaseScore(state, "god", other)
    theirs.BeginSentenceWrite(state)
    total = 0.0
    for word in [*sentence.split(), "</s>"]:
        full = theirs.BaseFullScore(state, word, compat.State())
        total += theirs.BaseScore(state, word, other)
        assert full.oov == (word == "zebra")
        state, other = other, compat.State()
    assert total == pytest.approx(theirs.score(sentence), abs=1e-5)
    assert copy.copy(state) == copy.deepcopy(state) == state
    assert compat.Config().load_method == compat.LoadMethod.POPULATE_OR_READ == 2
    assert (compat.ARPALoadComplain.ALL, compat.ARPALoadComplain.NONE) == (0, 2)
    config = compat.Config()
    config.load_method, config.arpa_complain = (
        compat.LoadMethod.LAZY,
        compat.ARPALoadComplain.NONE,
    )
    assert compat.Model(GOLDEN / "kenlm.arpa", config).score(sentence) == theirs.score(sentence)
    theirs.NullContextWrite(other)
    assert other != state
    assert "god" in theirs
    assert "zebra" not in theirs
    assert pickle.loads(pickle.dumps(theirs)).score("god") == theirs.score("god")


def by_definition(tables, ids):
    """log10 p(ids[-1] | ids[:-1]) as the docstring of BackoffTables defines it."""
    rows = {
        tables.ngram(k, row): (k, row)
        for k in range(1, tables.order + 1)
        for row in range(len(tables.levels[k - 1]))
    }

    def score(history, word):
        if (*history, word) in rows:
            k, row = rows[*history, word]
            return float(tables.levels[k - 1].log_prob[row])
        known = rows.get(history)
        back = 0.0 if known is None else float(tables.levels[known[0] - 1].backoff[known[1]])
        if tables.scheme == "uniform":
            return back if known is not None else -math.log10(len(tables.words) - 1)
        return back + score(history[1:], word)

    return [score(tuple(ids[max(0, i - tables.order + 1) : i]), ids[i]) for i in range(len(ids))]


@pytest.mark.parametrize("smoothing", list(SMOOTHINGS))
def test_every_smoothing(smoothing, tmp_path):
    rng = np.random.default_rng(4)
    words = [f"w{i}" for i in range(25)]
    texts = [[words[int(25 * x**2)] for x in rng.random(n)] for n in rng.integers(0, 9, 400)]
    options = {"discount_fallback": True} if smoothing == "modified_kneser_ney" else {}
    model = fe.NgramLM(order=3, smoothing=smoothing, **options).fit(texts, heldout=texts[:50])
    tables = model.backoff_
    for sentence in [[], ["w1", "w2", "w3", "w24", "w0"], ["zzz", "w1", "w1", "w1", "w1"]]:
        ids = [1, *(model.id_of(word) for word in sentence), 2]
        found = [score.log_prob for score in model.full_scores(sentence)]
        assert found == pytest.approx(by_definition(tables, ids)[1:], abs=1e-5)
    if smoothing != "stupid_backoff":
        for context in ("", "<s>", "w1 w2", "w24 w24", "zzz w3"):
            p = 10.0 ** model.distribution(context).astype(float)
            assert p[1] == 0  # <s> is never predicted
            assert p.sum() == pytest.approx(1, abs=1e-4), context
        assert model.perplexity(texts).perplexity > 1
    model.save(tmp_path / "x.fe")
    assert fe.NgramLM.load(tmp_path / "x.fe").full_scores("w1 w2") == model.full_scores("w1 w2")
    if tables.scheme == "uniform":
        with pytest.raises(FormatError, match=f"{smoothing} does not back off"):
            model.save_arpa(tmp_path / "x.arpa")
        with pytest.raises(ValueError, match=f"{smoothing} does not back off"):
            model.check(arpa=True)
    else:
        model.check(arpa=True)
        model.save_arpa(tmp_path / "x.arpa")
        again = fe.NgramLM.load(tmp_path / "x.arpa")
        assert again.full_scores("w1 zzz w2") == model.full_scores("w1 zzz w2")
        if smoothing == "stupid_backoff":  # which its ARPA file says too
            with pytest.raises(ValueError, match="are no probabilities"):
                again.perplexity(texts)
            again.save_arpa(tmp_path / "y.arpa")
            assert (tmp_path / "y.arpa").read_bytes() == (tmp_path / "x.arpa").read_bytes()


def test_options_of_counting():
    texts = [["a", "b"], ["a", "<s>", "b"], ["a", "c"]] * 3
    with pytest.raises(CorpusError, match="<s>"):
        fe.NgramLM(order=2, smoothing="additive").fit(texts)
    model = fe.NgramLM(order=2, smoothing="additive", symbols="skip").fit(texts)
    assert model.tables_.counts == [6, 5]
    cut = fe.NgramLM(order=2, smoothing="additive", symbols="skip", min_counts="1 4").fit(texts)
    assert cut.tables_.counts == [6, 3]  # <s> a, a b, b </s>
    pruned = fe.NgramLM(order=3, smoothing="witten_bell", symbols="skip", prune_entropy=0.5)
    assert pruned.fit(texts).tables_.counts[2] == 0
    eta = fe.NgramLM(order=1, smoothing="dirichlet", smoothing_params={"eta": 9.0}).fit(texts[:1])
    assert 10 ** eta.logscore("a") == pytest.approx((1 + 9) / (3 + 9 * 4))
    with pytest.raises(ValueError, match=r"additive has no parameter kenlm_compatible"):
        fe.NgramLM(order=1, smoothing="additive", kenlm_compatible=True).fit(texts)


@pytest.mark.parametrize("make", [fe.NgramLM, fe.ClassLM], ids=["ngram", "class"])
def test_files_of_equal_models_are_equal(kjv_text, tmp_path, make):
    lines = kjv_text.read_text().splitlines()[:300]
    text = [line.split() for line in lines]
    words = sorted({word for line in text for word in line})
    classes = ({word: i % 30 for i, word in enumerate(words)},) if make is fe.ClassLM else ()
    files = []
    for workers, memory in ((1, None), (2, "1G"), (4, "2M")):
        model = make(order=3, smoothing="witten_bell", workers=workers, memory=memory)
        model.fit(text, *classes).save(tmp_path / "x.fe")
        files.append((tmp_path / "x.fe").read_bytes())
    assert files[0] == files[1] == files[2]
