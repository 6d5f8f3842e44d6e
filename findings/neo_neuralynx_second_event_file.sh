#!/usr/bin/env bash
# neo 0.14.6: a recording of Neuralynx that was stopped and started again has a second
# file of events (Events_0001.nev). `NeuralynxRawIO` keeps the files by the number of
# their channel, which an event file does not have, so that the last one replaces all
# before: triggers of the first part are gone, without a warning. Where no signal is
# saved, zero moves to the first event of the second file.
# Output seen: "rising edges: 2 of 5, at [0.5, 2.5] s", "with one file: 5, at [0.5, 2.5,
# 4.5, 60.5, 62.5] s".
# Here: all event files of the folder are read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
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
    names = [str(name) for name in reader.header["event_channels"]["name"]]
    k = next(k for k, name in enumerate(names) if name.endswith("id=11 ttl=1"))
    stamps = reader.get_event_timestamps(0, 0, k)[0]
    return np.round(reader.rescale_event_timestamp(stamps, "float64", k), 3).tolist()


edges = sorted([(t, 11, 1) for t in ONSETS] + [(t + 0.1, 11, 0) for t in ONSETS])
first = [(0.0, 19, 0), *edges[:6], (6.0, 19, 0)]
second = [(60.0, 19, 0), *edges[6:], (70.0, 19, 0)]
folders = [Path(sys.argv[1]) / name for name in ("two", "one")]
for folder in folders:
    folder.mkdir()
write(folders[0] / "Events.nev", first)
write(folders[0] / "Events_0001.nev", second)
write(folders[1] / "Events.nev", first + second)
two, one = (rising(folder) for folder in folders)
print(f"rising edges: {len(two)} of {len(ONSETS)}, at {two} s")
print(f"with one file: {len(one)}, at {one} s")
if len(two) != 2 or len(one) != 5:
    sys.exit("another result now: the finding is out of date")
PY
