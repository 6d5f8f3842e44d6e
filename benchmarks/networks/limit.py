"""Where a step of SPIDE goes: time of its stages, events, and bytes of weights.

Input: how many rounds. Output: seconds of both stages and of the whole step of 784-400
feedback, batch 128, 30/100, and how many rows of weights they add up.
"""

import time

from neuroclass.snn import Spide  # before torch

import torch  # isort: skip
from torch import Tensor  # isort: skip

from benchmarks.networks.steps import batch_of, networks, our_step
from neuroclass.snn import Statistics
from neuroclass.snn.engine import ForwardSettings, engine_for

__all__ = ["measure_limit"]

NAME = "784-400 feedback"


def measure_limit(n_rounds: int) -> dict[str, object]:
    """Return CPU seconds by part, and the events of each stage by neuron and step."""
    torch.set_num_threads(1)
    model, shape = networks()[NAME]
    network = model.network
    rule = network.rule
    assert isinstance(rule, Spide)
    x, labels = batch_of(NAME, shape)
    flat = model.as_input(x)
    topology = network.topology
    tensors = [(c.weight.detach(), c.bias) for c in topology.connections]
    engine = engine_for("auto", topology, flat)
    settings = ForwardSettings(n_steps=network.steps)
    back = rule.backward_settings(network.neuron)
    seconds: dict[str, list[float]] = {"step": [], "forward": [], "backward": []}
    with torch.no_grad():
        stage = engine.forward(flat, tensors, settings)
    error = _error(model, stage.rates[0], labels) * rule.scale
    for k in range(n_rounds + 2):
        started = time.process_time()
        our_step(model, x, labels, "auto")
        whole = time.process_time()
        with torch.no_grad():
            stage = engine.forward(flat, tensors, settings)
            ahead = time.process_time()
            engine.backward(stage, error, tensors, back)
        done = time.process_time()
        if k >= 2:
            seconds["step"].append(whole - started)
            seconds["forward"].append(ahead - whole)
            seconds["backward"].append(done - ahead)
    statistics = Statistics()
    loss = torch.nn.functional.cross_entropy(model(x, statistics=statistics), labels)
    torch.autograd.backward(loss)
    return {
        **seconds,
        "spikes": statistics.forward_rates[0],
        "changes": _changes(model, flat),
        "pairs": statistics.backward_rates[0],
    }


def _error(model: torch.nn.Module, rate: Tensor, labels: Tensor) -> Tensor:
    rate = rate.detach().clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(model.classifier(rate), labels)
    return torch.autograd.grad(loss, rate)[0]


def _changes(model: torch.nn.Module, x: Tensor) -> float:
    """Return how often a neuron does what the first step does not tell."""
    steps: list[Tensor] = []
    model.network.simulate(x, on_step=lambda _, spikes: steps.append(spikes[0].clone()))
    # From rest, half of the reset is the threshold: who fires first fires mostly.
    return float(sum((s != steps[0]).float().mean() for s in steps) / len(steps))
