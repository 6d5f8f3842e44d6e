"""Folders of ``.res`` and ``.clu`` files: units, events and the sample rate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import RecordingError, load_recording

RATE = 20_000
SPIKES = {1: [(100, 2), (250, 0), (300, 3), (500, 2), (600, 1)], 2: [(90, 2), (95, 1)]}
UNITS = {"g1c2": [100, 500], "g1c3": [300], "g2c2": [90]}


@pytest.fixture
def folder(tmp_path):
    for group, rows in SPIKES.items():
        samples = "\n".join(str(sample) for sample, _ in rows)
        clusters = "\n".join(str(cluster) for _, cluster in rows)
        (tmp_path / f"ec013.res.{group}").write_text(samples + "\n")
        (tmp_path / f"ec013.clu.{group}").write_text(f"4\n{clusters}\n")
    (tmp_path / "ec013.xml").write_text(
        "<?xml version='1.0'?><parameters><acquisitionSystem><nBits>16</nBits>"
        f"<samplingRate>{RATE}</samplingRate></acquisitionSystem></parameters>"
    )
    (tmp_path / "ec013.stm.evt").write_text("5.5 on\n10.25\toff\n20 on\n")
    return tmp_path


def load(folder, **options):
    with pytest.warns(UserWarning, match="1 artefacts .* and 2 unsorted spikes"):
        return load_recording(folder, **options)


def test_clusters_from_two_on_are_units(folder):
    recording = load(folder)
    trains = recording.segments[0].spiketrains
    assert [t.annotations["unit_id"] for t in trains] == list(UNITS)
    for train, samples in zip(trains, UNITS.values(), strict=True):
        assert_allclose(train.magnitude, np.array(samples) / RATE)
    assert [t.annotations["electrode_group"] for t in trains] == [1, 1, 2]
    assert recording.annotations["format"] == "klusters"


def test_events_are_triggers_by_name(folder):
    recording = load(folder, triggers="stm", trial_duration="5ms")
    (epoch,) = recording.segments[0].epochs
    assert_allclose(epoch.times.magnitude, [0.0055, 0.01025, 0.02])
    assert epoch.array_annotations["stimulus"].tolist() == ["on", "off", "on"]


def test_triggers_may_be_in_samples(folder, tmp_path):
    np.save(tmp_path / "ttl.npy", [110, 210])
    recording = load(folder, triggers=tmp_path / "ttl.npy", trigger_unit="samples")
    assert_allclose(recording.segments[0].epochs[0].times.magnitude, [0.0055, 0.0105])
    with pytest.raises(ValueError, match="time_unit must be left out for klusters"):
        load_recording(folder, time_unit="ms")


def test_one_group_needs_no_number(tmp_path):
    (tmp_path / "a.res").write_text("100\n200\n")
    (tmp_path / "a.clu").write_text("2\n5\n5\n")
    with pytest.raises(RecordingError, match=r"no \.xml with a samplingRate"):
        load_recording(tmp_path)
    (train,) = load_recording(tmp_path, sampling_rate=100).segments[0].spiketrains
    assert train.magnitude.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        (
            "ec013.clu.1",
            "4\n2\n",
            "a cluster for each of the 5 spikes .* got 2 lines",
        ),
        ("ec013.res.2", "90\nx\n", "a whole number per line: could not convert"),
        ("ec013.clu.2", "2\n1\n1\n", None),
        ("other.clu.3", "1\n2\n", "files of one session; it has ec013, other"),
    ],
)
def test_files_that_do_not_fit_are_named(folder, name, text, match):
    (folder / name).write_text(text)
    if name.startswith("other"):
        (folder / "other.res.3").write_text("1\n")
    if match is None:  # the other group has units still
        with pytest.warns(UserWarning, match="1 artefacts"):
            assert len(load_recording(folder).segments[0].spiketrains) == 2
        return
    with pytest.raises(RecordingError, match=match):
        load_recording(folder)


def test_a_folder_without_sorted_clusters_is_refused(tmp_path):
    (tmp_path / "a.res").write_text("100\n")
    (tmp_path / "a.clu").write_text("1\n1\n")
    with pytest.raises(RecordingError, match="sorted clusters, numbered from 2"):
        load_recording(tmp_path, sampling_rate=100)


def test_one_of_the_files_stands_for_the_folder(folder):
    for name in ("ec013.clu.1", "ec013.res.2"):
        with pytest.raises(RecordingError, match=r"part of a folder of Klusters"):
            load_recording(folder / name)


def test_events_that_are_none_are_left_out(folder):
    (folder / "ec013.bad.evt").write_text("x on\n")
    (folder / "ec013.none.evt").write_text("")
    with pytest.warns(UserWarning, match=r"bad\.evt: line 1 must begin with a time"):
        recording = load(folder)
    assert [event.name for event in recording.segments[0].events] == ["stm"]
