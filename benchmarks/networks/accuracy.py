"""Accuracy of a 784-400 feedback network by SPIDE, one training after the other.

Input: a folder with MNIST and Fashion-MNIST as `neuroclass train --data` takes them.
Output: the metrics of every epoch. Trainings are resumed from their folders, so that
one that is stopped loses an epoch at most.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from neuroclass.snn import NetworkSettings, Optimisation, load_dataset, train

__all__ = ["DATASETS", "measure_accuracy"]

DATASETS = ("mnist", "fashion-mnist")
_COLUMNS = (
    "train_accuracy",
    "test_accuracy",
    "forward_rate",
    "backward_rate",
    "seconds",
)


def measure_accuracy(
    data: Path, folder: Path, n_seeds: int, n_epochs: int
) -> Iterator[dict[str, Any]]:
    """Train, and give for each dataset and seed the metrics by epoch.

    Parameters
    ----------
    data : Path
        Folder of the datasets, or of their npz files.
    folder : Path
        For the models; what is trained there is not trained again.
    n_seeds, n_epochs : int
        Trainings of each dataset, and their length.
    """
    torch.set_num_threads(1)
    network = NetworkSettings(structure="recurrent-dense")
    optimisation = Optimisation(epochs=n_epochs, schedule="cosine")
    for seed in range(n_seeds):
        for name in DATASETS:
            archive = data / f"{name.replace('-', '_')}.npz"
            images = load_dataset(name, archive if archive.exists() else data)
            output = folder / f"{name}-{seed}"
            resume = (output / "model").exists()
            train(
                images,
                output,
                network,
                optimisation,
                random_state=seed,
                resume=resume,
                progress=True,
            )
            yield {
                "dataset": name,
                "seed": seed,
                "epochs": n_epochs,
                **_metrics(output / "metrics.csv"),
            }


def _metrics(path: Path) -> dict[str, list[float]]:
    table = pd.read_csv(path)
    return {name: table[name].tolist() for name in _COLUMNS if name in table}
