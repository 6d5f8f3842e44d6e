"""Triggers, units of time, and what the options refuse."""

import hashlib

import numpy as np
import pytest
import quantities as pq
import scipy.io
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.exceptions import RecordingError
from neuroclass.io import (
    from_events,
    load_recording,
    recording_sha256,
    write_recording,
)

STARTS = np.array([0.0, 2.0, 4.0])


@pytest.fixture
def path(tmp_path):
    np.savez(tmp_path / "recording.npz", a=[0.5, 2.5, 4.5], b=[])
    return tmp_path / "recording.npz"


def triggers_of(block):
    (epoch,) = block.segments[0].epochs
    assert epoch.name == "triggers"
    return epoch


def test_array_of_triggers_with_the_median_gap(path):
    block = load_recording(path, triggers=STARTS)
    epoch = triggers_of(block)
    assert_array_equal(epoch.times.magnitude, STARTS)
    assert_array_equal(epoch.durations.magnitude, [2, 2, 2])
    (event,) = block.segments[0].events
    assert event.name == "triggers"
    assert_array_equal(event.times.magnitude, STARTS)


def test_triggers_widen_the_common_bounds(path):
    for train in load_recording(path, triggers=STARTS - 1).segments[0].spiketrains:
        assert (float(train.t_start), float(train.t_stop)) == (-1.0, 5.0)


def test_trial_duration_counts_more_than_the_gap(path):
    block = load_recording(path, triggers=STARTS, trial_duration="500ms")
    assert_array_equal(triggers_of(block).durations.magnitude, [0.5, 0.5, 0.5])


def test_quantities_bring_their_unit(path):
    block = load_recording(path, triggers=STARTS * 1000 * pq.ms)
    assert_array_equal(triggers_of(block).times.magnitude, STARTS)


def test_triggers_are_in_the_unit_of_the_spikes(path):
    block = load_recording(path, triggers=[0, 20], time_unit="ms")
    assert_allclose(triggers_of(block).times.magnitude, [0, 0.02])


@pytest.mark.parametrize("suffix", ["txt", "csv", "npy", "npz", "mat"])
def test_triggers_from_a_file(path, tmp_path, suffix):
    file = tmp_path / f"triggers.{suffix}"
    if suffix == "npy":
        np.save(file, STARTS)
    elif suffix == "npz":
        np.savez(file, anything=STARTS)
    elif suffix == "mat":
        scipy.io.savemat(file, {"onset": STARTS, "rate": 60.0})
    else:
        np.savetxt(file, STARTS)
    block = load_recording(path, triggers=file)
    assert_array_equal(triggers_of(block).times.magnitude, STARTS)


def test_a_table_of_triggers_may_name_the_stimuli(path, tmp_path):
    text = "stimulus,onset_ms,stop_ms\na,0,500\nb,2000,2500\na,4000,4500\n"
    (tmp_path / "t.csv").write_text(text)
    epoch = triggers_of(load_recording(path, triggers=tmp_path / "t.csv"))
    assert_allclose(epoch.times.magnitude, STARTS)
    assert_allclose(epoch.durations.magnitude, [0.5, 0.5, 0.5])
    assert list(epoch.array_annotations["stimulus"]) == ["a", "b", "a"]


def test_a_table_of_triggers_may_give_durations(path, tmp_path):
    (tmp_path / "t.csv").write_text("start,duration\n0,1\n2,1\n4,0.5\n")
    epoch = triggers_of(load_recording(path, triggers=tmp_path / "t.csv"))
    assert_array_equal(epoch.durations.magnitude, [1, 1, 0.5])


def test_triggers_on_an_nwb_file_come_beside_its_tables(tmp_path):
    file = tmp_path / "a.nwb"
    presentation = [0, 1, 2]
    block = from_events(
        [0.5, 0.5, 0.5], [0, 0, 1], presentation=presentation, trial_duration=1
    )
    write_recording(block, file)
    found = load_recording(file, triggers=STARTS, trial_duration=1)
    assert [e.name for e in found.segments[0].epochs] == ["trials", "triggers"]
    write_recording(found, file)
    again = load_recording(file, triggers=STARTS + 1)
    assert [e.name for e in again.segments[0].epochs] == ["trials", "triggers"]
    assert_array_equal(again.segments[0].epochs[1].times.magnitude, STARTS + 1)


@pytest.mark.parametrize(
    ("triggers", "match"),
    [
        ([0.0, np.nan], "must be finite and ascend; got nan s in row 1"),
        ([0.0, 2.0, 1.0], "must be finite and ascend; got 1 s in row 2"),
        ([], "along one axis"),
        (np.zeros((2, 2)), "along one axis"),
        (["a"], "must hold times as numbers; got <U1"),
        ([1.0], "one trigger only"),
    ],
)
def test_bad_triggers(path, triggers, match):
    with pytest.raises(ValueError, match=match):
        load_recording(path, triggers=triggers)


def test_one_trigger_with_a_duration_is_enough(path):
    epoch = triggers_of(load_recording(path, triggers=[1.0], trial_duration=2))
    assert_array_equal(epoch.durations.magnitude, [2])


def test_a_trigger_that_stops_before_it_starts_is_named(path, tmp_path):
    (tmp_path / "t.csv").write_text("start,stop\n0,1\n2,1\n")
    with pytest.warns(UserWarning, match=r"1 of 2 rows of table 'triggers' .*row 1"):
        block = load_recording(path, triggers=tmp_path / "t.csv")
    assert_array_equal(triggers_of(block).times.magnitude, [0])


def test_a_table_without_starts_lists_its_columns(path, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n0,1\n")
    with pytest.raises(RecordingError, match="column or array of trigger times"):
        load_recording(path, triggers=tmp_path / "t.csv")


def test_missing_triggers(path, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv must be an existing file"):
        load_recording(path, triggers=tmp_path / "none.csv")


def test_pickled_triggers_are_not_read(path, tmp_path):
    np.save(tmp_path / "t.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(RecordingError, match="must hold numbers"):
        load_recording(path, triggers=tmp_path / "t.npy")


def test_a_recording_is_no_file_of_triggers(path, tmp_path):
    write_recording(from_events([0.5], [0]), tmp_path / "a.nwb")
    with pytest.raises(RecordingError, match=r"a recording \(nwb\), not a file"):
        load_recording(path, triggers=tmp_path / "a.nwb")


def test_triggers_do_not_go_with_times_from_onset(tmp_path):
    (tmp_path / "a.csv").write_text("unit,time,trial\n1,0.5,1\n1,0.75,2\n")
    with pytest.raises(ValueError, match="triggers must go with spike times on one"):
        load_recording(tmp_path / "a.csv", triggers=[0.0, 1.0], trial_duration=1)


def test_trial_duration_needs_something_to_last(path):
    with pytest.raises(ValueError, match="trial_duration must come with triggers"):
        load_recording(path, trial_duration=1)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"time_unit": "h"}, "time_unit must be one of s, ms, us, samples; got 'h'"),
        ({"time_unit": "samples"}, "sampling_rate must be given with"),
        ({"sampling_rate": 100.0}, "sampling_rate must be given with"),
        ({"time_unit": "samples", "sampling_rate": 0.0}, "must be a positive number"),
        ({"trial_duration": -1, "triggers": [0, 1]}, "trial_duration must be a pos"),
    ],
)
def test_options_are_checked(path, options, match):
    with pytest.raises(ValueError, match=match):
        load_recording(path, **options)


def test_sha256_is_that_of_the_bytes(path):
    assert recording_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
