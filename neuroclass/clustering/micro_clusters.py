"""Micro-clusters of very many neurons, by information-bottleneck k-means.

Input: sparse word counts.
Output: some hundreds of micro-clusters, which are the leaves of a merge tree.  A sweep
over N neurons and K classes costs O(N K), where all pairs would cost O(N^2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_rng
from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering.class_sums import COLUMN_BLOCK, ClassSums
from neuroclass.clustering.merge_tree import relabel
from neuroclass.clustering.sparse_count_matrix import SparseCountMatrix
from neuroclass.clustering.timing.timing_matrix import TimingMatrix
from neuroclass.clustering.timing.timing_sums import TimingSums

__all__ = [
    "assign_to_seeds",
    "find_micro_clusters",
    "gather_micro_clusters",
    "reassign_in_batches",
    "refine_sparse",
]

_BATCH = 2048  # neurons whose scores are computed at a time
_SHORTLIST = 6  # classes of highest score whose exact gain is computed
_MAX_SWEEPS = 200
_FEW_MOVES = 1e-2  # fraction of the neurons: micro-clusters need not settle wholly
_FIRST_SEEDS = 16  # of the seeds, one in so many is drawn uniformly


def find_micro_clusters(
    counts: SparseCountMatrix | TimingMatrix,
    n_micro: int,
    *,
    n_init: int = 1,
    random_state: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
    column_block: int = COLUMN_BLOCK,
) -> NDArray[np.intp]:
    """Divide neurons into micro-clusters by information-bottleneck k-means.

    Parameters
    ----------
    counts : SparseCountMatrix or TimingMatrix
        Word counts, or timing, of the neurons.
    n_micro : int
        Number of micro-clusters, at most.
    n_init : int, default 1
        Number of runs, each from other seeds; the best partition is returned.
    random_state : int, numpy.random.Generator or None
        Seed or generator of the seeds of k-means.
    n_jobs : int, optional
        Number of processes for the runs, as in joblib.  The result does not depend on
        it.
    column_block : int, default 2048
        Number of columns of words for which scores are computed at a time.

    Returns
    -------
    ndarray of int, (n_neurons,)
        Micro-cluster of each neuron, numbered by their lowest neuron.

    Notes
    -----
    J = sum over classes of sum_w G(n_w) + sum_s c(R_s), which the partition is to
    raise, is the loss if all classes are merged, up to a constant.

    1. Seeds are single neurons, a few drawn uniformly, then as many again, round after
       round, in proportion to the loss of each by merging with its best seed.
    2. All neurons of a batch are assigned to the class of highest score at once.  A
       word of count n adds G(m + n) - G(m) to a class with count m, which is n times
       the slope of a chord of G: n (G(m + t) - G(m)) / t exactly where n = t, the
       typical count of this word.  So the scores of all neurons and classes are one
       matrix product.  A sweep that does not raise J is discarded and ends this.
    3. Neurons move one at a time, by the exact gain, among the classes of highest
       score: `refine_sparse`.

    So J never falls: ``test_no_sweep_lowers_the_objective``.
    """
    if n_micro >= counts.n_neurons:
        return np.arange(counts.n_neurons)
    streams = check_rng(random_state).spawn(n_init)
    tasks = ((counts, n_micro, stream, column_block) for stream in streams)
    partitions = list(run_tasks(_from_seeds, tasks, n_jobs))
    best = max(range(n_init), key=lambda k: (partitions[k][1], -k))
    labels: NDArray[np.intp] = partitions[best][0]
    return labels


def _from_seeds(
    counts: SparseCountMatrix | TimingMatrix,
    n_micro: int,
    rng: np.random.Generator,
    column_block: int,
) -> tuple[NDArray[np.intp], float]:
    labels = assign_to_seeds(counts, n_micro, rng, column_block=column_block)
    labels = reassign_in_batches(counts, labels, column_block=column_block)
    return refine_sparse(
        counts, labels, few_moves=_FEW_MOVES, column_block=column_block
    )


def assign_to_seeds(
    counts: SparseCountMatrix | TimingMatrix,
    n_micro: int,
    rng: np.random.Generator,
    *,
    column_block: int = COLUMN_BLOCK,
) -> NDArray[np.intp]:
    """Draw `n_micro` seeds and assign each neuron to its best one: step 1.

    Parameters
    ----------
    counts : SparseCountMatrix or TimingMatrix
        Word counts, or timing, of the neurons.
    n_micro : int
        Number of seeds; each is assigned to itself.
    rng : numpy.random.Generator
        Generator of the seeds.
    column_block : int, default 2048
        As in `find_micro_clusters`.

    Returns
    -------
    ndarray of int, (n_neurons,)
        Seed of each neuron, from 0.
    """
    n_neurons = counts.n_neurons
    alone = _values(counts)
    seeds = rng.choice(n_neurons, size=max(1, n_micro // _FIRST_SEEDS), replace=False)
    labels = np.empty(n_neurons, dtype=np.intp)
    lost = np.full(n_neurons, np.inf)
    n_known = 0
    while True:
        # Only the new seeds can be better than the best so far.
        new = seeds[n_known:]
        classes = _sums_of_seeds(counts, new, column_block)
        for batch in _batches(n_neurons):
            best = classes.scores(batch).argmax(axis=1)
            loss = alone[batch] - classes.gains(batch, best[:, None])[:, 0]
            closer = loss < lost[batch]
            labels[batch][closer] = n_known + best[closer]
            lost[batch][closer] = loss[closer]
        labels[new], lost[new] = np.arange(n_known, len(seeds)), 0.0
        n_known = len(seeds)
        if n_known == n_micro:
            return labels
        # A race of exponential clocks draws in proportion, none twice.
        race = rng.exponential(size=n_neurons) / np.maximum(lost, 1e-9)
        race[seeds] = np.inf
        n_new = min(n_known, n_micro - n_known)
        seeds = np.append(seeds, np.argpartition(race, n_new - 1)[:n_new])


def _values(counts: SparseCountMatrix | TimingMatrix) -> NDArray[np.float64]:
    if isinstance(counts, TimingMatrix):
        return counts.values(counts.counts)
    return counts.values()


def _sums_of_classes(
    counts: SparseCountMatrix | TimingMatrix,
    labels: NDArray[np.intp],
    column_block: int,
) -> ClassSums | TimingSums:
    if isinstance(counts, TimingMatrix):
        return TimingSums.from_labels(counts, labels)
    return ClassSums.from_labels(counts, labels, column_block)


def _sums_of_seeds(
    counts: SparseCountMatrix | TimingMatrix,
    seeds: NDArray[np.intp],
    column_block: int,
) -> ClassSums | TimingSums:
    if isinstance(counts, TimingMatrix):
        return TimingSums.from_seeds(counts, seeds)
    return ClassSums.from_seeds(counts, seeds, column_block)


def _batches(n_neurons: int) -> list[slice]:
    return [
        slice(start, min(start + _BATCH, n_neurons))
        for start in range(0, n_neurons, _BATCH)
    ]


def reassign_in_batches(
    counts: SparseCountMatrix | TimingMatrix,
    labels: NDArray[np.intp],
    *,
    column_block: int = COLUMN_BLOCK,
) -> NDArray[np.intp]:
    """Assign all neurons to the class of highest score while J rises: step 2.

    Parameters
    ----------
    counts : SparseCountMatrix or TimingMatrix
        Word counts, or timing, of the neurons.
    labels : ndarray of int, (n_neurons,)
        Initial partition.
    column_block : int, default 2048
        As in `find_micro_clusters`.

    Returns
    -------
    ndarray of int, (n_neurons,)
        Classes numbered by their lowest neuron.
    """
    labels = relabel(labels)
    classes = _sums_of_classes(counts, labels, column_block)
    objective = classes.objective()
    for _ in range(_MAX_SWEEPS):
        proposed = relabel(
            np.concatenate(
                [
                    classes.scores(batch).argmax(axis=1)
                    for batch in _batches(counts.n_neurons)
                ]
            )
        )  # a class without neurons is dropped
        candidate = _sums_of_classes(counts, proposed, column_block)
        raised = candidate.objective()
        if raised <= objective:
            break
        labels, classes, objective = proposed, candidate, raised
    return labels


def refine_sparse(
    counts: SparseCountMatrix | TimingMatrix,
    labels: NDArray[np.intp],
    *,
    few_moves: float = 0.0,
    max_sweeps: int = _MAX_SWEEPS,
    column_block: int = COLUMN_BLOCK,
) -> tuple[NDArray[np.intp], float]:
    """Reassign neurons one at a time while J rises, as `refine`, for many neurons.

    Each neuron in turn is taken out of its class and assigned to the class of least
    loss among those of highest score (see `find_micro_clusters`).  On ties it stays,
    and the last neuron of a class stays.

    Parameters
    ----------
    counts : SparseCountMatrix or TimingMatrix
        Word counts, or timing, of the neurons.
    labels : ndarray of int, (n_neurons,)
        Initial partition.
    few_moves : float, default 0
        Fraction of the neurons: a sweep with no more moves is the last one.
    max_sweeps : int, default 200
        Number of sweeps, at most.
    column_block : int, default 2048
        As in `find_micro_clusters`.

    Returns
    -------
    labels : ndarray of int, (n_neurons,)
        Classes numbered by their lowest neuron.
    objective : float
        J, in bits times repeats.
    """
    labels = relabel(labels)
    classes = _sums_of_classes(counts, labels, column_block)
    tolerance = 1e-12 * (
        float(np.abs(classes.objective())) * np.sqrt(classes.n_columns) + 1
    )
    for _ in range(max_sweeps if len(classes.sizes) > 1 else 0):
        n_moves = 0
        for batch in _batches(counts.n_neurons):
            candidates = _shortlist(classes, batch, labels[batch])
            gains = classes.gains(batch, candidates, takes_out=True)
            is_mover = gains[:, 1:].max(axis=1) > gains[:, 0] + tolerance
            for k in np.flatnonzero(is_mover):
                n_moves += _move(
                    classes, labels, batch.start + k, candidates[k], tolerance
                )
        if n_moves <= few_moves * counts.n_neurons:
            break
    return relabel(labels), classes.objective()


def _move(
    classes: ClassSums | TimingSums,
    labels: NDArray[np.intp],
    neuron: int,
    candidates: NDArray[np.intp],
    tolerance: float,
) -> bool:
    """Move one neuron to the best candidate as the classes are now, if it gains."""
    own = labels[neuron]
    if classes.sizes[own] == 1:
        return False
    alone = slice(neuron, neuron + 1)
    gains = classes.gains(alone, candidates[None], takes_out=True)[0]
    best = int(gains.argmax())
    if gains[best] <= gains[0] + tolerance:
        return False
    classes.move(neuron, own, candidates[best])
    labels[neuron] = candidates[best]
    return True


def _shortlist(
    classes: ClassSums | TimingSums, batch: slice, own: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the class of each neuron, and then those of highest score."""
    n_clusters = len(classes.sizes)
    if n_clusters <= _SHORTLIST:
        best = np.tile(np.arange(n_clusters), (len(own), 1))
    else:
        scores = classes.scores(batch)
        best = np.argpartition(scores, -_SHORTLIST, axis=1)[:, -_SHORTLIST:]
    return np.concatenate([own[:, None], np.sort(best, axis=1)], axis=1)


