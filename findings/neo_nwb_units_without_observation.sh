#!/usr/bin/env bash
# neo 0.14.6 with pynwb 4.2.0: `NWBIO` reads a Units table only if it has the optional
# column obs_intervals; without it, as most files have it, `read_all_blocks` ends in a
# KeyError that does not name the file. With the column, the trials table, the ids of the
# units and their other columns are not read: the block has spike trains without names
# and no epoch, so the repeats of the stimulus are lost.
# Output seen: "without: KeyError 'obs_intervals'", "with: 2 trains, names [None, None],
# epochs 0, columns of units: ['nwb_group']".
# Here: NWB is read with pynwb, with all tables and columns.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 pynwb==4.2.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import sys
from datetime import datetime, timezone

import neo
from pynwb import NWBHDF5IO, NWBFile


def write(path, **columns):
    file = NWBFile("a", "b", datetime(2020, 1, 1, tzinfo=timezone.utc))
    file.add_unit_column("area", "where")
    for start in (0.0, 0.5):
        file.add_unit(spike_times=[start + 1.0, start + 2.0], area="retina", **columns)
    for onset in (0.0, 2.0):
        file.add_trial(start_time=onset, stop_time=onset + 1.0)
    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


try:
    neo.NWBIO(write(f"{sys.argv[1]}/without.nwb"), "r").read_all_blocks()
    sys.exit("read now: the finding is out of date")
except KeyError as error:
    print("without: KeyError", error)
path = write(f"{sys.argv[1]}/with.nwb", obs_intervals=[[0.0, 4.0]])
(segment,) = neo.NWBIO(path, "r").read_all_blocks()[0].segments
trains = segment.spiketrains
names = [train.name for train in trains]
columns = sorted(trains[0].annotations)
print(
    f"with: {len(trains)} trains, names {names}, epochs {len(segment.epochs)}, "
    f"columns of units: {columns}"
)
if names != [None, None] or segment.epochs or "area" in columns:
    sys.exit("another result now: the finding is out of date")
PY
