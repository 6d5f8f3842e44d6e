"""Responses to light steps: ON/OFF index, latency, transience.

Input: PSTHs and the times of the light. Output: `StepResponse`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["StepResponse", "step_response"]

_LONGEST = 1.0  # s after a step
_IS_ONE = 1 / 3  # index from which a cell is ON or OFF alone: twice as many spikes


@dataclass(frozen=True, eq=False)
class StepResponse:
    """Responses of neurons to steps of light.

    Attributes
    ----------
    on_off_index : ndarray of shape (n_neurons,)
        (ON - OFF) / (ON + OFF), of the rates after light on and after light off, each
        above the rate before that step; 1 for ON, -1 for OFF cells; nan where neither
        is above.
    latency : ndarray of shape (n_neurons,)
        Time from the step to the peak of the response, in seconds, of the step with the
        larger response.
    transience : ndarray of shape (n_neurons,)
        1 less the rate in the second half of the time after that step over the peak,
        both above the rate before it: near 1 transient, near 0 sustained.
    """

    on_off_index: NDArray[np.float64]
    latency: NDArray[np.float64]
    transience: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"StepResponse({len(self.latency)} neurons)"

    @property
    def polarity(self) -> NDArray[np.str_]:
        """ON, OFF or ON-OFF (neither twice the other); empty without a response."""
        index = self.on_off_index
        names = np.where(index > 0, "ON", "OFF")
        names = np.where(np.abs(index) < _IS_ONE, "ON-OFF", names)
        return np.where(np.isnan(index), "", names)


def step_response(
    psth: ArrayLike, bin_size: float, light_on: tuple[float, float]
) -> StepResponse:
    """Measure the responses of neurons to light that goes on and off once.

    Parameters
    ----------
    psth : array_like, (n_neurons, n_bins)
        Rates over one presentation, smoothed as the latency is wanted.
    bin_size : float
        Bin width, in seconds.
    light_on : tuple of float
        When the light goes on and off, in seconds after the onset of the stimulus.

    Returns
    -------
    StepResponse

    Raises
    ------
    ValueError
        If the light does not go on and off inside the presentation, with a bin before
        it and two after each step.

    Notes
    -----
    The time after a step is 1 s, or until the next step or the end. The rate before it
    is the mean of as long a time (of all there is, where that is shorter).
    """
    x = np.asarray(psth, dtype=np.float64)
    n_bins = x.shape[1]
    on, off = (round(t / bin_size) for t in light_on)
    if not (on >= 1 and on + 2 <= off <= n_bins - 2):
        raise ValueError(
            "light_on must be two times inside the stimulus of "
            f"{n_bins * bin_size:g} s, with time before, between and after; got "
            f"{light_on[0]:g} and {light_on[1]:g} s."
        )
    n_after = min(round(_LONGEST / bin_size), off - on, n_bins - off)
    windows = np.stack(
        [
            x[:, k : k + n_after]
            - x[:, max(0, k - n_after) : k].mean(axis=1, keepdims=True)
            for k in (on, off)
        ]
    )
    strength = np.clip(windows.mean(axis=2), 0.0, None)  # (2, n_neurons)
    both = strength.sum(axis=0)
    index = np.divide(
        strength[0] - strength[1], both, out=np.full(len(x), np.nan), where=both > 0
    )
    stronger = windows[strength.argmax(axis=0), np.arange(len(x))]
    peak = stronger.max(axis=1)
    late = stronger[:, n_after // 2 :].mean(axis=1)
    has_peak = (peak > 0) & (both > 0)
    latency = np.where(has_peak, (stronger.argmax(axis=1) + 0.5) * bin_size, np.nan)
    sustained = np.divide(late, peak, out=np.full(len(x), np.nan), where=has_peak)
    return StepResponse(index, latency, 1.0 - np.clip(sustained, 0.0, 1.0))
