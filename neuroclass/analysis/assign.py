"""Cells of a recording put into known classes: of another recording, or known types.

Input: a recording, and a `ClassModel` or known types. Output: `Assignment`,
`KnownTypes`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Unpack

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue, warn_of
from neuroclass._lib.wording import some
from neuroclass.analysis.bin_choice import base_bin
from neuroclass.analysis.reference_labels import read_reference
from neuroclass.analysis.responses import (
    PreparationOptions,
    Recordings,
    counts_of_sums,
    load_presentations,
    split_options,
)
from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingMatrix,
    class_confidence,
    class_posterior,
    find_participants,
    fit_to_classes,
)
from neuroclass.exceptions import RecordingError
from neuroclass.presentations import Presentations, select_units
from neuroclass.responses.spike_sums import sum_spikes, time_resolution
from neuroclass.results.assignment import Assignment, KnownTypes, Reading
from neuroclass.results.class_model import ClassModel, read_class_model

__all__ = ["assign_cells", "read_types"]


def assign_cells(
    recording: Recordings,
    model: ClassModel | str | Path,
    *,
    min_confidence: float = 0.0,
    types: str | Path | None = None,
    **options: Unpack[PreparationOptions],
) -> Assignment:
    """Put the cells of a recording into the classes of another.

    Parameters
    ----------
    recording : neo.Block, str or Path
        Under the same stimulus as the model: the same names and durations.
    model : ClassModel, str or Path
        The classes, or the result folder that holds them.
    min_confidence : float, default 0
        Cells whose confidence in their class is below are in none.
    types : str or Path, optional
        Known types of the cells, to compare with: as `reference` of
        `classify_neurons`.
    **options
        Keywords of `ResponseSettings` that select repeats and units, as in
        `classify_neurons`.

    Returns
    -------
    Assignment

    Raises
    ------
    FileNotFoundError
        If the folder has no model.
    RecordingError
        If the recording cannot be used, or is under another stimulus than the model.
    ValueError
        If the bin width is another than that of the model, or an argument is out of
        range.

    Notes
    -----
    A cell is put into the class of the largest posterior probability
    (`class_posterior`), with the confidence of `class_confidence`; rates and gains do
    not matter, for profiles are compared, unless the classes were made with a weight of
    the rate. It is in none of these if it is farther from
    the class than its members are, or all neurons together predict its spikes as well
    (`fit_to_classes`), or the confidence is below the bound.

    Examples
    --------
    >>> from neuroclass import classify_neurons, simulate_retina
    >>> light = {"stimulus_random_state": 1, "n_unique": 0, "duration": "6s"}
    >>> retinas = [simulate_retina(2, 20, random_state=k, **light) for k in (0, 1)]
    >>> model = classify_neurons(retinas[0]).model
    >>> assign_cells(retinas[1], model, types="true_type").agreement.accuracy
    1.0
    """
    if not isinstance(model, ClassModel):
        model = read_class_model(model)
    if not 0 <= min_confidence <= 1:
        raise ValueError(f"min_confidence must be from 0 to 1; got {min_confidence!r}.")
    block, spikes, units = _spikes_like(recording, model, dict(options), "assign_cells")
    n_known = len(model.labels)
    both = _stacked(model.spikes, spikes)
    matrix = TimingMatrix.from_spikes(
        both,
        half_weight=model.half_weight,
        rate_weight=model.rate_weight,
        median_rate=model.median_rate,
    )
    members = matrix.of(np.arange(n_known))
    fires = spikes.counts.sum(axis=1) > 0
    cells = matrix.of(n_known + np.flatnonzero(fires))
    trains = block.segments[0].spiketrains
    n_units = len(trains)
    nearest = np.full(n_units, -1)
    confidence, distance, limit = np.full((3, n_units), np.nan)
    reasons = np.full(n_units, "not recorded in the presentations", dtype=object)
    reasons[units] = "silent: no spike in the presentations"
    placed = np.array(units)[fires]
    if len(placed):
        own = class_posterior(members, model.labels, cells).argmax(axis=1)
        fit = fit_to_classes(members, model.labels, cells, own)
        nearest[placed] = own
        confidence[placed] = class_confidence(members, model.labels, cells, own)
        distance[placed], limit[placed] = fit.distance, fit.limit
        reasons[placed] = _reasons(
            confidence[placed], fit.is_outside, fit.is_chance, min_confidence
        )
    is_in = (nearest >= 0) & (reasons == "")
    labels = np.where(is_in, nearest, -1)
    agreement = None
    if types is not None:
        agreement = _agreement(types, block, labels, model)
    return Assignment(
        unit_ids=tuple(train.annotations["unit_id"] for train in trains),
        labels=labels,
        nearest=nearest,
        confidence=confidence,
        distance=distance,
        limit=limit,
        reasons=tuple(reasons),
        model=model,
        min_confidence=min_confidence,
        agreement=agreement,
        recording=str(block.name),
        issues=(),
    )


def _reasons(
    confidence: NDArray[np.float64],
    is_outside: NDArray[np.bool_],
    is_chance: NDArray[np.bool_],
    least: float,
) -> NDArray[Any]:
    reasons = np.full(len(confidence), "", dtype=object)
    reasons[confidence < least] = f"none of these: confidence below {least:g}"
    reasons[is_outside] = "none of these: farther from the class than its members"
    reasons[is_chance] = "none of these: fits no class better than all together"
    return reasons


def read_types(
    recording: Recordings,
    types: str | Path,
    **options: Unpack[PreparationOptions],
) -> KnownTypes:
    """Measure how far known types of cells can be read from their responses.

    Parameters
    ----------
    recording : neo.Block, str or Path
        The recording.
    types : str or Path
        Known types of its cells: a units column, a ``labels.csv`` or a result folder.
    **options
        Keywords of `ResponseSettings` that select repeats and units, and `bin_size`,
        as in `classify_neurons`.

    Returns
    -------
    KnownTypes

    Raises
    ------
    RecordingError
        If the recording cannot be used.
    ValueError
        If fewer than two types have two cells or more whose response repeats.

    Notes
    -----
    Each cell is left out of its own type, and read as the type of the largest
    posterior probability. Nothing is fitted besides the types' profiles. Cells whose
    response does not repeat make no profile and are not scored.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(2, 16, 30, "5s", n_unique=0, random_state=0)
    >>> read_types(retina, "true_type").to_frame().shape
    (16, 5)
    """
    settings, run = split_options(dict(options), "read_types")
    block, presentations = load_presentations(recording, settings, run)
    chosen = select_units(block, settings.units)
    asked = settings.bin_size
    width = (
        base_bin(block, presentations, chosen)
        if isinstance(asked, str)
        else max(float(asked), time_resolution(block, chosen))
    )
    sums = sum_spikes(block, presentations, width, units=chosen)
    spikes = counts_of_sums(sums)
    name, of_unit = read_reference(types, block)
    typed = np.array(
        [
            k
            for k, unit in enumerate(sums.unit_ids)
            if str(unit) in of_unit and spikes.counts[k].sum() > 0
        ],
        dtype=np.intp,
    )
    responds = find_participants(spikes).takes_part[typed]
    named = np.array([str(of_unit[str(sums.unit_ids[k])]) for k in typed], dtype=object)
    size = Counter(named[responds])
    scored = sorted(name for name, n in size.items() if n > 1)
    if len(scored) < 2:
        raise ValueError(
            "types must be of two types or more with two cells each whose response "
            f"repeats; {name} has "
            f"{some([f'{one} ({n})' for one, n in sorted(size.items())]) or 'none'}."
        )
    is_scored = np.isin(named.astype(str), scored)
    single = tuple(sorted(set(named) - set(scored)))
    typed, named, responds = typed[is_scored], named[is_scored], responds[is_scored]
    of_type = np.array([scored.index(one) for one in named], dtype=np.intp)
    part = spikes.of(typed[responds])
    half_weight = TimingMatrix.from_spikes(part).half_weight
    matrix = TimingMatrix.from_spikes(spikes.of(typed), half_weight=half_weight)
    members, labels = matrix.of(responds), of_type[responds]
    predicted = np.empty(len(typed), np.intp)
    confidence = np.empty(len(typed))
    predicted[responds] = class_posterior(members, labels).argmax(axis=1)
    confidence[responds] = class_confidence(members, labels)
    if not responds.all():
        aside = matrix.of(~responds)
        found = class_posterior(members, labels, aside).argmax(axis=1)
        predicted[~responds] = found
        confidence[~responds] = class_confidence(members, labels, aside, found)
    confusion = np.zeros((len(scored), len(scored)), np.intp)
    np.add.at(confusion, (labels, predicted[responds]), 1)
    return KnownTypes(
        unit_ids=tuple(sums.unit_ids[k] for k in typed),
        types=tuple(named),
        predicted=tuple(scored[k] for k in predicted),
        confidence=confidence,
        is_responsive=responds,
        reading=_reading(tuple(scored), confusion, tuple(scored)),
        single=single,
        name=name,
        model=ClassModel(
            spikes=part,
            labels=labels,
            class_names=tuple(scored),
            half_weight=half_weight,
            bin_size=sums.bin_size,
            stimuli=presentations.stimuli,
            recording=str(block.name),
        ),
    )


def _reading(
    types: tuple[str, ...], confusion: NDArray[np.intp], class_names: tuple[str, ...]
) -> Reading:
    """Return the accuracy of a confusion matrix, rows types, columns classes.

    The class of a type is the one of its name, or that with most of its cells.
    """
    is_named = set(types) & set(class_names)
    right = np.array(
        [
            row[class_names.index(name)]
            if name in class_names
            else 0
            if is_named
            else row.max()
            for name, row in zip(types, confusion, strict=True)
        ]
    )
    n_of = confusion.sum(axis=1)
    return Reading(
        types=types,
        confusion=confusion,
        class_names=class_names,
        accuracy=float(right.sum() / n_of.sum()),
        balanced_accuracy=float(np.mean(right / n_of)),
        chance=float(n_of.max() / n_of.sum()),
    )


def _agreement(
    types: str | Path,
    block: neo.Block,
    labels: NDArray[np.intp],
    model: ClassModel,
) -> Reading | None:
    """Compare the classes of cells that are in one with their known types."""
    _, of_unit = read_reference(types, block)
    trains = block.segments[0].spiketrains
    pairs = [
        (str(of_unit[str(train.annotations["unit_id"])]), int(label))
        for train, label in zip(trains, labels, strict=True)
        if label >= 0 and str(train.annotations["unit_id"]) in of_unit
    ]
    if not pairs:
        return None
    names = tuple(sorted({name for name, _ in pairs}))
    confusion = np.zeros((len(names), len(model.class_names)), np.intp)
    for name, label in pairs:
        confusion[names.index(name), label] += 1
    return _reading(names, confusion, model.class_names)


def _spikes_like(
    recording: Recordings,
    model: ClassModel,
    options: dict[str, Any],
    function_name: str,
) -> tuple[neo.Block, SpikeCounts, list[int]]:
    """Return spikes in the conditions of a model, and the units they are of."""
    asked = options.get("bin_size", "auto")
    settings, run = split_options(options, function_name)
    if not isinstance(asked, str) and abs(float(asked) / model.bin_size - 1) > 1e-6:
        raise ValueError(
            f"bin_size must be that of the model, {1e3 * model.bin_size:g} ms; got "
            f"{1e3 * float(asked):g} ms. Leave it out, or make the model again."
        )
    block, presentations = load_presentations(recording, settings, run)
    units = list(select_units(block, settings.units))
    _check_stimulus(presentations, model)
    resolution = time_resolution(block, units)
    if resolution > model.bin_size * (1 + 1e-6):
        raise RecordingError(
            f"the bins of the model, {1e3 * model.bin_size:g} ms, must not be narrower "
            f"than the resolution of the spike times, {1e3 * resolution:g} ms. Make "
            f"the model again with bin_size={resolution:g}."
        )
    sums = sum_spikes(block, presentations, model.bin_size, units=units)
    columns = _columns_of(sums.stimulus, presentations, model)
    found = SpikeCounts.from_sums(
        sums.counts[:, columns],
        sums.variance[:, columns],
        sums.repeats[:, columns],
        stimulus=model.spikes.stimulus,
        odd=sums.odd[:, columns],
    )
    issues: tuple[Issue, ...] = presentations.issues
    warn_of(issues)
    is_recorded = found.is_recorded.any(axis=1)
    if not is_recorded.any():
        raise RecordingError(
            f"{block.name} must have a unit that was recorded in some presentation; it "
            "has none. Check its observation intervals."
        )
    kept = np.flatnonzero(is_recorded)
    return block, found.of(kept), [units[k] for k in kept]


def _check_stimulus(presentations: Presentations, model: ClassModel) -> None:
    """Refuse a recording under another stimulus than the model."""
    seconds = dict(zip(presentations.stimuli, presentations.durations, strict=True))
    text = some([f"{name} ({one:.3g} s)" for name, one in seconds.items()])
    wrong = set(seconds) ^ set(model.stimuli)
    for name, n_bins in zip(model.stimuli, model.n_bins, strict=True):
        own = n_bins * model.bin_size
        if name in seconds and abs(seconds[name] - own) > 1.5 * model.bin_size:
            wrong.add(name)
    if wrong:
        raise RecordingError(
            f"the recording must be under the stimulus of the model, "
            f"{model.stimulus_text} of {model.recording}; got {text}. Select it with "
            "stimulus (--stimulus COLUMN=VALUE,...), or make a model of this stimulus."
        )


def _columns_of(
    stimulus: NDArray[np.intp], presentations: Presentations, model: ClassModel
) -> NDArray[np.intp]:
    """Return the conditions of the recording in the order of the model's.

    A stimulus that is a bin shorter repeats its last bin, which makes no difference.
    """
    columns: list[int] = []
    for name, n_bins in zip(model.stimuli, model.n_bins, strict=True):
        own = np.flatnonzero(stimulus == presentations.stimuli.index(name))
        place = np.minimum(np.arange(n_bins), len(own) - 1)
        columns.extend(own[place].tolist())
    return np.array(columns, dtype=np.intp)


def _stacked(first: SpikeCounts, second: SpikeCounts) -> SpikeCounts:
    """Return the neurons of both, one after the other."""
    assert first.odd is not None
    assert second.odd is not None
    return SpikeCounts.from_sums(
        np.concatenate([first.counts, second.counts]),
        np.concatenate([first.variance, second.variance]),
        np.concatenate([first.repeats, second.repeats]),
        stimulus=first.stimulus,
        odd=np.concatenate([first.odd, second.odd]),
    )
