#!/usr/bin/env bash
# pyspike 0.9.0: `psth(trains, bin_size)` rounds the number of bins down and then widens
# them until they fill the time, so that the bins are not of the size that was asked
# for. Rounding is done on floats: .3 s in bins of .1 s are two bins of .15 s, and three
# spikes in three bins become 1 and 2. The values are counts, summed over repeats,
# although they are handed back as a function of time.
# Output seen: "edges: [0.0, 0.15, 0.3]", "counts: [1, 2], right: [1, 1, 1]".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyspike==0.9.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
import pyspike

train = pyspike.SpikeTrain(np.array([0.05, 0.15, 0.25]), (0, 0.3))
found = pyspike.psth([train], bin_size=0.1)
right = np.histogram(train.spikes, bins=[0, 0.1, 0.2, 0.3])[0]
print("edges:", np.round(found.x, 6).tolist())
print(f"counts: {[int(n) for n in found.y]}, right: {right.tolist()}")
if len(found.x) != 3:
    sys.exit("another result now: the finding is out of date")
PY
