"""Counts of each word of each neuron in each condition.

Input: `Words`. Output: `ResponseCounts`, of all repeats or of groups of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import check_positive_int
from neuroclass.responses.words import Words

__all__ = [
    "ResponseCounts",
    "check_table",
    "conditions_of_windows",
    "count_groups",
    "count_words",
    "groups_of_repeats",
    "repeats_of",
]

_MAX_CELLS = 2**31


@dataclass(frozen=True, repr=False)
class ResponseCounts:
    """Counts of each word of each neuron in each condition.

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

    def __repr__(self) -> str:
        n_neurons, n_conditions, n_words = self.counts.shape
        return (
            f"ResponseCounts({n_neurons} neurons, {n_conditions} conditions, "
            f"{n_words} words of {1e3 * self.word_duration:g} ms)"
        )

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
        With one column per observed word, the silent word first.

    Raises
    ------
    ValueError
        If the table of counts would not fit in memory (2^31 entries).

    Examples
    --------
    >>> from neuroclass import bin_words, select_presentations, simulate_retina
    >>> retina = simulate_retina(2, 6, 20, "5s", n_unique=0, random_state=0)
    >>> words = bin_words(retina, select_presentations(retina), "20ms")
    >>> count_words(words).counts.shape  # neurons, conditions, words
    (6, 250, 2)
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
    is_in = is_counted[words.presentation]
    cell = np.ravel_multi_index(
        (
            words.neuron[is_in],
            condition[words.presentation[is_in], words.window[is_in]],
            np.searchsorted(alphabet, words.code[is_in]),
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
    population = np.bincount(present[present >= 0], minlength=n_conditions)
    repeats = np.tile(population.astype(np.int64), (words.n_neurons, 1))
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
        Stimulus of each presentation.
    n_groups : int, default 10
        Number of groups, unless there are fewer repeats.
    """
    n_groups = check_positive_int(n_groups, "n_groups", minimum=2)
    repeats = np.bincount(stimulus)
    n_groups = min(n_groups, int(repeats.max()))
    group = np.empty(len(stimulus), dtype=np.intp)
    for index, n in enumerate(repeats):
        members = np.flatnonzero(stimulus == index)
        group[members] = np.arange(n) * n_groups // n
    return group
