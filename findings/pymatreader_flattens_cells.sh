#!/usr/bin/env bash
# pymatreader 1.3.2: a cell array of neurons x trials in a MATLAB 7.3 file comes back as
# one list, column by column, without its shape, so that trials of different neurons
# follow each other as if they were neurons. The same variable saved as version 7 keeps
# its rows. A cell with the train of one neuron is the array of its spike times: three
# spikes look like three neurons.
# Output seen: "v7: [[11, 12, 13], [21, 22, 23]]", "v7.3: [11, 21, 12, 22, 13, 23]",
# "one neuron, v7.3: [1.0, 2.0, 3.0]", "mat73: [[11, 12, 13], [21, 22, 23]]".
# Here: cell arrays are read with their shape, from both versions.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q \
    pymatreader==1.3.2 mat73==0.65 h5py==3.16.0 scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import sys

import h5py
import mat73
import numpy as np
import pymatreader
import scipy.io

cells = np.empty((2, 3), object)
for k in range(6):
    cells[k // 3, k % 3] = float(10 * (k // 3 + 1) + k % 3 + 1)
old, new = f"{sys.argv[1]}/v7.mat", f"{sys.argv[1]}/v73.mat"
scipy.io.savemat(old, {"trains": cells})
with h5py.File(new, "w", userblock_size=512) as file:
    # MATLAB stores its columns first: a 2 x 3 cell has the shape (3, 2) in the file.
    for name, values in (("trains", cells), ("one", np.array([[0.0]], object))):
        shape = values.T.shape
        refs = np.empty(shape, h5py.ref_dtype)
        for place, value in np.ndenumerate(values.T):
            row = [[1.0], [2.0], [3.0]] if name == "one" else [[value]]
            label = f"#refs#/{name}{place[0]}{place[1]}"
            data = file.create_dataset(label, data=np.array(row))
            data.attrs["MATLAB_class"] = np.bytes_("double")
            refs[place] = data.ref
        data = file.create_dataset(name, data=refs, dtype=h5py.ref_dtype)
        data.attrs["MATLAB_class"] = np.bytes_("cell")
with open(new, "r+b") as file:
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Wed Jan  1 2020"
    file.write(text.ljust(124) + b"\x00\x02IM")


def plain(value):
    if isinstance(value, list | np.ndarray) and np.ndim(value):
        return [plain(part) for part in value]
    return int(value)


found = pymatreader.read_mat(new)
before = plain(pymatreader.read_mat(old)["trains"])
print("v7:", before)
print("v7.3:", plain(found["trains"]))
print("one neuron, v7.3:", np.asarray(found["one"]).tolist())
print("mat73:", plain(mat73.loadmat(new)["trains"]))
if len(found["trains"]) != 6 or len(before) != 2 or np.ndim(found["one"]) != 1:
    sys.exit("another result now: the finding is out of date")
PY
