#!/usr/bin/env bash
# neo 0.14.6: `Spike2RawIO` lists both edges of a level channel (TTL, kind 4) as events
# of one kind without a label, although the file tells which level comes first: a
# stimulus of five pulses has ten onsets, every second one a pulse late. The four codes
# of a marker come as one number of 32 bits, so that code 2 with a second code 3 is
# "770".
# Output seen: "level: 4 events of 2 pulses, labels ['', '', '', '']", "markers 1; 2; 2
# and 3: ['1', '2', '770']".
# Here: the edges that rise are taken, and a marker is named by its codes, "2 3".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/a.smr" <<'PY'
import struct
import sys

import neo.rawio


def channel(name, kind, first, tail=b""):
    start = struct.pack("<hiiiHhhhhh", 0, -1, first, 0, 1, *[0] * 5) + bytes(72)
    title = bytes([len(name)]) + name
    start += struct.pack("<iih10sfBb", 0, 1, 0, title, 1, kind, 0) + tail
    return start.ljust(140, b"\0")


def block(number, times, data):
    head = struct.pack("<iiiihh", -1, -1, times[0], times[-1], number, len(times))
    return (head + data).ljust(512, b"\0")


pulses = [1000, 2000, 51_000, 52_000]
stamps = [1000, 51_000, 90_000]
codes = [(1, 0), (2, 0), (2, 3)]
markers = b"".join(
    struct.pack("<iBBBB", t, a, b, 0, 0)
    for t, (a, b) in zip(stamps, codes, strict=True)
)
head = struct.pack("<h18shhhihhhhhid", 9, b"", 10, 1, 0, 512, 2, *[0] * 5, 1e-6)
with open(sys.argv[1], "wb") as file:
    file.write(head.ljust(512, b"\0"))
    channels = channel(b"TTL", 4, 2, struct.pack("<BB", 1, 0)) + channel(b"code", 5, 3)
    file.write(channels.ljust(512, b"\0"))
    file.write(block(1, pulses, struct.pack("<4i", *pulses)))
    file.write(block(2, stamps, markers))

reader = neo.rawio.Spike2RawIO(sys.argv[1])
reader.parse_header()
edges, _, texts = reader.get_event_timestamps(0, 0, 0)
labels = [str(label) for label in reader.get_event_timestamps(0, 0, 1)[2]]
texts = [str(text) for text in texts]
print(f"level: {len(edges)} events of 2 pulses, labels {texts}")
print("markers 1; 2; 2 and 3:", labels)
if len(edges) != 4 or set(texts) != {""} or labels != ["1", "2", "770"]:
    sys.exit("another result now: the finding is out of date")
PY
