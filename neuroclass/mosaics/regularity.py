"""Regularity of the positions of cells: nearest neighbours and Voronoi regions.

Input: positions, (n_cells, 2), in micrometres or any other unit. Output: distances,
areas and their regularity indices.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "as_positions",
    "coverage",
    "hull_of",
    "nearest_distances",
    "nearest_neighbour_index",
    "recorded_area",
    "voronoi_areas",
    "voronoi_index",
]


def as_positions(positions: ArrayLike) -> NDArray[np.float64]:
    """Return positions as an array (n_cells, 2), all of them finite.

    Raises
    ------
    ValueError
        If they are anything else.
    """
    xy = np.asarray(positions, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ValueError(
            f"positions must have the axes cell and x, y; got shape {xy.shape}."
        )
    if not np.isfinite(xy).all():
        raise ValueError("positions must be finite. Leave out cells without one.")
    return xy


def nearest_distances(positions: ArrayLike) -> NDArray[np.float64]:
    """Return the distance of each cell to the nearest other one, (n_cells,)."""
    xy = as_positions(positions)
    if len(xy) < 2:
        return np.full(len(xy), np.nan)
    distances = np.asarray(
        scipy.spatial.cKDTree(xy).query(xy, k=2)[0], dtype=np.float64
    )
    return distances[:, 1]


def nearest_neighbour_index(positions: ArrayLike) -> float:
    """Return the regularity index of nearest neighbours: mean over standard deviation.

    Parameters
    ----------
    positions : array_like, (n_cells, 2)
        Positions of the cells.

    Returns
    -------
    float
        1.91 for cells at random in a large area; 3 to 8 for mosaics of the retina. Nan
        for fewer than 3 cells; infinity where all distances are the same.

    References
    ----------
    .. [1] Wässle & Riemann, Proc. R. Soc. B 200:441 (1978), the mosaic of nerve cells
       in the mammalian retina. doi:10.1098/rspb.1978.0026
    .. [2] Reese & Keeley, Biol. Rev. 90:854 (2015), design principles and
       developmental mechanisms underlying retinal mosaics. doi:10.1111/brv.12139

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> round(nearest_neighbour_index(rng.random((10_000, 2))), 1)
    1.9
    """
    return _index(nearest_distances(positions))


def voronoi_areas(positions: ArrayLike) -> NDArray[np.float64]:
    """Return the areas of the Voronoi regions that lie inside the cells' hull.

    Regions of cells at the border, unbounded or with a corner outside of the convex
    hull, depend on where the recording ends and are left out.
    """
    xy = as_positions(positions)
    hull = hull_of(xy)
    if len(xy) < 4 or hull is None:
        return np.empty(0)
    diagram: Any = scipy.spatial.Voronoi(xy)
    within = (
        diagram.vertices @ hull.equations[:, :2].T + hull.equations[:, 2] <= 1e-9
    ).all(axis=1)
    areas = []
    for region in dict.fromkeys(diagram.point_region):
        corners = diagram.regions[region]
        if corners and -1 not in corners and within[corners].all():
            x, y = diagram.vertices[corners].T
            areas.append(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)
    return np.array(areas)


def voronoi_index(positions: ArrayLike) -> float:
    """Return the regularity index of Voronoi regions: mean over standard deviation.

    About 1.9 for cells at random; nan for fewer than 3 whole regions. The index of
    areas, `voronoi_areas`, is not that of nearest neighbours: it judges the spaces on
    all sides of a cell.

    Parameters
    ----------
    positions : array_like, (n_cells, 2)
        Positions of the cells.
    """
    return _index(voronoi_areas(positions))


def _index(values: NDArray[np.float64]) -> float:
    if len(values) < 3:
        return float("nan")
    spread = float(values.std(ddof=1))
    return float(values.mean() / spread) if spread > 0 else float("inf")


def coverage(positions: ArrayLike, radii: ArrayLike, area: float) -> float:
    """Return the coverage factor: how often a point lies in a receptive field.

    Parameters
    ----------
    positions : array_like, (n_cells, 2)
        Positions of the cells of one class.
    radii : array_like, (n_cells,)
        Radii of their receptive fields; nan where not known.
    area : float
        Area that was recorded.

    Returns
    -------
    float
        n pi <r^2> / area, the density of the cells times the mean area of a receptive
        field: about 1 where the fields of all cells of a type tile the retina, less by
        the share of cells that were not recorded. Nan without radii.
    """
    xy, r = as_positions(positions), np.asarray(radii, dtype=np.float64)
    if r.shape != (len(xy),):
        raise ValueError(
            f"radii must have one entry per cell ({len(xy)}); got shape {r.shape}."
        )
    known = r[np.isfinite(r)]
    if not len(known) or not area > 0:
        return float("nan")
    return float(len(xy) * np.pi * np.mean(known**2) / area)


def recorded_area(positions: ArrayLike) -> float:
    """Return the area of the convex hull of all recorded cells; nan without one."""
    hull = hull_of(as_positions(positions))
    return float(hull.volume) if hull is not None else float("nan")


def hull_of(xy: NDArray[np.float64]) -> Any:
    """Return the convex hull of positions, or None where they lie on a line."""
    if len(xy) < 3:
        return None
    try:
        return scipy.spatial.ConvexHull(xy)
    except scipy.spatial.QhullError:
        return None
