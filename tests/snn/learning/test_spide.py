"""SPIDE: the spiking gradient against a dense solve, and as autograd sees it."""

import socket

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

import torch.multiprocessing as mp  # noqa: E402
from torch import distributed as dist  # noqa: E402
from torch import nn  # noqa: E402
from torch.testing import assert_close  # noqa: E402

from neuroclass.snn import (  # noqa: E402
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
from neuroclass.snn.engine import TorchEngine  # noqa: E402


def exact_beta(network, forward, error, masks=None):
    """Solve (I - J^T) beta = g densely over all layers, J = diag(m) W / V."""
    topology = network.topology
    shapes = [tuple(rate.shape[1:]) for rate in forward.rates]
    sizes = [int(torch.Size(shape).numel()) for shape in shapes]
    starts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    betas = [torch.zeros_like(rate) for rate in forward.rates]
    for b in range(len(error)):
        transposed = torch.zeros(starts[-1], starts[-1], dtype=torch.float64)
        for index in range(1, len(topology.connections)):
            origin, reached = topology.ends(index)
            connection = topology.connections[index]
            basis = torch.eye(sizes[reached]).view(-1, *shapes[reached])
            gate = forward.active(reached)[b]
            if masks is not None and masks[index] is not None:
                gate = gate * masks[index][b]
            columns = connection.send_back(
                basis * gate, connection.weight, shapes[origin]
            ).detach()
            rows = slice(starts[origin], starts[origin + 1])
            cols = slice(starts[reached], starts[reached + 1])
            transposed[rows, cols] += columns.flatten(1).T / network.neuron.reset
        drive = torch.zeros(starts[-1], dtype=torch.float64)
        r = network.readout
        drive[starts[r] : starts[r + 1]] = error[b].flatten().double()
        identity = torch.eye(starts[-1], dtype=torch.float64)
        solution = torch.linalg.solve(identity - transposed, drive)
        for layer, beta in enumerate(betas):
            part = solution[starts[layer] : starts[layer + 1]]
            beta[b] = part.view(shapes[layer])
    return betas


def tensors_of(network):
    connections = network.topology.connections
    return [
        (
            None if c.weight is None else c.weight.detach(),
            None if c.bias is None else c.bias.detach(),
        )
        for c in connections
    ]


def run_backward(network, forward, error, rule):
    settings = rule.backward_settings(network.neuron)
    engine = TorchEngine(network.topology)
    return engine.backward(forward, error, tensors_of(network), settings)


def relative_error(betas, exact):
    got = torch.cat([beta.flatten() for beta in betas])
    expected = torch.cat([beta.flatten() for beta in exact])
    return ((got - expected).norm() / expected.norm()).item()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"readout": 0},
        {"readout": 1},
        {"source": 1, "target": 1},
        {"source": 1, "target": 0, "readout": 2},
        {"source": 2, "target": 1, "readout": 1},
        {"neuron": LIF(leak=0.95)},
    ],
)
def test_ternary_pairs_tend_to_the_dense_implicit_solve(options, dense_network):
    network = dense_network([5, 7, 6, 8], **options)
    forward = network.simulate(torch.rand(3, 5))
    # Ternary pairs saturate at V_b = 1: keep the solution below it.
    error = 0.2 * torch.randn_like(forward.rates[network.readout])
    exact = exact_beta(network, forward, error)
    errors = [
        relative_error(
            run_backward(network, forward, error, Spide(steps=steps)).betas,
            exact,
        )
        for steps in (100, 4000)
    ]
    assert errors[0] < 0.15
    assert errors[1] < 0.004
    assert errors[1] < errors[0]


def test_convolutions_and_pools_tend_to_the_dense_implicit_solve():
    torch.manual_seed(1)
    network = FeedbackSNN(
        [Conv2d(1, 3, 3, padding=1), AvgPool2d(2), Linear(3 * 3 * 3, 6)],
        Linear(6, 3 * 7 * 7, bias=False),
    )
    with torch.no_grad():
        network.layers[0].bias.fill_(0.5)
        network.layers[2].weight.mul_(2)
        network.feedback.weight.mul_(0.2)
    forward = network.simulate(torch.rand(2, 1, 7, 7))
    error = 0.1 * torch.randn(2, 6)
    exact = exact_beta(network, forward, error)
    backward = run_backward(network, forward, error, Spide(steps=4000))
    assert relative_error(backward.betas, exact) < 0.01


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"v_th": 0.5, "u_rest": -0.5},
            [0.154, 0.058, 0.041, 0.015, 0.0066, 0.0026, 0.0014, 0.0005],
        ),
        (
            {"v_th": 1.0, "u_rest": 0.0},
            [0.308, 0.146, 0.065, 0.030, 0.014, 0.0067, 0.0031, 0.0009],
        ),
    ],
)
def test_error_falls_with_the_steps_as_published(
    settings, expected, reference, ide_network
):
    # The table of 8 neurons; the modified reset halves the error.
    fields = reference("f_ide_fc1_if")
    network = ide_network()
    forward = network.simulate(fields["x"])
    exact = fields["beta_exact_spide_mask"].float()
    errors = []
    for steps in (10, 25, 50, 100, 250, 500, 1000, 4000):
        rule = Spide(steps=steps, **settings)
        backward = run_backward(network, forward, fields["g"], rule)
        errors.append(relative_error(backward.betas, [exact]))
    assert errors == pytest.approx(expected, abs=6e-4)


