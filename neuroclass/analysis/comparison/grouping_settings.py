"""Settings of the comparison of groupings, and their defaults.

Imports nothing heavy: the command line builds its options from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

__all__ = ["GroupingOptions", "GroupingSettings"]


@dataclass(frozen=True, kw_only=True)
class GroupingSettings:
    """How the groupings that are compared are made.

    Attributes
    ----------
    time_constant : float or str, default 0.05
        Time constant of the Victor-Purpura and van Rossum distances, in seconds or
        with its unit.
    distance_units : int, default 60
        Number of units, drawn at random, whose spike trains are compared in pairs; 0
        leaves the groupings by spike-train distances out.
    distance_repeats : int, default 10
        Number of repeats that these distances are the mean of.
    """

    time_constant: float | str = 0.05
    distance_units: int = 60
    distance_repeats: int = 10


class GroupingOptions(TypedDict, total=False):
    """Keywords of the comparison of groupings: see `GroupingSettings`."""

    time_constant: float | str
    distance_units: int
    distance_repeats: int
