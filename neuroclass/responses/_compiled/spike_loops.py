"""Loops over the spikes of a unit, compiled by numba: one read of each spike time.

Input: sorted spike times, and the first bin of each presentation among the conditions.
Output: counts, added to arrays. The numpy functions with the same task stand in
`neuroclass.responses.bin_counts`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.compiled_loop import compile_loop

__all__ = ["count_observed", "sum_counts"]

Array = NDArray[Any]


@compile_loop
def _first_from(times: Array, start: float) -> int:
    """Return the index of the first time that is not below `start`."""
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        if times[middle] < start:
            low = middle + 1
        else:
            high = middle
    return low


@compile_loop
def _place(
    time: float, start: float, bin_size: float, edge: float, last_bin: int
) -> int:
    """Return the bin of a spike."""
    place = int(np.floor((time - start) / bin_size + edge))
    return min(max(place, 0), last_bin)


@compile_loop
def count_observed(
    times: Array,
    starts: Array,
    n_bins: Array,
    first_condition: Array,
    group: Array,
    bin_size: float,
    edge: float,
    counts: Array,
) -> int:
    """Add the bins with a spike to counts[group, condition]; return the spikes."""
    n_spikes = 0
    for p in range(len(starts)):
        start, last_bin, before = starts[p], n_bins[p] - 1, -1
        end = start + n_bins[p] * bin_size - edge * bin_size
        own = counts[group[p], first_condition[p] :]
        i = _first_from(times, start - edge * bin_size)
        while i < len(times) and times[i] < end:
            place = min(
                max(int(np.floor((times[i] - start) / bin_size + edge)), 0), last_bin
            )
            if place != before:
                own[place] += 1
                before = place
            n_spikes += 1
            i += 1
    return n_spikes


@compile_loop
def sum_counts(
    times: Array,
    starts: Array,
    n_bins: Array,
    first_condition: Array,
    is_odd: Array,
    bin_size: float,
    edge: float,
    sums: Array,
) -> None:
    """Add spike counts, squares and those of odd repeats to sums[:, condition]."""
    for p in range(len(starts)):
        start, last_bin, first = starts[p], n_bins[p] - 1, first_condition[p]
        end = start + n_bins[p] * bin_size - edge * bin_size
        i = _first_from(times, start - edge * bin_size)
        while i < len(times) and times[i] < end:
            place = min(
                max(int(np.floor((times[i] - start) / bin_size + edge)), 0), last_bin
            )
            count = 1
            i += 1
            while i < len(times) and times[i] < end:
                if _place(times[i], start, bin_size, edge, last_bin) != place:
                    break
                count += 1
                i += 1
            sums[0, first + place] += count
            sums[1, first + place] += count * count
            if is_odd[p]:
                sums[2, first + place] += count