def gather_micro_clusters(
    counts: SparseCountMatrix | TimingMatrix,
    micro: NDArray[np.intp],
    labels: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Change micro-clusters as little as possible so that each lies within a class.

    A micro-cluster belongs to the class of most of its neurons.  Each other neuron is
    assigned to the micro-cluster of its own class where its score is highest; if there
    is none, those of one class make a new one.

    Parameters
    ----------
    counts : SparseCountMatrix or TimingMatrix
        Word counts, or timing, of the neurons.
    micro : ndarray of int, (n_neurons,)
        Micro-clusters, numbered from 0 without gaps.
    labels : ndarray of int, (n_neurons,)
        Classes, numbered from 0 without gaps.

    Returns
    -------
    ndarray of int, (n_neurons,)
        Micro-clusters, numbered by their lowest neuron.
    """
    shape = (int(micro.max()) + 1, int(labels.max()) + 1)
    cell = np.ravel_multi_index((micro, labels), shape)
    members = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    class_of = members.argmax(axis=1)
    is_astray = class_of[micro] != labels
    classes = _sums_of_classes(counts, micro, COLUMN_BLOCK)
    gathered = micro.copy()
    without = np.setdiff1d(np.arange(shape[1]), class_of)
    is_new = is_astray & np.isin(labels, without)
    gathered[is_new] = shape[0] + labels[is_new]
    is_astray &= ~is_new
    for batch in _batches(counts.n_neurons):
        astray = np.flatnonzero(is_astray[batch])
        if len(astray):
            scores = classes.scores(batch)[astray]
            is_home = class_of == labels[batch][astray][:, None]
            best = np.where(is_home, scores, -np.inf).argmax(axis=1)
            gathered[batch.start + astray] = best
    return relabel(gathered)
