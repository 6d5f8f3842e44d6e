"""Every reference file: dyadic networks identical, the others to 1e-5."""

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from torch import nn  # noqa: E402
from torch.testing import assert_close  # noqa: E402

from neuroclass.snn import FeedbackSNN, Linear, Spide  # noqa: E402
from neuroclass.snn.engine import TorchEngine, visiting_order  # noqa: E402

DYADIC = [("a_fc1_if", 1), ("c_fc3_if", 3), ("d_alexnetf_tiny_if", 5)]
GENERIC = [("b_fc1_lif", 1)]


def run_stages(network, fields):
    tensors = [(c.weight.detach(), c.bias) for c in network.topology.connections]
    forward = network.simulate(fields["x"])
    settings = network.rule.backward_settings(network.neuron, with_rates=True)
    engine = TorchEngine(network.topology)
    backward = engine.backward(forward, fields["g"], tensors, settings)
    return forward, backward


@pytest.mark.parametrize(("name", "n_layers"), DYADIC)
@pytest.mark.parametrize("steps", [50, 250])
def test_dyadic_networks_spike_identically_in_both_stages(
    name, n_layers, steps, reference, reference_network
):
    fields = reference(name)
    network = reference_network(fields, n_layers, steps)
    forward, backward = run_stages(network, fields)
    for layer in range(n_layers):
        for got, key in [
            (forward.rates[layer], f"a_{layer}"),
            (forward.active(layer), f"mask_{layer}"),
            (forward.counts[layer] / forward.n_steps, f"rate_fwd_{layer}"),
            (forward.potentials[layer], f"u_fwd_{layer}"),
            (backward.betas[layer], f"beta_{layer}_T{steps}"),
            (backward.rates[layer], f"rate_bwd_{layer}_T{steps}"),
            (backward.potentials[layer], f"u_bwd_{layer}_T{steps}"),
        ]:
            assert torch.equal(got, fields[key]), key


@pytest.mark.parametrize(("name", "n_layers"), GENERIC)
@pytest.mark.parametrize("steps", [50, 250])
def test_a_leaky_network_agrees_to_1e_minus_5(
    name, n_layers, steps, reference, reference_network
):
    fields = reference(name)
    network = reference_network(fields, n_layers, steps)
    forward, backward = run_stages(network, fields)
    for got, key in [
        (forward.rates[0], "a_0"),
        (forward.active(0), "mask_0"),
        (forward.counts[0] / forward.n_steps, "rate_fwd_0"),
        (forward.potentials[0], "u_fwd_0"),
        (backward.betas[0], f"beta_0_T{steps}"),
        (backward.rates[0], f"rate_bwd_0_T{steps}"),
        (backward.potentials[0], f"u_bwd_0_T{steps}"),
    ]:
        assert_close(got, fields[key], rtol=1e-5, atol=1e-5, msg=key)


@pytest.mark.parametrize(("name", "n_layers"), DYADIC + GENERIC)
@pytest.mark.parametrize("steps", [50, 250])
def test_gradients_returned_to_autograd_are_those_of_the_local_rule(
    name, n_layers, steps, reference, reference_network
):
    fields = reference(name)
    network = reference_network(fields, n_layers, steps)
    rate = network(fields["x"])
    assert_close(rate.detach(), fields["a_out"], rtol=1e-5, atol=1e-6)
    rate.backward(fields["g"])
    names = ["x", *[f"s{i}" for i in range(n_layers)]]
    for connection, key in zip(network.topology.connections, names, strict=True):
        expected = fields[f"grad_W_{key}_T{steps}"]
        assert_close(connection.weight.grad, expected, rtol=1e-5, atol=1e-5)
        if connection.bias is not None:
            expected = fields[f"grad_b_{key}_T{steps}"]
            assert_close(connection.bias.grad, expected, rtol=1e-5, atol=1e-5)


def test_layers_are_visited_from_the_readout_down_and_around(
    reference, reference_network
):
    network = reference_network(reference("c_fc3_if"), 3, 50)
    assert visiting_order(network.topology) == [2, 1, 0]
    network.readout = 1
    assert visiting_order(network.topology) == [1, 0, 2]


