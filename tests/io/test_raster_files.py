"""Rasters in files: dense, logical and sparse, read alike when their axes are named."""

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse
from numpy.testing import assert_allclose

from neuroclass import RecordingError, from_raster, load_recording
from neuroclass.cli import main

N_NEURONS, N_REPEATS, N_BINS = 5, 12, 40
RASTER = np.random.default_rng(3).random((N_NEURONS, N_REPEATS, N_BINS)) < 0.1
FLAT = RASTER.reshape(N_NEURONS, -1)
ONSETS = 0.04 * np.arange(N_REPEATS)


def save_sparse_v73(path, flat):
    """Write as Matlab does: the transpose of each array, column pointers in jc."""
    columns = scipy.sparse.csc_array(flat.astype(float))
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("raster")
        group.attrs["MATLAB_sparse"] = np.uint64(flat.shape[0])
        group.attrs["MATLAB_class"] = np.bytes_("double")
        group["data"], group["ir"] = columns.data, columns.indices.astype(np.uint64)
        group["jc"] = columns.indptr.astype(np.uint64)
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))


WRITERS = {
    "logical.mat": lambda path: scipy.io.savemat(path, {"raster": FLAT}),
    "sparse.mat": lambda path: scipy.io.savemat(
        path, {"raster": scipy.sparse.csc_array(FLAT.astype(float))}
    ),
    "sparse73.mat": lambda path: save_sparse_v73(path, FLAT),
    "logical.npz": lambda path: np.savez(path, raster=FLAT),
    "sparse.npz": lambda path: scipy.sparse.save_npz(
        path, scipy.sparse.csr_array(FLAT.astype(np.int8))
    ),
    "raster.npy": lambda path: np.save(path, FLAT.astype(np.uint8)),
}


def trains_of(recording):
    return [t.rescale("s").magnitude for t in recording.segments[0].spiketrains]


@pytest.mark.parametrize("name", WRITERS)
def test_a_raster_on_one_clock_takes_triggers(tmp_path, name):
    WRITERS[name](tmp_path / name)
    recording = load_recording(
        tmp_path / name, axes="neuron,time", dt="1ms", triggers=ONSETS
    )
    expected = [0.001 * (np.flatnonzero(row) + 0.5) for row in FLAT]
    for train, times in zip(trains_of(recording), expected, strict=True):
        assert_allclose(train, times, atol=1e-9)
    (epoch,) = recording.segments[0].epochs
    assert_allclose(epoch.times.magnitude, ONSETS)


def test_presentations_stimuli_and_ids_are_those_of_from_raster(tmp_path):
    path = tmp_path / "a.mat"
    stimuli = ["on", "off"] * (N_REPEATS // 2)
    ids = [11, 12, 15, 16, 19]
    scipy.io.savemat(path, {"raster": RASTER, "unit_ids": ids, "stimulus": stimuli})
    read = load_recording(path, axes="neuron,presentation,time", dt="1ms")
    made = from_raster(RASTER, "1ms", axes="npt", unit_ids=ids, condition=stimuli)
    for one, other in zip(
        read.segments[0].spiketrains, made.segments[0].spiketrains, strict=True
    ):
        assert one.annotations["unit_id"] == other.annotations["unit_id"]
        assert_allclose(one.magnitude, other.magnitude)
    column = read.segments[0].epochs[0].array_annotations["stimulus"]
    assert [str(value).strip() for value in column] == stimuli


@pytest.mark.parametrize("name", WRITERS)
def test_without_axes_the_options_are_named(tmp_path, name, capsys):
    WRITERS[name](tmp_path / name)
    assert main(["inspect", str(tmp_path / name)]) == 1
    error = capsys.readouterr().err
    assert "--axes neuron,time --dt 1ms" in error
    assert error.count("\n") == 1


def test_axes_that_do_not_fit_are_named(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, raster=FLAT, other=FLAT)
    with pytest.raises(RecordingError, match=r"one array with the axes .* other 5x480"):
        load_recording(path, axes="nt", dt="1ms")
    np.savez(path, raster=FLAT - 1.0)
    with pytest.raises(RecordingError, match=r"a.npz, array raster: x must hold 0 and"):
        load_recording(path, axes="nt", dt="1ms")
    with pytest.raises(ValueError, match="axes and dt must be given together"):
        load_recording(path, axes="nt")


def test_the_command_line_reads_a_raster(tmp_path, capsys):
    path = tmp_path / "a.npz"
    np.savez(path, raster=RASTER)
    options = ["--axes", "neuron,presentation,time", "--dt", "1ms"]
    assert main(["inspect", str(path), *options]) == 0
    assert "12 repeats of 1 stimulus of 0.04 s" in capsys.readouterr().out
