"""Classes of several populations, matched by their responses."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass import bin_words, count_words, select_presentations
from neuroclass.clustering import (
    agreement_of_classes,
    class_distances,
    match_classes,
)
from neuroclass.simulation.retina import simulate_retina


def truth_of(recording):
    return [t.annotations["true_type"] for t in recording.segments[0].spiketrains]


def counts_of(recording):
    return count_words(bin_words(recording, select_presentations(recording), 0.02))


def test_a_class_that_one_recording_lacks_is_a_family_by_itself():
    first = simulate_retina(
        4,
        24,
        20,
        "6s",
        n_unique=0,
        stimulus_random_state=7,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )
    second = simulate_retina(
        4,
        24,
        20,
        "6s",
        n_unique=0,
        stimulus_random_state=7,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )
    types = np.array([truth_of(r) for r in (first, second)])
    _, labels = np.unique(types, return_inverse=True)
    one, other = labels.reshape(2, 24)
    counts = [counts_of(first).counts, counts_of(second).counts]
    is_kept = other != 1
    renumbered = np.array([0, -1, 1, 2])[other[is_kept]]
    families, distance, nearest = match_classes(
        [counts[0], counts[1][is_kept]], [one, renumbered]
    )
    assert len(nearest) == 4
    assert_array_equal(families[1], families[0][[0, 2, 3]])
    assert_array_equal(np.isnan(distance[0]), [False, True, False, False])
    assert families[0][1] == 3  # the fewest neurons


def test_one_class_each_is_one_family(rng):
    counts = rng.multinomial(20, [0.7, 0.3], size=(2, 5, 8))
    labels = [np.zeros(5, int)] * 2
    families, distance, nearest = match_classes(list(counts), labels)
    assert [f.tolist() for f in families] == [[0], [0]]
    assert abs(distance[0][0]) < 0.01
    assert np.isnan(nearest).all()


def test_distance_is_one_where_no_word_is_shared_whatever_the_sizes():
    always, never = [[[50, 0]]], [[[0, 50]]]
    counts = [np.array(always * 9), np.array(never)]
    labels = [np.zeros(9, int), np.zeros(1, int)]
    _, distance, _ = match_classes(counts, labels)
    assert distance[0][0] == pytest.approx(1, abs=0.02)


def test_class_distances_are_zero_for_the_same_responses_and_one_for_no_common_word():
    sums = np.array([[[50, 0]], [[150, 0]], [[0, 90]]])
    distances = class_distances(sums)
    assert_allclose(distances[0, 1], 0, atol=0.02)
    assert_allclose(distances[:2, 2], 1, atol=0.02)
    assert_array_equal(distances, distances.T)


def test_classes_of_the_same_responses_agree_wholly():
    labels = np.repeat([0, 1], 6)
    counts = np.array([[[9, 1]], [[1, 9]]])[labels]
    agreement, p_value = agreement_of_classes(
        [counts, counts], [labels, 1 - labels], n_permutations=99
    )
    assert_allclose(agreement, 1)
    assert_array_equal(p_value.diagonal(), 1)
    assert p_value[0, 1] <= 0.05
