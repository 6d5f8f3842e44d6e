#!/usr/bin/env bash
# spikeinterface 0.105.3: a sorting whose recording starts at 100 s, as a second file of
# a session does, gives spike times from 100 s on, until it is copied. After
# aggregate_units, clone, save(format="memory"), and after saving to a folder and
# loading, the same call with return_times=True begins at 0, without a warning;
# select_units and rename_units keep the start. Beside triggers on the clock of the
# session all spikes are 100 s early.
# Output seen: "sorting, select_units: [100.5, 100.5]", "aggregate_units, clone, memory,
# folder: [0.5, 0.5, 0.5, 0.5]", "analyzer, loaded again: [100.5, 0.5]".
# Here: times are asked for, not frames; a saved sorting has its own clock only where it
# holds one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q spikeinterface==0.105.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import contextlib
import io
import sys

import numpy as np
import spikeinterface.core as si

recording = si.generate_recording(num_channels=2, durations=[2.0])
recording.shift_times(100.0)
rate = recording.sampling_frequency
units = [{"a": np.array([int(0.5 * rate)]), "b": np.array([int(rate)])}]
sorting = si.NumpySorting.from_unit_dict(units, rate)
sorting.register_recording(recording)


def first(sorting):
    unit = sorting.unit_ids[0]
    return float(sorting.get_unit_spike_train(unit, return_times=True)[0])


with contextlib.redirect_stdout(io.StringIO()):
    sorting.save(folder=f"{sys.argv[1]}/sorting")
    kept = [first(sorting), first(sorting.select_units(["a"]))]
    lost = [
        first(si.aggregate_units([sorting])),
        first(sorting.clone()),
        first(sorting.save(format="memory")),
        first(si.load(f"{sys.argv[1]}/sorting")),
    ]
    made = si.create_sorting_analyzer(
        sorting,
        recording,
        sparse=False,
        format="binary_folder",
        folder=f"{sys.argv[1]}/analyzer",
    )
    loaded = si.load_sorting_analyzer(f"{sys.argv[1]}/analyzer")
print("sorting, select_units:", kept)
print("aggregate_units, clone, memory, folder:", lost)
analyzers = [first(made.sorting), first(loaded.sorting)]
print("analyzer, loaded again:", analyzers)
if kept != [100.5] * 2 or lost != [0.5] * 4 or analyzers != [100.5, 0.5]:
    sys.exit("another result now: the finding is out of date")
PY
