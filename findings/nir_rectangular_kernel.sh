#!/usr/bin/env bash
# nir 1.0.8: the output shape of a Conv2d with a rectangular kernel takes the number of
# the kernel's rows for its columns too. A graph that is right is refused when it is made
# or read with type_check (the default), and `output_type` of the node is wrong.
# Seen: kernel 5 x 3, padding (2, 1), image 9 x 8: output_type (3, 9, 6) in place of
# (3, 9, 8), which torch gives.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" nir==1.0.8 "numpy<2.3" h5py
PYTHONPATH="$folder" python3 - <<'PY'
import sys

import nir
import numpy as np

node = nir.Conv2d(
    input_shape=(9, 8),
    weight=np.zeros((3, 2, 5, 3), np.float32),
    stride=(1, 1),
    padding=(2, 1),
    dilation=(1, 1),
    groups=1,
    bias=np.zeros(3, np.float32),
)
found = [int(n) for n in node.output_type["output"]]
print("nir", nir.version, "output_type", found, "right: [3, 9, 8]")
sys.exit(found != [3, 9, 6])
PY
