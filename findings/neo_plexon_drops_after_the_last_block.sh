#!/usr/bin/env bash
# neo 0.14.6: `PlexonRawIO` takes the time of the last block of a .plx file for the end of
# the recording. Blocks are written channel by channel as buffers are emptied, so that
# the last need not be the latest; spikes and events after its time are left out of
# `get_spike_timestamps` and `get_event_timestamps` without bounds, while `spike_count`
# counts them. All units of a channel have the same name.
# Output seen: "spike_count: [2, 1], timestamps: [1, 0], with bounds: [2, 1]",
# "names: ['sig001', 'sig001'], t_stop: 2.0".
# Here: the bounds are given, and ids hold the number of the unit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/a.plx" <<'PY'
import sys

import neo.rawio
import numpy as np
from neo.rawio import plexonrawio

rate = 30_000
header = np.zeros(1, plexonrawio.GlobalHeader)
for key, value in {
    "MagicNumber": 0x58454C50, "Version": 106, "ADFrequency": rate, "NumDSPChannels": 1,
    "NumEventChannels": 1, "Year": 2020, "Month": 1, "Day": 1, "WaveformFreq": rate,
    "BitsPerSpikeSample": 12, "SpikeMaxMagnitudeMV": 3000, "SpikePreAmpGain": 1000,
}.items():
    header[key] = value
channel = np.zeros(1, plexonrawio.DspChannelHeader)
channel["Name"], channel["Channel"], channel["Gain"] = b"sig001", 1, 1
event = np.zeros(1, plexonrawio.EventChannelHeader)
event["Name"], event["Channel"] = b"EVT01", 1
blocks = np.zeros(4, plexonrawio.DataBlockHeader)
blocks["Type"] = [1, 1, 1, 4]
blocks["TimeStamp"] = [1 * rate, 5 * rate, 4 * rate, 2 * rate]
blocks["Channel"], blocks["Unit"] = 1, [1, 1, 2, 0]
with open(sys.argv[1], "wb") as file:
    for part in (header, channel, event, blocks):
        file.write(part.tobytes())

reader = neo.rawio.PlexonRawIO(sys.argv[1], progress_bar=False)
reader.parse_header()
names = [str(name) for name in reader.header["spike_channels"]["name"]]
units = range(len(names))
counts = [int(reader.spike_count(0, 0, k)) for k in units]
plain = [len(reader.get_spike_timestamps(0, 0, k)) for k in units]
bounds = {"t_start": 0.0, "t_stop": 10.0}
bounded = [len(reader.get_spike_timestamps(0, 0, k, **bounds)) for k in units]
print(f"spike_count: {counts}, timestamps: {plain}, with bounds: {bounded}")
print(f"names: {names}, t_stop: {reader.segment_t_stop(0, 0)}")
if plain != [1, 0] or bounded != counts:
    sys.exit("another result now: the finding is out of date")
PY
