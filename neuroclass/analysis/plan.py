"""How many repeats an experiment needs, from simulated pairs of neurons.

Input: firing rate, difference, duration of the stimulus. Output: `RepeatPlan`, the
share of pairs that each number of repeats distinguishes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import as_seconds, check_positive_int, check_rng
from neuroclass.discrimination import pair_divergences, time_to_accuracy
from neuroclass.results.repeat_plan import RepeatPlan
from neuroclass.simulation import draw_pair_rates

__all__ = ["REPEATS", "plan_repeats"]

REPEATS = (5, 10, 20, 50, 100)

_N_GROUPS = 10  # of repeats, for intervals
_MOST_BINS = 100_000
_MOST_SPIKES = 0.5  # per bin, on average: beyond, words of one bin say little


def plan_repeats(
    rate: float = 2.0,
    difference: float = 0.3,
    *,
    repeats: Sequence[int] = REPEATS,
    duration: float | str = 10.0,
    bin_size: float | str = 0.02,
    power: float = 0.9,
    n_pairs: int = 60,
    random_state: np.random.Generator | int | None = 0,
) -> RepeatPlan:
    r"""Simulate how many repeats distinguish two neurons.

    Pairs of simulated ganglion cells see a flicker; the second cell of a pair answers
    it as the first does but for a share d of its response, which is that of another
    type: r_b(t) = (1 - d) r_a(t) + d r_c(t). Each is recorded with so many repeats, and
    the pair tested as `discriminate_neurons` tests it.

    Parameters
    ----------
    rate : float, default 2
        Mean firing rate of each neuron, in Hz.
    difference : float, default 0.3
        Share of the response in which the two differ, above 0 and up to 1 (two types).
    repeats : sequence of int
        Numbers of repeats to try, at least 2 each.
    duration : time, default 10 s
        Duration of the stimulus.
    bin_size : time, default 20 ms
        Time bin width; words are one bin.
    power : float, default 0.9
        Share of pairs that is to be distinguished.
    n_pairs : int, default 60
        Number of simulated pairs.
    random_state : int, numpy.random.Generator or None, default 0
        Seed or generator.

    Returns
    -------
    RepeatPlan

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Spikes are independent from bin to bin given the rate. Real neurons vary less from
    repeat to repeat, and more where they drift. Two neurons are told to be different
    with a z of 2.5, so that of those that do not differ less than 1 % are
    (`test_pairs_that_do_not_differ_are_not_distinguished`). For classes more is needed
    than that two neurons differ: docs/validation.md has types found by repeats.

    Examples
    --------
    >>> plan_repeats(5.0, 0.5, repeats=[5, 20], n_pairs=12, duration="5s").n_repeats
    20
    """
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"rate must be above 0 Hz; got {rate!r}.")
    if not 0 < difference <= 1:
        raise ValueError(
            f"difference must be above 0 and at most 1; got {difference!r}. Neurons "
            "that do not differ are distinguished by no number of repeats."
        )
    if not 0 < power < 1:
        raise ValueError(f"power must be between 0 and 1; got {power!r}.")
    numbers = sorted({check_positive_int(r, "repeats", minimum=2) for r in repeats})
    if not numbers:
        raise ValueError("repeats must hold at least one number; got none.")
    n_pairs = check_positive_int(n_pairs, "n_pairs")
    seconds, width = as_seconds(duration, "duration"), as_seconds(bin_size, "bin_size")
    n_bins = int(seconds / width + 1e-6)
    if not 2 <= n_bins <= _MOST_BINS:
        raise ValueError(
            f"duration must hold 2 to {_MOST_BINS} bins of {1e3 * width:g} ms; got "
            f"{seconds:g} s."
        )
    if rate * width > _MOST_SPIKES:
        raise ValueError(
            f"rate times bin_size must be at most {_MOST_SPIKES:g} spikes per bin; got "
            f"{rate:g} Hz and {1e3 * width:g} ms. Use smaller bins."
        )
    rng = check_rng(random_state)
    drawn = draw_pair_rates(
        n_pairs, rate, difference, n_bins=n_bins, bin_size=width, rng=rng
    )
    rates = np.stack(drawn, axis=1)
    fires = -np.expm1(-rates * width)  # (n_pairs, 2, n_bins)
    bits = _divergences(fires) / width
    return RepeatPlan(
        rate=float(rate),
        difference=float(difference),
        duration=seconds,
        bin_size=width,
        power=float(power),
        n_pairs=n_pairs,
        repeats=tuple(numbers),
        n_distinguished=np.array(
            [sum(_is_found(pair, n, rng) for pair in fires) for n in numbers]
        ),
        information_rate=bits,
        seconds=np.asarray(time_to_accuracy(bits, 0.9)),
    )


def _divergences(fires: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Jensen-Shannon divergence of each pair, bits per word."""

    def bits(p: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
        return np.nan_to_num(terms)

    found: NDArray[np.float64] = (bits(fires.mean(1)) - bits(fires).mean(1)).mean(-1)
    return found


def _is_found(fires: NDArray[np.float64], repeats: int, rng: Any) -> bool:
    """Record a pair with so many repeats; return whether it is distinguished."""
    sizes = np.diff(np.linspace(0, repeats, min(_N_GROUPS, repeats) + 1).astype(int))
    spikes = np.array([rng.binomial(size, fires) for size in sizes])
    counts = np.stack([sizes[:, None, None] - spikes, spikes], axis=-1)
    found = pair_divergences(counts.sum(axis=0), groups=counts)
    return bool(found.is_distinguishable[0])
