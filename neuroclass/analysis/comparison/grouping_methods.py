"""The groupings that are compared: our classes, and the classical ones.

Input: `NeuronsToGroup`, the responses of neurons as each method takes them. Output: one
`GroupingMethod` each, which partitions the neurons by all repeats, or by the odd or the
even ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering import AgglomerativeBottleneck, SequentialBottleneck
from neuroclass.clustering.timing import SpikeCounts, TimingBottleneck
from neuroclass.groupings import (
    has_sib,
    k_means_partition,
    linkage_partition,
    mixture_partition,
    principal_components,
    psth_correlation_distances,
    scale_psth,
    sib_partition,
)
from neuroclass.spike_times import (
    RepeatedTrains,
    has_pyspike,
    interval_statistics,
    spike_distances,
)

__all__ = [
    "OURS",
    "GroupingMethod",
    "Half",
    "NeuronsToGroup",
    "grouping_methods",
]

OURS = "timing classes"
Half: TypeAlias = Literal["all", "odd", "even"]
_Number: TypeAlias = Literal["auto"] | int
_SMOOTHING = 0.03  # s, of the PSTHs
_LINKAGES: tuple[tuple[Literal["average", "ward"], str, str], ...] = (
    ("average", "average", "average"),
    ("ward", "Ward", "Ward's"),
)
_LEAST = 3  # neurons that have a distance, or intervals, at all


@dataclass(frozen=True, eq=False)
class NeuronsToGroup:
    """Responses of neurons, as the methods take them.

    Attributes
    ----------
    spikes : SpikeCounts
        Spike counts in bins, with those of the odd repeats.
    words : ndarray of int, (n_neurons, n_conditions, n_words)
        Counts of words.
    word_halves : tuple of two such arrays
        Of two halves of the repeats.
    trains : RepeatedTrains
        Spike times of all repeats.
    sample : ndarray of int, (n_sampled,)
        Neurons whose spike trains are compared in pairs; may be empty.
    sampled : RepeatedTrains
        Their spike times, of the repeats that are compared.
    bin_size : float
        Bin width of `spikes`, in seconds.
    time_constant : float
        Of the Victor-Purpura and van Rossum distances, in seconds.
    n_micro : int, optional
        Number of micro-clusters of our classes, for very many neurons.
    n_jobs : int, optional
        Processes, as in joblib.
    random_state : int
        Seed.
    """

    spikes: SpikeCounts
    words: NDArray[np.int64]
    word_halves: tuple[NDArray[np.int64], NDArray[np.int64]]
    trains: RepeatedTrains
    sample: NDArray[np.intp]
    sampled: RepeatedTrains
    bin_size: float
    time_constant: float
    n_micro: int | None = None
    n_jobs: int | None = None
    random_state: int = 0

    def __repr__(self) -> str:
        return f"NeuronsToGroup({self.n_neurons} neurons)"

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.spikes.counts)

    def spikes_of(self, half: Half) -> SpikeCounts:
        """Return the spike counts of all, the odd or the even repeats."""
        spikes = self.spikes
        if half == "all":
            return spikes
        counts = spikes.odd if half == "odd" else spikes.even
        assert counts is not None, "recordings have repeats"
        more = 1 if half == "odd" else 0
        return SpikeCounts.from_sums(
            counts,
            spikes.variance,  # between repeats: that of all is that of half of them
            (spikes.repeats + more) // 2,
            stimulus=spikes.stimulus,
        )

    def words_of(self, half: Half) -> NDArray[np.int64]:
        """Return the counts of words of all repeats or of a half of them."""
        return {
            "all": self.words,
            "odd": self.word_halves[0],
            "even": self.word_halves[1],
        }[half]

    def psth_of(self, half: Half) -> NDArray[np.float64]:
        """Return spikes per repeat and bin, smoothed, (n_neurons, n_conditions)."""
        spikes = self.spikes_of(half)
        rates = np.where(
            spikes.repeats > 0, spikes.counts / np.maximum(spikes.repeats, 1), 0.0
        )
        return scale_psth(
            rates,
            "raw",
            smoothing=_SMOOTHING / self.bin_size,
            stimulus=spikes.stimulus,
        )


@dataclass(frozen=True, eq=False)
class GroupingMethod:
    """A way to group neurons.

    Attributes
    ----------
    name : str
        Its name in tables.
    description : str
        What it does, in a sentence without its subject.
    number_rule : str
        How it chooses the number of groups; empty if it cannot.
    members : ndarray of int
        Neurons that it can group.
    partition : callable
        Returns the group of each neuron, -1 where it has none, from a half ("all",
        "odd", "even") and a number of groups ("auto" or int).
    """

    name: str
    description: str
    number_rule: str
    members: NDArray[np.intp]
    partition: Callable[[Half, _Number], NDArray[np.intp]]

    def __repr__(self) -> str:
        return f"GroupingMethod({self.name!r}, {len(self.members)} neurons)"

    @property
    def has_number(self) -> bool:
        """Whether it chooses a number of groups itself."""
        return bool(self.number_rule)


def grouping_methods(neurons: NeuronsToGroup) -> tuple[GroupingMethod, ...]:
    """Return the groupings that the installed packages and the data allow, ours first.

    Parameters
    ----------
    neurons : NeuronsToGroup
        Responses of the neurons.
    """
    every = np.arange(neurons.n_neurons)
    seed = neurons.random_state
    found = [
        GroupingMethod(
            OURS,
            "agglomerative information bottleneck of the times of spikes at all time "
            "scales: the classes of `neuroclass cluster`",
            "cut test",
            every,
            _by_timing(neurons),
        ),
        GroupingMethod(
            "words (2002)",
            "agglomerative information bottleneck of words, the criterion of "
            "Schneidman, Bialek and Berry",
            "held-out splits",
            every,
            _by_words(neurons),
        ),
        GroupingMethod(
            "mean rate",
            "k-means of the logarithm of the mean firing rate",
            "silhouette",
            every,
            _by_features(neurons, _log_rates),
        ),
        GroupingMethod(
            "interval statistics",
            "k-means of CV, CV2 and LV of the intervals between spikes, z-scored",
            "silhouette",
            np.flatnonzero(_has_intervals(neurons)),
            _by_features(neurons, _interval_features),
        ),
    ]
    for name, scaling in (
        ("k-means, PSTH", "raw"),
        ("k-means, z-scored", "z-scored"),
        ("k-means, maximum", "maximum"),
    ):
        how = {"raw": "in Hz", "z-scored": "z-scored", "maximum": "over their maximum"}
        found.append(
            GroupingMethod(
                name,
                "k-means of the first ten principal components of PSTHs "
                f"{how[scaling]}",
                "silhouette",
                every,
                _by_features(neurons, _components(scaling)),
            )
        )
    components = _components("z-scored")
    found += [
        GroupingMethod(
            "Gaussian mixture",
            "mixture of Gaussians of diagonal covariance, of the first ten principal "
            "components of z-scored PSTHs",
            "BIC",
            every,
            lambda half, n: (
                mixture_partition(
                    components(neurons, half), n, random_state=seed
                ).labels
            ),
        ),
        *(
            GroupingMethod(
                f"correlation, {name}",
                f"{words} linkage of 1 less the correlation of PSTHs",
                "silhouette",
                every,
                _by_correlation(neurons, linkage),
            )
            for linkage, name, words in _LINKAGES
        ),
    ]
    if len(neurons.sample) >= _LEAST:
        found += _by_distances(neurons)
    if has_sib():
        found.append(
            GroupingMethod(
                "sequential IB",
                "sequential information bottleneck of IBM (sib-clustering), of spike "
                "counts",
                "",
                every,
                lambda half, n: (
                    sib_partition(
                        neurons.spikes_of(half).counts, int(n), random_state=seed
                    ).labels
                ),
            )
        )
    return tuple(found)


_Partition: TypeAlias = Callable[[Half, _Number], NDArray[np.intp]]


def _by_timing(neurons: NeuronsToGroup) -> _Partition:
    def partition(half: Half, n_groups: _Number) -> NDArray[np.intp]:
        model = TimingBottleneck(
            n_groups,
            n_micro=neurons.n_micro,
            n_jobs=neurons.n_jobs,
            random_state=neurons.random_state,
        )
        labels: NDArray[np.intp] = model.fit(neurons.spikes_of(half)).labels_
        return labels

    return partition


def _by_words(neurons: NeuronsToGroup) -> _Partition:
    how: dict[str, Any] = {
        "n_jobs": neurons.n_jobs,
        "random_state": neurons.random_state,
    }

    def partition(half: Half, n_groups: _Number) -> NDArray[np.intp]:
        bottleneck = (
            AgglomerativeBottleneck if neurons.n_micro is None else SequentialBottleneck
        )
        labels: NDArray[np.intp] = (
            bottleneck(n_groups, **how).fit(neurons.words_of(half)).labels_
        )
        return labels

    return partition


def _by_correlation(
    neurons: NeuronsToGroup, linkage: Literal["average", "ward"]
) -> _Partition:
    def partition(half: Half, n_groups: _Number) -> NDArray[np.intp]:
        distances = psth_correlation_distances(neurons.psth_of(half))
        return linkage_partition(distances, n_groups, linkage=linkage).labels

    return partition


_Features: TypeAlias = Callable[[NeuronsToGroup, Half], NDArray[np.float64]]


def _by_features(neurons: NeuronsToGroup, features: _Features) -> _Partition:
    """Return k-means of features; neurons without them are in no group."""

    def partition(half: Half, n_groups: _Number) -> NDArray[np.intp]:
        x = features(neurons, half)
        is_in = np.isfinite(x).all(axis=1)
        labels = np.full(len(x), -1)
        if n_groups != "auto":
            n_groups = min(n_groups, int(is_in.sum()))
        if is_in.sum() >= _LEAST:
            labels[is_in] = k_means_partition(
                x[is_in], n_groups, random_state=neurons.random_state
            ).labels
        return labels

    return partition


def _log_rates(neurons: NeuronsToGroup, half: Half) -> NDArray[np.float64]:
    spikes = neurons.spikes_of(half)
    recorded = spikes.repeats.sum(axis=1) * neurons.bin_size
    # Half a spike: the logarithm of a neuron that fires in the other half only.
    rate = np.maximum(spikes.counts.sum(axis=1), 0.5) / np.maximum(recorded, 1e-12)
    log: NDArray[np.float64] = np.log(rate)[:, None]
    return log


def _has_intervals(neurons: NeuronsToGroup) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(_intervals(neurons.trains)).all(axis=1))


def _intervals(trains: RepeatedTrains) -> NDArray[np.float64]:
    return interval_statistics(trains).features


def _interval_features(neurons: NeuronsToGroup, half: Half) -> NDArray[np.float64]:
    x = _intervals(neurons.trains.of_repeats(_repeats(neurons.trains, half)))
    is_in = np.isfinite(x).all(axis=1)
    x[~is_in] = np.nan
    if is_in.any():
        mean, sd = x[is_in].mean(axis=0), x[is_in].std(axis=0)
        x = (x - mean) / np.where(sd > 0, sd, 1.0)
    return x


def _repeats(trains: RepeatedTrains, half: Half) -> NDArray[np.intp]:
    every = np.arange(trains.n_repeats)
    return {"all": every, "odd": every[::2], "even": every[1::2]}[half]


def _components(scaling: str) -> _Features:
    def features(neurons: NeuronsToGroup, half: Half) -> NDArray[np.float64]:
        psth = neurons.psth_of(half)
        if scaling == "raw":
            psth = psth / neurons.bin_size
        return principal_components(scale_psth(psth, scaling))

    return features


@dataclass(frozen=True)
class _Distances:
    """Distances of the sampled spike trains, computed when first asked for."""

    trains: RepeatedTrains
    measure: str
    time_constant: float

    @cached_property
    def of_repeats(self) -> NDArray[np.float64]:
        return spike_distances(
            self.trains, self.measure, time_constant=self.time_constant
        )


def _by_distances(neurons: NeuronsToGroup) -> list[GroupingMethod]:
    """Return average linkage of the spike-train distances of the sampled neurons."""
    measures = [
        ("Victor-Purpura", "Victor-Purpura distances (elephant) over spikes"),
        ("van Rossum", "van Rossum distances (elephant) over root spikes"),
    ]
    if has_pyspike():
        measures.append(("SPIKE", "SPIKE distances (PySpike)"))
    return [
        GroupingMethod(
            measure,
            f"Ward's linkage of {what} of the same repeat",
            "silhouette",
            neurons.sample,
            _of_distances(
                neurons, _Distances(neurons.sampled, measure, neurons.time_constant)
            ),
        )
        for measure, what in measures
    ]


def _of_distances(neurons: NeuronsToGroup, distances: _Distances) -> _Partition:
    def partition(half: Half, n_groups: _Number) -> NDArray[np.intp]:
        chosen = distances.of_repeats[_repeats(distances.trains, half)]
        labels = np.full(neurons.n_neurons, -1)
        labels[neurons.sample] = linkage_partition(
            chosen.mean(axis=0), n_groups, linkage="ward"
        ).labels
        return labels

    return partition
