"""Layouts of spike times among named arrays, as described in :mod:`.tables`.

Input: arrays with names, or the columns of a table. Output: a `SpikeTable`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some
from neuroclass.exceptions import RecordingError
from neuroclass.io.spike_table import SpikeTable
from neuroclass.io.text import column_keys, plain_name, pop_column

__all__ = [
    "SPIKE_NAMES",
    "UNIT_NAMES",
    "as_ids",
    "event_arrays",
    "find_spikes",
    "from_rows",
    "from_trains",
]

SPIKE_NAMES = (
    *("spike_times", "spiketimes", "spikes", "times", "spike_time", "time"),
    *("spiketime", "spike_timestamps", "timestamps", "timestamp", "spike_ts", "ts"),
)
UNIT_NAMES = (
    *("unit_ids", "unit_id", "units", "unit", "spike_units", "neuron", "neuron_id"),
    *("cell", "cell_id", "clusters", "cluster", "cluster_id", "spike_clusters"),
    *("unit_name", "neuron_ids", "cell_ids", "cluster_ids", "sender", "senders"),
    *("node_id", "node_ids", "gid", "gids", "neuron_index", "unit_index"),
)
# Names of arrays of events and settings, beside one array per unit: event channels and
# continuous channels of Plexon and NeuroExplorer, and what labs call their triggers.
_EVENT_NAMES = re.compile(
    r"evt?_?\d+|events?(_.*)?|ttls?(_.*)?|strobed?\d*|kbd\d+|r?start|r?stop|allfile"
    r"|(stim|stimulus|image|sound|tone|trial|epoch|frame|light|flash|cue|go|reward|lick)"
    r"s?_?(on|off)?(set)?_?(start|stop|end|time|onset|offset|trigger|ttl|ts)s?"
    r"|(stim|stimulus|trial|frame)_?(on|off)|onsets?|offsets?|sync(_.*)?|triggers?(_.*)?",
    re.IGNORECASE,
)
_SETTING_NAMES = re.compile(
    r"fs|sr|dt|freq|frequency|(sample|sampling|frame)_?(rate|freq|frequency)|rate"
    r"|(ad|fp|wb|ai|spkc|lfp)_?\d+(_.*)?|t_?(start|stop|min|max)|duration"
    r"|n_?(units|neurons|cells|clusters|spikes|trials|channels)"
    r"|bin_?(size|width)?|date|version|info|params?|meta(data)?|session|animal|subject",
    re.IGNORECASE,
)
# Presentations are counted in arrays: one number must not make millions of them.
_MOST_NUMBER, _MOST_GAP = 1_000_000, 100
_LARGEST_ID = 2.0**53  # of floats: beyond it not each whole number is one
_INDEX = ("spike_times_index",)
_PRESENTATIONS = ("presentation", "presentations", "repeat", "repeats", "trial")
_STIMULI = ("stimulus", "stimuli", "condition")
_LAYOUTS = (
    "spike_times with unit_ids (one per spike) or spike_times_index, one array per "
    "unit, or a cell array of neurons or of neurons x presentations"
)


def find_spikes(
    arrays: dict[str, NDArray[Any]], scale: float, source: str
) -> tuple[SpikeTable, float]:
    """Return the spikes that named arrays hold, and the seconds per unit of time.

    Raises
    ------
    RecordingError
        If the arrays have none of the layouts; the message lists what there is.
    """
    left = dict(arrays)
    structs = {name: left.pop(name) for name in arrays if isinstance(left[name], dict)}
    cells = {name: value for name, value in left.items() if _is_cell_array(value)}
    if structs and not cells and not column_keys(left, SPIKE_NAMES):
        return _from_structs(structs, left, scale, source)
    if cells:
        return _with_ids(_from_cells(_only(cells, source), source), left), scale
    found = pop_column(left, SPIKE_NAMES, scale)
    if found is None:
        return _from_one_array_per_unit(left, source), scale
    others = [key for key in column_keys(left, SPIKE_NAMES) if _is_time(left[key])]
    if others and not all(np.array_equal(left[key], found[0]) for key in others):
        taken = next(name for name in arrays if arrays[name] is found[0])
        raise RecordingError(
            f"{source} must hold one array or column of spike times; got {taken} and "
            f"{', '.join(others)}. Rename or remove the others."
        )
    values, scale = _vector(found[0]), found[1]
    if values.dtype.kind not in "biuf":
        raise _unknown_layout(arrays, source)
    if values.ndim > 1:
        return _with_ids(_from_padded(values, source), left), scale
    left = {name: _vector(value) for name, value in left.items()}
    return _from_flat(values, left, arrays, source), scale


def _is_time(values: NDArray[Any]) -> bool:
    return bool(values.size > 1 and values.dtype.kind in "iuf")


def event_arrays(
    arrays: dict[str, Any], scale: float, source: str
) -> dict[str, NDArray[np.float64]]:
    """Remove arrays of events and settings beside arrays of units; return events.

    Only where each array is a unit could they be taken for neurons.
    """
    if any(
        isinstance(value, dict) or _is_cell_array(value) for value in arrays.values()
    ) or column_keys(arrays, SPIKE_NAMES):
        return {}
    events, settings = {}, []
    for name, values in list(arrays.items()):
        if _EVENT_NAMES.fullmatch(name):
            train = _vector(arrays.pop(name))
            if train.ndim == 1 and train.dtype.kind in "iuf":
                events[name] = train.astype(np.float64) * scale
        elif _SETTING_NAMES.fullmatch(name) or (
            values.dtype.kind in "USb" and np.ndim(values) < 2
        ):
            settings.append(name)
            del arrays[name]
    left_out = [*events, *settings]
    if left_out and arrays:
        warn_user(
            f"{source}: {plural(len(left_out), 'array', 'arrays')} named like events "
            f"or settings ({some(left_out)}) {'is' if len(left_out) == 1 else 'are'} "
            "left out of the units; events can be given as triggers by their name."
        )
    return events


def _from_structs(
    structs: dict[str, Any], left: dict[str, NDArray[Any]], scale: float, source: str
) -> tuple[SpikeTable, float]:
    """Return the spikes of the one struct that has a field of spike times."""
    groups = dict(_walk(structs))
    found = {name: fields for name, fields in groups.items() if _spike_field(fields)}
    if len(found) != 1:
        seen = "; ".join(
            f"{name} with the fields {some(list(fields), 8)}"
            for name, fields in (found or groups).items()
        )
        raise RecordingError(
            f"{source} must hold one struct with a field of spike times "
            f"({some(SPIKE_NAMES, 4)}); got {seen}. Rename the field, or save the "
            "spike times as a cell array spike_times."
        )
    ((name, fields),) = found.items()
    key = str(_spike_field(fields))
    values = fields[key]
    stated = plain_name(key)[1]
    rest = {other: value for other, value in fields.items() if other != key}
    if _is_cell_array(values):
        spikes = _from_cells(values, source)
    else:
        flat = {other: _vector(v) for other, v in rest.items() if _is_array(v)}
        train = _vector(values)
        if train.ndim > 1:
            spikes = _from_padded(train, source)
        else:
            return (
                _from_flat(
                    train, flat, {f"{name}.{k}": v for k, v in flat.items()}, source
                ),
                scale if stated is None else stated,
            )
    return _with_ids(spikes, rest), scale if stated is None else stated


def _walk(structs: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name and fields of each struct, those within others too."""
    for name, value in structs.items():
        if isinstance(value, dict):
            yield prefix + name, value
            yield from _walk(value, f"{prefix}{name}.")
        elif _is_struct_array(value):  # a cell array of structs
            joined = {}
            for key in dict.fromkeys(k for cell in value.flat for k in cell):
                cells = np.empty(value.size, dtype=object)
                for place, cell in enumerate(value.flat):
                    cells[place] = cell.get(key, np.empty(0))
                joined[key] = cells
            yield prefix + name, joined


