"""Which stretches of time are repeats of which stimulus.

Takes a recording (`neo.Block` with one Epoch per interval table) and gives its
`Presentations`. Files spell repeats in many ways, so the choice follows few rules,
says in one line what it took and why, and asks where the file does not tell.
"""

import warnings
from dataclasses import dataclass, field
from typing import NamedTuple

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._validation import check_choice, check_positive_int
from neuroclass.exceptions import RecordingError
from neuroclass.intervals import (
    Showings,
    describe_intervals,
    first_segment,
    label_number,
    read_showings,
    stimulus_columns,
)

__all__ = ["CONDITIONS", "Presentations", "describe_intervals", "select_presentations"]

CONDITIONS = ("stimulus,time", "stimulus", "time", "none")

_NOT_STIMULI = ("invalid_times",)
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
    spike_times = np.sort(
        np.concatenate(
            [np.asarray(t.rescale("s").magnitude) for t in segment.spiketrains]
        )
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

    candidates = _find_candidates(
        recording, intervals, stimulus, min_repeats, is_pooled=condition == "time"
    )
    candidate, why = _choose(candidates, recording, intervals, stimulus, min_repeats)
    showings, source = candidate.showings, candidate.source
    _check_clock(spike_times, showings, source)
    showings = _inside_recording(showings, spike_times, span)
    showings = _often_enough(showings, min_repeats)
    if not len(showings.rows):
        raise _no_repeats(recording, min_repeats, *showings.notes)
    showings = _without_truncated(showings, min_repeats)
    showings = showings.take(np.argsort(showings.starts, kind="stable"))

    labels = showings.columns[_STIMULUS]
    stimuli = _in_order(labels)
    index = {name: number for number, name in enumerate(stimuli)}
    stimulus_of = np.array([index[name] for name in labels.tolist()], dtype=np.intp)
    durations, notes = _common_durations(showings, stimuli, stimulus_of)
    _warn_of_overlap(showings, durations[stimulus_of])
    repeats = np.bincount(stimulus_of)
    what = "stimulus" if len(stimuli) == 1 else "stimuli"
    reason = (
        f"{_range(repeats.min(), repeats.max())} repeats of {len(stimuli)} {what} of "
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


_STIMULUS = "stimulus of the row"  # the one column left once stimuli are told apart


class _Candidate(NamedTuple):
    """Showings with what tells their stimuli apart, in the column `_STIMULUS`."""

    showings: Showings
    columns: tuple[str, ...]
    repeats: int  # of equal length, of the median repeated stimulus

    @property
    def source(self) -> str:
        """Table and column."""
        return ".".join(filter(None, (self.showings.name, ",".join(self.columns))))


def _find_candidates(
    recording: neo.Block,
    intervals: str | None,
    stimulus: str | None,
    min_repeats: int,
    *,
    is_pooled: bool,
) -> list[_Candidate]:
    """Return every table and combination of columns that repeats a stimulus."""
    epochs = first_segment(recording).epochs
    tables = [
        # Whoever names a column means the rows as they stand.
        read_showings(epoch, join_frames=stimulus is None)
        for epoch in epochs
        if (intervals is None and epoch.name not in _NOT_STIMULI)
        or epoch.name == intervals
    ]
    if intervals is not None and not tables:
        names = ", ".join(str(epoch.name) for epoch in epochs) or "none"
        raise RecordingError(
            f"intervals must name an interval table of the recording; got "
            f"{intervals!r}. There are: {names}."
        )
    if stimulus is not None:
        tables, asked = _restrict(tables, stimulus, recording)
    candidates = []
    for showings in tables:
        if stimulus is not None:
            alternatives = [asked]
        elif is_pooled:
            alternatives = [()]
        else:
            alternatives = stimulus_columns(showings)
        for columns in alternatives:
            if not columns and showings.are_frames and intervals is None:
                continue
            labels = showings.labels(columns)
            if is_pooled:
                labels = np.where(labels == "", "", "any stimulus")
            labelled = showings._replace(columns={_STIMULUS: labels})
            repeats = _count_equal_repeats(labelled, min_repeats)
            if repeats:
                candidates.append(_Candidate(labelled, columns, repeats))
    return candidates


def _restrict(
    tables: list[Showings], stimulus: str, recording: neo.Block
) -> tuple[list[Showings], tuple[str, ...]]:
    """Read ``COLUMN``, ``COLUMN,COLUMN`` or ``COLUMN=VALUE,...``; keep these rows."""
    known = {name for table in tables for name in table.columns}
    column, is_restricted, rest = stimulus.partition("=")
    columns: tuple[str, ...] = (stimulus,)
    values: list[str] = []
    if stimulus not in known:
        if is_restricted and column in known:
            columns = (column,)
            values = [value.strip() for value in rest.split(",")]
        else:
            columns = tuple(name.strip() for name in stimulus.split(","))
    tables = [t for t in tables if all(name in t.columns for name in columns)]
    if not tables:
        raise RecordingError(
            f"stimulus must be COLUMN or COLUMN=VALUE,... of an interval table; got "
            f"{stimulus!r}. The recording has {_list_tables(recording)}."
        )
    if not values:
        return tables, columns
    present = {str(v) for table in tables for v in table.columns[column]}
    if rest in present:  # a value may hold a comma
        values = [rest]
    values = [value if value in present else _as_number(value) for value in values]
    for value in values:
        if not value or value not in present:
            shown = ", ".join(_in_order(np.array(sorted(present - {""})))[:20])
            raise RecordingError(
                f"stimulus must name values of the column {column!r}; got "
                f"{stimulus!r}. Its values are: {shown}."
            )
    return [t.take(np.isin(t.columns[column], values)) for t in tables], columns


def _as_number(value: str) -> str:
    """Spell a number as the labels do, so that 0.50 finds 0.5."""
    try:
        return label_number(float(value))
    except ValueError:
        return value


def _count_equal_repeats(showings: Showings, min_repeats: int) -> int:
    """Return repeats of equal length of the median stimulus that is repeated, or 0."""
    labels = showings.columns[_STIMULUS]
    names, stimulus_of, counts = np.unique(
        labels, return_inverse=True, return_counts=True
    )
    equal_repeats = []
    for number in np.flatnonzero((counts >= min_repeats) & (names != "")):
        durations = showings.durations[stimulus_of == number]
        median = np.median(durations)
        is_equal = np.abs(durations - median) <= _tolerance(median)
        equal_repeats.append(max(int(is_equal.sum()), 1))
    return int(np.median(equal_repeats)) if equal_repeats else 0


def _tolerance(duration: float) -> float:
    """Return the difference (s) between lengths that are the same: jitter of frames."""
    return max(0.02 * duration, min(0.025, 0.5 * duration))


def _choose(
    candidates: list[_Candidate],
    recording: neo.Block,
    intervals: str | None,
    stimulus: str | None,
    min_repeats: int,
) -> tuple[_Candidate, str]:
    """Return the candidate with the most repeats, and why it was taken."""
    if not candidates:
        raise _no_repeats(recording, min_repeats)
    # A stable sort: of tables that say the same, the first.
    best, *others = sorted(candidates, key=lambda c: -c.repeats)
    others = [c for c in others if not _says_the_same(best, c)]
    rivals = [
        c
        for c in others
        if c.repeats == best.repeats or c.showings.name == best.showings.name
    ]
    if rivals:
        sources = ", ".join(
            f"{c.source} ({c.repeats} repeats)" for c in (best, *rivals)
        )
        raise RecordingError(
            f"ambiguous: repeats may be {sources}. Say which with "
            f"--intervals NAME and --stimulus COLUMN (in Python: intervals, stimulus). "
            f"The recording has {_list_tables(recording)}."
        )
    told_apart = f"told apart by {', '.join(best.columns)}"
    if not best.columns:
        told_apart = "nothing tells its rows apart"
    if intervals is not None or stimulus is not None:
        return best, f"as asked, {told_apart}"
    if others:
        return best, (
            f"the most repeats of equal length, {told_apart} "
            f"(next: {others[0].source} with {others[0].repeats})"
        )
    return best, f"the only table with repeats, {told_apart}"


def _says_the_same(one: _Candidate, other: _Candidate) -> bool:
    """Tell whether two candidates are the same rows, grouped in the same way."""
    a, b = one.showings, other.showings
    if len(a.rows) != len(b.rows) or not (
        np.allclose(a.starts, b.starts, rtol=0, atol=1e-3)
        and np.allclose(a.durations, b.durations, rtol=0, atol=1e-3)
    ):
        return False
    pairs = np.stack([a.columns[_STIMULUS], b.columns[_STIMULUS]])
    n_pairs = np.unique(pairs, axis=1).shape[1]
    return all(len(np.unique(labels)) == n_pairs for labels in pairs)


def _list_tables(recording: neo.Block) -> str:
    tables = describe_intervals(recording)
    return "; ".join(map(str, tables)) or "no interval table"


def _no_repeats(recording: neo.Block, min_repeats: int, *notes: str) -> RecordingError:
    why = "".join(f" ({note})" for note in notes)
    return RecordingError(
        f"no repeats found: no stimulus is shown at least {min_repeats} times{why}; "
        f"the recording has {_list_tables(recording)}. Name the table and column "
        "(--intervals, --stimulus), give --triggers, lower --min-repeats, or ask the "
        "weaker question of spontaneous activity with --condition none."
    )


def _check_clock(
    spike_times: NDArray[np.float64], showings: Showings, source: str
) -> None:
    """Raise if spikes and presentations are plainly not on one clock."""
    if not len(spike_times):
        raise RecordingError(
            "no spike in any presentation: the recording holds no spike at all."
        )
    stops = showings.starts + showings.durations
    inside = np.searchsorted(spike_times, stops) - np.searchsorted(
        spike_times, showings.starts
    )
    last_spike, last_stop = abs(float(spike_times[-1])), float(np.abs(stops).max())
    # Spikes in ms beside rows in s overlap at the start of the recording only.
    ratio = max(last_spike, last_stop) / max(min(last_spike, last_stop), 1e-12)
    if inside.any() and ratio < _CLOCK_RATIO:
        return
    how_many = "hardly any spike" if inside.any() else "no spike"
    raise RecordingError(
        f"{how_many} in any presentation: spikes run from {spike_times[0]:.6g} to "
        f"{spike_times[-1]:.6g} s, presentations ({source}) from "
        f"{showings.starts.min():.6g} to {stops.max():.6g} s. One of the two is "
        "plainly in milliseconds or samples, or on another clock; give both in "
        "seconds from the same zero."
    )


def _inside_recording(
    showings: Showings, spike_times: NDArray[np.float64], span: tuple[float, float]
) -> Showings:
    """Leave out rows outside the recorded time."""
    starts, stops = showings.starts, showings.starts + showings.durations
    slack = np.array([_tolerance(duration) for duration in showings.durations])
    is_inside = (starts >= span[0] - slack) & (stops <= span[1] + slack)
    # A file often tells no recorded time but that of its rows. Rows before the first
    # or after the last spike of the whole population were not recorded if many spikes
    # were to be expected in them.
    first, last = spike_times[0], spike_times[-1]
    rate = len(spike_times) / max(last - first, 1e-12)
    is_inside &= ((starts < last) & (stops > first)) | (
        showings.durations * rate < _SURELY_SPIKING
    )
    if is_inside.all():
        return showings
    outside = showings.rows[~is_inside]
    return showings.take(
        is_inside,
        f"left out {len(outside)} rows of {showings.name} outside the recorded time "
        f"(row {outside[0]} first)",
    )


def _often_enough(showings: Showings, min_repeats: int) -> Showings:
    """Leave out rows without a stimulus, and stimuli with too few repeats."""
    labels = showings.columns[_STIMULUS]
    notes = []
    if n_missing := int((labels == "").sum()):
        notes.append(f"left out {n_missing} rows without a value")
    names, stimulus_of, counts = np.unique(
        labels, return_inverse=True, return_counts=True
    )
    is_kept = (counts >= min_repeats) & (names != "")
    rare = _in_order(names[(counts < min_repeats) & (names != "")])
    if rare:
        shown = ", ".join(rare[:3]) + (", ..." if len(rare) > 3 else "")
        what = "stimulus" if len(rare) == 1 else "stimuli"
        notes.append(
            f"left out {len(rare)} {what} shown fewer than {min_repeats} times "
            f"({shown})"
        )
    return showings.take(is_kept[stimulus_of], *notes)


def _without_truncated(showings: Showings, min_repeats: int) -> Showings:
    """Leave out rows far shorter than the others of their stimulus, and warn."""
    labels = showings.columns[_STIMULUS]
    names, stimulus_of = np.unique(labels, return_inverse=True)
    is_kept = np.ones(len(labels), dtype=bool)
    for number, name in enumerate(names):
        durations = np.where(stimulus_of == number, showings.durations, np.nan)
        median = float(np.nanmedian(durations))
        is_short = durations < median / 2
        if not is_short.any():
            continue
        is_dropped = int(np.sum(durations >= median / 2)) >= min_repeats
        shortest = int(np.nanargmin(durations))
        if is_dropped:
            is_kept &= ~is_short
        n_short = int(is_short.sum())
        warnings.warn(
            f"{n_short} of the rows of {showings.name} that show {name!r} "
            f"are shorter than half of the others (row {showings.rows[shortest]}: "
            f"{durations[shortest]:.4g} s, median {median:.4g} s); "
            + ("left out." if is_dropped else "all repeats are cut to the shortest."),
            stacklevel=3,
        )
    if is_kept.all():
        return showings
    n_dropped = int((~is_kept).sum())
    return showings.take(
        is_kept, f"left out {n_dropped} rows shorter than half of the others"
    )


def _in_order(labels: NDArray[np.str_]) -> tuple[str, ...]:
    """Return the distinct labels, numbers by value, others as they first appear."""
    names = list(dict.fromkeys(labels.tolist()))
    try:
        return tuple(sorted(names, key=float))
    except ValueError:
        return tuple(names)


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
            f"lengths of the repeats differ in {n_unequal} of {len(stimuli)} stimuli "
            f"(most in {stimuli[worst]}: {shortest[worst]:.6g} to "
            f"{longest[worst]:.6g} s); the common minimum is used"
        )
    return shortest, notes


def _warn_of_overlap(showings: Showings, durations: NDArray[np.float64]) -> None:
    """Warn if presentations share time and hence spikes."""
    stops = showings.starts + durations
    slack = np.array([_tolerance(duration) for duration in durations])
    overlaps = np.flatnonzero(showings.starts[1:] < (stops - slack)[:-1])
    if len(overlaps):
        warnings.warn(
            f"{len(overlaps)} presentations of {showings.name} begin before the one "
            f"before ends (row {showings.rows[overlaps[0] + 1]} first): they share "
            "spikes and are not independent.",
            stacklevel=3,
        )


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
