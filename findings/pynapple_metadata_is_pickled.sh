#!/usr/bin/env bash
# pynapple 0.11.4: TsGroup.save writes all metadata, plain numbers too, as one pickled
# Python object beside the plain arrays of the spikes. numpy.load refuses it unless
# allow_pickle=True, which can run code of whoever wrote the file. A reader that stays
# safe keeps the spikes and loses every column (depth, brain area, cell type).
# Output seen: "spikes: float64" and "metadata: Object arrays cannot be loaded when
# allow_pickle=False".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pynapple==0.11.4
"$folder/venv/bin/python" - "$folder/group.npz" <<'PY'
import sys

import numpy as np
import pynapple as nap

trains = {k: nap.Ts(np.array([0.5, 1.5, 2.5])) for k in range(2)}
group = nap.TsGroup(trains, metadata={"depth": [1.0, 2.0], "area": ["V1", "V2"]})
group.save(sys.argv[1])
stored = np.load(sys.argv[1], allow_pickle=False)
print("spikes:", stored["t"].dtype)
try:
    stored["_metadata"]
except ValueError as error:
    print("metadata:", error)
else:
    sys.exit("metadata are plain now: the finding is out of date")
PY
