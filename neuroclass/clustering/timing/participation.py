"""Which neurons respond to the stimulus in time: those that may judge how many classes.

Input: spike counts of odd and of even repeats.  Output: `Participation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.timing.spike_counts import SpikeCounts, smooth

__all__ = ["Participation", "find_participants", "timing_correlations"]

_MIN_SPIKES = 20
_MIN_CORRELATION = 0.25  # of the PSTHs of odd and even repeats
_MIN_Z = 4.0  # of their coincidence
_WIDTH = 2.0  # bins of the Gaussian
_LONG = 16 * _WIDTH  # bins of a stimulus whose edges hardly matter
_LEAST_RELIABILITY = 0.05


@dataclass(frozen=True, eq=False)
class Participation:
    """Which neurons take part in judging the number of classes.

    Attributes
    ----------
    takes_part : ndarray of bool, (n_neurons,)
        Fires, and responds alike in odd and even repeats.
    is_silent : ndarray of bool, (n_neurons,)
        Fires no spike.
    is_unresponsive : ndarray of bool, (n_neurons,)
        Fires, but its response does not repeat.
    n_spikes : ndarray, (n_neurons,)
        Spikes of all repeats.
    correlation : ndarray, (n_neurons,)
        Of the smoothed PSTHs of odd and even repeats.
    z : ndarray, (n_neurons,)
        Their coincidence over that of random times, in standard deviations.
    """

    takes_part: NDArray[np.bool_]
    is_silent: NDArray[np.bool_]
    is_unresponsive: NDArray[np.bool_]
    n_spikes: NDArray[np.float64] = field(repr=False)
    correlation: NDArray[np.float64] = field(repr=False)
    z: NDArray[np.float64] = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"Participation({int(self.takes_part.sum())} of {len(self.takes_part)} "
            f"neurons take part, {int(self.is_unresponsive.sum())} unresponsive, "
            f"{int(self.is_silent.sum())} silent)"
        )


def find_participants(spikes: SpikeCounts) -> Participation:
    """Find the neurons whose response repeats.

    Parameters
    ----------
    spikes : SpikeCounts
        With the spikes of odd and even repeats.

    Notes
    -----
    a, b: spikes of odd and of even repeats, smoothed by a Gaussian of 2 bins within
    each stimulus, less their means; c = sum ab.  A neuron takes part if it fires 20
    spikes or more, r = c / sqrt(sum a^2 sum b^2) >= .25, and
    z = c / sqrt(N_odd N_even / T / (4 sqrt(2 pi))) >= 4: the standard deviation of c is
    that of N spikes at random in T bins.

    With this rule none of 1,269 units that fired at random took part, and 50 of 25,047
    simulated cells were set aside, nearly all at 5 repeats.
    """
    odd, even = _halves(spikes)
    recorded = spikes.is_recorded
    a = _centred(smooth(odd, _WIDTH, spikes.stimulus), recorded)
    b = _centred(smooth(even, _WIDTH, spikes.stimulus), recorded)
    c = (a * b).sum(axis=1)
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1) + 1e-12)
    n_bins = recorded.sum(axis=1)
    by_chance = odd.sum(axis=1) * even.sum(axis=1) / np.maximum(n_bins, 1)
    z = c / np.sqrt(by_chance * _overlap(spikes.stimulus) + 1e-9)
    correlation = c / norm
    n_spikes = spikes.counts.sum(axis=1)
    takes_part = (
        (n_spikes >= _MIN_SPIKES) & (correlation >= _MIN_CORRELATION) & (z >= _MIN_Z)
    )
    silent = n_spikes == 0
    return Participation(
        takes_part=takes_part,
        is_silent=silent,
        is_unresponsive=~takes_part & ~silent,
        n_spikes=n_spikes,
        correlation=correlation,
        z=z,
    )


def timing_correlations(spikes: SpikeCounts) -> NDArray[np.float64]:
    """Return how alike the responses of each two neurons are, (n_neurons, n_neurons).

    The correlation of smoothed PSTHs of different halves of the repeats, over the
    square root of the neurons' own: 1 for neurons that differ in their rate only.  Over
    the conditions in which both were recorded; not a number where there are none.
    """
    odd, even = _halves(spikes)
    recorded = spikes.is_recorded
    a = _standardised(smooth(odd, _WIDTH, spikes.stimulus), recorded)
    b = _standardised(smooth(even, _WIDTH, spikes.stimulus), recorded)
    shared = recorded.astype(np.float64) @ recorded.T
    across = (a @ b.T + b @ a.T) / 2
    correlation = np.divide(
        across, shared, out=np.full(shared.shape, np.nan), where=shared > 0
    )
    own = np.clip(np.diag(correlation), _LEAST_RELIABILITY, 1.0)
    correlations: NDArray[np.float64] = correlation / np.sqrt(np.outer(own, own))
    return correlations


def _halves(
    spikes: SpikeCounts,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if spikes.odd is None or spikes.even is None:
        raise ValueError(
            "spikes must hold the spikes of odd repeats. Give odd= or use from_repeats."
        )
    return spikes.odd, spikes.even


def _centred(
    x: NDArray[np.float64], recorded: NDArray[np.bool_]
) -> NDArray[np.float64]:
    n = np.maximum(recorded.sum(axis=1, keepdims=True), 1)
    mean = np.where(recorded, x, 0.0).sum(axis=1, keepdims=True) / n
    return np.where(recorded, x - mean, 0.0)


def _standardised(
    x: NDArray[np.float64], recorded: NDArray[np.bool_]
) -> NDArray[np.float64]:
    x = _centred(x, recorded)
    n = np.maximum(recorded.sum(axis=1, keepdims=True), 1)
    sd = np.sqrt((x**2).sum(axis=1, keepdims=True) / n)
    standardised: NDArray[np.float64] = x / (sd + 1e-9)
    return standardised


def _overlap(stimulus: NDArray[np.intp]) -> float:
    """Return the mean over bins of the summed squares of the smoothing with itself.

    1 / (4 sqrt(2 pi)) for a Gaussian of 2 bins far from the edges; 1 for single bins,
    which are not smoothed.
    """
    lengths = np.bincount(stimulus)
    total = 0.0
    for length, n in zip(*np.unique(lengths, return_counts=True), strict=True):
        if length >= _LONG:
            per_bin = 1 / (2 * _WIDTH * np.sqrt(2 * np.pi))
        else:
            of_bins = smooth(np.eye(length), _WIDTH, np.zeros(length, np.intp))
            per_bin = float(((of_bins @ of_bins.T) ** 2).sum()) / length
        total += n * length * per_bin
    return total / len(stimulus)
