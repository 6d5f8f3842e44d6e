"""Record of classes by timing: which units made them, how sure, and what parts them.

Input: what `classify_neurons` measured by the criterion "timing". Output:
`TimingClasses`, and its sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import plural, rounded
from neuroclass.clustering.timing import ClusterCuts
from neuroclass.information import RateAndTiming

__all__ = ["TimingClasses"]

_LEAST = 6  # units that take part; fewer give classes for orientation only


@dataclass(frozen=True, repr=False)
class TimingClasses:
    """What the criterion "timing" adds to a classification.

    Attributes
    ----------
    cuts : ClusterCuts
        The supported numbers of classes, and the tested partition into each.
    takes_part : ndarray of bool, (n_units,)
        Whether each unit of the recording made the classes.
    is_unresponsive : ndarray of bool, (n_units,)
        Whether it fires, but its response does not repeat: it is set aside, and
        assigned to a class afterwards.
    confidence : ndarray of shape (n_units,)
        Posterior probability of the class of each unit; nan where it has none.
    is_given : bool
        Whether the number of classes was given.
    bin_size : float
        Base bin width, in seconds.
    widths : ndarray of shape (n_scales,)
        Time resolution of each scale, in seconds.
    neuron_information, class_information : ndarray of shape (n_scales,)
        Information between the neuron, or its class, and the time of a spike at each
        time resolution, in bits per spike.
    neuron_split, class_split : RateAndTiming
        Information about the neuron, or its class, in how much and in when it fires.
    rate_factor : float
        Ratio of the 90th to the 10th percentile of the firing rates within a class;
        nan where no class has two units.
    """

    cuts: ClusterCuts
    takes_part: NDArray[np.bool_]
    is_unresponsive: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    is_given: bool
    bin_size: float
    widths: NDArray[np.float64]
    neuron_information: NDArray[np.float64]
    class_information: NDArray[np.float64]
    neuron_split: RateAndTiming
    class_split: RateAndTiming
    rate_factor: float

    def __repr__(self) -> str:
        return f"TimingClasses({self.headline(self.cuts.n_clusters)})"

    @property
    def n_neurons(self) -> int:
        """Number of neurons that made the classes."""
        return int(self.takes_part.sum())

    @property
    def n_set_aside(self) -> int:
        """Number of units that fire, but did not make the classes."""
        return int((self.is_unresponsive & ~self.takes_part).sum())

    @property
    def is_for_orientation(self) -> bool:
        """Whether too few units take part for more than orientation."""
        return int((self.takes_part & ~self.is_unresponsive).sum()) < _LEAST

    @property
    def range(self) -> str:
        """The numbers of classes that these data leave open, as text."""
        cuts = self.cuts
        if cuts.is_at_least:
            return f"{cuts.low} or more"
        return f"{cuts.low}" if cuts.low == cuts.high else f"{cuts.low} to {cuts.high}"

    def headline(self, n_clusters: int) -> str:
        """Return the result in one sentence.

        Parameters
        ----------
        n_clusters : int
            Number of classes that are shown.
        """
        classes = plural(n_clusters, "class", "classes")
        neurons = plural(self.n_neurons, "neuron", "neurons")
        if self.is_given and n_clusters != self.cuts.n_clusters:
            text = f"{classes} of {neurons}, as given. {self._support()}"
        elif self.cuts.is_determined and n_clusters == 1:
            text = (
                f"1 class of {neurons}: no cut holds apart, and they respond alike "
                f"(timing correlations {_two_digits(self.cuts.cuts[0].alike[0])} and "
                "above in 9 of 10 pairs)"
            )
        elif self.cuts.is_determined and n_clusters == self.cuts.n_clusters:
            text = (
                f"{classes} of {neurons} (determined: each is separate from its "
                "nearest, and its neurons respond alike)"
            )
        else:
            text = f"{self._support()}{self._shown(n_clusters)}"
        if self.n_set_aside:
            units = plural(self.n_set_aside, "unit", "units")
            are = (
                "its response does" if self.n_set_aside == 1 else "their response does"
            )
            text = f"{text.rstrip('.')}; {units} set aside: {are} not repeat"
        return text

    def _support(self) -> str:
        """Say which numbers these data support."""
        cuts = self.cuts
        if self.is_for_orientation:
            return (
                f"Not determined: too few units ({self.n_neurons}); classes are for "
                "orientation only."
            )
        if cuts.is_determined:
            return f"These data determine {cuts.n_clusters}."
        if cuts.low > 1:
            may = f"; up to {cuts.may} may" if cuts.may > cuts.low else ""
            return (
                f"At least {cuts.low} classes of "
                f"{plural(self.n_neurons, 'neuron', 'neurons')} ({cuts.low} surely "
                f"hold apart{may}; {self.range}). Not determined: {cuts.why_open}."
            )
        if cuts.is_alike:
            return (
                "Not determined by these data: "
                f"{cuts.why_open or 'more cuts may hold'} ({self.range})."
            )
        return (
            "Not determined by these data: the neurons respond differently, but no cut "
            f"is more than a cut through a continuum ({self.range})."
        )

    def _shown(self, n_clusters: int) -> str:
        """Say what is shown where the number is open."""
        if n_clusters == self.cuts.low and self.cuts.low > 1:
            return ""
        if self.is_given:
            return f" Shown: {plural(n_clusters, 'class', 'classes')}, as given."
        if n_clusters == 1:
            return " Shown: all together, since no cut holds."
        return f" Shown: {n_clusters} classes, the finest that may hold."

    def sentences(self) -> tuple[str, ...]:
        """Return what parts neurons and classes, and how rates differ, in sentences."""
        found = []
        if np.isfinite(self.neuron_split.rate_share):
            text = (
                "Of the information that distinguishes the neurons "
                f"{_percent(self.neuron_split.rate_share)} is how much they fire, "
                f"{_percent(self.neuron_split.timing_share)} when"
            )
            if np.isfinite(self.class_split.rate_share):
                text += (
                    f"; of that of the classes {_percent(self.class_split.rate_share)} "
                    f"and {_percent(self.class_split.timing_share)}"
                )
            found.append(f"{text}.")
        if np.isfinite(self.rate_factor):
            found.append(
                "Firing rates of the neurons of a class differ by a factor of "
                f"{rounded(self.rate_factor, 2)} (10th to 90th percentile)."
            )
        return tuple(found)


def _two_digits(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
