"""Agreement of two labellings of the same units."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import adjusted_mutual_info_score

from neuroclass.clustering import compare_labels


def test_the_same_grouping_under_other_names_agrees_wholly():
    labels = np.repeat([0, 1, 2], 8)
    found = compare_labels(labels, np.array(list("cab"))[labels], random_state=0)
    assert_allclose(found.adjusted_mutual_information, 1)
    assert_allclose(found.adjusted_rand_index, 1)
    assert found.p_value == pytest.approx(1e-4)
    assert found.n_units == 24


def test_p_values_of_unrelated_groupings_are_uniform(rng):
    p = [
        compare_labels(
            rng.integers(0, 3, 20),
            rng.integers(0, 4, 20),
            n_permutations=99,
            random_state=rng,
        ).p_value
        for _ in range(200)
    ]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.11
    assert 0.40 <= np.mean(np.array(p) <= 0.5) <= 0.65


def test_p_value_is_the_share_of_permutations_with_as_much_adjusted_information(rng):
    one, other = rng.integers(0, 3, 15), rng.integers(0, 3, 15)
    found = compare_labels(one, other, n_permutations=300, random_state=7)
    again = np.random.default_rng(7)
    observed = adjusted_mutual_info_score(one, other)
    drawn = [
        adjusted_mutual_info_score(again.permutation(one), other) for _ in range(300)
    ]
    assert found.p_value == (1 + np.sum(np.array(drawn) >= observed - 1e-9)) / 301


def test_one_class_agrees_with_nothing():
    found = compare_labels(np.zeros(9), np.arange(9) % 3, random_state=0)
    assert found.adjusted_mutual_information == 0
    assert found.p_value == 1


def test_labels_of_different_units_are_refused():
    with pytest.raises(ValueError, match="got 3 and 2 labels"):
        compare_labels([0, 1, 1], [0, 1])
