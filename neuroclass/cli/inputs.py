"""Recordings and settings of a command, and the places where it may write.

Input: the parsed arguments. Output: the recording and the keywords of its analysis;
places where nothing can be written are refused before any work is done.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass._lib.paths import check_exists

if TYPE_CHECKING:
    from argparse import Namespace

    import neo

__all__ = [
    "check_cache",
    "check_early",
    "check_is_free",
    "check_place",
    "check_positions",
    "check_reference",
    "claim_target",
    "load",
    "load_several",
    "preparation_options",
    "presentation_options",
    "result_folder",
    "units_by_column",
]


def check_early(args: "Namespace") -> None:
    """Refuse what can be refused before anything heavy is loaded.

    Raises
    ------
    FileNotFoundError
        If a recording does not exist.
    ValueError
        If triggers are given, but not one file for each of several recordings; if the
        reference is surely neither a file nor a units column.
    """
    several = isinstance(args.recording, list)
    if several:
        _one_for_each(args)
    paths = [Path(path) for path in (args.recording if several else [args.recording])]
    for path in paths:
        check_exists(path)
        _check_ends(str(path))
    reference = getattr(args, "reference", None)
    if not reference or Path(reference).exists():
        return
    from neuroclass.io import stored_unit_columns  # noqa: PLC0415

    found = [stored_unit_columns(path) for path in paths]
    names = [columns for columns in found if columns is not None]
    if len(names) == len(found) and not any(reference in columns for columns in names):
        listed = ", ".join(sorted(name for name, is_one in names[0].items() if is_one))
        raise ValueError(
            f"--reference must be a units column ({listed}), a labels.csv or a result "
            f"folder; got {reference!r}."
        )


def check_stimulus_file(args: "Namespace") -> None:
    """Refuse a stimulus file that is none, before the work."""
    path = args.stimulus_file
    if path and not path.is_file():
        raise ValueError(f"--stimulus-file must be a file; got {path}.")


def load_several(args: "Namespace") -> "list[neo.Block]":
    """Load the recordings that the arguments name.

    Raises
    ------
    ValueError
        If triggers are given, but not one file for each.
    """
    triggers = _one_for_each(args)
    return [
        _load(args, path, onsets)
        for path, onsets in zip(args.recording, triggers, strict=True)
    ]


def _one_for_each(args: "Namespace") -> list[Any]:
    """Return the triggers of each recording; refuse another number of them."""
    n_recordings = len(args.recording)
    triggers: list[Any] = args.triggers or [None] * n_recordings
    if len(triggers) != n_recordings:
        raise ValueError(
            "--triggers must be given once for each recording, in their order; got "
            f"{len(triggers)} for {n_recordings}."
        )
    return triggers


def load(args: "Namespace", *, lazy: bool = False) -> "neo.Block":
    """Load the recording that the arguments name; `lazy` leaves spikes in the file."""
    return _load(args, args.recording, args.triggers, lazy=lazy)


def _load(
    args: "Namespace", path: str, triggers: str | None, *, lazy: bool = False
) -> "neo.Block":
    from neuroclass.io import load_recording  # noqa: PLC0415

    _check_ends(path)
    return load_recording(
        path,
        triggers=triggers,
        trial_duration=args.trial_duration,
        align=args.align,
        exclude=args.exclude,
        time_unit=args.time_unit,
        trigger_unit=args.trigger_unit,
        sampling_rate=args.sampling_rate,
        format=args.format,
        axes=args.axes,
        dt=args.dt,
        follow_links=args.follow_links,
        lazy=True if lazy or getattr(args, "cache", None) else "auto",
    )


@lru_cache
def _check_ends(path: str) -> None:
    """Refuse a file with which the HDF5 library does not end, once a command."""
    from neuroclass.io.files.hdf5_probe import check_ends  # noqa: PLC0415

    check_ends(Path(path))


def presentation_options(args: "Namespace") -> dict[str, Any]:
    """Return the keywords of `PresentationSettings`."""
    # Triggers are given to be used, whatever tables the file has besides.
    triggers = "triggers" if args.triggers else None
    return {
        "intervals": args.intervals or triggers,
        "stimulus": args.stimulus,
        "min_repeats": args.min_repeats,
        "repeats": args.repeats,
        "condition": args.condition,
        "drop_empty": args.drop_empty,
    }


def preparation_options(args: "Namespace", *recordings: "neo.Block") -> dict[str, Any]:
    """Return the keywords of `prepare_responses` for recordings that are loaded."""
    return {
        **presentation_options(args),
        "bin_size": args.bin_size,
        "word_length": args.word_length,
        "response": args.response,
        "units": units_by_column(args, *recordings),
        "cache": args.cache,
        "progress": not args.quiet,
    }


def units_by_column(
    args: "Namespace", *recordings: "neo.Block"
) -> dict[str, list[str]] | None:
    """Return the values of --units of each units column, if any are given.

    Raises
    ------
    ValueError
        If the recording has no such column.
    """
    trains = [train for one in recordings for train in one.segments[0].spiketrains]
    columns = sorted({key for train in trains for key in train.annotations})
    values_of: dict[str, list[str]] = {}
    for column, values in args.units:
        if column not in columns:
            raise ValueError(
                f"--units must name a units column of {recordings[0].file_origin} "
                f"({', '.join(columns)}); got {column!r}."
            )
        present = {str(train.annotations.get(column)) for train in trains}
        # A value may itself hold a comma.
        several = [values] if values in present else values.split(",")
        values_of.setdefault(column, []).extend(several)
    return values_of or None


def check_reference(
    reference: str | None,
    recordings: "list[neo.Block]",
    *,
    argument: str = "reference",
) -> None:
    """Refuse a reference that is neither a file nor a column of any recording."""
    from neuroclass.analysis.reference_labels import read_reference  # noqa: PLC0415

    if not reference:
        return
    has_it = [
        recording
        for recording in recordings
        if any(reference in t.annotations for t in recording.segments[0].spiketrains)
    ]
    try:
        read_reference(reference, (has_it or recordings)[0], argument=argument)
    except FileNotFoundError as error:  # wrong usage, where a recording is data
        raise ValueError(f"--{error}") from error


def check_positions(positions: str | None, recording: "neo.Block") -> None:
    """Refuse positions that are neither a file nor columns, before the work."""
    from neuroclass.analysis.cell_positions import read_positions  # noqa: PLC0415

    if not positions:
        return
    try:
        read_positions(positions, recording)
    except (FileNotFoundError, ValueError) as error:  # wrong usage
        raise ValueError(f"--{error}") from error


def result_folder(args: "Namespace", suffix: str) -> Path:
    """Return the result folder; refuse a path that cannot hold it, before the work."""
    first, *others = (Path(path).stem for path in args.recording)
    more = f"_and_{len(others)}_more" if others else ""
    folder: Path = args.output or Path(f"{first}{more}{suffix}")
    if folder.is_file():
        raise ValueError(f"{folder} must be a folder; it is a file. Choose another.")
    check_is_free(folder, args.force)
    check_cache(args.cache, folder)
    claim_target(args, folder)
    return folder


def claim_target(args: "Namespace", path: Path) -> None:
    """Keep other commands from writing a target until this one has ended.

    Raises
    ------
    BlockingIOError
        If another command is at work on it.
    """
    from neuroclass._lib.atomic import claim  # noqa: PLC0415

    # In a folder that is still to be made, the writer itself claims its target.
    if path.absolute().parent.is_dir():
        args.claims.enter_context(claim(path))


def check_is_free(path: Path, force: bool) -> None:
    """Refuse a path that exists, or cannot be written, before the work."""
    if path.is_symlink() and not path.exists():
        raise ValueError(
            f"{path} must not be a link that leads nowhere; it leads to "
            f"{path.readlink()}. Choose another name, or remove the link."
        )
    is_taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if is_taken and not force:
        raise FileExistsError(
            f"{path} must not exist yet; it does. Choose another name, or replace it "
            "with --force."
        )
    check_place(path)


def check_cache(cache: Path | None, output: Path | None = None) -> None:
    """Refuse a cache that is no folder, or lies in the result folder, before the work.

    A result folder is replaced as a whole, and must be empty until then.
    """
    if cache is None:
        return
    if cache.exists() and not cache.is_dir():
        raise ValueError(f"--cache must be a folder; {cache} is a file.")
    place = cache.resolve()
    if output is not None and output.resolve() in (place, *place.parents):
        raise ValueError(
            f"--cache must not be in the result folder {output}; got {cache}."
        )
    check_place(cache)


def check_place(path: Path) -> None:
    """Refuse a path that cannot be written; missing folders are made later."""
    places = [path] if path.is_dir() else []
    place = next(p for p in (*places, *path.absolute().parents) if p.exists())
    if not place.is_dir():
        raise ValueError(f"{path} must lie in a folder; {place} is a file.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ValueError(
            f"{path} must lie where files may be written; {place} is write-protected. "
            "Choose another place."
        )
