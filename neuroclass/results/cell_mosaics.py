"""Record of the positions of units and of the mosaics of their classes.

Input: positions, and `ClassMosaics`. Output: `CellMosaics`, its sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import plural, some
from neuroclass.mosaics import FEWEST_CELLS, ClassMosaic, ClassMosaics, ClassPair

__all__ = ["CellMosaics"]


@dataclass(frozen=True, repr=False)
class CellMosaics:
    """The positions of the units of a recording, and the mosaics of their classes.

    Attributes
    ----------
    positions : ndarray of shape (n_units, 2)
        x and y, in micrometres; nan for units without position.
    radii : ndarray of shape (n_units,) or None
        Radii of receptive fields, in micrometres, if they were given.
    source : str
        File or columns that they are from.
    is_of_electrodes : bool
        Whether they are positions of electrodes, which are coarser than those of cells.
    mosaics : ClassMosaics
        Of the units that made the classes and are not unassigned.
    """

    positions: NDArray[np.float64]
    radii: NDArray[np.float64] | None
    source: str
    is_of_electrodes: bool
    mosaics: ClassMosaics

    def __repr__(self) -> str:
        n_placed = int(np.isfinite(self.positions).all(axis=1).sum())
        return f"CellMosaics({n_placed} positions of {self.source}, {self.mosaics!r})"

    @property
    def classes(self) -> tuple[ClassMosaic, ...]:
        """What was measured of each class."""
        return self.mosaics.classes

    @property
    def pairs(self) -> tuple[ClassPair, ...]:
        """What was measured of each two classes."""
        return self.mosaics.pairs

    def sentences(self) -> tuple[str, ...]:
        """Return what the positions say about the classes, in sentences."""
        said = [
            _said_of_classes(self.classes, verdict, text)
            for verdict, text in _OF_CLASSES.items()
        ]
        said += [_said_of_undecided(self.classes)]
        said += [
            _said_of_pairs(self.pairs, verdict, text)
            for verdict, text in _OF_PAIRS.items()
        ]
        said += [
            _said_of_different(self.pairs),
            _said_of_independent(self.pairs),
            _said_of_open_pairs(self.pairs),
        ]
        if self.is_of_electrodes:
            said.append(
                "positions are those of electrodes, coarser than those of cells: cells "
                "of one electrode count as one place, and mosaics are found less often"
            )
        return tuple(text for text in said if text)


_OF_CLASSES = {
    "mosaic": "are mosaics: their neurons keep a distance from each other",
    "mixed": "keep a distance, but with more near pairs than a few wrong neurons "
    "explain: perhaps two types in one",
    "no mosaic": "are no mosaics, although as many neurons of a type would show one",
    "too few cells": f"have fewer than {FEWEST_CELLS} neurons with a position: no test",
}
_OF_PAIRS = {
    "one type": "keep the distance from each other that each keeps by itself: perhaps "
    "one type cut in two",
    "avoid each other": "avoid each other at a shorter distance than each keeps by "
    "itself, as paired types may (ON and OFF): compare their responses",
}
_MOST_NAMED = 6


def _said_of_classes(classes: tuple[ClassMosaic, ...], verdict: str, text: str) -> str:
    names = [str(one.label) for one in classes if one.verdict == verdict]
    if not names:
        return ""
    if len(names) == 1:
        for many, one in (
            ("are mosaics: their", "is a mosaic: its"),
            ("are no mosaics", "is no mosaic"),
            ("keep ", "keeps "),
            ("have ", "has "),
        ):
            text = text.replace(many, one, 1)
    return f"{_classes(names)} {text}"


def _said_of_undecided(classes: tuple[ClassMosaic, ...]) -> str:
    names = [
        f"{one.label} ({_with_power(one.n_cells, one.power)})"
        for one in classes
        if one.verdict == "undecided"
    ]
    return f"cannot decide on {_classes(names).lower()}" if names else ""


def _with_power(n_cells: int, power: dict[float, float]) -> str:
    text = plural(n_cells, "neuron", "neurons")
    if not power:
        return text
    of_all, of_some = power[max(power)], power[min(power)]
    return (
        f"{text}: of true mosaics {100 * of_all:.0f} % would be found if all their "
        f"neurons were recorded, {100 * of_some:.0f} % at {100 * min(power):.0f} %"
    )


def _said_of_pairs(pairs: tuple[ClassPair, ...], verdict: str, text: str) -> str:
    names = [
        f"{one.labels[0]} and {one.labels[1]}"
        for one in pairs
        if one.verdict == verdict
    ]
    if not names:
        return ""
    return f"Classes {some(names, _MOST_NAMED)} {text}"


def _said_of_different(pairs: tuple[ClassPair, ...]) -> str:
    names = [
        f"{one.labels[0]} and {one.labels[1]} ({one.response_correlation:.2f})"
        for one in pairs
        if one.responds_differently
    ]
    if not names:
        return ""
    return (
        f"cannot decide on classes {some(names, _MOST_NAMED)}: they keep the distance "
        "of one type cut in two, but respond differently (in brackets the timing "
        "correlation)"
    )


def _said_of_independent(pairs: tuple[ClassPair, ...]) -> str:
    n_tested = sum(one.exclusion is not None for one in pairs)
    n_independent = sum(one.verdict == "independent" for one in pairs)
    if not n_independent:
        return ""
    return (
        f"{n_independent} of {plural(n_tested, 'pair', 'pairs')} of classes lie "
        "independently of each other: not one type cut in two"
    )


def _said_of_open_pairs(pairs: tuple[ClassPair, ...]) -> str:
    tested = [one for one in pairs if one.exclusion is not None]
    n_open = sum(
        one.verdict == "undecided" and not one.responds_differently for one in tested
    )
    if not n_open:
        return ""
    return (
        f"cannot decide whether {n_open} of {plural(len(tested), 'pair', 'pairs')} of "
        "classes are one type cut in two: too few neurons"
    )


def _classes(names: list[str]) -> str:
    return f"{'Class' if len(names) == 1 else 'Classes'} {some(names, _MOST_NAMED)}"
