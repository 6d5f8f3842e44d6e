"""How many classes: the gated elbow.

Takes counts and their merge tree, says where the tree splits neurons into kinds rather
than cuts a continuum, and how many classes that makes.  A heuristic, tried on
simulated retinas: types that overlap are under-counted, so read "at least".
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._parallel import run_tasks
from neuroclass.estimators import Estimator
from neuroclass.merging import MergeTree, Rows
from neuroclass.refinement import refine

__all__ = [
    "DOUBTFUL_SPLIT",
    "REAL_SPLIT",
    "ClusterNumber",
    "node_scores",
    "select_n_clusters",
    "supported_range",
]

_MIN_CHILD = 3  # neurons on each side of a node that is tested
_MAX_NODES = 45  # the last merges
_N_BLOCKS = 20  # of the stimulus, odd against even
REAL_SPLIT = 4.0  # z of a node, one of some 20 looked at, that counts
DOUBTFUL_SPLIT = 2.0  # z of a node that might
_LEAST_SHARE = 0.25  # of the spoken words, in either half
_MIN_PROFILE = 4  # spoken words, over all conditions, that make a profile
_N_DRAWS = 4000
_NULL_SEED = 20020


@dataclass(frozen=True)
class ClusterNumber:
    """The chosen number of classes and its support.

    Attributes
    ----------
    n_clusters : int
        The chosen number.
    low, high : int
        Range that these data support: one plus the splits of the tree that hold on
        unseen stimulus (or contain one that does), surely and perhaps.
    is_determined : bool
        Whether `low` and `high` differ by one at most, and any split could be tested.
    criterion : ndarray of shape (high + 1,)
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
    criterion: NDArray[np.float64] = field(repr=False)
    node_z: NDArray[np.float64] = field(repr=False)
    reason: str


def select_n_clusters(
    counts: NDArray[Any],
    rows: Rows,
    tree: MergeTree,
    *,
    n_jobs: int | None = None,
) -> ClusterNumber:
    """Choose the number of classes by the gated elbow.

    1. Each of the last merges with at least three neurons on both sides is tested on
       halves of the stimulus: `node_scores`. Counted are the splits with a z above a
       bound, and those that contain one.
    2. The number lies between one plus the splits above 4 and one plus the splits
       above 2.  It is one if there is no split above 4.
    3. Between the two it is the elbow: the K for which the gain of the K-th class is
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
    """
    node_z = node_scores(counts, tree, rows.estimator, n_jobs=n_jobs)
    low, high = supported_range(tree, node_z)
    n_clusters = low
    criterion = np.full(high + 1, np.nan)
    if high > low > 1:
        criterion[low:] = _elbow(rows, tree, low, high)
        n_clusters = int(np.nanargmax(criterion))
    is_determined = high - low <= 1
    if np.isnan(node_z).all():
        is_determined = False
        reason = f"no split has {_MIN_CHILD} neurons on both sides that could be tested"
    elif high == 1:
        reason = "no split of the tree is more than a cut through a continuum"
    elif n_clusters == 1:
        reason = f"no split of the tree surely holds on unseen stimulus, {high - 1} may"
    else:
        splits = "1 split" if low == 2 else f"{low - 1} splits"
        hold = "holds" if low == 2 else "hold"
        reason = f"{splits} of the tree {hold} on unseen stimulus"
        if high > low:
            reason += (
                f", {high - low} more may; of these counts the gain of class "
                f"{n_clusters} stands out most"
            )
    if not is_determined:
        reason += "; not determined by these data"
    return ClusterNumber(
        n_clusters=n_clusters,
        low=low,
        high=high,
        is_determined=is_determined,
        criterion=criterion,
        node_z=node_z,
        reason=reason,
    )


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


