"""Recordings from arrays and tensors of spikes per time bin.

Input: an array with axes of time, neuron, presentation and condition. Output: a
``neo.Block``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import as_seconds
from neuroclass.io.arguments import (
    as_array,
    checked_ids,
    presented_recording,
    signed_seconds,
)
from neuroclass.io.spike_table import SpikeTable

__all__ = ["axis_names", "from_raster"]

_LETTERS = {"t": "time", "n": "neuron", "p": "presentation", "c": "condition"}
_AXES = tuple(_LETTERS.values())


def from_raster(
    x: Any,
    dt: float | str,
    *,
    axes: str | Sequence[str],
    condition: Sequence[Any] | None = None,
    presentation: Sequence[Any] | None = None,
    unit_ids: Sequence[int | str] | None = None,
    unit_columns: Mapping[str, Sequence[Any]] | None = None,
    t_start: Any = 0.0,
) -> neo.Block:
    """Return the recording of an array of spikes, or of spike counts.

    Parameters
    ----------
    x : array-like or tensor
        Spikes (0 or 1) or spike counts per time bin.
    dt : float, str or quantity
        Time bin width, in seconds unless a unit is given (``"5ms"``).
    axes : str or sequence of str
        Name of each axis of `x`: ``"time"``, ``"neuron"``, ``"presentation"`` (a
        repeat of a stimulus) and ``"condition"`` (a stimulus), as a sequence, with
        commas (``"time,presentation,neuron"``) or by first letters (``"tpn"``). Time
        and neuron must be there; neuron may be there several times (channels, rows
        and columns of a layer), and the places go into the unit columns ``axis_0``,
        ``axis_1``, ...
    condition : sequence, optional
        Stimuli: one entry per condition if there is such an axis, otherwise one per
        presentation (the labels of a batch). By default the numbers of the
        conditions; without that axis, one stimulus.
    presentation : sequence of length n_presentations, optional
        Names of the presentations, kept in the column ``presentation``.
    unit_ids : sequence of length n_neurons, optional
        Unique ids of the units; 0, 1, ... by default.
    unit_columns : mapping of str to sequence of length n_neurons, optional
        Columns of the units, for example the layer.
    t_start : float, str or quantity, default 0.0
        Onset of the first presentation, in seconds.

    Returns
    -------
    neo.Block
        Presentations follow each other on one clock, condition after condition, one
        second apart, in the Epoch ``"trials"`` with the column ``stimulus``. A spike
        lies in the middle of its bin; k spikes of one bin divide it into k parts and
        lie in their middles, so that any bin a whole number of `dt` wide counts them
        right.

    Raises
    ------
    ValueError
        If `x` holds anything but counts, or `axes` or a label does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> raster = np.zeros((30, 12, 5))  # time steps, batch, neurons
    >>> raster[3, :, 2] = 1
    >>> recording = from_raster(raster, "1ms", axes="tpn")
    >>> [len(train) for train in recording.segments[0].spiketrains]
    [0, 0, 12, 0, 0]
    """
    width = as_seconds(dt, "dt")
    raster = as_array(x, "x")
    names = axis_names(axes)
    if len(names) != raster.ndim:
        raise ValueError(
            f"axes must name each axis of x; got {len(names)} names for "
            f"{raster.ndim} axes."
        )
    _check_counts(raster)
    order = [
        place
        for axis_name in ("neuron", "condition", "presentation", "time")
        for place, name in enumerate(names)
        if name == axis_name
    ]
    shape = {
        name: [raster.shape[i] for i, other in enumerate(names) if other == name]
        for name in _AXES
    }
    n_conditions = (shape["condition"] or [1])[0]
    n_repeats = (shape["presentation"] or [1])[0]
    n_bins = shape["time"][0]
    n_units = int(np.prod(shape["neuron"]))
    counts = raster.transpose(order).reshape(
        n_units, n_conditions * n_repeats, n_bins
    )  # (n_neurons, n_conditions x n_presentations, n_bins)

    units, numbers, bins = np.nonzero(counts)
    n_in_bin = counts[units, numbers, bins].astype(np.intp)
    first = np.cumsum(n_in_bin) - n_in_bin
    within = np.arange(n_in_bin.sum()) - np.repeat(first, n_in_bin)
    parts = np.repeat(n_in_bin, n_in_bin)
    times = (np.repeat(bins, n_in_bin) + (within + 0.5) / parts) * width

    columns = dict(unit_columns or {})
    if len(shape["neuron"]) > 1:
        for axis, place in enumerate(np.indices(shape["neuron"])):
            columns[f"axis_{axis}"] = place.ravel().tolist()
    has_conditions = "condition" in names
    stimuli = _labels(condition, n_conditions if has_conditions else n_repeats)
    if has_conditions:
        stimuli = np.repeat(stimuli, n_repeats)
    elif condition is None:
        stimuli = np.zeros(n_repeats, dtype=np.intp)
    repeats = None
    if presentation is not None:
        repeats = np.tile(
            _labels(presentation, n_repeats, "presentation"), n_conditions
        )
    return presented_recording(
        SpikeTable(
            times,
            np.repeat(units, n_in_bin),
            checked_ids(unit_ids, n_units),
            np.repeat(numbers, n_in_bin),
            stimuli,
        ),
        unit_columns=columns,
        repeats=repeats,
        duration=n_bins * width,
        t_start=signed_seconds(t_start, "t_start"),
        source="x",
        time_resolution=width,
    )


def axis_names(axes: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of the axes of a raster: see `from_raster`."""
    given = axes
    if isinstance(axes, str):
        if "," in axes or axes in _AXES:
            axes = [name.strip() for name in axes.split(",")]
        else:
            axes = [_LETTERS.get(letter, letter) for letter in axes]
    names = tuple(axes)
    single = all(names.count(name) <= 1 for name in _AXES if name != "neuron")
    complete = "neuron" in names and "time" in names
    if not (single and complete and set(names) <= set(_AXES)):
        raise ValueError(
            f"axes must name time and neuron, and may name {', '.join(_AXES[2:])}, "
            f"each axis of x once; got {given!r}."
        )
    return names


def _check_counts(raster: NDArray[Any]) -> None:
    if raster.dtype.kind not in "biuf":
        raise ValueError(f"x must hold numbers; got {raster.dtype}.")
    if raster.dtype.kind in "if":
        # NaN fails both comparisons, infinity the second.
        with np.errstate(invalid="ignore"):
            right = (raster >= 0) & (raster - np.floor(raster) == 0)
        if not right.all():
            raise ValueError(
                "x must hold 0 and 1 or counts of spikes; got "
                f"{raster[~right].flat[0]}. Threshold potentials, or draw spikes from "
                "rates, first."
            )


def _labels(
    labels: Sequence[Any] | None, n_labels: int, name: str = "condition"
) -> NDArray[Any]:
    if labels is None:
        return np.arange(n_labels)
    values = as_array(labels, name)
    if values.shape != (n_labels,):
        raise ValueError(
            f"{name} must have {n_labels} entries, as x has; got shape {values.shape}."
        )
    return values
