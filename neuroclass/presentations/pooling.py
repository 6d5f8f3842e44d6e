"""Pooling of recordings under the same stimulus into one population.

Input: recordings. Output: one recording of all their neurons, in which the
presentations of the common stimuli coincide (`pool_recordings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import neo
import numpy as np
import quantities as pq
from numpy.typing import NDArray

from neuroclass._lib.keywords import settings_from
from neuroclass.presentations.matching import (
    MATCHING,
    load_recordings,
    match_presentations,
    name_issues,
    recording_names,
)
from neuroclass.presentations.presentation_settings import (
    PresentationOptions,
    PresentationSettings,
    first_and_last_repeat,
)
from neuroclass.presentations.selection import (
    Presentations,
    as_issues,
    select_presentations,
)

__all__ = ["RECORDING", "pool_recordings"]

RECORDING = "recording"  # units column that names the recording of each unit

_GAP = 1.0  # s between the presentations on the pooled clock
_EDGE = 1e-7  # s: a spike this close before an onset may be counted on it


def pool_recordings(
    recordings: Sequence[neo.Block | str | Path],
    presentations: Sequence[Presentations] | None = None,
    settings: PresentationSettings | None = None,
    **options: Unpack[PresentationOptions],
) -> tuple[neo.Block, Presentations]:
    """Pool the neurons of several recordings on the common clock of the stimulus.

    The r-th presentation of a stimulus begins at the same time for all neurons, so
    that the counts of the pool are those of each recording. Where a recording has
    fewer repeats than another, its own are spread evenly over those of the other, and
    the others are marked as not recorded (``obs_intervals``): every tenth of the
    repeats holds a tenth of each recording's, which is what the jackknife leaves out.

    Parameters
    ----------
    recordings : sequence of neo.Block, str or Path
        At least two recordings under the same stimulus.
    presentations : sequence of Presentations, optional
        Presentations of each recording, from `match_presentations`; None: they are
        matched here.
    settings : PresentationSettings, optional
        Settings of the selection, for each recording.
    **options
        Single settings as keywords: `intervals`, `stimulus`, `min_repeats`, `repeats`
        and `condition` of `PresentationSettings`.

    Returns
    -------
    recording : neo.Block
        Units of all recordings with their columns, the column ``recording``, and
        ``unit_id`` as ``"RECORDING:UNIT"``, without the spikes outside the common
        stimuli. Its annotation ``recordings`` holds ``name, path, format, n_units,
        n_spikes, duration_seconds`` of each recording.
    presentations : Presentations
        Presentations of the pool.

    Raises
    ------
    RecordingError
        If no stimulus is in all recordings, or one of them cannot be used.
    ValueError
        If there are fewer than two recordings, or one of them is given twice.

    Notes
    -----
    Neurons of different recordings did not respond at the same time: correlations
    within a presentation have no meaning between recordings. The classes of this
    package do not use them.
    ``test_counts_of_the_pool_are_those_of_each_recording``.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> light = {"n_presentations": 10, "duration": "2s", "stimulus_random_state": 7}
    >>> retinas = [simulate_retina(3, 6, random_state=seed, **light) for seed in (0, 1)]
    >>> pool, presentations = pool_recordings(retinas)
    >>> pool.segments[0].spiketrains[0].annotations["unit_id"]
    'simulated_retina.1:0'
    """
    settings = settings_from(PresentationSettings, settings, options, "pool_recordings")
    blocks = load_recordings(recordings)
    names = recording_names(blocks)
    matched = presentations or match_presentations(blocks, settings)
    pool = neo.Block(
        name=" + ".join(names),
        format=", ".join(
            dict.fromkeys(str(b.annotations.get("format")) for b in blocks)
        ),
        recordings=[
            _summary(name, block) for name, block in zip(names, blocks, strict=True)
        ],
    )
    pool.segments.append(neo.Segment(name=pool.name))
    if matched[0].condition == "none":
        spans = [_span(block) for block in blocks]
        t_stop = max(b - a for a, b in spans)
        for block, name, (a, b) in zip(blocks, names, spans, strict=True):
            placement = _Placement(np.array([a]), np.array([b - a]), np.zeros(1))
            _add_units(pool, block, name, placement, is_partial=True, t_stop=t_stop)
        return pool, select_presentations(
            pool, condition="none", repeats=settings.repeats
        )
    pooled, slots = _common_clock(matched, names)
    if settings.repeats is not None:
        first, last = first_and_last_repeat(settings.repeats)
        reason = f"Repeats {first} to {last} of each recording: {pooled.reason}"
        pooled = replace(pooled, reason=reason)
    t_stop = float(pooled.stops[-1]) + _GAP
    for block, name, p, slot in zip(blocks, names, matched, slots, strict=True):
        placement = _Placement(p.starts, p.durations[p.stimulus], pooled.starts[slot])
        is_partial = len(slot) < pooled.n_presentations
        _add_units(pool, block, name, placement, is_partial=is_partial, t_stop=t_stop)
    pool.segments[0].epochs.append(
        neo.Epoch(
            pooled.starts,
            durations=pooled.durations[pooled.stimulus],
            labels=np.arange(pooled.n_presentations).astype(str),
            units="s",
            name="presentations",
            array_annotations={"stimulus": np.array(pooled.stimuli)[pooled.stimulus]},
        )
    )
    return pool, pooled


def _summary(name: str, recording: neo.Block) -> dict[str, Any]:
    begin, end = _span(recording)
    trains = recording.segments[0].spiketrains
    return {
        "name": name,
        "path": recording.file_origin and str(recording.file_origin),
        "format": recording.annotations.get("format"),
        "n_units": len(trains),
        "n_spikes": sum(map(len, trains)),
        "duration_seconds": end - begin,
    }


def _span(recording: neo.Block) -> tuple[float, float]:
    train = recording.segments[0].spiketrains[0]
    return float(train.t_start.rescale("s")), float(train.t_stop.rescale("s"))


def _common_clock(
    matched: Sequence[Presentations], names: Sequence[str]
) -> tuple[Presentations, list[NDArray[np.intp]]]:
    """Return the presentations of the pool, and the index of each recording's there."""
    first = matched[0]
    repeats = np.array([p.repeats for p in matched])  # (n_recordings, n_stimuli)
    most = repeats.max(axis=0)
    stimulus = np.repeat(np.arange(first.n_stimuli), most)
    number = np.concatenate([np.arange(n) for n in most])
    # All stimuli are spread evenly over the time, as they usually are.
    order = np.argsort((number + 0.5) / most[stimulus], kind="stable")
    stimulus, number = stimulus[order], number[order]
    lengths = first.durations[stimulus] + _GAP
    slot_of = {
        pair: k
        for k, pair in enumerate(zip(stimulus.tolist(), number.tolist(), strict=True))
    }
    slots = []
    for p, n_repeats in zip(matched, repeats, strict=True):
        n_placed = np.zeros(p.n_stimuli, dtype=np.intp)
        slot = np.empty(p.n_presentations, dtype=np.intp)
        for k, s in enumerate(p.stimulus):
            slot[k] = slot_of[int(s), int((n_placed[s] + 0.5) * most[s] / n_repeats[s])]
            n_placed[s] += 1
        slots.append(slot)
    issues = [
        issue
        for name, p in zip(names, matched, strict=True)
        for issue in name_issues(name, (i for i in p.issues if i.kind != MATCHING))
    ]
    if (repeats != repeats[0]).any():
        listed = (f"{name} {_range(n)}" for name, n in zip(names, repeats, strict=True))
        text = f"repeats differ between recordings: {', '.join(listed)}"
        issues = [*as_issues(text), *issues]
    issues += [issue for issue in first.issues if issue.kind == MATCHING]
    sources = ", ".join(dict.fromkeys(p.source for p in matched))
    what = "stimulus" if first.n_stimuli == 1 else "stimuli"
    reason = (
        f"{_range(repeats)} repeats of {first.n_stimuli} {what} of "
        f"{_range(first.durations)} s in all {len(matched)} recordings, from {sources}."
    )
    pooled = replace(
        first,
        starts=_GAP + np.cumsum(lengths) - lengths,
        stimulus=stimulus,
        source=sources,
        reason=reason,
        issues=tuple(issues),
    )
    return pooled, slots


