"""Choice between the compiled loops and numpy, by the amount of work.

Input: the number of counts that the work is about.
Output: the module of the compiled loops, or None where numpy is to do the same.
"""

from __future__ import annotations

from types import ModuleType

import neuroclass.clustering._compiled as lazy_face
from neuroclass._lib.installed import has_numba

__all__ = ["MIN_COMPILED", "compiled_loops", "compiled_timing_loops"]

MIN_COMPILED = 1 << 19  # counts; with fewer, loading numba takes longer than the work


def compiled_loops(
    n_counts: int, min_compiled: int = MIN_COMPILED
) -> ModuleType | None:
    """Return the compiled loops, where numba is installed and the work is large.

    Parameters
    ----------
    n_counts : int
        Number of counts that the work is about.
    min_compiled : int, default 524288
        Least number of counts that are worth the second that numba takes to load.

    Returns
    -------
    module or None
    """
    if n_counts < min_compiled or not has_numba():
        return None
    return lazy_face.loops


def compiled_timing_loops(
    n_counts: int, min_compiled: int = MIN_COMPILED
) -> ModuleType | None:
    """Return the compiled loops over timing matrices, as `compiled_loops` does."""
    if n_counts < min_compiled or not has_numba():
        return None
    loops: ModuleType = lazy_face.timing_loops
    return loops
