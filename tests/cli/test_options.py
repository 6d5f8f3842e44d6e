"""Options: their help, their page, and defaults equal to those of the functions."""

import inspect
import re
from pathlib import Path

import pytest

from neuroclass import (
    classify_neurons,
    discriminate_neurons,
)
from neuroclass._lib.running import RunSettings
from neuroclass.analysis import measure_information
from neuroclass.analysis.class_settings import ClassSettings
from neuroclass.cli import build_parser
from neuroclass.estimators import ESTIMATORS
from neuroclass.information import IDENTITY_ESTIMATORS
from neuroclass.presentations import CONDITIONS
from neuroclass.responses import ResponseSettings
from neuroclass.simulation import RetinaSettings, simulate_retina

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    ["", "inspect", "cluster", "information", "discriminate", "simulate", "report"],
)
def test_help_fits_in_80_columns(run, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = run(*command.split(), "--help")
    assert status == 0
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80


def test_version_is_that_of_the_package(run):
    assert run("--version")[1] == "neuroclass 0.2.0\n"


def options_of(parser):
    for action in parser._actions:
        yield from (option for option in action.option_strings if option != "-h")
        for command in (action.choices or {}) if action.dest == "command" else ():
            yield from options_of(action.choices[command])


def test_the_page_on_the_command_line_names_every_option():
    page = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", page))
    assert set(options_of(build_parser())) - {"--help", "--version"} <= named


def choices_of(command, option):
    (commands,) = (a for a in build_parser()._actions if a.dest == "command")
    (action,) = (
        a for a in commands.choices[command]._actions if option in a.option_strings
    )
    return action.choices


@pytest.mark.parametrize(
    "command", ["inspect", "cluster", "information", "discriminate"]
)
def test_the_conditions_are_those_of_the_package(command):
    assert choices_of(command, "--condition") == CONDITIONS


def test_the_estimators_are_those_of_the_package():
    assert choices_of("cluster", "--estimator") == ESTIMATORS
    assert choices_of("information", "--estimator") == IDENTITY_ESTIMATORS


def test_the_defaults_of_simulate_are_those_of_the_function():
    args = build_parser().parse_args(["simulate", "r.nwb"])
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(simulate_retina).parameters.items()
    } | vars(RetinaSettings())
    assert args.types == defaults["n_types"]
    assert args.neurons == defaults["n_neurons"]
    assert args.repeats == defaults["n_presentations"]
    assert args.duration == defaults["duration"]
    for name in set(vars(RetinaSettings())) & set(vars(args)):
        assert getattr(args, name) == defaults[name], name
    spreads = {"diversity", "rate_spread", "sparse_share", "drift"}
    assert spreads < set(vars(args))
    assert {"bursts", "gain_noise", "shared_gain_noise"} < set(vars(args))
    assert args.random_state == 0


@pytest.mark.parametrize(
    ("command", "function", "n_shared"),
    [
        ("cluster", classify_neurons, 26),
        ("discriminate", discriminate_neurons, 16),
        ("information", measure_information, 14),
    ],
)
def test_the_defaults_of_a_command_are_those_of_its_function(
    command, function, n_shared
):
    args = vars(build_parser().parse_args([command, "x.nwb"]))
    own = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    of_classes = vars(ClassSettings()) if command == "cluster" else {}
    defaults = own | of_classes | vars(ResponseSettings()) | vars(RunSettings())
    shared = set(args) & set(defaults) - {"units"}
    assert len(shared) == n_shared
    assert {n: args[n] for n in shared} == {n: defaults[n] for n in shared}
    assert args["units"] == []
    assert (not args["quiet"]) == defaults["progress"]
