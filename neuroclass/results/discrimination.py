"""Record of the discrimination of every pair of neurons of a recording.

Input: divergences, time ratios and decoder curves of `discriminate_neurons`. Output:
`DiscriminationResult`, its table and its headline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import neo
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from neuroclass._lib.issues import Issue
from neuroclass.discrimination import (
    LEAST_Z,
    DecoderCurve,
    PairDivergences,
    median_time_to_accuracy,
    time_ratio_of_pairs,
    time_to_accuracy,
)
from neuroclass.presentations import Presentations
from neuroclass.responses import Drift, ResponseCounts

__all__ = ["DiscriminationResult"]

_MOST_SPIKES = 0.5


@dataclass(frozen=True, repr=False)
class DiscriminationResult:
    """Divergence, time to accuracy and decoder of the pairs of neurons of a recording.

    Arrays over pairs are in the order of `PairDivergences`.

    Attributes
    ----------
    unit_ids : tuple, one per neuron
        Ids.
    divergences : PairDivergences
        Jensen-Shannon divergences, in bits per word, with intervals and z.
    labels : ndarray of shape (n_neurons,)
        Class of each neuron; -1 where the reference has none.
    classes : tuple of str
        Names of the classes.
    classes_from : str
        Origin of the classes.
    leaf_order : ndarray of shape (n_neurons,)
        Neurons in the order of the merge tree through these classes.
    groups : ndarray of shape (n_neurons,)
        Groups of indistinguishable neurons: `distinguishable_groups`.
    coincident_share : ndarray of shape (n_pairs,)
        Share of coincident spikes of pairs that are not distinguishable, nan for all
        others. Above one half the two are possibly one cell, sorted into two units.
    curves : tuple of DecoderCurve
        Decoder accuracy of the chosen pairs.
    drift : Drift
        Test of the exchangeability of the repeats of each neuron.
    counts : ResponseCounts
        Counts of the words.
    firing_rate : ndarray of shape (n_neurons,)
        Mean firing rate inside the words, in Hz.
    word_duration, stimulus_duration : float
        Duration of a word and of all stimuli together, in seconds.
    recording : neo.Block
        The recording.
    presentations : Presentations
        The repeats.
    settings : dict
        Every setting; automatic ones as ``{"value", "chosen": "auto", "why"}``.
    issues : tuple of Issue
        What is doubtful, was left out or shortened.
    time_ratios : dict of ndarray, (n_pairs,)
        Ratio of the observation time to that of steady evidence, by accuracy, of the
        accuracies computed so far.
    """

    unit_ids: tuple[Any, ...]
    divergences: PairDivergences
    labels: NDArray[np.intp]
    classes: tuple[str, ...]
    classes_from: str
    leaf_order: NDArray[np.intp]
    groups: NDArray[np.intp]
    coincident_share: NDArray[np.float64]
    curves: tuple[DecoderCurve, ...]
    drift: Drift
    counts: ResponseCounts
    firing_rate: NDArray[np.float64]
    word_duration: float
    stimulus_duration: float
    recording: neo.Block
    presentations: Presentations
    settings: dict[str, Any]
    issues: tuple[Issue, ...] = ()
    time_ratios: dict[float, NDArray[np.float64]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.headline()})"

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.unit_ids)

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return len(self.divergences.z)

    @property
    def n_distinguishable(self) -> int:
        """Number of distinguishable groups, at a false discovery rate of 5 %.

        See `distinguishable_groups`: it counts differences, not classes.
        """
        return int(self.groups.max()) + 1

    @property
    def n_pairs_by_chance(self) -> float:
        """Expected number of pairs found distinguishable if no two neurons differed.

        An upper bound: the z of a pair that does not differ is a standard Gaussian
        deviate.
        """
        return self.n_pairs * float(ndtr(-LEAST_Z))

    @property
    def information_rate(self) -> NDArray[np.float64]:
        """Divergence of each pair, bits/s, (n_pairs,)."""
        return self.divergences.bits_per_word / self.word_duration

    @property
    def information_rate_interval(self) -> NDArray[np.float64]:
        """95 % intervals of `information_rate`, (n_pairs, 2)."""
        return self.divergences.interval / self.word_duration

    @property
    def is_distinguishable(self) -> NDArray[np.bool_]:
        """Whether each pair has z of at least 2.5 and a lower bound above 0."""
        return self.divergences.is_distinguishable

    @property
    def is_within(self) -> NDArray[np.bool_]:
        """Whether the neurons of each pair are of one class, (n_pairs,)."""
        first, second = self._labels_of_pairs()
        is_within: NDArray[np.bool_] = (first == second) & (first >= 0)
        return is_within

    @property
    def is_between(self) -> NDArray[np.bool_]:
        """Whether the neurons of each pair are of two classes, (n_pairs,)."""
        first, second = self._labels_of_pairs()
        is_between = (first != second) & (np.minimum(first, second) >= 0)
        return np.asarray(is_between)

    @property
    def is_safe(self) -> NDArray[np.bool_]:
        """Whether neither neuron of each pair is unsafe by drift, (n_pairs,)."""
        is_unsafe, pairs = self.drift.is_unsafe, self.divergences
        is_safe: NDArray[np.bool_] = ~(is_unsafe[pairs.first] | is_unsafe[pairs.second])
        return is_safe

    def _labels_of_pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        pairs = self.divergences
        return self.labels[pairs.first], self.labels[pairs.second]

    def time_to_accuracy(self, accuracy: float = 0.9) -> NDArray[np.float64]:
        """Return the time to `accuracy` of each pair, in seconds, (n_pairs,).

        Nan if it is not distinguishable. The observation starts at a uniformly random
        time: `time_to_accuracy` by steady evidence times `observation_time_ratio`.
        """
        rate = np.where(self.is_distinguishable, self.information_rate, np.nan)
        seconds: NDArray[np.float64] = time_to_accuracy(rate, accuracy)
        return seconds * self._time_ratio(accuracy)

    def time_to_accuracy_interval(self, accuracy: float = 0.9) -> NDArray[np.float64]:
        """Return 95 % intervals of `time_to_accuracy`, (n_pairs, 2).

        Those of the divergence, with the ratio of times as known.
        """
        rate = np.where(
            self.is_distinguishable[:, None], self.information_rate_interval, np.nan
        )
        seconds: NDArray[np.float64] = time_to_accuracy(rate[:, ::-1], accuracy)
        return seconds * self._time_ratio(accuracy)[:, None]

    def _time_ratio(self, accuracy: float) -> NDArray[np.float64]:
        """Return the ratio of times of each distinguishable pair, else nan."""
        if accuracy not in self.time_ratios:
            found = time_ratio_of_pairs(self.counts, self.divergences, accuracy)
            self.time_ratios[accuracy] = found
        return self.time_ratios[accuracy]

    def is_extrapolated(self, accuracy: float = 0.9) -> NDArray[np.bool_]:
        """Return whether each time is longer than the stimulus, (n_pairs,)."""
        return self.time_to_accuracy(accuracy) > self.stimulus_duration

    def spikes_to_accuracy(self, accuracy: float = 0.9) -> NDArray[np.float64]:
        """Return the spikes in `time_to_accuracy`, at the mean rate of the pair."""
        pairs = self.divergences
        rate = (self.firing_rate[pairs.first] + self.firing_rate[pairs.second]) / 2
        return self.time_to_accuracy(accuracy) * rate

    def median_time_to_accuracy(
        self, which: NDArray[np.bool_] | None = None, accuracy: float = 0.9
    ) -> float:
        """Return the median time of the pairs `which`, s: `median_time_to_accuracy`."""
        return self._median(which, accuracy)[0]

    def median_time_to_accuracy_interval(
        self, which: NDArray[np.bool_] | None = None, accuracy: float = 0.9
    ) -> NDArray[np.float64]:
        """Return the interval of `median_time_to_accuracy`, s, (2,).

        95 %, of the divergence, with the ratio of times as known.
        """
        return self._median(which, accuracy)[1]

    def _median(
        self, which: NDArray[np.bool_] | None, accuracy: float
    ) -> tuple[float, NDArray[np.float64]]:
        return median_time_to_accuracy(
            self.divergences,
            self.word_duration,
            which,
            accuracy=accuracy,
            ratio=self._time_ratio(accuracy),
        )

    def indistinguishable_units(self) -> dict[Any, tuple[Any, ...]]:
        """Return the indistinguishable others of each unit that has some."""
        pairs, others = self.divergences, {}
        for unit, unit_id in enumerate(self.unit_ids):
            holds_unit = (pairs.first == unit) | (pairs.second == unit)
            found = np.flatnonzero(holds_unit & ~self.is_distinguishable)
            if len(found):
                other = pairs.first[found] + pairs.second[found] - unit
                others[unit_id] = tuple(self.unit_ids[k] for k in other)
        return others

    def possible_duplicates(self) -> tuple[tuple[Any, Any, float], ...]:
        """Return the pairs of units that share most of their spikes, and the share.

        Of pairs that are not distinguishable.
        """
        pairs = self.divergences
        return tuple(
            (
                self.unit_ids[pairs.first[k]],
                self.unit_ids[pairs.second[k]],
                float(self.coincident_share[k]),
            )
            for k in np.flatnonzero(np.nan_to_num(self.coincident_share) > _MOST_SPIKES)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair."""
        pairs = self.divergences
        ids = np.empty(self.n_neurons, dtype=object)
        ids[:] = self.unit_ids
        first, second = self._labels_of_pairs()
        names = np.array([*self.classes, ""], dtype=object)  # -1 is the last
        table: dict[str, Any] = {
            "unit_a": ids[pairs.first],
            "unit_b": ids[pairs.second],
            "class_a": names[first],
            "class_b": names[second],
            "bits_per_second": self.information_rate,
            "bits_per_second_low": self.information_rate_interval[:, 0],
            "bits_per_second_high": self.information_rate_interval[:, 1],
            "z": pairs.z,
            "plug_in": pairs.plug_in / self.word_duration,
            "chance_level": pairs.chance_level / self.word_duration,
            "is_distinguishable": self.is_distinguishable,
            "coincident_share": self.coincident_share,
        }
        for percent in (90, 95):
            accuracy = percent / 100
            interval = self.time_to_accuracy_interval(accuracy)
            table[f"time_to_{percent}_seconds"] = self.time_to_accuracy(accuracy)
            table[f"time_to_{percent}_seconds_low"] = interval[:, 0]
            table[f"time_to_{percent}_seconds_high"] = interval[:, 1]
            table[f"spikes_to_{percent}"] = self.spikes_to_accuracy(accuracy)
            table[f"is_extrapolated_{percent}"] = self.is_extrapolated(accuracy)
        return pd.DataFrame(table)

    def headline(self) -> str:
        """Return the result in one sentence."""
        n_found = int(self.is_distinguishable.sum())
        return (
            f"{n_found} of {self.n_pairs} pairs of {self.n_neurons} neurons are "
            f"distinguishable ({100 * n_found / self.n_pairs:.3g} %)"
        )
