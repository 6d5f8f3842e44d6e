"""Texts that are printed."""

import json

import pytest

from neuroclass.cli.printing import print_families, print_result


@pytest.mark.parametrize("is_determined", [True, False])
def test_one_class_has_no_class_information(clustered, capsys, is_determined):
    result = json.loads((clustered / "result.json").read_text(encoding="utf-8"))
    print_result(result)
    assert "class information" in capsys.readouterr().out
    result["n_clusters"] = 1
    result["selection"]["is_determined"] = is_determined
    print_result(result)
    text = " ".join(capsys.readouterr().out.split())
    assert "% of the identity information" not in text
    assert ("--n-clusters INT cuts finer" in text) is not is_determined


def test_one_class_without_a_range_is_said_to_be_stable(clustered, capsys):
    result = json.loads((clustered / "result.json").read_text(encoding="utf-8"))
    result["n_clusters"] = 1
    print_result(result)
    assert "stable" not in capsys.readouterr().out  # not asked for
    result["settings"]["stability"] = 100
    print_result(result)
    assert "one class is stable by definition" in capsys.readouterr().out


def test_agreement_of_families_of_one_class_each_is_undefined(capsys):
    recordings = [{"name": n, "n_neurons": 3, "n_clusters": 1} for n in "ab"]
    family = {"family": 0, "n_neurons": {"a": 3, "b": 3}}
    family |= {"distance": 0.1, "nearest": None}
    ones = [[1.0, 1.0], [1.0, 1.0]]
    found = {"recordings": recordings, "families": [family]}
    words = {"bin_size": 0.02, "word_length": 1, "response": "words"}
    found |= {"agreement": ones, "p_value": ones, "settings": words}
    print_families(found)
    out = capsys.readouterr().out
    assert "undefined for one class" in out
    assert "assigned to the classes" not in out
