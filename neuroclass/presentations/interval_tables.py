"""Interval tables of a recording, described for people.

Input: a recording (`neo.Block` with one Epoch per interval table). Output: name, number
and duration of the rows of each table, and the values and repeats of each column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.exceptions import RecordingError
from neuroclass.io import row_times

__all__ = [
    "IntervalColumn",
    "IntervalTable",
    "as_labels",
    "as_seconds",
    "describe_intervals",
    "first_segment",
    "number_label",
    "onset_columns",
    "spike_seconds",
]


# Columns that time the stimulus, and those that time its end or the animal.
_IS_ONSET = re.compile(
    r"stim|cue|sample|pole|image|sound|tone|odou?r|flash|light|grating|onset",
    re.IGNORECASE,
)
_IS_NO_ONSET = re.compile(
    r"(photo|opto)_?stim|off|out|end|stop|reward|lick|response|choice|feedback|move",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class IntervalColumn:
    """Column of an interval table.

    Attributes
    ----------
    name : str
        Name of the column.
    n_values : int
        Number of distinct values, rows without a value apart.
    repeats : int
        Number of rows of the most frequent value.
    values : tuple of str
        The most frequent values, at most five.
    is_time : bool
        Whether the values are times inside the rows, such as the onset of a stimulus.
    n_missing : int
        Number of rows without a value.
    """

    name: str
    n_values: int
    repeats: int
    values: tuple[str, ...]
    is_time: bool = False
    n_missing: int = 0

    def __str__(self) -> str:
        """Return such as ``stimulus (11 values, up to 50 repeats)``."""
        if self.n_values == 0:
            return f"{self.name} (empty)"
        if self.is_time:
            return f"{self.name} (times inside the rows)"
        if self.n_values == 1:
            always = "always" if not self.n_missing else f"{self.repeats} rows of"
            return f"{self.name} ({always} {self.values[0]})"
        if self.repeats == 1:
            return f"{self.name} ({self.n_values} values, none repeated)"
        return f"{self.name} ({self.n_values} values, up to {self.repeats} repeats)"


@dataclass(frozen=True)
class IntervalTable:
    """Interval table of a recording.

    Attributes
    ----------
    name : str
        Name of the table.
    n_rows : int
        Number of rows.
    durations : tuple of float
        Shortest, median and longest row, in seconds; zeros without rows.
    columns : tuple of IntervalColumn
        Columns in the order of the file, without start and stop.
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
        Tables in the order of the file; each prints as one line.

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
        durations = as_seconds(epoch.durations)
        starts = as_seconds(epoch.times)
        columns = []
        for name, raw in epoch.array_annotations.items():
            labels = as_labels(np.asarray(raw))
            values, counts = np.unique(labels[labels != ""], return_counts=True)
            frequent = values[np.argsort(-counts, kind="stable")[:5]]
            columns.append(
                IntervalColumn(
                    str(name),
                    len(values),
                    int(counts.max(initial=0)),
                    tuple(frequent.tolist()),
                    _are_times(np.asarray(raw), starts, starts + durations),
                    int((labels == "").sum()),
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


def _are_times(
    values: NDArray[Any], starts: NDArray[np.float64], stops: NDArray[np.float64]
) -> bool:
    """Whether a column holds times inside its rows, on the clock of the rows."""
    # Small whole numbers and constants lie inside rows by chance.
    if values.dtype.kind != "f" or np.unique(values[~np.isnan(values)]).size < 3:
        return False
    times = row_times(values, starts, stops)
    return times is not None and bool((times != np.floor(times)).any())


def onset_columns(epoch: neo.Epoch) -> list[str]:
    """Return the columns of a table with times of a stimulus inside the rows."""
    starts = as_seconds(epoch.times)
    stops = starts + as_seconds(epoch.durations)
    return [
        str(name)
        for name, raw in epoch.array_annotations.items()
        if _IS_ONSET.search(str(name))
        and not _IS_NO_ONSET.search(str(name))
        and _are_times(np.asarray(raw), starts, stops)
    ]


def first_segment(recording: neo.Block) -> neo.Segment:
    """Return the segment that holds the recording, or raise ``RecordingError``."""
    if not recording.segments:
        raise RecordingError(
            "recording must hold a segment; got a block without one. "
            "Load it with load_recording."
        )
    return recording.segments[0]


def spike_seconds(train: neo.SpikeTrain) -> NDArray[np.float64]:
    """Return the spike times of a unit, in seconds."""
    # Rescaling costs more than all uses of the times, and is seldom needed.
    is_seconds = train.dimensionality.string == "s"
    times: NDArray[np.float64] = (train if is_seconds else train.rescale("s")).magnitude
    return times


def as_seconds(quantity: Any) -> NDArray[np.float64]:
    """Return a quantity of time as numbers, in seconds."""
    return np.asarray(quantity.rescale("s").magnitude, dtype=float)


def as_labels(raw: NDArray[Any]) -> NDArray[np.str_]:
    """Return values as text, "" where there is none; 2.0 and 2 are one value."""
    if raw.dtype.kind == "f":
        return np.array([number_label(value) for value in raw.tolist()], dtype=str)
    values = (v.decode() if isinstance(v, bytes) else v for v in raw.tolist())
    labels = np.array([str(value).strip() for value in values], dtype=str)
    return np.where(np.isin(labels, ("nan", "NaN")), "", labels)


def number_label(value: float) -> str:
    """Return a number as a label: whole ones without a point, nan as ""."""
    if np.isnan(value):
        return ""
    return str(int(value)) if float(value).is_integer() else f"{value:.6g}"
