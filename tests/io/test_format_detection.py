"""Formats are recognized by content, and each defect gets one line."""

import zipfile

import h5py
import numpy as np
import pytest
import scipy.io

from neuroclass.exceptions import RecordingError
from neuroclass.io import detect_format, load_recording


def test_content_counts_more_than_suffix(tmp_path):
    np.savez(tmp_path / "recording.mat.npz", a=np.arange(3.0))
    (tmp_path / "recording.mat.npz").rename(tmp_path / "npz.mat")
    scipy.io.savemat(tmp_path / "mat.dat", {"a": [1.0, 2.0]}, appendmat=False)
    (tmp_path / "table.dat").write_text("unit,time\n1,0.5\n")
    assert detect_format(tmp_path / "npz.mat") == "npz"
    assert detect_format(tmp_path / "mat.dat") == "mat"
    assert detect_format(tmp_path / "table.dat") == "csv"


def test_text_may_be_cut_inside_a_character_where_detection_ends(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("unit,time\n" + "é" * 5000, encoding="utf-8")
    path.write_bytes(b"x" + path.read_bytes())
    assert detect_format(path) == "csv"


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must be an existing file; nothing"):
        load_recording(tmp_path / "missing.nwb")


def test_folder_that_is_no_recording_is_listed(tmp_path):
    with pytest.raises(RecordingError, match="the folder is empty"):
        load_recording(tmp_path)
    (tmp_path / "notes.md").write_text("none")
    with pytest.raises(RecordingError, match=r"no known format; it holds notes\.md"):
        load_recording(tmp_path)


def test_empty_file(tmp_path):
    (tmp_path / "empty.nwb").touch()
    with pytest.raises(RecordingError, match="must not be empty; got 0 bytes"):
        load_recording(tmp_path / "empty.nwb")


@pytest.mark.parametrize("suffix", ["nwb", "npz"])
def test_text_named_as_if_binary(tmp_path, suffix):
    path = tmp_path / f"notes.{suffix}"
    path.write_text("no recording at all, only text")
    with pytest.raises(RecordingError, match=r"as its suffix says; it starts wi"):
        load_recording(path)


def test_truncated_hdf5(tmp_path):
    path = tmp_path / "cut.nwb"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(10_000)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(RecordingError, match="damaged or truncated HDF5"):
        load_recording(path)


def test_hdf5_that_is_not_nwb_lists_what_it_holds(tmp_path):
    path = tmp_path / "other.nwb"
    with h5py.File(path, "w") as file:
        file["spikes"] = np.arange(3)
    with pytest.raises(RecordingError, match=r"HDF5 but not NWB.*it holds spikes"):
        load_recording(path)


def test_nwb_1_stores_its_version_as_a_dataset(tmp_path):
    path = tmp_path / "old.nwb"
    with h5py.File(path, "w") as file:
        file["nwb_version"] = "NWB-1.0.6"
    with pytest.raises(RecordingError, match=r"is NWB 1\.x; NWB 2 is needed"):
        load_recording(path)


def test_nwb_of_another_major_version(tmp_path):
    path = tmp_path / "new.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "3.0.0"
    with pytest.raises(RecordingError, match=r"is NWB 3\.0\.0; NWB 2 is needed"):
        load_recording(path)


def test_single_numpy_array_needs_the_names_of_its_axes(tmp_path):
    np.save(tmp_path / "raster.npy", np.zeros((3, 4)))
    with pytest.raises(RecordingError, match="--axes neuron,time --dt 1ms"):
        load_recording(tmp_path / "raster.npy")


def test_zip_of_something_else(tmp_path):
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("recording.nwb", "x")
    with pytest.raises(RecordingError, match="zip file but no npz"):
        load_recording(path)


def test_truncated_npz(tmp_path):
    path = tmp_path / "cut.npz"
    np.savez(path, spike_times=np.arange(1000.0))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(RecordingError, match="damaged or truncated npz"):
        load_recording(path)


def test_old_mat(tmp_path):
    scipy.io.savemat(tmp_path / "old.mat", {"a": [1.0]}, format="4")
    with pytest.raises(RecordingError, match=r"no \.mat file of version 5, 7 or 7\.3"):
        load_recording(tmp_path / "old.mat")


def test_unknown_binary(tmp_path):
    (tmp_path / "vendor.nex").write_bytes(b"NEX1\0\0\0\0\xff\xfe")
    with pytest.raises(RecordingError, match="cannot be read by neo as neuroexplorer"):
        load_recording(tmp_path / "vendor.nex")
    (tmp_path / "vendor.xyz").write_bytes(b"\0\1\2\3\xff\xfe")
    with pytest.raises(RecordingError, match=r"of no format that can be read \(NWB 2"):
        load_recording(tmp_path / "vendor.xyz")


def test_pickles_are_never_read(tmp_path):
    (tmp_path / "recording.pkl").write_bytes(b"\x80\x04\x95\x10\0\0\0\0\0\0\0")
    with pytest.raises(RecordingError, match="a Python pickle, which is not read"):
        load_recording(tmp_path / "recording.pkl")


def test_file_that_another_program_writes(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "held.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.9.0"
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RecordingError, match="held open for writing by another"):
            load_recording(path)
