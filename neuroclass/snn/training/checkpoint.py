"""Model files: plain values and tensors, loaded without running code.

Input: a network with its training. Output: one file, and the network again.
"""

from __future__ import annotations

import hashlib
import numbers
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroclass._lib.atomic import write_beside
from neuroclass._lib.checks import check_choice, check_positive_int, warn_user
from neuroclass.exceptions import RecordingError
from neuroclass.snn.learning import RULES, Rule
from neuroclass.snn.models import STRUCTURES, SpikingClassifier, build_classifier
from neuroclass.snn.training.datasets import Dataset
from neuroclass.snn.training.own_network import OWN, build_own
from neuroclass.snn.training.presets import NetworkSettings

__all__ = [
    "METRICS",
    "MODEL_FILE",
    "Checkpoint",
    "describe_network",
    "load_checkpoint",
    "load_model",
    "restore",
    "save_checkpoint",
]

METRICS = (
    "epoch",
    "lr",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "forward_rate",
    "backward_rate",
    "seconds",
)

MODEL_FILE = "model"
# Columns of the metrics beside those of all rules: of each layer's ternary pairs.
_OF_LAYERS = re.compile(r"(silent|saturated)_pairs_\d+")
# Tensors in the state of each optimiser that have the shape of their weight.
_MOMENTS = {
    "sgd": {"momentum_buffer"},
    "adam": {"exp_avg", "exp_avg_sq"},
    "adamw": {"exp_avg", "exp_avg_sq"},
}

_FORMAT = "neuroclass.snn 2"
# Before the learning rule was one object with all of its settings.
_EARLIER_FORMAT = "neuroclass.snn 1"


@dataclass
class Checkpoint:
    """Description, weights and momentum of a network in training.

    Attributes
    ----------
    network : dict
        Structure, image shape, number of classes, rule, neuron, steps, options.
    settings : dict
        Dataset, batch size, learning rate, milestones and random state.
    state : dict of Tensor
        Parameters and buffers; empty before the first epoch.
    optimizer : dict or None
        Momentum.
    history : list of dict
        Metrics of each epoch.
    """

    network: dict[str, Any]
    settings: dict[str, Any]
    state: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] | None = None
    history: list[dict[str, float]] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"Checkpoint({self.network.get('structure')}, trained on "
            f"{self.settings.get('dataset')}, {len(self.history)} epochs)"
        )

    def build(self, random_state: int | None = 0) -> SpikingClassifier:
        """Return the network, with the weights that the checkpoint holds.

        Raises
        ------
        ValueError
            If the description is of no network.
        """
        described = self.network
        _check_network(described)
        if described["structure"] == OWN:
            model = _build_own(described)
            if self.state:
                model.load_state_dict(self.state)
            return model
        rule = _rule_of(described)
        try:
            # Layers draw weights when they are made, before ours replace them.
            with torch.random.fork_rng(devices=[]):
                model = build_classifier(
                    described["structure"],
                    tuple(described["image_shape"]),
                    described["n_classes"],
                    rule=rule,
                    neuron=replace(
                        rule.usual_neuron(described["neuron"]),
                        **described.get("membrane", {}),
                    ),
                    steps=described["steps"],
                    random_state=random_state,
                    **described["options"],
                )
        except (TypeError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"options must be keywords of structure {described['structure']!r}; "
                f"got {described['options']} ({reason})."
            ) from error
        if self.state:
            model.load_state_dict(self.state)
        return model


def describe_network(settings: NetworkSettings, dataset: Dataset) -> dict[str, Any]:
    """Return what rebuilds a network, in plain values.

    Parameters
    ----------
    settings : NetworkSettings
        Settings as given.
    dataset : Dataset
        Its name, image shape and number of classes fill in the usual ones.

    Raises
    ------
    ValueError
        If a setting is impossible, or no plain value.
    """
    structure = settings.structure_for(dataset.name)
    rule = settings.rule_for(structure, dataset.n_classes)
    given = {
        "hidden": settings.hidden,
        "dropout": settings.dropout,
        "batch_norm": settings.batch_norm,
        "feedback_limit": settings.feedback_limit,
    }
    if given["hidden"] is None and structure == "recurrent-dense":
        given["hidden"] = 64 if dataset.name == "digits" else None
    if not settings.feedback:
        given["feedback"] = False
    membrane = {"membrane": settings.membrane} if settings.membrane else {}
    return {
        "structure": structure,
        "image_shape": list(dataset.image_shape),
        "n_classes": dataset.n_classes,
        "rule": {rule.name: _plain(asdict(rule), "rule")},
        "neuron": settings.neuron,
        "steps": int(settings.steps_for(dataset.name)),
        "options": {
            name: _plain(value, name)
            for name, value in given.items()
            if value is not None
        },
        **membrane,
    }


