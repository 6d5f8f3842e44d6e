"""How sure the classes of a recording are.

Takes counts and the fitted classes, gives intervals, the support of the number of
classes, the splits inside of them and how stable they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuroclass import clustering  # scikit-learn is loaded for some classes only
from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering import (
    REAL_SPLIT,
    ClusterNumber,
    CountMatrix,
    MergeTree,
    supported_range,
)
from neuroclass.discrimination import distinguishable_groups, pair_deviates
from neuroclass.estimators import Estimator
from neuroclass.estimators.jackknife import bias_aware_interval
from neuroclass.information.classes import sum_by_class
from neuroclass.information.two_words import two_word_counts
from neuroclass.responses.counts import ResponseCounts

if TYPE_CHECKING:
    from neuroclass.clustering import (
        AgglomerativeBottleneck,
        SequentialBottleneck,
        Stability,
    )
    from neuroclass.clustering.timing import TimingClusters

    _WordModel: TypeAlias = AgglomerativeBottleneck | SequentialBottleneck
    AnyModel: TypeAlias = _WordModel | TimingClusters

__all__ = [
    "AnyModel",
    "count_distinguishable",
    "curve_interval",
    "stability_of_classes",
    "subclasses",
    "subclasses_of_neurons",
    "support_of_number",
]

_MOST_NUMBERS = 8  # of classes, whose stability is looked at


def curve_interval(
    model: _WordModel,
    counts: NDArray[np.int64],
    groups: Iterable[NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Return 95 % intervals of the information kept, the hierarchy being as it is.

    By the delete-a-group jackknife over repeats, bits per word, (n_leaves, 2): of its
    noise, and of what the estimator leaves of its bias, which grows with the number of
    classes and is most of the error where each neuron is a class.
    ``test_intervals_of_the_curve_hold_what_many_repeats_give``.
    """
    leaf = getattr(model, "micro_labels_", np.arange(len(counts)))
    whole = sum_by_class(counts, leaf)
    tasks = (
        (model.children_, whole - sum_by_class(group, leaf), model.estimator)
        for group in groups
    )
    replicates = list(run_tasks(_curve, tasks, model.n_jobs))
    kept = model.information_
    return bias_aware_interval(kept, kept, replicates)


def _curve(
    children: NDArray[np.intp], counts: NDArray[np.int64], estimator: Estimator
) -> NDArray[np.float64]:
    """Return bits per word kept with index + 1 classes of a given hierarchy."""
    rows = CountMatrix.from_counts(counts, estimator)
    n_neurons = len(counts)
    merged = rows.wide()  # a class lives in the row of one of its neurons
    values = np.empty(n_neurons + len(children))
    values[:n_neurons] = rows.values(merged)
    place = np.arange(len(values))
    for k, (a, b) in enumerate(children, start=n_neurons):
        place[k] = place[a]
        merged[place[k]] += merged[place[b]]
        values[k] = rows.values(merged[place[k]][None])[0]
    losses = values[children].sum(axis=1) - values[n_neurons:]
    lost = np.append(0.0, np.cumsum(losses))
    kept: NDArray[np.float64] = (lost[-1] - lost)[::-1] / rows.n_words
    return kept


def count_distinguishable(
    counts: ResponseCounts, *, most_neurons: int = 5000, most_in_products: int = 500
) -> int | None:
    """Count the distinguishable groups of neurons: `distinguishable_groups`.

    Parameters
    ----------
    counts : ResponseCounts
        Of the neurons.
    most_neurons : int, default 5000
        Number of neurons beyond which nothing is counted: all pairs of so many take
        half a gigabyte.
    most_in_products : int, default 500
        The same where the pairs are not summed by histograms (`two_word_counts`), and
        take longer than the classes.

    Returns
    -------
    int or None
    """
    n_neurons = counts.n_neurons
    if n_neurons > most_neurons:
        return None
    if n_neurons > most_in_products and two_word_counts(counts.counts) is None:
        return None
    return int(distinguishable_groups(pair_deviates(counts)).max()) + 1


def support_of_number(model: _WordModel, counts: ResponseCounts) -> ClusterNumber:
    """Return the support of the number of classes, for the tree that is shown.

    Of a number that was given the range is what the splits of its tree support.
    """
    node_z = model.node_scores(counts)
    if model.selection_ is not None:
        return _confirmed(model, model.selection_, node_z)
    number = model.n_clusters_
    tree = MergeTree(model.children_, model.distances_)
    low, high = supported_range(tree, node_z)
    return ClusterNumber(
        n_clusters=number,
        low=low,
        high=high,
        is_determined=low <= number <= high <= low + 1,
        weakest_z=np.full(1, np.nan),
        gain_ratio=np.full(1, np.nan),
        node_z=node_z,
        reason=f"as asked; the splits of their tree support {_span(low, high)}",
    )


