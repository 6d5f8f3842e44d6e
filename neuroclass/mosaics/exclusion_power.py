"""Power of the tests for mosaics: how often a true one would be found.

Input: numbers of cells, the area, and which share of a type was recorded. Output: the
share of simulated mosaics that are found.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_rng
from neuroclass.mosaics.hard_core import draw_mosaic
from neuroclass.mosaics.label_shuffling import (
    CellDistances,
    Exclusion,
    exclusion_between,
    exclusion_within,
)

__all__ = ["EXCLUSION", "power_between", "power_within"]

EXCLUSION = 0.65  # least distance over 1 / sqrt(density) in a mosaic of a type
_N_PERMUTATIONS = 99  # of each simulation; they are pooled
_MOST_MEMBERS = 120
_POOL = 4  # cells of the large mosaic over those of a part


def power_within(
    n_members: int,
    n_cells: int,
    *,
    share: float,
    level: float = 0.05,
    n_simulations: int = 40,
    random_state: np.random.Generator | int | None = None,
) -> float:
    """Return how often the mosaic of a type would be found, by simulation.

    Parameters
    ----------
    n_members : int
        Cells of the class.
    n_cells : int
        Recorded cells of all classes; the others lie at random.
    share : float
        Share of the type's cells that was recorded, at random.
    level : float, default 0.05
        P-value below which a mosaic is found.
    n_simulations : int, default 40
        Number of simulated mosaics.
    random_state : int, numpy.random.Generator or None
        Seed or generator.

    Notes
    -----
    Complete mosaics keep a distance of .65 / sqrt(density), with a spread of 10 %
    (`draw_mosaic`), a regularity index of about 5; simulations are random parts of one
    large mosaic. A class of more than 120 cells counts as one of 120.
    """
    rng = check_rng(random_state)
    n_members, n_cells = _at_most(n_members, n_cells)
    members = np.arange(n_members)
    found = []
    for _ in range(n_simulations):
        cells = _draw_cells(n_members, n_cells, share, rng)
        found.append(
            exclusion_within(
                cells, members, n_permutations=_N_PERMUTATIONS, random_state=rng
            )
        )
    return _share_found(found, level)


def power_between(
    n_members: tuple[int, int],
    n_cells: int,
    *,
    share: float,
    level: float = 0.05,
    n_simulations: int = 40,
    random_state: np.random.Generator | int | None = None,
) -> float:
    """Return how often a type cut at random into two classes would be found.

    Parameters
    ----------
    n_members : tuple of int
        Cells of the two classes.
    n_cells, share, level, n_simulations, random_state : as in `power_within`
    """
    rng = check_rng(random_state)
    if n_cells <= sum(n_members):
        return 0.0
    n_both, n_cells = _at_most(sum(n_members), n_cells)
    n_first = max(round(n_both * n_members[0] / sum(n_members)), 1)
    labels = np.repeat([0, 1, 2], [n_first, n_both - n_first, n_cells - n_both])
    found = []
    for _ in range(n_simulations):
        cells = _draw_cells(n_both, n_cells, share, rng)
        pairs = exclusion_between(
            cells,
            labels,
            np.array([0, 1]),
            n_permutations=_N_PERMUTATIONS,
            random_state=rng,
        )
        found.append(pairs[0, 1])
    return _share_found(found, level)


def _at_most(n_members: int, n_cells: int) -> tuple[int, int]:
    """Return numbers of cells in the same proportion, of which no more are needed."""
    if n_members <= _MOST_MEMBERS:
        return n_members, n_cells
    return _MOST_MEMBERS, max(
        round(n_cells * _MOST_MEMBERS / n_members), _MOST_MEMBERS + 1
    )


def _draw_cells(
    n_members: int, n_cells: int, share: float, rng: np.random.Generator
) -> CellDistances:
    """Draw the recorded part of a mosaic, in random order, and the other cells."""
    n_all = max(round(n_members / share), n_members)
    mosaic = _pool(_POOL * n_all)
    middle = mosaic[rng.integers(len(mosaic))]
    # The square around a cell that holds so many, shifted to lie inside of the pool.
    extent = mosaic.max(axis=0)
    half = np.sqrt(n_all) / 2
    middle = np.clip(middle, half, extent - half)
    apart = np.abs(mosaic - middle).max(axis=1)
    nearest = np.argsort(apart, kind="stable")[:n_all]
    side = 2 * float(apart[nearest[-1]])
    recorded = rng.permutation(mosaic[nearest] - middle)[:n_members]
    others = side * (rng.random((n_cells - n_members, 2)) - 0.5)
    both: NDArray[np.float64] = np.concatenate([recorded, others])
    return CellDistances.from_positions(both, side**2)


@lru_cache(maxsize=32)
def _pool(n_cells: int) -> NDArray[np.float64]:
    """Return a large mosaic of density 1, of which simulations are parts."""
    side = float(np.sqrt(n_cells))
    return draw_mosaic(n_cells, (side, side), EXCLUSION, random_state=0)


def _share_found(found: list[Exclusion], level: float) -> float:
    """Return the share below the level, of all that was shuffled together.

    Simulations differ in their positions alone, so that their shuffled labels, few
    each, have about one distribution.
    """
    shuffled = np.sort(np.concatenate([one.shuffled for one in found]))
    lack = np.array([one.lack for one in found])
    n_as_large = len(shuffled) - np.searchsorted(shuffled, lack - 1e-9)
    p_value = (1 + n_as_large) / (1 + len(shuffled))
    return float(np.mean(p_value <= level))
