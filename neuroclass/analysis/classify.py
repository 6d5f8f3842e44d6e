"""Functional classes of the neurons of a recording.

Input: a recording, or its `Responses`. Output: `Classification`, the classes and all
that was measured of them, which plots, saves and shows itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from neuroclass import clustering, plotting, report
from neuroclass._lib.blas_threads import few_blas_threads
from neuroclass._lib.checks import as_bytes, check_choice, check_positive_int
from neuroclass._lib.issues import Issue, warn_of
from neuroclass._lib.notebook_html import as_html
from neuroclass._lib.progress import show_stages
from neuroclass._lib.running import run_settings
from neuroclass.analysis.cell_positions import (
    CellPositions,
    mosaics_of_classes,
    read_positions,
)
from neuroclass.analysis.class_options import (
    CLASS_KEYWORDS,
    DESCRIPTION_KEYWORDS,
    choose_criterion,
    number_or_share,
    split_class_settings,
    split_description_settings,
)
from neuroclass.analysis.class_settings import (
    ClassOptions,
    DescriptionOptions,
    DescriptionSettings,
)
from neuroclass.analysis.coincident_units import duplicate_issues
from neuroclass.analysis.descriptions.advising import advise
from neuroclass.analysis.descriptions.unit_descriptions import (
    KnownLight,
    describe_units,
    labels_of_classes,
    read_light,
)
from neuroclass.analysis.quality_checks import (
    agreement_with_recordings,
    without_drifting,
)
from neuroclass.analysis.reference_labels import agreement_with, read_reference
from neuroclass.analysis.responses import (
    PreparationOptions,
    Recordings,
    Responses,
    responses_of,
)
from neuroclass.analysis.support import (
    count_distinguishable,
    curve_interval,
    stability_of_classes,
    subclasses_of_neurons,
    support_of_number,
)
from neuroclass.analysis.timing import (
    TimingFit,
    cluster_by_timing,
    number_of_cuts,
    stability_by_timing,
)
from neuroclass.clustering import ClusterNumber, choose_method
from neuroclass.estimators import ESTIMATORS, Estimator
from neuroclass.information.classes import information_between_classes
from neuroclass.information.identity import IdentityInformation, identity_information
from neuroclass.presentations import RECORDING
from neuroclass.responses import ResponseCounts, ResponseSettings
from neuroclass.results.cell_mosaics import CellMosaics
from neuroclass.results.classification import (
    ClassHierarchy,
    ClassificationResult,
    ClassifiedUnits,
    InformationCurve,
    UnitPsth,
)
from neuroclass.results.labelled_arrays import psth_dataset

if TYPE_CHECKING:
    from neuroclass.analysis.support import AnyModel
    from neuroclass.clustering import (
        AgglomerativeBottleneck,
        SequentialBottleneck,
        Stability,
    )
    from neuroclass.plotting import ClassPlots

__all__ = ["Classification", "ClassifyOptions", "classify_neurons"]


class Classification(ClassificationResult):
    """The functional classes of the neurons of a recording: `ClassificationResult`.

    Made by `classify_neurons`. Printing it gives the table of classes.
    """

    @property
    def plot(self) -> ClassPlots:
        """Figures: ``plot()`` for one page of all, ``plot.merge_tree()`` for one."""
        return plotting.ClassPlots(self)

    def to_xarray(self) -> Any:
        """Return the PSTHs of the classified neurons as an ``xarray.Dataset``.

        ``firing_rate`` (Hz) over unit and bin, with label, confidence, stimulus and
        time (s) as coordinates; needs xarray.
        """
        return psth_dataset(self)

    def save(
        self,
        folder: str | Path,
        *,
        force: bool = False,
        formats: Sequence[str] | None = None,
    ) -> Path:
        """Write labels, figures and report into a folder: `save_results`."""
        return report.save_results(self, Path(folder), force=force, formats=formats)

    def _repr_html_(self) -> str:
        table = self.short_summary()
        table.insert(1, "response", plotting.class_sparklines(self))
        return as_html(self.headline(), table, plotting.information_curve_svg(self))


class ClassifyOptions(
    ClassOptions, DescriptionOptions, PreparationOptions, total=False
):
    """Keywords of `classify_neurons` beside its own."""


def classify_neurons(
    recording: Recordings | Responses,
    *,
    n_clusters: Literal["auto"] | int = "auto",
    estimator: Estimator = "miller-madow",
    reference: str | Path | None = None,
    stability: int = 0,
    positions: str | Path | None = None,
    random_state: int = 0,
    **options: Unpack[ClassifyOptions],
) -> Classification:
    """Find the functional classes of the neurons of a recording.

    Parameters
    ----------
    recording : Responses, neo.Block, str or Path, or a sequence of the latter three
        As from `prepare_responses` or `load_recording`, or what it reads. Several
        under the same stimulus are pooled: `pool_recordings`.
    n_clusters : "auto" or int, default "auto"
        Number of classes.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Bias correction of the losses by the criterion "word":
        `AgglomerativeBottleneck`.
    reference : str or Path, optional
        Other labels of the same units to compare with: a units column, a
        ``labels.csv`` or a result folder.
    stability : int, default 0
        Number of resampled stimuli to classify again, 100 or more for narrow
        intervals: `bootstrap_stability`.
    positions : str or Path, optional
        Where the units lie, for the mosaics of the classes: two or three unit columns
        with commas between (x, y, radius, in micrometres), or a csv file with the
        columns unit_id, x, y and optionally radius. Of one recording.
    random_state : int, default 0
        Seed of the restarts, permutations and resampled stimuli.
    **options
        Keywords of `ClassSettings` (criterion, rate_weight, cut, max_information_loss,
        method, min_confidence); of `DescriptionSettings` (describe,
        light_on, stimulus_file, recommend), for what the classes respond to and which
        stimulus separates them; of `ResponseSettings`
        (intervals, stimulus, min_repeats, condition, triggers, trial_duration,
        bin_size, word_length, response, units), unless `recording` is `Responses`; and
        of `RunSettings` (n_jobs, cache, memory, progress), on which the result does not
        depend.

    Returns
    -------
    Classification

    Raises
    ------
    RecordingError
        If the recording cannot be used: no repeats, fewer than two units that fire.
    TypeError
        If a keyword is unknown.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(n_types=3, n_neurons=24, n_unique=0, random_state=0)
    >>> classify_neurons(retina).n_clusters
    3
    """
    settings, rest = split_class_settings(dict(options), "classify_neurons")
    light, of_responses = split_description_settings(rest, "classify_neurons")
    number = number_or_share(n_clusters, settings)
    check_choice(estimator, "estimator", ESTIMATORS)
    stability = check_positive_int(stability, "stability", minimum=0)
    as_bytes(options.get("memory", run_settings().memory), "memory")
    condition = str(options.get("condition", ResponseSettings.condition))
    if isinstance(recording, Responses):
        condition = recording.presentations.condition
    criterion = choose_criterion(settings.criterion, condition)
    is_by_timing = criterion["value"] == "timing"
    if is_by_timing and not isinstance(recording, Responses):
        # Words are binned as the spikes are: their own bin need not be chosen.
        asked = of_responses.get("bin_size", ResponseSettings.bin_size)
        if isinstance(asked, str) and asked == "auto":
            of_responses["bin_size"] = "base"
    responses, run = responses_of(
        recording,
        of_responses,
        "classify_neurons",
        (
            *(classify_neurons.__kwdefaults__ or ()),
            *CLASS_KEYWORDS,
            *DESCRIPTION_KEYWORDS,
        ),
    )
    known_light = read_light(light)
    if light.recommend and not is_by_timing:
        raise ValueError(
            "recommend must be of the criterion 'timing'; got the criterion 'word'. "
            "Leave one of them out."
        )
    block, counts, counted = responses.recording, responses.counts, responses.counted
    if reference is not None:
        read_reference(reference, block)  # a wrong name before the work
    cells = None if positions is None else _positions_of(positions, block)
    how: dict[str, Any] = {"n_jobs": run.n_jobs, "random_state": random_state}
    with few_blas_threads(counts.n_neurons), show_stages(run.progress) as begin:
        begin("classes")
        method = choose_method(
            settings.method, counts.n_neurons, as_bytes(run.memory, "memory")
        )
        is_sequential = method["value"] == "sequential"
        fit = None
        model: AnyModel
        if is_by_timing:
            fit = cluster_by_timing(
                responses, number, settings, is_sequential=is_sequential, **how
            )
            model = fit.model
            selection = number_of_cuts(
                fit.timing, model.n_clusters_, len(model.leaf_order_)
            )
            subclasses = np.full(counts.n_neurons, "", dtype=object)
            warn_of(fit.issues)
        else:
            bottleneck = (
                clustering.SequentialBottleneck
                if is_sequential
                else clustering.AgglomerativeBottleneck
            )
            model = bottleneck(number, estimator=estimator, **how).fit(counts)
            selection = support_of_number(model, counts)
            subclasses = subclasses_of_neurons(model, selection)
        begin("information")
        # Silent neurons are in no class by timing: a group of their own, after all.
        groups = np.where(model.labels_ < 0, model.n_clusters_, model.labels_)
        information = identity_information(
            counts,
            groups=counted.groups(),
            partitions=(groups, np.unique(subclasses, return_inverse=True)[1]),
        )
        begin("intervals")
        interval = np.full((len(model.information_), 2), np.nan)
        if not is_by_timing:
            of_words = cast("AgglomerativeBottleneck | SequentialBottleneck", model)
            interval = curve_interval(of_words, counts.counts, counted.groups())
        is_in = model.labels_ >= 0
        class_information = information_between_classes(
            counts.counts[is_in],
            model.labels_[is_in],
            (group[is_in] for group in counted.groups()),
        )
        begin("agreement")
        by_recording, pooling_issues = agreement_with_recordings(
            block,
            [
                unit
                for unit, is_kept in zip(responses.units, is_in, strict=True)
                if is_kept
            ],
            model.labels_[is_in],
            random_state=random_state,
        )
        leaves = responses.units if fit is None else fit.part_of(responses.units)
        duplicates = duplicate_issues(
            block, responses.presentations, leaves, model.pairwise_losses_
        )
        warn_of((*pooling_issues, *duplicates))
        agreement = None
        if reference is not None:
            agreement = agreement_with(
                reference,
                block,
                [
                    u
                    for u, is_kept in zip(counts.unit_ids, is_in, strict=True)
                    if is_kept
                ],
                model.labels_[is_in],
                random_state=random_state,
            )
        begin("stability")
        stable = None
        if stability:
            stable = _stability(
                model, counts, fit, selection, stability, progress=run.progress, **how
            )
        begin("rates")
        rates = responses.rates
        without = without_drifting(counts, counted.groups(), responses.drift)
        n_distinguishable = count_distinguishable(counts)
        units = _units_of_recording(
            responses, _OfNeurons(model.labels_, information, subclasses), fit
        )
        units = replace(units, min_confidence=settings.min_confidence)
        begin("descriptions")
        description = None
        if light.is_asked_for:
            description = describe_units(
                responses,
                labels_of_classes(units.labels, units.takes_part, responses.units),
                "found here",
                known_light,
                _described_light(light, known_light),
            )
        begin("stimuli")
        advice = None
        if light.recommend and fit is not None:
            advice = advise(responses, fit)
        begin("mosaics")
        mosaics: CellMosaics | None = None
        mosaic_issues: tuple[Issue, ...] = ()
        if cells is not None:
            mosaics, mosaic_issues = mosaics_of_classes(
                cells,
                np.where(units.takes_part & ~units.is_unassigned, units.labels, -1),
                units.unit_ids,
                random_state,
                None if fit is None else fit.class_correlations(),
            )
    return Classification(
        units=units,
        tree=ClassHierarchy(
            children=model.children_,
            distances=model.distances_,
            leaf_order=model.leaf_order_,
            pairwise_loss=model.pairwise_losses_,
            micro_labels=getattr(model, "micro_labels_", None),
        ),
        curve=InformationCurve(
            model.information_, interval, "bits/spike" if is_by_timing else "bits/word"
        ),
        psth=UnitPsth(rates.psth[np.flatnonzero(units.takes_part)], rates.bin_size),
        selection=selection,
        information=information,
        class_information=class_information,
        drift=responses.drift,
        without_drifting=without,
        n_distinguishable=n_distinguishable,
        stability=stable,
        agreement=agreement,
        by_recording=by_recording,
        recording=block,
        presentations=responses.presentations,
        settings={
            "n_clusters": (
                {
                    "value": selection.n_clusters,
                    "chosen": "auto",
                    "why": selection.reason,
                }
                if number == "auto"
                else selection.n_clusters
            ),
            "max_information_loss": settings.max_information_loss,
            "criterion": criterion
            if criterion["value"] != settings.criterion
            else settings.criterion,
            "rate_weight": settings.rate_weight,
            "cut": settings.cut,
            **responses.described_settings(),
            "estimator": estimator,
            "method": method if settings.method == "auto" else settings.method,
            "min_confidence": settings.min_confidence,
            "positions": None if positions is None else str(positions),
            **_described_light(light, known_light),
            "reference": None if reference is None else str(reference),
            "stability": stability,
            "random_state": random_state,
        },
        issues=(
            *responses.issues,
            *(fit.issues if fit is not None else ()),
            *pooling_issues,
            *duplicates,
            *(description.issues if description is not None else ()),
            *mosaic_issues,
        ),
        timing=None if fit is None else fit.timing,
        mosaics=mosaics,
        description=description,
        advice=advice,
        model=None if fit is None else fit.as_model(responses),
    )


def _described_light(light: DescriptionSettings, known: KnownLight) -> dict[str, Any]:
    """Return what was asked to be described, as settings."""
    path = light.stimulus_file
    return {
        "describe": light.is_asked_for,
        "light_on": known.light_on,
        "stimulus_file": None if path is None else str(path),
        "recommend": light.recommend,
    }


def _stability(
    model: AnyModel,
    counts: ResponseCounts,
    fit: TimingFit | None,
    selection: ClusterNumber,
    n_replicates: int,
    **how: Any,
) -> Stability | None:
    if fit is not None:
        return stability_by_timing(fit, n_replicates, **how)
    words = cast("AgglomerativeBottleneck | SequentialBottleneck", model)
    return stability_of_classes(words, counts, selection, n_replicates, **how)


def _positions_of(positions: str | Path, block: Any) -> CellPositions:
    """Return positions of the units of one recording."""
    names = {
        str(train.annotations.get(RECORDING)) for train in block.segments[0].spiketrains
    }
    if len(names) > 1:
        raise ValueError(
            "positions must be of one recording, whose cells lie in one plane; got "
            f"{len(names)} recordings. Classify each by itself, or assign the cells of "
            "one to the classes of another."
        )
    return read_positions(positions, block)


@dataclass(frozen=True)
class _OfNeurons:
    """Results of the classified neurons, to be spread over all units."""

    labels: NDArray[np.intp]
    information: IdentityInformation
    subclasses: NDArray[Any]


def _units_of_recording(
    responses: Responses, found: _OfNeurons, fit: TimingFit | None
) -> ClassifiedUnits:
    """Spread the results of the classified neurons over all units of the recording."""
    recording, chosen = responses.recording, list(responses.units)
    trains = recording.segments[0].spiketrains
    labels = np.full(len(trains), -1)
    labels[chosen] = found.labels
    information = np.full(len(trains), np.nan)
    information[chosen] = found.information.per_neuron
    interval = np.full((len(trains), 2), np.nan)
    interval[chosen] = found.information.per_neuron_interval
    subclasses = np.full(len(trains), "", dtype=object)
    subclasses[chosen] = found.subclasses
    counted = np.zeros(len(trains), dtype=bool)
    counted[chosen] = True
    takes_part, confidence = labels >= 0, np.full(len(trains), np.nan)
    if fit is not None:
        takes_part, confidence = fit.timing.takes_part, fit.timing.confidence
    asked = set(responses.chosen)
    reasons = [
        _reason(is_asked=k in asked, is_counted=bool(counted[k]))
        if labels[k] < 0
        else ("" if takes_part[k] else "unresponsive: its response does not repeat")
        for k in range(len(trains))
    ]
    return ClassifiedUnits(
        unit_ids=tuple(train.annotations["unit_id"] for train in trains),
        labels=labels,
        subclasses=tuple(subclasses),
        recordings=tuple(
            str(train.annotations.get(RECORDING, recording.name)) for train in trains
        ),
        reasons=tuple(reasons),
        n_spikes=np.array([len(train) for train in trains], dtype=np.intp),
        firing_rate=responses.rates.mean,
        is_silent=responses.rates.is_silent,
        information=information,
        information_interval=interval,
        is_counted=counted,
        takes_part=takes_part,
        confidence=confidence,
    )


def _reason(*, is_asked: bool, is_counted: bool) -> str:
    """Return why a unit has no class."""
    if is_counted:
        return "silent: no spike in the presentations"
    return "recorded in no presentation" if is_asked else "not asked for"
