"""The command `inspect`."""

import json
from pathlib import Path

import numpy as np
import pytest

from neuroclass import (
    load_recording,
)

N_NEURONS = 9


def test_inspect_describes_the_recording_and_its_presentations(run, retina):
    status, out, err = run("inspect", retina)
    assert status == 0
    assert err == ""
    text = " ".join(out.split())
    assert f"units {N_NEURONS}, firing at" in text
    assert "true_type" in text
    assert "trials: 14 rows of 3 s" in text
    assert "cluster takes 12 repeats of 1 stimulus of 3 s from trials.stimulus" in text
    assert text.endswith("issues none found")
    assert max(map(len, out.splitlines()[1:])) <= 80


def test_inspect_as_json(run, retina):
    found = json.loads(run("inspect", retina, "--json")[1])
    assert found["format"].startswith("NWB 2")
    assert len(found["n_spikes"]) == N_NEURONS
    assert found["interval_tables"][0]["name"] == "trials"
    assert found["interval_tables"][0]["n_rows"] == 14
    assert found["presentations"]["reason"].startswith("12 repeats")
    assert found["issues"] == []


def test_inspect_of_a_file_without_repeats_says_so_and_succeeds(run, tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\na,0.25\nb,0.5\na,0.75\n")
    status, out, _ = run("inspect", "spikes.csv")
    assert status == 0
    assert "cluster takes" not in out
    assert "--condition none" in " ".join(out.split())


def test_inspect_names_silent_units(run, tmp_path):
    np.savez(
        tmp_path / "spikes.npz",
        spike_times=[0.25, 0.5],
        spike_times_index=[1, 1, 2],
        unit_ids=[7, 8, 9],
    )
    assert "1 without a spike: 8" in run("inspect", "spikes.npz")[1]


@pytest.mark.parametrize("command", ["inspect", "information"])
def test_triggers_are_taken_whatever_tables_the_file_has(
    run, retina, tmp_path, command
):
    (trials,) = load_recording(retina).segments[0].epochs
    is_repeat = trials.array_annotations["stimulus"] == "repeat"
    np.savetxt(tmp_path / "triggers.txt", trials.times[is_repeat].rescale("s"))
    arguments = ("--triggers", "triggers.txt", "--trial-duration", "3s")
    status, out, _ = run(command, retina, *arguments)
    assert status == 0
    assert "12 repeats of 1 stimulus of 3 s from triggers" in " ".join(out.split())
    status, out, _ = run(command, retina, *arguments, "--intervals", "trials")
    assert status == 0
    assert "3 s from trials" in " ".join(out.split())


def test_the_first_presentations_and_events_are_listed(run, retina):
    found = json.loads(run("inspect", retina, "--json")[1])
    assert len(found["presentations"]["first"]) == 3
    assert found["presentations"]["first"][0]["duration_seconds"] == 3.0
    assert isinstance(found["events"], list)


def test_a_value_of_a_units_column_may_hold_a_comma(run):
    path = Path(__file__).parents[1] / "io" / "cases" / "region_comma.nwb"
    found = json.loads(
        run(
            "information",
            path,
            "--units",
            "location=VISp, layer 4",
            "--bin-size",
            "20ms",
            "--json",
        )[1]
    )
    assert found["unit_ids"] == [0, 2, 4, 6]
