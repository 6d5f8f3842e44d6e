"""Density recovery profile: density of cells against the distance from a cell.

Input: positions of the cells of a class, and of all recorded cells, whose hull is the
window. Output: `RecoveryProfile`, with the effective radius of exclusion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from neuroclass.mosaics.regularity import as_positions, hull_of

__all__ = ["RecoveryProfile", "density_recovery_profile"]

_BINS_PER_SPACING = 10
_SPACINGS = 2.5  # how far the profile goes
_N_DIRECTIONS = 72


@dataclass(frozen=True, eq=False)
class RecoveryProfile:
    """Density of the cells of a class around each of them.

    Attributes
    ----------
    edges : ndarray, (n_bins + 1,)
        Distances between which cells are counted, in the unit of the positions.
    density : ndarray, (n_bins,)
        Cells per area at that distance from a cell, edges of the window corrected.
    n_pairs : ndarray, (n_bins,)
        Pairs at that distance.
    mean_density : float
        Cells per area in the whole window.
    effective_radius : float
        Radius of an empty disk around each cell that lacks as many cells as the
        profile does before it first reaches the mean density.
    """

    edges: NDArray[np.float64]
    density: NDArray[np.float64]
    n_pairs: NDArray[np.intp]
    mean_density: float
    effective_radius: float

    def __repr__(self) -> str:
        return (
            f"RecoveryProfile({len(self.density)} bins of {self.edges[1]:.3g}, "
            f"effective radius {self.effective_radius:.3g})"
        )


def density_recovery_profile(
    positions: ArrayLike,
    recorded: ArrayLike | None = None,
    *,
    bin_width: float | None = None,
) -> RecoveryProfile:
    """Compute the density recovery profile of a class of cells.

    Parameters
    ----------
    positions : array_like, (n_cells, 2)
        Positions of the cells of the class.
    recorded : array_like, (n_recorded, 2), optional
        Positions of all recorded cells, whose convex hull is the window; by default
        the cells themselves.
    bin_width : float, optional
        Width of the annuli; by default a tenth of 1 / sqrt(density).

    Returns
    -------
    RecoveryProfile

    Raises
    ------
    ValueError
        If there are fewer than 2 cells, or the recorded ones lie on a line.

    Notes
    -----
    Pairs at a distance over the area of all annuli that lies inside the window,
    counted along 72 directions [1]_. The effective radius r_e is that of the dead
    space, pi r_e^2 D = sum_k (D - d_k) A_k over the annuli, of area A_k and density
    d_k, before the density first reaches the mean D.

    References
    ----------
    .. [1] Rodieck, Vis. Neurosci. 6:95 (1991), the density recovery profile.
       doi:10.1017/S0952523800010865
    """
    xy = as_positions(positions)
    window = hull_of(xy if recorded is None else as_positions(recorded))
    if len(xy) < 2 or window is None:
        raise ValueError(
            "positions must be of 2 cells or more, and the recorded cells must not lie "
            f"on one line; got {len(xy)} cells."
        )
    area = float(window.volume)
    mean = len(xy) / area
    spacing = 1 / np.sqrt(mean)
    width = spacing / _BINS_PER_SPACING if bin_width is None else float(bin_width)
    if not width > 0:
        raise ValueError(f"bin_width must be positive; got {bin_width!r}.")
    n_bins = max(int(np.ceil(_SPACINGS * spacing / width)), 1)
    edges: NDArray[np.float64] = float(width) * np.arange(n_bins + 1, dtype=np.float64)
    n_pairs = np.histogram(scipy.spatial.distance.pdist(xy), edges)[0]
    middle = (edges[1:] + edges[:-1]) / 2
    annulus = np.pi * np.diff(edges**2)
    seen = annulus * _shares_inside(xy, middle, window.equations)
    density = 2 * n_pairs / np.maximum(seen, 1e-12 * area)
    recovered = np.flatnonzero(density >= mean)
    first = recovered[0] if len(recovered) else n_bins
    dead = float(((mean - density[:first]) * annulus[:first]).sum())
    return RecoveryProfile(
        edges=edges,
        density=density,
        n_pairs=n_pairs.astype(np.intp),
        mean_density=mean,
        effective_radius=float(np.sqrt(max(dead, 0.0) / (np.pi * mean))),
    )


def _shares_inside(
    xy: NDArray[np.float64],
    radii: NDArray[np.float64],
    equations: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the share inside the window of circles around cells, summed over cells."""
    angle = 2 * np.pi * (np.arange(_N_DIRECTIONS) + 0.5) / _N_DIRECTIONS
    direction = np.stack([np.cos(angle), np.sin(angle)])
    # Distance from each cell along each direction to the border of the hull.
    gap = -(xy @ equations[:, :2].T + equations[:, 2])  # (n_cells, n_sides)
    slope = equations[:, :2] @ direction  # (n_sides, n_directions)
    reach = np.full((len(xy), _N_DIRECTIONS), np.inf)
    for side in range(len(equations)):
        leaves = slope[side] > 1e-12
        to_side = np.maximum(gap[:, side], 0.0)[:, None] / slope[side, leaves]
        reach[:, leaves] = np.minimum(reach[:, leaves], to_side)
    reach = np.sort(reach.ravel())
    outside = np.searchsorted(reach, radii)
    shares: NDArray[np.float64] = (reach.size - outside) / _N_DIRECTIONS
    return shares
