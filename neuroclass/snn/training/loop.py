"""Training of a network on a dataset, into a folder.

Input: a dataset and the settings of network and optimisation. Output: the trained
network, and after every epoch a folder with the model and all that resumes it, the
metrics as CSV and their curves; each file is written beside and then renamed.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuroclass._lib.checks import check_positive_int
from neuroclass.snn.learning import RULES, Ide, Spide
from neuroclass.snn.models import FeedbackSNN, SpikingClassifier
from neuroclass.snn.training.checkpoint import (
    MODEL_FILE,
    Checkpoint,
    check_state,
    describe_network,
    load_checkpoint,
    restore,
    save_checkpoint,
)
from neuroclass.snn.training.curves import write_curves, write_metrics
from neuroclass.snn.training.datasets import (
    Dataset,
    check_dataset,
    dataset_from_arrays,
    load_dataset,
)
from neuroclass.snn.training.epoch import is_normalised, run_epoch
from neuroclass.snn.training.event_files import N_FOLDS
from neuroclass.snn.training.own_network import OWN, describe_own
from neuroclass.snn.training.presets import (
    NetworkSettings,
    Optimisation,
    Recipe,
    recipe_for,
)

__all__ = ["build_optimizer", "dataset_of", "example_batch", "train"]

METRICS_FILE = "metrics.csv"
CURVES_FILE = "curves.png"

_MOMENTUM = 0.9
# Batches that the scale of the errors is chosen from.
_SCALE_BATCHES = 3
# The seed of each epoch is made of it and must fit in 64 bits.
_LARGEST_SEED = 2**32 - 1


def train(
    data: str | Dataset | Sequence[Any],
    output: str | Path,
    model: NetworkSettings | SpikingClassifier | FeedbackSNN | None = None,
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
    data : str, Dataset or sequence of four arrays
        "digits", a dataset that `load_dataset` read from its files, or training
        inputs and labels, test inputs and labels: images (n, channels, rows, columns)
        or vectors (n, values) as the network takes them, and integers from 0.
    output : str or Path
        Folder for ``model``, ``metrics.csv`` and ``curves.png``.
    model : NetworkSettings, SpikingClassifier or FeedbackSNN, optional
        Structure, learning rule, neurons and steps of a network to build, default the
        usual of the dataset; or a network, which is trained in place.  A `FeedbackSNN`
        gets a linear classifier.
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
        If a name is unknown, a setting impossible, the dataset does not fit itself or
        the network, or the model to resume differs.
    RecordingError
        If the model to resume is damaged.
    FileExistsError
        If `output` holds a model already and `resume` is false.
    FloatingPointError
        If the input, the loss or a gradient is not finite, or the loss explodes; the
        model of the last epoch is kept.

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
    model = NetworkSettings() if model is None else model
    optimisation = Optimisation() if optimisation is None else optimisation
    device = _check_device(optimisation.device)
    seed = check_positive_int(random_state, "random_state", 0)
    if seed > _LARGEST_SEED:
        raise ValueError(f"random_state must be at most {_LARGEST_SEED}; got {seed}.")
    _check_folder(folder, resume)
    dataset = _as_dataset(data, model)
    name = dataset.name
    structure = OWN
    if isinstance(model, NetworkSettings):
        structure = model.structure_for(name)
    recipe = optimisation.applied_to(recipe_for(structure, name))
    settings: dict[str, Any] = {
        "dataset": name,
        "batch_size": recipe.batch_size,
        "lr": recipe.lr,
        "milestones": list(recipe.milestones),
        "random_state": seed,
        **optimisation.described,
    }
    if dataset.fold is not None:
        settings["fold"] = dataset.fold
    if recipe.schedule == "cosine":
        settings["epochs"] = recipe.epochs
    checkpoint = load_checkpoint(folder / MODEL_FILE) if resume else None
    if isinstance(model, NetworkSettings):
        described = describe_network(model, dataset)
        trained = None
    else:
        trained = _as_classifier(model, dataset, seed)
        described = describe_own(trained)
    if checkpoint is not None:
        _adopt_scale(described, checkpoint.network)
        _check_same(folder / MODEL_FILE, checkpoint, described, settings)
        if trained is None:
            trained = restore(checkpoint, folder / MODEL_FILE)
        else:
            check_state(checkpoint, trained, folder / MODEL_FILE)
            trained.load_state_dict(checkpoint.state)
            trained.network.rule = _rule_of(described)
    else:
        checkpoint = Checkpoint(described, settings)
        if trained is None:
            trained = checkpoint.build(random_state=seed)
    _check_batch_norm(trained, recipe.batch_size, len(dataset.train))
    trained.to(device)
    if getattr(trained.network.rule, "scale", None) == "auto":
        _settle_scale(trained, dataset, recipe.batch_size)
        described["rule"] = _described_rule(trained)
    optimizer = build_optimizer(trained, recipe)
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
                    trained, dataset, optimizer, recipe, epoch, progress=progress
                )
            history.append(metrics)
            checkpoint = Checkpoint(
                described,
                settings,
                {key: value.cpu() for key, value in trained.state_dict().items()},
                optimizer.state_dict(),
                history,
            )
            save_checkpoint(checkpoint, folder / MODEL_FILE)
            write_metrics(history, folder / METRICS_FILE)
            write_curves(history, folder / CURVES_FILE)
            if on_epoch is not None:
                on_epoch(metrics)
    trained.eval()
    return trained


def _as_dataset(
    data: str | Dataset | Sequence[Any],
    model: NetworkSettings | SpikingClassifier | FeedbackSNN,
) -> Dataset:
    if isinstance(data, str):
        n_frames = 30
        if isinstance(model, NetworkSettings):
            n_frames = model.steps_for(data)
        data = load_dataset(data, n_frames=n_frames)
    elif not isinstance(data, Dataset):
        data = dataset_from_arrays(data)
    return check_dataset(data)


def _as_classifier(
    model: SpikingClassifier | FeedbackSNN, dataset: Dataset, seed: int
) -> SpikingClassifier:
    """Return a model, with a classifier where it has none."""
    if isinstance(model, FeedbackSNN):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = SpikingClassifier(model, dataset.image_shape, dataset.n_classes)
    if not isinstance(model, SpikingClassifier):
        raise TypeError(
            "model must be NetworkSettings, a SpikingClassifier or a FeedbackSNN; got "
            f"{type(model).__name__}."
        )
    if model.n_classes < dataset.n_classes or (
        model.image_shape != tuple(dataset.image_shape)
    ):
        raise ValueError(
            f"model must take images of shape {tuple(dataset.image_shape)} in "
            f"{dataset.n_classes} classes; it takes {model.image_shape} in "
            f"{model.n_classes}."
        )
    return model


def _settle_scale(model: SpikingClassifier, dataset: Dataset, batch_size: int) -> None:
    """Choose the scale of the errors from the first batches of the training images."""
    rule = model.network.rule
    assert isinstance(rule, Spide)
    found: list[float] = []
    was_training = model.training
    model.eval()
    for k in range(_SCALE_BATCHES):
        indices = torch.arange(k * batch_size, (k + 1) * batch_size)
        indices = indices[indices < len(dataset.train)]
        if len(indices):
            model.network.rule = rule
            device = next(model.parameters()).device
            images = dataset.train.batch(indices).to(device)
            labels = dataset.train_labels[indices].to(device)
            loss = torch.nn.functional.cross_entropy(model(images), labels)
            torch.autograd.backward(loss)
            model.zero_grad()
            scale = model.network.rule.scale
            found += [] if isinstance(scale, str) else [scale]
    model.train(was_training)
    # Without an active neuron there is no error to measure: as it is.
    chosen = statistics.median_low(found) if found else 1.0
    model.network.rule = replace(rule, scale=chosen)


def _described_rule(model: SpikingClassifier) -> dict[str, Any]:
    rule = model.network.rule
    return {rule.name: asdict(rule)}


def _rule_of(described: dict[str, Any]) -> Spide | Ide:
    ((name, settings),) = described["rule"].items()
    return RULES[name](**settings)


def _adopt_scale(described: dict[str, Any], trained: dict[str, Any]) -> None:
    """Take the scale that a training chose, where the choice is left to it again."""
    for name, settings in described["rule"].items():
        held = trained["rule"].get(name, {})
        if settings.get("scale") == "auto" and "scale" in held:
            described["rule"] = {name: {**settings, "scale": held["scale"]}}


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


def build_optimizer(model: SpikingClassifier, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the optimiser of a recipe.

    The scale of the errors divides the weight decay that acts through the gradient,
    as learning rates divided by it do in the paper; the decay of AdamW, which does not,
    stays.
    """
    parameters = list(model.parameters())
    decay = recipe.weight_decay / float(model.network.rule.scale)
    if recipe.optimizer == "adam":
        return torch.optim.Adam(parameters, recipe.lr, weight_decay=decay)
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(
            parameters, recipe.lr, weight_decay=recipe.weight_decay
        )
    return torch.optim.SGD(
        parameters, recipe.lr, momentum=_MOMENTUM, weight_decay=decay
    )


def dataset_of(model: str | Path, path: str | Path | None = None) -> Dataset:
    """Return the dataset that a trained model was trained on.

    Parameters
    ----------
    model : str or Path
        Folder that `train` wrote, or the model file in it.
    path : str or Path, optional
        Files of the dataset.

    Raises
    ------
    ValueError
        If the images have another shape than the model was trained on.
    """
    checkpoint = load_checkpoint(model)
    n_frames = int(checkpoint.network["steps"])
    settings = checkpoint.settings
    dataset = load_dataset(
        settings["dataset"],
        path,
        n_frames=n_frames,
        fold=settings.get("fold", N_FOLDS - 1),
    )
    shape = tuple(checkpoint.network["image_shape"])
    if tuple(dataset.image_shape) != shape:
        raise ValueError(
            f"images must have shape {shape}, as {model} was trained on; "
            f"got {tuple(dataset.image_shape)}."
        )
    return dataset


def example_batch(dataset: Dataset, n_images: int = 64) -> tuple[Tensor, Tensor]:
    """Return test images and labels, to measure rates and operations on."""
    indices = torch.arange(min(n_images, len(dataset.test)))
    return dataset.test.batch(indices), dataset.test_labels[indices]
