"""How sure it is that a neuron belongs to its class."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingMatrix,
    assign_neurons,
    class_confidence,
    class_gains,
    class_posterior,
)


@pytest.fixture
def three_types(rng, simulate_types):
    """Return the matrix and the types of three types of unequal size."""
    spikes, types, stimulus = simulate_types(rng, [7, 4, 5])
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    return TimingMatrix.from_spikes(counts), types


def test_confidence_equals_its_definition(three_types):
    matrix, types = three_types
    b = np.log(2) * class_gains(matrix, types)
    n = matrix.effective_spikes
    n = n * matrix.half_weight / (n + matrix.half_weight)
    members = [np.flatnonzero(types == k) for k in range(3)]
    for i, confidence in enumerate(class_confidence(matrix, types)):
        a, odds = types[i], []
        for k in {0, 1, 2} - {a}:
            d_a = b[members[a], a] - b[members[a], k]
            d_k = b[members[k], a] - b[members[k], k]
            squares = ((d_a - d_a.mean()) ** 2).sum() + ((d_k - d_k.mean()) ** 2).sum()
            variance = squares / (len(d_a) + len(d_k) - 2)
            gap = d_a.mean() - d_k.mean()
            usual = 2 / ((1 / n[members[a]]).mean() + (1 / n[members[k]]).mean())
            width = 3.2 * variance + gap * max(1 / n[i] - 1 / usual, 0)
            x = b[i, a] - b[i, k] - (d_a.mean() + d_k.mean()) / 2
            odds.append(gap * x / width + np.log(len(d_a) / len(d_k)))
        assert_allclose(confidence, 1 / (1 + np.exp(-min(odds))), rtol=1e-9)


def test_gains_are_those_of_joining_the_class(three_types):
    matrix, types = three_types
    gains = class_gains(matrix, types)
    for i, k in ((0, 0), (0, 2), (9, 1), (15, 0)):
        others = np.flatnonzero((types == k) & (np.arange(16) != i))
        without = matrix.counts[others].sum(axis=0)
        joined = np.diff(matrix.values(np.stack([without, without + matrix.counts[i]])))
        expected = joined[0] / (matrix.weights[i] * matrix.n_scales)
        assert_allclose(gains[i, k], expected, rtol=1e-9)


def test_the_fewer_spikes_the_less_sure_down_to_the_sizes_of_the_classes(rng):
    types = np.repeat([0, 1], [40, 20])
    rate = np.exp(0.5 * rng.normal(size=(2, 60)))[types]
    spikes = rng.poisson(rate[:, None], (60, 20, 60)).astype(float)
    takes_part = np.arange(60) % 4 != 0
    found = []
    for share in (1.0, 0.1, 0.01, 0.001):
        thinned = spikes.copy()
        of_others = spikes[~takes_part].astype(int)
        thinned[~takes_part] = rng.binomial(of_others, share)
        thinned[~takes_part, 0, 0] += 1  # none is silent
        counts = SpikeCounts.from_repeats(thinned)
        part = TimingMatrix.from_spikes(counts.of(takes_part))
        every = TimingMatrix.from_spikes(counts, half_weight=part.half_weight)
        labels, sure = assign_neurons(every, types[takes_part], takes_part)
        right = (labels == types)[~takes_part]
        found.append((sure[~takes_part].mean(), right.mean()))
    sure, right = np.transpose(found)
    assert (np.diff(sure) < 0).all()
    assert right[0] == 1
    assert sure[0] > 0.97
    assert 0.6 < sure[3] < 0.75  # 2 to 1, where the spikes say little
    # They may be of no class: on the safe side, but not by much.
    assert (sure < right + 0.02).all()
    assert_allclose(sure, right, atol=0.25)


def test_a_neuron_between_two_classes_is_of_neither(rng):
    rate = np.exp(rng.normal(0, 1, (2, 60)))
    place = np.concatenate([rng.normal(0, 0.1, 20), rng.normal(1, 0.1, 20), [0.5]])
    mixed = np.exp(
        (1 - place[:, None]) * np.log(rate[0]) + place[:, None] * np.log(rate[1])
    )
    spikes = rng.poisson(mixed[:, None], (41, 60, 60))
    matrix = TimingMatrix.from_spikes(SpikeCounts.from_repeats(spikes))
    types = np.repeat([0, 1], 20)
    members, between = matrix.of(np.arange(40)), matrix.of(np.array([40]))
    labels = class_posterior(members, types, between).argmax(axis=1)
    assert class_posterior(members, types, between).max() > 0.95  # of many spikes
    assert class_confidence(members, types, between, labels)[0] < 0.9
    assert np.median(class_confidence(members, types)) > 0.99


def test_one_class_is_sure_and_the_only_neuron_of_a_class_has_no_confidence(
    three_types,
):
    matrix, _ = three_types
    assert_array_equal(class_confidence(matrix, np.zeros(16, int)), 1)
    alone = np.array([0, *[1] * 15])
    confidence = class_confidence(matrix, alone)
    assert np.isnan(confidence[0])
    assert np.isfinite(confidence[1:]).all()


def test_types_that_overlap_make_the_posterior_but_not_the_confidence_too_sure(rng):
    sure, right, posterior = [], [], []
    for _ in range(12):
        drive = rng.normal(0, 1, (2, 80))
        axis = 0.5 * (drive[1] - drive[0])
        types = np.repeat([0, 1], 40)
        place = np.where(types == 0, -1, 1) + rng.normal(0, 0.7, 80)
        log_rate = drive.mean(axis=0) + place[:, None] * axis
        log_rate = log_rate + 0.3 * rng.normal(size=log_rate.shape)
        spikes = rng.poisson(np.exp(log_rate)[:, None], (80, 20, 80))
        matrix = TimingMatrix.from_spikes(SpikeCounts.from_repeats(spikes))
        found = (place > 0).astype(int)  # where a partition cuts
        sure.append(class_confidence(matrix, found))
        posterior.append(class_posterior(matrix, found)[np.arange(80), found])
        right.append(found == types)
    sure, right, posterior = map(np.concatenate, (sure, right, posterior))
    assert 0.85 < right.mean() < 0.95
    assert posterior.mean() > right.mean() + 0.03
    # Where types differ along one axis alone it is on the safe side.
    assert right.mean() - 0.15 < sure.mean() < right.mean()
    assert sure[~right].mean() < 0.7 < 0.8 < posterior[~right].mean()


def test_neurons_set_aside_join_their_type(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [10, 10], n_repeats=20)
    spikes[19] = 0
    matrix = TimingMatrix.from_spikes(
        SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    )
    takes_part = np.ones(20, bool)
    takes_part[[3, 15, 19]] = False
    labels, confidence = assign_neurons(matrix, types[takes_part], takes_part)
    assert_array_equal(labels[:19], types[:19])
    assert labels[19] == -1
    assert confidence[19] == 0
    assert (confidence[:19] > 0.5).all()


def test_a_unit_that_fires_at_random_is_sure_of_no_class(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [10, 10, 10], n_repeats=20)
    at_random = np.bincount(rng.integers(0, 1600, 300), minlength=1600)
    spikes[0] = at_random.reshape(20, 80)
    matrix = TimingMatrix.from_spikes(
        SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    )
    takes_part = ~np.isin(np.arange(30), (0, 5, 15))
    labels, confidence = assign_neurons(matrix, types[takes_part], takes_part)
    assert confidence[0] < 0.05
    assert_array_equal(labels[[5, 15]], types[[5, 15]])
    assert (confidence[[5, 15]] > 0.95).all()
