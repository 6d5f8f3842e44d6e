"""One voice for errors: checks of arguments that several stages share."""

from __future__ import annotations

import numbers
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "as_bytes",
    "as_seconds",
    "check_choice",
    "check_positive_int",
    "check_rng",
    "warn_user",
]

_PACKAGE = str(Path(__file__).parents[1])
_UNITS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}
_SIZES = {
    **{f"{letter}B": 1e3**power for power, letter in enumerate("kMGT", 1)},
    **{f"{letter}iB": 1024.0**power for power, letter in enumerate("KMGT", 1)},
}
_WITH_UNIT = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*([a-zA-Z]*)\s*")


def as_seconds(value: Any, name: str, *, unit_required: bool = False) -> float:
    """Return a positive time in seconds.

    Parameters
    ----------
    value : float, str or quantities.Quantity
        A number is seconds; a string carries its unit (``"5ms"``, ``"0.02 s"``);
        a quantity is rescaled.
    name : str
        What the argument is called, for the message.
    unit_required : bool, default False
        Refuse a string without a unit (the command line: ``--bin-size 5`` is
        ambiguous).

    Raises
    ------
    ValueError
        If the value is not a positive, finite time.
    """
    seconds = float("nan")
    if isinstance(value, str):
        match = _WITH_UNIT.fullmatch(value)
        if match and (match[2] in _UNITS or (not match[2] and not unit_required)):
            seconds = float(match[1]) * _UNITS.get(match[2], 1.0)
    elif isinstance(value, np.timedelta64):  # which numpy counts among the integers
        seconds = float(value / np.timedelta64(1, "s"))
    elif not isinstance(value, bool) and isinstance(value, numbers.Real):
        seconds = float(value)
    elif (quantity := _quantity_in_seconds(value)) is not None:
        seconds = quantity
    if not (np.isfinite(seconds) and seconds > 0):
        raise ValueError(
            f"{name} must be a positive time, such as 5ms or 0.02s; got {value!r}."
        )
    return seconds


def _quantity_in_seconds(value: Any) -> float | None:
    """Return the seconds of a quantity of neo, astropy, pint, brian2 or Python."""
    try:
        if hasattr(value, "rescale"):
            return float(value.rescale("s").magnitude)
        if hasattr(value, "to") and hasattr(value, "unit"):
            return float(value.to("s").value)
        if hasattr(value, "to") and hasattr(value, "magnitude"):
            return float(value.to("s").magnitude)
        if hasattr(value, "total_seconds"):
            return float(value.total_seconds())
        if isinstance(value, np.timedelta64):
            return float(value / np.timedelta64(1, "s"))
        if hasattr(value, "get_best_unit"):  # brian2 stores SI units
            return float(np.asarray(value))
    except Exception as error:  # each package has its own
        raise ValueError(f"a time must have a unit of time; got {value!r}.") from error
    return None


def as_bytes(value: Any, name: str) -> float:
    """Return a positive size of memory in bytes.

    Parameters
    ----------
    value : float or str
        A number is bytes; a string carries its unit (``"4GB"``, ``"500 MB"``,
        ``"2GiB"``).
    name : str
        What the argument is called, for the message.

    Raises
    ------
    ValueError
        If the value is not a positive, finite size.
    """
    size = float("nan")
    if isinstance(value, str):
        match = _WITH_UNIT.fullmatch(value)
        if match and match[2] in _SIZES:
            size = float(match[1]) * _SIZES[match[2]]
    elif not isinstance(value, bool) and isinstance(value, numbers.Real):
        size = float(value)
    if not (np.isfinite(size) and size > 0):
        raise ValueError(
            f"{name} must be a positive size with its unit, such as 4GB or 500MB; got "
            f"{value!r}."
        )
    return size


def check_positive_int(value: Any, name: str, minimum: int = 1) -> int:
    """Return `value` as an int of at least `minimum`, or raise ``ValueError``."""
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Integral)
        or value < minimum
    ):
        raise ValueError(
            f"{name} must be an integer of at least {minimum}; got {value!r}."
        )
    return int(value)


def check_choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of `choices`, or raise ``ValueError``."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}.")
    return str(value)


def check_rng(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return a generator from a generator, a seed or None."""
    return rng if isinstance(rng, np.random.Generator) else np.random.default_rng(rng)


def warn_user(message: str) -> None:
    """Warn at the line that called this package, however deep the reason lies."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
