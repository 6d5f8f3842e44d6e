"""Quality checks of a recording, and of the classes found in it.

Input: counts, drift, classes. Output: what is doubtful, as `Issue`: silent units,
duplicate spike trains, undersampled words, drift over the repeats, classes that follow
the recording.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass import clustering  # scikit-learn is loaded for pools only
from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural, some
from neuroclass.information.identity import IdentityInformation, identity_information
from neuroclass.presentations.pooling import RECORDING
from neuroclass.responses.block_counts import check_two_units_fire
from neuroclass.responses.counts import ResponseCounts
from neuroclass.responses.rate_changes import is_tolerable
from neuroclass.responses.stationarity import Drift, describe_drift

if TYPE_CHECKING:
    from neuroclass.clustering import Agreement

__all__ = [
    "agreement_with_recordings",
    "check_counts",
    "drift_issues",
    "without_drifting",
]

_CHANCE = 0.01  # classes that agree with the recording less probably than so follow it


def check_counts(recording: neo.Block, counts: ResponseCounts) -> tuple[Issue, ...]:
    """Refuse counts that cannot be analysed; return what is doubtful about them.

    Parameters
    ----------
    recording : neo.Block
        Origin of the counts.
    counts : ResponseCounts
        Of the units that were recorded in some presentation.

    Returns
    -------
    tuple of Issue

    Raises
    ------
    RecordingError
        If fewer than two units have a spike in the presentations.
    """
    check_two_units_fire(counts.n_spikes)
    issues = []
    unit_ids = counts.unit_ids
    silent = tuple(unit_ids[k] for k in np.flatnonzero(counts.n_spikes == 0))
    if silent:
        issues.append(
            Issue(
                "silent units",
                f"{plural(len(silent), 'unit is', 'units are')} silent in every "
                f"presentation: {some([str(u) for u in silent])}.",
                silent,
            )
        )
    issues.extend(_duplicate_trains(recording, counts))
    repeats = counts.repeats
    n_used = (counts.counts > 0).sum(axis=2)
    is_unknown = (2 * n_used > repeats) & (n_used > 2)
    if is_unknown.any():
        neuron, condition = np.argwhere(is_unknown)[0]
        units = tuple(unit_ids[k] for k in np.flatnonzero(is_unknown.any(axis=1)))
        issues.append(
            Issue(
                "undersampled words",
                f"word probabilities of {plural(len(units), 'unit', 'units')} are "
                f"undersampled (unit {unit_ids[neuron]}: "
                f"{n_used[neuron, condition]} distinct words in "
                f"{repeats[neuron, condition]} repeats). Use shorter words or wider "
                "bins.",
                units,
            )
        )
    is_same = (counts.counts == 0) | (counts.counts == repeats[:, :, None])
    if is_same.all() and repeats.max() > 1:
        issues.append(
            Issue(
                "identical repeats",
                "all repeats are identical: there is no noise, and the information is "
                "only the logarithm of the number of distinguishable neurons.",
            )
        )
    return tuple(issues)


def _duplicate_trains(recording: neo.Block, counts: ResponseCounts) -> list[Issue]:
    """Return units with the same spike times: a sorting merged twice."""
    chosen = set(counts.unit_ids)
    trains = [
        train
        for train in recording.segments[0].spiketrains
        if len(train) and train.annotations["unit_id"] in chosen
    ]
    n_alike = Counter(map(len, trains))  # only trains of equal length are read
    copies: dict[bytes, list[Any]] = defaultdict(list)
    for train in trains:
        if n_alike[len(train)] > 1:
            times = hashlib.sha256(train.magnitude.tobytes()).digest()
            copies[times].append(train.annotations["unit_id"])
    same = [units for units in copies.values() if len(units) > 1]
    if not same:
        return []
    names = ["=".join(map(str, units)) for units in same]
    return [
        Issue(
            "duplicate spike trains",
            f"{plural(len(names), 'spike train is', 'spike trains are')} there under "
            f"more than one unit: {some(names)}.",
            tuple(unit for units in same for unit in units),
        )
    ]


def agreement_with_recordings(
    recording: neo.Block,
    units: Sequence[int],
    labels: NDArray[np.intp],
    random_state: np.random.Generator | int | None = None,
) -> tuple[Agreement | None, tuple[Issue, ...]]:
    """Measure the agreement of the classes of pooled recordings with the recording.

    Parameters
    ----------
    recording : neo.Block
        As from `pool_recordings`, or any with a units column ``recording``.
    units : sequence of int
        Positions of the classified units.
    labels : ndarray of shape (n_neurons,)
        Their classes.
    random_state : numpy.random.Generator, int or None
        Of the permutations.

    Returns
    -------
    agreement : Agreement or None
        None where all units are of one recording.
    issues : tuple of Issue
        That neurons are pooled, and whether the classes follow the recording.

    Notes
    -----
    ``test_classes_follow_types_and_not_recordings``,
    ``test_classes_that_follow_the_recording_are_warned_about``.
    """
    trains = recording.segments[0].spiketrains
    names = [str(trains[k].annotations.get(RECORDING, "")) for k in units]
    n_recordings = len(set(names))
    if n_recordings < 2:
        return None, ()
    found = clustering.compare_labels(
        labels, names, name="recording", random_state=random_state
    )
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
    return found, (Issue("pooled recordings", f"{text}."),)


def drift_issues(drift: Drift, unit_ids: Sequence[Any]) -> tuple[Issue, ...]:
    """Return the units whose chance levels and z-scores are unreliable, as an issue.

    It is warned of where they are more than 5 % of the units, or where a repeat is odd:
    a few units that change are found in any recording.

    Parameters
    ----------
    drift : Drift
        Of these units.
    unit_ids : sequence
        Their ids.
    """
    unsafe = tuple(unit_ids[int(k)] for k in np.flatnonzero(drift.is_unsafe))
    odd = drift.rates.odd_repeats
    if not unsafe and not odd:
        return ()
    sentences = list(describe_drift(drift))
    if unsafe:
        which = "unit" if len(unsafe) == 1 else "units"
        names = some([str(unit) for unit in unsafe])
        sentences.append(f"It concerns {which} {names}")
    is_warned = bool(odd) or not is_tolerable(drift.is_unsafe)
    return (Issue("drift", f"{'. '.join(sentences)}.", unsafe, is_warned),)


def without_drifting(
    counts: ResponseCounts, groups: Iterable[NDArray[np.int64]], drift: Drift
) -> IdentityInformation | None:
    """Return the identity information of the units that drift does not make unsafe.

    With 95 % intervals; None if none is unsafe, or fewer than two with spikes are not.
    """
    rest = np.flatnonzero(~drift.is_unsafe)
    if len(rest) == counts.n_neurons or (counts.n_spikes[rest] > 0).sum() < 2:
        return None
    still = replace(
        counts,
        counts=counts.counts[rest],
        n_spikes=counts.n_spikes[rest],
        unit_ids=tuple(counts.unit_ids[i] for i in rest),
    )
    return identity_information(still, groups=(group[rest] for group in groups))
