"""Which stretches of time are repeats of which stimulus.

Takes a recording (`neo.Block` with one Epoch per interval table) and gives its
`Presentations`. Files spell repeats in many ways, so the choice follows few rules,
says in one line what it took and why, and asks where the file does not tell.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._validation import check_choice, check_positive_int
from neuroclass.exceptions import RecordingError
from neuroclass.intervals import (
    Showings,
    describe_intervals,
    first_segment,
    spike_seconds,
)
from neuroclass.repeats import (
    STIMULUS,
    choose_showings,
    in_order,
    length_tolerance,
    medians_by_group,
    no_repeats,
)

__all__ = ["CONDITIONS", "Presentations", "describe_intervals", "select_presentations"]

CONDITIONS = ("stimulus,time", "stimulus", "time", "none")

_N_STRETCHES = 100  # of condition "none": enough for ten groups and for odd and even
_CLOCK_RATIO = 500.0  # milliseconds make 1000, samples more
_SURELY_SPIKING = 20.0  # expected spikes: a row with none of them was not recorded


@dataclass(frozen=True)
class Presentations:
    """Repeats of each stimulus.

    Attributes
    ----------
    starts : ndarray of shape (n_presentations,)
        Stimulus onsets on the recording's clock, ascending, s.
    stimulus : ndarray of shape (n_presentations,)
        Index into `stimuli`.
    stimuli : tuple of str
        Names.
    durations : ndarray of shape (n_stimuli,)
        Common minimum over the presentations of each stimulus, s.
    condition : str
        What is conditioned on: ``"stimulus,time"``, ``"stimulus"``, ``"time"`` or
        ``"none"``.
    source : str
        Table and column, such as ``"trials.stimulus"``.
    reason : str
        What was taken and why, one line.
    notes : tuple of str
        What was left out, shortened or doubtful.
    """

    starts: NDArray[np.float64] = field(repr=False)
    stimulus: NDArray[np.intp] = field(repr=False)
    stimuli: tuple[str, ...]
    durations: NDArray[np.float64]
    condition: str
    source: str
    reason: str
    notes: tuple[str, ...] = ()

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
        """End of what is used of each presentation, s; shape (n_presentations,)."""
        stops: NDArray[np.float64] = self.starts + self.durations[self.stimulus]
        return stops

    @property
    def repeats(self) -> NDArray[np.intp]:
        """Number of presentations of each stimulus; shape (n_stimuli,)."""
        return np.bincount(self.stimulus, minlength=self.n_stimuli)


def select_presentations(
    recording: neo.Block,
    *,
    intervals: str | None = None,
    stimulus: str | None = None,
    min_repeats: int = 10,
    condition: str = "stimulus,time",
) -> Presentations:
    """Select the stretches of time that are repeats of a stimulus.

    With nothing said, the table with the most repeats of equal length is taken.
    Its stimuli are told apart by the columns that describe the stimulus: all that vary
    in a table called ``..._presentations``, elsewhere those whose name says so
    (``stimulus``, ``condition``, ``movie``, ``orientation``, ...), otherwise the only
    column that varies; without one, every row shows the same stimulus. Columns that
    number or time the rows never count. Contiguous rows of less than 0.1 s with a
    column ``frame`` are the frames of a movie: one run through them is one showing.

    Parameters
    ----------
    recording : neo.Block
        A recording with one Epoch per interval table.
    intervals : str, optional
        Name of the interval table.
    stimulus : str, optional
        ``"COLUMN"`` tells the stimuli apart; ``"COLUMN=VALUE,..."`` takes only these;
        ``"COLUMN,COLUMN"`` takes every combination as a stimulus.
    min_repeats : int, default 10
        Stimuli shown fewer times are left out; at least 2.
    condition : str, default "stimulus,time"
        ``"stimulus,time"`` or ``"stimulus"``: repeats of each stimulus. ``"time"``:
        all showings pooled as repeats of one onset. ``"none"``: no stimulus; the
        recorded time is cut into 100 equal stretches (`min_repeats` if more).

    Returns
    -------
    Presentations
        What was taken, and why.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RecordingError
        If no stimulus is repeated often enough, if the file does not tell what is a
        repeat of what, if the table, column or value asked for is not there, or if no
        spike falls in any presentation.

    Warns
    -----
    UserWarning
        If rows are far shorter than the other repeats of their stimulus (they are
        left out while enough others remain), or if presentations overlap.

    Notes
    -----
    Lengths are equal within 2 % or the jitter of a frame (25 ms, at most half the
    length). Of unequal lengths the common minimum is used, and `notes` say so. Rows
    outside the recorded time are left out; units recorded for part of the time are
    left to `bin_words`.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(3, 6, 10, duration="2s", n_unique=2, rng=0)
    >>> presentations = select_presentations(retina)
    >>> presentations.stimuli, presentations.n_presentations, presentations.source
    (('repeat',), 10, 'trials.stimulus')
    """
    min_repeats = check_positive_int(min_repeats, "min_repeats", minimum=2)
    condition = check_choice(condition, "condition", CONDITIONS)
    segment = first_segment(recording)
    if not segment.spiketrains:
        raise RecordingError("recording must hold at least one unit; got none.")
    spikes = _Spikes.of(segment.spiketrains)
    if not spikes.n_spikes:
        raise RecordingError(
            "no spike in any presentation: the recording holds no spike at all."
        )
    span = (
        float(segment.spiketrains[0].t_start.rescale("s")),
        float(segment.spiketrains[0].t_stop.rescale("s")),
    )
    if condition == "none":
        ignored = " and ".join(
            f"{name} {value!r}"
            for name, value in (("intervals", intervals), ("stimulus", stimulus))
            if value is not None
        )
        return _cut_into_stretches(span, max(_N_STRETCHES, min_repeats), ignored)

    showings, source, why = choose_showings(
        recording, intervals, stimulus, min_repeats, is_pooled=condition == "time"
    )
    _check_clock(spikes, showings, source)
    showings = _inside_recording(showings, spikes, span)
    showings = _often_enough(showings, min_repeats)
    if not len(showings.rows):
        raise no_repeats(recording, min_repeats, *showings.notes)
    showings = _without_truncated(showings, min_repeats)
    showings = showings.take(np.argsort(showings.starts, kind="stable"))

    labels = showings.columns[STIMULUS]
    stimuli = in_order(labels)
    index = {name: number for number, name in enumerate(stimuli)}
    stimulus_of = np.array([index[name] for name in labels.tolist()], dtype=np.intp)
    durations, notes = _common_durations(showings, stimuli, stimulus_of)
    _warn_of_overlap(showings, durations[stimulus_of])
    repeats = np.bincount(stimulus_of)
    reason = (
        f"{_range(repeats.min(), repeats.max())} repeats of "
        f"{_count(len(stimuli), 'stimulus', 'stimuli')} of "
        f"{_range(durations.min(), durations.max())} s from {source}: {why}."
    )
    return Presentations(
        starts=showings.starts,
        stimulus=stimulus_of,
        stimuli=stimuli,
        durations=durations,
        condition=condition,
        source=source,
        reason=reason,
        notes=(*showings.notes, *notes),
    )


@dataclass(frozen=True)
class _Spikes:
    """All spikes of a recording, one unit at a time: they may be too many for more."""

    trains: Sequence[neo.SpikeTrain]
    n_spikes: int
    first: float  # s
    last: float  # s

    @classmethod
    def of(cls, trains: Sequence[neo.SpikeTrain]) -> "_Spikes":
        n_spikes, first, last = 0, np.inf, -np.inf
        for train in trains:
            if len(train):
                times = spike_seconds(train)
                n_spikes += len(times)
                first, last = min(first, times.min()), max(last, times.max())
        return cls(trains, n_spikes, float(first), float(last))

    def is_any_between(
        self, starts: NDArray[np.float64], stops: NDArray[np.float64]
    ) -> bool:
        """Tell whether a spike lies in one of the stretches of time."""
        for train in self.trains:
            times = np.sort(spike_seconds(train))
            if (np.searchsorted(times, stops) > np.searchsorted(times, starts)).any():
                return True
        return False


def _check_clock(spikes: _Spikes, showings: Showings, source: str) -> None:
    """Raise if spikes and presentations are plainly not on one clock."""
    stops = showings.starts + showings.durations
    is_any_inside = spikes.is_any_between(showings.starts, stops)
    last_spike, last_stop = abs(spikes.last), float(np.abs(stops).max())
    # Spikes in ms beside rows in s overlap at the start of the recording only.
    ratio = max(last_spike, last_stop) / max(min(last_spike, last_stop), 1e-12)
    if is_any_inside and ratio < _CLOCK_RATIO:
        return
    how_many = "hardly any spike" if is_any_inside else "no spike"
    raise RecordingError(
        f"{how_many} in any presentation: spikes run from {spikes.first:.6g} to "
        f"{spikes.last:.6g} s, presentations ({source}) from "
        f"{showings.starts.min():.6g} to {stops.max():.6g} s. One of the two is "
        "plainly in milliseconds or samples, or on another clock; give both in "
        "seconds from the same zero."
    )


def _inside_recording(
    showings: Showings, spikes: _Spikes, span: tuple[float, float]
) -> Showings:
    """Leave out rows outside the recorded time."""
    starts, stops = showings.starts, showings.starts + showings.durations
    slack = length_tolerance(showings.durations)
    is_inside = (starts >= span[0] - slack) & (stops <= span[1] + slack)
    # A file often tells no recorded time but that of its rows. Rows before the first
    # or after the last spike of the whole population were not recorded if many spikes
    # were to be expected in them.
    first, last = spikes.first, spikes.last
    rate = spikes.n_spikes / max(last - first, 1e-12)
    is_inside &= ((starts < last) & (stops > first)) | (
        showings.durations * rate < _SURELY_SPIKING
    )
    if is_inside.all():
        return showings
    outside = showings.rows[~is_inside]
    return showings.take(
        is_inside,
        f"left out {_count(len(outside), 'row')} of {showings.name} outside the "
        f"recorded time (row {outside[0]} first)",
    )


def _often_enough(showings: Showings, min_repeats: int) -> Showings:
    """Leave out rows without a stimulus, and stimuli with too few repeats."""
    labels = showings.columns[STIMULUS]
    notes = []
    if n_missing := int((labels == "").sum()):
        notes.append(f"left out {_count(n_missing, 'row')} without a value")
    names, stimulus_of, counts = np.unique(
        labels, return_inverse=True, return_counts=True
    )
    is_kept = (counts >= min_repeats) & (names != "")
    rare = in_order(names[(counts < min_repeats) & (names != "")])
    if rare:
        shown = ", ".join(rare[:3]) + (", ..." if len(rare) > 3 else "")
        notes.append(
            f"left out {_count(len(rare), 'stimulus', 'stimuli')} shown fewer than "
            f"{min_repeats} times "
            f"({shown})"
        )
    return showings.take(is_kept[stimulus_of], *notes)


def _without_truncated(showings: Showings, min_repeats: int) -> Showings:
    """Leave out rows far shorter than the others of their stimulus, and warn."""
    names, stimulus_of = np.unique(showings.columns[STIMULUS], return_inverse=True)
    medians = medians_by_group(showings.durations, stimulus_of)
    is_short = showings.durations < medians[stimulus_of] / 2
    n_others = np.bincount(stimulus_of[~is_short], minlength=len(names))
    is_dropped = is_short & (n_others >= min_repeats)[stimulus_of]
    for rows, consequence in (
        (is_dropped, "left out"),
        (is_short & ~is_dropped, "all repeats of the same stimulus are cut to these"),
    ):
        if rows.any():
            worst = int(np.argmin(np.where(rows, showings.durations, np.inf)))
            stimulus = stimulus_of[worst]
            warnings.warn(
                f"{_count(int(rows.sum()), 'row')} of {showings.name} shorter than "
                f"half of the other repeats (row {showings.rows[worst]}: "
                f"{showings.durations[worst]:.4g} s where {names[stimulus]} lasts "
                f"{medians[stimulus]:.4g} s): {consequence}.",
                stacklevel=3,
            )
    if not is_dropped.any():
        return showings
    n_dropped = _count(int(is_dropped.sum()), "row")
    return showings.take(
        ~is_dropped, f"left out {n_dropped} shorter than half of the other repeats"
    )


def _common_durations(
    showings: Showings, stimuli: tuple[str, ...], stimulus_of: NDArray[np.intp]
) -> tuple[NDArray[np.float64], list[str]]:
    """Return the shortest duration (s) of each stimulus, with notes where it cuts."""
    shortest = np.full(len(stimuli), np.inf)
    longest = np.zeros(len(stimuli))
    np.minimum.at(shortest, stimulus_of, showings.durations)
    np.maximum.at(longest, stimulus_of, showings.durations)
    # Stop minus start is off by rounding; a nanosecond less would cost the last word.
    shortest = np.round(shortest, 9)
    spread = longest - shortest
    notes = []
    if (spread > 1e-3).any():
        worst = int(np.argmax(spread / longest))
        n_unequal = int((spread > 1e-3).sum())
        notes.append(
            "repeats differ in length in "
            f"{_count(n_unequal, 'stimulus', 'stimuli')} (most in {stimuli[worst]}: "
            f"{shortest[worst]:.6g} to {longest[worst]:.6g} s); the common minimum is "
            "used"
        )
    return shortest, notes


def _warn_of_overlap(showings: Showings, durations: NDArray[np.float64]) -> None:
    """Warn if presentations share time and hence spikes."""
    stops = showings.starts + durations
    overlaps = np.flatnonzero(
        showings.starts[1:] < (stops - length_tolerance(durations))[:-1]
    )
    if len(overlaps):
        warnings.warn(
            f"{_count(len(overlaps), 'presentation')} of {showings.name} begin before "
            f"the one before ends (row {showings.rows[overlaps[0] + 1]} first): they "
            "share spikes and are not independent.",
            stacklevel=3,
        )


def _count(number: int, what: str, plural: str = "") -> str:
    return f"{number} {what if number == 1 else plural or what + 's'}"


def _range(low: float, high: float) -> str:
    """Return one number, or two where they differ."""
    if f"{low:.4g}" == f"{high:.4g}":
        return f"{low:.4g}"
    return f"{low:.4g} to {high:.4g}"


def _cut_into_stretches(
    span: tuple[float, float], n_stretches: int, ignored: str
) -> Presentations:
    """Cut the recorded time into equal stretches that stand for presentations."""
    duration = (span[1] - span[0]) / n_stretches
    reason = (
        f"{span[1] - span[0]:.4g} s of recorded time in {n_stretches} equal stretches, "
        "without a stimulus: what words tell about the neuron regardless of any "
        "stimulus, a weaker question than with repeats."
    )
    return Presentations(
        starts=span[0] + duration * np.arange(n_stretches, dtype=float),
        stimulus=np.zeros(n_stretches, dtype=np.intp),
        stimuli=("none",),
        durations=np.array([duration]),
        condition="none",
        source="recorded time",
        reason=reason,
        notes=(f"{ignored} ignored: the condition is none",) if ignored else (),
    )
