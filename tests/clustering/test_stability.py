"""Stability of classes when the stimulus is resampled."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from neuroclass.clustering import (
    CountMatrix,
    bootstrap_stability,
    build_merge_tree,
    refine,
    stimulus_blocks,
)
from neuroclass.clustering.stability import match_to_replicate


def population(rng, sizes, n_conditions=200, repeats=20, spread=0.3):
    types = np.repeat(np.arange(len(sizes)), sizes)
    drive = rng.normal(-2, 1, (len(sizes), n_conditions))
    own = drive[types] + spread * rng.normal(size=(len(types), n_conditions))
    observed = rng.binomial(repeats, 1 / (1 + np.exp(-own)))
    return np.stack([repeats - observed, observed], axis=2), types


def partition(counts, n_clusters):
    matrix = CountMatrix.from_counts(counts)
    return refine(matrix, build_merge_tree(matrix).labels(n_clusters))[0]


def test_clear_types_are_stable(rng):
    counts, types = population(rng, (6, 8, 7))
    found = bootstrap_stability(counts, types, n_replicates=20, random_state=0)
    assert_array_equal(found.per_neuron, 1)
    assert_array_equal(found.per_class, 1)
    assert_array_equal(found.co_clustering, types[:, None] == types)
    assert found.agreement(3)[0] == 1
    assert_array_equal(found.agreement(3)[1], [1, 1])
    assert found.n_blocks == 20
    assert found.numbers == (3,)


def test_a_cut_through_identical_neurons_is_not_stable(rng):
    counts, _ = population(rng, (24,), spread=0)
    labels = partition(counts, 3)
    found = bootstrap_stability(counts, labels, n_replicates=30, random_state=0)
    assert found.agreement(3)[0] < 0.6
    assert found.per_neuron.mean() < 0.9


def test_the_unstable_neuron_is_the_one_between_two_types(rng):
    counts, types = population(rng, (8, 8), n_conditions=400, spread=0)
    of_first = (rng.random(400) < 0.5)[:, None]
    between = np.where(of_first, counts[0], counts[8])
    counts = np.concatenate([counts, between[None]])
    labels = np.append(types, 0)
    found = bootstrap_stability(counts, labels, n_replicates=40, random_state=0)
    assert found.per_neuron[:-1].min() == 1
    assert found.per_neuron[-1] < 1
    together = found.co_clustering[-1]
    assert_allclose(together[0] + together[8], 1)


def test_replicates_promise_no_more_than_other_stimuli_keep():
    # With so few conditions a replicate, which repeats some of them, keeps less.
    promised, kept = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        counts, _ = population(rng, (10, 10, 10), 960, repeats=6, spread=1.7)
        whole = partition(counts, 3)
        for part in np.array_split(np.arange(960), 8)[:2]:
            labels = partition(counts[:, part], 3)
            found = bootstrap_stability(
                counts[:, part], labels, n_replicates=20, random_state=0
            )
            promised.append(found.agreement(3)[0])
            kept.append(adjusted_rand_score(whole, labels))
    assert np.mean(kept) - 0.25 < np.mean(promised) < np.mean(kept) + 0.03


def test_other_numbers_are_tested_on_request(rng):
    counts, types = population(rng, (8, 8, 8))
    others = [partition(counts, 5), partition(counts, 2)]
    found = bootstrap_stability(
        counts, types, others=others, n_replicates=10, random_state=0
    )
    assert found.numbers == (2, 3, 5)
    assert found.n_clusters == 3
    assert found.adjusted_rand_index.shape == (3, 10)
    assert found.agreement(3)[0] == 1 > found.agreement(5)[0]


def test_processes_do_not_change_the_result(rng):
    counts, types = population(rng, (5, 5), spread=2)
    one, two = (
        bootstrap_stability(counts, types, n_replicates=8, random_state=3, n_jobs=n)
        for n in (1, 2)
    )
    assert_array_equal(one.co_clustering, two.co_clustering)
    assert_array_equal(one.adjusted_rand_index, two.adjusted_rand_index)


def test_classes_are_matched_whatever_their_numbers():
    is_same, jaccard = match_to_replicate(
        np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0]), 2
    )
    assert_array_equal(is_same, [True, True, False, True, True])
    assert_allclose(jaccard, [2 / 3, 2 / 3])


def test_blocks_hold_the_same_number_of_words_besides_silence(rng):
    counts, _ = population(rng, (10,), n_conditions=500)
    counts[:, 100:105] = [10, 10]
    blocks = stimulus_blocks(counts)
    assert_array_equal(np.concatenate(blocks), np.arange(500))
    observed = [counts[:, block, 1].sum() for block in blocks]
    assert len(blocks) == 20
    assert max(observed) < 1.5 * min(observed)


def test_too_few_conditions_are_refused(rng):
    counts, types = population(rng, (4, 4), n_conditions=6)
    with pytest.raises(ValueError, match=r"at least 10 conditions .* got 6\."):
        bootstrap_stability(counts, types)


def test_labels_must_be_one_per_neuron(rng):
    counts, types = population(rng, (4, 4))
    with pytest.raises(ValueError, match=r"one class per neuron \(8\); got shape"):
        bootstrap_stability(counts, types[:5])


def test_one_replicate_is_refused(rng):
    counts, types = population(rng, (4, 4))
    with pytest.raises(ValueError, match="n_replicates must be an integer of at least"):
        bootstrap_stability(counts, types, n_replicates=1)
