"""Files that the NWBIO and the NeoMatlabIO of neo wrote."""

import warnings
from datetime import datetime

import neo
import numpy as np
import pytest
from numpy.testing import assert_allclose
from pynwb import NWBHDF5IO

from neuroclass import RecordingError, load_recording

TRAINS = {"a": [0.1, 0.5], "b": [1.1, 1.5, 1.75]}


def write(path, *, starts, is_named=True, silent=()):
    block = neo.Block(name="block", session_start_time=datetime(2020, 1, 1))
    for k, start in enumerate(starts):
        segment = neo.Segment(name=f"trial{k}")
        for name, times in TRAINS.items():
            segment.spiketrains.append(
                neo.SpikeTrain(
                    [] if (k, name) in silent else np.array(times) + start,
                    units="s",
                    t_start=start,
                    t_stop=start + 2,
                    name=name if is_named else None,
                )
            )
        segment.events.append(
            neo.Event(np.array([start + 0.25]), labels=["on"], units="s", name="light")
        )
        block.segments.append(segment)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of neo, about how it calls pynwb
        neo.io.NWBIO(str(path), "w").write_all_blocks([block])
    return path


def units_of(recording):
    return {
        train.annotations["unit_id"]: train.magnitude
        for train in recording.segments[0].spiketrains
    }


@pytest.mark.parametrize("is_named", [True, False])
def test_trains_of_several_segments_are_one_unit_each(tmp_path, is_named):
    path = write(tmp_path / "neo.nwb", starts=[0.0, 3.0, 6.0], is_named=is_named)
    recording = load_recording(path)
    units = units_of(recording)
    assert list(units) == (["a", "b"] if is_named else [0, 1])
    for found, times in zip(units.values(), TRAINS.values(), strict=True):
        assert_allclose(found, np.add.outer([0, 3, 6], times).ravel())
    (segments,) = recording.segments[0].epochs
    assert segments.name == "segments"
    assert_allclose(segments.times.magnitude, [0, 3, 6])
    assert_allclose(segments.durations.magnitude, 2)
    (light,) = recording.segments[0].events
    assert light.name == "light"
    assert_allclose(light.times.magnitude, [0.25, 3.25, 6.25])


def test_segments_whose_clock_starts_again_are_trials(tmp_path):
    recording = load_recording(write(tmp_path / "neo.nwb", starts=[0.0, 0.0]))
    (trials,) = recording.segments[0].epochs
    assert trials.name == "trials"
    begin = trials.times.magnitude
    assert begin[1] > 2
    assert_allclose(units_of(recording)["a"], np.add.outer(begin, [0.1, 0.5]).ravel())


def test_a_train_without_spikes_keeps_its_unit(tmp_path):
    path = write(
        tmp_path / "neo.nwb", starts=[0.0, 3.0], silent=[(0, "b"), (1, "a"), (1, "b")]
    )
    units = units_of(load_recording(path))
    assert_allclose(units["a"], [0.1, 0.5])
    assert len(units["b"]) == 0


def test_columns_added_to_the_table_stay_with_the_units(tmp_path):
    path = write(tmp_path / "neo.nwb", starts=[0.0, 3.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pynwb, about the cached schema
        with NWBHDF5IO(str(path), "r+") as io:
            file = io.read()
            file.add_unit_column(
                "cell_type", "by hand", data=["ON", "OFF", "ON", "OFF"]
            )
            io.write(file)
    trains = load_recording(path).segments[0].spiketrains
    assert [t.annotations["cell_type"] for t in trains] == ["ON", "OFF"]


def test_a_single_segment_stays_as_the_table_has_it(tmp_path):
    recording = load_recording(write(tmp_path / "neo.nwb", starts=[0.0]))
    assert list(units_of(recording)) == [0, 1]
    assert not recording.segments[0].epochs


def block_of(starts, unit="s"):
    block = neo.Block(name="block")
    for k, start in enumerate(starts):
        segment = neo.Segment(name=f"trial{k}")
        for name, times in TRAINS.items():
            train = neo.SpikeTrain(
                np.array(times) + start,
                units="s",
                t_start=start,
                t_stop=start + 2,
                name=name,
            )
            segment.spiketrains.append(train.rescale(unit))
        segment.events.append(
            neo.Event(np.array([start + 0.25]), labels=["on"], units="s", name="light")
        )
        block.segments.append(segment)
    return block


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_a_block_in_a_mat_file_is_read_with_its_trials(tmp_path, unit):
    path = tmp_path / "neo.mat"
    neo.io.NeoMatlabIO(str(path)).write_block(block_of([0.0, 3.0, 6.0], unit))
    recording = load_recording(path)
    units = units_of(recording)
    assert list(units) == ["a", "b"]
    for found, times in zip(units.values(), TRAINS.values(), strict=True):
        assert_allclose(found, np.add.outer([0, 3, 6], times).ravel())
    (segments,) = recording.segments[0].epochs
    assert_allclose(segments.times.magnitude, [0, 3, 6])
    (light,) = recording.segments[0].events
    assert_allclose(light.times.magnitude, [0.25, 3.25, 6.25])


def test_a_single_segment_in_a_mat_file_is_read(tmp_path):
    path = tmp_path / "neo.mat"
    neo.io.NeoMatlabIO(str(path)).write_block(block_of([0.0]))
    recording = load_recording(path)
    assert_allclose(units_of(recording)["b"], TRAINS["b"])
    assert not recording.segments[0].epochs


def test_times_of_a_block_in_another_unit_are_refused(tmp_path):
    path = tmp_path / "neo.mat"
    neo.io.NeoMatlabIO(str(path)).write_block(block_of([0.0], "min"))
    with pytest.raises(RecordingError, match="times must be in s, ms or us; got 'min'"):
        load_recording(path)
