"""Learning rules side by side: one network, one dataset, one optimiser, some seeds.

    python -m benchmarks.papers.rules [--data FOLDER] [--dataset mnist] [--images N]

Prints accuracy by epoch, CPU seconds, spikes and operations of SPIDE, IDE, the exact
implicit gradient, backpropagation through time with a surrogate gradient, and
backpropagation through the rates, all from the same initial weights, and the peak
memory of a step against the number of steps. All but IDE have neurons with the modified
reset; all are tested as spiking networks. snntorch, spikingjelly and norse follow where
they are installed: recurrent layers of as many neurons, with their own neurons, initial
weights and surrogate gradients.
"""

import argparse
import ctypes
import gc
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.papers import peers
from neuroclass.snn import (
    IF,
    Dataset,
    Ide,
    Spide,
    SpikingClassifier,
    build_classifier,
    energy_table,
    load_dataset,
)
from neuroclass.snn.learning import rate_map

STEPS = 30
TURNS = 10
BATCH = 128
MEMORY_STEPS = (10, 30, 100, 300)


class AtanSpike(torch.autograd.Function):
    """A spike whose derivative is that of an arctangent around the threshold."""

    @staticmethod
    def forward(ctx: Any, above: Tensor) -> Tensor:
        """Return 1 where the potential reaches the threshold."""
        ctx.save_for_backward(above)
        return (above >= 0).to(above.dtype)

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> Tensor:
        """Return the error times the surrogate derivative."""
        (above,) = ctx.saved_tensors
        return error / (1 + (math.pi * above) ** 2)


def surrogate_rate(model: SpikingClassifier, x: Tensor) -> Tensor:
    """Return the average rate of the last layer, every step kept for autograd."""
    network = model.network
    neuron, links = network.neuron, list(network.layers)
    feedback = network.feedback.weight
    constant = nn.functional.linear(x, links[0].weight, links[0].bias)
    potentials = [x.new_zeros(len(x), link.out_features) for link in links]
    spikes = [torch.zeros_like(potential) for potential in potentials]
    total = torch.zeros_like(spikes[-1])
    for _ in range(network.steps):
        returned = nn.functional.linear(spikes[-1], feedback)
        for k, link in enumerate(links):
            current = constant if k == 0 else link(spikes[k - 1])
            if k == 0:
                current = current + returned
            potential = potentials[k] + current
            spikes[k] = AtanSpike.apply(potential - neuron.v_th)
            potentials[k] = potential - neuron.reset * spikes[k]
        total = total + spikes[-1]
    return total / network.steps


def mean_rate(model: SpikingClassifier, x: Tensor) -> Tensor:
    """Return the rate of the last layer after some turns around the loop."""
    network = model.network
    topology = network.topology
    tensors = [(c.weight, c.bias) for c in topology.connections]
    loop = x.new_zeros(len(x), network.layers[-1].out_features)
    for _ in range(TURNS):
        loop = rate_map(topology, x, tensors, loop)[-1]
    return loop


def spiking_rate(model: SpikingClassifier, x: Tensor) -> Tensor:
    rate: Tensor = model.network(x)
    return rate


RULES: dict[str, tuple[Any, IF, Callable[..., Tensor]]] = {
    "SPIDE": (Spide(steps=100), IF(), spiking_rate),
    "IDE (Broyden)": (Ide(), IF(v_th=2.0, u_rest=0.0), spiking_rate),
    "exact implicit": (Ide(solver="exact"), IF(), spiking_rate),
    "BPTT, surrogate": (Spide(scale=1.0), IF(), surrogate_rate),
    f"rates, {TURNS} turns": (Spide(scale=1.0), IF(), mean_rate),
}


def build(name: str, dataset: Dataset, hidden: int, seed: int) -> Any:
    """Return a model and the function from model and input to its scores."""
    if name in peers.PEERS:
        torch.manual_seed(seed)
        n_inputs = math.prod(dataset.image_shape)
        model = peers.PEERS[name](n_inputs, hidden, dataset.n_classes)
        return model, lambda model, x: model(x, model.steps)
    rule, neuron, rate = RULES[name]
    model = build_classifier(
        "recurrent-dense",
        dataset.image_shape,
        dataset.n_classes,
        hidden=hidden,
        steps=STEPS,
        dropout=0.0,
        random_state=seed,
    )
    model.network.rule, model.network.neuron = rule, neuron
    return model, lambda model, x: model.classifier(rate(model, x))


def fit(name: str, dataset: Dataset, args: argparse.Namespace, seed: int) -> Any:
    """Train; return the model, accuracies and CPU seconds of each epoch."""
    model, scores = build(name, dataset, args.hidden, seed)
    optimizer = torch.optim.Adam(model.parameters(), args.lr)
    generator = torch.Generator().manual_seed(seed)
    accuracies, seconds = [], []
    for _ in range(args.epochs):
        started = time.process_time()
        order = torch.randperm(len(dataset.train), generator=generator)
        for start in range(0, len(order), BATCH):
            indices = order[start : start + BATCH]
            x = dataset.train.batch(indices).flatten(1)
            labels = dataset.train_labels[indices]
            loss = nn.functional.cross_entropy(scores(model, x), labels)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        seconds.append(time.process_time() - started)
        accuracies.append(accuracy(model, dataset))
    return model, accuracies, seconds


