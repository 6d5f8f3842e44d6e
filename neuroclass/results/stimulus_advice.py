"""Record of what each stimulus tells about the classes, and of what to record next.

Input: `StimulusSupport` and `SeparationGrowth`. Output: `StimulusAdvice`, its table and
its sentences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroclass._lib.wording import plural
from neuroclass.clustering.timing import SeparationGrowth, StimulusSupport

__all__ = ["SEPARATED", "StimulusAdvice"]

SEPARATED = 0.9  # share of neurons on their side from which classes are separated
_AIM = 4.0  # z': 3 for a cut that surely holds, and 1 because it scatters
_MANY = 5  # stimuli that are not named one by one
_MOST_TIMES = 4.0  # as many repeats or neurons; more is no advice


@dataclass(frozen=True, repr=False)
class StimulusAdvice:
    """Which stimulus separates which classes, and what more data would add.

    Attributes
    ----------
    stimuli : tuple of str
        Their names.
    repeats : ndarray of int, (n_stimuli,)
        Repeats of each.
    durations : ndarray, (n_stimuli,)
        In seconds.
    support : StimulusSupport
        Of the classes that are shown, or of the cut in question where these are one.
    n_neurons : int
        Neurons that made the classes.
    is_determined : bool
        Whether the data determine the number of classes.
    n_target : int
        Number of classes of the cut in question: of those that do not surely hold, that
        of the largest z'; 0 where there is none.
    growth : SeparationGrowth or None
        Of its two least separate classes.
    """

    stimuli: tuple[str, ...]
    repeats: NDArray[np.intp]
    durations: NDArray[np.float64]
    support: StimulusSupport
    n_neurons: int
    is_determined: bool
    n_target: int
    growth: SeparationGrowth | None

    def __repr__(self) -> str:
        return f"StimulusAdvice({' '.join(self.sentences())})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per stimulus."""
        right, pairs = self.support.right, self.support.pairs
        told = (np.nan_to_num(right) >= SEPARATED).sum(axis=1)
        return pd.DataFrame(
            {
                "stimulus": self.stimuli,
                "n_repeats": self.repeats,
                "duration_seconds": self.durations,
                "neuron_information_bits": self.support.neuron_information,
                "class_information_bits": self.support.class_information,
                "n_pairs_separated": told,
                "n_pairs": len(pairs),
            }
        )

    def ways(self) -> list[dict[str, Any]]:
        """Return what would make the cut in question hold surely, the shortest first.

        More repeats of one stimulus or of all, in ``n_repeats`` and ``seconds``; or
        more ``n_neurons``. Not those that take four times as much or more.
        """
        growth = self.growth
        if growth is None or growth.z >= _AIM:
            return []
        found: list[dict[str, Any]] = []
        several = [None] if len(self.stimuli) > 1 else []
        for s in (*range(len(self.stimuli)), *several):
            factor = growth.repeats_needed(_AIM, s)
            if factor <= _MOST_TIMES:
                of = slice(None) if s is None else slice(s, s + 1)
                more = np.ceil(self.repeats[of] * (factor - 1) - 1e-9)
                found.append(
                    {
                        "stimulus": None if s is None else self.stimuli[s],
                        "n_repeats": int(more.max()),
                        "seconds": float(more @ self.durations[of]),
                    }
                )
        found.sort(key=lambda way: way["seconds"])
        factor = growth.neurons_needed(_AIM)
        if factor <= _MOST_TIMES:
            found.append({"n_neurons": math.ceil(self.n_neurons * (factor - 1))})
        return found

    def sentences(self) -> tuple[str, ...]:
        """Return the advice in sentences."""
        said = []
        if self.is_determined:
            said.append(
                "The number of classes is determined: it needs neither more repeats "
                "nor more neurons."
            )
        elif self.growth is None:
            said.append(
                "No finer cut is near to holding: record more neurons, or a stimulus "
                "to which their types respond differently."
            )
        else:
            said.append(self._advice(self.growth))
        silent = [
            name
            for name, bits in zip(
                self.stimuli, self.support.class_information, strict=True
            )
            if bits < 0.05 * max(float(self.support.class_information.max()), 1e-9)
        ]
        if silent and len(silent) < len(self.stimuli):
            names = ", ".join(silent[:6]) + (" ..." if len(silent) > 6 else "")
            said.append(f"Hardly anything about the classes is told by {names}.")
        return tuple(said)

    def _advice(self, growth: SeparationGrowth) -> str:
        a, b = growth.pair
        text = (
            f"For the cut into {self.n_target} to hold surely (z of its classes {a} "
            f"and {b} is {growth.z:.1f}; above 3 is asked, 4 aimed at)"
        )
        parts = [_way(way) for way in self.ways()]
        names = list(self.stimuli) if len(self.stimuli) < _MANY else []
        gains = [
            f"{gain:.1f} by twice the repeats of {name}"
            for name, gain in zip(names, growth.by_repeats, strict=False)
            if gain > 0
        ]
        if len(gains) != 1 or len(self.stimuli) > 1:
            of = " of all" if gains else ""
            gains.append(f"{growth.by_all_repeats:.1f} by twice the repeats{of}")
        by_neurons = growth.z_with_neurons(2) - growth.z
        gains.append(f"{by_neurons:.1f} by twice the neurons")
        reason = f"Added to z: {', '.join(gains)}."
        if not parts:
            return (
                f"{text}, four times as many repeats or neurons would not do. {reason}"
            )
        return f"{text}: about {', or '.join(parts[:3])}. {reason}"


def _way(way: dict[str, Any]) -> str:
    if "n_neurons" in way:
        return plural(way["n_neurons"], "more neuron", "more neurons")
    of = "every stimulus" if way["stimulus"] is None else way["stimulus"]
    repeats = plural(way["n_repeats"], "more repeat", "more repeats")
    return f"{repeats} of {of} ({way['seconds']:.0f} s)"
