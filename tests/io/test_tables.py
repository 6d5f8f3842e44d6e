"""npz, csv and mat files: each layout by its names, each defect by its place."""

import h5py
import numpy as np
import pytest
import scipy.io
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.exceptions import RecordingError
from neuroclass.io import load_recording

TIMES = [[0.5, 1.5, 2.5], [], [0.25, 0.75]]
FLAT = np.concatenate(TIMES)


def trains_of(block):
    return [train.magnitude.tolist() for train in block.segments[0].spiketrains]


def ids_of(block):
    return [t.annotations["unit_id"] for t in block.segments[0].spiketrains]


def cell_array(rows):
    cells = np.empty((len(rows), len(rows[0])), dtype=object)
    for place in np.ndindex(cells.shape):
        cells[place] = np.array(rows[place[0]][place[1]], dtype=float)
    return cells


def save_mat73(path, **variables):
    """Write variables as Matlab's -v7.3 does: axes reversed, cells as references."""

    def store(file, name, value):
        if value.dtype == object:
            references = np.empty(value.T.shape, dtype=h5py.ref_dtype)
            for place, cell in np.ndenumerate(value.T):
                inner = f"#refs#/{name.replace('/', '_')}_{'_'.join(map(str, place))}"
                references[place] = store(file, inner, cell).ref
            item = file.create_dataset(name, data=references, dtype=h5py.ref_dtype)
            item.attrs["MATLAB_class"] = np.bytes_("cell")
        elif value.size == 0:
            shape = np.array(np.atleast_2d(value).shape, dtype=np.uint64)
            item = file.create_dataset(name, data=shape)
            item.attrs["MATLAB_class"] = np.bytes_("double")
            item.attrs["MATLAB_empty"] = np.uint8(1)
        else:
            item = file.create_dataset(name, data=np.atleast_2d(value).T)
            item.attrs["MATLAB_class"] = np.bytes_("double")
        return item

    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            store(file, name, value)
        file.create_group("settings").attrs["MATLAB_class"] = np.bytes_("struct")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124))


def test_npz_with_one_unit_per_spike(tmp_path):
    np.savez(tmp_path / "a.npz", spike_times=FLAT, unit_ids=[7, 7, 7, 9, 9])
    block = load_recording(tmp_path / "a.npz")
    assert ids_of(block) == [7, 9]
    assert trains_of(block) == [TIMES[0], TIMES[2]]
    assert block.annotations["format"] == "npz"


def test_order_of_spikes_between_units_is_free(tmp_path):
    order = np.argsort(FLAT)
    units = np.array([7, 7, 7, 9, 9])
    np.savez(tmp_path / "a.npz", spikes=FLAT[order], spike_clusters=units[order])
    assert trains_of(load_recording(tmp_path / "a.npz")) == [TIMES[0], TIMES[2]]


def test_npz_with_an_index_keeps_silent_units(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        spike_times=FLAT,
        spike_times_index=[3, 3, 5],
        unit_ids=np.array(["a", "b", "c"]),
    )
    block = load_recording(tmp_path / "a.npz")
    assert ids_of(block) == ["a", "b", "c"]
    assert trains_of(block) == TIMES


def test_npz_with_one_array_per_unit(tmp_path):
    np.savez(tmp_path / "a.npz", on=TIMES[0], silent=TIMES[1], off=TIMES[2])
    block = load_recording(tmp_path / "a.npz")
    assert ids_of(block) == ["on", "silent", "off"]
    assert trains_of(block) == TIMES


def test_names_that_are_numbers_are_ids(tmp_path):
    np.savez(tmp_path / "a.npz", **{"3": TIMES[0], "12": TIMES[2]})
    assert ids_of(load_recording(tmp_path / "a.npz")) == [3, 12]


