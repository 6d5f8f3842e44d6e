"""Names of arrays and columns: spike times, units, events and settings.

Input: named arrays. Output: those of events and settings, apart from the others.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some
from neuroclass.exceptions import RecordingError
from neuroclass.io.layouts.array_kinds import is_cell_array, vector
from neuroclass.io.text import column_keys

__all__ = [
    "INDEX_NAMES",
    "ROW_ID_NAMES",
    "SAMPLE_NAMES",
    "SPIKE_NAMES",
    "UNIT_NAMES",
    "event_arrays",
    "named_spikes",
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
    *("cell_index", "cluster_index", "unit_number", "neuron_number", "cell_number"),
    *("cluster_number", "unit_no", "neuron_no", "cell_no"),
)
#: Names of spike times that are counted in samples.
SAMPLE_NAMES = (
    *("spike_samples", "spike_sample", "samples", "sample", "sample_index"),
    *("sample_number", "sample_numbers", "spike_indices", "spike_frames"),
)
#: Names of the index past the last spike of each unit.
INDEX_NAMES = ("spike_times_index",)
#: Names of ids where each row, or each entry of a struct, is a unit.
ROW_ID_NAMES = ("uid", "clu_id", "cluid", "id", "ids", "name", "names", "label")
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


def event_arrays(
    arrays: dict[str, Any], scale: float, source: str
) -> dict[str, NDArray[np.float64]]:
    """Remove arrays of events and settings beside arrays of units; return events.

    Only where each array is a unit could they be taken for neurons.
    """
    if any(
        isinstance(value, dict) or is_cell_array(value) for value in arrays.values()
    ) or column_keys(arrays, SPIKE_NAMES):
        return {}
    events, settings = {}, []
    for name, values in list(arrays.items()):
        if _EVENT_NAMES.fullmatch(name):
            train = vector(arrays.pop(name))
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


def named_spikes(
    columns: dict[str, NDArray[Any]], scale: float, source: str
) -> dict[str, NDArray[Any]]:
    """Return columns with samples called spike times, where there are no others.

    Raises
    ------
    RecordingError
        If times are not in samples (`scale` is 1) although the column is.
    """
    samples = column_keys(columns, SAMPLE_NAMES)
    if not samples or column_keys(columns, SPIKE_NAMES):
        return columns
    if scale == 1.0:
        raise RecordingError(
            f"{source}: {samples[0]} counts samples, where seconds are needed. Give "
            "time_unit 'samples' and sampling_rate (--time-unit samples "
            "--sampling-rate 30000)."
        )
    return {
        SPIKE_NAMES[0] if name == samples[0] else name: values
        for name, values in columns.items()
    }
