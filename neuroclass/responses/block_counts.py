"""Counts of the words of a recording, some units at a time.

Input: a recording and its presentations. Output: `CountedRecording`, the counts of each
word of each neuron in each condition, in all repeats and in groups of them, without the
words of all neurons ever being in memory at once. What was counted may be kept in a
folder, from which a run that was stopped goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Unpack

import neo
import numpy as np
from numpy.typing import DTypeLike, NDArray

from neuroclass._lib.keywords import settings_from
from neuroclass._lib.progress import progress_bar
from neuroclass._lib.running import RunOptions, RunSettings, run_settings
from neuroclass._version import __version__
from neuroclass.exceptions import RecordingError
from neuroclass.presentations.selection import Presentations
from neuroclass.responses.bin_counts import compiled_spike_loops
from neuroclass.responses.count_cache import (
    BinBlock,
    WordBlock,
    arguments_of,
    count_bins,
    count_block,
    keys_of,
    read_block,
    write_block,
)
from neuroclass.responses.counts import (
    ResponseCounts,
    check_table,
    conditions_of_windows,
    groups_of_repeats,
)
from neuroclass.responses.words import (
    Words,
    bin_spikes,
    bin_words,
    read_spikes,
)

__all__ = [
    "CountedRecording",
    "blocks_of_units",
    "check_two_units_fire",
    "count_bin_sizes",
    "count_recording",
    "words_in_blocks",
]


@dataclass(frozen=True, repr=False)
class CountedRecording:
    """Counts of each word of each neuron, in all repeats and in groups of them.

    Attributes
    ----------
    shape : tuple of int
        Neurons, conditions and different words of `counts`.
    n_spikes : ndarray of shape (n_neurons,)
        Inside the presentations.
    n_groups : int
        Groups of neighbouring repeats, as in `count_groups`.
    """

    shape: tuple[int, int, int]
    n_spikes: NDArray[np.intp] = field(repr=False)
    n_groups: int
    _blocks: tuple[WordBlock | BinBlock, ...] = field(repr=False)
    _words: NDArray[np.int64] = field(repr=False)  # (n_words,)
    _layout: Words = field(repr=False)  # with all but the neurons
    _unit_ids: tuple[Any, ...] = field(repr=False)

    def __repr__(self) -> str:
        n_neurons, n_conditions, n_words = self.shape
        return (
            f"CountedRecording({n_neurons} neurons, {n_conditions} conditions, "
            f"{n_words} words, {self.n_groups} groups of repeats)"
        )

    @cached_property
    def counts(self) -> ResponseCounts:
        """Of all repeats; made when it is first asked for.

        Raises
        ------
        ValueError
            If the table would not fit in memory (2^31 entries).
        """
        check_table(self.shape)
        _, stimulus, time = conditions_of_windows(self._layout)
        return ResponseCounts(
            counts=_table(self._blocks, self._words, self.shape, None),
            words=self._words,
            stimulus=stimulus,
            time=time,
            stimuli=self._layout.stimuli,
            word_duration=self._layout.word_duration,
            n_spikes=self.n_spikes,
            unit_ids=self._unit_ids,
        )

    @property
    def bin_size(self) -> float:
        """Time bin width, in seconds."""
        return self._layout.bin_size

    @property
    def is_recorded(self) -> NDArray[np.bool_]:
        """Whether each neuron was recorded in any presentation, (n_neurons,)."""
        parts = [np.zeros(0, dtype=bool)]
        for block in self._blocks:
            is_in = np.asarray(block.repeats.sum(axis=(1, 2)) > 0)  # (n_patterns,)
            parts.append(is_in[block.pattern])
        return np.concatenate(parts)

    def take(self, neurons: NDArray[np.bool_]) -> CountedRecording:
        """Return the counts of some of the neurons, whose words are all that occur.

        Parameters
        ----------
        neurons : ndarray of bool, (n_neurons,)
            The neurons to keep. The others must have no observed word but the silent
            one, else there are words without a count.
        """
        sizes = np.cumsum([len(block.pattern) for block in self._blocks])[:-1]
        blocks = tuple(
            block.take(part)
            for block, part in zip(self._blocks, np.split(neurons, sizes), strict=True)
        )
        return replace(
            self,
            shape=(int(neurons.sum()), *self.shape[1:]),
            n_spikes=self.n_spikes[neurons],
            _blocks=blocks,
            _unit_ids=tuple(np.array([*self._unit_ids, None], object)[:-1][neurons]),
        )

    def groups(self) -> Iterator[NDArray[np.int64]]:
        """Yield the counts of each group of repeats; they sum to ``counts.counts``."""
        for group in range(self.n_groups):
            yield _table(self._blocks, self._words, self.shape, group)

    def small_groups(self) -> Iterator[NDArray[Any]]:
        """Yield the same in the smallest unsigned numbers that hold them."""
        most = max((int(b.repeats.max(initial=0)) for b in self._blocks), default=0)
        dtype = np.min_scalar_type(most)
        for group in range(self.n_groups):
            yield _table(self._blocks, self._words, self.shape, group, dtype)


def blocks_of_units(
    recording: neo.Block,
    units: Sequence[int],
    spikes_at_once: int = RunSettings.spikes_at_once,
) -> list[list[int]]:
    """Cut units into runs with at most so many spikes, or one unit.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    units : sequence of int
        Positions of units.
    spikes_at_once : int, default 2^21
        Number of spikes of a run.
    """
    trains = recording.segments[0].spiketrains
    blocks: list[list[int]] = []
    room = 0
    for unit in units:
        if not blocks or len(trains[unit]) > room:
            blocks.append([])
            room = spikes_at_once
        blocks[-1].append(unit)
        room -= len(trains[unit])
    return blocks


def words_in_blocks(
    recording: neo.Block,
    presentations: Presentations,
    bin_size: Any,
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    *,
    units: Sequence[int],
) -> Iterator[Words]:
    """Yield the words of some units after others: `bin_words` of `blocks_of_units`."""
    for block in blocks_of_units(recording, units):
        yield bin_words(
            recording, presentations, bin_size, word_length, response, units=block
        )


def count_recording(
    recording: neo.Block,
    presentations: Presentations,
    bin_size: Any,
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    *,
    units: Sequence[int] | None = None,
    n_groups: int = 10,
    **options: Unpack[RunOptions],
) -> CountedRecording:
    """Count the words of a recording some units at a time.

    The counts are those of `bin_words`, `count_words` and `count_groups`.

    Parameters
    ----------
    recording : neo.Block
        From ``load_recording(path, lazy=True)``, the spikes of only these units are in
        memory at a time.
    presentations, bin_size, word_length, response, units : as in `bin_words`
    n_groups : int, default 10
        Number of groups of repeats, as in `count_groups`.
    **options
        Keywords of `RunSettings`: with `cache` a file is kept for every two million
        spikes, under a name made of the recording and of all settings, and what is
        there is not counted again; `progress`; `spikes_at_once`.

    Returns
    -------
    CountedRecording

    Raises
    ------
    ValueError
        As `bin_words`; if the cache is no folder.

    Warns
    -----
    UserWarning
        If a file of the cache cannot be read; it is made again.

    Notes
    -----
    Memory: about 200 bytes for each of two million spikes (or those of the unit with
    the most), 15 for each count that is not 0 in a group, and the table of counts.
    A recording that stays in its file is known by path, size and time of change,
    another by its spikes.  ``test_counts_are_those_of_the_whole_recording``.
    """
    (counted,) = count_bin_sizes(
        recording,
        presentations,
        (bin_size,),
        word_length,
        response,
        units=units,
        n_groups=n_groups,
        **options,
    )
    return counted


def count_bin_sizes(
    recording: neo.Block,
    presentations: Presentations,
    bin_sizes: Sequence[Any],
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    *,
    units: Sequence[int] | None = None,
    n_groups: int = 10,
    **options: Unpack[RunOptions],
) -> list[CountedRecording]:
    """Count the words of several bin widths, in one pass over the spike trains.

    Parameters
    ----------
    recording, presentations, word_length, response, units : as in `count_recording`
    bin_sizes : sequence of float, str or quantities.Quantity
        Time bin widths; a number is seconds.
    n_groups : as in `count_recording`
    **options
        As in `count_recording`.

    Returns
    -------
    list of CountedRecording
        One per width.
    """
    run = settings_from(RunSettings, run_settings(), options, "count_recording")
    trains = recording.segments[0].spiketrains
    chosen = list(range(len(trains)) if units is None else units)
    layouts = [
        bin_words(recording, presentations, width, word_length, response, units=[])
        for width in bin_sizes
    ]
    group = groups_of_repeats(presentations.stimulus, n_groups)
    n_spikes = sum(len(trains[unit]) for unit in chosen)
    loops = compiled_spike_loops(n_spikes * len(layouts))
    folder = None if run.cache is None else _cache_folder(run.cache)
    blocks: list[list[WordBlock | BinBlock]] = [[] for _ in layouts]
    with progress_bar(
        total=n_spikes,
        desc="counting words",
        unit=" spikes",
        unit_scale=True,
        progress=run.progress,
    ) as bar:
        for members in blocks_of_units(recording, chosen, run.spikes_at_once):
            paths: list[Path | None] = [None] * len(layouts)
            if folder is not None:
                paths = [
                    folder / f"{key}.npz"
                    for key in keys_of(
                        [
                            _asked(layout, presentations, response, group)
                            for layout in layouts
                        ],
                        [trains[unit] for unit in members],
                    )
                ]
            found = [None if path is None else read_block(path) for path in paths]
            if any(block is None for block in found):
                spikes = read_spikes(recording, members)
            for k, (layout, path, block) in enumerate(
                zip(layouts, paths, found, strict=True)
            ):
                if block is None and response == "words":
                    block = count_bins(spikes, presentations, layout, group, loops)
                if block is None:
                    words = bin_spikes(
                        spikes, presentations, layout.bin_size, word_length, response
                    )
                    block = count_block(words, group)
                if path is not None and found[k] is None:
                    write_block(path, block)
                blocks[k].append(block)
            bar.update(sum(len(trains[unit]) for unit in members))
    unit_ids = tuple(trains[unit].annotations["unit_id"] for unit in chosen)
    return [
        _assemble(each, layout, unit_ids, int(group.max()) + 1)
        for each, layout in zip(blocks, layouts, strict=True)
    ]


def _cache_folder(cache: str | Path) -> Path:
    folder = Path(cache)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"cache must be a folder; {folder} is a file.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _asked(
    layout: Words,
    presentations: Presentations,
    response: str,
    group: NDArray[np.intp],
) -> tuple[Any, ...]:
    """Return everything but the spikes that counts depend on."""
    return (
        __version__,
        *arguments_of(layout, presentations),
        response,
        group.tolist(),
    )


def check_two_units_fire(n_spikes: NDArray[np.intp]) -> None:
    """Refuse a recording with fewer than two units that fire.

    Parameters
    ----------
    n_spikes : ndarray of int, (n_neurons,)
        Of each neuron inside the presentations.

    Raises
    ------
    RecordingError
        If fewer than two units have a spike there.
    """
    if (n_firing := int((n_spikes > 0).sum())) < 2:
        raise RecordingError(
            f"recording must hold at least two units with spikes in the "
            f"presentations; got {n_firing} of {len(n_spikes)}."
        )


def _assemble(
    blocks: Sequence[WordBlock | BinBlock],
    layout: Words,
    unit_ids: tuple[Any, ...],
    n_groups: int,
) -> CountedRecording:
    """Put the blocks together; words of counts get a common base."""
    base = max((int(block.base) for block in blocks), default=2)
    blocks = tuple(block.recoded(base, layout.word_length) for block in blocks)
    observed = [block.observed() for block in blocks]
    alphabet = np.unique(np.concatenate([np.zeros(1, np.int64), *observed]))
    n_conditions = len(conditions_of_windows(layout)[1])
    return CountedRecording(
        shape=(len(unit_ids), n_conditions, len(alphabet)),
        n_spikes=np.concatenate(
            [np.zeros(0, np.intp), *(block.n_spikes for block in blocks)]
        ),
        n_groups=n_groups,
        _blocks=blocks,
        _words=alphabet,
        _layout=layout,
        _unit_ids=unit_ids,
    )


def _table(
    blocks: Sequence[WordBlock | BinBlock],
    alphabet: NDArray[np.int64],
    shape: tuple[int, int, int],
    group: int | None,
    dtype: DTypeLike = np.int64,
) -> NDArray[Any]:
    """Return counts, (n_neurons, n_conditions, n_words), of a group or of all."""
    table = np.zeros(shape, dtype=dtype)
    first = 0
    for block in blocks:
        part = table[first : first + len(block.pattern)]
        first += len(part)
        block.add_to(part, alphabet, group)
    return table
