"""Spike trains that are read from their file at each use.

A recording of 1e8 spikes takes 0.8 GB, and several times that while it is checked and
binned. Here only the spikes of the unit in use are in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import neo
import numpy as np
import quantities as pq
from neo.io.proxyobjects import BaseProxy, SpikeTrainProxy
from numpy.typing import NDArray

__all__ = ["StoredSpikeTimes", "StoredSpikeTrain"]


@dataclass(frozen=True)
class StoredSpikeTimes:
    """Spike times of all units in an HDF5 file, unit after unit.

    Attributes
    ----------
    path : str
        Path of the file.
    dataset : str
        Name of the dataset in the file.
    scale : float
        Seconds per unit of the stored times.
    block_size : int, default 4194304
        Largest number of spike times that are checked together.
    stretch : int, default 1048576
        Number of spike times that are read together.
    """

    path: str
    dataset: str
    scale: float = 1.0
    block_size: int = 1 << 22
    stretch: int = 1 << 20

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the times with indices from `start` to `stop`, in seconds."""
        if stop - start > self.stretch:
            times = _read(self.path, self.dataset, start, stop)
        else:
            # HDF5 unpacks a whole chunk for whatever lies in it. Units are read one
            # after the other: 2,000 of 5,000 spikes each took seven times as long.
            state = self.state()
            first, last = start // self.stretch, max(stop - 1, start) // self.stretch
            parts = []
            for k in range(first, last + 1):
                origin = k * self.stretch
                bounds = (origin, origin + self.stretch)
                part = _read_stretch(self.path, self.dataset, bounds, state)
                parts.append(part[max(start - origin, 0) : stop - origin])
            times = np.concatenate(parts)
        return times if self.scale == 1.0 else times * self.scale

    def state(self) -> tuple[int, int]:
        """Return size and time of modification of the file, which change with it."""
        state = Path(self.path).stat()
        return state.st_size, state.st_mtime_ns


@lru_cache(maxsize=2)
def _read_stretch(
    path: str, dataset: str, bounds: tuple[int, int], state: tuple[int, int]
) -> NDArray[np.float64]:
    return _read(path, dataset, *bounds)


def _read(path: str, dataset: str, start: int, stop: int) -> NDArray[np.float64]:
    with h5py.File(path, "r") as file:
        return np.asarray(file[dataset][start:stop], dtype=np.float64)


class StoredSpikeTrain(SpikeTrainProxy):
    """Spike train in a file: a proxy of neo with the attributes that are used here.

    Parameters
    ----------
    times : StoredSpikeTimes
        Spike times of all units.
    start, stop : int
        Index of the first spike of this unit, and past its last.
    t_start, t_stop : quantities.Quantity
        Bounds of the recording.
    name : str
        Name of the unit.
    is_sorted : bool, default True
        Whether the stored times ascend; else they are sorted at each use.
    """

    def __init__(
        self,
        times: StoredSpikeTimes,
        start: int,
        stop: int,
        *,
        t_start: pq.Quantity,
        t_stop: pq.Quantity,
        name: str,
        is_sorted: bool = True,
    ) -> None:
        self._is_sorted = is_sorted
        self._times, self._start, self._stop = times, start, stop
        self.shape = (stop - start,)
        self.t_start, self.t_stop = t_start, t_stop
        self.units, self.dimensionality = pq.s, pq.s.dimensionality
        BaseProxy.__init__(self, file_origin=times.path, name=name)

    def __len__(self) -> int:
        """Return the number of spikes."""
        return self._stop - self._start

    def __repr__(self) -> str:
        """Return unit, number of spikes and file of the spike train."""
        file = Path(self._times.path).name
        return f"StoredSpikeTrain(unit {self.name}, {len(self)} spikes in {file})"

    @property
    def magnitude(self) -> NDArray[np.float64]:
        """Spike times in seconds, read from the file at each use."""
        times = self._times.read(self._start, self._stop)
        return times if self._is_sorted else np.sort(times)

    def origin(self) -> tuple[Any, ...]:
        """Return what identifies the spike train: file, its state, and place in it."""
        times = self._times
        place = (times.path, times.dataset, times.scale, self._start, self._stop)
        return (*place, *times.state())

    def load(self, time_slice: Any = None, **_: Any) -> neo.SpikeTrain:
        """Return the spike train, or its part between two times."""
        train = neo.SpikeTrain(
            self.magnitude,
            units=pq.s,
            t_start=self.t_start,
            t_stop=self.t_stop,
            name=self.name,
            **self.annotations,
        )
        return train if time_slice is None else train.time_slice(*time_slice)

    def rescale(self, units: Any) -> neo.SpikeTrain:
        """Return the spike train in other units of time."""
        return self.load().rescale(units)
