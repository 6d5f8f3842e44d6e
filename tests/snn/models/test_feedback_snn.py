"""FeedbackSNN: the forward stage against a plain loop, equilibrium, shapes, errors."""

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from torch.testing import assert_close  # noqa: E402

from neuroclass.snn import (  # noqa: E402
    IF,
    LIF,
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    FeedbackSNN,
    Ide,
    Linear,
    Spide,
    SpikingClassifier,
    Statistics,
    Zero,
)
from neuroclass.snn.components import integrate_and_fire  # noqa: E402


def plain_loop(network, x, is_frames):
    """Write the equations of the forward stage as they stand."""
    neuron = network.neuron
    n_steps = len(x) if is_frames else network.steps
    n_layers = len(network.layers)
    potentials = [None] * n_layers
    spikes = [None] * n_layers
    history = []
    for t in range(n_steps):
        before = list(spikes)
        for i, layer in enumerate(network.layers):
            below = (x[t] if is_frames else x) if i == 0 else spikes[i - 1]
            current = below @ layer.weight.T + layer.bias
            if i == network.target and t > 0:
                current = current + before[network.source] @ network.feedback.weight.T
            if potentials[i] is None:
                potentials[i] = torch.zeros_like(current)
            spikes[i], potentials[i] = integrate_and_fire(
                current, potentials[i], neuron.v_th, neuron.reset, neuron.leak
            )
        history.append(list(spikes))
    weights = [neuron.leak ** (n_steps - 1 - t) for t in range(n_steps)]
    rate = sum(w * s[network.readout] for w, s in zip(weights, history, strict=True))
    return rate / sum(weights)


@pytest.mark.parametrize("neuron", [IF(), IF(2.0, 0.0), LIF(leak=0.9)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"readout": 1},
        {"source": 1, "target": 1},
        {"source": 1, "target": 0, "readout": 2},
    ],
)
@pytest.mark.parametrize("is_frames", [False, True])
def test_the_forward_stage_is_the_plain_loop(dense_network, neuron, options, is_frames):
    network = dense_network([5, 7, 6, 8], neuron=neuron, steps=20, **options)
    x = torch.rand((12, 4, 5) if is_frames else (4, 5))
    with torch.no_grad():
        rate = network(x)
        assert_close(rate, plain_loop(network, x, is_frames))
    assert 0 < rate.mean() < 1


def test_no_feedback_is_the_same_as_zero_and_as_zero_weights(dense_network):
    network = dense_network([5, 7, 6])
    torch.nn.init.zeros_(network.feedback.weight)
    x = torch.rand(4, 5)
    layers = list(network.layers)
    expected = network(x)
    assert torch.equal(FeedbackSNN(layers)(x), expected)
    assert torch.equal(FeedbackSNN(layers, Zero())(x), expected)


def test_average_rates_tend_to_the_equilibrium(dense_network):
    network = dense_network([5, 7, 6])
    x = torch.rand(4, 5)
    equilibrium = network.equilibrium(x)
    errors = []
    for steps in (30, 300, 3000):
        rates = network.simulate(x, n_steps=steps).rates
        errors.append(
            max((a - b).abs().max() for a, b in zip(rates, equilibrium, strict=True))
        )
    assert errors[0] < 0.2
    assert errors[2] < 0.003
    assert errors[2] < errors[1] < errors[0]


def test_a_feedback_too_strong_has_no_equilibrium_to_give():
    link, feedback = Linear(1, 2), Linear(2, 2, bias=False)
    with torch.no_grad():
        link.weight.copy_(torch.tensor([[1.0], [0.0]]))
        # A loop of odd sign and gain 20: rates turn around for ever.
        feedback.weight.copy_(torch.tensor([[0.0, -20.0], [20.0, 0.0]]))
    network = FeedbackSNN([link], feedback)
    with pytest.raises(RuntimeError, match="no equilibrium within 50 iterations"):
        network.equilibrium(torch.ones(1, 1), max_steps=50)


def test_memory_does_not_grow_with_the_number_of_steps(dense_network):
    network = dense_network([5, 7, 6])
    x = torch.rand(4, 5)

    def saved(steps):
        network.steps = steps
        return network(x).grad_fn.stage

    short, long = saved(3), saved(300)
    for name in ("rates", "counts", "potentials"):
        sizes = [
            sum(t.numel() for t in getattr(stage, name)) for stage in (short, long)
        ]
        assert sizes[0] == sizes[1]


def test_convolutions_of_odd_size_feed_back_to_the_same_size():
    torch.manual_seed(0)
    network = FeedbackSNN(
        [Conv2d(1, 4, 3, padding=1), Conv2d(4, 3, 3, stride=2, padding=1)],
        ConvTranspose2d(3, 4, 3, stride=2, padding=1, bias=False),
        steps=10,
    )
    rate = network(torch.rand(2, 1, 7, 7))
    assert rate.shape == (2, 3, 4, 4)
    rate.sum().backward()
    assert network.feedback.weight.grad.abs().sum() > 0


