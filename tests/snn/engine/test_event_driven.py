"""Event-driven kernels against the plain stages: the same spikes on exact sums."""

import os
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")
pytest.importorskip("numba", reason="needs `pip install neuroclass[fast]`")

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
    Statistics,
    restrict_norm,
)
from neuroclass.snn.components import draw_dropout, layer_shapes  # noqa: E402
from neuroclass.snn.engine import (  # noqa: E402
    EventEngine,
    ForwardSettings,
    TorchEngine,
)


def rounded(network, strength=1.0):
    """Round all weights to 1/64: every sum is exact in single precision."""
    with torch.no_grad():
        for connection in network.topology.connections:
            if connection.weight is not None:
                weight = connection.weight
                weight.copy_((weight * strength * 64).round() / 64)
            if connection.bias is not None:
                connection.bias.uniform_(0, 0.5)
                connection.bias.copy_((connection.bias * 64).round() / 64)
    return network


def dense(**options):
    layers = [Linear(6, 20), Linear(20, 17), Linear(17, 9)]
    source, target = options.get("source", 2), options.get("target", 0)
    sizes = (20, 17, 9)
    feedback = Linear(sizes[source], sizes[target], bias=False)
    return rounded(FeedbackSNN(layers, feedback, **options)), (6,)


def convolutional(size=9):
    layers = [
        Conv2d(2, 5, 3, 2, 1),
        Conv2d(5, 7, 3, 1, 1),
        Conv2d(7, 4, (5, 3), (2, 1), (2, 1)),
    ]
    feedback = ConvTranspose2d(4, 5, 3, (2, 1), 1, bias=False)
    return rounded(FeedbackSNN(layers, feedback)), (2, size, size)


def pooled():
    layers = [
        Conv2d(1, 6, 5, 1, 2),
        AvgPool2d(2),
        ConvTranspose2d(6, 3, 3, 2, 1),
        AvgPool2d(2),
        Linear(3 * 6 * 6, 12),
    ]
    feedback = Linear(12, 6 * 14 * 14, bias=False)
    return rounded(FeedbackSNN(layers, feedback), 0.7), (1, 14, 14)


NETWORKS = {
    "dense": dense,
    "readout in the middle": lambda: dense(readout=1),
    "recurrent on one layer": lambda: dense(source=1, target=1),
    "inner loop": lambda: dense(source=1, target=0, readout=2),
    "convolutional": convolutional,
    "even size": lambda: convolutional(8),
    "pooled": pooled,
}


def tensors_of(network):
    return [
        tuple(None if t is None else t.detach() for t in (c.weight, c.bias))
        for c in network.topology.connections
    ]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dense_rate", [None, 2.0, 0.0])
@pytest.mark.parametrize("is_frames", [False, True])
def test_spikes_of_both_stages_are_identical_on_exact_sums(name, dense_rate, is_frames):
    torch.manual_seed(1)
    network, shape = NETWORKS[name]()
    topology, tensors = network.topology, tensors_of(network)
    x = torch.randint(-32, 65, (*([11] if is_frames else []), 5, *shape)) / 32
    settings = ForwardSettings(is_frames=is_frames, n_steps=11)
    engine, event = TorchEngine(topology), EventEngine(topology, dense_rate)
    plain = engine.forward(x, tensors, settings)
    fast = event.forward(x, tensors, settings)
    for key in ("rates", "counts", "potentials"):
        for got, expected in zip(getattr(fast, key), getattr(plain, key), strict=True):
            assert torch.equal(got, expected), key
    assert sum(counts.sum() for counts in plain.counts) > 100

    error = torch.randint(-20, 21, plain.rates[network.readout].shape) / 32
    settings = Spide(steps=25).backward_settings(network.neuron, with_rates=True)
    expected = engine.backward(plain, error, tensors, settings)
    got = event.backward(plain, error, tensors, settings)
    for key in ("betas", "rates", "potentials"):
        for a, b in zip(getattr(got, key), getattr(expected, key), strict=True):
            assert torch.equal(a, b), key
    assert sum(rate.sum() for rate in expected.rates) > 1


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dense_rate", [None, 2.0, 0.0])
@pytest.mark.parametrize("neuron", [IF(v_th=1.5), IF(v_th=0.75, u_rest=-1.75)])
def test_resets_that_are_no_power_of_two_are_exact_too(name, dense_rate, neuron):
    torch.manual_seed(1)
    network, shape = NETWORKS[name]()
    network.neuron = neuron
    topology, tensors = network.topology, tensors_of(network)
    x = torch.randint(-32, 97, (5, *shape)) / 32
    settings = ForwardSettings(n_steps=11)
    engine, event = TorchEngine(topology), EventEngine(topology, dense_rate)
    plain = engine.forward(x, tensors, settings)
    fast = event.forward(x, tensors, settings)
    for got, expected in zip(fast.counts, plain.counts, strict=True):
        assert torch.equal(got, expected)
    error = torch.randint(-20, 21, plain.rates[network.readout].shape) / 32
    settings = Spide(steps=25).backward_settings(neuron)
    expected = engine.backward(plain, error, tensors, settings)
    got = event.backward(plain, error, tensors, settings)
    # In units of 1 / V the potentials are multiples of 1 / 4096 that no sum rounds.
    exact = [v.double() * neuron.reset * 4096 for v in expected.potentials]
    for potential in exact:
        assert_close(potential, potential.round(), rtol=0, atol=0.01)
    for key in ("betas", "potentials"):
        for a, b in zip(getattr(got, key), getattr(expected, key), strict=True):
            assert torch.equal(a, b), key


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rule", [Spide(steps=5), Ide()])
@pytest.mark.parametrize("is_frames", [False, True])
def test_the_layout_in_memory_does_not_depend_on_the_kernels(name, rule, is_frames):
    torch.manual_seed(1)
    network, shape = NETWORKS[name]()
    network.rule = rule
    x = torch.randint(-32, 65, (*([6] if is_frames else []), 5, *shape)) / 32
    x.requires_grad_()
    strides = []
    for backend in ("torch", "event"):
        network.backend = backend
        network.zero_grad()
        rate = network(x)
        (to_input,) = torch.autograd.grad(rate.sum(), x, retain_graph=True)
        rate.sum().backward()
        # An axis of one channel may have any stride.
        assert to_input.is_contiguous()
        tensors = [rate, *(p.grad for p in network.parameters())]
        assert all(tensor.is_contiguous() for tensor in tensors)
        strides.append([tensor.stride() for tensor in tensors])
    assert strides[0] == strides[1]