def test_padded_array_ends_each_unit_at_its_padding(tmp_path):
    padded = np.full((3, 4), np.nan)
    for row, times in zip(padded, TIMES, strict=True):
        row[: len(times)] = times
    np.savez(tmp_path / "a.npz", spike_times=padded)
    assert trains_of(load_recording(tmp_path / "a.npz")) == TIMES


def test_padded_array_of_three_dimensions_is_presentations(tmp_path):
    padded = np.full((2, 3, 2), np.nan)
    padded[0, :, 0] = 0.5
    padded[1, 2, :] = [0.25, 0.75]
    np.savez(tmp_path / "a.npz", spike_times=padded)
    block = load_recording(tmp_path / "a.npz", trial_duration=1)
    assert trains_of(block) == [[0.5, 2.5, 4.5], [4.25, 4.75]]
    (trials,) = block.segments[0].epochs
    assert_array_equal(trials.times.magnitude, [0, 2, 4])
    assert_array_equal(trials.durations.magnitude, [1, 1, 1])


def test_hole_in_the_padding_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", spike_times=[[0.5, 1.5], [np.nan, 1.0]])
    with pytest.raises(RecordingError, match="unit 1 must be finite up to the padding"):
        load_recording(tmp_path / "a.npz")


def test_raster_in_a_file_is_sent_to_from_raster(tmp_path):
    np.savez(tmp_path / "a.npz", spikes=np.eye(5))
    with pytest.raises(RecordingError, match="looks like a raster"):
        load_recording(tmp_path / "a.npz")


def test_presentations_in_an_array_are_laid_out(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        spike_times=[0.5, 0.5, 0.25],
        unit_ids=[0, 0, 1],
        repeat=[1, 3, 2],
    )
    block = load_recording(tmp_path / "a.npz", trial_duration="1s")
    assert trains_of(block) == [[0.5, 4.5], [2.25]]
    assert len(block.segments[0].epochs[0]) == 3


