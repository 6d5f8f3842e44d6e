"""Choice between the compiled loops over pairs and numpy, by the amount of work.

Input: the number of pairs times conditions.
Output: the module of the compiled loops, or None where numpy is to do the same.
"""

from __future__ import annotations

from types import ModuleType

import neuroclass.discrimination._compiled as lazy_face
from neuroclass._lib.installed import has_numba

__all__ = ["compiled_pair_loops"]


def compiled_pair_loops(n_terms: int, min_compiled: int) -> ModuleType | None:
    """Return the compiled loops, where numba is installed and the work is large.

    Parameters
    ----------
    n_terms : int
        Number of pairs times conditions.
    min_compiled : int
        Least number of them that are worth the second that numba takes to load.

    Returns
    -------
    module or None
    """
    if n_terms < min_compiled or not has_numba():
        return None
    loops: ModuleType = lazy_face.pair_loops
    return loops
