#!/usr/bin/env bash
# tonic 1.7.0: `ToVoxelGrid` sets polarity 0 to -1, in the type that the events have. As
# truth values, which tonic.io makes by default, -1 is True: OFF events are counted as
# ON, and the grid adds what it should cancel. The first bin gets half of its events,
# and the last half bin is lost: time is scaled to the number of bins, not to one less
# as in equation 1 of Zhu et al. (2019), whose grid the function names.
# Output seen: "4 ON and 4 OFF events: truth values 4.0, numbers 0.6", "constant rate, 4
# bins: [25.5, 50.0, 50.0, 50.0] of 201 events".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tonic==1.7.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
from tonic.io import make_structured_array
from tonic.transforms import ToVoxelGrid


def events(n, polarity):
    zeros = np.zeros(n, int)
    return make_structured_array(zeros, zeros, 100 * np.arange(n), polarity)


def grid(made, n_bins):
    return ToVoxelGrid(sensor_size=(1, 1, 2), n_time_bins=n_bins)(made).ravel()


both = events(8, np.array([1, 0] * 4))
kinds = [(name, "i8") for name in both.dtype.names]
truth, number = grid(both, 1)[0], grid(both.astype(kinds), 1)[0]
print(f"4 ON and 4 OFF events: truth values {truth:.1f}, numbers {number:.1f}")
steady = grid(events(201, np.ones(201, int)), 4)
print(f"constant rate, 4 bins: {np.round(steady, 1).tolist()} of 201 events")
if truth < 3 or steady[0] > 30:
    sys.exit("another result now: the finding is out of date")
PY
