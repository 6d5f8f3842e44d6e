"""Time and peak memory of calls, each in a process of its own."""

import contextlib
import multiprocessing
import time
import warnings
from pathlib import Path

from benchmarks.suite.stages import prepare


def measure(case, path):
    """Return wall and CPU seconds and MiB of one run of a case, in this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a recording that is made
        call = prepare(case["stage"], path, case["bin_size"], case["word_length"])
        forget_peak()
        before, wall, cpu = memory("VmRSS"), time.perf_counter(), time.process_time()
        call()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"wall": wall, "cpu": cpu, "mib": memory("VmHWM") - before}


def measure_apart(case, path):
    """Return the same, from a fresh process."""
    # Forked from a server that has loaded the packages and nothing else; numba takes
    # a second to load, and is loaded where there are many counts only.
    fresh = multiprocessing.get_context("forkserver")
    fresh.set_forkserver_preload(
        [
            "benchmarks.suite.stages",
            "neuroclass.clustering._compiled.loops",
            "neuroclass.io.nwb",
        ]
    )
    answers = fresh.SimpleQueue()
    process = fresh.Process(target=_answer, args=(case, path, answers))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{case} failed.")
    return answers.get()


def _answer(case, path, answers):
    answers.put(measure(case, path))


def forget_peak():
    """Let the peak of this process's memory begin anew (Linux only)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(field):
    """Return a field of this process's memory, MiB; nan where there is no /proc."""
    try:
        status = Path("/proc/self/status").read_text().split()
    except OSError:
        return float("nan")
    return int(status[status.index(f"{field}:") + 1]) / 1024
