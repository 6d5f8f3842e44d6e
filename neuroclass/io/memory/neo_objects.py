"""Recordings from objects of neo that another program made.

Input: a ``neo.Block``, ``Segment`` or list of ``SpikeTrain``. Output: a ``neo.Block``
of one segment, by the conventions of :func:`neuroclass.load_recording`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import neo
import numpy as np
import quantities as pq
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some
from neuroclass.io.assemble import (
    UnitTable,
    assemble_recording,
    make_epoch,
    unique_unit_ids,
)
from neuroclass.io.trial_clock import PAUSE

__all__ = ["from_block", "from_segments", "is_ours"]

_ID_KEYS = ("unit_id", "id", "unit", "cluster_id", "name")


def is_ours(block: neo.Block) -> bool:
    """Whether a block follows the conventions of `load_recording` already."""
    return len(block.segments) == 1 and all(
        "unit_id" in train.annotations and train.dimensionality.string == "s"
        for train in block.segments[0].spiketrains
    )


def from_block(block: neo.Block) -> neo.Block:
    """Return the recording of a block that another program made.

    Ids come from the annotations ``unit_id`` or ``id``, the names of the spike trains
    or their positions; several segments are trials.

    Raises
    ------
    ValueError
        If there are no spike trains, or they differ between the segments.
    """
    recording = from_segments(
        block.segments,
        source=str(block.name or "recording"),
        name=str(block.name or "recording"),
        path=block.file_origin,
        annotations={"format": "neo", **block.annotations},
        groups=_groups_of_units(block),
    )
    recording.rec_datetime = block.rec_datetime
    return recording


def from_segments(
    segments: Sequence[neo.Segment],
    *,
    source: str,
    name: str,
    path: str | None = None,
    annotations: Mapping[str, Any] | None = None,
    error: type[ValueError] = ValueError,
    groups: Sequence[neo.Group] = (),
) -> neo.Block:
    """Return the recording of segments: one, or the trials of an experiment.

    Segments whose clock goes on become the interval table ``segments``; those whose
    clock starts again are placed one after the other as ``trials``. Annotations of the
    segments become columns of that table.
    """
    used = [segment for segment in segments if len(segment.spiketrains)]
    if not used:
        raise error(
            f"{source} must hold spike trains; got "
            f"{plural(len(segments), 'segment', 'segments')} without any. Add sorted "
            "units."
        )
    if len(used) < len(segments):
        warn_user(
            f"{source}: {len(segments) - len(used)} of {len(segments)} segments have "
            "no spike trains and are left out."
        )
    if groups:
        ids, trains = _units_of_groups(groups, used)
    else:
        ids, trains = _common_units(used, source, error)
    spans = np.array([_span(segment) for segment in used])
    shifts = np.zeros(len(used))
    epochs: list[neo.Epoch] = []
    if len(used) > 1:
        is_one_clock = bool((spans[1:, 0] >= spans[:-1, 1] - 1e-6).all())
        if not is_one_clock:
            lengths = spans[:, 1] - spans[:, 0]
            begins = np.concatenate([[0.0], np.cumsum(lengths[:-1] + PAUSE)])
            shifts = begins - spans[:, 0]
        table = "segments" if is_one_clock else "trials"
        columns = _segment_columns(used)
        epochs.append(
            make_epoch(
                table, spans[:, 0] + shifts, spans[:, 1] + shifts, columns, source
            )
        )
    flat, stops = [], []
    total = 0
    for row in range(len(ids)):
        for k, shift in enumerate(shifts):
            train = trains[k][row]
            if train is not None:
                times = np.asarray(train.rescale("s").magnitude, np.float64)
                flat.append(np.sort(times) + shift if shift else times)
                total += times.size
        stops.append(total)
    unit_columns = _unit_columns(
        [
            next(of[row] for of in trains if of[row] is not None)
            for row in range(len(ids))
        ]
    )
    unit_columns |= _unit_columns(groups)
    epochs += _joined_epochs(used, shifts, source)
    return assemble_recording(
        UnitTable(
            np.concatenate(flat) if flat else np.empty(0),
            np.array(stops, dtype=np.intp),
            ids,
            unit_columns,
            may_sort=True,
            span=(
                float((spans[:, 0] + shifts).min()),
                float((spans[:, 1] + shifts).max()),
            ),
        ),
        source=source,
        annotations=dict(annotations or {"format": "neo"}),
        name=name,
        path=path,
        epochs=epochs,
        events=_joined_events(used, shifts),
        error=error,
    )


def _groups_of_units(block: neo.Block) -> list[neo.Group]:
    """Return the groups that are the units of a block, if it has such groups.

    As neo has them since 0.9: the spike trains of a unit in all segments, at most one
    in each, and every spike train in one group.
    """
    groups = [group for group in block.groups if len(group.spiketrains)]
    place = {
        id(train): number
        for number, segment in enumerate(block.segments)
        for train in segment.spiketrains
    }
    grouped = [[id(train) for train in group.spiketrains] for group in groups]
    flat = [one for several in grouped for one in several]
    is_unit = all(
        len({place.get(one) for one in several}) == len(several) for several in grouped
    )
    is_complete = len(flat) == len(set(flat)) and set(flat) == set(place)
    return groups if groups and is_unit and is_complete else []


def _units_of_groups(
    groups: Sequence[neo.Group], segments: Sequence[neo.Segment]
) -> tuple[list[int | str], list[list[Any]]]:
    """Return ids of groups, and the spike train of each in every segment."""
    names = [str(group.name or "") for group in groups]
    ids = _ids_by("unit_id", groups) or _ids_by("id", groups)
    if ids is None:
        is_named = all(names) and len(set(names)) == len(names)
        ids = list(names if is_named else range(len(groups)))
    of = [{id(train): row for train in g.spiketrains} for row, g in enumerate(groups)]
    row_of = {one: row for rows in of for one, row in rows.items()}
    trains = []
    for segment in segments:
        found: list[Any] = [None] * len(groups)
        for train in segment.spiketrains:
            found[row_of[id(train)]] = train
        trains.append(found)
    return ids, trains


def _common_units(
    segments: Sequence[neo.Segment], source: str, error: type[ValueError]
) -> tuple[list[int | str], list[list[Any]]]:
    """Return ids of the units, and the spike train of each in every segment."""
    for key in _ID_KEYS:
        named = [_ids_by(key, segment.spiketrains) for segment in segments]
        if all(ids is not None for ids in named):
            ids = list(dict.fromkeys(i for found in named for i in found or ()))
            # A key with the same value throughout says nothing of the unit.
            if len(ids) == max(len(segment.spiketrains) for segment in segments) or (
                key == "unit_id"
            ):
                trains = []
                for found, segment in zip(named, segments, strict=True):
                    of = dict(zip(found or (), segment.spiketrains, strict=True))
                    trains.append([of.get(one) for one in ids])
                missing = sum(train is None for row in trains for train in row)
                if missing:
                    warn_user(
                        f"{source}: {missing} spike trains of {len(ids)} units in "
                        f"{len(segments)} segments are missing; they are taken to be "
                        "silent there."
                    )
                return ids, trains
    counts = sorted({len(segment.spiketrains) for segment in segments})
    if len(counts) > 1:
        raise error(
            f"{source} must hold the same units in every segment, or ids of its spike "
            f"trains; got {some([str(n) for n in counts])} trains without ids. Set "
            "annotations['unit_id'] of each."
        )
    rows: list[int | str] = list(range(counts[0]))
    return rows, [list(segment.spiketrains) for segment in segments]


def _ids_by(key: str, trains: Iterable[Any]) -> list[int | str] | None:
    """Return the ids that spike trains have under a key, if these are unique."""
    ids: list[int | str] = []
    for train in trains:
        value = train.name if key == "name" else train.annotations.get(key)
        value = value.item() if isinstance(value, np.generic) else value
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is None or value == "" or not isinstance(value, int | str):
            return None
        ids.append(value)
    if len({str(one) for one in ids}) < len(ids):
        if key == "unit_id":
            return unique_unit_ids(ids, "recording")
        return None
    return ids


def _span(segment: neo.Segment) -> tuple[float, float]:
    if "t_start" in segment.annotations and "t_stop" in segment.annotations:
        return segment.annotations["t_start"], segment.annotations["t_stop"]
    trains = segment.spiketrains
    return (
        min(float(train.t_start.rescale("s")) for train in trains),
        max(float(train.t_stop.rescale("s")) for train in trains),
    )


def _segment_columns(segments: Sequence[neo.Segment]) -> dict[str, NDArray[Any]]:
    keys = dict.fromkeys(key for one in segments for key in one.annotations)
    columns = {}
    for key in keys:
        values = [segment.annotations.get(key) for segment in segments]
        if key in ("t_start", "t_stop", "nix_name"):
            continue
        if all(isinstance(v, bool | int | float | str | np.generic) for v in values):
            columns[str(key)] = np.array(values)
    names = [str(segment.name or "") for segment in segments]
    if all(names) and 1 < len(set(names)) < len(names):
        columns.setdefault("segment_name", np.array(names))
    return columns


def _unit_columns(trains: Sequence[Any]) -> dict[str, list[Any]]:
    keys = dict.fromkeys(key for train in trains for key in train.annotations)
    columns = {}
    for key in keys:
        if key in ("unit_id", "obs_intervals", "nix_name"):
            continue
        values = [train.annotations.get(key) for train in trains]
        values = [v.item() if isinstance(v, np.generic) else v for v in values]
        if all(isinstance(v, bool | int | float | str) for v in values):
            columns[str(key)] = values
    return columns


def _seconds(quantity: Any) -> NDArray[np.float64]:
    return np.asarray(quantity.rescale("s").magnitude, dtype=np.float64)


def _joined_epochs(
    segments: Sequence[neo.Segment], shifts: NDArray[np.float64], source: str
) -> list[neo.Epoch]:
    """Return the interval tables of all segments, each name joined into one."""
    parts: dict[str, list[tuple[neo.Epoch, float]]] = {}
    for segment, shift in zip(segments, shifts.tolist(), strict=True):
        for number, epoch in enumerate(segment.epochs):
            name = str(epoch.name or f"epochs{f'_{number}' if number else ''}")
            parts.setdefault(name, []).append((epoch, shift))
    joined = []
    for name, several in parts.items():
        starts = np.concatenate([_seconds(e.times) + shift for e, shift in several])
        durations = np.concatenate([_seconds(e.durations) for e, _ in several])
        keys = [
            key
            for key in several[0][0].array_annotations
            if all(key in epoch.array_annotations for epoch, _ in several)
        ]
        columns = {
            str(key): np.concatenate(
                [np.asarray(epoch.array_annotations[key]) for epoch, _ in several]
            )
            for key in keys
        }
        labels = np.concatenate(
            [np.asarray(epoch.labels).astype(str).ravel() for epoch, _ in several]
        )
        if labels.size == starts.size and len(set(labels)) < max(2, labels.size):
            columns.setdefault("label", labels)
        joined.append(make_epoch(name, starts, starts + durations, columns, source))
    return joined


def _joined_events(
    segments: Sequence[neo.Segment], shifts: NDArray[np.float64]
) -> list[neo.Event]:
    parts: dict[str, list[tuple[Any, float]]] = {}
    for segment, shift in zip(segments, shifts.tolist(), strict=True):
        for number, event in enumerate(segment.events):
            name = str(event.name or f"events{f'_{number}' if number else ''}")
            parts.setdefault(name, []).append((event, shift))
    joined = []
    for name, several in parts.items():
        times = np.concatenate([_seconds(e.times) + shift for e, shift in several])
        labels = np.concatenate(
            [
                np.asarray(e.labels).astype(str).ravel()
                if np.size(e.labels) == e.times.size
                else np.full(e.times.size, "")
                for e, _ in several
            ]
        )
        order = np.argsort(times, kind="stable")
        joined.append(neo.Event(times[order] * pq.s, labels=labels[order], name=name))
    return joined
