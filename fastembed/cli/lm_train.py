"""``fastembed lm train TEXT -o MODEL``: a language model from text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fastembed.cli.lm_files import FORMATS, format_of, save_model
from fastembed.cli.options import TEXT_OPTIONS, quiet_option, reporter, text_options, training_text
from fastembed.cli.parameters import given_parameters
from fastembed.cli.training import (
    CHECKPOINT_OPTIONS,
    Checkpoint,
    check_output,
    checkpoint_options,
    config_option,
)
from fastembed.cluster.class_lm import ClassLM
from fastembed.core.params import params_of
from fastembed.ngram.model import NgramLM
from fastembed.ngram.smoothing import SMOOTHINGS
from fastembed.nlm.model import NeuralLM

if TYPE_CHECKING:
    from fastembed.core.progress import Progress

__all__ = ["TRAINERS", "Inputs", "Trainer", "train"]


@dataclass(frozen=True)
class Inputs:
    """What a model is trained on."""

    text: Any
    heldout: Any  # None if not given
    classes: str | None  # a file of clusters, or how many
    progress: Progress
    saved: Checkpoint  # where the run is saved, of models that train in rounds


@dataclass(frozen=True)
class Trainer:
    """One kind of model.

    ``model`` is a `Params` class with the protocol of `fastembed.evaluate.LanguageModel` and
    ``save``; ``fit`` trains one; ``outcome`` says in a few words what came of it. ``extra`` are the
    options, of those that not all kinds have, that this one takes.
    """

    model: type[Any]
    fit: Callable[[Any, Inputs], object]
    outcome: Callable[[Any], str]
    extra: frozenset[str] = frozenset()


def _fit_ngram(model: NgramLM, inputs: Inputs) -> None:
    model.fit(inputs.text, heldout=inputs.heldout, progress=inputs.progress)


def _fit_classes(model: ClassLM, inputs: Inputs) -> None:
    if inputs.classes is None:
        raise click.UsageError("--model class needs --classes FILE, a file of clusters")
    model.fit(inputs.text, inputs.classes, heldout=inputs.heldout, progress=inputs.progress)


def _fit_neural(model: NeuralLM, inputs: Inputs) -> None:
    if inputs.classes is not None:
        model.set_params(classes=inputs.classes)
    with inputs.saved.hint():
        model.fit(
            inputs.text,
            heldout=inputs.heldout,
            progress=inputs.progress,
            **inputs.saved.fit_options(),
        )


def _ngrams(model: NgramLM) -> str:
    counts = model.ngram_counts
    return (
        f"{model.smoothing}, order {model.order}: {sum(counts):,} n-grams "
        f"({', '.join(f'{count:,}' for count in counts)})"
    )


def _classes(model: ClassLM) -> str:
    n, total = len(model.class_model_.words) - 3, model.metadata_["n_tokens"]
    return (
        f"{n:,} classes of {len(model.words) - 3:,} words; {model.n_unknown_ / total:.1%} of the "
        f"text has no class; {_ngrams(model.class_model_)}"
    )


def _epochs(model: NeuralLM) -> str:
    history = model.heldout_perplexity_
    best = f"epoch {model.best_epoch_} of {len(model.loss_history_)}"
    held = f", held-out perplexity {history[model.best_epoch_ - 1]:.2f}" if history else ""
    return f"{model!r}; {best}{held}"


# What `--model` can be. Another kind of model joins here; its hyper-parameters become options.
TRAINERS: dict[str, Trainer] = {
    "ngram": Trainer(
        NgramLM, _fit_ngram, _ngrams, frozenset({"arpa", "bits", "heldout", "smoothing"})
    ),
    "class": Trainer(
        ClassLM, _fit_classes, _classes, frozenset({"classes", "heldout", "smoothing"})
    ),
    "neural": Trainer(
        NeuralLM, _fit_neural, _epochs, frozenset({"classes", "heldout", "checkpoint"})
    ),
}


def _check_extra(name: str, asked: Mapping[str, tuple[bool, str]]) -> None:
    """Refuse what the chosen kind of model does not know."""
    for extra, (given, shown) in asked.items():
        if given and extra not in TRAINERS[name].extra:
            others = [other for other, trainer in TRAINERS.items() if extra in trainer.extra]
            raise click.UsageError(f"{shown} is for --model {' or '.join(others)}, not {name}")


def _params(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The hyper-parameters of the chosen kind; those of smoothing methods in one dictionary."""
    trainer = TRAINERS[name]
    own = {param.name for param in params_of(trainer.model)}
    params = {key: value for key, value in given.items() if key in own}
    rest = {key: value for key, value in given.items() if key not in own}
    known = {param.name for method in SMOOTHINGS.values() for param in params_of(method)}
    for key in rest:
        if "smoothing" not in trainer.extra or key not in known:
            raise click.UsageError(f"--{key.replace('_', '-')} is no option of --model {name}")
    if rest:
        params["smoothing_params"] = rest
    return params


