"""The command assign, and positions and confidence in cluster."""

import json

import pytest

from neuroclass.cli import main

SIMULATE = ["--repeats", "15", "--duration", "6s", "--stimulus-random-state", "5"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with two retinas, and the classes of the first."""
    folder = tmp_path_factory.mktemp("assign")
    for name, types, seed in (("one", "3", "0"), ("two", "4", "1")):
        path = str(folder / f"{name}.nwb")
        numbers = ["--types", types, "--neurons", "60", "--random-state", seed]
        assert main(["simulate", path, *numbers, *SIMULATE, "--positions"]) == 0
    options = ["--positions", "x_um,y_um,radius_um", "--min-confidence", "0.7"]
    result = ["-o", str(folder / "classes"), "-q", "--bin-size", "20ms"]
    assert main(["cluster", str(folder / "one.nwb"), *options, *result]) == 0
    return folder


def test_cluster_writes_positions_and_units_that_are_unassigned(folder):
    result = json.loads((folder / "classes" / "result.json").read_text())
    verdicts = {one["verdict"] for one in result["mosaics"]["classes"]}
    assert verdicts <= {"mosaic", "undecided"}
    assert result["settings"]["min_confidence"] == 0.7
    unassigned = result["timing"]["unassigned"]
    assert all(one["confidence"] < 0.7 for one in unassigned)
    assert len(unassigned) >= 3
    page = (folder / "classes" / "report.html").read_text(encoding="utf-8")
    for text in ("Mosaics", "are mosaics", "unassigned", "Where the neurons of each"):
        assert text in page
    assert (folder / "classes" / "figures" / "class_maps.png").exists()
    header = (folder / "classes" / "labels.csv").read_text().splitlines()[0]
    assert header.endswith("takes_part,confidence,x_um,y_um")


def test_cells_are_assigned_and_compared_with_their_types(folder, capsys, tmp_path):
    output = str(tmp_path / "out")
    args = [str(folder / "two.nwb"), "--model", str(folder / "classes"), "-q"]
    assert main(["assign", *args, "--types", "true_type", "-o", output]) == 0
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if not line.startswith("wrote")]
    assert max(map(len, lines)) <= 80
    assert "none of these: " in printed
    assert "are in that of their type" in printed
    content = json.loads((tmp_path / "out" / "assignment.json").read_text())
    assert content["reading"]["accuracy"] > 0.9
    assert content["model"]["n_neurons"] > 40
    assert content["command"].startswith("neuroclass assign ")


def test_types_become_a_model(folder, capsys, tmp_path):
    types, named = str(tmp_path / "types"), str(tmp_path / "named")
    first, second = (str(folder / f"{name}.nwb") for name in ("one", "two"))
    assert main(["assign", first, "--types", "true_type", "-q", "-o", types]) == 0
    assert "each left out" in " ".join(capsys.readouterr().out.split())
    args = ["--model", types, "-q", "-o", named, "--json"]
    assert main(["assign", second, *args]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in content["classes"]} == {
        "OFF fast",
        "ON fast",
        "ON-OFF fast",
    }
    assert main(["cluster", second, "-o", types, "-q", "--force"]) == 2
    assert "one of `neuroclass assign`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        ([], 2, "--model FOLDER, --types COLUMN, or both; got neither"),
        (["--model", "nowhere"], 2, "--model must be a result folder with model.npz"),
        (["--types", "kind"], 2, "--types must be a units column (delay, "),
        (["--model", "classes", "--min-confidence", "3"], 2, "from 0 to 1; got 3"),
        (["--model", "classes", "--stimulus", "stimulus=unique 0"], 1, "10"),
    ],
)
def test_wrong_usage_is_one_line_and_writes_nothing(
    args, status, message, folder, capsys, tmp_path
):
    args = [str(folder / "classes") if one == "classes" else one for one in args]
    output = tmp_path / "out"
    recording = str(folder / "two.nwb")
    assert main(["assign", recording, *args, "-q", "-o", str(output)]) == status
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.strip().splitlines()) == 1
    assert not output.exists()


def test_another_stimulus_is_refused_with_both_named(folder, capsys, tmp_path):
    path = str(tmp_path / "longer.nwb")
    assert main(["simulate", path, "--duration", "8s", "--neurons", "6"]) == 0
    output = tmp_path / "out"
    args = ["--model", str(folder / "classes"), "-q", "-o", str(output)]
    capsys.readouterr()
    assert main(["assign", path, *args]) == 1
    printed = capsys.readouterr().err
    assert "repeat (6 s) of one; got repeat (8 s)" in printed
    assert not output.exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--positions", "x,y"], "--positions must be two or three units columns"),
        (["--min-confidence", "2"], "min_confidence must be from 0 to 1; got 2"),
    ],
)
def test_cluster_refuses_what_cannot_be(args, message, folder, capsys, tmp_path):
    output = tmp_path / "out"
    one = str(folder / "one.nwb")
    assert main(["cluster", one, *args, "-q", "-o", str(output)]) == 2
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_positions_are_of_one_recording(folder, capsys, tmp_path):
    paths = [str(folder / f"{name}.nwb") for name in ("one", "two")]
    args = ["--positions", "x_um,y_um", "-q", "-o", str(tmp_path / "out")]
    assert main(["cluster", *paths, *args]) == 2
    assert "--positions must be of one recording" in capsys.readouterr().err
