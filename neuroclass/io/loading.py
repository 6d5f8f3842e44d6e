"""Recordings from files of any format, and from objects in memory.

Input: the path of a file or folder, or an object, and its triggers. Output: a
``neo.Block``.
"""

from __future__ import annotations

import hashlib
import logging
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

import neo
import numpy as np
import quantities as pq

from neuroclass import io as lazy_io  # pynwb is loaded for NWB files only
from neuroclass._lib.checks import as_seconds, warn_user
from neuroclass._lib.keywords import settings_from
from neuroclass._lib.wording import plural, some
from neuroclass.io.files.hdf5_links import check_links
from neuroclass.io.files.raster_files import RASTER_FORMATS, read_raster
from neuroclass.io.files.raw_formats import RAW_FORMATS, read_raw
from neuroclass.io.files.simulators import read_mearec, read_sonata
from neuroclass.io.files.stored_columns import reading
from neuroclass.io.format_detection import detect_format
from neuroclass.io.interval_edits import (
    align_rows,
    exclude_intervals,
    rescaled,
    row_times,
    set_durations,
    set_triggers,
)
from neuroclass.io.load_settings import LoadOptions, LoadSettings
from neuroclass.io.memory.objects import recording_of
from neuroclass.io.sorters.klusters import read_klusters
from neuroclass.io.sorters.open_ephys_spikes import read_open_ephys_spikes
from neuroclass.io.sorters.sorter_folders import (
    cell_files,
    read_cell_files,
    read_circus,
    read_phy,
)
from neuroclass.io.sorters.sortings import read_extractor
from neuroclass.io.tables import read_arrays, read_csv, time_scale

__all__ = ["load_recording", "recording_sha256"]

_log = logging.getLogger(__name__)

# Formats whose times are seconds, or known samples, by definition.
_KNOWN_UNITS = {
    *("phy", "circus", "klusters", "openephys-binary", "sonata", "mearec"),
    *RAW_FORMATS,
}
_IN_SAMPLES = ("phy", "circus", "klusters")


def load_recording(
    source: Any, settings: LoadSettings | None = None, **options: Unpack[LoadOptions]
) -> neo.Block:
    """Load a recording of sorted spike trains, from a file or an object in memory.

    The format is recognized by the content of the file: NWB 2; Kilosort and phy
    folders; formats of recording systems that neo reads; numpy ``.npz``; Matlab
    ``.mat`` (5, 7 and 7.3); text tables; spikes of NEST and SONATA. The layouts of the
    tables are described in :mod:`neuroclass.io.tables`, objects in memory in
    :func:`neuroclass.io.memory.objects.recording_of`.

    Parameters
    ----------
    source : str, path or object
        Path of the file or folder, which is only read; or a ``neo.Block``,
        ``Segment`` or list of ``SpikeTrain``, arrays of spike times in a list or
        mapping, a DataFrame, a pynapple ``TsGroup``, a spikeinterface sorting.
    settings : LoadSettings, optional
        Settings of loading.
    **options
        Single settings as keywords: `triggers`, `trial_duration`, `align`, `exclude`,
        `time_unit`, `trigger_unit`, `sampling_rate`, `format`, `axes`, `dt`, `lazy`,
        `block_size` and `follow_links` of `LoadSettings`.

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
    ValueError, TypeError
        If an option or an object does not fit.

    Warns
    -----
    UserWarning
        If spike times are duplicated, descend, or are all whole numbers
        (milliseconds?), or rows of an interval table are left out.

    Examples
    --------
    >>> from neuroclass import load_recording
    >>> recording = load_recording("data/salamander_small.nwb")
    >>> len(recording.segments[0].spiketrains)
    38
    >>> [epoch.name for epoch in recording.segments[0].epochs]
    ['trials']
    """
    settings = settings_from(LoadSettings, settings, options, "load_recording")
    duration = settings.trial_duration
    if duration is not None:
        duration = as_seconds(duration, "trial_duration")
    is_file = isinstance(source, str | PathLike)
    path = Path(source) if is_file else None
    kind = "arrays"
    if path is not None:
        kind = detect_format(path, settings.format)
    spike_scale, trigger_scale = _scales(settings, kind)
    if path is not None:
        recording = _read_file(path, kind, settings, spike_scale, duration)
    else:
        recording = recording_of(source, spike_scale, duration)
    if recording is source and _changes(settings):
        recording = _copy_of(recording)
    _edit_intervals(recording, settings, trigger_scale, duration, kind)
    n_units = len(recording.segments[0].spiketrains) if recording.segments else 0
    _log.info("read %s (%s, %d units)", path or "objects in memory", kind, n_units)
    return recording


