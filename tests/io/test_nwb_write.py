"""What is written is NWB, and comes back the same."""

import datetime

import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pynwb import NWBHDF5IO, validate

from neuroclass.io import (
    from_events,
    from_raster,
    load_recording,
    write_labels,
    write_recording,
)


def problems(path):
    with NWBHDF5IO(str(path), "r") as io:
        return validate(io=io)


@pytest.fixture
def recording(rng):
    """A recording with all that the convention has room for."""
    counts = rng.poisson(0.05, size=(3, 400, 12))
    counts[1] = 0
    block = from_raster(
        counts,
        0.01,
        axes="ntp",
        condition=np.arange(12) % 3,
        unit_columns={
            "quality": ["good", "mua", "good"],
            "depth": [1.5, 2.0, 3.0],
            "position": [3, 2, 1],
            "on": [True, False, True],
        },
    )
    segment = block.segments[0]
    other = neo.Epoch(times=[1.0] * pq.s, durations=[2.0] * pq.s, name="epochs")
    other.array_annotations["tags"] = np.array(["awake;calm"])
    movies = neo.Epoch(times=[1, 3] * pq.s, durations=[2, 1] * pq.s, name="movies")
    movies.array_annotations["name"] = np.array(["a", "b"])
    segment.epochs += [other, movies]
    segment.events.append(
        neo.Event(times=[0.5, 1.5] * pq.s, labels=["0", "1"], name="flashes")
    )
    return block


def test_round_trip_keeps_everything(recording, tmp_path):
    path = tmp_path / "recording.nwb"
    write_recording(recording, path)
    assert problems(path) == []
    before, after = recording.segments[0], load_recording(path).segments[0]
    for old, new in zip(before.spiketrains, after.spiketrains, strict=True):
        assert_array_equal(old.magnitude, new.magnitude)
        assert old.annotations == new.annotations
        assert old.t_stop == new.t_stop
    epochs = {epoch.name: epoch for epoch in after.epochs}
    for old in before.epochs:
        new = epochs.pop(old.name)
        assert_array_equal(old.times.magnitude, new.times.magnitude)
        np.testing.assert_allclose(old.durations.magnitude, new.durations.magnitude)
        assert set(old.array_annotations) == set(new.array_annotations)
        for name, values in old.array_annotations.items():
            assert_array_equal(values, new.array_annotations[name])
    assert not epochs
    assert_array_equal(after.events[0].times.magnitude, [0.5, 1.5])
    assert after.events[0].name == "flashes"


def test_same_recording_same_bytes(recording, tmp_path):
    write_recording(recording, tmp_path / "a.nwb")
    write_recording(recording, tmp_path / "b.nwb")
    assert (tmp_path / "a.nwb").read_bytes() == (tmp_path / "b.nwb").read_bytes()


def test_a_loaded_recording_is_written_with_its_metadata(recording, tmp_path):
    recording.annotations.update(
        identifier="abc",
        session_description="what was done",
        keywords=["retina"],
        subject={"subject_id": "s1", "description": "salamander"},
    )
    recording.rec_datetime = datetime.datetime(2001, 2, 3)
    write_recording(recording, tmp_path / "a.nwb")
    write_recording(load_recording(tmp_path / "a.nwb"), tmp_path / "b.nwb")
    found = load_recording(tmp_path / "b.nwb")
    annotations = found.annotations
    assert annotations["identifier"] == "abc"
    assert annotations["session_description"] == "what was done"
    assert annotations["keywords"] == ["retina"]
    assert annotations["subject"]["description"] == "salamander"
    assert found.rec_datetime.date() == datetime.date(2001, 2, 3)


def unit_ids(path):
    trains = load_recording(path).segments[0].spiketrains
    return [train.annotations["unit_id"] for train in trains]


def test_ids_that_are_text_round_trip(tmp_path):
    block = from_events([0.5, 1.5], ["left", "7"])
    write_recording(block, tmp_path / "a.nwb")
    assert problems(tmp_path / "a.nwb") == []
    assert unit_ids(tmp_path / "a.nwb") == ["7", "left"]
    first = load_recording(tmp_path / "a.nwb").segments[0].spiketrains[0]
    assert (first.name, first.annotations) == ("7", {"unit_id": "7"})
    write_recording(load_recording(tmp_path / "a.nwb"), tmp_path / "b.nwb")
    assert unit_ids(tmp_path / "b.nwb") == ["7", "left"]


