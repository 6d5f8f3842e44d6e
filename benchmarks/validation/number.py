"""How often the right number of types is found in simulated retinas."""

from collections import Counter

import numpy as np
from sklearn.metrics import adjusted_rand_score

from neuroclass.classification import classify_neurons
from neuroclass.simulation import simulate_retina

TITLE = "Are the types of a retina found?"


def cases(quick):
    """Return retinas of 100 cells by number of types, repeats and seed."""
    if quick:
        return [{"n_types": 3, "n_presentations": 50, "seed": 100}]
    rows = ((1, 15), (1, 60), (3, 50), (6, 50), (8, 50))
    return [
        {"n_types": k, "n_presentations": r, "seed": seed}
        for k, r in rows
        for seed in range(10)
    ]


def measure(n_types, n_presentations, seed):
    """Classify one retina with no option given."""
    retina = simulate_retina(n_types, n_presentations=n_presentations, rng=seed)
    truth = [t.annotations["true_type"] for t in retina.segments[0].spiketrains]
    found = classify_neurons(retina, progress=False)
    return {
        "n_clusters": found.n_clusters,
        "low": found.selection.low,
        "high": found.selection.high,
        "ari": float(adjusted_rand_score(truth, found.labels)),
    }


def render(found):
    """Return the table of types and repeats."""
    lines = [
        "| types | repeats | classes found | exact | within one | range holds "
        "| median ARI |",
        "|---:|---:|---|---:|---:|---:|---:|",
    ]
    rows = dict.fromkeys(_row(case) for case, _ in found)
    for k, repeats in rows:
        here = [m for c, m in found if _row(c) == (k, repeats)]
        n = Counter(m["n_clusters"] for m in here)
        listed = ", ".join(f"{value} ({n[value]})" for value in sorted(n))
        exact, near = n[k], sum(n[value] for value in (k - 1, k, k + 1))
        holds = sum(m["low"] <= k <= m["high"] for m in here)
        ari = np.median([m["ari"] for m in here])
        lines.append(
            f"| {k} | {repeats} | {listed} | {exact} of {len(here)} | {near} | {holds} "
            f"| {ari:.3f} |"
        )
    return "\n".join(lines)


def _row(case):
    return case["n_types"], case["n_presentations"]
