#!/usr/bin/env bash
# neo 0.14.6 beside tdt 0.7.6, the vendor's reader: an epoc store of a TDT block holds a
# value for each event, a float of 8 bytes in the field that gives the place of the data
# for other stores. neo.rawio.TdtRawIO gives that field as a whole number, so that the
# label of an event of value 1.0 is the text "4607182418800017408"; times agree. Labels
# of equal values stay equal, so nothing looks wrong until a condition is read off them
# (degrees, contrasts), or is sorted. neo also names units by channel and sort code only:
# units of two stores have the same names and ids.
# Output seen: "neo: ['4607182418800017408', '4612811918334230528'] [0.5, 2.5]",
# "tdt: [1.0, 2.5] [0.5, 2.5]", "units of neo: ['ch1#1', 'ch1#1']".
# Here: the labels are converted to the value, the name of the store leads the id.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 tdt==0.7.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import contextlib
import io
import struct
import sys
from pathlib import Path

import neo.rawio
import tdt

folder = Path(sys.argv[1]) / "Tank" / "Block-1"
folder.mkdir(parents=True)
stem = folder / "Tank_Block-1"


def row(size, kind, store, channel, code, time, value=0.0):
    head = struct.pack("<ii4sHHd", size, kind, store, channel, code, 1.6e9 + time)
    return head + struct.pack("<dif", value, 0, 25000.0)


rows = [row(10, 0x8801, b"\1", 0, 0, 0.0)] * 2
for time, value in ((0.5, 1.0), (2.5, 2.5)):
    rows += [row(14, 0x8201, s, 1, 1, time - 0.1) for s in (b"eNe1", b"eNe2")]
    rows += [row(10, 0x101, b"Stim", 0, 0, time, value)]
rows += [row(10, 0x8801, b"\2", 0, 0, 6.0)]
stem.with_suffix(".tsq").write_bytes(b"".join(rows))
stem.with_suffix(".tev").write_bytes(bytes(64))
stem.with_suffix(".tdx").write_bytes(bytes(8))
items = []
for store, kind in (("eNe1", 0x8201), ("eNe2", 0x8201), ("Stim", 0x101)):
    fields = {
        "StoreName": store, "HeadName": "h", "Enabled": 1, "CircType": 0, "NumChan": 1,
        "StrobeMode": 0, "TankEvType": kind, "NumPoints": 4, "DataFormat": 0,
        "SampleFreq": 25000.0,
    }
    items.append("".join(f"NAME={k};TYPE=S;VALUE={v};\n" for k, v in fields.items()))
text = "[STOREHDRITEM]".join([*items, "[USERNOTEDELIMITER]"])
stem.with_suffix(".Tbk").write_bytes(text.encode())

reader = neo.rawio.TdtRawIO(str(folder.parent))
reader.parse_header()
times, _, labels = reader.get_event_timestamps(0, 0, 0)
units = [str(name) for name in reader.header["spike_channels"]["name"]]
with contextlib.redirect_stdout(io.StringIO()):
    store = tdt.read_block(str(folder)).epocs.Stim
print("neo:", [str(label) for label in labels], [round(float(t), 3) for t in times])
print("tdt:", store.data.tolist(), [round(float(t), 3) for t in store.onset])
print("units of neo:", units)
if store.data.tolist() != [1.0, 2.5] or list(labels)[0] != "4607182418800017408":
    sys.exit("another result now: the finding is out of date")
PY
