"""Choice of the interval table, and of the columns that distinguish its stimuli.

Input: a recording and the settings of the selection. Output: the rows of one interval
table with the stimulus of each, and the reason for this table. Where the file leaves
the choice open, the error lists the tables and their columns.
"""

from __future__ import annotations

from typing import NamedTuple

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.presentations.interval_rows import (
    IntervalRows,
    read_interval_rows,
    stimulus_columns,
)
from neuroclass.presentations.interval_tables import (
    describe_intervals,
    first_segment,
    number_label,
)
from neuroclass.presentations.presentation_settings import PresentationSettings

__all__ = [
    "STIMULUS",
    "choose_interval_rows",
    "length_tolerance",
    "medians_by_group",
    "no_repeats_error",
    "ordered_labels",
]

STIMULUS = "stimulus of the row"  # the one column of rows whose stimuli are known

_NOT_STIMULI = ("invalid_times",)


def choose_interval_rows(
    recording: neo.Block,
    settings: PresentationSettings,
    *,
    is_pooled: bool = False,
) -> tuple[IntervalRows, str, str]:
    """Choose the table and the columns with the most repeats of equal length.

    Parameters
    ----------
    recording : neo.Block
        A recording.
    settings : PresentationSettings
        Table and columns, if given, and the smallest number of repeats.
    is_pooled : bool, default False
        Whether all rows are presentations of one stimulus.

    Returns
    -------
    rows : IntervalRows
        All rows of the table (or of the given values), with the stimulus of each in
        the column `STIMULUS`, "" for a row without a stimulus.
    source : str
        Table and columns.
    reason : str
        Reason for this table and these columns.

    Raises
    ------
    RecordingError
        If no stimulus is repeated, if several tables or columns fit equally, or if
        the given table, column or value does not exist.
    """
    candidates = _find_candidates(recording, settings, is_pooled=is_pooled)
    if not candidates:
        raise no_repeats_error(recording, settings.min_repeats)
    # A stable sort: of equivalent tables, the first.
    best, *others = sorted(candidates, key=lambda c: -c.repeats)
    others = [c for c in others if not _are_equivalent(best, c)]
    rivals = [
        c for c in others if c.repeats == best.repeats or c.rows.name == best.rows.name
    ]
    if rivals:
        sources = ", ".join(
            f"{c.source} ({c.repeats} repeats)" for c in (best, *rivals)
        )
        raise RecordingError(
            f"ambiguous: repeats may be {sources}. Choose with "
            f"--intervals NAME and --stimulus COLUMN (in Python: intervals, stimulus). "
            f"The recording has {_list_tables(recording)}."
        )
    reason = f"the only table with repeats, {best.description}"
    if is_pooled:
        reason = "all presentations pooled as repeats of one onset, of any stimulus"
    elif settings.intervals is not None or settings.stimulus is not None:
        reason = f"as given, {best.description}"
    elif others:
        reason = (
            f"the most repeats of equal length, {best.description} "
            f"(next: {others[0].source} with {others[0].repeats})"
        )
    rows = best.rows
    if others_vary := best.pooled_columns:
        rows = rows.take(
            np.arange(rows.n_rows),
            f"pooled over the other columns of {rows.name} that vary: "
            f"{some(others_vary)}",
        )
    return rows, best.source, reason


class _Candidate(NamedTuple):
    """Rows of a table, with their stimulus in the column `STIMULUS`."""

    rows: IntervalRows
    columns: tuple[str, ...]
    repeats: int  # of equal length, of the median repeated stimulus
    pooled_columns: tuple[str, ...] = ()  # vary within the stimuli, and are not used

    @property
    def source(self) -> str:
        """Table and column."""
        return ".".join(filter(None, (self.rows.name, ",".join(self.columns))))

    @property
    def description(self) -> str:
        """The columns that distinguish the stimuli, in words."""
        stimuli = np.unique(self.rows.columns[STIMULUS])
        stimuli = stimuli[stimuli != ""]
        if not self.columns:
            return "no column distinguishes its rows"
        if len(stimuli) == 1:
            return f"stimulus {stimuli[0]} in all its rows"
        return f"stimuli distinguished by {', '.join(self.columns)}"


