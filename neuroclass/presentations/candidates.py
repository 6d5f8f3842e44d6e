"""Which table of a recording, and which of its columns, says what repeats what.

Takes a recording and what the user asked for; gives the rows of one interval table with
the stimulus of each, and why these. Where the file does not tell, it lists what there
is and asks.
"""

from typing import NamedTuple

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError
from neuroclass.presentations.interval_tables import (
    Showings,
    describe_intervals,
    first_segment,
    label_number,
    read_showings,
    stimulus_columns,
)

__all__ = [
    "STIMULUS",
    "choose_showings",
    "in_order",
    "length_tolerance",
    "medians_by_group",
    "no_repeats",
]

STIMULUS = "stimulus of the row"  # the one column left once stimuli are told apart

_NOT_STIMULI = ("invalid_times",)


def choose_showings(
    recording: neo.Block,
    intervals: str | None,
    stimulus: str | None,
    min_repeats: int,
    *,
    is_pooled: bool = False,
) -> tuple[Showings, str, str]:
    """Choose the table and the columns that give the most repeats of equal length.

    Parameters
    ----------
    recording : neo.Block
        A recording.
    intervals, stimulus, min_repeats
        As in `select_presentations`.
    is_pooled : bool, default False
        Take all rows as showings of one stimulus.

    Returns
    -------
    showings : Showings
        All rows of the table (or of the values asked for), with the stimulus of each
        in the column `STIMULUS`, "" where a row shows none.
    source : str
        Table and columns.
    why : str
        Why this one.

    Raises
    ------
    RecordingError
        If nothing repeats, if it is ambiguous what does, or if the table, column or
        value asked for is not there.
    """
    candidates = _find_candidates(
        recording, intervals, stimulus, min_repeats, is_pooled=is_pooled
    )
    if not candidates:
        raise no_repeats(recording, min_repeats)
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
    why = f"the only table with repeats, {best.told_apart}"
    if is_pooled:
        why = "all showings pooled as repeats of one onset, whatever was shown"
    elif intervals is not None or stimulus is not None:
        why = f"as asked, {best.told_apart}"
    elif others:
        why = (
            f"the most repeats of equal length, {best.told_apart} "
            f"(next: {others[0].source} with {others[0].repeats})"
        )
    return best.showings, best.source, why


class _Candidate(NamedTuple):
    """Showings with what tells their stimuli apart, in the column `STIMULUS`."""

    showings: Showings
    columns: tuple[str, ...]
    repeats: int  # of equal length, of the median repeated stimulus

    @property
    def source(self) -> str:
        """Table and column."""
        return ".".join(filter(None, (self.showings.name, ",".join(self.columns))))

    @property
    def told_apart(self) -> str:
        """How its stimuli are told apart."""
        shown = np.unique(self.showings.columns[STIMULUS])
        shown = shown[shown != ""]
        if not self.columns:
            return "no column tells its rows apart"
        if len(shown) == 1:
            return f"all its rows show {shown[0]}"
        return f"told apart by {', '.join(self.columns)}"


def _find_candidates(
    recording: neo.Block,
    intervals: str | None,
    stimulus: str | None,
    min_repeats: int,
    *,
    is_pooled: bool,
) -> list[_Candidate]:
    """Return every table and combination of columns that repeats a stimulus."""
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
            f"{intervals!r}. There are: {', '.join(names) or 'none'}."
        )
    tables = [read_showings(epoch) for epoch in epochs]
    asked: tuple[str, ...] = ()
    if stimulus is not None:
        known = {str(name) for epoch in epochs for name in epoch.array_annotations}
        asked, values = _parse_stimulus(stimulus, known)
        # Joined frames have lost their numbers; whoever asks for these means the rows.
        tables = [
            table
            if all(name in table.columns for name in asked)
            else read_showings(epoch, join_frames=False)
            for table, epoch in zip(tables, epochs, strict=True)
            if all(name in epoch.array_annotations for name in asked)
        ]
        if not tables:
            raise RecordingError(
                f"stimulus must be COLUMN or COLUMN=VALUE,... of an interval table; "
                f"got {stimulus!r}. The recording has {_list_tables(recording)}."
            )
        if values is not None:
            tables = _take_values(tables, asked[0], values)
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
            labelled = showings._replace(columns={STIMULUS: labels})
            repeats = _count_equal_repeats(labelled, min_repeats)
            if repeats:
                candidates.append(_Candidate(labelled, columns, repeats))
    return candidates


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


def _take_values(tables: list[Showings], column: str, values: str) -> list[Showings]:
    """Return the rows in which a column has one of the values asked for."""
    present = {str(label) for table in tables for label in table.columns[column]} - {""}
    # A value may itself hold a comma.
    names = [values] if values in present else [v.strip() for v in values.split(",")]
    names = [name if name in present else _as_number(name) for name in names]
    for name in names:
        if name not in present:
            shown = ", ".join(in_order(np.array(sorted(present)))[:20])
            raise RecordingError(
                f"stimulus must name values of the column {column!r}; got "
                f"{values!r}. Its values are: {shown}."
            )
    return [table.take(np.isin(table.columns[column], names)) for table in tables]


def _as_number(value: str) -> str:
    """Spell a number as the labels do, so that 0.50 finds 0.5."""
    try:
        return label_number(float(value))
    except ValueError:
        return value


def _count_equal_repeats(showings: Showings, min_repeats: int) -> int:
    """Return repeats of equal length of the median stimulus that is repeated, or 0."""
    names, stimulus_of, counts = np.unique(
        showings.columns[STIMULUS], return_inverse=True, return_counts=True
    )
    medians = medians_by_group(showings.durations, stimulus_of)[stimulus_of]
    is_equal = np.abs(showings.durations - medians) <= length_tolerance(medians)
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
    """Return the difference (s) between lengths that are the same: jitter of frames."""
    return np.maximum(0.02 * durations, np.minimum(0.025, 0.5 * durations))


def _says_the_same(one: _Candidate, other: _Candidate) -> bool:
    """Tell whether two candidates are the same rows, grouped in the same way."""
    a, b = one.showings, other.showings
    if len(a.rows) != len(b.rows) or not (
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


def no_repeats(recording: neo.Block, min_repeats: int, *notes: str) -> RecordingError:
    """Return the error for a recording without repeats: what there is, and the cure."""
    why = "".join(f" ({note})" for note in notes)
    return RecordingError(
        f"no repeats found: no stimulus is shown at least {min_repeats} times{why}; "
        f"the recording has {_list_tables(recording)}. Name the table and column "
        "(--intervals, --stimulus), give --triggers, lower --min-repeats, or ask the "
        "weaker question of spontaneous activity with --condition none."
    )


def in_order(labels: NDArray[np.str_]) -> tuple[str, ...]:
    """Return the distinct labels, numbers by value, others as they first appear."""
    names = list(dict.fromkeys(labels.tolist()))
    try:
        return tuple(sorted(names, key=float))
    except ValueError:
        return tuple(names)
