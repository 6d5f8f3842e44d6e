"""Record of groupings of the same neurons beside each other.

Input: what `compare_groupings` measured. Output: `GroupingComparison`, its table and
its sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural
from neuroclass.clustering import Agreement
from neuroclass.information import ClassInformation
from neuroclass.presentations import Presentations

__all__ = [
    "DistanceCost",
    "Grouping",
    "GroupingComparison",
    "GroupingScores",
    "PeerGain",
]

_CLEAR = 2.0  # standard errors of a difference that is called one
_LEAST_GAIN = 0.005  # that two digits show


@dataclass(frozen=True)
class DistanceCost:
    """Cost of the distances between spike trains.

    Attributes
    ----------
    measure : str
        Name of the distance.
    n_units, n_repeats : int
        Units in pairs and repeats that are compared.
    seconds : float
        Estimated CPU seconds of these.
    n_all_units, n_all_repeats : int
        Units and repeats of the recording.
    all_seconds : float
        Estimated CPU seconds of all of them.
    """

    measure: str
    n_units: int
    n_repeats: int
    seconds: float
    n_all_units: int
    n_all_repeats: int
    all_seconds: float

    def __str__(self) -> str:
        whole = (
            f"{self.measure} distances of all {self.n_all_units} units in all "
            f"{self.n_all_repeats} repeats take about {_time(self.all_seconds)}"
        )
        if (self.n_units, self.n_repeats) == (self.n_all_units, self.n_all_repeats):
            return f"{whole}, and are computed"
        return (
            f"{whole}; computed: {plural(self.n_units, 'unit', 'units')} in "
            f"{plural(self.n_repeats, 'repeat', 'repeats')}, about "
            f"{_time(self.seconds)}"
        )


def _time(seconds: float) -> str:
    if seconds < 1:
        return "1 s or less"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class GroupingScores:
    """A partition of the neurons, and what was measured of it.

    Attributes
    ----------
    labels : ndarray of int, (n_units,)
        Group of each unit, 0 the largest; -1 where it has none.
    n_groups : int
        Number of groups.
    information : ClassInformation
        Identity information between the groups, of the units that have one.
    timing_share : float
        Share of the timing information of these units that is between the groups.
    stability : float
        Adjusted Rand index of the partitions by odd and by even repeats, into as many
        groups; nan where one of them is impossible.
    with_ours, with_types : Agreement or None
        Agreement with our classes, and with the types; None where there is nothing to
        agree with.
    """

    labels: NDArray[np.intp]
    n_groups: int
    information: ClassInformation
    timing_share: float
    stability: float
    with_ours: Agreement | None
    with_types: Agreement | None


@dataclass(frozen=True)
class PeerGain:
    """By how much a grouping is better than our classes, of the same units.

    Attributes
    ----------
    quantity : {"types", "information", "timing", "stability"}
        Adjusted Rand index with the types, share of the identity information, share of
        the timing information, or adjusted Rand index of odd and even repeats.
    value, ours : float
        Of the grouping and of our classes, at the same number of groups.
    error : float
        Standard error of the difference; nan where there is none.
    """

    quantity: str
    value: float
    ours: float
    error: float

    @property
    def difference(self) -> float:
        """Gain over our classes."""
        return self.value - self.ours

    @property
    def is_clear(self) -> bool:
        """Whether the gain is above .005, and above two standard errors if known."""
        limit = 0.0 if np.isnan(self.error) else _CLEAR * self.error
        return bool(self.difference > max(limit, _LEAST_GAIN))


@dataclass(frozen=True)
class Grouping:
    """A grouping: with its own number of groups, and with that of the comparison.

    Attributes
    ----------
    name, description : str
        Name, and what it does.
    number_rule : str
        How it chooses its number; empty if it cannot.
    seconds : float
        CPU seconds of the partition with its own number, else with that given.
    n_units : int
        Number of units with a group.
    own : GroupingScores or None
        With its own number; None if it has none.
    same : GroupingScores or None
        With the number of the comparison; None where too few units have a group.
    gains : tuple of PeerGain
        How much better than our classes it is, at the same number and of the same
        units; negative where it is worse; empty for ours.
    """

    name: str
    description: str
    number_rule: str
    seconds: float
    n_units: int
    own: GroupingScores | None
    same: GroupingScores | None
    gains: tuple[PeerGain, ...]


@dataclass(frozen=True, repr=False)
class GroupingComparison:
    """Groupings of the same neurons beside each other.

    Attributes
    ----------
    groupings : tuple of Grouping
        Our classes first.
    n_groups : int
        Number of groups of the comparison.
    number_from : {"given", "types", "ours"}
        Where it comes from.
    unit_ids : tuple
        Ids of the units that are grouped: those whose response repeats.
    n_all_units : int
        Number of units of the recording.
    types : tuple of str or None
        Type of each unit, "" where it has none; None without types.
    types_name : str
        Where the types come from.
    costs : tuple of DistanceCost
        Of each distance between spike trains.
    missing : tuple of str
        Groupings that need a package which is not installed, with that package.
    presentations : Presentations
        The repeats.
    settings : dict
        All settings.
    issues : tuple of Issue
        What is doubtful or was left out.
    recording : neo.Block
        The recording.
    """

    groupings: tuple[Grouping, ...]
    n_groups: int
    number_from: str
    unit_ids: tuple[Any, ...]
    n_all_units: int
    types: tuple[str, ...] | None
    types_name: str
    costs: tuple[DistanceCost, ...]
    missing: tuple[str, ...]
    presentations: Presentations
    settings: dict[str, Any]
    issues: tuple[Issue, ...]
    recording: Any

    def __repr__(self) -> str:
        return f"{self.headline()}\n{self.to_frame().to_string(index=False)}"

    @property
    def ours(self) -> Grouping:
        """Our classes."""
        return self.groupings[0]

    def headline(self) -> str:
        """Return the result in a sentence: which groupings are better, if any."""
        better = [
            grouping.name
            for grouping in self.groupings
            if any(gain.is_clear for gain in grouping.gains)
        ]
        n = len(self.groupings) - 1
        units = plural(len(self.unit_ids), "neuron", "neurons")
        if not better:
            return (
                f"{self.n_groups} groups of {units}: none of {n} other groupings is "
                "clearly better in any respect than the timing classes"
            )
        return (
            f"{self.n_groups} groups of {units}: {len(better)} of {n} other groupings "
            f"{'is' if len(better) == 1 else 'are'} better in some respect than the "
            "timing classes"
        )

    def sentences(self) -> tuple[str, ...]:
        """Return a sentence for each quantity: the groupings that are better."""
        found = []
        for quantity, words in _QUANTITIES.items():
            gains = [
                (grouping.name, gain)
                for grouping in self.groupings
                for gain in grouping.gains
                if gain.quantity == quantity
            ]
            clear = sorted(
                ((name, gain) for name, gain in gains if gain.is_clear),
                key=lambda each: -each[1].difference,
            )
            if clear:
                listed = "; ".join(_gain_text(*each) for each in clear)
                found.append(f"{words}: better than the timing classes: {listed}")
            elif gains:
                found.append(
                    f"{words}: no grouping is clearly better than the timing classes"
                )
        return tuple(found)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per grouping: numbers, cost, scores with both numbers."""
        rows = []
        for one in self.groupings:
            row: dict[str, Any] = {
                "grouping": one.name,
                "n_units": one.n_units,
                "n_groups": one.own.n_groups if one.own else None,
                "number_rule": one.number_rule or None,
                "seconds": one.seconds,
            }
            for prefix, scores in (("own_", one.own), ("same_", one.same)):
                row |= {f"{prefix}{k}": v for k, v in _flat(scores).items()}
            rows.append(row)
        return pd.DataFrame(rows)

    def labels_frame(self) -> pd.DataFrame:
        """Return one row per unit: its type, and its group by each grouping."""
        columns: dict[str, Any] = {"unit_id": list(self.unit_ids)}
        if self.types is not None:
            columns["type"] = [name or None for name in self.types]
        for one in self.groupings:
            for suffix, scores in (("", one.own), (f" ({self.n_groups})", one.same)):
                if scores is not None:
                    labels = pd.array(scores.labels, dtype="Int64")
                    labels[scores.labels < 0] = pd.NA
                    columns[f"{one.name}{suffix}"] = labels
        return pd.DataFrame(columns)


