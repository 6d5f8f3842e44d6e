"""NWB 2 files as other programs write them, and what bad ones get."""

import datetime
import warnings

import h5py
import numpy as np
import pytest
from hdmf.common import VectorData, VectorIndex
from numpy.testing import assert_array_equal
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.behavior import BehavioralEvents
from pynwb.misc import AnnotationSeries, Units

from neuroclass.exceptions import RecordingError
from neuroclass.io import load_recording

NOW = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def new_file():
    return NWBFile(
        session_description="made by a test", identifier="x", session_start_time=NOW
    )


def add_units(file, trains, **columns):
    for name in columns:
        file.add_unit_column(name, name)
    for row, train in enumerate(trains):
        file.add_unit(
            spike_times=train, id=10 + row, **{k: v[row] for k, v in columns.items()}
        )


def save(file, path):
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return path


def replace(path, name, values):
    with h5py.File(path, "r+") as file:
        attributes = dict(file[name].attrs)
        del file[name]
        file[name] = values
        file[name].attrs.update(attributes)


@pytest.fixture
def recording_path(tmp_path):
    """Three units, the second silent, ten trials."""
    file = new_file()
    add_units(file, [[0.5, 1.5, 2.5], [], [0.25, 9.75]])
    file.add_trial_column("stimulus", "stimulus of the trial")
    for row in range(10):
        file.add_trial(start_time=float(row), stop_time=row + 0.5, stimulus=row % 2)
    return save(file, tmp_path / "recording.nwb")


def test_units_keep_order_ids_and_silence(recording_path):
    segment = load_recording(recording_path).segments[0]
    assert [train.annotations["unit_id"] for train in segment.spiketrains] == [
        10,
        11,
        12,
    ]
    assert [train.name for train in segment.spiketrains] == ["10", "11", "12"]
    assert_array_equal(segment.spiketrains[0].magnitude, [0.5, 1.5, 2.5])
    assert len(segment.spiketrains[1]) == 0


def test_bounds_are_common_to_all_units(recording_path):
    for train in load_recording(recording_path).segments[0].spiketrains:
        assert (float(train.t_start), float(train.t_stop)) == (0.0, 9.75)


def test_block_says_where_it_comes_from(recording_path):
    block = load_recording(recording_path)
    assert block.name == "recording"
    assert block.file_origin == str(recording_path)
    assert block.annotations["format"].startswith("NWB 2.")
    assert block.annotations["session_description"] == "made by a test"


def test_trials_become_an_epoch_with_their_columns(recording_path):
    (trials,) = load_recording(recording_path).segments[0].epochs
    assert trials.name == "trials"
    assert_array_equal(trials.times.magnitude, np.arange(10.0))
    assert_array_equal(trials.durations.magnitude, np.full(10, 0.5))
    assert_array_equal(trials.array_annotations["stimulus"], np.arange(10) % 2)
    assert list(trials.labels) == [str(row) for row in range(10)]


def test_scalar_columns_are_kept_and_ragged_ones_left_out(tmp_path):
    file = new_file()
    device = file.create_device("array")
    group = file.create_electrode_group(
        name="tetrode", description="d", location="retina", device=device
    )
    file.add_unit_column("quality", "q")
    file.add_unit_column("depth", "d")
    file.add_unit_column("good", "g")
    file.add_unit_column("peaks", "ragged", index=True)
    for row in range(2):
        file.add_unit(
            spike_times=[1.0, 2.0],
            quality="good",
            depth=row + 0.5,
            good=row == 0,
            peaks=[1.0] * (row + 1),
            electrode_group=group,
            waveform_mean=[1.0, 2.0, 3.0],
        )
    trains = load_recording(save(file, tmp_path / "a.nwb")).segments[0].spiketrains
    assert trains[1].annotations == {
        "unit_id": 1,
        "quality": "good",
        "depth": 1.5,
        "good": False,
        "electrode_group": "tetrode",
    }
    assert type(trains[1].annotations["depth"]) is float


def test_every_interval_table_is_kept(tmp_path):
    file = new_file()
    add_units(file, [[1.0, 2.0]])
    file.add_epoch(start_time=0.0, stop_time=1.0, tags=["a", "b"])
    file.add_epoch(start_time=1.0, stop_time=2.0, tags=["c"])
    table = file.create_time_intervals("movie_presentations", "movies")
    table.add_column("frame", "f")
    table.add_row(start_time=0.5, stop_time=1.5, frame=3.0)
    file.add_invalid_time_interval(start_time=4.0, stop_time=5.0)
    segment = load_recording(save(file, tmp_path / "a.nwb")).segments[0]
    epochs = {epoch.name: epoch for epoch in segment.epochs}
    assert set(epochs) == {"epochs", "movie_presentations", "invalid_times"}
    assert list(epochs["epochs"].array_annotations["tags"]) == ["a;b", "c"]
    assert list(epochs["movie_presentations"].array_annotations["frame"]) == [3.0]
    assert float(segment.spiketrains[0].t_stop) == 5.0


