"""What is said of the classes beside the classes."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroclass.analysis.support import curve_interval, subclasses
from neuroclass.clustering import AgglomerativeBottleneck, MergeTree
from neuroclass.information.classes import class_information

CHILDREN = np.array([[0, 1], [2, 3], [6, 7], [8, 4], [9, 5]])  # of six neurons
LABELS = np.array([0, 0, 0, 0, 0, 1])


def names(*node_z):
    return subclasses(LABELS, CHILDREN, np.array(node_z))


def test_a_class_without_a_real_split_has_no_subclasses():
    assert names(np.nan, np.nan, 3.9, 2, 9) == ("",) * 6


def test_the_two_sides_of_a_real_split_are_subclasses():
    assert names(np.nan, np.nan, 5, 2, 9) == ("0.0", "0.0", "0.1", "0.1", "", "")


def test_the_largest_subclass_comes_first():
    assert names(np.nan, np.nan, 0, 5, 9) == ("0.0",) * 4 + ("0.1", "")


def test_nested_splits_name_the_lowest():
    # Neuron 4 against the others, and these two against two.
    assert names(0, 0, 5, 5, 9) == ("0.0", "0.0", "0.1", "0.1", "0.2", "")
    assert_array_equal(names(5, 0, 0, 5, 9), ("0.1", "0.2", "0.0", "0.0", "0.3", ""))


@pytest.mark.parametrize("n_repeats", [10, 30])
def test_intervals_of_the_curve_hold_what_many_repeats_give(rng, n_repeats):
    # Four types, whose neurons differ, too.
    p = rng.random((4, 200, 1)).repeat(3, axis=0) ** 4 * rng.uniform(0.5, 1, (12, 1, 1))
    p = 0.8 * p + 0.1 * rng.random((12, 200, 1)) ** 4
    p = np.concatenate([1 - p, p], axis=2)
    many = rng.multinomial(20_000, p)
    inside = []
    for _ in range(20):
        groups = [rng.multinomial(n_repeats // 10, p) for _ in range(10)]
        counts = sum(groups)
        model = AgglomerativeBottleneck(2, n_restarts=0).fit(counts)
        found = curve_interval(model, counts, groups)
        tree = MergeTree(model.children_, model.distances_)
        truth = [class_information(many, tree.labels(k)) for k in (4, 6, 12)]
        low, high = found[[3, 5, 11]].T
        inside.append((low <= truth) & (truth <= high))
        assert (found[:, 0] <= model.information_ + 1e-12).all()
        assert (model.information_ <= found[:, 1] + 1e-12).all()
    assert np.mean(inside) >= 0.9
