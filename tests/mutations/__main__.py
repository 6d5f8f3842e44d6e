"""``python -m tests.mutations --seed N --count M``: verdicts on mutants by family."""

import argparse
import collections
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.mutations.families import FAMILIES, base_of
from tests.mutations.running import VERDICTS, WRONG, judge


def _until_interrupted(numbers):
    """Yield numbers; after Ctrl-C no more, so that the table so far is printed."""
    asked = []
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    for number in numbers:
        if asked:
            print(f"interrupted before {number}")
            break
        yield number
    signal.signal(signal.SIGINT, before)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.mutations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200, help="mutants in all")
    parser.add_argument("--first", type=int, default=0, help="mutants passed over")
    parser.add_argument("--family", action="append", help="only these (default all)")
    parser.add_argument("--show", action="store_true", help="print every wrong one")
    args = parser.parse_args()
    families = [f for f in FAMILIES if not args.family or f.name in args.family]
    counts = {family.name: collections.Counter() for family in families}
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutations-") as scratch:
        bases = {f.name: base_of(f, Path(scratch)) for f in families}
        for k in _until_interrupted(range(args.first, args.count)):
            family = families[k % len(families)]
            verdict, done, said = judge(family, bases[family.name], [args.seed, k])
            counts[family.name][verdict] += 1
            if verdict in WRONG and args.show:
                last = said.strip().splitlines()[-7:]
                print(
                    f"[{k}] {family.name}: {verdict}: {done}",
                    *last,
                    sep="\n    ",
                    flush=True,
                )
    width = max(map(len, counts))
    print(f"{'family':<{width}}", *(f"{name:>9}" for name in VERDICTS))
    total = collections.Counter()
    for name, found in counts.items():
        total += found
        print(f"{name:<{width}}", *(f"{found[one]:>9}" for one in VERDICTS))
    print(f"{'all':<{width}}", *(f"{total[one]:>9}" for one in VERDICTS))
    print(f"seed {args.seed}, {args.count} mutants, {time.monotonic() - start:.0f} s")
    return int(any(total[one] for one in WRONG))


if __name__ == "__main__":
    sys.exit(main())
