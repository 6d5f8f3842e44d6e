"""Receptive fields of simulated cells: mosaics, one of each type.

Input: the type of each cell. Output: centres and radii, in micrometres.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.mosaics import draw_mosaic

__all__ = ["draw_receptive_fields"]

_DISTANCE = 75.0  # um that cells of one type keep from each other, on average
_DISTANCE_TO_SPACING = 0.65  # over 1 / sqrt(density)
_RADIUS_SPREAD = 0.05


def draw_receptive_fields(
    types: NDArray[Any], rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Draw centres and radii of receptive fields, the mosaic of each type by itself.

    Parameters
    ----------
    types : ndarray, (n_cells,)
        Type of each cell.
    rng : numpy.random.Generator
        Generator.

    Returns
    -------
    dict
        ``x_um``, ``y_um`` and ``radius_um`` of each cell. Cells of one type keep 75 um
        on average; the window is a square in which the cells of the commonest type
        have a coverage of 1.
    """
    kinds, of_kind = np.unique(types, return_inverse=True)
    spacing = _DISTANCE / _DISTANCE_TO_SPACING
    side = spacing * float(np.sqrt(np.bincount(of_kind).max()))
    centres = np.empty((len(types), 2))
    for kind in range(len(kinds)):
        members = np.flatnonzero(of_kind == kind)
        centres[members] = draw_mosaic(
            len(members), (side, side), _DISTANCE, random_state=rng
        )
    radius = spacing / np.sqrt(np.pi)
    radii = radius * np.exp(_RADIUS_SPREAD * rng.standard_normal(len(types)))
    return {"x_um": centres[:, 0], "y_um": centres[:, 1], "radius_um": radii}
