#!/usr/bin/env bash
# libsonata 0.2.2, the wheel of PyPI for Linux: its HDF5 is built without the filter
# "deflate", the commonest compression of HDF5. Spike files of SONATA that are
# compressed with gzip, as bmtk 1.2.0 writes them by default, open and list their
# populations, and then fail ("required filter 'deflate' is not registered"); h5py reads
# them.
# Output seen: "gzip: ['lgn'], h5py [10.0, 930.0], libsonata: RuntimeError", "plain:
# ['lgn'], h5py [10.0, 930.0], libsonata: [10.0, 930.0]".
# Here: SONATA is read with h5py.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q libsonata==0.2.2 h5py==3.16.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import os
import sys

import h5py
import libsonata

os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the trace of HDF5
found = {}
for name, compression in (("gzip", "gzip"), ("plain", None)):
    path = f"{sys.argv[1]}/{name}.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/lgn")
        kinds = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, "i")
        group.attrs.create("sorting", 2, dtype=kinds)
        times = group.create_dataset(
            "timestamps", data=[10.0, 930.0], compression=compression
        )
        times.attrs["units"] = "ms"
        group.create_dataset("node_ids", data=[0, 0], compression=compression)
        right = times[()].tolist()
    reader = libsonata.SpikeReader(path)
    names = reader.get_population_names()
    try:
        found[name] = [float(time) for _, time in reader["lgn"].get()]
    except RuntimeError as error:
        found[name] = type(error).__name__
    print(f"{name}: {names}, h5py {right}, libsonata: {found[name]}")
if found != {"gzip": "RuntimeError", "plain": [10.0, 930.0]}:
    sys.exit("another result now: the finding is out of date")
PY
