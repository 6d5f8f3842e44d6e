"""Convergence of a network: rates to their equilibrium, gradients to the exact ones.

Input: a network and a batch. Output: the distance of the average rates from the
equilibrium against the steps, and error and cosine of the spiking gradient against the
exact one against the backward steps, of every layer and for both resets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from neuroclass._lib.checks import check_positive_int
from neuroclass.snn.engine import (
    BackwardStage,
    ForwardStage,
    engine_for,
    visiting_order,
)
from neuroclass.snn.learning import Drive, Spide, implicit_outputs, matched_scale
from neuroclass.snn.models.feedback_snn import FeedbackSNN, SpikingClassifier

__all__ = ["RESETS", "Diagnosis", "diagnose"]

# Resting potential of the ternary pairs by name, None for minus the threshold.
RESETS: dict[str, float | None] = {"modified": None, "subtractive": 0.0}


@dataclass(frozen=True)
class Diagnosis:
    """Distances and errors of a network on a batch.

    Attributes
    ----------
    steps : tuple of int
        Numbers of time steps.
    distances : list of list of float
        Relative distance of the average rates from the equilibrium, by number of steps
        and layer; empty where there is no equilibrium.
    backward_steps : tuple of int
        Numbers of steps of the backward stage.
    errors, cosines : dict of str to list of list of float
        For each reset, relative error and cosine of the average output of the pairs
        against the exact one, by number of backward steps and layer; nan where the
        exact one is 0.
    scale : float
        Factor of the errors of the batch.
    note : str
        Why something is missing; empty otherwise.
    """

    steps: tuple[int, ...]
    distances: list[list[float]]
    backward_steps: tuple[int, ...]
    errors: dict[str, list[list[float]]]
    cosines: dict[str, list[list[float]]]
    scale: float
    note: str = ""

    def __repr__(self) -> str:
        n_layers = len(next(iter(self.errors.values()))[0])
        return (
            f"Diagnosis({n_layers} layers, {len(self.steps)} numbers of steps, "
            f"{len(self.backward_steps)} of backward steps, scale {self.scale:g})"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return all figures in plain values."""
        return asdict(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per figure, for a table."""
        rows: list[dict[str, Any]] = [
            {
                "quantity": "distance from equilibrium",
                "reset": "",
                "steps": n,
                "layer": layer,
                "value": value,
            }
            for n, values in zip(self.steps, self.distances, strict=False)
            for layer, value in enumerate(values)
        ]
        for name, found in (
            ("gradient error", self.errors),
            ("gradient cosine", self.cosines),
        ):
            rows += [
                {
                    "quantity": name,
                    "reset": reset,
                    "steps": n,
                    "layer": layer,
                    "value": value,
                }
                for reset, table in found.items()
                for n, values in zip(self.backward_steps, table, strict=True)
                for layer, value in enumerate(values)
            ]
        return rows


def diagnose(
    model: FeedbackSNN | SpikingClassifier,
    x: Tensor,
    labels: Tensor | None = None,
    *,
    steps: Sequence[int] = (5, 10, 20, 50, 100, 200),
    backward_steps: Sequence[int] = (10, 25, 50, 100, 250, 500),
    scale: float | None = None,
) -> Diagnosis:
    """Measure how near a network's rates and gradients are to their limits.

    Parameters
    ----------
    model : FeedbackSNN or SpikingClassifier
        Its gradients, moments and mode stay as they are.
    x : Tensor
        A batch, as the network takes it; of frames, a number of steps takes the first.
    labels : Tensor, optional
        Classes, for the error of a classifier; without them the error is random.
    steps, backward_steps : sequence of int
        Numbers of steps of the two stages.
    scale : float, optional
        Factor of the errors; default that of the rule, or the matched one.

    Examples
    --------
    >>> from neuroclass.snn import Linear, Spide
    >>> network = FeedbackSNN([Linear(6, 8)], rule=Spide(scale=1.0))
    >>> found = diagnose(network, torch.rand(4, 6), steps=(5, 50), backward_steps=(20,))
    >>> len(found.distances), sorted(found.errors)
    (2, ['modified', 'subtractive'])
    """
    steps = tuple(check_positive_int(n, "steps") for n in steps)
    backward_steps = tuple(
        check_positive_int(n, "backward steps") for n in backward_steps
    )
    network = model.network if isinstance(model, SpikingClassifier) else model
    was_training = model.training
    model.eval()
    try:
        inputs = model.as_input(x) if isinstance(model, SpikingClassifier) else x
        stage = network.simulate(inputs)
        error = _error(model, stage, labels)
        distances, note = _distances(network, inputs, steps)
        tensors = [
            (_held(c.weight), _held(c.bias)) for c in network.topology.connections
        ]
        drive = Drive(
            topology=network.topology, forward=stage, error=error, tensors=tensors
        )
        rule = network.rule if isinstance(network.rule, Spide) else Spide()
        if scale is None:
            scale = (
                matched_scale(drive, rule.reset)
                if isinstance(rule.scale, str)
                else rule.scale
            )
        exact = implicit_outputs(
            network.topology, stage, error * scale, tensors, tolerance=1e-7
        )
        errors: dict[str, list[list[float]]] = {}
        cosines: dict[str, list[list[float]]] = {}
        for name, u_rest in RESETS.items():
            errors[name], cosines[name] = [], []
            for n in backward_steps:
                settings = replace(rule, u_rest=u_rest, steps=n).backward_settings(
                    network.neuron
                )
                engine = engine_for(network.backend, network.topology, inputs)
                found = engine.backward(stage, error * scale, tensors, settings)
                table = _compared(network, stage, found, exact)
                errors[name].append([pair[0] for pair in table])
                cosines[name].append([pair[1] for pair in table])
    finally:
        model.train(was_training)
    return Diagnosis(
        steps[: len(distances)] if distances else (),
        distances,
        backward_steps,
        errors,
        cosines,
        scale,
        note,
    )


def _held(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach().float()


def _error(
    model: FeedbackSNN | SpikingClassifier, stage: ForwardStage, labels: Tensor | None
) -> Tensor:
    """Return the gradient of the loss with respect to the rates of the readout."""
    network = model.network if isinstance(model, SpikingClassifier) else model
    rates = stage.rates[network.topology.readout].clone()
    if labels is None or not isinstance(model, SpikingClassifier):
        generator = torch.Generator().manual_seed(0)
        drawn = torch.randn(rates.shape, generator=generator)
        return drawn.to(rates.device) / len(rates)
    rates.requires_grad_()
    scores = model.classifier(rates.flatten(1))
    loss = nn.functional.cross_entropy(scores, labels.to(rates.device))
    (error,) = torch.autograd.grad(loss, rates)
    return error


def _distances(
    network: FeedbackSNN, inputs: Tensor, steps: Sequence[int]
) -> tuple[list[list[float]], str]:
    if network.is_frames(inputs):
        return [], "frames have no constant input, and so no equilibrium to measure"
    try:
        limits = network.equilibrium(inputs)
    except RuntimeError as error:
        return [], str(error)
    found = []
    for n in steps:
        stage = network.simulate(inputs, n_steps=n)
        found.append(
            [
                _relative(rate - limit, limit)
                for rate, limit in zip(stage.rates, limits, strict=True)
            ]
        )
    return found, ""


def _compared(
    network: FeedbackSNN,
    stage: ForwardStage,
    found: BackwardStage,
    exact: BackwardStage,
) -> list[tuple[float, float]]:
    """Return error and cosine of the outputs of the active neurons of each layer."""
    visited = visiting_order(network.topology)
    pairs = []
    for layer in range(network.topology.n_layers):
        gate = stage.active(layer)
        a, b = found.betas[layer] * gate, exact.betas[layer] * gate
        if layer not in visited or not b.any():
            pairs.append((float("nan"), float("nan")))
            continue
        cosine = torch.cosine_similarity(a.flatten(), b.flatten(), dim=0)
        pairs.append((_relative(a - b, b), cosine.item()))
    return pairs


def _relative(difference: Tensor, whole: Tensor) -> float:
    size = whole.norm().item()
    return difference.norm().item() / size if size else float("nan")