def test_epochs_that_refer_to_series_can_be_read(tmp_path):
    file = new_file()
    add_units(file, [[1.0, 2.0]])
    series = TimeSeries(name="s", data=[1.0, 2.0], unit="V", rate=1.0)
    file.add_acquisition(series)
    file.add_epoch(start_time=0.0, stop_time=1.0, tags=["a"], timeseries=[series])
    (epoch,) = load_recording(save(file, tmp_path / "a.nwb")).segments[0].epochs
    assert set(epoch.array_annotations) == {"tags"}


def test_observation_intervals_are_kept_per_unit(tmp_path):
    file = new_file()
    file.add_unit(spike_times=[1.0], obs_intervals=[[0.0, 2.0], [5.0, 7.0]])
    file.add_unit(spike_times=[6.0], obs_intervals=[[5.0, 8.0]])
    trains = load_recording(save(file, tmp_path / "a.nwb")).segments[0].spiketrains
    assert_array_equal(trains[0].annotations["obs_intervals"], [[0, 2], [5, 7]])
    assert_array_equal(trains[1].annotations["obs_intervals"], [[5, 8]])
    assert float(trains[0].t_stop) == 8.0


def test_event_series_become_events(tmp_path):
    file = new_file()
    add_units(file, [[1.0, 2.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer pynwb reads these, but makes no more
        flashes = AnnotationSeries(
            name="flashes", data=["a", "b"], timestamps=[0.5, 1.5]
        )
        licks = BehavioralEvents(name="licks")
        licks.create_timeseries(name="left", data=[1], unit="n.a.", timestamps=[0.75])
    file.add_acquisition(flashes)
    file.create_processing_module("behavior", "b").add(licks)
    file.add_acquisition(
        TimeSeries(name="frame_TTL", data=[1, 1], unit="n.a.", timestamps=[0.1, 0.2])
    )
    file.add_acquisition(
        TimeSeries(name="voltage", data=[1, 1], unit="V", timestamps=[0.1, 0.2])
    )
    events = load_recording(save(file, tmp_path / "a.nwb")).segments[0].events
    found = {event.name: event.times.magnitude.tolist() for event in events}
    assert found == {"flashes": [0.5, 1.5], "frame_TTL": [0.1, 0.2], "left": [0.75]}


def test_times_written_in_milliseconds_can_be_rescued(tmp_path):
    file = new_file()
    add_units(file, [[500.0, 1500.0]])
    path = save(file, tmp_path / "a.nwb")
    train = load_recording(path, time_unit="ms").segments[0].spiketrains[0]
    assert_array_equal(train.magnitude, [0.5, 1.5])


def test_whole_numbers_of_seconds_warn(tmp_path):
    file = new_file()
    add_units(file, [np.arange(0.0, 5000.0, 7.0)])
    path = save(file, tmp_path / "a.nwb")
    with pytest.warns(UserWarning, match="look like milliseconds or samples"):
        load_recording(path)


def test_flat_index_may_be_stored_in_a_byte(tmp_path):
    file = new_file()
    times = VectorData(name="spike_times", description="t", data=np.arange(200.0) / 9)
    stops = np.array([100, 200], dtype=np.uint8)
    index = VectorIndex(name="spike_times_index", target=times, data=stops)
    file.units = Units(name="units", description="u", columns=[times, index])
    trains = load_recording(save(file, tmp_path / "a.nwb")).segments[0].spiketrains
    assert [len(train) for train in trains] == [100, 100]


def test_no_units_table(tmp_path):
    path = save(new_file(), tmp_path / "a.nwb")
    with pytest.raises(RecordingError, match=r"a\.nwb must have a Units table .* none"):
        load_recording(path)


def test_no_spike_times(tmp_path):
    file = new_file()
    file.add_unit_column("quality", "q")
    file.add_unit(quality="good")
    path = save(file, tmp_path / "a.nwb")
    with pytest.raises(RecordingError, match="must have the column spike_times"):
        load_recording(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_spike_time_that_is_not_finite_is_named(recording_path, value):
    replace(recording_path, "units/spike_times", [0.5, 1.5, 2.5, 0.25, value])
    match = rf"recording\.nwb: .* unit 12 must be finite; got {value} at index 1"
    with pytest.raises(RecordingError, match=match):
        load_recording(recording_path)


def test_unsorted_spike_times_are_named(recording_path):
    replace(recording_path, "units/spike_times", [0.5, 2.5, 1.5, 0.25, 9.75])
    with pytest.raises(RecordingError, match=r"unit 10 must ascend; .* index 2\. Sort"):
        load_recording(recording_path)


def test_descent_between_units_is_no_defect(recording_path):
    replace(recording_path, "units/spike_times", [7.0, 8.0, 9.0, 0.25, 9.75])
    trains = load_recording(recording_path).segments[0].spiketrains
    assert_array_equal(trains[0].magnitude, [7, 8, 9])


def test_index_past_the_end_is_named(recording_path):
    replace(recording_path, "units/spike_times_index", np.array([3, 3, 6]))
    match = r"spike_times_index must ascend .* the 5 values .* 6 in row 2 \(unit 12\)"
    with pytest.raises(RecordingError, match=match):
        load_recording(recording_path)


def test_index_that_descends_is_named(recording_path):
    replace(recording_path, "units/spike_times_index", np.array([3, 2, 5]))
    with pytest.raises(RecordingError, match="got 2 in row 1"):
        load_recording(recording_path)


@pytest.mark.parametrize("name", ["spike_times", "obs_intervals"])
def test_index_that_ends_before_the_values_is_named(tmp_path, name):
    file = new_file()
    for start in (0.0, 3.0):
        file.add_unit(spike_times=[start + 1], obs_intervals=[[start, start + 2]])
    path = save(file, tmp_path / "a.nwb")
    replace(path, f"units/{name}_index", np.array([1, 1]))
    match = rf"a\.nwb: {name}_index must end at 2, .* of {name}; got 1\."
    with pytest.raises(RecordingError, match=match):
        load_recording(path)


def test_index_of_the_wrong_length(recording_path):
    replace(recording_path, "units/spike_times_index", np.array([3, 5]))
    with pytest.raises(RecordingError, match=r"cannot be read by pynwb|it has 2"):
        load_recording(recording_path)


def test_stop_before_start_names_the_row(recording_path):
    stops = np.arange(10) + 0.5
    stops[4] = 1.0
    replace(recording_path, "intervals/trials/stop_time", stops)
    with pytest.warns(UserWarning, match=r"1 of 10 rows .* \(row 4, start 4 s"):
        block = load_recording(recording_path)
    assert list(block.segments[0].epochs[0].labels[3:5]) == ["3", "5"]


def test_rows_that_all_stop_before_they_start_are_refused(recording_path):
    replace(recording_path, "intervals/trials/stop_time", np.arange(10.0) - 1)
    with pytest.raises(RecordingError, match="must stop after they start"):
        load_recording(recording_path)


def test_rows_without_times_are_left_out_with_a_warning(recording_path):
    starts = np.arange(10.0)
    starts[[2, 7]] = np.nan
    replace(recording_path, "intervals/trials/start_time", starts)
    with pytest.warns(UserWarning, match=r"2 of 10 rows .* \(row 2, 7\)"):
        block = load_recording(recording_path)
    (trials,) = block.segments[0].epochs
    assert len(trials) == 8
    assert list(trials.labels[:3]) == ["0", "1", "3"]
    assert list(trials.array_annotations["stimulus"][:3]) == [0, 1, 1]


def test_trials_without_any_stop_last_until_the_next(recording_path):
    replace(recording_path, "intervals/trials/stop_time", np.full(10, np.nan))
    with pytest.warns(UserWarning, match="last until the next one starts"):
        block = load_recording(recording_path)
    assert_array_equal(block.segments[0].epochs[0].durations.magnitude, np.ones(10))


def test_duplicates_warn_with_count_and_names_and_are_kept(recording_path):
    replace(recording_path, "units/spike_times", [0.5, 0.5, 2.5, 9.75, 9.75])
    with pytest.warns(UserWarning, match=r"2 spike times .* \(10, 12\)") as seen:
        block = load_recording(recording_path)
    assert seen[0].filename == __file__  # not a line inside the package
    assert len(block.segments[0].spiketrains[0]) == 3


def test_equal_times_of_two_units_are_no_duplicates(recording_path):
    replace(recording_path, "units/spike_times", [0.5, 1.0, 2.0, 2.0, 3.0])
    assert load_recording(recording_path).segments[0].spiketrains


def test_repeated_unit_ids_warn_and_rows_count(recording_path):
    replace(recording_path, "units/id", np.array([7, 7, 8]))
    with pytest.warns(UserWarning, match="1 unit ids are given twice"):
        block = load_recording(recording_path)
    ids = [train.annotations["unit_id"] for train in block.segments[0].spiketrains]
    assert ids == [0, 1, 2]


def test_all_units_silent_is_a_recording(tmp_path):
    file = new_file()
    add_units(file, [[], []])
    file.add_trial(start_time=1.0, stop_time=2.0)
    block = load_recording(save(file, tmp_path / "a.nwb"))
    assert [len(train) for train in block.segments[0].spiketrains] == [0, 0]


def test_file_that_pynwb_cannot_build(recording_path):
    with h5py.File(recording_path, "r+") as file:
        del file["session_start_time"]
    with pytest.raises(RecordingError, match=r"cannot be read by pynwb.*Check it"):
        load_recording(recording_path)


def test_recordings_are_never_opened_for_writing(recording_path):
    recording_path.chmod(0o444)
    before = recording_path.read_bytes()
    load_recording(recording_path)
    assert recording_path.read_bytes() == before
