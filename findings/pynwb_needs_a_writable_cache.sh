#!/usr/bin/env bash
# pynwb 4.2.0 (platformdirs 4): `import pynwb` makes its cache folder, ~/.cache/pynwb,
# whether or not it keeps anything there. Where the home is write-protected, as on nodes
# of a cluster and in containers that run as another user, no NWB file can be read:
# PermissionError, or another OSError, from pynwb/__init__.py while it is loaded.
# Output seen: "pynwb cannot be loaded: FileNotFoundError".
# Here: a command sets XDG_CACHE_HOME to a temporary folder where the home is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pynwb==4.2.0
# A place where nobody, root least of all, can make a folder.
XDG_CACHE_HOME=/proc/none "$folder/venv/bin/python" -W ignore - <<'PY'
try:
    import pynwb
except OSError as error:
    print("pynwb cannot be loaded:", type(error).__name__)
else:
    print("pynwb", pynwb.__version__, "is loaded")
PY
