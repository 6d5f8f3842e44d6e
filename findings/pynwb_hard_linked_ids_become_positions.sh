#!/usr/bin/env bash
# pynwb 4.2.0 with hdmf 6.2.0: where `units/id` is a second name (a hard link) of a
# dataset that the file has elsewhere, or is missing, the ids are 0, 1, 2, ... in place of
# those stored, without a warning. h5py reads the stored ones.
# Output seen: "own dataset: [11, 12, 13], hard link: [0, 1, 2], stored: [11, 12, 13]".
# Here: the stored ids are read, and positions in place of ids are warned of.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pynwb==4.2.0 hdmf==6.2.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/a.nwb" <<'PY'
import sys
from datetime import datetime, timezone

import h5py
from pynwb import NWBHDF5IO, NWBFile

path = sys.argv[1]
file = NWBFile("a", "b", datetime(2020, 1, 1, tzinfo=timezone.utc))
for number in (11, 12, 13):
    file.add_unit(spike_times=[0.1, 0.2], id=number)
with NWBHDF5IO(path, "w") as io:
    io.write(file)


def ids():
    with NWBHDF5IO(path, "r") as io:
        return [int(one) for one in io.read().units.id[:]]


own = ids()
with h5py.File(path, "r+") as stored:
    stored.move("units/id", "ids")
    stored["units/id"] = stored["ids"]  # a second name of the same dataset
with h5py.File(path, "r") as stored:
    there = stored["units/id"][()].tolist()
linked = ids()
print(f"own dataset: {own}, hard link: {linked}, stored: {there}")
if linked == there:
    sys.exit("read now: the finding is out of date")
PY
