#!/usr/bin/env bash
# pynapple 0.11.4 with pynwb 4.2.0: `load_file` of an NWB file does not use the column
# obs_intervals of Units, the stretches in which a unit was observed. The time support of
# the group is the union of the spans of its units, from the first to the last spike of
# each: rates are divided by that, and what lies between is cut off by `restrict`. A unit
# of 3 spikes in 5 s of observation has .3 Hz beside one that was observed for 10 s, and
# the time before the first spike of a recording is not there.
# Output seen: "support: [[1.0, 3.0], [101.0, 109.0]]", "rates: [0.3, 0.3], of
# observation: [0.6, 0.3]".
# Here: obs_intervals of NWB are used; a support of a group that is made of first and last
# spikes is not taken for a time of observation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pynapple==0.11.4 pynwb==4.2.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/a.nwb" <<'PY'
import sys
from datetime import datetime, timezone

import pynapple
from pynwb import NWBHDF5IO, NWBFile

file = NWBFile("a", "b", datetime(2020, 1, 1, tzinfo=timezone.utc))
file.add_unit(spike_times=[1.0, 2.0, 3.0], obs_intervals=[[0.0, 5.0]])
file.add_unit(spike_times=[101.0, 102.0, 109.0], obs_intervals=[[100.0, 110.0]])
with NWBHDF5IO(sys.argv[1], "w") as io:
    io.write(file)
units = pynapple.load_file(sys.argv[1])["units"]
support = units.time_support.values.tolist()
rates = [float(rate) for rate in units.rate]
print("support:", support)
print(f"rates: {rates}, of observation: {[3 / 5, 3 / 10]}")
if support != [[1.0, 3.0], [101.0, 109.0]] or rates != [0.3, 0.3]:
    sys.exit("another result now: the finding is out of date")
PY