def _range(numbers: NDArray[Any]) -> str:
    low, high = f"{numbers.min():.4g}", f"{numbers.max():.4g}"
    return low if low == high else f"{low} to {high}"


class _Placement(NamedTuple):
    """Presentations of a recording (s), and their onsets on the clock of the pool."""

    starts: NDArray[np.float64]
    durations: NDArray[np.float64]
    targets: NDArray[np.float64]


def _add_units(
    pool: neo.Block,
    block: neo.Block,
    name: str,
    placement: _Placement,
    *,
    is_partial: bool,
    t_stop: float,
) -> None:
    """Add the units of a recording, their presentations moved to the pool's clock."""
    targets = placement.targets
    recorded = np.stack([targets, targets + placement.durations], axis=1)
    recorded = recorded[np.argsort(targets)]
    for train in block.segments[0].spiketrains:
        times = _moved_times(train.rescale("s").magnitude, placement)
        moved = neo.SpikeTrain(times * pq.s, t_stop=t_stop, name=train.name)
        moved.annotations.update(train.annotations)
        unit_id = f"{name}:{train.annotations['unit_id']}"
        moved.annotations.update({"unit_id": unit_id, RECORDING: name})
        if train.annotations.get("obs_intervals") is not None:
            own = np.reshape(train.annotations["obs_intervals"], (-1, 2))
            moved.annotations["obs_intervals"] = _moved_intervals(own, placement)
        elif is_partial:
            moved.annotations["obs_intervals"] = recorded
        pool.segments[0].spiketrains.append(moved)


def _moved_times(
    times: NDArray[np.float64], placement: _Placement
) -> NDArray[np.float64]:
    """Return the spike times (s) of all presentations on the pool's clock, sorted."""
    starts, durations, targets = placement
    first = np.searchsorted(times, starts - _EDGE)
    last = np.searchsorted(times, starts + durations)
    n = last - first
    spike = np.arange(n.sum()) + np.repeat(first - np.cumsum(n) + n, n)
    return np.sort(times[spike] + np.repeat(targets - starts, n))


def _moved_intervals(
    intervals: NDArray[np.float64], placement: _Placement
) -> NDArray[np.float64]:
    """Return the recorded time of a unit within presentations, on the pool's clock."""
    starts, durations, targets = placement
    begin = np.maximum(intervals[:, :1], starts)  # (n_intervals, n_presentations)
    end = np.minimum(intervals[:, 1:], starts + durations)
    move = np.broadcast_to(targets - starts, begin.shape)
    is_there = end > begin
    moved = np.stack([(begin + move)[is_there], (end + move)[is_there]], axis=1)
    return moved[np.argsort(moved[:, 0], kind="stable")]
