"""Quantities of the figures of IDE and SPIDE, on digits: a few minutes on one core.

    python benchmarks/papers/digits.py [--seeds 3] [--only ROWS] > digits.md

Prints the tables of docs/papers.md: convergence to the equilibrium, error of the
gradient by steps and reset, accuracy by steps, firing rates and energy, with feedback
and without, by seed.
"""

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path

import torch

from neuroclass.snn import (
    NetworkSettings,
    Optimisation,
    diagnose,
    evaluate_model,
    example_batch,
    load_dataset,
    train,
)

STEPS = (5, 10, 20, 30, 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--only", default="", help="rows, between semicolons")
    args = parser.parse_args()
    torch.set_num_threads(1)
    digits = load_dataset("digits")
    configurations = {
        "SPIDE": NetworkSettings(),
        "SPIDE, LIF": NetworkSettings(neuron="LIF"),
        "SPIDE, scale auto": NetworkSettings(scale="auto"),
        "SPIDE, subtractive reset": NetworkSettings(reset="subtractive"),
        "SPIDE, no feedback": NetworkSettings(feedback=False),
        "IDE": NetworkSettings(rule="ide"),
        "IDE, no feedback": NetworkSettings(rule="ide", feedback=False),
    }
    heads = [*(f"test % at {n}" for n in STEPS), "forward", "backward", "CPU s"]
    print("|", " | ".join(["digits, 64 hidden", *heads]), "|")
    print("|---" * (len(heads) + 1) + "|")
    shown = None
    for name, network in configurations.items():
        if args.only and name not in args.only.split(";"):
            continue
        rows = []
        for seed in range(args.seeds):
            with tempfile.TemporaryDirectory() as folder:
                started = time.process_time()
                model = train(
                    digits,
                    Path(folder) / "net",
                    network,
                    Optimisation(epochs=args.epochs),
                    random_state=seed,
                )
                seconds = time.process_time() - started
            found = evaluate_model(model, digits, STEPS)
            rows.append(
                [
                    *(100 * accuracy for accuracy in found.accuracies),
                    found.energy.forward_rate,
                    found.energy.backward_rate,
                    seconds,
                ]
            )
            shown = model if shown is None else shown
        cells = []
        for k, column in enumerate(zip(*rows, strict=True)):
            if any(math.isnan(value) for value in column):
                cells.append("")  # IDE has no spikes backward
                continue
            mean = statistics.fmean(column)
            spread = statistics.stdev(column) if len(column) > 1 else 0.0
            digits_shown = 4 if len(STEPS) <= k < len(STEPS) + 2 else 1
            cells.append(f"{mean:.{digits_shown}f} ± {spread:.{digits_shown}f}")
        print("|", " | ".join([name, *cells]), "|", flush=True)
    assert shown is not None
    x, labels = example_batch(digits, 128)
    found = diagnose(shown, x, labels)
    print("\n| steps | distance from the equilibrium |\n|---|---|")
    for n, distances in zip(found.steps, found.distances, strict=True):
        print(f"| {n} | {distances[0]:.4f} |")
    print("\n| backward steps | scale | reset | relative error | cosine |")
    print("|---|---|---|---|---|")
    for share in (1.0, 0.1):
        # Of a trained network the errors of a few hard samples reach the bound.
        tried = diagnose(shown, x, labels, scale=share * found.scale)
        for reset, errors in tried.errors.items():
            rows_shown = zip(
                tried.backward_steps, errors, tried.cosines[reset], strict=True
            )
            for n, error, cosine in rows_shown:
                print(
                    f"| {n} | {tried.scale:g} | {reset} | {error[0]:.4f} | "
                    f"{cosine[0]:.4f} |"
                )
    print("\n```\n" + str(evaluate_model(shown, digits).energy) + "\n```")


if __name__ == "__main__":
    main()
