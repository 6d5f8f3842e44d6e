"""The functional classes of the neurons of a recording, and all that is known of them.

Gives `Classification`, which prints, plots and saves itself; `classify_neurons` makes
one.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import neo
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroclass._lib.wording import between, plural, rounded
from neuroclass.clustering.label_agreement import Agreement
from neuroclass.clustering.n_clusters import ClusterNumber
from neuroclass.clustering.stability import Stability
from neuroclass.information.classes import ClassInformation
from neuroclass.information.identity import IdentityInformation
from neuroclass.presentations.selection import Presentations
from neuroclass.responses.stationarity import Drift

__all__ = ["Classification"]


@dataclass(frozen=True)
class Classification:
    """The functional classes of the neurons of a recording.

    Attributes
    ----------
    unit_ids : tuple, one per unit of the recording, in its order
        Ids.
    labels : ndarray of shape (n_units,)
        Class of each unit, 0 the largest; -1 for units left out.
    recordings : tuple of str
        Name of the recording that each unit is of.
    reasons : tuple of str
        Why a unit was left out, else empty.
    n_spikes : ndarray of shape (n_units,)
        In the whole recording.
    firing_rate : ndarray of shape (n_units,)
        Inside the presentations, Hz.
    is_silent : ndarray of bool, (n_units,)
        Whether the unit has no spike inside the presentations.
    unit_information : ndarray of shape (n_units,)
        Bits per word; nan for units left out.
    unit_information_interval : ndarray of shape (n_units, 2)
        95 %, bits per word; nan for units left out.
    information : IdentityInformation
        Of the classified units; ``by_partition`` of the classes, then of the subclasses
        in the order of their names (of which the first may be none).
    drift : Drift
        Whether each classified unit stayed the same from repeat to repeat.
    without_drifting : IdentityInformation or None
        Of the classified units that do not drift; None where none drifts, or fewer
        than two do not.
    micro_labels : ndarray of shape (n_neurons,) or None
        Micro-class of each classified unit, where these are the leaves of the
        hierarchy (method "sequential"); None where each unit is a leaf.
    children, distances, leaf_order, pairwise_loss : ndarray
        The hierarchy of the n_leaves leaves, as in `AgglomerativeBottleneck` or
        `SequentialBottleneck`; losses in bits per word.
    information_curve : ndarray of shape (n_leaves,)
        Information kept with index + 1 classes, bits per word, by `estimator`.
    information_curve_interval : ndarray of shape (n_leaves, 2)
        95 %, by delete-a-group jackknife over repeats with the hierarchy kept.
    kept : ClassInformation
        What the classes keep, in bits and as a share, corrected for few repeats:
        `information_between_classes`.
    n_distinguishable : int or None
        Groups of neurons that the data tell apart at a false discovery rate of 5 %:
        `distinguishable_groups`. It counts differences, not classes; None for more
        than 500 neurons.
    selection : ClusterNumber
        The number of classes and its support.
    subclasses : tuple of str
        Subclass of each unit ("0.0", "0.1", ...); empty where its class has no real
        split inside, or the unit is outside of it.
    stability : Stability or None
        Of the leaves of the hierarchy when the stimulus is resampled, if that was
        asked for. Where there is one class, of the largest number in the range, if
        that is larger; None if it is not.
    agreement : Agreement or None
        With the reference labelling, if one was given.
    by_recording : Agreement or None
        With the recordings that the neurons are of, if they are of several.
    psth : ndarray of shape (n_neurons, n_time)
        Mean firing rate over repeats, Hz; stimuli one after the other.
    psth_bin_size : float
        s.
    recording : neo.Block
        What was classified.
    presentations : Presentations
        What was taken for repeats.
    settings : dict
        Every setting; automatic ones as ``{"value", "chosen": "auto", "why"}``.
    notes : tuple of str
        What was left out, shortened or doubtful.
    """

    unit_ids: tuple[Any, ...]
    labels: NDArray[np.intp]
    recordings: tuple[str, ...]
    reasons: tuple[str, ...]
    n_spikes: NDArray[np.intp]
    firing_rate: NDArray[np.float64]
    is_silent: NDArray[np.bool_]
    unit_information: NDArray[np.float64]
    unit_information_interval: NDArray[np.float64]
    information: IdentityInformation
    drift: Drift
    without_drifting: IdentityInformation | None
    micro_labels: NDArray[np.intp] | None
    children: NDArray[np.intp]
    distances: NDArray[np.float64]
    leaf_order: NDArray[np.intp]
    pairwise_loss: NDArray[np.float64]
    information_curve: NDArray[np.float64]
    information_curve_interval: NDArray[np.float64]
    kept: ClassInformation
    n_distinguishable: int | None
    selection: ClusterNumber
    subclasses: tuple[str, ...]
    stability: Stability | None
    agreement: Agreement | None
    by_recording: Agreement | None
    psth: NDArray[np.float64]
    psth_bin_size: float
    recording: neo.Block
    presentations: Presentations
    settings: dict[str, Any]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Classification({self.headline()})"

    def __str__(self) -> str:
        table = self._short_summary().to_string(
            index=False, float_format="{:.3g}".format, max_colwidth=30
        )
        return f"{self.headline()}\n{table}"

    @property
    def n_clusters(self) -> int:
        """Number of classes."""
        return self.selection.n_clusters

    @property
    def classified(self) -> NDArray[np.intp]:
        """Positions of the classified units, (n_neurons,)."""
        return np.flatnonzero(self.labels >= 0)

    @property
    def leaf_labels(self) -> NDArray[np.intp]:
        """Class of each leaf of the hierarchy, (n_leaves,)."""
        labels = self.labels[self.classified]
        if self.micro_labels is None:
            return labels
        return labels[np.unique(self.micro_labels, return_index=True)[1]]

    @property
    def unit_stability(self) -> NDArray[np.float64]:
        """Share of resampled stimuli in which each unit stays in its class, (n_units,).

        Nan for units left out, and where stability was not asked for or is not of
        these classes.
        """
        shares = np.full(len(self.labels), np.nan)
        if self.stability and self.stability.n_clusters == self.n_clusters:
            leaf = self.micro_labels
            per_leaf = self.stability.per_neuron
            shares[self.classified] = per_leaf if leaf is None else per_leaf[leaf]
        return shares

    @property
    def class_sizes(self) -> NDArray[np.intp]:
        """Units in each class, (n_clusters,)."""
        return np.bincount(self.labels[self.classified], minlength=self.n_clusters)

    @property
    def word_duration(self) -> float:
        """Duration of a word, s."""
        return self.information.word_duration

    def to_frame(self) -> pd.DataFrame:
        """Return one row per unit of the recording, in its order."""
        q_value = np.full(len(self.labels), np.nan)
        q_value[self.classified] = self.drift.q_value
        low, high = self.unit_information_interval.T
        return pd.DataFrame(
            {
                "unit_id": self.unit_ids,
                "label": pd.array(
                    [None if label < 0 else int(label) for label in self.labels],
                    dtype="Int64",
                ),
                "n_spikes": self.n_spikes,
                "firing_rate_hz": self.firing_rate,
                "information_bits": self.unit_information,
                "is_silent": self.is_silent,
                "reason": self.reasons,
                "recording": self.recordings,
                "subclass": self.subclasses,
                "information_low_bits": low,
                "information_high_bits": high,
                "stability": self.unit_stability,
                "drift_q_value": q_value,
            }
        )

    def summary(self) -> pd.DataFrame:
        """Return one row per class: size, mean rate, information, units."""
        bits = self.information.by_partition[0]
        interval = self.information.by_partition_interval[0]
        rows = []
        for label in range(self.n_clusters):
            members = np.flatnonzero(self.labels == label)
            rows.append(
                {
                    "class": label,
                    "n_units": len(members),
                    "firing_rate_hz": self.firing_rate[members].mean(),
                    "information_bits": bits[label],
                    "information_low_bits": interval[label, 0],
                    "information_high_bits": interval[label, 1],
                    "units": ", ".join(str(self.unit_ids[k]) for k in members),
                }
            )
        return pd.DataFrame(rows)

    def _short_summary(self) -> pd.DataFrame:
        """Return the summary for a reader: intervals beside what they are of."""
        table = self.summary()
        low, high = (table.pop(f"information_{end}_bits") for end in ("low", "high"))
        if low.notna().all():
            table.insert(
                4, "95 %", [between(*ends) for ends in zip(low, high, strict=True)]
            )
        table["information_bits"] = table["information_bits"].map(rounded)
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

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the result on one page: curve, tree, sizes and responses by class.

        Parameters
        ----------
        path : str or Path, optional
            Also write it there.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from neuroclass.plotting import plot_overview  # noqa: PLC0415 - a later stage

        figure = plot_overview(self)
        if path is not None:
            figure.savefig(path)
        return figure

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write labels, figures and report into a folder: `save_results`."""
        from neuroclass.report import save_results  # noqa: PLC0415 - a later stage

        return save_results(self, Path(folder), force=force)

    def _repr_html_(self) -> str:
        from neuroclass.plotting import information_curve_svg  # noqa: PLC0415

        table = self._short_summary().to_html(
            index=False, float_format="{:.3g}".format, border=0
        )
        return (
            f"<div><p><b>{escape(self.headline())}</b></p>"
            f"{information_curve_svg(self)}{table}</div>"
        )
