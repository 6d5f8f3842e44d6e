"""Whatever was found, as strict JSON."""

import json
from dataclasses import dataclass

import numpy as np
import quantities as pq

from neuroclass._lib.json_text import json_text, plain


@dataclass(frozen=True)
class Found:
    bits: float
    counts: np.ndarray


def test_what_is_not_a_number_is_null():
    found = plain([1.5, np.nan, np.inf, np.float64(-np.inf), None])
    assert found == [1.5, None, None, None, None]


def test_all_kinds_of_values_become_those_of_json():
    value = {
        "found": Found(np.float32(0.5), np.array([[1, 2], [3, 4]])),
        1: {"a"},
        "flag": np.bool_(True),
        "time": 5 * pq.ms,
        "type": Found,
    }
    assert plain(value) == {
        "found": {"bits": 0.5, "counts": [[1, 2], [3, 4]]},
        "1": ["a"],
        "flag": True,
        "time": {"value": 5.0, "unit": "ms"},
        "type": str(Found),
    }


def test_text_has_a_line_per_key_and_arrays_on_one():
    value = {"a": [1, 2, 3], "b": [{"c": "ä"}, {"c": None}], "d": {}, "e": []}
    text = json_text(value)
    assert json.loads(text) == value
    assert '\n  "a": [1, 2, 3],\n' in text
    assert "ä" in text