def _build_own(described: dict[str, Any]) -> SpikingClassifier:
    try:
        with torch.random.fork_rng(devices=[]):
            return build_own(described)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"layers must be plain values of layers; got {described.get('layers')} "
            f"({reason})."
        ) from error


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(part, name) for part in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(part, name) for key, part in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(
        f"{name} must be of plain values, to be kept in the model file; got "
        f"{type(value).__name__}."
    )


def _rule_of(described: dict[str, Any]) -> Rule:
    """Return the learning rule that a description holds."""
    rule = described["rule"]
    try:
        ((name, settings),) = rule.items()
        return RULES[name](**settings)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"rule must be settings of a learning rule; got {rule!r}."
        ) from error


def _check_network(described: dict[str, Any]) -> None:
    """Refuse a description that no network can be built from."""
    check_choice(described["structure"], "structure", (*STRUCTURES, OWN))
    check_choice(described["neuron"], "neuron", ("IF", "LIF"))
    check_positive_int(described["steps"], "steps")
    check_positive_int(described["n_classes"], "n_classes", 2)
    shape, options = described["image_shape"], described["options"]
    if not isinstance(shape, list | tuple) or len(shape) != 3:
        raise ValueError(
            f"image_shape must be (channels, rows, columns); got {shape!r}."
        )
    for size in shape:
        check_positive_int(size, "image_shape")
    if not isinstance(options, dict):
        raise ValueError(f"options must be keywords of a structure; got {options!r}.")
    _rule_of(described)
    if "hidden" in options:
        if described["structure"] != "recurrent-dense":
            raise ValueError(
                "hidden must be left out for structures other than recurrent-dense; "
                f"got structure {described['structure']}."
            )
        hidden = options["hidden"]
        sizes = hidden if isinstance(hidden, list) else [hidden]
        if not sizes:
            raise ValueError("hidden must name at least one layer; got none.")
        for size in sizes:
            check_positive_int(size, "hidden")


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint beside its place, then rename it there."""
    content = {
        "format": _FORMAT,
        "network": checkpoint.network,
        "settings": checkpoint.settings,
        "state": checkpoint.state,
        "optimizer": checkpoint.optimizer,
        "history": checkpoint.history,
    }
    content["checksum"] = _checksum(content)
    with write_beside(path) as beside:
        torch.save(content, beside)


def _checksum(content: dict[str, Any]) -> str:
    """Return the SHA-256 of all that a model file holds, in hexadecimal.

    The reader of PyTorch does not check what it reads: one flipped bit of an exponent
    makes a weight of -0.22 one of -7.6e37.
    """
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, Tensor):
            values = value.detach().cpu().contiguous()
            digest.update(f"{values.dtype} {tuple(values.shape)};".encode())
            digest.update(values.flatten().view(torch.uint8).numpy().tobytes())
        elif isinstance(value, dict):
            digest.update(f"dict {len(value)};".encode())
            for key, item in value.items():
                add(key)
                add(item)
        elif isinstance(value, list | tuple):
            digest.update(f"list {len(value)};".encode())
            for item in value:
                add(item)
        else:
            digest.update(f"{type(value).__name__} {value!r};".encode())

    add({key: value for key, value in content.items() if key != "checksum"})
    return digest.hexdigest()


def _check_checksum(content: dict[str, Any], path: Path) -> None:
    if "checksum" not in content:
        warn_user(
            f"{path}: was written without a checksum, so that damage cannot be seen. "
            "Train further with `neuroclass train --resume` to have one."
        )
    elif content["checksum"] != _checksum(content):
        raise RecordingError(
            f"{path}: is damaged: what it holds does not have its checksum. Copy it "
            "again, or train again."
        )


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; nothing in it can run.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RecordingError
        If the file is truncated, holds anything but tensors and plain values, or is
        no model of this package.
    """
    path = Path(path)
    if (path / MODEL_FILE).is_file():
        path /= MODEL_FILE
    if path.is_dir():
        raise FileNotFoundError(
            f"{path}: holds no model. Name a folder that `neuroclass train` wrote."
        )
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such model file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # A flipped bit makes the reader fail anywhere, with any exception.
        raise RecordingError(
            f"{path}: cannot be read as a model of tensors and plain values; it is "
            "damaged, truncated, or holds code, which is never run."
        ) from error
    if isinstance(content, dict) and content.get("format") == _EARLIER_FORMAT:
        raise RecordingError(
            f"{path}: was written by an earlier version, whose models are not read. "
            "Train again with `neuroclass train`."
        )
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise RecordingError(f"{path}: must be a model written by `neuroclass train`.")
    _check_checksum(content, path)
    try:
        checkpoint = Checkpoint(
            dict(content["network"]),
            dict(content["settings"]),
            dict(content["state"]),
            content["optimizer"],
            list(content["history"]),
        )
        _plain(checkpoint.network, "network")
        _plain(checkpoint.settings, "settings")
        _check_network(checkpoint.network)
        if not isinstance(checkpoint.settings["dataset"], str):
            raise RecordingError(f"{path}: dataset must be a name.")
    except KeyError as error:
        raise RecordingError(
            f"{path}: a part of the model is missing ({error})."
        ) from error
    except (TypeError, ValueError) as error:
        raise RecordingError(f"{path}: is damaged: {error}") from error
    return checkpoint


