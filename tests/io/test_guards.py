"""What damaged and odd files get: one line that says what was expected, and where."""

import os
import re
import shutil
import socket
import zipfile

import h5py
import numpy as np
import pytest
import scipy.io

from neuroclass import RecordingError, load_recording
from neuroclass._lib.memory_limits import check_allocation, size_text
from neuroclass.io import write_recording
from neuroclass.simulation import simulate_retina

TIMES, INDEX, IDS = "units/spike_times", "units/spike_times_index", "units/id"
STARTS, STOPS = "intervals/trials/start_time", "intervals/trials/stop_time"
STIMULUS, OBSERVED = "intervals/trials/stimulus", "units/obs_intervals"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    recording = simulate_retina(
        *(2, 4, 12, 1.5),
        n_unique=0,
        diversity=0.0,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )
    for train in recording.segments[0].spiketrains:
        train.annotations["obs_intervals"] = np.array([[0.0, 30.0]])
    path = tmp_path_factory.mktemp("guards") / "made.nwb"
    write_recording(recording, path)
    return path


@pytest.fixture
def nwb(made, tmp_path):
    return shutil.copy(made, tmp_path / "odd.nwb")


def put(path, place, values, dtype=None):
    """Put other values in the place of a column, with its attributes."""
    with h5py.File(path, "r+") as file:
        attributes = dict(file[place].attrs)
        del file[place]
        file.create_dataset(place, data=values, dtype=dtype)
        file[place].attrs.update(attributes)
        if f"{place}_index" in file:  # which refers to its column
            file[f"{place}_index"].attrs["target"] = file[place].ref


TEXT = h5py.string_dtype()
ODD = {
    "text": (["a", "b"], TEXT),
    "bytes": (np.array([b"a", b"b"]), None),
    "compound": (np.zeros(2, [("a", "f8"), ("b", "i4")]), None),
    "booleans": (np.array([True, False]), None),
    "complex": (np.array([1j, 2j]), None),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("place", [TIMES, OBSERVED, STARTS, STOPS])
def test_a_column_of_another_type_is_refused_by_its_name(nwb, place, kind):
    values, dtype = ODD[kind]
    if place in (STARTS, STOPS):  # as many as rows
        values = list(values) * 6 if dtype else np.tile(values, 6)
    put(nwb, place, values, dtype)
    name = place.rpartition("/")[2]
    with pytest.raises(RecordingError, match=rf"odd\.nwb.*{name}|{name}.*odd\.nwb"):
        load_recording(nwb)


@pytest.mark.parametrize("shape", [(), (1, 2), (2, 1), (1, 1, 2), (1, 1, 1, 2)])
@pytest.mark.parametrize("place", [TIMES, INDEX, IDS, STARTS])
def test_too_many_axes_and_none_are_refused(nwb, place, shape):
    put(nwb, place, np.ones(shape))
    with pytest.raises(RecordingError, match=r"odd\.nwb"):
        load_recording(nwb)


def test_references_and_null_are_refused(nwb):
    with h5py.File(nwb, "r") as file:
        references = np.array([file.ref] * 4, dtype=h5py.ref_dtype)
    put(nwb, STARTS, references, h5py.ref_dtype)
    with pytest.raises(RecordingError, match=r"start_time|cannot be read"):
        load_recording(nwb)
    put(nwb, STARTS, h5py.Empty("f8"))
    with pytest.raises(RecordingError, match=r"start_time|cannot be read"):
        load_recording(nwb)


@pytest.mark.parametrize("value", [np.inf, np.nan, 0.5, 1e300])
def test_ids_and_indices_that_are_no_whole_numbers_are_refused(nwb, value):
    for place in (IDS, INDEX):
        copy = shutil.copy(nwb, nwb.with_name("copy.nwb"))
        put(copy, place, np.array([0.0, 1.0, 2.0, value]))
        # pynwb itself refuses ids of another type than integer.
        message = f"{place.rpartition('/')[2]} must be whole numbers; got {value}"
        with pytest.raises(RecordingError, match=rf"root/{place}|{re.escape(message)}"):
            load_recording(copy)


def test_intervals_that_are_not_finite_are_left_out_with_a_warning(nwb):
    put(nwb, OBSERVED, np.array([[0, 30], [0, np.inf], [np.nan, 3], [0, 30.0]]))
    with pytest.warns(UserWarning, match="2 intervals of obs_intervals must be finite"):
        recording = load_recording(nwb)
    assert np.isfinite(float(recording.segments[0].spiketrains[0].t_stop))


def test_a_column_that_does_not_fit_its_table_is_named(nwb):
    put(nwb, STIMULUS, ["a"] * 3, TEXT)
    with pytest.raises(RecordingError, match=r"'stimulus'.*12 rows|cannot be read"):
        load_recording(nwb)


def test_a_declared_size_beyond_memory_is_refused_before_it_is_read(nwb, tmp_path):
    with h5py.File(nwb, "r+") as file:
        attributes = dict(file[TIMES].attrs)
        del file[TIMES]
        file.create_dataset(TIMES, (10**13,), "f8", chunks=(1024,))
        file[TIMES].attrs.update(attributes)
        stops, attributes = file[INDEX][()], dict(file[INDEX].attrs)
        del file[INDEX]
        file[INDEX] = np.array([*stops[:-1], 10**13], np.uint64)
        file[INDEX].attrs.update(attributes | {"target": file[TIMES].ref})
    with pytest.raises(RecordingError, match=r"would take 80 TB.*--cache"):
        load_recording(nwb)


def test_an_estimate_beyond_a_bound_is_refused_with_both():
    check_allocation(1e3, "x", "Take less.", most=1e3)
    with pytest.raises(ValueError, match=r"x would take 2 kB .*; there are 1 kB"):
        check_allocation(2e3, "x", "Take less.", most=1e3)
    assert size_text(72.84e12) == "72.8 TB"


@pytest.mark.parametrize("name", ["pipe", "socket"])
def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch, name):
    path = tmp_path / f"{name}.csv"
    if name == "pipe":
        os.mkfifo(path)
    else:
        monkeypatch.chdir(tmp_path)  # names of sockets are short
        server = socket.socket(socket.AF_UNIX)
        server.bind(path.name)
        server.close()
    with pytest.raises(RecordingError, match="it is a pipe, a device or a socket"):
        load_recording(path)


