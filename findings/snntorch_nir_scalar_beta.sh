#!/usr/bin/env bash
# snntorch 1.0.0 with nir 1.0.8: export_to_nir fails for the example of its own docstring,
# Leaky(beta=0.9). The node of neurons gets the shape of beta, a scalar, and nir's check of
# types finds () behind 500. It works with beta and threshold given as vectors.
# Seen: ValueError: Type inference error: type mismatch: 1.output: [[500]] -> 2.input: []
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" snntorch==1.0.0 nirtorch==2.6 \
  nir==1.0.8 "torch==2.13.0"
PYTHONPATH="$folder" python3 - <<'PY'
import sys

import snntorch
import torch
from snntorch.export_nir import export_to_nir


def export(first, second):
    network = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Linear(784, 500),
        snntorch.Leaky(**first, init_hidden=True),
        torch.nn.Linear(500, 10),
        snntorch.Leaky(**second, init_hidden=True, output=True),
    )
    try:
        export_to_nir(network, torch.randn(1, 784))
    except ValueError as error:
        return str(error)
    return "written"


found = export({"beta": 0.9}, {"beta": 0.9})
print("beta=0.9:", found)
sys.exit("type mismatch" not in found)
PY
