"""A matrix of formats: what is read, with triggers, and what a bad file gets.

Recordings of real systems lie outside the repository: their tests are skipped where
they are absent. The others are made here, in the layout that the program writes.
"""

import os
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass import RecordingError, load_recording
from neuroclass.io import FORMATS, detect_format, recording_sha256, write_labels

REAL = Path(os.environ.get("NEUROCLASS_RECORDINGS", "recordings")) / "nwb_samples"
ONSETS = [0.0, 2.0, 4.0]
TRAINS = [np.array([0.5, 2.5, 4.5]), np.array([1.0, 3.25])]


def trains_of(recording):
    return [t.magnitude.tolist() for t in recording.segments[0].spiketrains]


def ids_of(recording):
    return [t.annotations["unit_id"] for t in recording.segments[0].spiketrains]


def phy_folder(folder, *, rate=20.0, clusters=(0, 3)):
    times = np.concatenate(TRAINS)
    ids = np.repeat(clusters, [t.size for t in TRAINS])
    order = np.argsort(times)
    samples = np.round(times[order] * rate).astype(np.uint64)
    np.save(folder / "spike_times.npy", samples[:, None])
    np.save(folder / "spike_clusters.npy", ids[order].astype(np.int32))
    if rate:
        (folder / "params.py").write_text(
            f"dat_path = 'a.dat'\nsample_rate = {rate}\nraise SystemExit(1)\n"
        )
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n3\tmua\n")
    (folder / "cluster_KSLabel.tsv").write_text("cluster_id\tKSLabel\n0\tgood\n")
    return folder


def circus_file(folder):
    path = folder / "a.result.hdf5"
    with h5py.File(path, "w") as file:
        for k, train in enumerate(TRAINS):
            file[f"spiketimes/temp_{k}"] = np.round(train * 20).astype(np.int64)
    (folder / "a.params").write_text("[data]\nsampling_rate = 20\n")
    return path


def sonata_file(folder):
    path = folder / "spikes.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/v1")
        group["timestamps"] = 1000 * np.concatenate(TRAINS)
        group["timestamps"].attrs["units"] = "ms"
        group["node_ids"] = np.repeat([0, 1], [3, 2])
    return path


def cell_folder(folder):
    for k, train in enumerate(TRAINS):
        lines = "\n".join(f"{time:.4f}" for time in train)
        (folder / f"12_SP_C{k}01.txt").write_text(lines + "\n")
    (folder / "12_movie_frametimings.txt").write_text("0.5\r1.0\r")
    return folder


def text_file(name, text):
    def make(folder):
        (folder / name).write_text(text, encoding="utf-8")
        return folder / name

    return make


def rows(template, separator="\n"):
    return separator.join(
        template.format(unit=unit, time=time, ms=1000 * time)
        for unit, train in enumerate(TRAINS)
        for time in train.tolist()
    )


def saved_arrays(name, make):
    def save(folder):
        values = make()
        if name.endswith(".npz"):
            np.savez(folder / name, **values)
        else:
            np.save(folder / name, values)
        return folder / name

    return save


def pynapple_arrays():
    times = np.concatenate(TRAINS)
    index = np.repeat([0, 1], [3, 2])
    order = np.argsort(times)
    return {
        "t": times[order],
        "index": index[order],
        "keys": np.array([0, 1]),
        "start": np.array([0.0]),
        "end": np.array([6.0]),
        "rate": np.array([0.5, 0.3]),
        "type": np.array(["TsGroup"]),
    }


def padded():
    values = np.full((2, 3), np.nan)
    values[0], values[1, :2] = TRAINS
    return values


def records():
    table = np.zeros(5, dtype=[("unit", "i8"), ("time", "f8")])
    table["unit"], table["time"] = np.repeat([0, 1], [3, 2]), np.concatenate(TRAINS)
    return table


def sorting_arrays():
    return {
        "unit_ids": np.array([0, 1]),
        "num_segment": np.array([1]),
        "sampling_frequency": np.array([20.0]),
        "spike_indexes_seg0": np.array([10, 20, 50, 65, 90]),
        "spike_labels_seg0": np.array([0, 1, 0, 1, 0]),
    }


