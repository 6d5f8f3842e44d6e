"""Tables in memory: the spike times, ids and columns of their units."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from neuroclass import load_recording

TRAINS = [np.array([0.5, 1.0, 2.25]), np.array([0.75]), np.array([0.25, 3.0])]
IDS = ["a", "b", "c"]
UNITS = np.repeat(IDS, [train.size for train in TRAINS])
ROWS = pd.DataFrame({"unit": UNITS, "time": np.concatenate(TRAINS)})
LISTS = {"unit": IDS, "spike_times": [train.tolist() for train in TRAINS]}


def trains_of(source, **options):
    trains = load_recording(source, **options).segments[0].spiketrains
    return {train.annotations["unit_id"]: train.magnitude.tolist() for train in trains}


EXPECTED = {i: train.tolist() for i, train in zip(IDS, TRAINS, strict=True)}

TABLES = {
    "pandas": ROWS,
    "pandas, names as objects": ROWS.astype({"unit": object}),
    "pandas, categories": ROWS.astype({"unit": "category"}),
    "pandas, numbers that may be missing": ROWS.astype({"time": "Float64"}),
    "pandas, time differences": ROWS.assign(time=pd.to_timedelta(ROWS.time, unit="s")),
    "pandas, unit as index": ROWS.set_index("unit"),
    "pandas, two levels of index": ROWS.set_index(["unit", "time"]),
    "pandas, two levels of columns": ROWS.set_axis(
        pd.MultiIndex.from_tuples([("sorting", "unit"), ("sorting", "time")]), axis=1
    ),
    "pandas, a row per unit": pd.DataFrame(LISTS),
    "pandas, a row per unit, named index": pd.DataFrame(LISTS).set_index("unit"),
    "pandas, a row per unit, column id": pd.DataFrame(LISTS).rename(
        columns={"unit": "id"}
    ),
    "records": ROWS.to_records(index=False),
    "series of arrays": pd.Series(TRAINS, index=IDS),
    "series of times": pd.Series(np.concatenate(TRAINS), index=UNITS),
    "groups": ROWS.groupby("unit").time.apply(np.array),
    "a column per unit": pd.DataFrame(
        {i: pd.Series(train) for i, train in zip(IDS, TRAINS, strict=True)}
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_holds_the_same_units(name):
    assert trains_of(TABLES[name]) == EXPECTED


def test_tables_of_polars_and_pyarrow_hold_the_same_units():
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    rows = ROWS.to_dict("list")
    for make in (polars.DataFrame, pyarrow.table):
        assert trains_of(make(rows)) == trains_of(make(LISTS)) == EXPECTED
    equal = {"unit": ["a", "b"], "spike_times": [[0.5, 1.0], [0.25, 3.0]]}
    for make in (polars.DataFrame, pyarrow.table):
        assert trains_of(make(equal)) == {"a": [0.5, 1.0], "b": [0.25, 3.0]}
    with pytest.raises(TypeError, match=r"Give its collect\(\)"):
        load_recording(polars.LazyFrame(rows))


def test_columns_of_numbers_that_name_units_are_units():
    wide = pd.DataFrame({k: pd.Series(train) for k, train in enumerate(TRAINS)})
    expected = dict(enumerate(EXPECTED.values()))
    assert trains_of(wide) == expected


def test_rows_of_units_keep_their_columns_and_silent_units():
    table = pd.DataFrame({"id": [7, 9], "spike_times": [[], [0.5]], "depth": [1.0, 2]})
    trains = load_recording(table).segments[0].spiketrains
    assert [t.annotations["unit_id"] for t in trains] == [7, 9]
    assert [len(t) for t in trains] == [0, 1]
    assert [t.annotations["depth"] for t in trains] == [1, 2]


def test_time_differences_count_more_than_the_unit_of_the_file():
    table = ROWS.assign(time=pd.to_timedelta(ROWS.time, unit="s"))
    found = trains_of(table, time_unit="ms")
    assert_allclose(found["a"], TRAINS[0])


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (
            ROWS.assign(time=pd.to_datetime(ROWS.time, unit="s")),
            "column time holds dates.*Subtract the start",
        ),
        (pd.concat([ROWS, ROWS], axis=1), "'unit' is there 2 times"),
        (
            pd.DataFrame({"a": [[0.5]], "b": [[0.5]]}),
            "one column of spike times, with an array in each row; got a, b",
        ),
        (
            pd.DataFrame({"unit": ["a", None], "time": [0.5, None]}),
            "must be finite; got nan|unit ids must not be empty",
        ),
    ],
)
def test_tables_that_are_no_spikes_are_refused_in_words(wrong, match):
    with pytest.raises(ValueError, match=match):
        load_recording(wrong)
