"""Time of a SPIDE training step against the formulas written as they stand.

Input: how often. Output: seconds of a step of the plain loop, of the torch engine and
of the automatic one, in turn. The plain loop allocates a tensor per operation and step,
and uses no event.
"""

import time
from collections.abc import Callable
from functools import partial

# Before torch, whose threads it tells not to spin for long.
from neuroclass.snn import Spide, SpikingClassifier  # isort: skip
from neuroclass.snn.models import alexnet_f, lenet, recurrent_dense  # isort: skip

import torch
from torch import Tensor

from neuroclass.snn.components import integrate_and_fire, integrate_and_fire_pair

__all__ = ["ENGINES", "batch_of", "measure_steps", "networks"]

ENGINES = ("plain", "torch", "auto")


def networks() -> dict[str, tuple[SpikingClassifier, tuple[int, ...]]]:
    return {
        "784-400 feedback": (
            recurrent_dense(random_state=0, dropout=0.0),
            (128, 1, 28, 28),
        ),
        "LeNet": (lenet(random_state=0, dropout=0.0), (64, 1, 28, 28)),
        "AlexNet-F": (
            alexnet_f(random_state=0, dropout=0.0, rule=Spide(steps=50, scale=400.0)),
            (16, 3, 32, 32),
        ),
    }


def plain_step(model: SpikingClassifier, x: Tensor, labels: Tensor) -> list[Tensor]:
    """Write both stages as their equations stand; return the gradients."""
    network = model.network
    neuron, rule = network.neuron, network.rule
    assert isinstance(rule, Spide)
    links = list(network.layers)
    feedback = network.feedback
    n_layers = len(links)
    with torch.no_grad():
        x = model.as_input(x)
        weights = [link.weight for link in links]
        back = None if feedback is None else feedback.weight
        shapes = []
        sample = tuple(x.shape[1:])
        for link in links:
            sample = link.output_shape(sample)
            shapes.append(sample)
        constant = links[0].current(x, weights[0], links[0].bias, shapes[0])
        potentials = [x.new_zeros(len(x), *shape) for shape in shapes]
        counts = [x.new_zeros(len(x), *shape) for shape in shapes]
        spikes: list[Tensor] = []
        for _ in range(network.steps):
            before, spikes = spikes, []
            for i, link in enumerate(links):
                if i == 0:
                    current = constant
                    if feedback is not None and before:
                        current = current + feedback.current(
                            before[-1], back, None, shapes[0]
                        )
                else:
                    current = link.current(spikes[-1], weights[i], link.bias, shapes[i])
                s, potentials[i] = integrate_and_fire(
                    current, potentials[i], neuron.v_th, neuron.reset
                )
                counts[i] = counts[i] + s
                spikes.append(s)
        rates = [count / network.steps for count in counts]
        masks = [
            ((count > 0) & (count < network.steps)).to(x.dtype) for count in counts
        ]
    readout = rates[-1].flatten(1).requires_grad_()
    loss = torch.nn.functional.cross_entropy(model.classifier(readout), labels)
    error = torch.autograd.grad(loss, readout)[0]
    with torch.no_grad():
        error = error.view(len(x), *shapes[-1]) * rule.scale
        potentials = [torch.zeros_like(rate) for rate in rates]
        totals = [torch.zeros_like(rate) for rate in rates]
        outputs: list[Tensor | None] = [None] * n_layers
        for _ in range(rule.steps):
            for i in reversed(range(n_layers)):
                if i == n_layers - 1:
                    current = error
                    sender = outputs[0]
                    if feedback is not None and sender is not None:
                        current = (
                            error
                            + feedback.send_back(masks[0] * sender, back, shapes[-1])
                            / neuron.reset
                        )
                else:
                    sent = outputs[i + 1]
                    assert sent is not None
                    current = (
                        links[i + 1].send_back(
                            masks[i + 1] * sent, weights[i + 1], shapes[i]
                        )
                        / neuron.reset
                    )
                z, potentials[i] = integrate_and_fire_pair(
                    current, potentials[i], rule.v_th, rule.reset
                )
                totals[i] = totals[i] + z
                outputs[i] = z
        deltas = [
            mask * total / rule.steps / neuron.reset
            for mask, total in zip(masks, totals, strict=True)
        ]
        gradients = []
        for i, link in enumerate(links):
            if weights[i] is not None:
                sent = x if i == 0 else rates[i - 1]
                gradients.append(link.weight_gradient(deltas[i], sent, weights[i]))
                gradients.append(link.bias_gradient(deltas[i]))
        if feedback is not None:
            gradients.append(feedback.weight_gradient(deltas[0], rates[-1], back))
    return gradients


def our_step(model: SpikingClassifier, x: Tensor, labels: Tensor, backend: str) -> None:
    """Run both stages; leave the gradients in the parameters."""
    model.network.backend = backend
    model.zero_grad()
    torch.autograd.backward(torch.nn.functional.cross_entropy(model(x), labels))


def batch_of(name: str, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Return images and labels."""
    torch.manual_seed(0)
    # As dark as digits are: a fifth of the pixels carry most of the light.
    dark = (torch.rand(shape) ** 3 - 0.13) / 0.31
    x = torch.randn(shape) if name == "AlexNet-F" else dark
    return x, torch.arange(len(x)) % 10


def measure_steps(n_threads: int, rounds: dict[str, int]) -> list[dict[str, object]]:
    """Return for each network the seconds of steps: of CPU on one thread, else wall.

    Parameters
    ----------
    n_threads : int
        Threads of torch and of our kernels.
    rounds : dict
        Steps of each engine, by network; networks that are not named are left out.
    """
    torch.set_num_threads(n_threads)
    clock = time.process_time if n_threads == 1 else time.perf_counter
    rows: list[dict[str, object]] = []
    for name, (model, shape) in networks().items():
        if name not in rounds:
            continue
        x, labels = batch_of(name, shape)
        steps: dict[str, Callable[[], object]] = {
            "plain": partial(plain_step, model, x, labels),
            "torch": partial(our_step, model, x, labels, "torch"),
            "auto": partial(our_step, model, x, labels, "auto"),
        }
        for step in steps.values():
            step()  # compile, and fill caches
        seconds: dict[str, list[float]] = {engine: [] for engine in steps}
        for _ in range(rounds[name]):
            for engine, step in steps.items():
                # Threads of torch spin for milliseconds after the steps of another.
                step()
                started = clock()
                step()
                seconds[engine].append(clock() - started)
        rows.append({"network": name, "threads": n_threads, **seconds})
    return rows
