"""Rows of interval tables, read for the selection of presentations.

Input: an Epoch of a recording. Output: its rows with a positive duration, their values
as text, and the columns that can distinguish stimuli.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import plural
from neuroclass.presentations.interval_tables import as_labels, as_seconds

__all__ = ["IntervalRows", "read_interval_rows", "stimulus_columns"]

# Columns that describe the stimulus, in any table. `photostim` and its like describe
# what was done to the neurons.
_DESCRIBES_STIMULUS = re.compile(
    r"(?<!photo)(?<!photo_)(?<!opto)(?<!opto_)stim|cond|movie|film|image|picture|scene"
    r"|frame|grating|orientation|direction|contrast|frequency|speed|colou?r|pattern"
    r"|texture|odou?r|tone|sound|cue|trial_?type|luminance|intensity|coherence|azimuth"
    r"|elevation|wavelength|amplitude|velocity|category|gabor|checker|hemifield|motion"
    r"|stripe|spot|taste|tastant|syllable|song|vowel|phoneme|whisker|concentration"
    r"|(^|_)(angle|phase|size|radius|diameter|position|pos|level|sf|tf|ori|dir|theta"
    r"|type|shape|object|digit|letter|noise|bar|flash|light|pulse|power|volume"
    r"|db|x|y|x_?pos|y_?pos|pos_?[xy]|row|column|location|eye|identity)(_|$)",
    re.IGNORECASE,
)
# Columns that describe what the animal did, or what was made of the row later.
_DESCRIBES_BEHAVIOUR = re.compile(
    r"response|choice|choose|chose|correct|outcome|feedback|reward|lick|reaction|(^|_)rt"
    r"(_|$)|(^|_)hit|miss|error|good|valid|includ|exclud|wheel|running|pupil|success"
    r"|decision|answer|probability|(^|_)(tags?|notes?|comments?|performance|engaged)(_|$)"
    r"|photo_?stim|opto|laser|aborted|auto_?reward|early",
    re.IGNORECASE,
)
# Columns that number or time the rows, whatever their values look like.
_NUMBERS_ROWS = re.compile(
    r"^(id|index|units|stimulus_index)$|(^|_)(block|trial|repeat|repetition"
    r"|presentation|session)(?!_?(type|cond|kind|categor))(_|$)|(^|_)(start|stop|end|onset|offset|time|times|timestamps?"
    r"|timeseries)(_|$)",
    re.IGNORECASE,
)
_FRAME_COLUMN = re.compile(r"(^|_)frame(_|$)", re.IGNORECASE)
_FRAME_DURATION = 0.1  # s; contiguous shorter rows are frames, not presentations
# s; without a column that counts them, only rows at the rate of a screen are frames
_SCREEN_DURATION = 0.042
_REPEAT_COLUMN = re.compile(
    r"(^|_)(repeat|repetition|presentation)(_|$)", re.IGNORECASE
)


class IntervalRows(NamedTuple):
    """Rows of an interval table, each a presentation of a stimulus.

    Attributes
    ----------
    name : str
        Name of the table.
    row_labels : ndarray of str, (n_rows,)
        Labels of the rows in the file.
    starts, durations : ndarray of float, (n_rows,)
        Onset and duration of each row, in seconds; durations are positive.
    columns : mapping of str to ndarray of str, (n_rows,)
        Values as text, "" where a row has none.
    varying_columns : tuple of str
        Columns that can distinguish stimuli: neither constant nor numbering, timing
        or measuring the rows.
    notes : tuple of str
        Rows left out or joined, in sentences.
    """

    name: str
    row_labels: NDArray[np.str_]
    starts: NDArray[np.float64]
    durations: NDArray[np.float64]
    columns: Mapping[str, NDArray[np.str_]]
    varying_columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.row_labels)

    @property
    def stops(self) -> NDArray[np.float64]:
        """End of each row, in seconds; shape (n_rows,)."""
        return self.starts + self.durations

    def take(self, selection: NDArray[Any], *notes: str) -> IntervalRows:
        """Return the selected rows (indices or mask), with more notes."""
        return self._replace(
            row_labels=self.row_labels[selection],
            starts=self.starts[selection],
            durations=self.durations[selection],
            columns={name: labels[selection] for name, labels in self.columns.items()},
            notes=self.notes + notes,
        )

    def labels(self, columns: tuple[str, ...]) -> NDArray[np.str_]:
        """Return the stimulus of every row, "" where it has none.

        A missing value is a value of its own where another column, which has missing
        values too, has one: contrast on the left, or on the right.
        """
        if not columns:
            return np.full(self.n_rows, self.name.removesuffix("_presentations"))
        if len(columns) == 1:
            return self.columns[columns[0]]
        has_missing = [(self.columns[name] == "").any() for name in columns]
        labels = []
        for values in zip(*(self.columns[n].tolist() for n in columns), strict=True):
            named = [f"{n}={v}" for n, v in zip(columns, values, strict=True) if v]
            is_complete = all(values)
            has_complement = any(
                v and missing for v, missing in zip(values, has_missing, strict=True)
            ) and all(v or m for v, m in zip(values, has_missing, strict=True))
            labels.append(", ".join(named) if is_complete or has_complement else "")
        return np.array(labels, dtype=str)

    @property
    def are_frames(self) -> bool:
        """Whether rows are contiguous and too short to be presentations."""
        if self.n_rows < 2:
            return False
        median = float(np.median(self.durations))
        gaps = np.diff(self.starts) - self.durations[:-1]
        return median < _FRAME_DURATION and float(np.median(gaps)) < median / 2


def read_interval_rows(epoch: neo.Epoch, *, join_frames: bool = True) -> IntervalRows:
    """Read the rows of an interval table.

    Rows without duration are left out. If the rows are frames and a column ``frame``
    counts them, one run through the frames is one presentation (`join_frames`).
    """
    columns, varying_columns = {}, []
    for key, raw in epoch.array_annotations.items():
        name, values = str(key), np.asarray(raw)
        columns[name] = as_labels(values)
        if _can_distinguish_stimuli(name, values, columns[name]):
            varying_columns.append(name)
    varying_columns += _complementary_columns(columns, varying_columns)
    labels = np.asarray(epoch.labels, dtype=str)
    starts = as_seconds(epoch.times)
    rows = IntervalRows(
        name=str(epoch.name),
        row_labels=labels if len(labels) else np.arange(len(starts)).astype(str),
        starts=starts,
        durations=as_seconds(epoch.durations),
        columns=columns,
        varying_columns=tuple(varying_columns),
    )
    has_duration = rows.durations > 0
    if not has_duration.all():
        empty = rows.row_labels[~has_duration]
        rows = rows.take(
            has_duration,
            f"left out {plural(len(empty), 'row', 'rows')} of {rows.name} without "
            f"duration (row {empty[0]} first)",
        )
    return _join_frames(rows) if join_frames else rows


def _complementary_columns(
    columns: Mapping[str, NDArray[np.str_]], known: list[str]
) -> list[str]:
    """Return further columns whose missing values other columns complement.

    Such as contrast on the left and on the right: each row has one of them, so that a
    column with one value and none distinguishes stimuli.
    """
    partial = {
        name: labels == ""
        for name, labels in columns.items()
        if 0 < (labels == "").sum() < labels.size
        and _DESCRIBES_STIMULUS.search(name)
        and not _NUMBERS_ROWS.search(name)
        and not _DESCRIBES_BEHAVIOUR.search(name)
    }
    return [
        name
        for name, missing in partial.items()
        if name not in known
        and any(
            not (missing & other).any()
            for other_name, other in partial.items()
            if other_name != name
        )
    ]


def _can_distinguish_stimuli(
    name: str, raw: NDArray[Any], labels: NDArray[np.str_]
) -> bool:
    """Whether a column is a condition, not a constant, counter, time or measurement."""
    counts = np.unique(labels[labels != ""], return_counts=True)[1]
    if len(counts) < 2 or _NUMBERS_ROWS.search(name):
        return False
    if raw.dtype.kind in "iuf":
        steps = np.diff(raw[labels != ""].astype(float))
        if (steps > 0).all() or (steps < 0).all():
            return False
    return not (raw.dtype.kind == "f" and counts.max() == 1)


def _join_frames(frames: IntervalRows) -> IntervalRows:
    """Join each run through the frames of a movie into one presentation.

    A run ends where rows do not abut, where the counter of frames starts again, or
    where the number of the repeat changes. A column that varies within the runs names
    their sequence of values.
    """
    if not frames.are_frames:
        return frames
    counters = [
        name
        for name in frames.varying_columns
        if _FRAME_COLUMN.search(name) and _are_numbers(frames.columns[name])
    ]
    if not counters and float(np.median(frames.durations)) > _SCREEN_DURATION:
        return frames
    frames = frames.take(np.argsort(frames.starts, kind="stable"))
    stops = frames.stops
    is_first = np.ones(frames.n_rows, dtype=bool)
    is_first[1:] = frames.starts[1:] - stops[:-1] > np.median(frames.durations)
    if counters:
        number = frames.columns[counters[0]].astype(float)
        is_first[1:] |= np.diff(number) <= 0
    for name, labels in frames.columns.items():
        if _REPEAT_COLUMN.search(name):
            is_first[1:] |= labels[1:] != labels[:-1]
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], frames.n_rows) - 1
    of_run = np.repeat(np.arange(len(first)), last - first + 1)
    columns, varying = {}, []
    for name, labels in frames.columns.items():
        if (labels == labels[first][of_run]).all():
            columns[name] = labels[first]
            if name in frames.varying_columns:
                varying.append(name)
        elif name in frames.varying_columns and name not in counters:
            columns[name] = _sequences(labels, first, last)
            if len(set(columns[name].tolist())) > 1:
                varying.append(name)
    return IntervalRows(
        name=frames.name,
        row_labels=frames.row_labels[first],
        starts=frames.starts[first],
        durations=stops[last] - frames.starts[first],
        columns=columns,
        varying_columns=tuple(varying),
        notes=(
            *frames.notes,
            f"joined {frames.n_rows} rows of {frames.name} that are frames into "
            f"{len(first)} presentations",
        ),
    )


def _are_numbers(labels: NDArray[np.str_]) -> bool:
    try:
        labels.astype(float)
    except ValueError:  # frames with names or without a number are in no order
        return False
    return True


def _sequences(
    labels: NDArray[np.str_], first: NDArray[np.intp], last: NDArray[np.intp]
) -> NDArray[np.str_]:
    """Return a name for the sequence of values of each run, alike for like ones."""
    known: dict[tuple[str, ...], str] = {}
    names = []
    for start, stop in zip(first, last + 1, strict=True):
        values = tuple(labels[start:stop].tolist())
        names.append(
            known.setdefault(values, f"sequence {len(known)} of {len(values)} values")
        )
    return np.array(names, dtype=str)


def stimulus_columns(rows: IntervalRows) -> list[tuple[str, ...]]:
    """Return the combinations of columns that may distinguish the stimuli of a table.

    One combination where the names of the columns suffice; several where each of them
    may be the stimulus; an empty one where all rows are of the same stimulus. A column
    that never varies is the stimulus only where no other may be.
    """
    varying = rows.varying_columns
    if rows.name.endswith("presentations"):
        return [_without_redundant(rows, varying)]
    others = [n for n in varying if not _DESCRIBES_BEHAVIOUR.search(n)]
    if described := [n for n in others if _DESCRIBES_STIMULUS.search(n)]:
        return [_without_redundant(rows, tuple(described))]
    for name, labels in rows.columns.items():
        if (
            _DESCRIBES_STIMULUS.search(name)
            and not _NUMBERS_ROWS.search(name)
            and len(np.unique(labels[labels != ""])) == 1
        ):
            return [(other,) for other in others] or [(name,)]
    return [(name,) for name in varying] or [()]


def _without_redundant(rows: IntervalRows, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out columns that distinguish no more stimuli than the others do."""
    n_stimuli = _count_stimuli(rows, columns)
    for name in reversed(columns):
        others = tuple(n for n in columns if n != name)
        if others and _count_stimuli(rows, others) == n_stimuli:
            columns = others
    return columns


def _count_stimuli(rows: IntervalRows, columns: tuple[str, ...]) -> tuple[int, int]:
    """Return the number of stimuli, and of rows without one."""
    labels = rows.labels(columns)
    return len(np.unique(labels)), int((labels == "").sum())
