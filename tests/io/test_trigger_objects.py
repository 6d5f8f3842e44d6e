"""Triggers as tables, mappings, intervals and files: onsets, durations and stimuli."""

from types import SimpleNamespace

import neo
import numpy as np
import pandas as pd
import pytest
import quantities as pq
import scipy.io
from numpy.testing import assert_allclose

from neuroclass import RecordingError, load_recording

ONSETS = 10 + 2.5 * np.arange(6)
STIMULI = ["a", "b"] * 3
TRAINS = [ONSETS + 0.1, ONSETS + 0.7]
TABLE = pd.DataFrame({"start": ONSETS, "stop": ONSETS + 2, "stimulus": STIMULI})


class Intervals:
    """What is used of an IntervalSet of pynapple."""

    def __init__(self):
        self.start, self.end = ONSETS, ONSETS + 2
        self.metadata = pd.DataFrame({"stimulus": STIMULI})

    def as_units(self, unit):
        raise NotImplementedError

    def tot_length(self):
        raise NotImplementedError


class Series:
    """What is used of a Tsd of pynapple: times and values."""

    def __init__(self):
        self.index = SimpleNamespace(values=ONSETS)
        self.values = np.array([1, 2] * 3)

    def as_units(self, unit):
        raise NotImplementedError


def epoch_of(triggers, **options):
    recording = load_recording(TRAINS, triggers=triggers, **options)
    (epoch,) = recording.segments[0].epochs
    return epoch


WITH_STIMULI = {
    "frame": TABLE,
    "frame of text": TABLE.astype({"stimulus": object}),
    "frame of durations": pd.DataFrame(
        {"onset": ONSETS, "duration": np.full(6, 2.0), "stimulus": STIMULI}
    ),
    "frame of time differences": TABLE.assign(
        start=pd.to_timedelta(TABLE.start, unit="s"),
        stop=pd.to_timedelta(TABLE.stop, unit="s"),
    ),
    "records": TABLE.to_records(index=False),
    "mapping": TABLE.to_dict("list"),
    "mapping of quantities": {
        "start": ONSETS * 1000 * pq.ms,
        "stop": (ONSETS + 2) * pq.s,
        "stimulus": STIMULI,
    },
    "epoch": neo.Epoch(
        ONSETS * 1000 * pq.ms, np.full(6, 2.0) * pq.s, labels=np.array(STIMULI)
    ),
    "intervals": Intervals(),
    "rows sorted by stimulus": TABLE.sort_values(["stimulus", "start"]),
}


@pytest.mark.parametrize("name", WITH_STIMULI)
def test_onsets_durations_and_stimuli_are_those_of_the_object(name):
    epoch = epoch_of(WITH_STIMULI[name])
    assert_allclose(epoch.times.magnitude, ONSETS, rtol=1e-12)
    assert_allclose(epoch.durations.magnitude, 2, rtol=1e-9)
    assert epoch.array_annotations["stimulus"].tolist() == STIMULI


@pytest.mark.parametrize(
    "triggers",
    [
        np.stack([ONSETS, ONSETS + 2], axis=1),
        [(onset, onset + 2) for onset in ONSETS.tolist()],
        np.stack([ONSETS, ONSETS + 2], axis=1) * pq.s,
    ],
)
def test_rows_of_two_numbers_are_start_and_stop(triggers, tmp_path):
    epoch = epoch_of(triggers)
    assert_allclose(epoch.times.magnitude, ONSETS)
    assert_allclose(epoch.durations.magnitude, 2)
    np.save(tmp_path / "t.npy", np.asarray(triggers))
    assert_allclose(epoch_of(tmp_path / "t.npy").durations.magnitude, 2)


def test_values_of_a_series_are_its_stimuli():
    epoch = epoch_of(Series(), trial_duration=2)
    assert_allclose(epoch.times.magnitude, ONSETS)
    assert epoch.array_annotations["stimulus"].tolist() == [1, 2] * 3