def test_a_network_keeps_nothing_between_calls(dense_network):
    network = dense_network([5, 7, 6])
    x = torch.rand(4, 5)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    first = network(x)
    network(torch.rand(9, 3, 5))
    assert torch.equal(network(x), first)
    after = network.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())


def test_statistics_count_spikes_and_the_synapses_they_reach(dense_network):
    network = dense_network([5, 7, 6])
    x = torch.rand(4, 5)
    statistics = Statistics()
    network(x, statistics).sum().backward()
    stage = network.simulate(x)
    spikes = [counts.sum(1).mean().item() for counts in stage.counts]
    assert statistics.n_neurons == [7, 6]
    assert statistics.forward_operations == pytest.approx(
        [0, spikes[0] * 6, spikes[1] * 7]
    )
    assert statistics.forward_rate == pytest.approx(sum(spikes) / 13 / 30, rel=1e-5)
    assert 0 < statistics.backward_rate < 1
    assert statistics.backward_operations[0] == 0
    assert min(statistics.backward_operations[1:]) > 0


def test_events_in_frames_count_as_operations_of_the_first_connection(dense_network):
    network = dense_network([5, 7])
    frames = torch.zeros(6, 2, 5)
    frames[0, 0, :3] = 1
    statistics = Statistics()
    network(frames, statistics)
    assert statistics.forward_operations[0] == pytest.approx(3 * 7 / 2)


def test_a_classifier_takes_images_and_frames(dense_network):
    model = SpikingClassifier(dense_network([12, 7]), (3, 2, 2), 4)
    assert model(torch.rand(5, 3, 2, 2)).shape == (5, 4)
    assert model(torch.rand(6, 5, 3, 2, 2)).shape == (5, 4)
    assert model.n_neurons == 7
    with pytest.raises(ValueError, match=r"images must have shape \(3, 2, 2\)"):
        model(torch.rand(5, 3, 4, 4))


@pytest.mark.parametrize("rule", [Spide(), Ide()])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("has_batch_norm", [False, True])
def test_a_model_of_another_precision_trains_and_evaluates(
    rule, dtype, has_batch_norm, dense_network
):
    connection = {"batch_norm": has_batch_norm and rule.takes_batch_norm}
    network = dense_network([12, 7, 6], rule=rule, connection=connection)
    model = SpikingClassifier(network, (3, 2, 2), 4).to(dtype)
    x = torch.rand(5, 3, 2, 2, dtype=dtype)
    assert network(model.as_input(x)).dtype is dtype
    model(x).sum().backward()
    for parameter in model.parameters():
        assert parameter.grad.dtype is dtype
        assert parameter.grad.isfinite().all()
    model.eval()
    assert model(x).dtype is dtype
    (*_, rate) = network.equilibrium(model.as_input(x))
    counts = network.simulate(model.as_input(x)).counts
    assert rate.shape == counts[-1].shape == (5, 6)


def test_a_network_that_begins_with_a_pool_fits_a_classifier_of_any_precision():
    network = FeedbackSNN([AvgPool2d(2)])
    model = SpikingClassifier(network, (1, 4, 4), 2).double()
    assert model(torch.rand(3, 1, 4, 4).double()).dtype is torch.float64


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: FeedbackSNN([]), ValueError, "at least one connection"),
        (lambda: FeedbackSNN([Zero()]), ValueError, "must begin with a connection"),
        (
            lambda: FeedbackSNN([Linear(2, 2)], rule="bptt"),
            TypeError,
            r"rule must be Spide\(...\) or Ide\(...\).*got 'bptt'",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 2)], Linear(2, 2)),
            ValueError,
            "feedback must have no bias",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 2)], readout=1),
            ValueError,
            "readout must be the index of one of 1 layers; got 1",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 2), Linear(2, 2)], source=0, target=1),
            ValueError,
            "target must not lie above source",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 2)], rule=Ide),
            TypeError,
            r"rule must be Spide\(...\) or Ide\(...\), the settings",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 2, batch_norm=True)]),
            ValueError,
            "batch_norm must be False under the rule Spide",
        ),
        (
            lambda: FeedbackSNN(
                [Linear(2, 2)],
                Linear(2, 2, bias=False, batch_norm=True),
                rule=Ide(),
            ),
            ValueError,
            "feedback must be built with batch_norm=False",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 2)])(torch.rand(2, 2, 2, 2)),
            ValueError,
            "x must have 2 axes",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 2)])(torch.rand(0, 2)),
            ValueError,
            "none of them empty",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 2)])(torch.rand(3, 4)),
            ValueError,
            "must have 2 neurons; got 4",
        ),
        (
            lambda: FeedbackSNN([Linear(2, 3)], Linear(2, 3, bias=False))(
                torch.rand(3, 2)
            ),
            ValueError,
            "must have 2 neurons; got 3",
        ),
    ],
)
def test_impossible_networks_and_inputs_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()
