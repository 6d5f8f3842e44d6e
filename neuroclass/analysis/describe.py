"""What the classes of a recording respond to, in the words of the field.

Input: a recording, or its `Responses`, and what is known of its stimulus. Output:
`ResponseDescription`. No class is made with it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Unpack

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from neuroclass._lib.checks import as_seconds
from neuroclass._lib.issues import Issue, warn_of
from neuroclass.analysis.classify import classify_neurons
from neuroclass.analysis.reference_labels import read_reference
from neuroclass.analysis.responses import (
    PreparationOptions,
    Recordings,
    Responses,
    responses_of,
)
from neuroclass.io import StimulusTrace, read_stimulus
from neuroclass.presentations import Presentations, spike_seconds
from neuroclass.responses import read_spikes
from neuroclass.responses.words import bin_spikes
from neuroclass.results import ResponseDescription
from neuroclass.tuning import (
    Selectivity,
    StepResponse,
    StimulusAverage,
    autocorrelogram,
    direction_selectivity,
    refractory_violations,
    response_reliability,
    spike_triggered_average,
    step_response,
)

__all__ = ["describe_classes"]

_BIN = 0.01  # s
_SMOOTHING = 0.03  # s, of the reliability
_STEP_SMOOTHING = 0.01  # s, of latencies
_ANGLE = re.compile(r"(^|_)(angle|direction|orientation|theta)", re.IGNORECASE)
_MOST_CORRELATED = 0.2  # of neighbouring frames of a white flicker


def describe_classes(
    recording: Recordings | Responses,
    *,
    reference: str | Path | None = None,
    light_on: tuple[float | str, float | str] | None = None,
    stimulus_file: str | Path | None = None,
    random_state: int = 0,
    **options: Unpack[PreparationOptions],
) -> ResponseDescription:
    """Describe what classes and their units respond to.

    Parameters
    ----------
    recording : Responses, neo.Block, str or Path, or a sequence of the latter three
        As in `classify_neurons`.
    reference : str or Path, optional
        The classes: a units column, a ``labels.csv`` or a result folder; by default
        those that `classify_neurons` finds.
    light_on : tuple of two times, optional
        When the light of every stimulus goes on and off, after its onset: ON/OFF index,
        latency and transience (`step_response`).
    stimulus_file : str or Path, optional
        The flicker, frame by frame (`read_stimulus`): spike-triggered average.
    random_state : int, default 0
        Seed of `classify_neurons`.
    **options
        Keywords of `ResponseSettings`, unless `recording` is `Responses`, and of
        `RunSettings`.

    Returns
    -------
    ResponseDescription
        Direction and orientation selectivity, too, where the column of the stimulus is
        called an angle, direction or orientation and holds numbers, in degrees.

    Raises
    ------
    RecordingError
        If the recording or the stimulus file cannot be used.
    TypeError
        If a keyword is unknown.
    ValueError
        If the light does not go on and off inside the stimuli.
    """
    responses, _ = responses_of(
        recording,
        dict(options),
        "describe_classes",
        tuple(describe_classes.__kwdefaults__ or ()),
    )
    presentations, units = responses.presentations, responses.units
    if light_on is not None:
        on, off = (as_seconds(time, "light_on") for time in light_on)
        light_on = on, off
    trace = None if stimulus_file is None else read_stimulus(stimulus_file)
    labels, classes_from = _classes(responses, reference, random_state)
    counts = [_counts(responses, unit) for unit in units]  # (n_repeats, n_bins) each
    trains = responses.recording.segments[0].spiketrains
    spikes = [np.sort(spike_seconds(trains[unit])) for unit in units]
    selectivity, issues = _selectivity(responses)
    average = None
    if trace is not None:
        average = _average(spikes, trace, presentations)
        issues += _trace_issues(trace)
    warn_of(issues)
    return ResponseDescription(
        unit_ids=responses.counts.unit_ids,
        labels=labels,
        classes_from=classes_from,
        firing_rate=responses.rates.mean[list(units)],
        reliability=np.array([_reliability(of) for of in counts]),
        violations=np.array([refractory_violations(times) for times in spikes]),
        autocorrelograms=np.array([autocorrelogram(times) for times in spikes]),
        steps=None if light_on is None else _steps(counts, light_on),
        selectivity=selectivity,
        average=average,
        presentations=presentations,
        settings={
            "reference": None if reference is None else str(reference),
            "light_on": light_on,
            "stimulus_file": None if stimulus_file is None else str(stimulus_file),
            **responses.described_settings(),
            "random_state": random_state,
        },
        issues=(*responses.issues, *issues),
    )


def _classes(
    responses: Responses, reference: str | Path | None, random_state: int
) -> tuple[tuple[str, ...], str]:
    """Return the class of each unit, "" where it has none, and their origin."""
    unit_ids = responses.counts.unit_ids
    if reference is not None:
        name, of_unit = read_reference(reference, responses.recording)
        return tuple(str(of_unit.get(str(unit), "")) for unit in unit_ids), name
    found = classify_neurons(responses, random_state=random_state, progress=False)
    labels = found.labels[list(responses.units)]
    return tuple("" if label < 0 else str(label) for label in labels), "found here"


def _counts(responses: Responses, unit: int) -> list[NDArray[np.float64]]:
    """Return the spikes of a unit in bins, by stimulus: (n_repeats, n_bins) each.

    Of the repeats in which it was recorded.
    """
    words = bin_spikes(
        read_spikes(responses.recording, [unit]),
        responses.presentations,
        _bin_of(responses.presentations),
        response="counts",
    )
    codes = words.codes_of(0)
    by_stimulus = []
    for index, n_windows in enumerate(words.n_windows):
        of = codes[words.stimulus == index, :n_windows]
        by_stimulus.append(of[(of >= 0).all(axis=1)].astype(np.float64))
    return by_stimulus


def _bin_of(presentations: Presentations) -> float:
    return min(_BIN, float(presentations.durations.min()) / 2)


def _reliability(counts: list[NDArray[np.float64]]) -> float:
    """Return the reliability of a unit, over all stimuli one after the other."""
    n_repeats = min(len(of) for of in counts)
    if n_repeats < 2:
        return float("nan")
    smoothed = [
        gaussian_filter1d(of[:n_repeats], _SMOOTHING / _BIN, axis=1, mode="nearest")
        for of in counts
    ]
    return float(response_reliability(np.concatenate(smoothed, axis=1)[None])[0])


def _steps(
    counts: list[list[NDArray[np.float64]]], light_on: tuple[float, float]
) -> StepResponse:
    """Return the responses to the light, mean of all stimuli."""
    n_bins = min(of.shape[1] for of in counts[0])
    psth = np.array(
        [
            np.concatenate([of[:, :n_bins] for of in unit]).mean(axis=0)
            if any(map(len, unit))
            else np.zeros(n_bins)
            for unit in counts
        ]
    )
    smoothed = gaussian_filter1d(psth, _STEP_SMOOTHING / _BIN, axis=1, mode="nearest")
    return step_response(smoothed, _BIN, light_on)


def _selectivity(
    responses: Responses,
) -> tuple[Selectivity | None, tuple[Issue, ...]]:
    """Return the selectivity for the angles of the stimuli, where they are angles."""
    presentations = responses.presentations
    column = presentations.source.rpartition(".")[2]
    try:
        angles = np.array([float(name) for name in presentations.stimuli])
    except ValueError:
        return None, ()
    if len(angles) < 3 or not _ANGLE.search(column):
        return None, ()
    sums = responses.spike_sums
    rates = np.zeros((len(sums.counts), len(angles)))
    for index in range(len(angles)):
        of = sums.stimulus == index
        rates[:, index] = sums.counts[:, of].sum(axis=1) / np.maximum(
            sums.repeats[:, of].sum(axis=1), 1
        )
    try:
        return direction_selectivity(rates, angles), ()
    except ValueError as error:
        return None, (Issue("angles", f"{column}: {error}"),)


def _average(
    spikes: list[NDArray[np.float64]],
    trace: StimulusTrace,
    presentations: Presentations,
) -> StimulusAverage:
    """Return the spike-triggered average of a flicker."""
    if not trace.is_from_onset:
        return spike_triggered_average(spikes, trace.times, trace.intensity)
    inside = []
    for times in spikes:
        index = np.searchsorted(presentations.starts, times, "right") - 1
        late = times - presentations.starts[np.maximum(index, 0)]
        inside.append(late[(index >= 0) & (late <= trace.times[-1])])
    return spike_triggered_average(inside, trace.times, trace.intensity)


def _trace_issues(trace: StimulusTrace) -> tuple[Issue, ...]:
    x = trace.intensity - trace.intensity.mean()
    correlation = float((x[1:] * x[:-1]).sum() / (x**2).sum())
    if correlation < _MOST_CORRELATED:
        return ()
    return (
        Issue(
            "correlated stimulus",
            f"neighbouring frames of the stimulus are correlated ({correlation:.2f}): "
            "the spike-triggered average holds the stimulus, too; its time to peak and "
            "second lobe are not those of the neuron alone.",
        ),
    )
