"""Stretches of presentations in which no unit fires though spikes were to be expected.

Input: the spikes and the presentations. Output: issues on presentations without any
spike, and on silence at the end of all repeats, which may be a pause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from neuroclass._lib.issues import Issue
from neuroclass._lib.wording import plural
from neuroclass.presentations.candidates import length_tolerance
from neuroclass.presentations.exclusion import RecordedSpikes
from neuroclass.presentations.interval_tables import spike_seconds

__all__ = ["SpikesOfPresentations", "silence_issues"]

# Silence is doubted that has this probability under the rates of the other times.
_IMPROBABLE = 1e-3
# Of the duration: by this share a silence at the end lowers the bits per word.
_SHARE = 0.05
# Spikes before the response: silence between them is latency, not part of the answer.
_LATENCY = 0.05


@dataclass(frozen=True)
class SpikesOfPresentations:
    """Spikes of all units together in each presentation, of one pass over them.

    Attributes
    ----------
    counts : ndarray of shape (n_presentations,)
        Number of spikes.
    last : ndarray of shape (n_stimuli,)
        Time of the latest spike of any repeat after stimulus onset, in seconds.
    """

    counts: NDArray[np.intp]
    last: NDArray[np.float64]

    @classmethod
    def count(
        cls,
        spikes: RecordedSpikes,
        starts: NDArray[np.float64],
        durations: NDArray[np.float64],
        stimulus: NDArray[np.intp],
    ) -> SpikesOfPresentations:
        """Count the spikes in presentations that are in the order of time."""
        counts = np.zeros(len(starts), dtype=np.intp)
        last = np.zeros(int(stimulus.max(initial=-1)) + 1)
        stops = starts + durations[stimulus]
        for train in spikes.trains:
            times = spike_seconds(train)
            first = np.searchsorted(times, starts)
            past = np.searchsorted(times, stops)
            counts += past - first
            has_any = past > first
            latest = times[past[has_any] - 1] - starts[has_any]
            np.maximum.at(last, stimulus[has_any], latest)
        return cls(counts, last)


def silence_issues(
    spikes: RecordedSpikes,
    starts: NDArray[np.float64],
    durations: NDArray[np.float64],
    stimulus: NDArray[np.intp],
    stimuli: tuple[str, ...],
) -> tuple[Issue, ...]:
    """Return presentations without spikes, and silence at the end of all repeats.

    Both are doubted where their probability is below 0.001 for spikes that are
    independent, at the rates seen in the other presentations, or before the silence;
    silence at the end only where there is none as long between responses, and of the
    stimuli of one duration together, for a pause is common to them.
    """
    found = SpikesOfPresentations.count(spikes, starts, durations, stimulus)
    issues = []
    n_empty = int((found.counts == 0).sum())
    n_spikes = np.bincount(stimulus, weights=found.counts, minlength=len(stimuli))
    repeats = np.bincount(stimulus, minlength=len(stimuli))
    if n_empty:
        per_presentation = found.counts.sum() / max(len(found.counts) - n_empty, 1)
        text = (
            f"no unit fires in {plural(n_empty, 'presentation', 'presentations')} of "
            f"{len(found.counts)}, where {per_presentation:.3g} spikes are to be "
            "expected. Leave them out with drop_empty (--drop-empty) if they were not "
            "recorded."
        )
        # As many are to be expected where the rate of each stimulus is that of all its
        # repeats.
        n_expected = (repeats * np.exp(-n_spikes / np.maximum(repeats, 1))).sum()
        is_doubtful = pdtrc(n_empty - 1, n_expected) < _IMPROBABLE
        issues.append(Issue("empty presentations", text, is_warned=bool(is_doubtful)))
    pauses = []
    for together in _alike(durations):
        last, duration = found.last[together].max(), durations[together].min()
        silence = duration - last
        expected = n_spikes[together].sum() * silence / max(last, 1e-12)
        if silence <= _SHARE * duration or np.exp(-expected) >= _IMPROBABLE:
            continue
        onsets = starts[np.isin(stimulus, together)]
        if not _is_silent_before(spikes, onsets, last, silence):
            pauses.append((silence / duration, silence, duration, expected, together))
    if pauses:
        _, silence, duration, expected, together = max(pauses, key=lambda one: one[0])
        of = "all repeats"
        if len(together) < len(stimuli):
            n_others = len(together) - 1
            of = stimuli[together[0]]
            of += f" and {n_others} other stimuli" if n_others else ""
        text = (
            f"no unit fires in the last {silence:.3g} s of the {duration:.4g} s of "
            f"{of}, where {expected:.0f} spikes are to be expected: a pause may count "
            "as stimulus. Give trial_duration (--trial-duration)."
        )
        issues.append(Issue("silence at the end", text))
    return tuple(issues)


def _is_silent_before(
    spikes: RecordedSpikes, onsets: NDArray[np.float64], last: float, silence: float
) -> bool:
    """Whether no unit fires for as long at an earlier time after all onsets too.

    As between the responses to flicker. The times before the first twentieth of the
    spikes do not count: there the response has not begun. Spikes of a raster of one bin
    are all at one time, which says nothing of the times around it.
    """
    width = silence / 4  # of which a silence as long holds three whole ones
    n_windows = int(last // width) + 1
    counts = np.zeros(n_windows, dtype=np.intp)  # backwards from the last spike
    spread = 0.0
    for train in spikes.trains:
        times = spike_seconds(train)
        first = np.searchsorted(times, onsets)
        n_each = np.searchsorted(times, onsets + last, side="right") - first
        n_before = np.cumsum(n_each) - n_each
        places = np.arange(n_each.sum()) + np.repeat(first - n_before, n_each)
        back = last - (times[places] - np.repeat(onsets, n_each))
        spread = max(spread, float(back.max(initial=0.0)))
        windows = np.clip((back / width).astype(np.intp), 0, n_windows - 1)
        counts += np.bincount(windows, minlength=n_windows)
    if spread <= 1e-6 * last:  # as far as rounding goes
        return True
    n_later = np.cumsum(counts)
    is_empty = (counts == 0) & (n_later < (1 - _LATENCY) * n_later[-1])
    return bool((is_empty[2:] & is_empty[1:-1] & is_empty[:-2]).any())


def _alike(durations: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Return the stimuli of one duration together: a pause is common to them."""
    order = np.argsort(durations, kind="stable")
    ascending = durations[order]
    differs = np.diff(ascending) > length_tolerance(ascending[:-1])
    return np.split(order, np.flatnonzero(differs) + 1)