def test_leaky_pairs_stop_converging_where_pairs_without_leak_go_on(
    dense_network,
):
    network = dense_network([5, 8], neuron=LIF(leak=0.95))
    forward = network.simulate(torch.rand(3, 5))
    error = 0.2 * torch.randn(3, 8)
    exact = exact_beta(network, forward, error)

    def error_of(neuron):
        rule = Spide(steps=4000, neuron=neuron)
        backward = run_backward(network, forward, error, rule)
        return relative_error(backward.betas, exact)

    assert error_of("LIF") > 10 * error_of("IF")


def test_dropout_acts_on_the_current_both_ways_and_in_the_gradient(dense_network):
    network = dense_network(
        [5, 9, 8], connection={"dropout": 0.4}, rule=Spide(steps=4000)
    )
    x, error = torch.rand(3, 5), 0.1 * torch.randn(3, 8)
    shapes = layer_shapes(network.topology, (5,))
    torch.manual_seed(7)
    masks = draw_dropout(network.topology, shapes, x, 3)
    values = torch.cat([mask.flatten() for mask in masks[:2]]).unique()
    assert_close(values, torch.tensor([0, 1 / 0.6]))
    assert masks[2] is None  # the feedback has none

    forward = network.simulate(x, masks=masks)
    torch.manual_seed(7)
    rate = network(x)
    assert torch.equal(rate, forward.rates[1])
    rate.backward(error)

    betas = exact_beta(network, forward, error, masks)
    for index, sent in [(0, x), (1, forward.rates[0]), (2, forward.rates[1])]:
        reached = network.topology.ends(index)[1]
        delta = betas[reached] * forward.active(reached) / network.neuron.reset
        if masks[index] is not None:
            delta = delta * masks[index]
        layer = network.topology.connections[index]
        assert_close(layer.weight.grad, delta.T @ sent, rtol=0.02, atol=1e-3)
        if layer.bias is not None:
            assert_close(layer.bias.grad, delta.sum(0), rtol=0.02, atol=1e-3)

    network.eval()
    assert torch.equal(network(x), network.simulate(x).rates[1])


def test_gradients_accumulate_and_pass_through_hooks(dense_network):
    network = dense_network([5, 7, 6])
    x = torch.rand(4, 5)
    error = torch.randn(4, 6)
    seen = []
    network.layers[0].weight.register_hook(lambda gradient: seen.append(gradient))
    network(x).backward(error)
    once = [p.grad.clone() for p in network.parameters()]
    assert len(seen) == 1
    assert torch.equal(seen[0], once[0])
    network(x).backward(error)
    for parameter, gradient in zip(network.parameters(), once, strict=True):
        assert torch.equal(parameter.grad, 2 * gradient)
    total = nn.utils.clip_grad_norm_(network.parameters(), 0.1)
    assert total > 0.1
    clipped = torch.cat([p.grad.flatten() for p in network.parameters()]).norm()
    assert clipped.item() == pytest.approx(0.1, rel=1e-4)


def test_a_frozen_parameter_gets_no_gradient(dense_network):
    network = dense_network([5, 7, 6])
    network.layers[1].weight.requires_grad_(False)
    network(torch.rand(4, 5)).sum().backward()
    assert network.layers[1].weight.grad is None
    assert network.layers[0].weight.grad is not None


def test_a_weight_changed_between_the_stages_is_an_error(dense_network):
    network = dense_network([5, 7, 6])
    loss = network(torch.rand(4, 5)).sum()
    with torch.no_grad():
        network.layers[0].weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_both_stages_stay_in_float32_under_autocast(dense_network):
    network = dense_network([5, 7, 6])
    x, error = torch.rand(4, 5), torch.randn(4, 6)
    network(x).backward(error)
    expected = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        rate = network(x)
        assert rate.dtype is torch.float32
        rate.backward(error)
    for parameter, gradient in zip(network.parameters(), expected, strict=True):
        assert torch.equal(parameter.grad, gradient)


@pytest.mark.parametrize("neuron", [None, LIF(leak=0.8)])
def test_the_input_gets_its_gradient_too(neuron, dense_network):
    network = dense_network([5, 7], neuron=neuron)
    x = torch.rand(4, 5)
    constant = x.clone().requires_grad_()
    network(constant).sum().backward()
    assert constant.grad.abs().sum() > 0
    # The same input as frames: their gradients add up to that of the constant.
    frames = x.repeat(network.steps, 1, 1).requires_grad_()
    network(frames).sum().backward()
    assert_close(frames.grad.sum(0), constant.grad, rtol=1e-4, atol=1e-6)