MADE = {
    "phy": phy_folder,
    "circus": circus_file,
    "sonata": sonata_file,
    "text per cell": cell_folder,
    "nest 3": text_file(
        "a-0.dat",
        "# NEST version: 3.6.0\nsender\ttime_ms\n" + rows("{unit}\t{ms:.3f}"),
    ),
    "nest 2": text_file("a.gdf", rows("{unit}\t{ms:.3f}\t")),
    "sonata csv": text_file(
        "spikes.csv",
        "timestamps population node_ids\n" + rows("{ms:.3f} v1 {unit}"),
    ),
    "name with unit": text_file(
        "a.csv", "Cluster ID,Spike Time [ms]\n" + rows("{unit},{ms}")
    ),
    "timestamp": text_file("a.tsv", "unit\ttimestamp\n" + rows("{unit}\t{time}")),
    "white space": text_file("a.txt", "unit  time\n" + rows("{unit}   {time}")),
    "no names": text_file("a.txt", rows("{unit} {time}")),
    "wide": text_file("a.csv", "u0,u1\n0.5,1.0\n2.5,3.25\n4.5,\n"),
    "line per unit": text_file("a.txt", "0.5 2.5 4.5\n1.0 3.25\n"),
    "decimal comma": text_file(
        "a.csv", "unit;time\n0;0,5\n0;2,5\n0;4,5\n1;1,0\n1;3,25\n"
    ),
    "pynapple": saved_arrays("a.npz", pynapple_arrays),
    "spikeinterface npz": saved_arrays("a.npz", sorting_arrays),
    "row per unit, lists": text_file(
        "a.csv", 'unit,depth,spike_times\n0,5,"[0.5, 2.5, 4.5]"\n1,6,"[1.0, 3.25]"\n'
    ),
    "row per unit, white space": text_file(
        "a.csv", "unit,spike_times\n0,[0.5 2.5 4.5]\n1,1.0 3.25\n"
    ),
    "comments of Matlab, bars": text_file(
        "a.txt",
        "% made by a script\n// of the lab\nunit|time\n" + rows("{unit}|{time}"),
    ),
    "names in camel case": text_file(
        "a.csv", "unitNumber,SpikeTimeMs\n" + rows("{unit},{ms}")
    ),
    "npz per unit": saved_arrays("a.npz", lambda: {"u0": TRAINS[0], "u1": TRAINS[1]}),
    "npy padded": saved_arrays("a.npy", padded),
    "npy records": saved_arrays("a.npy", records),
}


@pytest.mark.parametrize("name", MADE)
def test_spikes_and_triggers_of_each_format(tmp_path, name):
    path = MADE[name](tmp_path)
    recording = load_recording(path, triggers=ONSETS)
    for found, train in zip(trains_of(recording), TRAINS, strict=True):
        assert_allclose(found, train, atol=1e-9)
    assert_array_equal(recording.segments[0].epochs[0].times.magnitude, ONSETS)