def _span(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"


def _confirmed(
    model: _WordModel,
    chosen: ClusterNumber,
    node_z: NDArray[np.float64],
) -> ClusterNumber:
    """Widen the range of a number to what the tree that is drawn supports.

    Splits of the greedy tree may not be there any more once neurons were reassigned;
    then the number is not as sure as that tree made it.
    """
    drawn = MergeTree(model.children_, model.distances_)
    drawn_low, drawn_high = supported_range(drawn, node_z)
    low, high = min(chosen.low, drawn_low), max(chosen.high, drawn_high)
    is_determined = chosen.is_determined and high - low <= 1
    reason = chosen.reason
    if chosen.is_determined and not is_determined:
        span = _span(drawn_low, drawn_high)
        reason += f"; the tree of the refined classes supports {span}"
        reason += "; not determined by these data"
    return replace(
        chosen,
        low=low,
        high=high,
        is_determined=is_determined,
        node_z=node_z,
        reason=reason,
    )


def subclasses(
    labels: NDArray[np.intp], children: NDArray[np.intp], node_z: NDArray[np.float64]
) -> tuple[str, ...]:
    """Name the subclass of each neuron, where its class has a real split inside.

    A split inside a class is real if its held-out z is above that which counts a split
    into the number of classes. Its two sides are subclasses; where real splits are
    nested, the lowest that holds the neuron names it.

    Parameters
    ----------
    labels : ndarray of int, shape (n_neurons,)
        Class of each neuron.
    children : ndarray of int, shape (n_neurons - 1, 2)
        A hierarchy that passes through the classes.
    node_z : ndarray of shape (n_neurons - 1,)
        Held-out z of each merge: `node_scores`.

    Returns
    -------
    tuple of str, (n_neurons,)
        "0.0" for the largest subclass of class 0, and so on; empty where the class has
        none, or the neuron is outside of every real split.

    Examples
    --------
    >>> children = np.array([[0, 1], [2, 3], [5, 6], [4, 7]])
    >>> subclasses(np.array([0, 0, 0, 0, 1]), children, np.array([0, 0, 5.0, 9.0]))
    ('0.0', '0.0', '0.1', '0.1', '')
    """
    n_neurons = len(labels)
    below = [np.array([i]) for i in range(n_neurons)]
    below += MergeTree(children, np.zeros(len(children))).members()
    side = np.full(n_neurons, -1)  # the node of the tree that is the subclass
    for merge in range(len(children) - 1, -1, -1):  # from the top: lower ones overwrite
        members = below[n_neurons + merge]
        is_inside = (labels[members] == labels[members[0]]).all()
        if is_inside and node_z[merge] > REAL_SPLIT:
            for child in children[merge]:
                side[below[child]] = child
    names = np.full(n_neurons, "", dtype=object)
    for label in np.unique(labels):
        found, first, sizes = np.unique(
            side[(labels == label) & (side >= 0)], return_index=True, return_counts=True
        )
        for k, node in enumerate(found[np.lexsort((first, -sizes))]):
            names[(labels == label) & (side == node)] = f"{label}.{k}"
    return tuple(names)


def subclasses_of_neurons(model: _WordModel, selection: ClusterNumber) -> NDArray[Any]:
    """Return the name of each neuron's subclass, empty where it is in none.

    `subclasses` of the leaves of the hierarchy, micro-clusters where it has these.
    """
    leaf = getattr(model, "micro_labels_", np.arange(len(model.labels_)))
    first = np.unique(leaf, return_index=True)[1]
    of_leaf = subclasses(model.labels_[first], model.children_, selection.node_z)
    return np.array(of_leaf, dtype=object)[leaf]


def stability_of_classes(
    model: _WordModel,
    counts: ResponseCounts,
    selection: ClusterNumber,
    n_replicates: int,
    **how: Any,
) -> Stability | None:
    """Resample the stimulus for the classes and for other numbers in their range.

    A number that was given is looked at alone. A single class is stable by definition:
    then the largest number in its range is looked at, and there is nothing to look at
    if that is one, too. The leaves of the hierarchy are what is classified again,
    micro-clusters where it has these.

    Parameters
    ----------
    model, counts, selection : estimator, ResponseCounts, ClusterNumber
        The fitted classes, what they were fitted to, and the support of their number.
    n_replicates : int
        Resampled stimuli.
    **how
        What else `bootstrap_stability` takes.

    Returns
    -------
    Stability or None
    """
    tested = model.n_clusters_ if model.n_clusters_ > 1 else selection.high
    if tested < 2:
        return None
    leaf = getattr(model, "micro_labels_", np.arange(counts.n_neurons))
    first = np.unique(leaf, return_index=True)[1]
    numbers: list[int] = []
    if model.selection_ is not None:
        numbers = [
            k for k in range(selection.low, selection.high + 1) if 1 < k != tested
        ]
    labels = model.labels_ if tested == model.n_clusters_ else model.partition(tested)
    return clustering.bootstrap_stability(
        sum_by_class(counts.counts, leaf),
        labels[first],
        others=[model.partition(k)[first] for k in numbers[:_MOST_NUMBERS]],
        n_replicates=n_replicates,
        estimator=model.estimator,
        **how,
    )
