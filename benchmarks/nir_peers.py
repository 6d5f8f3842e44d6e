"""What other packages make of a NIR graph: spike counts beside those of the network.

    python benchmarks/nir_peers.py

Two dense layers, 12-16-8, weights at random, 100 steps of constant input, 32 samples;
each graph written with the step of time that the reader expects. Prints, for each
package that is installed, the fraction of neurons of the last layer with the same
number of spikes, and the mean difference of the rates over the mean rate.
"""

import contextlib
import importlib.metadata
import io
import warnings
from collections.abc import Callable
from typing import Any

import torch

from neuroclass.snn import IF, LIF, FeedbackSNN, Linear, to_nir

STEPS = 100
NEURONS: dict[str, IF | LIF] = {
    "IF, subtractive": IF(v_th=1.0, u_rest=0.0),
    "IF, modified": IF(v_th=1.0),
    "LIF, subtractive": LIF(v_th=1.0, leak=0.95, u_rest=0.0),
}


def network_of(neuron: IF | LIF) -> FeedbackSNN:
    torch.manual_seed(0)
    layers = [Linear(12, 16), Linear(16, 8)]
    with torch.no_grad():
        for layer in layers:
            layer.bias.uniform_(0.0, 0.2)
    return FeedbackSNN(layers, neuron=neuron, steps=STEPS)


def by_snntorch(graph: Any) -> Any:
    from snntorch.import_nir import import_from_nir  # noqa: PLC0415

    with contextlib.redirect_stdout(io.StringIO()):
        return import_from_nir(graph)


def by_snntorch_mended(graph: Any) -> Any:
    """Set what the graph says: no leak of IF neurons, a reset that subtracts."""
    from snntorch import Leaky  # noqa: PLC0415

    module = by_snntorch(graph)
    is_if = any(type(node).__name__ == "IF" for node in graph.nodes.values())
    for part in module.modules():
        if isinstance(part, Leaky):
            part.reset_mechanism = "subtract"
            if is_if:
                part.beta = torch.tensor(1.0)
                part.init_hidden = True
                part.mem = part.reset_mem()
    return module


def by_norse(graph: Any, *, subtracts: bool = False) -> Any:
    from norse.torch import from_nir  # noqa: PLC0415
    from norse.torch.functional import reset  # noqa: PLC0415

    chosen = reset.reset_subtract if subtracts else reset.reset_value
    return from_nir(graph, ignore_warnings=True, reset_method=chosen)


def by_norse_mended(graph: Any) -> Any:
    """Multiply the currents by the resistance, which is left out."""
    module = by_norse(graph, subtracts=True)
    (resistance,) = {
        float(node.r.flat[0]) for node in graph.nodes.values() if hasattr(node, "r")
    }
    for part in module.modules():
        if isinstance(part, torch.nn.Linear):
            part.weight.data *= resistance
            part.bias.data *= resistance
    return module


def by_spikingjelly(graph: Any) -> Any:
    from spikingjelly.activation_based import nir_exchange  # noqa: PLC0415

    return nir_exchange.import_from_nir(graph, dt=1e-4)


def main() -> None:
    warnings.simplefilter("ignore")
    ways: dict[str, tuple[str, float, Callable[[Any], Any]]] = {
        "snntorch, IF, as loaded": ("snntorch", 1.0, by_snntorch),
        "snntorch, IF, mended": ("snntorch", 1.0, by_snntorch_mended),
        "snntorch, LIF, as loaded": ("snntorch", 1e-4, by_snntorch),
        "snntorch, LIF, mended": ("snntorch", 1e-4, by_snntorch_mended),
        "norse, IF, as loaded": ("norse", 1e-3, by_norse),
        "norse, LIF, as loaded": ("norse", 1e-3, by_norse),
        "norse, LIF, mended": ("norse", 1e-3, by_norse_mended),
        "spikingjelly, IF, as loaded": ("spikingjelly", 1e-4, by_spikingjelly),
        "spikingjelly, LIF, as loaded": ("spikingjelly", 1e-4, by_spikingjelly),
    }
    torch.manual_seed(1)
    x = torch.rand(32, 12)
    for kind, neuron in NEURONS.items():
        network = network_of(neuron).eval()
        own = network.simulate(x).counts[-1]
        for name, (package, dt, load) in ways.items():
            if kind.split(",")[0] not in name.split(", "):
                continue
            try:
                version = importlib.metadata.version(package)
            except importlib.metadata.PackageNotFoundError:
                continue
            try:
                module = load(to_nir(network, (12,), dt=dt))
                total, state = torch.zeros_like(own), None
                with torch.no_grad():
                    for _ in range(STEPS):
                        returned = module(x) if state is None else module(x, state)
                        spikes, state = (
                            returned
                            if isinstance(returned, tuple)
                            else (returned, None)
                        )
                        total += spikes
            except Exception as error:  # what a user would see
                print(
                    f"{kind:18s} {name:29s} {version}: {type(error).__name__} {error}"
                )
                continue
            same = (total == own).double().mean().item()
            apart = ((total - own).abs().mean() / own.mean()).item()
            print(
                f"{kind:18s} {name:29s} {version}: {100 * same:.0f} % the same, "
                f"rates {100 * apart:.1f} % apart"
            )


if __name__ == "__main__":
    main()