def accuracy(model: Any, dataset: Dataset) -> float:
    """Return the share of test images that the spiking network classifies rightly."""
    correct = 0
    for start in range(0, len(dataset.test), BATCH):
        stop = min(start + BATCH, len(dataset.test))
        indices = torch.arange(start, stop)
        x = dataset.test.batch(indices)
        with torch.no_grad():
            if isinstance(model, SpikingClassifier):
                scores = model(x)
            else:
                scores = model(x.flatten(1), model.steps)
        correct += int((scores.argmax(1) == dataset.test_labels[indices]).sum())
    return 100 * correct / len(dataset.test)


def operations(name: str, model: Any, dataset: Dataset) -> tuple[float, float, float]:
    """Return spikes per neuron and step, operations forward, operations backward.

    Accumulations of one sample, or multiplications with accumulation where errors are
    no spikes; those that bring the error back, without the weight gradients.
    """
    if name in peers.PEERS:
        return math.nan, math.nan, math.nan
    indices = torch.arange(BATCH)
    x, labels = dataset.test.batch(indices), dataset.test_labels[indices]
    table = energy_table(model, x, labels)
    back = sum(table.backward_operations)
    n_back = model.network.feedback.weight.numel()
    if name.startswith("BPTT"):
        back = float(STEPS * n_back)
    elif name.startswith("rates"):
        back = float(TURNS * n_back)
    elif name.startswith("IDE"):
        back = float(count_products(model, x, labels) * n_back)
    elif name.startswith("exact"):
        back = math.nan
    return table.forward_rate, sum(table.forward_operations), back


def count_products(model: SpikingClassifier, x: Tensor, labels: Tensor) -> int:
    """Return how often a step of IDE multiplies by the transposed feedback."""
    feedback = model.network.feedback
    original, calls = feedback.send_back, []

    def counted(*arguments: Any) -> Tensor:
        calls.append(1)
        returned: Tensor = original(*arguments)
        return returned

    feedback.send_back = counted
    torch.autograd.backward(nn.functional.cross_entropy(model(x), labels))
    del feedback.send_back
    return len(calls)


def peak_memory(name: str, dataset: Dataset, hidden: int, steps: int) -> float:
    """Return the megabytes that a training step takes beside what is there before."""
    model, scores = build(name, dataset, hidden, 0)
    (model if name in peers.PEERS else model.network).steps = steps
    x = torch.rand(1024, math.prod(dataset.image_shape))
    labels = torch.arange(len(x)) % dataset.n_classes

    def step(n: int) -> None:
        loss = nn.functional.cross_entropy(scores(model, x[:n]), labels[:n])
        torch.autograd.backward(loss)

    step(2)  # compile
    gc.collect()
    before = _peak(reset=True)
    step(len(x))
    return _peak() - before


def _peak(*, reset: bool = False) -> float:
    """Return the largest resident memory since the last reset, megabytes (Linux)."""
    if reset:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 1 << 16)  # what is larger goes back to the system when freed
        libc.malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--images", type=int, help="training images to take")
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rules", default="", help="names between semicolons")
    parser.add_argument("--no-memory", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    dataset = load_dataset(args.dataset, args.data)
    if args.images:
        dataset = subset(dataset, args.images)
    names = args.rules.split(";") if args.rules else [*RULES, *peers.PEERS]
    shown = sorted({1, 2, 5, 10, args.epochs} & set(range(1, args.epochs + 1)))
    heads = [
        *(f"test % after {n}" for n in shown),
        "CPU s an epoch",
        "spikes",
        "forward",
        "backward",
    ]
    print("|", " | ".join([f"{args.dataset}, {args.hidden} hidden", *heads]), "|")
    print("|---" * (len(heads) + 1) + "|")
    for name in names:
        runs = [fit(name, dataset, args, seed) for seed in range(args.seeds)]
        cells = [
            _spread([accuracies[n - 1] for _, accuracies, _ in runs], 2) for n in shown
        ]
        # The first epoch compiles.
        cells.append(_spread([statistics.median(t) for *_, t in runs], 2))
        counted = [operations(name, model, dataset) for model, *_ in runs]
        for column, digits in zip(zip(*counted, strict=True), (3, 0, 0), strict=True):
            cells.append(_spread(column, digits))
        print("|", " | ".join([name, *cells]), "|", flush=True)
    if args.no_memory:
        return
    print("\n| MB of a step, 1024 samples |", *(f"{n} steps |" for n in MEMORY_STEPS))
    print("|---" * (len(MEMORY_STEPS) + 1) + "|")
    for name in names:
        values = [peak_memory(name, dataset, args.hidden, n) for n in MEMORY_STEPS]
        print("|", " | ".join([name, *(f"{v:.0f}" for v in values)]), "|", flush=True)


def subset(dataset: Dataset, n_images: int) -> Dataset:
    """Return a dataset with some of its training images, drawn once."""
    generator = torch.Generator().manual_seed(0)
    kept = torch.randperm(len(dataset.train), generator=generator)[:n_images]
    images = dataset.train
    train = type(images)(images.values[kept], images.mean, images.deviation)
    return Dataset(
        dataset.name,
        train,
        dataset.train_labels[kept],
        dataset.test,
        dataset.test_labels,
        dataset.n_classes,
        dataset.image_shape,
    )


def _spread(values: Any, digits: int) -> str:
    if any(math.isnan(value) for value in values):
        return ""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):,.{digits}f} ± {deviation:,.{digits}f}"


if __name__ == "__main__":
    main()