def _is_struct_array(value: Any) -> bool:
    return (
        isinstance(value, np.ndarray)
        and value.dtype == object
        and value.size > 0
        and all(isinstance(cell, dict) for cell in value.flat)
    )


def _spike_field(fields: dict[str, Any]) -> str | None:
    arrays = {
        name: value
        for name, value in fields.items()
        if _is_cell_array(value)
        or (_is_array(value) and value.dtype.kind in "iuf" and value.size > 1)
    }
    keys = column_keys(arrays, SPIKE_NAMES)
    return keys[0] if keys else None


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype != object


def _with_ids(spikes: SpikeTable, fields: dict[str, Any]) -> SpikeTable:
    """Return spikes with the ids and columns that have one entry per unit."""
    n_units = len(spikes.unit_ids)
    columns: dict[str, list[Any]] = {}
    for name, value in fields.items():
        entries = _entries(value, n_units)
        if entries is not None:
            columns[name] = entries
    for key in column_keys(
        {name: np.array(entries) for name, entries in columns.items()},
        (*UNIT_NAMES, "uid", "clu_id", "cluid", "id", "ids", "name", "names", "label"),
    ):
        ids = as_ids(np.array(columns[key]))
        if len(set(ids)) == n_units and "" not in ids:
            del columns[key]
            return replace(spikes, unit_ids=ids, columns=columns)
    return replace(spikes, columns=columns)


