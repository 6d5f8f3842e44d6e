"""Words: binned responses of each neuron in each presentation.

Input: a recording and its presentations. Output: `Words` (`bin_words`), of which only
those with a spike are stored, since most have none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import as_seconds, check_choice, check_positive_int
from neuroclass._lib.memory_limits import check_allocation
from neuroclass.presentations.interval_tables import spike_seconds
from neuroclass.presentations.selection import Presentations

__all__ = [
    "EDGE",
    "UnitSpikes",
    "Words",
    "bin_spikes",
    "bin_words",
    "bins_of_spikes",
    "check_base",
    "read_spikes",
    "unrecorded_windows",
]

EDGE = 1e-6  # a spike this close (in bins) below an edge is on it: times are rounded
_MAX_CODE = 2**62


@dataclass(frozen=True, repr=False)
class Words:
    """The words of every neuron in every presentation; silent ones are implied.

    Attributes
    ----------
    neuron, presentation, window, code : ndarray of shape (n_observed,)
        Neuron, presentation, position and code of each observed word with at least one
        spike, sorted by neuron, presentation, window.  A binary word is read as a
        binary number, first bin most significant; a word of counts as a number to the
        base (largest count + 1).  The silent word is 0.
    n_windows : ndarray of shape (n_stimuli,)
        Words per presentation of each stimulus.
    unrecorded : mapping of int to ndarray of bool, (n_presentations, max n_windows)
        For neurons recorded only part of the time: the windows not recorded.
    stimulus : ndarray of shape (n_presentations,)
        Index into `stimuli`.
    stimuli : tuple of str
        Names.
    condition : str
        Condition of the counts, as in `Presentations`.
    bin_size : float
        Time bin width, in seconds.
    word_length : int
        Number of bins per word.
    n_spikes : ndarray of shape (n_neurons, n_presentations)
        Spikes inside the counted windows.
    unit_ids : tuple
        One per neuron.
    base : int
        Number of digits of a bin: 2, or the largest count + 1.
    """

    neuron: NDArray[np.intp] = field(repr=False)
    presentation: NDArray[np.intp] = field(repr=False)
    window: NDArray[np.intp] = field(repr=False)
    code: NDArray[np.int64] = field(repr=False)
    n_windows: NDArray[np.intp]
    unrecorded: Mapping[int, NDArray[np.bool_]] = field(repr=False)
    stimulus: NDArray[np.intp] = field(repr=False)
    stimuli: tuple[str, ...] = field(repr=False)
    condition: str
    bin_size: float
    word_length: int
    n_spikes: NDArray[np.intp] = field(repr=False)
    unit_ids: tuple[Any, ...] = field(repr=False)
    base: int = 2

    def __repr__(self) -> str:
        bins = "" if self.word_length == 1 else f"{self.word_length} x "
        return (
            f"Words({self.n_neurons} neurons, {self.n_presentations} presentations, "
            f"{bins}{1e3 * self.bin_size:g} ms)"
        )

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.unit_ids)

    @property
    def n_presentations(self) -> int:
        """Number of presentations."""
        return len(self.stimulus)

    @property
    def word_duration(self) -> float:
        """Duration of a word, in seconds."""
        return self.bin_size * self.word_length

    @property
    def firing_rate(self) -> NDArray[np.float64]:
        """Mean firing rate inside the words, in Hz, (n_neurons,)."""
        n_windows = np.full(self.n_neurons, self.n_windows[self.stimulus].sum())
        for neuron, mask in self.unrecorded.items():
            n_windows[neuron] -= mask.sum()
        recorded = np.maximum(n_windows, 1) * self.word_duration
        rate: NDArray[np.float64] = self.n_spikes.sum(axis=1) / recorded
        return rate

    def to_array(self) -> NDArray[np.int64]:
        """Return all words, silent ones too: (n_neurons, n_presentations, n_windows).

        Windows that a presentation or a unit does not have are -1.
        """
        shape = (self.n_presentations, int(self.n_windows.max()))
        codes = np.empty((self.n_neurons, *shape), np.int64)
        for neuron in range(self.n_neurons):
            codes[neuron] = self.codes_of(neuron)
        return codes

    def codes_of(self, neuron: int) -> NDArray[np.int64]:
        """Return all words of one neuron, (n_presentations, n_windows), -1 as there."""
        windows = int(self.n_windows.max())
        codes = np.zeros((self.n_presentations, windows), np.int64)
        own = slice(*np.searchsorted(self.neuron, [neuron, neuron + 1]))
        codes[self.presentation[own], self.window[own]] = self.code[own]
        codes[np.arange(windows) >= self.n_windows[self.stimulus][:, None]] = -1
        if neuron in self.unrecorded:
            codes[self.unrecorded[neuron]] = -1
        return codes


@dataclass(frozen=True, repr=False)
class UnitSpikes:
    """Spike times of some units, read once for any number of bin widths.

    Attributes
    ----------
    times : tuple of ndarray
        Spike times of each unit, in seconds.
    recorded : tuple of ndarray, (n_intervals, 2), or None
        Intervals in which each unit was recorded, in seconds; None: always.
    unit_ids : tuple
        One per unit.
    """

    times: tuple[NDArray[np.float64], ...]
    recorded: tuple[NDArray[np.float64] | None, ...]
    unit_ids: tuple[Any, ...]

    def __repr__(self) -> str:
        n_spikes = sum(map(len, self.times))
        return f"UnitSpikes({len(self.unit_ids)} units, {n_spikes} spikes)"

    def of(self, units: NDArray[np.intp]) -> UnitSpikes:
        """Return the spikes of some of the units, by their positions."""
        return UnitSpikes(
            times=tuple(self.times[k] for k in units),
            recorded=tuple(self.recorded[k] for k in units),
            unit_ids=tuple(self.unit_ids[k] for k in units),
        )


def read_spikes(recording: neo.Block, units: Sequence[int] | None = None) -> UnitSpikes:
    """Read the spike trains of some units.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    units : sequence of int, optional
        Positions of the units, default all.
    """
    trains = recording.segments[0].spiketrains
    chosen = [trains[unit] for unit in (range(len(trains)) if units is None else units)]
    intervals = [train.annotations.get("obs_intervals") for train in chosen]
    return UnitSpikes(
        times=tuple(spike_seconds(train) for train in chosen),
        recorded=tuple(
            None if each is None else np.asarray(each, np.float64).reshape(-1, 2)
            for each in intervals
        ),
        unit_ids=tuple(train.annotations["unit_id"] for train in chosen),
    )


def bin_words(
    recording: neo.Block,
    presentations: Presentations,
    bin_size: Any,
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    *,
    units: Sequence[int] | None = None,
) -> Words:
    """Bin the spike trains of a recording into words.

    A presentation is cut into bins of `bin_size` from its start, and `word_length`
    neighbouring bins make one word; a remainder shorter than a word is not used.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    presentations : Presentations
        The repeats of each stimulus.
    bin_size : float, str or quantities.Quantity
        Time bin width; a number is seconds.
    word_length : int, default 1
        Number of bins per word.
    response : {"words", "counts"}
        Digit of a bin: whether there is a spike, or the number of spikes.
    units : sequence of int, optional
        Positions of the units, default all.

    Returns
    -------
    Words

    Raises
    ------
    ValueError
        If a presentation is shorter than one word, or the words are too long for a
        code (62 binary bins).

    Notes
    -----
    One pass over the spikes; the cost is the number of spikes inside presentations.
    A spike less than a millionth of a bin below an edge counts as on it, since times
    are stored rounded.

    Examples
    --------
    >>> from neuroclass import select_presentations, simulate_retina
    >>> retina = simulate_retina(2, 6, 20, "5s", n_unique=0, random_state=0)
    >>> words = bin_words(retina, select_presentations(retina), "20ms", word_length=2)
    >>> words.word_duration
    0.04
    """
    return bin_spikes(
        read_spikes(recording, units), presentations, bin_size, word_length, response
    )


def bin_spikes(
    spikes: UnitSpikes,
    presentations: Presentations,
    bin_size: Any,
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
) -> Words:
    """Bin spikes that were read into words: `bin_words`.

    Parameters
    ----------
    spikes : UnitSpikes
        From `read_spikes`.
    presentations, bin_size, word_length, response : as in `bin_words`
    """
    bin_size = as_seconds(bin_size, "bin_size")
    word_length = check_positive_int(word_length, "word_length")
    check_choice(response, "response", ("words", "counts"))
    n_bins = np.floor(presentations.durations / bin_size + EDGE).astype(np.intp)
    n_windows = n_bins // word_length
    if n_windows.min() < 1:
        shortest = int(n_windows.argmin())
        raise ValueError(
            f"bin_size times word_length must be at most the presentation of "
            f"stimulus {presentations.stimuli[shortest]} "
            f"({presentations.durations[shortest]:g} s); "
            f"got {bin_size * word_length:g} s. Use shorter words."
        )
    # Of the results: at least two numbers for each neuron, stimulus, window.
    check_allocation(
        16.0 * len(spikes.times) * float(n_windows.sum()),
        f"{n_windows.sum():.3g} words in time for each of {len(spikes.times)} neurons",
        "Take wider bins or longer words (--bin-size, --word-length).",
    )
    used = n_windows * word_length  # bins of each presentation that are in a word
    used = used[presentations.stimulus]
    neurons, keys, counts, n_spikes, unrecorded = [], [], [], [], {}
    # Units mostly share the times at which they were recorded.
    masks: dict[bytes | None, NDArray[np.bool_] | None] = {None: None}
    stride = int(used.max())
    for position, (times, intervals) in enumerate(
        zip(spikes.times, spikes.recorded, strict=True)
    ):
        index, bins = bins_of_spikes(times, presentations.starts, used, bin_size)
        recorded = None if intervals is None else intervals.tobytes()
        if intervals is not None and recorded not in masks:
            masks[recorded] = unrecorded_windows(
                intervals,
                presentations.starts,
                bin_size * word_length,
                used // word_length,
            )
        mask = masks[recorded]
        if mask is not None:
            unrecorded[position] = mask
            is_recorded = ~mask[index, bins // word_length]
            index, bins = index[is_recorded], bins[is_recorded]
        key, count = _runs(index * stride + bins)
        keys.append(key)
        counts.append(count)
        neurons.append(np.full(len(key), position))
        n_spikes.append(np.bincount(index, minlength=len(presentations.starts)))
    count = np.concatenate([np.empty(0, np.intp), *counts])
    if response == "words":
        count = np.minimum(count, 1)
    base = 1 + int(count.max(initial=1))
    neuron, presentation, window, code = _encode(
        np.concatenate([np.empty(0, np.intp), *neurons]),
        np.concatenate([np.empty(0, np.intp), *keys]),
        count,
        stride=stride,
        word_length=word_length,
        base=base,
    )
    return Words(
        neuron=neuron,
        presentation=presentation,
        window=window,
        code=code,
        n_windows=n_windows,
        unrecorded=unrecorded,
        stimulus=presentations.stimulus,
        stimuli=presentations.stimuli,
        condition=presentations.condition,
        bin_size=bin_size,
        word_length=word_length,
        n_spikes=np.reshape(
            n_spikes, (len(spikes.unit_ids), presentations.n_presentations)
        ),
        unit_ids=spikes.unit_ids,
        base=base,
    )


def _runs(keys: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each key and its count; they are sorted, unless presentations nest."""
    if np.any(keys[1:] < keys[:-1]):
        keys = np.sort(keys)
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return keys[first], np.diff(np.append(first, len(keys)))


