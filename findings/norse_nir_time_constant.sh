#!/usr/bin/env bash
# norse 1.1.0: to_nir writes tau = dt / tau_mem_inv, where tau_mem_inv is per second: a
# time constant of 10 ms becomes 10 us. from_nir reads tau in seconds, 1 / tau, so that
# what was written is not what is read back.
# Seen: tau_mem_inv 100 written as tau 1e-05 and read back as 100,000; two neurons fire
# 100 spikes in 200 steps, and 400 after the round trip.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" norse==1.1.0 nir==1.0.8 "torch==2.13.0"
PYTHONPATH="$folder" python3 - <<'PY'
import sys

import norse.torch as norse
import torch
from norse.torch.utils.export_nir import to_nir

network = norse.SequentialState(torch.nn.Linear(3, 2), norse.LIFBoxCell())
with torch.no_grad():
    network[0].weight.fill_(1.0)
    network[0].bias.zero_()
graph = to_nir(network, torch.rand(1, 3))
(tau,) = (float(n.tau) for n in graph.nodes.values() if hasattr(n, "tau"))
read = norse.from_nir(graph)
(inverse,) = (float(m.p.tau_mem_inv) for m in read.modules() if hasattr(m, "p"))


def spikes(module):
    state, total = None, 0
    for _ in range(200):
        out, state = module(torch.ones(1, 3), state)
        total += int(out.sum())
    return total


print("tau_mem_inv 100 /s, tau", tau, "s, read back as", inverse, "/s")
print("spikes", spikes(network), "read back", spikes(read))
sys.exit(not (tau < 1e-4 and inverse > 1000))
PY