BAD = {
    "phy without a rate": (lambda f: phy_folder(f, rate=0), "params.py with the"),
    "phy cut": (
        lambda f: (phy_folder(f) / "spike_clusters.npy").write_bytes(b"\x93NUMPY"),
        "damaged or truncated npy",
    ),
    "phy of two lengths": (
        lambda f: np.save(phy_folder(f) / "spike_clusters.npy", np.zeros(3, int)),
        "one cluster for each of the 5 spikes",
    ),
    "circus without a rate": (
        lambda f: circus_file(f).with_name("a.params").unlink(),
        "no .params with one sampling_rate",
    ),
    "cells of two stimuli": (
        lambda f: (cell_folder(f) / "13_SP_C101.txt").write_text("0.5\n"),
        "the cells of one stimulus; got files 12_SP_C",
    ),
    "two numbers per line": (
        lambda f: (cell_folder(f) / "12_SP_C001.txt").write_text("0.5 1\n"),
        "one spike time per line",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_recordings_are_refused_in_one_line(tmp_path, name):
    make, match = BAD[name]
    made = make(tmp_path)
    path = tmp_path / "a.result.hdf5"
    path = path if path.exists() else tmp_path
    with pytest.raises(RecordingError, match=match) as caught:
        load_recording(made if isinstance(made, Path) and made.exists() else path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "name", "match"),
    [
        (b"NEX5", "a.nex5", "NeuroExplorer .nex5, which is not read"),
        (b"#!AER-DAT4.0\n", "a.aedat4", "AEDAT, events of a camera"),
        (b'{"refs": {}}', "a.nwb.lindi.json", "lindi or another JSON"),
        (b"EVIL 1.5\n1 2\n", "a.txt", "must name|must have|must hold"),
        (b"PLEX\0\0", "a.plx", "cannot be read by neo as plexon"),
        (b"NEURALEV\0", "a.nev", "cannot be read by neo as blackrock"),
        (b"PAR1\0\0", "a.parquet", "parquet"),
        (b"\x1f\x8b\x08", "a.csv.gz", "compressed .gzip., which is not read. Unpack"),
    ],
)
def test_other_formats_are_named(tmp_path, content, name, match):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((RecordingError, ImportError), match=match):
        load_recording(tmp_path / name)


def test_a_given_format_decides(tmp_path):
    path = text_file("a.weird", "unit,time\n" + rows("{unit},{time}"))(tmp_path)
    assert len(trains_of(load_recording(path, format="csv"))) == 2
    assert "phy" in FORMATS
    with pytest.raises(RecordingError, match="must be a file to be read as npz"):
        load_recording(tmp_path, format="npz")


def test_a_rate_given_stands_for_that_of_the_folder(tmp_path):
    folder = phy_folder(tmp_path, rate=10.0)
    assert trains_of(load_recording(folder, sampling_rate=20.0))[0] == [
        0.25,
        1.25,
        2.25,
    ]


def test_curated_groups_count_more_than_labels_of_the_sorter(tmp_path):
    first, second = load_recording(phy_folder(tmp_path)).segments[0].spiketrains
    assert (first.annotations["group"], first.annotations["KSLabel"]) == ("good",) * 2
    assert (second.annotations["group"], second.annotations["KSLabel"]) == ("mua", "")


def test_labels_go_back_into_a_phy_folder(tmp_path):
    folder = phy_folder(tmp_path)
    before = recording_sha256(folder)
    write_labels(folder, {"neuroclass_label": [1, 0]}, in_place=True)
    assert recording_sha256(folder) != before
    text = (folder / "cluster_neuroclass_label.tsv").read_text()
    assert text == "cluster_id\tneuroclass_label\n0\t1\n3\t0\n"
    trains = load_recording(folder).segments[0].spiketrains
    assert [t.annotations["neuroclass_label"] for t in trains] == [1, 0]
    with pytest.raises(ValueError, match=r"it has cluster_neuroclass_label\.tsv"):
        write_labels(folder, {"neuroclass_label": [1, 0]}, in_place=True)
    write_labels(folder, {"neuroclass_label": [0, 0]}, in_place=True, force=True)
    with pytest.raises(ValueError, match="one entry for each of the 2 units"):
        write_labels(folder, {"other": [0]}, in_place=True)


def test_pickled_metadata_of_pynapple_are_left_out_with_a_line(tmp_path):
    metadata = np.array({"area": ["V1", "V2"]}, dtype=object)
    np.savez(tmp_path / "a.npz", **pynapple_arrays(), _metadata=metadata)
    with pytest.warns(UserWarning, match="_metadata of pynapple is left out"):
        recording = load_recording(tmp_path / "a.npz")
    assert trains_of(recording) == [train.tolist() for train in TRAINS]


def test_settings_beside_units_are_left_out_with_a_line(tmp_path):
    np.savez(tmp_path / "a.npz", a=TRAINS[0], b=TRAINS[1], fs=30000.0, TTL=ONSETS)
    with pytest.warns(
        UserWarning, match=r"2 arrays named like .* \(TTL, fs\) are left"
    ):
        recording = load_recording(tmp_path / "a.npz")
    assert ids_of(recording) == ["a", "b"]
    assert [event.name for event in recording.segments[0].events] == ["TTL"]


def test_an_array_equal_to_the_triggers_is_no_neuron(tmp_path):
    np.savez(tmp_path / "a.npz", a=TRAINS[0], b=TRAINS[1], other=ONSETS)
    with pytest.warns(UserWarning, match=r"1 unit with spikes at the triggers \(other"):
        recording = load_recording(tmp_path / "a.npz", triggers=ONSETS)
    assert ids_of(recording) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("unit,time,timestamp\n1,0.5,1\n2,0.7,2\n", "got time, timestamp"),
        ("unit,time,time\n1,0.5,1\n", "'time' is there twice"),
        ("unit,time\n1,0.5\n,0.7\n", "must not be empty"),
    ],
)
def test_tables_that_are_ambiguous_are_refused(tmp_path, text, match):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(RecordingError, match=match):
        load_recording(tmp_path / "a.csv")


def test_excluded_intervals_are_invalid_times(tmp_path):
    path = saved_arrays("a.npz", lambda: {"u0": TRAINS[0], "u1": TRAINS[1]})(tmp_path)
    (tmp_path / "x.csv").write_text("start,stop\n2.0,3.0\n")
    for exclude in ([[2.0, 3.0]], tmp_path / "x.csv"):
        recording = load_recording(path, triggers=ONSETS, exclude=exclude)
        names = [epoch.name for epoch in recording.segments[0].epochs]
        assert names == ["triggers", "invalid_times"]
    with pytest.raises(ValueError, match="a start and a stop in each row"):
        load_recording(path, triggers=ONSETS, exclude=[1.0, 2.0])
    with pytest.raises(FileNotFoundError, match="nothing is named 'none'"):
        load_recording(path, triggers=ONSETS, exclude="none")


