#!/usr/bin/env bash
# brian2 2.9.0 with numpy 2.4.6, which its metadata allow: `import brian2` ends in an
# AttributeError, for it takes `numpy.ndarray.ptp`, which numpy 2.4 no longer has.
# Output seen: "AttributeError: type object 'numpy.ndarray' has no attribute 'ptp'".
# Here: a SpikeMonitor is known by its attributes, brian2 is never imported.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q brian2==2.9.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import sys

try:
    import brian2  # noqa: F401
except AttributeError as error:
    print(f"AttributeError: {error}")
else:
    sys.exit("imported now: the finding is out of date")
PY
