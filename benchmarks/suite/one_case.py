"""One case in the neuroclass that PYTHONPATH finds, whichever version that is.

    PYTHONPATH=CHECKOUT python one_case.py CASE INPUT RESULT [--plain]

Prints the CPU seconds of the case, without imports and compilation but for whole
commands (whose end is not in it), and writes its numbers into RESULT (.npz).
``--plain`` hides numba. Only what the versions that are compared have in common may be
used here.
"""

import contextlib
import io
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

PAIRS = 16_000  # for the observation time; fewer are not worth compiled loops
COMMANDS = {
    "discriminate, whole command": ["discriminate", "--output"],
    "information --scan, whole command": ["information", "--scan"],
    "cluster, whole command": ["cluster", "--output"],
}
FUNCTIONS = (
    "pairs",
    "pairs with ten groups",
    "time to accuracy",
    "identity information, with intervals",
    "class information, with intervals",
)


def function_of(case, path):
    """Return a call on the counts of `path`, and one that is small."""
    stored = np.load(path)
    groups = stored["groups"].astype(np.int64)
    # Groups in the form in which they come from a recording: one after the other.
    return lambda n: CALLS[case](groups.sum(axis=0)[:n], [g[:n] for g in groups])


def pairs(counts, groups):
    from neuroclass.discrimination import pair_divergences  # noqa: PLC0415

    found = pair_divergences(counts, groups=groups)
    return [found.bits_per_word, found.interval, found.z, found.chance_level]


def time_to_accuracy(counts, _):
    from neuroclass.discrimination import observation_time_ratio  # noqa: PLC0415

    first, second = np.triu_indices(len(counts), 1)
    of_pairs = type("Counts", (), {"counts": counts, "time": counts[0, :, 0] * 0.0})
    bits = np.full(len(first), np.nan)
    bits[:PAIRS] = 0.01
    return [observation_time_ratio(of_pairs, first, second, bits, [0.9, 0.95])]


def identity(counts, groups):
    from neuroclass.information import identity_information  # noqa: PLC0415

    found = identity_information(counts, groups=groups)
    return [found.bits_per_word, found.interval, found.per_neuron_interval]


def classes(counts, groups):
    from neuroclass.information import information_between_classes  # noqa: PLC0415

    found = information_between_classes(counts, np.arange(len(counts)) % 8, groups)
    return [found.bits_per_word, found.interval, found.share_interval]


CALLS = {
    FUNCTIONS[0]: lambda counts, _: pairs(counts, None),
    FUNCTIONS[1]: pairs,
    FUNCTIONS[2]: time_to_accuracy,
    FUNCTIONS[3]: identity,
    FUNCTIONS[4]: classes,
}


def run_command(case, path, folder):
    """Run a command of the command line, and return the numbers that it prints.

    Of classes those of the tree and the curve: what is printed of them has changed.
    """
    from neuroclass.cli import main  # noqa: PLC0415

    name, option = COMMANDS[case]
    extra = [option, str(folder)] if option == "--output" else [option]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main([name, path, *extra])
    if name == "cluster":
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        losses = result["merge_tree"]["losses"]
        curve = result["information_curve"]["information"]
        return [np.array(losses), np.array(curve)]
    words = printed.getvalue().replace("/", " ").split()
    numbers = []
    for word in words:
        with contextlib.suppress(ValueError):
            numbers.append(float(word))
    return [np.array(numbers)]


def main(argv):
    warnings.simplefilter("ignore")
    case, path, result = argv[:3]
    if "--plain" in argv:
        sys.modules["numba"] = None
    if case in COMMANDS:
        found = run_command(case, path, Path(result).with_suffix(""))
        seconds = time.process_time()
    else:
        call = function_of(case, path)
        call(None)  # imports, tables and compilation
        seconds = time.process_time()
        found = call(None)
        seconds = time.process_time() - seconds
    np.savez(result, *found)
    sys.stdout.write(f"{seconds}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
