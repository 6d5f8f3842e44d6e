"""Identity information: identities, known answers, simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.spatial.distance import jensenshannon

from neuroclass.estimators import ESTIMATORS, jensen_shannon
from neuroclass.information import (
    IDENTITY_ESTIMATORS,
    above_chance,
    identity_information,
    information_terms,
)

tables = arrays(np.int64, (5, 3, 4), elements=st.integers(0, 20)).map(
    lambda n: n + (n.sum(axis=2, keepdims=True) == 0)
)


def sample_counts(rng, p, repeats):
    """Draw counts from p[neuron, condition, word]."""
    return rng.multinomial(repeats, p)


def true_information(p):
    mixture = p.mean(axis=0)
    ratio = np.log2(np.where(p > 0, p, 1) / np.where(mixture > 0, mixture, 1))
    return (p * ratio).sum(axis=2).mean()


def test_identical_neurons_carry_no_identity_information(rng):
    counts = np.tile(rng.integers(1, 9, (1, 20, 4)), (5, 1, 1))
    found = identity_information(counts, estimator="plug-in")
    assert_allclose(found.bits_per_word, 0, atol=1e-12)
    assert_allclose(found.per_neuron, 0, atol=1e-12)


def test_neurons_without_a_common_word_carry_the_logarithm_of_their_number():
    counts = np.zeros((8, 6, 8), dtype=int)
    for neuron in range(8):
        counts[neuron, :, neuron] = 12
    found = identity_information(counts, estimator="plug-in")
    assert_allclose(found.bits_per_word, 3.0, rtol=1e-14)
    assert_allclose(found.per_condition, 3.0, rtol=1e-14)


def test_two_neurons_have_the_jensen_shannon_divergence(rng):
    counts = rng.integers(0, 30, (2, 9, 5)) + 1
    counts[:, :, 0] += 200 - counts.sum(axis=2)
    p = counts / 200
    expected = jensenshannon(p[0], p[1], base=2, axis=1) ** 2
    found = identity_information(counts, estimator="plug-in")
    assert_allclose(found.per_condition, expected, atol=1e-12)


@settings(deadline=None)
@given(tables)
def test_conditions_and_neurons_average_to_the_whole(counts):
    repeats = counts.sum(axis=2)
    few = counts.sum(axis=2).min() < 4  # repeats, for the quadratic extrapolation
    for estimator in IDENTITY_ESTIMATORS:
        if estimator == "quadratic-extrapolation" and few:
            continue
        if estimator == "blend":  # which weighs the evidence of each neuron by itself
            continue
        found = identity_information(counts, estimator=estimator)
        assert_allclose(
            np.average(found.per_condition, weights=repeats.sum(axis=0)),
            found.bits_per_word,
            atol=1e-10,
        )
        assert_allclose(
            np.average(found.per_neuron, weights=repeats.sum(axis=1)),
            found.bits_per_word,
            atol=1e-10,
        )


@settings(deadline=None)
@given(tables)
def test_order_of_neurons_conditions_and_words_does_not_matter(counts):
    shuffled = counts[::-1][:, [2, 0, 1]][:, :, [3, 1, 0, 2]]
    for estimator in ("blend", *ESTIMATORS):
        assert_allclose(
            identity_information(shuffled, estimator=estimator).bits_per_word,
            identity_information(counts, estimator=estimator).bits_per_word,
            atol=1e-10,
        )


@pytest.mark.parametrize("estimator", IDENTITY_ESTIMATORS[2:])
def test_information_is_the_mean_divergence_of_the_conditions(rng, estimator):
    counts = sample_counts(rng, rng.dirichlet(np.ones(4), (6, 30)), 12)
    found = identity_information(counts, estimator=estimator).per_condition
    assert_allclose(found, jensen_shannon(counts, estimator, among=0), atol=1e-10)


def test_shrinkage_is_refused(rng):
    p = rng.choice([0.01, 0.02, 0.3], (30, 100))
    counts = sample_counts(rng, np.stack([1 - p, p], axis=2), 10)
    raw = jensen_shannon(counts, among=0).mean()
    assert jensen_shannon(counts, "james-stein", among=0).mean() > raw
    with pytest.raises(ValueError, match="james-stein raises it"):
        identity_information(counts, estimator="james-stein")


def test_too_few_repeats_to_extrapolate_are_refused(rng):
    with pytest.raises(ValueError, match="needs 4 repeats; got 3"):
        identity_information([[[1, 2]], [[0, 9]]], estimator="quadratic-extrapolation")


def test_chance_level_equals_the_mean_of_shuffles(rng):
    counts = sample_counts(rng, rng.dirichlet(np.ones(3), (1, 4)).repeat(6, 0), 7)
    exact = identity_information(counts).chance_level
    words = np.repeat(np.arange(3)[None, None], 4, axis=1).repeat(6, axis=0)
    trials = np.stack(
        [
            np.concatenate([np.repeat(words[i, s], counts[i, s]) for i in range(6)])
            for s in range(4)
        ]
    )  # (n_conditions, n_neurons * repeats)
    values = []
    for _ in range(2000):
        shuffled = rng.permuted(trials, axis=1).reshape(4, 6, 7)
        again = (shuffled[..., None] == np.arange(3)).sum(axis=2).swapaxes(0, 1)
        values.append(identity_information(again, estimator="plug-in").plug_in)
    assert abs(exact - np.mean(values)) < 4 * np.std(values) / np.sqrt(2000)


@pytest.mark.parametrize(
    ("repeats", "low", "high"), [(10, 0.80, 1.05), (20, 0.93, 1.05), (60, 0.97, 1.03)]
)
@pytest.mark.parametrize("estimator", ["empirical-bayes", "blend"])
def test_information_is_close_to_the_truth_with_few_repeats(
    rng, repeats, low, high, estimator
):
    # Sparse binary words, as of a population of ganglion cells.
    p = np.clip(rng.gamma(0.3, 0.3, (40, 300)), 0.002, 0.9)
    p = np.stack([1 - p, p], axis=2)
    truth = true_information(p)
    counts = sample_counts(rng, p, repeats)
    found = identity_information(counts, estimator=estimator)
    assert low < found.bits_per_word / truth < high
    assert found.plug_in / truth > 1 + 0.6 / repeats  # what is corrected is there


@pytest.mark.parametrize("estimator", ["empirical-bayes", "blend"])
def test_neurons_of_one_type_have_almost_no_information(rng, estimator):
    p = np.clip(rng.gamma(0.3, 0.3, (1, 300)), 0.002, 0.9).repeat(40, axis=0)
    counts = sample_counts(rng, np.stack([1 - p, p], 2), 15)
    found = identity_information(counts, estimator=estimator)
    assert found.plug_in > 0.005
    assert abs(found.bits_per_word) < 0.05 * found.plug_in


def test_neurons_missing_in_some_conditions_are_weighed_by_their_repeats(rng):
    counts = rng.integers(1, 9, (4, 6, 3))
    counts[0, :3] = 0
    alone = [
        identity_information(counts[:, s : s + 1], estimator="plug-in").bits_per_word
        for s in range(6)
    ]
    found = identity_information(counts, estimator="plug-in")
    assert_allclose(found.per_condition, alone, atol=1e-12)
    assert_allclose(
        identity_information(counts[1:, :3], estimator="plug-in").per_condition,
        found.per_condition[:3],
        atol=1e-12,
    )


def sparse(rng):
    """Binary words, as of a population of ganglion cells."""
    p = np.clip(rng.gamma(0.3, 0.3, (12, 150)), 0.002, 0.9)
    return np.stack([1 - p, p], axis=2)


def dense(rng):
    p = rng.beta(3, 2, (12, 150))
    return np.stack([1 - p, p], axis=2)


def one_type(rng):
    return sparse(rng)[:1].repeat(12, axis=0)


def words_of_four_bins(rng):
    p = rng.beta(0.5, 4, (20, 60, 4))
    words = np.ones((20, 60, 1))
    for k in range(4):
        silent, spike = words * (1 - p[:, :, k, None]), words * p[:, :, k, None]
        words = np.concatenate([silent, spike], axis=2)
    return words


@pytest.mark.parametrize("repeats", [10, 20, 60])
@pytest.mark.parametrize("population", [sparse, dense, one_type, words_of_four_bins])
def test_intervals_hold_the_truth(rng, population, repeats):
    inside = []
    for _ in range(5):
        p = population(rng)
        mixture = p.mean(axis=0)
        ratio = np.log2(np.where(p > 0, p / mixture, 1))
        truth = np.maximum((p * ratio).sum(axis=2).mean(axis=1), 0)  # (n_neurons,)
        for _ in range(6):
            groups = [sample_counts(rng, p, repeats // 10) for _ in range(10)]
            found = identity_information(sum(groups), groups=groups)
            low, high = np.vstack([found.interval, found.per_neuron_interval]).T
            true = np.append(truth.mean(), truth)
            inside.append((low <= true) & (true <= high))
            value = np.append(found.bits_per_word, found.per_neuron)
            # No estimate lies at an end of its own interval.
            assert ((low < value) & (value < high)).all()
            assert (low[value >= 0] >= 0).all()
            assert high[0] <= np.log2(len(p))
    assert np.mean(inside, axis=0)[0] >= 0.9
    assert np.mean(inside, axis=0)[1:].mean() >= 0.93
    if (
        population is not one_type
    ):  # whose truth, 0, is below only where the estimate is
        assert np.mean(inside, axis=0)[1:].mean() <= 0.995


def test_no_neurons_have_more_than_those_without_a_common_word(rng):
    words = 20 * np.eye(4, dtype=int)[:, None].repeat(20, axis=1)  # each its own
    words[3] *= 3  # and one has more repeats
    terms = information_terms(words)
    assert_allclose(terms.upper_bound(np.arange(4)), np.log2([6, 6, 6, 2]))
    assert_allclose(terms.upper_bound(np.zeros(4, dtype=int)), [terms.mean("plug-in")])
    p = np.tile(0.7 * np.eye(3)[:, None] + 0.1, (1, 5, 1))
    groups = [sample_counts(rng, p, 2) for _ in range(2)]  # wide intervals
    found = identity_information(sum(groups), groups=groups)
    high = np.append(found.interval[1], found.per_neuron_interval[:, 1])
    value = np.append(found.bits_per_word, found.per_neuron)
    assert_allclose(high, np.maximum(value, np.log2(3)))


def test_intervals_of_other_estimators_hold_their_noise_only(rng):
    groups = [sample_counts(rng, sparse(rng), 2) for _ in range(10)]
    found = identity_information(sum(groups), estimator="plug-in", groups=groups)
    assert_allclose(found.interval.mean(), found.plug_in, rtol=1e-12)
    left = [
        identity_information(sum(groups) - g, estimator="plug-in").plug_in
        for g in groups
    ]
    assert_allclose(found.replicates, left, rtol=1e-12)


def test_rates_follow_from_the_word():
    counts = np.array([[[10, 0]], [[0, 10]]])

    class Counts:
        pass

    counted = Counts()
    counted.counts, counted.word_duration = counts, 0.02
    counted.firing_rate = np.array([0.0, 50.0])
    found = identity_information(counted, estimator="plug-in")
    assert_allclose(found.bits_per_second, 50.0)
    assert_allclose(found.bits_per_spike, 2.0)


def test_arrays_have_no_rates(rng):
    found = identity_information(rng.integers(1, 9, (3, 4, 2)))
    assert np.isnan(found.bits_per_second)
    assert np.isnan(found.interval).all()


def test_a_single_group_of_repeats_is_refused(rng):
    counts = rng.integers(1, 9, (3, 4, 2))
    with pytest.raises(ValueError, match="groups must be at least two; got 1"):
        identity_information(counts, groups=[counts // 2])


@pytest.mark.parametrize(
    ("counts", "match"),
    [
        (np.ones((3, 2)), "three|axes neuron, condition, word; got 2"),
        (np.full((2, 2, 2), 0.5), "must be integers"),
        (np.full((2, 2, 2), -1), "at least 0"),
        (np.zeros((2, 2, 2)), "at least one word"),
    ],
)
def test_bad_counts_are_refused(counts, match):
    with pytest.raises(ValueError, match=match):
        identity_information(counts)


def test_unknown_estimators_are_refused(rng):
    with pytest.raises(ValueError, match="estimator must be one of empirical-bayes"):
        identity_information(rng.integers(1, 9, (3, 4, 2)), estimator="best")


@pytest.mark.parametrize("estimator", ["blend", "empirical-bayes", "jackknife", "nsb"])
def test_information_of_a_set_agrees_with_its_neurons_and_with_the_whole(
    rng, estimator
):
    p = rng.dirichlet(np.ones(3), (6, 40))
    groups = [sample_counts(rng, p, repeats) for repeats in (3, 4, 3)]
    labels = np.array([0, 1, 1, 2, 2, 2])
    found = identity_information(
        sum(groups),
        estimator=estimator,
        groups=groups,
        partitions=(np.zeros(6, dtype=int), np.arange(6), labels),
    )
    whole, each, sets = found.by_partition
    assert_allclose(whole, [found.bits_per_word])
    assert_allclose(each, found.per_neuron)
    assert_allclose(found.by_partition_interval[0], [found.interval])
    assert_allclose(found.by_partition_interval[1], found.per_neuron_interval)
    assert found.by_partition_interval[2].shape == (3, 2)
    assert_allclose(sets[0], found.per_neuron[0])
    if estimator != "blend":  # additive: the mean of the neurons
        means = [found.per_neuron[labels == k].mean() for k in range(3)]
        assert_allclose(sets, means)
    low, high = found.by_partition_interval[2].T
    assert (low <= sets).all()
    assert (sets <= high).all()


def test_information_above_chance_is_the_difference_of_both(rng):
    p = rng.dirichlet(np.ones(3), (5, 30))
    counts = sample_counts(rng, p, 7)
    counts[2] *= 2  # neurons may differ in repeats
    found = identity_information(counts, estimator="plug-in")
    assert_allclose(above_chance(counts), found.plug_in - found.chance_level)


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, -1], [0.0, 1.0, 1.0]])
def test_partitions_must_label_every_neuron(labels):
    counts = [[[3, 1]], [[1, 3]], [[2, 2]]]
    with pytest.raises(ValueError, match="partitions must hold one label from 0 on"):
        identity_information(counts, partitions=[labels])


def test_information_says_what_it_holds(rng):
    counts = rng.integers(1, 9, (3, 4, 2))
    found = identity_information(counts, estimator="plug-in")
    assert repr(found) == (
        f"IdentityInformation({found.bits_per_word:.3g} bits/word by plug-in, "
        "3 neurons, 4 conditions)"
    )
    groups = [rng.integers(1, 9, (3, 4, 2)) for _ in range(5)]
    assert " to " in repr(identity_information(sum(groups), groups=groups))
    assert repr(information_terms(counts)) == (
        "InformationTerms(3 neurons, 4 conditions; plug-in, miller-madow, jackknife)"
    )
