#!/usr/bin/env bash
# libsonata 0.2.2, the wheel of PyPI for Linux: its HDF5 is built without the filter
# "deflate", the commonest compression of HDF5. Spike files of SONATA as bmtk 1.2.0
# writes them by default, and any that was compressed with gzip, open, list their
# populations and then fail ("required filter 'deflate' is not registered"); h5py reads
# them.
# Output seen: "bmtk: gzip, h5py [10.0, 930.0], libsonata: RuntimeError", "without
# compression, libsonata: [10.0, 930.0]".
# Here: SONATA is read with h5py.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q libsonata==0.2.2 bmtk==1.2.0 h5py==3.16.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import os
import sys

import h5py
import libsonata
from bmtk.utils.reports.spike_trains import SpikeTrains, sort_order

made, plain = f"{sys.argv[1]}/gzip.h5", f"{sys.argv[1]}/plain.h5"
spikes = SpikeTrains(population="lgn")
spikes.add_spikes(node_ids=[0, 0], timestamps=[10.0, 930.0], population="lgn")
spikes.to_sonata(made, sort_order=sort_order.by_time)
with h5py.File(made) as file, h5py.File(plain, "w") as copy:
    found = file["spikes/lgn/timestamps"]
    kind, times = found.compression, found[()].tolist()
    group = copy.create_group("spikes/lgn")
    group.attrs.create("sorting", 2, dtype=h5py.enum_dtype({"by_time": 2}, "i"))
    for name, data in file["spikes/lgn"].items():
        group.create_dataset(name, data=data[()]).attrs.update(data.attrs)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the trace of HDF5
try:
    libsonata.SpikeReader(made)["lgn"].get()
    sys.exit("read now: the finding is out of date")
except RuntimeError as error:
    print(f"bmtk: {kind}, h5py {times}, libsonata: {type(error).__name__}")
read = [float(t) for _, t in libsonata.SpikeReader(plain)["lgn"].get()]
print("without compression, libsonata:", read)
PY
