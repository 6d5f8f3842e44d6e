"""Counts of some units, in memory and in files of a cache.

Input: the words or the spikes of some units. Output: a `WordBlock` or a `BinBlock`,
kept in a file named by all that it depends on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.atomic import write_beside
from neuroclass._lib.checks import warn_user
from neuroclass.io import StoredSpikeTrain
from neuroclass.presentations.interval_tables import spike_seconds
from neuroclass.presentations.selection import Presentations
from neuroclass.responses.bin_counts import TimeBins, is_always_recorded
from neuroclass.responses.counts import conditions_of_windows, repeats_of
from neuroclass.responses.words import UnitSpikes, Words, bin_spikes, check_base

__all__ = [
    "BinBlock",
    "WordBlock",
    "arguments_of",
    "count_bins",
    "count_block",
    "keys_of",
    "read_block",
    "write_block",
]

_MOST_EMPTY = 64  # counts that are kept for each spike, most of them 0
_ANYWAY = 1 << 22  # counts that are kept however few spikes there are


@dataclass(frozen=True)
class WordBlock:
    """Counts of some units: an entry for each neuron, group, condition and word."""

    neuron: NDArray[Any]  # (n_entries,), as the three below
    group: NDArray[Any]
    condition: NDArray[Any]
    code: NDArray[Any]
    count: NDArray[Any]
    base: NDArray[Any]  # digits that a bin has in `code`, ()
    n_spikes: NDArray[Any]  # (n_units,)
    pattern: NDArray[Any]  # (n_units,): its row of
    repeats: NDArray[Any]  # (n_patterns, n_groups, n_conditions)

    def recoded(self, base: int, word_length: int) -> WordBlock:
        """Return the block with words as numbers to another base."""
        old = int(self.base)
        if old == base or word_length == 1:
            return replace(self, base=np.array(base))
        check_base(base, word_length)
        rest, code = self.code.astype(np.int64), np.zeros(len(self.code), np.int64)
        for place in range(word_length):
            rest, digit = np.divmod(rest, old)
            code += digit * base**place
        return replace(self, code=code, base=np.array(base))

    def observed(self) -> NDArray[np.int64]:
        """Return the words that occur, but for the silent one."""
        return np.unique(self.code).astype(np.int64)

    def add_to(
        self, table: NDArray[Any], words: NDArray[np.int64], group: int | None
    ) -> None:
        """Count into (n_units, n_conditions, n_words) zeros, of a group or of all."""
        chosen = slice(None) if group is None else self.group == group
        word = np.searchsorted(words, self.code[chosen])
        at = (self.neuron[chosen], self.condition[chosen], word)
        count = self.count[chosen]
        # Only where there is an entry: most of a table of long words stays untouched.
        if group is None:
            cell = np.ravel_multi_index(at, table.shape)
            np.add.at(table.reshape(-1), cell, count.astype(table.dtype))
            repeats = self.repeats.sum(axis=1)
        else:  # no two of one group are of the same word
            table[at] = count
            repeats = self.repeats[:, group]
        row = np.ravel_multi_index(at[:2], table.shape[:2])
        spoken = np.bincount(row, count, table.shape[0] * table.shape[1])
        spoken = spoken.astype(np.int64).reshape(table.shape[:2])
        table[:, :, 0] = repeats[self.pattern] - spoken

    def take(self, units: NDArray[np.bool_]) -> WordBlock:
        """Return the counts of some of the units."""
        if units.all():
            return self
        is_in = units[self.neuron]
        position = np.cumsum(units) - 1
        return replace(
            self,
            neuron=_compact(position[self.neuron[is_in]]),
            group=self.group[is_in],
            condition=self.condition[is_in],
            code=self.code[is_in],
            count=self.count[is_in],
            n_spikes=self.n_spikes[units],
            pattern=self.pattern[units],
        )


@dataclass(frozen=True)
class BinBlock:
    """Counts of some units, whose words are single bins with a spike or none."""

    counts: NDArray[Any]  # (n_units, n_groups, n_conditions): repeats with a spike
    n_spikes: NDArray[Any]  # (n_units,)
    pattern: NDArray[Any]  # (n_units,): its row of
    repeats: NDArray[Any]  # (n_patterns, n_groups, n_conditions)
    base: NDArray[Any]  # 2, ()

    def recoded(self, base: int, word_length: int) -> BinBlock:
        """Return the block, whose words have one digit."""
        return replace(self, base=np.array(base))

    def observed(self) -> NDArray[np.int64]:
        """Return the words that occur, but for the silent one."""
        return np.ones(int(self.counts.any()), np.int64)

    def add_to(
        self, table: NDArray[Any], words: NDArray[np.int64], group: int | None
    ) -> None:
        """Count into (n_units, n_conditions, n_words) zeros, of a group or of all."""
        summed, repeats = self.counts, self.repeats
        if group is None:
            summed, repeats = (
                each.sum(axis=1, dtype=np.int64) for each in (summed, repeats)
            )
        else:
            summed, repeats = summed[:, group], repeats[:, group]
        if 1 in words:
            table[:, :, int(np.searchsorted(words, 1))] = summed
        table[:, :, 0] = repeats[self.pattern] - summed.astype(np.int64)

    def take(self, units: NDArray[np.bool_]) -> BinBlock:
        """Return the counts of some of the units."""
        if units.all():
            return self
        return replace(
            self,
            counts=self.counts[units],
            n_spikes=self.n_spikes[units],
            pattern=self.pattern[units],
        )


def count_bins(
    spikes: UnitSpikes,
    presentations: Presentations,
    layout: Words,
    group: NDArray[np.intp],
    loops: ModuleType | None,
) -> BinBlock | None:
    """Count the bins with a spike of a block of units, without their words.

    Parameters
    ----------
    spikes : UnitSpikes
        Spikes of the units.
    presentations : Presentations
        The repeats of each stimulus.
    layout : Words
        Binary words of these presentations, of no neuron.
    group : ndarray of int, (n_presentations,)
        Group of each presentation.
    loops : module or None
        From `compiled_spike_loops`.

    Returns
    -------
    BinBlock or None
        None where the words are others, or most counts would be 0.
    """
    bins = TimeBins.of_layout(layout, presentations)
    if bins is None:
        return None
    n_units, n_groups = len(spikes.unit_ids), int(group.max()) + 1
    size = n_units * n_groups * bins.n_conditions
    if size > _MOST_EMPTY * sum(map(len, spikes.times)) + _ANYWAY:
        return None
    condition = conditions_of_windows(layout)[0]
    one = replace(layout, unit_ids=(0,))
    repeats = np.stack(
        [repeats_of(one, condition, group == k) for k in range(n_groups)],
        axis=1,
    )
    counts = np.zeros(
        (n_units, n_groups, bins.n_conditions),
        np.min_scalar_type(int(repeats.max(initial=0))),
    )
    total = np.zeros(n_units, np.intp)
    is_always = is_always_recorded(spikes, bins)
    for unit in np.flatnonzero(is_always):
        times = np.ascontiguousarray(spikes.times[unit], np.float64)
        total[unit] = bins.observed(times, group, counts[unit], loops)
    pattern = np.zeros(n_units, np.intp)
    others = np.flatnonzero(~is_always)
    if len(others):  # recorded in part
        words = bin_spikes(spikes.of(others), presentations, layout.bin_size)
        part = count_block(words, group)
        counts[others[part.neuron], part.group, part.condition] = part.count
        total[others] = part.n_spikes
        pattern[others] = 1 + part.pattern
        repeats = np.concatenate([repeats, part.repeats])
    return BinBlock(counts, total, _compact(pattern), repeats, np.array(2))


def count_block(words: Words, group: NDArray[np.intp]) -> WordBlock:
    """Count the words of a block of units in each group of repeats."""
    condition, stimulus, _ = conditions_of_windows(words)
    codes, code = np.unique(words.code, return_inverse=True)
    n_groups = int(group.max()) + 1
    shape = (words.n_neurons, n_groups, len(stimulus), max(len(codes), 1))
    where = condition[words.presentation, words.window]
    cell = np.ravel_multi_index(
        (words.neuron, group[words.presentation], where, code), shape
    )
    cells, count = _count_cells(cell, int(np.prod(shape, dtype=float)))
    neuron, in_group, in_condition, word = np.unravel_index(cells, shape)
    # Units mostly share when they were recorded: a row of repeats for each pattern.
    known: dict[bytes, int] = {}
    masks: dict[int, NDArray[np.bool_]] = {}
    pattern = np.zeros(words.n_neurons, dtype=np.intp)
    for k in range(words.n_neurons):
        mask = words.unrecorded.get(k)
        name = b"" if mask is None else mask.tobytes()
        pattern[k] = known.setdefault(name, len(known))
        if mask is not None:
            masks[pattern[k]] = mask
    one_each = replace(words, unit_ids=tuple(range(len(known))), unrecorded=masks)
    repeats = np.stack(
        [repeats_of(one_each, condition, group == k) for k in range(n_groups)], axis=1
    )
    return WordBlock(
        neuron=_compact(neuron),
        group=_compact(in_group),
        condition=_compact(in_condition),
        code=_compact(codes[word] if len(codes) else word),
        count=_compact(count),
        base=np.array(words.base),
        n_spikes=words.n_spikes.sum(axis=1),
        pattern=_compact(pattern),
        repeats=repeats,
    )


def _count_cells(
    cell: NDArray[np.intp], n_cells: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the distinct cells, sorted, and the count of each."""
    if n_cells > _MOST_EMPTY * len(cell) + _ANYWAY:
        return np.unique(cell, return_counts=True)
    counts = np.bincount(cell, minlength=n_cells)  # no sort
    cells = np.flatnonzero(counts)
    return cells, counts[cells]


