"""Class-based language models: the oracle, sums, the identity with mutual information, files."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ngram_helpers import sentences
from oracle_class_lm import ClassOracle
from test_smoothing import NAMES, expected

import fastembed as fe
from fastembed.cluster.pairs import class_pairs, count_pairs, item_order
from fastembed.cluster.tasks import ExchangeTask
from fastembed.core.errors import NotFittedError
from fastembed.core.progress import progress_of
from fastembed.io.native import read_native, write_native
from fastembed.ngram.files import open_model
from fastembed.ngram.sentences import with_specials


def random_text(seed=1, n=80, words="abcdefghij"):
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(words) + 1)
    return [
        [str(w) for w in rng.choice(list(words), rng.integers(0, 9), p=share / share.sum())]
        for _ in range(n)
    ]


TEXT = random_text()
# "j" has no class, "z" is not in the text
CLASSES = {"a": 0, "b": 1, "c": 1, "d": 2, "e": 2, "f": 2, "g": 3, "h": 3, "i": 0, "z": 3}


def same(a, b):
    assert a.words == b.words
    assert np.array_equal(a.class_of_, b.class_of_)
    assert np.array_equal(a.log_word_, b.log_word_)
    for x, y in zip(a.class_model_.backoff_.levels, b.class_model_.backoff_.levels, strict=True):
        assert np.array_equal(x.log_prob, y.log_prob)
        assert np.array_equal(x.word, y.word)


# ------------------------------------------------------------------------------ probabilities


@pytest.mark.parametrize("delta", [0.0, 0.5])
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_equals_the_oracle(name, order, delta):
    model = fe.ClassLM(order=order, smoothing=name, word_delta=delta, workers=1)
    model.fit(TEXT, CLASSES)
    tables = model.class_model_.backoff_
    o = ClassOracle(TEXT, CLASSES, order, lambda o: expected(name, o, tables), delta)
    assert sorted(model.words) == sorted(o.words)
    assert ("z" in model) == (delta > 0)
    predictable = [w for w in o.words if w != "<s>"]
    histories = [(), ("<s>",), ("a", "b"), ("<s>", "j"), ("d", "zebra"), ("i", "h", "c"), ("f",)]
    for history in histories:
        wanted = [o.p(history[-(order - 1) :] if order > 1 else (), w) for w in predictable]
        got = [10 ** model.logscore(w, history) for w in predictable]
        assert got == pytest.approx(wanted, rel=3e-5, abs=1e-9), history
        whole = model.distribution(history)
        assert [whole[model.id_of(w)] for w in predictable] == pytest.approx(
            [model.logscore(w, history) for w in predictable], rel=1e-5
        )


@given(
    text=sentences,
    classes=st.dictionaries(st.sampled_from("abcdxy"), st.integers(0, 2), min_size=1),
    order=st.integers(1, 3),
    delta=st.sampled_from([0.0, 0.25]),
    name=st.sampled_from([n for n in NAMES if n not in ("stupid_backoff", "good_turing", "katz")]),
    history=st.lists(st.sampled_from(["a", "b", "x", "unseen"]), max_size=3),
)
def test_probabilities_sum_to_one(text, classes, order, delta, name, history):
    assume(any(word in classes for sentence in text for word in sentence))
    one_discount = name in ("absolute_discounting", "kneser_ney")
    model = fe.ClassLM(
        order=order, smoothing=name, word_delta=delta, workers=1,
        smoothing_params={"discount": 0.75} if one_discount else None,
    ).fit(text, classes)  # fmt: skip
    for context in (history, ["<s>", *history]):
        p = 10 ** model.distribution(context).astype(np.float64)
        assert p[model.special_ids[1]] == 0
        assert p.sum() == pytest.approx(1, abs=2e-5)


def test_mean_log_likelihood_is_information_less_entropy(kjv_text):
    """Of the class bigram with relative frequencies on its own text, <s> and </s> being one."""
    text = [line.split() for line in kjv_text.read_text().splitlines()[:400]]
    clusters = fe.ExchangeClusters(n_clusters=20, hierarchy=False, workers=1).fit(text)
    model = fe.ClassLM(order=2, smoothing="mle").fit(text, clusters)
    result = model.perplexity(text)

    # as one stream: </s> is a word between the lines, in a class of its own
    stream = [["</s>", *itertools.chain.from_iterable([*line, "</s>"] for line in text)]]
    with fe.Corpus(stream).encode() as encoded:
        words = encoded.vocabulary
        order = item_order(words)
        pairs = count_pairs(
            encoded, order, across_lines=True, workers=1, progress=progress_of(False)
        )
    classes = np.array(
        [20 if words.word_of(i) == "</s>" else clusters.predict(words.word_of(i)) for i in order],
        dtype=np.uint32,
    )
    information = ExchangeTask(pairs, classes, 21).history[0]
    counts = Counter(w for line in text for w in [*line, "</s>"])
    total = sum(counts.values())
    entropy = -sum(n / total * math.log2(n / total) for n in counts.values())
    assert result.tokens == total == class_pairs(pairs, classes, 21).total
    assert -result.entropy == pytest.approx(information - entropy, abs=1e-5)
    # and what the clustering itself reports, of all lines as one and without the ends of lines
    assert clusters.ami_ == pytest.approx(information, abs=0.5)


# ----------------------------------------------------------------------------- texts and classes


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_text_and_any_clustering(tmp_path, workers):
    first = fe.ClassLM(order=3, workers=1).fit(TEXT, CLASSES)
    with fe.Corpus(TEXT).encode(keep_empty=True) as encoded:  # ids in another order
        same(first, fe.ClassLM(order=3, workers=workers).fit(encoded, CLASSES))
        encoded.save(tmp_path / "text.fe")
    same(first, fe.ClassLM(order=3, workers=workers).fit(tmp_path / "text.fe", CLASSES))
    (tmp_path / "text.txt").write_text("".join(" ".join(s) + "\n" for s in TEXT))
    same(first, fe.ClassLM(order=3, workers=workers).fit(tmp_path / "text.txt", CLASSES))
    clusters = fe.BrownClusters(n_clusters=4, workers=workers).fit(TEXT)
    by_object = fe.ClassLM(workers=workers).fit(TEXT, clusters)
    clusters.save_paths(tmp_path / "paths")
    clusters.save_tsv(tmp_path / "classes.tsv")
    clusters.save(tmp_path / "clusters.fe")
    wanted = by_object.perplexity(TEXT)
    for name in ("paths", "classes.tsv", "clusters.fe"):
        other = fe.ClassLM(workers=workers).fit(TEXT, tmp_path / name)
        assert other.perplexity(TEXT).perplexity == pytest.approx(wanted.perplexity)
    mapping = {word: clusters.path(word) for word in clusters.vocabulary_.words}
    other = fe.ClassLM(workers=workers).fit(TEXT, mapping)
    assert other.perplexity(TEXT).perplexity == pytest.approx(wanted.perplexity)


def test_a_corpus_on_disk_is_read_in_pieces(monkeypatch):
    monkeypatch.setattr("fastembed.cluster.word_classes.BLOCK", 7)
    first = fe.ClassLM(order=2, workers=1).fit(TEXT, CLASSES)
    monkeypatch.delattr("fastembed.text.encoded._Renumbered.array")  # all ids at once
    with fe.Corpus(TEXT).encode(keep_empty=True, memory=64) as encoded:
        same(first, fe.ClassLM(order=2, workers=1).fit(encoded, CLASSES))


def test_specials_are_classes_of_their_own():
    text = [["a", "<unk>", "b"], ["b", "what"]] * 3
    model = fe.ClassLM(smoothing="additive", workers=1)
    model.fit(text, {"<unk>": 1, "a": 1, "b": 1, "</s>": 1})
    assert model.words.to_list() == ["<unk>", "<s>", "</s>", "a", "b"]
    assert model.class_of_.tolist() == [0, 1, 2, 3, 3]
    assert model.n_unknown_ == 6
    assert 10**model.log_word_ == pytest.approx([1, 1, 1, 1 / 3, 2 / 3])
    scores = model.full_scores("a what b")
    assert [score.oov for score in scores] == [False, True, False, False]
    assert model.class_model_.logscore("<unk>", "c0") == pytest.approx(scores[1].log_prob)


def test_heldout_text_for_weights():
    held = random_text(5)
    one = fe.ClassLM(smoothing="jelinek_mercer", workers=1).fit(TEXT, CLASSES, heldout=held)
    with fe.Corpus(held).encode(keep_empty=True) as encoded:
        two = fe.ClassLM(smoothing="jelinek_mercer", workers=1)
        same(one, two.fit(TEXT, CLASSES, heldout=encoded))
        # a model of words takes it as well
        words = fe.NgramLM(order=2, smoothing="jelinek_mercer", workers=1)
        a = words.fit(TEXT, heldout=held).metadata_["weights"]
        assert words.fit(TEXT, heldout=encoded).metadata_["weights"] == a
    none = fe.ClassLM(smoothing="jelinek_mercer", workers=1).fit(TEXT, CLASSES)
    assert none.metadata_["weights"] != one.metadata_["weights"]


# -------------------------------------------------------------------------------- questions


def test_all_ways_to_ask_agree():
    model = fe.ClassLM(order=3, workers=2).fit(TEXT, CLASSES)
    for words in ([], ["a"], ["j", "zebra", "c"], random_text(3)[0], ["b"] * 30):
        for bos, eos in itertools.product([True, False], repeat=2):
            scores = model.full_scores(words, bos, eos)
            assert model.full_scores(" ".join(words), bos, eos) == scores
            total = sum(score.log_prob for score in scores)
            for text in (words, " ".join(words), " \t".join(["", *words, "\n"])):
                assert model.score_sentence(text, bos, eos) == pytest.approx(total, abs=1e-5)
            state = model.begin_state() if bos else model.null_state()
            context = ["<s>"] * bos
            for score, word in zip(scores, [*words, "</s>"] if eos else words, strict=True):
                assert model.logscore(word, context) == pytest.approx(score.log_prob, abs=1e-6)
                state, log_prob = model.score(state, word)
                assert log_prob == pytest.approx(score.log_prob, abs=1e-6)
                context.append(word)
    assert model.score_sentence(["a b"]) == pytest.approx(model.score_sentence(["zebra"]))
    result = model.perplexity(TEXT)
    log_prob = sum(model.score_sentence(sentence) for sentence in TEXT)
    assert result.log_prob == pytest.approx(log_prob)
    assert result.oov == sum(sentence.count("j") for sentence in TEXT)
    assert fe.evaluate.perplexity(model, TEXT) == result
    assert isinstance(model, fe.evaluate.LanguageModel)


def test_fitting_again_forgets():
    model = fe.ClassLM(order=2, workers=1).fit(TEXT, CLASSES)
    before = model.score_sentence("a b")
    assert model.fit([["a", "c"], ["b"]], CLASSES).score_sentence("a b") != before
    assert model.fit(TEXT, CLASSES).score_sentence("a b") == before


def test_generate():
    model = fe.ClassLM(order=2, workers=1).fit(TEXT, CLASSES)
    drawn = model.generate(1000, seed=3, max_words=50)
    assert drawn[:50] == model.generate(50, seed=3, max_words=50)
    counts = Counter(word for sentence in drawn for word in sentence.split())
    assert set(counts) <= set(CLASSES) - {"z"}
    # 0 and 3 are the same class: words come in the proportion of their counts
    share = 10 ** (model.log_word_[model.id_of("a")] - model.log_word_[model.id_of("i")])
    assert counts["a"] / counts["i"] == pytest.approx(share, rel=0.2)
    assert len(set(model.generate(5, temperature=0, max_words=3))) == 1


# ------------------------------------------------------------------------------------ files


@pytest.mark.parametrize("mmap", [True, False])
def test_save_and_load(tmp_path, mmap):
    model = fe.ClassLM(order=3, smoothing="witten_bell", word_delta=0.1, workers=1)
    model.fit([["ä", "日本", "b"], ["b", "ä"]], {"ä": "x", "日本": "y", "b": "x"})
    model.save(tmp_path / "x.fe")
    again = fe.ClassLM.load(tmp_path / "x.fe", mmap=mmap, verify=True)
    assert again.get_params() == model.get_params() | {"workers": None}
    assert again.n_unknown_ == model.n_unknown_ == 0
    same(again, model)
    assert again.full_scores("ä 日本 zebra") == model.full_scores("ä 日本 zebra")
    assert isinstance(open_model(tmp_path / "x.fe"), fe.ClassLM)
    again.save(tmp_path / "y.fe")
    assert (tmp_path / "x.fe").stat().st_size == (tmp_path / "y.fe").stat().st_size
    if mmap:
        assert not again.class_of_.flags.writeable


def test_files_that_are_something_else(tmp_path):
    model = fe.ClassLM(workers=1).fit(TEXT, CLASSES)
    model.save(tmp_path / "x.fe")
    with pytest.raises(fe.FormatError, match="holds 'class-based model', not an n-gram model"):
        fe.NgramLM.load(tmp_path / "x.fe")
    model.class_model_.save(tmp_path / "n.fe")
    with pytest.raises(fe.FormatError, match="holds 'n-gram model', not a class-based model"):
        fe.ClassLM.load(tmp_path / "n.fe")
    write_native(tmp_path / "z.fe", {}, {"kind": "bread"})
    with pytest.raises(fe.FormatError, match="holds 'bread', not a language model"):
        open_model(tmp_path / "z.fe")
    file = read_native(tmp_path / "x.fe")
    for name, change in {
        "class_of": np.full_like(file.arrays["class_of"], 99),
        "log_word": file.arrays["log_word"][:-1],
        "word_offsets": file.arrays["word_offsets"][:-1],
        "classes.log_prob": None,
    }.items():
        arrays = {k: v for k, v in {**file.arrays, name: change}.items() if v is not None}
        write_native(tmp_path / "bad.fe", arrays, file.metadata)
        with pytest.raises(fe.FormatError, match="damaged"):
            fe.ClassLM.load(tmp_path / "bad.fe")
    for missing in ("class_model", "params", "n_unknown"):
        metadata = {k: v for k, v in file.metadata.items() if k != missing}
        write_native(tmp_path / "bad.fe", file.arrays, metadata)
        with pytest.raises(fe.FormatError, match="damaged"):
            fe.ClassLM.load(tmp_path / "bad.fe")
    data = (tmp_path / "x.fe").read_bytes()
    (tmp_path / "cut.fe").write_bytes(data[:-50])
    with pytest.raises(fe.FormatError):
        fe.ClassLM.load(tmp_path / "cut.fe")


def test_damaged_files_are_found_or_harmless(tmp_path):
    model = fe.ClassLM(order=3, workers=1).fit(TEXT, CLASSES)
    words = fe.NgramLM(order=2, smoothing="witten_bell", workers=1).fit(TEXT)
    fe.InterpolatedLM([words, model, fe.CacheLM.like(words)], [0.5, 0.3, 0.2]).save(
        tmp_path / "x.fe"
    )
    data = (tmp_path / "x.fe").read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    rng = np.random.default_rng(4)
    for _ in range(60):
        bad = bytearray(data)
        for at in rng.integers(begin, len(data), int(rng.integers(1, 40))).tolist():
            bad[at] ^= int(rng.integers(1, 256))
        (tmp_path / "bad.fe").write_bytes(bad)
        with pytest.raises(fe.FormatError):
            open_model(tmp_path / "bad.fe", verify=True)
        try:
            found = open_model(tmp_path / "bad.fe")
            found.score_sentence("a b zebra")
            found.generate(1, max_words=3)
            found.perplexity(TEXT[:5])
        except (fe.FastembedError, ValueError):
            pass  # of the words: not UTF-8, or their offsets decrease


# -------------------------------------------------------------------------------- bad input


def test_bad_input(tmp_path):
    with pytest.raises(fe.VocabularyError, match=r"none of the .* words of the text has a class"):
        fe.ClassLM().fit(TEXT, {"zebra": 1})
    clusters = fe.ExchangeClusters(n_clusters=2).fit([["x", "y", "x"]])
    with pytest.raises(fe.VocabularyError, match=r"of 'x', 'y', ...\) those of another text"):
        fe.ClassLM().fit(TEXT, clusters)
    with pytest.raises(ValueError, match="no word has a class"):
        fe.ClassLM().fit(TEXT, {})
    with pytest.raises(ValueError, match="no word has a class"):
        fe.ClassLM().fit(TEXT, {"</s>": 1})
    with pytest.raises(TypeError, match="classes must be clusters"):
        fe.ClassLM().fit(TEXT, 5)
    with pytest.raises(TypeError, match="classes must map words"):
        fe.ClassLM().fit(TEXT, {1: 1})
    with pytest.raises(NotFittedError):
        fe.ClassLM().fit(TEXT, fe.BrownClusters())
    with pytest.raises(NotFittedError):
        fe.ClassLM().score_sentence("a b")
    with pytest.raises(NotFittedError):
        fe.ClassLM().generate()
    with pytest.raises(NotFittedError):
        fe.ClassLM().save(tmp_path / "x.fe")
    for params, message in (
        ({"order": 0}, "order must be an integer >= 1"),
        ({"order": 8}, "order"),
        ({"smoothing": "magic"}, "smoothing must be one of"),
        ({"word_delta": -1}, "word_delta"),
        ({"smoothing": "mle", "prune": "0 1"}, "mle has no parameter prune"),
        ({"smoothing": "mle", "discount_fallback": "0 1 1"}, "mle has no parameter"),
    ):
        with pytest.raises(ValueError, match=message):
            fe.ClassLM(**params).fit(TEXT, CLASSES)
    (tmp_path / "paths").write_text("0\ta\t1\n1\tb\t1\n1\ta\t2\n")
    with pytest.raises(fe.FormatError, match="line 3: 'a' has '1' here and '0' on line 1"):
        fe.ClassLM().fit(TEXT, tmp_path / "paths")
    with pytest.raises(fe.CorpusError, match="has the word '</s>'"):
        fe.ClassLM().fit([["a", "</s>"]], CLASSES)
    skipped = fe.ClassLM(symbols="skip").fit([["a", "</s>", "b"]], CLASSES)
    same(skipped, fe.ClassLM().fit([["a", "b"]], CLASSES))
    stupid = fe.ClassLM(smoothing="stupid_backoff").fit(TEXT, CLASSES)
    with pytest.raises(ValueError, match="no probabilities"):
        stupid.perplexity(TEXT)


def test_a_corpus_in_other_words():
    with fe.Corpus([["a", "b"], ["b", "c"]]).encode() as encoded:
        target = with_specials(fe.Vocabulary.from_counts({"c": 3, "b": 1}))[0]
        other = encoded.in_words_of(target, 0)
        assert [ids.tolist() for ids in other] == [[0, 4], [4, 3]]
        assert other.read(1, 3).tolist() == [4, 4]
        assert other.n_raw_tokens == 4
        with pytest.raises(ValueError, match="new_ids must be 3 numbers below 5"):
            encoded.renumbered(target, np.array([0, 1, 5]))
        with pytest.raises(ValueError, match="new_ids must be 3 numbers below 5"):
            encoded.renumbered(target, np.array([0, 1]))
