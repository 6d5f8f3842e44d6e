#!/usr/bin/env bash
# snntorch 1.0.0: `import_from_nir` makes an integrator (NIR's IF) a leaky neuron with
# beta .9, so that small inputs never reach the threshold, and does not use `v_reset` of
# a LIF: every neuron goes back to 0. Neither is said. The same graph in another
# simulator fires at other times.
# Output seen: "IF, input .05, 200 steps: 0 spikes, by its equation 9 or 10", "LIF,
# v_reset 0: every 110 steps, 0.5: every 110 steps, by its equation 69".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q snntorch==1.0.0 nirtorch==2.6 nir==1.0.8 torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
import sys

import nir
import numpy as np
import torch
from snntorch.import_nir import import_from_nir


def array(value):
    return np.array([value], np.float32)


def spikes(node, current, n_steps):
    nodes = {
        "input": nir.Input({"input": np.array([1])}),
        "weight": nir.Linear(weight=np.eye(1, dtype=np.float32)),
        "neuron": node,
        "output": nir.Output({"output": np.array([1])}),
    }
    graph = nir.NIRGraph(nodes=nodes, edges=list(zip(nodes, list(nodes)[1:])))
    with contextlib.redirect_stdout(io.StringIO()):
        network = import_from_nir(graph)
    state, fired = (), []
    for step in range(n_steps):
        found, last = network(torch.full((1, 1), current), *state)
        state = (last,)
        found = found[0] if isinstance(found, tuple) else found
        if float(found.sum()):
            fired.append(step)
    return fired


one = array(1.0)
integrator = spikes(nir.IF(r=one, v_threshold=one), 0.05, 200)
print(f"IF, input .05, 200 steps: {len(integrator)} spikes, by its equation 9 or 10")
gaps = {}
for reset in (0.0, 0.5):
    node = nir.LIF(
        tau=array(0.01), r=one, v_leak=array(0.0), v_threshold=one, v_reset=array(reset)
    )
    fired = spikes(node, 1.5, 600)
    gaps[reset] = fired[-1] - fired[-2]
# From v_reset to the threshold: tau ln((1.5 - v_reset) / (1.5 - 1)), steps of .1 ms.
right = round(100 * np.log((1.5 - 0.5) / (1.5 - 1.0)))
print(
    f"LIF, v_reset 0: every {gaps[0.0]} steps, 0.5: every {gaps[0.5]} steps, "
    f"by its equation {right}"
)
if integrator or gaps[0.0] != gaps[0.5]:
    sys.exit("another result now: the finding is out of date")
PY
