"""Interval tables from trigger times.

Input: an array of times, or a file. Output: an Epoch.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass import io as lazy_io  # pandas is loaded for its files only
from neuroclass.exceptions import RecordingError
from neuroclass.io.assemble import make_epoch
from neuroclass.io.files.matlab import read_mat
from neuroclass.io.files.npz import read_npz
from neuroclass.io.format_detection import detect_format
from neuroclass.io.memory.trigger_objects import trigger_columns
from neuroclass.io.sorters.open_ephys import read_ttl, ttl_folder
from neuroclass.io.text import column_keys, pop_column, read_text_columns

__all__ = ["read_triggers", "trigger_epoch", "trigger_fields"]

_STARTS = (
    *("start", "starts", "start_time", "onset", "onsets", "onset_time", "time"),
    *("times", "trigger", "triggers", "trigger_time", "stimulus_onset", "stim_onset"),
    *("stim_on", "timestamp", "timestamps", "begin"),
)
_STOPS = (
    *("stop", "stops", "stop_time", "end", "ends", "end_time", "offset", "offsets"),
    *("offset_time", "stimulus_offset", "stim_offset", "stim_off"),
)
_DURATIONS = ("duration", "durations")
# Of all rows: a few without an onset are no showings, many mean another column.
_MOST_UNUSABLE = 0.1
_SLACK = 1e-6  # s, of rows that abut
# Formats that are read as triggers; of another one the events are meant.
_FILES = ("csv", "npz", "mat", "mat-v7.3", "parquet")


def read_triggers(triggers: Any, scale: float, duration: float | None) -> neo.Epoch:
    """Return the interval table (Epoch) ``"triggers"``.

    Parameters
    ----------
    triggers : path, array-like of shape (n_triggers,), or table
        Ascending trigger times; or a table, mapping or object of another package, see
        :func:`neuroclass.io.memory.trigger_objects.trigger_columns`; or a file, one of

        * ``.npy``, or text with one number per line;
        * text whose first line names the columns: ``start`` (``start_time``,
          ``onset``, ``time``, ``trigger``), optionally ``stop`` (``stop_time``,
          ``end``) or ``duration``, and any others, for example ``stimulus``, which
          become columns of the table; a name may hold a unit (``start_ms``);
        * npz or mat with arrays of these names, or with one array only;
        * the folder of TTL events of Open Ephys, or an array of it: rising edges.
    scale : float
        Seconds per unit of the times; a quantity has its own unit.
    duration : float or None
        Duration of each presentation, in seconds. None takes the stops or durations
        of the file, or else the median gap between triggers.

    Raises
    ------
    FileNotFoundError, RecordingError
        If the file cannot be used.
    ValueError
        If the times are not finite and ascending.
    """
    if isinstance(triggers, str | PathLike):
        path = Path(triggers)
        if (folder := ttl_folder(path)) is not None:
            return trigger_epoch(read_ttl(folder), 1.0, duration, path.name)
        return trigger_epoch(_read_file(path), scale, duration, path.name)
    columns, scale = trigger_columns(triggers, scale)
    return trigger_epoch(columns, scale, duration, "triggers", ValueError)


def trigger_epoch(
    columns: dict[str, NDArray[Any]],
    scale: float,
    duration: float | None,
    source: str,
    error: type[ValueError] = RecordingError,
) -> neo.Epoch:
    """Return the interval table of columns of triggers; see :func:`read_triggers`."""
    columns = dict(columns)
    found = pop_column(columns, _STARTS, scale)
    if found is None:
        raise error(
            f"{source} must have a column or array of trigger times named "
            f"{', '.join(_STARTS)}; got {', '.join(columns) or 'none'}. Rename it."
        )
    starts = _seconds(*found, source, error)
    is_guessed = False
    if (stop := pop_column(columns, _STOPS, scale)) is not None:
        stops = _seconds(*stop, source, error)
    elif (given := pop_column(columns, _DURATIONS, scale)) is not None:
        lengths = _seconds(*given, source, error)
        stops = starts + lengths if lengths.size == starts.size else lengths
    else:
        stops = None
    if stops is not None and len(stops) != len(starts):
        raise error(
            f"{source} must have as many stops as starts; got {len(stops)} and "
            f"{len(starts)}. Correct the table."
        )
    starts, order = _in_order(starts, stops, source, error)
    columns = {
        name: values[order] if np.shape(values)[:1] == order.shape else values
        for name, values in columns.items()
    }
    if stops is not None:
        stops = stops[order]
    elif np.isfinite(starts).sum() > 1:
        stops = starts + float(np.median(np.diff(starts[np.isfinite(starts)])))
        is_guessed = duration is None
    elif duration is not None:
        stops = starts
    else:
        raise error(
            f"{source} has one trigger only, so the duration of a presentation is "
            "unknown. Give trial_duration."
        )
    if duration is not None:
        stops = starts + duration
    epoch = make_epoch("triggers", starts, stops, columns, source, error=error)
    if is_guessed:
        epoch.annotations["duration"] = "median gap"
    return epoch


def trigger_fields(fields: dict[str, Any]) -> dict[str, NDArray[Any]] | None:
    """Return the columns of a struct of intervals, with start and stop; else None."""
    columns = {
        name: column
        for name, values in fields.items()
        if (column := _column(values)) is not None
    }
    starts, ends = (
        column_keys(columns, _STARTS),
        column_keys(columns, (*_STOPS, *_DURATIONS)),
    )
    if not starts or not ends or columns[starts[0]].size < 2:
        return None
    size = columns[starts[0]].size
    return {name: values for name, values in columns.items() if values.size == size}


def _seconds(
    values: NDArray[Any], scale: float, source: str, error: type[ValueError]
) -> NDArray[np.float64]:
    column = np.squeeze(values) if values.size > 1 else np.ravel(values)
    if column.ndim != 1 or not column.size or column.dtype.kind not in "iuf":
        raise error(
            f"{source} must hold trigger times along one axis; got shape "
            f"{values.shape} of {values.dtype}."
        )
    return column.astype(np.float64) * scale


def _in_order(
    starts: NDArray[np.float64],
    stops: NDArray[np.float64] | None,
    source: str,
    error: type[ValueError],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return ascending onsets, nan where they cannot be used, and their order.

    A few that are not finite, or negative where the others are not, are placeholders.
    Rows with their stops may be in any order, such as that of the stimuli; onsets alone
    that descend restart, and no order makes them right.
    """
    usable = np.isfinite(starts)
    if not _ascend(starts[usable]):
        usable &= starts >= 0
    n_unusable = int((~usable).sum())
    order = np.arange(starts.size)
    if n_unusable > _MOST_UNUSABLE * starts.size:
        raise _unordered(starts, ~usable, source, error)
    if not _ascend(starts[usable]):
        order = np.argsort(np.where(usable, starts, np.inf), kind="stable")
        n_used = int(usable.sum())
        first = starts[order][1:n_used]
        if stops is None or not (first >= stops[order][: n_used - 1] - _SLACK).all():
            descends = np.append(False, np.diff(np.where(usable, starts, -np.inf)) < 0)
            raise _unordered(starts, descends & usable, source, error)
    return np.where(usable, starts, np.nan)[order], order


