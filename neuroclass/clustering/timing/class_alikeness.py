"""Whether the neurons of a class respond alike, by their timing correlations.

Input: timing correlations of neurons, and their classes.  Output: the least correlation
of a class, the share of neurons in classes that respond alike, and the small classes
that may hide types.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.timing.two_types import TWO_TYPES_ALIKE

__all__ = ["alike_share", "least_correlation", "may_hide_types"]

_PERCENTILE = 10  # of the correlations within a class
_JUDGED = 4  # neurons of a class whose correlations count
_SMALL = 16  # neurons; classes of fewer may hide types that are too few to be tested


def alike_share(
    correlations: NDArray[np.float64], labels: NDArray[np.intp], least: float
) -> float:
    """Return the share of neurons in classes whose neurons respond alike.

    Of those in classes of 4 or more: the 10th percentile of the timing correlations
    within the class is at least `least`.
    """
    judged = alike = 0
    for k in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == k)
        if len(members) >= _JUDGED:
            judged += len(members)
            if least_correlation(correlations, members) >= least:
                alike += len(members)
    return alike / max(judged, 1)


def least_correlation(
    correlations: NDArray[np.float64], members: NDArray[np.intp]
) -> float:
    """Return the 10th percentile of the correlations of two neurons of a class.

    Not a number for a single neuron, and for neurons that were not recorded together.
    """
    if len(members) < 2:
        return float("nan")
    block = correlations[np.ix_(members, members)]
    pairs = block[np.triu_indices(len(members), 1)]
    pairs = pairs[~np.isnan(pairs)]
    return float(np.percentile(pairs, _PERCENTILE)) if len(pairs) else float("nan")


def may_hide_types(
    correlations: NDArray[np.float64], labels: NDArray[np.intp]
) -> list[bool]:
    """Return of each class whether types of two or three neurons may be in it.

    A cut needs three neurons on either side, and says little of so few.  So a class of
    fewer than 16 neurons has to show that it is one type: the 10th percentile of its
    correlations is at least that of two types that a cut would show, .7.
    """
    members = [np.flatnonzero(labels == k) for k in range(int(labels.max()) + 1)]
    return [
        1 < len(of) < _SMALL
        and not least_correlation(correlations, of) >= TWO_TYPES_ALIKE  # nor is nan
        for of in members
    ]
