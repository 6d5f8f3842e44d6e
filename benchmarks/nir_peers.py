"""What other packages make of a NIR graph: spike counts beside those of the network.

    python benchmarks/nir_peers.py

Two dense layers, 12-16-8, weights at random, 100 steps of constant input, 32 samples;
each graph written with the step of time that the reader expects. Prints, for each
package that is installed, the fraction of neurons of the last layer with the same
number of spikes, and the mean difference of the rates over the mean rate. Then the same
of networks of snntorch and sinabs that `from_nir` reads.
"""

import contextlib
import importlib.metadata
import io
import warnings
from collections.abc import Callable
from typing import Any

import torch

from neuroclass.snn import IF, LIF, FeedbackSNN, Linear, from_nir, to_nir

STEPS = 100
N_SAMPLES = 32
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


def by_sinabs(graph: Any) -> Any:
    """Return a function of the input and its counts: sinabs takes all steps at once."""
    from sinabs.nir import from_nir as read  # noqa: PLC0415

    return read(graph, batch_size=N_SAMPLES)


def by_sinabs_mended(graph: Any) -> Any:
    """Let neurons fire once a step at most, and potentials fall as far as they do."""
    import sinabs.layers as layers  # noqa: PLC0415
    from sinabs.activation import SingleSpike  # noqa: PLC0415

    module = by_sinabs(graph)
    for part in module.modules():
        if isinstance(part, layers.StatefulLayer):
            part.spike_fn, part.min_v_mem = SingleSpike, None
    return module


def counts_of(
    module: Any, x: torch.Tensor, *, at_once: bool = False, passes_state: bool = True
) -> torch.Tensor:
    """Return the spikes of the last layer in all steps of a constant input."""
    with torch.no_grad():
        if at_once:
            out = module(x.repeat_interleave(STEPS, 0))
            spikes = out[0] if isinstance(out, tuple) else out
            return spikes.view(len(x), STEPS, -1).sum(1)
        total, state = torch.zeros(()), None
        for _ in range(STEPS):
            out = module(x) if state is None else module(x, state)
            spikes, state = out if isinstance(out, tuple) else (out, None)
            state = state if passes_state else None
            total = total + spikes
    return total


def compared(total: torch.Tensor, own: torch.Tensor) -> str:
    same = (total == own).double().mean().item()
    apart = ((total - own).abs().mean() / own.mean()).item()
    return f"{100 * same:.0f} % the same, rates {100 * apart:.1f} % apart"


def read_networks(x: torch.Tensor) -> None:
    """Print how networks of others that `from_nir` reads compare with themselves."""
    # The packages pin different versions of nirtorch: one of them at a time.
    with contextlib.suppress(ImportError, AttributeError, TypeError, ValueError):
        import snntorch  # noqa: PLC0415
        from snntorch.export_nir import export_to_nir  # noqa: PLC0415

        torch.manual_seed(0)
        for beta in (0.9, 0.5):
            parts: list[torch.nn.Module] = []
            for n_in, n_out in ((12, 16), (16, 8)):
                leaky = snntorch.Leaky(
                    beta=torch.full((n_out,), beta),
                    threshold=torch.ones(n_out),
                    init_hidden=True,
                    output=n_out == 8,
                )
                parts += [torch.nn.Linear(n_in, n_out), leaky]
            network = torch.nn.Sequential(*parts)
            with torch.no_grad():
                for part in parts[::2]:
                    part.weight.mul_(3)
            graph = export_to_nir(network, x[:1], ignore_dims=[0])
            for part in parts[1::2]:
                part.reset_hidden()
            expected = counts_of(network, x, passes_state=False)
            read = from_nir(graph, writer="snntorch", steps=STEPS)
            found = compared(read.eval().simulate(x).counts[-1], expected)
            version = importlib.metadata.version("snntorch")
            print(f"snntorch {version}, Leaky, beta {beta}, read by us: {found}")
    with contextlib.suppress(ImportError):
        import sinabs.layers as layers  # noqa: PLC0415
        from sinabs.activation import SingleSpike  # noqa: PLC0415
        from sinabs.nir import to_nir as write  # noqa: PLC0415

        torch.manual_seed(0)
        kinds = {
            "IAF": lambda: layers.IAFSqueeze(
                batch_size=N_SAMPLES, spike_fn=SingleSpike
            ),
            "LIF": lambda: layers.LIFSqueeze(
                tau_mem=20.0, batch_size=N_SAMPLES, spike_fn=SingleSpike
            ),
        }
        for name, build in kinds.items():
            parts = [torch.nn.Linear(12, 16), build(), torch.nn.Linear(16, 8), build()]
            network = torch.nn.Sequential(*parts)
            with torch.no_grad():
                for part in parts[::2]:
                    part.weight.mul_(3 if name == "IAF" else 30)
            graph = write(network, x.repeat_interleave(STEPS, 0))
            for part in parts[1::2]:
                part.reset_states()
            expected = counts_of(network, x, at_once=True)
            read = from_nir(graph, writer="sinabs", steps=STEPS)
            found = compared(read.eval().simulate(x).counts[-1], expected)
            version = importlib.metadata.version("sinabs")
            print(f"sinabs {version}, {name}, read by us: {found}")


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
        "sinabs, IF, as loaded": ("sinabs", 1.0, by_sinabs),
        "sinabs, LIF, as loaded": ("sinabs", 1.0, by_sinabs),
        "sinabs, IF, mended": ("sinabs", 1.0, by_sinabs_mended),
        "sinabs, LIF, mended": ("sinabs", 1.0, by_sinabs_mended),
    }
    torch.manual_seed(1)
    x = torch.rand(N_SAMPLES, 12)
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
                total = counts_of(module, x, at_once=package == "sinabs")
            except Exception as error:  # what a user would see
                print(
                    f"{kind:18s} {name:29s} {version}: {type(error).__name__} {error}"
                )
                continue
            print(f"{kind:18s} {name:29s} {version}: {compared(total, own)}")
    read_networks(x)


if __name__ == "__main__":
    main()