def _changes(settings: LoadSettings) -> bool:
    return any(
        value is not None
        for value in (
            settings.triggers,
            settings.trial_duration,
            settings.align,
            settings.exclude,
        )
    )


def _copy_of(recording: neo.Block) -> neo.Block:
    """Return a recording whose tables can be changed; spike times are shared."""
    copy = neo.Block(name=recording.name, file_origin=recording.file_origin)
    copy.annotations.update(recording.annotations)
    copy.rec_datetime = recording.rec_datetime
    old = recording.segments[0]
    segment = neo.Segment(name=old.name)
    for train in old.spiketrains:
        # An array of neo is a view of the same times with bounds of its own.
        is_array = isinstance(train, neo.SpikeTrain)
        twin = train[:] if is_array else train
        if is_array:
            twin.annotations = dict(train.annotations)
        segment.spiketrains.append(twin)
    for epoch in old.epochs:
        segment.epochs.append(epoch)
    for event in old.events:
        segment.events.append(event)
    copy.segments.append(segment)
    return copy


def _scales(settings: LoadSettings, kind: str) -> tuple[float, float]:
    """Return seconds per unit of the spike times and of the triggers."""
    spike_unit = settings.time_unit
    trigger_unit = settings.trigger_unit or spike_unit
    rate = settings.sampling_rate
    if kind in _IN_SAMPLES:
        # Samples by definition, at a rate that the folder or the caller knows.
        if spike_unit not in ("s", "samples"):
            raise ValueError(
                f"time_unit must be left out for {kind}, whose spike times are in "
                f"samples; got {spike_unit!r}. Give trigger_unit for the triggers."
            )
        spike_unit = "s"
        trigger_unit = settings.trigger_unit or "s"
        if trigger_unit != "samples":
            rate = None
    uses_samples = "samples" in (spike_unit, trigger_unit)
    if uses_samples != (rate is not None):
        if kind in _IN_SAMPLES and rate is None:
            return 1.0, np.nan  # at the rate of the folder
        raise ValueError(
            "sampling_rate must be given with time_unit or trigger_unit 'samples', and "
            f"only then; got {rate!r} with {spike_unit!r} and {trigger_unit!r}."
        )
    scales = [
        time_scale(unit, rate if unit == "samples" else None)
        for unit in (spike_unit, trigger_unit)
    ]
    return scales[0], scales[1]


def _read_file(
    path: Path,
    kind: str,
    settings: LoadSettings,
    scale: float,
    duration: float | None,
) -> neo.Block:
    """Return the recording of a file or folder of a known format."""
    if settings.axes is not None or settings.dt is not None:
        if settings.axes is None or settings.dt is None or kind not in RASTER_FORMATS:
            raise ValueError(
                "axes and dt must be given together, for a raster in a file of type "
                f"{', '.join(RASTER_FORMATS)}; got axes {settings.axes!r} and dt "
                f"{settings.dt!r} for {kind}."
            )
        return read_raster(path, kind, settings.axes, settings.dt)
    if kind in _KNOWN_UNITS and scale != 1.0:
        raise ValueError(
            f"time_unit must be left out for {kind}, whose times have a known unit; "
            f"got {settings.time_unit!r}. Give trigger_unit for the triggers."
        )
    if kind == "nwb" and not settings.follow_links:
        with reading(path):
            check_links(path)
    if kind in ("nwb", "nwb-zarr"):
        recording = lazy_io.read_nwb(
            path, scale, lazy=settings.lazy, block_size=settings.block_size
        )
        _scale_tables(recording, scale, settings, path.name)
        return recording
    if kind == "phy":
        return read_phy(path, settings.sampling_rate)
    if kind == "circus":
        return read_circus(path, settings.sampling_rate)
    if kind == "klusters":
        return read_klusters(path, settings.sampling_rate)
    if kind == "openephys-binary":
        return read_open_ephys_spikes(path)
    if kind == "text-per-cell":
        return read_cell_files(path, cell_files(path), scale)
    if kind == "sonata":
        return read_sonata(path)
    if kind == "mearec":
        return read_mearec(path)
    if kind == "csv":
        return read_csv(path, scale, duration)
    if kind == "parquet":
        return lazy_io.read_frame_file(path, scale, duration)
    if kind in RAW_FORMATS:
        return read_raw(path, kind)
    if kind in ("npz", "npy", "mat", "mat-v7.3", "pynapple"):
        return read_arrays(path, kind, scale, duration)
    return recording_of(read_extractor(path, kind))


