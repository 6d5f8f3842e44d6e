"""Format of a file, by its content first and its suffix second.

Input: the path of a file. Output: the name of its format, or an error in one line.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py

from neuroclass.exceptions import RecordingError

__all__ = ["READABLE_FORMATS", "detect_format"]

READABLE_FORMATS = "NWB 2, npz, csv and mat"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
_BINARY_SUFFIXES = {".nwb": "HDF5", ".h5": "HDF5", ".hdf5": "HDF5", ".npz": "npz"}


def detect_format(path: Path) -> str:
    """Return the format of a file.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file, which is only read; nothing is unpickled.

    Returns
    -------
    str
        ``"nwb"``, ``"npz"``, ``"csv"``, ``"mat"`` or ``"mat-v7.3"``.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    RecordingError
        If the file is a folder, empty, truncated, or holds no known format.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} must be an existing file; nothing is there.")
    if path.is_dir():
        raise RecordingError(
            f"{path} must be a file; it is a folder. Give the file inside it."
        )
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(512)
        behind_user_block = file.read(len(_HDF5))
    if not head:
        raise RecordingError(
            f"{path} must not be empty; got 0 bytes. Export or copy it again."
        )
    if head.startswith(_HDF5):
        return _detect_in_hdf5(path)
    if head.startswith(b"MATLAB 7.3") or behind_user_block == _HDF5:
        return "mat-v7.3"
    if head.startswith(b"MATLAB 5.0"):
        return "mat"
    if head.startswith(b"PK"):
        return _detect_in_zip(path)
    if head.startswith(b"\x93NUMPY"):
        raise RecordingError(
            f"{path} is one numpy array, whose axes are unknown. Load it "
            "with numpy and use from_raster or from_events."
        )
    expected = _BINARY_SUFFIXES.get(path.suffix.lower())
    if expected:
        raise RecordingError(
            f"{path} must be {expected}, as its suffix says; it starts with "
            f"{head[:8]!r}. Export or copy it again."
        )
    if path.suffix.lower() == ".mat":
        raise RecordingError(
            f"{path} is no .mat file of version 5, 7 or 7.3 (older ones have no cell "
            "arrays). Save it again with save(..., '-v7')."
        )
    # The reader refuses a table in another encoding than UTF-8.
    if path.suffix.lower() in _TEXT_SUFFIXES or _is_text(head):
        return "csv"
    raise RecordingError(
        f"{path} is of no format that can be read ({READABLE_FORMATS}); it starts with "
        f"{head[:8]!r}. Export the spike times to one of them."
    )


def _is_text(head: bytes) -> bool:
    # The last character may be cut in the middle: up to three bytes are ignored.
    for end in range(len(head), max(len(head) - 4, 0), -1):
        try:
            return "\0" not in head[:end].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return False


def _detect_in_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise RecordingError(
            f"{path} is a damaged or truncated npz (zip) file: {error}. Save or copy "
            "it again."
        ) from error
    if not all(name.endswith(".npy") for name in names):
        raise RecordingError(
            f"{path} is a zip file but no npz: it holds {names[0]!r}. Unpack it and "
            "give the recording inside."
        )
    return "npz"


def _detect_in_hdf5(path: Path) -> str:
    try:
        with h5py.File(path, "r") as file:
            version = file.attrs.get("nwb_version")
            is_first_nwb = "nwb_version" in file
            found = ", ".join(list(file)[:6])
    except BlockingIOError as error:
        raise RecordingError(
            f"{path} is held open for writing by another program. Close it there, then "
            "try again."
        ) from error
    except OSError as error:
        raise RecordingError(
            f"{path} is a damaged or truncated HDF5 file: {_first_line(error)}. Copy "
            "or download it again."
        ) from error
    if version is not None:
        text = version.decode() if isinstance(version, bytes) else str(version)
        if text.split(".")[0].lstrip("vV") == "2":
            return "nwb"
        raise _old_nwb(path, text)
    if is_first_nwb:
        raise _old_nwb(path, "1.x")
    raise RecordingError(
        f"{path} is HDF5 but not NWB: it has no attribute nwb_version; it holds "
        f"{found or 'nothing'}. Convert it to NWB 2 (neuroconv) or to npz."
    )


def _old_nwb(path: Path, version: str) -> RecordingError:
    return RecordingError(
        f"{path} is NWB {version}; NWB 2 is needed. Convert it, for example with the "
        "dataset's own newer release on the DANDI archive."
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error) else "no reason"
