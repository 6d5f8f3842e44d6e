"""Settings of the selection of presentations, and their defaults.

The one place where these defaults are written. It imports nothing heavy: the command
line builds its options from it.
"""

from dataclasses import dataclass
from typing import TypedDict

__all__ = [
    "CONDITIONS",
    "PresentationOptions",
    "PresentationSettings",
    "first_and_last_repeat",
]

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
    repeats : str, optional
        ``"A-B"`` takes only the presentations A to B of each stimulus, in the order of
        time and counted from 1, such as ``"1-9"``: a stretch without drift. None: all.
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
    repeats: str | None = None
    condition: str = "stimulus,time"
    drop_empty: bool = False


class PresentationOptions(TypedDict, total=False):
    """Keywords of the selection of presentations: see `PresentationSettings`."""

    intervals: str | None
    stimulus: str | None
    min_repeats: int
    repeats: str | None
    condition: str
    drop_empty: bool


def first_and_last_repeat(repeats: str) -> tuple[int, int]:
    """Return A and B of ``"A-B"``.

    Raises
    ------
    ValueError
        If it is not of that form, or holds fewer than two repeats.
    """
    first, _, last = repeats.partition("-") if isinstance(repeats, str) else ("",) * 3
    first, last = first.strip(), last.strip()
    is_number = all(number.isascii() and number.isdigit() for number in (first, last))
    if not is_number or not 1 <= int(first) < int(last):
        raise ValueError(
            "repeats must be the first and the last repeat, of at least two, such as "
            f"'1-9'; got {repeats!r}."
        )
    return int(first), int(last)
