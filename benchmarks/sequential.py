"""Time and peak memory of `SequentialBottleneck` against the number of neurons.

    python -m benchmarks.sequential [--neurons 1000,10000,100000]

Simulated populations: 8 types, 500 conditions, 20 repeats, binary words, gain and
timing of every neuron scattered about its type. Each size runs in a fresh process,
with one thread; the number of classes is chosen automatically. `rows` returns what is
printed.
"""

import argparse
import math
import multiprocessing
import os
import resource
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.metrics import adjusted_rand_score

from neuroclass.clustering import SequentialBottleneck

N_TYPES, N_CONDITIONS, N_REPEATS = 8, 500, 20
COLUMNS = ("neurons", "seconds", "cpu seconds", "peak MiB", "classes", "ARI")


def simulate_counts(n_neurons, rng):
    """Return counts (n_neurons, n_conditions, 2) and the type of each neuron."""
    drive = rng.normal(-1.6, 1.0, (N_TYPES, N_CONDITIONS))
    kind = rng.integers(N_TYPES, size=n_neurons)
    counts = np.empty((n_neurons, N_CONDITIONS, 2), dtype=np.int16)
    for start in range(0, n_neurons, 5000):
        part = slice(start, start + 5000)
        gain = rng.normal(0, 0.5, (len(kind[part]), 1))
        own = rng.normal(0, 0.5, (len(gain), N_CONDITIONS // 25)).repeat(25, axis=1)
        logit = drive[kind[part]] + gain + own
        counts[part, :, 1] = rng.binomial(N_REPEATS, 1 / (1 + np.exp(-logit)))
        counts[part, :, 0] = N_REPEATS - counts[part, :, 1]
    return counts, kind


def rows(sizes=(1000, 10_000, 100_000), **options):
    """Return one dict per size, with the keys `COLUMNS`."""
    spawn = multiprocessing.get_context("spawn")
    found = []
    for n_neurons in sizes:
        answers = spawn.SimpleQueue()
        process = spawn.Process(target=_measure, args=(n_neurons, options, answers))
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError(f"{n_neurons} neurons failed.")
        found.append(answers.get())
    return found


def _measure(n_neurons, options, answers):
    counts, kind = simulate_counts(n_neurons, np.random.default_rng(0))
    wall, cpu = time.perf_counter(), time.process_time()
    model = SequentialBottleneck(**options).fit(counts)
    answers.put(
        {
            "neurons": n_neurons,
            "seconds": time.perf_counter() - wall,
            "cpu seconds": time.process_time() - cpu,
            "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "classes": model.n_clusters_,
            "ARI": adjusted_rand_score(kind, model.labels_),
        }
    )


def exponent(found):
    """Return the slope of log CPU time against log neurons."""
    n = [math.log(row["neurons"]) for row in found]
    return float(np.polyfit(n, [math.log(row["cpu seconds"]) for row in found], 1)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", default="1000,10000,100000")
    found = rows([int(n) for n in parser.parse_args().neurons.split(",")])
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---:|" * len(COLUMNS))
    for row in found:
        print("| " + " | ".join(f"{row[column]:.4g}" for column in COLUMNS) + " |")
    if len(found) > 1:
        print(f"\nCPU time grows as neurons to the power {exponent(found):.2f}.")


if __name__ == "__main__":
    main()
