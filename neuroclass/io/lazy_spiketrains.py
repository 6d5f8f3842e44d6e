"""Spike trains that stay in their file until they are asked for.

A recording of 1e8 spikes takes 0.8 GB, and several times that while it is checked and
binned.  Here each unit is read when it is its turn.
"""

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

_STRETCH = 1 << 20  # spike times that are read together


@dataclass(frozen=True)
class StoredSpikeTimes:
    """The spike times of all units in an HDF5 file, one after the other.

    Attributes
    ----------
    path : str
        The file.
    dataset : str
        Name of the dataset in it.
    scale : float
        Seconds per unit of the stored times.
    """

    path: str
    dataset: str
    scale: float = 1.0

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the times from `start` to `stop`, s."""
        if stop - start > _STRETCH:
            times = _read(self.path, self.dataset, start, stop)
        else:
            # HDF5 unpacks a whole chunk for whatever lies in it. Units are read one
            # after the other: 2,000 of 5,000 spikes each took seven times as long.
            state = self.state()
            stretches = range(start // _STRETCH, max(stop - 1, start) // _STRETCH + 1)
            parts = []
            for k in stretches:
                begin = max(start - k * _STRETCH, 0)
                end = stop - k * _STRETCH
                parts.append(_stretch(self.path, self.dataset, k, state)[begin:end])
            times = np.concatenate(parts)
        return times if self.scale == 1.0 else times * self.scale

    def state(self) -> tuple[int, int]:
        """Return what changes if the file does: its size, and when it was written."""
        state = Path(self.path).stat()
        return state.st_size, state.st_mtime_ns


@lru_cache(maxsize=2)
def _stretch(
    path: str, dataset: str, number: int, state: tuple[int, int]
) -> NDArray[np.float64]:
    return _read(path, dataset, number * _STRETCH, (number + 1) * _STRETCH)


def _read(path: str, dataset: str, start: int, stop: int) -> NDArray[np.float64]:
    with h5py.File(path, "r") as file:
        return np.asarray(file[dataset][start:stop], dtype=np.float64)


class StoredSpikeTrain(SpikeTrainProxy):
    """A spike train in a file: neo's proxy, with what of a train is read here.

    Parameters
    ----------
    times : StoredSpikeTimes
        Of all units.
    start, stop : int
        Which of them are of this unit.
    t_start, t_stop : quantities.Quantity
        Of the recording.
    name : str
        Of the unit.
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
    ) -> None:
        self._times, self._start, self._stop = times, start, stop
        self.shape = (stop - start,)
        self.t_start, self.t_stop = t_start, t_stop
        self.units, self.dimensionality = pq.s, pq.s.dimensionality
        BaseProxy.__init__(self, file_origin=times.path, name=name)

    def __len__(self) -> int:
        """Return the number of spikes."""
        return self._stop - self._start

    @property
    def magnitude(self) -> NDArray[np.float64]:
        """Spike times, s: read whenever they are asked for."""
        return self._times.read(self._start, self._stop)

    def origin(self) -> tuple[Any, ...]:
        """Return what tells this train from others: the file as it is, and where."""
        times = self._times
        place = (times.path, times.dataset, times.scale, self._start, self._stop)
        return (*place, *times.state())

    def load(self, time_slice: Any = None, **_: Any) -> neo.SpikeTrain:
        """Return the spike train, or what of it lies between two times."""
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
