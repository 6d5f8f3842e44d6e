"""Measure the claims of 2002 and write docs/reproduction.md.

    python -m benchmarks.reproduction [--only-page]

What was measured is kept in `benchmarks/results/reproduction.json`; ``--only-page``
writes the page from it. Two minutes on one core.
"""

import argparse
import json
from pathlib import Path

from tqdm import tqdm

from benchmarks.reproduction.measuring import (
    RECORDINGS,
    SEEDS,
    measure,
    measure_movies,
)
from benchmarks.reproduction.page import page_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reproduction.md"
RESULTS = ROOT / "benchmarks" / "results" / "reproduction.json"


def rounded(value):
    """Return plain values with six digits, which any machine gives alike."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only-page", action="store_true")
    args = parser.parse_args(argv)
    if not args.only_page:
        found = {
            "simulated": {str(s): measure(seed=s) for s in tqdm(SEEDS, disable=None)},
            "recorded": {name: measure(recording=name) for name in RECORDINGS},
            "movies": measure_movies(),
        }
        text = json.dumps(rounded(found), indent=1)
        RESULTS.write_text(text + "\n", encoding="utf-8")
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(page_of(found), encoding="utf-8")


if __name__ == "__main__":
    main()
