"""Coincident spikes of pairs of units of a recording.

Input: a recording, its presentations and pairs of units. Output: for each pair, the
share of spikes that coincide beyond chance; the possible duplicate units, as `Issue`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural, some
from neuroclass.discrimination import coincident_share
from neuroclass.presentations import RECORDING, Presentations, spike_seconds

__all__ = ["coincident_spikes", "duplicate_issues"]

_MOST_SPIKES = 0.5  # of the unit with fewer that coincide, of different neurons
_COINCIDENCE = 0.001  # s
_FEW_SPIKES = 10_000_000  # 80 MB
_SAMPLE = 5000  # spikes that tell a share within some hundredths
_MARGIN = 0.2


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


def duplicate_issues(
    recording: neo.Block,
    presentations: Presentations,
    units: Sequence[int],
    losses: NDArray[np.float64],
) -> tuple[Issue, ...]:
    """Return the possible duplicate units, as an issue: one neuron sorted twice.

    Parameters
    ----------
    recording, presentations : as in `coincident_spikes`
    units : sequence of int
        Positions of units.
    losses : ndarray of shape (n_units, n_units)
        How unlike two of them respond; each is compared with the one most like it.

    Returns
    -------
    tuple of Issue
        One, with the units of pairs that share more than half of the spikes of the one
        with fewer, beyond chance; none if there is no such pair, if spikes are in bins
        of 1 ms or more, or for neurons of a network, which no sorter found.
    """
    trains = recording.segments[0].spiketrains
    if _is_simulated_or_binned(recording):
        return ()
    if len(units) < 2 or losses.shape != (len(units), len(units)):
        return ()
    apart = np.where(np.eye(len(units), dtype=bool), np.inf, losses)
    nearest = apart.argmin(axis=1)
    pairs = {
        (units[min(k, n)], units[max(k, n)]) for k, n in enumerate(nearest.tolist())
    }
    # Spikes that stay in the file are read pair by pair, others once.
    n_spikes = sum(len(trains[unit]) for unit in units)
    held: dict[int, NDArray[np.float64]] = {}

    def read(unit: int) -> NDArray[np.float64]:
        if n_spikes > _FEW_SPIKES:
            return spike_seconds(trains[unit])
        if unit not in held:
            held[unit] = spike_seconds(trains[unit])
        return held[unit]

    # Most pairs share few spikes at all: only of the others chance is worth measuring.
    close = sorted(pair for pair in pairs if _share(*map(read, pair)) > _MOST_SPIKES)
    shares = coincident_spikes(recording, presentations, close)
    found = [
        (pair, share)
        for pair, share in zip(close, shares.tolist(), strict=True)
        if share > _MOST_SPIKES
    ]
    if not found:
        return ()

    def name(unit: int) -> str:
        return str(trains[unit].annotations["unit_id"])

    listed = [
        f"{name(a)} and {name(b)} ({100 * share:.0f} %)" for (a, b), share in found
    ]
    return (
        Issue(
            "possible duplicate units",
            f"{plural(len(found), 'pair of units shares', 'pairs of units share')} "
            f"most spikes, within 1 ms: possible duplicate units {some(listed)}. See "
            "discriminate, and leave one of each out.",
            tuple(trains[u].annotations["unit_id"] for pair, _ in found for u in pair),
        ),
    )


def _share(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the share of the spikes of the unit with fewer that coincide at all.

    0 for one spike train under two ids, which is told as that. Of many spikes, some
    from all of the recording tell whether it is far from what counts; then the share
    is that of these.
    """
    fewer, more = sorted((first, second), key=len)
    if not len(fewer) or np.array_equal(fewer, more):
        return 0.0
    others = more if (more[1:] >= more[:-1]).all() else np.sort(more)
    step = len(fewer) // _SAMPLE
    if step > 1:
        share = _coincident(fewer[::step], others)
        if share < _MOST_SPIKES - _MARGIN:
            return share
    return _coincident(fewer, others)


def _coincident(spikes: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    early = np.searchsorted(others, spikes - _COINCIDENCE)
    late = np.searchsorted(others, spikes + _COINCIDENCE)
    return float((late > early).mean())


def _is_simulated_or_binned(recording: neo.Block) -> bool:
    if float(recording.annotations.get("time_resolution", 0.0)) >= _COINCIDENCE:
        return True
    # The column that `neuroclass.snn.record` gives its presentations, in NWB too.
    return any(
        "repeats_of" in e.array_annotations for e in recording.segments[0].epochs
    )