class TestThreeStepsOfSgd:
    @pytest.fixture
    def fields(self, reference):
        return reference("j_e2e_sgd3_fc1_if")

    @pytest.fixture
    def model(self, fields):
        def build(scale):
            network = FeedbackSNN(
                [Linear(6, 8)],
                Linear(8, 8, bias=False),
                steps=30,
                rule=Spide(steps=int(fields["T_B"]), scale=scale),
            )
            classifier = nn.Linear(8, 3)
            with torch.no_grad():
                network.layers[0].weight.copy_(fields["W_x_init"])
                network.layers[0].bias.copy_(fields["b_x_init"])
                network.feedback.weight.copy_(fields["W_s0_init"])
                classifier.weight.copy_(fields["W_c_init"])
                classifier.bias.copy_(fields["b_c_init"])
            return network, classifier

        return build

    @pytest.mark.parametrize("inside", [False, True])
    def test_scale_in_the_loss_and_in_the_backward_stage_are_the_same(
        self, inside, fields, model
    ):
        scale = float(fields["scale_factor"])
        lr, decay = float(fields["lr"]), float(fields["weight_decay"])
        network, classifier = model(scale if inside else 1.0)
        parameters = [*network.parameters(), *classifier.parameters()]
        optimizer = torch.optim.SGD(
            parameters,
            lr if inside else lr / scale,
            momentum=float(fields["momentum"]),
            weight_decay=decay / scale if inside else decay,
        )
        outside = 1.0 if inside else scale
        named = {
            "W_x": network.layers[0].weight,
            "b_x": network.layers[0].bias,
            "W_s0": network.feedback.weight,
            "W_c": classifier.weight,
            "b_c": classifier.bias,
        }
        for i in range(3):
            rate = network(fields["x"][i])
            assert_close(rate.detach(), fields[f"a_{i}"], rtol=1e-5, atol=1e-5)
            loss = nn.functional.cross_entropy(classifier(rate), fields["y"][i])
            assert loss.item() == pytest.approx(float(fields[f"loss_{i}"]), rel=1e-5)
            optimizer.zero_grad()
            (outside * loss).backward()
            for key, parameter in named.items():
                got = parameter.grad * (scale / outside)
                assert_close(got, fields[f"grad_{key}_{i}"], rtol=1e-5, atol=1e-5)
            optimizer.step()
            for key, parameter in named.items():
                expected = fields[f"{key}_after_{i}"]
                assert_close(parameter.detach(), expected, rtol=1e-5, atol=1e-5)


class TestIde:
    def test_equilibrium(self, reference, ide_network):
        fields = reference("f_ide_fc1_if")
        (rate,) = ide_network().equilibrium(fields["x"], tolerance=1e-7)
        assert_close(rate, fields["a_equilibrium"].float(), rtol=1e-5, atol=1e-5)

    def test_exact_gradients(self, reference, ide_network):
        fields = reference("f_ide_fc1_if")
        network = ide_network(solver="exact")
        rate = network(fields["x"])
        assert torch.equal(rate.detach(), fields["a"])
        rate.backward(fields["g"])
        for parameter, key in [
            (network.layers[0].weight, "W_x"),
            (network.layers[0].bias, "b_x"),
            (network.feedback.weight, "W_s0"),
        ]:
            expected = fields[f"grad_{key}_exact"].float()
            assert_close(parameter.grad, expected, rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize(
        "settings", [{"solver": "broyden"}, {"solver": "damped", "steps": 200}]
    )
    def test_iterative_solvers_agree_with_the_references(
        self, settings, reference, ide_network
    ):
        fields = reference("f_ide_fc1_if")
        network = ide_network(**settings)
        network(fields["x"]).backward(fields["g"])
        for parameter, key in [
            (network.layers[0].weight, "W_x"),
            (network.layers[0].bias, "b_x"),
            (network.feedback.weight, "W_s0"),
        ]:
            expected = fields[f"grad_{key}_exact"].float()
            assert_close(parameter.grad, expected, rtol=1e-5, atol=1e-5)
            # The reference's own 30 Broyden steps stop 5e-5 short of the solution.
            expected = fields[f"grad_{key}_broy30"]
            assert_close(parameter.grad, expected, rtol=1e-4, atol=1e-4)
