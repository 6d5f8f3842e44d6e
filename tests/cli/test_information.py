"""The command `information`."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from neuroclass import (
    from_raster,
)
from neuroclass.io import write_recording
from neuroclass.presentations import CONDITIONS

N_NEURONS = 9


N_TYPES = 3


def test_information_of_the_population_and_of_each_neuron(run, retina):
    status, out, _ = run("information", retina, "--bin-size", "20ms")
    assert status == 0
    text = " ".join(out.split())
    assert re.search(r"[\d.]+ bits per word \([\d.]+ to [\d.]+\), ", text)
    assert re.search(r"[\d.]+ bits/s \([\d.]+ to [\d.]+\), ", text)
    assert re.search(r"[\d.]+ bits per spike \([\d.]+ to [\d.]+\) ", text)
    assert "95 % intervals in brackets; corrected for few repeats" in text
    header, *rows = out.split("\n\n")[1].splitlines()
    assert header.split()[:3] == ["unit", "Hz", "bits/word"]
    assert len(rows) == N_NEURONS
    assert max(map(len, out.splitlines())) <= 80


def test_information_as_json_agrees_with_itself(run, retina):
    found = json.loads(run("information", retina, "--bin-size", "20ms", "--json")[1])
    information = found["information"]
    assert found["settings"]["bin_size"] == 0.02
    assert information["bits_per_second"] == pytest.approx(
        information["bits_per_word"] / 0.02
    )
    low, high = information["interval"]
    assert low < information["bits_per_word"] < high
    assert len(information["per_neuron"]) == N_NEURONS


def test_information_chooses_the_bin_and_says_why(run, retina):
    assert "highest information rate" in " ".join(run("information", retina)[1].split())


def test_scan_prints_rates_in_80_columns_and_draws(run, retina, tmp_path):
    status, out, err = run("information", retina, "--scan", "-o", "scan.svg", "-q")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    table = [line for line in lines if re.match(r"(5|10|20|50) ms +[1-8] ", line)]
    assert len(table) == 24
    assert out.count("not extrapolated") + out.count("a line through") == 4
    assert lines[-1] == "wrote             scan.svg"
    assert (tmp_path / "scan.svg").exists()
    status, _, err = run("information", retina, "--scan", "-o", "scan.svg")
    assert (status, "must not exist yet" in err) == (2, True)


def test_scan_of_words_as_long_as_the_stimulus_leaves_a_gap(run, tmp_path):
    spikes = np.random.default_rng(0).random((20, 1, 5)) < 0.3
    recording = from_raster(spikes, 0.01, axes=("presentation", "time", "neuron"))
    write_recording(recording, tmp_path / "short.nwb")
    status, out, err = run("information", "short.nwb", "--scan", "-o", "scan.png")
    assert (status, err) == (0, "")
    (row,) = re.findall(r"^10 ms .*$", out, re.MULTILINE)
    assert row.split()[-2:] == ["-", "-"]


def test_scan_as_json_holds_words_and_limits(run, retina):
    argv = ("information", retina, "--scan", "--bin-size", "20ms", "--json", "-q")
    found = json.loads(run(*argv, "--estimator", "jackknife")[1])
    assert [w["word_length"] for w in found["words"]] == [1, 2, 3, 4, 6, 8]
    assert {w["bin_size"] for w in found["words"]} == {0.02}
    assert found["estimator"] == "jackknife"
    for word in found["words"]:
        low, high = word["identity"]["interval"]
        assert low <= word["identity"]["bits_per_second"] <= high
    assert len(found["extrapolations"]) == 1


def test_scan_counts_from_a_cache_to_the_same_rates(run, retina):
    argv = ("information", retina, "--scan", "--bin-size", "20ms", "--json", "-q")
    plain, cached, again = (
        json.loads(run(*argv, *more)[1]) for more in ((), *2 * [("--cache", "kept")])
    )
    assert any(Path("kept").iterdir())
    assert plain == cached == again


def test_information_of_chosen_units_only(run, retina):
    arguments = ("information", retina, "--bin-size", "20ms", "--json")
    two = json.loads(run(*arguments, "--units", "true_type=OFF fast,ON fast")[1])
    assert len(two["unit_ids"]) == 2 * N_NEURONS // N_TYPES
    again = ("--units", "true_type=OFF fast", "--units", "true_type=ON fast")
    assert json.loads(run(*arguments, *again)[1]) == two


def test_information_needs_two_units_with_spikes(fails, tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\na,0.25\na,0.5\na,0.75\n")
    for more in ((), ("--scan",)):
        status, line = fails("information", "spikes.csv", "--condition", "none", *more)
        assert status == 1
        assert "at least two units with spikes" in line


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_can_be_asked_for(run, retina, condition):
    arguments = ("--condition", condition, "--bin-size", "20ms", "--json")
    status, out, _ = run("information", retina, *arguments)
    assert status == 0
    assert json.loads(out)["information"]["plug_in"] >= 0


def test_drift_offers_repeats_that_are_stable(run, tmp_path):
    rng = np.random.default_rng(3)
    p = rng.random((12, 1, 100)) * 0.3 * np.ones((1, 20, 1))
    p[:6, 8:] *= 2.5
    path = tmp_path / "fallen.nwb"
    write_recording(from_raster(rng.random(p.shape) < p, "20ms", axes="npt"), path)
    offered = "repeats 9 to 20 are stable: --repeats 9-20"
    shown = " ".join(run("information", path, "--bin-size", "20ms")[1].split())
    assert "6 of 12 units change their rate by more than 1.5" in shown
    assert offered in shown
    arguments = ("information", path, "--bin-size", "20ms", "--repeats", "9-20")
    result = json.loads(run(*arguments, "--json")[1])
    assert result["settings"]["repeats"] == "9-20"
    assert result["presentations"].startswith("Repeats 9 to 20 of 20 repeats")
    assert result["drift"]["n_changed"] == 0
    assert result["drift"]["stable_repeats"] == [9, 20]
    assert not [one for one in result["issues"] if one["kind"] == "drift"]
