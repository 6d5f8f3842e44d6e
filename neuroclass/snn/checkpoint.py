"""Models on disk: plain values and tensors, loaded without running code."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuroclass.exceptions import RecordingError
from neuroclass.snn.network import SpikingClassifier
from neuroclass.snn.neurons import IF, LIF
from neuroclass.snn.structures import STRUCTURES, build

__all__ = [
    "Checkpoint",
    "load_checkpoint",
    "load_model",
    "save_checkpoint",
    "write_beside",
]

_FORMAT = "neuroclass.snn 1"


@dataclass
class Checkpoint:
    """All that rebuilds a network and goes on with its training.

    Attributes
    ----------
    network : dict
        Structure, image shape, number of classes, method, neuron, steps, options.
    settings : dict
        Dataset, batch size, learning rate and seed.
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

    def build(self, rng: int | None = 0) -> SpikingClassifier:
        """Return the network, with the weights that the checkpoint holds."""
        described = self.network
        method = described["method"]
        v_th, u_rest = (1.0, None) if method == "spide" else (2.0, 0.0)
        leaky = described["neuron"] == "LIF"
        neuron = LIF(v_th, u_rest=u_rest) if leaky else IF(v_th, u_rest)
        # Layers draw weights when they are made, before ours replace them.
        with torch.random.fork_rng(devices=[]):
            model = build(
                described["structure"],
                tuple(described["image_shape"]),
                described["n_classes"],
                method=method,
                neuron=neuron,
                steps=described["steps"],
                rng=rng,
                **described["options"],
            )
        if "backward_steps" in described:
            model.network.backward_settings = replace(
                model.network.backward_settings, steps=described["backward_steps"]
            )
        if self.state:
            model.load_state_dict(self.state)
        return model


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
    write_beside(path, lambda beside: torch.save(content, beside))


def write_beside(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file under another name in its folder, then put it in place."""
    beside = path.with_name(f".{path.name}.tmp")
    try:
        write(beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


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
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such model file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        OSError,
    ) as error:
        raise RecordingError(
            f"{path}: cannot be read as a model of tensors and plain values; it is "
            "damaged, truncated, or holds code, which is never run."
        ) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise RecordingError(f"{path}: must be a model written by `neuroclass train`.")
    try:
        checkpoint = Checkpoint(
            dict(content["network"]),
            dict(content["settings"]),
            dict(content["state"]),
            content["optimizer"],
            list(content["history"]),
        )
        known = checkpoint.network["structure"] in STRUCTURES
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(
            f"{path}: a part of the model is missing ({error})."
        ) from error
    if not known:
        raise RecordingError(
            f"{path}: structure must be one of {', '.join(STRUCTURES)}; "
            f"got {checkpoint.network['structure']!r}."
        )
    return checkpoint


def load_model(path: str | Path) -> SpikingClassifier:
    """Return the trained network of a checkpoint, in evaluation mode.

    Raises
    ------
    FileNotFoundError, RecordingError
        As `load_checkpoint`, and if the weights are those of another structure.
    """
    checkpoint = load_checkpoint(path)
    try:
        model = checkpoint.build()
    except (KeyError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise RecordingError(
            f"{path}: the weights do not fit the structure "
            f"{checkpoint.network['structure']!r} ({reason})."
        ) from error
    model.eval()
    return model
