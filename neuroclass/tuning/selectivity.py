"""Direction and orientation selectivity.

Input: responses to directions. Output: `Selectivity`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Selectivity", "direction_selectivity"]


@dataclass(frozen=True, eq=False)
class Selectivity:
    """Selectivity of neurons for the direction and the orientation of motion.

    Attributes
    ----------
    direction_index, orientation_index : ndarray of shape (n_neurons,)
        Length of the normalised vector sum, from 0 to 1; nan without spikes. The first
        is nan where the angles cover no more than half a turn.
    preferred_direction, preferred_orientation : ndarray of shape (n_neurons,)
        Its angle, in degrees from 0 to 360 and from 0 to 180.
    """

    direction_index: NDArray[np.float64]
    orientation_index: NDArray[np.float64]
    preferred_direction: NDArray[np.float64]
    preferred_orientation: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"Selectivity({len(self.direction_index)} neurons)"


def direction_selectivity(responses: ArrayLike, angles: ArrayLike) -> Selectivity:
    r"""Return the vector sums of the responses of neurons to directions.

    .. math:: D = |\sum_a r_a e^{i a}| / \sum_a r_a, \quad
              O = |\sum_a r_a e^{2 i a}| / \sum_a r_a

    Parameters
    ----------
    responses : array_like, (n_neurons, n_angles)
        Mean response to each angle, not negative.
    angles : array_like, (n_angles,)
        In degrees, equally spaced over a turn, or half a turn for orientations.

    Returns
    -------
    Selectivity

    Raises
    ------
    ValueError
        If there are fewer than three angles, or they are not equally spaced, whose
        vector sum would not be 0 for equal responses.

    References
    ----------
    .. [1] Mazurek, Kager & Van Hooser (2014), Frontiers in Neural Circuits 8:92.
    """
    r = np.asarray(responses, dtype=np.float64)
    a = np.asarray(angles, dtype=np.float64)
    if r.ndim != 2 or r.shape[1:] != a.shape or len(a) < 3:
        raise ValueError(
            "responses must hold one value per neuron and angle, of three angles or "
            f"more; got shapes {r.shape} and {a.shape}."
        )
    turns = np.exp(1j * np.deg2rad(a))
    if abs((turns**2).mean()) > 1e-6:
        raise ValueError(
            "angles must be equally spaced over a turn or half a turn; got "
            f"{', '.join(f'{x:g}' for x in a)} degrees."
        )
    has_directions = abs(turns.mean()) < 1e-6
    total = r.sum(axis=1)
    share = np.divide(
        r, total[:, None], out=np.full(r.shape, np.nan), where=total[:, None] > 0
    )
    direction = share @ turns if has_directions else np.full(len(r), np.nan + 0j)
    orientation = share @ turns**2
    return Selectivity(
        np.abs(direction),
        np.abs(orientation),
        np.rad2deg(np.angle(direction)) % 360,
        np.rad2deg(np.angle(orientation)) / 2 % 180,
    )
