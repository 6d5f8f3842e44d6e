"""IDE: three solvers, batch norm on average rates, spectral restriction."""

import itertools

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from torch.testing import assert_close  # noqa: E402

from neuroclass.snn import (  # noqa: E402
    AvgPool2d,
    Conv2d,
    FeedbackSNN,
    Ide,
    Linear,
    restrict_norm,
)
from neuroclass.snn.learning import rate_map  # noqa: E402
from neuroclass.snn.learning.solvers import (  # noqa: E402
    solve_broyden,
    solve_damped,
    solve_exact,
)


def system(n=12, batch=3, strength=0.7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    jacobian = torch.randn(batch, n, n, generator=generator, dtype=torch.float64)
    jacobian *= strength / torch.linalg.matrix_norm(jacobian, 2)[:, None, None]
    drive = torch.randn(batch, n, generator=generator, dtype=torch.float64)
    product = lambda beta: torch.einsum("bji,bj->bi", jacobian, beta)  # noqa: E731
    identity = torch.eye(n, dtype=torch.float64)
    exact = torch.linalg.solve(identity - jacobian.mT, drive)
    return product, drive, exact


def test_the_exact_solver_is_the_dense_solve():
    product, drive, exact = system()
    assert_close(solve_exact(product, drive), exact)
    assert_close(solve_exact(product, drive, coupled=False), exact)


def test_the_damped_solver_tends_to_the_solution_itself():
    # The limit (2I - J^T)^-1 g, known from published code, is 40 % away.
    product, drive, exact = system()
    assert_close(solve_damped(product, drive, steps=300), exact)


@pytest.mark.parametrize("coupled", [False, True])
def test_broyden_is_exact_once_it_has_seen_every_direction(coupled):
    product, drive, exact = system(n=6, batch=2)
    beta = solve_broyden(product, drive, 60, 60, coupled=coupled)
    assert_close(beta, exact, rtol=1e-7, atol=1e-7)


def test_broyden_needs_fewer_products_than_the_damped_solver():
    product, drive, exact = system()
    fast = solve_broyden(product, drive)
    slow = solve_damped(product, drive, steps=30)
    assert (fast - exact).norm() < 0.01 * (slow - exact).norm()


def test_broyden_is_the_method_with_a_whole_matrix():
    # All shares of the residuals are above a third: no step is a plain one.
    product, drive, _ = system(strength=0.95)
    beta, residual = torch.zeros_like(drive), drive
    inverse = -torch.eye(drive.shape[1], dtype=drive.dtype).repeat(len(drive), 1, 1)
    for n in range(1, 9):
        step = -(inverse @ residual[..., None])[..., 0]
        beta = beta + step
        before, residual = residual, product(beta) + drive - beta
        moved = (inverse @ (residual - before)[..., None])[..., 0]
        row = (step[:, None] @ inverse)[:, 0]
        bottom = (row * (residual - before)).sum(1)[:, None, None]
        inverse = inverse + (step - moved)[..., None] * row[:, None] / bottom
        found = solve_broyden(product, drive, n)
        is_best = (product(found) + drive - found).norm(dim=1) < before.norm(dim=1)
        assert is_best.any()
        assert_close(found[is_best], beta[is_best], rtol=1e-9, atol=1e-9)


def test_a_loop_that_weakens_fast_takes_plain_steps_to_the_same_solution():
    product, drive, exact = system(strength=0.2)
    n_products = []

    def counted(beta):
        n_products.append(1)
        return product(beta)

    assert_close(solve_broyden(counted, drive), exact, rtol=1e-8, atol=1e-8)
    assert len(n_products) < 20


def test_broyden_that_starts_its_matrix_anew_still_comes_closer():
    product, drive, exact = system()
    errors = [
        (solve_broyden(product, drive, steps, memory=4) - exact).norm()
        for steps in (2, 8, 40)
    ]
    assert errors[2] < errors[1] < errors[0]


def test_broyden_returns_the_iterate_of_the_lowest_residual():
    # Expanding maps send the iterates away before they come back.
    product, drive, _ = system(strength=3.0)
    residual = lambda beta: (product(beta) + drive - beta).norm()  # noqa: E731
    sizes = [residual(solve_broyden(product, drive, n)) for n in range(1, 25)]
    assert all(b <= a for a, b in itertools.pairwise(sizes))


@pytest.mark.parametrize("solve", [solve_broyden, solve_damped])
@pytest.mark.parametrize("strength", [3.0, 1e30])
def test_a_sample_that_diverges_does_not_spoil_the_others(solve, strength):
    # The second row moves away from its solution, or overflows at once.
    slope = torch.tensor([[0.5], [strength]]) * torch.tensor([1.0, 0.8, 0.6, 0.4])
    turn = torch.tensor([1.0, -1.0, 1.0, -1.0])
    drive = torch.tensor([[1.0, 2.0, 3.0, 4.0], [1.0, -1.0, 2.0, 1.0]])

    def product(beta):
        return slope * beta.roll(1, 1) * turn

    together = solve(product, drive, 40)
    slope = slope[:1]
    alone = solve(product, drive[:1], 40)
    assert_close(together[:1], alone)
    assert (product(alone) + drive[:1] - alone).norm() < 1e-4
    assert together.isfinite().all()


def implicit_gradient(network, x, error):
    """Return what the backward pass gives the bias of the first layer."""
    (gradient,) = torch.autograd.grad(network(x), network.layers[0].bias, error)
    return gradient


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"readout": 0},
        {"source": 1, "target": 1},
        {"source": 1, "target": 0, "readout": 2},
    ],
)
def test_the_gradient_is_the_slope_of_the_equilibrium(options, dense_network):
    network = dense_network(
        [5, 7, 6, 8],
        rule=Ide(solver="exact"),
        steps=5000,
        **options,
    )
    x = torch.rand(3, 5)
    rates = network.equilibrium(x)
    error = torch.randn_like(rates[network.readout])
    # Long simulation: the average rates are the equilibrium to a few 1e-4.
    got = implicit_gradient(network, x, error)
    step, slopes = 2e-3, torch.zeros(7)
    for i in range(7):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                network.layers[0].bias[i] += sign * step
                rate = network.equilibrium(x, tolerance=1e-7)[network.readout]
                values.append((rate * error).sum())
                network.layers[0].bias[i] -= sign * step
        slopes[i] = (values[0] - values[1]) / (2 * step)
    assert_close(got, slopes, rtol=0.02, atol=0.01)