@click.command(no_args_is_help=True)
@click.argument("text", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="Where the model goes: .arpa ARPA (.arpa.gz, .bz2, .xz, .zst packed), else native; - is "
    "standard output.",
)
@click.option(
    "--format", type=click.Choice(FORMATS), help="Format of the output; default: by its suffix."
)
@click.option(
    "--model",
    "kind",
    type=click.Choice(tuple(TRAINERS)),
    help="Kind of model; default: class with --classes, else ngram.",
)
@click.option(
    "--classes",
    metavar="FILE",
    help="class, neural: the clusters of the words, as fastembed brown, brown-cluster or "
    "clustercat write them; neural: or a number of classes by frequency.",
)
@click.option(
    "--bits",
    type=click.Choice(["32", "16", "8"]),
    default="32",
    show_default=True,
    help="Size of a probability in the native format; 32 is exact.",
)
@click.option(
    "--heldout", metavar="FILE", help="Text for methods that fit weights, and for early stopping."
)
@checkpoint_options
@config_option
@text_options
@quiet_option
@given_parameters({name: trainer.model for name, trainer in TRAINERS.items()} | SMOOTHINGS)
def train(
    text: tuple[str, ...],
    output: str,
    format: str | None,
    kind: str | None,
    classes: str | None,
    bits: str,
    heldout: str | None,
    quiet: bool,
    given: dict[str, Any],
    **how: Any,
) -> None:
    """Train a language model on TEXT (files, folders, globs, URLs or -), a sentence a line.

    \b
    fastembed lm train corpus.txt --order 5 -o model.fe
    zcat corpus.gz | fastembed lm train - --order 3 -o - --format arpa | gzip > model.arpa.gz
    fastembed lm train corpus.txt --classes paths.txt --order 4 -o classes.fe
    fastembed lm train corpus.txt --model neural --heldout valid.txt --epochs 10 -o neural.fe
    """
    check_output(output)
    name = kind or ("class" if classes is not None else "ngram")
    trainer, written = TRAINERS[name], format_of(output, format)
    if written == "arpa" and bits != "32":
        raise click.UsageError("--bits is for the native format; an ARPA file is exact")
    if [*text, heldout, classes, given.get("vocab")].count("-") > 1:
        raise click.UsageError(
            "only one of TEXT, --heldout, --classes and --vocab can be standard input (-)"
        )
    _check_extra(name, {
        "arpa": (written == "arpa", "an ARPA file"),
        "bits": (bits != "32", "--bits"),
        "classes": (classes is not None, "--classes"),
        "heldout": (heldout is not None, "--heldout"),
        "checkpoint": (how["resume"] or how["checkpoint"] is not None, "--resume or --checkpoint"),
    })  # fmt: skip
    chosen = [how.pop(option) for option in CHECKPOINT_OPTIONS]
    rounds = "checkpoint" in trainer.extra
    saved = Checkpoint.chosen(output, *chosen) if rounds else Checkpoint(None, False, 0.0)
    model = trainer.model(**_params(name, given))
    if written == "arpa":
        model.check(arpa=True)
    assert set(how) == set(TEXT_OPTIONS)
    source = training_text(text, **how)
    held = training_text((heldout,), **how) if heldout is not None else None
    report = reporter(quiet)
    trainer.fit(model, Inputs(source, held, classes, report, saved))
    save_model(model, output, written, report, **({"bits": int(bits)} if bits != "32" else {}))
    saved.remove()
    if not quiet:
        click.echo(f"{trainer.outcome(model)}; saved {output}", err=True)