@pytest.mark.parametrize("name", ["dense", "convolutional", "pooled"])
@pytest.mark.parametrize("neuron", ["IF", "LIF"])
def test_leaky_stages_agree(name, neuron):
    torch.manual_seed(1)
    network, shape = NETWORKS[name]()
    network.neuron = LIF(leak=0.5)
    topology, tensors = network.topology, tensors_of(network)
    x = torch.randint(-32, 65, (3, *shape)) / 32
    settings = ForwardSettings(n_steps=8)
    engine, event = TorchEngine(topology), EventEngine(topology, 2.0)
    plain = engine.forward(x, tensors, settings)
    fast = event.forward(x, tensors, settings)
    for got, expected in zip(fast.rates, plain.rates, strict=True):
        assert torch.equal(got, expected)
    error = torch.randint(-20, 21, plain.rates[-1].shape) / 32
    settings = Spide(steps=8, neuron=neuron).backward_settings(network.neuron)
    betas = [
        each.backward(plain, error, tensors, settings).betas
        for each in (engine, EventEngine(topology))
    ]
    for got, expected in zip(*betas, strict=True):
        assert torch.equal(got, expected)


@pytest.mark.parametrize("name", ["dense", "inner loop", "pooled"])
@pytest.mark.parametrize("on_feedback", [False, True])
def test_dropout_masks_act_in_both_stages(name, on_feedback):
    torch.manual_seed(1)
    network, shape = NETWORKS[name]()
    for layer in network.topology.connections:
        # Kept currents are doubled: sums stay exact.
        layer.dropout = 0.0 if isinstance(layer, AvgPool2d) else 0.5
    if not on_feedback:
        network.feedback.dropout = 0.0
    network.layers[1].dropout = 0.0
    topology, tensors = network.topology, tensors_of(network)
    x = torch.randint(-32, 65, (4, *shape)) / 32
    masks = draw_dropout(topology, layer_shapes(topology, shape), x, 4)
    settings = ForwardSettings(n_steps=11, masks=masks)
    engine, event = TorchEngine(topology), EventEngine(topology)
    plain = engine.forward(x, tensors, settings)
    fast = event.forward(x, tensors, settings)
    for got, expected in zip(fast.counts, plain.counts, strict=True):
        assert torch.equal(got, expected)
    error = torch.randint(-20, 21, plain.rates[-1].shape) / 32
    settings = Spide(steps=20).backward_settings(network.neuron, masks=masks)
    betas = [
        each.backward(plain, error, tensors, settings).betas for each in (engine, event)
    ]
    for got, expected in zip(*betas, strict=True):
        assert torch.equal(got, expected)


