"""Hyper-parameters: read from annotations, checked, shown on the command line."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Annotated, Literal

import click
import numpy as np
import pytest
from click.testing import CliRunner

import fastembed as fe
from fastembed.cli.parameters import hyper_parameters
from fastembed.core.params import Opt, Params, params_of


@dataclass(kw_only=True, eq=False)
class Model(Params):
    size: Annotated[int, Opt("How large.", ge=1, le=9)] = 3
    rate: Annotated[float, Opt("How fast.", gt=0)] = 0.5
    kind: Annotated[Literal["a", "b"], Opt("Which.")] = "a"
    limit: Annotated[int | None, Opt("At most.", ge=1)] = None
    flag: Annotated[bool, Opt("Whether.")] = False
    name: Annotated[str, Opt("Who.")] = "x"
    hidden: Annotated[int, Opt("Not for the shell.", cli=False)] = 0
    other: int = 7  # no Opt: not a hyper-parameter


DEFAULTS = {"size": 3, "rate": 0.5, "kind": "a", "limit": None, "flag": False, "name": "x"}


def test_the_list_is_read_in_order():
    assert [p.name for p in params_of(Model)] == [*DEFAULTS, "hidden"]
    assert Model().get_params() == DEFAULTS | {"hidden": 0}


def test_the_constructor_only_stores():
    assert Model(size=-5).size == -5


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"size": 9}, 9),
        ({"size": np.int32(2)}, 2),
        ({"size": 2.0}, 2),
        ({"rate": 1}, 1.0),
        ({"rate": np.float32(0.5)}, 0.5),
        ({"limit": None}, None),
        ({"flag": 1}, True),
        ({"kind": "b"}, "b"),
    ],
)
def test_good_values_are_converted_without_loss(given, value):
    (name,) = given
    checked = Model(**given).check_params()[name]
    assert checked == value
    assert type(checked) is type(value)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"size": 0}, ValueError, "size must be an integer >= 1 and <= 9; got 0"),
        ({"size": 10}, ValueError, "got 10"),
        ({"size": 1.5}, TypeError, "size must be an integer"),
        ({"size": "3"}, TypeError, "got '3'"),
        ({"size": True}, TypeError, "got True"),
        ({"size": None}, TypeError, "got None"),
        ({"size": math.nan}, ValueError, "size must be an integer.*got nan"),
        ({"size": math.inf}, ValueError, "size must be an integer.*got inf"),
        ({"rate": math.nan}, ValueError, "rate must be a number > 0; got nan"),
        ({"rate": -math.inf}, ValueError, "got -inf"),
        ({"rate": [1]}, TypeError, "rate"),
        ({"kind": "c"}, ValueError, "kind must be one of 'a', 'b'; got 'c'"),
        ({"limit": 0}, ValueError, "limit"),
        ({"flag": "yes"}, TypeError, "flag must be True or False"),
        ({"name": 3}, TypeError, "name must be a string"),
    ],
    ids=str,
)
def test_bad_values_name_what_is_allowed(given, error, message):
    with pytest.raises(error, match=message):
        Model(**given).check_params()


def test_set_params_changes_and_refuses():
    model = Model()
    assert model.set_params(size=4) is model
    assert model.size == 4
    with pytest.raises(ValueError, match=r"Model has no parameter 'siz'; it has size, rate"):
        model.set_params(siz=4)


@click.command()
@hyper_parameters(Model)
def command(**options):
    click.echo(json.dumps(options))


def test_options_come_from_the_same_list():
    done = CliRunner().invoke(command, ["--size", "4", "--flag", "--kind", "b", "--rate", "1e-3"])
    assert done.exit_code == 0
    changed = {"size": 4, "rate": 0.001, "kind": "b", "flag": True}
    assert json.loads(done.output) == DEFAULTS | changed
    assert "How large." in CliRunner().invoke(command, ["--help"]).output
    assert CliRunner().invoke(command, ["--no-flag"]).exit_code == 0


@pytest.mark.parametrize("arguments", [["--size", "10"], ["--rate", "nan"], ["--hidden", "1"]])
def test_wrong_options_are_usage_errors(arguments):
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_grid_search_of_scikit_learn_works():
    selection = pytest.importorskip("sklearn.model_selection")
    text = [["the", "cat", "sat"], ["the", "dog", "sat"], ["a", "cat", "ran"]] * 40
    model = fe.Word2Vec(min_count=1, epochs=1, workers=1)
    grid = {"vector_size": [3, 5, 4]}
    search = selection.GridSearchCV(
        model, grid, scoring=lambda fitted, text, y=None: fitted.wv.vector_size, cv=2
    ).fit(text)
    assert search.best_params_ == {"vector_size": 5}
    assert search.best_estimator_.wv.vectors.shape == (6, 5)
