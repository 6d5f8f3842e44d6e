"""Distances from the equilibrium, and errors of spiking gradients."""

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn import Ide, Spide, SpikingClassifier, diagnose  # noqa: E402


def test_rates_and_gradients_come_nearer_to_their_limits_with_the_steps(dense_network):
    network = dense_network([6, 9, 8], rule=Spide(scale=1.0))
    found = diagnose(
        network,
        torch.rand(5, 6),
        steps=(10, 1000),
        backward_steps=(50, 2000),
        scale=0.5,
    )
    for layer in range(2):
        assert found.distances[1][layer] < 0.1 * found.distances[0][layer]
        for reset in ("modified", "subtractive"):
            errors, cosines = found.errors[reset], found.cosines[reset]
            assert errors[1][layer] < 0.15 * errors[0][layer]
            assert errors[1][layer] < 0.02
            assert cosines[1][layer] > 0.999


def test_the_modified_reset_has_half_the_error(dense_network):
    network = dense_network([6, 9, 8])
    found = diagnose(network, torch.rand(20, 6), backward_steps=(100, 200))
    for modified, subtractive in zip(
        found.errors["modified"], found.errors["subtractive"], strict=True
    ):
        assert sum(modified) < sum(subtractive)


def test_a_layer_that_no_error_reaches_has_no_gradient_to_compare(dense_network):
    network = dense_network([6, 9, 8], source=0, readout=0, rule=Spide(scale=1.0))
    found = diagnose(network, torch.rand(5, 6), backward_steps=(50,))
    value = found.cosines["modified"][0][1]
    assert value != value


def test_frames_have_no_equilibrium_and_say_so(dense_network):
    network = dense_network([6, 8])
    found = diagnose(network, torch.rand(7, 5, 6), backward_steps=(50,))
    assert found.distances == []
    assert "frames" in found.note
    assert len(found.rows()) == 4


def test_a_classifier_of_either_rule_is_left_as_it_was(dense_network):
    for rule in (Spide(), Ide()):
        network = dense_network([6, 8], rule=rule)
        model = SpikingClassifier(network, (1, 2, 3), 4).train()
        found = diagnose(
            model, torch.rand(5, 1, 2, 3), torch.arange(5) % 4, backward_steps=(200,)
        )
        assert found.cosines["modified"][0][0] > 0.95
        assert model.training
        assert network.rule == rule
        assert network.layers[0].weight.grad is None
        assert "1 layers" in repr(found)
