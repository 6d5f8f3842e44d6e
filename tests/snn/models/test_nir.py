"""NIR: what the graph says, run as it says it, and read back."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")
nir = pytest.importorskip("nir", reason="needs `pip install neuroclass[nir]`")

from neuroclass import RecordingError  # noqa: E402
from neuroclass.snn import (  # noqa: E402
    IF,
    LIF,
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    FeedbackSNN,
    Linear,
    from_nir,
    restrict_norm,
    to_nir,
)
from neuroclass.snn.models import architectures  # noqa: E402


def spikes_of(network, x):
    steps = []
    network.simulate(
        x, on_step=lambda _, s: steps.append(torch.cat([a.flatten(1) for a in s], 1))
    )
    return torch.stack(steps)


def convolutional(neuron=None):
    torch.manual_seed(0)
    network = FeedbackSNN(
        [
            Conv2d(1, 3, 3, 2, 1),
            AvgPool2d(2),
            Conv2d(3, 4, 3, 1, 1, bias=False),
            Linear(16, 5),
        ],
        ConvTranspose2d(4, 3, 3, 2, 1, bias=False),
        neuron,
        steps=15,
        source=2,
        readout=3,
    )
    restrict_norm(network.feedback, "frobenius", 1.5)
    with torch.no_grad():
        network.layers[0].bias.fill_(0.4)
    return network, (1, 7, 7)


def dense(neuron=None):
    torch.manual_seed(0)
    network = FeedbackSNN(
        [Linear(6, 9), Linear(9, 8)], Linear(8, 9, bias=False), neuron, steps=15
    )
    return network, (6,)


def folded(neuron=None):
    torch.manual_seed(0)
    network = FeedbackSNN(
        [Conv2d(1, 2, 3), Linear(18, 7)], Linear(7, 18, bias=False), neuron, steps=15
    )
    return network, (1, 5, 5)


@pytest.mark.parametrize("build", [convolutional, dense, folded])
@pytest.mark.parametrize(
    "neuron", [IF(), IF(1.5, u_rest=-0.25), IF(2.0, u_rest=0.0), LIF(leak=0.9)]
)
def test_a_network_read_back_from_a_file_spikes_the_same(build, neuron, tmp_path):
    network, shape = build(neuron)
    path = tmp_path / "network.nir"
    nir.write(path, to_nir(network, shape))
    again = from_nir(nir.read(path, type_check=build is dense))
    x = 2 * torch.rand(4, *shape)
    spikes = spikes_of(network, x)
    assert torch.equal(spikes_of(again, x), spikes)
    assert 0.01 < spikes.mean() < 0.9
    assert again.neuron.reset == pytest.approx(neuron.reset)
    assert torch.equal(again(x).detach(), network(x).detach())


@pytest.mark.parametrize("neuron", [IF(), IF(1.5, u_rest=-0.25), LIF(leak=0.9)])
def test_the_graph_itself_says_what_the_neurons_do(neuron):
    """Run the nodes with numpy: subtractive reset, start and leak as written."""
    network, shape = dense(neuron)
    graph = to_nir(network, shape)
    x = 2 * torch.rand(3, *shape)
    potentials, spikes = {}, {}
    for name in ("layer_0", "layer_1"):
        node = graph.nodes[name]
        start = node.metadata["initial_potential"]
        potentials[name] = np.full((3, *node.v_threshold.shape), start, np.float32)
        spikes[name] = np.zeros_like(potentials[name])
    history = []
    for _ in range(network.steps):
        # One step late: the feedback reads what layer_1 sent in the step before.
        assert graph.nodes["feedback"].metadata["delay_steps"] == 1
        late = spikes["layer_1"] @ graph.nodes["feedback"].weight.T
        for name, link, sent, extra in [
            ("layer_0", "link_0", x.numpy(), late),
            ("layer_1", "link_1", None, 0),
        ]:
            node, connection = graph.nodes[name], graph.nodes[link]
            sent = spikes["layer_0"] if sent is None else sent
            u = potentials[name] + sent @ connection.weight.T + connection.bias + extra
            spikes[name] = (u >= node.v_threshold).astype(np.float32)
            u = u - node.v_threshold * spikes[name]
            if isinstance(node, nir.LIF):
                keep = np.exp(-graph.metadata["dt"] / node.tau)
                u = node.v_leak + keep * (u - node.v_leak)
            potentials[name] = u
        history.append(np.concatenate([spikes["layer_0"], spikes["layer_1"]], axis=1))
    expected = spikes_of(network, x).numpy()
    assert (np.stack(history) == expected).mean() > 0.999
    assert expected.mean() > 0.05


def test_modified_reset_is_a_threshold_of_two_and_a_start_of_one():
    graph = to_nir(*dense())
    node = graph.nodes["layer_0"]
    assert (node.v_threshold == 2).all()
    assert node.metadata["initial_potential"] == 1
    assert node.metadata["reset"] == "subtract"


def test_edges_hold_the_loop_and_the_shapes():
    graph = to_nir(*convolutional())
    assert ("layer_2", "flatten_feedback") in graph.edges
    assert ("flatten_feedback", "feedback") in graph.edges
    assert ("feedback", "layer_0") in graph.edges
    assert ("layer_2", "flatten_3") in graph.edges
    assert ("layer_3", "output") in graph.edges
    assert graph.nodes["layer_0"].v_threshold.shape == (3, 4, 4)
    assert graph.nodes["input"].input_type["input"].tolist() == [1, 7, 7]
    kernel = graph.nodes["feedback"].metadata["kernel"]
    assert np.linalg.norm(kernel) == pytest.approx(1.5, rel=1e-4)
    assert graph.nodes["feedback"].weight.shape == (48, 16)


def test_what_has_no_place_in_nir_is_refused():
    with pytest.raises(ValueError, match="at most 67108864 entries; got"):
        to_nir(architectures.alexnet_f(random_state=0).network, (3, 32, 32))
    network = FeedbackSNN([ConvTranspose2d(1, 2, 3, 2)])
    with pytest.raises(ValueError, match="for the feedback only; got ConvTranspose2d"):
        to_nir(network, (1, 5, 5))
    network = architectures.recurrent_conv((1, 8, 8), rule="ide").network
    with pytest.raises(ValueError, match="must have no batch norm"):
        to_nir(network, (1, 8, 8))


def test_graphs_of_other_tools_and_incomplete_ones_are_refused():
    graph = to_nir(*dense())
    del graph.nodes["link_1"]
    with pytest.raises(RecordingError, match="graph must hold 'link_1'"):
        from_nir(graph)
    graph.metadata = {}
    with pytest.raises(RecordingError, match="must be one that neuroclass wrote"):
        from_nir(graph)


@pytest.mark.parametrize("neuron", [IF(), LIF(leak=0.9)])
def test_time_constants_are_in_seconds(neuron):
    network, shape = dense(neuron)
    node = to_nir(network, shape, dt=2e-3).nodes["layer_0"]
    # A step of the equation of NIR moves a potential by the current itself.
    if isinstance(node, nir.IF):
        assert node.r * 2e-3 == pytest.approx(1)
    else:
        assert np.exp(-2e-3 / node.tau) == pytest.approx(0.9)
        assert node.r * 2e-3 / node.tau == pytest.approx(1)
    with pytest.raises(ValueError, match="dt must be a positive number"):
        to_nir(network, shape, dt=0)


def test_a_transposed_convolution_of_stride_1_is_a_convolution_at_any_size(tmp_path):
    torch.manual_seed(0)
    network = FeedbackSNN(
        [ConvTranspose2d(1, 3, 3, padding=1), Conv2d(3, 2, 3, padding=1)],
        ConvTranspose2d(2, 3, 5, padding=2, bias=False),
        steps=12,
    )
    graph = to_nir(network, (1, 9, 8))
    assert type(graph.nodes["feedback"]).__name__ == "Conv2d"
    nir.write(tmp_path / "network.nir", graph)
    again = from_nir(nir.read(tmp_path / "network.nir"))
    x = 2 * torch.rand(4, 1, 9, 8)
    torch.testing.assert_close(again(x), network(x), rtol=0, atol=1 / 12 + 1e-6)
    assert (again(x) == network(x)).float().mean() > 0.99
    to_nir(FeedbackSNN([ConvTranspose2d(3, 64, 3, padding=1)]), (3, 200, 200))


def test_the_default_network_of_mnist_is_written():
    network = architectures.mnist_convnet_f(random_state=0).network
    graph = to_nir(network, (1, 28, 28))
    assert graph.nodes["feedback"].weight.shape == (64 * 14 * 14, 64 * 7 * 7)
