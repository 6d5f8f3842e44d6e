"""Classes of the units of a recording by the timing of their spikes.

Input: `Responses`, and the settings of the classes. Output: the fitted
`TimingClusters` and what `TimingClasses` holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuroclass import clustering  # scikit-learn is loaded for stability only
from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural
from neuroclass.analysis.class_settings import ClassSettings
from neuroclass.analysis.responses import Responses
from neuroclass.clustering import ClusterNumber
from neuroclass.clustering.timing import (
    ClusterCuts,
    SpikeCounts,
    TimingClusters,
    timing_correlations,
)
from neuroclass.information import rate_and_timing
from neuroclass.results.class_model import ClassModel
from neuroclass.results.timing_classes import TimingClasses

if TYPE_CHECKING:
    from neuroclass.clustering import Stability

__all__ = [
    "TimingFit",
    "cluster_by_timing",
    "number_of_cuts",
    "stability_by_timing",
]

_N_MICRO = 300
_LEAST = 6


@dataclass(frozen=True)
class TimingFit:
    """Classes by timing of the units of a recording.

    Attributes
    ----------
    model : TimingClusters
        Fitted to all units that were recorded.
    spikes : SpikeCounts
        Of these units.
    timing : TimingClasses
        Over all units of the recording.
    issues : tuple of Issue
        Units set aside, too few units.
    """

    model: TimingClusters
    spikes: SpikeCounts
    timing: TimingClasses
    issues: tuple[Issue, ...]

    @property
    def part(self) -> SpikeCounts:
        """Spike counts of the units that made the classes."""
        return self.spikes.of(self.model.takes_part_)

    def part_of(self, units: Sequence[int]) -> list[int]:
        """Return those of the recorded units that made the classes."""
        return [
            u for u, is_in in zip(units, self.model.takes_part_, strict=True) if is_in
        ]

    def class_correlations(self) -> NDArray[np.float64]:
        """Return how alike the classes respond: `timing_correlations` of their sums."""
        part, labels = self.part, self.model.labels_[self.model.takes_part_]
        assert part.odd is not None, "recordings have repeats"
        member = labels == np.arange(self.model.n_clusters_)[:, None]
        sums = SpikeCounts.from_sums(
            member @ part.counts,
            member @ part.variance,
            np.stack([part.repeats[of].max(axis=0) for of in member]),
            stimulus=part.stimulus,
            odd=member @ part.odd,
        )
        return timing_correlations(sums)

    def as_model(self, responses: Responses) -> ClassModel:
        """Return the classes as what cells of other recordings are compared with."""
        return ClassModel(
            spikes=self.part,
            labels=self.model.labels_[self.model.takes_part_],
            class_names=tuple(map(str, range(self.model.n_clusters_))),
            half_weight=self.model.matrix_.half_weight,
            bin_size=responses.spike_sums.bin_size,
            stimuli=responses.presentations.stimuli,
            recording=str(responses.recording.name),
            rate_weight=self.model.matrix_.rate_weight,
        )


def cluster_by_timing(
    responses: Responses,
    n_clusters: Any,
    settings: ClassSettings,
    *,
    is_sequential: bool,
    n_jobs: int | None,
    random_state: int,
) -> TimingFit:
    """Cluster the units of a recording by timing.

    Parameters
    ----------
    responses : Responses
        Of the recording.
    n_clusters : "auto", int or float
        As in `TimingClusters`.
    settings : ClassSettings
        Rate weight and cut.
    is_sequential : bool
        Whether micro-clusters are the leaves of the tree.
    n_jobs, random_state : as in `TimingClusters`
    """
    spikes = responses.spike_counts
    model = TimingClusters(
        n_clusters,
        rate_weight=settings.rate_weight,
        cut=settings.cut,
        n_micro=_N_MICRO if is_sequential else None,
        n_jobs=n_jobs,
        random_state=random_state,
    ).fit_spikes(spikes)
    timing = _describe(responses, model, spikes, is_given=n_clusters != "auto")
    return TimingFit(model, spikes, timing, _issues(responses, model))


def _describe(
    responses: Responses,
    model: TimingClusters,
    spikes: SpikeCounts,
    *,
    is_given: bool,
) -> TimingClasses:
    n_units = len(responses.recording.segments[0].spiketrains)
    units = list(responses.units)
    part, labels = model.takes_part_, model.labels_[model.takes_part_]

    def spread(values: NDArray[Any], empty: Any) -> NDArray[Any]:
        of_units = np.full(n_units, empty, dtype=np.result_type(values, type(empty)))
        of_units[units] = values
        return of_units

    own, matrix = spikes.of(part), model.matrix_
    bin_size = responses.spike_sums.bin_size
    confidence = np.where(model.labels_ >= 0, model.confidence_, np.nan)
    assert model.participation_ is not None, "recordings have repeats"
    assert isinstance(model.cuts_, ClusterCuts)
    return TimingClasses(
        cuts=model.cuts_,
        takes_part=spread(part, empty=False),
        is_unresponsive=spread(model.participation_.is_unresponsive, empty=False),
        confidence=spread(confidence, np.nan),
        is_given=is_given,
        bin_size=bin_size,
        widths=np.asarray(matrix.widths * bin_size, dtype=np.float64),
        neuron_information=matrix.information_by_scale(np.arange(len(labels))),
        class_information=matrix.information_by_scale(labels),
        neuron_split=rate_and_timing(
            own.counts, own.repeats, bin_size, dispersion=own.dispersion
        ),
        class_split=rate_and_timing(
            own.counts, own.repeats, bin_size, labels, dispersion=own.dispersion
        ),
        rate_factor=_rate_factor(own, labels),
    )


def _rate_factor(spikes: SpikeCounts, labels: NDArray[np.intp]) -> float:
    """Return the ratio of the 90th to the 10th percentile of rates within classes."""
    rate = spikes.counts.sum(axis=1) / np.maximum(spikes.repeats.sum(axis=1), 1)
    log = np.log(rate)
    several = [log[labels == k] for k in range(labels.max() + 1)]
    around = [each - np.median(each) for each in several if len(each) > 1]
    if not around:
        return float("nan")
    low, high = np.percentile(np.concatenate(around), [10, 90])
    return float(np.exp(high - low))


def _issues(responses: Responses, model: TimingClusters) -> tuple[Issue, ...]:
    issues = list(responses.bin_issues)
    found, unit_ids = model.participation_, responses.counts.unit_ids
    aside = np.flatnonzero((model.labels_ >= 0) & ~model.takes_part_)
    if len(aside):
        ids = tuple(unit_ids[k] for k in aside)
        issues.append(
            Issue(
                "unresponsive units",
                f"{plural(len(ids), 'unit fires', 'units fire')} without a response "
                "that repeats: set aside, and assigned to the nearest class with a "
                "confidence.",
                ids,
                is_warned=False,
            )
        )
    n_part = int(found.takes_part.sum()) if found is not None else 0
    if n_part < _LEAST:
        issues.append(
            Issue(
                "few units",
                f"{plural(n_part, 'unit has', 'units have')} a response that repeats; "
                f"classes of fewer than {_LEAST} are for orientation only. Record more "
                "units or repeats.",
            )
        )
    return tuple(issues)


def stability_by_timing(
    fit: TimingFit, n_replicates: int, **how: Any
) -> Stability | None:
    """Resample the stimulus for classes by timing, and for the other ranked cuts.

    A single class is stable by definition: then the first ranked cut is looked at, if
    there is one.

    Parameters
    ----------
    fit : TimingFit
        The classes.
    n_replicates : int
        Number of resampled stimuli.
    **how
        Further keywords of `bootstrap_stability`.
    """
    model, spikes = fit.model, fit.part
    labels = model.labels_[model.takes_part_]
    ranked = [cut.labels for cut in fit.timing.cuts.ranked]
    if labels.max() == 0:
        if not ranked:
            return None
        labels, *ranked = ranked
    others = [each for each in ranked if each.max() != labels.max()]
    if len(labels) > len(model.leaf_order_):  # micro-clusters are the leaves
        spikes, first = _sums_of_leaves(spikes, model.micro_labels_)
        labels, others = labels[first], [each[first] for each in others]
    return clustering.bootstrap_stability(
        spikes,
        labels,
        others=[each for each in others if len(each) == len(labels)],
        n_replicates=n_replicates,
        **how,
    )


def _sums_of_leaves(
    spikes: SpikeCounts, leaf: NDArray[np.intp]
) -> tuple[SpikeCounts, NDArray[np.intp]]:
    """Return the spikes of micro-clusters, and the first neuron of each."""
    _, first = np.unique(leaf, return_index=True)
    sums = np.zeros((2, len(first), spikes.counts.shape[1]))
    np.add.at(sums[0], leaf, spikes.counts)
    np.add.at(sums[1], leaf, spikes.variance)
    repeats = spikes.repeats[first]
    is_in = repeats > 0
    return SpikeCounts.from_sums(
        np.where(is_in, sums[0], 0.0), sums[1], repeats, stimulus=spikes.stimulus
    ), first


def number_of_cuts(
    timing: TimingClasses, n_clusters: int, n_leaves: int
) -> ClusterNumber:
    """Return the cuts as the support of a number of classes.

    Parameters
    ----------
    timing : TimingClasses
        With the cuts.
    n_clusters : int
        Number of classes that is shown.
    n_leaves : int
        Leaves of the tree.
    """
    cuts = timing.cuts
    least_z = np.full(max(cut.n_clusters for cut in cuts.cuts) + 1, np.nan)
    for cut in cuts.cuts:
        least_z[cut.n_clusters] = cut.z
    return ClusterNumber(
        n_clusters=n_clusters,
        low=cuts.low,
        high=cuts.high,
        is_determined=cuts.is_determined,
        weakest_z=least_z,
        gain_ratio=np.full(cuts.high + 1, np.nan),
        node_z=np.full(n_leaves - 1, np.nan),
        reason=timing.headline(n_clusters),
    )
