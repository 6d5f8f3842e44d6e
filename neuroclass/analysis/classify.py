"""Functional classes of the neurons of a recording.

Input: a recording, or its `Responses`. Output: `Classification`, the classes and all
that was measured of them, which plots, saves and shows itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from neuroclass import plotting, report
from neuroclass._lib.checks import as_bytes, check_choice, check_positive_int
from neuroclass._lib.issues import warn_of
from neuroclass._lib.progress import show_stages
from neuroclass._lib.running import RunSettings
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
from neuroclass.clustering import (
    METHODS,
    AgglomerativeBottleneck,
    SequentialBottleneck,
    choose_method,
)
from neuroclass.estimators import ESTIMATORS, Estimator
from neuroclass.information.classes import information_between_classes
from neuroclass.information.identity import IdentityInformation, identity_information
from neuroclass.presentations import RECORDING
from neuroclass.results.classification import (
    ClassHierarchy,
    ClassificationResult,
    ClassifiedUnits,
    InformationCurve,
    UnitPsth,
)

__all__ = ["Classification", "classify_neurons"]


class Classification(ClassificationResult):
    """The functional classes of the neurons of a recording: `ClassificationResult`.

    Made by `classify_neurons`. Printing it gives the table of classes.
    """

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the result on one page: curve, tree, sizes and responses by class.

        Parameters
        ----------
        path : str or Path, optional
            File to write the figure to, as well.

        Returns
        -------
        matplotlib.figure.Figure
        """
        figure = plotting.plot_overview(self)
        if path is not None:
            figure.savefig(path)
        return figure

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write labels, figures and report into a folder: `save_results`."""
        return report.save_results(self, Path(folder), force=force)

    def _repr_html_(self) -> str:
        table = self.short_summary().to_html(
            index=False, float_format="{:.3g}".format, border=0
        )
        return (
            f"<div><p><b>{escape(self.headline())}</b></p>"
            f"{plotting.information_curve_svg(self)}{table}</div>"
        )


def classify_neurons(
    recording: Recordings | Responses,
    *,
    n_clusters: Literal["auto"] | int = "auto",
    max_information_loss: float | None = None,
    estimator: Estimator = "miller-madow",
    method: Literal["auto", "agglomerative", "sequential"] = "auto",
    reference: str | Path | None = None,
    stability: int = 0,
    random_state: int = 0,
    **options: Unpack[PreparationOptions],
) -> Classification:
    """Find the functional classes of the neurons of a recording.

    Parameters
    ----------
    recording : Responses, neo.Block, str or Path, or a sequence of the latter three
        As from `prepare_responses` or `load_recording`, or what it reads. Several
        under the same stimulus are pooled: `pool_recordings`.
    n_clusters : "auto" or int, default "auto"
        Number of classes.
    max_information_loss : float, optional
        Instead of `n_clusters`: largest fraction of the identity information that the
        classes may lose; as few classes as possible are made.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Bias correction of the losses: `AgglomerativeBottleneck`.
    method : {"auto", "agglomerative", "sequential"}
        `AgglomerativeBottleneck`, or for very many neurons `SequentialBottleneck`;
        "auto" takes the first while its matrix of pairs fits into `memory`.
    reference : str or Path, optional
        Other labels of the same units to compare with: a units column, a
        ``labels.csv`` or a result folder.
    stability : int, default 0
        Number of resampled stimuli to classify again, 100 or more for narrow
        intervals: `bootstrap_stability`.
    random_state : int, default 0
        Seed of the restarts, permutations and resampled stimuli.
    **options
        Keywords of `ResponseSettings` (intervals, stimulus, min_repeats, condition,
        triggers, trial_duration, bin_size, word_length, response, units), unless
        `recording` is `Responses`, and of `RunSettings` (n_jobs, cache, memory,
        progress), on which the result does not depend.

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
    >>> classify_neurons(retina, bin_size=0.02).headline()
    '3 classes of 24 neurons (these data support 3 to 4)'
    """
    number = _number_or_share(n_clusters, max_information_loss)
    check_choice(estimator, "estimator", ESTIMATORS)
    check_choice(method, "method", METHODS)
    stability = check_positive_int(stability, "stability", minimum=0)
    as_bytes(options.get("memory", RunSettings.memory), "memory")
    responses, run = responses_of(
        recording, dict(options), "classify_neurons", _own_keywords()
    )
    block, counts, counted = responses.recording, responses.counts, responses.counted
    if reference is not None:
        read_reference(reference, block)  # a wrong name before the work
    with show_stages(run.progress) as begin:
        begin("classes")
        method_setting = choose_method(
            method, counts.n_neurons, as_bytes(run.memory, "memory")
        )
        bottleneck = (
            SequentialBottleneck
            if method_setting["value"] == "sequential"
            else AgglomerativeBottleneck
        )
        model = bottleneck(
            number, estimator=estimator, n_jobs=run.n_jobs, random_state=random_state
        ).fit(counts)
        selection = support_of_number(model, counts)
        subclasses = subclasses_of_neurons(model, selection)
        begin("information")
        information = identity_information(
            counts,
            groups=counted.groups(),
            partitions=(model.labels_, np.unique(subclasses, return_inverse=True)[1]),
        )
        begin("intervals")
        interval = curve_interval(model, counts.counts, counted.groups())
        class_information = information_between_classes(
            counts.counts, model.labels_, counted.groups()
        )
        begin("agreement")
        by_recording, pooling_issues = agreement_with_recordings(
            block, responses.units, model.labels_, random_state=random_state
        )
        warn_of(pooling_issues)
        agreement = None
        if reference is not None:
            agreement = agreement_with(
                reference,
                block,
                counts.unit_ids,
                model.labels_,
                random_state=random_state,
            )
        begin("stability")
        stable = None
        if stability:
            stable = stability_of_classes(
                model,
                counts,
                selection,
                stability,
                random_state=random_state,
                n_jobs=run.n_jobs,
                progress=run.progress,
            )
        begin("rates")
        rates = responses.rates
    settings = {
        "n_clusters": (
            {"value": selection.n_clusters, "chosen": "auto", "why": selection.reason}
            if number == "auto"
            else selection.n_clusters
        ),
        "max_information_loss": max_information_loss,
        **responses.described_settings(),
        "estimator": estimator,
        "method": method_setting if method == "auto" else method,
        "reference": None if reference is None else str(reference),
        "stability": stability,
        "random_state": random_state,
    }
    return Classification(
        units=_units_of_recording(
            responses, _OfNeurons(model.labels_, information, subclasses)
        ),
        tree=ClassHierarchy(
            children=model.children_,
            distances=model.distances_,
            leaf_order=model.leaf_order_,
            pairwise_loss=model.pairwise_losses_,
            micro_labels=getattr(model, "micro_labels_", None),
        ),
        curve=InformationCurve(model.information_, interval),
        psth=UnitPsth(rates.psth[list(responses.units)], rates.bin_size),
        selection=selection,
        information=information,
        class_information=class_information,
        drift=responses.drift,
        without_drifting=without_drifting(counts, counted.groups(), responses.drift),
        n_distinguishable=count_distinguishable(counts),
        stability=stable,
        agreement=agreement,
        by_recording=by_recording,
        recording=block,
        presentations=responses.presentations,
        settings=settings,
        issues=(*responses.issues, *pooling_issues),
    )


def _own_keywords() -> tuple[str, ...]:
    return tuple(classify_neurons.__kwdefaults__ or ())


def _number_or_share(n_clusters: Any, max_information_loss: float | None) -> Any:
    if max_information_loss is None:
        if isinstance(n_clusters, float):
            raise ValueError(
                f"n_clusters must be 'auto' or an integer; got {n_clusters!r}. For a "
                f"fraction of the information give max_information_loss."
            )
        return n_clusters
    if n_clusters != "auto":
        raise ValueError(
            "n_clusters must not be given together with max_information_loss."
        )
    if not 0 < max_information_loss < 1:
        raise ValueError(
            f"max_information_loss must be between 0 and 1; got "
            f"{max_information_loss!r}."
        )
    return 1.0 - max_information_loss


@dataclass(frozen=True)
class _OfNeurons:
    """Results of the classified neurons, to be spread over all units."""

    labels: NDArray[np.intp]
    information: IdentityInformation
    subclasses: NDArray[Any]


def _units_of_recording(responses: Responses, found: _OfNeurons) -> ClassifiedUnits:
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
    asked = set(responses.chosen)
    return ClassifiedUnits(
        unit_ids=tuple(train.annotations["unit_id"] for train in trains),
        labels=labels,
        subclasses=tuple(subclasses),
        recordings=tuple(
            str(train.annotations.get(RECORDING, recording.name)) for train in trains
        ),
        reasons=tuple(
            ""
            if label >= 0
            else ("recorded in no presentation" if k in asked else "not asked for")
            for k, label in enumerate(labels)
        ),
        n_spikes=np.array([len(train) for train in trains], dtype=np.intp),
        firing_rate=responses.rates.mean,
        is_silent=responses.rates.is_silent,
        information=information,
        information_interval=interval,
    )
