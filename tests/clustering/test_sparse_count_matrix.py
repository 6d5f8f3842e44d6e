import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from neuroclass.clustering import sparse_count_matrix as sparse_counts
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.sparse_count_matrix import SparseCounts
from neuroclass.estimators import ESTIMATORS


def some_counts(rng):
    counts = rng.multinomial(6, [0.7, 0.2, 0.1], (20, 9))
    counts[4:7, :3] = 0
    return counts


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_values_and_sums_are_those_of_dense_rows(estimator, rng):
    array = some_counts(rng)
    rows = Rows.from_counts(array, estimator)
    counts = SparseCounts.from_counts(array, estimator)
    assert_allclose(counts.values(), rows.values(rows.counts))
    words, repeats = counts.sums(np.arange(20) % 4, 4)
    sums = rows.sums(np.arange(20) % 4, 4)
    assert_array_equal(counts.dense(words).sum(axis=2)[:, 0], repeats[:, 0])
    assert_array_equal(np.sort(words, axis=1), np.sort(sums[:, : rows.n_features]))
    assert counts.n_spoken == rows.n_words


def test_blocks_and_sparse_matrices_give_the_same(rng, monkeypatch):
    array = some_counts(rng)
    whole = SparseCounts.from_counts(array)
    monkeypatch.setattr(sparse_counts, "_BLOCK", 60)
    for counts in (
        SparseCounts.from_counts(array),
        SparseCounts.from_counts(csr_array(array.reshape(20, -1)), n_conditions=9),
    ):
        assert (counts.words != whole.words).nnz == 0
        assert_array_equal(counts.repeats, whole.repeats)
        assert_array_equal(counts.weights, whole.weights)
    assert_array_equal(whole.dense(whole.words.toarray()), array)


def test_tables_change_nothing_but_time(rng, monkeypatch):
    array = some_counts(rng)
    quick = SparseCounts.from_counts(array).values()
    monkeypatch.setattr(sparse_counts, "_MAX_TABLE", 1)
    assert_allclose(SparseCounts.from_counts(array).values(), quick)


def test_the_jackknife_asks_for_integers(rng):
    with pytest.raises(ValueError, match="counts must be integers for the jackknife"):
        SparseCounts.from_counts(some_counts(rng) + 0.5, "jackknife")
