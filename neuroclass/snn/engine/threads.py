"""Parts of a batch in threads: samples do not meet before the gradients.

Input: a function of a slice of the batch. Output: its values, in order.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["in_parts", "one_torch_thread"]


@contextmanager
def one_torch_thread() -> Iterator[int]:
    """Let torch use one thread; yield the number that it might use before.

    After a parallel region torch's other threads spin for milliseconds, on the cores
    that the parts of a batch want.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield n_threads
    finally:
        # Torch hands the last number set, by whatever thread, to every new thread.
        torch.set_num_threads(n_threads)


def in_parts(
    run: Callable[[slice], Any],
    n_samples: int,
    n_threads: int,
    n_together: int | None = None,
) -> list[Any]:
    """Run on equal parts of the batch, one per thread, the first on this one.

    Parameters
    ----------
    run : callable
        Takes a slice of the batch.
    n_samples : int
        Size of the batch.
    n_threads : int
        Largest number of parts that run at a time.
    n_together : int, optional
        Samples from which on a thread divides its part, and runs one piece after the
        other.

    Returns
    -------
    list
        The values in order of the samples.
    """
    n_parts = min(n_threads, n_samples)
    first, *others = _divided(0, n_samples, n_parts)

    def run_pieces(part: slice) -> list[Any]:
        size = part.stop - part.start
        n_pieces = -(-size // (n_together or size))
        return [run(piece) for piece in _divided(part.start, part.stop, n_pieces)]

    def apart(part: slice) -> list[Any]:
        # Whether gradients are recorded is each thread's own.
        with torch.no_grad():
            return run_pieces(part)

    started = [_threads(n_threads - 1).submit(apart, part) for part in others]
    try:
        values = run_pieces(first)
    finally:
        wait(started)  # they read what the caller may change next
    return [*values, *(value for part in started for value in part.result())]


def _divided(start: int, stop: int, n_parts: int) -> list[slice]:
    """Return consecutive slices of nearly the same length."""
    edges = [start + (stop - start) * i // n_parts for i in range(n_parts + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


@functools.cache
def _threads(n_threads: int) -> ThreadPoolExecutor:
    """Return threads that wait for work: to start them takes as long as a stage."""
    return ThreadPoolExecutor(
        n_threads, "neuroclass", initializer=torch.set_num_threads, initargs=(1,)
    )


if hasattr(os, "register_at_fork"):
    # A forked process has the pool's records and none of its threads.
    os.register_at_fork(after_in_child=_threads.cache_clear)
