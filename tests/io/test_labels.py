"""Labels go into a copy, or after a backup into the recording; never by halves."""

import os

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pynwb import NWBHDF5IO, validate

from neuroclass.exceptions import RecordingError
from neuroclass.io import (
    check_can_label,
    from_events,
    load_recording,
    write_labels,
    write_recording,
)


@pytest.fixture
def recording_path(tmp_path):
    path = tmp_path / "recording.nwb"
    columns = {"unit_type": ["on", "on", "off"]}
    write_recording(from_events([0.5, 1.5, 2.5], [3, 4, 5], unit_columns=columns), path)
    return path


def labels_in(path):
    trains = load_recording(path).segments[0].spiketrains
    return [train.annotations["neuroclass_label"] for train in trains]


def test_labels_go_into_a_valid_copy_and_the_source_stays(recording_path, tmp_path):
    before = recording_path.read_bytes()
    columns = {
        "neuroclass_label": np.array([0, -1, 1]),
        "neuroclass_reason": ["", "no spikes", ""],
        "neuroclass_information": [0.5, np.nan, 0.25],
    }
    path = write_labels(recording_path, columns, output=tmp_path / "labelled.nwb")
    assert path == tmp_path / "labelled.nwb"
    assert recording_path.read_bytes() == before
    with NWBHDF5IO(str(path), "r") as io:
        assert validate(io=io) == []
    second = load_recording(path).segments[0].spiketrains[1]
    assert second.annotations["neuroclass_label"] == -1
    assert second.annotations["neuroclass_reason"] == "no spikes"
    assert np.isnan(second.annotations["neuroclass_information"])
    assert_array_equal(second.magnitude, [1.5])


def test_in_place_makes_a_backup_first(recording_path, tmp_path):
    before = recording_path.read_bytes()
    path = write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, in_place=True)
    assert path == recording_path
    assert labels_in(path) == [0, 1, 1]
    assert (tmp_path / "recording.backup.nwb").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_an_older_backup_is_never_overwritten(recording_path, tmp_path):
    before = recording_path.read_bytes()
    write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, in_place=True)
    write_labels(
        recording_path, {"neuroclass_label": [1, 0, 0]}, in_place=True, force=True
    )
    assert labels_in(recording_path) == [1, 0, 0]
    assert (tmp_path / "recording.backup.nwb").read_bytes() == before
    assert labels_in(tmp_path / "recording.backup2.nwb") == [0, 1, 1]


def test_force_may_change_the_type_of_a_column(recording_path):
    write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, in_place=True)
    columns = {"neuroclass_label": ["a", "b", "c"]}
    write_labels(recording_path, columns, in_place=True, force=True)
    assert labels_in(recording_path) == ["a", "b", "c"]
    with NWBHDF5IO(str(recording_path), "r") as io:
        assert validate(io=io) == []


def test_existing_column_needs_force(recording_path):
    write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, in_place=True)
    with pytest.raises(ValueError, match="has neuroclass_label already"):
        write_labels(recording_path, {"neuroclass_label": [0, 0, 0]}, in_place=True)
    assert labels_in(recording_path) == [0, 1, 1]


def test_existing_output_needs_force(recording_path, tmp_path):
    output = tmp_path / "labelled.nwb"
    output.write_text("something")
    with pytest.raises(ValueError, match=r"labelled\.nwb exists"):
        write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, output=output)
    assert output.read_text() == "something"
    write_labels(
        recording_path, {"neuroclass_label": [0, 1, 1]}, output=output, force=True
    )
    assert labels_in(output) == [0, 1, 1]


def test_output_is_not_the_recording_even_with_force(recording_path):
    with pytest.raises(ValueError, match="must not be the recording itself"):
        write_labels(
            recording_path, {"label": [0, 1, 1]}, output=recording_path, force=True
        )


@pytest.mark.parametrize("options", [{}, {"output": "a.nwb", "in_place": True}])
def test_one_target_must_be_chosen(recording_path, options):
    with pytest.raises(ValueError, match="output must be given, or in_place=True"):
        write_labels(recording_path, {"label": [0, 1, 1]}, **options)


