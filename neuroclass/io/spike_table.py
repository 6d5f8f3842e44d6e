"""Spikes of all units as flat arrays, the common form of tables, rasters and lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SpikeTable"]


@dataclass
class SpikeTable:
    """Spike times with the unit, and where it is known the presentation, of each.

    Attributes
    ----------
    times : ndarray of shape (n_spikes,)
        Spike times in the unit of time of their source; from stimulus onset where
        there are presentations.
    units : ndarray of shape (n_spikes,)
        Row of the unit of each spike.
    unit_ids : list of length n_units
        Ids of all units, silent ones too.
    presentations : ndarray of shape (n_spikes,), optional
        Number of the presentation of each spike, from 0.
    stimuli : ndarray of shape (n_presentations,), optional
        Stimulus of each presentation, presentations without spikes too.
    columns : mapping of str to sequence of length n_units
        Columns of the units.
    """

    times: NDArray[np.float64]
    units: NDArray[np.intp]
    unit_ids: list[int | str]
    presentations: NDArray[np.intp] | None = None
    stimuli: NDArray[Any] | None = None
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
