"""Coincident spikes of pairs of units of a recording.

Input: a recording, its presentations and pairs of units. Output: for each pair, the
share of spikes that coincide beyond chance.
"""

from __future__ import annotations

from collections.abc import Iterable

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.discrimination import coincident_share
from neuroclass.presentations import RECORDING, Presentations, spike_seconds

__all__ = ["coincident_spikes"]


def coincident_spikes(
    recording: neo.Block,
    presentations: Presentations,
    pairs: Iterable[tuple[int, int]],
) -> NDArray[np.float64]:
    """Return the share of coincident spikes of pairs of units: `coincident_share`.

    Parameters
    ----------
    recording : neo.Block
        Recording, as from `load_recording`.
    presentations : Presentations
        Repeats; spikes outside of them do not count.
    pairs : iterable of (int, int)
        Positions of the units of each pair.

    Returns
    -------
    ndarray of shape (n_pairs,)
        Nan where the unit with fewer spikes has none, and for units that were pooled
        from two recordings, which were not recorded at the same time.
    """
    trains = recording.segments[0].spiketrains
    shares = []
    for pair in pairs:
        first, second = (trains[unit] for unit in pair)
        if first.annotations.get(RECORDING) != second.annotations.get(RECORDING):
            shares.append(float("nan"))
            continue
        shares.append(
            coincident_share(
                spike_seconds(first),
                spike_seconds(second),
                presentations.starts,
                presentations.stimulus,
                presentations.durations,
            )
        )
    return np.array(shares)
