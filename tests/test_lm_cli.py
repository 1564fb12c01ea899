"""``fastembed lm``: train, score, perplexity, generate, convert, and pipes between them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

import fastembed as fe
from fastembed import ClassLM, NgramLM

GOLDEN = Path(__file__).parent / "golden" / "lm" / "kenlm.arpa"


@pytest.fixture(scope="module")
def model():
    return NgramLM.load(GOLDEN)


def test_train_all_outputs(run_cli, kjv_text, tmp_path):
    wanted = NgramLM(order=3).fit(kjv_text)
    for name in ("x.fe", "x.arpa", "x.arpa.gz"):
        done = run_cli("lm", "train", kjv_text, "--order", 3, "-o", tmp_path / name)
        assert done.status == 0, done.err
        assert "modified_kneser_ney, order 3" in done.err
        assert NgramLM.load(tmp_path / name).perplexity(kjv_text) == wanted.perplexity(kjv_text)
    assert gzip.decompress((tmp_path / "x.arpa.gz").read_bytes()) == (
        (tmp_path / "x.arpa").read_bytes()
    )
    done = run_cli(
        "lm", "train", "-", "--order", 3, "-o", "-", "--format", "arpa", "-q",
        stdin=kjv_text.read_bytes(),
    )  # fmt: skip
    assert done.status == 0
    assert done.out.encode() == (tmp_path / "x.arpa").read_bytes()
    assert done.err == ""


def test_train_options_and_errors(run_cli, tmp_path):
    (tmp_path / "small.txt").write_text("a b\na c\n")
    done = run_cli("lm", "train", tmp_path / "small.txt", "-o", tmp_path / "x.fe", "-q")
    assert done.status in (1, 2)
    assert "discount_fallback" in done.err or "discounts" in done.err
    assert not (tmp_path / "x.fe").exists()
    done = run_cli("lm", "train", tmp_path / "small.txt", "-o", tmp_path / "no" / "x.fe")
    assert done.status == 1
    assert "no such folder" in done.err
    done = run_cli("lm", "train", tmp_path / "small.txt", "-o", "x.arpa", "--bits", 8)
    assert done.status == 2
    # what cannot be saved is not trained, nor is its text opened
    done = run_cli("lm", "train", tmp_path / "none.txt", "-o", "x.arpa", "--smoothing", "mle")
    assert done.status == 2
    assert "mle does not back off to shorter histories" in done.err
    done = run_cli("lm", "train", tmp_path / "small.txt", "-o", "x.fe", "--smoothing", "magic")
    assert done.status == 2
    assert "modified_kneser_ney" in done.err


@pytest.mark.parametrize("option", ["--heldout", "--vocab", "--classes"])
def test_standard_input_is_read_once(run_cli, tmp_path, option):
    done = run_cli("lm", "train", "-", option, "-", "-o", tmp_path / "x.fe", stdin=b"a b\na c\n")
    assert done.status == 2
    assert "only one of TEXT, --heldout, --classes and --vocab can be standard input" in done.err
    assert not (tmp_path / "x.fe").exists()


def test_native_files_are_opened_by_name(run_cli, model, tmp_path):
    """Neither from standard input nor packed."""
    model.save(tmp_path / "x.fe")
    data = (tmp_path / "x.fe").read_bytes()
    (tmp_path / "x.fe.gz").write_bytes(gzip.compress(data))
    (tmp_path / "test.txt").write_text("a b\n")
    for name, stdin in (("-", data), (tmp_path / "x.fe.gz", b"")):
        done = run_cli("lm", "perplexity", name, tmp_path / "test.txt", stdin=stdin)
        assert done.status == 1
        place = "standard input" if name == "-" else str(name)
        assert f"{place}: a native file, which is opened by memory map" in done.err


def test_score(run_cli, model, tmp_path):
    lines = ["and god said", "", "  the\tzebra ", "let there be light"]
    (tmp_path / "x.txt").write_text("\n".join(lines) + "\n")
    done = run_cli("lm", "score", GOLDEN, tmp_path / "x.txt", "-q")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[1] for row in rows] == [" ".join(line.split()) for line in lines]
    for row, line in zip(rows, lines, strict=True):
        assert float(row[0]) == pytest.approx(model.score_sentence(line), abs=1e-6)
    done = run_cli(
        "lm",
        "score",
        GOLDEN,
        "--tokens",
        "--no-eos",
        "-q",
        stdin=b"The ZEBRA said\n",
    )
    assert [row.split("\t")[3:] for row in done.out.splitlines()] == [["oov"], ["oov"], ["-"], []]
    done = run_cli("lm", "score", GOLDEN, "--lowercase", "--tokens", "--json", "-q",
                   stdin=b"The ZEBRA\nsaid")  # fmt: skip
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert [token["word"] for token in first["tokens"]] == ["the", "zebra", "</s>"]
    assert [token["oov"] for token in first["tokens"]] == [False, True, False]
    assert second["log_prob"] == pytest.approx(model.score_sentence("said"), abs=1e-5)
    done = run_cli("lm", "score", GOLDEN, "--json", "-q", "--no-bos", stdin=b"god\n")
    assert json.loads(done.out)["log_prob"] == model.score_sentence("god", bos=False)
    done = run_cli("lm", "score", GOLDEN, "-q", stdin=b"god\nbad \xff\n")
    assert done.status == 1
    assert "byte 8: not UTF-8 (byte 0xff)" in done.err
    for mark in ("<s>", "</s>"):
        done = run_cli("lm", "score", GOLDEN, "-q", stdin=f"god\n<s>x {mark} god\n".encode())
        assert done.status == 1
        assert f"standard input, line 2: {mark!r} stands in the text" in done.err
    assert run_cli("lm", "score", GOLDEN, "-q", stdin=b"god <s>x </s\n").status == 0


def test_perplexity(run_cli, model, tmp_path):
    (tmp_path / "x.txt").write_text("and god said\n\nthe zebra\n")
    wanted = model.perplexity(tmp_path / "x.txt")
    done = run_cli("lm", "perplexity", GOLDEN, tmp_path / "x.txt", "--json", "-q")
    found = json.loads(done.out)
    assert found.pop("model") == str(GOLDEN)
    assert found == wanted.to_dict()
    assert {"perplexity", "perplexity_without_oov", "tokens", "oov"} <= set(found)
    done = run_cli("lm", "perplexity", GOLDEN, "-", stdin=(tmp_path / "x.txt").read_bytes())
    assert f"perplexity               {wanted.perplexity:.4f}" in done.out
    assert "8 (5 words, 3 </s>)" in done.out


def test_perplexity_of_several_models(run_cli, tmp_path, kjv_text):
    text = kjv_text.read_text().splitlines(keepends=True)
    (tmp_path / "train.txt").write_text("".join(text[:2500]))
    (tmp_path / "held.txt").write_text("".join(text[2500:2750]))
    (tmp_path / "test.txt").write_text("".join(text[2750:]))
    for order in (1, 3):
        model = tmp_path / f"{order}.fe"
        assert run_cli("lm", "train", tmp_path / "train.txt", "--order", order, "-o",
                       model).status == 0  # fmt: skip
    files = [tmp_path / name for name in ("1.fe", "3.fe", "test.txt")]
    both = json.loads(run_cli("lm", "perplexity", *files, "--json").out)
    assert both[0]["perplexity"] > both[1]["perplexity"]
    held = ("--interpolate", tmp_path / "held.txt")
    mixed = json.loads(run_cli("lm", "perplexity", *files, *held, "--json").out)
    assert mixed["models"] == both
    assert sum(mixed["weights"]) == pytest.approx(1)
    cached = json.loads(run_cli("lm", "perplexity", *files, *held, "--cache", 200, "--json").out)
    assert len(cached["weights"]) == 3
    assert cached["perplexity"] < mixed["perplexity"]
    done = run_cli("lm", "perplexity", *files, *held, "--cache", 200)
    assert "cache of 200" in done.out
    done = run_cli("lm", "perplexity", *files[:2], "-", stdin=files[2].read_bytes())
    assert f"{both[0]['perplexity']:.4f}" in done.out
    assert f"{both[1]['perplexity']:.4f}" in done.out
    # a text that can be read once, for one model and its mixture with a cache
    mix = ("--interpolate", held[1], "--cache", 200)
    wanted = run_cli("lm", "perplexity", files[0], files[2], *mix).out
    done = run_cli("lm", "perplexity", files[0], "-", *mix, stdin=files[2].read_bytes())
    assert done.out == wanted
    assert run_cli("lm", "perplexity", files[0], "-", "--interpolate", "-").status == 2
    assert run_cli("lm", "perplexity", *files, "--cache", 5).status == 2
    assert run_cli("lm", "perplexity", "-", "-", "-").status == 2


def test_a_mixture_measured_on_the_text_of_its_weights(run_cli, tmp_path, kjv_text):
    """Where every file is a model the text of --interpolate is scored, and this is said."""
    for name in ("1.fe", "3.arpa"):
        done = run_cli("lm", "train", kjv_text, "--order", name[0], "-o", tmp_path / name)
        assert done.status == 0, done.err
    (tmp_path / "3.arpa.gz").write_bytes(gzip.compress((tmp_path / "3.arpa").read_bytes()))
    with fe.Corpus(kjv_text).encode(keep_empty=True) as encoded:
        encoded.save(tmp_path / "held.fe")
    held = ("--interpolate", kjv_text)
    for last in ("3.arpa", "3.arpa.gz"):
        models = [tmp_path / "1.fe", tmp_path / last]
        wanted = run_cli("lm", "perplexity", *models, kjv_text, *held, "-q")
        assert wanted.err == ""
        done = run_cli("lm", "perplexity", *models, *held, "-q")
        assert (done.status, done.out) == (0, wanted.out)
        assert f"perplexities are of {kjv_text}, to which the weights" in done.err
    done = run_cli("lm", "perplexity", *models, "--interpolate", "-", "-q",
                   stdin=kjv_text.read_bytes())  # fmt: skip
    assert (done.status, done.out) == (0, wanted.out)
    assert "perplexities are of standard input" in done.err
    # an encoded corpus is a text, though its file is a native one
    done = run_cli("lm", "perplexity", *models, tmp_path / "held.fe", *held, "-q")
    assert (done.status, done.out, done.err) == (0, wanted.out, "")
    done = run_cli("lm", "perplexity", models[0])
    assert done.status == 2
    assert "give MODEL and TEXT, or --interpolate HELDOUT" in done.err


def strict(text):
    """JSON as its standard has it: without Infinity and NaN."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_infinities_are_null_in_json(run_cli, tmp_path):
    (tmp_path / "t.txt").write_text("a b a\nb\n")
    (tmp_path / "o.txt").write_text("a zzz b\n")
    done = run_cli("lm", "train", tmp_path / "t.txt", "--order", 1, "--smoothing", "mle", "-o",
                   tmp_path / "m.fe")  # fmt: skip
    assert done.status == 0, done.err
    files = (tmp_path / "m.fe", tmp_path / "o.txt")
    assert strict(run_cli("lm", "score", *files, "--json").out)["log_prob"] is None
    whole = strict(run_cli("lm", "score", *files, "--json", "--tokens").out)
    assert whole["log_prob"] is None
    assert [token["log_prob"] is None for token in whole["tokens"]] == [False, True, False, False]
    assert run_cli("lm", "score", *files).out == "-inf\ta zzz b\n"
    found = strict(run_cli("lm", "perplexity", *files, "--json").out)
    assert found["perplexity"] is found["log_prob"] is found["entropy"] is None
    assert found["perplexity_without_oov"] > 1
    text = run_cli("lm", "perplexity", *files).out
    assert "log10 probability        -inf\n" in text
    assert "perplexity               infinite\n" in text
    assert "None" not in text
    compared = ("lm", "compare", files[0].with_name("t.txt"), "--test", files[1], "--heldout",
                files[1], "--smoothing", "mle", "--order", 1, "--clusters", 0,
                "--min-count", 1, "--json")  # fmt: skip
    done = run_cli(*compared)
    assert done.status == 0, done.err
    assert strict(done.out)["rows"][0]["orders"][0]["perplexity"] is None


