"""Firing rates of pairs of cells that differ by a given share of their response.

Input: mean rate, share, duration. Output: the rates of both cells of each pair, bin by
bin, under full-field flicker.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuroclass.simulation.cells import draw_cells, firing_rate, polyphase_filters
from neuroclass.simulation.light import count_frames

__all__ = ["draw_pair_rates"]

_N_TYPES = 6
_DIVERSITY = 0.5
_FRAME_RATE = 50.0  # Hz: frames of 20 ms in steps of 1 ms


def draw_pair_rates(
    n_pairs: int,
    rate: float,
    difference: float,
    *,
    n_bins: int,
    bin_size: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Draw the firing rates of pairs of cells, in Hz, two (n_pairs, n_bins).

    .. math:: r_b(t) = (1 - d) \, r_a(t) + d \, r_c(t)

    with a simulated cell a of a random type, a cell c of another type, and the
    difference d. All three have the same mean rate.

    Parameters
    ----------
    n_pairs : int
        Number of pairs.
    rate : float
        Mean firing rate of both cells, in Hz.
    difference : float
        Share of the response of the second cell that is that of another type, from 0
        (the same response) to 1 (two types).
    n_bins : int
        Number of bins of the stimulus.
    bin_size : float
        Time bin width, in seconds.
    rng : numpy.random.Generator
        Generator.
    """
    per_type = -(-n_pairs // _N_TYPES)
    n_cells = per_type * _N_TYPES
    cells = draw_cells(_N_TYPES, n_cells, _DIVERSITY, rng)
    order = np.argsort(cells["true_type"], kind="stable")
    cells = {name: values[order] for name, values in cells.items()}
    n_frames = count_frames(n_bins * bin_size, _FRAME_RATE) + 1
    fine = firing_rate(
        rng.standard_normal(n_frames), polyphase_filters(cells, _FRAME_RATE), cells
    )
    step = n_frames / _FRAME_RATE / fine.shape[1]
    expected = np.zeros((n_cells, fine.shape[1] + 1))
    np.cumsum(fine * step, axis=1, out=expected[:, 1:])
    edges = np.arange(n_bins + 1) * bin_size
    times = np.arange(expected.shape[1]) * step
    binned = np.array([np.diff(np.interp(edges, times, cell)) for cell in expected])
    binned *= rate / binned.mean(axis=1, keepdims=True)
    # Types lie side by side: a shift by whole types is another type.
    shift = per_type * rng.integers(1, _N_TYPES, n_cells)
    other = binned[(np.arange(n_cells) + shift) % n_cells]
    chosen = rng.permutation(n_cells)[:n_pairs]
    second = (1 - difference) * binned + difference * other
    return binned[chosen], second[chosen]
