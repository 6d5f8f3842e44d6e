#!/usr/bin/env bash
# neo 0.14.6: `cut_segment_by_epoch` cuts with both ends included. Where trials abut, a
# spike on the border is in both, and so are the event and the epoch that start the next
# trial: each piece holds two onsets, the second that of another stimulus. Of spike
# times that were sampled or binned in ms, as many lie on borders as there are borders.
# Output seen: "spikes: 12 in, 14 in the pieces", "events of the pieces: [['left',
# 'right'], ['right', 'left'], ['left']]", "lengths of the epochs of the first piece:
# [1.0, 1.0], its own: 1 s".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import sys

import neo
import numpy as np
import quantities as pq
from neo.utils import cut_segment_by_epoch

segment = neo.Segment()
times = np.arange(0, 3, 0.25)  # a spike on each border
segment.spiketrains.append(neo.SpikeTrain(times, units="s", t_stop=3))
labels = ["left", "right", "left"]
onsets = np.arange(3.0) * pq.s
trials = neo.Epoch(onsets, durations=np.ones(3) * pq.s, labels=labels)
segment.epochs.append(trials)
segment.events.append(neo.Event(onsets, labels=labels))
pieces = cut_segment_by_epoch(segment, trials)
n_spikes = sum(len(piece.spiketrains[0]) for piece in pieces)
events = [[str(label) for label in piece.events[0].labels] for piece in pieces]
lengths = pieces[0].epochs[0].durations.magnitude.tolist()
print(f"spikes: {len(times)} in, {n_spikes} in the pieces")
print("events of the pieces:", events)
print(f"lengths of the epochs of the first piece: {lengths}, its own: 1 s")
if n_spikes == len(times) or events[0] != ["left", "right"]:
    sys.exit("another result now: the finding is out of date")
PY
