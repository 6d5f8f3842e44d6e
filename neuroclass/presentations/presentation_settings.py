"""Settings of the selection of presentations, and their defaults.

The one place where these defaults are written. It imports nothing heavy: the command
line builds its options from it.
"""

from dataclasses import dataclass
from typing import TypedDict

__all__ = ["CONDITIONS", "PresentationOptions", "PresentationSettings"]

CONDITIONS = ("stimulus,time", "stimulus", "time", "none")


@dataclass(frozen=True, kw_only=True)
class PresentationSettings:
    """Settings of the selection of presentations.

    Attributes
    ----------
    intervals : str, optional
        Name of the interval table; None: the one with the most repeats of equal
        length.
    stimulus : str, optional
        ``"COLUMN"`` distinguishes the stimuli by the values of a column;
        ``"COLUMN=VALUE,..."`` takes only these values; ``"COLUMN,COLUMN"`` takes every
        combination as a stimulus. None: the columns that describe a stimulus.
    min_repeats : int, default 10
        Smallest number of presentations of a stimulus, at least 2; stimuli with fewer
        are left out.
    condition : str, default "stimulus,time"
        ``"stimulus,time"`` or ``"stimulus"``: presentations of each stimulus.
        ``"time"``: all presentations pooled, whatever the stimulus. ``"none"``: no
        stimulus; the recorded time is cut into 100 equal stretches (`min_repeats` if
        more).
    drop_empty : bool, default False
        Whether to leave out presentations in which no unit fires.
    """

    intervals: str | None = None
    stimulus: str | None = None
    min_repeats: int = 10
    condition: str = "stimulus,time"
    drop_empty: bool = False


class PresentationOptions(TypedDict, total=False):
    """Keywords of the selection of presentations: see `PresentationSettings`."""

    intervals: str | None
    stimulus: str | None
    min_repeats: int
    condition: str
    drop_empty: bool
