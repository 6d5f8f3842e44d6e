"""Time of a SPIDE training step against the formulas written as they stand.

    python benchmarks/snn_speed.py [--threads 1] [--rounds 5] [--networks dense,...]

Runs are interleaved: plain loop, torch engine, automatic engine, again and again;
the figures are medians and the ratio of medians, and the ratio of the shortest, which
other work on the machine changes least.  The plain loop allocates a tensor
per operation and step, and uses no event.
"""

import argparse
import statistics
import time
from collections.abc import Callable

# Before torch, whose threads it tells not to spin for long.
from neuroclass.snn import Spide, SpikingClassifier  # isort: skip
from neuroclass.snn.models import alexnet_f, lenet, recurrent_dense  # isort: skip

import torch
from torch import Tensor

from neuroclass.snn.components import integrate_and_fire, integrate_and_fire_pair


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


def our_step(model: SpikingClassifier, x: Tensor, labels: Tensor) -> None:
    model.zero_grad()
    torch.autograd.backward(torch.nn.functional.cross_entropy(model(x), labels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", default="")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name, (model, shape) in networks().items():
        if args.networks and name not in args.networks.split(","):
            continue
        torch.manual_seed(0)
        # As dark as digits are: a fifth of the pixels carry most of the light.
        x = (torch.rand(shape) ** 3 - 0.13) / 0.31
        if name == "AlexNet-F":
            x = torch.randn(shape)
        labels = torch.arange(len(x)) % 10

        def with_backend(
            backend: str,
            model: SpikingClassifier = model,
            x: Tensor = x,
            labels: Tensor = labels,
        ) -> None:
            model.network.backend = backend
            our_step(model, x, labels)

        steps: dict[str, Callable[[], object]] = {
            "plain": lambda model=model, x=x, labels=labels: plain_step(
                model, x, labels
            ),
            "torch": lambda run=with_backend: run("torch"),
            "auto": lambda run=with_backend: run("auto"),
        }
        seconds: dict[str, list[float]] = {key: [] for key in steps}
        for step in steps.values():
            step()  # compile, and fill caches
        for _ in range(args.rounds):
            for key, step in steps.items():
                # Threads of torch spin for milliseconds after the steps of another.
                step()
                started = time.perf_counter()
                step()
                seconds[key].append(time.perf_counter() - started)
        best = min(seconds["plain"]) / min(seconds["auto"])
        medians = {key: statistics.median(values) for key, values in seconds.items()}
        print(
            f"{name}, {args.threads} thread(s): plain loop {medians['plain']:.3f} s, "
            f"torch {medians['torch']:.3f} s "
            f"({medians['plain'] / medians['torch']:.2f}x), "
            f"auto {medians['auto']:.3f} s "
            f"({medians['plain'] / medians['auto']:.2f}x; shortest {best:.2f}x)",
            flush=True,
        )


if __name__ == "__main__":
    main()
