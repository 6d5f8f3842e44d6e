"""One pass over the training images, and the checks that stop it.

Input: a model, a dataset, an optimiser and a recipe. Output: the metrics of the epoch.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neuroclass._lib.progress import bar_class
from neuroclass.snn.engine import Statistics, mean_rates
from neuroclass.snn.models import SpikingClassifier
from neuroclass.snn.training.checkpoint import METRICS
from neuroclass.snn.training.datasets import Dataset, augment, augment_frames
from neuroclass.snn.training.presets import Recipe

__all__ = [
    "check_gradients",
    "evaluate",
    "is_normalised",
    "mean_fractions",
    "run_epoch",
]

# Firing rates and operations cost a tenth of a step: they are taken on few.
_STATISTICS_EVERY = 20
# Multiple of the loss of equal scores that no training comes back from.
_EXPLODED = 100


def run_epoch(
    model: SpikingClassifier,
    dataset: Dataset,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    epoch: int,
    *,
    progress: bool = False,
) -> dict[str, float]:
    """Train on every image once; return the metrics of the epoch.

    Parameters
    ----------
    model : SpikingClassifier
        Trained in place, on its own device.
    dataset : Dataset
        Training and test images.
    optimizer : torch.optim.Optimizer
        Of the parameters of the model.
    recipe : Recipe
        Learning rate, batch size and augmentation.
    epoch : int
        Number of the epoch, from 0.
    progress : bool, default False
        Show a bar on standard error.
    """
    device = next(model.parameters()).device
    started = time.perf_counter()
    order = torch.randperm(len(dataset.train))
    batches = _batches(order, recipe.batch_size)
    if len(batches[-1]) == 1 and is_normalised(model):
        batches[-2:] = [torch.cat(batches[-2:])]
    n_seen = n_correct = 0
    total = 0.0
    measured: list[tuple[Statistics, int]] = []
    forward_rate = backward_rate = math.nan
    bar = bar_class()(
        batches,
        desc=f"epoch {epoch + 1}/{recipe.epochs}",
        disable=not progress,
        file=sys.stderr,
        leave=False,
    )
    model.train()
    for number, indices in enumerate(bar):
        iteration = epoch * len(batches) + number
        rate = _learning_rate(recipe, epoch, iteration, len(batches))
        for group in optimizer.param_groups:
            group["lr"] = rate
        images = dataset.train.batch(indices).to(device)
        if number == 0 and not images.isfinite().all():
            raise FloatingPointError(
                f"images must be finite numbers; those of epoch {epoch + 1}, batch 1 "
                "are not. Look at the dataset."
            )
        if recipe.augment:
            images = (augment_frames if dataset.is_frames else augment)(images)
        labels = dataset.train_labels[indices].to(device)
        measure = Statistics() if number % _STATISTICS_EVERY == 0 else None
        scores = model(images, statistics=measure)
        loss = nn.functional.cross_entropy(scores, labels)
        _check_finite(model, loss, epoch, number)
        _check_size(loss.item(), dataset.n_classes, epoch, number)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        check_gradients(model, epoch, number)
        optimizer.step()
        if measure is not None:
            measured.append((measure, len(indices)))
            forward_rate, backward_rate = mean_rates(measured)
        n_seen += len(indices)
        n_correct += int((scores.argmax(1) == labels).sum())
        total += loss.item() * len(indices)
        bar.set_postfix(
            loss=f"{total / n_seen:.3f}",
            accuracy=f"{100 * n_correct / n_seen:.1f}%",
            forward=f"{forward_rate:.3f}",
            backward=f"{backward_rate:.3f}",
            **_shown_fractions(measured[-1][0]),
        )
    _check_finite(model, torch.tensor(total), epoch, len(batches))
    test_loss, test_accuracy = evaluate(
        model, dataset, batch_size=recipe.batch_size, device=device
    )
    values = (
        epoch + 1,
        rate,
        total / n_seen,
        n_correct / n_seen,
        test_loss,
        test_accuracy,
        forward_rate,
        backward_rate,
        time.perf_counter() - started,
    )
    return {**dict(zip(METRICS, values, strict=True)), **mean_fractions(measured)}


def mean_fractions(measured: Sequence[tuple[Statistics, int]]) -> dict[str, float]:
    """Return the fractions of silent and saturated pairs over batches, by layer."""
    total = sum(size for _, size in measured)
    return {
        f"{name}_{layer}": sum(getattr(m, name)[layer] * size for m, size in measured)
        / total
        for name in ("silent_pairs", "saturated_pairs")
        for layer in range(len(getattr(measured[0][0], name)))
    }


def _shown_fractions(statistics: Statistics) -> dict[str, str]:
    return {
        name: "/".join(f"{100 * part:.0f}" for part in parts) + "%"
        for name, parts in (
            ("silent", statistics.silent_pairs),
            ("saturated", statistics.saturated_pairs),
        )
        if parts
    }


def is_normalised(model: SpikingClassifier) -> bool:
    """Return whether a connection has batch norm."""
    return any(
        connection.batch_norm is not None
        for connection in model.network.topology.connections
    )


def _batches(order: Tensor, batch_size: int) -> list[Tensor]:
    starts = range(0, len(order), batch_size)
    return [order[start : start + batch_size] for start in starts]


def _learning_rate(recipe: Recipe, epoch: int, iteration: int, n_batches: int) -> float:
    passed = sum(epoch >= milestone for milestone in recipe.milestones)
    rate = recipe.lr
    if recipe.schedule == "steps":
        rate *= 0.1**passed
    elif recipe.schedule == "cosine":
        share = iteration / (recipe.epochs * n_batches)
        rate *= (1 + math.cos(math.pi * share)) / 2
    if iteration < recipe.warmup:
        rate *= (iteration + 1) / recipe.warmup
    return rate


def _check_finite(
    model: SpikingClassifier, loss: Tensor, epoch: int, number: int
) -> None:
    """Stop where the loss or a weight is not finite, and name the layer."""
    parameters = dict(model.named_parameters())
    bad = [key for key, value in parameters.items() if not value.isfinite().all()]
    if loss.isfinite() and not bad:
        return
    where = f"first in {bad[0]}" if bad else "in the scores, from finite weights"
    raise FloatingPointError(
        f"loss is no finite number in epoch {epoch + 1}, batch {number + 1}: {where}; "
        f"{_remaining(epoch)}. Lower the learning rate."
    )


def _check_size(loss: float, n_classes: int, epoch: int, number: int) -> None:
    """Stop where the loss is far above that of scores that are all equal."""
    guessing = math.log(n_classes)
    if loss > _EXPLODED * guessing:
        raise FloatingPointError(
            f"loss is {loss:.4g} in epoch {epoch + 1}, batch {number + 1}, where equal "
            f"scores have {guessing:.3g}: the training diverges; {_remaining(epoch)}. "
            "Lower the learning rate."
        )


def check_gradients(model: SpikingClassifier, epoch: int, number: int) -> None:
    """Stop before a gradient that is not finite reaches the weights.

    Parameters
    ----------
    model : SpikingClassifier
        With gradients.
    epoch, number : int
        Epoch and batch, from 0, for the message.
    """
    # The backward stage runs from the classifier down: its first one is named.
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
        f"in {first}, from the classifier down; {_remaining(epoch)}. Lower the "
        "learning rate."
    )


def _remaining(epoch: int) -> str:
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
