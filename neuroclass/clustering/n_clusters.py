"""How many classes: the elbow among the numbers that hold on unseen stimulus.

Takes counts and their merge tree, says at which numbers every class is a kind of its
own, where the tree splits neurons into kinds rather than cuts a continuum, and how many
classes that makes.  A heuristic, tried on simulated retinas: types that overlap are
under-counted, so read "at least".
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.held_out import (
    MIN_NEURONS,
    Half,
    halves_of_stimulus,
    held_out_z,
)
from neuroclass.clustering.merge_tree import MergeTree
from neuroclass.clustering.reassignment import refine
from neuroclass.clustering.weakest_pairs import weakest_pairs
from neuroclass.estimators import Estimator

__all__ = [
    "DOUBTFUL_PAIR",
    "DOUBTFUL_SPLIT",
    "REAL_SPLIT",
    "SURE_PAIR",
    "ClusterNumber",
    "node_scores",
    "select_n_clusters",
    "supported_range",
]

SURE_PAIR = 3.0  # z of the two least separate classes, with which a number surely holds
DOUBTFUL_PAIR = 1.75  # and with which it may
_FIRST_CLASSES = 14  # where merging begins
_SPARE_CLASSES = 4  # at least so many more than the number that is found
_MAX_NODES = 45  # the last merges
_LEAST_SHARE = 0.03  # of the neurons, on each side of one that is tested
REAL_SPLIT = 4.0  # z of a node of a tree, one of some 20 looked at, that is real
DOUBTFUL_SPLIT = 2.0  # z of a node that might be


@dataclass(frozen=True)
class ClusterNumber:
    """The chosen number of classes and its support.

    Attributes
    ----------
    n_clusters : int
        The chosen number.
    low, high : int
        Range that these data support: the smaller of what surely holds, the larger of
        what may, by the two ways of counting of `select_n_clusters`; of a number that
        was given, by the splits of its tree alone.
    is_determined : bool
        Whether `low` and `high` differ by one at most, with the number among them, and
        any classes could be tested.
    weakest_z : ndarray of shape (n_tried + 1,)
        Held-out z of the two least separate classes, at index K of K classes; nan below
        two classes, -inf where two are too small to be tested or do not even attract
        their own.
    gain_ratio : ndarray of shape (high + 1,)
        Gain of class K over the gain of class K + 1, at index K; nan where it had no
        say.
    node_z : ndarray of shape (n_neurons - 1,)
        Held-out z of each merge; nan where not tested.  `select_n_clusters` counts on
        the greedy tree; `Classification` shows the z of the tree that it draws, and
        widens the range to what that tree supports.
    reason : str
        One line.
    """

    n_clusters: int
    low: int
    high: int
    is_determined: bool
    weakest_z: NDArray[np.float64] = field(repr=False)
    gain_ratio: NDArray[np.float64] = field(repr=False)
    node_z: NDArray[np.float64] = field(repr=False)
    reason: str


def select_n_clusters(
    counts: NDArray[Any],
    rows: Rows,
    tree: MergeTree,
    *,
    n_jobs: int | None = None,
) -> ClusterNumber:
    """Choose the number of classes by what holds on unseen stimulus, and the elbow.

    1. Weakest pair: from more classes than there are, the two that are least separate
       on halves of the stimulus are merged, again and again: `weakest_pairs`.  Counted
       is the largest number of classes at which the least z is above a bound.
    2. Splits: the last merges of the tree are tested alike: `node_scores`.
       Counted are, plus one, the splits above a bound and those that contain one.
    3. The number is one if no weakest pair has a z above 3.  Else it is at least the
       larger of the number at which it is above 3 and of the splits above 4, and at
       most the number at which it is above 1.75.
    4. Between the two it is the elbow: the K for which the gain of the K-th class is
       largest against the gain of the next, in the objective of refined partitions.

    Parameters
    ----------
    counts : ndarray of shape (n_neurons, n_conditions, n_words)
        How often each neuron spoke each word in each condition.
    rows : Rows
        The same counts, laid out for merging.
    tree : MergeTree
        From `merge_tree`.
    n_jobs : int, optional
        Processes, as in joblib.

    Returns
    -------
    ClusterNumber
        With `node_z` of `tree`.

    Notes
    -----
    Splits alone split 7 of 76 retinas of a single, strongly diverse type, since some 20
    are looked at and one is enough; the weakest pair alone counts too few types
    where repeats are few.  docs/decisions.md has the figures, and other ideas.
    Cost: some 60 tests of two classes each, whatever the number of neurons.
    """
    halves = halves_of_stimulus(counts, rows.estimator)
    n_neurons = len(counts)
    n_first = min(_FIRST_CLASSES, n_neurons)
    weakest = weakest_pairs(halves, rows, tree.labels(n_first), n_jobs=n_jobs)
    while n_first < min(_largest(weakest, DOUBTFUL_PAIR) + _SPARE_CLASSES, n_neurons):
        n_first = min(2 * n_first, n_neurons)
        weakest = weakest_pairs(halves, rows, tree.labels(n_first), n_jobs=n_jobs)
    node_z = _scores_of_nodes(halves, tree, n_jobs)
    n_separate, n_split = _largest(weakest, SURE_PAIR), supported_range(tree, node_z)[0]
    least = max(n_separate, n_split) if n_separate > 1 else 1
    low, high = min(n_separate, n_split), max(n_split, _largest(weakest, DOUBTFUL_PAIR))
    n_clusters = least
    gain_ratio = np.full(high + 1, np.nan)
    if high > least > 1:
        gain_ratio[least:] = _elbow(rows, tree, least, high)
        n_clusters = int(np.nanargmax(gain_ratio))
    was_tested = not np.isnan(weakest).all()
    is_determined = was_tested and high - low <= 1
    return ClusterNumber(
        n_clusters=n_clusters,
        low=low,
        high=high,
        is_determined=is_determined,
        weakest_z=weakest,
        gain_ratio=gain_ratio,
        node_z=node_z,
        reason=_reason(n_clusters, least, high, was_tested)
        + ("" if is_determined else "; not determined by these data"),
    )


def _largest(weakest: NDArray[np.float64], least: float) -> int:
    return int(np.flatnonzero(weakest > least).max(initial=1))


def _reason(n_clusters: int, least: int, high: int, was_tested: bool) -> str:
    if not was_tested:
        return f"no two classes of {MIN_NEURONS} neurons or more could be tested"
    if high == 1:
        return "no two classes are more than a cut through a continuum"
    if least == 1:
        return f"no two classes surely hold apart on unseen stimulus, {high} may"
    reason = f"{least} classes hold apart on unseen stimulus"
    if high > least:
        reason += (
            f", up to {high} may; of these counts the gain of class {n_clusters} "
            "stands out most"
        )
    return reason


def _elbow(rows: Rows, tree: MergeTree, low: int, high: int) -> NDArray[np.float64]:
    """Return D_K / D_{K+1} with D_K = J_K - J_{K-1} for low <= K <= high."""
    n_neurons = len(tree.children) + 1
    objective = np.array(
        [
            refine(rows, tree.labels(min(k, n_neurons)))[1]
            for k in range(low - 1, high + 2)
        ]
    )
    # Beyond the last real class Miller-Madow may price a split at less than nothing.
    floor = 1e-9 * np.abs(objective).max()
    gain = np.maximum(np.diff(objective), floor)
    ratio: NDArray[np.float64] = gain[:-1] / gain[1:]
    return ratio


def supported_range(tree: MergeTree, node_z: NDArray[np.float64]) -> tuple[int, int]:
    """Return one plus the splits of a tree that hold, surely and perhaps.

    Parameters
    ----------
    tree : MergeTree
        Whose splits are counted.
    node_z : ndarray of shape (n_neurons - 1,)
        Their held-out z: `node_scores`.
    """
    return (
        _count_nodes(tree, node_z, REAL_SPLIT),
        _count_nodes(tree, node_z, DOUBTFUL_SPLIT),
    )


def _count_nodes(tree: MergeTree, node_z: NDArray[np.float64], least: float) -> int:
    """Return 1 + the merges that are real or contain a real one."""
    n_neurons = len(tree.children) + 1
    holds = np.zeros(2 * n_neurons - 1, dtype=bool)
    for k, (a, b) in enumerate(tree.children):
        holds[n_neurons + k] = node_z[k] > least or holds[a] or holds[b]
    return 1 + int(holds.sum())


def node_scores(
    counts: NDArray[Any],
    tree: MergeTree,
    estimator: Estimator = "miller-madow",
    *,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Score how far each of the last merges joins two kinds, not one continuum.

    By `held_out_z`, beginning from the two sides of the merge.

    Parameters
    ----------
    counts : ndarray of shape (n_neurons, n_conditions, n_words)
        How often each neuron spoke each word in each condition.
    tree : MergeTree
        Whose merges are tested.
    estimator : str
        For the division of a node in two.
    n_jobs : int, optional
        Processes, as in joblib.

    Returns
    -------
    ndarray of shape (n_neurons - 1,)
        z of each merge; nan where not tested (of very many neurons also where a side is
        less than 3 % of them, so that about 20 are tested, however many there are),
        -inf where the two classes do not even attract their own.
    """
    return _scores_of_nodes(halves_of_stimulus(counts, estimator), tree, n_jobs)


def _scores_of_nodes(
    halves: tuple[Half, Half], tree: MergeTree, n_jobs: int | None
) -> NDArray[np.float64]:
    members = tree.members()
    n_neurons = len(tree.children) + 1
    sizes = np.append(np.ones(n_neurons, dtype=np.intp), [len(m) for m in members])
    least = max(MIN_NEURONS, int(_LEAST_SHARE * n_neurons))
    is_tested = sizes[tree.children].min(axis=1) >= least
    is_tested[:-_MAX_NODES] = False
    tested = np.flatnonzero(is_tested)
    tasks = []
    for k in tested:
        first = tree.children[k, 0]
        child = [first] if first < n_neurons else members[first - n_neurons]
        tasks.append((members[k], np.isin(members[k], child).astype(np.intp)))
    scores = run_tasks(
        held_out_z,
        ((halves[0].of(node), halves[1].of(node), labels) for node, labels in tasks),
        n_jobs,
    )
    z = np.full(n_neurons - 1, np.nan)
    z[tested] = list(scores)
    return z
