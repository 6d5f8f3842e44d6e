"""Which stimulus separates which classes, and what more repeats or neurons would add.

Input: spike counts of the neurons that take part, and their classes.  Output:
`StimulusSupport`, of every pair of classes; `SeparationGrowth`, of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.continuum_null import cut_null
from neuroclass.clustering.timing.separation import (
    MIN_NEURONS,
    Profiles,
    halves_of_stimulus,
    nearest_pairs,
    pair_separation,
)
from neuroclass.clustering.timing.spike_counts import SpikeCounts
from neuroclass.clustering.timing.timing_matrix import TimingMatrix

__all__ = [
    "SeparationGrowth",
    "StimulusSupport",
    "separation_growth",
    "stimulus_support",
]

_MOST_PAIRS = 120  # of classes: 16 classes
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class StimulusSupport:
    """What each stimulus tells about the classes.

    Attributes
    ----------
    neuron_information, class_information : ndarray, (n_stimuli,)
        Information of the time of a spike, within the stimulus, about the neuron that
        fired it and about its class, in bits per spike.
    pairs : tuple of (int, int)
        Pairs of classes of three neurons or more.
    right : ndarray, (n_stimuli, n_pairs)
        Share of the neurons of each pair that are on the side of their own class by
        the stimulus alone, the mean of both classes: .5 by chance.
    right_together : ndarray, (n_pairs,)
        The same by all stimuli.
    """

    neuron_information: NDArray[np.float64]
    class_information: NDArray[np.float64]
    pairs: tuple[tuple[int, int], ...]
    right: NDArray[np.float64]
    right_together: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SeparationGrowth:
    """How the separation of two classes would grow with more data.

    Attributes
    ----------
    pair : tuple of (int, int)
        The two classes.
    z : float
        Their z': `pair_separation`.
    n_neurons : int
        Neurons of both.
    spread : float
        Standard deviation over data of the test's ln(between over within).
    scatter : float
        Variance of the neurons of a class along the axis between the two classes that
        repeats do not take away.
    sampling : ndarray, (n_stimuli,)
        Variance from the finite number of spikes in each stimulus, which they do.
    """

    pair: tuple[int, int]
    z: float
    n_neurons: int
    spread: float
    scatter: float
    sampling: NDArray[np.float64]

    @property
    def share_of_sampling(self) -> float:
        """Share of the scatter that more repeats of all stimuli would take away."""
        whole = self.scatter + float(self.sampling.sum())
        return float(self.sampling.sum()) / whole if whole > 0 else 0.0

    def z_with_repeats(self, factor: float, stimulus: int | None = None) -> float:
        """Return z' if the repeats of a stimulus (of all) were so many times as many.

        ln(between over within) grows by ln of the scatter before over after.
        """
        before = self.scatter + float(self.sampling.sum())
        less = self.sampling if stimulus is None else self.sampling[stimulus]
        after = before - float(np.sum(less)) * (1 - 1 / factor)
        return self.z + float(np.log(before / max(after, _TINY * before))) / self.spread

    def z_with_neurons(self, factor: float) -> float:
        """Return z' if there were so many times as many neurons of both classes.

        z against a continuum grows with the root of their number, and z' is 1 less.
        """
        return float((self.z + 1) * np.sqrt(factor) - 1)

    def repeats_needed(self, z: float, stimulus: int | None = None) -> float:
        """Return by how much to multiply the repeats of a stimulus (of all).

        Infinite where no number of repeats is enough.
        """
        before = self.scatter + float(self.sampling.sum())
        less = float(
            np.sum(self.sampling if stimulus is None else self.sampling[stimulus])
        )
        gone = before * (1 - np.exp(-max(z - self.z, 0.0) * self.spread))
        return float(1 / (1 - gone / less)) if less > gone else float("inf")

    def neurons_needed(self, z: float) -> float:
        """Return by how much to multiply the neurons of both classes."""
        if self.z + 1 <= 0:
            return float("inf")
        return float(max((z + 1) / (self.z + 1), 1.0) ** 2)


class _Ratios(NamedTuple):
    """Log likelihood ratios of neurons between two classes, by stimulus.

    Parts of the mean over spikes of all stimuli, by odd and by even repeats,
    (n_stimuli, n_neurons) each.
    """

    odd: NDArray[np.float64]
    even: NDArray[np.float64]


def stimulus_support(
    spikes: SpikeCounts, labels: NDArray[np.intp], smoothing: int
) -> StimulusSupport:
    """Measure what each stimulus tells about classes.

    Parameters
    ----------
    spikes : SpikeCounts
        Of the neurons that made the classes, with the spikes of odd repeats.
    labels : ndarray of int, (n_neurons,)
        Their classes, from 0.
    smoothing : int
        Of the profiles, in base bins.

    Notes
    -----
    x_i = f_i . log(p_b / p_a), with the shares f of the spikes of neuron i in one half
    of the repeats and the profiles p of both classes in the other half, the neuron left
    out, is the mean of both halves. A neuron is right on the side of its class of the
    middle between the means of both. The classes are those of all stimuli: one that
    tells nothing had a small part in making them, and is above .5 by that.
    """
    sizes = np.bincount(labels)
    several = np.flatnonzero(sizes >= MIN_NEURONS)
    pairs = tuple(combinations(several.tolist(), 2))[:_MOST_PAIRS]
    information = np.zeros((2, spikes.n_stimuli))
    right = np.full((spikes.n_stimuli, len(pairs)), np.nan)
    every = np.arange(len(labels))
    for s in range(spikes.n_stimuli):
        own = spikes.of_stimuli([s])
        if own.counts.shape[1] > 1 and own.counts.any():
            matrix = TimingMatrix.from_spikes(own)
            found = matrix.information(every), matrix.information(labels)
            information[:, s] = np.maximum(found, 0.0)
            right[s] = _shares_right(own, labels, pairs, smoothing)
    return StimulusSupport(
        neuron_information=information[0],
        class_information=information[1],
        pairs=pairs,
        right=right,
        right_together=_shares_right(spikes, labels, pairs, smoothing),
    )


def _shares_right(
    spikes: SpikeCounts,
    labels: NDArray[np.intp],
    pairs: tuple[tuple[int, int], ...],
    smoothing: int,
) -> NDArray[np.float64]:
    fires = spikes.counts.sum(axis=1) > 0
    shares = np.full(len(pairs), np.nan)
    for k, (a, b) in enumerate(pairs):
        of = np.flatnonzero(fires & np.isin(labels, (a, b)))
        is_second = labels[of] == b
        if 0 < is_second.sum() < len(of):
            x = _ratios(spikes.of(of), is_second.astype(np.intp), smoothing)
            both = (x.odd + x.even).sum(axis=0)
            low, high = both[~is_second], both[is_second]
            middle = (low.mean() + high.mean()) / 2
            shares[k] = ((low < middle).mean() + (high > middle).mean()) / 2
    return shares


def separation_growth(
    spikes: SpikeCounts, labels: NDArray[np.intp], smoothing: int
) -> SeparationGrowth | None:
    """Measure how the separation of the two least separate classes would grow.

    Parameters
    ----------
    spikes : SpikeCounts
        Of the neurons that take part, with the spikes of odd repeats.
    labels : ndarray of int, (n_neurons,)
        Classes of the cut in question.
    smoothing : int
        Of the profiles in the test, in base bins.

    Returns
    -------
    SeparationGrowth or None
        None where no two classes have three neurons each.

    Notes
    -----
    Of the least separate pair of a class and its nearest, x_i as in `stimulus_support`
    is the sum over stimuli of x_is. Within classes its covariance between odd and even
    repeats is the scatter of the neurons, and the variance of half of the difference
    of x_is that of sampling, by stimulus, which falls with the number of its repeats.
    """
    recorded = None if spikes.is_recorded.all() else spikes.is_recorded
    profiles = Profiles.from_counts(spikes.rates, smoothing, spikes.stimulus, recorded)
    sizes = np.bincount(labels)
    halves = halves_of_stimulus(spikes, smoothing)
    found = []
    for _, a, b in nearest_pairs(profiles, labels, len(sizes)):
        if min(sizes[a], sizes[b]) >= MIN_NEURONS:
            of = np.flatnonzero(np.isin(labels, (a, b)))
            division = (labels[of] == b).astype(np.intp)
            found.append((pair_separation(halves, of, division).z, a, b))
    if not found:
        return None
    z, a, b = min(found)
    of = np.flatnonzero(np.isin(labels, (a, b)))
    division = (labels[of] == b).astype(np.intp)
    x = _ratios(spikes.of(of), division, smoothing)
    odd, even = _within(x.odd, division), _within(x.even, division)
    n_free = max(len(of) - 2, 1)
    scatter = float((odd.sum(axis=0) * even.sum(axis=0)).sum()) / n_free
    sampling = ((odd - even) ** 2).sum(axis=1) / 4 / n_free
    return SeparationGrowth(
        pair=(a, b),
        z=float(z),
        n_neurons=len(of),
        spread=float(cut_null(int((division == 0).sum()), len(of))[1]),
        scatter=max(scatter, 0.0),
        sampling=np.asarray(sampling, dtype=np.float64),
    )


def _ratios(spikes: SpikeCounts, division: NDArray[np.intp], smoothing: int) -> _Ratios:
    assert spikes.odd is not None
    assert spikes.even is not None
    recorded = None if spikes.is_recorded.all() else spikes.is_recorded
    odd, even = (
        Profiles.from_counts(half * spikes.lifted, smoothing, spikes.stimulus, recorded)
        for half in (spikes.odd, spikes.even)
    )
    starts = np.flatnonzero(np.diff(spikes.stimulus, prepend=-1))
    parts = [
        np.add.reduceat(tested.share * _log_ratios(fitted, division), starts, axis=1).T
        for tested, fitted in ((odd, even), (even, odd))
    ]
    return _Ratios(parts[0], parts[1])


def _log_ratios(profiles: Profiles, division: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return log(p_b / p_a) for each neuron, left out of its own class."""
    logs = profiles.log_profiles(*profiles.sums(division, 2))
    own = profiles.log_profiles(*profiles.without_own(division, 2))
    is_second = (division == 1)[:, None]
    second, first = np.where(is_second, own, logs[1]), np.where(is_second, logs[0], own)
    ratios: NDArray[np.float64] = second - first
    return ratios


def _within(x: NDArray[np.float64], division: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return x less the means of both classes."""
    rest = x.copy()
    for k in (0, 1):
        rest[:, division == k] -= x[:, division == k].mean(axis=1, keepdims=True)
    return rest
