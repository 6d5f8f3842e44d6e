"""Record of the functional classes of the neurons of a recording.

Input: labels, tree, curve and information of `classify_neurons`. Output:
`ClassificationResult`, its tables and its headline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import neo
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import estimate, plural, rounded
from neuroclass.clustering import ClusterNumber
from neuroclass.information import ClassInformation, IdentityInformation
from neuroclass.presentations import Presentations
from neuroclass.responses import Drift
from neuroclass.results.cell_mosaics import CellMosaics
from neuroclass.results.class_model import ClassModel
from neuroclass.results.response_descriptions import ResponseDescription
from neuroclass.results.stimulus_advice import StimulusAdvice
from neuroclass.results.timing_classes import TimingClasses

if TYPE_CHECKING:
    from neuroclass.clustering import Agreement, Stability

__all__ = [
    "ClassHierarchy",
    "ClassificationResult",
    "ClassifiedUnits",
    "InformationCurve",
    "UnitPsth",
]


@dataclass(frozen=True)
class ClassifiedUnits:
    """The units of a recording, in its order, and what was measured of each.

    Attributes
    ----------
    unit_ids : tuple, one per unit
        Ids.
    labels : ndarray of shape (n_units,)
        Class of each unit, 0 the largest; -1 for units left out.
    subclasses : tuple of str
        Subclass of each unit ("0.0", "0.1", ...); empty where its class has no real
        split inside, or the unit is outside of it.
    recordings : tuple of str
        Name of the recording of each unit.
    reasons : tuple of str
        Reason why a unit was left out, else empty.
    n_spikes : ndarray of shape (n_units,)
        Spikes in the whole recording.
    firing_rate : ndarray of shape (n_units,)
        Mean firing rate inside the presentations, in Hz.
    is_silent : ndarray of bool, (n_units,)
        Whether the unit has no spike inside the presentations.
    information : ndarray of shape (n_units,)
        Identity information, in bits per word; nan for units left out.
    information_interval : ndarray of shape (n_units, 2)
        95 % intervals, in bits per word; nan for units left out.
    is_counted : ndarray of bool, (n_units,)
        Whether the unit was asked for and recorded in some presentation.
    takes_part : ndarray of bool, (n_units,)
        Whether the unit made the classes; one that did not may have been assigned.
    confidence : ndarray of shape (n_units,)
        Probability of the class rather than the second best: `class_confidence`; nan
        by the criterion "word", for units without a class, and for the only unit of
        one.
    min_confidence : float
        Units below are unassigned.
    """

    unit_ids: tuple[Any, ...]
    labels: NDArray[np.intp]
    subclasses: tuple[str, ...]
    recordings: tuple[str, ...]
    reasons: tuple[str, ...]
    n_spikes: NDArray[np.intp]
    firing_rate: NDArray[np.float64]
    is_silent: NDArray[np.bool_]
    information: NDArray[np.float64]
    information_interval: NDArray[np.float64]
    is_counted: NDArray[np.bool_]
    takes_part: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    min_confidence: float = 0.0

    @property
    def is_unassigned(self) -> NDArray[np.bool_]:
        """Whether the confidence of a unit in its class is below `min_confidence`."""
        unassigned: NDArray[np.bool_] = (self.labels >= 0) & (
            self.confidence < self.min_confidence
        )
        return unassigned

    def __repr__(self) -> str:
        n_classified = int((self.labels >= 0).sum())
        return f"ClassifiedUnits({n_classified} of {len(self.labels)} units in classes)"


@dataclass(frozen=True)
class ClassHierarchy:
    """The merge tree of the classified neurons, as in `AgglomerativeBottleneck`.

    Attributes
    ----------
    children : ndarray of shape (n_leaves - 1, 2)
        The two nodes of each merge.
    distances : ndarray of shape (n_leaves - 1,)
        Information lost by each merge, in bits per word.
    leaf_order : ndarray of shape (n_leaves,)
        Leaves in the order in which the tree is drawn.
    pairwise_loss : ndarray of shape (n_leaves, n_leaves)
        Information lost by merging two leaves, in bits per word.
    micro_labels : ndarray of shape (n_neurons,) or None
        Micro-cluster of each classified neuron, where these are the leaves (method
        "sequential"); None where each neuron is a leaf.
    """

    children: NDArray[np.intp]
    distances: NDArray[np.float64]
    leaf_order: NDArray[np.intp]
    pairwise_loss: NDArray[np.float64]
    micro_labels: NDArray[np.intp] | None = None

    def __repr__(self) -> str:
        leaves = "neurons" if self.micro_labels is None else "micro-clusters"
        return f"ClassHierarchy({len(self.leaf_order)} {leaves})"


@dataclass(frozen=True)
class InformationCurve:
    """Class information by number of classes.

    Attributes
    ----------
    information : ndarray of shape (n_leaves,)
        Class information of index + 1 classes, by the criterion and the estimator of
        the losses.
    interval : ndarray of shape (n_leaves, 2)
        95 % intervals, by delete-a-group jackknife over repeats with the hierarchy
        kept; nan by the criterion "timing".
    unit : {"bits/word", "bits/spike"}
        Of both.
    """

    information: NDArray[np.float64]
    interval: NDArray[np.float64]
    unit: str = "bits/word"

    def __repr__(self) -> str:
        most = rounded(float(self.information[-1]))
        return f"InformationCurve(0 to {most} {self.unit})"


@dataclass(frozen=True)
class UnitPsth:
    """Peristimulus time histograms of the classified neurons.

    Attributes
    ----------
    rates : ndarray of shape (n_neurons, n_time)
        Mean firing rate over repeats, in Hz; stimuli one after the other.
    bin_size : float
        Bin width, in seconds.
    """

    rates: NDArray[np.float64]
    bin_size: float

    def __repr__(self) -> str:
        n_neurons, n_time = self.rates.shape
        return (
            f"UnitPsth({n_neurons} neurons, {n_time} bins of "
            f"{rounded(1e3 * self.bin_size)} ms)"
        )


@dataclass(frozen=True, repr=False)
class ClassificationResult:
    """The functional classes of the neurons of a recording.

    Attributes
    ----------
    units : ClassifiedUnits
        One entry per unit of the recording: label, rate, information, ...
    tree : ClassHierarchy
        The merge tree.
    curve : InformationCurve
        Class information by number of classes.
    psth : UnitPsth
        Of the classified neurons.
    selection : ClusterNumber
        The number of classes and its support.
    information : IdentityInformation
        Of the classified neurons; ``by_partition`` of the classes, then of the
        subclasses in the order of their names (of which the first may be none).
    class_information : ClassInformation
        Class information, in bits and as a share of the identity information,
        corrected for few repeats: `information_between_classes`.
    drift : Drift
        Test of the exchangeability of the repeats of each classified neuron.
    without_drifting : IdentityInformation or None
        Of the classified neurons that drift does not make unsafe; None where it makes
        none so, or fewer than two are left.
    n_distinguishable : int or None
        Groups of neurons that are distinguishable at a false discovery rate of 5 %:
        `distinguishable_groups`. It counts differences, not classes; None for more
        than 5,000 neurons (500 with ragged repeats or longer words).
    stability : Stability or None
        Of the leaves of the hierarchy when the stimulus is resampled, if that was
        asked for. Where there is one class, of the largest number in the range, if
        that is larger; None if it is not.
    agreement : Agreement or None
        With the reference labels, if they were given.
    by_recording : Agreement or None
        With the recordings of the neurons, if these are several.
    recording : neo.Block
        The recording.
    presentations : Presentations
        The repeats.
    settings : dict
        Every setting; automatic ones as ``{"value", "chosen": "auto", "why"}``.
    issues : tuple of Issue
        What is doubtful, was left out or shortened.
    timing : TimingClasses or None
        The cuts, units and shares of classes by timing; None by the criterion "word".
    mosaics : CellMosaics or None
        Positions of the units and mosaics of the classes, if positions were given.
    description : ResponseDescription or None
        What the classes respond to, if that was asked for.
    advice : StimulusAdvice or None
        Which stimulus separates which classes and what to record next, if that was
        asked for.
    model : ClassModel or None
        The classes, to put cells of other recordings into: `assign_cells`; None by the
        criterion "word".
    """

    units: ClassifiedUnits
    tree: ClassHierarchy
    curve: InformationCurve
    psth: UnitPsth
    selection: ClusterNumber
    information: IdentityInformation
    class_information: ClassInformation
    drift: Drift
    without_drifting: IdentityInformation | None
    n_distinguishable: int | None
    stability: Stability | None
    agreement: Agreement | None
    by_recording: Agreement | None
    recording: neo.Block
    presentations: Presentations
    settings: dict[str, Any]
    issues: tuple[Issue, ...]
    timing: TimingClasses | None = None
    mosaics: CellMosaics | None = None
    description: ResponseDescription | None = None
    advice: StimulusAdvice | None = None
    model: ClassModel | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.headline()})"

    def __str__(self) -> str:
        table = self.short_summary().to_string(
            index=False, float_format="{:.3g}".format, max_colwidth=30
        )
        return f"{self.headline()}\n{table}"

    @property
    def unit_ids(self) -> tuple[Any, ...]:
        """Id of each unit of the recording."""
        return self.units.unit_ids

    @property
    def labels(self) -> NDArray[np.intp]:
        """Class of each unit, 0 the largest; -1 for units left out; (n_units,)."""
        return self.units.labels

    @property
    def assigned_labels(self) -> NDArray[np.intp]:
        """Class of each unit; -1 for units left out or unassigned; (n_units,)."""
        return np.where(self.units.is_unassigned, -1, self.units.labels)

    @property
    def n_clusters(self) -> int:
        """Number of classes."""
        return self.selection.n_clusters

    @property
    def classified(self) -> NDArray[np.intp]:
        """Positions of the units that made the classes, (n_neurons,)."""
        return np.flatnonzero(self.units.takes_part)

    @property
    def counted(self) -> NDArray[np.intp]:
        """Positions of the units whose words were counted, (n_counted,)."""
        return np.flatnonzero(self.units.is_counted)

    @property
    def criterion(self) -> str:
        """Criterion of the classes: "timing" or "word"."""
        return "word" if self.timing is None else "timing"

    def members(self, label: int) -> NDArray[np.intp]:
        """Return the positions of the units that made a class."""
        return np.flatnonzero((self.labels == label) & self.units.takes_part)

    @property
    def leaf_labels(self) -> NDArray[np.intp]:
        """Class of each leaf of the hierarchy, (n_leaves,)."""
        labels = self.labels[self.classified]
        if self.tree.micro_labels is None:
            return labels
        return labels[np.unique(self.tree.micro_labels, return_index=True)[1]]

    @property
    def unit_stability(self) -> NDArray[np.float64]:
        """Share of resampled stimuli in which each unit stays in its class, (n_units,).

        Nan for units left out, and where stability was not asked for or is not of
        these classes.
        """
        shares = np.full(len(self.labels), np.nan)
        if self.stability and self.stability.n_clusters == self.n_clusters:
            leaf = self.tree.micro_labels
            per_leaf = self.stability.per_neuron
            shares[self.classified] = per_leaf if leaf is None else per_leaf[leaf]
        return shares

    @property
    def class_sizes(self) -> NDArray[np.intp]:
        """Units in each class, (n_clusters,)."""
        return np.bincount(self.labels[self.classified], minlength=self.n_clusters)

    @property
    def word_duration(self) -> float:
        """Duration of a word, in seconds."""
        return self.information.word_duration

    def to_frame(self) -> pd.DataFrame:
        """Return one row per unit of the recording, in its order."""
        units = self.units
        q_value = np.full(len(units.labels), np.nan)
        q_value[self.counted] = self.drift.q_value
        low, high = units.information_interval.T
        nowhere = np.full((len(units.labels), 2), np.nan)
        x, y = (self.mosaics.positions if self.mosaics else nowhere).T
        unassigned = f"unassigned: confidence below {units.min_confidence:g}"
        return pd.DataFrame(
            {
                "unit_id": units.unit_ids,
                "label": pd.array(
                    [None if k < 0 else int(k) for k in self.assigned_labels],
                    dtype="Int64",
                ),
                "n_spikes": units.n_spikes,
                "firing_rate_hz": units.firing_rate,
                "information_bits": units.information,
                "is_silent": units.is_silent,
                "reason": [
                    (f"{reason}; {unassigned}" if reason else unassigned)
                    if is_so
                    else reason
                    for reason, is_so in zip(
                        units.reasons, units.is_unassigned, strict=True
                    )
                ],
                "recording": units.recordings,
                "subclass": units.subclasses,
                "information_low_bits": low,
                "information_high_bits": high,
                "stability": self.unit_stability,
                "drift_q_value": q_value,
                "takes_part": units.takes_part,
                "confidence": units.confidence,
                "x_um": x,
                "y_um": y,
            }
        )

    def summary(self) -> pd.DataFrame:
        """Return one row per class: size, mean rate, information, units.

        With what it responds to, where that was described.
        """
        bits = self.information.by_partition[0]
        interval = self.information.by_partition_interval[0]
        responds = {} if self.description is None else self.description.words()
        rows = []
        for label in range(self.n_clusters):
            members = self.members(label)
            rows.append(
                {
                    "class": label,
                    "n_units": len(members),
                    "firing_rate_hz": self.units.firing_rate[members].mean(),
                    "information_bits": bits[label],
                    "information_low_bits": interval[label, 0],
                    "information_high_bits": interval[label, 1],
                    **({"responds": responds[str(label)]} if responds else {}),
                    "units": ", ".join(str(self.unit_ids[k]) for k in members),
                }
            )
        return pd.DataFrame(rows)

    def short_summary(self) -> pd.DataFrame:
        """Return the summary for a reader: intervals beside their estimates."""
        table = self.summary()
        low, high = (table.pop(f"information_{end}_bits") for end in ("low", "high"))
        texts = list(map(estimate, table["information_bits"], low, high))
        if low.notna().all():
            table.insert(4, "95 %", [ends for _, ends in texts])
        table["information_bits"] = [value for value, _ in texts]
        return table.rename(
            columns={
                "n_units": "neurons",
                "firing_rate_hz": "Hz",
                "information_bits": "bits/word",
            }
        )

    def headline(self) -> str:
        """Return the result in one sentence."""
        chosen = self.selection
        if self.timing is not None:
            return self.timing.headline(self.n_clusters)
        text = (
            f"{plural(self.n_clusters, 'class', 'classes')} of "
            f"{plural(len(self.classified), 'neuron', 'neurons')}"
        )
        if chosen.low != chosen.high:
            text += f" (these data support {chosen.low} to {chosen.high})"
        elif chosen.low != chosen.n_clusters:
            text += f" (these data support {chosen.low})"
        if not chosen.is_determined:
            text += ", not determined by these data"
        return text
