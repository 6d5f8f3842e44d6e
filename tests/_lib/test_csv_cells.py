"""Cells that no spreadsheet takes for a formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroclass._lib.csv_cells import as_cell, from_cell


@pytest.mark.parametrize("text", ["=1+1", "+cmd|x", "-2+3", "@SUM(A1)", "\t=1", "'=1"])
def test_formulas_become_text(text):
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a", "-1", "+2.5", "-1e-3", "a=b", "'quoted'"])
def test_numbers_and_names_stay(text):
    assert as_cell(text) == text


@given(st.text(alphabet="'=+-@\t\ra1.e", max_size=6))
def test_each_text_comes_back(text):
    assert from_cell(as_cell(text)) == text
    assert as_cell(text)[:1] not in "=@\t\r" or not text