def test_text_ids_survive_the_labels(tmp_path):
    write_recording(from_events([0.5, 1.5], ["left", "right"]), tmp_path / "a.nwb")
    write_labels(tmp_path / "a.nwb", {"label": [1, 0]}, output=tmp_path / "b.nwb")
    assert unit_ids(tmp_path / "b.nwb") == ["left", "right"]


def test_a_column_unit_name_of_others_stays_a_column(tmp_path):
    columns = {"unit_name": ["left", "right"]}
    block = from_events([0.5, 1.5], [3, 4], unit_columns=columns)
    write_recording(block, tmp_path / "a.nwb")
    assert unit_ids(tmp_path / "a.nwb") == [3, 4]
    trains = load_recording(tmp_path / "a.nwb").segments[0].spiketrains
    assert [train.annotations["unit_name"] for train in trains] == ["left", "right"]


def test_annotations_that_some_units_lack_are_filled(tmp_path):
    block = from_events([0.5, 1.5], [3, 4])
    first = block.segments[0].spiketrains[0]
    first.annotations.update(depth=2, layer="a")
    write_recording(block, tmp_path / "a.nwb")
    second = load_recording(tmp_path / "a.nwb").segments[0].spiketrains[1]
    assert np.isnan(second.annotations["depth"])
    assert second.annotations["layer"] == ""


def test_observation_intervals_round_trip(tmp_path):
    block = from_events([0.5, 1.5], [3, 4])
    first, second = block.segments[0].spiketrains
    first.annotations["obs_intervals"] = np.array([[0.5, 0.75], [1.0, 1.25]])
    write_recording(block, tmp_path / "a.nwb")
    trains = load_recording(tmp_path / "a.nwb").segments[0].spiketrains
    assert_array_equal(trains[0].annotations["obs_intervals"], [[0.5, 0.75], [1, 1.25]])
    # A unit without intervals was recorded all the time.
    whole = [[float(second.t_start), float(second.t_stop)]]
    assert_array_equal(trains[1].annotations["obs_intervals"], whole)


def test_triggers_round_trip_as_a_table(tmp_path):
    np.savez(tmp_path / "a.npz", a=[0.5, 1.5], b=[2.5])
    block = load_recording(tmp_path / "a.npz", triggers=[0.0, 1.0, 2.0])
    write_recording(block, tmp_path / "a.nwb")
    (epoch,) = load_recording(tmp_path / "a.nwb").segments[0].epochs
    assert epoch.name == "triggers"
    assert_array_equal(epoch.durations.magnitude, [1, 1, 1])


def test_silent_units_only(tmp_path):
    block = from_raster(np.zeros((2, 5)), 0.1, axes="nt")
    write_recording(block, tmp_path / "a.nwb")
    assert problems(tmp_path / "a.nwb") == []
    assert len(load_recording(tmp_path / "a.nwb").segments[0].spiketrains) == 2


def test_block_without_units_is_refused(tmp_path):
    block = neo.Block()
    block.segments.append(neo.Segment())
    with pytest.raises(ValueError, match="must have one segment with spike trains"):
        write_recording(block, tmp_path / "a.nwb")
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_made(recording, tmp_path):
    write_recording(recording, tmp_path / "new" / "folder" / "a.nwb")
    assert [p.name for p in (tmp_path / "new" / "folder").iterdir()] == ["a.nwb"]


@settings(max_examples=20)
@given(
    trains=st.lists(
        st.lists(st.floats(0, 1e6, allow_subnormal=False), max_size=8, unique=True),
        min_size=1,
        max_size=4,
    )
)
def test_any_spike_times_round_trip_exactly(tmp_path_factory, trains):
    path = tmp_path_factory.mktemp("nwb") / "a.nwb"
    times = [time for train in trains for time in sorted(train)]
    units = [row for row, train in enumerate(trains) for _ in train]
    block = from_events(np.array(times, float), units, unit_ids=range(len(trains)))
    write_recording(block, path)
    found = load_recording(path).segments[0].spiketrains
    assert [train.magnitude.tolist() for train in found] == [
        sorted(train) for train in trains
    ]