def test_objects_in_npz_are_never_unpickled(tmp_path):
    cells = np.empty(2, dtype=object)
    cells[:] = [np.arange(2.0), np.arange(3.0)]
    np.savez(tmp_path / "a.npz", spike_times=cells)
    with pytest.raises(RecordingError, match="arrays of Python objects"):
        load_recording(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "arrays",
    [
        {"spike_times": FLAT},
        {"spike_times": FLAT, "unit_ids": [1, 2]},
        {"spike_times": np.array(["a"])},
        {"a": np.eye(3)},
        {"a": FLAT, "threshold": 3},
        {},
    ],
)
def test_unknown_layout_lists_what_was_found(tmp_path, arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(RecordingError, match=r"must hold spike_times with .*; got"):
        load_recording(tmp_path / "a.npz")


@pytest.mark.parametrize("index", [[3, 3, 6], [3, 2, 5], [1, 2, 3], []])
def test_npz_index_must_fit(tmp_path, index):
    np.savez(
        tmp_path / "a.npz",
        spike_times=FLAT,
        spike_times_index=np.array(index, dtype=int),
    )
    with pytest.raises(RecordingError, match="spike_times_index must ascend to 5"):
        load_recording(tmp_path / "a.npz")


def test_unit_ids_beside_an_index_are_one_per_unit(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        spike_times=FLAT,
        spike_times_index=[3, 5],
        unit_ids=[1, 2, 3],
    )
    with pytest.raises(RecordingError, match=r"each of the 2 units .* got 3"):
        load_recording(tmp_path / "a.npz")


def test_triggers_inside_the_file(tmp_path):
    np.savez(tmp_path / "a.npz", a=TIMES[0], triggers=[0.0, 1.0, 2.0])
    segment = load_recording(tmp_path / "a.npz").segments[0]
    assert len(segment.spiketrains) == 1
    assert_array_equal(segment.epochs[0].durations.magnitude, [1, 1, 1])


def test_nan_in_npz_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", a=[0.5, np.nan])
    with pytest.raises(
        RecordingError, match="unit a must be finite; got nan at index 1"
    ):
        load_recording(tmp_path / "a.npz")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_columns_are_recognized_by_name(tmp_path, delimiter):
    lines = ["time,amplitude,unit", "0.25,3,9", "0.5,1,7", "1.5,1,7", "0.75,2,9"]
    text = "# a comment\n\n" + "\n".join(lines) + "\n"
    (tmp_path / "a.csv").write_text(text.replace(",", delimiter))
    block = load_recording(tmp_path / "a.csv")
    assert ids_of(block) == [7, 9]
    assert trains_of(block) == [[0.5, 1.5], [0.25, 0.75]]


def test_csv_with_text_ids_and_a_byte_order_mark(tmp_path):
    text = 'Neuron,"Spike_Time"\nb,0.5\na,0.25\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8-sig")
    block = load_recording(tmp_path / "a.csv")
    assert ids_of(block) == ["a", "b"]
    assert trains_of(block) == [[0.25], [0.5]]


@pytest.mark.parametrize("name", ["time_ms", "time [ms]", "spike_times (ms)"])
def test_unit_of_time_in_a_column_name_counts(tmp_path, name):
    (tmp_path / "a.csv").write_text(f"unit,{name}\n1,250\n1,1500\n")
    assert trains_of(load_recording(tmp_path / "a.csv")) == [[0.25, 1.5]]


def test_time_unit_of_a_table(tmp_path):
    (tmp_path / "a.csv").write_text("unit,time\n1,250\n1,1500\n")
    assert trains_of(load_recording(tmp_path / "a.csv", time_unit="ms")) == [
        [0.25, 1.5]
    ]
    found = load_recording(tmp_path / "a.csv", time_unit="samples", sampling_rate=1000)
    assert trains_of(found) == [[0.25, 1.5]]


def test_csv_with_repeats_and_stimuli_numbered_through(tmp_path):
    text = "unit,time,stimulus,repeat\n1,0.5,a,1\n1,0.25,b,2\n2,0.5,a,3\n"
    (tmp_path / "a.csv").write_text(text)
    block = load_recording(tmp_path / "a.csv", trial_duration=1)
    (trials,) = block.segments[0].epochs
    assert list(trials.array_annotations["stimulus"]) == ["a", "b", "a"]
    assert trains_of(block) == [[0.5, 2.25], [4.5]]


def test_csv_with_repeats_numbered_within_each_stimulus(tmp_path):
    text = "unit,time,stimulus,repeat\n1,0.5,4,0\n1,0.25,4,2\n1,0.25,8,0\n"
    (tmp_path / "a.csv").write_text(text)
    block = load_recording(tmp_path / "a.csv", trial_duration=1)
    (trials,) = block.segments[0].epochs
    # No unit fired in repeat 1 of stimulus 4, which was presented all the same.
    assert list(trials.array_annotations["stimulus"]) == [4, 4, 4, 8]
    assert trains_of(block) == [[0.5, 4.25, 6.25]]


def test_presentations_of_unknown_stimuli_warn(tmp_path):
    text = "unit,time,stimulus,repeat\n1,0.5,a,1\n1,0.25,b,2\n2,0.5,a,5\n"
    (tmp_path / "a.csv").write_text(text)
    with pytest.warns(UserWarning, match="2 presentations without any spike"):
        block = load_recording(tmp_path / "a.csv", trial_duration=1)
    assert len(block.segments[0].epochs[0]) == 3


def test_duration_from_the_latest_spike_warns(tmp_path):
    (tmp_path / "a.csv").write_text("unit,time,trial\n1,0.5,1\n1,0.75,2\n")
    with pytest.warns(UserWarning, match=r"taken to last 0\.75 s"):
        block = load_recording(tmp_path / "a.csv")
    assert_array_equal(block.segments[0].epochs[0].durations.magnitude, [0.75, 0.75])


def test_spikes_outside_a_presentation_stay_with_their_own(tmp_path):
    (tmp_path / "a.csv").write_text("unit,time,trial\n1,-0.5,1\n1,3,1\n1,-0.5,2\n")
    block = load_recording(tmp_path / "a.csv", trial_duration=1)
    starts = block.segments[0].epochs[0].times.magnitude
    (train,) = trains_of(block)
    assert_allclose(train, [starts[0] - 0.5, starts[0] + 3, starts[1] - 0.5])
    assert train == sorted(train)


def test_descent_within_a_presentation_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("unit,time,trial\n5,0.5,1\n5,0.75,2\n5,0.25,2\n")
    match = "unit 5 in presentation 1 must ascend; got 0.25 s at index 1"
    with pytest.raises(RecordingError, match=match):
        load_recording(tmp_path / "a.csv", trial_duration=1)


def test_times_that_start_again_get_the_cure(tmp_path):
    (tmp_path / "a.csv").write_text("unit,time\n5,0.5\n5,0.25\n")
    with pytest.raises(RecordingError, match="give the presentation of each spike"):
        load_recording(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("1,0.5\n2,0.7\n", "must name its columns in the first line"),
        (
            "unit,amplitude\n1,2\n",
            "unit and time, or .* per unit; got unit, amplit",
        ),
        ("unit,time\n", "must have rows below 'unit,time'"),
        ("# nothing\n", "must have rows; it has only comments"),
        ("unit,time\n1,0.5\n1,abc\n", "got 'abc' in row 2, of unit 1"),
        ("unit,time\nleft,0.5\nright,\n", "got '' in row 2, of unit right"),
        ("unit,time\n1,0.5\n1\n", r"row 2 must have 2 columns .* got 1"),
        ("unit,time\n1,0.5\n1,nan\n", "unit 1 must be finite; got nan at index 1"),
        ("unit,time,trial\n1,0.5,0.5\n", "presentation must be a whole number"),
    ],
)
def test_bad_csv(tmp_path, text, match):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(RecordingError, match=match):
        load_recording(tmp_path / "a.csv", trial_duration=1)


