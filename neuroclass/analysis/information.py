"""Identity information of a recording and of each of its neurons.

Input: a recording, or its `Responses`. Output: `RecordingInformation`.
"""

from __future__ import annotations

from typing import Literal, Unpack

from neuroclass._lib.blas_threads import few_blas_threads
from neuroclass._lib.progress import progress_bar
from neuroclass.analysis.quality_checks import without_drifting
from neuroclass.analysis.responses import (
    PreparationOptions,
    Recordings,
    Responses,
    responses_of,
)
from neuroclass.estimators import EntropyEstimator
from neuroclass.information.identity import identity_information
from neuroclass.results.recording_information import RecordingInformation

__all__ = ["measure_information"]


def measure_information(
    recording: Recordings | Responses,
    *,
    estimator: Literal["empirical-bayes", "blend"]
    | EntropyEstimator = "empirical-bayes",
    **options: Unpack[PreparationOptions],
) -> RecordingInformation:
    """Measure the identity information of a recording and of each of its neurons.

    What ``neuroclass information`` prints.

    Parameters
    ----------
    recording : Responses, neo.Block, str or Path, or a sequence of the latter three
        As from `prepare_responses` or `load_recording`, or what it reads. Several
        under the same stimulus are pooled: `pool_recordings`.
    estimator : str, default "empirical-bayes"
        As in `identity_information`.
    **options
        Keywords of `ResponseSettings` (intervals, stimulus, min_repeats, condition,
        triggers, trial_duration, bin_size, word_length, response, units), unless
        `recording` is `Responses`, and of `RunSettings` (cache, progress).

    Returns
    -------
    RecordingInformation

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
    >>> retina = simulate_retina(2, 6, 20, duration="5s", n_unique=0, random_state=0)
    >>> measure_information(retina, bin_size="20ms").to_frame().shape
    (6, 7)
    """
    responses, run = responses_of(
        recording, dict(options), "measure_information", ("estimator",)
    )
    counts, counted = responses.counts, responses.counted
    groups = progress_bar(
        counted.groups(), desc="groups of repeats", progress=run.progress
    )
    with few_blas_threads(counts.n_neurons):
        information = identity_information(counts, estimator=estimator, groups=groups)
        without = without_drifting(counts, counted.groups(), responses.drift)
    return RecordingInformation(
        unit_ids=counts.unit_ids,
        information=information,
        drift=responses.drift,
        without_drifting=without,
        recording=responses.recording,
        presentations=responses.presentations,
        settings={**responses.described_settings(), "estimator": estimator},
        issues=responses.issues,
    )
