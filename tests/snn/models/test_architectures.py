"""Ready networks: counts of parameters and neurons, initial weights, restrictions."""

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from torch.testing import assert_close  # noqa: E402

from neuroclass.snn import IF, AvgPool2d, Linear, Spide, restrict_norm  # noqa: E402
from neuroclass.snn.components import SpectralRestriction  # noqa: E402
from neuroclass.snn.models import architectures  # noqa: E402


@pytest.mark.parametrize(
    ("build", "n_parameters", "n_neurons"),
    [
        (architectures.mnist_convnet_f, 274_826, 18_816),
        (architectures.lenet, 606_740, 24_800),
        (architectures.alexnet_f, 3_706_762, 155_648),
        (architectures.cifarnet_f, 11_835_146, 229_376),
        (architectures.dvs_convnet_f, 9_586_186, 294_912),
    ],
)
def test_structures_have_exactly_their_counts(build, n_parameters, n_neurons):
    model = build()
    assert model.n_parameters == n_parameters
    assert model.n_neurons == n_neurons


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("mnist-convnet-f", (1, 12, 12)),
        ("mnist-convnet-f", (1, 13, 13)),
        ("lenet", (1, 9, 9)),
        ("alexnet-f", (3, 7, 7)),
        ("dvs-convnet-f", (2, 6, 6)),
        ("recurrent-conv", (2, 9, 9)),
        ("recurrent-dense", (1, 8, 8)),
    ],
)
@pytest.mark.parametrize("rule", ["spide", "ide"])
def test_every_structure_gives_every_parameter_a_gradient(name, shape, rule):
    torch.manual_seed(0)
    model = architectures.build_classifier(
        name, shape, 3, rule=rule, steps=4, random_state=0
    )
    if rule == "spide":
        settings = model.network.rule
        model.network.rule = Spide(steps=6, scale=settings.scale)
    for connection in model.network.topology.connections:
        connection.dropout = 0.0
        if connection.bias is not None:
            torch.nn.init.constant_(connection.bias, 0.3)
    scores = model(3 * torch.rand(2, *shape))
    torch.nn.functional.cross_entropy(scores, torch.tensor([0, 2])).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key


def test_initial_weights_come_from_the_seed():
    first, again = (
        architectures.alexnet_f((3, 8, 8), random_state=5) for _ in range(2)
    )
    other = architectures.alexnet_f((3, 8, 8), random_state=6)
    for key, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])
    assert not torch.equal(first.classifier.weight, other.classifier.weight)


def test_cifar_networks_start_with_unit_fan_in_and_weak_feedback():
    network = architectures.alexnet_f((3, 8, 8), random_state=0).network
    for layer in network.layers:
        norms = layer.weight.detach().flatten(1).norm(dim=1)
        assert_close(norms, torch.ones_like(norms))
        assert not layer.bias.any()
    original = network.feedback.parametrizations.weight.original
    norms = original.detach().transpose(0, 1).flatten(1).norm(dim=1)
    assert_close(norms, torch.full_like(norms, 0.1))


def test_small_image_networks_start_with_kaiming_weights():
    network = architectures.mnist_convnet_f(random_state=0).network
    deviation = network.layers[1].weight.std().item()
    assert deviation == pytest.approx((2 / 1600) ** 0.5, rel=0.01)
    original = network.feedback.parametrizations.weight.original
    assert original.std().item() == pytest.approx(0.1 * (2 / 576) ** 0.5, rel=0.02)


WITH_FEEDBACK = [name for name in architectures.STRUCTURES if name != "lenet"]


@pytest.mark.parametrize("name", WITH_FEEDBACK)
@pytest.mark.parametrize("rule", ["spide", "ide"])
def test_every_feedback_has_the_limit_of_its_rule(name, rule):
    model = architectures.build_classifier(
        name, (2, 8, 8), 3, rule=rule, random_state=0
    )
    (restriction,) = model.network.feedback.parametrizations.weight
    expected = (10.0 if name == "dvs-convnet-f" else 2.0) if rule == "spide" else 1.0
    assert restriction.limit == expected
    assert isinstance(restriction, SpectralRestriction) == (rule == "ide")
    chosen = architectures.build_classifier(
        name, (2, 8, 8), 3, rule=rule, random_state=0, feedback_limit=0.5
    )
    assert chosen.network.feedback.parametrizations.weight[0].limit == 0.5


