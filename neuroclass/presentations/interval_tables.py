"""What the interval tables of a recording hold.

Takes a recording (`neo.Block` with one Epoch per interval table); describes its tables
for people (`describe_intervals`) and reads them for the choice of presentations:
rows that last, labels as strings, and the columns that can tell stimuli apart.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError

__all__ = [
    "IntervalColumn",
    "IntervalTable",
    "Showings",
    "describe_intervals",
    "first_segment",
    "label_number",
    "read_showings",
    "spike_seconds",
    "stimulus_columns",
]

# Columns that describe the stimulus, in any table. `photostim` and its like describe
# what was done to the neurons.
_DESCRIBES_STIMULUS = re.compile(
    r"(?<!photo)(?<!photo_)(?<!opto)(?<!opto_)stim|cond|movie|film|image|picture|scene"
    r"|frame|grating|orientation|direction|contrast|frequency|speed|colou?r|pattern"
    r"|texture|odou?r|tone|sound|cue|trial_?type",
    re.IGNORECASE,
)
# Columns that number or time the rows, whatever their values look like.
_KEEPS_BOOKS = re.compile(
    r"^(id|index|units|stimulus_index)$|(^|_)(block|trial(?!_?type)|repeat|repetition"
    r"|presentation|session|start|stop|end|onset|offset|time|times|timestamps?"
    r"|timeseries)(_|$)",
    re.IGNORECASE,
)
_FRAME_COLUMN = re.compile(r"(^|_)frame(_|$)", re.IGNORECASE)
_FRAME_DURATION = 0.1  # s; contiguous rows shorter than this are frames, not showings


@dataclass(frozen=True)
class IntervalColumn:
    """A column of an interval table.

    Attributes
    ----------
    name : str
        Of the column.
    n_values : int
        Number of distinct values; rows without a value do not count.
    repeats : int
        Rows of the most frequent value.
    values : tuple of str
        The most frequent values, at most five.
    """

    name: str
    n_values: int
    repeats: int
    values: tuple[str, ...]

    def __str__(self) -> str:
        """Return such as ``stimulus (11 values, up to 50 repeats)``."""
        if self.n_values == 0:
            return f"{self.name} (empty)"
        if self.n_values == 1:
            return f"{self.name} (always {self.values[0]})"
        if self.repeats == 1:
            return f"{self.name} ({self.n_values} values, none repeated)"
        return f"{self.name} ({self.n_values} values, up to {self.repeats} repeats)"


@dataclass(frozen=True)
class IntervalTable:
    """An interval table of a recording.

    Attributes
    ----------
    name : str
        Of the table.
    n_rows : int
        Number of rows.
    durations : tuple of float
        Shortest, median and longest row, s; zeros when there is no row.
    columns : tuple of IntervalColumn
        In the order of the file, without start and stop.
    """

    name: str
    n_rows: int
    durations: tuple[float, float, float]
    columns: tuple[IntervalColumn, ...]

    def __str__(self) -> str:
        """Return one line: rows, lengths, columns with their repeats."""
        shortest, _, longest = self.durations
        length = f"{longest:.4g} s"
        if shortest < 0.99 * longest:
            length = f"{shortest:.4g} to {length}"
        columns = ", ".join(map(str, self.columns)) or "no column"
        plural = "" if self.n_rows == 1 else "s"
        return f"{self.name}: {self.n_rows} row{plural} of {length}, {columns}"


def describe_intervals(recording: neo.Block) -> list[IntervalTable]:
    """Describe the interval tables of a recording and the repeats in each column.

    Parameters
    ----------
    recording : neo.Block
        A recording with one Epoch per interval table.

    Returns
    -------
    list of IntervalTable
        In the order of the file; each prints as one line.

    Raises
    ------
    RecordingError
        If the recording has no segment.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(3, 6, 10, duration="2s", n_unique=2, random_state=0)
    >>> print(describe_intervals(retina)[0])
    trials: 12 rows of 2 s, stimulus (3 values, up to 10 repeats)
    """
    tables = []
    for epoch in first_segment(recording).epochs:
        durations = _seconds(epoch.durations)
        columns = []
        for name, raw in epoch.array_annotations.items():
            labels = _as_labels(np.asarray(raw))
            values, counts = np.unique(labels[labels != ""], return_counts=True)
            frequent = values[np.argsort(-counts, kind="stable")[:5]]
            columns.append(
                IntervalColumn(
                    str(name),
                    len(values),
                    int(counts.max(initial=0)),
                    tuple(frequent.tolist()),
                )
            )
        quantiles = np.quantile(durations, [0, 0.5, 1]) if len(durations) else [0.0] * 3
        shortest, median, longest = map(float, quantiles)
        tables.append(
            IntervalTable(
                str(epoch.name),
                len(durations),
                (shortest, median, longest),
                tuple(columns),
            )
        )
    return tables


def first_segment(recording: neo.Block) -> neo.Segment:
    """Return the segment that holds the recording, or raise ``RecordingError``."""
    if not recording.segments:
        raise RecordingError(
            "recording must hold a segment; got a block without one. "
            "Load it with load_recording."
        )
    return recording.segments[0]


def spike_seconds(train: neo.SpikeTrain) -> NDArray[np.float64]:
    """Return the spike times of a unit, s."""
    # Rescaling costs more than all that is done with them, and is mostly for nothing.
    is_seconds = train.dimensionality.string == "s"
    times: NDArray[np.float64] = (train if is_seconds else train.rescale("s")).magnitude
    return times


def _seconds(quantity: Any) -> NDArray[np.float64]:
    return np.asarray(quantity.rescale("s").magnitude, dtype=float)


def _as_labels(raw: NDArray[Any]) -> NDArray[np.str_]:
    """Return values as strings, "" where there is none; 2.0 and 2 are one value."""
    if raw.dtype.kind == "f":
        return np.array([label_number(value) for value in raw.tolist()], dtype=str)
    values = (v.decode() if isinstance(v, bytes) else v for v in raw.tolist())
    labels = np.array([str(value).strip() for value in values], dtype=str)
    return np.where(np.isin(labels, ("nan", "NaN")), "", labels)


def label_number(value: float) -> str:
    """Return a number as a label: whole ones without a point, nan as ""."""
    if np.isnan(value):
        return ""
    return str(int(value)) if float(value).is_integer() else f"{value:.6g}"


class Showings(NamedTuple):
    """Rows of an interval table, each one showing of a stimulus.

    Attributes
    ----------
    name : str
        Of the table.
    rows : ndarray of str, (n_rows,)
        Labels of the rows in the file.
    starts, durations : ndarray of float, (n_rows,)
        s; every row lasts.
    columns : mapping of str to ndarray of str, (n_rows,)
        Labels, "" where a row has no value.
    varying : tuple of str
        The columns that can tell stimuli apart: neither constant nor numbering,
        timing or measuring the rows.
    notes : tuple of str
        What was left out or joined.
    """

    name: str
    rows: NDArray[np.str_]
    starts: NDArray[np.float64]
    durations: NDArray[np.float64]
    columns: Mapping[str, NDArray[np.str_]]
    varying: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def take(self, kept: NDArray[Any], *notes: str) -> "Showings":
        """Return the showings `kept` (indices or mask), with more notes."""
        return self._replace(
            rows=self.rows[kept],
            starts=self.starts[kept],
            durations=self.durations[kept],
            columns={name: labels[kept] for name, labels in self.columns.items()},
            notes=self.notes + notes,
        )

    def labels(self, columns: tuple[str, ...]) -> NDArray[np.str_]:
        """Return the stimulus of every row, "" where a column has no value."""
        if not columns:
            return np.full(len(self.rows), self.name.removesuffix("_presentations"))
        if len(columns) == 1:
            return self.columns[columns[0]]
        parts = zip(*(self.columns[name].tolist() for name in columns), strict=True)
        return np.array(
            [
                ", ".join(f"{n}={v}" for n, v in zip(columns, values, strict=True))
                if all(values)
                else ""
                for values in parts
            ],
            dtype=str,
        )

    @property
    def are_frames(self) -> bool:
        """Rows follow each other without a gap and are too short to be showings."""
        if len(self.rows) < 2:
            return False
        median = float(np.median(self.durations))
        gaps = np.diff(self.starts) - self.durations[:-1]
        return median < _FRAME_DURATION and float(np.median(gaps)) < median / 2


def read_showings(epoch: neo.Epoch, *, join_frames: bool = True) -> Showings:
    """Read an interval table.

    Rows without duration are left out. If the rows are frames and a column ``frame``
    counts them, one run through the frames is one showing (`join_frames`).
    """
    columns, varying = {}, []
    for key, raw in epoch.array_annotations.items():
        name, values = str(key), np.asarray(raw)
        columns[name] = _as_labels(values)
        if _can_tell_stimuli_apart(name, values, columns[name]):
            varying.append(name)
    labels = np.asarray(epoch.labels, dtype=str)
    starts = _seconds(epoch.times)
    showings = Showings(
        name=str(epoch.name),
        rows=labels if len(labels) else np.arange(len(starts)).astype(str),
        starts=starts,
        durations=_seconds(epoch.durations),
        columns=columns,
        varying=tuple(varying),
    )
    lasts = showings.durations > 0
    if not lasts.all():
        empty = showings.rows[~lasts]
        plural = "" if len(empty) == 1 else "s"
        showings = showings.take(
            lasts,
            f"left out {len(empty)} row{plural} of {showings.name} without duration "
            f"(row {empty[0]} first)",
        )
    return _join_frames(showings) if join_frames else showings


def _can_tell_stimuli_apart(
    name: str, raw: NDArray[Any], labels: NDArray[np.str_]
) -> bool:
    """Tell a condition from a constant, a counter, a clock and a measurement."""
    counts = np.unique(labels[labels != ""], return_counts=True)[1]
    if len(counts) < 2 or _KEEPS_BOOKS.search(name):
        return False
    if raw.dtype.kind in "iuf":
        steps = np.diff(raw[labels != ""].astype(float))
        if (steps > 0).all() or (steps < 0).all():
            return False
    return not (raw.dtype.kind == "f" and counts.max() == 1)


def _join_frames(frames: Showings) -> Showings:
    """Join each run through the frames of a movie into one showing."""
    counters = [name for name in frames.columns if _FRAME_COLUMN.search(name)]
    if not counters or not frames.are_frames or counters[0] not in frames.varying:
        return frames
    frames = frames.take(np.argsort(frames.starts, kind="stable"))
    try:
        number = frames.columns[counters[0]].astype(float)
    except ValueError:  # frames with names or without a number are in no order
        return frames
    stops = frames.starts + frames.durations
    is_first = np.ones(len(number), dtype=bool)
    is_first[1:] = (np.diff(number) <= 0) | (
        frames.starts[1:] - stops[:-1] > np.median(frames.durations)
    )
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], len(number)) - 1
    of_run = np.repeat(np.arange(len(first)), last - first + 1)
    shared = {
        name: labels[first]
        for name, labels in frames.columns.items()
        if (labels == labels[first][of_run]).all()
    }
    return Showings(
        name=frames.name,
        rows=frames.rows[first],
        starts=frames.starts[first],
        durations=stops[last] - frames.starts[first],
        columns=shared,
        varying=tuple(name for name in frames.varying if name in shared),
        notes=(
            *frames.notes,
            f"joined {len(number)} rows of {frames.name} that are frames into "
            f"{len(first)} showings",
        ),
    )


def stimulus_columns(showings: Showings) -> list[tuple[str, ...]]:
    """Return the combinations of columns that may tell the stimuli of a table apart.

    One combination where the file says enough; several where any of them might be the
    stimulus; an empty one where every row shows the same.
    """
    varying = showings.varying
    if showings.name.endswith("presentations"):
        return [_without_redundant(showings, varying)]
    if described := [n for n in varying if _DESCRIBES_STIMULUS.search(n)]:
        return [_without_redundant(showings, tuple(described))]
    for name, labels in showings.columns.items():
        if (
            _DESCRIBES_STIMULUS.search(name)
            and not _KEEPS_BOOKS.search(name)
            and len(np.unique(labels[labels != ""])) == 1
        ):
            return [(name,)]
    return [(name,) for name in varying] or [()]


def _without_redundant(showings: Showings, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out columns that tell apart nothing that the others do not."""
    n_stimuli = len(np.unique(showings.labels(columns)))
    for name in reversed(columns):
        others = tuple(n for n in columns if n != name)
        if others and len(np.unique(showings.labels(others))) == n_stimuli:
            columns = others
    return columns