class OwnLinear(Linear):
    """The same current by a method of its own, which autograd goes through."""

    def current(self, spikes, weight, bias, target):
        return super().current(spikes, weight, bias, target)


class OwnConv2d(Conv2d):
    """The same of a convolution."""

    def current(self, spikes, weight, bias, target):
        return super().current(spikes, weight, bias, target)


def small_network(kind, linear, convolution):
    """Build one of the loops that the transposed connections carry."""
    if kind == "pool":
        layers = [
            convolution(1, 3, 3, padding=1, dropout=0.3),
            AvgPool2d(2),
            linear(3 * 3 * 3, 9, dropout=0.4),
        ]
        return FeedbackSNN(layers, linear(9, 108, bias=False), rule=Ide())
    if kind == "strided":
        layers = [convolution(1, 3, 3, 2, 1), convolution(3, 2, 3, 1, 1)]
        feedback = convolution(2, 3, 3, 1, 1, bias=False)
        return FeedbackSNN(layers, feedback, rule=Ide())
    layers = [linear(36, 9), linear(9, 8, dropout=0.2), linear(8, 7), linear(7, 5)]
    return FeedbackSNN(
        layers, linear(7, 8, bias=False), rule=Ide(), source=2, target=1, readout=3
    )


@pytest.mark.parametrize("kind", ["pool", "strided", "inner"])
def test_the_transposed_connections_give_what_autograd_gives(kind):
    x = torch.rand(4, 36) if kind == "inner" else torch.rand(4, 1, 6, 6)
    gradients = []
    for layers in ((Linear, Conv2d), (OwnLinear, OwnConv2d)):
        torch.manual_seed(0)
        network = small_network(kind, *layers)
        rate = network(x)
        rate.backward(torch.ones_like(rate))
        gradients.append([p.grad for p in network.parameters()])
        assert network.feedback.weight.grad.any()
    for expected, got in zip(*gradients, strict=True):
        assert_close(got, expected)


@pytest.mark.parametrize(
    "settings",
    [Ide(solver="broyden"), Ide(solver="damped", steps=200)],
)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_iterative_solvers_agree_with_the_exact_one(
    settings, batch_norm, dense_network
):
    x, error = torch.rand(6, 5), torch.randn(6, 6)
    gradients = []
    for rule in (Ide(solver="exact"), settings):
        network = dense_network(
            [5, 7, 6],
            rule=rule,
            connection={"batch_norm": batch_norm},
        )
        network(x).backward(error)
        gradients.append([p.grad for p in network.parameters()])
    for expected, got in zip(*gradients, strict=True):
        assert_close(got, expected, rtol=1e-3, atol=1e-4)


