"""Sparse counts of some units, in memory and in files of a cache.

Input: the words of some units. Output: a `WordBlock`, kept in a file named by all that
it depends on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.atomic import write_beside
from neuroclass._lib.checks import warn_user
from neuroclass.io import StoredSpikeTrain
from neuroclass.presentations.interval_tables import spike_seconds
from neuroclass.presentations.selection import Presentations
from neuroclass.responses.counts import conditions_of_windows, repeats_of
from neuroclass.responses.words import Words

__all__ = [
    "WordBlock",
    "arguments_of",
    "count_block",
    "keys_of",
    "read_block",
    "take_units",
    "write_block",
]


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
    cells, count = np.unique(cell, return_counts=True)
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


def take_units(block: WordBlock, units: NDArray[np.bool_]) -> WordBlock:
    """Return the counts of some of the units of a block."""
    if units.all():
        return block
    is_in = units[block.neuron]
    position = np.cumsum(units) - 1
    return replace(
        block,
        neuron=_compact(position[block.neuron[is_in]]),
        group=block.group[is_in],
        condition=block.condition[is_in],
        code=block.code[is_in],
        count=block.count[is_in],
        n_spikes=block.n_spikes[units],
        pattern=block.pattern[units],
    )


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


def read_block(path: Path) -> WordBlock | None:
    """Return a block of the cache; None where there is none, or it is damaged.

    Its name is made of all settings that it depends on, and its checksum of its
    arrays: what does not fit is counted again.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            parts = {part.name: stored[part.name] for part in fields(WordBlock)}
            if stored["checksum"].tobytes() != _checksum(parts).tobytes():
                raise ValueError("its checksum differs")
            return WordBlock(**parts)
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


def write_block(path: Path, block: WordBlock) -> None:
    """Write beside, then rename: a run that is killed leaves no half file there."""
    parts = {part.name: getattr(block, part.name) for part in fields(WordBlock)}
    with write_beside(path, is_shared=True) as beside:
        np.savez(beside, checksum=_checksum(parts), **parts)
