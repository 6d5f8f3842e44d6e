#!/usr/bin/env bash
# sinabs 3.1.3: LIF has norm_input=True unless it is told otherwise, to_nir writes such a
# layer with r = 1, which is right, and from_nir builds it with norm_input=False: the
# currents are 1 / (1 - exp(-1 / tau)) times too strong.
# Seen: two neurons, tau 20 steps, 100 steps: 8 spikes, and 294 after the round trip.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" sinabs==3.1.3 "torch==2.13.0"
PYTHONPATH="$folder" python3 - <<'PY'
import sys

import sinabs.layers
import torch
from sinabs.nir import from_nir, to_nir

layer = sinabs.layers.LIFSqueeze(tau_mem=20.0, batch_size=1)
network = torch.nn.Sequential(torch.nn.Linear(3, 2), layer)
with torch.no_grad():
    network[0].weight.fill_(1.0)
    network[0].bias.zero_()
x = torch.full((100, 3), 0.5)
before = int(network(x).sum())
read = from_nir(to_nir(network, x), batch_size=1)
out = read(x)
after = int((out[0] if isinstance(out, tuple) else out).sum())
print("norm_input", layer.norm_input, "spikes", before, "read back", after)
sys.exit(not after > 2 * before)
PY
