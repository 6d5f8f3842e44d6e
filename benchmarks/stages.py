"""Time and peak memory of each stage, beside SciPy's Jensen-Shannon distances.

    python benchmarks/stages.py [--neurons 49,100,400] [--repeats 3] [--markdown]

Counts are those of simulated retinas (30 repeats of 18 s, 20 ms binary words). Each
stage runs in a fresh process, `--repeats` times, interleaved with the others; the
median time is printed, and the largest memory beyond that of the loaded inputs.
SciPy's row is ``pdist(p, "jensenshannon")`` over the word probabilities of the same
counts, in the same run: the cheapest way there is to compare all pairs without this
package (it has no correction for sampling and no classes).
"""

import argparse
import contextlib
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

# One thread per stage, so that times compare; set before numpy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.spatial.distance import pdist

from neuroclass.bottleneck import AgglomerativeBottleneck
from neuroclass.classification import classify_neurons
from neuroclass.information import identity_information
from neuroclass.io import load_recording, write_recording
from neuroclass.merging import Rows, merge_tree, pairwise_losses
from neuroclass.presentations import select_presentations
from neuroclass.refinement import refine_with_restarts
from neuroclass.simulation import simulate_retina
from neuroclass.words import bin_words, count_groups, count_words

STAGES = (
    "load",
    "presentations",
    "words",
    "counts",
    "information",
    "information, with intervals",
    "pairs",
    "pairs by scipy pdist",
    "tree",
    "partition at K = 6, 8 restarts",
    "classes, K given",
    "classes, K chosen",
    "classify_neurons, all of it",
)


def prepare(stage, path):
    """Return the call of one stage with its inputs loaded."""
    if stage == "load":
        return lambda: load_recording(path)
    recording = load_recording(path)
    if stage == "presentations":
        return lambda: select_presentations(recording)
    if stage == "classify_neurons, all of it":
        return lambda: classify_neurons(recording, progress=False)
    shown = select_presentations(recording)
    if stage == "words":
        return lambda: bin_words(recording, shown, 0.02)
    words = bin_words(recording, shown, 0.02)
    if stage == "counts":
        return lambda: count_words(words)
    counts = count_words(words)
    if stage == "information":
        return lambda: identity_information(counts)
    if stage == "information, with intervals":
        return lambda: identity_information(counts, groups=count_groups(words))
    if stage == "pairs by scipy pdist":
        # As its users would call it: one row of probabilities per neuron.
        p = counts.counts.reshape(counts.n_neurons, -1) / counts.counts[0].sum()
        return lambda: pdist(p, "jensenshannon")
    if stage == "classes, K given":
        return lambda: AgglomerativeBottleneck(6).fit(counts)
    if stage == "classes, K chosen":
        return lambda: AgglomerativeBottleneck().fit(counts)
    rows = Rows.from_counts(counts.counts)
    if stage == "pairs":
        return lambda: pairwise_losses(rows)
    losses = pairwise_losses(rows)
    if stage == "tree":
        return lambda: merge_tree(rows, losses)
    cut = merge_tree(rows, losses).labels(6)
    return lambda: refine_with_restarts(rows, cut, rng=np.random.default_rng(0))


def measure(stage, path, answers):
    """Put the seconds and MiB of one run of a stage into a queue."""
    call = prepare(stage, path)
    forget_peak()
    before = memory("VmRSS")
    start = time.perf_counter()
    call()
    seconds = time.perf_counter() - start
    answers.put((seconds, memory("VmHWM") - before))


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", default="49,100,400")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    sizes = [int(n) for n in args.neurons.split(",")]
    spawn = multiprocessing.get_context("spawn")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for n in sizes:
            paths[n] = str(Path(folder) / f"retina{n}.nwb")
            retina = simulate_retina(6, n, 30, 18.0, n_unique=0, rng=n)
            write_recording(retina, paths[n])
        for _ in range(args.repeats):
            for stage in STAGES:
                for n in sizes:
                    answers = spawn.SimpleQueue()
                    process = spawn.Process(
                        target=measure, args=(stage, paths[n], answers)
                    )
                    process.start()
                    process.join()
                    if process.exitcode:
                        sys.exit(f"{stage} failed with {n} neurons")
                    found.setdefault((stage, n), []).append(answers.get())
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"{os.cpu_count()} cores, one thread; median of {args.repeats} runs.\n"
    )
    print("| stage | " + " | ".join(f"{n} neurons" for n in sizes) + " |")
    print("|---|" + "---:|" * len(sizes))
    for stage in STAGES:
        cells = []
        for n in sizes:
            seconds = statistics.median(s for s, _ in found[stage, n])
            memory = max(m for _, m in found[stage, n])
            cells.append(f"{seconds:.3g} s, {memory:.0f} MiB")
        print(f"| {stage} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
