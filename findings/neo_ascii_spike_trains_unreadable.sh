#!/usr/bin/env bash
# neo 0.14.6: AsciiSpikeTrainIO writes every spike time with its unit after it ("0.1 s"),
# and the same class then refuses its own file: its reader takes each cell for a plain
# number. t_start, t_stop and names are in the file in no form, so that a file mended by
# hand still loses when a silent neuron was recorded.
# Output seen: "file: '0.1 s\t0.5 s\t\n1.25 s\t\n'", "reading: could not convert string to
# float".
# Here: the format is not read, and the message names the row.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6
"$folder/venv/bin/python" -W ignore - "$folder/trains.txt" <<'PY'
import sys
from pathlib import Path

import neo

segment = neo.Segment()
for times in ([0.1, 0.5], [1.25]):
    train = neo.SpikeTrain(times, units="s", t_stop=2)
    segment.spiketrains.append(train)
file = neo.io.AsciiSpikeTrainIO(sys.argv[1])
file.write_segment(segment)
print("file:", repr(Path(sys.argv[1]).read_text()))
try:
    file.read_segment()
except ValueError as error:
    print("reading:", str(error).split(":")[0])
else:
    sys.exit("its own file is read now: the finding is out of date")
PY
