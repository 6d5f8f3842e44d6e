"""Agreement of the classes of two halves of the repeats."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import adjusted_rand_score

from neuroclass.clustering import build_merge_tree, refine_with_restarts
from neuroclass.clustering.timing import SpikeCounts, TimingMatrix
from neuroclass.clustering.timing.split_halves import (
    adjusted_rand_index,
    split_half_agreement,
)


def test_types_come_out_of_both_halves_and_cuts_through_noise_do_not(
    rng, simulate_types
):
    spikes, types, stimulus = simulate_types(rng, [14, 12, 10])
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    matrix = TimingMatrix.from_spikes(counts)
    assert_array_equal(split_half_agreement(counts, matrix, [types]), [1])
    rate = np.exp(rng.normal(0, 0.5, (40, 1, 1))) * rng.gamma(2, 0.2, (1, 1, 80))
    alike = SpikeCounts.from_repeats(rng.poisson(rate, (40, 10, 80)))
    matrix = TimingMatrix.from_spikes(alike)
    cut, _ = refine_with_restarts(
        matrix, build_merge_tree(matrix).labels(2), random_state=0
    )
    (agreement,) = split_half_agreement(alike, matrix, [cut])
    assert abs(agreement) < 0.25


def test_the_agreement_is_that_of_partitions_found_apart(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [12, 10, 9, 8], 4)
    spikes = rng.binomial(spikes.astype(int), 0.25)  # so few that halves differ
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    matrix = TimingMatrix.from_spikes(counts, rate_weight=0.5)
    found, halves = [], (spikes[:, ::2], spikes[:, 1::2])
    for half in halves:
        # The dispersion is that of all repeats, of which a half has no better estimate.
        own = SpikeCounts.from_repeats(half, stimulus=stimulus)
        own = replace(own, variance=counts.variance)
        rows = TimingMatrix.from_spikes(
            own, half_weight=matrix.half_weight, rate_weight=0.5
        )
        tree = build_merge_tree(rows).labels(4)
        starts = (refine_with_restarts(rows, s, n_restarts=0) for s in (types, tree))
        found.append(max(starts, key=lambda each: each[1])[0])
    fires = np.all([half.sum(axis=(1, 2)) > 0 for half in halves], axis=0)
    assert not fires.all()  # the others have no class in one of the halves
    expected = adjusted_rand_score(found[0][fires], found[1][fires])
    assert 0 < expected < 1
    assert split_half_agreement(counts, matrix, [types])[0] == pytest.approx(expected)


def test_one_repeat_has_no_halves(rng, simulate_types):
    spikes, types, stimulus = simulate_types(rng, [6, 5], 1)
    for given in (spikes, spikes[:, 0]):
        counts = (
            SpikeCounts.from_repeats(given, stimulus=stimulus)
            if given.ndim == 3
            else SpikeCounts.from_sums(given, None, 1, stimulus=stimulus)
        )
        matrix = TimingMatrix.from_spikes(counts)
        assert np.isnan(split_half_agreement(counts, matrix, [types])).all()
    assert split_half_agreement(counts, matrix, []).shape == (0,)


@pytest.mark.parametrize("n_clusters", [(1, 1), (1, 4), (3, 3), (2, 7), (30, 30)])
def test_the_adjusted_rand_index_is_that_of_scikit_learn(rng, n_clusters):
    one, other = (rng.integers(k, size=30) for k in n_clusters)
    expected = adjusted_rand_score(one, other)
    assert adjusted_rand_index(one, other) == pytest.approx(expected, abs=1e-14)
    assert adjusted_rand_index(one, one[::1]) == 1.0
    assert adjusted_rand_index(np.arange(30), np.arange(30)[::-1]) == 1.0
