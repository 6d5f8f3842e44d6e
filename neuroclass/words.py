"""Spike trains -> words -> counts.

Takes a recording and its presentations, gives the words that each neuron spoke
(`bin_words`) and how often each neuron spoke each word in each condition
(`count_words`).  Words without a spike are the rule, so only the others are kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import neo
import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass._validation import as_seconds, check_choice, check_positive_int
from neuroclass.intervals import spike_seconds
from neuroclass.presentations import Presentations

__all__ = [
    "ResponseCounts",
    "Words",
    "bin_words",
    "check_base",
    "check_table",
    "conditions_of_windows",
    "count_groups",
    "count_words",
    "firing_rates",
    "groups_of_repeats",
    "repeats_of",
]

_EDGE = 1e-6  # a spike this close (in bins) below an edge is on it: times are rounded
_MAX_CODE = 2**62
_MAX_CELLS = 2**31


@dataclass(frozen=True)
class Words:
    """The words of every neuron in every presentation; silent ones are implied.

    Attributes
    ----------
    neuron, presentation, window, code : ndarray of shape (n_spoken,)
        Where each word with at least one spike was spoken, and which it was, sorted by
        neuron, presentation, window.  A binary word is read as a binary number, first
        bin most significant; a word of counts as a number to the base
        (largest count + 1).  The silent word is 0.
    n_windows : ndarray of shape (n_stimuli,)
        Words per presentation of each stimulus.
    unrecorded : mapping of int to ndarray of bool, (n_presentations, max n_windows)
        For neurons recorded only part of the time: the windows not recorded.
    stimulus : ndarray of shape (n_presentations,)
        Index into `stimuli`.
    stimuli : tuple of str
        Names.
    condition : str
        What is conditioned on, as in `Presentations`.
    bin_size : float
        Width of a bin, s.
    word_length : int
        Bins per word.
    n_spikes : ndarray of shape (n_neurons, n_presentations)
        Spikes inside the counted windows.
    unit_ids : tuple
        One per neuron.
    base : int
        Digits that a bin has: 2, or the largest count + 1.
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
        """Duration of a word, s."""
        return self.bin_size * self.word_length

    @property
    def firing_rate(self) -> NDArray[np.float64]:
        """Mean firing rate inside the words, Hz, (n_neurons,)."""
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
        """Return all words of one neuron, (n_presentations, n_windows), as there."""
        windows = int(self.n_windows.max())
        codes = np.zeros((self.n_presentations, windows), np.int64)
        spoken = slice(*np.searchsorted(self.neuron, [neuron, neuron + 1]))
        codes[self.presentation[spoken], self.window[spoken]] = self.code[spoken]
        codes[np.arange(windows) >= self.n_windows[self.stimulus][:, None]] = -1
        if neuron in self.unrecorded:
            codes[self.unrecorded[neuron]] = -1
        return codes


@dataclass(frozen=True)
class ResponseCounts:
    """How often each neuron spoke each word in each condition.

    Attributes
    ----------
    counts : ndarray of int, (n_neurons, n_conditions, n_words)
        Repeats of neuron i in condition s are ``counts[i, s].sum()``.
    words : ndarray of shape (n_words,)
        The code of each word, as in `Words`; the silent word first.
    stimulus : ndarray of shape (n_conditions,)
        Index into `stimuli` of each condition.
    time : ndarray of shape (n_conditions,)
        Start of the word, s after stimulus onset; nan where times are pooled.
    stimuli : tuple of str
        Names.
    word_duration : float
        s.
    n_spikes : ndarray of shape (n_neurons,)
        Spikes inside the counted words.
    unit_ids : tuple
        One per neuron.
    """

    counts: NDArray[np.int64] = field(repr=False)
    words: NDArray[np.int64] = field(repr=False)
    stimulus: NDArray[np.intp] = field(repr=False)
    time: NDArray[np.float64] = field(repr=False)
    stimuli: tuple[str, ...] = field(repr=False)
    word_duration: float
    n_spikes: NDArray[np.intp] = field(repr=False)
    unit_ids: tuple[Any, ...] = field(repr=False)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return int(self.counts.shape[0])

    @property
    def repeats(self) -> NDArray[np.int64]:
        """Repeats of each condition for each neuron, (n_neurons, n_conditions)."""
        repeats: NDArray[np.int64] = self.counts.sum(axis=2)
        return repeats

    @property
    def firing_rate(self) -> NDArray[np.float64]:
        """Firing rate inside the counted words, Hz, (n_neurons,)."""
        repeats = np.maximum(self.repeats.sum(axis=1), 1)
        rate: NDArray[np.float64] = self.n_spikes / (repeats * self.word_duration)
        return rate


