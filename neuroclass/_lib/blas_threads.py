"""One thread of BLAS for small products, which many threads make slower.

Input: the number of neurons. Output: a context.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

__all__ = ["few_blas_threads"]

_FEW = 1000  # neurons; products of more are worth the threads


@contextmanager
def few_blas_threads(n_neurons: int) -> Iterator[None]:
    """Compute products of few neurons in one thread of BLAS.

    Threads of small products wait for each other: with two of them on a busy machine 49
    neurons cost half as much again.

    Parameters
    ----------
    n_neurons : int
        Number of neurons; of more than 1,000 the number of threads stays as it is.
    """
    if n_neurons > _FEW:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield
