"""Recurrent networks of other packages, for benchmarks.papers.rules.

`PEERS` maps the name of each package that is installed to a function that builds its
network: a dense layer into a recurrent one, and a classifier on the average of its
spikes, which takes (input, number of steps).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["PEERS"]

PEERS: dict[str, Callable[[int, int, int], nn.Module]] = {}

try:
    import snntorch
except ImportError:
    snntorch = None
try:
    from spikingjelly.activation_based import functional, layer, neuron, surrogate
except ImportError:
    neuron = None
try:
    import norse.torch as norse
except ImportError:
    norse = None


class Peer(nn.Module):
    """Constant input into a recurrent layer, and a classifier on its average spikes."""

    def __init__(self, hidden: int, n_classes: int) -> None:
        super().__init__()
        self.steps = 30
        self.classifier = nn.Linear(hidden, n_classes)

    def forward(self, x: Tensor, steps: int) -> Tensor:
        total, state = None, self.begin(x)
        for _ in range(steps):
            spikes, state = self.advance(x, state)
            total = spikes if total is None else total + spikes
        scores: Tensor = self.classifier(total / steps)
        return scores

    def begin(self, x: Tensor) -> Any:
        return None

    def advance(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        raise NotImplementedError


class Snntorch(Peer):
    """RLeaky with subtractive reset."""

    def __init__(self, n_inputs: int, hidden: int, n_classes: int) -> None:
        super().__init__(hidden, n_classes)
        self.input = nn.Linear(n_inputs, hidden)
        self.cell = snntorch.RLeaky(beta=0.95, linear_features=hidden)

    def begin(self, x: Tensor) -> Any:
        self.current = self.input(x)
        return self.cell.reset_mem()

    def advance(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        spikes, potential = self.cell(self.current, *state)
        return spikes, (spikes, potential)


class Spikingjelly(Peer):
    """IFNode with soft reset in a LinearRecurrentContainer."""

    def __init__(self, n_inputs: int, hidden: int, n_classes: int) -> None:
        super().__init__(hidden, n_classes)
        self.input = nn.Linear(n_inputs, hidden)
        node = neuron.IFNode(v_reset=None, surrogate_function=surrogate.ATan())
        self.cell = layer.LinearRecurrentContainer(node, hidden, hidden)

    def begin(self, x: Tensor) -> Any:
        functional.reset_net(self.cell)
        self.current = self.input(x)

    def advance(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        return self.cell(self.current), None


class Norse(Peer):
    """LIFRecurrentCell."""

    def __init__(self, n_inputs: int, hidden: int, n_classes: int) -> None:
        super().__init__(hidden, n_classes)
        self.cell = norse.LIFRecurrentCell(n_inputs, hidden)

    def advance(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        spikes, state = self.cell(x, state)
        return spikes, state


if snntorch is not None:
    PEERS[f"snntorch {snntorch.__version__}"] = Snntorch
if neuron is not None:
    PEERS["spikingjelly"] = Spikingjelly
if norse is not None:
    PEERS["norse"] = Norse


def _check() -> None:
    for name, build in PEERS.items():
        print(name, build(6, 8, 3)(torch.rand(2, 6), 5).shape)


if __name__ == "__main__":
    _check()