# In the first line, in the part that decides the format, behind all that is buffered.
@pytest.mark.parametrize("n_rows", [0, 100, 20_000])
def test_csv_that_is_not_utf8(tmp_path, n_rows):
    latin = "unit,time\n" + "a,0.5\n" * n_rows + "séance,1\n"
    (tmp_path / "a.csv").write_bytes(latin.encode("latin-1"))
    with pytest.raises(RecordingError, match=r"a\.csv must be text in UTF-8; .* Save"):
        load_recording(tmp_path / "a.csv")


def test_table_of_two_bytes_per_letter(tmp_path):
    (tmp_path / "a.csv").write_text("unit,time\n1,0.5\n", encoding="utf-16")
    with pytest.raises(RecordingError, match=r"a\.csv must be text in UTF-8"):
        load_recording(tmp_path / "a.csv")


def test_empty_file_of_triggers(tmp_path):
    (tmp_path / "a.csv").write_text("unit,time\n1,0.5\n")
    (tmp_path / "triggers.csv").touch()
    with pytest.raises(RecordingError, match=r"triggers\.csv must not be empty; got 0"):
        load_recording(tmp_path / "a.csv", triggers=tmp_path / "triggers.csv")


GRID = [
    [[100, 200], [], [300]],
    [[50], [60, 70, 80], [90]],
]


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_cells_of_neurons_by_presentations(tmp_path, version):
    path = tmp_path / "a.mat"
    if version == "5":
        scipy.io.savemat(path, {"Spikes": cell_array(GRID), "n_neurons": 2})
    else:
        save_mat73(path, Spikes=cell_array(GRID), n_neurons=np.array([[2.0]]))
    block = load_recording(path, time_unit="ms", trial_duration="1s")
    expected = [[0.1, 0.2, 4.3], [0.05, 2.06, 2.07, 2.08, 4.09]]
    for found, times in zip(trains_of(block), expected, strict=True):
        assert_allclose(found, times, rtol=1e-12)
    (trials,) = block.segments[0].epochs
    assert_array_equal(trials.times.magnitude, [0, 2, 4])
    assert list(trials.array_annotations["stimulus"]) == [0, 0, 0]
    assert ids_of(block) == [0, 1]


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_cells_of_several_stimuli(tmp_path, version):
    path = tmp_path / "a.mat"
    outer = np.empty((2, 1), dtype=object)
    outer[0, 0] = cell_array(GRID)
    outer[1, 0] = cell_array([[[10], [20]], [[30], []]])
    if version == "5":
        scipy.io.savemat(path, {"Spikes": outer})
    else:
        save_mat73(path, Spikes=outer)
    block = load_recording(path, time_unit="ms", trial_duration=1)
    (trials,) = block.segments[0].epochs
    assert list(trials.array_annotations["stimulus"]) == [0, 0, 0, 1, 1]
    assert_allclose(trains_of(block)[0], [0.1, 0.2, 4.3, 6.01, 8.02], rtol=1e-12)


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_vector_of_cells_is_one_train_per_unit(tmp_path, version):
    path = tmp_path / "a.mat"
    cells = cell_array([[times] for times in TIMES])
    if version == "5":
        scipy.io.savemat(path, {"spikes": cells, "triggers": [0.0, 1.0, 2.0]})
    else:
        save_mat73(path, spikes=cells, triggers=np.array([[0.0, 1.0, 2.0]]))
    block = load_recording(path)
    assert trains_of(block) == TIMES
    assert [epoch.name for epoch in block.segments[0].epochs] == ["triggers"]


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_mat_with_one_unit_per_spike(tmp_path, version):
    path = tmp_path / "a.mat"
    units = np.array([[7.0, 7, 7, 9, 9]])
    if version == "5":
        scipy.io.savemat(path, {"spike_times": FLAT, "unit_ids": units})
    else:
        save_mat73(path, spike_times=FLAT, unit_ids=units)
    block = load_recording(path)
    assert ids_of(block) == [7, 9]
    assert trains_of(block) == [TIMES[0], TIMES[2]]


