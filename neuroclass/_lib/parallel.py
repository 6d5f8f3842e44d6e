"""One way to spread independent tasks over processes or machines: joblib's."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from typing import Any

    import joblib
else:  # many commands have no tasks, and a tenth of a second less to wait
    joblib = lazy_loader.load("joblib")

__all__ = ["run_tasks", "runs_of_work"]

_RUNS_PER_JOB = 4  # so that none waits long for the last


def run_tasks(
    function: Callable[..., Any],
    tasks: Iterable[tuple[Any, ...]],
    n_jobs: int | None = None,
) -> Iterator[Any]:
    """Call a function once per task, in the processes or machines set for joblib.

    No backend is named, so that ``joblib.parallel_config`` decides: processes of this
    machine, or with ``"dask"`` those of a cluster.

    Parameters
    ----------
    function : callable
        Found by its name in the other process.
    tasks : iterable of tuple
        The arguments of each call.
    n_jobs : int, optional
        Processes, as in joblib.

    Returns
    -------
    iterator
        What each call returned, in the order of the tasks, as soon as it is there.

    Raises
    ------
    ChildProcessError
        On the way, if a process was killed, as for its memory.

    Notes
    -----
    A task travels in one piece. An array that joblib sees among the arguments is sent
    to one dask worker ahead of the task, and lost with that worker
    (``test_a_worker_that_is_killed_costs_time_and_nothing_else``).
    """
    calls = (joblib.delayed(_call)(function, task) for task in tasks)
    with _interrupts_held_back():
        parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
        found: Iterator[Any] = parallel(calls)
    return _naming_killed_worker(found)


def runs_of_work(
    n_items: int, n_jobs: int | None, *, step: int, least: int
) -> list[slice]:
    """Cut items into runs, one for each task: one alone where no one shares the work.

    Parameters
    ----------
    n_items : int
        Number of items.
    n_jobs : int, optional
        Processes, as in joblib.
    step : int
        Items that are computed at a time; no run ends within, so that the same ones
        are, however many processes there are.
    least : int
        Items that are worth a task.
    """
    most = n_items // max(least, 1)
    jobs = 1 if most < 2 else joblib.effective_n_jobs(n_jobs)
    n_runs = 1 if jobs == 1 else max(1, min(most, _RUNS_PER_JOB * jobs))
    n_steps = -(-n_items // step)
    size = max(1, -(-n_steps // n_runs)) * step
    return [slice(start, start + size) for start in range(0, n_items, size)]


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let processes that are started here leave Ctrl-C to this one.

    A terminal sends it to all of them, and each would print a traceback of its own.
    What is blocked here stays blocked in them; here it arrives at the end.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _naming_killed_worker(found: Iterator[Any]) -> Iterator[Any]:
    """Say in one line what to do where the system killed a process of ours."""
    try:
        yield from found
    except BrokenExecutor as error:
        raise ChildProcessError(
            "a process that computed for this one was killed, as the system does when "
            "memory runs out. Take fewer processes (n_jobs, --jobs), or wider bins."
        ) from error


def _call(function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
    return function(*task)
