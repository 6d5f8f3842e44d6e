"""Sortings in formats that spikeinterface reads.

Input: the path of a file or folder. Output: a sorting of spikeinterface, which is
imported only then.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError

__all__ = ["is_saved_sorting", "read_extractor"]

_SAVED = (
    "spikeinterface_info.json",
    "si_folder.json",
    "numpysorting_info.json",
    "spikeinterface_params.json",
)
# Attributes of a Zarr folder: of a saved sorting, and of an analyzer.
_IN_ZARR = (b'"zarr_class_info"', b'"spikeinterface_info"')
_HEAD = 1 << 20


def is_saved_sorting(folder: Path) -> bool:
    """Whether a folder is a sorting or an analyzer saved by spikeinterface.

    In Zarr it names itself among the attributes of the folder.
    """
    if any((folder / name).exists() for name in _SAVED):
        return True
    for name in (".zattrs", "zarr.json"):
        if (folder / name).is_file():
            attributes = (folder / name).read_bytes()[:_HEAD]
            if any(mark in attributes for mark in _IN_ZARR):
                return True
    return False


def read_extractor(path: Path, name: str) -> Any:
    """Return the sorting of a file or folder.

    Parameters
    ----------
    path : pathlib.Path
        The file or folder.
    name : str
        ``"spikeinterface"`` for what spikeinterface saved, else the name of an
        extractor: ``"phy"`` for ``read_phy``.

    Raises
    ------
    ImportError
        If spikeinterface is not installed.
    ValueError
        If it has no such extractor.
    RecordingError
        If it cannot read the file.
    """
    try:
        core = importlib.import_module("spikeinterface.core")
        extractors = importlib.import_module("spikeinterface.extractors")
    except ImportError as error:
        raise ImportError(
            f"format {name!r} needs spikeinterface. Install it: pip install "
            "'neuroclass[sorters]'."
        ) from error
    if name == "spikeinterface":
        read = core.load
    else:
        read = getattr(extractors, f"read_{name}", None)
        if read is None:
            known = sorted(
                n.removeprefix("read_")
                for n in dir(extractors)
                if n.startswith("read_")
            )
            raise ValueError(
                f"format must be one of neuroclass.io.FORMATS, or a sorting "
                f"extractor of spikeinterface; got {name!r}. Its extractors are: "
                f"{some(known, 60)}."
            )
    try:
        found = read(path)
    except Exception as error:  # each extractor raises its own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise RecordingError(
            f"{path} cannot be read by spikeinterface as {name}: "
            f"{reason.rstrip('.')}. Check the path that this extractor takes."
        ) from error
    if isinstance(found, tuple):  # recording and sorting
        found = next(one for one in found if hasattr(one, "get_unit_spike_train"))
    if hasattr(found, "sorting"):
        found = found.sorting
    if not hasattr(found, "get_unit_spike_train"):
        raise RecordingError(
            f"{path} is read by spikeinterface as {type(found).__name__}, which holds "
            "no sorted units. Give the sorting."
        )
    return found
