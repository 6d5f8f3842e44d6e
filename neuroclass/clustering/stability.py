"""Stability of classes under resampling of the stimulus: a block bootstrap.

Input: word counts and a partition of the neurons.
Output: `Stability`, the fraction of resampled stimuli in which each two neurons share a
class and each neuron stays in its class, and the similarity of each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import check_positive_int, check_rng
from neuroclass._lib.parallel import run_tasks
from neuroclass._lib.progress import progress_bar
from neuroclass.clustering._compiled.loader import MIN_COMPILED
from neuroclass.clustering.additive_matrix import AdditiveMatrix
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.merge_tree import build_merge_tree
from neuroclass.clustering.reassignment import refine
from neuroclass.clustering.timing.spike_counts import SpikeCounts
from neuroclass.clustering.timing.split_halves import adjusted_rand_index
from neuroclass.clustering.timing.timing_matrix import TimingMatrix
from neuroclass.estimators import Estimator, check_counts

__all__ = ["Stability", "bootstrap_stability", "match_to_replicate", "stimulus_blocks"]

_N_BLOCKS = 20
_MIN_BLOCKS = 10


@dataclass(frozen=True)
class Stability:
    """Stability of a partition under resampling of the stimulus.

    Attributes
    ----------
    n_clusters : int
        Number of classes of the partition.
    n_replicates, n_blocks : int
        Number of resampled stimuli, and of the blocks that each consists of.
    co_clustering : ndarray, (n_neurons, n_neurons)
        Fraction of the replicates in which two neurons are in one class.
    per_neuron : ndarray, (n_neurons,)
        Fraction of the replicates in which the neuron is in the class that corresponds
        to its own.
    per_class : ndarray, (n_clusters,)
        Mean Jaccard similarity with the most similar class of the replicate: neurons in
        both over neurons in either.
    numbers : tuple of int
        Tested numbers of classes, `n_clusters` among them.
    adjusted_rand_index : ndarray, (n_numbers, n_replicates)
        Agreement of each replicate with the partition of all data, 1 for the same.
    """

    n_clusters: int
    n_replicates: int
    n_blocks: int
    co_clustering: NDArray[np.float64] = field(repr=False)
    per_neuron: NDArray[np.float64] = field(repr=False)
    per_class: NDArray[np.float64] = field(repr=False)
    numbers: tuple[int, ...]
    adjusted_rand_index: NDArray[np.float64] = field(repr=False)

    def agreement(self, n_clusters: int) -> tuple[float, NDArray[np.float64]]:
        """Return mean and 95 % range of the adjusted Rand index for a number."""
        drawn = self.adjusted_rand_index[self.numbers.index(n_clusters)]
        return float(drawn.mean()), np.quantile(drawn, [0.025, 0.975])


def bootstrap_stability(
    counts: ArrayLike | SpikeCounts,
    labels: ArrayLike,
    *,
    others: Sequence[ArrayLike] = (),
    n_replicates: int = 100,
    estimator: Estimator = "miller-madow",
    random_state: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> Stability:
    """Compute the stability of a partition by a block bootstrap of the stimulus.

    Each replicate draws as many blocks as there are, with replacement, and finds the
    best partition into the same number of classes anew: from its own tree, and from the
    partition that is tested, whichever has the higher objective.  The number of classes
    is fixed: a block that is drawn twice would be in both halves of the test of a
    split, and every split would seem real.

    Parameters
    ----------
    counts : array_like, (n_neurons, n_conditions, n_words), or SpikeCounts
        Word counts, or spike counts for classes by timing.
    labels : array_like of int, (n_neurons,)
        Tested partition.
    others : sequence of array_like of int, (n_neurons,)
        Partitions into other numbers of classes, for their agreement only.
    n_replicates : int, default 100
        Number of resampled stimuli.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Entropy estimator of the losses.
    random_state : int, numpy.random.Generator or None
        Seed or generator of the blocks; each replicate has its own stream, so the
        number of processes does not change the result.
    n_jobs : int, optional
        Number of processes, as in joblib.
    progress : bool, default False
        Progress bar, on stderr, if it takes longer than two seconds.

    Returns
    -------
    Stability

    Raises
    ------
    ValueError
        If there are too few conditions to resample (10 blocks), or the labels are not
        one per neuron.

    Notes
    -----
    Repeats are not resampled on top: their noise differs from block to block and is in
    the replicates as it is. A replicate holds some blocks twice and a third not at all:
    where conditions are few for the noise the agreement is a lower bound
    (``test_replicates_promise_no_more_than_other_stimuli_keep``); on simulated retinas
    it was within .1 of that with other stimuli (docs/decisions.md). Cost: a tree and
    a refinement for each replicate.

    References
    ----------
    .. [1] Hennig (2007), Computational Statistics & Data Analysis 52:258-271,
       doi:10.1016/j.csda.2006.11.025: the Jaccard similarity of classes.
    .. [2] Kuensch (1989), Annals of Statistics 17:1217-1241,
       doi:10.1214/aos/1176347265: resampling blocks.
    """
    source = counts if isinstance(counts, SpikeCounts) else check_counts(counts)
    array = source.counts[:, :, None] if isinstance(source, SpikeCounts) else source
    n_replicates = check_positive_int(n_replicates, "n_replicates", minimum=2)
    partitions = [_check_labels(each, len(array)) for each in (labels, *others)]
    blocks = stimulus_blocks(array)
    if len(blocks) < _MIN_BLOCKS:
        raise ValueError(
            f"stability must have at least {_MIN_BLOCKS} conditions with spikes to "
            f"resample; got {len(blocks)}. Condition on time as well, or leave "
            f"stability out."
        )
    how = estimator, MIN_COMPILED // n_replicates  # compiled loops are loaded once
    draws = run_tasks(
        _replicate,
        (
            (source, blocks, partitions, how, stream)
            for stream in check_rng(random_state).spawn(n_replicates)
        ),
        n_jobs,
    )
    bar = progress_bar(draws, desc="stability", total=n_replicates, progress=progress)
    drawn = np.array(list(bar))  # (n_replicates, n_partitions, n_neurons)
    tested = partitions[0]
    n_clusters = int(tested.max()) + 1
    same = sum((r[:, None] == r for r in drawn[:, 0]), np.zeros((len(array),) * 2))
    matched = [
        match_to_replicate(tested, replicate, n_clusters) for replicate in drawn[:, 0]
    ]
    is_same, jaccard = zip(*matched, strict=True)
    order = np.argsort([each.max() for each in partitions], kind="stable")
    return Stability(
        n_clusters=n_clusters,
        n_replicates=n_replicates,
        n_blocks=len(blocks),
        co_clustering=same / n_replicates,
        per_neuron=np.mean(is_same, axis=0),
        per_class=np.mean(jaccard, axis=0),
        numbers=tuple(int(partitions[k].max()) + 1 for k in order),
        adjusted_rand_index=np.array(
            [
                [adjusted_rand_index(partitions[k], r) for r in drawn[:, k]]
                for k in order
            ]
        ),
    )


def _check_labels(labels: ArrayLike, n_neurons: int) -> NDArray[np.intp]:
    array = np.asarray(labels)
    if array.shape != (n_neurons,):
        raise ValueError(
            f"labels must hold one class per neuron ({n_neurons}); got shape "
            f"{array.shape}."
        )
    numbered: NDArray[np.intp] = np.unique(array, return_inverse=True)[1]
    return numbered


def stimulus_blocks(counts: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Divide the conditions into runs with the same number of words besides silence.

    At most 20 blocks, so that they are longer than the correlation of neighbouring
    responses; of the same number of words and not of the same duration, so that a brief
    response is not all in one block.

    Parameters
    ----------
    counts : ndarray, (n_neurons, n_conditions, n_words)
        Word counts; word 0 is silence if there are several.

    Returns
    -------
    list of ndarray of int
        Conditions of each block; together all conditions.
    """
    words = counts[:, :, 1:] if counts.shape[2] > 1 else counts
    observed = words.sum(axis=(0, 2)).astype(np.float64)
    before = np.cumsum(observed) - observed / 2
    block = (before * _N_BLOCKS / max(float(observed.sum()), 1.0)).astype(np.intp)
    edges = np.flatnonzero(np.diff(block)) + 1
    return np.split(np.arange(counts.shape[1]), edges)