def test_ids_in_cells_of_text(tmp_path):
    names = np.empty((1, 2), dtype=object)
    names[0, :] = ["on", "off"]
    scipy.io.savemat(
        tmp_path / "a.mat",
        {"spike_times": FLAT, "spike_times_index": [3, 5], "unit_ids": names},
    )
    assert ids_of(load_recording(tmp_path / "a.mat")) == ["on", "off"]


def test_several_cell_arrays_are_ambiguous(tmp_path):
    variables = {"first": cell_array(GRID), "second": cell_array(GRID)}
    scipy.io.savemat(tmp_path / "a.mat", variables)
    with pytest.raises(RecordingError, match=r"one cell array .* first, second"):
        load_recording(tmp_path / "a.mat")


def test_stimuli_must_have_the_same_neurons(tmp_path):
    outer = np.empty((1, 2), dtype=object)
    outer[0, 0] = cell_array(GRID)
    outer[0, 1] = cell_array(GRID[:1])
    scipy.io.savemat(tmp_path / "a.mat", {"Spikes": outer})
    with pytest.raises(RecordingError, match=r"shape \(1, 3\) for stimulus 1"):
        load_recording(tmp_path / "a.mat")


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_truncated_mat(tmp_path, version):
    path = tmp_path / "a.mat"
    if version == "5":
        scipy.io.savemat(path, {"Spikes": cell_array(GRID)})
    else:
        save_mat73(path, Spikes=cell_array(GRID))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RecordingError, match=r"damaged or truncated \.mat"):
        load_recording(path)


def test_whole_numbers_warn(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.arange(0.0, 30_000.0, 7.0))
    with pytest.warns(UserWarning, match="whole numbers of seconds"):
        load_recording(tmp_path / "a.npz")


