"""Whether a package that is not required is installed, without loading it."""

from __future__ import annotations

import importlib.util
from functools import cache

__all__ = ["has_numba"]


@cache
def has_numba() -> bool:
    """Return whether numba is installed."""
    return importlib.util.find_spec("numba") is not None