_QUANTITIES = {
    "types": "agreement with the types (adjusted Rand index)",
    "information": "share of the identity information",
    "timing": "share of the timing information",
    "stability": "stability over halves of the repeats (adjusted Rand index)",
}


def _gain_text(name: str, gain: PeerGain) -> str:
    error = "" if np.isnan(gain.error) else f" \N{PLUS-MINUS SIGN} {gain.error:.2f}"
    return (
        f"{name} ({gain.value:.2f} against {gain.ours:.2f}, "
        f"{gain.difference:+.2f}{error})"
    )


def _flat(scores: GroupingScores | None) -> dict[str, Any]:
    if scores is None:
        return {}
    found: dict[str, Any] = {
        "information_bits": scores.information.bits_per_word,
        "information_share": scores.information.share,
        "information_share_low": scores.information.share_interval[0],
        "information_share_high": scores.information.share_interval[1],
        "timing_share": scores.timing_share,
        "stability": scores.stability,
    }
    for name, agreement in (("ours", scores.with_ours), ("types", scores.with_types)):
        found |= {
            f"ari_{name}": agreement and agreement.adjusted_rand_index,
            f"ami_{name}": agreement and agreement.adjusted_mutual_information,
            f"p_{name}": agreement and agreement.p_value,
        }
    return found
