"""Files that commands write: refused before the work, replaced only with --force."""

import os
from pathlib import Path

import pytest

from neuroclass import (
    load_recording,
)


def test_an_existing_folder_is_refused_before_anything_is_read(fails, tmp_path):
    (tmp_path / "nothing_classes").mkdir()
    (tmp_path / "nothing_classes" / "notes.txt").touch()
    # The recording is not there either: what is refused first is said.
    status, line = fails("cluster", "nothing.nwb")
    assert status == 2
    assert "nothing_classes must not exist yet" in line
    status, line = fails("cluster", "nothing.nwb", "--force")
    assert status == 1


def test_a_file_in_the_place_of_the_folder_is_refused_even_with_force(fails, tmp_path):
    (tmp_path / "notes.txt").touch()
    status, line = fails("cluster", "nothing.nwb", "-o", "notes.txt", "--force")
    assert status == 2
    assert "notes.txt must be a folder; it is a file" in line
    status, line = fails("cluster", "nothing.nwb", "-o", "notes.txt/classes")
    assert status == 2
    assert "notes.txt/classes must lie in a folder" in line


def test_a_protected_place_is_refused_before_the_work(fails, monkeypatch):
    # No mode of a folder stops root, who may run the tests.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    status, line = fails("cluster", "nothing.nwb", "-o", "closed/classes")
    assert status == 2
    assert "is write-protected" in line


def test_missing_folders_of_all_that_is_written_are_made(run, retina):
    arguments = ("--bin-size", "20ms", "--n-clusters", "3", "-o", "a/b/classes")
    assert run("cluster", retina, *arguments, "--save-nwb", "c/d/copy.nwb")[0] == 0
    assert Path("a/b/classes/report.html").is_file()
    assert Path("c/d/copy.nwb").is_file()
    small = ("--types", "1", "--neurons", "2", "--repeats", "2", "--duration", "1s")
    assert run("simulate", "e/f/r.nwb", *small)[0] == 0
    assert Path("e/f/r.nwb").is_file()


def test_an_existing_copy_is_refused_before_the_work(fails, tmp_path, retina):
    (tmp_path / "copy.nwb").touch()
    status, line = fails("cluster", retina, "--save-nwb", "copy.nwb")
    assert status == 2
    assert "copy.nwb exists" in line
    assert "--force" in line


def test_a_copy_in_the_place_of_the_folder_is_refused(fails, retina):
    status, line = fails("cluster", retina, "-o", "same", "--save-nwb", "same")
    assert status == 2
    assert "--save-nwb must not be the result folder" in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--in-place",), "mine.nwb is write-protected"),
        (("--save-nwb", "mine.nwb", "--force"), "must not be the recording itself"),
    ],
)
def test_labels_that_cannot_be_written_are_refused_before_the_work(
    fails, retina, tmp_path, options, message
):
    path = tmp_path / "mine.nwb"
    path.write_bytes(retina.read_bytes())
    path.chmod(0o444)
    status, line = fails("cluster", path, *options)
    assert status == 2
    assert message in line


def test_force_replaces_the_result_folder(run, retina, labels_in):
    arguments = ("cluster", retina, "--bin-size", "20ms", "--n-clusters")
    assert run(*arguments, "2")[0] == 0
    assert run(*arguments, "3", "--force")[0] == 0
    assert set(labels_in(Path("retina_classes")).values()) == {"0", "1", "2"}


def test_labels_go_into_a_copy_and_the_recording_stays_as_it_is(run, retina, labels_in):
    before = retina.read_bytes()
    arguments = ("--bin-size", "20ms", "--n-clusters", "3", "--save-nwb", "out.nwb")
    assert run("cluster", retina, *arguments)[0] == 0
    assert retina.read_bytes() == before
    trains = load_recording("out.nwb").segments[0].spiketrains
    written = {
        str(train.annotations["unit_id"]): str(train.annotations["neuroclass_label"])
        for train in trains
    }
    assert written == labels_in(Path("retina_classes"))


def test_labels_in_place_leave_a_backup_and_are_not_overwritten(run, retina, tmp_path):
    path = tmp_path / "mine.nwb"
    path.write_bytes(retina.read_bytes())
    arguments = ("cluster", path, "--bin-size", "20ms", "--n-clusters", "3")
    assert run(*arguments, "--in-place")[0] == 0
    assert (tmp_path / "mine.backup.nwb").read_bytes() == retina.read_bytes()
    status, out, err = run(*arguments, "--in-place", "-o", "again")
    assert (status, out) == (2, "")
    assert "neuroclass_label" in err
    assert not Path("again").exists()


def test_labels_cannot_go_into_a_table(fails, tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\na,0.25\nb,0.5\na,0.75\n")
    arguments = ("--condition", "none", "--in-place")
    status, line = fails("cluster", "spikes.csv", *arguments)
    assert status == 2
    assert "spikes.csv must be an NWB file or a phy folder to take labels" in line


def test_discriminate_replaces_a_folder_only_when_forced(fails, retina, tmp_path):
    (tmp_path / "retina_pairs").mkdir()
    (tmp_path / "retina_pairs" / "mine.txt").touch()
    status, line = fails("discriminate", retina)
    assert status == 2
    assert "must not exist yet" in line


def test_the_folder_of_another_command_is_refused(run, fails, retina, tmp_path):
    arguments = (retina, "--bin-size", "20ms", "-q", "--force", "-o", "mine")
    assert run("cluster", *arguments, "--n-clusters", "3")[0] == 0
    before = (tmp_path / "mine" / "result.json").read_bytes()
    status, line = fails("discriminate", *arguments)
    assert status == 2
    assert "mine holds one of `neuroclass cluster`" in line
    assert (tmp_path / "mine" / "result.json").read_bytes() == before