def test_tensors_are_triggers():
    torch = pytest.importorskip("torch")
    assert_allclose(epoch_of(torch.tensor(ONSETS)).times.magnitude, ONSETS)


def test_tables_of_polars_and_pyarrow_are_triggers():
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    columns = TABLE.to_dict("list")
    for table in (polars.DataFrame(columns), pyarrow.table(columns)):
        assert epoch_of(table).array_annotations["stimulus"].tolist() == STIMULI
    assert_allclose(epoch_of(polars.Series(ONSETS)).times.magnitude, ONSETS)
    with pytest.raises(TypeError, match=r"Give its collect\(\)"):
        epoch_of(polars.LazyFrame(columns))


def test_a_struct_and_a_cell_array_of_names_are_triggers(tmp_path):
    cells = np.empty((6, 1), dtype=object)
    cells[:, 0] = STIMULI
    columns = {"start": ONSETS, "stop": ONSETS + 2, "stimulus": cells}
    scipy.io.savemat(tmp_path / "flat.mat", columns)
    scipy.io.savemat(tmp_path / "struct.mat", {"trials": columns})
    for name in ("flat.mat", "struct.mat"):
        epoch = epoch_of(tmp_path / name)
        assert_allclose(epoch.durations.magnitude, 2)
        assert epoch.array_annotations["stimulus"].tolist() == STIMULI
    scipy.io.savemat(tmp_path / "two.mat", {"a": columns, "b": columns})
    with pytest.raises(RecordingError, match="one struct of triggers; got a, b"):
        epoch_of(tmp_path / "two.mat")


def test_a_few_rows_without_an_onset_are_left_out_and_counted():
    onsets = 10 + 2.5 * np.arange(30)
    for placeholder in (np.nan, -1.0):
        starts = onsets.copy()
        starts[7] = placeholder
        table = {"start": starts, "stop": onsets + 2, "stimulus": list("ab") * 15}
        with pytest.warns(UserWarning, match=r"1 of 30 rows .*row 7"):
            epoch = epoch_of(table)
        assert_allclose(epoch.times.magnitude, np.delete(onsets, 7))
        assert "".join(epoch.array_annotations["stimulus"]) == "abababa" + "ab" * 11


def test_onsets_that_restart_stay_refused():
    twice = np.concatenate([ONSETS, ONSETS])
    with pytest.raises(ValueError, match="ascend; got 10 s in row 6"):
        epoch_of(twice)
    with pytest.raises(ValueError, match="ascend; got 10 s in row 6"):
        epoch_of({"start": twice, "stop": twice + 2})
    with pytest.raises(ValueError, match="finite and ascend; got nan s in row 0"):
        epoch_of({"start": [np.nan, np.nan, 3.0], "stop": [1.0, 2.0, 4.0]})


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (np.stack([ONSETS, np.ones(6)], axis=1), "starts and stops that do not over"),
        (np.stack([ONSETS, ONSETS + 9], axis=1), "starts and stops that do not over"),
        (np.zeros((2, 2, 2)), "onsets along one axis"),
        ({"a": ONSETS}, "trigger times named start, starts"),
        ({"start": pd.to_datetime(["2020-01-01"])}, "trigger times along one axis"),
        (TABLE.assign(start=pd.to_datetime(TABLE.start, unit="s")), "holds dates"),
        (pd.concat([TABLE, TABLE[["start"]]], axis=1), "'start' is there 2 times"),
        (object(), "triggers must be one array"),
    ],
)
def test_objects_that_are_no_triggers_are_refused_in_words(wrong, match):
    with pytest.raises((ValueError, TypeError), match=match):
        epoch_of(wrong)


def test_a_recording_of_another_system_is_no_file_of_triggers(tmp_path):
    path = tmp_path / "a.nev"
    path.write_bytes(b"NEURALEV" + bytes(500))
    with pytest.raises(RecordingError, match=r"a recording \(blackrock\), not a file"):
        epoch_of(path)
