"""Numbers and names in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["between", "plural", "rounded", "some"]


def rounded(value: float, digits: int = 3) -> str:
    """Return a number to so many digits, with the zeros at its end: ``"0.130"``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{max(digits - 1 - magnitude, 0)}f}"


def between(low: float | None, high: float | None) -> str:
    """Return ``"0.130 to 0.132"``, or nothing where there is no interval."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"{rounded(low)} to {rounded(high)}"


def plural(number: int, one: str, many: str) -> str:
    """Return ``"1 class"`` or ``"3 classes"``."""
    return f"{number} {one if number == 1 else many}"


def some(names: Sequence[str], limit: int = 5) -> str:
    """Return names with commas between; of many, how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
