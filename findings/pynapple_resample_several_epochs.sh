#!/usr/bin/env bash
# pynapple 0.11.4: `resample_timestamps`, documented to draw times uniformly in the time
# support, forgets that a support can have several epochs. Of a TsGroup all spikes of
# all units are put into the first epoch, so that the later trials of the surrogate are
# silent. Of a Ts they are drawn from the first to the last time, gaps included, and
# what falls into a gap is dropped: the surrogate has fewer spikes than the data.
# Output seen: "group: 20 + 40 spikes in, in the first epoch [20, 40], in the second [0,
# 0]", "one train: 60 spikes in, 43 out".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pynapple==0.11.4 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
import pynapple as nap

np.random.seed(0)
first, second = nap.IntervalSet(0, 10), nap.IntervalSet(20, 30)
support = first.union(second)
early, late = np.linspace(1, 9, 20), np.linspace(21, 29, 40)
units = {0: nap.Ts(early), 1: nap.Ts(late)}
made = nap.resample_timestamps(nap.TsGroup(units, time_support=support))
counts = [[len(made[k].restrict(part)) for k in made] for part in (first, second)]
print(
    f"group: 20 + 40 spikes in, in the first epoch {counts[0]}, in the second "
    f"{counts[1]}"
)
train = nap.Ts(np.concatenate([early, late]), time_support=support)
n_left = len(nap.resample_timestamps(train))
print(f"one train: 60 spikes in, {n_left} out")
if counts != [[20, 40], [0, 0]] or n_left >= 60:
    sys.exit("another result now: the finding is out of date")
PY
