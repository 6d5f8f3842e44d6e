"""Training of a network on a dataset, into a folder.

Input: a dataset and the settings of network and optimisation. Output: the trained
network, and after every epoch a folder with the model and all that resumes it, the
metrics as CSV and their curves; each file is written beside and then renamed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuroclass._lib.checks import check_positive_int
from neuroclass.snn.models import SpikingClassifier
from neuroclass.snn.training.checkpoint import (
    Checkpoint,
    describe_network,
    load_checkpoint,
    restore,
    save_checkpoint,
)
from neuroclass.snn.training.curves import write_curves, write_metrics
from neuroclass.snn.training.datasets import Dataset, check_dataset, load_dataset
from neuroclass.snn.training.epoch import is_normalised, run_epoch
from neuroclass.snn.training.presets import (
    NetworkSettings,
    Optimisation,
    Recipe,
    recipe_for,
)

__all__ = ["example_batch", "sgd_optimizer", "train"]

MODEL_FILE = "model"
METRICS_FILE = "metrics.csv"
CURVES_FILE = "curves.png"

_MOMENTUM = 0.9
# The seed of each epoch is made of it and must fit in 64 bits.
_LARGEST_SEED = 2**32 - 1


def train(
    dataset: str | Dataset,
    output: str | Path,
    network: NetworkSettings | None = None,
    optimisation: Optimisation | None = None,
    *,
    random_state: int = 0,
    resume: bool = False,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    progress: bool = False,
) -> SpikingClassifier:
    """Train a feedback spiking network into a folder.

    Parameters
    ----------
    dataset : str or Dataset
        "digits", or a dataset that `load_dataset` read from its files.
    output : str or Path
        Folder for ``model``, ``metrics.csv`` and ``curves.png``.
    network : NetworkSettings, optional
        Structure, learning rule, neurons and steps; default the usual of the dataset.
    optimisation : Optimisation, optional
        Epochs, learning rate, batch size and device; default the usual of the
        structure and the dataset.
    random_state : int, default 0
        From 0 to 4294967295: seed of the initial weights, the order of images, dropout
        and augmentation.
    resume : bool, default False
        Go on from the model in `output`, up to the epochs in all; on the CPU the result
        is bit for bit that of a run that was not interrupted.
    on_epoch : callable, optional
        Called with the metrics of each epoch, after the model is on disk.
    progress : bool, default False
        Show a bar on standard error.

    Returns
    -------
    SpikingClassifier
        In evaluation mode.

    Raises
    ------
    ValueError
        If a name is unknown, a setting impossible, the dataset does not fit itself,
        or the model to resume differs.
    RecordingError
        If the model to resume is damaged.
    FileExistsError
        If `output` holds a model already and `resume` is false.
    FloatingPointError
        If the input, the loss or a gradient is not finite; the model of the last
        epoch is kept.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = train(
    ...         "digits", folder, NetworkSettings(hidden=16), Optimisation(epochs=1)
    ...     )
    >>> model.n_neurons
    16
    """
    folder = Path(output)
    network = NetworkSettings() if network is None else network
    optimisation = Optimisation() if optimisation is None else optimisation
    device = _check_device(optimisation.device)
    name = dataset if isinstance(dataset, str) else dataset.name
    seed = check_positive_int(random_state, "random_state", 0)
    if seed > _LARGEST_SEED:
        raise ValueError(f"random_state must be at most {_LARGEST_SEED}; got {seed}.")
    _check_folder(folder, resume)
    recipe = optimisation.applied_to(recipe_for(network.structure_for(name), name))
    if isinstance(dataset, str):
        dataset = load_dataset(dataset, n_frames=network.steps_for(name))
    check_dataset(dataset)
    settings: dict[str, Any] = {
        "dataset": name,
        "batch_size": recipe.batch_size,
        "lr": recipe.lr,
        "milestones": list(recipe.milestones),
        "random_state": seed,
    }
    described = describe_network(network, dataset)
    if resume:
        checkpoint = load_checkpoint(folder / MODEL_FILE)
        _check_same(folder / MODEL_FILE, checkpoint, described, settings)
        model = restore(checkpoint, folder / MODEL_FILE)
    else:
        checkpoint = Checkpoint(described, settings)
        model = checkpoint.build(random_state=seed)
    _check_batch_norm(model, recipe.batch_size, len(dataset.train))
    model.to(device)
    optimizer = sgd_optimizer(model, recipe)
    if checkpoint.optimizer is not None:
        # The momentum alone: all other settings follow from the recipe.
        momentum = {**optimizer.state_dict(), "state": checkpoint.optimizer["state"]}
        optimizer.load_state_dict(momentum)
    history = list(checkpoint.history)
    with _made_folder(folder):
        if history:
            # A run that was killed may have left them an epoch behind its model.
            write_metrics(history, folder / METRICS_FILE)
            write_curves(history, folder / CURVES_FILE)
        for epoch in range(len(history), recipe.epochs):
            # The epoch's own seed: a resumed run draws what the whole one draws.
            with torch.random.fork_rng(devices=[], enabled=True):
                torch.manual_seed(seed * 1_000_003 + epoch)
                metrics = run_epoch(
                    model, dataset, optimizer, recipe, epoch, progress=progress
                )
            history.append(metrics)
            checkpoint = Checkpoint(
                described,
                settings,
                {key: value.cpu() for key, value in model.state_dict().items()},
                optimizer.state_dict(),
                history,
            )
            save_checkpoint(checkpoint, folder / MODEL_FILE)
            write_metrics(history, folder / METRICS_FILE)
            write_curves(history, folder / CURVES_FILE)
            if on_epoch is not None:
                on_epoch(metrics)
    model.eval()
    return model


def _check_device(device: str) -> torch.device:
    try:
        checked = torch.device(device)
        # Read back: the device meta makes tensors, but computes nothing.
        torch.zeros(1, device=checked).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device must be one that works here; got {device!r} ({reason})."
        ) from error
    return checked


@contextlib.contextmanager
def _made_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and take away what was made if it stays empty by a failure."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for path in made:
                path.rmdir()
        raise


def _check_batch_norm(model: SpikingClassifier, batch_size: int, n_images: int) -> None:
    if is_normalised(model) and min(batch_size, n_images) < 2:
        raise ValueError(
            "batch_size must be at least 2 with batch norm; got batches of "
            f"{min(batch_size, n_images)}. Or leave it out: batch_norm=False."
        )


def _check_folder(folder: Path, resume: bool) -> None:
    model = folder / MODEL_FILE
    if resume and not model.exists():
        raise FileNotFoundError(f"{model}: no model to resume. Train without --resume.")
    if not resume and model.exists():
        raise FileExistsError(
            f"{model}: a model is there already. Go on with --resume, or name another "
            "folder."
        )


def _check_same(
    path: Path,
    checkpoint: Checkpoint,
    described: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    """Refuse to resume what was trained with other settings."""
    trained = {**checkpoint.network, **checkpoint.settings}
    requested = {**described, **settings}
    # The structure first: where it differs, so do settings that follow from it.
    for key in {**requested, **trained}:
        if trained.get(key) != requested.get(key):
            raise ValueError(
                f"{path}: cannot be resumed with {key} = {requested.get(key)}; it was "
                f"trained with {key} = {trained.get(key)}."
            )


def sgd_optimizer(model: SpikingClassifier, recipe: Recipe) -> torch.optim.SGD:
    """Return SGD with momentum; the scale of the errors divides the weight decay."""
    return torch.optim.SGD(
        model.parameters(),
        recipe.lr,
        momentum=_MOMENTUM,
        weight_decay=recipe.weight_decay / model.network.rule.scale,
    )


def example_batch(dataset: Dataset, n_images: int = 64) -> tuple[Tensor, Tensor]:
    """Return test images and labels, to measure rates and operations on."""
    indices = torch.arange(min(n_images, len(dataset.test)))
    return dataset.test.batch(indices), dataset.test_labels[indices]