def test_one_entry_per_unit(recording_path, tmp_path):
    with pytest.raises(ValueError, match="one entry for each of the 3 units"):
        write_labels(recording_path, {"label": [0, 1]}, output=tmp_path / "a.nwb")
    assert not (tmp_path / "a.nwb").exists()


def test_objects_are_refused(recording_path, tmp_path):
    with pytest.raises(ValueError, match="must be numbers, truth values or text"):
        write_labels(
            recording_path, {"label": [None, {}, 1]}, output=tmp_path / "a.nwb"
        )


def test_source_must_be_nwb(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("unit,time\n1,0.5\n")
    with pytest.raises(ValueError, match="must be an NWB file or a phy folder to"):
        write_labels(path, {"label": [0]}, output=tmp_path / "a.nwb")


def test_source_without_units(recording_path, tmp_path):
    with h5py.File(recording_path, "r+") as file:
        del file["units"]
    with pytest.raises(RecordingError, match="must have a Units table to take labels"):
        write_labels(recording_path, {"label": [0]}, output=tmp_path / "a.nwb")


def test_a_link_stays_a_link_and_the_file_behind_is_labelled(recording_path, tmp_path):
    link = tmp_path / "link.nwb"
    os.symlink(recording_path, link)
    write_labels(link, {"neuroclass_label": [0, 1, 1]}, in_place=True)
    assert link.is_symlink()
    assert labels_in(recording_path) == [0, 1, 1]


def test_nothing_is_written_where_the_result_is_not_valid(recording_path, tmp_path):
    with h5py.File(recording_path, "r+") as file:  # the schema requires float64
        attributes = dict(file["units/spike_times"].attrs)
        del file["units/spike_times"]
        file["units/spike_times"] = np.array([0, 1, 2])
        file["units/spike_times"].attrs.update(attributes)
    before = recording_path.read_bytes()
    with pytest.raises(RecordingError, match=r"no valid NWB: .*spike_times.* Nothing"):
        write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, in_place=True)
    assert recording_path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["recording.nwb"]


def test_a_file_that_pynwb_cannot_build_is_named_and_stays(recording_path, tmp_path):
    with h5py.File(recording_path, "r+") as file:
        del file["identifier"]
    before = recording_path.read_bytes()
    with pytest.raises(RecordingError, match=rf"^{recording_path} cannot be read by"):
        write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, in_place=True)
    assert recording_path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["recording.nwb"]


def test_in_place_respects_write_protection(recording_path, tmp_path):
    recording_path.chmod(0o444)
    with pytest.raises(ValueError, match=r"recording\.nwb is write-protected"):
        write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, in_place=True)
    output = tmp_path / "labelled.nwb"
    write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, output=output)
    assert labels_in(output) == [0, 1, 1]


def test_a_folder_is_no_output_even_with_force(recording_path, tmp_path):
    with pytest.raises(ValueError, match=r"output must be a file; .* is a folder"):
        write_labels(recording_path, {"label": [0, 1, 1]}, output=tmp_path, force=True)


def test_missing_folders_of_the_output_are_made(recording_path, tmp_path):
    output = tmp_path / "new" / "labelled.nwb"
    write_labels(recording_path, {"neuroclass_label": [0, 1, 1]}, output=output)
    assert labels_in(output) == [0, 1, 1]


def test_obstacles_are_reported_before_there_are_labels(recording_path, tmp_path):
    before = recording_path.read_bytes()
    output = tmp_path / "labelled.nwb"
    assert check_can_label(recording_path, ["label"], output=output) == output
    assert check_can_label(recording_path, ["label"], in_place=True) == recording_path
    with pytest.raises(
        ValueError, match=r"must be new to .*; it has unit_type already"
    ):
        check_can_label(recording_path, ["unit_type"], output=output)
    assert check_can_label(recording_path, ["unit_type"], output=output, force=True)
    with pytest.raises(ValueError, match="must not be the recording itself"):
        check_can_label(recording_path, ["label"], output=recording_path, force=True)
    recording_path.chmod(0o444)
    with pytest.raises(ValueError, match="is write-protected"):
        check_can_label(recording_path, ["label"], in_place=True)
    assert recording_path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["recording.nwb"]
