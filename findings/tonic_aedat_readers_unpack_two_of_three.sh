#!/usr/bin/env bash
# tonic 1.7.0: read_dvs_128, read_dvs_ibm, read_dvs_red and read_dvs_346mini fail on
# every AEDAT file: read_aedat_header_from_file returns version, start and the time of
# recording, and they unpack two values ("too many values to unpack (expected 2)").
# read_davis_346, which unpacks three, reads on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tonic==1.7.0
"$folder/venv/bin/python" - "$folder/made.aedat" <<'PY'
import struct
import sys

from tonic import io

with open(sys.argv[1], "wb") as file:
    # One event of a DVS128: row 7, mirrored column 9, OFF, 10 microseconds.
    file.write(b"#!AER-DAT2.0\r\n# made\r\n" + struct.pack(">2I", 7 << 8 | 9 << 1 | 1, 10))
for name in ("read_dvs_128", "read_dvs_ibm", "read_dvs_red", "read_dvs_346mini"):
    try:
        getattr(io, name)(sys.argv[1])
    except ValueError as error:
        print(name, error)
    else:
        sys.exit(f"{name} reads now: the finding is out of date")
PY
