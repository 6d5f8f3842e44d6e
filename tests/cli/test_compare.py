"""The command `compare`."""

import csv
import json
from pathlib import Path

import pytest
from markupsafe import escape

FAST = ("--bin-size", "20ms", "--distance-repeats", "2", "--distance-units", "6")


@pytest.fixture(scope="module")
def folder(retina, tmp_path_factory):
    from neuroclass import cli  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("results") / "retina_groupings"
    options = [*FAST, "--types", "true_type", "-o", str(folder), "-q"]
    assert cli.main(["compare", str(retina), *options]) == 0
    return folder


def test_the_folder_holds_what_its_documentation_says(folder):
    result = json.loads((folder / "result.json").read_text())
    with (folder / "groupings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["grouping"] for row in rows] == [
        one["name"] for one in result["groupings"]
    ]
    assert rows[0]["grouping"] == "timing classes"
    for row, one in zip(rows, result["groupings"], strict=True):
        assert int(row["n_units"]) == one["n_units"]
        if one["same"]:
            share = one["same"]["information_share"]
            assert float(row["same_information_share"]) == pytest.approx(share, 1e-5)
            assert len(one["same"]["labels"]) == len(result["unit_ids"])
    assert result["types"]["name"] == "units column true_type"
    assert result["command"].startswith("neuroclass compare")
    page = (folder / "report.html").read_text()
    assert result["headline"] in page
    assert all(escape(one["description"]) in page for one in result["groupings"])


def test_text_is_80_columns_wide_and_says_what_was_found(run, retina):
    status, out, err = run(
        "compare", retina, *FAST, "--types", "true_type", "-o", "found"
    )
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    for words in ("timing classes", "Victor-Purpura (6)", "compared at", "kept:"):
        assert words in out
    assert Path("found/report.html").is_file()
    assert "Victor-Purpura distances of all" not in err  # it takes no time


def test_json_is_that_of_the_folder_and_figures_can_be_left_out(run, retina):
    status, out, _ = run(
        "compare", retina, *FAST, "--json", "--no-figures", "-o", "found"
    )
    assert status == 0
    assert out == Path("found/result.json").read_text()
    assert json.loads(out)["types"] is None
    assert not Path("found/figures").exists()
    assert "<img" not in Path("found/report.html").read_text()


def test_the_page_is_made_again_from_the_folder(run, folder):
    page = folder / "report.html"
    before = page.read_text()
    page.unlink()
    assert run("report", folder)[0] == 0
    assert page.read_text() == before


def test_a_folder_of_another_command_is_refused(fails, retina, clustered):
    status, line = fails("compare", retina, "-o", clustered, "--force")
    assert status == 2
    assert "one of `neuroclass cluster`" in line


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--types", "kind"), 2, "--types must be a units column"),
        (("--n-clusters", "1"), 2, "an integer of at least 2"),
        (("--distance-units", "1"), 2, "0, or an integer of at least 2"),
        (("--distance-repeats", "1"), 2, "an integer of at least 2"),
        (("--time-constant", "5"), 2, "a positive time, such as 5ms"),
        (("--condition", "none"), 2, "condition must hold time"),
    ],
)
def test_wrong_options_end_in_one_line(run, retina, options, status, message):
    found, out, err = run("compare", retina, *options)
    assert found == status
    assert out == ""
    assert message in err.splitlines()[-1]
    assert not Path("retina_groupings").exists()
