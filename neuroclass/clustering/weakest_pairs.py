"""At which numbers of classes is each class a kind of its own.

Takes a partition into too many classes, merges the two that are least separate on
unseen stimulus, again and again, and gives how separate these were.
"""

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.held_out import MIN_NEURONS, Half, held_out_z
from neuroclass.clustering.merge_tree import relabel
from neuroclass.clustering.reassignment import refine

__all__ = ["weakest_pairs"]


def weakest_pairs(
    halves: tuple[Half, Half],
    rows: Rows,
    labels: NDArray[np.intp],
    *,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Return how separate the two least separate classes are at each number of classes.

    Every neuron is reassigned where it loses least; each class and the one with which
    merging loses least are tested; the pair with the least z is merged, and so on.

    Parameters
    ----------
    halves : tuple of two Half
        From `halves_of_stimulus`.
    rows : Rows
        Counts of the whole stimulus.
    labels : ndarray of int, (n_neurons,)
        Where to begin; classes numbered from 0 without gaps.
    n_jobs : int, optional
        Processes, as in joblib.

    Returns
    -------
    ndarray of shape (n_first + 1,)
        Least `held_out_z` at index K of K classes, up to those of `labels`; nan below
        two.  -inf where two classes are too small to be tested or do not even attract
        their own; nan everywhere if no two could be tested.

    Notes
    -----
    Merged is what looks least like two kinds, not what loses least: types differ in how
    diverse they are, and a diverse type cut in two can keep more information than two
    types that are alike.  Merging by the loss found fewer types (docs/decisions.md).
    """
    known: dict[bytes, float] = {}
    labels, _ = refine(rows, labels)
    n_clusters = int(labels.max()) + 1
    weakest = np.full(n_clusters + 1, np.nan)
    while n_clusters > 1:
        pairs, losses = _nearest_pairs(rows, labels, n_clusters)
        z = _scores_of_pairs(halves, labels, pairs, known, n_jobs)
        z[np.isnan(z)] = -np.inf
        weakest[n_clusters] = z.min()
        a, b = pairs[np.lexsort((losses, z))[0]]
        labels, _ = refine(rows, relabel(np.where(labels == b, a, labels)))
        n_clusters -= 1
    if np.isnan(list(known.values())).all():
        weakest[:] = np.nan
    return weakest


def _nearest_pairs(
    rows: Rows, labels: NDArray[np.intp], n_clusters: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return each class with the one whose merging loses least, and these losses."""
    sums = rows.sums(labels, n_clusters)
    values = rows.values(sums)
    losses = np.full((n_clusters, n_clusters), np.inf)
    for a in range(n_clusters - 1):
        both = rows.values(sums[a + 1 :] + sums[a])
        losses[a, a + 1 :] = losses[a + 1 :, a] = values[a] + values[a + 1 :] - both
    pairs = np.stack([np.arange(n_clusters), losses.argmin(axis=1)], axis=1)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    return pairs, losses[pairs[:, 0], pairs[:, 1]]


def _scores_of_pairs(
    halves: tuple[Half, Half],
    labels: NDArray[np.intp],
    pairs: NDArray[np.intp],
    known: dict[bytes, float],
    n_jobs: int | None,
) -> NDArray[np.float64]:
    """Return the held-out z of each pair of classes; nan if one is too small.

    Most pairs are the same as before the last merge, and `known`.
    """
    sizes = np.bincount(labels)
    keys = []
    for a, b in pairs:
        division = np.where(labels == a, 1, np.where(labels == b, 2, 0))
        keys.append(division.astype(np.int8).tobytes())
    new = {
        key: pair
        for key, pair in zip(keys, pairs, strict=True)
        if key not in known and sizes[pair].min() >= MIN_NEURONS
    }
    tasks = []
    for pair in new.values():
        node = np.flatnonzero(np.isin(labels, pair))
        division = (labels[node] == pair[1]).astype(np.intp)
        tasks.append((halves[0].of(node), halves[1].of(node), division))
    scores = run_tasks(held_out_z, tasks, n_jobs)
    known.update(zip(new, scores, strict=True))
    return np.array([known.get(key, np.nan) for key in keys])