def _entries(value: Any, n_units: int) -> list[Any] | None:
    """Return one number or text per unit, if a field holds these."""
    if not isinstance(value, np.ndarray) or value.size != n_units:
        return None
    if value.dtype.kind in "biufU":
        return value.ravel().tolist()
    cells = []
    for cell in value.flat:
        if isinstance(cell, str):
            cells.append(cell)
        elif (
            not isinstance(cell, np.ndarray)
            or cell.dtype.kind not in "biufU"
            or cell.size > 1
        ):
            return None
        else:
            cells.append(cell.item() if cell.size else "")
    is_text = any(isinstance(cell, str) for cell in cells)
    return [str(cell) for cell in cells] if is_text else cells


def from_rows(
    times: NDArray[Any],
    ids: NDArray[Any],
    columns: dict[str, NDArray[Any]],
    source: str,
) -> SpikeTable:
    """Return the spikes of a table with one row per spike."""
    spikes = _by_unit(times, ids)
    _add_presentations(spikes, columns, source)
    return spikes


def _is_cell_array(value: Any) -> bool:
    """Whether all cells, at any depth, hold numbers."""
    if not isinstance(value, np.ndarray) or value.dtype != object or not value.size:
        return False
    return all(
        isinstance(cell, np.ndarray)
        and (cell.dtype.kind in "biuf" or not cell.size or _is_cell_array(cell))
        for cell in value.flat
    )


def _only(cells: dict[str, NDArray[Any]], source: str) -> NDArray[Any]:
    named = [value for name, value in cells.items() if name.lower() in SPIKE_NAMES]
    chosen = named or list(cells.values())
    if len(chosen) != 1:
        raise RecordingError(
            f"{source} must hold one cell array of spike times; got "
            f"{', '.join(cells)}. Name the right one spike_times, or remove the others."
        )
    return chosen[0]


