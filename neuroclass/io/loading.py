"""Recordings from files of any format that can be read.

Input: the path of a file, and of its triggers. Output: a ``neo.Block``.
"""

from __future__ import annotations

import hashlib
from os import PathLike
from pathlib import Path
from typing import Any

import neo
import quantities as pq
from numpy.typing import ArrayLike

from neuroclass import io as lazy_io  # pynwb is loaded for NWB files only
from neuroclass._lib.checks import as_seconds
from neuroclass.io.assemble import make_event
from neuroclass.io.format_detection import detect_format
from neuroclass.io.tables import read_arrays, read_csv, time_scale
from neuroclass.io.triggers import read_triggers

__all__ = ["load_recording", "recording_sha256"]


def load_recording(
    path: str | PathLike[str],
    *,
    triggers: str | PathLike[str] | ArrayLike | None = None,
    trial_duration: float | str | None = None,
    time_unit: str = "s",
    sampling_rate: float | None = None,
    lazy: bool = False,
    block_size: int = 1 << 22,
) -> neo.Block:
    """Load a recording of sorted spike trains.

    The format is recognized by the content of the file: NWB 2; numpy ``.npz``; Matlab
    ``.mat`` (5, 7 and 7.3); text tables (``.csv``, ``.tsv``). The layouts of the
    tables are described in :mod:`neuroclass.io.tables`.

    Parameters
    ----------
    path : str or path
        Path of the file, which is only read.
    triggers : path or array-like of shape (n_triggers,), optional
        Onsets of the presentations, on the clock of the spikes: an array, or a file
        (csv, txt, npy, npz, mat; see
        :func:`neuroclass.io.triggers.read_triggers`), which may also hold the
        stimuli. They become the interval table (Epoch) and the Event ``"triggers"``.
    trial_duration : float, str or quantity, optional
        Duration of each presentation, in seconds unless a unit is given
        (``"18s"``). By default the median gap between triggers; for spike times that
        count from stimulus onset, the latest spike.
    time_unit : {"s", "ms", "us", "samples"}, default "s"
        Unit of the spike times and triggers. Times in NWB are seconds by definition:
        there another unit corrects a file that breaks the rule (spike times only).
    sampling_rate : float, optional
        Samples per second (Hz), for ``time_unit="samples"``.
    lazy : bool, default False
        Whether to leave the spike times of an NWB file in the file: each spike train
        is a proxy that reads its times at each use. Other formats are small enough
        to be loaded.
    block_size : int, default 4194304
        Largest number of spike times that are checked together if `lazy`.

    Returns
    -------
    neo.Block
        One segment. Each unit is a spike train in the file's order, silent ones too,
        with ``annotations["unit_id"]`` and its scalar columns; each interval table is
        an Epoch, its columns in ``array_annotations``; trigger times are Events.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RecordingError
        If the content of the file cannot be used; the message names the unit or row.
    ValueError
        If an option does not fit.

    Warns
    -----
    UserWarning
        If spike times are duplicated, or are all whole numbers (milliseconds?), or
        rows of an interval table have no times.

    Examples
    --------
    >>> from neuroclass import load_recording
    >>> recording = load_recording("data/salamander_small.nwb")
    >>> len(recording.segments[0].spiketrains)
    38
    >>> [epoch.name for epoch in recording.segments[0].epochs]
    ['trials']
    """
    path = Path(path)
    scale = time_scale(time_unit, sampling_rate)
    duration = (
        None if trial_duration is None else as_seconds(trial_duration, "trial_duration")
    )
    kind = detect_format(path)
    if kind == "nwb":
        recording = lazy_io.read_nwb(path, scale, lazy=lazy, block_size=block_size)
    elif kind == "csv":
        recording = read_csv(path, scale, duration)
    else:
        recording = read_arrays(path, kind, scale, duration)
    if triggers is None and duration is not None:
        if kind == "nwb" or not recording.segments[0].epochs:
            raise ValueError(
                "trial_duration must come with triggers, or with spike times that "
                "count from stimulus onset; this recording has neither. Give triggers."
            )
    elif triggers is not None:
        if kind != "nwb" and "trials" in [e.name for e in recording.segments[0].epochs]:
            raise ValueError(
                "triggers must go with spike times on one clock; the times of "
                f"{path.name} count from stimulus onset. Leave the triggers out."
            )
        _add_triggers(recording, triggers, scale, duration)
    return recording


def _add_triggers(
    recording: neo.Block, triggers: Any, scale: float, duration: float | None
) -> None:
    epoch = read_triggers(triggers, scale, duration)
    segment = recording.segments[0]
    # A table of the file with this name would hide the given one.
    segment.epochs[:] = [other for other in segment.epochs if other.name != epoch.name]
    segment.epochs.append(epoch)
    segment.events.append(make_event("triggers", epoch.times.magnitude))
    # Common to all units: the extremes over all units and intervals.
    starts = epoch.times.magnitude
    stops = starts + epoch.durations.magnitude
    t_start, t_stop = segment.spiketrains[0].t_start, segment.spiketrains[0].t_stop
    t_start = min(float(t_start), float(starts.min())) * pq.s
    t_stop = max(float(t_stop), float(stops.max())) * pq.s
    for spiketrain in segment.spiketrains:
        spiketrain.t_start, spiketrain.t_stop = t_start, t_stop


def recording_sha256(path: str | PathLike[str]) -> str:
    """Return the SHA-256 of a file in hexadecimal, for the provenance of a result."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
