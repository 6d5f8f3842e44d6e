#!/usr/bin/env bash
# neo 0.14.6: `OpenEphysRawIO.get_spike_timestamps` without t_start and t_stop, the usual
# call, takes the sample numbers of the first and last spike for seconds and multiplies
# them by the sampling rate. Spikes outside of that window are dropped: of a recording
# that begins 50,000 samples after acquisition none is left, without an error, and
# `spike_count` says 0. With bounds in seconds all are there. Events of both edges of a TTL have
# the same label.
# Output seen: "without bounds: 0, spike_count: 0, with bounds: 3",
# "labels of a rising and a falling edge: ['3#100#0', '3#100#0']".
# Here: the bounds are given, and rising edges are taken.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
mkdir "$folder/session"
"$folder/venv/bin/python" -W ignore - "$folder/session" <<'PY'
import struct
import sys
from pathlib import Path

import neo.rawio
import numpy as np
from neo.rawio.openephysrawio import continuous_dtype

folder, rate, first = Path(sys.argv[1]), 30_000, 50_000


def header(**fields):
    fields |= {"version": "0.4", "sampleRate": rate, "bitVolts": 0.2}
    fields |= {"date_created": "'1-Jan-2020 000000'"}
    lines = [f"header.{key} = {value};\n" for key, value in fields.items()]
    return "".join(lines).encode().ljust(1024, b" ")


signal = np.zeros(176, np.dtype(continuous_dtype))
signal["timestamp"] = first + 1024 * np.arange(176)
(folder / "100_CH1.continuous").write_bytes(header() + signal.tobytes())
spikes = b"".join(
    struct.pack("<Bqq6H", 4, first + sample, 0, 0, 1, 4, 1, 0, 0)
    + struct.pack("<3B2fH4Hf2H", *[0] * 5, rate, *[0] * 4, 1.0, 0, 0)
    for sample in (18_000, 78_000, 142_500)
)
(folder / "SE1.spikes").write_bytes(header(num_channels=1, electrode="'E'") + spikes)
edges = b"".join(
    struct.pack("<qhBBBBH", first + 15_000 + 3_000 * (1 - up), 0, 3, 100, up, 0, 0)
    for up in (1, 0)
)
(folder / "all_channels.events").write_bytes(header() + edges)

reader = neo.rawio.OpenEphysRawIO(str(folder))
reader.parse_header()
plain = len(reader.get_spike_timestamps(0, 0, 0))
count = int(reader.spike_count(0, 0, 0))
bounded = len(reader.get_spike_timestamps(0, 0, 0, t_start=0.0, t_stop=10.0))
labels = [str(label) for label in reader.get_event_timestamps(0, 0, 0)[2]]
print(f"without bounds: {plain}, spike_count: {count}, with bounds: {bounded}")
print("labels of a rising and a falling edge:", labels)
if (plain, bounded) != (0, 3) or labels != ["3#100#0"] * 2:
    sys.exit("another result now: the finding is out of date")
PY
