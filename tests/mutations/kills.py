"""``python -m tests.mutations.kills --count N``: SIGKILL in the middle of writing.

For each way of writing a process is killed at a random moment of it, N times in all.
Then the originals must hold what they held, the next run must work, and nothing hidden
may be left. Prints the counts.
"""

import argparse
import collections
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import h5py
import numpy as np

from neuroclass import classify_neurons, load_recording, prepare_responses
from neuroclass.io import write_labels, write_recording
from neuroclass.report import save_results
from neuroclass.snn import load_checkpoint
from neuroclass.snn.training.checkpoint import save_checkpoint
from tests.mutations.outputs import Checkpoint
from tests.mutations.recordings import small_retina

LABEL = "neuroclass_label"


class Ways:
    """Ways of writing, each a method that takes a folder."""

    def __init__(self, base):
        recording = small_retina()
        write_recording(recording, base / "recording.nwb")
        self._labels = [0, 1, 0, 1]
        self._classes = classify_neurons(
            recording, n_clusters=2, bin_size="20ms", progress=False
        )
        with open(os.devnull, "w", encoding="utf-8") as nothing:
            before, sys.stdout = sys.stdout, nothing
            Checkpoint().make(base)
            sys.stdout = before
        self._model = load_checkpoint(base / "model")
        save_results(self._classes, base / "classes")

    def in_place(self, folder):
        path = folder / "recording.nwb"
        write_labels(path, {LABEL: self._labels}, in_place=True, force=True)

    def save_nwb(self, folder):
        path, copy = folder / "recording.nwb", folder / "copy.nwb"
        write_labels(path, {LABEL: self._labels}, output=copy, force=True)

    def result_folder(self, folder):
        save_results(self._classes, folder / "classes", force=True)

    def new_result_folder(self, folder):
        save_results(self._classes, folder / "new", force=True)

    def cache(self, folder):
        recording = load_recording(folder / "recording.nwb", lazy=True)
        prepare_responses(
            recording, bin_size="20ms", cache=folder / "cache", progress=False
        )

    def checkpoint(self, folder):
        for _ in range(20):
            save_checkpoint(self._model, folder / "model" / "model")


def state_of(folder):
    """Return the hashes of every dataset of the recording, but for the labels."""
    found = {}
    with h5py.File(folder / "recording.nwb", "r") as file:

        def visit(name, item):
            if isinstance(item, h5py.Dataset) and LABEL not in name:
                values = np.asarray(item[()])
                text = repr(values.tolist()).encode()
                found[name] = hashlib.sha256(text).hexdigest()

        file.visititems(visit)
    return found


def run(way, folder, kill_after=None):
    """Run one way of writing in a process of its own; return its status."""
    child = os.fork()
    if not child:
        warnings.simplefilter("ignore")
        status = 1
        try:
            way(folder)
            status = 0
        finally:
            os._exit(status)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.mutations.kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=60, help="kills in all")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(args.seed)
    counts = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory(prefix="kills-") as scratch:
        base = Path(scratch) / "base"
        base.mkdir()
        ways = Ways(base)
        names = [name for name in vars(Ways) if not name.startswith("_")]
        durations = {}
        for k in range(args.count + len(names)):
            name = names[k % len(names)]
            way, folder = getattr(ways, name), Path(scratch) / str(k)
            shutil.copytree(base, folder)
            before, start = state_of(folder), time.monotonic()
            if name not in durations:  # the first one shows how long it takes
                if run(way, folder) != 0:
                    raise RuntimeError(f"{name} must work when it is not killed.")
                durations[name] = time.monotonic() - start
                continue
            status = run(way, folder, float(rng.uniform(0, durations[name])))
            found = counts[name]
            found["killed"] += status == -signal.SIGKILL
            found["hidden after"] += any(folder.rglob(".*"))
            found["changed"] += state_of(folder) != before
            found["next fails"] += run(way, folder) != 0
            found["changed"] += state_of(folder) != before
            found["left over"] += any(folder.rglob(".*"))
    columns = ("killed", "hidden after", "changed", "next fails", "left over")
    print(f"{'way of writing':<18}{'seconds':>8}", *(f"{c:>12}" for c in columns))
    for name, found in counts.items():
        text = name.replace("_", " ")
        print(
            f"{text:<18}{durations[name]:>8.2f}", *(f"{found[c]:>12}" for c in columns)
        )
    wrong = ("changed", "next fails", "left over")
    return int(any(found[c] for found in counts.values() for c in wrong))


if __name__ == "__main__":
    sys.exit(main())
