"""From a recording to its functional classes: the one call that joins the stages.

Takes a recording, the path of one or several, gives a `Classification`.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import neo
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from neuroclass._lib.checks import (
    as_bytes,
    check_choice,
    check_positive_int,
    warn_user,
)
from neuroclass._lib.progress import is_watched
from neuroclass.analysis.bin_choice import count_recorded_units
from neuroclass.analysis.quality_checks import (
    agreement_with_recordings,
    check_counts_can_be_classified,
    warn_of_drift,
    without_drifting,
)
from neuroclass.analysis.reference_labels import agreement_with, read_reference
from neuroclass.analysis.support import (
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
from neuroclass.discrimination.divergence import (
    distinguishable_groups,
    pair_divergences,
)
from neuroclass.estimators import ESTIMATORS, Estimator
from neuroclass.information.classes import information_between_classes
from neuroclass.information.identity import IdentityInformation, identity_information
from neuroclass.presentations.loading import (
    find_presentations,
    open_recording,
    presentation_setting,
)
from neuroclass.presentations.pooling import RECORDING
from neuroclass.presentations.selection import Presentations
from neuroclass.presentations.units import select_units
from neuroclass.responses.block_counts import words_in_blocks
from neuroclass.responses.counts import ResponseCounts
from neuroclass.responses.firing_rates import unit_rates
from neuroclass.responses.stationarity import drift_test
from neuroclass.results.classification import Classification

__all__ = ["classify_neurons"]

_MOST_IN_PAIRS = 500  # neurons, beyond which all pairs take longer than the classes
_STAGES = (
    "presentations",
    "words",
    "classes",
    "information",
    "intervals",
    "rates",
    "stability",
)


def classify_neurons(
    recording: neo.Block | str | Path | Sequence[neo.Block | str | Path],
    *,
    n_clusters: Literal["auto"] | int = "auto",
    max_information_loss: float | None = None,
    presentations: Presentations | None = None,
    intervals: str | None = None,
    stimulus: str | None = None,
    triggers: Any = None,
    trial_duration: Any = None,
    min_repeats: int = 10,
    condition: str = "stimulus,time",
    bin_size: Any = "auto",
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    estimator: Estimator = "miller-madow",
    method: Literal["auto", "agglomerative", "sequential"] = "auto",
    memory: float | str = 4e9,
    units: Mapping[str, Sequence[Any]] | None = None,
    reference: str | Path | None = None,
    stability: int = 0,
    cache: str | Path | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Classification:
    """Find the functional classes of the neurons of a recording.

    Parameters
    ----------
    recording : neo.Block, str or Path, or a sequence of these
        As from `load_recording`, or what it reads. Several under the same stimulus
        are pooled: `pool_recordings`.
    n_clusters : "auto" or int, default "auto"
        Number of classes.
    max_information_loss : float, optional
        Instead of `n_clusters`: the fewest classes that lose no more than this
        fraction of the identity information.
    presentations : Presentations, optional
        What are repeats of what, if it is known; else it is selected by the next four.
    intervals, stimulus, min_repeats, condition
        What are repeats of what: `select_presentations`.
    triggers, trial_duration
        Stimulus onsets for a path: `load_recording`.
    bin_size : "auto", float, str or quantities.Quantity, default "auto"
        Width of a bin; a number is seconds; chosen by `choose_bin_size`.
    word_length, response
        Words: `bin_words`.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Of the losses: `AgglomerativeBottleneck`.
    method : {"auto", "agglomerative", "sequential"}
        `AgglomerativeBottleneck`, or for very many neurons `SequentialBottleneck`;
        "auto" takes the first while its matrix of pairs fits into `memory`.
    memory : float or str, default 4e9
        For method "auto": bytes, or text such as "4GB" or "500MB".
    units : mapping, optional
        Which units to classify, by unit columns: `select_units`.
    reference : str or Path, optional
        Another labelling of the same units to compare with: a units column, a
        ``labels.csv`` or a result folder.
    stability : int, default 0
        How often to resample the stimulus and classify again, 100 or more to be sure:
        `bootstrap_stability`.
    cache : str or Path, optional
        A folder that keeps what was counted, for runs that were stopped or are to come:
        `count_recording`.  A path is then loaded lazily, for very many spikes.
    n_jobs : int, optional
        Processes, as in joblib; the result does not depend on it.
    random_state : int, default 0
        Seed of the restarts, permutations and resampled stimuli.
    progress : bool, default True
        Show a progress bar, on stderr, if it takes longer than two seconds.

    Returns
    -------
    Classification

    Raises
    ------
    RecordingError
        If the recording cannot be used: no repeats, fewer than two usable units.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(n_types=3, n_neurons=24, n_unique=0, rng=0)
    >>> classify_neurons(retina, bin_size=0.02).headline()
    '3 classes of 24 neurons (these data support 3 to 4)'
    """
    wanted = _wanted_clusters(n_clusters, max_information_loss)
    check_choice(estimator, "estimator", ESTIMATORS)
    check_choice(method, "method", METHODS)
    memory = as_bytes(memory, "memory")
    stability = check_positive_int(stability, "stability", minimum=0)
    opened = open_recording(
        recording,
        triggers=triggers,
        trial_duration=trial_duration,
        lazy=cache is not None,
    )
    if presentations is not None and not isinstance(recording, neo.Block):
        raise ValueError(
            "presentations must be of a recording that is loaded already; got "
            f"{type(recording).__name__}."
        )
    bar = tqdm(_STAGES, delay=2, disable=not is_watched(progress), leave=False)
    with warnings.catch_warnings(record=True) as caught, bar:
        warnings.simplefilter("always")
        stages = iter(bar)

        def begin() -> None:
            bar.set_description(next(stages), refresh=False)

        begin()
        if presentations is None or not isinstance(opened, neo.Block):
            opened, presentations = find_presentations(
                opened,
                intervals=intervals,
                stimulus=stimulus,
                min_repeats=min_repeats,
                condition=condition,
            )
        recording = opened
        if reference is not None:
            read_reference(reference, recording)  # a wrong name is told before the work
        begin()
        chosen = select_units(recording, units)
        heard = count_recorded_units(
            recording,
            presentations,
            bin_size,
            word_length,
            response,
            units=chosen,
            cache=cache,
            progress=progress,
        )
        counted, counts, chosen = heard.counted, heard.counts, heard.units
        check_counts_can_be_classified(recording, counts)
        spoken = (presentations, heard.bin_size, word_length, response)
        drift = drift_test(words_in_blocks(recording, *spoken, units=chosen))
        warn_of_drift(drift)
        begin()
        method_setting = choose_method(method, counts.n_neurons, memory)
        bottleneck = (
            SequentialBottleneck
            if method_setting["value"] == "sequential"
            else AgglomerativeBottleneck
        )
        model = bottleneck(
            wanted, estimator=estimator, n_jobs=n_jobs, random_state=random_state
        ).fit(counts)
        selection = support_of_number(model, counts)
        named = subclasses_of_neurons(model, selection)
        begin()
        information = identity_information(
            counts,
            groups=counted.groups(),
            partitions=(model.labels_, np.unique(named, return_inverse=True)[1]),
        )
        begin()
        interval = curve_interval(model, counts.counts, counted.groups())
        kept = information_between_classes(
            counts.counts, model.labels_, counted.groups()
        )
        begin()
        rates = unit_rates(recording, presentations)
        by_recording = agreement_with_recordings(
            recording, chosen, model.labels_, rng=random_state
        )
        agreement = None
        if reference is not None:
            agreement = agreement_with(
                reference,
                recording,
                counts.unit_ids,
                model.labels_,
                random_state=random_state,
            )
        begin()
        stable = (
            stability_of_classes(
                model,
                counts,
                selection,
                stability,
                random_state=random_state,
                n_jobs=n_jobs,
                progress=progress,
            )
            if stability
            else None
        )
    doubts = _doubts(caught)
    return _assemble(
        recording,
        presentations,
        chosen,
        counts,
        information,
        model,
        named,
        selection=selection,
        information_curve_interval=interval,
        drift=drift,
        without_drifting=without_drifting(counts, counted.groups(), drift),
        kept=kept,
        stability=stable,
        n_distinguishable=_n_distinguishable(counts),
        agreement=agreement,
        by_recording=by_recording,
        psth=rates.psth[chosen],
        psth_bin_size=rates.bin_size,
        firing_rate=rates.mean,
        is_silent=rates.is_silent,
        notes=(*presentations.notes, *doubts),
        settings={
            "n_clusters": (
                {
                    "value": selection.n_clusters,
                    "chosen": "auto",
                    "why": selection.reason,
                }
                if wanted == "auto"
                else selection.n_clusters
            ),
            "max_information_loss": max_information_loss,
            "presentations": presentation_setting(presentations, intervals, stimulus),
            "min_repeats": min_repeats,
            "condition": presentations.condition,
            "bin_size": heard.bin_setting,
            "word_length": word_length,
            "response": response,
            "estimator": estimator,
            "method": method_setting if method == "auto" else method,
            "memory": memory,
            "units": None if units is None else dict(units),
            "reference": None if reference is None else str(reference),
            "stability": stability,
            "random_state": random_state,
        },
    )


def _n_distinguishable(counts: ResponseCounts) -> int | None:
    if counts.n_neurons > _MOST_IN_PAIRS:
        return None
    return int(distinguishable_groups(pair_divergences(counts).z).max()) + 1


def _doubts(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """Pass on what was warned of; return what concerns the recording."""
    for warning in caught:
        if not issubclass(warning.category, UserWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    doubts = list(
        dict.fromkeys(
            str(w.message) for w in caught if issubclass(w.category, UserWarning)
        )
    )
    for doubt in doubts:
        warn_user(doubt)
    return doubts


def _wanted_clusters(n_clusters: Any, max_information_loss: float | None) -> Any:
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


def _assemble(
    recording: neo.Block,
    presentations: Presentations,
    chosen: Sequence[int],
    counts: ResponseCounts,
    information: IdentityInformation,
    model: AgglomerativeBottleneck | SequentialBottleneck,
    named: NDArray[Any],
    **rest: Any,
) -> Classification:
    """Spread the results of the classified units over all units of the recording."""
    trains = recording.segments[0].spiketrains
    labels = np.full(len(trains), -1)
    labels[chosen] = model.labels_
    unit_information = np.full(len(trains), np.nan)
    unit_information[chosen] = information.per_neuron
    unit_interval = np.full((len(trains), 2), np.nan)
    unit_interval[chosen] = information.per_neuron_interval
    of_units = np.full(len(trains), "", dtype=object)
    of_units[chosen] = named
    asked = set(select_units(recording, rest["settings"]["units"]))
    reasons = [
        ""
        if label >= 0
        else ("recorded in no presentation" if k in asked else "not asked for")
        for k, label in enumerate(labels)
    ]
    return Classification(
        unit_ids=tuple(train.annotations["unit_id"] for train in trains),
        labels=labels,
        recordings=tuple(
            str(train.annotations.get(RECORDING, recording.name)) for train in trains
        ),
        reasons=tuple(reasons),
        n_spikes=np.array([len(train) for train in trains], dtype=np.intp),
        unit_information=unit_information,
        unit_information_interval=unit_interval,
        subclasses=tuple(of_units),
        information=information,
        micro_labels=getattr(model, "micro_labels_", None),
        children=model.children_,
        distances=model.distances_,
        leaf_order=model.leaf_order_,
        pairwise_loss=model.pairwise_losses_,
        information_curve=model.information_,
        recording=recording,
        presentations=presentations,
        **rest,
    )