def bin_words(
    recording: neo.Block,
    presentations: Presentations,
    bin_size: Any,
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    *,
    units: Sequence[int] | None = None,
) -> Words:
    """Cut the spike trains of a recording into words.

    A presentation is cut into bins of `bin_size` from its start, and `word_length`
    neighbouring bins make one word; a remainder shorter than a word is not used.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    presentations : Presentations
        Which stretches of time are repeats of which stimulus.
    bin_size : float, str or quantities.Quantity
        Width of a bin; a number is seconds.
    word_length : int, default 1
        Bins per word.
    response : {"words", "counts"}
        Whether a bin says if there was a spike, or how many.
    units : sequence of int, optional
        Positions of the units to use, default all.

    Returns
    -------
    Words

    Raises
    ------
    ValueError
        If a presentation is shorter than one word, or the words are too long to be
        numbered (62 binary bins).

    Notes
    -----
    One pass over the spikes; the cost is the number of spikes inside presentations.
    A spike less than a millionth of a bin below an edge counts as on it, since times
    are stored rounded.
    """
    bin_size = as_seconds(bin_size, "bin_size")
    word_length = check_positive_int(word_length, "word_length")
    check_choice(response, "response", ("words", "counts"))
    n_bins = np.floor(presentations.durations / bin_size + _EDGE).astype(np.intp)
    n_windows = n_bins // word_length
    if n_windows.min() < 1:
        shortest = int(n_windows.argmin())
        raise ValueError(
            f"bin_size times word_length must be at most the presentation of "
            f"stimulus {presentations.stimuli[shortest]} "
            f"({presentations.durations[shortest]:g} s); "
            f"got {bin_size * word_length:g} s. Use shorter words."
        )
    trains = recording.segments[0].spiketrains
    chosen = range(len(trains)) if units is None else units
    used = n_windows * word_length  # bins of each presentation that are in a word
    used = used[presentations.stimulus]
    neurons, keys, counts, n_spikes, unrecorded = [], [], [], [], {}
    masks: dict[bytes, NDArray[np.bool_] | None] = {}  # units mostly share theirs
    stride = int(used.max())
    for position, unit in enumerate(chosen):
        train = trains[unit]
        index, bins = _bins_of_spikes(
            spike_seconds(train), presentations.starts, used, bin_size
        )
        intervals = np.asarray(train.annotations.get("obs_intervals"), np.float64)
        if (recorded := intervals.tobytes()) not in masks:
            masks[recorded] = _unrecorded_windows(
                intervals,
                presentations.starts,
                bin_size * word_length,
                used // word_length,
            )
        mask = masks[recorded]
        if mask is not None:
            unrecorded[position] = mask
            kept = ~mask[index, bins // word_length]
            index, bins = index[kept], bins[kept]
        key, count = _runs(index * stride + bins)
        keys.append(key)
        counts.append(count)
        neurons.append(np.full(len(key), position))
        n_spikes.append(np.bincount(index, minlength=len(presentations.starts)))
    unit_ids = tuple(trains[unit].annotations["unit_id"] for unit in chosen)
    count = np.concatenate([np.empty(0, np.intp), *counts])
    if response == "words":
        count = np.minimum(count, 1)
    base = 1 + int(count.max(initial=1))
    neuron, presentation, window, code = _encode(
        np.concatenate([np.empty(0, np.intp), *neurons]),
        np.concatenate([np.empty(0, np.intp), *keys]),
        count,
        stride,
        word_length,
        base,
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
        n_spikes=np.reshape(n_spikes, (len(unit_ids), presentations.n_presentations)),
        unit_ids=unit_ids,
        base=base,
    )


def _runs(keys: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each key and how often it comes; they are sorted, unless nested."""
    if np.any(keys[1:] < keys[:-1]):
        keys = np.sort(keys)
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return keys[first], np.diff(np.append(first, len(keys)))


def _bins_of_spikes(
    times: NDArray[np.float64],
    starts: NDArray[np.float64],
    n_bins: NDArray[np.intp],
    bin_size: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return presentation and bin of every spike inside one (or several, if nested)."""
    edge = _EDGE * bin_size
    first = np.searchsorted(times, starts - edge, side="left")
    last = np.searchsorted(times, starts + n_bins * bin_size - edge, side="left")
    n = last - first
    index = np.repeat(np.arange(len(starts)), n)
    spike = np.arange(n.sum()) + np.repeat(first - np.cumsum(n) + n, n)
    bins = np.floor((times[spike] - starts[index]) / bin_size + _EDGE)
    return index, np.clip(bins, 0, n_bins[index] - 1).astype(np.intp)


def _unrecorded_windows(
    intervals: NDArray[np.float64],
    starts: NDArray[np.float64],
    word_duration: float,
    n_windows: NDArray[np.intp],
) -> NDArray[np.bool_] | None:
    if intervals.ndim == 0:  # none are given: all was recorded
        return None
    window = np.arange(n_windows.max())
    onset = starts[:, None] + window * word_duration
    edge = _EDGE * word_duration
    is_recorded = np.zeros(onset.shape, dtype=bool)
    for begin, end in intervals.reshape(-1, 2):
        is_recorded |= (onset >= begin - edge) & (onset + word_duration <= end + edge)
    exists = window < n_windows[:, None]
    mask: NDArray[np.bool_] = exists & ~is_recorded
    return mask if mask.any() else None


def _encode(
    neuron: NDArray[np.intp],
    key: NDArray[np.intp],
    count: NDArray[np.intp],
    stride: int,
    word_length: int,
    base: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Join the bins of each word into its code; input is sorted by neuron and key."""
    check_base(base, word_length)
    presentation, bins = np.divmod(key, stride)
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


def count_words(words: Words, presentations: ArrayLike | None = None) -> ResponseCounts:
    """Count the words of each neuron in each condition.

    Parameters
    ----------
    words : Words
        From `bin_words`.
    presentations : array_like of bool, (n_presentations,), optional
        Which presentations to count, default all.

    Returns
    -------
    ResponseCounts
        With one column per word that anybody spoke, the silent word first.

    Raises
    ------
    ValueError
        If the table of counts would not fit in memory (2^31 entries).
    """
    is_counted = (
        np.ones(words.n_presentations, dtype=bool)
        if presentations is None
        else np.asarray(presentations, dtype=bool)
    )
    condition, stimulus, time = conditions_of_windows(words)
    alphabet = np.unique(np.append(words.code, 0))
    shape = (words.n_neurons, len(stimulus), len(alphabet))
    check_table(shape)
    spoken = is_counted[words.presentation]
    cell = np.ravel_multi_index(
        (
            words.neuron[spoken],
            condition[words.presentation[spoken], words.window[spoken]],
            np.searchsorted(alphabet, words.code[spoken]),
        ),
        shape,
    )
    counts = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
    counts[:, :, 0] = repeats_of(words, condition, is_counted) - counts.sum(axis=2)
    return ResponseCounts(
        counts=counts,
        words=alphabet,
        stimulus=stimulus,
        time=time,
        stimuli=words.stimuli,
        word_duration=words.word_duration,
        n_spikes=words.n_spikes[:, is_counted].sum(axis=1),
        unit_ids=words.unit_ids,
    )


def check_table(shape: tuple[int, int, int]) -> None:
    """Refuse a table of counts that would not fit in memory."""
    if np.prod(shape, dtype=float) > _MAX_CELLS:
        raise ValueError(
            f"words must be few enough to count; got {shape[0]} neurons x {shape[1]} "
            f"conditions x {shape[2]} different words. Use a smaller word_length."
        )


def conditions_of_windows(
    words: Words,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return condition[presentation, window] (-1: none) and what each condition is.

    The latter as `stimulus` and `time` of `ResponseCounts`.
    """
    window = np.arange(words.n_windows.max())
    exists = window < words.n_windows[words.stimulus][:, None]
    if "time" in words.condition.split(","):
        offset = np.cumsum(words.n_windows) - words.n_windows
        condition = offset[words.stimulus][:, None] + window
        stimulus = np.repeat(np.arange(len(words.stimuli)), words.n_windows)
        time = (np.arange(words.n_windows.sum()) - offset[stimulus]) * (
            words.word_duration
        )
    else:
        condition = np.broadcast_to(words.stimulus[:, None], exists.shape)
        stimulus = np.arange(len(words.stimuli))
        time = np.full(len(stimulus), np.nan)
    return np.where(exists, condition, -1), stimulus, time


def repeats_of(
    words: Words, condition: NDArray[np.intp], is_counted: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the counted repeats of each neuron, (n_neurons, n_conditions)."""
    n_conditions = int(condition.max()) + 1
    present = condition[is_counted]
    everyone = np.bincount(present[present >= 0], minlength=n_conditions)
    repeats = np.tile(everyone.astype(np.int64), (words.n_neurons, 1))
    missing: dict[int, NDArray[np.intp]] = {}  # neurons mostly share their mask
    for neuron, mask in words.unrecorded.items():
        if id(mask) not in missing:
            windows = condition[mask & is_counted[:, None]]
            missing[id(mask)] = np.bincount(windows, minlength=n_conditions)
        repeats[neuron] -= missing[id(mask)]
    return repeats


def count_groups(words: Words, n_groups: int = 10) -> Iterator[NDArray[np.int64]]:
    """Count the words in each of some groups of repeats, for the jackknife.

    Each stimulus's presentations are cut into `n_groups` runs of neighbouring repeats,
    so that slow drift shows in the intervals; with fewer repeats than groups there are
    as many groups as repeats.

    Yields
    ------
    ndarray of int, (n_neurons, n_conditions, n_words)
        Counts of one group, on the axes of ``count_words(words)``.  They sum to it.
    """
    group = groups_of_repeats(words.stimulus, n_groups)
    for chosen in range(int(group.max()) + 1):
        yield count_words(words, group == chosen).counts


def groups_of_repeats(
    stimulus: NDArray[np.intp], n_groups: int = 10
) -> NDArray[np.intp]:
    """Return the group of each presentation, for `count_groups`.

    Parameters
    ----------
    stimulus : ndarray of int, (n_presentations,)
        What each presentation showed.
    n_groups : int, default 10
        How many, if there are as many repeats.
    """
    n_groups = check_positive_int(n_groups, "n_groups", minimum=2)
    repeats = np.bincount(stimulus)
    n_groups = min(n_groups, int(repeats.max()))
    group = np.empty(len(stimulus), dtype=np.intp)
    for shown, n in enumerate(repeats):
        members = np.flatnonzero(stimulus == shown)
        group[members] = np.arange(n) * n_groups // n
    return group


def firing_rates(words: Words) -> NDArray[np.float64]:
    """Return the mean firing rate of each neuron in each condition, Hz.

    Parameters
    ----------
    words : Words
        Single bins of counts: ``bin_words(..., word_length=1, response="counts")``.

    Returns
    -------
    ndarray of shape (n_neurons, n_conditions)
        The peristimulus time histogram, stimuli one after the other; nan where a
        neuron was not recorded.

    Raises
    ------
    ValueError
        If the words have more than one bin.
    """
    if words.word_length != 1:
        raise ValueError(f"word_length must be 1; got {words.word_length}.")
    condition, stimulus, _ = conditions_of_windows(words)
    shape = (words.n_neurons, len(stimulus))
    cell = words.neuron * shape[1] + condition[words.presentation, words.window]
    spikes = np.bincount(cell, weights=words.code, minlength=shape[0] * shape[1])
    everywhere = np.ones(words.n_presentations, dtype=bool)
    recorded = repeats_of(words, condition, everywhere) * words.bin_size
    rates: NDArray[np.float64] = np.divide(
        spikes.reshape(shape), recorded, out=np.full(shape, np.nan), where=recorded > 0
    )
    return rates
