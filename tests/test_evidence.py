"""What is said of the classes beside the classes."""

import numpy as np
from numpy.testing import assert_array_equal

from neuroclass.evidence import subclasses

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