def test_a_broken_row_names_some_columns_only(tmp_path):
    path = tmp_path / "table.csv"
    names = [f"c{k}" for k in range(60)]
    path.write_text("\n".join([",".join(names), ",".join("x" * 60), "x,y"]))
    with pytest.raises(RecordingError, match=r"\(c0, .*, c4 and 55 more\); got 2\."):
        load_recording(path)


@pytest.mark.parametrize("name", ["unit_ids", "spike_times_index"])
def test_a_struct_in_place_of_ids_is_named(tmp_path, name):
    records = np.zeros(2, dtype=[("id", float), ("depth", float)])
    arrays = {"spike_times": np.array([0.1, 0.2]), "unit_ids": [3.0, 4.0]}
    scipy.io.savemat(tmp_path / "a.mat", arrays | {name: records})
    with pytest.raises(RecordingError, match=f"{name} must be .* fields id, depth"):
        load_recording(tmp_path / "a.mat")


def column_of_cells(values):
    cells = np.empty((len(values), 1), dtype=object)
    for row, value in enumerate(values):
        cells[row, 0] = value
    return cells


def test_the_unit_in_the_name_of_a_cell_array_counts(tmp_path):
    cells = column_of_cells([np.array([100.0, 200.0]), np.array([300.0])])
    scipy.io.savemat(tmp_path / "a.mat", {"spike_times_ms": cells})
    trains = load_recording(tmp_path / "a.mat").segments[0].spiketrains
    assert [t.magnitude.tolist() for t in trains] == [[0.1, 0.2], [0.3]]


def test_a_cell_array_of_structs_has_a_unit_in_each(tmp_path):
    units = [
        {"timestamps": [0.1, 0.2], "name": "a"},
        {"timestamps": [0.3], "name": "b"},
    ]
    scipy.io.savemat(tmp_path / "a.mat", {"neurons": column_of_cells(units)})
    trains = load_recording(tmp_path / "a.mat").segments[0].spiketrains
    assert [t.annotations["unit_id"] for t in trains] == ["a", "b"]
    assert [t.magnitude.tolist() for t in trains] == [[0.1, 0.2], [0.3]]


def test_a_struct_of_intervals_beside_the_spikes_is_their_table(tmp_path):
    trials = {
        "start": [0.0, 1.0, 2.0],
        "stop": [0.5, 1.5, 2.5],
        "stimulus": column_of_cells(["a", "b", "a"]),
    }
    cells = column_of_cells([np.array([0.1, 1.2]), np.array([2.3])])
    scipy.io.savemat(tmp_path / "a.mat", {"spike_times": cells, "trials": trials})
    (epoch,) = load_recording(tmp_path / "a.mat").segments[0].epochs
    assert epoch.name == "trials"
    assert epoch.durations.magnitude.tolist() == [0.5] * 3
    assert epoch.array_annotations["stimulus"].tolist() == ["a", "b", "a"]


def test_classes_of_wave_clus_are_units(tmp_path):
    classes = [[1, 100.0], [0, 150.0], [2, 200.0], [1, 300.0]]
    scipy.io.savemat(tmp_path / "times_ch1.mat", {"cluster_class": classes})
    with pytest.warns(UserWarning, match="left out 1 spikes of class 0"):
        trains = load_recording(tmp_path / "times_ch1.mat").segments[0].spiketrains
    assert [t.annotations["unit_id"] for t in trains] == [1, 2]
    assert [t.magnitude.tolist() for t in trains] == [[0.1, 0.3], [0.2]]
    for wrong, match in (
        (np.zeros((3, 2)), "all are of class 0"),
        (np.zeros((3, 3)), r"got shape \(3, 3\)"),
    ):
        scipy.io.savemat(tmp_path / "a.mat", {"cluster_class": wrong})
        with pytest.raises(RecordingError, match=match):
            load_recording(tmp_path / "a.mat")
