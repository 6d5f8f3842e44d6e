"""Several recordings under the same stimulus as one population.

Takes recordings, gives one recording of all their cells, in which the presentations
of the stimuli that all of them show coincide (`pool_recordings`).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import neo
import numpy as np
import quantities as pq
from numpy.typing import NDArray

from neuroclass._lib.settings import settings_from
from neuroclass.presentations.matching import (
    load_recordings,
    match_presentations,
    recording_names,
)
from neuroclass.presentations.selection import Presentations, select_presentations
from neuroclass.presentations.settings import (
    PresentationOptions,
    PresentationSettings,
)

__all__ = ["RECORDING", "pool_recordings"]

RECORDING = "recording"  # the units column that says which recording a unit is of

_GAP = 1.0  # s between the showings of the pooled clock
_EDGE = 1e-7  # s: a spike this close before an onset may be counted on it


def pool_recordings(
    recordings: Sequence[neo.Block | str | Path],
    presentations: Sequence[Presentations] | None = None,
    settings: PresentationSettings | None = None,
    **options: Unpack[PresentationOptions],
) -> tuple[neo.Block, Presentations]:
    """Put the cells of several recordings side by side, on the clock of the stimulus.

    The r-th showing of a stimulus begins at the same time for all cells, so that the
    counts of the pool are those of each recording. Where a recording has fewer repeats
    than another, its own are spread evenly over those of the other, and the rest is
    not recorded (``obs_intervals``): every tenth of the repeats holds a tenth of each
    recording's, which is what the jackknife leaves out.

    Parameters
    ----------
    recordings : sequence of neo.Block, str or Path
        At least two, under the same stimulus.
    presentations : sequence of Presentations, optional
        Of each recording, from `match_presentations`; else these are matched here.
    settings : PresentationSettings, optional
        Settings of the selection, for each recording.
    **options
        Single settings as keywords: `intervals`, `stimulus`, `min_repeats` and
        `condition` of `PresentationSettings`.

    Returns
    -------
    recording : neo.Block
        The units of all recordings with their columns, the column ``recording``, and
        ``unit_id`` as ``"RECORDING:UNIT"``. Spikes outside the common stimuli are not
        in it. Its annotation ``recordings`` says of each ``name, path, format, n_units,
        n_spikes, duration_seconds``.
    presentations : Presentations
        As for a single recording.

    Raises
    ------
    RecordingError
        If no stimulus is in all recordings, or one of them cannot be used.
    ValueError
        If there are fewer than two recordings, or one of them twice.

    Notes
    -----
    Cells of different recordings did not answer at the same time: nothing that is
    common to the cells of one showing means anything between recordings. The classes
    of this package do not use it.
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
            _described(name, block) for name, block in zip(names, blocks, strict=True)
        ],
    )
    pool.segments.append(neo.Segment(name=pool.name))
    if matched[0].condition == "none":
        spans = [_span(block) for block in blocks]
        moves = [(np.array([a]), np.array([b - a]), np.zeros(1)) for a, b in spans]
        t_stop = max(b - a for a, b in spans)
        _add_units(pool, blocks, names, moves, [True] * len(blocks), t_stop)
        return pool, select_presentations(pool, condition="none")
    shown, slots = _common_clock(matched, names)
    moves = [
        (p.starts, p.durations[p.stimulus], shown.starts[slot])
        for p, slot in zip(matched, slots, strict=True)
    ]
    is_partial = [len(slot) < shown.n_presentations for slot in slots]
    t_stop = float(shown.stops[-1]) + _GAP
    _add_units(pool, blocks, names, moves, is_partial, t_stop)
    pool.segments[0].epochs.append(
        neo.Epoch(
            shown.starts,
            durations=shown.durations[shown.stimulus],
            labels=np.arange(shown.n_presentations).astype(str),
            units="s",
            name="presentations",
            array_annotations={"stimulus": np.array(shown.stimuli)[shown.stimulus]},
        )
    )
    return pool, shown


