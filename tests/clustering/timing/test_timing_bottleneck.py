"""The estimator of classes by timing: its contract and its attributes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from neuroclass.clustering import build_merge_tree, pairwise_losses
from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingBottleneck,
    TimingMatrix,
    find_cluster_cuts,
)

EXPECTED = {
    "check_clustering": "feeds negative numbers to estimators of counts too",
}


@parametrize_with_checks(
    [TimingBottleneck(2), TimingBottleneck(2, n_micro=5, rate_weight=1.0)],
    expected_failed_checks=lambda _: EXPECTED,
)
def test_estimator_follows_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def spikes():
    rng = np.random.default_rng(1)
    rate = 0.1 + rng.gamma(0.5, 1.0, (3, 60))
    gain = np.exp(0.6 * rng.normal(size=(24, 1)))
    mean = gain * np.repeat(rate / rate.mean(axis=1, keepdims=True), 8, axis=0)
    return rng.poisson(0.5 * mean[:, None], (24, 20, 60)).astype(float)


def test_an_automatic_number_is_that_of_the_cuts(spikes):
    found = TimingBottleneck().fit(spikes)
    counts = SpikeCounts.from_repeats(spikes)
    cuts = find_cluster_cuts(counts.of(found.takes_part_))
    assert found.n_clusters_ == cuts.n_clusters == 3
    assert_array_equal(found.cuts_.labels, cuts.labels)
    assert adjusted_rand_score(np.repeat([0, 1, 2], 8), found.labels_) == 1
    assert repr(found.cuts_) == repr(cuts)


def test_the_hierarchy_passes_through_the_classes_in_bits_per_spike(spikes):
    found = TimingBottleneck(3).fit(spikes)
    part = found.takes_part_
    matrix = TimingMatrix.from_spikes(SpikeCounts.from_repeats(spikes).of(part))
    pairs = pairwise_losses(matrix)
    assert_allclose(found.pairwise_losses_ * matrix.n_words, pairs.losses, atol=1e-6)
    labels = found.labels_[part]
    tree = build_merge_tree(matrix, pairs, labels)
    assert_array_equal(found.children_, tree.children)
    assert_allclose(found.distances_, tree.losses / matrix.n_words)
    assert_allclose(found.information_[2], matrix.information(labels))
    assert_array_equal(found.partition(3), labels)


def test_sums_without_repeats_need_a_number(spikes):
    sums = spikes.sum(axis=1)
    with pytest.raises(ValueError, match="n_clusters must be given for counts without"):
        TimingBottleneck().fit(sums)
    found = TimingBottleneck(3).fit(sums)
    assert found.cuts_ is None
    assert adjusted_rand_score(np.repeat([0, 1, 2], 8), found.labels_) == 1


def test_silent_neurons_are_in_no_class(spikes):
    silent = np.concatenate([spikes, np.zeros((2, *spikes.shape[1:]))])
    found = TimingBottleneck().fit(silent)
    assert found.labels_[-2:].tolist() == [-1, -1]
    assert found.confidence_[-2:].tolist() == [0, 0]
    assert_array_equal(found.labels_[:-2], TimingBottleneck().fit(spikes).labels_)
    with pytest.raises(ValueError, match="at least two neurons with spikes"):
        TimingBottleneck(1).fit(np.concatenate([spikes[:1], silent[-2:]]))


def test_two_neurons_are_enough_and_no_more_classes_than_neurons(spikes):
    assert TimingBottleneck(2).fit(spikes[:2]).n_clusters_ == 2
    with pytest.raises(ValueError, match=r"that take part \(\d+\); got 25"):
        TimingBottleneck(25).fit(spikes)
    with pytest.raises(ValueError, match="rate_weight must be a number"):
        TimingBottleneck(2, rate_weight=-1).fit(spikes)


def test_one_bin_parts_nothing():
    counts = np.random.default_rng(0).poisson(3.0, (6, 10, 1)).astype(float)
    found = TimingBottleneck(2).fit(counts)
    assert_allclose(found.distances_, 0, atol=1e-12)


def test_micro_clusters_of_many_neurons_give_the_same_types():
    rng = np.random.default_rng(2)
    rate = 0.1 + rng.gamma(0.5, 1.0, (3, 40))
    types = np.repeat([0, 1, 2], 80)
    spikes = rng.poisson(0.6 * rate[types][:, None], (240, 12, 40)).astype(float)
    found = TimingBottleneck(3, n_micro=40).fit(spikes)
    assert len(found.leaf_order_) <= 43
    assert (
        adjusted_rand_score(types[found.takes_part_], found.labels_[found.takes_part_])
        > 0.95
    )
    assert found.micro_labels_.shape == (found.takes_part_.sum(),)


def test_rate_weight_parts_what_differs_in_nothing_but_rate():
    rng = np.random.default_rng(4)
    profile = 0.2 + rng.gamma(1.0, 1.0, 50)
    gain = np.repeat([0.15, 1.5], 10)
    spikes = rng.poisson(gain[:, None, None] * profile, (20, 20, 50)).astype(float)
    types = np.repeat([0, 1], 10)
    by_timing = TimingBottleneck(2).fit(spikes).labels_
    by_rate = TimingBottleneck(2, rate_weight=4.0).fit(spikes).labels_
    assert adjusted_rand_score(types, by_rate) == 1
    assert adjusted_rand_score(types, by_timing) < 0.5
