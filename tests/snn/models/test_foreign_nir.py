"""NIR graphs as snntorch and sinabs write them: the spikes that these packages give."""

import itertools
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")
nir = pytest.importorskip("nir", reason="needs `pip install neuroclass[nir]`")

from neuroclass.exceptions import RecordingError  # noqa: E402
from neuroclass.snn import from_nir  # noqa: E402

STEPS = 40


def lif(n, factor, dt, threshold=1.0, **changes):
    """Return neurons that keep `factor` of a potential in a step, as of snntorch."""
    tau = dt / (1 - factor) * np.ones(n)
    given = {"tau": tau, "r": tau / dt, "v_leak": np.zeros(n)}
    return nir.LIF(**{**given, "v_threshold": threshold * np.ones(n), **changes})


def graph_of(nodes, edges):
    return nir.NIRGraph(nodes=nodes, edges=edges, type_check=False)


def chain(*nodes, n_inputs=5):
    """Return a graph of nodes one after the other."""
    named = {str(k): node for k, node in enumerate(nodes)}
    names = ["input", *named, "output"]
    last = np.asarray(nodes[-1].v_threshold).shape
    ends = {
        "input": nir.Input(np.array([n_inputs])),
        "output": nir.Output(np.array(last)),
    }
    return graph_of({**ends, **named}, list(itertools.pairwise(names)))


def affine(n_in, n_out, rng):
    return nir.Affine(rng.normal(0, 0.6, (n_out, n_in)), rng.normal(0.1, 0.2, n_out))


def counts_of(network, x):
    return network.eval().simulate(torch.from_numpy(x).float()).counts[-1].numpy()


def snntorch_counts(x, links, factor, thresholds, back=None):
    """Step as snntorch's Leaky does: a spike takes the threshold in the next step."""
    potentials = [np.zeros((len(x), len(link.weight))) for link in links]
    fired = [np.zeros_like(potential) for potential in potentials]
    total = np.zeros_like(fired[-1])
    for _ in range(STEPS):
        sent = x
        for k, link in enumerate(links):
            current = sent @ link.weight.T + link.bias
            if k == 0 and back is not None:
                current = current + fired[k] @ back.weight.T + back.bias
            taken = fired[k] * thresholds[k]
            potentials[k] = factor * potentials[k] + current - taken
            fired[k] = (potentials[k] > thresholds[k]).astype(float)
            sent = fired[k]
        total += sent
    return total


def test_networks_of_snntorch_have_its_spikes(rng):
    links = [affine(5, 7, rng), affine(7, 4, rng)]
    thresholds = [1.0 * np.ones(7), 0.7 * np.ones(4)]
    dt = 1e-4
    graph = chain(links[0], lif(7, 0.9, dt), links[1], lif(4, 0.9, dt, threshold=0.7))
    x = rng.random((16, 5))
    network = from_nir(graph, writer="snntorch", steps=STEPS)
    expected = snntorch_counts(x, links, 0.9, thresholds)
    assert expected.sum() > 100
    np.testing.assert_array_equal(counts_of(network, x), expected)


def test_recurrent_layers_of_snntorch_bring_the_bias_of_their_connection(rng):
    link, back = affine(5, 7, rng), affine(7, 7, rng)
    nodes = {
        "input": nir.Input(np.array([5])),
        "0": link,
        "1.lif": lif(7, 0.9, 1e-4),
        "1.w_rec": back,
        "output": nir.Output(np.array([7])),
    }
    edges = [("1.w_rec", "1.lif"), ("1.lif", "1.w_rec"), ("input", "0")]
    graph = graph_of(nodes, [*edges, ("0", "1.lif"), ("1.lif", "output")])
    x = rng.random((16, 5))
    network = from_nir(graph, writer="snntorch", steps=STEPS)
    expected = snntorch_counts(x, [link], 0.9, [np.ones(7)], back)
    assert expected.sum() > 100
    np.testing.assert_array_equal(counts_of(network, x), expected)


@pytest.mark.parametrize("kind", ["IF", "LIF"])
def test_networks_of_sinabs_have_the_spikes_of_its_equations(kind, rng):
    # A time constant in steps; a spike takes the threshold at once, before the leak.
    link = affine(5, 7, rng)
    factor, gain = (
        (1.0, 1.0) if kind == "IF" else (np.exp(-1 / 20), 1 - np.exp(-1 / 20))
    )
    ones = np.ones(7)
    neurons = (
        nir.IF(r=ones, v_threshold=ones)
        if kind == "IF"
        else nir.LIF(tau=20 * ones, r=ones, v_leak=0 * ones, v_threshold=0.3 * ones)
    )
    threshold = float(neurons.v_threshold[0])
    x = rng.random((16, 5))
    potential = np.zeros((16, 7))
    expected = np.zeros((16, 7))
    for _ in range(STEPS):
        potential = factor * potential + gain * (x @ link.weight.T + link.bias)
        fired = potential >= threshold
        potential = potential - threshold * fired
        expected += fired
    network = from_nir(chain(link, neurons), writer="sinabs", steps=STEPS)
    assert expected.sum() > 100
    np.testing.assert_array_equal(counts_of(network, x), expected)


