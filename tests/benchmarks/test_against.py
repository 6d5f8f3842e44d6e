"""Cases on two checkouts: the same here, and how far numbers are apart."""

from pathlib import Path

import numpy as np

from benchmarks.suite.against import (
    against_page,
    difference,
    inputs,
    measure_against,
    with_rows,
)

ROOT = Path(__file__).resolve().parents[2]


def test_a_checkout_gives_its_own_numbers(tmp_path):
    cases = inputs(tmp_path, quick=True)
    names = [name for name, *_ in cases]
    assert "pairs with ten groups, without numba" in names
    assert "discriminate, whole command" in names
    one = [case for case in cases if case[0] == "time to accuracy, without numba"]
    (row,) = measure_against((ROOT, ROOT), one, tmp_path, n_runs=1)
    assert row["difference"] == 0.0
    assert row["then"][0] > 0
    page = against_page({"reference": "abc123", "rows": [row]})
    assert "| time to accuracy, without numba | 12 |" in page
    assert "--against\nabc123`" in page


def test_differences_are_shares_of_the_largest_number():
    one, other = np.array([1.0, np.nan, 4.0]), np.array([1.0, np.nan, 4.4])
    assert difference([one], [one]) == 0.0
    assert round(difference([one], [other]), 9) == 0.1
    assert difference([one], [np.nan_to_num(other)]) == float("inf")
    assert difference([one], [other[:2]]) == float("inf")
    assert difference([np.zeros(2)], [np.array([0.0, 0.5])]) == 0.5


def test_cases_measured_anew_stand_where_they_stood():
    rows = [{"case": name, "then": [1.0]} for name in ("a", "b")]
    anew = [{"case": name, "then": [2.0]} for name in ("b", "c")]
    found = with_rows({"reference": "abc", "rows": rows}, "abc", anew)
    assert found["rows"] == [rows[0], *anew]
    assert with_rows(found, "def", anew)["rows"] == anew
    assert with_rows(None, "abc", rows)["rows"] == rows
