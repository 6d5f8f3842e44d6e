"""Simulated mosaics: cells at random that keep a distance from their own kind.

Input: number of cells, window and distance. Output: positions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_positive_int, check_rng

__all__ = ["draw_mosaic"]

_MOST_TRIALS = 2000  # per cell


def draw_mosaic(
    n_cells: int,
    window: tuple[float, float],
    exclusion: float,
    *,
    spread: float = 0.1,
    random_state: np.random.Generator | int | None = None,
) -> NDArray[np.float64]:
    """Draw positions of cells that keep a distance from each other.

    Cells are placed one by one, uniformly in a rectangle; one that is nearer to another
    than its own distance is placed again [1]_.

    Parameters
    ----------
    n_cells : int
        Number of cells.
    window : tuple of float
        Width and height.
    exclusion : float
        Mean of the least distance to an earlier cell; 0 for cells at random.
    spread : float, default 0.1
        Standard deviation of that distance, over its mean.
    random_state : int, numpy.random.Generator or None
        Seed or generator.

    Returns
    -------
    ndarray, (n_cells, 2)
        x from 0 to the width, y from 0 to the height.

    Raises
    ------
    ValueError
        If so many cells do not fit with that distance.

    References
    ----------
    .. [1] Galli-Resta, Resta, Tan & Reese, J. Neurosci. 17:7831 (1997), mosaics of
       Islet-1-expressing amacrine cells assembled by short-range cellular
       interactions: the minimal distance model.
       doi:10.1523/JNEUROSCI.17-20-07831.1997

    Examples
    --------
    >>> from scipy.spatial.distance import pdist
    >>> cells = draw_mosaic(40, (700.0, 700.0), 75.0, spread=0, random_state=0)
    >>> cells.shape, bool(pdist(cells).min() > 75)
    ((40, 2), True)
    """
    n_cells = check_positive_int(n_cells, "n_cells", minimum=0)
    rng = check_rng(random_state)
    placed = np.empty((n_cells, 2))
    n_placed = n_trials = 0
    while n_placed < n_cells:
        n_trials += 1
        if n_trials > _MOST_TRIALS * n_cells:
            raise ValueError(
                f"exclusion must leave room for {n_cells} cells in {window[0]:g} x "
                f"{window[1]:g}; got {exclusion:g}. Ask for fewer cells or a larger "
                "window."
            )
        cell = rng.random(2) * window
        least = exclusion * max(1 + spread * rng.standard_normal(), 0.0)
        apart = ((placed[:n_placed] - cell) ** 2).sum(axis=1)
        if n_placed == 0 or apart.min() >= least**2:
            placed[n_placed] = cell
            n_placed += 1
    return placed