def _from_cells(cells: NDArray[Any], source: str) -> SpikeTable:
    if not _is_nested(cells):
        if 1 in cells.shape:
            return from_trains(list(cells.flat), list(range(cells.size)))
        stimuli = [cells]
    else:
        stimuli = list(cells.ravel(order="F"))
    n_units = stimuli[0].shape[0]
    for number, grid in enumerate(stimuli):
        if grid.ndim != 2 or grid.shape[0] != n_units or _is_nested(grid):
            raise RecordingError(
                f"{source} must have cells of {n_units} neurons x presentations for "
                f"each stimulus; got shape {grid.shape} for stimulus {number}. "
                "Give the same neurons for all stimuli."
            )
    grid = np.concatenate(stimuli, axis=1)  # (n_units, n_presentations) of arrays
    n_presentations = grid.shape[1]
    spikes = from_trains(list(grid.flat), list(range(grid.size)))
    spikes.units, spikes.presentations = np.divmod(spikes.units, n_presentations)
    spikes.unit_ids = list(range(n_units))
    spikes.stimuli = np.repeat(
        np.arange(len(stimuli)), [grid.shape[1] for grid in stimuli]
    )
    return spikes


def _is_nested(cells: NDArray[Any]) -> bool:
    return any(cell.dtype == object and cell.size for cell in cells.flat)


def from_trains(
    trains: Sequence[NDArray[Any]], unit_ids: Sequence[int | str]
) -> SpikeTable:
    """Return the spikes of one array of times per unit."""
    sizes = [train.size for train in trains]
    parts = [np.ravel(train).astype(np.float64) for train in trains if train.size]
    return SpikeTable(
        times=np.concatenate(parts) if parts else np.empty(0),
        units=np.repeat(np.arange(len(trains)), sizes),
        unit_ids=list(unit_ids),
    )


def _from_padded(values: NDArray[Any], source: str) -> SpikeTable:
    if values.ndim > 3 or not values.shape[0]:
        raise RecordingError(
            f"{source} must hold spike times of shape (units, spikes) or (units, "
            f"presentations, spikes); got {values.shape}. Reshape the array."
        )
    if values.dtype == bool or (values.size and np.isin(values, (0, 1)).all()):
        raise RecordingError(
            f"{source} holds zeros and ones in place of spike times: it looks like "
            "a raster. Load the array with numpy and use from_raster."
        )
    given = ~np.isnan(values)
    late = given[..., 1:] & ~given[..., :-1]
    if late.any():
        unit, index = np.argwhere(late)[0][[0, -1]]
        raise RecordingError(
            f"{source}: the spike times of unit {unit} must be finite up to the "
            f"padding; got nan at index {index}. Put NaN only behind the last spike."
        )
    place = np.nonzero(given)
    spikes = SpikeTable(
        times=values[given].astype(np.float64),
        units=place[0],
        unit_ids=list(range(values.shape[0])),
    )
    if values.ndim == 3:
        spikes.presentations = place[1]
        spikes.stimuli = np.zeros(values.shape[1], dtype=np.intp)
    return spikes


def _from_flat(
    values: NDArray[Any],
    left: dict[str, NDArray[Any]],
    arrays: dict[str, NDArray[Any]],
    source: str,
) -> SpikeTable:
    index = pop_column(left, _INDEX, 1.0)
    ids = pop_column(left, UNIT_NAMES, 1.0)
    if index is not None:
        stops = _whole_numbers(index[0], "spike_times_index", source)
        wrong = (np.diff(stops, prepend=0) < 0) | (stops > values.size)
        if wrong.any() or not stops.size or stops[-1] != values.size:
            row = int(np.argmax(wrong)) if wrong.any() else stops.size - 1
            raise RecordingError(
                f"{source}: spike_times_index must ascend to {values.size}, the number "
                f"of spike times; got {stops[row] if stops.size else 'nothing'} in "
                f"row {row}. Save the index with its spike times again."
            )
        unit_ids = as_ids(np.arange(stops.size) if ids is None else ids[0])
        if len(unit_ids) != stops.size:
            raise RecordingError(
                f"{source}: unit_ids must have one entry for each of the {stops.size} "
                f"units of spike_times_index; got {len(unit_ids)}. Give one "
                "id per unit."
            )
        units = np.repeat(np.arange(stops.size), np.diff(stops, prepend=0))
        spikes = SpikeTable(values.astype(np.float64), units, unit_ids)
    elif ids is not None and ids[0].size == values.size:
        spikes = _by_unit(values, ids[0])
    else:
        raise _unknown_layout(arrays, source)
    _add_presentations(spikes, left, source)
    return spikes


