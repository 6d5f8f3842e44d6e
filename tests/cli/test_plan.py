"""The command `plan`."""

import json

import pytest

SMALL = ("plan", "--rate", "5", "--difference", "0.8", "--pairs", "12")


def test_plan_prints_the_number_and_its_table(run):
    status, out, err = run(*SMALL, "--repeats", "5,40", "--duration", "4s")
    assert (status, err) == (0, "")
    assert "distinguish 90 % of pairs of" in out.replace("\n" + " " * 18, " ")
    assert max(map(len, out.splitlines())) <= 80
    assert any(line.startswith("40 ") and "2.7" in line for line in out.splitlines())


def test_plan_as_json_is_the_same_plan(run):
    line = (*SMALL, "--repeats", "5,40", "--duration", "4s", "--json")
    status, out, _ = run(*line)
    plan = json.loads(out)
    assert status == 0
    assert plan["n_repeats"] in (5, 40)
    assert [row["repeats"] for row in plan["by_repeats"]] == [5, 40]
    assert plan["by_repeats"][1]["share_distinguished"] == 1


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--difference", "0", "difference must be above 0"),
        ("--rate", "-1", "rate must be above 0 Hz"),
        ("--power", "2", "power must be between 0 and 1"),
        ("--repeats", "1", "repeats must be an integer of at least 2"),
        ("--duration", "1ms", "duration must hold 2 to 100000 bins"),
    ],
)
def test_impossible_numbers_end_in_one_line(fails, option, value, message):
    status, line = fails("plan", option, value)
    assert status == 2
    assert message in line