def _replicate(
    counts: NDArray[np.int64] | SpikeCounts,
    blocks: Sequence[NDArray[np.intp]],
    partitions: Sequence[NDArray[np.intp]],
    how: tuple[Estimator, int],
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return the partitions of one resampled stimulus, (n_partitions, n_neurons)."""
    estimator, min_compiled = how
    chosen = rng.integers(len(blocks), size=len(blocks))
    drawn = [blocks[k] for k in chosen]
    matrix: CountMatrix | AdditiveMatrix
    if isinstance(counts, SpikeCounts):
        matrix = TimingMatrix.from_spikes(
            _drawn_spikes(counts, drawn),
            min_compiled=min_compiled,
        )
    else:
        matrix = CountMatrix.from_counts(counts[:, np.concatenate(drawn)], estimator)
    tree = build_merge_tree(matrix)
    found = []
    for labels in partitions:
        starts = (tree.labels(int(labels.max()) + 1), labels)
        found.append(
            max((refine(matrix, start) for start in starts), key=_objective)[0]
        )
    return np.array(found)


def _drawn_spikes(
    spikes: SpikeCounts, drawn: Sequence[NDArray[np.intp]]
) -> SpikeCounts:
    """Return the spikes of blocks of conditions, no time scale reaching across them."""
    conditions = np.concatenate(drawn)
    block = np.repeat(np.arange(len(drawn)), [len(each) for each in drawn])
    part = np.stack([block, spikes.stimulus[conditions]])
    is_new = np.append(False, (np.diff(part, axis=1) != 0).any(axis=0))
    return SpikeCounts.from_sums(
        spikes.counts[:, conditions],
        spikes.variance[:, conditions],
        spikes.repeats[:, conditions],
        stimulus=np.cumsum(is_new),
    )


def _objective(found: tuple[NDArray[np.intp], float]) -> float:
    return found[1]


def match_to_replicate(
    labels: NDArray[np.intp], replicate: NDArray[np.intp], n_clusters: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Match the classes of a partition to those of a replicate.

    Parameters
    ----------
    labels : ndarray of int, (n_neurons,)
        Tested partition.
    replicate : ndarray of int, (n_neurons,)
        Partition of a replicate.
    n_clusters : int
        Number of classes of the tested partition.

    Returns
    -------
    is_same : ndarray of bool, (n_neurons,)
        Whether each neuron is in the class that corresponds to its own, by the matching
        with most neurons in common.
    jaccard : ndarray, (n_clusters,)
        Jaccard similarity of each class with the most similar class of the replicate.
    """
    shared = np.zeros((n_clusters, int(replicate.max()) + 1))
    np.add.at(shared, (labels, replicate), 1)
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    one, other = scipy.optimize.linear_sum_assignment(shared, maximize=True)
    partner = np.full(n_clusters, -1)
    partner[one] = other
    return partner[labels] == replicate, (shared / either).max(axis=1)
