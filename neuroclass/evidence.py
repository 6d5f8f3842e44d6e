"""How sure the classes of a recording are, and what to doubt about it.

Takes counts and the fitted classes, gives intervals and the support of the number of
classes; refuses counts that cannot be classified, and warns of doubtful ones.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._parallel import run_tasks
from neuroclass._validation import warn_user
from neuroclass._wording import plural, some
from neuroclass.agreement import Agreement, compare_labels
from neuroclass.bottleneck import AgglomerativeBottleneck
from neuroclass.class_information import sum_by_class
from neuroclass.counting import check_two_units_speak
from neuroclass.counts import ResponseCounts
from neuroclass.estimators import Estimator
from neuroclass.information import IdentityInformation, identity_information
from neuroclass.jackknife import jackknife_interval
from neuroclass.merging import MergeTree
from neuroclass.pooling import RECORDING
from neuroclass.rows import Rows
from neuroclass.selection import REAL_SPLIT, ClusterNumber, supported_range
from neuroclass.sequential import SequentialBottleneck
from neuroclass.stability import Stability, bootstrap_stability
from neuroclass.stationarity import Drift, describe_drift

__all__ = [
    "agreement_with_recordings",
    "check_counts_can_be_classified",
    "curve_interval",
    "stability_of_classes",
    "subclasses",
    "support_of_number",
    "warn_of_drift",
    "without_drifting",
]

_MOST_NUMBERS = 8  # of classes, whose stability is looked at
_CHANCE = 0.01  # classes that agree with the recording less probably than so follow it


def check_counts_can_be_classified(
    recording: neo.Block, counts: ResponseCounts
) -> None:
    """Refuse what cannot be classified, warn of what is doubtful.

    Parameters
    ----------
    recording : neo.Block
        Where the counts come from.
    counts : ResponseCounts
        Of the units that were recorded in some presentation.

    Raises
    ------
    RecordingError
        If fewer than two units have a spike in the presentations.
    """
    is_silent = counts.n_spikes == 0
    names = [str(u) for u, s in zip(counts.unit_ids, is_silent, strict=True) if s]
    check_two_units_speak(counts.n_spikes)
    if names:
        warn_user(
            f"{plural(len(names), 'unit is', 'units are')} silent in every "
            f"presentation and kept: {some(names)}."
        )
    _warn_of_copies(recording, counts)
    repeats = counts.repeats
    n_used = (counts.counts > 0).sum(axis=2)
    is_unknown = (2 * n_used > repeats) & (n_used > 2)
    if is_unknown.any():
        neuron, condition = np.argwhere(is_unknown)[0]
        n_units = int(is_unknown.any(axis=1).sum())
        warn_user(
            f"{plural(n_units, 'unit speaks', 'units speak')} too many different "
            f"words to know their probabilities (unit "
            f"{counts.unit_ids[neuron]}: {n_used[neuron, condition]} in "
            f"{repeats[neuron, condition]} repeats); prefer shorter words."
        )
    is_same = (counts.counts == 0) | (counts.counts == repeats[:, :, None])
    if is_same.all() and repeats.max() > 1:
        warn_user(
            "all repeats are identical: there is no noise, and the information is only "
            "the logarithm of how many neurons can be told apart."
        )


def _warn_of_copies(recording: neo.Block, counts: ResponseCounts) -> None:
    """Warn of units with the same spike times: a sorting merged twice."""
    copies: dict[bytes, list[str]] = defaultdict(list)
    chosen = set(counts.unit_ids)
    for train in recording.segments[0].spiketrains:
        unit = train.annotations["unit_id"]
        if unit in chosen and len(train):
            times = hashlib.sha256(train.magnitude.tobytes()).digest()
            copies[times].append(str(unit))
    names = ["=".join(same) for same in copies.values() if len(same) > 1]
    if names:
        warn_user(
            f"{plural(len(names), 'spike train is', 'spike trains are')} there under "
            f"more than one unit: {some(names)}."
        )


def curve_interval(
    model: AgglomerativeBottleneck | SequentialBottleneck,
    counts: ResponseCounts,
    groups: Iterable[NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Return 95 % intervals of the information kept, the hierarchy being as it is.

    By the delete-a-group jackknife over repeats, bits per word, (n_leaves, 2).
    """
    leaf = getattr(model, "micro_labels_", np.arange(counts.n_neurons))
    whole = sum_by_class(counts.counts, leaf)
    tasks = (
        (model.children_, whole - sum_by_class(group, leaf), model.criterion)
        for group in groups
    )
    replicates = list(run_tasks(_curve, tasks, model.n_jobs))
    _, interval = jackknife_interval(model.information_, replicates)
    return interval


