"""Labels of units written into an NWB file or a phy folder, or a copy of it.

Input: the recording and columns with one entry per unit. Output: the labelled one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from pynwb import NWBHDF5IO, validate

from neuroclass._lib.atomic import write_beside
from neuroclass.exceptions import RecordingError
from neuroclass.io.format_detection import detect_format
from neuroclass.io.nwb import open_nwb
from neuroclass.io.sorters.sorter_folders import read_phy

__all__ = ["check_can_label", "write_labels"]

_LEAST_ROOM = 1 << 20  # bytes, for columns and what HDF5 moves to write them


def write_labels(
    source_path: str | PathLike[str],
    columns: Mapping[str, Sequence[Any]],
    *,
    output: str | PathLike[str] | None = None,
    in_place: bool = False,
    force: bool = False,
) -> Path:
    """Write columns, such as the class of each unit, into what was read.

    In a Kilosort or phy folder each column becomes ``cluster_<name>.tsv``, which phy
    shows and `load_recording` reads. For NWB the columns are added to a copy beside
    the target, which is validated against the schema and only then renamed to it.
    The source is not opened for writing, and the target is at every moment either as
    before or complete.

    Parameters
    ----------
    source_path : str or path
        Path of the NWB 2 file, or of the folder.
    columns : mapping of str to sequence of length n_units
        Names and values of the columns, one entry per row of the Units table, in its
        order: numbers, truth values or text.
    output : str or path, optional
        Path of the labelled file; missing folders are made.
    in_place : bool, default False
        Whether to replace the source; the old file stays beside it as
        ``<stem>.backup.nwb`` (or ``.backup2``, ...: an older backup is never
        overwritten).
    force : bool, default False
        Whether to overwrite an existing `output`, or columns of these names.

    Returns
    -------
    pathlib.Path
        Path of the labelled file.

    Raises
    ------
    FileNotFoundError
        If there is no source.
    RecordingError
        If the source cannot be read or another program has it open.
    ValueError
        If the source is no NWB 2 file, a column does not fit the units, or the output
        or a column exists and `force` is not given.
    """
    source = Path(source_path)
    if source.is_dir():
        return _write_phy(source, columns, output, in_place=in_place, force=force)
    target = check_can_label(
        source, columns, output=output, in_place=in_place, force=force
    )
    existing, n_units = _units_columns(source)
    _check_values(source, columns, n_units)
    room = source.stat().st_size + _LEAST_ROOM
    with write_beside(target, room=room) as beside:
        shutil.copyfile(source, beside)
        _remove_columns(beside, [name for name in columns if name in existing])
        _add_columns(beside, columns, source)
        _validate(beside, source)
        if in_place:
            _back_up(target)
    return target


def check_can_label(
    source_path: str | PathLike[str],
    names: Iterable[str],
    *,
    output: str | PathLike[str] | None = None,
    in_place: bool = False,
    force: bool = False,
) -> Path:
    """Check that `write_labels` can write columns of these names.

    Parameters
    ----------
    source_path, output, in_place, force : as in `write_labels`
    names : iterable of str
        Names of the columns.

    Returns
    -------
    pathlib.Path
        Path of the labelled file.

    Raises
    ------
    FileNotFoundError
        If there is no source.
    RecordingError
        If the source cannot be read, or has no units.
    ValueError
        If the source is no NWB 2 file, or the output or a column exists and `force`
        is not given.
    """
    source = Path(source_path)
    if (output is None) == (not in_place):
        raise ValueError(
            "output must be given, or in_place=True, and not both; got "
            f"output={output!r}, in_place={in_place}."
        )
    kind = detect_format(source)
    if kind == "phy":
        target = source if output is None else Path(output)
        return _check_can_label_phy(source, names, target, force)
    if kind != "nwb":
        raise ValueError(
            f"{source} must be an NWB file or a phy folder to take labels; it is "
            f"{kind}. Its labels are in labels.csv of the result folder, or write the "
            "recording to NWB first (write_recording)."
        )
    # A link to the file stays a link: the file itself is replaced.
    target = source.resolve() if output is None else Path(output)
    if output is None:
        _check_may_change(target)
    else:
        _check_output(source, target, force)
    present, _ = _units_columns(source)
    existing = [name for name in names if name in present]
    if existing and not force:
        raise ValueError(
            f"columns must be new to {source}; it has {', '.join(existing)} already. "
            "Replace them with force (--force)."
        )
    return target


def _write_phy(
    folder: Path,
    columns: Mapping[str, Sequence[Any]],
    output: str | PathLike[str] | None,
    *,
    in_place: bool,
    force: bool,
) -> Path:
    """Write a table of clusters for each column, into the folder or another one."""
    target = check_can_label(
        folder, columns, output=output, in_place=in_place, force=force
    )
    clusters = [
        train.annotations["unit_id"]
        for train in read_phy(folder, 1.0).segments[0].spiketrains
    ]
    _check_values(folder, columns, len(clusters))
    target.mkdir(parents=True, exist_ok=True)
    for name, values in columns.items():
        rows = zip(clusters, np.asarray(values).tolist(), strict=True)
        lines = [f"cluster_id\t{name}", *(f"{one}\t{value}" for one, value in rows)]
        with write_beside(target / f"cluster_{name}.tsv") as beside:
            beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def _check_can_label_phy(
    folder: Path, names: Iterable[str], target: Path, force: bool
) -> Path:
    if target.is_file():
        raise ValueError(
            f"output must be a folder for {folder}; {target} is a file. Name a folder."
        )
    existing = [
        path.name for name in names if (path := target / f"cluster_{name}.tsv").exists()
    ]
    if existing and not force:
        raise ValueError(
            f"columns must be new to {target}; it has {', '.join(existing)} already. "
            "Replace them with force (--force)."
        )
    return target


def _check_may_change(target: Path) -> None:
    if not target.stat().st_mode & 0o222:
        raise ValueError(
            f"in_place must find a file that may be changed; {target} is "
            "write-protected. Give an output, or lift the protection."
        )


def _check_output(source: Path, target: Path, force: bool) -> None:
    if target.is_dir():
        raise ValueError(
            f"output must be a file; {target} is a folder. Name a file inside it."
        )
    if target.exists() and source.samefile(target):
        raise ValueError(
            f"output must not be the recording itself; got {str(target)!r}. Use "
            "in_place (--in-place), which makes a backup."
        )
    if target.exists() and not force:
        raise ValueError(
            f"output must be a new file; {target} exists. Choose another name, or "
            "replace it with force (--force)."
        )


def _units_columns(source: Path) -> tuple[set[str], int]:
    """Return the names of the units columns, and the number of units."""
    with h5py.File(source, "r") as file:
        if "units" not in file:
            raise RecordingError(
                f"{source} must have a Units table to take labels; it has none. "
                "Add the sorted units."
            )
        units = file["units"]
        return set(units.attrs["colnames"]), len(units["id"])


def _check_values(
    source: Path, columns: Mapping[str, Sequence[Any]], n_units: int
) -> None:
    for name, values in columns.items():
        if np.ndim(values) != 1 or len(values) != n_units:
            raise ValueError(
                f"columns must have one entry for each of the {n_units} units of "
                f"{source.name}; got shape {np.shape(values)} for {name!r}. "
                "Give one value per unit."
            )
        if np.asarray(values).dtype.kind not in "biufU":
            raise ValueError(
                f"columns must be numbers, truth values or text; got "
                f"{np.asarray(values).dtype} for {name!r}."
            )


def _remove_columns(path: Path, names: Sequence[str]) -> None:
    # pynwb cannot take a column away, and its type may differ from the new one's.
    if not names:
        return
    with h5py.File(path, "r+") as file:
        units = file["units"]
        others = [name for name in units.attrs["colnames"] if name not in names]
        units.attrs["colnames"] = np.array(others, dtype=h5py.string_dtype())
        for name in names:
            for stored in (name, f"{name}_index"):
                if stored in units:
                    del units[stored]


def _add_columns(
    path: Path, columns: Mapping[str, Sequence[Any]], source: Path
) -> None:
    io, file = open_nwb(path, "r+", source=source)
    try:
        for name, values in columns.items():
            file.add_unit_column(
                name=name,
                description=f"{name.replace('_', ' ')}, written by neuroclass",
                data=np.asarray(values).tolist(),
            )
        io.write(file)
    finally:
        io.close()


def _validate(path: Path, source: Path) -> None:
    with NWBHDF5IO(str(path), "r") as io:
        problems = validate(io=io)
    if problems:
        raise RecordingError(
            f"{source}: with the labels added the file is no valid NWB: {problems[0]}. "
            "Nothing was written; export the recording again."
        )


def _back_up(path: Path) -> None:
    number = 1
    while True:
        mark = "backup" if number == 1 else f"backup{number}"
        backup = path.with_name(f"{path.stem}.{mark}{path.suffix}")
        if not backup.exists():
            break
        number += 1
    try:
        # A second name for the same file: `path` is about to be replaced, never
        # changed, so that no copy of what may be many gigabytes is needed.
        os.link(path, backup)
    except OSError:  # a file system without links
        shutil.copy2(path, backup)
