"""Linear-nonlinear ganglion cells of known types: parameters, filters, firing rates.

Input: numbers of types and cells, and the light frame by frame. Output: parameters of
each cell, and its firing rate in Hz. The parameters were set from what is published
about ganglion cells, not from what clusters well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroclass.simulation.light import count_frames

__all__ = [
    "CELL_TYPES",
    "draw_cells",
    "draw_rate_factors",
    "draw_sparse_cells",
    "firing_rate",
    "polyphase_filters",
]


class _CellType(NamedTuple):
    """Mean parameters of the cells of one type."""

    on_weight: float
    off_weight: float
    time_to_peak: float  # s, of the first lobe of the temporal filter
    undershoot: float  # second lobe / first lobe; 0.625 answers no steady light
    threshold: float  # standard deviations of the filtered stimulus
    gain: float  # Hz per standard deviation above threshold


# ON cells are 10-20 % faster and less rectified than OFF cells [1]; transient cells
# have balanced, biphasic filters and high thresholds, sustained cells neither.
_TYPES = {
    "OFF fast": _CellType(0.0, 1.0, 0.055, 0.60, 1.2, 110.0),
    "ON fast": _CellType(1.0, 0.0, 0.047, 0.60, 1.0, 90.0),
    "ON-OFF fast": _CellType(0.7, 1.0, 0.055, 0.60, 1.3, 90.0),
    "OFF slow": _CellType(0.0, 1.0, 0.110, 0.50, 1.1, 80.0),
    "ON slow": _CellType(1.0, 0.0, 0.095, 0.50, 0.9, 65.0),
    "OFF sustained": _CellType(0.0, 1.0, 0.080, 0.15, 0.5, 35.0),
    "ON sustained": _CellType(1.0, 0.0, 0.070, 0.15, 0.3, 30.0),
    "ON-OFF slow": _CellType(0.7, 1.0, 0.110, 0.50, 1.2, 75.0),
    "ON-OFF sustained": _CellType(0.7, 1.0, 0.080, 0.15, 0.8, 35.0),
}
CELL_TYPES: tuple[str, ...] = tuple(_TYPES)

_FILTER_ORDER = 5
_SECOND_LOBE = 1.6  # time to peak of the second lobe / that of the first
_FILTER_DURATION = 1.0  # s; also the grey pause, so that no segment feels the last one
_DELAY = 0.020  # s, transduction, before the filter begins
_ON_LAG = 0.015  # s, how much the ON input of an ON-OFF cell comes after the OFF input
_SOFTNESS = 0.2  # standard deviations over which the rectification bends
_TIME_STEP = 0.001  # s, at most

# Scatter between the cells of one type at diversity 1.
_TIME_SCATTER = 0.15  # log
_GAIN_SCATTER = 0.40  # log
_ON_SCATTER = 0.30  # log, of the ON input of an ON-OFF cell
_THRESHOLD_SCATTER = 0.25
_UNDERSHOOT_SCATTER = 0.12
_DELAY_SCATTER = 0.006  # s


def draw_cells(
    n_types: int, n_neurons: int, diversity: float, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Draw the parameters of each cell around those of its type, (n_neurons,) each."""
    type_index = rng.permutation(np.arange(n_neurons) % n_types)
    of_type = np.array([_TYPES[CELL_TYPES[k]] for k in type_index])  # (n_neurons, 6)
    on, off, time_to_peak, undershoot, threshold, gain = of_type.T
    # Drawn in one block whatever the diversity: one seed, one retina, more or less
    # diverse.
    scatter = diversity * rng.standard_normal((6, n_neurons))
    on_off = (on > 0) & (off > 0)
    return {
        "true_type": np.array(CELL_TYPES)[type_index],
        "on_weight": np.where(on_off, on * np.exp(_ON_SCATTER * scatter[0]), on),
        "off_weight": off,
        "time_to_peak": time_to_peak * np.exp(_TIME_SCATTER * scatter[1]),
        "undershoot": np.maximum(undershoot + _UNDERSHOOT_SCATTER * scatter[2], 0),
        "threshold": threshold + _THRESHOLD_SCATTER * scatter[3],
        "gain": gain * np.exp(_GAIN_SCATTER * scatter[4]),
        "delay": np.maximum(_DELAY + _DELAY_SCATTER * scatter[5], 0),
    }


