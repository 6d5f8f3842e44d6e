"""Adjusted Rand index and the standard error of a difference."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from neuroclass.groupings import rand_difference, rand_index


def test_the_index_is_that_of_scikit_learn(rng):
    for _ in range(20):
        one, other = rng.integers(0, 4, (2, 30))
        assert rand_index(one, other) == pytest.approx(adjusted_rand_score(one, other))
    assert rand_index([0, 0, 0], [1, 1, 1]) == 1
    assert rand_index([0, 1, 2], ["a", "b", "c"]) == 1
    assert rand_index([0, 0, 0, 0], [0, 0, 1, 1]) == 0


def test_the_error_is_that_of_a_plain_jackknife(rng):
    types, one, other = rng.integers(0, 3, (3, 25))
    difference, error = rand_difference(one, other, types)
    every = np.arange(25)
    left_out = [
        adjusted_rand_score(one[every != k], types[every != k])
        - adjusted_rand_score(other[every != k], types[every != k])
        for k in every
    ]
    expected = np.sqrt(24 / 25 * ((left_out - np.mean(left_out)) ** 2).sum())
    assert error == pytest.approx(expected)
    assert difference == pytest.approx(
        adjusted_rand_score(one, types) - adjusted_rand_score(other, types)
    )


def test_the_error_is_about_the_spread_over_samples_of_neurons(rng):
    def draw():
        types = rng.integers(0, 3, 120)
        wrong = rng.random((2, 120)) < np.array([[0.1], [0.3]])
        found = np.where(wrong, rng.integers(0, 3, (2, 120)), types)
        return rand_difference(found[0], found[1], types)

    differences, errors = np.array([draw() for _ in range(300)]).T
    # 300 draws know a standard deviation to 4 %.
    assert np.mean(errors) == pytest.approx(differences.std(), rel=0.15)


def test_references_may_differ():
    halves = rand_difference([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1])
    same = rand_difference([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 1])
    assert halves == same
    other = rand_difference([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 0, 1])
    assert other[0] == 0


def test_labels_of_other_neurons_are_refused():
    with pytest.raises(ValueError, match="same two or more neurons; got 2 and 3"):
        rand_index([0, 1], [0, 1, 1])
