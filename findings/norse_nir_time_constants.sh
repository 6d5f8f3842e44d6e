#!/usr/bin/env bash
# norse 1.1.0: `to_nir` multiplies time constants by dt, `from_nir` reads them as
# seconds. A network that is written and read again by norse itself has tau = 10
# microseconds in place of 10 ms, and fires a thousand times too easily; other
# simulators read 10 microseconds too. `v_reset` is written as 0 and, when read, not
# used. Neither is said.
# Output seen: "tau: 0.01 s in, 1e-05 s out", "v_reset: 0.5 in, 0.0 out", "interval
# between spikes: 11 steps, after a round trip 1".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q norse==1.1.0 nir==1.0.8 torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
import logging
import sys

import nir
import norse.torch
import numpy as np
import torch

logging.disable(logging.CRITICAL)


def array(value):
    return np.array([value], np.float32)


def interval(network):
    state, fired = None, []
    with torch.no_grad():
        for step in range(100):
            found, state = network(torch.full((1, 1), 1.5), state)
            if float(found.sum()):
                fired.append(step)
    return fired[-1] - fired[-2]


def graph(neuron):
    nodes = {
        "input": nir.Input({"input": np.array([1])}),
        "weight": nir.Linear(weight=np.eye(1, dtype=np.float32)),
        "neuron": neuron,
        "output": nir.Output({"output": np.array([1])}),
    }
    return nir.NIRGraph(nodes=nodes, edges=list(zip(nodes, list(nodes)[1:])))


one = array(1.0)
made = nir.LIF(
    tau=array(0.01), r=one, v_leak=array(0.0), v_threshold=one, v_reset=array(0.5)
)
with contextlib.redirect_stdout(io.StringIO()):
    network = norse.torch.from_nir(graph(made))
    written = norse.torch.to_nir(network, torch.randn(1, 1))
(neuron,) = (node for node in written.nodes.values() if isinstance(node, nir.LIF))
tau, reset = float(neuron.tau[0]), float(neuron.v_reset[0])
print(f"tau: 0.01 s in, {tau:.3g} s out")
print(f"v_reset: 0.5 in, {reset} out")
plain = {"v_leak": array(0.0), "v_threshold": one, "r": one}
with contextlib.redirect_stdout(io.StringIO()):
    again = norse.torch.from_nir(graph(nir.LIF(tau=array(tau), **plain)))
gaps = interval(network), interval(again)
print("interval between spikes: {} steps, after a round trip {}".format(*gaps))
if not np.isclose(tau, 1e-5) or reset:
    sys.exit("another result now: the finding is out of date")
PY
