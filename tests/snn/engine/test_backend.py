"""Choice of the engine: what runs where, and what is loaded for it."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn import Conv2d, FeedbackSNN, Linear, Spide  # noqa: E402
from neuroclass.snn.engine import (  # noqa: E402
    EventEngine,
    ForwardSettings,
    TorchEngine,
    engine_for,
)


def test_the_engine_of_a_call_is_chosen_by_backend_and_layers():
    pytest.importorskip("numba", reason="needs `pip install neuroclass[fast]`")
    topology = FeedbackSNN([Linear(3, 4)]).topology
    x = torch.rand(2, 3)
    assert engine_for("torch", topology, x) == TorchEngine(topology)
    assert engine_for("auto", topology, x) == EventEngine(topology)
    assert isinstance(engine_for("event", topology, x), EventEngine)
    dilated = FeedbackSNN([Conv2d(1, 2, 3, dilation=2)]).topology
    x = torch.rand(2, 1, 7, 7)
    assert isinstance(engine_for("auto", dilated, x), TorchEngine)
    with pytest.raises(ValueError, match="backend must be 'auto' or 'torch' on a GPU"):
        engine_for("event", dilated, x)


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="backend must be one of auto, torch, event"):
        FeedbackSNN([Linear(2, 2)], backend="cuda")


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


NETWORK = """
import sys, torch
from neuroclass.snn import FeedbackSNN, Linear
torch.manual_seed(0)
torch.set_num_threads(1)
layer = Linear(5, 8)
torch.nn.init.constant_(layer.bias, 0.25)
network = FeedbackSNN([layer], Linear(8, 8, bias=False), backend=BACKEND)
for parameter in network.parameters():
    parameter.data = (parameter.data * 64).round() / 64
rate = network(torch.randint(0, 65, (4, 5)) / 32)
rate.sum().backward()
gradients = [p.grad.abs().sum().item() for p in network.parameters()]
print("numba" in sys.modules, rate.sum().item(), *gradients)
"""


def test_numba_is_loaded_by_the_kernels_alone():
    pytest.importorskip("numba", reason="needs `pip install neuroclass[fast]`")
    plain = run(NETWORK.replace("BACKEND", repr("torch")))
    event = run(NETWORK.replace("BACKEND", repr("event")))
    assert (plain[0], event[0]) == ("False", "True")
    values = [[float(value) for value in each[1:]] for each in (plain, event)]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


WITHOUT_NUMBA = """
import importlib.util as u
find = u.find_spec
u.find_spec = lambda name, *a: None if name == "numba" else find(name, *a)
"""


def test_without_numba_the_numbers_are_those_of_plain_torch():
    plain = run(NETWORK.replace("BACKEND", repr("torch")))
    without = run(WITHOUT_NUMBA + NETWORK.replace("BACKEND", repr("auto")))
    assert without == plain
    code = WITHOUT_NUMBA + (
        "from neuroclass.snn import FeedbackSNN, Linear\n"
        "try:\n    FeedbackSNN([Linear(2, 2)], backend='event')\n"
        "except ImportError as error:\n    print(error)"
    )
    assert " ".join(run(code)).endswith("pip install neuroclass[fast]")


def test_objects_say_what_they_hold():
    network = FeedbackSNN([Linear(3, 4)], rule=Spide(steps=7))
    assert "rule=Spide(steps=7, " in repr(network)
    x = torch.rand(2, 3)
    stage = network.simulate(x)
    assert repr(stage) == "ForwardStage(2 samples, 30 steps, layers of shape [(4,)])"
    engine = TorchEngine(network.topology)
    tensors = [(c.weight.detach(), c.bias) for c in network.topology.connections]
    settings = Spide(steps=7).backward_settings(network.neuron)
    backward = engine.backward(stage, stage.rates[0], tensors, settings)
    assert repr(backward) == "BackwardStage(2 samples, layers of shape [(4,)])"
    same = engine.forward(x, tensors, ForwardSettings(n_steps=30))
    assert torch.equal(same.rates[0], stage.rates[0])