def _described(name: str, recording: neo.Block) -> dict[str, Any]:
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
    """Return the pool's presentations and where each recording's are among them."""
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
        shown = np.zeros(p.n_stimuli, dtype=np.intp)
        slot = np.empty(p.n_presentations, dtype=np.intp)
        for k, s in enumerate(p.stimulus):
            slot[k] = slot_of[int(s), int((shown[s] + 0.5) * most[s] / n_repeats[s])]
            shown[s] += 1
        slots.append(slot)
    notes = [
        f"{name}: {note}"
        for name, p in zip(names, matched, strict=True)
        for note in p.notes
    ]
    if (repeats != repeats[0]).any():
        listed = (f"{name} {_range(n)}" for name, n in zip(names, repeats, strict=True))
        notes.insert(0, f"repeats differ between recordings: {', '.join(listed)}")
    sources = ", ".join(dict.fromkeys(p.source for p in matched))
    what = "stimulus" if first.n_stimuli == 1 else "stimuli"
    reason = (
        f"{_range(repeats)} repeats of {first.n_stimuli} {what} of "
        f"{_range(first.durations)} s that all {len(matched)} recordings show, from "
        f"{sources}."
    )
    pooled = replace(
        first,
        starts=_GAP + np.cumsum(lengths) - lengths,
        stimulus=stimulus,
        source=sources,
        reason=reason,
        notes=tuple(notes),
    )
    return pooled, slots


def _range(numbers: NDArray[Any]) -> str:
    low, high = f"{numbers.min():.4g}", f"{numbers.max():.4g}"
    return low if low == high else f"{low} to {high}"


def _add_units(
    pool: neo.Block,
    blocks: Sequence[neo.Block],
    names: Sequence[str],
    moves: Sequence[tuple[NDArray[np.float64], ...]],
    is_partial: Sequence[bool],
    t_stop: float,
) -> None:
    """Add the units of each recording, their showings moved to the pool's clock."""
    for block, name, move, partial in zip(
        blocks, names, moves, is_partial, strict=True
    ):
        starts, durations, targets = move
        recorded = np.stack([targets, targets + durations], axis=1)
        recorded = recorded[np.argsort(targets)]
        for train in block.segments[0].spiketrains:
            times = _moved(train.rescale("s").magnitude, starts, durations, targets)
            moved = neo.SpikeTrain(times * pq.s, t_stop=t_stop, name=train.name)
            moved.annotations.update(train.annotations)
            unit_id = f"{name}:{train.annotations['unit_id']}"
            moved.annotations.update({"unit_id": unit_id, RECORDING: name})
            if train.annotations.get("obs_intervals") is not None:
                own = np.reshape(train.annotations["obs_intervals"], (-1, 2))
                moved.annotations["obs_intervals"] = _moved_intervals(own, *move)
            elif partial:
                moved.annotations["obs_intervals"] = recorded
            pool.segments[0].spiketrains.append(moved)


def _moved(
    times: NDArray[np.float64],
    starts: NDArray[np.float64],
    durations: NDArray[np.float64],
    targets: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the spikes (s) of each showing, moved to begin at `targets`, sorted."""
    first = np.searchsorted(times, starts - _EDGE)
    last = np.searchsorted(times, starts + durations)
    n = last - first
    spike = np.arange(n.sum()) + np.repeat(first - np.cumsum(n) + n, n)
    return np.sort(times[spike] + np.repeat(targets - starts, n))


def _moved_intervals(
    intervals: NDArray[np.float64],
    starts: NDArray[np.float64],
    durations: NDArray[np.float64],
    targets: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the recorded time of a unit within the showings, on the pool's clock."""
    begin = np.maximum(intervals[:, :1], starts)  # (n_intervals, n_presentations)
    end = np.minimum(intervals[:, 1:], starts + durations)
    move = np.broadcast_to(targets - starts, begin.shape)
    is_there = end > begin
    moved = np.stack([(begin + move)[is_there], (end + move)[is_there]], axis=1)
    return moved[np.argsort(moved[:, 0], kind="stable")]