def bins_of_spikes(
    times: NDArray[np.float64],
    starts: NDArray[np.float64],
    n_bins: NDArray[np.intp],
    bin_size: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return presentation and bin of every spike inside one (or several, if nested)."""
    edge = EDGE * bin_size
    first = np.searchsorted(times, starts - edge, side="left")
    last = np.searchsorted(times, starts + n_bins * bin_size - edge, side="left")
    n = last - first
    index = np.repeat(np.arange(len(starts)), n)
    spike = np.arange(n.sum()) + np.repeat(first - np.cumsum(n) + n, n)
    bins = np.floor((times[spike] - starts[index]) / bin_size + EDGE)
    return index, np.clip(bins, 0, n_bins[index] - 1).astype(np.intp)


def unrecorded_windows(
    intervals: NDArray[np.float64],
    starts: NDArray[np.float64],
    word_duration: float,
    n_windows: NDArray[np.intp],
) -> NDArray[np.bool_] | None:
    """Return the windows that no interval holds whole; None if there are none."""
    window = np.arange(n_windows.max())
    onset = starts[:, None] + window * word_duration
    edge = EDGE * word_duration
    is_recorded = np.zeros(onset.shape, dtype=bool)
    for begin, end in intervals:
        is_recorded |= (onset >= begin - edge) & (onset + word_duration <= end + edge)
    exists = window < n_windows[:, None]
    mask: NDArray[np.bool_] = exists & ~is_recorded
    return mask if mask.any() else None


def _encode(
    neuron: NDArray[np.intp],
    key: NDArray[np.intp],
    count: NDArray[np.intp],
    *,
    stride: int,
    word_length: int,
    base: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Join the bins of each word into its code; input is sorted by neuron and key."""
    check_base(base, word_length)
    presentation, bins = np.divmod(key, stride)
    if word_length == 1:  # each bin is a word
        return neuron, presentation, bins, count.astype(np.int64)
    window, position = np.divmod(bins, word_length)
    value = count.astype(np.int64) * base ** (word_length - 1 - position)
    # Sorted: a word begins where neuron, presentation or window changes.
    is_first = np.ones(len(key), dtype=bool)
    is_first[1:] = (
        (np.diff(neuron) != 0) | (np.diff(presentation) != 0) | (np.diff(window) != 0)
    )
    first = np.flatnonzero(is_first)
    code = np.add.reduceat(value, first) if len(first) else value
    return neuron[first], presentation[first], window[first], code


def check_base(base: int, word_length: int) -> None:
    """Refuse words that are too long to be numbered."""
    if base**word_length > _MAX_CODE:
        raise ValueError(
            f"word_length must be at most "
            f"{int(np.log(_MAX_CODE) / np.log(base) + 1e-9)} for these words; "
            f"got {word_length}."
        )
