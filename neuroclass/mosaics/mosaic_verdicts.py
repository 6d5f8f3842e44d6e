"""What the tests of mosaics decide, of a class and of two classes.

Input: `Exclusion`, its adjusted p-value and the power. Output: a word.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, gammaincinv

from neuroclass.mosaics.label_shuffling import CellDistances, Exclusion

__all__ = [
    "ALIKE",
    "FEWEST_CELLS",
    "LEVEL",
    "near_p_value",
    "verdict_of_class",
    "verdict_of_pair",
]

FEWEST_CELLS = 8  # of a class that is tested
LEVEL = 0.05  # false discovery rate
ALIKE = 0.5  # correlation of the responses of two classes that may be one type
_ENOUGH_POWER = 0.8
_EXPECTED_SHARE = 0.6  # recorded share at which a mosaic should have been found
_MIXED = 0.3  # pairs over expected; 15 % of wrong cells leave .28


def near_p_value(
    cells: CellDistances,
    is_one: NDArray[np.bool_],
    is_other: NDArray[np.bool_],
    radius: float,
) -> float:
    """Return the p-value of near pairs between two classes against those inside.

    Parameters
    ----------
    cells : CellDistances
        Of all recorded cells.
    is_one, is_other : ndarray of bool, (n_cells,)
        Cells of the two classes.
    radius : float
        Distance below which a pair is near.
    """
    near = cells.distances < radius
    between = int(near[np.ix_(is_one, is_other)].sum())
    inside = sum(int(near[np.ix_(k, k)].sum()) // 2 for k in (is_one, is_other))
    n, m = int(is_one.sum()), int(is_other.sum())
    # Cells at random: all pairs are near equally often.
    expected = n * m / (n * m + n * (n - 1) / 2 + m * (m - 1) / 2)
    return float(bdtrc(between - 1, between + inside, expected))


def verdict_of_class(
    exclusion: Exclusion | None, q_value: float, power: dict[float, float], n: int
) -> str:
    """Return the verdict of a class of n cells: see `ClassMosaic`."""
    if exclusion is None:
        return "too few cells" if n < FEWEST_CELLS else "undecided"
    if q_value <= LEVEL:
        # Lower limit of a Poisson mean, one-sided 95 %.
        fewest = float(gammaincinv(exclusion.n_pairs, 0.05)) if exclusion.n_pairs else 0
        return "mixed" if fewest > _MIXED * exclusion.expected else "mosaic"
    return "no mosaic" if _has_power(power) else "undecided"


def verdict_of_pair(
    exclusion: Exclusion | None,
    q_value: float,
    power: dict[float, float],
    near: float,
    response_correlation: float,
) -> str:
    """Return the verdict of two classes: see `ClassPair`; `near` as `near_p_value`."""
    if exclusion is None:
        return "not tested"
    if q_value <= LEVEL:
        if near <= LEVEL:
            return "avoid each other"
        return "undecided" if response_correlation < ALIKE else "one type"
    return "independent" if _has_power(power) else "undecided"


def _has_power(power: dict[float, float]) -> bool:
    return power.get(_EXPECTED_SHARE, 0.0) >= _ENOUGH_POWER
