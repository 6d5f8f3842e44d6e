"""Sparse word counts beside dense ones."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from neuroclass.clustering import CountMatrix, SparseCountMatrix
from neuroclass.estimators import ESTIMATORS


def some_counts(rng):
    counts = rng.multinomial(6, [0.7, 0.2, 0.1], (20, 9))
    counts[4:7, :3] = 0
    return counts


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_values_and_sums_are_those_of_dense_rows(estimator, rng):
    array = some_counts(rng)
    matrix = CountMatrix.from_counts(array, estimator)
    counts = SparseCountMatrix.from_counts(array, estimator)
    assert_allclose(counts.values(), matrix.values(matrix.counts))
    words, repeats = counts.sums(np.arange(20) % 4, 4)
    sums = matrix.sums(np.arange(20) % 4, 4)
    assert_array_equal(counts.dense(words).sum(axis=2)[:, 0], repeats[:, 0])
    assert_array_equal(np.sort(words, axis=1), np.sort(sums[:, : matrix.n_features]))
    assert counts.n_counted == matrix.n_words


def test_blocks_and_sparse_matrices_give_the_same(rng):
    array = some_counts(rng)
    whole = SparseCountMatrix.from_counts(array)
    for counts in (
        SparseCountMatrix.from_counts(array, block_size=60),
        SparseCountMatrix.from_counts(
            csr_array(array.reshape(20, -1)), n_conditions=9, block_size=60
        ),
    ):
        assert (counts.words != whole.words).nnz == 0
        assert_array_equal(counts.repeats, whole.repeats)
        assert_array_equal(counts.weights, whole.weights)
    assert_array_equal(whole.dense(whole.words.toarray()), array)


def test_tables_change_nothing_but_time(rng):
    array = some_counts(rng)
    quick = SparseCountMatrix.from_counts(array).values()
    slow = SparseCountMatrix.from_counts(array, max_table=1)
    assert_allclose(slow.values(), quick)


def test_the_jackknife_asks_for_integers(rng):
    with pytest.raises(ValueError, match="counts must be integers for the jackknife"):
        SparseCountMatrix.from_counts(some_counts(rng) + 0.5, "jackknife")
