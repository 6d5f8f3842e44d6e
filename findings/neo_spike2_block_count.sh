#!/usr/bin/env bash
# neo 0.14.6: `Spike2RawIO` reads the number of data blocks of a channel as a signed
# number of 16 bits. In a .smr file it is unsigned, and since version 9, for large
# files, its upper half stands in the field that neo calls free0. A channel of 32,768 to
# 65,535 blocks (4 million events in the smallest blocks) is read as empty, one of
# 65,539 as its first 3 blocks, without an error. The other channels are right, and the
# recording ends where they end.
# Output seen: "blocks: 32767, events: 4030341 of 4030341, short: 3 of 3", "blocks:
# 32768, events: 0 of 4030464, short: 3 of 3", "blocks: 65539, events: 369 of 8061297,
# short: 3 of 3".
# Source: structure TChannel of CED's SON32 library (WORD blocks, short blocksMSW).
# Here: the number in the file is compared, and such a file is refused in words.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/a.smr" <<'PY'
import struct
import sys

import neo.rawio
import numpy as np

PER_BLOCK = 123


def channel(name, n_blocks, first):
    start = struct.pack("<hiiiHhhhhh", 0, -1, first, 0, n_blocks & 0xFFFF, *[0] * 5)
    start = bytearray(start)
    struct.pack_into("<H", start, 20, n_blocks >> 16)
    title = bytes([len(name)]) + name
    return bytes(start + bytes(72) + struct.pack("<iih10sfB", 0, 1, 0, title, 1, 3))


def write(path, n_blocks):
    head = struct.pack("<h18shhhihhhhhid", 9, b"", 10, 1, 0, 512, 2, *[0] * 5, 1e-6)
    kinds = [("head", "<i4", 4), ("channel", "<i2"), ("n", "<i2"), ("t", "<i4", 123)]
    blocks = np.zeros(n_blocks + 1, kinds)
    blocks["n"] = PER_BLOCK
    blocks["t"][:-1] = np.arange(n_blocks * PER_BLOCK).reshape(n_blocks, PER_BLOCK)
    blocks["n"][-1], blocks["t"][-1, :3] = 3, [0, n_blocks, n_blocks * PER_BLOCK]
    last = blocks["n"] - 1
    place = 2 + np.arange(n_blocks + 1)  # in units of 512 bytes
    ends = blocks["t"][:, 0], blocks["t"][np.arange(n_blocks + 1), last]
    blocks["head"] = np.column_stack([place - 1, place + 1, *ends])
    channels = channel(b"long", n_blocks, 2).ljust(140, b"\0")
    channels += channel(b"short", 1, 2 + n_blocks)
    with open(path, "wb") as file:
        file.write(head.ljust(512, b"\0") + channels.ljust(512, b"\0"))
        file.write(blocks.tobytes())


found = []
for n_blocks in (32_767, 32_768, 65_539):
    write(sys.argv[1], n_blocks)
    reader = neo.rawio.Spike2RawIO(sys.argv[1])
    reader.parse_header()
    count, short = (int(reader.event_count(0, 0, k)) for k in range(2))
    found.append(count)
    total = n_blocks * PER_BLOCK
    print(f"blocks: {n_blocks}, events: {count} of {total}, short: {short} of 3")
if found != [32_767 * PER_BLOCK, 0, 3 * PER_BLOCK]:
    sys.exit("another result now: the finding is out of date")
PY