def test_classes(run_cli, tmp_path, kjv_text):
    text = kjv_text.read_text().splitlines(keepends=True)
    for name, lines in (("train", text[:2500]), ("held", text[2500:2750]), ("test", text[2750:])):
        (tmp_path / name).write_text("".join(lines))
    train, held, test = (tmp_path / name for name in ("train", "held", "test"))
    paths, word, classes = (tmp_path / name for name in ("paths", "word.fe", "class.fe"))
    assert (
        run_cli("brown", train, "--method", "exchange", "--clusters", 60, "-o", paths).status == 0
    )
    assert run_cli("lm", "train", train, "--order", 3, "-o", word, "-q").status == 0
    done = run_cli("lm", "train", train, "--classes", paths, "--order", 3, "-o", classes)
    assert done.status == 0, done.err
    assert "60 classes of" in done.err
    assert "0.0% of the text has no class" in done.err
    model = ClassLM.load(classes)
    assert model.order == 3
    found = json.loads(run_cli("lm", "perplexity", classes, test, "--json").out)
    assert found["perplexity"] == model.perplexity(test).perplexity
    done = run_cli("lm", "score", classes, "-q", stdin=b"and god said\n")
    assert float(done.out.split("\t")[0]) == pytest.approx(model.score_sentence("and god said"),
                                                           abs=1e-6)  # fmt: skip
    done = run_cli("lm", "score", classes, "-q", "--tokens", stdin=b"and zebra\n")
    assert [line.split("\t")[3:] for line in done.out.splitlines()] == [["-"], ["oov"], ["-"], []]
    done = run_cli("lm", "generate", classes, "-n", 2)
    assert done.out.splitlines() == model.generate(2)
    mixed = tmp_path / "mixed.fe"
    command = ("lm", "perplexity", word, classes, test, "--interpolate", held, "--json")
    found = json.loads(run_cli(*command, "-o", mixed).out)
    assert found["perplexity"] < min(row["perplexity"] for row in found["models"])
    again = json.loads(run_cli("lm", "perplexity", mixed, test, "--json").out)
    assert again["perplexity"] == found["perplexity"]
    assert run_cli("lm", "score", mixed, "-q", stdin=b"and god said\n").status == 0
    assert len(run_cli("lm", "generate", mixed, "-n", 2, "--max-words", 5).out.splitlines()) == 2
    for options, message in (
        (("--model", "class"), "--model class needs --classes FILE"),
        (
            ("--model", "ngram", "--classes", paths),
            "--classes is for --model class or neural, not ngram",
        ),
        (("--classes", paths, "--bits", 8), "--bits is for --model ngram, not class"),
        (("--classes", paths, "--format", "arpa"), "an ARPA file is for --model ngram, not class"),
        (("--word-delta", 1), "--word-delta is no option of --model ngram"),
        (("--classes", paths, "--min-count", 2), "--min-count is no option of --model class"),
        (("--classes", tmp_path / "none"), "none"),
        (("--classes", paths, "--order", 0), "order must be"),
    ):
        done = run_cli("lm", "train", train, "-o", tmp_path / "never.fe", *options)
        assert done.status in (1, 2)
        assert message in done.err
    assert not (tmp_path / "never.fe").exists()
    assert run_cli("lm", "perplexity", word, test, "-o", mixed).status == 2
    assert run_cli("lm", "convert", classes, tmp_path / "x.arpa").status == 1
    config = tmp_path / "lm.toml"
    config.write_text(f'classes = "{paths}"\norder = 2\nsmoothing = "additive"\ndelta = 0.5\n')
    assert run_cli("lm", "train", train, "--config", config, "-o", classes).status == 0
    model = ClassLM.load(classes)
    assert (model.order, model.smoothing, model.smoothing_params) == (2, "additive", {"delta": 0.5})


