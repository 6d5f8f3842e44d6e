"""Folders of spike sorters, and of one text file per cell.

Input: the path of a folder. Output: a ``neo.Block``.

**Kilosort 2 to 4, and phy**: ``spike_times.npy`` in samples, ``spike_clusters.npy`` (or
``spike_templates.npy``), the columns of ``cluster_*.tsv`` (or ``.csv``) as unit
columns, the sample rate from ``params.py``, whose text is read and never run.

**SpyKING CIRCUS**: ``*.result.hdf5``, in samples; the rate from the ``*.params`` beside
it.

**One text file per cell** (``12_SP_C2401.txt``): spike times, one per line; all files
whose names differ in their last number only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some
from neuroclass.exceptions import RecordingError
from neuroclass.io.assemble import UnitTable, assemble_recording
from neuroclass.io.files.stored_columns import read_indices, reading
from neuroclass.io.text import plain_name, read_number_lines, read_text_columns

__all__ = ["cell_files", "phy_rate", "read_cell_files", "read_circus", "read_phy"]

_CLUSTER_NAMES = ("cluster_id", "cluster", "id")


def read_phy(folder: Path, sampling_rate: float | None = None) -> neo.Block:
    """Return the recording of a Kilosort or phy folder.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    sampling_rate : float, optional
        Samples per second (Hz), instead of that of ``params.py``.

    Raises
    ------
    RecordingError
        If files are missing or do not fit each other.
    """
    samples = _load(folder / "spike_times.npy")
    name = next(
        (
            name
            for name in ("spike_clusters.npy", "spike_templates.npy")
            if (folder / name).exists()
        ),
        None,
    )
    if name is None:
        raise RecordingError(
            f"{folder} must hold spike_clusters.npy or spike_templates.npy beside "
            f"spike_times.npy; it holds {_listed(folder)}. Copy the whole folder."
        )
    clusters = _load(folder / name)
    if clusters.size != samples.size:
        raise RecordingError(
            f"{folder}: {name} must have one cluster for each of the {samples.size} "
            f"spikes of spike_times.npy; got {clusters.size}. Save the sorting again."
        )
    if samples.dtype.kind == "f" and (samples != np.floor(samples)).any():
        raise RecordingError(
            f"{folder}: spike_times.npy must be in samples, whole numbers; got "
            f"{samples[samples != np.floor(samples)][0]:.6g}. Save samples, or give "
            "the times as a table."
        )
    rate = sampling_rate or phy_rate(folder)
    ids, units = np.unique(clusters.astype(np.int64), return_inverse=True)
    order = np.lexsort((samples, units.ravel()))
    stops = np.cumsum(np.bincount(units.ravel(), minlength=ids.size))
    times = samples[order].astype(np.float64) / rate
    columns = _cluster_columns(folder, ids)
    return assemble_recording(
        UnitTable(times, stops, [int(one) for one in ids], columns, may_sort=True),
        source=folder.name,
        annotations={"format": "phy", "sampling_rate": rate},
        name=folder.name,
        path=str(folder),
    )


def _load(path: Path) -> NDArray[Any]:
    try:
        # Mapped first: its header may declare more than there is.
        values = np.load(path, allow_pickle=False, mmap_mode="r")
    except Exception as error:  # numpy parses the header as Python does, and raises so
        raise RecordingError(
            f"{path} is a damaged or truncated npy file: {error}. Copy it again."
        ) from error
    is_line = values.size == max(values.shape, default=0)
    if values.dtype.kind not in "iuf" or not is_line:
        raise RecordingError(
            f"{path} must hold numbers along one axis, one per spike; got shape "
            f"{values.shape} of {values.dtype}. Save the sorting again."
        )
    numbers = np.ravel(np.array(values))
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        raise RecordingError(
            f"{path} must hold finite numbers; got "
            f"{numbers[~np.isfinite(numbers)][0]} at index "
            f"{int(np.argmin(np.isfinite(numbers)))}. Save the sorting again."
        )
    return numbers


def _listed(folder: Path) -> str:
    return some(sorted(path.name for path in folder.iterdir()), 8) or "nothing"


def phy_rate(folder: Path) -> float:
    """Return the sample rate of ``params.py``, which is read and not run.

    Raises
    ------
    RecordingError
        If there is no such file, or no number in it.
    """
    path = folder / "params.py"
    cure = "Give it as sampling_rate (--sampling-rate)."
    if not path.exists():
        raise RecordingError(
            f"{folder} must hold params.py with the sample rate; it holds "
            f"{_listed(folder)}. {cure}"
        )
    found, rate = _assigned(path, "sample_rate"), 0.0
    if found is not None:
        rate = _number_of(found)
    if not (np.isfinite(rate) and rate > 0):
        raise RecordingError(
            f"{path} must have a line sample_rate = NUMBER; it has "
            f"{'none' if found is None else ast.unparse(found)[:60]!r}. {cure}"
        )
    return rate


def _assigned(path: Path, name: str) -> ast.expr | None:
    """Return what a name is set to in a file of Python, at last; it is not run."""
    raw = path.read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = raw.decode(encoding, errors="replace")
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # What is no Python elsewhere may have the line all the same.
        lines = re.findall(rf"^\s*{name}\s*=\s*[^#\n]+", text, re.MULTILINE)
        try:
            statements = ast.parse(lines[-1].strip()).body if lines else []
        except (SyntaxError, ValueError):
            statements = []
    value = None
    for statement in statements:
        targets: list[Any] = getattr(statement, "targets", None) or [
            getattr(statement, "target", None)
        ]
        if isinstance(statement, ast.Assign | ast.AnnAssign) and any(
            isinstance(target, ast.Name) and target.id == name for target in targets
        ):
            value = statement.value
    return value


def _number_of(value: ast.expr) -> float:
    """Return a number written as such, as a product or in a call; else 0."""
    if isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
        value = value.args[0]  # float(30000), np.float64(30000.0)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        return _number_of(value.left) * _number_of(value.right)
    try:
        return float(ast.literal_eval(value))
    except (ValueError, SyntaxError, TypeError):
        return 0.0


def _cluster_columns(folder: Path, ids: NDArray[np.int64]) -> dict[str, list[Any]]:
    """Return the columns of the tables of clusters, one entry per unit."""
    columns: dict[str, list[Any]] = {}
    tables = sorted((*folder.glob("cluster_*.tsv"), *folder.glob("cluster_*.csv")))
    # What was curated by hand counts more than what the sorter wrote.
    tables.sort(key=lambda path: path.stem in ("cluster_info", "cluster_KSLabel"))
    for path in tables:
        try:
            table = read_text_columns(path)
        except RecordingError as error:
            warn_user(f"{error} The table is left out.")
            continue
        key = next((k for k in table if plain_name(k)[0] in _CLUSTER_NAMES), None)
        if key is None or table[key].dtype.kind != "f":
            warn_user(
                f"{path} must have a column cluster_id; got {', '.join(table)}. The "
                "table is left out."
            )
            continue
        row_of = {int(cluster): k for k, cluster in enumerate(table.pop(key))}
        for name, values in table.items():
            entries = [
                values[row_of[int(one)]].item() if int(one) in row_of else None
                for one in ids
            ]
            if name not in columns:
                blank: Any = "" if values.dtype.kind == "U" else float("nan")
                columns[name] = [blank if v is None else v for v in entries]
    return columns


def read_circus(path: Path, sampling_rate: float | None) -> neo.Block:
    """Return the recording of a result file of SpyKING CIRCUS.

    Raises
    ------
    RecordingError
        If the sample rate is not known, or there are no units.
    """
    rate = sampling_rate or _circus_rate(path)
    with reading(path), h5py.File(path, "r") as file:
        group = file["spiketimes"]
        if not isinstance(group, h5py.Group):
            raise RecordingError(
                f"{path} must hold a group spiketimes; it is an array. Sort again."
            )
        if not all(isinstance(name, str) for name in group):
            raise RecordingError(
                f"{path} must name its units in UTF-8; one in spiketimes has other "
                "bytes. Sort again."
            )
        names = sorted(group, key=lambda name: (_last_number(name), name))
        trains = [
            np.sort(read_indices(group[name], f"spiketimes/{name}", path.name))
            for name in names
        ]
    if not names:
        raise RecordingError(
            f"{path} must hold units in spiketimes; it has none. Sort again."
        )
    return assemble_recording(
        UnitTable(
            np.concatenate(trains) / rate,
            np.cumsum([train.size for train in trains]),
            names,
            may_sort=True,
        ),
        source=path.name,
        annotations={"format": "SpyKING CIRCUS", "sampling_rate": rate},
        name=path.name.split(".")[0],
        path=str(path),
    )


def _circus_rate(path: Path) -> float:
    stem = path.name.split(".result")[0]
    for folder in (path.parent, path.parent.parent):
        for params in (folder / f"{stem}.params", *sorted(folder.glob("*.params"))):
            if params.exists():
                text = params.read_text(encoding="utf-8", errors="replace")
                # The whole value: of a damaged line a part of it is another rate; and
                # of two lines that differ neither is known to be right.
                found = {
                    match[1].partition("#")[0].strip()
                    for match in re.finditer(
                        r"^[ \t]*sampling_rate[ \t]*=(.*)$", text, re.MULTILINE
                    )
                }
                value = found.pop() if len(found) == 1 else ""
                if re.fullmatch(r"\d+\.?\d*(?:[eE]\+?\d+)?", value) and (
                    0 < float(value) < np.inf
                ):
                    return float(value)
    raise RecordingError(
        f"{path} holds samples, and no .params with one sampling_rate lies beside it. "
        "Give sampling_rate (--sampling-rate)."
    )


def _last_number(name: str) -> int:
    numbers = re.findall(r"\d+", name)
    return int(numbers[-1]) if numbers else -1


def cell_files(folder: Path) -> list[Path]:
    """Return the files of spike times, one per cell, of a folder; or none."""
    found = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in (".txt", ".csv", ".dat")
        and re.search(
            r"(^|_)(SP_C|cell|unit|neuron|cluster|sp)_?\d+$", path.stem, re.IGNORECASE
        )
    ]
    return sorted(found, key=lambda path: (_last_number(path.stem), path.name))


def read_cell_files(folder: Path, files: Sequence[Path], scale: float) -> neo.Block:
    """Return the recording of one file of spike times per cell.

    Raises
    ------
    RecordingError
        If files are of several stimuli, or do not hold one time per line.
    """
    prefixes = sorted({re.sub(r"\d+$", "", path.stem) for path in files})
    if len(prefixes) > 1:
        listed = some([f"{prefix}*" for prefix in prefixes], 4)
        raise RecordingError(
            f"{folder} must hold the cells of one stimulus; got files {listed}. Move "
            "those of each stimulus into a folder of their own."
        )
    trains, ids = [], []
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        rows = read_number_lines(path) if text.strip() else []
        if any(row.size != 1 for row in rows):
            raise RecordingError(
                f"{path} must hold one spike time per line; got "
                f"{plural(max(row.size for row in rows), 'number', 'numbers')}. "
                "Give it as a table instead."
            )
        trains.append(np.concatenate(rows) if rows else np.empty(0))
        ids.append(re.sub(r"^.*?([A-Za-z]*\d+)$", r"\1", path.stem))
    return assemble_recording(
        UnitTable(
            np.concatenate(trains) * scale,
            np.cumsum([train.size for train in trains]),
            ids,
            may_sort=True,
        ),
        source=folder.name,
        annotations={"format": "text per cell"},
        name=folder.name,
        path=str(folder),
    )