def node_scores(
    counts: NDArray[Any],
    tree: MergeTree,
    estimator: Estimator = "miller-madow",
    *,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Score how far each of the last merges joins two kinds, not one continuum.

    A node's neurons are divided anew into two classes with one half of the stimulus
    (odd or even of 20 blocks), beginning from its two children, and on the other half
    each neuron gets its log likelihood ratio between the two classes, itself left
    out.  The score says how much more the ratios fall into two groups than sorted
    Gaussian numbers cut at the same rank, in standard deviations of the latter, as
    the mean of both directions.

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
        z of each merge; nan where not tested, -inf where the two classes do not even
        attract their own.

    Notes
    -----
    Blocks hold the same number of spoken words, so that a brief response is not all in
    one half.  Where blocks would be too few (20 conditions), or all is said in one of
    them, each spoken or silent word goes to one half or the other by a coin with a
    fixed seed, which needs integer counts; with fractions, or single repeats, both
    halves are the whole.
    """
    halves = _halves(counts)
    members = tree.members()
    n_neurons = len(tree.children) + 1
    sizes = np.append(np.ones(n_neurons, dtype=np.intp), [len(m) for m in members])
    is_tested = sizes[tree.children].min(axis=1) >= _MIN_CHILD
    is_tested[:-_MAX_NODES] = False
    tested = np.flatnonzero(is_tested)
    tasks = []
    for k in tested:
        first = tree.children[k, 0]
        child = [first] if first < n_neurons else members[first - n_neurons]
        tasks.append((members[k], np.isin(members[k], child).astype(np.intp)))
    scores = run_tasks(
        _held_out_z,
        (
            (halves[0][node], halves[1][node], labels, estimator)
            for node, labels in tasks
        ),
        n_jobs,
    )
    z = np.full(n_neurons - 1, np.nan)
    z[tested] = list(scores)
    return z


def _halves(counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    n_conditions = counts.shape[1]
    spoken = _spoken(counts).sum(axis=(0, 2)).astype(np.float64)
    if n_conditions >= _N_BLOCKS and spoken.any():
        before = np.cumsum(spoken) - spoken / 2
        is_odd = (before * _N_BLOCKS / spoken.sum()).astype(np.intp) % 2 == 1
        if _LEAST_SHARE < spoken[is_odd].sum() / spoken.sum() < 1 - _LEAST_SHARE:
            return counts[:, is_odd], counts[:, ~is_odd]
    if counts.dtype.kind not in "iu" or counts.sum(axis=2).max() < 2:
        return counts, counts
    half = np.random.default_rng(_NULL_SEED).binomial(counts, 0.5)
    return half, counts - half


def _spoken(counts: NDArray[Any]) -> NDArray[Any]:
    """Return the counts without the silent word, if there are others."""
    return counts[:, :, 1:] if counts.shape[2] > 1 else counts


def _held_out_z(
    one: NDArray[Any],
    other: NDArray[Any],
    labels: NDArray[np.intp],
    estimator: Estimator,
) -> float:
    """Return the mean z of both directions; nan if a half has nothing to say."""
    if not (_spoken(one).any() and _spoken(other).any()):
        return float("nan")
    z = []
    for fitted, tested in ((one, other), (other, one)):
        divided, _ = refine(Rows.from_counts(fitted, estimator), labels)
        z.append(_bimodality(_log_ratios(tested, divided), divided))
    return float(np.mean(z))


def _log_ratios(counts: NDArray[Any], labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return each neuron's mean log likelihood ratio per spoken word, 1 over 0.

    p_A = (n_A + q/2) / (R_A + 1/2) with q the word's share in both classes, after the
    neuron was taken out of its own. Unless there are very few of them, p is divided by
    its sum over all spoken words: what counts is when a neuron speaks, not how much,
    because gain varies from cell to cell within a type. Words weigh by the square root
    of their number, for the same reason.
    """
    first = 1 if counts.shape[2] > 1 else 0  # the silent word, if there are others
    is_profile = counts[0, :, first:].size >= _MIN_PROFILE
    sums = np.stack([counts[labels == label].sum(axis=0) for label in (0, 1)])
    ratios = np.empty(len(counts))
    for i, n in enumerate(counts):
        rest = sums.copy()
        rest[labels[i]] -= n
        repeats = rest.sum(axis=2, keepdims=True)
        both = repeats.sum(axis=0)
        q = np.divide(rest.sum(axis=0), both, out=np.zeros(n.shape), where=both > 0)
        p = (rest + q / 2) / (repeats + 0.5)
        p, n, q = p[:, :, first:], n[:, first:], q[:, first:]
        used = (n > 0) & (q > 0)
        if is_profile and used.any():  # somebody else spoke, so neither sum is 0
            p = p / p.sum(axis=(1, 2), keepdims=True)
        ratio = np.log(p[1][used] / p[0][used])
        weight = np.sqrt(n[used])
        ratios[i] = (weight * ratio).sum() / max(float(weight.sum()), 1.0)
    return ratios


def _bimodality(x: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    groups = x[labels == 0], x[labels == 1]
    if groups[1].mean() <= groups[0].mean():
        return -np.inf
    mean, sd = _null_of_cut(len(groups[0]), len(x))
    return (float(_log_variance_ratio(*groups)) - mean) / sd


def _log_variance_ratio(
    low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return ln(between / within sum of squares) of two groups along the last axis."""
    n, m = low.shape[-1], high.shape[-1]
    between = n * m / (n + m) * (high.mean(axis=-1) - low.mean(axis=-1)) ** 2
    within = n * low.var(axis=-1) + m * high.var(axis=-1)
    tiny = np.finfo(np.float64).tiny
    ratio: NDArray[np.float64] = np.log(np.maximum(between, tiny)) - np.log(
        np.maximum(within, tiny)
    )
    return ratio


@lru_cache(maxsize=4096)
def _null_of_cut(n_low: int, n: int) -> tuple[float, float]:
    """Return mean and sd of the statistic when one Gaussian is cut at a rank."""
    rng = np.random.default_rng([_NULL_SEED, n])
    draws = np.sort(rng.standard_normal((_N_DRAWS, n)), axis=1)
    statistic = _log_variance_ratio(draws[:, :n_low], draws[:, n_low:])
    return float(statistic.mean()), float(statistic.std())