def test_generate(run_cli, model):
    done = run_cli("lm", "generate", GOLDEN, "-n", 3, "--seed", 4, "--context", "and god")
    assert done.out.splitlines() == [
        f"and god {s}".rstrip() for s in model.generate(3, 4, "and god")
    ]
    done = run_cli("lm", "generate", GOLDEN, "-n", 2, "--json", "--temperature", 0.5)
    assert json.loads(done.out) == model.generate(2, temperature=0.5)
    # what the message of a missing back-off weight names is an option here too
    arpa = GOLDEN.read_text().split("\n")
    row = next(i for i, line in enumerate(arpa) if line.split("\t")[1:2] == ["<s>"])
    arpa[row] = "\t".join(arpa[row].split("\t")[:2])
    text = "\n".join(arpa).encode()
    done = run_cli("lm", "generate", "-", stdin=text)
    assert done.status == 1
    assert "--missing-backoff zero" in done.err
    assert run_cli("lm", "generate", "-", "-q", "--missing-backoff", "zero", stdin=text).status == 0


def test_convert(run_cli, model, tmp_path):
    native, arpa = tmp_path / "x.fe", tmp_path / "y.arpa"
    assert run_cli("lm", "convert", GOLDEN, native, "-q").status == 0
    assert run_cli("lm", "convert", native, arpa, "-q").status == 0
    assert sorted(arpa.read_text().split("\n")) == sorted(GOLDEN.read_text().split("\n"))
    done = run_cli("lm", "convert", "-", "-", "--format", "arpa", "-q", stdin=arpa.read_bytes())
    assert done.out == arpa.read_text()
    (tmp_path / "x.txt").write_text("and god said\n")
    done = run_cli("lm", "convert", GOLDEN, tmp_path / "z.fe", "--bits", 8, "--text",
                   tmp_path / "x.txt")  # fmt: skip
    assert done.status == 0
    assert "quantised to 8 bits: log10 probabilities change by" in done.err
    assert " before, " in done.err
    assert NgramLM.load(tmp_path / "z.fe").tables_.bits == 8
    done = run_cli("lm", "convert", GOLDEN, tmp_path / "p.arpa", "--prune-entropy", 0.01)
    assert done.status == 0, done.err
    small = NgramLM.load(tmp_path / "p.arpa")
    assert 150 < sum(small.tables_.counts) < sum(model.tables_.counts)
    assert small.score_sentence("and god said") < -1
    assert run_cli("lm", "convert", GOLDEN, tmp_path / "z.fe", "--text", "x").status == 2
    (tmp_path / "bad.arpa").write_text("\\data\\\nngram 1=zero\n")
    done = run_cli("lm", "convert", tmp_path / "bad.arpa", tmp_path / "never.fe")
    assert done.status == 1
    assert "bad.arpa: line 2: expected 'ngram 1=...'" in done.err
    assert not (tmp_path / "never.fe").exists()


def test_a_shell_pipe(kjv_text, tmp_path):
    packed = tmp_path / "x.gz"
    packed.write_bytes(gzip.compress(kjv_text.read_bytes()))
    fastembed = f"{sys.executable} -m fastembed lm"
    command = (
        f"gzip -dc {packed} | {fastembed} train - --order 3 -o - --format arpa -q | gzip > "
        f"{tmp_path}/x.arpa.gz && head -5 {kjv_text} | {fastembed} perplexity "
        f"{tmp_path}/x.arpa.gz - --json -q"
    )
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["sentences"] == 5


def test_help_says_what_an_option_means_to_each_kind_of_model(run_cli):
    text = " ".join(run_cli("lm", "train", "--help").out.split())
    assert "neural: learning rate at the start; stupid_backoff: factor of each shorter" in text
    assert "[default: 0.001 (neural); 0.4 (stupid_backoff)]" in text
    assert "[default: no-tied]" in text
