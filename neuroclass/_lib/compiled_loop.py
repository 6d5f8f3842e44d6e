"""Compilation of loops by numba, which takes a second to load.

Input: a function of arrays and numbers. Output: the compiled function. Only modules of
compiled loops import this one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compile_loop"]


def compile_loop(function: Callable[..., Any], **options: Any) -> Any:
    """Return a function compiled by numba without the lock of the interpreter."""
    # The cache needs a folder that can be written; without one, compile each time.
    try:
        return numba.njit(nogil=True, cache=True, **options)(function)
    except (RuntimeError, OSError):  # the second of a home that is write-protected
        return numba.njit(nogil=True, **options)(function)
