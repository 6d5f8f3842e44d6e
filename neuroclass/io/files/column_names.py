"""Names of the units columns of an NWB file, without loading the recording.

Input: the path of a file. Output: the names, for options that name a column and are
refused before pynwb is loaded, which takes a second.
"""

from __future__ import annotations

from pathlib import Path

import h5py

__all__ = ["stored_unit_columns"]


def stored_unit_columns(path: str | Path) -> dict[str, bool] | None:
    """Return the names that units of an NWB file can have, and which are columns.

    Parameters
    ----------
    path : str or path
        Path of a file of any format, which is only read.

    Returns
    -------
    dict of str to bool, or None
        Each name in the Units table, and whether it has one value per unit; None where
        that is not known without loading: no HDF5, or no Units table at the top.
    """
    if not Path(path).is_file() or not h5py.is_hdf5(path):
        return None
    try:
        with h5py.File(path, "r") as file:
            units = file.get("units")
            if not isinstance(units, h5py.Group) or "colnames" not in units.attrs:
                return None
            names = {str(name) for name in units}
    except (OSError, RuntimeError, UnicodeError, KeyError):  # the reader says of what
        return None
    columns = {
        name: f"{name}_index" not in names and name not in ("id", "spike_times")
        for name in names
        if not name.endswith("_index")
    }
    # What a loaded recording has besides.
    return columns | {"unit_id": True, "obs_intervals": False}
