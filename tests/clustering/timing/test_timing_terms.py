"""Terms of timing information, and their sums."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.clustering.timing.timing_terms import sums_of_terms, terms, xlog2x


def test_terms_of_shares_are_those_worked_out_by_hand():
    x, variance = np.array([[0.5, 2.0, 0.0]]), np.array([[0.1, 0.4, 0.0]])
    correction = np.array([0.1 / 0.5, 0.4 / 2.0, 0.0]) / (2 * np.log(2))
    assert_allclose(terms(x, variance)[0], [-0.5, 2.0, 0.0] - correction, rtol=1e-15)
    assert_array_equal(xlog2x(np.array([0.0, 1.0, 4.0])), [0.0, 0.0, 8.0])


def test_sums_of_terms_add_up_each_row(rng):
    # More than fit into a block, and what subtracting rows leaves of 0.
    x = rng.random((9, 5000)) * (rng.random((9, 5000)) > 0.6)
    variance = 0.01 * x
    x[x == 0] = 1e-17
    assert_allclose(sums_of_terms(x, variance), terms(x, variance).sum(1), rtol=1e-13)
    assert_array_equal(sums_of_terms(x[:, :0], variance[:, :0]), np.zeros(9))