def load_model(path: str | Path) -> SpikingClassifier:
    """Return the trained network of a checkpoint, in evaluation mode.

    Raises
    ------
    FileNotFoundError, RecordingError
        As `load_checkpoint`, and if the weights are those of another structure.
    """
    model = restore(load_checkpoint(path), path)
    model.eval()
    return model


def restore(checkpoint: Checkpoint, path: str | Path) -> SpikingClassifier:
    """Return the network of a loaded checkpoint after a check of all its parts.

    Parameters
    ----------
    checkpoint : Checkpoint
        As `load_checkpoint` returns it.
    path : str or Path
        Its file, for messages.

    Raises
    ------
    RecordingError
        If weights, momentum or metrics are missing or fit no network so described.
    """
    structure = checkpoint.network["structure"]
    try:
        model = replace(checkpoint, state={}).build()
    except ValueError as error:
        raise RecordingError(f"{path}: is damaged: {error}") from error
    reason = _misfit(checkpoint.state, model.state_dict())
    if reason:
        raise RecordingError(
            f"{path}: the weights do not fit the structure {structure!r} ({reason})."
        )
    model.load_state_dict(checkpoint.state)
    check_state(checkpoint, model, path)
    return model


def check_state(
    checkpoint: Checkpoint, model: SpikingClassifier, path: str | Path
) -> None:
    """Refuse momentum or metrics that fit no network so described."""
    kind = checkpoint.settings.get("optimizer", "sgd")
    names = _MOMENTS.get(kind, set()) if isinstance(kind, str) else set()
    _check_optimizer(checkpoint.optimizer, list(model.parameters()), names, path)
    _check_history(checkpoint.history, path)


def _misfit(read: dict[str, Any], expected: dict[str, Tensor]) -> str:
    """Return the first difference from the expected tensors; empty if there is none."""
    if read.keys() != expected.keys():
        key = sorted(map(str, read.keys() ^ expected.keys()))[0]
        return f"{key} is {'unknown' if key in read else 'missing'}"
    for key, tensor in expected.items():
        value = read[key]
        if not isinstance(value, Tensor):
            return f"{key} is no tensor"
        if value.shape != tensor.shape or value.dtype != tensor.dtype:
            return (
                f"{key} is {value.dtype} of shape {tuple(value.shape)}, not "
                f"{tensor.dtype} of shape {tuple(tensor.shape)}"
            )
        if value.layout != tensor.layout:
            return f"{key} is sparse"
    return ""


def _check_optimizer(
    optimizer: Any, parameters: list[Tensor], names: set[str], path: str | Path
) -> None:
    if not isinstance(optimizer, dict) or not isinstance(optimizer.get("state"), dict):
        raise RecordingError(f"{path}: is damaged: optimizer must hold a state.")
    for key, entry in optimizer["state"].items():
        is_known = isinstance(key, int) and 0 <= key < len(parameters)
        held = entry if isinstance(entry, dict) else {}
        moments = {name: held.get(name) for name in sorted(names)}
        if (
            not is_known
            or not names
            or not all(isinstance(value, Tensor) for value in moments.values())
        ):
            raise RecordingError(
                f"{path}: is damaged: optimizer must hold one momentum per weight; got "
                f"{type(entry).__name__} for {key!r}."
            )
        reason = _misfit(moments, dict.fromkeys(names, parameters[key].data))
        if reason:
            reason = reason.replace("momentum_buffer", "momentum")
            raise RecordingError(f"{path}: is damaged: {reason} (weight {key}).")


def _check_history(history: list[Any], path: str | Path) -> None:
    for epoch, row in enumerate(history, 1):
        is_row = isinstance(row, dict) and all(
            isinstance(key, str) and (key in METRICS or _OF_LAYERS.fullmatch(key))
            for key in row
        )
        is_row = is_row and set(row) >= set(METRICS)
        if (
            not is_row
            or not all(isinstance(value, numbers.Real) for value in row.values())
            or row["epoch"] != epoch
        ):
            raise RecordingError(
                f"{path}: is damaged: history must hold {', '.join(METRICS)} of epoch "
                f"{epoch}; got {row!r}."
            )
