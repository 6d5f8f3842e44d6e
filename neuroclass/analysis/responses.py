"""Responses of a recording: the common start of every analysis.

Input: a recording, a path or several of either, and `ResponseSettings`. Output:
`Responses`: the recording, its presentations, counts of words, drift and issues, each
found once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias, Unpack

import neo

from neuroclass._lib.blas_threads import few_blas_threads
from neuroclass._lib.issues import Issue, warn_of
from neuroclass._lib.keywords import settings_from
from neuroclass._lib.running import RunOptions, RunSettings, run_settings
from neuroclass.analysis.bin_choice import base_bin, count_recorded_units
from neuroclass.analysis.memory_bound import check_memory
from neuroclass.analysis.quality_checks import check_counts, drift_issues
from neuroclass.clustering.timing import SpikeCounts
from neuroclass.presentations import (
    Presentations,
    find_presentations,
    open_recording,
    presentation_setting,
    select_units,
)
from neuroclass.responses.block_counts import CountedRecording, words_in_blocks
from neuroclass.responses.counts import ResponseCounts
from neuroclass.responses.firing_rates import UnitRates, unit_rates
from neuroclass.responses.settings import ResponseOptions, ResponseSettings
from neuroclass.responses.spike_sums import SpikeSums, sum_spikes, time_resolution
from neuroclass.responses.stationarity import Drift, drift_test

__all__ = [
    "PreparationOptions",
    "Recordings",
    "Responses",
    "counts_of_sums",
    "load_presentations",
    "prepare_responses",
    "refuse_settled",
    "responses_of",
    "split_options",
]

Recordings: TypeAlias = neo.Block | str | Path | Sequence[neo.Block | str | Path]


class PreparationOptions(ResponseOptions, RunOptions, total=False):
    """Keywords of `prepare_responses`: of `ResponseSettings` and `RunSettings`."""


@dataclass(frozen=True, repr=False)
class Responses:
    """The responses of a recording, as every analysis takes them.

    Attributes
    ----------
    recording : neo.Block
        The recording, or the pool of several.
    presentations : Presentations
        The repeats of each stimulus.
    settings : ResponseSettings
        The settings asked for.
    chosen : tuple of int
        Positions of the units asked for, of all units of the recording.
    units : tuple of int
        Positions of those of them that were recorded in some presentation.
    counted : CountedRecording
        Counts of the words of these units, of all repeats and of groups of them.
    bin_size : float
        Time bin width, in seconds.
    bin_setting : float or dict
        The same; if it was chosen ``{"value", "chosen": "auto", "why"}``.
    drift : Drift
        Test of the exchangeability of the repeats of each of these units.
    issues : tuple of Issue
        What is doubtful, was left out or shortened.
    """

    recording: neo.Block
    presentations: Presentations
    settings: ResponseSettings
    chosen: tuple[int, ...]
    units: tuple[int, ...]
    counted: CountedRecording
    bin_size: float
    bin_setting: Any
    drift: Drift
    issues: tuple[Issue, ...]

    def __repr__(self) -> str:
        counts = self.counts
        bins = self.settings.word_length
        return (
            f"Responses({counts.n_neurons} neurons, {self.presentations.reason} Words "
            f"of {bins} bin{'s' * (bins > 1)} of {1e3 * self.bin_size:g} ms)"
        )

    @property
    def counts(self) -> ResponseCounts:
        """Counts of all repeats."""
        return self.counted.counts

    @cached_property
    def rates(self) -> UnitRates:
        """Firing rates of every unit of the recording, found when first asked for."""
        sums = self.__dict__.get("spike_sums")  # where they were asked for
        return unit_rates(self.recording, self.presentations, sums)

    @cached_property
    def _base_bin(self) -> tuple[float, tuple[Issue, ...]]:
        """The base bin of classes by timing, and whether it was raised."""
        asked = self.settings.bin_size
        if isinstance(asked, str) and asked == "base":
            return self.bin_size, ()
        if isinstance(asked, str) and asked == "auto":
            return base_bin(self.recording, self.presentations, self.units), ()
        resolution = time_resolution(self.recording, self.units)
        if self.bin_size >= resolution * (1 - 1e-6):
            return self.bin_size, ()
        text = (
            f"the bin width of {1e3 * self.bin_size:g} ms is below the resolution of "
            f"the spike times, {1e3 * resolution:.4g} ms: classes are made with that."
        )
        return resolution, (Issue("bin width", text),)

    @property
    def bin_issues(self) -> tuple[Issue, ...]:
        """Whether the bin width of classes by timing was raised, as an issue."""
        return self._base_bin[1]

    @cached_property
    def spike_sums(self) -> SpikeSums:
        """Spike counts in base bins, summed over repeats, when first asked for."""
        return sum_spikes(
            self.recording, self.presentations, self._base_bin[0], units=self.units
        )

    @cached_property
    def spike_counts(self) -> SpikeCounts:
        """The same, as classes by timing take them."""
        return counts_of_sums(self.spike_sums)

    @property
    def words(self) -> tuple[Presentations, float, int, Any]:
        """Arguments of `bin_words` after the recording."""
        settings = self.settings
        return (
            self.presentations,
            self.bin_size,
            settings.word_length,
            settings.response,
        )

    def described_settings(self) -> dict[str, Any]:
        """Return the settings as results hold them, with the automatic ones."""
        settings = self.settings
        return {
            "presentations": presentation_setting(
                self.presentations, settings.intervals, settings.stimulus
            ),
            "min_repeats": settings.min_repeats,
            "repeats": settings.repeats,
            "condition": self.presentations.condition,
            "bin_size": self.bin_setting,
            "word_length": settings.word_length,
            "response": settings.response,
            "units": None if settings.units is None else dict(settings.units),
        }


def counts_of_sums(sums: SpikeSums) -> SpikeCounts:
    """Return the sums of a recording as classes by timing take them."""
    return SpikeCounts.from_sums(
        sums.counts, sums.variance, sums.repeats, stimulus=sums.stimulus, odd=sums.odd
    )


def prepare_responses(
    recording: Recordings,
    settings: ResponseSettings | None = None,
    *,
    presentations: Presentations | None = None,
    run: RunSettings | None = None,
    **options: Unpack[PreparationOptions],
) -> Responses:
    """Load a recording, select its presentations, count its words, test its drift.

    Parameters
    ----------
    recording : neo.Block, str or Path, object, or a sequence of paths and blocks
        As from `load_recording`, or what it reads, objects in memory too. Several
        under the same stimulus are pooled: `pool_recordings`.
    settings : ResponseSettings, optional
        Settings of the responses.
    presentations : Presentations, optional
        The repeats of a recording that is loaded, if they are known already.
    run : RunSettings, optional
        Settings of the computation.
    **options
        Single settings as keywords, of `ResponseSettings` or `RunSettings`.

    Returns
    -------
    Responses

    Raises
    ------
    RecordingError
        If the recording cannot be used: no repeats, fewer than two units that fire.
    TypeError
        If a keyword is unknown.
    ValueError
        If a setting is out of range.

    Warns
    -----
    UserWarning
        Once for each of the ``issues`` that calls for it.

    Examples
    --------
    >>> from neuroclass import classify_neurons, discriminate_neurons, simulate_retina
    >>> retina = simulate_retina(n_types=3, n_neurons=24, n_unique=0, random_state=0)
    >>> responses = prepare_responses(retina, bin_size="20ms")
    >>> classify_neurons(responses).n_clusters, discriminate_neurons(responses).n_pairs
    (3, 276)
    """
    settings, run = split_options(dict(options), "prepare_responses", settings, run)
    loaded, presentations = load_presentations(recording, settings, run, presentations)
    chosen = select_units(loaded, settings.units)
    check_memory(
        presentations,
        settings.bin_size,
        settings.word_length,
        n_units=len(chosen),
        memory=run.memory,
    )
    counted = count_recorded_units(
        loaded,
        presentations,
        settings.bin_size,
        settings.word_length,
        settings.response,
        units=chosen,
        cache=run.cache,
        progress=run.progress,
    )
    issues = check_counts(loaded, counted.counts)
    with few_blas_threads(len(counted.units)):
        drift = drift_test(
            words_in_blocks(
                loaded,
                presentations,
                counted.bin_size,
                settings.word_length,
                settings.response,
                units=counted.units,
            ),
            first_repeat=presentations.first_repeat,
        )
    issues = (*issues, *drift_issues(drift, counted.counts.unit_ids))
    warn_of(issues)
    return Responses(
        recording=loaded,
        presentations=presentations,
        settings=settings,
        chosen=tuple(chosen),
        units=tuple(counted.units),
        counted=counted.counted,
        bin_size=counted.bin_size,
        bin_setting=counted.bin_setting,
        drift=drift,
        issues=(*presentations.issues, *issues),
    )


def load_presentations(
    recording: Recordings,
    settings: ResponseSettings,
    run: RunSettings,
    presentations: Presentations | None = None,
) -> tuple[neo.Block, Presentations]:
    """Return a recording or a pool, loaded, and its presentations.

    Parameters
    ----------
    recording, presentations : as in `prepare_responses`
    settings : ResponseSettings
        Settings of the presentations, and of loading.
    run : RunSettings
        With a cache a path is loaded lazily, else if it has very many spikes.
    """
    opened = open_recording(
        recording,
        triggers=settings.triggers,
        trial_duration=settings.trial_duration,
        align=settings.align,
        lazy=True if run.cache is not None else "auto",
    )
    if presentations is None:
        return find_presentations(opened, settings)
    if isinstance(recording, str | Path) or not isinstance(opened, neo.Block):
        raise ValueError(
            "presentations must be of a recording that is loaded already; got "
            f"{type(recording).__name__}."
        )
    return opened, presentations


def responses_of(
    recording: Recordings | Responses,
    options: dict[str, Any],
    function_name: str,
    other_keywords: Iterable[str] = (),
) -> tuple[Responses, RunSettings]:
    """Return the responses that an analysis is of, and how it is computed.

    Parameters
    ----------
    recording : Responses, or as in `prepare_responses`
        What the analysis was given.
    options : dict
        Its keywords of `ResponseSettings` and `RunSettings`.
    function_name : str
        Its name, for messages.
    other_keywords : iterable of str
        Its own keywords, to be suggested for a misspelt one.

    Raises
    ------
    TypeError
        If a keyword is unknown, or is one of `ResponseSettings` although the responses
        are prepared already.
    """
    settings, run = split_options(options, function_name, None, None, other_keywords)
    if not isinstance(recording, Responses):
        return prepare_responses(recording, settings, run=run), run
    refuse_settled(options, function_name)
    return recording, run


def refuse_settled(options: dict[str, Any], function_name: str) -> None:
    """Refuse keywords of `ResponseSettings`, for responses that are prepared already.

    Raises
    ------
    TypeError
    """
    for name in options:
        if name not in _RUN:
            raise TypeError(
                f"{function_name}() got {name!r}, which is settled in responses that "
                "are prepared. Give it to prepare_responses."
            )


_RUN = tuple(field.name for field in fields(RunSettings))


def split_options(
    options: dict[str, Any],
    function_name: str,
    settings: ResponseSettings | None = None,
    run: RunSettings | None = None,
    other_keywords: Iterable[str] = (),
) -> tuple[ResponseSettings, RunSettings]:
    """Return the settings of the responses and of the computation among keywords.

    Parameters
    ----------
    options : dict
        Keywords of both.
    function_name : str
        Name of the function that was called, for messages.
    settings, run : optional
        Settings that the keywords replace parts of.
    other_keywords : iterable of str
        Further keywords of the function, to be suggested for a misspelt one.

    Raises
    ------
    TypeError
        If a keyword is neither; the message names the nearest one.
    """
    of_run = {name: value for name, value in options.items() if name in _RUN}
    rest = {name: value for name, value in options.items() if name not in _RUN}
    return (
        settings_from(
            ResponseSettings,
            settings,
            rest,
            function_name,
            other_keywords=(*_RUN, *other_keywords),
        ),
        settings_from(RunSettings, run or run_settings(), of_run, function_name),
    )
