"""Record of information rates over bin widths and word lengths.

Input: rates and extrapolations of `scan_information`. Output: `InformationScan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neuroclass._lib.issues import Issue
from neuroclass._lib.notebook_html import as_html
from neuroclass._lib.wording import estimate, plural
from neuroclass.information import Extrapolation, ScannedWord
from neuroclass.presentations import Presentations

__all__ = ["InformationScan"]


@dataclass(frozen=True, repr=False)
class InformationScan:
    """Information rates over bin widths and word lengths.

    Attributes
    ----------
    words : tuple of ScannedWord
        By bin width, then word length.
    extrapolations : tuple of Extrapolation
        One per bin width; none where there is one condition.
    estimator : str
        Of all rates.
    n_units : int
        Number of units.
    presentations : Presentations
        The repeats.
    issues : tuple of Issue
        What is doubtful or was left out.
    """

    words: tuple[ScannedWord, ...]
    extrapolations: tuple[Extrapolation, ...]
    estimator: str
    n_units: int
    presentations: Presentations
    issues: tuple[Issue, ...]

    def __repr__(self) -> str:
        n_widths = len({word.bin_size for word in self.words})
        return (
            f"InformationScan({len(self.words)} kinds of words of {n_widths} bin "
            "widths)"
        )

    def headline(self) -> str:
        """Return the best of the reliable rates in one sentence."""
        reliable = [w for w in self.words if w.identity.verdict == "good"]
        if not reliable:
            return (
                f"No word is reliable for identity information of {self.n_units} "
                "units: too few repeats, or saturated"
            )
        best = max(reliable, key=lambda word: word.identity.bits_per_second)
        rate = best.identity
        value, interval = estimate(rate.bits_per_second, *rate.interval)
        return (
            f"{value} bits/s"
            f"{f' ({interval})' if interval else ''} about the identity of "
            f"{self.n_units} units, by words of "
            f"{plural(best.word_length, 'bin', 'bins')} of {1000 * best.bin_size:g} "
            "ms: the largest reliable rate"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per kind of word: rates with intervals, reliability."""
        rows = []
        for word in self.words:
            row: dict[str, Any] = {
                "bin_size_seconds": word.bin_size,
                "word_length": word.word_length,
                "n_words": word.n_words,
            }
            rates = {"identity": word.identity, "stimulus": word.stimulus}
            for about, rate in rates.items():
                low, high = (np.nan, np.nan) if rate is None else rate.interval
                row[f"{about}_bits_per_second"] = (
                    np.nan if rate is None else rate.bits_per_second
                )
                row[f"{about}_low"], row[f"{about}_high"] = low, high
                row[f"{about}_verdict"] = "" if rate is None else rate.verdict
            rows.append(row)
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return as_html(self.headline(), self.to_frame())
