#!/usr/bin/env bash
# neo 0.14.6: `extend` of the lists of a Block (`segments`, `groups`) goes through what it
# is given to check its type, and then adds it: of a generator nothing is left. The list
# stays empty, without an error.
# Output seen: "list: 3 segments, generator: 0 segments".
# Here: readers append.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import sys

import neo

listed, generated = neo.Block(), neo.Block()
listed.segments.extend([neo.Segment() for _ in range(3)])
generated.segments.extend(neo.Segment() for _ in range(3))
print(
    f"list: {len(listed.segments)} segments, "
    f"generator: {len(generated.segments)} segments"
)
if len(generated.segments) != 0:
    sys.exit("another result now: the finding is out of date")
PY
