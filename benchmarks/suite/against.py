"""The same cases on two checkouts, interleaved: what a change gains, and what it moves.

Each run is a process of its own, with one thread, that finds its neuroclass in one of
the two. Compared are medians of CPU seconds, and the numbers that come out.
"""

import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.suite.cases import write_input
from benchmarks.suite.one_case import COMMANDS, FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
_ROUNDING = 1e-9
CHILD = Path(__file__).with_name("one_case.py")


@contextlib.contextmanager
def checked_out(reference):
    """Give a folder with the files of a commit, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "checkout"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run(
            [*git, "add", "--quiet", "--detach", str(place), reference], check=True
        )
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


def inputs(folder, quick=False, only=None):
    """Write the inputs, and return the cases: name, neurons, input, arguments.

    With `only`, a tuple of text, the cases whose names begin with one of these.
    """
    folder = Path(folder)
    sizes = (12, 16) if quick else (400, 1000)
    shapes = [(3, 40), (3, 40)] if quick else [(3, 1800), (10, 1000)]
    paths = []
    for n, (repeats, n_conditions) in zip(sizes, shapes, strict=True):
        paths.append(folder / f"groups{n}.npz")
        groups = draw_groups(n, repeats, n_conditions, np.random.default_rng(n))
        np.savez(paths[-1], groups=groups)
    found = []
    for case in FUNCTIONS:
        at = int("information" in case)
        found.append((case, sizes[at], paths[at], []))
        if not at:
            found.append((f"{case}, without numba", sizes[at], paths[at], ["--plain"]))
    retina = {"table": "stages", "neurons": sizes[0], "repeats": 30}
    retina["duration"] = 2.0 if quick else 18.0
    bundled = ROOT / "data" / "salamander_movie1.nwb"
    recordings = [(sizes[0], None), (49, bundled), (49, bundled)]
    for case, (n, path) in zip(COMMANDS, recordings, strict=True):
        found.append((case, n, path, []))
    asked = [case for case in found if only is None or case[0].startswith(only)]
    return [
        (case, n, write_input(retina, folder) if path is None else path, how)
        for case, n, path, how in asked
    ]


def draw_groups(n_neurons, repeats, n_conditions, rng):
    """Return counts of ten groups of repeats, of neurons around eight types."""
    drive = rng.normal(-2.5, 1.5, (8, n_conditions))
    own = rng.normal(0, 0.6, (n_neurons, n_conditions))
    p = 1 / (1 + np.exp(-drive[rng.integers(8, size=n_neurons)] - own))
    spikes = rng.binomial(repeats, p, (10, *p.shape))
    return np.stack([repeats - spikes, spikes], axis=3).astype(np.uint8)


def measure_against(checkouts, cases, folder, n_runs=3):
    """Return CPU seconds of each case on both checkouts, and how far results differ.

    `checkouts` are the folders of the earlier and of the present version.
    """
    rows = [
        {"case": name, "neurons": n, "then": [], "now": [], "difference": 0.0}
        for name, n, _, _ in cases
    ]
    for _ in tqdm(range(n_runs), "runs", disable=None):
        for row, (name, _, path, how) in zip(rows, cases, strict=True):
            results = []
            for version, checkout in zip(("then", "now"), checkouts, strict=True):
                result = Path(folder) / f"{version}.npz"
                case = name.removesuffix(", without numba")
                row[version].append(_seconds(checkout, case, path, result, how))
                with np.load(result) as stored:
                    results.append([stored[key] for key in stored.files])
            row["difference"] = max(row["difference"], difference(*results))
    return rows


def with_rows(earlier, reference, rows):
    """Return earlier rows against the same commit, with those that are new in place."""
    if not earlier or earlier["reference"] != reference:
        return {"reference": reference, "rows": rows}
    anew = {row["case"]: row for row in rows}
    kept = [anew.pop(row["case"], row) for row in earlier["rows"]]
    return {"reference": reference, "rows": kept + list(anew.values())}


def _seconds(checkout, case, path, result, how):
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    # Compiled once, as what is installed is.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(Path(result).with_name("bytecode"))
    shutil.rmtree(Path(result).with_suffix(""), ignore_errors=True)
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, str(CHILD), case, str(path), str(result), *how],
        env=environment,
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
    )
    if case in COMMANDS:  # to the end of the process
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
        return float(seconds)
    return float(done.stdout.split()[-1])


def difference(then, now):
    """Return the largest difference of numbers, as a share of the largest of its kind.

    Infinite where one version gives a number and the other none.
    """
    largest = 0.0
    for one, other in zip(then, now, strict=True):
        if one.shape != other.shape or (np.isnan(one) != np.isnan(other)).any():
            return float("inf")
        scale = np.nanmax(np.abs(one), initial=0.0)
        away = np.nanmax(np.abs(one - other), initial=0.0)
        largest = max(largest, float(away / scale) if scale else float(away))
    return largest


def against_page(found):
    """Return the section of the page, as Markdown."""
    lines = [
        "| case | neurons | then, CPU s | now, CPU s | ratio | numbers differ by |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in found["rows"]:
        then, now = (statistics.median(row[key]) for key in ("then", "now"))
        lines.append(
            f"| {row['case']} | {row['neurons']} | {then:.3g} | {now:.3g} | "
            f"{then / now:.1f} | {row['difference']:.1g} |"
        )
    table = "\n".join(lines)
    is_other = any(row["difference"] > _ROUNDING for row in found["rows"])
    changed = (
        " Where they differ by more\nthan rounding, the method has changed since: "
        "CHANGELOG.md."
        if is_other
        else ""
    )
    counts = sorted({len(row["then"]) for row in found["rows"]})
    n_runs = " or ".join(map(str, counts))
    runs = "one run of each" if counts == [1] else f"medians of {n_runs} runs"
    return f"""## Against an earlier version

The same cases at commit {found["reference"]} and now, interleaved,
{runs}; `python -m benchmarks.suite --against
{found["reference"]}` measures them anew. Functions are timed after a first call, on
counts of two words with 30 repeats and 1,800 conditions (information: 100 repeats and
1,000 conditions); commands with all that they load. Numbers differ by at most so much
of the largest of their kind.{changed}

{table}
"""
