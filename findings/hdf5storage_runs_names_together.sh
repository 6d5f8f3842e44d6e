#!/usr/bin/env bash
# hdf5storage 0.2.2: an array of names of unequal length is written to a MATLAB 7.3 file
# as one text with the names behind each other, the shorter ones filled up with zero
# characters; hdf5storage itself gives the array back with the help of attributes that
# nobody else knows. mat73, pymatreader and MATLAB see one name. A list of the same
# names is a cell array, which all read.
# Output seen: "array, mat73: 'on\x00off', pymatreader: 'on\x00off'", "list, mat73:
# ['on', 'off'], pymatreader: ['on', 'off']", "hdf5storage: ['on', 'off']".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q \
    hdf5storage==0.2.2 mat73==0.65 pymatreader==1.3.2 h5py==3.16.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/names.mat" <<'PY'
import sys

import hdf5storage
import mat73
import numpy as np
import pymatreader

names = ["on", "off"]
content = {"array": np.array(names), "list": names}
hdf5storage.savemat(sys.argv[1], content, format="7.3")
one, two = mat73.loadmat(sys.argv[1]), pymatreader.read_mat(sys.argv[1])
for kind in content:
    print(f"{kind}, mat73: {one[kind]!r}, pymatreader: {two[kind]!r}")
own = hdf5storage.loadmat(sys.argv[1])["array"].tolist()
print("hdf5storage:", own)
if one["array"] != "on\0off" or own != names or two["list"] != names:
    sys.exit("another result now: the finding is out of date")
PY