@pytest.mark.parametrize("name", architectures.STRUCTURES)
@pytest.mark.parametrize("n_classes", [10, 100])
def test_errors_are_scaled_as_published(name, n_classes):
    model = architectures.build_classifier(name, (3, 8, 8), n_classes, random_state=0)
    if name in ("alexnet-f", "cifarnet-f"):
        expected = {10: 400.0, 100: 500.0}[n_classes]
    else:
        expected = 400.0 if name == "dvs-convnet-f" else 100.0
    assert model.network.rule.scale == expected


def test_the_dense_network_of_ide_takes_five_steps():
    assert architectures.recurrent_dense((1, 4, 4), rule="ide").network.steps == 5
    chosen = architectures.recurrent_dense((1, 4, 4), rule="ide", steps=30)
    assert chosen.network.steps == 30
    assert architectures.recurrent_dense((1, 4, 4)).network.steps == 30


@pytest.mark.parametrize(
    ("build", "limit"),
    [(architectures.mnist_convnet_f, 2.0), (architectures.dvs_convnet_f, 10.0)],
)
def test_feedback_has_exactly_its_norm_at_most(build, limit):
    feedback = build(random_state=0).network.feedback
    with torch.no_grad():
        feedback.parametrizations.weight.original.mul_(1000)
    assert feedback.weight.norm().item() == pytest.approx(limit, rel=1e-4)
    with torch.no_grad():
        feedback.parametrizations.weight.original.mul_(1e-6)
        weak = feedback.parametrizations.weight.original
        assert torch.equal(feedback.weight, weak)


def test_ide_networks_have_the_ordinary_reset_batch_norm_and_spectral_range_1():
    model = architectures.recurrent_conv((1, 8, 8), rule="ide", random_state=0)
    assert model.network.neuron == IF(v_th=2.0, u_rest=0.0)
    assert model.network.layers[0].batch_norm is not None
    assert model.network.layers[0].bias is None
    feedback = model.network.feedback
    with torch.no_grad():
        feedback.parametrizations.weight.original.mul_(100)
        for _ in range(50):
            weight = feedback.weight
    norm = torch.linalg.matrix_norm(weight.flatten(1), 2).item()
    assert norm == pytest.approx(1, rel=0.01)


def test_the_spectral_estimate_is_the_same_at_every_evaluation():
    torch.manual_seed(0)
    layer = restrict_norm(Linear(9, 7), "spectral", 0.5)
    exact = torch.linalg.matrix_norm(layer.weight, 2).item()
    assert exact == pytest.approx(0.5, rel=0.01)
    layer.eval()
    first = layer.weight.clone()
    torch.manual_seed(1)
    assert torch.equal(layer.weight, first)
    layer.train()
    assert not torch.equal(layer.parametrizations.weight[0].left, torch.zeros(7))


def test_a_weight_that_turns_at_evaluation_keeps_its_sign_and_bound():
    torch.manual_seed(0)
    layer = restrict_norm(Linear(9, 7), "spectral", 0.5).eval()
    before = layer.weight.clone()
    with torch.no_grad():
        layer.parametrizations.weight.original.mul_(-3)
    assert_close(layer.weight, -before)


@pytest.mark.parametrize("training", [True, False])
def test_weights_that_start_at_zero_are_bounded_once_they_move(training):
    torch.manual_seed(0)
    layer = Linear(9, 7)
    drawn = layer.weight.detach().clone()
    torch.nn.init.zeros_(layer.weight)
    restrict_norm(layer, "spectral", 0.5)
    layer.train(training)
    assert not layer.weight.any()
    with torch.no_grad():
        layer.parametrizations.weight.original.copy_(drawn)
    norms = [torch.linalg.matrix_norm(layer.weight, 2).item() for _ in range(2)]
    assert norms == pytest.approx([0.5, 0.5], rel=0.01)


def test_a_restriction_must_make_sense():
    with pytest.raises(ValueError, match="limit must be a positive number; got 0"):
        restrict_norm(Linear(2, 2), "frobenius", 0)
    with pytest.raises(ValueError, match="kind must be one of frobenius, spectral"):
        restrict_norm(Linear(2, 2), "nuclear", 1.0)
    with pytest.raises(ValueError, match="layer must have a weight"):
        restrict_norm(AvgPool2d(2), "frobenius", 1.0)


def test_a_weight_of_zeros_stays_zero_under_a_restriction():
    layer = Linear(3, 3)
    torch.nn.init.zeros_(layer.weight)
    restrict_norm(layer, "frobenius", 1.0)
    assert not layer.weight.any()


def test_an_unknown_structure_gets_the_list_of_known_ones():
    with pytest.raises(ValueError, match=r"one of mnist-convnet-f, lenet, .* 'vgg'"):
        architectures.build_classifier("vgg", (3, 32, 32), 10)
