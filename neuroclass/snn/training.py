"""Train a network on a dataset: recipes, epochs, what is written after each.

After every epoch the folder holds the model with all that goes on from it, the
metrics as CSV and their curves; each file is written beside and then renamed.
"""

from __future__ import annotations

import contextlib
import csv
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import tqdm

from neuroclass._validation import check_choice, check_positive_int
from neuroclass.snn.checkpoint import (
    METRICS,
    Checkpoint,
    load_checkpoint,
    plain_options,
    restore,
    save_checkpoint,
    write_beside,
)
from neuroclass.snn.datasets import Dataset, augment, check_dataset, load_dataset
from neuroclass.snn.network import SpikingClassifier
from neuroclass.snn.spide import SpideBackward
from neuroclass.snn.statistics import Statistics, mean_rates
from neuroclass.snn.structures import STRUCTURES

__all__ = [
    "Recipe",
    "evaluate",
    "example_batch",
    "plot_training",
    "recipe_for",
    "train",
]

MODEL_FILE = "model"
METRICS_FILE = "metrics.csv"
CURVES_FILE = "curves.png"

_MOMENTUM = 0.9
# Firing rates and operations cost a tenth of a step: they are taken on few.
_STATISTICS_EVERY = 20
# The seed of each epoch is made of it and must fit in 64 bits.
_LARGEST_SEED = 2**32 - 1

_STRUCTURE_OF = {
    "digits": "recurrent-dense",
    "mnist": "mnist-convnet-f",
    "fashion-mnist": "recurrent-dense",
    "cifar10": "alexnet-f",
    "cifar100": "cifarnet-f",
    "nmnist": "recurrent-conv",
    "cifar10-dvs": "dvs-convnet-f",
}


@dataclass(frozen=True)
class Recipe:
    """Settings of an optimisation.

    Attributes
    ----------
    epochs : int
        Passes over the training images.
    lr : float
        Learning rate of SGD with momentum 0.9.
    milestones : tuple of int
        Epochs, counted from 0, from which on the learning rate is a tenth.
    warmup : int
        Iterations over which the learning rate rises from 0.
    weight_decay : float
        Effective decay: that of the papers, divided by the scale for SPIDE.
    augment : bool
        Random crops and mirror images.
    """

    epochs: int = 100
    lr: float = 0.05
    milestones: tuple[int, ...] = (30, 60, 90)
    warmup: int = 0
    weight_decay: float = 5e-4
    augment: bool = False


_RECIPES = {
    "lenet": Recipe(epochs=60, lr=0.1, milestones=(20, 40)),
    "alexnet-f": Recipe(milestones=(50, 75), warmup=400, augment=True),
    "cifarnet-f": Recipe(milestones=(50, 75), warmup=400, augment=True),
    "dvs-convnet-f": Recipe(epochs=70, milestones=(50,)),
}
# Small images of few samples: a minute of the above in seconds.
_DIGITS = Recipe(epochs=15, lr=0.1, milestones=(10, 13))


def recipe_for(structure: str, dataset: str) -> Recipe:
    """Return the usual settings of a structure on a dataset."""
    if dataset == "digits":
        return _DIGITS
    recipe = _RECIPES.get(structure, Recipe())
    if not dataset.startswith("cifar1") or dataset == "cifar10-dvs":
        recipe = replace(recipe, augment=False)
    return recipe