def test_the_scale_cancels_but_for_the_grain_of_spikes(dense_network):
    network = dense_network([5, 7, 6], rule=Spide(steps=4000))
    x, error = torch.rand(4, 5), torch.randn(4, 6)
    gradients = []
    for scale, factor in [(1.0, 1.0), (64.0, 1 / 64)]:
        network.rule = Spide(steps=4000, scale=scale)
        network.zero_grad()
        network(x).backward(error * factor)
        gradients.append(network.layers[0].weight.grad / factor)
    assert torch.equal(*gradients)


def test_a_restricted_feedback_gets_the_gradient_times_the_factor(dense_network):
    free, bound = dense_network([5, 7, 6]), dense_network([5, 7, 6])
    norm = free.feedback.weight.detach().norm()
    with torch.no_grad():
        bound.feedback.weight.mul_(5)
    restrict_norm(bound.feedback, "frobenius", norm.item())
    x, error = torch.rand(4, 5), torch.randn(4, 6)
    for network in (free, bound):
        network(x).backward(error)
    original = bound.feedback.parametrizations.weight.original
    assert_close(original.grad, free.feedback.weight.grad / 5, rtol=1e-4, atol=1e-6)


def test_statistics_of_the_backward_stage_are_its_rates(reference, reference_network):
    fields = reference("c_fc3_if")
    network = reference_network(fields, 3, 50)
    statistics = Statistics()
    network(fields["x"], statistics).backward(fields["g"])
    expected = [fields[f"rate_bwd_{i}_T50"].mean().item() for i in range(3)]
    assert statistics.backward_rates == pytest.approx(expected)
    sent = (fields["rate_bwd_1_T50"] * fields["mask_1"]).sum(1).mean().item() * 50
    assert statistics.backward_operations[1] == pytest.approx(sent * 8)


@pytest.mark.parametrize("mode", ["spide", "ide"])
def test_two_processes_give_the_gradients_of_one(mode, dense_network, tmp_path):
    x, labels = torch.rand(8, 5), torch.arange(8) % 3
    one = _gradients(_distributed_model(mode, 1), x, labels)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = tmp_path / "gradients.pt"
    mp.start_processes(
        _work, (port, mode, x, labels, str(path)), nprocs=2, start_method="fork"
    )
    two = torch.load(path, weights_only=True)
    assert len(two) == len(one)
    for got, expected in zip(two, one, strict=True):
        assert expected.abs().sum() > 0
        assert_close(got, expected, rtol=1e-6, atol=1e-6)


def test_a_scale_for_another_number_of_processes_warns(dense_network, monkeypatch):
    network = dense_network([5, 7])
    x = torch.rand(3, 5)
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 4)
    with pytest.warns(UserWarning, match="4 processes train, and n_processes is 1"):
        network(x)
    network.eval()(x)
    network.train().rule = Spide(scale=4.0, n_processes=4)
    network(x)


def _distributed_model(mode, n_processes):
    torch.manual_seed(3)
    rule = Spide(steps=50, scale=64.0, n_processes=n_processes)
    network = FeedbackSNN(
        [Linear(5, 7), Linear(7, 6)],
        Linear(6, 7, bias=False),
        rule=rule if mode == "spide" else Ide(),
    )
    restrict_norm(network.feedback, "frobenius", 1.0)
    return nn.Sequential(network, nn.Linear(6, 3))


def _gradients(model, x, labels):
    nn.functional.cross_entropy(model(x), labels).backward()
    return [parameter.grad.clone() for parameter in model.parameters()]


def _work(rank, port, mode, x, labels, path):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2
    )
    # Each process averages over half the batch: its errors are twice as large.
    model = nn.parallel.DistributedDataParallel(_distributed_model(mode, 2))
    mine = slice(4 * rank, 4 * rank + 4)
    gradients = _gradients(model, x[mine], labels[mine])
    if rank == 0:
        torch.save(gradients, path)
    dist.barrier()
    # The model's reducer first: were it the last to hold the group, it would wait for
    # the group's threads with the interpreter's lock, for which one of them may wait.
    del model
    dist.destroy_process_group()


def test_a_transposed_first_connection_learns_too():
    torch.manual_seed(0)
    network = FeedbackSNN([ConvTranspose2d(1, 2, 3, 2, 1)], steps=10)
    network(torch.rand(2, 1, 4, 4)).sum().backward()
    assert network.layers[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "backward steps must be an integer of at least 1"),
        ({"neuron": "ALIF"}, "backward neuron must be one of IF, LIF; got 'ALIF'"),
        ({"v_th": -1.0}, "v_th must be a positive number"),
        ({"scale": 0.0}, "scale must be a positive number"),
        ({"n_processes": 0}, "n_processes must be an integer of at least 1; got 0"),
        ({"u_rest": 0.5}, "reset must be a positive number"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Spide(**settings)
