"""labels.csv of a result folder."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from neuroclass.report import (
    write_labels_csv,
)
from neuroclass.report.csv_files import read_rows, write_table


def test_labels_hold_one_row_per_unit_in_the_order_of_the_recording(
    saved, classification, read_labels
):
    rows = read_labels(saved)
    assert [row["unit_id"] for row in rows] == [str(u) for u in classification.unit_ids]
    assert [row["label"] for row in rows[:16]] == [
        str(label) for label in classification.labels[:16]
    ]
    assert [
        int(row["n_spikes"]) for row in rows
    ] == classification.units.n_spikes.tolist()
    assert_allclose(
        [float(row["firing_rate_hz"]) for row in rows],
        classification.units.firing_rate,
        rtol=1e-5,
    )


def test_a_unit_left_out_keeps_a_row_with_an_empty_label_and_a_reason(
    saved, read_labels
):
    *_, last = read_labels(saved)
    assert last["label"] == last["information_bits"] == ""
    assert last["reason"] == "not asked for"


def test_a_silent_unit_has_a_label_and_is_flagged(saved, read_labels):
    silent = read_labels(saved)[15]
    assert silent["is_silent"] == "true"
    assert silent["label"] in ("0", "1", "2")
    assert silent["firing_rate_hz"] == "0"


def test_labels_are_written_where_asked(classification, tmp_path, read_labels):
    path = write_labels_csv(classification, tmp_path / "labels.csv")
    assert path == tmp_path / "labels.csv"
    assert len(read_labels(tmp_path)) == 17


def test_rows_are_chosen_by_the_texts_of_a_column(tmp_path):
    table = pd.DataFrame({"unit": ["=1+1", "b", "c"], "rate": [1.0, np.nan, 1e-7]})
    write_table(table, tmp_path / "units.csv")
    columns, rows = read_rows(tmp_path / "units.csv", {"unit": ["=1+1", "b", "x"]})
    assert columns == ["unit", "rate"]
    assert rows == [{"unit": "=1+1", "rate": "1"}, {"unit": "b", "rate": ""}]
