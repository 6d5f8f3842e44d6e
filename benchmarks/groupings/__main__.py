"""Measure every grouping on every population, and write docs/groupings.md.

    python -m benchmarks.groupings [--jobs N] [--quick] [--cache FOLDER]

What was measured is kept in the cache, one file a population, under a name that holds
the population and the text of what draws and groups it, so that no figure outlives its
code. ``--quick`` measures two populations and prints the page instead of writing it.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

import joblib
from tqdm import tqdm

from benchmarks.groupings.cases import cases, measure
from benchmarks.groupings.page import page_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "groupings.md"
_DEPENDS = (
    "benchmarks/groupings/_neurons.py",
    "benchmarks/groupings/cases.py",
    "benchmarks/validation/_populations.py",
    "benchmarks/validation/_real_like.py",
    "neuroclass/analysis/comparison/grouping_methods.py",
    "neuroclass/clustering",
    "neuroclass/groupings",
    "neuroclass/information",
    "neuroclass/simulation",
    "neuroclass/spike_times",
)


def code_digest():
    """Return a digest of the text that the figures depend on."""
    digest = hashlib.sha256()
    for name in _DEPENDS:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def measured(case, cache, digest):
    """Return what a population gives, from the cache if it is there."""
    key = json.dumps([case, digest], sort_keys=True)
    path = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    found = measure(**case)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps(found), encoding="utf-8")
    beside.replace(path)
    return found


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "groupings")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args(argv)
    args.cache.mkdir(parents=True, exist_ok=True)
    drawn, digest = cases(args.quick), code_digest()
    run = joblib.Parallel(n_jobs=args.jobs, return_as="generator")
    calls = (joblib.delayed(measured)(case, args.cache, digest) for case in drawn)
    found = list(tqdm(run(calls), "populations", len(drawn), disable=None))
    text = page_of(list(zip(drawn, found, strict=True)))
    if args.quick:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
