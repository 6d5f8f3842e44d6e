"""What is measured of each grouping: number, cost, information, stability, agreement.

Input: a `GroupingMethod` and the responses. Output: `Grouping`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass.analysis.comparison.grouping_methods import (
    GroupingMethod,
    Half,
    NeuronsToGroup,
)
from neuroclass.clustering import Agreement, compare_labels, relabel_by_size
from neuroclass.groupings import rand_difference, rand_index
from neuroclass.information import (
    ClassInformation,
    information_between_classes,
    rate_and_timing,
)
from neuroclass.results import Grouping, GroupingScores, PeerGain

__all__ = ["Judge", "judge_grouping"]

_NORMAL = 3.92  # width of a 95 % interval in standard errors
_STRETCHES = 10  # of the stimulus, left out in turn for a standard error


@dataclass(frozen=True, eq=False)
class Judge:
    """What groupings of the same neurons are judged by.

    Attributes
    ----------
    neurons : NeuronsToGroup
        Responses.
    groups : callable
        Yields the counts of words, like ``neurons.words``, in each group of repeats,
        for intervals.
    n_groups : int or None
        Number of groups at which groupings are compared, 1 for none; None: that of the
        method itself.
    types : ndarray of str, (n_neurons,), or None
        Type of each neuron, "" where it has none.
    types_name : str
        Where they come from.
    n_permutations : int
        Permutations of the p-values.
    """

    neurons: NeuronsToGroup
    groups: Callable[[], Iterable[NDArray[np.int64]]]
    n_groups: int | None
    types: NDArray[np.str_] | None
    types_name: str
    n_permutations: int = 9999
    _found: dict[bytes, ClassInformation] = field(default_factory=dict, repr=False)

    def information(self, labels: NDArray[np.intp]) -> ClassInformation:
        """Return the information between groups, with its interval; each found once."""
        key = labels.tobytes()
        if key not in self._found:
            is_in = labels >= 0
            self._found[key] = information_between_classes(
                self.neurons.words[is_in],
                labels[is_in],
                (group[is_in] for group in self.groups()),
            )
        return self._found[key]


@dataclass(frozen=True, eq=False)
class Partitions:
    """The partitions of a method into one number of groups: of all and of halves."""

    labels: NDArray[np.intp]
    odd: NDArray[np.intp] | None
    even: NDArray[np.intp] | None

    @property
    def is_grouped(self) -> NDArray[np.bool_]:
        """Neurons that have a group."""
        grouped: NDArray[np.bool_] = self.labels >= 0
        return grouped

    def shared(self) -> NDArray[np.bool_]:
        """Neurons that have a group in both halves."""
        if self.odd is None or self.even is None:
            return np.zeros(len(self.labels), dtype=bool)
        return (self.odd >= 0) & (self.even >= 0)


def judge_grouping(
    method: GroupingMethod,
    judge: Judge,
    ours: tuple[Partitions | None, Partitions | None] = (None, None),
) -> tuple[Grouping, tuple[Partitions | None, Partitions | None]]:
    """Partition the neurons by a method, and measure the partitions.

    Parameters
    ----------
    method : GroupingMethod
        The method.
    judge : Judge
        What it is judged by.
    ours : tuple of Partitions or None
        Our partitions with our own number and with that of the comparison; none for
        our own method.

    Returns
    -------
    grouping : Grouping
        What was measured.
    partitions : tuple of Partitions or None
        With its own number, and with that of the comparison.
    """
    seconds = float("nan")
    own = same = None
    if method.has_number:
        before = time.process_time()
        labels = method.partition("all", "auto")
        seconds = time.process_time() - before
        own = _partitions(method, labels)
    number = judge.n_groups
    if number is None and own is not None:
        number = _n_groups(own.labels)
    is_possible = number is not None and 1 < number < len(method.members)
    if is_possible and own is not None and _n_groups(own.labels) == number:
        same = own
    elif is_possible and number is not None:
        before = time.process_time()
        labels = method.partition("all", number)
        if own is None:
            seconds = time.process_time() - before
        same = _partitions(method, labels)
    own_scores: GroupingScores | None = None
    same_scores: GroupingScores | None = None
    if own is not None:
        own_scores = _scores(own, judge, ours[0], has_interval=same is own)
    if own is not None and own_scores is not None and same is own:
        with_ours = _agreement_with_ours(own, judge, ours[1])
        same_scores = replace(own_scores, with_ours=with_ours)
    elif same is not None:
        same_scores = _scores(same, judge, ours[1], has_interval=True)
    one = own or same
    return (
        Grouping(
            name=method.name,
            description=method.description,
            number_rule=method.number_rule,
            seconds=seconds,
            n_units=int(one.is_grouped.sum()) if one else len(method.members),
            own=own_scores,
            same=same_scores,
            gains=_gains(same, same_scores, ours[1], judge),
        ),
        (own, same),
    )


def _n_groups(labels: NDArray[np.intp]) -> int:
    return len(np.unique(labels[labels >= 0]))


def _partitions(method: GroupingMethod, labels: NDArray[np.intp]) -> Partitions:
    """Return a partition, its groups by size, and those of the halves."""
    labels = labels.copy()
    is_in = labels >= 0
    if is_in.any():
        labels[is_in] = relabel_by_size(labels[is_in])
    number = _n_groups(labels)
    if not 1 < number < is_in.sum():
        return Partitions(labels, None, None)
    halves: list[NDArray[np.intp] | None] = []
    for half in ("odd", "even"):
        halves.append(_of_half(method, half, number))
    return Partitions(labels, *halves)


def _of_half(
    method: GroupingMethod, half: Half, number: int
) -> NDArray[np.intp] | None:
    try:
        return method.partition(half, number)
    except ValueError:  # too few neurons fire in a half, or it has no repeat
        return None


def _scores(
    partitions: Partitions,
    judge: Judge,
    ours: Partitions | None,
    *,
    has_interval: bool,
) -> GroupingScores:
    labels, is_in = partitions.labels, partitions.is_grouped
    shared = partitions.shared()
    stability = float("nan")
    if shared.sum() > 1 and partitions.odd is not None and partitions.even is not None:
        stability = rand_index(partitions.odd[shared], partitions.even[shared])
    return GroupingScores(
        labels=labels,
        n_groups=_n_groups(labels),
        information=(
            judge.information(labels)
            if has_interval
            else information_between_classes(judge.neurons.words[is_in], labels[is_in])
        ),
        timing_share=_timing_share(judge.neurons, labels),
        stability=stability,
        with_ours=_agreement_with_ours(partitions, judge, ours),
        with_types=_agreement_with_types(labels, judge),
    )


def _agreement_with_ours(
    partitions: Partitions, judge: Judge, ours: Partitions | None
) -> Agreement | None:
    if ours is None:
        return None
    is_in = partitions.is_grouped & ours.is_grouped
    return _agreement(partitions.labels[is_in], ours.labels[is_in], "ours", judge)


def _agreement_with_types(labels: NDArray[np.intp], judge: Judge) -> Agreement | None:
    if judge.types is None:
        return None
    is_in = (labels >= 0) & (judge.types != "")
    return _agreement(labels[is_in], judge.types[is_in], judge.types_name, judge)


def _agreement(
    labels: NDArray[np.intp], reference: NDArray[Any], name: str, judge: Judge
) -> Agreement | None:
    if len(labels) < 2:
        return None
    return compare_labels(
        labels,
        reference,
        name=name,
        n_permutations=judge.n_permutations,
        random_state=judge.neurons.random_state,
    )


def _timing_share(
    neurons: NeuronsToGroup,
    labels: NDArray[np.intp],
    conditions: NDArray[np.intp] | slice = slice(None),
) -> float:
    """Return the share of the timing information that is between the groups."""
    is_in = labels >= 0
    spikes = neurons.spikes.of(is_in)
    of_neurons, of_groups = (
        rate_and_timing(
            spikes.counts[:, conditions],
            spikes.repeats[:, conditions],
            neurons.bin_size,
            classes,
            dispersion=spikes.dispersion,
        ).timing
        for classes in (None, labels[is_in])
    )
    return of_groups / of_neurons if of_neurons > 0 else float("nan")


def _timing_gain(
    neurons: NeuronsToGroup, peer: NDArray[np.intp], ours: NDArray[np.intp]
) -> PeerGain:
    """Return the gain in timing information, its error over tenths of the stimulus."""
    every = np.arange(neurons.spikes.counts.shape[1])
    left_out = []
    for stretch in np.array_split(every, min(_STRETCHES, len(every))):
        rest = np.setdiff1d(every, stretch)
        left_out.append(
            _timing_share(neurons, peer, rest) - _timing_share(neurons, ours, rest)
        )
    n = len(left_out)
    return PeerGain(
        "timing",
        _timing_share(neurons, peer),
        _timing_share(neurons, ours),
        float(np.std(left_out) * np.sqrt(n - 1)),
    )


def _gains(
    partitions: Partitions | None,
    scores: GroupingScores | None,
    ours: Partitions | None,
    judge: Judge,
) -> tuple[PeerGain, ...]:
    """Return how much better than ours a partition into as many groups is.

    Where it groups some of the neurons only, ours is judged by these, too.
    """
    if partitions is None or scores is None or ours is None:
        return ()
    is_in = partitions.is_grouped & ours.is_grouped
    restricted = np.where(is_in, ours.labels, -1)
    peer = np.where(is_in, partitions.labels, -1)
    gains = []
    if judge.types is not None:
        typed = is_in & (judge.types != "")
        if len(np.unique(judge.types[typed])) > 1:
            of_types = judge.types[typed]
            _, error = rand_difference(peer[typed], restricted[typed], of_types)
            gains.append(
                PeerGain(
                    "types",
                    rand_index(peer[typed], of_types),
                    rand_index(restricted[typed], of_types),
                    error,
                )
            )
    kept, by_ours = judge.information(peer), judge.information(restricted)
    errors = [float(np.ptp(one.share_interval)) / _NORMAL for one in (kept, by_ours)]
    gains.append(
        PeerGain("information", kept.share, by_ours.share, math.hypot(*errors))
    )
    gains.append(_timing_gain(judge.neurons, peer, restricted))
    halves = _stability_gain(partitions, ours)
    return (*gains, halves) if halves else tuple(gains)


def _stability_gain(partitions: Partitions, ours: Partitions) -> PeerGain | None:
    is_in = partitions.shared() & ours.shared()
    if is_in.sum() < 2:
        return None
    assert partitions.odd is not None, "shared() is of both halves"
    assert partitions.even is not None, "shared() is of both halves"
    assert ours.odd is not None, "shared() is of both halves"
    assert ours.even is not None, "shared() is of both halves"
    peer_odd, peer_even = partitions.odd[is_in], partitions.even[is_in]
    our_odd, our_even = ours.odd[is_in], ours.even[is_in]
    _, error = rand_difference(peer_odd, our_odd, peer_even, our_even)
    return PeerGain(
        "stability",
        rand_index(peer_odd, peer_even),
        rand_index(our_odd, our_even),
        error,
    )
