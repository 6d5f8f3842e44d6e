"""Settings of the responses of a recording: presentations, words, units.

The one place where these defaults are written. It imports nothing heavy: the command
line builds its options from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from neuroclass.presentations.presentation_settings import (
    PresentationOptions,
    PresentationSettings,
)

__all__ = ["RESPONSES", "ResponseOptions", "ResponseSettings"]

RESPONSES = ("words", "counts")


@dataclass(frozen=True, kw_only=True)
class ResponseSettings(PresentationSettings):
    """How the spike trains of a recording become counts of words.

    The settings of the presentations are those of `PresentationSettings`.

    Attributes
    ----------
    triggers : path or array_like, optional
        Stimulus onsets, in seconds, or the name of events: `load_recording`.
    trial_duration : float, str or quantities.Quantity, optional
        Duration of the trials that begin at the triggers: `load_recording`.
    align : str, optional
        Column of an interval table with the onset of the stimulus: `load_recording`.
    bin_size : "auto", "base", float, str or quantities.Quantity, default "auto"
        Time bin width; a number is seconds. "auto": by `choose_bin_size`, for classes
        by timing as "base": `choose_base_bin`.
    word_length : int, default 1
        Number of bins per word.
    response : {"words", "counts"}, default "words"
        Binary words, or words of spike counts.
    units : mapping of str to sequence, optional
        Values of unit columns that a unit must have to take part: `select_units`.
        None: all units.
    """

    triggers: Any = None
    trial_duration: Any = None
    align: str | None = None
    bin_size: Any = "auto"
    word_length: int = 1
    response: Literal["words", "counts"] = "words"
    units: Mapping[str, Sequence[Any]] | None = None


class ResponseOptions(PresentationOptions, total=False):
    """Keywords of the responses of a recording: see `ResponseSettings`."""

    triggers: Any
    trial_duration: Any
    align: str | None
    bin_size: Any
    word_length: int
    response: Literal["words", "counts"]
    units: Mapping[str, Sequence[Any]] | None
