"""Record of how often pairs of neurons are distinguished by so many repeats.

Input: what `plan_repeats` simulated. Output: `RepeatPlan`, its table and its headline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv

from neuroclass._lib.wording import plural

__all__ = ["RepeatPlan"]


@dataclass(frozen=True, repr=False)
class RepeatPlan:
    """Power to distinguish pairs of simulated neurons, by the number of repeats.

    Attributes
    ----------
    rate : float
        Mean firing rate of each neuron, in Hz.
    difference : float
        Share of the response in which the neurons of a pair differ.
    duration : float
        Duration of the stimulus, in seconds.
    bin_size : float
        Time bin width, in seconds.
    power : float
        The share of pairs that is to be distinguished.
    n_pairs : int
        Number of simulated pairs.
    repeats : tuple of int
        Numbers of repeats.
    n_distinguished : ndarray of int, (n_numbers,)
        Pairs that each number of repeats distinguishes.
    information_rate : ndarray of shape (n_pairs,)
        Divergence of each pair by its known probabilities, in bits/s.
    seconds : ndarray of shape (n_pairs,)
        Observation time to 90 % correct of each pair by steady evidence, in seconds.
    """

    rate: float
    difference: float
    duration: float
    bin_size: float
    power: float
    n_pairs: int
    repeats: tuple[int, ...]
    n_distinguished: NDArray[np.intp]
    information_rate: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"RepeatPlan({self.headline()})"

    @property
    def share(self) -> NDArray[np.float64]:
        """Share of the pairs that each number of repeats distinguishes."""
        return self.n_distinguished / self.n_pairs

    @property
    def interval(self) -> NDArray[np.float64]:
        """95 % intervals of `share`, (n_numbers, 2), by Clopper and Pearson."""
        found, rest = self.n_distinguished, self.n_pairs - self.n_distinguished
        with np.errstate(invalid="ignore"):
            low = np.where(found, betaincinv(found, rest + 1, 0.025), 0)
            high = np.where(rest, betaincinv(found + 1, rest, 0.975), 1)
        return np.stack([low, high], axis=1)

    @property
    def n_repeats(self) -> int | None:
        """The least number of repeats that reaches the power; None if none does."""
        enough = np.flatnonzero(self.share >= self.power)
        return self.repeats[enough[0]] if len(enough) else None

    @property
    def median_information_rate(self) -> float:
        """Median of `information_rate`, in bits/s."""
        return float(np.median(self.information_rate))

    @property
    def median_seconds(self) -> float:
        """Median of `seconds`."""
        return float(np.median(self.seconds))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per number of repeats."""
        low, high = self.interval.T
        return pd.DataFrame(
            {
                "repeats": self.repeats,
                "minutes": np.array(self.repeats) * self.duration / 60,
                "share_distinguished": self.share,
                "share_low": low,
                "share_high": high,
            }
        )

    def headline(self) -> str:
        """Return the result in one sentence."""
        of = (
            f"of pairs of neurons that fire at {self.rate:g} Hz and differ in "
            f"{100 * self.difference:g} % of their response"
        )
        wanted = f"{100 * self.power:g} % {of}"
        if self.n_repeats is None:
            most = 100 * self.share[-1]
            return (
                f"{self.repeats[-1]} repeats of {self.duration:g} s are too few to "
                f"distinguish {wanted}: they distinguish {most:.0f} %"
            )
        repeats = plural(self.n_repeats, "repeat", "repeats")
        is_first = self.n_repeats == self.repeats[0]
        are = "is" if self.n_repeats == 1 else "are"
        enough = f"{are} enough" if is_first else f"{are} needed"
        return f"{repeats} of {self.duration:g} s {enough} to distinguish {wanted}"
