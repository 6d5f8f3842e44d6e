"""Whether a class responds alike, from correlations that are given."""

import numpy as np

from neuroclass.clustering.timing import alike_share
from neuroclass.clustering.timing.class_alikeness import (
    least_correlation,
    may_hide_types,
)


def test_the_share_of_neurons_that_respond_alike():
    correlations = np.full((9, 9), 0.9)
    correlations[4:8, 4:8] = 0.1
    labels = np.array([0] * 4 + [1] * 4 + [2])
    assert alike_share(correlations, labels, 0.4) == 0.5
    assert alike_share(correlations, np.array([2] * 9), 0.95) == 0


def test_the_least_correlation_is_a_percentile_of_the_pairs_that_have_one():
    correlations = np.full((6, 6), np.nan)
    pairs = np.triu_indices(5, 1)
    correlations[pairs] = np.linspace(0, 0.9, 10)
    found = least_correlation(correlations, np.arange(6))
    assert found == np.percentile(np.linspace(0, 0.9, 10), 10)
    assert np.isnan(least_correlation(correlations, np.array([3])))
    assert np.isnan(least_correlation(correlations, np.array([4, 5])))


def test_small_classes_that_do_not_correlate_may_hide_types():
    correlations = np.full((40, 40), 0.65)
    correlations[30:33, 30:33] = 0.75
    labels = np.array([0] * 16 + [1] * 14 + [2] * 3 + [3] * 6 + [4])
    # 16 neurons can be cut; of 14 and 6 that correlate by .65 nothing is known.
    assert may_hide_types(correlations, labels) == [False, True, False, True, False]
    correlations[33:39, 33:39] = np.nan
    assert may_hide_types(correlations, labels)[3]
