"""Spike-triggered average of a flicker: temporal filter, polarity, time to peak.

Input: the light frame by frame and spike times. Output: `StimulusAverage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

__all__ = ["StimulusAverage", "spike_triggered_average"]

_CLEAR = 5.0  # standard deviations of the average after the spike, of a clear lobe


@dataclass(frozen=True, eq=False)
class StimulusAverage:
    """Mean stimulus before a spike of each neuron, in its standard deviations.

    Attributes
    ----------
    average : ndarray of shape (n_neurons, n_lags)
        Nan for neurons without spikes.
    lags : ndarray of shape (n_lags,)
        Time from the stimulus to the spike, in seconds.
    noise : ndarray of shape (n_neurons,)
        Standard deviation of the average of stimuli *after* the spike, which cause
        nothing.
    n_spikes : ndarray of int, (n_neurons,)
        Number of spikes.
    """

    average: NDArray[np.float64]
    lags: NDArray[np.float64]
    noise: NDArray[np.float64]
    n_spikes: NDArray[np.intp]

    def __repr__(self) -> str:
        return f"StimulusAverage({len(self.average)} neurons, {len(self.lags)} lags)"

    @property
    def _main(self) -> NDArray[np.intp]:
        return np.asarray(np.nan_to_num(np.abs(self.average)).argmax(axis=1))

    @property
    def peak(self) -> NDArray[np.float64]:
        """Largest deviation, (n_neurons,): above 0 of ON cells, below of OFF cells."""
        found: NDArray[np.float64] = np.take_along_axis(
            self.average, self._main[:, None], axis=1
        )[:, 0]
        return found

    @property
    def is_clear(self) -> NDArray[np.bool_]:
        """Whether the peak is above five standard deviations of the noise."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.abs(self.peak) > _CLEAR * self.noise)

    @property
    def time_to_peak(self) -> NDArray[np.float64]:
        """Lag of the peak, in seconds; nan where there is no clear one."""
        return np.where(self.is_clear, self.lags[self._main], np.nan)

    @property
    def biphasic_index(self) -> NDArray[np.float64]:
        """Largest deviation of the other sign over a clear peak, else nan."""
        sign = np.sign(self.peak)[:, None]
        other = np.clip(-sign * self.average, 0, None).max(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.is_clear, other / np.abs(self.peak), np.nan)

    @property
    def polarity(self) -> NDArray[np.str_]:
        """ON or OFF; empty where there is no clear peak."""
        return np.where(self.is_clear, np.where(self.peak > 0, "ON", "OFF"), "")


def spike_triggered_average(
    spikes: Sequence[ArrayLike],
    frame_times: ArrayLike,
    intensity: ArrayLike,
    *,
    duration: float = 0.5,
) -> StimulusAverage:
    """Average the stimulus before the spikes of each neuron.

    Parameters
    ----------
    spikes : sequence of array_like
        Spike times of each neuron, in seconds.
    frame_times : array_like, (n_frames,)
        Onset of each frame on the same clock, in seconds, ascending. A gap of more than
        one and a half frames ends a stretch of the stimulus; spikes whose frames before
        or after are not of one stretch do not count.
    intensity : array_like, (n_frames,)
        Light in each frame.
    duration : float, default 0.5
        Longest lag, in seconds.

    Returns
    -------
    StimulusAverage

    Raises
    ------
    ValueError
        If times and intensities differ in number, do not ascend, or the light is
        constant.

    References
    ----------
    .. [1] Chichilnisky (2001), Network: Computation in Neural Systems 12:199-213.
    """
    times = np.asarray(frame_times, dtype=np.float64)
    light = np.asarray(intensity, dtype=np.float64)
    if times.shape != light.shape or times.ndim != 1 or len(times) < 3:
        raise ValueError(
            "frame_times and intensity must hold one value per frame, of three frames "
            f"or more; got shapes {times.shape} and {light.shape}."
        )
    steps = np.diff(times)
    if (steps <= 0).any():
        raise ValueError("frame_times must ascend.")
    if not light.std() > 0:
        raise ValueError("intensity must vary; it is the same in every frame.")
    frame = float(np.median(steps))
    n_lags = max(1, round(duration / frame))
    x = (light - light.mean()) / light.std()
    # Stimuli n_lags - 1 frames before to n_lags frames after each frame.
    n_around = 2 * n_lags
    if len(x) < n_around:
        raise ValueError(
            f"duration must be at most half of the stimulus of {len(x) * frame:g} s; "
            f"got {duration:g} s."
        )
    around = sliding_window_view(x, n_around)
    is_gap = np.append(0, np.cumsum(steps > 1.5 * frame))
    first = np.arange(len(around))
    is_whole = is_gap[first] == is_gap[first + n_around - 1]
    average, n_spikes = [], []
    for own in spikes:
        t = np.asarray(own, dtype=np.float64)
        k = np.searchsorted(times, t, "right") - 1
        k = k[(k >= 0) & (t < times[np.maximum(k, 0)] + 1.5 * frame)]
        start = k - (n_lags - 1)
        start = start[(start >= 0) & (start < len(around))]
        counts = np.bincount(start, minlength=len(around)) * is_whole
        n_spikes.append(int(counts.sum()))
        total = counts @ around
        average.append(total / n_spikes[-1] if n_spikes[-1] else total * np.nan)
    of = np.array(average, dtype=np.float64).reshape(-1, n_around)
    before, after = of[:, :n_lags][:, ::-1], of[:, n_lags:]
    lags = np.arange(0.5, n_lags) * frame
    return StimulusAverage(
        before,
        np.asarray(lags, dtype=np.float64),
        np.asarray(after.std(axis=1), dtype=np.float64),
        np.array(n_spikes, dtype=np.intp),
    )
