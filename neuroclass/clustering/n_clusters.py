"""Number of classes, by held-out tests of classes and the elbow of the information.

Input: word counts and their merge tree.
Output: `ClusterNumber`, the number of classes and its support: at which numbers every
two classes are distinct on held-out stimulus, and which splits of the tree separate
types rather than cut a continuum.  A heuristic, tried on simulated retinas: types that
overlap are under-counted, so read "at least".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering.count_matrix import CountMatrix
from neuroclass.clustering.held_out import (
    MIN_NEURONS,
    StimulusHalf,
    held_out_z,
    stimulus_halves,
    weakest_pair_z,
)
from neuroclass.clustering.merge_tree import MergeTree
from neuroclass.clustering.reassignment import refine
from neuroclass.estimators import Estimator

__all__ = [
    "DOUBTFUL_PAIR",
    "DOUBTFUL_SPLIT",
    "REAL_SPLIT",
    "SURE_PAIR",
    "ClusterNumber",
    "count_splits",
    "node_scores",
    "select_n_clusters",
    "supported_range",
]

SURE_PAIR = 3.0  # least z of two classes with which a number surely holds
DOUBTFUL_PAIR = 1.75  # and with which it may
_FIRST_CLASSES = 14  # where merging begins
_SPARE_CLASSES = 4  # at least so many more than the number that is found
_MAX_NODES = 45  # the last merges
_LEAST_SHARE = 0.03  # of the neurons, on each side of a merge that is tested
REAL_SPLIT = 4.0  # z of a node of a tree, one of some 20 tested, that is real
DOUBTFUL_SPLIT = 2.0  # z of a node that may be real


@dataclass(frozen=True)
class ClusterNumber:
    """Number of classes and its support.

    Attributes
    ----------
    n_clusters : int
        The chosen number.
    low, high : int
        Supported range: the smaller of the numbers that surely hold and the larger of
        those that may, by the two ways of counting of `select_n_clusters`; of a number
        that was given, by the splits of its tree alone.
    is_determined : bool
        Whether `low` and `high` differ by one at most, with the number among them, and
        any classes could be tested.
    weakest_z : ndarray, (n_tried + 1,)
        Least held-out z of any two classes, at index K of K classes; nan below two
        classes, -inf where two classes are too small to be tested or the z is -inf.
    gain_ratio : ndarray, (high + 1,)
        Gain of class K over the gain of class K + 1, at index K; nan where not used.
    node_z : ndarray, (n_neurons - 1,)
        Held-out z of each merge; nan where not tested.  From `select_n_clusters` those
        of the greedy tree; in a result those of the tree that is drawn, with the range
        widened to what that tree supports.
    reason : str
        Reason for the number, in one line.
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
    matrix: CountMatrix,
    tree: MergeTree,
    *,
    n_jobs: int | None = None,
) -> ClusterNumber:
    """Select the number of classes by held-out tests and the elbow of the information.

    1. Weakest pair: from more classes than there are types, the two classes of least
       held-out z are merged until one is left: `weakest_pair_z`.  Counted is the
       largest number of classes at which the least z is above a bound.
    2. Splits: the last merges of the tree are tested likewise: `node_scores`.
       Counted are, plus one, the splits above a bound and those that contain one.
    3. The number is one if no weakest pair has a z above 3.  Else it is at least the
       larger of the number at which it is above 3 and of the splits above 4, and at
       most the number at which it is above 1.75.
    4. Between the two it is the elbow: the K for which the gain of the K-th class is
       largest relative to the gain of the next, in the objective of refined partitions.

    Parameters
    ----------
    counts : ndarray, (n_neurons, n_conditions, n_words)
        Word counts.
    matrix : CountMatrix
        The same counts, laid out for merging.
    tree : MergeTree
        From `build_merge_tree`.
    n_jobs : int, optional
        Number of processes, as in joblib.

    Returns
    -------
    ClusterNumber
        With `node_z` of `tree`.

    Notes
    -----
    Splits alone divide 7 of 76 retinas of a single, strongly diverse type, since some
    20 are tested and one is enough; the weakest pair alone counts too few types where
    repeats are few.  docs/decisions.md has the figures, and other ideas.  Cost: some 60
    tests of two classes each, whatever the number of neurons.
    """
    halves = stimulus_halves(counts, matrix.estimator)
    n_neurons = len(counts)
    n_first = min(_FIRST_CLASSES, n_neurons)
    weakest = weakest_pair_z(halves, matrix, tree.labels(n_first), n_jobs=n_jobs)
    while n_first < min(_largest(weakest, DOUBTFUL_PAIR) + _SPARE_CLASSES, n_neurons):
        n_first = min(2 * n_first, n_neurons)
        weakest = weakest_pair_z(halves, matrix, tree.labels(n_first), n_jobs=n_jobs)
    node_z = _scores_of_nodes(halves, tree, n_jobs)
    n_separate, n_split = _largest(weakest, SURE_PAIR), supported_range(tree, node_z)[0]
    least = max(n_separate, n_split) if n_separate > 1 else 1
    low, high = min(n_separate, n_split), max(n_split, _largest(weakest, DOUBTFUL_PAIR))
    n_clusters = least
    gain_ratio = np.full(high + 1, np.nan)
    if high > least > 1:
        gain_ratio[least:] = _elbow(matrix, tree, least, high)
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