def _whole_numbers(values: NDArray[Any], name: str, source: str) -> NDArray[np.intp]:
    """Return whole numbers along one axis as indices, or refuse what is none."""
    is_whole = values.dtype.kind in "iu" or (
        values.dtype.kind == "f"
        and bool((values == np.floor(values)).all())
        and bool((np.abs(values) < 2**62).all())
    )
    if not is_whole or values.ndim != 1:
        raise RecordingError(
            f"{source}: {name} must be whole numbers along one axis; got shape "
            f"{values.shape} of {values.dtype}. Save it again."
        )
    return values.astype(np.intp)


def _from_one_array_per_unit(left: dict[str, NDArray[Any]], source: str) -> SpikeTable:
    trains = [_vector(values) for values in left.values()]
    # A single number may be a setting rather than a unit with one spike: refused.
    scalars = [values.shape in ((), (1, 1)) for values in left.values()]
    numeric = [train.ndim == 1 and train.dtype.kind in "iuf" for train in trains]
    if not trains or any(scalars) or not all(numeric):
        raise _unknown_layout(left, source)
    names = list(left)
    numbered = all(name.isdecimal() for name in names)
    return from_trains(trains, [int(name) for name in names] if numbered else names)


def _unknown_layout(arrays: dict[str, NDArray[Any]], source: str) -> RecordingError:
    found = ", ".join(
        f"{name} {'x'.join(map(str, values.shape)) or 'scalar'} {values.dtype}"
        if isinstance(values, np.ndarray)
        else f"{name} (struct with the fields {some(list(values))})"
        for name, values in list(arrays.items())[:12]
    )
    return RecordingError(
        f"{source} must hold {_LAYOUTS}; got {found or 'nothing'}. Rename or reshape "
        "the arrays; of a raster, name the axes and the time bin width (axes, dt: "
        "--axes neuron,time --dt 1ms)."
    )


def _vector(values: NDArray[Any]) -> NDArray[Any]:
    """Return Matlab's rows and columns as arrays of one dimension."""
    return values.ravel() if values.ndim == 2 and min(values.shape) <= 1 else values


def _by_unit(times: NDArray[Any], ids: NDArray[Any]) -> SpikeTable:
    present, units = np.unique(_text(ids), return_inverse=True)
    return SpikeTable(times.astype(np.float64), units.ravel(), as_ids(present))


def as_ids(values: NDArray[Any]) -> list[int | str]:
    """Return unit ids, whole numbers as integers and others as text."""
    if values.ndim != 1 or values.dtype.kind not in "biufUSTO":
        raise RecordingError(
            f"unit ids must be numbers or text along one axis; got shape "
            f"{values.shape} of {values.dtype}. Give one id per unit."
        )
    if values.dtype == object:  # a cell array of text, or text of h5py
        return [str(one) for one in _text(values)]
    if values.dtype.kind == "S":
        return [value.decode("utf-8", "replace") for value in values.tolist()]
    if values.dtype.kind == "f" and not (np.abs(values) < _LARGEST_ID).all():
        row = int(np.argmin(np.abs(values) < _LARGEST_ID))
        raise RecordingError(
            f"unit ids must be finite numbers below 2^53, or text; got {values[row]}. "
            "Correct it where it is given."
        )
    if values.dtype.kind in "biu" or (
        values.dtype.kind == "f" and (values == np.floor(values)).all()
    ):
        return [int(value) for value in values]
    return [str(value) for value in values]