def _curve(
    children: NDArray[np.intp], counts: NDArray[np.int64], criterion: Estimator
) -> NDArray[np.float64]:
    """Return bits per word kept with index + 1 classes of a given hierarchy."""
    rows = Rows.from_counts(counts, criterion)
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


def support_of_number(
    model: AgglomerativeBottleneck | SequentialBottleneck, counts: ResponseCounts
) -> ClusterNumber:
    """Return the support of the number of classes, for the tree that is shown."""
    if model.selection_ is not None:
        return _confirmed(model, model.selection_, model.node_scores(counts))
    return ClusterNumber(
        n_clusters=model.n_clusters_,
        low=model.n_clusters_,
        high=model.n_clusters_,
        is_determined=True,
        weakest_z=np.full(1, np.nan),
        criterion=np.full(1, np.nan),
        node_z=model.node_scores(counts),
        reason="as asked",
    )


def _confirmed(
    model: AgglomerativeBottleneck | SequentialBottleneck,
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
        span = (
            f"{drawn_low}"
            if drawn_low == drawn_high
            else f"{drawn_low} to {drawn_high}"
        )
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


def agreement_with_recordings(
    recording: neo.Block,
    units: Sequence[int],
    labels: NDArray[np.intp],
    rng: np.random.Generator | int | None = None,
) -> Agreement | None:
    """Measure, and warn, how far classes of pooled recordings follow the recording.

    Parameters
    ----------
    recording : neo.Block
        As from `pool_recordings`, or any with a units column ``recording``.
    units : sequence of int
        Positions of the classified units.
    labels : ndarray of shape (n_neurons,)
        Their classes.
    rng : numpy.random.Generator, int or None
        Of the permutations.

    Returns
    -------
    Agreement or None
        None where all units are of one recording.

    Notes
    -----
    ``test_classes_follow_types_and_not_recordings``,
    ``test_classes_that_follow_the_recording_are_told``.
    """
    trains = recording.segments[0].spiketrains
    names = [str(trains[k].annotations.get(RECORDING, "")) for k in units]
    n_recordings = len(set(names))
    if n_recordings < 2:
        return None
    found = compare_labels(labels, names, name="recording", rng=rng)
    text = (
        f"neurons of {n_recordings} recordings are pooled: what differs between "
        "preparations (gain, adaptation, temperature) can look like a type"
    )
    if labels.max() > 0:
        text += (
            f"; adjusted mutual information of classes and recordings "
            f"{found.adjusted_mutual_information:.2g} (p = {found.p_value:.2g})"
        )
    if found.p_value < _CHANCE:
        text += (
            ": the classes follow the recording, or the recordings hold other shares "
            "of the types. Find the classes of each by itself (--within)"
        )
    warn_user(f"{text}.")
    return found


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


def stability_of_classes(
    model: AgglomerativeBottleneck | SequentialBottleneck,
    counts: ResponseCounts,
    selection: ClusterNumber,
    n_replicates: int,
    **how: Any,
) -> Stability | None:
    """Resample the stimulus for the classes and for other numbers in their range.

    A single class is stable by definition: then the largest number in its range is
    looked at, and there is nothing to look at if that is one, too. The leaves of the
    hierarchy are what is classified again, micro-classes where it has these.

    Parameters
    ----------
    model, counts, selection
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
    numbers = [k for k in range(selection.low, selection.high + 1) if 1 < k != tested]
    labels = model.labels_ if tested == model.n_clusters_ else model.partition(tested)
    return bootstrap_stability(
        sum_by_class(counts.counts, leaf),
        labels[first],
        others=[model.partition(k)[first] for k in numbers[:_MOST_NUMBERS]],
        n_replicates=n_replicates,
        estimator=model.criterion,
        **how,
    )


def warn_of_drift(drift: Drift) -> None:
    """Warn where chance levels and z-scores are not to be trusted."""
    if drift.is_unsafe.any():
        warn_user(f"{'. '.join(describe_drift(drift))}.")


def without_drifting(
    counts: ResponseCounts, groups: Iterable[NDArray[np.int64]], drift: Drift
) -> IdentityInformation | None:
    """Return the identity information of the units that do not drift.

    With 95 % intervals; None if none drifts, or fewer than two with spikes do not.
    """
    rest = np.flatnonzero(~drift.is_drifting)
    if len(rest) == counts.n_neurons or (counts.n_spikes[rest] > 0).sum() < 2:
        return None
    still = replace(
        counts,
        counts=counts.counts[rest],
        n_spikes=counts.n_spikes[rest],
        unit_ids=tuple(counts.unit_ids[i] for i in rest),
    )
    return identity_information(still, groups=(group[rest] for group in groups))