class TestBatchNorm:
    @pytest.fixture
    def network(self, dense_network):
        return dense_network(
            [5, 7, 6], rule=Ide(), connection={"batch_norm": True}, steps=40
        )

    def test_moments_are_updated_once_per_call(self, network):
        norm = network.layers[1].batch_norm
        x = torch.rand(6, 5)
        with torch.no_grad():
            first = network.layers[0]
            current = x @ first.weight.T + first.bias
        network(x).sum().backward()
        assert norm.num_batches_tracked.item() == 1
        expected = 0.1 * current.mean(0)
        assert_close(first.batch_norm.running_mean, expected)
        expected = 0.9 + 0.1 * current.var(0)
        assert_close(first.batch_norm.running_var, expected)

    def test_evaluation_uses_the_running_moments_and_leaves_them(self, network):
        for _ in range(3):
            network(torch.rand(6, 5))
        network.eval()
        before = network.layers[1].batch_norm.running_mean.clone()
        x = torch.rand(4, 5)
        together = network(x)
        assert torch.equal(network.layers[1].batch_norm.running_mean, before)
        apart = torch.cat([network(row[None]) for row in x])
        assert_close(together, apart)

    def test_deeper_moments_are_those_of_the_average_rates(self, network):
        x = torch.rand(6, 5)
        stage = network.simulate(x, training=True)
        layer = network.layers[1]
        with torch.no_grad():
            current = stage.rates[0] @ layer.weight.T + layer.bias
        mean, variance, n_values = stage.moments[1]
        assert_close(mean, current.mean(0))
        assert_close(variance, current.var(0, correction=0))
        assert n_values == 6

    def test_simulated_rates_approach_the_normalised_map(self, network):
        x = torch.rand(6, 5)
        stage = network.simulate(x, training=True, n_steps=4000)
        tensors = [(c.weight, c.bias) for c in network.topology.connections]
        with torch.no_grad():
            rates = rate_map(
                network.topology, x, tensors, stage.rates[1], training=True
            )
        for simulated, mapped in zip(stage.rates, rates, strict=True):
            assert_close(simulated, mapped, rtol=0, atol=0.01)

    def test_convolutions_are_normalised_by_channel(self):
        torch.manual_seed(0)
        network = FeedbackSNN(
            [Conv2d(1, 4, 3, padding=1, batch_norm=True, bias=False)],
            Conv2d(4, 4, 3, padding=1, bias=False),
            rule=Ide(),
            steps=10,
        )
        with torch.no_grad():
            network.feedback.weight.mul_(0.1)
        network(torch.rand(3, 1, 6, 6)).sum().backward()
        assert network.layers[0].batch_norm.running_mean.shape == (4,)
        assert network.layers[0].batch_norm.weight.grad.abs().sum() > 0
        assert network.feedback.weight.grad.abs().sum() > 0


def test_no_feedback_needs_no_solver(dense_network):
    network = dense_network([5, 7, 6], rule=Ide())
    layers = list(network.layers)
    plain = FeedbackSNN(layers, rule=Ide(solver="exact"))
    x = torch.rand(3, 5)
    plain(x).sum().backward()
    assert layers[0].weight.grad.abs().sum() > 0


def test_dropout_is_the_same_mask_in_both_directions(dense_network):
    network = dense_network(
        [5, 9, 8], rule=Ide(), connection={"dropout": 0.5}, strength=0.1
    )
    for layer in network.layers:
        torch.nn.init.constant_(layer.bias, 0.5)
    network(torch.rand(1, 5)).sum().backward()
    gradient = network.layers[1].weight.grad
    # One sample: a dropped current leaves its whole row without a gradient.
    assert 0 < (gradient.abs().sum(1) == 0).sum() < 8


def test_rates_stay_in_float32_under_autocast(dense_network):
    network = dense_network([5, 7, 6], rule=Ide())
    x, error = torch.rand(4, 5), torch.randn(4, 6)
    network(x).backward(error)
    expected = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        rate = network(x)
        rate.backward(error)
    assert rate.dtype is torch.float32
    for parameter, gradient in zip(network.parameters(), expected, strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_the_exact_solver_refuses_large_networks():
    with pytest.raises(ValueError, match="at most 4096 unknowns; got 5000"):
        solve_exact(lambda beta: beta, torch.zeros(1, 5000))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "anderson"}, "solver must be one of broyden, damped, exact"),
        ({"steps": 0}, "backward steps must be an integer of at least 1"),
        ({"memory": 0}, "memory must be an integer of at least 1"),
        ({"tolerance": -1.0}, "tolerance must not be negative"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Ide(**settings)


def test_a_dense_feedback_learns_under_its_restriction(dense_network):
    network = dense_network([5, 7], rule=Ide())
    restrict_norm(network.feedback, "spectral", 0.2)
    network(torch.rand(4, 5)).sum().backward()
    assert isinstance(network.feedback, Linear)
    assert network.feedback.parametrizations.weight.original.grad.abs().sum() > 0
