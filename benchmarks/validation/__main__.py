"""Measure every section of docs/validation.md and write the page.

    python -m benchmarks.validation [--only SECTION,...] [--jobs N] [--quick]

A section is a module beside this one with

* ``TITLE``, the heading;
* ``cases(quick)``, a list of dicts of plain values, one measurement each, with seeds;
* ``measure(**case)``, a dict of plain values: from the seed to the figure;
* ``render(found)``, the Markdown below the heading, from ``[(case, measured), ...]``.

What was measured is kept in the cache, one file a case, under a name that holds the
case and the text of every module it may depend on, so that no figure outlives the code
that it was taken with. ``--quick`` measures a few cases of each section and prints the
page instead of writing it; sections that were not measured stay as they are.
"""

import argparse
import hashlib
import importlib
import json
import os
import sys
from pathlib import Path

import joblib
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "validation.md"
SECTIONS = (
    "types_of_cells",
    "confidence",
    "mosaics",
    "assignment",
    "stability",
    "uniqueness",
    "null",
    "coverage",
    "drift",
    "bias",
    "estimators",
    "recordings",
    "identities",
    "bundled",
)
UNMEASURED = {"cli", "plotting", "report", "snn"}  # no number comes from these
PREFACE = """# Validation

What is measured where the truth is known. One command measures all of it from seeds and
writes this page (`--quick` a short form, which the tests run, too):

```bash
python -m benchmarks.validation
```
"""


def section(name):
    """Return the module of a section."""
    return importlib.import_module(f"benchmarks.validation.{name}")


def code_digest(name):
    """Return a digest of the section, what it draws, and the package's numbers."""
    package = [
        path
        for path in sorted((ROOT / "neuroclass").rglob("*.py"))
        if path.relative_to(ROOT / "neuroclass").parts[0] not in UNMEASURED
    ]
    digest = hashlib.sha256()
    drawn = sorted(Path(__file__).parent.glob("_[a-z]*.py"))
    for path in (*package, *drawn, Path(section(name).__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def measured(name, case, cache, digest):
    """Return what a case measures, from the cache if it is there."""
    key = json.dumps([name, case, digest], sort_keys=True)
    path = cache / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    found = section(name).measure(**case)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps(found), encoding="utf-8")
    beside.replace(path)
    return found


def page_of(name, *, quick, n_jobs, cache):
    """Return the Markdown of a section, measuring what is not in the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    cases, digest = section(name).cases(quick), code_digest(name)
    run = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    calls = (joblib.delayed(measured)(name, case, cache, digest) for case in cases)
    found = list(tqdm(run(calls), name, len(cases), disable=None))
    body = section(name).render(list(zip(cases, found, strict=True)))
    return f"## {section(name).TITLE}\n\n{body.strip()}\n"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, comma")
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "validation")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args(argv)
    names = args.only.split(",")
    if unknown := set(names) - set(SECTIONS):
        parser.error(f"sections are {', '.join(SECTIONS)}; got {', '.join(unknown)}")
    pages = [
        page_of(name, quick=args.quick, n_jobs=args.jobs, cache=args.cache)
        for name in names
    ]
    if args.quick:
        sys.stdout.write("\n".join([PREFACE, *pages]))
        return
    measured_now = dict(zip((section(n).TITLE for n in names), pages, strict=True))
    bodies = sections_of(PAGE) | measured_now
    order = [section(name).TITLE for name in SECTIONS]
    order += [title for title in bodies if title not in order]
    text = [bodies[title] for title in order if title in bodies]
    PAGE.write_text("\n".join([PREFACE, *text]), encoding="utf-8")


def sections_of(page):
    """Return the Markdown below each heading of a page that is there already."""
    _, *parts = page.read_text(encoding="utf-8").split("\n## ")
    return {part.partition("\n")[0]: f"## {part.strip()}\n" for part in parts}


if __name__ == "__main__":
    main()
