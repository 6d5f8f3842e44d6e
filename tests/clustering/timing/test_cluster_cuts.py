"""How many classes: types found, continua not split, sets that are too small."""

import numpy as np
from numpy.testing import assert_array_equal
from sklearn.metrics import adjusted_rand_score

from neuroclass.clustering import build_merge_tree
from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingMatrix,
    find_cluster_cuts,
    find_participants,
)


def test_types_are_counted_and_determined(rng, simulate_types):
    spikes, types, stimulus = simulate_types(
        rng, [14, 12, 10], n_repeats=30, n_bins=100
    )
    found = find_cluster_cuts(SpikeCounts.from_repeats(spikes, stimulus=stimulus))
    assert (found.low, found.n_clusters, found.is_determined) == (3, 3, True)
    assert found.why_open == ""
    assert adjusted_rand_score(types, found.labels) == 1
    assert [cut.n_clusters for cut in found.cuts][:3] == [1, 2, 3]
    assert found.cuts[2].sizes == (14, 12, 10)
    assert found.cuts[2].support == "sure"
    assert found.cuts[2].share > found.cuts[1].share > found.cuts[0].share == 0
    assert found.ranked[0].z == max(cut.z for cut in found.cuts[1:])
    assert "3 classes shown" in repr(found)


def test_one_type_is_one_class_and_said_so_only_if_alike(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [30], n_repeats=40, n_bins=100)
    found = find_cluster_cuts(SpikeCounts.from_repeats(spikes, stimulus=stimulus))
    assert (found.n_clusters, found.low) == (1, 1)
    assert found.is_alike
    assert found.is_determined
    different, _, stimulus = simulate_types(rng, [1] * 30, n_repeats=40, n_bins=100)
    found = find_cluster_cuts(SpikeCounts.from_repeats(different, stimulus=stimulus))
    assert not found.is_determined
    assert found.why_open == "neurons within a class still respond differently"
    assert found.high > 1


def test_units_that_fire_at_random_change_nothing(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [12, 12], n_repeats=20, n_bins=100)
    random = rng.poisson(0.02, (8, *spikes.shape[1:]))
    answers = []
    for population in (spikes, np.concatenate([spikes, random])):
        counts = SpikeCounts.from_repeats(population, stimulus=stimulus)
        part = find_participants(counts).takes_part
        answers.append(find_cluster_cuts(counts.of(part)))
    assert answers[0].n_clusters == answers[1].n_clusters == 2
    assert_array_equal(answers[0].labels, answers[1].labels)


def test_few_neurons_determine_nothing(rng, simulate_types):
    for sizes, high in (([1, 1], 2), ([2, 3], 5)):
        spikes, types, stimulus = simulate_types(rng, sizes)
        counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
        found = find_cluster_cuts(counts)
        assert (found.low, found.n_clusters, found.high) == (1, 1, high)
        assert not found.is_determined
        assert found.why_open == f"too few neurons ({len(types)})"
        assert found.is_at_least
    spikes, _, stimulus = simulate_types(rng, [4, 4], n_repeats=30, n_bins=100)
    found = find_cluster_cuts(SpikeCounts.from_repeats(spikes, stimulus=stimulus))
    assert not found.is_determined


def test_one_bin_per_stimulus_and_few_conditions_are_judged(rng):
    """Images in single bins; and two conditions, halved by repeats."""
    profile = rng.gamma(0.6, 2.0, (2, 80))
    rate = np.repeat(profile, 10, axis=0) * rng.gamma(9.0, 1 / 9, (20, 80))
    spikes = rng.poisson(rate[:, None], (20, 20, 80)).astype(float)
    found = find_cluster_cuts(SpikeCounts.from_repeats(spikes, stimulus=np.arange(80)))
    assert_array_equal(found.cuts[1].labels, np.repeat([0, 1], 10))
    assert found.low == 2
    two = rng.poisson(
        np.repeat([[1.0, 4.0], [4.0, 1.0]], 10, axis=0)[:, None], (20, 20, 2)
    )
    found = find_cluster_cuts(SpikeCounts.from_repeats(two))
    assert_array_equal(found.cuts[1].labels, np.repeat([0, 1], 10))


def test_neurons_recorded_in_part_are_classed_with_their_type(rng, simulate_types):
    spikes, types, stimulus = simulate_types(
        rng, [12, 12], n_repeats=20, n_stimuli=3, n_bins=60
    )
    spikes[::5, :, stimulus == 2] = np.nan
    spikes[1::7, 12:] = np.nan
    found = find_cluster_cuts(SpikeCounts.from_repeats(spikes, stimulus=stimulus))
    assert found.low == 2
    assert_array_equal(found.cuts[1].labels, types)


def test_a_matrix_and_tree_at_hand_give_the_same(rng, simulate_types):
    spikes, _, stimulus = simulate_types(rng, [9, 9])
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    matrix = TimingMatrix.from_spikes(counts)
    one = find_cluster_cuts(counts)
    other = find_cluster_cuts(counts, matrix, build_merge_tree(matrix))
    assert [cut.z for cut in one.cuts[1:]] == [cut.z for cut in other.cuts[1:]]


def test_cuts_that_hold_tell_how_far_halves_of_the_repeats_agree(rng, simulate_types):
    counts = SpikeCounts.from_repeats(simulate_types(rng, [14, 12, 10])[0])
    cuts = find_cluster_cuts(counts)
    held = {cut.n_clusters for cut in cuts.ranked}
    assert 3 in held
    assert cuts.cuts[2].stability > 0.9
    for cut in cuts.cuts:
        assert np.isnan(cut.stability) == (cut.n_clusters not in held)


def test_a_small_class_must_be_closely_alike_to_be_one_type(rng):
    # Two types of 20 neurons; of a third, two kinds of two neurons each.
    profile = rng.gamma(0.5, 1.0, (3, 200))
    kinds = profile[2] * np.exp([[0.6], [-0.6]] * rng.normal(size=200))
    for third, is_determined in ((profile[[2, 2]], True), (kinds, False)):
        shares = np.concatenate([profile[:2], third])
        types = np.repeat(np.arange(4), [20, 20, 2, 2])
        rate = 0.3 * shares / shares.mean(axis=1, keepdims=True)
        spikes = rng.poisson(rate[types][:, None], (44, 40, 200))
        found = find_cluster_cuts(SpikeCounts.from_repeats(spikes))
        assert (found.low, found.n_clusters) == (3, 3)
        assert found.is_determined == is_determined
        assert found.n_hiding == (0 if is_determined else 1)
        if not is_determined:
            assert "two or three neurons" in found.why_open
            assert found.high == found.n_first
            assert found.is_at_least
