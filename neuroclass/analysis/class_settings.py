"""Settings of the classes of a recording, and their defaults.

Imports nothing heavy: the command line builds its options from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

__all__ = [
    "CRITERIA",
    "ClassOptions",
    "ClassSettings",
    "DescriptionOptions",
    "DescriptionSettings",
]

CRITERIA = ("timing", "word")


@dataclass(frozen=True, kw_only=True)
class ClassSettings:
    """How the classes of a recording are made, beside their number.

    Attributes
    ----------
    criterion : {"timing", "word"}, default "timing"
        Loss of merging neurons: timing information per spike at all time scales, or
        identity information per word, the criterion of Schneidman et al. (2002).
    rate_weight : float, default 0
        Weight of the mean firing rate beside the time scales of "timing".
    cut : int, optional
        Number of classes of one of the tested cuts to show, by the criterion "timing"
        and an automatic number.
    max_information_loss : float, optional
        Instead of a number of classes: largest fraction of the information of the
        criterion that the classes may lose; as few classes as possible are made.
    method : {"auto", "agglomerative", "sequential"}, default "auto"
        Tree of all neurons, or for very many neurons of micro-clusters; "auto" takes
        the first while its matrix of pairs fits into the memory.
    min_confidence : float, default 0
        Units whose confidence in their class is below are unassigned, by the criterion
        "timing"; from 0 to 1.
    """

    criterion: Literal["timing", "word"] = "timing"
    rate_weight: float = 0.0
    cut: int | None = None
    max_information_loss: float | None = None
    method: Literal["auto", "agglomerative", "sequential"] = "auto"
    min_confidence: float = 0.0


class ClassOptions(TypedDict, total=False):
    """Keywords of the classes of a recording: see `ClassSettings`."""

    criterion: Literal["timing", "word"]
    rate_weight: float
    cut: int | None
    max_information_loss: float | None
    method: Literal["auto", "agglomerative", "sequential"]
    min_confidence: float


@dataclass(frozen=True, kw_only=True)
class DescriptionSettings:
    """How classes are described: what they respond to, and by which stimuli.

    No class is made with it.

    Attributes
    ----------
    describe : bool, default False
        Describe the classes, whatever is known: reliability, refractory violations and
        autocorrelograms, and selectivity where the stimuli are angles.
    light_on : tuple of two times, optional
        When the light of every stimulus goes on and off, after its onset: ON/OFF index,
        latency and transience.
    stimulus_file : str or Path, optional
        The flicker, frame by frame: spike-triggered average.
    recommend : bool, default False
        Measure which stimulus separates which classes, and how many more repeats or
        neurons would make the next cut hold; by the criterion "timing".
    """

    describe: bool = False
    light_on: tuple[float | str, float | str] | None = None
    stimulus_file: str | Path | None = None
    recommend: bool = False

    @property
    def is_asked_for(self) -> bool:
        """Whether the classes are to be described."""
        is_known = self.light_on is not None or self.stimulus_file is not None
        return self.describe or is_known


class DescriptionOptions(TypedDict, total=False):
    """Keywords of the description of classes: see `DescriptionSettings`."""

    describe: bool
    light_on: tuple[float | str, float | str] | None
    stimulus_file: str | Path | None
    recommend: bool