def test_a_device_is_refused_at_once():
    with pytest.raises(RecordingError, match="it is a pipe, a device or a socket"):
        load_recording("/dev/zero")


def test_a_link_out_of_the_folder_is_followed_only_when_asked_for(nwb, tmp_path):
    (tmp_path / "other").mkdir()
    with h5py.File(tmp_path / "raw.nwb", "w") as file:
        file["trace"] = np.arange(3.0)
    with h5py.File(nwb, "r+") as file:
        file["scratch/inside"] = h5py.ExternalLink("raw.nwb", "/trace")
    assert load_recording(nwb).segments
    moved = shutil.move(nwb, tmp_path / "other" / "odd.nwb")
    with h5py.File(moved, "r+") as file:
        del file["scratch/inside"]
        file["units/spikes_elsewhere"] = h5py.ExternalLink("../raw.nwb", "/trace")
    with pytest.raises(RecordingError, match=r"spikes_elsewhere leads out of its fol"):
        load_recording(moved)
    assert load_recording(moved, follow_links=True).segments


def test_a_name_that_is_not_utf8_is_refused_in_one_line(nwb):
    with h5py.File(nwb, "r+") as file:
        units = file["units"]
        units.id.links.create_soft(b"\xff\xfe", b"/units/id")
    with pytest.raises(RecordingError, match=r"odd\.nwb"):
        load_recording(nwb)


def test_cells_that_refer_to_each_other_again_and_again_are_refused(tmp_path):
    path = tmp_path / "cells.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["#refs#/level0"] = np.arange(5.0)
        for level in range(30):
            held = np.array([[file[f"#refs#/level{level}"].ref] * 2])
            file[f"#refs#/level{level + 1}"] = held.astype(h5py.ref_dtype)
        file["spike_times"] = file["#refs#/level30"]
        file["spike_times"].attrs["MATLAB_class"] = np.bytes_(b"cell")
    content = bytearray(path.read_bytes())
    content[:128] = b"MATLAB 7.3 MAT-file".ljust(128)
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="refer to others again and again"):
        load_recording(path)


