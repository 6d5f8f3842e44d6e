"""Whether two classes hold apart on unseen stimulus, by the timing of their spikes.

Input: spike counts and a division of neurons in two.  Output: how much more their
likelihood ratios fall into two groups than a continuum that is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.continuum_null import cut_null, log_variance_ratio
from neuroclass.clustering.timing.spike_counts import SpikeCounts, smooth

__all__ = [
    "MIN_NEURONS",
    "Profiles",
    "Separation",
    "choose_smoothing",
    "halves_of_stimulus",
    "halvings_of_stimulus",
    "mean_separation",
    "nearest_pairs",
    "pair_separation",
    "reassign_profiles",
]

MIN_NEURONS = 3  # on each side
_PSEUDO = 0.5  # neurons that fire like the population, in the profile of each class
_HALF_SPIKES = 50.0  # of a neuron that weighs half
_N_BLOCKS = 20  # of the stimulus, odd against even
_N_HALVINGS = 4  # of the stimulus: odd against even blocks, then random ones
_LEAST_SHARE = 0.25  # of the spikes, in either half
_SMOOTHINGS = (0, 1, 2, 4)  # bins
_N_COMPONENTS = 10
_N_STARTS = 4
_MAX_ROUNDS = 60
_SEED = 20020
_FALSE = -9.0  # z of two groups that do not even attract their own


class Separation(NamedTuple):
    """How far two classes hold apart: z' and z against a Gaussian continuum."""

    z: float
    z_gaussian: float


