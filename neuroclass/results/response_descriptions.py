"""Record of what classes and their units respond to, in the words of the field.

Input: what `describe_classes` measured. Output: `ResponseDescription` and its tables.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural
from neuroclass.presentations import Presentations
from neuroclass.tuning import Selectivity, StepResponse, StimulusAverage

__all__ = ["ResponseDescription"]

_TRANSIENT = 0.7  # transience from which a response is called transient
_BIPHASIC = 0.5  # biphasic index from which a filter is called biphasic
_SELECTIVE = 0.3  # index from which a class is called selective
_MAJORITY = 0.5


@dataclass(frozen=True, repr=False)
class ResponseDescription:
    """What units and their classes respond to.

    Attributes
    ----------
    unit_ids : tuple
        Ids of the units that were recorded.
    labels : tuple of str
        Class of each unit; "" where it has none.
    classes_from : str
        Where the classes come from.
    firing_rate : ndarray of shape (n_units,)
        Inside the presentations, in Hz.
    reliability : ndarray of shape (n_units,)
        `response_reliability` of spike counts smoothed by 30 ms.
    violations : ndarray of shape (n_units,)
        Share of intervals below 1.5 ms: `refractory_violations`.
    autocorrelograms : ndarray of shape (n_units, n_lags)
        Rate after a spike, in Hz, by lag of 1 ms.
    steps : StepResponse or None
        Responses to the light, if it was said when it is on.
    selectivity : Selectivity or None
        For directions, if the stimuli are angles.
    average : StimulusAverage or None
        Spike-triggered average, if the stimulus was given.
    presentations : Presentations
        The repeats.
    settings : dict
        All settings.
    issues : tuple of Issue
        What is doubtful or was left out.
    """

    unit_ids: tuple[Any, ...]
    labels: tuple[str, ...]
    classes_from: str
    firing_rate: NDArray[np.float64]
    reliability: NDArray[np.float64]
    violations: NDArray[np.float64]
    autocorrelograms: NDArray[np.float64]
    steps: StepResponse | None
    selectivity: Selectivity | None
    average: StimulusAverage | None
    presentations: Presentations
    settings: dict[str, Any]
    issues: tuple[Issue, ...]

    def __repr__(self) -> str:
        return self.class_frame().to_string(index=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, numbers by value."""
        names = sorted({label for label in self.labels if label != ""})
        if all(name.isdecimal() for name in names):
            return tuple(sorted(names, key=int))
        return tuple(names)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per unit."""
        columns: dict[str, Any] = {
            "unit_id": list(self.unit_ids),
            "class": [label or None for label in self.labels],
            "firing_rate_hz": self.firing_rate,
            "reliability": self.reliability,
            "refractory_violations": self.violations,
        }
        if self.steps is not None:
            columns |= {
                "step_polarity": self.steps.polarity,
                "on_off_index": self.steps.on_off_index,
                "step_latency_seconds": self.steps.latency,
                "transience": self.steps.transience,
            }
        if self.average is not None:
            columns |= {
                "sta_polarity": self.average.polarity,
                "sta_peak": self.average.peak,
                "sta_noise": self.average.noise,
                "sta_time_to_peak_seconds": self.average.time_to_peak,
                "sta_biphasic_index": self.average.biphasic_index,
            }
        if self.selectivity is not None:
            columns |= {
                "direction_index": self.selectivity.direction_index,
                "preferred_direction": self.selectivity.preferred_direction,
                "orientation_index": self.selectivity.orientation_index,
                "preferred_orientation": self.selectivity.preferred_orientation,
            }
        return pd.DataFrame(columns)

    def class_frame(self) -> pd.DataFrame:
        """Return one row per class: its description, and medians of its units."""
        units = self.to_frame()
        rows = []
        for name in self.classes:
            members = units[units["class"] == name]
            row: dict[str, Any] = {
                "class": name,
                "n_units": len(members),
                "description": self._describe(members),
            }
            for column in units.columns[2:]:
                if units[column].dtype.kind == "f" and "preferred" not in column:
                    row[column] = members[column].median()
            rows.append(row)
        return pd.DataFrame(rows)

    def words(self) -> dict[str, str]:
        """Return what each class does, by its name: "ON, transient, 80 ms"."""
        table = self.class_frame()
        return dict(zip(table["class"], table["description"], strict=True))

    def _describe(self, units: pd.DataFrame) -> str:
        """Return what a class does in a few words, such as "ON, transient, 80 ms"."""
        words: list[str] = []
        if self.steps is not None:
            words += _polarity(units["step_polarity"])
            words += _kind(units["transience"], _TRANSIENT, "transient", "sustained")
            words += _milliseconds(units["step_latency_seconds"])
        elif self.average is not None:
            words += _polarity(units["sta_polarity"]) or ["no linear response"]
            words += _kind(
                units["sta_biphasic_index"], _BIPHASIC, "biphasic", "monophasic"
            )
            words += _milliseconds(units["sta_time_to_peak_seconds"])
        if self.selectivity is not None:
            for kind in ("direction", "orientation"):
                if units[f"{kind}_index"].median() >= _SELECTIVE:
                    words.append(f"{kind}-selective")
                    break
        return ", ".join(words)


def _polarity(names: pd.Series[Any]) -> list[str]:
    """Return the polarity of most units, and of how many if not of all."""
    known = [name for name in names if name]
    if len(known) <= _MAJORITY * len(names):
        return []
    (name, number), *_ = Counter(known).most_common()
    if number == len(names):
        return [name]
    return [f"{name} ({number} of {plural(len(names), 'unit', 'units')})"]


def _kind(values: pd.Series[Any], limit: float, above: str, below: str) -> list[str]:
    median = float(values.median())
    return [] if np.isnan(median) else [above if median >= limit else below]


def _milliseconds(values: pd.Series[Any]) -> list[str]:
    median = float(values.median())
    return [] if np.isnan(median) else [f"{1e3 * median:.0f} ms"]
