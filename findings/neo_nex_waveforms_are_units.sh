#!/usr/bin/env bash
# neo 0.14.6: a NeuroExplorer file that was exported with waveforms holds each sorted unit
# twice, as a neuron (sig001a) and as a waveform variable (sig001a_wf) with the same
# times, and the unsorted spikes of the channel as sig001i. neo.rawio lists all of them
# as spike channels of one kind; nothing in the header that it returns tells them apart
# but the names. Who takes each spike channel for a neuron counts units twice, and finds
# perfectly alike "pairs".
# Output seen: "spike channels: ['sig001a', 'sig001i', 'sig001a_wf']",
# "spikes: [3, 2, 3], of one time: True".
# Here: waveforms of a unit that is there and unsorted spikes are left out, with a line.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/a.nex" <<'PY'
import struct
import sys

import neo.rawio
import numpy as np

path, rate = sys.argv[1], 1000
variables = [
    (0, b"sig001a", [100, 250, 900]),
    (0, b"sig001i", [300, 700]),
    (3, b"sig001a_wf", [100, 250, 900]),
]
heads, data, offset = b"", b"", 544 + 208 * len(variables)
for kind, name, stamps in variables:
    head = struct.pack("<ii64sIi", kind, 102, name, offset + len(data), len(stamps))
    head += struct.pack("<iiiidddd", 0, 0, 0, 0, 0, 0, rate, 0)
    head += struct.pack("<iiidd", 2 if kind else 0, 0, 0, 0, 0)
    heads += head.ljust(208, b"\0")
    data += struct.pack(f"<{len(stamps)}i", *stamps)
    data += bytes(2 * 2 * len(stamps) if kind else 0)
file = struct.pack("<4si256sdiii", b"NEX1", 104, b"", rate, 0, 1000, len(variables))
with open(path, "wb") as out:
    out.write(file.ljust(544, b"\0") + heads + data)

reader = neo.rawio.NeuroExplorerRawIO(path)
reader.parse_header()
names = [str(name) for name in reader.header["spike_channels"]["name"]]
trains = [np.array(reader.get_spike_timestamps(0, 0, k)) for k in range(len(names))]
is_one = bool(np.array_equal(trains[0], trains[-1]))
print("spike channels:", names)
print(f"spikes: {[len(train) for train in trains]}, of one time: {is_one}")
if len(names) != 3 or not is_one:
    sys.exit("another result now: the finding is out of date")
PY
