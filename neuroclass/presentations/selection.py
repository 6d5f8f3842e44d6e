"""Selection of presentations: stretches of time that repeat a stimulus.

Input: a recording (`neo.Block` with one Epoch per interval table). Output: its
`Presentations`. Files describe repeats in many ways, so the selection follows few
rules, gives its reason in one line, and refuses tables that leave the choice open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass._lib.issues import Issue, warn_of
from neuroclass._lib.keywords import settings_from
from neuroclass._lib.wording import plural, some
from neuroclass.exceptions import RecordingError
from neuroclass.presentations.candidates import (
    STIMULUS,
    choose_interval_rows,
    no_repeats_error,
    ordered_labels,
)
from neuroclass.presentations.exclusion import (
    RecordedSpikes,
    check_clock,
    common_durations,
    drop_rare_stimuli,
    drop_truncated,
    drop_unobserved,
    drop_unrecorded,
    length_issues,
    onset_issues,
    overlap_issues,
    overlaps_any,
    unit_issues,
)
from neuroclass.presentations.interval_rows import IntervalRows
from neuroclass.presentations.interval_tables import as_seconds, first_segment
from neuroclass.presentations.presentation_settings import (
    CONDITIONS,
    PresentationOptions,
    PresentationSettings,
    first_and_last_repeat,
)
from neuroclass.presentations.silent_stretches import (
    SpikesOfPresentations,
    silence_issues,
)

__all__ = ["Presentations", "select_presentations"]

_N_STRETCHES = 100  # of condition "none": enough for ten groups and for odd and even


@dataclass(frozen=True, repr=False)
class Presentations:
    """Presentations of each stimulus.

    Attributes
    ----------
    starts : ndarray of shape (n_presentations,)
        Onset of each presentation on the recording's clock, ascending, in seconds.
    stimulus : ndarray of shape (n_presentations,)
        Stimulus of each presentation, an index into `stimuli`.
    stimuli : tuple of str
        Names of the stimuli.
    durations : ndarray of shape (n_stimuli,)
        Duration of each stimulus, in seconds: the shortest of its presentations.
    condition : str
        Variable that is conditioned on: ``"stimulus,time"``, ``"stimulus"``,
        ``"time"`` or ``"none"``.
    source : str
        Table and column, such as ``"trials.stimulus"``.
    reason : str
        The selection and the reason for it, in one line.
    issues : tuple of Issue
        Rows and stimuli that were left out, joined or shortened, or are doubtful.
    first_repeat : int
        Number of the first repeat of a stimulus, where earlier ones were left out.
    """

    starts: NDArray[np.float64]
    stimulus: NDArray[np.intp]
    stimuli: tuple[str, ...]
    durations: NDArray[np.float64]
    condition: str
    source: str
    reason: str
    issues: tuple[Issue, ...] = ()
    first_repeat: int = 1

    def __repr__(self) -> str:
        """Return number, stimuli, durations and source of the presentations."""
        return (
            f"Presentations({self.n_presentations} of "
            f"{plural(self.n_stimuli, 'stimulus', 'stimuli')} of "
            f"{_range(self.durations.min(), self.durations.max())} s from "
            f"{self.source}, condition {self.condition!r})"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Texts of the issues that call for no warning."""
        return tuple(issue.text for issue in self.issues if not issue.is_warned)

    @property
    def n_presentations(self) -> int:
        """Number of presentations."""
        return len(self.starts)

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli."""
        return len(self.stimuli)

    @property
    def stops(self) -> NDArray[np.float64]:
        """End of each presentation as used, in seconds; shape (n_presentations,)."""
        stops: NDArray[np.float64] = self.starts + self.durations[self.stimulus]
        return stops

    @property
    def repeats(self) -> NDArray[np.intp]:
        """Number of presentations of each stimulus; shape (n_stimuli,)."""
        return np.bincount(self.stimulus, minlength=self.n_stimuli)


def select_presentations(
    recording: neo.Block,
    settings: PresentationSettings | None = None,
    **options: Unpack[PresentationOptions],
) -> Presentations:
    """Select the presentations of each repeated stimulus.

    By default the table with the most repeats of equal length is taken. Its stimuli
    are distinguished by the columns that describe the stimulus: in a table called
    ``..._presentations`` all columns that vary, elsewhere those with a name like
    ``stimulus``, ``condition``, ``movie`` or ``orientation``, otherwise the only
    column that varies; without one, all rows are of the same stimulus. Columns that
    number or time the rows never count. Contiguous rows of less than 0.1 s with a
    column ``frame`` are the frames of a movie: one run through them is one
    presentation.

    Parameters
    ----------
    recording : neo.Block
        A recording with one Epoch per interval table.
    settings : PresentationSettings, optional
        Settings of the selection.
    **options
        Single settings as keywords: `intervals`, `stimulus`, `min_repeats`, `repeats`,
        `condition` and `drop_empty` of `PresentationSettings`.

    Returns
    -------
    Presentations
        Onset and stimulus of each presentation, with the reason for the selection.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RecordingError
        If no stimulus is repeated often enough, if none has two of the `repeats` asked
        for, if several tables or columns fit
        equally, if the given table, column or value does not exist, if no spike
        falls in any presentation, or if they last for days with less than a spike of a
        unit in 1,000 s.

    Warns
    -----
    UserWarning
        If rows are far shorter than the other repeats of their stimulus (they are
        left out while enough others remain), or if presentations overlap.

    Notes
    -----
    Lengths are equal within 2 % or the jitter of a frame (25 ms, at most half the
    length). Presentations of unequal length are cut to the shortest, and `issues` say
    so. Rows outside the recorded time are left out; units recorded for part of the
    time are left to `bin_words`.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(3, 12, 10, duration="2s", n_unique=2, random_state=0)
    >>> presentations = select_presentations(retina)
    >>> presentations.stimuli, presentations.n_presentations, presentations.source
    (('repeat',), 10, 'trials.stimulus')
    """
    settings = settings_from(
        PresentationSettings, settings, options, "select_presentations"
    )
    selected = select_without_warning(recording, settings)
    warn_of(selected.issues)
    return selected


def select_without_warning(
    recording: neo.Block, settings: PresentationSettings
) -> Presentations:
    """Select the presentations of each stimulus: `select_presentations`, silently."""
    selected = _select_all_repeats(recording, settings)
    if settings.repeats is not None:
        first, last = first_and_last_repeat(settings.repeats)
        selected = _take_repeats(selected, first, last)
    trains = first_segment(recording).spiketrains
    issues = length_issues(
        sum(map(len, trains)),
        len(trains),
        float(selected.durations[selected.stimulus].sum()),
        is_known_slow=any(issue.kind == "unit of time" for issue in selected.issues),
    )
    return replace(selected, issues=(*selected.issues, *issues))


def _take_repeats(selected: Presentations, first: int, last: int) -> Presentations:
    """Take the repeats `first` to `last`, from 1, of each stimulus."""
    repeats = selected.repeats
    number = np.empty(selected.n_presentations, dtype=np.intp)
    order = np.argsort(selected.stimulus, kind="stable")
    ends = np.cumsum(repeats)
    number[order] = np.arange(len(order)) - np.repeat(ends - repeats, repeats) + 1
    is_stimulus_taken = np.minimum(repeats, last) > first
    if not is_stimulus_taken.any():
        raise RecordingError(
            f"no two of repeats {first} to {last}: stimuli have at most "
            f"{repeats.max()} repeats. Choose earlier ones (--repeats)."
        )
    is_taken = (number >= first) & (number <= last)
    is_taken &= is_stimulus_taken[selected.stimulus]
    notes = []
    if n_short := int((is_stimulus_taken & (repeats < last)).sum()):
        which = plural(n_short, "stimulus has", "stimuli have")
        notes.append(
            f"{which} fewer than {last} repeats (the least "
            f"{repeats[is_stimulus_taken].min()}): repeats {first} to the last are used"
        )
    left_out = [
        name
        for name, is_in in zip(selected.stimuli, is_stimulus_taken, strict=True)
        if not is_in
    ]
    if left_out:
        which = plural(len(left_out), "stimulus", "stimuli")
        notes.append(
            f"left out {which} without two of repeats {first} to {last} "
            f"({some(left_out, 3)})"
        )
    new_index = np.cumsum(is_stimulus_taken) - 1
    return replace(
        selected,
        starts=selected.starts[is_taken],
        stimulus=new_index[selected.stimulus[is_taken]],
        stimuli=tuple(s for s in selected.stimuli if s not in left_out),
        durations=selected.durations[is_stimulus_taken],
        reason=f"Repeats {first} to {min(last, repeats.max())} of {selected.reason}",
        issues=(*as_issues(*notes), *selected.issues),
        first_repeat=first,
    )


def _select_all_repeats(
    recording: neo.Block, settings: PresentationSettings
) -> Presentations:
    """Select the presentations of each stimulus, all of its repeats."""
    min_repeats = check_positive_int(settings.min_repeats, "min_repeats", minimum=2)
    condition = check_choice(settings.condition, "condition", CONDITIONS)
    segment = first_segment(recording)
    if not segment.spiketrains:
        raise RecordingError(
            "recording must hold at least one unit; got none. Add sorted units."
        )
    spikes = RecordedSpikes.from_trains(segment.spiketrains)
    if not spikes.n_spikes:
        raise RecordingError(
            "no spike in any presentation: the recording holds no spike at all. Check "
            "that the spikes of the recording were exported."
        )
    span = (
        float(segment.spiketrains[0].t_start.rescale("s")),
        float(segment.spiketrains[0].t_stop.rescale("s")),
    )
    if condition == "none":
        ignored = " and ".join(
            f"{name} {value!r}"
            for name, value in (
                ("intervals", settings.intervals),
                ("stimulus", settings.stimulus),
            )
            if value is not None
        )
        unobserved = _unobserved(segment)
        return _cut_into_stretches(
            span, max(_N_STRETCHES, min_repeats), ignored, unobserved
        )

    rows, source, reason = choose_interval_rows(
        recording, settings, is_pooled=condition == "time"
    )
    check_clock(spikes, rows, source)
    is_placed = rows.name == "trials" and (
        recording.annotations.get("times") == "from onset"
    )
    rows = drop_unrecorded(rows, spikes, span, is_placed=is_placed)
    rows = drop_unobserved(rows, _unobserved(segment))
    if settings.drop_empty:
        rows = _drop_empty(rows, spikes)
    rows = drop_rare_stimuli(rows, min_repeats)
    if not rows.n_rows:
        raise no_repeats_error(recording, min_repeats, *rows.notes)
    rows, issues = drop_truncated(rows, min_repeats)
    rows = rows.take(np.argsort(rows.starts, kind="stable"))

    labels = rows.columns[STIMULUS]
    stimuli = ordered_labels(labels)
    index = {name: number for number, name in enumerate(stimuli)}
    stimulus_of = np.array([index[name] for name in labels.tolist()], dtype=np.intp)
    durations, notes = common_durations(rows, stimuli, stimulus_of)
    (epoch,) = [e for e in segment.epochs if str(e.name) == rows.name][:1]
    if epoch.annotations.get("duration") == "median gap":
        notes.append(
            f"a presentation of {rows.name} is taken to last the median gap between "
            "the onsets; trial_duration (--trial-duration) sets it"
        )
    aligned = epoch.annotations.get("onsets")
    repeats = np.bincount(stimulus_of)
    reason = (
        f"{_range(repeats.min(), repeats.max())} repeats of "
        f"{plural(len(stimuli), 'stimulus', 'stimuli')} of "
        f"{_range(durations.min(), durations.max())} s from {source}"
        f"{f', onsets from {aligned}' if aligned else ''}: {reason}."
    )
    return Presentations(
        starts=rows.starts,
        stimulus=stimulus_of,
        stimuli=stimuli,
        durations=durations,
        condition=condition,
        source=source,
        reason=reason,
        issues=(
            *as_issues(*rows.notes, *notes),
            *issues,
            *overlap_issues(rows, durations[stimulus_of]),
            *silence_issues(spikes, rows.starts, durations, stimulus_of, stimuli),
            *unit_issues(spikes, durations),
            *onset_issues(epoch),
        ),
    )


def _unobserved(segment: neo.Segment) -> NDArray[np.float64]:
    """Return the intervals that were not observed, (n_intervals, 2), in seconds."""
    parts = [
        np.stack([as_seconds(e.times), as_seconds(e.times + e.durations)], axis=1)
        for e in segment.epochs
        if str(e.name) == "invalid_times"
    ]
    return np.concatenate(parts) if parts else np.empty((0, 2))


def _drop_empty(rows: IntervalRows, spikes: RecordedSpikes) -> IntervalRows:
    """Leave out rows in which no unit fires."""
    each = np.arange(rows.n_rows)
    found = SpikesOfPresentations.count(spikes, rows.starts, rows.durations, each)
    is_empty = found.counts == 0
    if not is_empty.any():
        return rows
    n_empty = plural(int(is_empty.sum()), "row", "rows")
    return rows.take(
        ~is_empty, f"left out {n_empty} of {rows.name} in which no unit fires"
    )


def as_issues(*notes: str) -> tuple[Issue, ...]:
    """Return what was left out or shortened as issues that call for no warning."""
    return tuple(Issue("presentations", note, is_warned=False) for note in notes)


def _range(low: float, high: float) -> str:
    """Return one number, or two where they differ."""
    if f"{low:.4g}" == f"{high:.4g}":
        return f"{low:.4g}"
    return f"{low:.4g} to {high:.4g}"


def _cut_into_stretches(
    span: tuple[float, float],
    n_stretches: int,
    ignored: str,
    unobserved: NDArray[np.float64],
) -> Presentations:
    """Cut the recorded time into equal stretches that stand for presentations."""
    duration = (span[1] - span[0]) / n_stretches
    reason = (
        f"{span[1] - span[0]:.4g} s of recorded time in {n_stretches} equal stretches, "
        "without a stimulus: information of words about the neuron regardless of "
        "any stimulus, a weaker question than with repeats."
    )
    starts = span[0] + duration * np.arange(n_stretches, dtype=float)
    is_observed = ~overlaps_any(starts, starts + duration, unobserved)
    notes = [f"{ignored} ignored: the condition is none"] if ignored else []
    if not is_observed.all():
        n_lost = plural(int((~is_observed).sum()), "stretch", "stretches")
        notes.append(f"left out {n_lost} within invalid times")
    if not is_observed.any():
        raise RecordingError(
            "recorded time must not all be invalid; the table invalid_times covers it. "
            "Correct the table."
        )
    return Presentations(
        starts=starts[is_observed],
        stimulus=np.zeros(int(is_observed.sum()), dtype=np.intp),
        stimuli=("none",),
        durations=np.array([duration]),
        condition="none",
        source="recorded time",
        reason=reason,
        issues=as_issues(*notes),
    )
