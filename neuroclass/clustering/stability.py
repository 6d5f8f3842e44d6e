"""Would another stretch of the stimulus give the same classes: a block bootstrap.

Takes counts of words and a partition of the neurons, gives how often each two neurons,
each neuron and each class come out the same when the stimulus is resampled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score
from tqdm import tqdm

from neuroclass._lib.checks import check_positive_int, check_rng
from neuroclass._lib.parallel import run_tasks
from neuroclass._lib.progress import is_watched
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.merge_tree import merge_tree
from neuroclass.clustering.reassignment import refine
from neuroclass.estimators import Estimator, check_counts

__all__ = ["Stability", "bootstrap_stability", "stimulus_blocks"]

_N_BLOCKS = 20
_MIN_BLOCKS = 10


@dataclass(frozen=True)
class Stability:
    """How far a partition survives resampling of the stimulus.

    Attributes
    ----------
    n_clusters : int
        Of the partition.
    n_replicates, n_blocks : int
        Resampled stimuli, and the blocks that each is put together from.
    co_clustering : ndarray of shape (n_neurons, n_neurons)
        Share of the replicates in which two neurons are in one class.
    per_neuron : ndarray of shape (n_neurons,)
        Share of the replicates in which the neuron is in the class that corresponds to
        its own.
    per_class : ndarray of shape (n_clusters,)
        Mean Jaccard similarity with the class of the replicate that is most like it:
        neurons in both over neurons in either.
    numbers : tuple of int
        Numbers of classes that were looked at, `n_clusters` among them.
    adjusted_rand_index : ndarray of shape (n_numbers, n_replicates)
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
        """Return the mean adjusted Rand index at a number of classes, and its 95 %."""
        drawn = self.adjusted_rand_index[self.numbers.index(n_clusters)]
        return float(drawn.mean()), np.quantile(drawn, [0.025, 0.975])


def bootstrap_stability(
    counts: ArrayLike,
    labels: ArrayLike,
    *,
    others: Sequence[ArrayLike] = (),
    n_replicates: int = 100,
    estimator: Estimator = "miller-madow",
    rng: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> Stability:
    """Resample the stimulus in blocks and classify again.

    A replicate draws as many blocks as there are, with replacement, and finds the best
    partition into the same number of classes anew: from its own tree, and from the
    partition that is tested, whichever ends higher. The number of classes is kept: a
    block that is drawn twice would be in both halves of the test of a split, and make
    every split look real.

    Parameters
    ----------
    counts : array_like of shape (n_neurons, n_conditions, n_words)
        How often each neuron spoke each word in each condition.
    labels : array_like of int, shape (n_neurons,)
        The partition to test.
    others : sequence of array_like like `labels`
        Partitions into other numbers of classes, for their agreement only.
    n_replicates : int, default 100
        Resampled stimuli.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Of the losses.
    rng : numpy.random.Generator, int or None
        Of the blocks; each replicate has its own stream, so the number of processes
        does not change the result.
    n_jobs : int, optional
        Processes, as in joblib.
    progress : bool, default False
        Show a progress bar, on stderr, if it takes longer than two seconds.

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
    array = check_counts(counts)
    n_replicates = check_positive_int(n_replicates, "n_replicates", minimum=2)
    partitions = [_check_labels(each, len(array)) for each in (labels, *others)]
    blocks = stimulus_blocks(array)
    if len(blocks) < _MIN_BLOCKS:
        raise ValueError(
            f"stability must have at least {_MIN_BLOCKS} conditions with spikes to "
            f"resample; got {len(blocks)}. Condition on time as well, or do without."
        )
    draws = run_tasks(
        _replicate,
        (
            (array, blocks, partitions, estimator, stream)
            for stream in check_rng(rng).spawn(n_replicates)
        ),
        n_jobs,
    )
    bar = tqdm(
        draws,
        "stability",
        n_replicates,
        delay=2,
        leave=False,
        disable=not is_watched(progress),
    )
    drawn = np.array(list(bar))  # (n_replicates, n_partitions, n_neurons)
    tested = partitions[0]
    n_clusters = int(tested.max()) + 1
    same = sum((r[:, None] == r for r in drawn[:, 0]), np.zeros((len(array),) * 2))
    matched = [_matched(tested, replicate, n_clusters) for replicate in drawn[:, 0]]
    stays, jaccard = zip(*matched, strict=True)
    order = np.argsort([each.max() for each in partitions], kind="stable")
    return Stability(
        n_clusters=n_clusters,
        n_replicates=n_replicates,
        n_blocks=len(blocks),
        co_clustering=same / n_replicates,
        per_neuron=np.mean(stays, axis=0),
        per_class=np.mean(jaccard, axis=0),
        numbers=tuple(int(partitions[k].max()) + 1 for k in order),
        adjusted_rand_index=np.array(
            [
                [adjusted_rand_score(partitions[k], r) for r in drawn[:, k]]
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


def stimulus_blocks(counts: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Cut the conditions into runs of neighbours with the same number of spoken words.

    At most 20, so that they are longer than what neighbouring responses share; of the
    same number of words and not of the same time, so that a brief response is not all
    in one of them.

    Parameters
    ----------
    counts : ndarray of shape (n_neurons, n_conditions, n_words)
        How often each neuron spoke each word in each condition.

    Returns
    -------
    list of ndarray of int
        The conditions of each block; together all conditions.
    """
    words = counts[:, :, 1:] if counts.shape[2] > 1 else counts
    spoken = words.sum(axis=(0, 2)).astype(np.float64)
    before = np.cumsum(spoken) - spoken / 2
    block = (before * _N_BLOCKS / max(float(spoken.sum()), 1.0)).astype(np.intp)
    edges = np.flatnonzero(np.diff(block)) + 1
    return np.split(np.arange(counts.shape[1]), edges)


def _replicate(
    counts: NDArray[np.int64],
    blocks: Sequence[NDArray[np.intp]],
    partitions: Sequence[NDArray[np.intp]],
    estimator: Estimator,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return the partitions of one resampled stimulus, (n_partitions, n_neurons)."""
    chosen = rng.integers(len(blocks), size=len(blocks))
    drawn = np.concatenate([blocks[k] for k in chosen])
    rows = Rows.from_counts(counts[:, drawn], estimator)
    tree = merge_tree(rows)
    found = []
    for labels in partitions:
        starts = (tree.labels(int(labels.max()) + 1), labels)
        found.append(max((refine(rows, start) for start in starts), key=_objective)[0])
    return np.array(found)


def _objective(found: tuple[NDArray[np.intp], float]) -> float:
    return found[1]


def _matched(
    labels: NDArray[np.intp], replicate: NDArray[np.intp], n_clusters: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which neurons stay in their class, and each class's best Jaccard."""
    shared = np.zeros((n_clusters, int(replicate.max()) + 1))
    np.add.at(shared, (labels, replicate), 1)
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    one, other = linear_sum_assignment(shared, maximize=True)
    partner = np.full(n_clusters, -1)
    partner[one] = other
    return partner[labels] == replicate, (shared / either).max(axis=1)
