"""Time and peak memory of counting a recording of very many spikes.

    python -m benchmarks.streaming [--units 2000] [--spikes 100000000]

Writes an NWB file of random spikes (0.8 GB for 1e8: 100 repeats of 20 s) into a
temporary folder, counts it from the file into a cache and again from the cache, loads
it into memory, selects its presentations as `inspect` does, classifies it without a
cache, and deletes all. Each run is a fresh process; its memory is what the peak has
over the imports. `rows` returns what is printed.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import neo
import numpy as np
import quantities as pq

from neuroclass.analysis import classify_neurons
from neuroclass.io import load_recording, write_recording
from neuroclass.presentations import select_presentations
from neuroclass.responses import count_recording

COLUMNS = ("run", "spikes", "seconds", "cpu seconds", "MiB over imports")
N_REPEATS, DURATION = 100, 20.0  # s
BIN_SIZE = 0.02  # s


def write_random_spikes(path, n_units, n_spikes, rng):
    """Write units with as many spikes at random times, under repeats."""
    stop = N_REPEATS * DURATION
    block, segment = neo.Block(name="random"), neo.Segment()
    block.segments.append(segment)
    for unit in range(n_units):
        times = np.sort(rng.uniform(0, stop, n_spikes // n_units))
        train = neo.SpikeTrain(times, units="s", t_start=0.0, t_stop=stop)
        train.annotations["unit_id"] = unit
        segment.spiketrains.append(train)
    segment.epochs.append(
        neo.Epoch(
            times=np.arange(N_REPEATS) * DURATION * pq.s,
            durations=np.full(N_REPEATS, DURATION) * pq.s,
            name="trials",
        )
    )
    write_recording(block, path)


def rows(n_units=2000, n_spikes=100_000_000, folder=None):
    """Return one dict per run, with the keys `COLUMNS`."""
    spawn = multiprocessing.get_context("spawn")
    found = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        path = Path(scratch) / "random.nwb"
        rng = np.random.default_rng(0)
        # In a process of its own, which gives its memory back.
        writer = spawn.Process(
            target=write_random_spikes, args=(path, n_units, n_spikes, rng)
        )
        writer.start()
        writer.join()
        for run in RUNS:
            answers = spawn.SimpleQueue()
            process = spawn.Process(
                target=_measure, args=(run, path, Path(scratch) / "cache", answers)
            )
            process.start()
            process.join()
            if process.exitcode:
                raise RuntimeError(f"counting {run} failed.")
            found.append(answers.get())
    return found


def _count(path, cache):
    recording = load_recording(path, lazy=True)
    presentations = select_presentations(recording)
    counted = count_recording(recording, presentations, BIN_SIZE, cache=cache)
    return int(counted.counts.n_spikes.sum())


def _load(path, _):
    recording = load_recording(path)
    return sum(map(len, recording.segments[0].spiketrains))


def _inspect(path, _):
    recording = load_recording(path, lazy=True)
    select_presentations(recording)
    return sum(map(len, recording.segments[0].spiketrains))


def _classify(path, _):
    result = classify_neurons(str(path), progress=False)
    return int(sum(map(len, result.recording.segments[0].spiketrains)))


RUNS = {
    "counted from the file": _count,
    "counted from the cache": _count,
    "loaded into memory": _load,
    "presentations selected": _inspect,
    "classified, no cache": _classify,
}


def _measure(run, path, cache, answers):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    n_spikes = RUNS[run](path, cache)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers.put(
        {
            "run": run,
            "spikes": n_spikes,
            "seconds": time.perf_counter() - wall,
            "cpu seconds": time.process_time() - cpu,
            "MiB over imports": (peak - before) / 1024,
        }
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--spikes", type=int, default=100_000_000)
    args = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n|---|" + "---:|" * (len(COLUMNS) - 1))
    for row in rows(args.units, args.spikes):
        cells = [row["run"], *(f"{row[column]:.4g}" for column in COLUMNS[1:])]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
