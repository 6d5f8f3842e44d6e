#!/usr/bin/env bash
# accessible-pygments 0.0.5, which the Sphinx theme furo installs: importing
# a11y_pygments calls logging.basicConfig(level=INFO), so that the root logger of whatever
# program imports it has a handler, and every library that logs at INFO prints to stderr.
# Output seen: "before: [] 30" and "after: ['StreamHandler'] 20".
# Here: docs/conf.py sets the level of the log "neuroclass" while the gallery is drawn.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "accessible-pygments==0.0.5"
"$folder/venv/bin/python" - <<'PYTHON'
import logging

print("before:", [type(h).__name__ for h in logging.root.handlers], logging.root.level)
import a11y_pygments  # noqa: E402,F401

print("after:", [type(h).__name__ for h in logging.root.handlers], logging.root.level)
PYTHON
