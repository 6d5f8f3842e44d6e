"""Compiled loops of the clustering, where numba is installed and the work is large.

Gives `compiled`: the module of the loops, or None, and then numpy does the same.
"""

import importlib
import importlib.util
from functools import cache
from types import ModuleType

__all__ = ["compiled"]

_WORTH_IT = 1 << 19  # counts; under it, loading numba takes longer than the work


def compiled(n_counts: int) -> ModuleType | None:
    """Return the compiled loops if they are there and worth their second of loading.

    Parameters
    ----------
    n_counts : int
        How many numbers the work is about.
    """
    return _loops() if n_counts >= _WORTH_IT else None


@cache
def _loops() -> ModuleType | None:
    if importlib.util.find_spec("numba") is None:
        return None
    return importlib.import_module("neuroclass.clustering._compiled.loops")
