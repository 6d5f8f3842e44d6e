"""Silent, graded and saturated ternary neuron pairs, and the scale that matches."""

import warnings

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn import (  # noqa: E402
    STRUCTURES,
    FeedbackSNN,
    Linear,
    Spide,
    Statistics,
    build_classifier,
    restrict_norm,
)
from neuroclass.snn.learning import (  # noqa: E402
    Drive,
    implicit_outputs,
    local_gradients,
    matched_scale,
)


def usual(scale, **settings):
    """Build the network that a first script writes, with its mean cross-entropy."""
    torch.manual_seed(0)
    network = FeedbackSNN(
        [Linear(784, 400)],
        restrict_norm(Linear(400, 400, bias=False), "frobenius", 2.0),
        rule=Spide(scale=scale, **settings),
    )
    classifier = torch.nn.Linear(400, 10)
    x, labels = torch.rand(128, 784), torch.arange(128) % 10
    return network, classifier, x, labels


def step(network, classifier, x, labels, statistics=None):
    loss = torch.nn.functional.cross_entropy(classifier(network(x, statistics)), labels)
    torch.autograd.backward(loss)


def implicit_gradients(network, x, error):
    """Return exact outputs and gradients at the rates of a simulation."""
    topology = network.topology
    tensors = [
        tuple(None if t is None else t.detach() for t in (c.weight, c.bias))
        for c in topology.connections
    ]
    stage = network.simulate(x)
    outputs = implicit_outputs(topology, stage, error, tensors)
    return local_gradients(topology, stage, outputs, tensors)


def test_an_error_too_small_for_spikes_warns_once_with_the_scale_that_cures_it():
    network, *rest = usual(1.0)
    with pytest.warns(UserWarning, match=r"an error arrives.* of layer 0") as caught:
        step(network, *rest)
    assert not network.layers[0].weight.grad.any()
    network.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(network, *rest)
        cure = float(str(caught[0].message).split("Spide(scale=")[1].split(")")[0])
        cured, *rest = usual(cure)
        step(cured, *rest)
    assert cured.layers[0].weight.grad.any()


def test_an_error_too_large_for_the_bound_warns_once():
    network, *rest = usual(1e5)
    statistics = Statistics()
    with pytest.warns(UserWarning, match=r"at their bound under scale 100000.*Spide"):
        step(network, *rest, statistics)
    assert statistics.saturated_pairs[0] > 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(network, *rest)


def test_neurons_that_never_fire_are_named_as_the_cause():
    network, classifier, x, labels = usual(100.0)
    with torch.no_grad():
        network.layers[0].weight.zero_()
    with pytest.warns(UserWarning, match="no neuron of layer 0 fired"):
        step(network, classifier, x, labels)


def test_the_usual_scale_is_chosen_and_kept():
    network, *rest = usual("auto")
    statistics = Statistics()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(network, *rest, statistics)
    scale = network.rule.scale
    assert scale > 100
    assert statistics.silent_pairs[0] < 0.5
    assert statistics.saturated_pairs[0] < 0.01
    step(network, *rest)
    assert network.rule.scale == scale


def test_the_chosen_scale_gives_the_direction_of_the_exact_gradient():
    network, classifier, x, labels = usual("auto")
    rates = network.simulate(x).rates[0].requires_grad_()
    loss = torch.nn.functional.cross_entropy(classifier(rates), labels)
    (error,) = torch.autograd.grad(loss, rates)
    exact = implicit_gradients(network, x, error)
    step(network, classifier, x, labels)
    parameters = [network.layers[0].weight, network.feedback.parametrizations]
    cosine = torch.cosine_similarity(
        parameters[0].grad.flatten(), exact[0][0].flatten(), dim=0
    )
    assert cosine > 0.98


def test_a_matched_scale_cancels_the_size_of_the_error(dense_network):
    network = dense_network([6, 9, 8])
    x = torch.rand(5, 6)
    stage = network.simulate(x)
    tensors = [(c.weight.detach(), None) for c in network.topology.connections]
    error = torch.randn(5, 8)

    def matched(error):
        drive = Drive(
            topology=network.topology, forward=stage, error=error, tensors=tensors
        )
        return matched_scale(drive, 1.0)

    assert matched(error / 1000) == pytest.approx(1000 * matched(error))
    assert matched(2 * error) == pytest.approx(matched(error) / 2, rel=0.05)
    assert torch.tensor(matched(0 * error)).isnan()