def test_a_rest_is_a_constant_current(rng):
    # 0.1 of the way to a rest of 2 in every step: 0.2 against a threshold of 1.
    link = nir.Linear(np.zeros((3, 5)))
    graph = chain(link, lif(3, 0.9, 1e-4, v_leak=2.0 * np.ones(3)))
    network = from_nir(graph, writer="snntorch", steps=STEPS)
    assert network.layers[0].bias.detach().numpy() == pytest.approx(0.2, rel=1e-5)


def test_convolutions_take_a_parameter_of_each_channel(rng):
    weight = rng.normal(0, 1, (2, 1, 3, 3))
    node = nir.Conv2d((6, 6), weight, 1, 1, 1, 1, np.zeros(2))
    threshold = np.stack([np.full((6, 6), 1.0), np.full((6, 6), 2.0)])
    neurons = nir.IF(r=np.ones((2, 6, 6)), v_threshold=threshold)
    ends = {
        "input": nir.Input(np.array([1, 6, 6])),
        "output": nir.Output(np.array([2, 6, 6])),
    }
    edges = [("input", "0"), ("0", "1"), ("1", "output")]
    graph = graph_of({**ends, "0": node, "1": neurons}, edges)
    network = from_nir(graph, writer="sinabs", steps=STEPS)
    # Thresholds of 1, and currents divided by those of the graph.
    expected = weight / np.array([1.0, 2.0]).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(
        network.layers[0].weight.detach().numpy(), expected, rtol=1e-6
    )
    neurons.v_threshold[0, 2, 2] = 5.0
    with pytest.raises(RecordingError, match="neurons of one channel must be alike"):
        from_nir(graph, writer="sinabs")


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            lambda rng: [affine(5, 3, rng), nir.CubaLIF(*[np.ones(3)] * 6)],
            "got CubaLIF",
        ),
        (
            lambda rng: [affine(5, 3, rng), lif(3, 0.9, 1e-4, v_reset=-np.ones(3))],
            "must have v_reset 0, where the writer subtracts",
        ),
        (
            lambda rng: [affine(5, 3, rng), lif(3, 0.9, 1e-4, tau=np.full(3, 5e-5))],
            "time constants above a step",
        ),
        (
            lambda rng: [affine(5, 3, rng), lif(3, 0.9, 1e-4, r=np.full(3, np.inf))],
            "must be finite",
        ),
        (
            lambda rng: [
                *(affine(5, 3, rng), lif(3, 0.9, 1e-4)),
                *(affine(3, 2, rng), lif(2, 0.8, 1e-4)),
            ],
            "all neurons must have one leak; got factors of a step from 0.8 to 0.9",
        ),
        (
            lambda rng: [
                *(affine(5, 3, rng), lif(3, 0.9, 1e-4)),
                *(affine(3, 2, rng), nir.IF(r=np.ones(2), v_threshold=np.ones(2))),
            ],
            "IF neurons alone or LIF neurons alone",
        ),
    ],
)
def test_what_cannot_be_held_is_refused_by_name(nodes, message, rng):
    with pytest.raises(RecordingError, match=re.escape(message)):
        from_nir(chain(*nodes(rng)), writer="snntorch")


def test_a_graph_that_branches_is_refused(rng):
    graph = chain(affine(5, 3, rng), lif(3, 0.9, 1e-4))
    graph.nodes["2"] = affine(3, 2, rng)
    graph.nodes["3"] = lif(2, 0.9, 1e-4)
    graph.nodes["4"] = affine(3, 2, rng)
    graph.nodes["5"] = lif(2, 0.9, 1e-4)
    graph.edges += [("1", "2"), ("2", "3"), ("1", "4"), ("4", "5")]
    with pytest.raises(RecordingError, match="graph must be a chain"):
        from_nir(graph, writer="snntorch")


def test_writers_must_be_named(rng):
    graph = chain(affine(5, 3, rng), lif(3, 0.9, 1e-4))
    with pytest.raises(RecordingError, match="writer='snntorch' or 'sinabs'"):
        from_nir(graph)
    with pytest.raises(ValueError, match="writer must be one of"):
        from_nir(graph, writer="norse")
    with pytest.raises(ValueError, match="steps must be"):
        from_nir(graph, writer="snntorch", steps=0)