def test_a_member_of_an_npz_that_declares_more_than_memory_is_refused(tmp_path):
    path = tmp_path / "declared.npz"
    header = np.lib.format
    with open(tmp_path / "spike_times.npy", "wb") as file:
        content = {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
        header.write_array_header_1_0(file, content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(tmp_path / "spike_times.npy", "spike_times.npy")
    with pytest.raises(RecordingError, match=r"spike_times\.npy would take 80 TB"):
        load_recording(path)


@pytest.mark.parametrize("name", ["spike_times_index", "unit_ids"])
@pytest.mark.parametrize("values", [["a", "b"], [[1], [2]], [0.5, np.nan], [1j, 2]])
def test_an_index_and_ids_are_checked_in_arrays_too(tmp_path, name, values):
    arrays = {
        "spike_times": np.array([0.1, 0.2, 0.3]),
        "spike_times_index": np.array([1, 3]),
        "unit_ids": np.array([0, 1]),
        name: np.array(values),
    }
    is_ids = name == "unit_ids" and values in (["a", "b"], [[1], [2]])
    for suffix, save in ((".npz", np.savez), (".mat", scipy.io.savemat)):
        path = tmp_path / f"odd{suffix}"
        if suffix == ".npz":
            save(path, **arrays)
        else:
            save(path, arrays)
        if is_ids or (suffix == ".mat" and values == [[1], [2]]):
            continue  # ids may be text or a column; Matlab has no other vectors
        with pytest.raises(RecordingError, match=r"must be|must ascend"):
            load_recording(path)


@pytest.mark.parametrize("number", ["1e12", "-1e12", "inf", "nan"])
def test_one_number_of_a_presentation_makes_no_millions_of_them(tmp_path, number):
    path = tmp_path / "numbers.csv"
    rows = ["0,0.1,0", "0,0.2,1", "1,0.1,0", f"1,0.3,{number}"]
    path.write_text("\n".join(["unit,time,presentation", *rows]), encoding="utf-8")
    with pytest.raises(RecordingError, match=r"presentations? must be"):
        load_recording(path)


def test_a_folder_of_a_sorter_is_checked_array_by_array(tmp_path):
    for name in ("spike_times", "spike_clusters"):
        np.save(tmp_path / f"{name}.npy", np.arange(4))
    (tmp_path / "params.py").write_text("sample_rate = 10.0\n", encoding="utf-8")
    assert len(load_recording(tmp_path).segments[0].spiketrains) == 4
    for odd in (np.array(["a"] * 4), np.full(4, np.inf), np.zeros((2, 2))):
        np.save(tmp_path / "spike_clusters.npy", odd)
        with pytest.raises(RecordingError, match=r"spike_clusters\.npy must hold"):
            load_recording(tmp_path)


def test_a_name_that_is_longer_than_any_is_refused_and_not_repeated(tmp_path):
    path = tmp_path / "spikes.csv"
    path.write_text("unit," + "t" * 140_000 + "\n0,1\n")
    with pytest.raises(RecordingError, match="name has 140,000 characters") as refused:
        load_recording(path)
    assert len(str(refused.value)) < 1000
    path.write_text("unit,time\n0," + "t" * 140_000 + "\n")
    with pytest.raises(
        RecordingError, match="times must be numbers; got 'tt"
    ) as caught:
        load_recording(path)
    assert len(str(caught.value)) < 300


def test_bytes_of_hdf5_are_text_as_ids(tmp_path):
    path = tmp_path / "a.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["spike_times"] = np.array([[0.1, 0.2, 0.3, 0.4]]).T
        file["unit_ids"] = np.array(["a", "a", "b", "b"], dtype=h5py.string_dtype())
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))
    trains = load_recording(path).segments[0].spiketrains
    assert [train.annotations["unit_id"] for train in trains] == ["a", "b"]


