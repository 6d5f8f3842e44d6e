#!/usr/bin/env bash
# neo 0.14.6 with pynwb 4.2.0: NWBIO writes one row of the Units table for every spike
# train of every segment, so that two neurons in three trials become six units of the
# file, each observed for one trial; only the columns `_name` and `segment` say what
# belongs together. Nothing that reads NWB by its schema knows these columns: rates are
# those of the whole session, and no unit has a repeat. The times of the trials are in
# no interval table.
# Output seen: "rows of Units: 6 of 2 neurons", "trials: None", "names: ['a', 'b', 'a',
# 'b', 'a', 'b']".
# Here: rows of one name are joined into one unit, and the segments are its trials.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 pynwb==4.2.0
"$folder/venv/bin/python" -W ignore - "$folder/block.nwb" <<'PY'
import sys
from datetime import datetime

import neo
import numpy as np
import pynwb

block = neo.Block(name="block", session_start_time=datetime(2020, 1, 1))
for trial in range(3):
    segment = neo.Segment(name=f"trial{trial}")
    for name in "ab":
        times = np.array([0.1, 0.5]) + 3 * trial
        train = neo.SpikeTrain(
            times, units="s", t_start=3 * trial, t_stop=3 * trial + 2, name=name
        )
        segment.spiketrains.append(train)
    block.segments.append(segment)
neo.io.NWBIO(sys.argv[1], "w").write_all_blocks([block])
with pynwb.NWBHDF5IO(sys.argv[1], "r") as io:
    file = io.read()
    print(f"rows of Units: {len(file.units)} of 2 neurons")
    print("trials:", file.trials)
    names = [str(name) for name in file.units["_name"][:]]
    print("names:", names)
    if len(file.units) != 6 or file.trials is not None or names != list("ababab"):
        sys.exit("another layout now: the finding is out of date")
PY
