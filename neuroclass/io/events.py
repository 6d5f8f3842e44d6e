"""Recordings from lists of spikes and spike sortings.

Input: spike times with the unit of each, or a sorting. Output: a ``neo.Block``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import neo
import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import as_seconds
from neuroclass._lib.keywords import settings_from
from neuroclass.io.arguments import (
    as_array,
    checked_columns,
    checked_ids,
    in_seconds,
    presented_recording,
    signed_seconds,
    sorting_times,
)
from neuroclass.io.assemble import UnitTable, assemble_recording
from neuroclass.io.spike_table import SpikeTable

__all__ = ["from_events"]


class EventOptions(TypedDict, total=False):
    """Keywords of `from_events` for spikes that count from stimulus onset."""

    presentation: ArrayLike | None
    condition: Sequence[Any] | None
    trial_duration: float | str | None
    t_start: Any


@dataclass(frozen=True, kw_only=True)
class _Presented:
    """Presentations of a list of spikes: `EventOptions` and its defaults."""

    presentation: ArrayLike | None = None
    condition: Sequence[Any] | None = None
    trial_duration: float | str | None = None
    t_start: Any = 0.0


def from_events(
    times: Any,
    units: ArrayLike | None = None,
    *,
    dt: float | str | None = None,
    unit_ids: Sequence[int | str] | None = None,
    unit_columns: Mapping[str, Sequence[Any]] | None = None,
    **options: Unpack[EventOptions],
) -> neo.Block:
    """Return the recording of a list of spikes, or of a spike sorting.

    Parameters
    ----------
    times : array-like or tensor of shape (n_spikes,), or a sorting
        Spike times, ascending for each unit (and presentation): in seconds, a
        quantity, or in steps of `dt`. A sorting is any object with ``unit_ids``,
        ``get_unit_spike_train`` and ``get_sampling_frequency``, as in
        spikeinterface, with one segment.
    units : array-like of shape (n_spikes,)
        Id of the unit of each spike; none with a sorting.
    dt : float, str or quantity, optional
        Seconds per unit of `times`. Needed for whole numbers: these count time
        steps, and a spike lies in the middle of its step.
    unit_ids : sequence, optional
        Ids of all units in order, silent ones too; by default the units with spikes,
        sorted.
    unit_columns : mapping of str to sequence of length n_units, optional
        Columns of the units.
    presentation : array-like of shape (n_spikes,), optional
        Number of each spike's presentation, from 0: the times then count from
        stimulus onset, and `trial_duration` is needed.
    condition : sequence of length n_presentations, optional
        Stimulus of each presentation, presentations without spikes too; one
        stimulus by default.
    trial_duration : float, str or quantity, optional
        Duration of each presentation, in seconds.
    t_start : float, str or quantity, default 0.0
        Onset of the first presentation, or offset added to `times`, in seconds.

    Returns
    -------
    neo.Block
        One segment; presentations are placed as in :func:`from_raster`.

    Raises
    ------
    ValueError
        If the arguments do not fit each other.

    Examples
    --------
    >>> recording = from_events([0.1, 0.4, 0.2], ["a", "a", "b"])
    >>> [train.name for train in recording.segments[0].spiketrains]
    ['a', 'b']
    """
    events = settings_from(
        _Presented,
        None,
        options,
        "from_events",
        other_keywords=tuple(from_events.__kwdefaults__ or ()),
    )
    presentation, condition = events.presentation, events.condition
    trial_duration = events.trial_duration
    t_start = signed_seconds(events.t_start, "t_start")
    if hasattr(times, "get_unit_spike_train"):
        if units is not None or dt is not None:
            raise ValueError(
                "units and dt must be left out for a sorting, which has its own."
            )
        times, units, unit_ids = _read_sorting(times, unit_ids)
    elif units is None:
        raise ValueError("units must be given: the unit of each spike.")
    seconds = _event_seconds(times, dt)
    ids, rows = _unit_rows(as_array(units, "units"), unit_ids)
    if seconds.ndim != 1 or rows.shape != seconds.shape:
        raise ValueError(
            "times and units must have one entry per spike; got shapes "
            f"{seconds.shape} and {rows.shape}."
        )
    if presentation is None:
        if condition is not None or trial_duration is not None:
            raise ValueError(
                "condition and trial_duration must come with presentation, the "
                "presentation of each spike."
            )
        order = np.argsort(rows, kind="stable")
        stops = np.cumsum(np.bincount(rows, minlength=len(ids)))
        return assemble_recording(
            UnitTable(
                seconds[order] + t_start,
                stops,
                ids,
                checked_columns(unit_columns, len(ids)),
            ),
            source="times",
            annotations={"format": "arrays"},
            name="recording",
            error=ValueError,
        )
    if trial_duration is None:
        raise ValueError(
            "trial_duration must be given with presentation: the last spike is not the "
            "end of a presentation."
        )
    numbers = _presentation_numbers(presentation, seconds.size)
    if condition is None:
        stimuli = np.zeros(int(numbers.max(initial=-1)) + 1, np.intp)
    else:
        stimuli = np.asarray(condition)
    if numbers.size and numbers.max() >= len(stimuli):
        raise ValueError(
            f"condition must have one entry per presentation; got {len(stimuli)} for "
            f"presentation {numbers.max()}."
        )
    return presented_recording(
        SpikeTable(seconds, rows, ids, numbers, stimuli),
        unit_columns=unit_columns,
        repeats=None,
        duration=as_seconds(trial_duration, "trial_duration"),
        t_start=t_start,
        source="times",
    )


def _event_seconds(times: Any, dt: float | str | None) -> NDArray[np.float64]:
    plain, scale = in_seconds(times, np.nan, "times")
    if not np.isnan(scale):
        if dt is not None:
            raise ValueError("dt must be left out when times bring their unit.")
        return np.asarray(plain, dtype=np.float64)
    values = as_array(times, "times")
    if values.dtype.kind in "iu" and values.size:
        if dt is None:
            raise ValueError(
                "dt must be given when times are whole numbers: the seconds per time "
                "step. For whole seconds, make times floats."
            )
        return (values + 0.5) * as_seconds(dt, "dt")
    if values.dtype.kind not in "fiu":
        raise ValueError(f"times must be numbers; got {values.dtype}.")
    return values * (1.0 if dt is None else as_seconds(dt, "dt"))


def _unit_rows(
    units: NDArray[Any], unit_ids: Sequence[int | str] | None
) -> tuple[list[int | str], NDArray[np.intp]]:
    present, rows = np.unique(units, return_inverse=True)
    found = present.tolist()
    rows = rows.reshape(units.shape)
    if unit_ids is None:
        whole = present.dtype.kind == "f" and (present == np.floor(present)).all()
        return ([int(unit) for unit in found] if whole else found), rows
    ids = checked_ids(unit_ids, len(unit_ids))
    place = {unit_id: row for row, unit_id in enumerate(ids)}
    unknown = [unit for unit in found if unit not in place]
    if unknown:
        raise ValueError(
            f"units must be among unit_ids; got {unknown[0]!r}, which is not."
        )
    return ids, np.array([place[unit] for unit in found], dtype=np.intp)[rows]


def _presentation_numbers(presentation: ArrayLike, n_spikes: int) -> NDArray[np.intp]:
    numbers = as_array(presentation, "presentation")
    if numbers.shape != (n_spikes,):
        raise ValueError(
            f"presentation must have one entry for each of the {n_spikes} spikes; got "
            f"shape {numbers.shape}."
        )
    if n_spikes and (numbers.dtype.kind not in "iu" or numbers.min() < 0):
        raise ValueError(
            "presentation must be whole numbers from 0; got "
            f"{numbers.dtype} from {numbers.min()}."
        )
    return numbers.astype(np.intp)


def _read_sorting(
    sorting: Any, unit_ids: Sequence[int | str] | None
) -> tuple[NDArray[np.float64], NDArray[Any], list[int | str]]:
    n_segments = getattr(sorting, "get_num_segments", lambda: 1)()
    if n_segments != 1:
        raise ValueError(
            f"times must be a sorting of one segment; got {n_segments}. Select one "
            "(select_segments) or concatenate them."
        )
    selected = sorting.unit_ids if unit_ids is None else unit_ids
    ids = checked_ids(list(selected), len(selected))
    trains = [sorting_times(sorting, unit) for unit in selected]
    units = np.repeat(np.array(ids), [train.size for train in trains])
    return np.concatenate(trains), units, ids
