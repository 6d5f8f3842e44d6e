"""How far neurons are from a class."""

import numpy as np
import pytest

from neuroclass.clustering.timing import SpikeCounts, TimingMatrix, fit_to_classes


@pytest.fixture
def populations(rng, simulate_types):
    """Return members of two types, and cells of these and of a third."""
    spikes, types, stimulus = simulate_types(rng, [30, 30, 20], n_repeats=20)
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    is_member = (types < 2) & (np.arange(80) % 3 != 0)
    part = TimingMatrix.from_spikes(counts.of(is_member))
    every = TimingMatrix.from_spikes(counts, half_weight=part.half_weight)
    return (
        every.of(is_member),
        types[is_member],
        every.of(~is_member),
        types[~is_member],
    )


def test_distances_are_losses_of_merging(populations):
    members, labels, others, _ = populations
    nearest = np.zeros(len(others.counts), int)
    found = fit_to_classes(members, labels, others, nearest)
    whole = members.counts[labels == 0].sum(axis=0)
    for i in (0, 5, 25):
        one = others.counts[i]
        phi = members.values(np.stack([one, whole, one + whole]))
        loss = (phi[0] + phi[1] - phi[2]) / (others.weights[i] * members.n_scales)
        assert found.distance[i] == pytest.approx(loss)


def test_cells_of_the_types_are_inside_and_those_of_another_outside(populations):
    members, labels, others, types = populations
    known = np.where(types < 2, types, 0)
    found = fit_to_classes(members, labels, others, known)
    assert found.is_outside[types < 2].mean() < 0.2
    assert found.is_outside[types == 2].mean() > 0.8
    assert not found.is_chance[types < 2].any()
    assert found.is_chance[types == 2].mean() > 0.5  # nearer to all than to one
    assert (found.limit > 0).all()


def test_the_fewer_spikes_the_wider_the_limit(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [20, 20], n_repeats=20)
    few = spikes.copy()
    few[0] = rng.binomial(spikes[0].astype(int), 0.05)
    limits = []
    for counts in (spikes, few):
        matrix = TimingMatrix.from_spikes(
            SpikeCounts.from_repeats(counts, stimulus=stimulus), half_weight=100.0
        )
        found = fit_to_classes(
            matrix.of(np.arange(1, 40)), types[1:], matrix.of(np.array([0])), types[:1]
        )
        limits.append(found.limit[0])
    assert limits[1] > 1.3 * limits[0]


def test_a_class_of_one_and_one_class_have_limits_of_the_others(populations):
    members, labels, others, _ = populations
    alone = np.where(np.arange(len(labels)) == 0, 1, 0)
    found = fit_to_classes(members, alone, others, np.ones(len(others.counts), int))
    assert np.isfinite(found.limit).all()
    one = np.zeros(len(labels), int)
    found = fit_to_classes(members, one, others, np.zeros(len(others.counts), int))
    assert not found.is_chance.any()
