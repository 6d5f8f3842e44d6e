"""Cells of a salamander retina: a small population of known types and subtypes.

Input: a generator. Output: parameters of each cell, as `firing_rate` takes them. The
mixture is that of a recording of some twenty cells; rates and their spread are those of
the bundled recordings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["SALAMANDER_SUBTYPES", "draw_salamander_cells"]


class _Subtype(NamedTuple):
    """Number and mean parameters of the cells of a subtype; units as in `cells`."""

    n_cells: int
    true_type: str
    is_on: bool
    time_to_peak: float
    undershoot: float
    threshold: float
    gain: float


# Fast cells are biphasic and rectify strongly, slow ones are not and do less; the ON
# cells of salamander are slower than its fast OFF cells. The subtypes of one type
# differ in what a full-field flicker can show, and less than any two types.
_SUBTYPES = {
    "fast OFF": _Subtype(6, "fast OFF", False, 0.055, 0.60, 1.6, 90.0),
    "medium OFF, biphasic": _Subtype(3, "medium OFF", False, 0.085, 0.55, 1.5, 70.0),
    "medium OFF, monophasic": _Subtype(3, "medium OFF", False, 0.085, 0.15, 1.5, 70.0),
    "slow OFF, quicker": _Subtype(2, "slow OFF", False, 0.120, 0.35, 1.4, 60.0),
    "slow OFF, slower": _Subtype(2, "slow OFF", False, 0.150, 0.35, 1.4, 60.0),
    "ON": _Subtype(3, "ON", True, 0.100, 0.45, 1.5, 60.0),
    "weak": _Subtype(2, "weak", False, 0.100, 0.30, 2.6, 40.0),
}
SALAMANDER_SUBTYPES: tuple[str, ...] = tuple(_SUBTYPES)

_DELAY = 0.030  # s
_RATE_SPREAD = 0.6  # natural logarithm, within a subtype

# Scatter between the cells of a subtype; half of what `simulate_retina` calls strong.
_TIME_SCATTER = 0.05  # log
_THRESHOLD_SCATTER = 0.10
_UNDERSHOOT_SCATTER = 0.05
_DELAY_SCATTER = 0.003  # s


def draw_salamander_cells(rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Draw 21 cells of five types, in random order, (n_neurons,) each parameter.

    Parameters
    ----------
    rng : numpy.random.Generator
        Generator.

    Returns
    -------
    dict of ndarray
        As `draw_cells` gives, with ``true_subtype`` besides.
    """
    names = rng.permutation(np.repeat(SALAMANDER_SUBTYPES, _counts()))
    of_cells = [_SUBTYPES[name] for name in names]
    scatter = rng.standard_normal((5, len(names)))
    is_on = np.array([cell.is_on for cell in of_cells])
    time_to_peak, undershoot, threshold, gain = np.array([c[3:] for c in of_cells]).T
    factor = np.exp(_RATE_SPREAD * scatter[0] - _RATE_SPREAD**2 / 2)
    return {
        "true_type": np.array([cell.true_type for cell in of_cells]),
        "true_subtype": names,
        "on_weight": is_on.astype(float),
        "off_weight": (~is_on).astype(float),
        "time_to_peak": time_to_peak * np.exp(_TIME_SCATTER * scatter[1]),
        "undershoot": np.maximum(undershoot + _UNDERSHOOT_SCATTER * scatter[2], 0),
        "threshold": threshold + _THRESHOLD_SCATTER * scatter[3],
        "gain": gain * factor,
        "delay": np.maximum(_DELAY + _DELAY_SCATTER * scatter[4], 0),
    }


def _counts() -> list[int]:
    return [subtype.n_cells for subtype in _SUBTYPES.values()]