def _ascend(times: NDArray[np.float64]) -> bool:
    return bool((np.diff(times) >= 0).all())


def _unordered(
    starts: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    source: str,
    error: type[ValueError],
) -> ValueError:
    row = int(np.argmax(wrong))
    return error(
        f"{source}: the trigger times must be finite and ascend; got "
        f"{starts[row]:.6g} s in row {row}. Correct or sort them."
    )


def _read_file(path: Path) -> dict[str, NDArray[Any]]:
    if path.is_file() and _is_numpy_array(path):
        try:
            stored = np.array(np.load(path, allow_pickle=False, mmap_mode="r"))
        except Exception as error:  # numpy parses the header as Python does
            raise RecordingError(
                f"{path} must hold numbers: {error}. Save a plain array."
            ) from error
        return _columns_of_array(stored, path)
    kind = detect_format(path)
    if kind not in _FILES:
        raise RecordingError(
            f"{path} is a recording ({kind}), not a file of triggers. Load it as the "
            "recording and name its interval table (--intervals) or events "
            "(--triggers), or save its onsets as csv with a column start."
        )
    if kind == "csv":
        return read_text_columns(path, single="time")
    if kind == "parquet":
        return lazy_io.read_frame_columns(path)
    arrays: dict[str, Any] = (
        read_mat(path, kind) if kind.startswith("mat") else dict(read_npz(path))
    )
    if arrays and all(isinstance(value, dict) for value in arrays.values()):
        if len(arrays) > 1:
            raise RecordingError(
                f"{path} must hold one struct of triggers; got {', '.join(arrays)}. "
                "Save the right one alone."
            )
        (arrays,) = arrays.values()
    found = {
        name: column
        for name, values in arrays.items()
        if (column := _column(values)) is not None
    }
    if len(found) == 1:
        return {"time": next(iter(found.values()))}
    # Scalars beside the arrays are descriptions, not columns.
    longest = max((values.size for values in found.values()), default=0)
    return {name: values for name, values in found.items() if values.size == longest}


def _columns_of_array(stored: NDArray[Any], path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns of one array: onsets, rows of start and stop, or records."""
    try:
        return trigger_columns(stored, 1.0)[0]
    except ValueError as error:
        raise RecordingError(f"{path}: {error}") from error


def _column(values: Any) -> NDArray[Any] | None:
    """Return numbers or text along one axis, cells of text too; else None."""
    if not isinstance(values, np.ndarray) or values.size != max(
        values.shape, default=1
    ):
        return None
    if values.dtype.kind in "biufU":
        return np.ravel(values)
    if values.dtype != object or not values.size:
        return None
    cells = [np.ravel(cell) for cell in values.flat]
    if not all(cell.size <= 1 and cell.dtype.kind in "biufU" for cell in cells):
        return None
    texts = [str(cell[0]) if cell.size else "" for cell in cells]
    is_text = any(cell.dtype.kind == "U" for cell in cells)
    return np.array(texts) if is_text else np.array([float(t or "nan") for t in texts])


def _is_numpy_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"\x93NUMPY"
