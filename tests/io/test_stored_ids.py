"""Ids of the units of an NWB file, which hdmf makes up where none are stored."""

import h5py
import numpy as np
import pytest

from neuroclass import from_events, load_recording
from neuroclass.io import write_recording

IDS = [11, 12, 13]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.nwb"
    write_recording(from_events([0.1, 0.2, 0.3], IDS), path)
    return path


def replace_ids(path, kind):
    with h5py.File(path, "r+") as file:
        units = file["units"]
        ids, attributes = units["id"][()], dict(units["id"].attrs)
        del units["id"]
        if kind == "group":
            units.create_group("id").attrs.update(attributes)
        elif kind in ("soft link", "hard link"):
            moved = file.create_dataset("ids", data=ids)
            moved.attrs.update(attributes)
            units["id"] = h5py.SoftLink("/ids") if kind == "soft link" else moved
        elif kind == "broken link":
            units["id"] = h5py.SoftLink("/nowhere")
        elif kind == "too few":
            file.create_dataset("ids", data=ids[:2])
            units["id"] = file["ids"]


def ids_of(path):
    trains = load_recording(path).segments[0].spiketrains
    return [train.annotations["unit_id"] for train in trains]


@pytest.mark.parametrize("kind", ["soft link", "hard link"])
def test_linked_ids_are_the_stored_ones(path, kind):
    replace_ids(path, kind)
    assert ids_of(path) == IDS


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("group", "a group"),
        ("broken link", "a link that leads nowhere"),
        ("missing", "missing"),
        ("too few", r"of shape \(2,\)"),
    ],
)
def test_positions_in_place_of_ids_are_named(path, kind, found):
    replace_ids(path, kind)
    with pytest.warns(UserWarning, match=f"units/id must be whole .*; it is {found}"):
        assert ids_of(path) == list(np.arange(3))