def test_align_names_the_columns_there_are(tmp_path):
    path = saved_arrays("a.npz", lambda: {"u0": TRAINS[0], "u1": TRAINS[1]})(tmp_path)
    (tmp_path / "t.csv").write_text("start,stop,cue,code\n0,1,0.5,9\n2,3,2.25,9\n")
    options = {"triggers": tmp_path / "t.csv"}
    epoch = load_recording(path, align="cue", **options).segments[0].epochs[0]
    assert_array_equal(epoch.times.magnitude, [0.5, 2.25])
    assert_array_equal(epoch.durations.magnitude, [0.5, 0.75])
    with pytest.raises(RecordingError, match=r"got 'x'\. The columns are: .*cue"):
        load_recording(path, align="x", **options)
    with pytest.raises(RecordingError, match=r"times inside the rows.*'code'"):
        load_recording(path, align="code", **options)


def real(name):
    if not (REAL / name).exists():
        pytest.skip(f"{name} is not part of the repository")
    return REAL / name


def test_a_real_file_of_neuroexplorer():
    recording = load_recording(real("CS056P07R-MEME1.nex"))
    assert len(recording.segments[0].spiketrains) == 71
    assert ids_of(recording)[0] == "adch_48a"


@pytest.mark.parametrize(
    ("name", "n_trials", "n_swaps"),
    [
        ("sub-anm372793_ses-20170508.nwb", 340, 20),
        ("sub-anm369963_ses-20170228.nwb", 178, 21),
    ],
)
def test_real_files_of_dandi_are_read_without_an_edit(name, n_trials, n_swaps):
    with (
        pytest.warns(UserWarning, match="no row of table 'trials' has a stop"),
        pytest.warns(UserWarning, match=f"{n_swaps} of .* the times are sorted"),
    ):
        recording = load_recording(real(name))
    trials = recording.segments[0].epochs[0]
    assert len(trials) == n_trials
    assert set(trials.array_annotations["type"]) == {"lick left", "lick right"}


def test_columns_that_every_unit_has_once_are_columns_of_the_units(tmp_path):
    make = text_file(
        "a.csv",
        "unit,area,depth,amplitude,time\n"
        "0,V1,5,1,0.5\n1,LP,,2,1.0\n0,V1,5,3,2.5\n1,LP,,4,3.25\n0,V1,5,5,4.5\n",
    )
    first, second = load_recording(make(tmp_path)).segments[0].spiketrains
    assert (first.annotations["area"], second.annotations["area"]) == ("V1", "LP")
    assert first.annotations["depth"] == 5
    assert np.isnan(second.annotations["depth"])
    assert "amplitude" not in first.annotations


def test_units_that_are_numbered_on_each_channel_anew_are_refused(tmp_path):
    text = "channel,unit,timestamp\n1,1,0.5\n2,1,1.0\n1,1,2.5\n2,2,3.0\n"
    with pytest.raises(RecordingError, match=r"unit 1 is in 1, 2.*start again in each"):
        load_recording(text_file("a.csv", text)(tmp_path))
    once = text.replace("2,1,1.0", "1,1,1.0")
    (train, _) = (
        load_recording(text_file("a.csv", once)(tmp_path)).segments[0].spiketrains
    )
    assert train.annotations["channel"] == 1


def test_nodes_of_two_populations_are_two_units(tmp_path):
    text = "timestamps population node_ids\n500 v1 0\n1000 lgn 0\n1500 v1 0\n"
    recording = load_recording(text_file("spikes.csv", text)(tmp_path))
    assert ids_of(recording) == ["lgn:0", "v1:0"]
    assert trains_of(recording) == [[1.0], [0.5, 1.5]]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("unit,spike_times\n0,[0.5 ... 4.5]\n1,[1.0 3.25]\n", "shortened by '...'"),
        ("unit,spike_times\n0,[0.5 4.5]\n0,[1.0 3.25]\n", "got 2 rows of unit 0"),
        ("unit,spike_times\n0,[0.5 a]\n1,[1.0 3.25]\n", "times must be numbers"),
    ],
)
def test_cells_that_are_no_spike_times_are_named(tmp_path, text, match):
    with pytest.raises(RecordingError, match=match):
        load_recording(text_file("a.csv", text)(tmp_path))


