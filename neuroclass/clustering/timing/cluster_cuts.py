"""How many classes the timing of spikes supports: cuts along a path of merges.

Input: spike counts of the neurons that take part, and their timing matrix.
Output: `ClusterCuts`: each cut with its support, the range, what is determined, and
the partition to show.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from neuroclass.clustering.merge_tree import MergeTree, build_merge_tree, relabel
from neuroclass.clustering.reassignment import refine
from neuroclass.clustering.timing.class_alikeness import (
    alike_share,
    least_correlation,
    may_hide_types,
)
from neuroclass.clustering.timing.participation import timing_correlations
from neuroclass.clustering.timing.separation import (
    Profiles,
    Separation,
    choose_smoothing,
    halvings_of_stimulus,
    mean_separation,
    nearest_pairs,
)
from neuroclass.clustering.timing.spike_counts import SpikeCounts
from neuroclass.clustering.timing.split_halves import split_half_agreement
from neuroclass.clustering.timing.timing_matrix import TimingMatrix
from neuroclass.clustering.timing.two_types import expected_separation

__all__ = ["ClusterCuts", "Cut", "find_cluster_cuts"]

SURE = 3.0  # z' of the two least separate classes with which a cut surely holds
PERHAPS = 0.0  # and with which it may be shown
MAY = 2.0  # z against a Gaussian continuum with which more classes may hold
ALIKE = 0.4  # timing correlation of neurons that respond alike
CLOSELY_ALIKE = 0.6
_SHARE = 0.8  # of the neurons in classes that respond alike
_FEW = 10  # neurons; fewer determine nothing
_LEAST = 6  # neurons; fewer are not cut
_FIRST_CLASSES = 14  # where merging begins


@dataclass(frozen=True, eq=False)
class Cut:
    """A partition into K classes, and how it holds.

    Attributes
    ----------
    n_clusters : int
        K.
    labels : ndarray of int, (n_neurons,)
        Classes from 0, numbered by their lowest neuron.
    z : float
        z' of the two least separate classes.
    z_gaussian : float
        Least z against a Gaussian continuum.
    sizes : tuple of int
        Neurons of each class.
    alike : tuple of float
        10th percentile of the timing correlations within each class; not a number for
        classes of a single neuron.
    information : float
        Timing information of the classes, in bits per spike.
    share : float
        The same as a share of that of the neurons, within 0 and 1.
    stability : float
        Agreement of the classes of odd with those of even repeats, an adjusted Rand
        index (`split_half_agreement`); not a number for a single class and for cuts
        that do not hold.
    """

    n_clusters: int
    labels: NDArray[np.intp] = field(repr=False)
    z: float
    z_gaussian: float
    sizes: tuple[int, ...]
    alike: tuple[float, ...]
    information: float
    share: float
    stability: float = float("nan")

    @property
    def support(self) -> str:
        """How the cut holds: "sure", "perhaps" or "none"."""
        return "sure" if self.z > SURE else "perhaps" if self.z > PERHAPS else "none"

    @property
    def least_alike(self) -> int:
        """The class whose neurons respond least alike."""
        return int(np.nanargmin([*self.alike, np.inf]) % len(self.alike))


@dataclass(frozen=True, eq=False)
class ClusterCuts:
    """The supported numbers of classes.

    Attributes
    ----------
    n_clusters : int
        The number to show: `low` where it is determined or its classes respond alike,
        else the largest that may hold between `low` and `high`.
    low : int
        The largest number at which every two classes surely hold apart, else 1.
    may : int
        The largest at which they may, not below `low`.
    high : int
        The largest that these data leave open.
    is_alike : bool
        Whether the neurons within the classes of `low` respond alike.
    is_determined : bool
        Whether `low` is the number: its classes respond alike, no more may hold,
        the neurons are not too few, and no small class may hide types.
    n_first : int
        Classes at which merging began; where `high` reaches it, more may be open.
    labels : ndarray of int, (n_neurons,)
        The partition to show.
    cuts : tuple of Cut
        From 1 class up.
    smoothing : int
        Of the profiles in the pair test, in base bins.
    two_types_z : float
        z' of two simulated types, did these neurons belong to two
        (`expected_separation`); looked at where all else is as for a single class, not
        a number elsewhere.
    n_hiding : int
        Classes of `low` that may hide types of two or three neurons, too few for the
        test of a cut: fewer than 16 neurons, whose responses do not all correlate as
        those of one type.  Looked at where all else determines the number.
    """

    n_clusters: int
    low: int
    may: int
    high: int
    is_alike: bool
    is_determined: bool
    n_first: int
    labels: NDArray[np.intp] = field(repr=False)
    cuts: tuple[Cut, ...] = field(repr=False)
    smoothing: int
    two_types_z: float = float("nan")
    n_hiding: int = 0

    def __repr__(self) -> str:
        determined = "determined" if self.is_determined else "not determined"
        return (
            f"ClusterCuts({len(self.labels)} neurons, {self.n_clusters} classes shown, "
            f"{self.low} to {self.high}, {determined})"
        )

    @property
    def ranked(self) -> tuple[Cut, ...]:
        """Cuts that surely hold, the most separate first, then those that may."""
        several = [cut for cut in self.cuts if cut.n_clusters > 1 and cut.z > PERHAPS]
        order = {"sure": 0, "perhaps": 1}
        return tuple(sorted(several, key=lambda cut: (order[cut.support], -cut.z)))

    @property
    def is_at_least(self) -> bool:
        """Whether even more classes than `high` may be open."""
        return self.high >= self.n_first > 1

    @property
    def why_open(self) -> str:
        """Why the number is not determined; empty where it is."""
        if self.is_determined:
            return ""
        if len(self.labels) < _FEW:
            return f"too few neurons ({len(self.labels)})"
        if not self.is_alike:
            return "neurons within a class still respond differently"
        if self.two_types_z <= SURE:
            return "two types might not be seen in so few spikes and neurons"
        if self.n_hiding:
            return "types of two or three neurons might not be seen in small classes"
        if self.low == self.may == 1:
            return "the neurons do not respond alike enough for a single class"
        return "more cuts may hold"


def find_cluster_cuts(
    spikes: SpikeCounts,
    matrix: TimingMatrix | None = None,
    tree: MergeTree | None = None,
    *,
    n_first: int = _FIRST_CLASSES,
) -> ClusterCuts:
    """Find the cuts that these data support.

    Parameters
    ----------
    spikes : SpikeCounts
        Of the neurons that take part (`find_participants`), with the spikes of odd and
        even repeats.
    matrix : TimingMatrix, optional
        Of the same, if at hand.
    tree : MergeTree, optional
        Its tree, if at hand.
    n_first : int, default 14
        Classes at which merging begins, at most a third of the neurons.

    Notes
    -----
    From K0 = min(14, max(2, N / 3)) classes of the tree, reassigned, every class is
    tested against its nearest (`pair_separation`, the mean of four halvings of the
    stimulus); the pair of least z' is merged, all neurons are reassigned, and so on
    down to one class.

    * low: the largest K whose least z' is above 3, else 1; may: the largest whose least
      z against a Gaussian continuum is above 2, not below low.
    * alike(h): at least 80 % of the neurons, in classes of 4 or more, are in classes
      whose 10th percentile of timing correlations is at least h.
    * determined: alike(.4) at low, 10 neurons or more, and no more classes may hold;
      one class: alike(.6), and two types that correlate at .7 would surely hold apart
      in these data (`expected_separation`, z' above 3); several: of each class of fewer
      than 16 neurons the 10th percentile of timing correlations is at least .7.
    * high: low if determined, K0 if but for small classes, else the larger of may and
      the first K from low on that is alike(.6), else K0.
    * shown: low if determined or alike(.4), else the largest K from low to high whose
      least z' is above 0, else low.

    These partitions are not nested in the tree.
    """
    n_neurons = len(spikes.counts)
    matrix = TimingMatrix.from_spikes(spikes) if matrix is None else matrix
    correlations = timing_correlations(spikes)
    information = matrix.information(np.arange(n_neurons))
    if n_neurons < _LEAST:
        one = np.zeros(n_neurons, np.intp)
        whole = _cut(one, matrix, correlations, information)
        is_alike = alike_share(correlations, whole.labels, ALIKE) >= _SHARE
        return ClusterCuts(
            n_clusters=1,
            low=1,
            may=1,
            high=n_neurons,
            is_alike=bool(is_alike),
            is_determined=False,
            n_first=n_neurons,
            labels=whole.labels,
            cuts=(whole,),
            smoothing=0,
        )
    tree = build_merge_tree(matrix) if tree is None else tree
    n_first = min(n_first, max(2, n_neurons // 3))
    smoothing = choose_smoothing(spikes)
    found = _path(spikes, matrix, tree.labels(n_first), smoothing)
    cuts = _judge(found, matrix, correlations, n_first, smoothing)
    if cuts.is_determined and cuts.low == 1:
        cuts = _with_power(cuts, expected_separation(spikes, smoothing).z)
    held = {cut.n_clusters: cut.labels for cut in cuts.ranked}
    agreement = split_half_agreement(spikes, matrix, list(held.values()))
    stable = dict(zip(held, agreement.tolist(), strict=True))
    return replace(
        cuts,
        cuts=tuple(
            replace(cut, stability=stable.get(cut.n_clusters, np.nan))
            for cut in cuts.cuts
        ),
    )


_Path = dict[int, tuple[Separation, NDArray[np.intp]]]


def _path(
    spikes: SpikeCounts,
    matrix: TimingMatrix,
    labels: NDArray[np.intp],
    smoothing: int,
) -> _Path:
    """Merge the two least separate classes, again and again; least z' and partition."""
    recorded = None if spikes.is_recorded.all() else spikes.is_recorded
    profiles = Profiles.from_counts(spikes.rates, smoothing, spikes.stimulus, recorded)
    halvings = halvings_of_stimulus(spikes, smoothing)
    known: dict[bytes, Separation] = {}
    found: _Path = {}
    gains: dict[bytes, NDArray[np.float64]] = {}
    labels, _ = refine(matrix, relabel(labels), gains)
    while (n_clusters := int(labels.max()) + 1) > 1:
        scores = []
        for distance, a, b in nearest_pairs(profiles, labels, n_clusters):
            division = np.where(labels == a, 1, np.where(labels == b, 2, 0))
            key = division.astype(np.int8).tobytes()
            if key not in known:
                neurons = np.flatnonzero(division)
                known[key] = mean_separation(halvings, neurons, division[neurons] - 1)
            scores.append((known[key].z, distance, a, b, known[key].z_gaussian))
        z, _, a, b, _ = min(scores)
        found[n_clusters] = (Separation(z, min(s[4] for s in scores)), labels)
        labels, _ = refine(matrix, relabel(np.where(labels == b, a, labels)), gains)
    return found


def _judge(
    found: _Path,
    matrix: TimingMatrix,
    correlations: NDArray[np.float64],
    n_first: int,
    smoothing: int,
) -> ClusterCuts:
    n_neurons = len(correlations)
    one = np.zeros(n_neurons, np.intp)
    information = matrix.information(np.arange(n_neurons))
    cuts = {1: _cut(one, matrix, correlations, information)}
    for n_clusters in sorted(found):
        separation, labels = found[n_clusters]
        cuts[n_clusters] = _cut(labels, matrix, correlations, information, separation)

    def is_alike(n_clusters: int, least: float) -> bool:
        share = alike_share(correlations, cuts[n_clusters].labels, least)
        return bool(share >= _SHARE)

    low = max((k for k in found if cuts[k].z > SURE), default=1)
    may = max([low, *(k for k in found if cuts[k].z_gaussian > MAY)])
    low_is_alike = is_alike(low, ALIKE)
    is_determined = n_neurons >= _FEW and may == low
    # That no cut holds may also be for want of data: one class is asked for more.
    is_determined &= is_alike(1, CLOSELY_ALIKE) if low == 1 else low_is_alike
    shown, high, n_hiding = low, may, 0
    if is_determined and low > 1:
        n_hiding = sum(may_hide_types(correlations, cuts[low].labels))
        is_determined = n_hiding == 0
    if n_hiding:
        high = max(cuts)
    elif not is_determined:
        closely = (k for k in sorted(cuts) if k >= low and is_alike(k, CLOSELY_ALIKE))
        high = max(may, next(closely, max(cuts)))
        if not low_is_alike:
            shown = max(
                (k for k in found if low <= k <= high and cuts[k].z > PERHAPS),
                default=low,
            )
    return ClusterCuts(
        n_clusters=shown,
        low=low,
        may=may,
        high=high,
        is_alike=low_is_alike,
        is_determined=is_determined,
        n_first=n_first,
        labels=cuts[shown].labels,
        cuts=tuple(cuts[k] for k in sorted(cuts)),
        smoothing=smoothing,
        n_hiding=n_hiding,
    )


def _with_power(cuts: ClusterCuts, z: float) -> ClusterCuts:
    """Return cuts that determine one class only if two would have been seen."""
    if z > SURE:
        return replace(cuts, two_types_z=z)
    return replace(cuts, two_types_z=z, is_determined=False, high=max(cuts.high, 2))


def _cut(
    labels: NDArray[np.intp],
    matrix: TimingMatrix,
    correlations: NDArray[np.float64],
    whole: float,
    separation: Separation | None = None,
) -> Cut:
    n_clusters = int(labels.max()) + 1
    z, z_gaussian = (np.nan, np.nan) if separation is None else separation
    information = matrix.information(labels)
    share = information / whole if whole > 0 else 0.0
    return Cut(
        n_clusters=n_clusters,
        labels=labels,
        z=z,
        z_gaussian=z_gaussian,
        sizes=tuple(int(n) for n in np.bincount(labels)),
        alike=tuple(
            least_correlation(correlations, np.flatnonzero(labels == k))
            for k in range(n_clusters)
        ),
        information=information,
        share=float(np.clip(share, 0.0, 1.0)),
    )
