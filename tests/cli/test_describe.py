"""The command `describe`."""

import csv
import json
from pathlib import Path

import pytest

FAST = ("--bin-size", "20ms", "--reference", "true_type")


def test_text_and_table_say_what_was_found(run, retina):
    status, out, _ = run(
        "describe", retina, *FAST, "--light-on", "1s-2s", "-o", "new/units.csv"
    )
    assert status == 0
    assert "columns" in out
    assert max(map(len, out.splitlines())) <= 80
    with Path("new/units.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert {"class", "reliability", "on_off_index", "transience"} <= set(rows[0])


def test_json_has_units_and_classes(run, retina):
    status, out, _ = run("describe", retina, *FAST, "--json")
    result = json.loads(out)
    assert status == 0
    assert len(result["units"]) == 9
    assert sum(one["n_units"] for one in result["classes"]) == 9
    assert result["spike_triggered_average"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--light-on", "1s"), "START-STOP"),
        (("--light-on", "1-2"), "positive time"),
        (("--light-on", "1s-9s"), "light_on must be two times inside the stimulus"),
        (("--stimulus-file", "none.csv"), "--stimulus-file must be a file"),
        (("--reference", "kind"), "--reference must be a units column"),
        (("-o", "units.txt"), "--output must end in .csv"),
    ],
)
def test_wrong_options_end_in_one_line(run, retina, options, message):
    status, out, err = run("describe", retina, *options)
    assert status == 2
    assert out == ""
    assert message in err.splitlines()[-1]
    assert not list(Path().iterdir())