def test_implicit_outputs_without_feedback_are_those_of_autograd():
    torch.manual_seed(0)
    network = FeedbackSNN([Linear(5, 7), Linear(7, 6)], steps=200)
    x = torch.rand(4, 5)
    stage = network.simulate(x)
    error = torch.randn(4, 6)
    tensors = [(c.weight.detach(), c.bias.detach()) for c in network.layers]
    found = implicit_outputs(network.topology, stage, error, tensors)
    expected = (stage.active(1) * error) @ tensors[1][0] / network.neuron.reset
    torch.testing.assert_close(found.betas[1], error)
    torch.testing.assert_close(found.betas[0], expected)


def test_a_feedback_without_equilibrium_has_no_implicit_outputs(dense_network):
    network = dense_network([5, 8], strength=40.0)
    x = torch.rand(3, 5)
    with torch.no_grad():
        network.layers[0].bias.fill_(0.3)
    stage = network.simulate(x)
    stage.counts[0].fill_(1.0)  # all active
    tensors = [(c.weight.detach(), None) for c in network.topology.connections]
    with pytest.raises(RuntimeError, match="Restrict the norm"):
        implicit_outputs(network.topology, stage, torch.ones(3, 8), tensors)


def test_the_names_of_scales():
    with pytest.raises(ValueError, match="scale"):
        Spide(scale="large")
    with pytest.raises(ValueError, match="scale must be a number"):
        Spide(scale="auto", n_processes=2)


# Cosine of the first step's spiking gradient with the exact one that is asked of each
# layer; the layers listed begin below it, as docs/networks.md says.
@pytest.mark.parametrize(
    ("structure", "shape", "batch", "weak"),
    [
        ("recurrent-dense", (1, 28, 28), 32, ()),
        ("recurrent-conv", (1, 28, 28), 4, ()),
        ("mnist-convnet-f", (1, 28, 28), 4, ()),
        ("lenet", (1, 28, 28), 8, (0, 2)),
        ("alexnet-f", (3, 32, 32), 2, (0, 1, 2, 5)),
        ("cifarnet-f", (3, 32, 32), 1, (0, 1, 2, 5)),
        ("dvs-convnet-f", (2, 16, 16), 2, ()),
    ],
)
def test_every_recipe_starts_with_the_direction_of_the_exact_gradient(
    structure, shape, batch, weak
):
    torch.manual_seed(0)
    model = build_classifier(structure, shape, 10, random_state=0, dropout=0.0)
    network = model.network
    network.rule = Spide(steps=network.rule.steps)
    x, labels = torch.randn(batch, *shape), torch.arange(batch) % 10
    rates = network.simulate(model.as_input(x)).rates[network.readout].requires_grad_()
    scores = model.classifier(rates.flatten(1))
    loss = torch.nn.functional.cross_entropy(scores, labels)
    (error,) = torch.autograd.grad(loss, rates)
    exact = implicit_gradients(network, model.as_input(x), error)
    loss = torch.nn.functional.cross_entropy(model(x), labels)
    torch.autograd.backward(loss)
    found = []
    for index, (connection, (expected, _)) in enumerate(
        zip(network.topology.connections, exact, strict=True)
    ):
        if expected is None:
            continue
        restricted = getattr(connection, "parametrizations", None)
        weight = restricted.weight.original if restricted else connection.weight
        cosine = torch.cosine_similarity(
            weight.grad.flatten(), expected.flatten(), dim=0
        )
        found += [index] if cosine < 0.9 else []
    assert tuple(found) == weak


def test_every_structure_has_a_recipe_that_was_looked_at():
    assert set(STRUCTURES) == {
        "recurrent-dense",
        "recurrent-conv",
        "mnist-convnet-f",
        "lenet",
        "alexnet-f",
        "cifarnet-f",
        "dvs-convnet-f",
    }
