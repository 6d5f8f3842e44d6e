"""Kinds of named arrays: cell arrays, struct arrays, vectors of Matlab, text.

Input: what a reader found under a name. Output: whether it is of a kind, or its values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_text", "is_array", "is_cell_array", "is_struct_array", "vector"]


def is_cell_array(value: Any) -> bool:
    """Whether all cells, at any depth, hold numbers."""
    if not isinstance(value, np.ndarray) or value.dtype != object or not value.size:
        return False
    return all(
        isinstance(cell, np.ndarray)
        and (cell.dtype.kind in "biuf" or not cell.size or is_cell_array(cell))
        for cell in value.flat
    )


def is_struct_array(value: Any) -> bool:
    """Whether all cells are structs."""
    return (
        isinstance(value, np.ndarray)
        and value.dtype == object
        and value.size > 0
        and all(isinstance(cell, dict) for cell in value.flat)
    )


def is_array(value: Any) -> bool:
    """Whether a value is an array of numbers or text, not of cells."""
    return isinstance(value, np.ndarray) and value.dtype != object


def vector(values: NDArray[Any]) -> NDArray[Any]:
    """Return Matlab's rows and columns as arrays of one dimension."""
    return values.ravel() if values.ndim == 2 and min(values.shape) <= 1 else values


def as_text(values: NDArray[Any]) -> NDArray[Any]:
    """Return text in an array of objects as text."""
    if values.dtype == object:
        plain = [np.asarray(value).squeeze().tolist() for value in values]
        texts = [
            one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one)
            for one in plain
        ]
        return np.array(texts, dtype=str)
    return values
