"""Train a network on a dataset, and write after each epoch what goes on from it.

After every epoch the folder holds the model with all that goes on from it, the
metrics as CSV and their curves; each file is written beside and then renamed.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.snn.learning.spide import SpideBackward
from neuroclass.snn.models.architectures import STRUCTURES
from neuroclass.snn.models.feedback_snn import SpikingClassifier
from neuroclass.snn.training.checkpoint import (
    Checkpoint,
    load_checkpoint,
    plain_options,
    restore,
    save_checkpoint,
)
from neuroclass.snn.training.curves import write_curves, write_metrics
from neuroclass.snn.training.datasets import Dataset, check_dataset, load_dataset
from neuroclass.snn.training.epoch import is_normalised, run_epoch
from neuroclass.snn.training.presets import (
    Recipe,
    recipe_for,
    usual_steps,
    usual_structure,
)

__all__ = ["example_batch", "train"]

MODEL_FILE = "model"
METRICS_FILE = "metrics.csv"
CURVES_FILE = "curves.png"

_MOMENTUM = 0.9
# The seed of each epoch is made of it and must fit in 64 bits.
_LARGEST_SEED = 2**32 - 1


def train(
    dataset: str | Dataset,
    output: str | Path,
    *,
    path: str | Path | None = None,
    structure: str | None = None,
    method: str = "spide",
    neuron: str = "IF",
    steps: int | None = None,
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
        dataset and the method.
    method : {"spide", "ide"}, default "spide"
        The learning rule.
    neuron : {"IF", "LIF"}, default "IF"
        Neurons of the forward stage; the couples of the backward stage have no leak.
    steps : int, optional
        T_F, or frames of event data; the default is that of `usual_steps`.
    backward_steps : int, optional
        T_B, or the most steps of the solver.
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
    check_choice(method, "method", ("spide", "ide"))
    structure = (structure or usual_structure(name, method)).replace("_", "-")
    check_choice(structure, "structure", tuple(STRUCTURES))
    check_choice(neuron, "neuron", ("IF", "LIF"))
    batch_size = check_positive_int(batch_size, "batch_size")
    if steps is None:
        steps = usual_steps(name, method, structure)
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
            write_metrics(history, folder / METRICS_FILE)
            write_curves(history, folder / CURVES_FILE)
        for epoch in range(len(history), recipe.epochs):
            # The epoch's own seed: a resumed run draws what the whole one draws.
            with torch.random.fork_rng(devices=[], enabled=True):
                torch.manual_seed(seed * 1_000_003 + epoch)
                metrics = run_epoch(
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
            write_metrics(history, folder / METRICS_FILE)
            write_curves(history, folder / CURVES_FILE)
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
