"""Record of classes by timing: which units made them, how sure, and what parts them.

Input: what `classify_neurons` measured by the criterion "timing". Output:
`TimingClasses`, and its sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import plural, rounded
from neuroclass.clustering.timing import ClusterCuts
from neuroclass.information import RateAndTiming

__all__ = ["TimingClasses"]

_LEAST = 6  # units that take part; fewer give classes for orientation only


@dataclass(frozen=True)
class _Answer:
    """The parts of a headline: answer, reason, and what else is to be said."""

    title: str
    why: str
    rest: str = ""
    is_in_brackets: bool = False

    @property
    def text(self) -> str:
        """The headline."""
        why = f" ({self.why})" if self.is_in_brackets else f": {self.why}"
        return f"{self.title}{why}" + (f".{self.rest}" if self.rest else "")


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
        Probability of the class of each unit rather than the second best; nan where it
        has none.
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

    def title(self, n_clusters: int) -> str:
        """Return the answer in a few words: the headline without its reasons.

        Parameters
        ----------
        n_clusters : int
            Number of classes that are shown.
        """
        return self._answer(n_clusters).title

    def explanation(self, n_clusters: int) -> str:
        """Return the reasons of the answer, and the units set aside, in sentences.

        Parameters
        ----------
        n_clusters : int
            Number of classes that are shown.
        """
        answer = self._answer(n_clusters)
        text = f"{answer.why[0].upper()}{answer.why[1:]}.{answer.rest}"
        return f"{text} {self._set_aside()}." if self.n_set_aside else text

    def headline(self, n_clusters: int) -> str:
        """Return the result in a sentence or two: `title` and `explanation`.

        Parameters
        ----------
        n_clusters : int
            Number of classes that are shown.
        """
        text = self._answer(n_clusters).text
        if self.n_set_aside:
            text = f"{text.rstrip('.')}; {self._set_aside()}"
        return text

    def _set_aside(self) -> str:
        units = plural(self.n_set_aside, "unit", "units")
        are = "its response does" if self.n_set_aside == 1 else "their response does"
        return f"{units} set aside: {are} not repeat"

    def _answer(self, n_clusters: int) -> _Answer:
        """Return the parts of the headline."""
        cuts = self.cuts
        classes = plural(n_clusters, "class", "classes")
        neurons = plural(self.n_neurons, "neuron", "neurons")
        is_of_cuts = n_clusters == cuts.n_clusters
        how = "as given" if self.is_given else "the cut asked for"
        if cuts.is_determined and not is_of_cuts:
            rest = f" These data determine {cuts.n_clusters}."
            return _Answer(f"{classes} of {neurons}", how, rest, is_in_brackets=True)
        if not is_of_cuts:
            rest = f" {self._support().text.rstrip('.')}."
            return _Answer(f"{classes} of {neurons}", how, rest, is_in_brackets=True)
        if cuts.is_determined and n_clusters == 1:
            return _Answer(
                f"{classes} of {neurons}",
                "no cut holds apart, and they respond alike (timing correlations "
                f"{_two_digits(cuts.cuts[0].alike[0])} and above in 9 of 10 pairs)",
            )
        if cuts.is_determined:
            return _Answer(
                f"{classes} of {neurons}",
                "determined: each is separate from its nearest, and its neurons "
                "respond alike",
                is_in_brackets=True,
            )
        support = self._support()
        return replace(support, rest=f"{support.rest}{self._shown(n_clusters)}")

    def _support(self) -> _Answer:
        """Return which numbers these data support, where they leave it open."""
        cuts = self.cuts
        if self.is_for_orientation:
            return _Answer(
                "Not determined",
                f"too few units ({self.n_neurons}); classes are for orientation only",
            )
        if cuts.low > 1:
            may = f"; up to {cuts.may} may" if cuts.may > cuts.low else ""
            return _Answer(
                f"At least {cuts.low} classes of "
                f"{plural(self.n_neurons, 'neuron', 'neurons')}",
                f"{cuts.low} surely hold apart{may}; {self.range}",
                rest=f" Not determined: {cuts.why_open}." if cuts.why_open else "",
                is_in_brackets=True,
            )
        if cuts.is_alike:
            why = f"{cuts.why_open or 'more cuts may hold'} ({self.range})"
        else:
            why = (
                "the neurons respond differently, but no cut is more than a cut "
                f"through a continuum ({self.range})"
            )
        return _Answer("Not determined by these data", why)

    def _shown(self, n_clusters: int) -> str:
        """Say what is shown where the number is open."""
        classes = plural(n_clusters, "class", "classes")
        if self.is_given:
            return f" Shown: {classes}, as given."
        if n_clusters == self.cuts.low and n_clusters > 1:
            return ""
        if n_clusters == 1:
            return " Shown: all together, since no cut holds."
        return f" Shown: {classes}, the finest that may hold."

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
