#!/usr/bin/env bash
# neo 0.14.6: of a recording in the binary format of Open Ephys GUI 0.5 and before,
# whose TTL events have sample numbers and `channel_states.npy`, `OpenEphysBinaryRawIO`
# divides times and durations by the sample rate when it pairs the edges, and once more
# when they are rescaled. Pulses 1 s into a recording come out within the first ms, all
# after each other, and the segment starts before them; signals are right. A slice with
# t_start has no event, and more durations than times.
# Output seen: "onsets (s): [0.0001, 0.000167, 0.000233], right: [3.0, 5.0, 7.0]",
# "lengths (s): 3.3e-06, right: 0.1", "between 4 and 6 s: 0 events, 3 durations",
# "signal from 2.0 s, segment from 0.0001 s".
# Here: TTL folders are read without neo.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import json
import sys
from pathlib import Path

import neo.rawio
import numpy as np

root, rate, first = Path(sys.argv[1]), 30_000, 60_000
(root / "settings.xml").write_text("<SETTINGS/>")
place = root / "experiment1" / "recording1"
events, signal = place / "events" / "R-100.0" / "TTL_1", place / "continuous" / "R-100.0"
for path in (events, signal):
    path.mkdir(parents=True)
np.zeros((300_000, 1), np.int16).tofile(signal / "continuous.dat")
np.save(signal / "timestamps.npy", first + np.arange(300_000))
onsets = first + rate * np.array([1, 3, 5])
edges = np.sort(np.concatenate([onsets, onsets + rate // 10]))
np.save(events / "timestamps.npy", edges)
np.save(events / "channel_states.npy", np.array([1, -1] * 3, np.int16))
np.save(events / "channels.npy", np.ones(6, np.uint16))
np.save(events / "full_words.npy", np.array([[1], [0]] * 3, np.uint8))
common = {"sample_rate": rate, "num_channels": 1}
channel = {"channel_name": "CH1", "bit_volts": 0.2, "units": "uV"}
structure = {
    "GUI version": "0.5.5",
    "continuous": [common | {"folder_name": "R-100.0/", "channels": [channel]}],
    "events": [
        common | {"folder_name": "R-100.0/TTL_1/", "channel_name": "TTL", "type": "int16"}
    ],
    "spikes": [],
}
(place / "structure.oebin").write_text(json.dumps(structure))

reader = neo.rawio.OpenEphysBinaryRawIO(str(root))
reader.parse_header()
stamps, durations, _ = reader.get_event_timestamps(0, 0, 0)
times = reader.rescale_event_timestamp(stamps, "float64", 0)
lengths = reader.rescale_epoch_duration(durations, "float64", 0)
right = (onsets / rate).tolist()
print(f"onsets (s): {np.round(times, 6).tolist()}, right: {right}")
print(f"lengths (s): {lengths[0]:.2g}, right: 0.1")
part, part_durations, _ = reader.get_event_timestamps(0, 0, 0, t_start=4.0, t_stop=6.0)
print(f"between 4 and 6 s: {len(part)} events, {len(part_durations)} durations")
starts = reader.get_signal_t_start(0, 0, 0), reader.segment_t_start(0, 0)
print("signal from {} s, segment from {:.1g} s".format(*starts))
if times[0] > 0.01:
    sys.exit("another result now: the finding is out of date")
PY