def _compact(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def arguments_of(layout: Words, presentations: Presentations) -> tuple[Any, ...]:
    """Return everything but the spikes that words depend on."""
    return (
        presentations.starts.tolist(),
        presentations.stimulus.tolist(),
        presentations.durations.tolist(),
        presentations.condition,
        layout.bin_size,
        layout.word_length,
    )


def keys_of(asked: Sequence[tuple[Any, ...]], trains: Sequence[Any]) -> list[str]:
    """Return the names of some counts of some units of a recording.

    Parameters
    ----------
    asked : sequence of tuple
        For each of the counts, everything but the spikes that it depends on.
    trains : sequence of neo.SpikeTrain
        The units.
    """
    digests = [hashlib.sha256(repr(one).encode()) for one in asked]
    for train in trains:
        if isinstance(train, StoredSpikeTrain):
            spikes = repr(train.origin()).encode()
        else:
            spikes = np.ascontiguousarray(spike_seconds(train)).tobytes()
        intervals = train.annotations.get("obs_intervals")
        recorded = repr(None if intervals is None else intervals.tolist()).encode()
        for digest in digests:
            digest.update(spikes)
            digest.update(recorded)
            digest.update(b";")
    return [digest.hexdigest()[:40] for digest in digests]


def read_block(path: Path) -> WordBlock | BinBlock | None:
    """Return a block of the cache; None where there is none, or it is damaged.

    Its name is made of all settings that it depends on, and its checksum of its
    arrays: what does not fit is counted again.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            kind = BinBlock if "counts" in stored else WordBlock
            parts = {part.name: stored[part.name] for part in fields(kind)}
            if stored["checksum"].tobytes() != _checksum(parts).tobytes():
                raise ValueError("its checksum differs")
            return kind(**parts)
    except FileNotFoundError:
        return None
    except Exception:  # zipfile, zlib and numpy each raise their own; counted anew
        warn_user(f"{path} of the cache cannot be read; it is counted again.")
        return None


def _checksum(parts: dict[str, NDArray[Any]]) -> NDArray[np.uint8]:
    """Return the SHA-256 of all arrays: their names, types, shapes and values."""
    digest = hashlib.sha256()
    for name, values in parts.items():
        digest.update(f"{name} {values.dtype.str} {values.shape};".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)


def write_block(path: Path, block: WordBlock | BinBlock) -> None:
    """Write beside, then rename: a run that is killed leaves no half file there."""
    parts = {part.name: getattr(block, part.name) for part in fields(block)}
    with write_beside(path, is_shared=True) as beside:
        np.savez(beside, checksum=_checksum(parts), **parts)
