"""What to doubt about a recording, and about the classes found in it.

Takes counts, refuses those that cannot be classified and warns of doubtful ones: copies
of units, drift over the repeats, classes that follow the recording.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some
from neuroclass.clustering.label_agreement import Agreement, compare_labels
from neuroclass.information.identity import IdentityInformation, identity_information
from neuroclass.presentations.pooling import RECORDING
from neuroclass.responses.block_counts import check_two_units_speak
from neuroclass.responses.counts import ResponseCounts
from neuroclass.responses.stationarity import Drift, describe_drift

__all__ = [
    "agreement_with_recordings",
    "check_counts_can_be_classified",
    "warn_of_drift",
    "without_drifting",
]

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
    ``test_classes_that_follow_the_recording_are_warned_about``.
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
