"""Files of simulators: true spikes of MEArec.

The layout is that of ``MEArec.save_recording_generator`` (MEArec 1.11.0).
"""

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import RecordingError, load_recording

TRAINS = [np.array([0.5, 1.0]), np.array([]), np.array([0.25])]
TYPES = ["E", "I", "E"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "recordings.h5"
    with h5py.File(path, "w") as file:
        file["channel_positions"] = np.zeros((4, 3))
        file["recordings"] = np.zeros((320, 4), np.float32)
        file["info/recordings/fs"] = 32000.0
        for number, (train, kind) in enumerate(zip(TRAINS, TYPES, strict=True)):
            place = f"spiketrains/{number}"
            file[f"{place}/times"] = train
            file[f"{place}/t_stop"] = 2.0
            file[f"{place}/annotations/cell_type"] = kind
            file[f"{place}/annotations/fr"] = 4.5
    return path


def test_neurons_have_their_times_and_notes(path):
    recording = load_recording(path)
    trains = recording.segments[0].spiketrains
    assert recording.annotations["format"] == "MEArec"
    assert [t.annotations["unit_id"] for t in trains] == [0, 1, 2]
    assert [t.annotations["cell_type"] for t in trains] == TYPES
    assert [t.annotations["fr"] for t in trains] == [4.5] * 3
    for train, times in zip(trains, TRAINS, strict=True):
        assert_allclose(train.magnitude, times)
        assert float(train.t_stop) == 2


def test_times_are_seconds_by_definition(path):
    with pytest.raises(ValueError, match="time_unit must be left out for mearec"):
        load_recording(path, time_unit="ms")


def test_neurons_without_times_are_named(path):
    with h5py.File(path, "r+") as file:
        del file["spiketrains/1/times"]
    with pytest.raises(RecordingError, match="in /spiketrains/1/times; it has none"):
        load_recording(path)
    with h5py.File(path, "r+") as file:
        for name in list(file["spiketrains"]):
            del file[f"spiketrains/{name}"]
    with pytest.raises(RecordingError, match="/spiketrains is empty"):
        load_recording(path)


def test_templates_of_mearec_are_no_recording(tmp_path):
    with h5py.File(tmp_path / "templates.h5", "w") as file:
        file["templates"] = np.zeros((4, 3))
    with pytest.raises(RecordingError, match=r"but not NWB.*it holds templates"):
        load_recording(tmp_path / "templates.h5")