def _scale_tables(
    recording: neo.Block, scale: float, settings: LoadSettings, source: str
) -> None:
    """Correct the interval tables of a file whose times are not in seconds.

    With `trigger_unit` as it says; else as the spikes, where only then both end at
    about the same time.
    """
    segment = recording.segments[0]
    if settings.trigger_unit is not None:
        factor = (
            time_scale(settings.trigger_unit, None)
            if (settings.trigger_unit != "samples")
            else 1.0 / float(settings.sampling_rate or 1.0)
        )
    elif scale == 1.0 or not segment.epochs:
        return
    else:
        ends = [
            float((epoch.times + epoch.durations).max())
            for epoch in segment.epochs
            if epoch.times.size
        ]
        last = max(
            (
                float(train.magnitude.max())
                for train in segment.spiketrains
                if len(train)
            ),
            default=0.0,
        )
        if not ends or last <= 0:
            return
        as_spikes, as_seconds_ = max(ends) * scale / last, max(ends) / last
        factor = scale
        if abs(np.log(max(as_spikes, 1e-12))) > abs(np.log(max(as_seconds_, 1e-12))):
            return
        warn_user(
            f"{source}: the interval tables are taken to be in {settings.time_unit} as "
            "the spike times are, for only so both are on one clock. Give trigger_unit "
            "for another unit."
        )
    if factor == 1.0:
        return
    for epoch in segment.epochs:
        for key, values in list(epoch.array_annotations.items()):
            # Columns that hold times inside the rows are on the clock of the rows.
            if (
                row_times(
                    np.asarray(values),
                    epoch.times.magnitude,
                    (epoch.times + epoch.durations).magnitude,
                )
                is not None
            ):
                epoch.array_annotations[key] = np.asarray(values) * factor
    segment.epochs[:] = [rescaled(epoch, factor) for epoch in segment.epochs]
    spans = [
        np.concatenate([e.times.magnitude, (e.times + e.durations).magnitude])
        for e in segment.epochs
        if e.times.size
    ]
    spans += [train.magnitude[[0, -1]] for train in segment.spiketrains if len(train)]
    if spans:
        t_start, t_stop = min(s.min() for s in spans), max(s.max() for s in spans)
        for train in segment.spiketrains:
            train.t_start, train.t_stop = t_start * pq.s, t_stop * pq.s


def _edit_intervals(
    recording: neo.Block,
    settings: LoadSettings,
    scale: float,
    duration: float | None,
    kind: str,
) -> None:
    segment = recording.segments[0]
    counts_from_onset = "trials" in [epoch.name for epoch in segment.epochs] and (
        recording.annotations.get("times") == "from onset"
    )
    if settings.triggers is not None:
        if counts_from_onset:
            raise ValueError(
                "triggers must go with spike times on one clock; the times of "
                f"{recording.name} count from stimulus onset. Leave the triggers out."
            )
        if np.isnan(scale):
            scale = 1.0 / float(recording.annotations["sampling_rate"])
        set_triggers(recording, settings.triggers, scale, duration)
        _drop_trigger_units(recording)
    elif duration is not None and not counts_from_onset and not segment.epochs:
        raise ValueError(
            "trial_duration must come with triggers, an interval table, or spike "
            "times that count from stimulus onset; this recording has none of "
            "these. Give triggers."
        )
    if settings.align is not None:
        align_rows(recording, settings.align)
    from_table = settings.triggers is None or settings.align is not None
    if duration is not None and not counts_from_onset and from_table:
        set_durations(recording, duration)
    if settings.exclude is not None:
        exclude_intervals(
            recording, settings.exclude, 1.0 if np.isnan(scale) else scale
        )


def _drop_trigger_units(recording: neo.Block) -> None:
    """Leave out units whose spikes are the triggers."""
    segment = recording.segments[0]
    onsets = next(e for e in segment.epochs if e.name == "triggers").times.magnitude
    same = [
        str(train.annotations["unit_id"])
        for train in segment.spiketrains
        if len(train) == onsets.size > 1
        and np.allclose(train.magnitude, onsets, rtol=0, atol=1e-6)
    ]
    if not same or len(same) == len(segment.spiketrains):
        return
    others = [
        train
        for train in segment.spiketrains
        if str(train.annotations["unit_id"]) not in same
    ]
    warn_user(
        f"{recording.name}: {plural(len(same), 'unit', 'units')} with spikes at the "
        f"triggers ({some(same)}) {'is' if len(same) == 1 else 'are'} left out: a "
        "trigger channel is no neuron."
    )
    segment.spiketrains.clear()
    segment.spiketrains.extend(others)


def recording_sha256(path: str | PathLike[str]) -> str:
    """Return the SHA-256 of a file in hexadecimal, for the provenance of a result."""
    path = Path(path)
    if path.is_dir():  # of all files, each after its name
        digest = hashlib.sha256()
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(str(file.relative_to(path)).encode())
            digest.update(bytes.fromhex(recording_sha256(file)))
        return digest.hexdigest()
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
