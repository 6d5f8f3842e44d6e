"""Sequential reassignment of neurons to the class of least loss.

Input: word counts and a partition of the neurons.
Output: a partition into the same number of classes that no move of one neuron improves,
the best of several disturbed restarts.  Greedy merging alone is known to be worse
(Slonim, Friedman & Tishby 2002).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_rng
from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering.additive_matrix import AdditiveMatrix
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.merge_tree import relabel
from neuroclass.clustering.timing.timing_matrix import TimingMatrix

__all__ = ["refine", "refine_with_restarts"]

_MAX_SWEEPS = 200
_DISTURBED = 0.25  # fraction of the neurons put into random classes at a restart


def refine(
    matrix: CountMatrix | AdditiveMatrix,
    labels: NDArray[np.intp],
    gains: dict[bytes, NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.intp], float]:
    """Reassign neurons one at a time until no move raises the objective.

    Each neuron in turn is taken out of its class and assigned to the class of least
    loss.  On ties it stays, and the last neuron of a class stays.

    Parameters
    ----------
    matrix : CountMatrix
        Word counts of the neurons.
    labels : ndarray of int, (n_neurons,)
        Initial partition; classes numbered from 0 without gaps.
    gains : dict, optional
        Begun empty, and given to each call with the same matrix where partitions share
        classes, as cuts of a tree do: keeps what each neuron gains in a class, so that
        nothing is computed anew for classes of the same neurons. Of no use to the
        compiled loops.

    Returns
    -------
    labels : ndarray of int, (n_neurons,)
        Classes numbered by their lowest neuron.
    objective : float
        J, which no single move raises, in bits times repeats.

    References
    ----------
    .. [1] Slonim, Friedman & Tishby (2002), Unsupervised document classification using
       sequential information maximization, SIGIR, doi:10.1145/564376.564401.
    """
    labels = labels.copy()
    n_clusters = int(labels.max()) + 1
    sums = matrix.sums(labels, n_clusters)
    n_sweeps = _MAX_SWEEPS if n_clusters > 1 else 0
    if isinstance(matrix, CountMatrix) and matrix.loops is not None:
        matrix.loops.reassign(
            *matrix.tables,
            matrix.weights,
            matrix.counts,
            labels,
            sums,
            matrix.tolerance,
            n_sweeps,
        )
    elif isinstance(matrix, TimingMatrix) and matrix.loops is not None:
        matrix.loops.reassign(
            matrix.counts,
            labels,
            sums,
            matrix.n_features,
            matrix.tolerance,
            n_sweeps,
        )
    else:
        _reassign(matrix, labels, sums, n_sweeps, {} if gains is None else gains)
    return relabel(labels), float(matrix.values(sums).sum())


def _reassign(
    matrix: CountMatrix | AdditiveMatrix,
    labels: NDArray[np.intp],
    sums: NDArray[Any],
    n_sweeps: int,
    known: dict[bytes, NDArray[np.float64]],
) -> None:
    """Move neurons until no move gains, as `loops`; changes all but the matrix."""
    n_clusters = len(sums)
    values = matrix.values(sums)
    sizes = np.bincount(labels, minlength=n_clusters)
    tolerance = matrix.tolerance
    # A gain is computed anew only for classes that changed since it was computed.
    version = np.zeros(n_clusters, dtype=np.intp)
    computed = np.full((len(labels), n_clusters), -1)
    # What the objective gains with the neuron in the class, over the class without it.
    gain = np.empty((len(labels), n_clusters))
    for k in range(n_clusters):
        if (column := known.get((labels == k).tobytes())) is not None:
            gain[:, k] = column
            computed[~np.isnan(column), k] = 0
    for _ in range(n_sweeps):
        n_moves = 0
        for neuron, row in enumerate(matrix.counts):
            own = labels[neuron]
            if sizes[own] == 1:
                continue
            stale = np.flatnonzero(computed[neuron] != version)
            if not len(stale):
                continue
            others = sums[stale] + row
            is_own = stale == own
            others[is_own] = sums[own] - row
            change = matrix.values(others) - values[stale]
            gain[neuron, stale] = np.where(is_own, -change, change)
            computed[neuron, stale] = version[stale]
            best = int(gain[neuron].argmax())
            if gain[neuron, best] <= gain[neuron, own] + tolerance:
                continue
            sums[own] -= row
            sums[best] += row
            values[[own, best]] = matrix.values(sums[[own, best]])
            sizes[own] -= 1
            sizes[best] += 1
            version[[own, best]] += 1
            labels[neuron] = best
            n_moves += 1
        if not n_moves:
            break
    for k in range(n_clusters):
        is_known = computed[:, k] == version[k]
        known[(labels == k).tobytes()] = np.where(is_known, gain[:, k], np.nan)


def refine_with_restarts(
    matrix: CountMatrix | AdditiveMatrix,
    labels: NDArray[np.intp],
    *,
    n_restarts: int = 8,
    random_state: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.intp], float]:
    """Refine a partition and disturbed copies of it, and return the best result.

    Each restart assigns a quarter of the neurons to random classes.

    Parameters
    ----------
    matrix : CountMatrix
        Word counts of the neurons.
    labels : ndarray of int, (n_neurons,)
        Initial partition; classes numbered from 0 without gaps.
    n_restarts : int, default 8
        Number of disturbed restarts.
    random_state : int, numpy.random.Generator or None
        Seed or generator of the restarts.  Each restart has its own stream of random
        numbers, so the number of processes does not change the result.
    n_jobs : int, optional
        Number of processes, as in joblib.

    Returns
    -------
    labels : ndarray of int, (n_neurons,)
        Classes numbered by their lowest neuron; the first of equals.
    objective : float
        J, in bits times repeats.
    """
    best = refine(matrix, labels)
    n_clusters = int(best[0].max()) + 1
    if n_clusters in (1, len(labels)):
        return best
    streams = check_rng(random_state).spawn(n_restarts)
    starts = [_disturb(best[0], n_clusters, stream) for stream in streams]
    for candidate in run_tasks(refine, ((matrix, start) for start in starts), n_jobs):
        if candidate[1] > best[1] + matrix.tolerance:
            best = candidate
    return best


def _disturb(
    labels: NDArray[np.intp], n_clusters: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    # The lowest neuron of each class stays, so that no class is lost.
    free = np.setdiff1d(np.arange(len(labels)), np.unique(labels, return_index=True)[1])
    n_moved = min(len(free), max(1, round(_DISTURBED * len(labels))))
    disturbed = labels.copy()
    moved = rng.choice(free, size=n_moved, replace=False)
    disturbed[moved] = rng.integers(n_clusters, size=n_moved)
    return disturbed
