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
    assert "stable by" not in capsys.readouterr().out  # not asked for
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


@pytest.fixture
def timing(clustered):
    """result.json of classes by timing, with known cuts and units."""
    result = json.loads((clustered / "result.json").read_text(encoding="utf-8"))
    cuts = [
        {"n_clusters": 3, "z": 8.04, "support": "sure", "sizes": [4, 3, 2]}
        | {
            "alike": [0.9, 0.81, None],
            "share": 0.716,
            "stability": 0.954,
            "is_shown": True,
        },
        {"n_clusters": 12, "z": 0.51, "support": "perhaps", "sizes": [10] * 12}
        | {"alike": [None] * 12, "share": 0.9, "stability": None, "is_shown": False},
    ]
    result["timing"] |= {
        "headline": "3 classes of 9 neurons (determined)",
        "sentences": ["Of the information 46 % is how much they fire."],
        "ranked_cuts": cuts,
        "set_aside": [{"unit_id": "a", "label": 1, "confidence": 0.5512}],
        "silent": ["b", 7],
    }
    result["input"]["n_units"] = result["n_neurons"] + 3
    result["information_curve"]["information"] = [0.0, 0.1, 0.3, 0.4]
    result["n_clusters"] = 3
    return result


def test_classes_by_timing_are_said_by_their_headline_once(timing, capsys):
    print_result(timing)
    out = capsys.readouterr().out
    assert "classes           3 classes of 9 neurons (determined)\n" in out
    assert "Of the information 46 % is how much they fire.\n" in out
    assert "these data support" not in out
    assert "75 % of the timing information of the neurons" in out
    assert max(map(len, out.splitlines())) <= 80


def test_cuts_are_a_table_that_says_which_is_shown_and_how_to_see_another(
    timing, capsys
):
    print_result(timing)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [
        "3*",
        "8.0",
        "surely",
        "1:",
        "0.81",
        "72",
        "%",
        "0.95",
        "4",
        "3",
        "2",
    ] in rows
    assert f"12 0.5 perhaps - 90 % - {'10 ' * 8}...".split() in rows
    timing["timing"]["ranked_cuts"][0]["is_shown"] = False
    print_result(timing)
    assert "--cut 3 shows the first" in capsys.readouterr().out
    timing["timing"]["ranked_cuts"] = []
    print_result(timing)
    assert "none may hold" in capsys.readouterr().out


def test_units_that_made_no_class_are_named(timing, capsys):
    print_result(timing)
    text = " ".join(capsys.readouterr().out.split())
    assert "1 set aside, their response does not repeat" in text
    assert "its probability: a (class 1, 0.55)" in text
    assert "2 silent, in no class: b, 7" in text
    assert "left out: see labels.csv" not in text
    timing["input"]["n_units"] += 4
    print_result(timing)
    assert f"4 of {timing['input']['n_units']} left out" in capsys.readouterr().out


def test_of_many_cuts_the_first_and_the_shown_one_are_listed(timing, capsys):
    first, last = timing["timing"]["ranked_cuts"]
    others = [last | {"n_clusters": k} for k in range(4, 16)]
    timing["timing"]["ranked_cuts"] = [*others, first]
    print_result(timing)
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert [
        "3*",
        "8.0",
        "surely",
        "1:",
        "0.81",
        "72",
        "%",
        "0.95",
        "4",
        "3",
        "2",
    ] in rows
    listed = [row[0] for row in rows if "perhaps" in row]
    assert listed == [str(k) for k in range(4, 12)]
    assert "4 more in the report" in out


def test_another_criterion_than_the_one_asked_for_is_named(timing, capsys):
    print_result(timing)
    assert "criterion" not in capsys.readouterr().out
    timing["settings"]["criterion"] = {"value": "word", "why": "times are pooled"}
    print_result(timing)
    assert "criterion         word, since times are pooled" in capsys.readouterr().out