def test_units_of_circus_are_samples_and_the_rate_is_a_whole_value(tmp_path):
    path, params = tmp_path / "a.result.hdf5", tmp_path / "a.params"
    params.write_text("[data]\nsampling_rate = 20000 # Hz\n", encoding="utf-8")
    for odd in (np.array([b"a", b"b"]), np.array([1.5, 2.0]), np.zeros((2, 2))):
        with h5py.File(path, "w") as file:
            file["spiketimes/temp_0"] = odd
        with pytest.raises(RecordingError, match=r"spiketimes/temp_0 must be"):
            load_recording(path)
    with h5py.File(path, "w") as file:
        file.create_group("spiketimes/temp_0")
    with pytest.raises(RecordingError, match=r"spiketimes/temp_0 must be numbers"):
        load_recording(path)
    with h5py.File(path, "w") as file:
        file["spiketimes/temp_0"] = h5py.SoftLink("/nowhere")
    with pytest.raises(RecordingError, match=r"a\.result\.hdf5 cannot be read to its"):
        load_recording(path)
    with h5py.File(path, "w") as file:
        file["spiketimes/temp_0"] = np.array([100, 200])
    (train,) = load_recording(path).segments[0].spiketrains
    assert train.magnitude.tolist() == [0.005, 0.01]
    with h5py.File(path, "r+") as file:
        units = file["spiketimes"]
        units.id.links.create_soft(b"\xff\xfe", b"/spiketimes/temp_0")
    with pytest.raises(RecordingError, match="must name its units in UTF-8"):
        load_recording(path)
    for damaged in ("20_rate = 20000", "1e400", "20e", "0"):
        params.write_text(f"sampling_rate = {damaged}\n", encoding="utf-8")
        with pytest.raises(RecordingError, match=r"no \.params with one sampling_rate"):
            load_recording(path)


def test_two_rates_of_circus_that_differ_are_refused(tmp_path):
    path, params = tmp_path / "a.result.hdf5", tmp_path / "a.params"
    with h5py.File(path, "w") as file:
        file["spiketimes/temp_0"] = np.array([100, 200])
    line = "sampling_rate = 20000\n"
    for other in ("sampling_rate = 2000data]\n", "sampling_rate = 2000\n"):
        params.write_text(f"[data]\n{other}{line}", encoding="utf-8")
        with pytest.raises(RecordingError, match=r"no \.params with one sampling_rate"):
            load_recording(path)
    params.write_bytes(b"[da\xf4a]\n" + 2 * line.encode())
    (train,) = load_recording(path).segments[0].spiketrains
    assert train.magnitude.tolist() == [0.005, 0.01]


@pytest.mark.parametrize(
    ("name", "values", "match"),
    [
        ("node_ids", np.array([0.5, 1.0]), "node_ids must be whole numbers"),
        ("node_ids", None, "node_ids must be numbers"),
        ("timestamps", np.array([b"abc", b"d"]), "timestamps must be numbers"),
        ("timestamps", np.array([1j, 2j]), "timestamps must be numbers"),
        ("timestamps", h5py.ExternalLink("a.h5", "/x"), "cannot be read to its end"),
    ],
)
def test_arrays_of_sonata_are_numbers(tmp_path, name, values, match):
    path = tmp_path / "spikes.h5"
    arrays = {"timestamps": np.array([1.0, 2.0]), "node_ids": np.array([0, 1])}
    with h5py.File(path, "w") as file:
        for key, whole in arrays.items():
            if key == name and values is None:
                file.create_group(f"spikes/v1/{key}")
            else:
                file[f"spikes/v1/{key}"] = values if key == name else whole
    with pytest.raises(RecordingError, match=match):
        load_recording(path)


def test_an_unknown_unit_of_sonata_is_not_taken_for_milliseconds(tmp_path):
    path = tmp_path / "spikes.h5"
    with h5py.File(path, "w") as file:
        file["spikes/v1/timestamps"] = np.array([1.0, 2.0])
        file["spikes/v1/timestamps"].attrs["units"] = "us"
        file["spikes/v1/node_ids"] = np.array([0, 1])
    with pytest.raises(RecordingError, match=r"must be ms or s; got 'us'"):
        load_recording(path)


def test_zero_bytes_in_a_table_are_named(tmp_path):
    path = tmp_path / "spikes.dat"
    path.write_bytes(b"# NEST version: 3\n" + bytes(40) + b"\n0\t261.4\n1\t270.1\n")
    with pytest.raises(RecordingError, match="line 2 holds zero bytes"):
        load_recording(path)