def train(
    dataset: str | Dataset,
    output: str | Path,
    *,
    path: str | Path | None = None,
    structure: str | None = None,
    method: str = "spide",
    neuron: str = "IF",
    steps: int = 30,
    backward_steps: int | None = None,
    epochs: int | None = None,
    batch_size: int = 128,
    lr: float | None = None,
    milestones: Sequence[int] | None = None,
    seed: int = 0,
    device: str = "cpu",
    resume: bool = False,
    options: dict[str, Any] | None = None,
    progress: bool = False,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> SpikingClassifier:
    """Train a feedback spiking network and keep it in a folder.

    Parameters
    ----------
    dataset : str or Dataset
        A name that `load_dataset` knows, or a dataset.
    output : str or Path
        Folder for ``model``, ``metrics.csv`` and ``curves.png``.
    path : str or Path, optional
        Files of the dataset.
    structure : str, optional
        One of `STRUCTURES`, with hyphens or underscores; the default depends on the
        dataset.
    method : {"spide", "ide"}, default "spide"
        The learning rule.
    neuron : {"IF", "LIF"}, default "IF"
        Neurons of the forward stage; the couples of the backward stage have no leak.
    steps, backward_steps : int
        T_F (frames of event data), and T_B or the most steps of the solver.
    epochs, lr, milestones : optional
        In place of those of `recipe_for`; the learning rate is a tenth from each
        milestone (an epoch, counted from 0) on.
    batch_size : int, default 128
        Images per step; the last incomplete batch of an epoch is used too.  With
        batch norm, which needs two, a single last image joins the batch before.
    seed : int, default 0
        From 0 to 4294967295, of the initial weights, the order of images, dropout and
        augmentation.
    device : str, default "cpu"
        Where to compute.
    resume : bool, default False
        Go on from the model in `output`, up to `epochs` in all; on the CPU the result
        is bit for bit that of a run that was not interrupted.
    options : dict, optional
        Further keywords of the structure (``hidden``, ``dropout``, ``backward``, ...).
    progress : bool, default False
        Show a bar on standard error.
    on_epoch : callable, optional
        Called with the metrics of each epoch, after the model is on disk.

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
    ...     model = train("digits", folder, epochs=1, options={"hidden": 16})
    >>> model.n_neurons
    16
    """
    folder = Path(output)
    target = _check_device(device)
    name = dataset if isinstance(dataset, str) else dataset.name
    structure = structure or _STRUCTURE_OF.get(name, "recurrent-dense")
    structure = structure.replace("_", "-")
    check_choice(structure, "structure", tuple(STRUCTURES))
    check_choice(method, "method", ("spide", "ide"))
    check_choice(neuron, "neuron", ("IF", "LIF"))
    batch_size = check_positive_int(batch_size, "batch_size")
    steps = check_positive_int(steps, "steps")
    seed = check_positive_int(seed, "seed", 0)
    if seed > _LARGEST_SEED:
        raise ValueError(f"seed must be at most {_LARGEST_SEED}; got {seed}.")
    _check_folder(folder, resume)
    recipe = recipe_for(structure, name)
    if epochs is not None:
        recipe = replace(recipe, epochs=check_positive_int(epochs, "epochs"))
    if lr is not None:
        if not (math.isfinite(lr) and lr > 0):
            raise ValueError(f"lr must be a positive number; got {lr}.")
        recipe = replace(recipe, lr=float(lr))
    if milestones is not None:
        recipe = replace(recipe, milestones=tuple(int(epoch) for epoch in milestones))
    if isinstance(dataset, str):
        dataset = load_dataset(dataset, path, n_frames=steps)
    check_dataset(dataset)
    settings: dict[str, Any] = {
        "dataset": name,
        "batch_size": batch_size,
        "lr": recipe.lr,
        "milestones": list(recipe.milestones),
        "seed": seed,
    }
    described = _describe_network(
        structure, dataset, method, neuron, steps, backward_steps, options or {}
    )
    if resume:
        checkpoint = load_checkpoint(folder / MODEL_FILE)
        _check_same(folder / MODEL_FILE, checkpoint, described, settings)
        model = restore(checkpoint, folder / MODEL_FILE)
    else:
        checkpoint = Checkpoint(described, settings)
        model = checkpoint.build(rng=seed)
    _check_batch_norm(model, batch_size, len(dataset.train))
    model.to(target)
    optimizer = _optimizer(model, recipe)
    if checkpoint.optimizer is not None:
        # The momentum alone: all other settings follow from the recipe.
        momentum = {**optimizer.state_dict(), "state": checkpoint.optimizer["state"]}
        optimizer.load_state_dict(momentum)
    history = list(checkpoint.history)
    with _made_folder(folder):
        if history:
            # A run that was killed may have left them an epoch behind its model.
            _write_metrics(history, folder / METRICS_FILE)
            _write_curves(history, folder / CURVES_FILE)
        for epoch in range(len(history), recipe.epochs):
            # The epoch's own seed: a resumed run draws what the whole one draws.
            with torch.random.fork_rng(devices=[], enabled=True):
                torch.manual_seed(seed * 1_000_003 + epoch)
                metrics = _run_epoch(
                    model,
                    dataset,
                    optimizer,
                    recipe,
                    epoch,
                    batch_size,
                    target,
                    progress,
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
            _write_metrics(history, folder / METRICS_FILE)
            _write_curves(history, folder / CURVES_FILE)
            if on_epoch is not None:
                on_epoch(metrics)
    model.eval()
    return model


def _check_device(device: str) -> torch.device:
    try:
        target = torch.device(device)
        # Read back: the device meta makes tensors, but computes nothing.
        torch.zeros(1, device=target).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device must be one that works here; got {device!r} ({reason})."
        ) from error
    return target


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


def _is_normalised(model: SpikingClassifier) -> bool:
    return any(
        connection.batch_norm is not None
        for connection in model.network.wiring.connections
    )


def _check_batch_norm(model: SpikingClassifier, batch_size: int, n_images: int) -> None:
    if _is_normalised(model) and min(batch_size, n_images) < 2:
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


def _describe_network(
    structure: str,
    dataset: Dataset,
    method: str,
    neuron: str,
    steps: int,
    backward_steps: int | None,
    options: dict[str, Any],
) -> dict[str, Any]:
    """Return what rebuilds the network, in plain values."""
    described: dict[str, Any] = {
        "structure": structure,
        "image_shape": list(dataset.image_shape),
        "n_classes": dataset.n_classes,
        "method": method,
        "neuron": neuron,
        "steps": steps,
        "options": plain_options(options),
    }
    if dataset.name == "digits" and structure == "recurrent-dense":
        described["options"] = {"hidden": 64, **described["options"]}
    if backward_steps is not None:
        described["backward_steps"] = check_positive_int(
            backward_steps, "backward_steps"
        )
    return described


def _check_same(
    path: Path,
    checkpoint: Checkpoint,
    described: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    """Refuse to resume what was trained with other settings."""
    held = {**checkpoint.network, **checkpoint.settings}
    asked = {**described, **settings}
    # The structure first: where it differs, so do settings that follow from it.
    for key in {**asked, **held}:
        if held.get(key) != asked.get(key):
            raise ValueError(
                f"{path}: cannot be resumed with {key} = {asked.get(key)}; it was "
                f"trained with {key} = {held.get(key)}."
            )


def _optimizer(model: SpikingClassifier, recipe: Recipe) -> torch.optim.SGD:
    backward = model.network.backward_settings
    scale = backward.scale if isinstance(backward, SpideBackward) else 1.0
    return torch.optim.SGD(
        model.parameters(),
        recipe.lr,
        momentum=_MOMENTUM,
        weight_decay=recipe.weight_decay / scale,
    )


def _run_epoch(
    model: SpikingClassifier,
    dataset: Dataset,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    epoch: int,
    batch_size: int,
    device: torch.device,
    progress: bool,
) -> dict[str, float]:
    started = time.perf_counter()
    order = torch.randperm(len(dataset.train))
    batches = _batches(order, batch_size)
    if len(batches[-1]) == 1 and _is_normalised(model):
        batches[-2:] = [torch.cat(batches[-2:])]
    seen = correct = 0
    total = 0.0
    measured: list[tuple[Statistics, int]] = []
    forward_rate = backward_rate = math.nan
    bar = tqdm(
        batches,
        desc=f"epoch {epoch + 1}/{recipe.epochs}",
        disable=not progress,
        file=sys.stderr,
        leave=False,
    )
    model.train()
    for number, indices in enumerate(bar):
        iteration = epoch * len(batches) + number
        rate = _learning_rate(recipe, epoch, iteration)
        for group in optimizer.param_groups:
            group["lr"] = rate
        images = dataset.train.batch(indices).to(device)
        if number == 0 and not images.isfinite().all():
            raise FloatingPointError(
                f"images must be finite numbers; those of epoch {epoch + 1}, batch 1 "
                "are not. Look at the dataset."
            )
        if recipe.augment and not dataset.is_frames:
            images = augment(images)
        labels = dataset.train_labels[indices].to(device)
        measure = Statistics() if number % _STATISTICS_EVERY == 0 else None
        scores = model(images, statistics=measure)
        loss = nn.functional.cross_entropy(scores, labels)
        _check_finite(model, loss, epoch, number)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        _check_gradients(model, epoch, number)
        optimizer.step()
        if measure is not None:
            measured.append((measure, len(indices)))
            forward_rate, backward_rate = mean_rates(measured)
        seen += len(indices)
        correct += int((scores.argmax(1) == labels).sum())
        total += loss.item() * len(indices)
        bar.set_postfix(
            loss=f"{total / seen:.3f}",
            accuracy=f"{100 * correct / seen:.1f}%",
            forward=f"{forward_rate:.3f}",
            backward=f"{backward_rate:.3f}",
        )
    _check_finite(model, torch.tensor(total), epoch, len(batches))
    test_loss, test_accuracy = evaluate(
        model, dataset, batch_size=batch_size, device=device
    )
    values = (
        epoch + 1,
        rate,
        total / seen,
        correct / seen,
        test_loss,
        test_accuracy,
        forward_rate,
        backward_rate,
        time.perf_counter() - started,
    )
    return dict(zip(METRICS, values, strict=True))


def _batches(order: Tensor, batch_size: int) -> list[Tensor]:
    starts = range(0, len(order), batch_size)
    return [order[start : start + batch_size] for start in starts]


def _learning_rate(recipe: Recipe, epoch: int, iteration: int) -> float:
    passed = sum(epoch >= milestone for milestone in recipe.milestones)
    rate = recipe.lr * 0.1**passed
    if iteration < recipe.warmup:
        rate *= (iteration + 1) / recipe.warmup
    return rate


def _check_finite(
    model: SpikingClassifier, loss: Tensor, epoch: int, number: int
) -> None:
    """Stop where the loss or a weight is no number, and say which layer it is."""
    parameters = dict(model.named_parameters())
    bad = [key for key, value in parameters.items() if not value.isfinite().all()]
    if loss.isfinite() and not bad:
        return
    where = f"first in {bad[0]}" if bad else "in the scores, from finite weights"
    raise FloatingPointError(
        f"loss is no finite number in epoch {epoch + 1}, batch {number + 1}: {where}; "
        f"{_kept(epoch)}. Lower the learning rate."
    )


def _check_gradients(model: SpikingClassifier, epoch: int, number: int) -> None:
    """Stop before a gradient that is no number gets into the weights."""
    # The backward stage goes from the classifier down: the first it meets is named.
    gradients = [
        (key, parameter.grad)
        for key, parameter in reversed(list(model.named_parameters()))
        if parameter.grad is not None
    ]
    finite = torch.stack([gradient.isfinite().all() for _, gradient in gradients])
    if finite.all():
        return
    first = gradients[int((~finite).int().argmax())][0]
    raise FloatingPointError(
        f"gradient is no finite number in epoch {epoch + 1}, batch {number + 1}: first "
        f"in {first}, from the classifier down; {_kept(epoch)}. Lower the learning "
        "rate."
    )


def _kept(epoch: int) -> str:
    return "the model of the last epoch is kept" if epoch else "no model was written"


def evaluate(
    model: SpikingClassifier,
    dataset: Dataset,
    *,
    batch_size: int = 128,
    device: torch.device | str = "cpu",
) -> tuple[float, float]:
    """Return the mean loss and the accuracy on the test split."""
    model.eval()
    total, correct = 0.0, 0
    for indices in _batches(torch.arange(len(dataset.test)), batch_size):
        labels = dataset.test_labels[indices].to(device)
        with torch.no_grad():
            scores = model(dataset.test.batch(indices).to(device))
        total += nn.functional.cross_entropy(scores, labels, reduction="sum").item()
        correct += int((scores.argmax(1) == labels).sum())
    return total / len(dataset.test), correct / len(dataset.test)


def example_batch(
    dataset: str | Dataset,
    path: str | Path | None = None,
    n_frames: int = 30,
    n_images: int = 64,
) -> tuple[Tensor, Tensor]:
    """Return test images and labels, to measure rates and operations on."""
    if isinstance(dataset, str):
        dataset = load_dataset(dataset, path, n_frames=n_frames)
    indices = torch.arange(min(n_images, len(dataset.test)))
    return dataset.test.batch(indices), dataset.test_labels[indices]


def plot_training(
    history: Sequence[dict[str, float]], *, ax: Axes | None = None
) -> Axes:
    """Draw the accuracies over the epochs.

    Parameters
    ----------
    history : sequence of dict
        Metrics of each epoch, the rows of ``metrics.csv``.
    ax : Axes, optional
        Where to draw; a new figure if none is given.
    """
    axes = Figure(layout="constrained").add_subplot() if ax is None else ax
    epochs = [row["epoch"] for row in history]
    for split in ("train", "test"):
        accuracy = [100 * row[f"{split}_accuracy"] for row in history]
        axes.plot(epochs, accuracy, marker=".", label=split)
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy (%)")
    axes.legend(frameon=False)
    return axes


def _write_metrics(history: Sequence[dict[str, float]], path: Path) -> None:
    def write(beside: Path) -> None:
        with beside.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(history[0]))
            writer.writeheader()
            writer.writerows(history)

    write_beside(path, write)


def _write_curves(history: Sequence[dict[str, float]], path: Path) -> None:
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    plot_training(history, ax=left)
    epochs = [row["epoch"] for row in history]
    for split in ("train", "test"):
        middle.plot(epochs, [row[f"{split}_loss"] for row in history], label=split)
    middle.set_ylabel("loss")
    for stage in ("forward", "backward"):
        right.plot(epochs, [row[f"{stage}_rate"] for row in history], label=stage)
    right.set_ylabel("spikes per neuron and step")
    for axes in (middle, right):
        axes.set_xlabel("epoch")
        axes.legend(frameon=False)
    write_beside(path, lambda beside: figure.savefig(beside, format="png"))