@pytest.mark.parametrize("name", ["a_fc1_if", "c_fc3_if", "d_alexnetf_tiny_if"])
def test_reference_gradients_come_from_the_kernels_too(
    name, reference, reference_network
):
    n_layers = {"a": 1, "c": 3, "d": 5}[name[0]]
    fields = reference(name)
    gradients = []
    for backend in ("torch", "event"):
        network = reference_network(fields, n_layers, 250)
        network.backend = backend
        rate = network(fields["x"])
        assert torch.equal(rate.detach(), fields["a_out"])
        rate.backward(fields["g"])
        gradients.append([p.grad for p in network.parameters()])
    for got, expected in zip(*gradients, strict=True):
        assert_close(got, expected, rtol=1e-6, atol=1e-7)
    assert_close(gradients[1][0], fields["grad_W_x_T250"], rtol=1e-5, atol=1e-5)


def test_two_threads_give_the_spikes_of_one():
    torch.manual_seed(1)
    network, shape = convolutional()
    network.backend = "event"
    x = torch.randint(-32, 65, (5, *shape)) / 32
    results = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        network.zero_grad()
        rate = network(x)
        rate.sum().backward()
        gradients = [p.grad.clone() for p in network.parameters()]
        results.append((rate.detach(), gradients))
        assert torch.get_num_threads() == n_threads
    assert torch.equal(results[0][0], results[1][0])
    for one, two in zip(results[0][1], results[1][1], strict=True):
        assert_close(one, two)


def test_threads_that_start_later_have_the_threads_of_torch():
    network, shape = dense()
    network.backend = "event"
    torch.set_num_threads(3)
    # Two samples: fewer parts than threads.
    network(torch.rand(2, *shape)).sum().backward()
    assert torch.get_num_threads() == 3
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 3


def test_two_threads_share_the_batch_of_a_dense_network_too():
    torch.manual_seed(1)
    network, shape = dense()
    network.backend = "event"
    x = torch.randint(-32, 65, (5, *shape)) / 32
    rates = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        rates.append(network(x).detach())
    assert torch.equal(*rates)


@pytest.mark.parametrize("n_steps", [1, 4, 5, 30])
def test_neurons_that_fire_at_most_steps_are_simulated_by_their_silences(n_steps):
    torch.manual_seed(1)
    network, shape = dense()
    topology, tensors = network.topology, tensors_of(network)
    x = torch.randint(0, 129, (6, *shape)) / 32
    settings = ForwardSettings(n_steps=n_steps)
    plain = TorchEngine(topology).forward(x, tensors, settings)
    fast = EventEngine(topology).forward(x, tensors, settings)
    for got, expected in zip(fast.counts, plain.counts, strict=True):
        assert torch.equal(got, expected)
    rate = plain.counts[0] / n_steps
    assert (rate == 1).float().mean() > 0.1
    assert n_steps == 1 or ((rate > 0.5) & (rate < 1)).any()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_starts_threads_of_its_own():
    network, shape = dense()
    network.backend = "event"
    x = torch.rand(4, *shape)
    torch.set_num_threads(2)
    expected = network(x).detach()
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Later Pythons warn of every fork with threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            signal.alarm(60)  # a child without threads would wait for ever
            is_same = torch.equal(network(x).detach(), expected)
            os.write(writer, b"same" if is_same else b"other")
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader, "rb") as answer:
        assert answer.read() == b"same"


def test_statistics_are_those_of_the_plain_stages():
    torch.manual_seed(1)
    network, shape = convolutional()
    x = torch.randint(-32, 65, (5, *shape)) / 32
    found = []
    for backend in ("torch", "event"):
        network.backend = backend
        statistics = Statistics()
        network(x, statistics).sum().backward()
        found.append(statistics)
    assert found[0].forward_rates == pytest.approx(found[1].forward_rates)
    assert found[0].backward_rates == pytest.approx(found[1].backward_rates)
    assert found[0].backward_operations == pytest.approx(found[1].backward_operations)


def test_a_restricted_feedback_is_known_to_the_kernels():
    network, shape = dense()
    restrict_norm(network.feedback, "frobenius", 1.0)
    assert EventEngine.supports(network.topology, torch.rand(2, *shape))


class Halved:
    """Half the current and half of what comes back, by methods of its own."""

    def current(self, spikes, weight, bias, target):
        return 0.5 * super().current(spikes, weight, bias, target)

    def send_back(self, spikes, weight, source):
        return 0.5 * super().send_back(spikes, weight, source)


class OnlyCurrent:
    """A leak of the current that is there without spikes, too."""

    def current(self, spikes, weight, bias, target):
        return super().current(spikes, weight, bias, target) - 0.125


