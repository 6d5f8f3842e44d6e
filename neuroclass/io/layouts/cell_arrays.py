"""Spike times in cell arrays: of units, or of units and presentations.

Input: object arrays of arrays. Output: a `SpikeTable`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError
from neuroclass.io.layouts.array_names import SPIKE_NAMES
from neuroclass.io.layouts.flat_arrays import from_trains
from neuroclass.io.spike_table import SpikeTable

__all__ = ["from_cells", "only_cell_array"]


def only_cell_array(cells: dict[str, NDArray[Any]], source: str) -> NDArray[Any]:
    """Return the cell array with a name of spike times, or the only one."""
    named = [value for name, value in cells.items() if name.lower() in SPIKE_NAMES]
    chosen = named or list(cells.values())
    if len(chosen) != 1:
        raise RecordingError(
            f"{source} must hold one cell array of spike times; got "
            f"{', '.join(cells)}. Name the right one spike_times, or remove the others."
        )
    return chosen[0]


def from_cells(cells: NDArray[Any], source: str) -> SpikeTable:
    """Return the spikes of a cell per unit, or per unit and presentation."""
    if not _is_nested(cells):
        if cells.ndim == 1 or 1 in cells.shape:
            return from_trains(list(cells.flat), list(range(cells.size)))
        stimuli = [cells]
    else:
        stimuli = list(cells.ravel(order="F"))
    n_units = stimuli[0].shape[0]
    for number, grid in enumerate(stimuli):
        if grid.ndim != 2 or grid.shape[0] != n_units or _is_nested(grid):
            raise RecordingError(
                f"{source} must have cells of {n_units} neurons x presentations for "
                f"each stimulus; got shape {grid.shape} for stimulus {number}. "
                "Give the same neurons for all stimuli."
            )
    grid = np.concatenate(stimuli, axis=1)  # (n_units, n_presentations) of arrays
    n_presentations = grid.shape[1]
    spikes = from_trains(list(grid.flat), list(range(grid.size)))
    spikes.units, spikes.presentations = np.divmod(spikes.units, n_presentations)
    spikes.unit_ids = list(range(n_units))
    spikes.stimuli = np.repeat(
        np.arange(len(stimuli)), [grid.shape[1] for grid in stimuli]
    )
    return spikes


def _is_nested(cells: NDArray[Any]) -> bool:
    return any(cell.dtype == object and cell.size for cell in cells.flat)
