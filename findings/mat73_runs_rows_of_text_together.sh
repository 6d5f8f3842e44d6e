#!/usr/bin/env bash
# mat73 0.65: a character matrix of several rows, as MATLAB makes of a list of channel
# or unit names of one length, comes back as one text that runs down the columns:
# 'sig001a' and 'sig002b' are "ssiigg000012ab". pymatreader 1.3.2 reads the same file
# row by row.
# Output seen: "mat73: 'ssiigg000012ab'", "pymatreader: ['sig001a', 'sig002b']".
# Here: character matrices are rows of names.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q \
    mat73==0.65 pymatreader==1.3.2 h5py==3.16.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/names.mat" <<'PY'
import sys

import h5py
import mat73
import numpy as np
import pymatreader

names = ["sig001a", "sig002b"]
with h5py.File(sys.argv[1], "w", userblock_size=512) as file:
    # MATLAB stores its columns first: a 2 x 7 matrix has the shape (7, 2) in the file.
    letters = np.array([[ord(c) for c in name] for name in names], np.uint16).T
    data = file.create_dataset("names", data=letters)
    data.attrs["MATLAB_class"] = np.bytes_("char")
    data.attrs["MATLAB_int_decode"] = np.int32(2)
with open(sys.argv[1], "r+b") as file:
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Wed Jan  1 2020"
    file.write(text.ljust(124) + b"\x00\x02IM")
found = mat73.loadmat(sys.argv[1])["names"]
other = pymatreader.read_mat(sys.argv[1])["names"]
print("mat73:", repr(found))
print("pymatreader:", list(other))
if found != "ssiigg000012ab" or list(other) != names:
    sys.exit("another result now: the finding is out of date")
PY
