"""Losses of merging each two neurons, all pairs at once by matrix products.

Input: word counts of neurons.
Output: `PairLosses`, with a bound of their error, from which follows which of them have
to be computed exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.additive_matrix import AdditiveMatrix
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.estimators import repeat_term, word_term

__all__ = ["PairLosses", "pairwise_losses"]

_MAX_RANK_TABLE = 512  # distinct counts; beyond, the table is not diagonalised
_IN_DOUBLE = 1 << 28  # pairs times columns; below, double precision costs nothing
_TRUNCATION = 2e-4  # bits times repeats and column, in single precision
_COLUMNS = 512  # at a time; sorted, so that they share a narrow range of counts
_TILE = 256  # rows of losses at a time, from the diagonal to the right


@dataclass(frozen=True)
class PairLosses:
    """Losses of merging each two neurons.

    Attributes
    ----------
    losses : ndarray, (n_neurons, n_neurons)
        Losses in bits times repeats; symmetric, 0 on the diagonal.
    error : ndarray, (n_neurons,)
        Bound of the error: that of ``losses[i, j]`` is at most
        ``error[i] + error[j]``.
    """

    losses: NDArray[np.float64]
    error: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"PairLosses({len(self.losses)} neurons)"


def pairwise_losses(
    matrix: CountMatrix | AdditiveMatrix, *, in_double: bool | None = None
) -> PairLosses:
    """Compute the loss of merging each pair of neurons.

    Parameters
    ----------
    matrix : CountMatrix
        Word counts of the neurons.
    in_double : bool, optional
        Double precision, or single precision with a larger `error` in about an eighth
        of the time; by default double where that costs nothing.

    Returns
    -------
    PairLosses

    Notes
    -----
    For integer counts up to some hundreds the loss of a word depends on two small
    integers only, phi(a, b) = G(a) + G(b) - G(a + b), a smooth symmetric table.  The
    averages of its rows and columns over the neurons are subtracted: that part of all
    pairs is a sum per neuron, computed in double precision.  The rest, of rank 2 to 7,
    is turned by its eigenvectors into a few matrix products.

    The bound of the error covers the truncated eigenvectors, entry by entry, and the
    rounding of the products whatever their order, ``k u |x| |y|`` for k terms of
    vectors x and y and unit roundoff u [1]_; products of at most some thousand terms
    are summed in double precision.

    Cost: rank / 2 x n_neurons^2 x n_features multiplications, rank 3 to 5 in single
    precision.  Memory: the matrix, and 4 x n_neurons x 512 x rank bytes.
    ``test_pairwise_losses_equal_the_brute_force_twin``,
    ``test_single_precision_keeps_its_bound``.

    References
    ----------
    .. [1] Higham (2002), Accuracy and Stability of Numerical Algorithms, 2nd ed.,
       SIAM, Eq. 3.5, doi:10.1137/1.9780898718027.
    """
    if not isinstance(matrix, CountMatrix):
        return PairLosses(*matrix.pair_losses())
    n_neurons, n_columns = matrix.counts.shape
    words = matrix.counts[:, : matrix.n_features]
    if not matrix.has_tables or words.max(initial=0) > _MAX_RANK_TABLE:
        return _by_sums(matrix)
    if in_double is None:
        in_double = n_neurons**2 * n_columns <= _IN_DOUBLE
    losses = np.zeros((n_neurons, n_neurons))
    error = np.full(n_neurons, matrix.tolerance)
    # Columns with the same largest and least count are approximated together.
    order = np.lexsort((words.min(axis=0), words.max(axis=0)))
    for start in range(0, len(order), _COLUMNS):
        _add_words(
            losses, error, words[:, order[start : start + _COLUMNS]], matrix, in_double
        )
    _add_repeats(losses, matrix)
    for start in range(0, n_neurons, _TILE):
        stop = start + _TILE
        losses[stop:, start:stop] = losses[start:stop, stop:].T
        block = losses[start:stop, start:stop]
        block[:] = np.triu(block) + np.triu(block, 1).T
    np.fill_diagonal(losses, 0.0)
    return PairLosses(losses, error)


def _by_sums(matrix: CountMatrix) -> PairLosses:
    counts = matrix.wide()
    values = matrix.values(counts)
    losses = np.zeros((len(values), len(values)))
    for i in range(len(values) - 1):
        others = np.arange(i + 1, len(values))
        both = matrix.values_of_sums(counts, others, counts[i])
        losses[i, others] = losses[others, i] = values[i] + values[others] - both
    return PairLosses(losses, np.zeros(len(values)))


def _add_words(
    losses: NDArray[np.float64],
    error: NDArray[np.float64],
    words: NDArray[Any],
    matrix: CountMatrix,
    in_double: bool,
) -> None:
    """Add the losses by some columns, on and above the diagonal of tiles."""
    n_neurons, n_columns = words.shape
    distinct = np.flatnonzero(np.bincount(words.ravel()))
    position = np.zeros(distinct[-1] + 1, dtype=np.intp)
    position[distinct] = np.arange(len(distinct))
    index = position.take(words)  # (n_neurons, n_columns)
    cell = index + len(distinct) * np.arange(n_columns)
    share = np.bincount(cell.ravel(), minlength=n_columns * len(distinct))
    share = (
        share.reshape(n_columns, len(distinct)) / n_neurons
    )  # of neurons with a count

    alone = word_term(distinct, matrix.estimator)
    phi = (
        alone[:, None]
        + alone
        - word_term(distinct[:, None] + distinct, matrix.estimator)
    )
    average = share @ phi  # of phi over all neurons, (n_columns, n_distinct)
    sums = average.ravel().take(cell).sum(axis=1)
    total = float((share * average).sum())

    vectors, signs, residual = _low_rank(phi, share.mean(axis=0), in_double)
    left_out = residual.take(index).sum(axis=1)
    error += 1.5 * left_out + 0.5 * left_out.mean()

    dtype: Any = np.float64 if in_double else np.float32
    mean = share @ vectors  # (n_columns, rank)
    features: NDArray[Any] = vectors.astype(dtype).take(index, axis=0)
    features -= mean.astype(dtype)
    features = features.reshape(n_neurons, -1)
    norm = np.sqrt(np.einsum("ik,ik->i", features, features, dtype=np.float64))
    unit = np.finfo(dtype).eps / 2
    rounding = features.shape[1] * unit / (1 - features.shape[1] * unit)
    error += (rounding / 2 + 2 * unit) * norm**2
    error += 2 * unit * float(np.sqrt((mean**2).sum())) * norm

    signs = np.tile(signs.astype(dtype), n_columns)
    for start in range(0, n_neurons, _TILE):
        stop = start + _TILE
        tile = losses[start:stop, start:]
        tile += (features[start:stop] * signs) @ features[start:].T
        tile += sums[start:stop, None] - total
        tile += sums[start:]


def _low_rank(
    phi: NDArray[np.float64], share: NDArray[np.float64], in_double: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return v, s and e of phi(a, b) = c(a) + c(b) + sum_k s_k v_ak v_bk, about.

    Any function c will do, as it is averaged out of the columns.  e(a) is the largest
    error of the sum for a.
    """
    centred = phi - phi @ share
    centred -= (centred @ share)[:, None]
    values, vectors = np.linalg.eigh((centred + centred.T) / 2)
    order = np.argsort(-np.abs(values))
    values, vectors = values[order], vectors[:, order]
    size = np.abs(values)
    largest = int(np.count_nonzero(size > 4e-16 * size[0]))
    tolerance = 0.0 if in_double else _TRUNCATION
    rank = 1
    while True:
        leading = vectors[:, :rank]
        residual = np.abs(centred - (leading * values[:rank]) @ leading.T).max(axis=1)
        if rank >= largest or share @ residual <= tolerance:
            return leading * np.sqrt(size[:rank]), np.sign(values[:rank]), residual
        rank += 1


def _add_repeats(losses: NDArray[np.float64], matrix: CountMatrix) -> None:
    """Add the losses by the repeats to the upper triangle; mostly all are the same."""
    repeats = matrix.counts[:, matrix.n_features :]
    for column, weight in zip(repeats.T, matrix.weights, strict=True):
        distinct, index = np.unique(column.astype(np.float64), return_inverse=True)
        alone = repeat_term(distinct, matrix.estimator)
        both = repeat_term(distinct[:, None] + distinct, matrix.estimator)
        table = weight * (alone[:, None] + alone - both)
        if len(distinct) == 1:
            losses += table[0, 0]
            continue
        for start in range(0, len(losses), _TILE):
            tile = losses[start : start + _TILE, start:]
            tile += table[index[start : start + _TILE, None], index[start:]]
