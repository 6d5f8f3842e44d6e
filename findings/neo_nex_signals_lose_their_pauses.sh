#!/usr/bin/env bash
# neo 0.14.6: a continuous variable of a NeuroExplorer file is a row of fragments, each
# with its time stamp, since a recording that was paused has gaps. `NeuroExplorerRawIO`
# uses the first stamp only and sets the fragments behind each other, so that all after
# a pause is early by its length; spikes and events of the same file are at their own
# times.
# Output seen: "pulse of the signal: 1.5 s, its event: 11.5 s", "signal: 2.0 s long,
# recording: 12.0 s".
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

rate = 1000
signal = np.zeros(2 * rate, np.int16)
signal[1500:1510] = 1000  # in the second fragment, which starts at 11 s


def variable(kind, name, offset, count, points):
    head = struct.pack("<ii64sIi", kind, 102, name, offset, count)
    head += struct.pack("<iiiidddd", 0, 0, 0, 0, 0, 0, rate, 1.0)
    return (head + struct.pack("<iiidd", points, 0, 0, 0, 0)).ljust(208, b"\0")


start = 544 + 2 * 208
stamps = struct.pack("<4i", 0, 11 * rate, 0, rate)  # time stamps, then first samples
data = stamps + signal.tobytes()
heads = variable(5, b"signal", start, 2, len(signal))
heads += variable(1, b"pulse", start + len(data), 1, 0)
data += struct.pack("<i", round(11.5 * rate))
file = struct.pack("<4si256sdiii", b"NEX1", 104, b"", rate, 0, 12 * rate, 2)
with open(sys.argv[1], "wb") as out:
    out.write(file.ljust(544, b"\0") + heads + data)

reader = neo.rawio.NeuroExplorerRawIO(sys.argv[1])
reader.parse_header()
values = reader.get_analogsignal_chunk(0, 0, stream_index=0).ravel()
found = reader.get_signal_t_start(0, 0, 0) + np.argmax(values > 0) / rate
event = reader.rescale_event_timestamp(reader.get_event_timestamps(0, 0, 0)[0])[0]
print(f"pulse of the signal: {found} s, its event: {event} s")
stop = reader.segment_t_stop(0, 0)
print(f"signal: {len(values) / rate} s long, recording: {stop} s")
if found != 1.5 or event != 11.5:
    sys.exit("another result now: the finding is out of date")
PY
