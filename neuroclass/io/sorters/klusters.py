"""Folders of Klusters, NeuroSuite and KlustaKwik: ``.res`` and ``.clu`` files.

Input: the path of a folder. Output: a ``neo.Block`` with the units of all groups of
electrodes, and the events of ``.evt`` files.

A group of electrodes has a number N: ``session.res.N`` holds the sample of each spike,
a line each, ``session.clu.N`` the number of clusters and then the cluster of each
spike. Clusters 0 (artefacts) and 1 (spikes that were not sorted) are no units. The
sample rate stands in ``session.xml`` (``acquisitionSystem/samplingRate``), the times of
``session.NAME.evt`` are in milliseconds.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some
from neuroclass.exceptions import RecordingError
from neuroclass.io.assemble import UnitTable, assemble_recording, make_event

__all__ = ["cluster_files", "read_klusters"]

_CLU = re.compile(r"(.+)\.clu(?:\.(\d+))?")
_NO_UNIT = {0: "artefacts", 1: "unsorted spikes"}
_RATE = re.compile(r"<samplingRate>\s*([0-9.eE+]+)\s*</samplingRate>")


def cluster_files(folder: Path) -> dict[int, Path]:
    """Return the ``.clu`` files of a folder that have their ``.res``, by group."""
    found = {}
    for path in sorted(folder.iterdir()):
        match = _CLU.fullmatch(path.name)
        if match and _times_of(path).is_file():
            found[int(match[2] or 1)] = path
    return dict(sorted(found.items()))


def _times_of(path: Path) -> Path:
    """Return the file of samples beside one of clusters."""
    return path.with_name(re.sub(r"\.clu(\.\d+)?$", r".res\1", path.name))


def read_klusters(folder: Path, sampling_rate: float | None = None) -> neo.Block:
    """Return the recording of a folder of ``.clu`` and ``.res`` files.

    Parameters
    ----------
    folder : pathlib.Path
        The folder, with the files of one session.
    sampling_rate : float, optional
        Samples per second (Hz), instead of that of the ``.xml`` file.

    Raises
    ------
    RecordingError
        If files do not fit each other, or the sample rate is not known.
    """
    files = cluster_files(folder)
    sessions = sorted({_session_of(path) for path in files.values()})
    if len(sessions) != 1:
        raise RecordingError(
            f"{folder} must hold .clu and .res files of one session; it has "
            f"{some(sessions) or 'none'}. Copy each session into a folder of its own."
        )
    rate = sampling_rate or _rate_of(folder, sessions[0])
    trains: list[NDArray[np.float64]] = []
    ids, groups, clusters = [], [], []
    n_left_out = dict.fromkeys(_NO_UNIT, 0)
    for group, path in files.items():
        samples, numbers = _spikes_of(path)
        for cluster in np.unique(numbers).tolist():
            times = np.sort(samples[numbers == cluster]) / rate
            if cluster in _NO_UNIT:
                n_left_out[cluster] += times.size
                continue
            trains.append(times)
            # As a number 1.10 would be 1.1, wherever a table is read.
            ids.append(f"g{group}c{cluster}")
            groups.append(group)
            clusters.append(cluster)
    if not trains:
        raise RecordingError(
            f"{folder} must hold sorted clusters, numbered from 2; it has none. Sort "
            "the spikes, and save."
        )
    if any(n_left_out.values()):
        named = " and ".join(
            f"{n_left_out[one]} {what} (cluster {one})"
            for one, what in _NO_UNIT.items()
            if n_left_out[one]
        )
        warn_user(f"{folder.name}: left out {named}, not units that were sorted.")
    return assemble_recording(
        UnitTable(
            np.concatenate(trains),
            np.cumsum([train.size for train in trains]),
            ids,
            {"electrode_group": groups, "cluster": clusters},
            may_sort=True,
        ),
        source=folder.name,
        annotations={"format": "klusters", "sampling_rate": rate},
        name=sessions[0],
        path=str(folder),
        events=_events(folder, sessions[0]),
    )


def _session_of(path: Path) -> str:
    match = _CLU.fullmatch(path.name)
    return match[1] if match else path.stem


def _spikes_of(path: Path) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return sample and cluster of each spike of a group of electrodes."""
    clusters, samples = _numbers(path), _numbers(_times_of(path))
    if clusters.size != samples.size + 1:
        raise RecordingError(
            f"{path} must hold the number of clusters and then a cluster for each "
            f"of the {samples.size} spikes of {_times_of(path).name}; got "
            f"{plural(clusters.size, 'line', 'lines')}. Copy both files again."
        )
    return samples.astype(np.float64), clusters[1:].astype(np.intp)


def _numbers(path: Path) -> NDArray[np.int64]:
    """Return the whole numbers of a file, one per line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file without lines
            return np.loadtxt(path, dtype=np.int64, comments=None, ndmin=1)
    except (ValueError, OverflowError) as error:
        raise RecordingError(
            f"{path} must hold a whole number per line: "
            f"{' '.join(str(error).split()).rstrip('.')}. Copy it again."
        ) from error


def _rate_of(folder: Path, session: str) -> float:
    for path in (folder / f"{session}.xml", *sorted(folder.glob("*.xml"))):
        if path.is_file():
            # Only this one number is needed: no parser has to trust the file.
            text = path.read_text(encoding="utf-8", errors="replace")
            if (match := _RATE.search(text)) and float(match[1]) > 0:
                return float(match[1])
    raise RecordingError(
        f"{folder} holds samples, and no .xml with a samplingRate lies beside them. "
        "Give it as sampling_rate (--sampling-rate)."
    )


def _events(folder: Path, session: str) -> list[neo.Event]:
    """Return the events of ``session.NAME.evt``: a time in ms and a label per line."""
    events = []
    for path in sorted(folder.glob("*.evt")):
        times, labels = [], []
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            time, _, label = line.strip().partition("\t" if "\t" in line else " ")
            if not time:
                continue
            try:
                times.append(float(time) / 1000)
            except ValueError:
                warn_user(
                    f"{path}: line {number} must begin with a time in ms; got "
                    f"{time[:20]!r}. The events of this file are left out."
                )
                break
            labels.append(label.strip())
        else:
            if not times:
                continue
            name = path.stem.removeprefix(f"{session}.")
            events.append(make_event(name, times, np.array(labels, dtype=str)))
    return events
