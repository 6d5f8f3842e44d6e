"""Accuracy of a 784-400 feedback network after five epochs of SPIDE.

    python benchmarks/snn_accuracy.py FOLDER [--epochs 5]

FOLDER holds MNIST and Fashion-MNIST as `neuroclass train --data` takes them; a dataset
whose files are missing is skipped, with a line.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch

from neuroclass.snn import NetworkSettings, Optimisation, load_dataset, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rule", choices=("spide", "ide"), default="spide")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--datasets", default="mnist,fashion-mnist")
    args = parser.parse_args()
    network = NetworkSettings(structure="recurrent-dense", rule=args.rule)
    optimisation = Optimisation(
        epochs=args.epochs, milestones=(args.epochs * 3 // 5, args.epochs * 4 // 5)
    )
    torch.set_num_threads(args.threads)
    for name in args.datasets.split(","):
        history: list[dict[str, float]] = []
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as output:
            try:
                train(
                    load_dataset(name, args.folder),
                    output,
                    network,
                    optimisation,
                    on_epoch=lambda row, name=name, history=history: report(
                        name, row, history
                    ),
                )
            except FileNotFoundError as missing:
                print(f"{name}: skipped ({missing})")
                continue
        seconds = time.perf_counter() - started
        best = max(row["test_accuracy"] for row in history)
        print(f"{name}: {100 * best:.2f} % in {seconds:.0f} s", flush=True)


def report(name: str, row: dict[str, float], history: list[dict[str, float]]) -> None:
    history.append(row)
    print(
        f"{name} epoch {row['epoch']:.0f}: test {100 * row['test_accuracy']:.2f} %, "
        f"training {100 * row['train_accuracy']:.2f} %, spikes per neuron and step "
        f"{row['forward_rate']:.4f} forward, {row['backward_rate']:.4f} backward",
        flush=True,
    )


if __name__ == "__main__":
    main()
