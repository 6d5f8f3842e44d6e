"""What units with a class respond to, with what is known of the light.

Input: `Responses`, the classes of their units, and `DescriptionSettings`. Output:
`ResponseDescription`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from neuroclass._lib.checks import as_seconds
from neuroclass._lib.issues import Issue, warn_of
from neuroclass.analysis.class_settings import DescriptionSettings
from neuroclass.analysis.responses import Responses
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

__all__ = ["KnownLight", "describe_units", "labels_of_classes", "read_light"]

_BIN = 0.01  # s
_SMOOTHING = 0.03  # s, of the reliability
_STEP_SMOOTHING = 0.01  # s, of latencies
_ANGLE = re.compile(r"(^|_)(angle|direction|orientation|theta)", re.IGNORECASE)
_MOST_CORRELATED = 0.2  # of neighbouring frames of a white flicker


@dataclass(frozen=True)
class KnownLight:
    """What is known of the light of the stimuli, read and checked.

    Attributes
    ----------
    light_on : tuple of float or None
        When it goes on and off after the onset of every stimulus, in seconds.
    trace : StimulusTrace or None
        The flicker, frame by frame.
    """

    light_on: tuple[float, float] | None
    trace: StimulusTrace | None


def read_light(settings: DescriptionSettings) -> KnownLight:
    """Return the times and the trace of the light that are asked for.

    Raises
    ------
    RecordingError
        If the stimulus file cannot be used.
    ValueError
        If the times are none.
    """
    light_on = settings.light_on
    return KnownLight(
        None
        if light_on is None
        else (as_seconds(light_on[0], "light_on"), as_seconds(light_on[1], "light_on")),
        None
        if settings.stimulus_file is None
        else read_stimulus(settings.stimulus_file),
    )


def labels_of_classes(
    labels: NDArray[np.intp], takes_part: NDArray[np.bool_], units: Sequence[int]
) -> tuple[str, ...]:
    """Return the class that each of these units made, "" where it made none.

    Those whose response does not repeat are in a class only by being assigned, and say
    nothing about what it does.
    """
    return tuple(
        str(labels[u]) if takes_part[u] and labels[u] >= 0 else "" for u in units
    )


def describe_units(
    responses: Responses,
    labels: tuple[str, ...],
    classes_from: str,
    light: KnownLight,
    settings: dict[str, Any],
) -> ResponseDescription:
    """Describe what the units of a recording respond to.

    Parameters
    ----------
    responses : Responses
        Of the recording.
    labels : tuple of str
        Class of each recorded unit; "" where it has none.
    classes_from : str
        Where the classes come from.
    light : KnownLight
        What is known of the light.
    settings : dict
        Settings, for the record.

    Raises
    ------
    ValueError
        If the light does not go on and off inside the stimuli.
    """
    presentations, units = responses.presentations, responses.units
    counts = [_counts(responses, unit) for unit in units]  # (n_repeats, n_bins) each
    steps = None if light.light_on is None else _steps(counts, light.light_on)
    trains = responses.recording.segments[0].spiketrains
    spikes = [np.sort(spike_seconds(trains[unit])) for unit in units]
    selectivity, issues = _selectivity(responses)
    average = None
    if light.trace is not None:
        average = _average(spikes, light.trace, presentations)
        issues += _trace_issues(light.trace)
    warn_of(issues)
    return ResponseDescription(
        unit_ids=responses.counts.unit_ids,
        labels=labels,
        classes_from=classes_from,
        firing_rate=responses.rates.mean[list(units)],
        reliability=np.array([_reliability(of) for of in counts]),
        violations=np.array([refractory_violations(times) for times in spikes]),
        autocorrelograms=np.array([autocorrelogram(times) for times in spikes]),
        steps=steps,
        selectivity=selectivity,
        average=average,
        presentations=presentations,
        settings=settings,
        issues=issues,
    )


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
