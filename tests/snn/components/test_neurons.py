"""Steps of neurons and ternary neuron pairs."""

import itertools

import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn import IF, LIF  # noqa: E402
from neuroclass.snn.components import (  # noqa: E402
    average_rate_norm,
    fire_,
    fire_ternary_,
    integrate_and_fire,
    integrate_and_fire_pair,
    step_weights,
)


@pytest.mark.parametrize("leak", [1.0, 0.5])
@pytest.mark.parametrize(
    ("pure", "written", "threshold", "reset"),
    [
        (integrate_and_fire, fire_, 1.0, 2.0),
        (integrate_and_fire_pair, fire_ternary_, 0.5, 1.0),
        (integrate_and_fire_pair, fire_ternary_, 0.75, 0.75),
    ],
)
def test_a_step_in_place_is_the_pure_step(pure, written, threshold, reset, leak):
    generator = torch.Generator().manual_seed(0)
    # Sixteenths: ties with the threshold happen, and every sum is exact.
    current, potential = torch.randint(-32, 33, (2, 500), generator=generator) / 16
    spikes, left = pure(current, potential, threshold, reset, leak)
    state, out = potential + current, torch.empty(500)
    written(state, out, threshold, reset, leak=leak)
    assert torch.equal(out, spikes)
    assert torch.equal(state, left)
    assert len(spikes.unique()) == (2 if pure is integrate_and_fire else 3)


def test_a_tie_fires_in_both_stages():
    spikes, _ = integrate_and_fire(torch.ones(1), torch.zeros(1), 1.0, 2.0)
    assert spikes.item() == 1
    ternary, _ = integrate_and_fire_pair(
        torch.tensor([0.5, -0.5]), torch.zeros(2), 0.5, 1.0
    )
    assert ternary.tolist() == [1, -1]


def test_the_leak_acts_after_the_reset():
    _, potential = integrate_and_fire(torch.ones(1), torch.zeros(1), 1.0, 2.0, 0.5)
    assert potential.item() == 0.5 * (1 - 2)


def test_the_rate_of_a_constant_drive_is_the_drive_over_the_reset():
    potential, spikes, total = torch.zeros(1), torch.zeros(1), 0.0
    for _ in range(1000):
        potential.add_(0.6)
        fire_(potential, spikes, 1.0, 2.0, 1.0)
        total += spikes.item()
    assert total / 1000 == pytest.approx(0.3, abs=2e-3)


@pytest.mark.parametrize("leak", [1.0, 0.95, 0.3])
def test_step_weights_add_up_to_one_and_grow_by_the_leak(leak):
    weights = step_weights(7, leak)
    assert sum(weights) == pytest.approx(1)
    for earlier, later in itertools.pairwise(weights):
        assert earlier == pytest.approx(later * leak)
    assert weights[-1] == pytest.approx(1 / average_rate_norm(7, leak))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: IF(v_th=0.0), "v_th must be a positive number"),
        (lambda: IF(v_th=float("nan")), "v_th must be a positive number"),
        (lambda: IF(v_th=1.0, u_rest=1.0), "u_rest must lie below v_th"),
        (lambda: LIF(leak=1.0), "leak must lie between 0 and 1"),
    ],
)
def test_impossible_neurons_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
