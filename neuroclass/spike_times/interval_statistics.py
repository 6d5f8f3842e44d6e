"""Irregularity of firing: statistics of the intervals between spikes, by elephant.

Input: `RepeatedTrains`. Output: `IntervalStatistics`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from elephant.statistics import cv, cv2, lv
from numpy.typing import NDArray

from neuroclass.spike_times.repeated_trains import RepeatedTrains

__all__ = ["IntervalStatistics", "interval_statistics"]


@dataclass(frozen=True)
class IntervalStatistics:
    """Statistics of the intervals between spikes of units, within presentations.

    Attributes
    ----------
    coefficient_of_variation : ndarray of shape (n_units,)
        CV: standard deviation of all intervals over their mean.
    local_coefficient : ndarray of shape (n_units,)
        CV2: twice the difference of two successive intervals over their sum, mean of
        all such.
    local_variation : ndarray of shape (n_units,)
        LV: 3 times the square of that difference over that of the sum, mean of all.

    Notes
    -----
    Each is nan where a unit has no presentation with three spikes.

    References
    ----------
    .. [1] Holt, Softky, Koch & Douglas (1996), J. Neurophysiology 75:1806-1814 (CV2).
    .. [2] Shinomoto, Shima & Tanji (2003), Neural Computation 15:2823-2842 (LV).
    """

    coefficient_of_variation: NDArray[np.float64]
    local_coefficient: NDArray[np.float64]
    local_variation: NDArray[np.float64]

    @property
    def features(self) -> NDArray[np.float64]:
        """The three side by side, (n_units, 3)."""
        return np.column_stack(
            [
                self.coefficient_of_variation,
                self.local_coefficient,
                self.local_variation,
            ]
        )


def interval_statistics(trains: RepeatedTrains) -> IntervalStatistics:
    """Compute CV, CV2 and LV of the intervals between the spikes of units.

    Parameters
    ----------
    trains : RepeatedTrains
        Intervals lie within one presentation; the local measures are means over all
        pairs of successive intervals.
    """
    found = np.full((trains.n_units, 3), np.nan)
    for unit, of in enumerate(trains.times):
        intervals = [
            step for times in chain.from_iterable(of) if len(step := np.diff(times)) > 1
        ]
        # Two spikes of one time have no interval that these measures can use.
        intervals = [step for step in intervals if (step > 0).all()]
        if not intervals:
            continue
        weights = [len(step) - 1 for step in intervals]
        found[unit] = (
            float(cv(np.concatenate(intervals))),
            _mean_of(cv2, intervals, weights),
            _mean_of(lv, intervals, weights),
        )
    return IntervalStatistics(*found.T)


def _mean_of(
    measure: Callable[[NDArray[np.float64]], float],
    intervals: list[NDArray[np.float64]],
    weights: list[int],
) -> float:
    values = [float(measure(each)) for each in intervals]
    return float(np.average(values, weights=weights))