def _add_presentations(
    spikes: SpikeTable, columns: dict[str, NDArray[Any]], source: str
) -> None:
    """Add the presentation of each spike, where the table has it."""
    columns = dict(columns)
    numbers = pop_column(columns, _PRESENTATIONS, 1.0)
    stimuli = pop_column(columns, _STIMULI, 1.0)
    if numbers is None:
        return
    number = numbers[0]
    if number.size != spikes.times.size or (number != np.floor(number)).any():
        raise RecordingError(
            f"{source}: presentation must be a whole number for each of the "
            f"{spikes.times.size} spikes; got {number.size} of {number.dtype}. Correct "
            "the column."
        )
    most = _MOST_NUMBER + _MOST_GAP * number.size
    if number.size and not np.abs(number).max() < most:
        raise RecordingError(
            f"{source}: presentations must be numbered from 0 or 1, with few gaps; got "
            f"{number[np.argmax(np.abs(number))]:g} among {number.size} spikes. "
            "Correct the column."
        )
    number = number.astype(np.intp)
    first = min(1, int(number.min(initial=1)))  # from 0 or from 1
    number = _without_gaps(number - first, source)
    stimulus = np.zeros(number.size, dtype=np.intp) if stimuli is None else stimuli[0]
    if stimulus.size != number.size:
        raise RecordingError(
            f"{source}: stimulus must have one entry for each of the {number.size} "
            f"spikes; got {stimulus.size}. Correct the column."
        )
    names, code = np.unique(_text(stimulus), return_inverse=True)
    if names.dtype.kind == "f" and (names == np.floor(names)).all():
        names = names.astype(np.intp)
    counts = np.zeros(names.size, dtype=np.intp)
    np.maximum.at(counts, code, number + 1)
    pairs = np.unique(np.stack([number, code]), axis=1)
    if names.size > 1 and pairs.shape[1] == np.unique(number).size:
        # Numbered through all stimuli: the stimulus of a number without spikes is lost.
        present, spikes.presentations = np.unique(number, return_inverse=True)
        spikes.stimuli = names[pairs[1]]
        lost = int(number.max()) + 1 - present.size
        if lost:
            warn_user(
                f"{source}: {lost} presentations without any spike are left out, for "
                "their stimulus is unknown. Cell arrays keep them.",
            )
        return
    spikes.presentations = (np.cumsum(counts) - counts)[code] + number
    spikes.stimuli = np.repeat(names, counts)


# Spikes to be expected of all units in a presentation in which none fires: with so many
# it was not recorded, or is none; with fewer it may be a silent one.
_SURELY_FIRING = 20.0


def _without_gaps(number: NDArray[np.intp], source: str) -> NDArray[np.intp]:
    """Return numbers of presentations without those in which no unit can be silent."""
    if not number.size:
        return number
    present, renumbered = np.unique(number, return_inverse=True)
    n_missing = int(present[-1]) + 1 - present.size
    if not n_missing:
        return number
    missing = np.setdiff1d(np.arange(present[-1] + 1), present)[:3].tolist()
    numbers = f"{some([str(n) for n in missing], 3)}{', ...' if n_missing > 3 else ''}"
    if number.size / present.size >= _SURELY_FIRING:
        warn_user(
            f"{source}: {n_missing} numbers of presentations, counted from 0, are "
            f"without any spike ({numbers}) where {number.size / present.size:.0f} "
            "spikes are to be expected; they are taken for numbers that are not in "
            "the recording. Cell arrays keep presentations without spikes."
        )
        return renumbered.astype(np.intp).reshape(number.shape)
    return number


def _text(values: NDArray[Any]) -> NDArray[Any]:
    """Return text in an array of objects as text."""
    if values.dtype == object:
        plain = [np.asarray(value).squeeze().tolist() for value in values]
        texts = [
            one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one)
            for one in plain
        ]
        return np.array(texts, dtype=str)
    return values
