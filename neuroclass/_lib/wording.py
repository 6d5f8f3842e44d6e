"""Numbers and names in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["between", "estimate", "plural", "rounded", "some"]


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


def estimate(value: float, low: float | None, high: float | None) -> tuple[str, str]:
    """Return an estimate and its interval to as many digits as keep them apart.

    Three, or up to five where the estimate would read as an end of its interval.

    Examples
    --------
    >>> estimate(0.16637, 0.16531, 0.16642)
    ('0.16637', '0.16531 to 0.16642')
    >>> estimate(6.56, 6.48, 6.62)
    ('6.56', '6.48 to 6.62')
    """
    if low is None or high is None or not between(low, high):
        return rounded(value), ""
    for digits in (3, 4, 5):
        texts = [rounded(one, digits) for one in (low, value, high)]
        if float(texts[0]) < float(texts[1]) < float(texts[2]):
            return texts[1], f"{texts[0]} to {texts[2]}"
    return rounded(value), between(low, high)


def plural(number: int, one: str, many: str) -> str:
    """Return ``"1 class"`` or ``"3 classes"``."""
    return f"{number} {one if number == 1 else many}"


def some(names: Sequence[str], limit: int = 5) -> str:
    """Return names with commas between; of many, how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
