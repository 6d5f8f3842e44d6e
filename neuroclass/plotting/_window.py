"""Stretch of the stimuli that the response figures draw.

Input: `ClassificationResult`. Output: `Window`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from neuroclass.plotting._axes import unit_name
from neuroclass.results import stimulus_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neuroclass.results import ClassificationResult

__all__ = ["Segment", "Window", "choose_window"]

_LONGEST = 10.0  # seconds that can still be read across a page


@dataclass(frozen=True)
class Segment:
    """A stretch of one stimulus, and its position along the axis, in seconds."""

    stimulus: int
    start: float
    stop: float
    position: float


@dataclass(frozen=True)
class Window:
    """The stretch that is drawn: bins of the PSTH, its segments and a label."""

    first_bin: int
    n_bins: int
    segments: tuple[Segment, ...]
    label: str

    @property
    def start(self) -> float:
        """Left end of the axis, in seconds."""
        return self.segments[0].position

    @property
    def stop(self) -> float:
        """Right end of the axis, in seconds."""
        last = self.segments[-1]
        return last.position + last.stop - last.start


def choose_window(classification: ClassificationResult) -> Window:
    """Return all stimuli, or the stretch in which the classes differ most.

    Stimuli lie one after the other along the PSTH. Up to 10 s all are drawn; of more,
    the 10 s of one stimulus with the largest variance between class means (between
    neurons, if there is one class), or, where every stimulus is shorter, the run of
    whole stimuli with the largest such variance.
    """
    bin_size = classification.psth.bin_size
    lengths = stimulus_bins(classification)
    starts = [0, *accumulate(lengths)][:-1]
    total = sum(lengths)
    longest = max(1, round(_LONGEST / bin_size))
    score = np.concatenate([[0.0], np.cumsum(_spread(classification))])
    if total <= 1.05 * longest:
        first, n_bins = 0, total
    elif max(lengths) >= longest:
        inside = np.concatenate(
            [
                np.arange(start, start + length - longest + 1)
                for start, length in zip(starts, lengths, strict=True)
                if length >= longest
            ]
        )
        first = int(inside[np.argmax(score[inside + longest] - score[inside])])
        n_bins = longest
    else:
        ends = np.searchsorted(np.cumsum(lengths), np.add(starts, longest), "right")
        stops = np.concatenate([[0], np.cumsum(lengths)])[ends]
        best = int(np.argmax(score[stops] - score[starts]))
        first, n_bins = starts[best], int(stops[best]) - starts[best]
    segments = []
    for stimulus, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        begin, end = max(first, start), min(first + n_bins, start + length)
        if begin < end:
            segments.append(
                Segment(
                    stimulus,
                    (begin - start) * bin_size,
                    (end - start) * bin_size,
                    (begin - first) * bin_size,
                )
            )
    if len(segments) == 1:  # the axis is the time of that stimulus
        only = segments[0]
        segments = [Segment(only.stimulus, only.start, only.stop, only.start)]
        stimuli = classification.presentations.stimuli
        name = (
            "the stimulus" if len(stimuli) == 1 else unit_name(stimuli[only.stimulus])
        )
        label = f"Time in {name} (s)"
    else:
        label = f"Time (s), {len(segments)} stimuli one after the other"
    if n_bins < total:
        drawn, whole = n_bins * bin_size, total * bin_size
        label += f"; {drawn:.3g} of {whole:.4g} s, where responses differ most"
    return Window(first, n_bins, tuple(segments), label)


def _spread(classification: ClassificationResult) -> NDArray[np.float64]:
    """Return the variance between class means (or neurons) in every bin."""
    psth = classification.psth.rates
    if classification.n_clusters > 1:
        labels = classification.labels[classification.classified]
        psth = np.stack(
            [psth[labels == label].mean(axis=0) for label in np.unique(labels)]
        )
    spread: NDArray[np.float64] = psth.var(axis=0)
    return spread
