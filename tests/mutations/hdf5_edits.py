"""Edits of one dataset of an HDF5 file: its values, its type, or what it is at all."""

import h5py
import numpy as np

from tests.mutations.edits import edit_array

__all__ = ["edit_dataset"]

_KINDS = (
    *("gone", "group", "reference", "null", "colnames", "names", "declared"),
    *("no attrs", "bytes name", "external", "soft", "type", "enum"),
)


def edit_dataset(file, place, rng):
    """Make one edit of the dataset at a place, and return what it is."""
    if rng.random() < 0.25:
        return _edit_structure(file, place, rng)
    old = file[place]
    attributes = dict(old.attrs)
    values, done = edit_array(old[()], rng)
    if values.dtype.kind == "U":
        values = values.astype(h5py.string_dtype())
    if values.dtype.kind == "M":
        values = values.astype(np.int64)
    del file[place]
    file[place] = values
    file[place].attrs.update(attributes)
    _mend_index(file, place)
    return f"{place}: {done}"


def _mend_index(file, place):
    # The index refers to its column by an object reference.
    index = f"{place}_index"
    if index in file:
        file[index].attrs["target"] = file[place].ref


def _edit_structure(file, place, rng):
    kind = str(rng.choice(_KINDS))
    old = file[place]
    attributes, parent = dict(old.attrs), old.parent
    if kind == "colnames":
        odd = [["a"], "spike_times", np.arange(3), [b"\xff\xfe"], np.array([], "S1")]
        parent.attrs["colnames"] = odd[int(rng.integers(len(odd)))]
        return f"colnames of {parent.name}"
    if kind == "names":
        old.attrs.update({"description": 7, "neurodata_type": "Odd"})
        return f"{place}: type of column"
    if kind == "no attrs":
        for name in list(old.attrs):
            del old.attrs[name]
        return f"{place}: no attributes"
    if kind == "type":
        parent.attrs["neurodata_type"] = str(rng.choice(["VectorData", "", "Units"]))
        return f"{parent.name}: other type"
    if kind == "bytes name":
        parent.id.links.create_soft(b"\xff\xfe", place.encode())
        return f"{parent.name}: name that is not UTF-8"
    name = old.name
    del file[name]
    shape = old.shape or (1,)
    if kind == "group":
        file.create_group(name)
    elif kind == "reference":
        file[name] = np.array([file.ref] * max(shape[0], 1), dtype=h5py.ref_dtype)
    elif kind == "null":
        file[name] = h5py.Empty("f8")
    elif kind == "declared":
        file.create_dataset(name, (10**13,), "f8", chunks=(1024,))
    elif kind == "external":
        file[name] = h5py.ExternalLink("elsewhere.h5", "/x")
    elif kind == "soft":
        file[name] = h5py.SoftLink("/nowhere")
    elif kind == "enum":
        file[name] = np.zeros(shape, h5py.enum_dtype({"a": 0, "b": 1}))
    if kind in ("reference", "null", "declared", "enum"):
        file[name].attrs.update(attributes)
        _mend_index(file, place)
    return f"{place}: {kind}"