def _find_candidates(
    recording: neo.Block, settings: PresentationSettings, *, is_pooled: bool
) -> list[_Candidate]:
    """Return every table and combination of columns with a repeated stimulus."""
    intervals, stimulus = settings.intervals, settings.stimulus
    epochs = [
        epoch
        for epoch in first_segment(recording).epochs
        if (
            epoch.name not in _NOT_STIMULI
            if intervals is None
            else epoch.name == intervals
        )
    ]
    if intervals is not None and not epochs:
        names = [str(epoch.name) for epoch in first_segment(recording).epochs]
        raise RecordingError(
            f"intervals must name an interval table of the recording; got "
            f"{intervals!r}. Its tables are: {', '.join(names) or 'none'}."
        )
    tables = [read_interval_rows(epoch) for epoch in epochs]
    given: tuple[str, ...] = ()
    if stimulus is not None:
        known = {str(name) for epoch in epochs for name in epoch.array_annotations}
        given, values = _parse_stimulus(stimulus, known)
        # Joined frames have no frame numbers: a given frame column means the rows.
        tables = [
            table
            if all(name in table.columns for name in given)
            else read_interval_rows(epoch, join_frames=False)
            for table, epoch in zip(tables, epochs, strict=True)
            if all(name in epoch.array_annotations for name in given)
        ]
        if not tables:
            raise RecordingError(
                f"stimulus must be COLUMN or COLUMN=VALUE,... of an interval table; "
                f"got {stimulus!r}. The recording has {_list_tables(recording)}."
            )
        if values is not None:
            tables = _take_values(tables, given[0], values)
    candidates = []
    for rows in tables:
        if stimulus is not None:
            alternatives = [given]
        elif is_pooled:
            alternatives = [()]
        else:
            alternatives = stimulus_columns(rows)
        for columns in alternatives:
            if not columns and rows.are_frames and intervals is None:
                continue
            labels = rows.labels(columns)
            if is_pooled:
                labels = np.where(labels == "", "", "any stimulus")
            labelled = rows._replace(columns={STIMULUS: labels})
            repeats = _count_equal_repeats(labelled, settings.min_repeats)
            if repeats:
                pooled = () if is_pooled else _pooled_columns(rows, columns, labels)
                candidates.append(_Candidate(labelled, columns, repeats, pooled))
    return candidates


def _pooled_columns(
    rows: IntervalRows, columns: tuple[str, ...], labels: NDArray[np.str_]
) -> tuple[str, ...]:
    """Return the columns that differ between repeats of one stimulus."""
    n_stimuli = len(np.unique(labels))
    return tuple(
        name
        for name in rows.varying_columns
        if name not in columns
        and np.unique(np.stack([labels, rows.columns[name]]), axis=1).shape[1]
        > n_stimuli
    )


def _parse_stimulus(
    stimulus: str, known: set[str]
) -> tuple[tuple[str, ...], str | None]:
    """Split ``COLUMN``, ``COLUMN,COLUMN`` or ``COLUMN=VALUE,...``, by known columns."""
    column, equals, values = stimulus.partition("=")
    if stimulus not in known and equals and column in known:
        return (column,), values
    if stimulus in known:
        return (stimulus,), None
    return tuple(name.strip() for name in stimulus.split(",")), None


def _take_values(
    tables: list[IntervalRows], column: str, values: str
) -> list[IntervalRows]:
    """Return the rows in which a column has one of the given values."""
    present = {str(label) for table in tables for label in table.columns[column]} - {""}
    # A value may itself hold a comma.
    names = [values] if values in present else [v.strip() for v in values.split(",")]
    names = [name if name in present else _as_number(name) for name in names]
    for name in names:
        if name not in present:
            listed = ", ".join(ordered_labels(np.array(sorted(present)))[:20])
            raise RecordingError(
                f"stimulus must name values of the column {column!r}; got "
                f"{values!r}. Its values are: {listed}."
            )
    return [table.take(np.isin(table.columns[column], names)) for table in tables]


