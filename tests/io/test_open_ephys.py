"""TTL events of Open Ephys as triggers of a sorting, on the clock of the sorter."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import RecordingError, load_recording

RATE, FIRST = 30_000, 123_456
ONSETS = np.array([0.5, 2.5, 4.5])
STREAM = "Acquisition_Board-100.Rhythm Data"


def recording_folder(folder, *, lines=(1,), before_06=False):
    """Write the arrays of a recording, without its continuous.dat."""
    entry = {"folder_name": f"{STREAM}/", "sample_rate": float(RATE)}
    event = {"folder_name": f"{STREAM}/TTL/", "sample_rate": float(RATE)}
    structure = {"GUI version": "0.6.7", "continuous": [entry], "events": [event]}
    (folder / "structure.oebin").write_text(json.dumps(structure))
    saved = folder / "continuous" / STREAM
    ttl = folder / "events" / STREAM / "TTL"
    saved.mkdir(parents=True)
    ttl.mkdir(parents=True)
    samples = "timestamps.npy" if before_06 else "sample_numbers.npy"
    np.save(saved / samples, FIRST + np.arange(10))
    edges = sorted(
        (onset + delay, sign * line)
        for onset in ONSETS
        for line in lines
        for delay, sign in ((0.001 * line, 1), (0.1 + 0.001 * line, -1))
    )
    times = np.array([time for time, _ in edges])
    np.save(ttl / samples, FIRST + np.round(times * RATE).astype(np.int64))
    states = np.array([state for _, state in edges], dtype=np.int16)
    np.save(ttl / ("channel_states.npy" if before_06 else "states.npy"), states)
    if not before_06:  # another clock: not that of the sorter
        np.save(ttl / "timestamps.npy", 77.0 + times)
    return ttl


def sorting(folder):
    folder.mkdir()
    np.save(folder / "spike_times.npy", np.array([18_000, 78_000, 140_000]))
    np.save(folder / "spike_clusters.npy", np.array([0, 1, 0]))
    (folder / "params.py").write_text(f"sample_rate = {RATE}.\n")
    return folder


def starts_of(recording):
    (epoch,) = recording.segments[0].epochs
    return epoch.times.rescale("s").magnitude


@pytest.mark.parametrize("before_06", [False, True])
@pytest.mark.parametrize("given", ["folder", "array"])
def test_rising_edges_are_triggers_on_the_clock_of_the_sorter(
    tmp_path, before_06, given
):
    ttl = recording_folder(tmp_path, before_06=before_06)
    triggers = ttl if given == "folder" else ttl / "timestamps.npy"
    recording = load_recording(
        sorting(tmp_path / "sorted"), triggers=triggers, trial_duration=1
    )
    assert_allclose(starts_of(recording), ONSETS + 0.001, atol=1e-4)


def test_lines_are_a_column(tmp_path):
    ttl = recording_folder(tmp_path, lines=(1, 3))
    recording = load_recording(
        sorting(tmp_path / "sorted"), triggers=ttl, trial_duration=1
    )
    (epoch,) = recording.segments[0].epochs
    assert epoch.array_annotations["line"].tolist() == [1, 3, 1, 3, 1, 3]
    assert_allclose(starts_of(recording)[1::2], ONSETS + 0.003, atol=1e-4)


def test_without_the_first_sample_the_clock_is_doubted(tmp_path):
    ttl = recording_folder(tmp_path)
    (tmp_path / "continuous" / STREAM / "sample_numbers.npy").unlink()
    with pytest.warns(UserWarning, match="count from the start of acquisition"):
        recording = load_recording(
            sorting(tmp_path / "sorted"), triggers=ttl, trial_duration=1
        )
    assert_allclose(starts_of(recording), ONSETS + 0.001 + FIRST / RATE, atol=1e-4)


def test_what_is_missing_is_named(tmp_path):
    ttl = recording_folder(tmp_path)
    source = sorting(tmp_path / "sorted")
    (tmp_path / "structure.oebin").write_text("{}")
    with pytest.raises(RecordingError, match="must give the sample rate"):
        load_recording(source, triggers=ttl, trial_duration=1)
    (tmp_path / "structure.oebin").unlink()
    with pytest.raises(RecordingError, match=r"structure\.oebin tells the sample rate"):
        load_recording(source, triggers=ttl, trial_duration=1)
    np.save(ttl / "states.npy", np.ones(2))
    with pytest.raises(RecordingError, match="a sample number for every state"):
        load_recording(source, triggers=ttl, trial_duration=1)


@pytest.mark.parametrize("name", ["states", "sample_numbers"])
@pytest.mark.parametrize("odd", ["text", "fractions", "damaged"])
def test_arrays_that_are_no_whole_numbers_are_refused(tmp_path, name, odd):
    ttl = recording_folder(tmp_path)
    source, path = sorting(tmp_path / "sorted"), ttl / f"{name}.npy"
    if odd == "damaged":
        content = path.read_bytes()
        path.write_bytes(content[:60] + bytes(8) + content[68:])
    else:
        values = np.load(path)
        np.save(path, values.astype(str) if odd == "text" else values + 0.5)
    with pytest.raises(RecordingError, match=r"must hold an? (sample number|array)"):
        load_recording(source, triggers=ttl, trial_duration=1)


@pytest.mark.parametrize("rate", ["0", "-1", "1e400", "1" + "0" * 400])
def test_a_sample_rate_that_is_none_is_refused(tmp_path, rate):
    ttl = recording_folder(tmp_path)
    path = tmp_path / "structure.oebin"
    path.write_text(path.read_text().replace("30000.0", rate))
    with pytest.raises(RecordingError, match="must give the sample rate"):
        load_recording(sorting(tmp_path / "sorted"), triggers=ttl, trial_duration=1)


UNITS = {(0, 0): [0.2], (0, 1): [0.6, 2.6, 4.7], (0, 2): [1.0], (1, 1): [2.0, 4.0]}


def add_spikes(folder, *, before_06=False, units=UNITS, name="Spike_Detector-105"):
    """Write spikes that Open Ephys sorted, as its GUI 0.6 describes them."""
    place = folder / "spikes" / name / "Tetrode 1"
    place.mkdir(parents=True)
    rows = sorted((t, e, c) for (e, c), times in units.items() for t in times)
    names = ("spike_times", "spike_electrode_indices", "spike_clusters")
    if not before_06:
        names = ("sample_numbers", "electrode_indices", "clusters")
    times, electrodes, clusters = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    arrays = (FIRST + np.round(times * RATE).astype(np.int64), electrodes, clusters)
    for array_name, values in zip(names, arrays, strict=True):
        np.save(place / f"{array_name}.npy", values)
    return place


@pytest.mark.parametrize("before_06", [False, True])
def test_spikes_sorted_while_recording_are_units(tmp_path, before_06):
    recording_folder(tmp_path, lines=(1, 2), before_06=before_06)
    place = add_spikes(tmp_path, before_06=before_06)
    with pytest.warns(UserWarning, match="left out .*: unsorted spikes of channels"):
        recording = load_recording(
            tmp_path, triggers=f"{STREAM}/TTL", trial_duration="1s"
        )
    trains = recording.segments[0].spiketrains
    name = place.relative_to(tmp_path / "spikes").as_posix()
    ids = [train.annotations["unit_id"] for train in trains]
    assert ids == [f"{name}/0.1", f"{name}/0.2", f"{name}/1.1"]
    for train, key in zip(trains, [(0, 1), (0, 2), (1, 1)], strict=True):
        assert_allclose(train.magnitude, UNITS[key], atol=1e-4)
    (epoch,) = recording.segments[0].epochs
    assert epoch.array_annotations["stimulus"].tolist() == ["1", "2"] * 3
    assert_allclose(epoch.times.magnitude[::2], ONSETS + 0.001, atol=1e-4)


def test_a_recording_of_open_ephys_without_sorted_spikes_names_the_cure(tmp_path):
    recording_folder(tmp_path)
    with pytest.raises(RecordingError, match=r"none in spikes/\. Give the folder of"):
        load_recording(tmp_path)


def test_of_several_recordings_one_is_asked_for(tmp_path):
    for name in ("recording1", "recording2"):
        (tmp_path / name).mkdir()
        recording_folder(tmp_path / name)
        add_spikes(tmp_path / name)
    with pytest.raises(RecordingError, match="it has recording1, recording2"):
        load_recording(tmp_path)


def test_spikes_without_their_clusters_are_named(tmp_path):
    recording_folder(tmp_path)
    place = add_spikes(tmp_path)
    np.save(place / "clusters.npy", np.zeros(2, int))
    with pytest.raises(RecordingError, match="a cluster and a sample for each spike"):
        load_recording(tmp_path)
