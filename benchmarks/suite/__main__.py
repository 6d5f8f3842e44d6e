"""Measure every stage and its peers, and write docs/benchmarks.md.

    python -m benchmarks.suite [--runs 3] [--only TABLE,...] [--quick]
    python -m benchmarks.suite --against REF [--runs 3] [--only CASE,...]
    python -m benchmarks.suite --limits

Each case runs in a fresh process with one thread; the runs of all cases are
interleaved, so that whatever else the machine does falls on all alike. What was
measured goes into benchmarks/results/suite.json, the page and its figure are made from
that alone. ``--only`` measures some tables anew and keeps the others, which must be of
this environment. ``--against`` measures some cases at another commit and here, and
changes that section of the page alone; so does ``--limits``, which measures the
compiled loops beside what the machine can do (with numba). ``--quick`` measures small
cases once, in this process, and prints the page.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# One thread per stage, so that times compare; set before numpy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tqdm import tqdm

from benchmarks import sequential
from benchmarks.suite.against import (
    against_page,
    checked_out,
    inputs,
    measure_against,
    with_rows,
)
from benchmarks.suite.cases import cases, write_input
from benchmarks.suite.measuring import measure, measure_apart
from benchmarks.suite.page import draw_scaling, limits_page, page_of
from benchmarks.suite.populations import populations, rand_indices
from benchmarks.suite.stages import is_installed

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "suite.json"
PAGE = ROOT / "docs" / "benchmarks.md"
FIGURE = ROOT / "docs" / "images" / "scaling.png"
_ONCE = 1600  # neurons: from here on a run lasts so long that one tells enough
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "sib-clustering",
    "elephant",
    "pyspike",
)


def environment():
    """Return what the figures depend on."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": versions,
    }


def measure_cases(tables, *, quick=False, n_runs=3):
    """Return the cases of tables with what was measured, as plain values."""
    asked = [
        case
        for case in cases(quick)
        if case["table"] in tables and is_installed(case["stage"])
    ]
    runs = {k: [] for k in range(len(asked))}
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            write_input(case, folder) for case in tqdm(asked, "inputs", disable=None)
        ]
        order = [
            k
            for run in range(1 if quick else n_runs)
            for k in runs
            if run == 0 or asked[k]["neurons"] < _ONCE
        ]
        for k in tqdm(order, "stages", disable=None):
            run = measure if quick else measure_apart
            runs[k].append(run(asked[k], paths[k]))
    return [{**case, "runs": runs[k]} for k, case in enumerate(asked)]


def results(*, quick=False, n_runs=3):
    """Return everything measured, as plain values."""
    measured = measure_cases(tables_of(cases(quick)), quick=quick, n_runs=n_runs)
    found = [
        {"repeats": r, "seed": seed, **rand_indices(r, seed, quick=quick)}
        for r, seed in tqdm(populations(quick), "populations", disable=None)
    ]
    large = [] if quick else sequential.rows()
    return {
        "environment": environment(),
        "cases": measured,
        "populations": found,
        "sequential": large,
    }


def tables_of(found):
    """Return the names of the tables, in order."""
    return list(dict.fromkeys(case["table"] for case in found))


def with_tables(earlier, tables, n_runs):
    """Return earlier results with some tables measured anew."""
    anew = measure_cases(tables, n_runs=n_runs)
    kept = [case for case in earlier["cases"] if case["table"] not in tables]
    return {**earlier, "cases": anew + kept}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="of each case (default 3)")
    parser.add_argument(
        "--only",
        help="tables, comma (default: all, and all else); with --against how the names "
        "of cases begin",
    )
    parser.add_argument("--against", metavar="REF", help="commit to compare with")
    parser.add_argument("--limits", action="store_true", help="the compiled loops")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args(argv)
    if args.against:
        earlier = json.loads(RESULTS.read_text(encoding="utf-8"))
        with checked_out(args.against) as then, tempfile.TemporaryDirectory() as folder:
            only = None if args.only is None else tuple(args.only.split(","))
            rows = measure_against(
                (then, ROOT), inputs(folder, args.quick, only), folder, args.runs
            )
        found = {
            **earlier,
            "against": with_rows(earlier.get("against"), args.against, rows),
        }
        sys.stdout.write(against_page(found["against"]))
    elif args.limits:
        from benchmarks.suite.limits import measure_limits  # noqa: PLC0415 (numba)

        earlier = json.loads(RESULTS.read_text(encoding="utf-8"))
        found = {**earlier, "limits": measure_limits(quick=args.quick)}
        sys.stdout.write(limits_page(found["limits"]))
    elif args.only:
        tables, known = args.only.split(","), tables_of(cases())
        if unknown := set(tables) - set(known):
            parser.error(f"tables are {', '.join(known)}; got {', '.join(unknown)}")
        earlier = json.loads(RESULTS.read_text(encoding="utf-8"))
        if earlier["environment"] != environment():
            parser.error("the other tables are of another environment; omit --only")
        found = with_tables(earlier, tables, args.runs)
    else:
        found = results(quick=args.quick, n_runs=args.runs)
    if args.quick:
        if not (args.against or args.limits):
            sys.stdout.write(page_of(found))
        return
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draw_scaling(found, FIGURE)
    PAGE.write_text(page_of(found), encoding="utf-8")


if __name__ == "__main__":
    main()