def _as_number(value: str) -> str:
    """Format a number as the labels do, so that 0.50 finds 0.5."""
    try:
        return number_label(float(value))
    except ValueError:
        return value


def _count_equal_repeats(rows: IntervalRows, min_repeats: int) -> int:
    """Return the median number of equally long repeats per repeated stimulus, or 0."""
    names, stimulus_of, counts = np.unique(
        rows.columns[STIMULUS], return_inverse=True, return_counts=True
    )
    medians = medians_by_group(rows.durations, stimulus_of)[stimulus_of]
    is_equal = np.abs(rows.durations - medians) <= length_tolerance(medians)
    equal_repeats = np.bincount(stimulus_of[is_equal], minlength=len(names))
    is_repeated = (counts >= min_repeats) & (names != "")
    if not is_repeated.any():
        return 0
    return max(1, int(np.median(equal_repeats[is_repeated])))


def medians_by_group(
    values: NDArray[np.float64], group: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the median of the values of each group 0, 1, ..."""
    order = np.argsort(group, kind="stable")
    parts = np.split(values[order], np.cumsum(np.bincount(group))[:-1])
    return np.array([np.median(part) for part in parts if len(part)])


def length_tolerance(durations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest difference (s) of equal lengths: the jitter of frames."""
    return np.maximum(0.02 * durations, np.minimum(0.025, 0.5 * durations))


def _are_equivalent(one: _Candidate, other: _Candidate) -> bool:
    """Whether two candidates are the same rows, grouped in the same way."""
    a, b = one.rows, other.rows
    if a.n_rows != b.n_rows or not (
        np.allclose(a.starts, b.starts, rtol=0, atol=1e-3)
        and np.allclose(a.durations, b.durations, rtol=0, atol=1e-3)
    ):
        return False
    pairs = np.stack([a.columns[STIMULUS], b.columns[STIMULUS]])
    n_pairs = np.unique(pairs, axis=1).shape[1]
    return all(len(np.unique(labels)) == n_pairs for labels in pairs)


def _list_tables(recording: neo.Block) -> str:
    tables = describe_intervals(recording)
    return "; ".join(map(str, tables)) or "no interval table"


def no_repeats_error(
    recording: neo.Block, min_repeats: int, *notes: str
) -> RecordingError:
    """Return the error for a recording without repeats: its tables, and the cure."""
    rows_left_out = "".join(f" ({note})" for note in notes)
    tables = describe_intervals(recording)
    pointlike = [t.name for t in tables if t.n_rows and t.durations[2] == 0]
    if pointlike:
        return RecordingError(
            f"no repeats found: the rows of {some(pointlike)} have no length, for each "
            "stops when it starts. Give the duration of a presentation with "
            "--trial-duration (in Python: trial_duration)."
        )
    events = [f"{e.name} ({e.times.size})" for e in first_segment(recording).events]
    hint = f" NAME ({some(events)})" if events else ""
    return RecordingError(
        f"no repeats found: no stimulus has at least {min_repeats} presentations"
        f"{rows_left_out}; the recording has {_list_tables(recording)}. Name the table "
        f"and column (--intervals, --stimulus), give --triggers{hint}, lower "
        "--min-repeats, "
        "or ask the weaker question of spontaneous activity with --condition none."
    )


def ordered_labels(labels: NDArray[np.str_]) -> tuple[str, ...]:
    """Return the distinct labels, numbers by value, others as they first appear."""
    names = list(dict.fromkeys(labels.tolist()))
    try:
        return tuple(sorted(names, key=float))
    except ValueError:
        return tuple(names)
