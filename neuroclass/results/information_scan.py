"""Record of information rates over bin widths and word lengths.

Input: rates and extrapolations of `scan_information`. Output: `InformationScan`.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuroclass._lib.issues import Issue
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
