"""Measure spiking networks, and write docs/network_benchmarks.md.

    python -m benchmarks.networks [--only steps,limit,against,rules] [--against REF]
    python -m benchmarks.networks --only accuracy --data FOLDER --output DIR

``steps`` compares a SPIDE step with a loop of plain torch, ``limit`` says where the
time of one goes, ``against`` compares steps with those at another commit, ``rules``
steps by all rules and by the packages that are installed, ``accuracy`` trains on the
images in FOLDER (hours; resumed from DIR). What was measured goes into
benchmarks/results/networks.json with the machine and the date, in place of what stood
there; the page is made from that alone. ``--threads 2`` measures the steps on two
threads beside those on one. ``--page`` measures nothing; ``--quick`` measures the
smallest cases once and prints the page.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

# Set before numpy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.networks.accuracy import measure_accuracy
from benchmarks.networks.limit import measure_limit
from benchmarks.networks.one_step import CASES
from benchmarks.networks.page import page_of
from benchmarks.networks.rules import measure_rules
from benchmarks.networks.steps import measure_steps
from benchmarks.suite.against import checked_out

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "networks.json"
PAGE = ROOT / "docs" / "network_benchmarks.md"
CHILD = Path(__file__).with_name("one_step.py")
SECTIONS = ("steps", "limit", "against", "rules", "accuracy")
ROUNDS = {"784-400 feedback": 15, "LeNet": 3, "AlexNet-F": 3}
# The oldest whose networks take a rule object, before all work on speed below.
REFERENCE = "a90e696"


def environment():
    """Return what the figures depend on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        named = [line.split(":")[1].strip() for line in lines if "model name" in line]
        model = named[0] if named else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "torch": version("torch"),
        "numba": version("numba"),
        "date": datetime.date.today().isoformat(),
    }


def measure_against(checkouts, n_runs, cases):
    """Give the CPU seconds of a step of each case on two checkouts, after each run."""
    rows = [{"case": case, "then": [], "now": []} for case in cases]
    for _ in range(n_runs):
        for row in rows:
            for when, checkout in zip(("then", "now"), checkouts, strict=True):
                row[when].append(_seconds(checkout, row["case"], cases[row["case"]]))
        yield rows


def _seconds(checkout, case, n_steps):
    surroundings = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(CHILD), case, str(n_steps)],
        env=surroundings,
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.split()[-1])


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", default="steps,limit,against,rules", help="sections, comma"
    )
    parser.add_argument("--runs", type=int, default=3, help="processes of each version")
    parser.add_argument("--against", metavar="REF", default=REFERENCE)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, help="folder of the images")
    parser.add_argument("--output", type=Path, help="folder for the trained models")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--page", action="store_true", help="only write the page")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args(argv)
    asked = [] if args.page else args.only.split(",")
    if unknown := set(asked) - set(SECTIONS):
        known = ", ".join(SECTIONS)
        parser.error(f"sections are {known}; got {', '.join(sorted(unknown))}")
    if "accuracy" in asked and not (args.data and args.output):
        parser.error("accuracy needs --data FOLDER and --output DIR")
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}

    def keep(section, rows, **more):
        found[section] = {"environment": environment(), **more, "rows": rows}
        if not args.quick:
            RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    if "steps" in asked:
        rounds = {"784-400 feedback": 1} if args.quick else ROUNDS
        earlier = [] if args.quick else found.get("steps", {}).get("rows", [])
        anew = measure_steps(args.threads, rounds)
        others = [row for row in earlier if row["threads"] != args.threads]
        keep("steps", sorted(anew + others, key=lambda row: row["threads"]))
    if "limit" in asked:
        keep("limit", [measure_limit(1 if args.quick else 30)])
    if "against" in asked and not args.quick:
        with checked_out(args.against) as then:
            for rows in measure_against((then, ROOT), args.runs, CASES):
                keep("against", rows, reference=args.against)
    if "rules" in asked:
        keep("rules", measure_rules(1 if args.quick else 15))
    if "accuracy" in asked:
        rows = []
        for row in measure_accuracy(args.data, args.output, args.seeds, args.epochs):
            rows.append(row)
            keep("accuracy", rows)
    if args.quick:
        sys.stdout.write(page_of(found))
        return
    PAGE.write_text(page_of(found), encoding="utf-8")


if __name__ == "__main__":
    main()
