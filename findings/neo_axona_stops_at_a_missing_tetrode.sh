#!/usr/bin/env bash
# neo 0.14.6: `AxonaRawIO` looks for the tetrode files of a recording, a.1, a.2 and so
# on, until the first that is not there. Tetrodes whose recording was switched off have
# no file, so that all behind a gap are left out, and where tetrode 1 is off there is no
# spike at all; nothing is said. Tetrodes are numbered by their place, not by the file.
# Output seen: "files of tetrodes 1, 3, 4: ['tetrode 1']", "files of tetrodes 2, 3: []".
# Here: every tetrode file is read, by the number in its name.
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


def write(folder, tetrodes):
    folder.mkdir()
    lines = ["trial_date Wednesday, 1 Jan 2020", "trial_time 10:00:00", "rawRate 48000"]
    lines += ["Spike2msMode 0", "pretrigSamps 10", "data_start"]
    (folder / "a.set").write_bytes("\r\n".join(lines).encode())
    head = ["duration 6", "num_chans 4", "num_spikes 2", "timebase 96000 hz"]
    head = "\r\n".join([*head, "sample_rate 48000 hz", "data_start"]).encode()
    times = [48_000] * 4 + [96_000] * 4  # one for each of four channels
    data = b"".join(struct.pack(">i", time) + bytes(50) for time in times)
    for number in tetrodes:
        content = head + data + b"\r\ndata_end\r\n"
        (folder / f"a.{number}").write_bytes(content)
    return folder / "a.set"


found = {}
for tetrodes in ((1, 3, 4), (2, 3)):
    name = ", ".join(str(number) for number in tetrodes)
    reader = neo.rawio.AxonaRawIO(str(write(Path(sys.argv[1]) / name, tetrodes)))
    reader.parse_header()
    found[name] = [str(unit) for unit in reader.header["spike_channels"]["name"]]
    print(f"files of tetrodes {name}: {found[name]}")
if found != {"1, 3, 4": ["tetrode 1"], "2, 3": []}:
    sys.exit("another result now: the finding is out of date")
PY
