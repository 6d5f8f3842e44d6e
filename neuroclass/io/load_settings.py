"""Settings of loading, and their defaults.

The one place where these defaults are written. It imports nothing heavy: the command
line builds its options from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

__all__ = ["TIME_UNITS", "LoadOptions", "LoadSettings"]

TIME_UNITS = ("s", "ms", "us", "samples")


@dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """Settings of `load_recording`.

    Attributes
    ----------
    triggers : path, name or array-like of shape (n_triggers,), optional
        Onsets of the presentations, on the clock of the spikes: an array, a file
        (csv, txt, npy, npz, mat; see :func:`neuroclass.io.triggers.read_triggers`),
        which may also hold the stimuli, or the name of events of the recording. They
        become the interval table (Epoch) and the Event ``"triggers"``.
    trial_duration : float, str or quantity, optional
        Duration of each presentation, in seconds unless a unit is given (``"18s"``):
        of triggers, of spike times that count from stimulus onset, and of the rows
        of interval tables, whose stops are then not used. By default the median gap
        between triggers, the latest spike, or the stops of the rows.
    align : str, optional
        Column of an interval table that holds the onset of the stimulus in each row,
        on the clock of the spikes or from the start of the row.
    exclude : str, path or array-like of shape (n_intervals, 2), optional
        Intervals that were not observed: the name of an interval table, a file with
        columns start and stop, or an array, in seconds. Presentations that overlap
        them are left out, as those that overlap the table ``invalid_times`` are.
    time_unit : {"s", "ms", "us", "samples"}, default "s"
        Unit of the spike times, and of triggers and tables unless `trigger_unit` is
        given. Times in NWB are seconds by definition: there another unit corrects a
        file that breaks the rule.
    trigger_unit : {"s", "ms", "us", "samples"}, optional
        Unit of the triggers, and of the interval tables of the recording.
    sampling_rate : float, optional
        Samples per second (Hz), for times in samples.
    format : str, optional
        Name of the format, where the content is not to decide:
        `neuroclass.io.FORMATS`, or a sorting extractor of spikeinterface.
    axes : str or sequence of str, optional
        Names of the axes of a raster in a file (spikes per time bin), such as
        ``"neuron,presentation,time"``: see :func:`neuroclass.from_raster`.
    dt : float, str or quantity, optional
        Time bin width of that raster, in seconds unless a unit is given (``"1ms"``).
    lazy : bool or "auto", default False
        Whether to leave the spike times of an NWB file in the file: each spike train
        is a proxy that reads its times at each use. Other formats are small enough
        to be loaded. "auto": where there are more than 33 million.
    block_size : int, default 4194304
        Largest number of spike times that are checked together if `lazy`.
    follow_links : bool, default False
        Whether to follow links of an NWB file out of its folder.
    """

    triggers: Any = None
    trial_duration: Any = None
    align: str | None = None
    exclude: Any = None
    time_unit: str = "s"
    trigger_unit: str | None = None
    sampling_rate: float | None = None
    format: str | None = None
    axes: Any = None
    dt: Any = None
    lazy: bool | Literal["auto"] = False
    block_size: int = 1 << 22
    follow_links: bool = False


class LoadOptions(TypedDict, total=False):
    """Keywords of `load_recording`: see `LoadSettings`."""

    triggers: Any
    trial_duration: Any
    align: str | None
    exclude: Any
    time_unit: str
    trigger_unit: str | None
    sampling_rate: float | None
    format: str | None
    axes: Any
    dt: Any
    lazy: bool | Literal["auto"]
    block_size: int
    follow_links: bool
