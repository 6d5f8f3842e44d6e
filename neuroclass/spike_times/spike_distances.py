"""Distances of spike trains: Victor-Purpura, van Rossum (elephant), SPIKE (PySpike).

Input: `RepeatedTrains`. Output: the mean distance of each two units over repeats.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np
import quantities as pq
from elephant.spike_train_dissimilarity import (
    van_rossum_distance,
    victor_purpura_distance,
)
from numpy.typing import NDArray

from neuroclass._lib.checks import check_choice
from neuroclass.spike_times.repeated_trains import RepeatedTrains

try:
    import pyspike
except ImportError:  # a peer, not a dependency
    pyspike = None

__all__ = [
    "SPIKE_DISTANCES",
    "TIME_CONSTANT",
    "has_pyspike",
    "seconds_per_pair",
    "spike_distances",
]

SPIKE_DISTANCES = ("Victor-Purpura", "van Rossum", "SPIKE")
TIME_CONSTANT = 0.05  # s
_PROBED = 8  # units whose distances are timed
_Trains = list[NDArray[np.float64]]


def has_pyspike() -> bool:
    """Return whether PySpike is installed."""
    return pyspike is not None


def spike_distances(
    trains: RepeatedTrains,
    measure: str,
    *,
    time_constant: float = TIME_CONSTANT,
) -> NDArray[np.float64]:
    r"""Compute the distance of the spike trains of each two units in each repeat.

    Parameters
    ----------
    trains : RepeatedTrains
        Units are compared in the same repeat, all stimuli joined.
    measure : {"Victor-Purpura", "van Rossum", "SPIKE"}
        Least cost of turning one train into the other; Euclidean distance of trains
        filtered by an exponential; the distance of Kreuz et al., without a parameter.
    time_constant : float, default 0.05
        :math:`\tau`, in seconds: van Rossum's, and the inverse of Victor and Purpura's
        cost of shifting a spike.

    Returns
    -------
    ndarray of shape (n_repeats, n_units, n_units)
        The first over the number of spikes of both trains, the second over its square
        root: else most of either is how much two units fire. 0 for two empty trains.

    Raises
    ------
    ImportError
        If PySpike is not installed, for "SPIKE".

    References
    ----------
    .. [1] Victor & Purpura (1996), J. Neurophysiology 76:1310-1326.
    .. [2] van Rossum (2001), Neural Computation 13:751-763.
    .. [3] Kreuz et al. (2013), J. Neurophysiology 109:1457-1472.
    """
    check_choice(measure, "measure", SPIKE_DISTANCES)
    if measure == "SPIKE" and pyspike is None:
        raise ImportError(
            "the SPIKE distance needs PySpike: pip install neuroclass[bench]"
        )
    found = np.zeros((trains.n_repeats, trains.n_units, trains.n_units))
    for repeat in range(trains.n_repeats):
        own = [trains.joined(unit, repeat) for unit in range(trains.n_units)]
        found[repeat] = _MEASURES[measure](
            own, time_constant, float(trains.durations.sum())
        )
    return found


def seconds_per_pair(
    trains: RepeatedTrains, measure: str, *, time_constant: float = TIME_CONSTANT
) -> float:
    """Return how long the distance of two units in one repeat takes, in CPU seconds.

    Measured on eight units with about the mean number of spikes.

    Parameters
    ----------
    trains, measure, time_constant : as in `spike_distances`
    """
    spikes = np.array([len(trains.joined(unit, 0)) for unit in range(trains.n_units)])
    typical = np.argsort(np.abs(spikes - spikes.mean()))[:_PROBED]
    probe = RepeatedTrains(
        tuple((trains.times[unit][0],) for unit in typical), trains.durations
    )
    # The first call loads what the others use.
    spike_distances(probe, measure, time_constant=time_constant)
    before = time.process_time()
    spike_distances(probe, measure, time_constant=time_constant)
    n_pairs = max(1, probe.n_units * (probe.n_units - 1) // 2)
    return (time.process_time() - before) / n_pairs


def _victor_purpura(
    trains: _Trains, time_constant: float, duration: float
) -> NDArray[np.float64]:
    cost: NDArray[np.float64] = victor_purpura_distance(
        [times * pq.s for times in trains],
        cost_factor=1 / (time_constant * pq.s),
        sort=False,
    )
    return cost / np.maximum(_n_spikes(trains), 1)


def _van_rossum(
    trains: _Trains, time_constant: float, duration: float
) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        # Squares of equal trains may come out a rounding error below 0.
        warnings.filterwarnings("ignore", message="van_rossum_distance: very small")
        distance: NDArray[np.float64] = van_rossum_distance(
            [times * pq.s for times in trains],
            time_constant=time_constant * pq.s,
            sort=False,
        )
    return distance / np.sqrt(np.maximum(_n_spikes(trains), 1))


def _spike(
    trains: _Trains, time_constant: float, duration: float
) -> NDArray[np.float64]:
    edges = (0.0, duration)
    distance: NDArray[np.float64] = pyspike.spike_distance_matrix(
        [pyspike.SpikeTrain(times, edges) for times in trains]
    )
    return distance


def _n_spikes(trains: _Trains) -> NDArray[np.float64]:
    n = np.array([len(times) for times in trains], dtype=np.float64)
    return n[:, None] + n


_MEASURES: dict[str, Callable[[_Trains, float, float], NDArray[np.float64]]] = {
    "Victor-Purpura": _victor_purpura,
    "van Rossum": _van_rossum,
    "SPIKE": _spike,
}
