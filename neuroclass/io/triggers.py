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

from neuroclass.exceptions import RecordingError
from neuroclass.io.arguments import in_seconds, time_values
from neuroclass.io.assemble import make_epoch
from neuroclass.io.files.matlab import read_mat
from neuroclass.io.files.npz import read_npz
from neuroclass.io.files.open_ephys import read_ttl, ttl_folder
from neuroclass.io.format_detection import detect_format
from neuroclass.io.text import pop_column, read_text_columns

__all__ = ["read_triggers", "trigger_epoch"]

_STARTS = ("start", "start_time", "onset", "time", "times", "trigger", "triggers")
_STOPS = ("stop", "stop_time", "end", "end_time", "offset")
_DURATIONS = ("duration",)


def read_triggers(triggers: Any, scale: float, duration: float | None) -> neo.Epoch:
    """Return the interval table (Epoch) ``"triggers"``.

    Parameters
    ----------
    triggers : path or array-like of shape (n_triggers,)
        Ascending trigger times, or a file of them, one of

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
    plain, scale = in_seconds(triggers, scale, "triggers")
    is_vector = np.ma.isMA(plain) or getattr(plain, "dtype", np.dtype("f8")).kind == "m"
    times = time_values(plain, 1.0, "triggers") if is_vector else np.asarray(plain)
    return trigger_epoch({"time": times}, scale, duration, "triggers", ValueError)


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
        stops = _seconds(*stop, source, error, ascending=False)
    elif (given := pop_column(columns, _DURATIONS, scale)) is not None:
        stops = starts + _seconds(*given, source, error, ascending=False)
    elif starts.size > 1:
        stops = starts + float(np.median(np.diff(starts)))
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
    if len(stops) != len(starts):
        raise error(
            f"{source} must have as many stops as starts; got {len(stops)} and "
            f"{len(starts)}. Correct the table."
        )
    epoch = make_epoch("triggers", starts, stops, columns, source, error=error)
    if is_guessed:
        epoch.annotations["duration"] = "median gap"
    return epoch


def _seconds(
    values: NDArray[Any],
    scale: float,
    source: str,
    error: type[ValueError],
    *,
    ascending: bool = True,
) -> NDArray[np.float64]:
    column = np.squeeze(values) if values.size > 1 else np.ravel(values)
    if column.ndim != 1 or not column.size or column.dtype.kind not in "iuf":
        raise error(
            f"{source} must hold trigger times along one axis; got shape "
            f"{values.shape} of {values.dtype}."
        )
    times = column.astype(np.float64) * scale
    bad = ~np.isfinite(times)
    if ascending:
        bad[1:] |= np.diff(times) < 0
    if bad.any():
        row = int(np.argmax(bad))
        rule = "be finite and ascend" if ascending else "be finite"
        raise error(
            f"{source}: the trigger times must {rule}; got {times[row]:.6g} s in row "
            f"{row}. Correct or sort them."
        )
    return times


def _read_file(path: Path) -> dict[str, NDArray[Any]]:
    if path.is_file() and _is_numpy_array(path):
        try:
            return {"time": np.array(np.load(path, allow_pickle=False, mmap_mode="r"))}
        except Exception as error:  # numpy parses the header as Python does
            raise RecordingError(
                f"{path} must hold numbers: {error}. Save a plain array."
            ) from error
    kind = detect_format(path)
    if kind == "nwb":
        raise RecordingError(
            f"{path} is a recording, not a file of triggers. Give its interval table "
            "by name instead (intervals)."
        )
    if kind == "csv":
        return read_text_columns(path, single="time")
    arrays = read_mat(path, kind) if kind.startswith("mat") else read_npz(path)
    found = {
        name: np.ravel(values)
        for name, values in arrays.items()
        if values.dtype.kind in "biufU" and values.size == max(values.shape, default=1)
    }
    if len(found) == 1:
        return {"time": next(iter(found.values()))}
    # Scalars beside the arrays are descriptions, not columns.
    longest = max((values.size for values in found.values()), default=0)
    return {name: values for name, values in found.items() if values.size == longest}


def _is_numpy_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"\x93NUMPY"
