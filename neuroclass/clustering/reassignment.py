"""Better partitions into a given number of classes than cutting a tree.

Takes a partition, moves neurons one at a time to the class where they lose least, and
starts again from disturbed partitions.  Greedy merging alone is known to lose to this
(Slonim, Friedman & Tishby 2002).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.merge_tree import relabel

__all__ = ["refine", "refine_with_restarts"]

_MAX_SWEEPS = 200
_DISTURBED = 0.25  # share of the neurons put into a random class at a restart


def refine(rows: Rows, labels: NDArray[np.intp]) -> tuple[NDArray[np.intp], float]:
    """Reassign neurons one at a time until none moves.

    Each neuron in turn is taken out of its class and put where the loss is least; it
    stays on ties, and the last of a class stays.

    Parameters
    ----------
    rows : Rows
        Counts of the neurons.
    labels : ndarray of int, (n_neurons,)
        Where to begin; classes numbered from 0 without gaps.

    Returns
    -------
    labels : ndarray of int, (n_neurons,)
        Classes numbered by their lowest neuron.
    objective : float
        J, which no single move can raise.

    References
    ----------
    .. [1] Slonim, Friedman & Tishby (2002), Unsupervised document classification using
       sequential information maximization, SIGIR, doi:10.1145/564376.564401.
    """
    labels = labels.copy()
    n_clusters = int(labels.max()) + 1
    sums = rows.sums(labels, n_clusters)
    n_sweeps = _MAX_SWEEPS if n_clusters > 1 else 0
    if rows.loops is not None:
        rows.loops.reassign(
            *rows.tables,
            rows.weights,
            rows.counts,
            labels,
            sums,
            rows.tolerance,
            n_sweeps,
        )
    else:
        _reassign(rows, labels, sums, n_sweeps)
    return relabel(labels), float(rows.values(sums).sum())


def _reassign(
    rows: Rows, labels: NDArray[np.intp], sums: NDArray[Any], n_sweeps: int
) -> None:
    """Move neurons until none gains; works in `labels` and `sums`, as `loops` does."""
    n_clusters = len(sums)
    values = rows.values(sums)
    sizes = np.bincount(labels, minlength=n_clusters)
    tolerance = rows.tolerance
    # A neuron looks again only at classes that changed since it last looked.
    version = np.zeros(n_clusters, dtype=np.intp)
    looked = np.full((len(labels), n_clusters), -1)
    # What the objective gains with the neuron in the class, over the class without it.
    gain = np.empty((len(labels), n_clusters))
    for _ in range(n_sweeps):
        n_moves = 0
        for neuron, row in enumerate(rows.counts):
            own = labels[neuron]
            if sizes[own] == 1:
                continue
            stale = np.flatnonzero(looked[neuron] != version)
            if not len(stale):
                continue
            others = sums[stale] + row
            is_own = stale == own
            others[is_own] = sums[own] - row
            change = rows.values(others) - values[stale]
            gain[neuron, stale] = np.where(is_own, -change, change)
            looked[neuron, stale] = version[stale]
            best = int(gain[neuron].argmax())
            if gain[neuron, best] <= gain[neuron, own] + tolerance:
                continue
            sums[own] -= row
            sums[best] += row
            values[[own, best]] = rows.values(sums[[own, best]])
            sizes[own] -= 1
            sizes[best] += 1
            version[[own, best]] += 1
            labels[neuron] = best
            n_moves += 1
        if not n_moves:
            break


def refine_with_restarts(
    rows: Rows,
    labels: NDArray[np.intp],
    *,
    n_restarts: int = 8,
    rng: np.random.Generator,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.intp], float]:
    """Refine, then refine again from disturbed copies, and keep the best partition.

    Each restart puts a quarter of the neurons into random classes.  The restarts are
    independent and each has its own stream of random numbers, so the number of
    processes does not change what is found; the first of equals is kept.

    Parameters and returns are those of `refine`.
    """
    best = refine(rows, labels)
    n_clusters = int(best[0].max()) + 1
    if n_clusters in (1, len(labels)):
        return best
    starts = [_disturb(best[0], n_clusters, stream) for stream in rng.spawn(n_restarts)]
    found = run_tasks(refine, ((rows, start) for start in starts), n_jobs)
    for candidate in found:
        if candidate[1] > best[1] + rows.tolerance:
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
