"""Networks rebuilt from the reference files."""

import itertools
from pathlib import Path

import numpy as np
import pytest

try:
    import torch

    from neuroclass.snn import (
        IF,
        LIF,
        Conv2d,
        ConvTranspose2d,
        FeedbackSNN,
        Ide,
        Linear,
        Spide,
    )
except ImportError:  # each test file skips itself, and says what would install it
    torch = None

REFERENCE = Path(__file__).parent / "reference"


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def load_reference(name):
    with np.load(REFERENCE / f"{name}.npz", allow_pickle=False) as file:
        return {
            key: torch.from_numpy(np.atleast_1d(file[key])).reshape(file[key].shape)
            if file[key].dtype.kind in "fi"
            else str(file[key])
            for key in file.files
        }


def network_of(reference, n_layers, backward_steps):
    """Build the network of a SPIDE reference file."""
    fields = reference
    strides = fields.get("strides")
    names = ["x", *[f"s{i}" for i in range(n_layers)]]
    connections = []
    for index, name in enumerate(names):
        weight, bias = fields[f"W_{name}"], fields.get(f"b_{name}")
        if weight.ndim == 2:
            layer = Linear(weight.shape[1], weight.shape[0], bias is not None)
        else:
            kind = ConvTranspose2d if index == n_layers else Conv2d
            n_out, n_in = weight.shape[:2]
            if kind is ConvTranspose2d:
                n_in, n_out = n_out, n_in
            layer = kind(
                n_in,
                n_out,
                weight.shape[2],
                int(strides[index]),
                int(fields["pads"][index]),
                bias=bias is not None,
            )
        with torch.no_grad():
            layer.weight.copy_(weight)
            if bias is not None:
                layer.bias.copy_(bias)
        connections.append(layer)
    v_th, u_rest, leak = (float(fields[key]) for key in ("vth", "u_rest", "leak"))
    neuron = IF(v_th, u_rest) if leak < 0 else LIF(v_th, leak=leak, u_rest=u_rest)
    return FeedbackSNN(
        connections[:-1],
        connections[-1],
        neuron,
        int(fields["T_F"]),
        readout=n_layers - int(fields["fb_num"]),
        rule=Spide(
            steps=backward_steps,
            neuron=fields["backward_neuron"],
            v_th=float(fields["vth_back"]),
            u_rest=float(fields["u_rest_back"]),
            scale=1.0,
        ),
    )


@pytest.fixture
def reference():
    return load_reference


@pytest.fixture
def reference_network():
    return network_of


@pytest.fixture
def ide_network(reference):
    """Build the network of the IDE reference file, with a solver."""
    fields = reference("f_ide_fc1_if")

    def build(**settings):
        link = Linear(6, 8)
        feedback = Linear(8, 8, bias=False)
        with torch.no_grad():
            link.weight.copy_(fields["W_x"])
            link.bias.copy_(fields["b_x"])
            feedback.weight.copy_(fields["W_s0"])
        return FeedbackSNN(
            [link],
            feedback,
            IF(v_th=float(fields["vth"]), u_rest=0.0),
            int(fields["T_F"]),
            rule=Ide(**settings),
        )

    return build


def build_dense(sizes, *, seed=0, strength=0.3, connection=None, **options):
    """Build dense layers with a feedback of bounded strength."""
    torch.manual_seed(seed)
    shared = connection or {}
    layers = [Linear(a, b, **shared) for a, b in itertools.pairwise(sizes)]
    source = options.get("source", -1) % len(layers)
    target = options.get("target", 0)
    feedback = Linear(sizes[source + 1], sizes[target + 1], bias=False)
    with torch.no_grad():
        for layer in [*layers, feedback]:
            norm = torch.linalg.matrix_norm(layer.weight, 2)
            layer.weight.mul_((2.5 if layer is not feedback else strength * 2) / norm)
        for layer in layers:
            if layer.bias is not None:
                layer.bias.uniform_(0, 0.4)
    return FeedbackSNN(layers, feedback, **options)


@pytest.fixture
def dense_network():
    return build_dense


def pytest_collection_modifyitems(items):
    # Errors that tests make up are of any size; the tests of regimes expect warnings.
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for text in ("an error arrives", "no neuron of layer", ".*at their bound"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{text}"))
