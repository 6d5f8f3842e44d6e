#!/usr/bin/env bash
# neo 0.14.6: a recording of Neuralynx that was stopped and started again has a second
# file for each channel (Events_0001.nev, SE1_0001.nse). `NeuralynxRawIO` keeps files by
# name and number of their channel, so that the last one replaces those before: triggers
# and spikes of the first part are gone, without a warning. Units are listed once for
# each file, all with the spikes of the last, as perfectly alike pairs. Where no signal
# is saved, zero moves too. neo needs dateutil for this format, and does not ask for it.
# Output seen: "rising edges: 2 of 5, at [0.5, 2.5] s", "with one file: 5, at [0.5, 2.5,
# 4.5, 60.5, 62.5] s", "spikes of unit 1: [1, 1] in two channels, of 3".
# Here: the parts are joined.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6 python-dateutil==4.0.0
"$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import struct
import sys
from pathlib import Path

import neo.rawio
import numpy as np

HEAD = ["######## Neuralynx Data File Header", '-ApplicationName Cheetah "6.4.0"']
HEAD += ["-TimeCreated 2020/01/01 00:00:00", "-TimeClosed 2020/01/01 01:00:00"]
ONSETS = [0.5, 2.5, 4.5, 60.5, 62.5]


def write(path, rows):
    lines = HEAD
    if path.suffix == ".nse":
        lines = [*HEAD, "-AcqEntName SE1", "-ADChannel 1", "-NumADChannels 1"]
        lines += ["-SamplingFrequency 30000", "-ADBitVolts 0.0001", "-InputRange 100"]
        data = b"".join(
            struct.pack("<QII8i32h", round((100 + t) * 1e6), 1, 1, *[0] * 40)
            for t in rows
        )
        path.write_bytes("\r\n".join(lines).encode().ljust(2**14, b"\0") + data)
        return
    data = b"".join(
        struct.pack(
            "<hhhQhhhhh8i128s",
            *(0, 0, 0, round((100 + t) * 1e6), kind, value, 0, 0, 0, *[0] * 8, b""),
        )
        for t, kind, value in rows
    )
    path.write_bytes("\r\n".join(HEAD).encode().ljust(2**14, b"\0") + data)


def rising(folder):
    reader = neo.rawio.NeuralynxRawIO(str(folder))
    reader.parse_header()
    units = range(len(reader.header["spike_channels"]))
    counts = [len(reader.get_spike_timestamps(0, 0, k)) for k in units]
    names = [str(name) for name in reader.header["event_channels"]["name"]]
    k = next(k for k, name in enumerate(names) if name.endswith("id=11 ttl=1"))
    stamps = reader.get_event_timestamps(0, 0, k)[0]
    times = reader.rescale_event_timestamp(stamps, "float64", k)
    return np.round(times, 3).tolist(), counts


edges = sorted([(t, 11, 1) for t in ONSETS] + [(t + 0.1, 11, 0) for t in ONSETS])
first = [(0.0, 19, 0), *edges[:6], (6.0, 19, 0)]
second = [(60.0, 19, 0), *edges[6:], (70.0, 19, 0)]
folders = [Path(sys.argv[1]) / name for name in ("two", "one")]
for folder in folders:
    folder.mkdir()
write(folders[0] / "Events.nev", first)
write(folders[0] / "Events_0001.nev", second)
write(folders[1] / "Events.nev", first + second)
write(folders[0] / "SE1.nse", [0.7, 2.7])
write(folders[0] / "SE1_0001.nse", [60.7])
(two, counts), (one, _) = (rising(folder) for folder in folders)
print(f"rising edges: {len(two)} of {len(ONSETS)}, at {two} s")
print(f"with one file: {len(one)}, at {one} s")
print(f"spikes of unit 1: {counts} in two channels, of 3")
if len(two) != 2 or len(one) != 5 or counts != [1, 1]:
    sys.exit("another result now: the finding is out of date")
PY