def _elbow(
    matrix: CountMatrix, tree: MergeTree, low: int, high: int
) -> NDArray[np.float64]:
    """Compute D_K / D_{K+1} with D_K = J_K - J_{K-1} for low <= K <= high."""
    n_neurons = len(tree.children) + 1
    objective = np.array(
        [
            refine(matrix, tree.labels(min(k, n_neurons)))[1]
            for k in range(low - 1, high + 2)
        ]
    )
    # Beyond the last real class the gain by Miller-Madow may be negative.
    floor = 1e-9 * np.abs(objective).max()
    gain = np.maximum(np.diff(objective), floor)
    ratio: NDArray[np.float64] = gain[:-1] / gain[1:]
    return ratio


def supported_range(tree: MergeTree, node_z: NDArray[np.float64]) -> tuple[int, int]:
    """Count the classes that the splits of a tree support, surely and perhaps.

    Parameters
    ----------
    tree : MergeTree
        Merge tree.
    node_z : ndarray, (n_neurons - 1,)
        Held-out z of its merges: `node_scores`.

    Returns
    -------
    low, high : int
        `count_splits` with a z above 4 and above 2.
    """
    return (
        count_splits(tree, node_z, REAL_SPLIT),
        count_splits(tree, node_z, DOUBTFUL_SPLIT),
    )


def count_splits(tree: MergeTree, node_z: NDArray[np.float64], min_z: float) -> int:
    """Count one plus the merges with a z above a bound, or that contain such a merge.

    Parameters
    ----------
    tree : MergeTree
        Merge tree.
    node_z : ndarray, (n_neurons - 1,)
        Held-out z of its merges.
    min_z : float
        Bound of the z.

    Returns
    -------
    int
    """
    n_neurons = len(tree.children) + 1
    holds = np.zeros(2 * n_neurons - 1, dtype=bool)
    for k, (a, b) in enumerate(tree.children):
        holds[n_neurons + k] = node_z[k] > min_z or holds[a] or holds[b]
    return 1 + int(holds.sum())


def node_scores(
    counts: NDArray[Any],
    tree: MergeTree,
    estimator: Estimator = "miller-madow",
    *,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Compute the held-out z of each of the last merges of a tree.

    By `held_out_z`, beginning from the two sides of the merge: high where these are two
    types, low where they are one continuum.

    Parameters
    ----------
    counts : ndarray, (n_neurons, n_conditions, n_words)
        Word counts.
    tree : MergeTree
        Merge tree.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Entropy estimator of the losses.
    n_jobs : int, optional
        Number of processes, as in joblib.

    Returns
    -------
    ndarray, (n_neurons - 1,)
        z of each merge; nan where not tested (of very many neurons also where a side is
        less than 3 % of them, so that about 20 are tested, however many there are);
        -inf as in `held_out_z`.
    """
    return _scores_of_nodes(stimulus_halves(counts, estimator), tree, n_jobs)


def _scores_of_nodes(
    halves: tuple[StimulusHalf, StimulusHalf], tree: MergeTree, n_jobs: int | None
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
