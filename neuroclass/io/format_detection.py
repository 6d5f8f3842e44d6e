"""Format of a file, by its content first and its suffix second.

Input: the path of a file. Output: the name of its format, or an error in one line.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import h5py

from neuroclass._lib.paths import check_exists
from neuroclass._lib.wording import some
from neuroclass.exceptions import RecordingError
from neuroclass.io.files.raw_formats import RAW_FORMATS, raw_format_of
from neuroclass.io.sorters.klusters import cluster_files
from neuroclass.io.sorters.sorter_folders import cell_files
from neuroclass.io.sorters.sortings import is_saved_sorting

__all__ = ["FORMATS", "READABLE_FORMATS", "detect_format"]

READABLE_FORMATS = (
    "NWB 2, Kilosort and phy folders, Blackrock, Plexon, NeuroExplorer and others of "
    "neo, npz, csv, mat, parquet, NEST and SONATA"
)
#: Names of the formats that are read.
FORMATS = (
    *("nwb", "nwb-zarr", "phy", "circus", "klusters", "text-per-cell"),
    *("openephys-binary", "spikeinterface"),
    *("npz", "npy", "csv", "mat", "mat-v7.3", "parquet", "sonata", "mearec"),
    *RAW_FORMATS,
)
_OF_KLUSTERS = re.compile(r"\.(clu|res)(\.\d+)?$")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".gdf")
_BINARY_SUFFIXES = {".nwb": "HDF5", ".h5": "HDF5", ".hdf5": "HDF5", ".npz": "npz"}
_REFUSED = {
    b"NEX5": ("NeuroExplorer .nex5", "Save it as .nex (File > Save As)"),
    b"#!AER-DAT": (
        "AEDAT, events of a camera",
        "Train a network on it (neuroclass train)",
    ),
    b"\x1f\x8b": ("compressed (gzip)", "Unpack it (gunzip)"),
    b"BZh": ("compressed (bzip2)", "Unpack it (bunzip2)"),
    b"\xfd7zXZ": ("compressed (xz)", "Unpack it (unxz)"),
    b"\x80\x04": ("a Python pickle", "Load it in Python and give the object"),
    b"\x80\x03": ("a Python pickle", "Load it in Python and give the object"),
    b"\x80\x05": ("a Python pickle", "Load it in Python and give the object"),
}


def detect_format(path: Path, name: str | None = None) -> str:
    """Return the format of a file or folder.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file or folder, which is only read; nothing is unpickled.
    name : str, optional
        Name of the format, which the content then does not decide.

    Returns
    -------
    str
        One of `FORMATS`, or the given name.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    RecordingError
        If the file is empty, truncated, or holds no known format.
    """
    check_exists(path)
    if not (path.is_file() or path.is_dir()):
        # Reading a pipe or a terminal would wait, perhaps for ever.
        raise RecordingError(
            f"{path} must be a file or folder; it is a pipe, a device or a socket. "
            "Save what it gives into a file."
        )
    if name is not None:
        return _given_format(path, name)
    if path.is_dir():
        return _detect_in_folder(path)
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
        # One file of a sorter's folder stands for the folder.
        is_phy = path.name in ("spike_times.npy", "spike_clusters.npy")
        if is_phy and _is_phy(path.parent):
            raise RecordingError(
                f"{path} is a part of a Kilosort or phy folder. Give the folder "
                f"{path.parent}."
            )
        return "npy"
    if head.startswith((b"PAR1", b"ARROW1", b"FEA1")):
        return "parquet"
    for magic, (found, cure) in _REFUSED.items():
        if head.startswith(magic):
            raise RecordingError(f"{path} is {found}, which is not read. {cure}.")
    if raw := raw_format_of(path, head):
        return raw
    expected = _BINARY_SUFFIXES.get(path.suffix.lower())
    if expected and not (head[:1] == b"{" and _is_text(head)):
        raise RecordingError(
            f"{path} must be {expected}, as its suffix says; it starts with "
            f"{head[:8]!r}. Export or copy it again."
        )
    if path.suffix.lower() == ".mat":
        raise RecordingError(
            f"{path} is no .mat file of version 5, 7 or 7.3 (older ones have no cell "
            "arrays). Save it again with save(..., '-v7')."
        )
    is_of_phy = path.name == "params.py" or path.name.startswith("cluster_")
    if is_of_phy and _is_phy(path.parent):
        raise RecordingError(
            f"{path} is a part of a Kilosort or phy folder. Give the folder "
            f"{path.parent}."
        )
    if _OF_KLUSTERS.search(path.name) and cluster_files(path.parent):
        raise RecordingError(
            f"{path} is a part of a folder of Klusters. Give the folder {path.parent}."
        )
    if head.lstrip()[:1] in (b"{", b"["):
        found = "lindi or another JSON file" if b'"refs"' in head else "JSON"
        raise RecordingError(
            f"{path} is {found}, which is not read. Save the spike times as csv or "
            "npz, or the file as NWB 2 in HDF5."
        )
    # The reader refuses a table in another encoding than UTF-8.
    if path.suffix.lower() in _TEXT_SUFFIXES or _is_text(head):
        return "csv"
    raise RecordingError(
        f"{path} is of no format that can be read ({READABLE_FORMATS}); it starts with "
        f"{head[:8]!r}. Export the spike times to one of them."
    )


def _given_format(path: Path, name: str) -> str:
    if name not in FORMATS:
        return name  # an extractor of spikeinterface, which knows whether it exists
    if path.is_dir() and name in ("npz", "npy", "csv", "mat", "mat-v7.3", "sonata"):
        raise RecordingError(
            f"{path} must be a file to be read as {name}; it is a folder. Give the "
            "file inside it."
        )
    return name


def _is_phy(folder: Path) -> bool:
    return (folder / "spike_times.npy").exists()


def _detect_in_folder(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    if not names:
        raise RecordingError(
            f"{folder} must hold a recording; the folder is empty. Copy it again."
        )
    if is_saved_sorting(folder):
        return "spikeinterface"
    if _is_phy(folder):
        return "phy"
    if cluster_files(folder):
        return "klusters"
    if {".zgroup", ".zattrs", "zarr.json", ".zmetadata"} & set(names):
        return "nwb-zarr"
    if raw := raw_format_of(folder):
        return raw
    if cell_files(folder):
        return "text-per-cell"
    inner = [
        path.parent
        for pattern in ("*/spike_times.npy", "*/*/spike_times.npy")
        for path in sorted(folder.glob(pattern))
    ]
    several = f" or another of {len(inner)} sortings" if len(inner) > 1 else ""
    cure = f"Give {inner[0]}{several}" if inner else "Give the file inside it"
    raise RecordingError(
        f"{folder} is a folder of no known format; it holds {some(names, 8)}. {cure}, "
        "or name the format (--format)."
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
    if "[Content_Types].xml" in names:
        raise RecordingError(
            f"{path} is an Excel workbook, which is not read. Save the sheet as csv."
        )
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
            kind = _hdf5_format(file)
    except BlockingIOError as error:
        raise RecordingError(
            f"{path} is held open for writing by another program. Close it there, then "
            "try again."
        ) from error
    except (OSError, RuntimeError, KeyError) as error:  # h5py's, of damaged groups
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
    if kind is not None:
        return kind
    raise RecordingError(
        f"{path} is HDF5 but not NWB: it has no attribute nwb_version; it holds "
        f"{found or 'nothing'}. Convert it to NWB 2 (neuroconv) or to npz."
    )


def _hdf5_format(file: h5py.File) -> str | None:
    """Return the format of an HDF5 file that is no NWB, by its groups."""
    form = file.attrs.get("format", b"")
    if (form.decode() if isinstance(form, bytes) else form) == "nix":
        return "nix"
    if "spiketimes" in file:
        return "circus"
    if "spikes" in file and isinstance(file["spikes"], h5py.Group):
        spikes = file["spikes"]
        tables = [spikes, *spikes.values()]
        if any(isinstance(t, h5py.Group) and "timestamps" in t for t in tables):
            return "sonata"
    if {"spiketrains", "channel_positions"} <= set(file):
        return "mearec"
    return None


def _old_nwb(path: Path, version: str) -> RecordingError:
    return RecordingError(
        f"{path} is NWB {version}; NWB 2 is needed. Convert it, for example with the "
        "dataset's own newer release on the DANDI archive."
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error) else "no reason"