def draw_rate_factors(
    n_neurons: int, rate_spread: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw log-normal factors of the gain with mean 1, shape (n_neurons,)."""
    scatter = rate_spread * rng.standard_normal(n_neurons)
    factors: NDArray[np.float64] = np.exp(scatter - rate_spread**2 / 2)
    return factors


def draw_sparse_cells(
    n_neurons: int, sparse_share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw which cells are sparse, the share of them to the nearest cell."""
    is_sparse = np.zeros(n_neurons, dtype=bool)
    is_sparse[rng.permutation(n_neurons)[: round(sparse_share * n_neurons)]] = True
    return is_sparse


def polyphase_filters(
    cells: dict[str, NDArray[Any]], frame_rate: float
) -> dict[str, NDArray[np.float64]]:
    """Return each cell's filters, shape (n_lags, n_steps, n_neurons), per input.

    The light is constant within a frame, so the response at step p of a frame is a
    weighted sum of the last frames, with weights that depend on p: one small matrix
    product instead of a convolution at the fine time step.
    """
    n_steps = int(np.ceil(1 / (frame_rate * _TIME_STEP)))
    n_lags = count_frames(_FILTER_DURATION, frame_rate) + 1
    step = 1 / (frame_rate * n_steps)
    time = (np.arange(n_lags * n_steps) + 0.5)[:, np.newaxis] * step
    on_off = (cells["on_weight"] > 0) & (cells["off_weight"] > 0)
    filters = {}
    for pathway, sign in (("on", 1.0), ("off", -1.0)):
        lag = np.where(on_off & (pathway == "on"), _ON_LAG, 0.0)
        since = np.maximum(time - cells["delay"] - lag, 0) / cells["time_to_peak"]
        fine = _low_pass(since) - cells["undershoot"] * _low_pass(since / _SECOND_LOBE)
        total = np.cumsum(fine, axis=0)
        total[n_steps:] -= total[:-n_steps].copy()  # the light holds for one frame
        held = total.reshape(n_lags, n_steps, -1)
        deviation = np.sqrt((held**2).sum(axis=0).mean(axis=0))
        filters[pathway] = sign * held / deviation
    return filters


def _low_pass(since: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a cascade of low-pass stages that peaks with 1 at 1."""
    cascade: NDArray[np.float64] = (since * np.exp(1 - since)) ** _FILTER_ORDER
    return cascade


def firing_rate(
    frames: NDArray[np.float64],
    filters: dict[str, NDArray[np.float64]],
    cells: dict[str, NDArray[Any]],
) -> NDArray[np.float64]:
    """Return the rate (Hz) at each time step, shape (n_neurons, n_bins), from grey."""
    n_lags, n_steps, n_neurons = filters["on"].shape
    padded = np.append(np.zeros(n_lags - 1), frames)
    history = np.lib.stride_tricks.sliding_window_view(padded, n_lags)[:, ::-1]
    drive = np.zeros((len(frames) * n_steps, n_neurons))
    for pathway, kernel in filters.items():
        cells_with = np.flatnonzero(cells[f"{pathway}_weight"] > 0)
        flat = kernel[:, :, cells_with].reshape(n_lags, -1)
        filtered = (history @ flat).reshape(len(drive), -1)
        above = (filtered - cells["threshold"][cells_with]) / _SOFTNESS
        drive[:, cells_with] += (
            cells[f"{pathway}_weight"][cells_with]
            * _SOFTNESS
            * (np.maximum(above, 0) + np.log1p(np.exp(-np.abs(above))))
        )
    rate: NDArray[np.float64] = (drive * cells["gain"]).T
    return rate
