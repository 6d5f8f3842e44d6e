"""Lists of spikes and spike sortings, to a ``neo.Block``."""

from collections.abc import Mapping, Sequence
from typing import Any

import neo
import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import as_seconds
from neuroclass.io.arguments import (
    as_array,
    checked_columns,
    checked_ids,
    presented_recording,
)
from neuroclass.io.assemble import assemble_recording

__all__ = ["from_events"]


def from_events(
    times: Any,
    units: ArrayLike | None = None,
    *,
    dt: float | str | None = None,
    presentation: ArrayLike | None = None,
    condition: Sequence[Any] | None = None,
    trial_duration: float | str | None = None,
    unit_ids: Sequence[int | str] | None = None,
    unit_columns: Mapping[str, Sequence[Any]] | None = None,
    t_start: float = 0.0,
) -> neo.Block:
    """Turn a list of spikes, or a spike sorting, into a recording.

    Parameters
    ----------
    times : array-like or tensor of shape (n_spikes,), or a sorting
        Times of the spikes, ascending for each unit (and presentation): seconds, a
        quantity, or steps of `dt`. A sorting is any object with ``unit_ids``,
        ``get_unit_spike_train`` and ``get_sampling_frequency``, as spikeinterface
        has them, with one segment.
    units : array-like of shape (n_spikes,)
        Id of the unit of each spike. Not with a sorting.
    dt : float, str or quantity, optional
        Seconds per unit of `times`. Whole numbers need it: they are counted in time
        steps, and a spike lies in the middle of its step.
    presentation : array-like of shape (n_spikes,), optional
        Number of each spike's presentation, from 0: the times then count from
        stimulus onset, and `trial_duration` is needed.
    condition : sequence of length n_presentations, optional
        What was shown in each presentation, those without spikes too; one stimulus
        by default.
    trial_duration : float, str or quantity, optional
        How long a presentation lasts, seconds.
    unit_ids : sequence, optional
        All units, silent ones too, in the order wanted; by default those with
        spikes, sorted.
    unit_columns : mapping of str to sequence of length n_units, optional
        Kept with the units.
    t_start : float, default 0.0
        Seconds: onset of the first presentation, or what is added to `times`.

    Returns
    -------
    neo.Block
        Presentations laid out as in :func:`from_raster`.

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
    if hasattr(times, "get_unit_spike_train"):
        if units is not None or dt is not None:
            raise ValueError(
                "units and dt must be left out for a sorting, which knows its own."
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
            seconds[order] + t_start,
            stops,
            ids,
            source="times",
            annotations={"format": "arrays"},
            name="recording",
            unit_columns=checked_columns(unit_columns, len(ids)),
            error=ValueError,
        )
    if trial_duration is None:
        raise ValueError(
            "trial_duration must be given with presentation; the last spike does not "
            "tell how long a presentation lasts."
        )
    shown = _presentation_numbers(presentation, seconds.size)
    n_shown = int(shown.max(initial=-1)) + 1 if condition is None else len(condition)
    if shown.size and shown.max() >= n_shown:
        raise ValueError(
            f"condition must have one entry per presentation; got {n_shown} for "
            f"presentation {shown.max()}."
        )
    stimuli = np.zeros(n_shown, np.intp) if condition is None else np.asarray(condition)
    return presented_recording(
        seconds,
        rows,
        shown,
        unit_ids=ids,
        unit_columns=unit_columns,
        stimuli=stimuli,
        repeats=None,
        duration=as_seconds(trial_duration, "trial_duration"),
        t_start=t_start,
        source="times",
    )


def _event_seconds(times: Any, dt: float | str | None) -> NDArray[np.float64]:
    if hasattr(times, "rescale"):
        if dt is not None:
            raise ValueError("dt must be left out when times bring their unit.")
        return np.asarray(times.rescale("s").magnitude, dtype=np.float64)
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
    rate = float(sorting.get_sampling_frequency())
    wanted = sorting.unit_ids if unit_ids is None else unit_ids
    ids = checked_ids(list(wanted), len(wanted))
    trains = [np.asarray(sorting.get_unit_spike_train(unit)) for unit in wanted]
    units = np.repeat(np.array(ids), [train.size for train in trains])
    return np.concatenate(trains) / rate, units, ids