class OnlySendBack:
    def send_back(self, spikes, weight, source):
        return 0.5 * super().send_back(spikes, weight, source) + 0.0625


def subclass_of(kind, *own):
    return type(kind.__name__ + "Changed", (*own, kind), {})


def overriding(kind, own):
    """Return a network in which connections of one kind have own methods."""
    dense_layer, conv, back, pool = (
        subclass_of(each, own) if each is kind else each
        for each in (Linear, Conv2d, ConvTranspose2d, AvgPool2d)
    )
    layers = [
        conv(1, 4, 3, 1, 1),
        pool(2),
        conv(4, 4, 3, 2, 1),
        dense_layer(4 * 4 * 4, 12),
        dense_layer(12, 4 * 4 * 4),
    ]
    feedback = back(4, 4, 3, 2, 1, bias=False)
    return rounded(FeedbackSNN(layers, feedback, steps=12, source=2, target=1))


@pytest.mark.parametrize("kind", [Linear, Conv2d, ConvTranspose2d, AvgPool2d])
@pytest.mark.parametrize("own", [Halved, OnlyCurrent, OnlySendBack])
@pytest.mark.parametrize("rule", [Spide(steps=20), Ide()])
@pytest.mark.parametrize("is_frames", [False, True])
def test_overridden_methods_act_in_both_engines(kind, own, rule, is_frames):
    torch.manual_seed(1)
    network = overriding(kind, own)
    network.rule = rule
    x = torch.randint(-32, 97, (*([12] if is_frames else []), 3, 1, 14, 14)) / 32
    found = []
    for backend in ("torch", "event", "auto"):
        network.backend = backend
        network.zero_grad()
        rate = network(x)
        error = torch.arange(rate.numel()).view_as(rate) % 7 / 32 - 0.09375
        rate.backward(error)
        gradients = [p.grad.clone() for p in network.parameters()]
        found.append((rate.detach(), gradients))
    plain, *others = found
    usual = overriding(None, own)
    usual.load_state_dict(network.state_dict())
    usual.rule = rule
    rate = usual(x)
    rate.backward(error)
    # Without the methods of their own the layers do something else.
    assert torch.equal(rate, plain[0]) == (own is OnlySendBack)
    if own is OnlySendBack and rule == Spide(steps=20):
        pairs = zip(usual.parameters(), plain[1], strict=True)
        assert not all(torch.equal(p.grad, expected) for p, expected in pairs)
    for rate, gradients in others:
        assert torch.equal(rate, plain[0])
        for got, expected in zip(gradients, plain[1], strict=True):
            assert_close(got, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("own", [Halved, OnlyCurrent, OnlySendBack])
@pytest.mark.parametrize("has_dropout", [False, True])
def test_overridden_methods_act_in_dense_networks_too(own, has_dropout):
    kind = subclass_of(Linear, own)
    torch.manual_seed(1)
    layers = [kind(6, 20), kind(20, 17)]
    network = rounded(FeedbackSNN(layers, kind(17, 20, bias=False)))
    for layer in layers:
        layer.dropout = 0.5 * has_dropout
    x = torch.randint(-32, 97, (5, 6)) / 32
    found = []
    for backend in ("torch", "event"):
        network.backend = backend
        network.zero_grad()
        torch.manual_seed(2)
        rate = network(x)
        rate.sum().backward()
        found.append([rate.detach(), *(p.grad.clone() for p in network.parameters())])
    assert torch.equal(found[0][0], found[1][0])
    for got, expected in zip(*found, strict=True):
        assert_close(got, expected, rtol=1e-6, atol=1e-7)


def test_a_method_of_one_layer_alone_is_used():
    torch.manual_seed(0)
    layer = Linear(3, 4)
    torch.nn.init.constant_(layer.bias, 0.5)
    network = FeedbackSNN([layer, Linear(4, 4)], backend="event")
    x = torch.rand(2, 3)
    expected = network(x)
    second = network.layers[1]
    second.current = lambda spikes, weight, bias, target: torch.ones(len(spikes), 4)
    rate = network(x)
    assert (rate == 0.5).all()
    assert not torch.equal(rate, expected)
    network.backend = "torch"
    assert torch.equal(network(x), rate)


def test_layers_that_the_kernels_do_not_know_run_plainly_or_are_refused():
    torch.manual_seed(0)
    network = FeedbackSNN([Conv2d(1, 2, 3, dilation=2)])
    x = torch.rand(2, 1, 7, 7)
    expected = FeedbackSNN([network.layers[0]], backend="torch")(x)
    assert torch.equal(network(x), expected)
    network.backend = "event"
    with pytest.raises(ValueError, match="backend must be 'auto' or 'torch' on a GPU"):
        network(x)