def test_a_cell_may_hold_very_many_times(tmp_path):
    times = np.arange(20_000) / 64
    text = f'unit,spike_times\n0,"{times.tolist()}"\n1,"[0.5, 1.5]"\n'
    recording = load_recording(text_file("a.csv", text)(tmp_path))
    assert_array_equal(recording.segments[0].spiketrains[0].magnitude, times)


def test_a_sorting_of_several_segments_in_npz_is_refused(tmp_path):
    for change, match in (
        ({"num_segment": np.array([2])}, "sorting of one segment; it has 2"),
        ({"unit_ids": np.array([0])}, "not among its unit_ids"),
        ({"spike_labels_seg0": np.array([0])}, "a label for each of its 5 spikes"),
    ):
        np.savez(tmp_path / "a.npz", **(sorting_arrays() | change))
        with pytest.raises(RecordingError, match=match):
            load_recording(tmp_path / "a.npz")


@pytest.mark.parametrize("mark", ["zarr_class_info", "spikeinterface_info"])
def test_a_sorting_in_zarr_is_no_nwb(tmp_path, mark):
    (tmp_path / ".zattrs").write_text(f'{{"{mark}": {{}}}}')
    assert detect_format(tmp_path) == "spikeinterface"
    (tmp_path / ".zattrs").write_text('{"nwb_version": "2.7"}')
    assert detect_format(tmp_path) == "nwb-zarr"


@pytest.mark.parametrize(
    "line",
    [
        "sample_rate = 20",
        "sample_rate = 2e1  # Hz",
        "sample_rate = '20'",
        "sample_rate: float = 20.0",
        "sample_rate = 10\nsample_rate = 20  # the later one counts",
        "offset = 0; sample_rate = 20",
        "import numpy as np\nsample_rate = np.float64(20.0)",
        "sample_rate = 2 * 10",
        "dat_path = C:\\a.dat\nsample_rate = 20",
    ],
)
def test_the_rate_of_phy_is_what_its_file_says(tmp_path, line):
    folder = phy_folder(tmp_path)
    for encoding in ("utf-8", "utf-16"):
        (folder / "params.py").write_text(f"raise SystemExit\n{line}\n", encoding)
        assert_allclose(trains_of(load_recording(folder))[0], TRAINS[0])


@pytest.mark.parametrize(
    "line", ["sample_rate = [20]", "sample_rate = f(", "rate = 20"]
)
def test_a_rate_that_is_no_number_is_named(tmp_path, line):
    phy_folder(tmp_path, rate=0)
    (tmp_path / "params.py").write_text(f"{line}\n")
    with pytest.raises(RecordingError, match="must have a line sample_rate = NUMBER"):
        load_recording(tmp_path)


def test_the_folder_of_a_sorter_within_another_is_named(tmp_path):
    for name in ("kilosort4", "run/sorter_output"):
        (tmp_path / name).mkdir(parents=True)
        phy_folder(tmp_path / name)
    with pytest.raises(RecordingError, match=r"Give .*kilosort4 or another of 2 sort"):
        load_recording(tmp_path)
    with pytest.raises(RecordingError, match="part of a Kilosort or phy folder"):
        load_recording(tmp_path / "kilosort4" / "cluster_group.tsv")


def test_a_workbook_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    with pytest.raises(RecordingError, match=r"an Excel workbook.*Save the sheet as"):
        load_recording(tmp_path / "a.xlsx")


@pytest.mark.parametrize("name", ["spike_samples", "sample_index"])
def test_samples_ask_for_their_rate(tmp_path, name):
    ids, times = np.repeat([0, 1], [3, 2]), np.concatenate(TRAINS)
    text = f"unit,{name}\n" + rows("{unit},{time}")
    arrays = {name: times * 20, "unit_ids": ids}
    np.savez(tmp_path / "a.npz", **arrays)
    (tmp_path / "a.csv").write_text(text)
    for path in (tmp_path / "a.npz", tmp_path / "a.csv"):
        with pytest.raises(RecordingError, match=f"{name} counts samples.*--sampling-"):
            load_recording(path)
    options = {"time_unit": "samples", "sampling_rate": 20}
    assert trains_of(load_recording(tmp_path / "a.npz", **options)) == [
        train.tolist() for train in TRAINS
    ]


def test_units_without_their_spikes_are_no_units(tmp_path):
    np.savez(tmp_path / "a.npz", spike_clusters=np.array([0, 1]), amplitudes=[1.0, 2])
    with pytest.raises(RecordingError, match="must hold spike_times with unit_ids"):
        load_recording(tmp_path / "a.npz")
