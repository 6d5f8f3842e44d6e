"""The bundled recordings are what their README says."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pynwb import NWBHDF5IO, validate

from neuroclass.io import load_recording, recording_sha256

DATA = Path(__file__).parents[2] / "data"
README = (DATA / "README.md").read_text(encoding="utf-8")
FILES = {
    "salamander_small.nwb": (38, 26_968, "movie1"),
    "salamander_movie1.nwb": (49, 76_833, "movie1"),
    "salamander_movie2.nwb": (49, 76_128, "movie2"),
}


def test_each_recording_is_listed_and_each_listed_is_there():
    named = set(re.findall(r"^\| `(\S+\.nwb)`", README, flags=re.MULTILINE))
    assert named == set(FILES) == {path.name for path in DATA.glob("*.nwb")}


@pytest.mark.parametrize("name", FILES)
def test_checksums_in_the_readme_match(name):
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
    assert recording_sha256(DATA / name) in row


@pytest.mark.parametrize("name", FILES)
def test_files_are_small_and_valid(name):
    assert (DATA / name).stat().st_size < 700_000
    with NWBHDF5IO(str(DATA / name), "r") as io:
        assert validate(io=io) == []


@pytest.mark.parametrize("name", FILES)
def test_contents_are_as_published(name):
    n_units, n_spikes, stimulus = FILES[name]
    segment = load_recording(DATA / name).segments[0]
    assert [t.annotations["unit_id"] for t in segment.spiketrains] == [*range(n_units)]
    assert sum(len(train) for train in segment.spiketrains) == n_spikes
    (trials,) = segment.epochs
    assert trials.name == "trials"
    assert_array_equal(trials.times.magnitude, 20.0 * np.arange(30))
    assert_array_equal(trials.durations.magnitude, np.full(30, 18.0))
    assert set(trials.array_annotations["stimulus"]) == {stimulus}
    assert_array_equal(trials.array_annotations["repeat"], np.arange(30))


@pytest.mark.parametrize("name", FILES)
def test_every_spike_lies_within_a_repeat_at_a_whole_millisecond(name):
    for train in load_recording(DATA / name).segments[0].spiketrains:
        milliseconds = train.magnitude * 1000
        assert_array_equal(np.round(milliseconds) / 1000, train.magnitude)
        assert (np.round(milliseconds) % 20_000 <= 18_000).all()


def test_metadata_claim_nothing_that_was_not_published():
    for name in FILES:
        annotations = load_recording(DATA / name).annotations
        assert "species" not in annotations["subject"]
        assert "10.5061/dryad.4ch10" in " ".join(annotations["related_publications"])
        assert "CC0" in annotations["data_collection"]