@dataclass(frozen=True, eq=False)
class Profiles:
    """Spike profiles of neurons on some conditions.

    Attributes
    ----------
    share : ndarray, (n_neurons, n_conditions)
        Share of each neuron's spikes.
    smoothed : ndarray, (n_neurons, n_conditions)
        The same, smoothed; of a neuron that was recorded in part, scaled to the share
        that the population fires there.
    weights : ndarray, (n_neurons,)
        n / (n + 50) for n spikes.
    recorded : ndarray of bool, (n_neurons, n_conditions), or None
        Where neurons were recorded; None if everywhere.
    pooled : ndarray, (n_conditions,)
        Profile of the population.
    """

    share: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    weights: NDArray[np.float64]
    recorded: NDArray[np.bool_] | None
    pooled: NDArray[np.float64]

    @classmethod
    def from_counts(
        cls,
        counts: NDArray[np.float64],
        smoothing: float,
        stimulus: NDArray[np.intp],
        recorded: NDArray[np.bool_] | None = None,
    ) -> Profiles:
        """Make profiles of spike counts, (n_neurons, n_conditions)."""
        n = np.maximum(counts.sum(axis=1), 1.0)
        smoothed = smooth(counts, smoothing, stimulus)
        if recorded is not None:
            smoothed = np.where(recorded, smoothed, 0.0)
        total = np.maximum(smoothed.sum(axis=1, keepdims=True), 1e-12)
        smoothed = smoothed / total
        weights = n / (n + _HALF_SPIKES)
        if recorded is not None:
            whole = smoothed
            for _ in range(_MAX_ROUNDS):
                pooled = _pooled(smoothed, weights, recorded)
                scaled = whole * (recorded @ pooled)[:, None]
                if np.allclose(scaled, smoothed, rtol=1e-9):
                    break
                smoothed = scaled
        share = counts / n[:, None]
        pooled = _pooled(smoothed, weights, recorded)
        return cls(share, smoothed, weights, recorded, pooled)

    def of(self, neurons: NDArray[np.intp]) -> Profiles:
        """Return the profiles of some neurons."""
        recorded = None if self.recorded is None else self.recorded[neurons]
        smoothed, weights = self.smoothed[neurons], self.weights[neurons]
        pooled = _pooled(smoothed, weights, recorded)
        return Profiles(self.share[neurons], smoothed, weights, recorded, pooled)

    def sums(
        self, labels: NDArray[np.intp], n_clusters: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return summed profiles and weights of classes.

        The weights have the shape (n_clusters, 1), or (n_clusters, n_conditions) where
        neurons were recorded in part.
        """
        member = np.zeros((n_clusters, len(labels)))
        member[labels, np.arange(len(labels))] = self.weights
        if self.recorded is None:
            return member @ self.smoothed, member.sum(axis=1, keepdims=True)
        return member @ self.smoothed, member @ self.recorded

    def without_own(
        self, labels: NDArray[np.intp], n_clusters: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the sums of each neuron's own class without the neuron."""
        sums, weights = self.sums(labels, n_clusters)
        own = self.weights[:, None]
        gone = own if self.recorded is None else own * self.recorded
        return sums[labels] - own * self.smoothed, weights[labels] - gone

    def log_profiles(
        self, sums: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return log shares of the spikes of classes from their sums."""
        lifted = np.maximum(sums, 0.0) + _PSEUDO * self.pooled + 1e-9
        logs: NDArray[np.float64] = np.log(lifted / (weights + _PSEUDO))
        return logs

    def log_likelihoods(
        self, labels: NDArray[np.intp], n_clusters: int
    ) -> NDArray[np.float64]:
        """Return the mean log likelihood of a spike of each neuron in each class.

        The neuron left out of its own class; (n_neurons, n_clusters).
        """
        likelihood = self.share @ self.log_profiles(*self.sums(labels, n_clusters)).T
        own = self.log_profiles(*self.without_own(labels, n_clusters))
        likelihood[np.arange(len(labels)), labels] = (self.share * own).sum(axis=1)
        return likelihood


def _pooled(
    smoothed: NDArray[np.float64],
    weights: NDArray[np.float64],
    recorded: NDArray[np.bool_] | None,
) -> NDArray[np.float64]:
    pooled = weights @ smoothed
    if recorded is not None:
        pooled = pooled / np.maximum(weights @ recorded, 1e-12)
    normed: NDArray[np.float64] = pooled / max(float(pooled.sum()), 1e-300)
    return normed


def reassign_profiles(
    profiles: Profiles, labels: NDArray[np.intp], *, n_sweeps: int = 12
) -> tuple[NDArray[np.intp], float]:
    """Move all neurons to the class of the highest likelihood, again and again.

    Returns
    -------
    labels : ndarray of int, (n_neurons,)
        The best partition on the way; a class that would be empty stays.
    likelihood : float
        Its weighted log likelihood, each neuron left out of its own class.
    """
    n_clusters = int(labels.max()) + 1
    neurons = np.arange(len(labels))
    best = (-np.inf, labels)
    for _ in range(n_sweeps):
        likelihood = profiles.log_likelihoods(labels, n_clusters)
        own = likelihood[neurons, labels]
        total = float(profiles.weights @ own)
        if total > best[0] + 1e-12:
            best = (total, labels)
        moves = likelihood.max(axis=1) > own + 1e-12
        moved = np.where(moves, likelihood.argmax(axis=1), labels)
        for k in np.setdiff1d(np.arange(n_clusters), moved):
            moved = np.where(labels == k, k, moved)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return best[1], best[0]


def choose_smoothing(spikes: SpikeCounts) -> int:
    """Return the smoothing of profiles, in bins, at which classes predict best.

    Classes are those of k-means of square roots of smoothed profiles, at most 6 of
    them; the likelihood is that of neurons left out of their own class.
    """
    n_neurons = len(spikes.counts)
    n_clusters = min(6, max(2, n_neurons // 4))
    likelihood = []
    for width in _SMOOTHINGS:
        start = _kmeans(_profiles(spikes, max(width, 1)), n_clusters)
        labels = np.unique(start, return_inverse=True)[1]
        likelihood.append(reassign_profiles(_profiles(spikes, width), labels)[1])
    return _SMOOTHINGS[int(np.argmax(likelihood))]


def _profiles(spikes: SpikeCounts, width: float) -> Profiles:
    recorded = None if spikes.is_recorded.all() else spikes.is_recorded
    return Profiles.from_counts(spikes.rates, width, spikes.stimulus, recorded)


def _kmeans(profiles: Profiles, n_clusters: int) -> NDArray[np.intp]:
    x = np.sqrt(profiles.smoothed)
    x = x - profiles.weights @ x / profiles.weights.sum()
    root = np.sqrt(profiles.weights)[:, None]
    components = np.linalg.svd(x * root, full_matrices=False)[2]
    x = x @ components[:_N_COMPONENTS].T
    best: tuple[float, NDArray[np.intp]] = (np.inf, np.zeros(len(x), np.intp))
    rng = np.random.default_rng(_SEED)
    for _ in range(_N_STARTS):
        # Seeds as in k-means++: in proportion to the squared distance to the nearest.
        centres = x[[rng.integers(len(x))]]
        while len(centres) < n_clusters:
            distance = ((x[:, None] - centres) ** 2).sum(axis=2).min(axis=1)
            total = distance.sum()
            p = distance / total if total > 0 else None
            centres = np.vstack([centres, x[rng.choice(len(x), p=p)]])
        for _ in range(_MAX_ROUNDS):
            labels = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
            means = centres.copy()
            for k in np.unique(labels):
                means[k] = x[labels == k].mean(axis=0)
            if np.allclose(means, centres):
                break
            centres = means
        inertia = float(((x - centres[labels]) ** 2).sum())
        if inertia < best[0]:
            best = inertia, labels
    return best[1]


def halves_of_stimulus(
    spikes: SpikeCounts, smoothing: float
) -> tuple[Profiles, Profiles]:
    """Return profiles on odd and on even of 20 blocks of the stimulus.

    Blocks hold the same number of spikes.  Where one of the halves would hold less than
    a quarter of the spikes, as with very few conditions, the halves are those of the
    repeats; without them both are the whole.
    """
    return halvings_of_stimulus(spikes, smoothing, n_halvings=1)[0]


def halvings_of_stimulus(
    spikes: SpikeCounts, smoothing: float, *, n_halvings: int = _N_HALVINGS
) -> tuple[tuple[Profiles, Profiles], ...]:
    """Return profiles on halves of the stimulus, which is halved in several ways.

    Parameters
    ----------
    spikes : SpikeCounts
        Of the neurons.
    smoothing : float
        Of the profiles, in base bins.
    n_halvings : int, default 4
        The first is that of `halves_of_stimulus`; each other takes ten of the 20 blocks
        at random, always the same ones.  Those of which a half would hold less than a
        quarter of the spikes are left out, and all of them where the first is of the
        repeats.
    """
    counts = spikes.rates
    recorded = None if spikes.is_recorded.all() else spikes.is_recorded
    per_bin = counts.sum(axis=0)
    before = per_bin.cumsum() - per_bin / 2
    block = (before * _N_BLOCKS / per_bin.sum()).astype(np.intp)  # 20 after all spikes
    rng = np.random.default_rng(_SEED + 2)
    halves = [np.arange(_N_BLOCKS + 1) % 2 == 1]
    for _ in range(n_halvings - 1):
        half = np.zeros(_N_BLOCKS + 1, dtype=np.bool_)
        half[rng.permutation(_N_BLOCKS)[: _N_BLOCKS // 2]] = True
        halves.append(half)
    found = []
    for half in halves:
        is_first = half[block]
        share = per_bin[is_first].sum() / per_bin.sum()
        if _LEAST_SHARE < share < 1 - _LEAST_SHARE:
            one, other = (
                Profiles.from_counts(
                    counts[:, part],
                    smoothing,
                    # Stimuli without a bin in this half leave no gap in the numbers.
                    np.unique(spikes.stimulus[part], return_inverse=True)[1],
                    None if recorded is None else recorded[:, part],
                )
                for part in (is_first, ~is_first)
            )
            found.append((one, other))
        elif not found:
            break
    if found:
        return tuple(found)
    halved = [counts, counts]
    if spikes.odd is not None and spikes.even is not None:
        halved = [spikes.odd * spikes.lifted, spikes.even * spikes.lifted]
    one, other = (
        Profiles.from_counts(half, smoothing, spikes.stimulus, recorded)
        for half in halved
    )
    return ((one, other),)


def pair_separation(
    halves: tuple[Profiles, Profiles],
    neurons: NDArray[np.intp],
    labels: NDArray[np.intp],
) -> Separation:
    """Score how far two classes hold apart on unseen stimulus.

    On one half of the stimulus the neurons are divided anew, beginning from `labels`;
    on the other each gets its log likelihood ratio per spike between the two classes,
    x_i = f_i . log(p_B / p_A), itself left out of its own.  t = ln(between over within
    sum of squares) of x is compared with that of Gaussian and of uniform numbers,
    sorted and cut at the same rank.  z' = min(z_gaussian - 1, z_uniform): a broad, flat
    continuum must not pass either.  Means of both directions.

    Parameters
    ----------
    halves : tuple of two Profiles
        From `halves_of_stimulus`.
    neurons : ndarray of int
        Those of both classes.
    labels : ndarray of int
        Class of each of these, 0 or 1.
    """
    if min(int(labels.sum()), int((1 - labels).sum())) < MIN_NEURONS:
        return Separation(_FALSE - 1, _FALSE)
    scores = []
    for fitted, tested in (halves, halves[::-1]):
        divided, _ = reassign_profiles(fitted.of(neurons), labels)
        scores.append(_scores(tested.of(neurons), divided))
    z_gaussian, z_uniform = np.mean(scores, axis=0)
    return Separation(float(min(z_gaussian - 1, z_uniform)), float(z_gaussian))


def mean_separation(
    halvings: Sequence[tuple[Profiles, Profiles]],
    neurons: NDArray[np.intp],
    labels: NDArray[np.intp],
) -> Separation:
    """Return the mean `pair_separation` of several halvings of the stimulus."""
    each = [pair_separation(halves, neurons, labels) for halves in halvings]
    z, z_gaussian = np.mean(each, axis=0)
    return Separation(float(z), float(z_gaussian))


def _scores(profiles: Profiles, labels: NDArray[np.intp]) -> tuple[float, float]:
    n, n_low = len(labels), int((labels == 0).sum())
    if min(n_low, n - n_low) < 2:
        return _FALSE, _FALSE
    likelihood = profiles.log_likelihoods(labels, 2)
    x = likelihood[:, 1] - likelihood[:, 0]
    low, high = x[labels == 0], x[labels == 1]
    if high.mean() <= low.mean():
        return _FALSE, _FALSE
    ratio = float(log_variance_ratio(low, high))
    gaussian, uniform = cut_null(n_low, n), cut_null(n_low, n, "uniform")
    return (ratio - gaussian[0]) / gaussian[1], (ratio - uniform[0]) / uniform[1]


def nearest_pairs(
    profiles: Profiles, labels: NDArray[np.intp], n_clusters: int
) -> list[tuple[float, int, int]]:
    """Return each class with its nearest: weighted divergence of profiles, and both.

    The Jensen-Shannon divergence times the weight of both classes.
    """
    sums, weights = profiles.sums(labels, n_clusters)
    q = (sums + 1e-9) / (weights + 1e-9)
    entropy = q * np.log(q)
    divergence = np.full((n_clusters, n_clusters), np.inf)
    for a in range(n_clusters):
        for b in range(a):
            both = weights[a] + weights[b]
            m = (weights[a] * q[a] + weights[b] * q[b]) / np.maximum(both, 1e-12)
            terms = weights[a] * entropy[a] + weights[b] * entropy[b]
            terms = terms - both * (m * np.log(np.maximum(m, 1e-300)))
            divergence[a, b] = divergence[b, a] = float(terms.sum())
    pairs = {
        (min(a, b), max(a, b)) for a, b in enumerate(divergence.argmin(axis=1).tolist())
    }
    return [(float(divergence[a, b]), a, b) for a, b in sorted(pairs)]
