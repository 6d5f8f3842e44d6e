"""Records of cells that were put into known classes.

Input: labels, confidences and distances. Output: `Assignment`, of a recording to the
classes of another; `KnownTypes`, how far known types can be read from the responses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural, some
from neuroclass.results.class_model import ClassModel

__all__ = ["Assignment", "KnownTypes", "Reading"]


@dataclass(frozen=True)
class Reading:
    """How often types of cells are read rightly from their responses.

    Attributes
    ----------
    types : tuple of str
        Names of the types that are scored.
    confusion : ndarray of int, (n_types, n_classes)
        Cells of each type that were put into each class.
    class_names : tuple of str
        Names of the classes.
    accuracy : float
        Share of the cells in the class of their type.
    balanced_accuracy : float
        Mean over types of that share.
    chance : float
        Share of the most frequent type: the accuracy of naming it always.
    """

    types: tuple[str, ...]
    confusion: NDArray[np.intp]
    class_names: tuple[str, ...]
    accuracy: float
    balanced_accuracy: float
    chance: float

    @property
    def n_cells(self) -> int:
        """Number of cells that are scored."""
        return int(self.confusion.sum())

    def confused(self) -> list[tuple[str, str, int, float]]:
        """Return type, class, cells and share of confusions, the most frequent first.

        Share: of the cells of the type.
        """
        found = []
        for i, name in enumerate(self.types):
            for k, other in enumerate(self.class_names):
                n = int(self.confusion[i, k])
                if n and other != name:
                    found.append((name, other, n, n / int(self.confusion[i].sum())))
        return sorted(found, key=lambda one: (-one[2], one[0], one[1]))


@dataclass(frozen=True, repr=False)
class Assignment:
    """The cells of a recording, put into the classes of another.

    Attributes
    ----------
    unit_ids : tuple
        Units of the recording, in its order.
    labels : ndarray of int, (n_units,)
        Class of each; -1 for none of these.
    nearest : ndarray of int, (n_units,)
        Class that each is nearest to; -1 for silent units, and those not recorded.
    confidence : ndarray, (n_units,)
        Probability of that class rather than the second best.
    distance, limit : ndarray, (n_units,)
        Distance from that class in bits per spike, and the limit below which its own
        members are.
    reasons : tuple of str
        Why a unit is in none of the classes, else empty.
    model : ClassModel
        The classes.
    min_confidence : float
        Units whose confidence is below are in none.
    agreement : Reading or None
        How often the types of the units are those of their classes, if they are known.
    recording : str
        Name of the recording.
    issues : tuple of Issue
        What is doubtful.
    """

    unit_ids: tuple[Any, ...]
    labels: NDArray[np.intp]
    nearest: NDArray[np.intp]
    confidence: NDArray[np.float64]
    distance: NDArray[np.float64]
    limit: NDArray[np.float64]
    reasons: tuple[str, ...]
    model: ClassModel
    min_confidence: float
    agreement: Reading | None
    recording: str
    issues: tuple[Issue, ...]

    def __repr__(self) -> str:
        return f"Assignment({self.headline()})"

    def headline(self) -> str:
        """Return the result in one sentence."""
        n_in = int((self.labels >= 0).sum())
        return (
            f"{n_in} of {plural(len(self.labels), 'unit', 'units')} of "
            f"{self.recording} in {len(np.unique(self.labels[self.labels >= 0]))} of "
            f"{plural(len(self.model.class_names), 'class', 'classes')} of "
            f"{self.model.recording}; {len(self.labels) - n_in} in none of these"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per unit of the recording, in its order."""
        names = np.array([*self.model.class_names, ""], dtype=object)
        return pd.DataFrame(
            {
                "unit_id": self.unit_ids,
                "label": names[self.labels],
                "nearest": names[self.nearest],
                "confidence": self.confidence,
                "distance_bits": self.distance,
                "limit_bits": self.limit,
                "reason": self.reasons,
            }
        )


@dataclass(frozen=True, repr=False)
class KnownTypes:
    """How far known types of cells can be read from their responses.

    Attributes
    ----------
    unit_ids : tuple
        Units with a type that fire.
    types : tuple of str
        Their types.
    predicted : tuple of str
        The type that all other cells predict of each.
    confidence : ndarray, (n_units,)
        Probability of their own type rather than the second best; of cells whose
        response does not repeat, of the predicted one.
    is_responsive : ndarray of bool, (n_units,)
        Whether the response repeats.
    reading : Reading
        Over the cells whose response repeats, of types with two such cells or more.
    single : tuple of str
        Types with fewer, which are not scored.
    name : str
        Column or file of the types.
    model : ClassModel
        The types as classes, into which cells of other recordings are put.
    """

    unit_ids: tuple[Any, ...]
    types: tuple[str, ...]
    predicted: tuple[str, ...]
    confidence: NDArray[np.float64]
    is_responsive: NDArray[np.bool_]
    reading: Reading
    single: tuple[str, ...]
    name: str
    model: ClassModel

    def __repr__(self) -> str:
        return f"KnownTypes({self.headline()})"

    def headline(self) -> str:
        """Return the result in one sentence."""
        reading = self.reading
        text = (
            f"{100 * reading.accuracy:.0f} % of "
            f"{plural(reading.n_cells, 'cell', 'cells')} of {len(reading.types)} types "
            f"are read rightly from the responses, each left out (by chance "
            f"{100 * reading.chance:.0f} %; mean over types "
            f"{100 * reading.balanced_accuracy:.0f} %)"
        )
        n_aside = int((~self.is_responsive).sum())
        if n_aside:
            are = "its response does" if n_aside == 1 else "their response does"
            text += f"; {plural(n_aside, 'cell', 'cells')} not scored: {are} not repeat"
        if self.single:
            text += (
                f"; types not scored, with fewer than two such cells: "
                f"{some(self.single)}"
            )
        return text

    def to_frame(self) -> pd.DataFrame:
        """Return one row per unit with a type."""
        return pd.DataFrame(
            {
                "unit_id": self.unit_ids,
                "type": self.types,
                "predicted": self.predicted,
                "confidence": self.confidence,
                "is_responsive": self.is_responsive,
            }
        )
