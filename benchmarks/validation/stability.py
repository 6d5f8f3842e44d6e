"""Whether neurons and classes that are called stable are right."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata
from sklearn.metrics import adjusted_rand_score

from benchmarks.validation.number import OTHERS, RETINA, simulate_counts
from neuroclass.clustering import AgglomerativeBottleneck, bootstrap_stability

TITLE = "Are stable neurons in the right class?"

_N_NEURONS, _N_TYPES = 60, 6
_BOUNDS = (0.0, 0.6, 0.8, 0.95, 1.01)  # of the stability of a neuron
_BINS = ("below .6", ".6 to .8", ".8 to .95", "above .95")
_GENERATORS = (RETINA, *OTHERS)


def cases(quick):
    """Return populations of six types by generator, repeats and diversity."""
    seeds = range(1) if quick else range(3)
    return [
        {
            "generator": generator,
            "n_repeats": n_repeats,
            "diversity": diversity,
            "n_replicates": 10 if quick else 50,
            "seed": 700 + seed,
        }
        for generator in (_GENERATORS[:1] if quick else _GENERATORS)
        for diversity in ((1.0,) if quick else (0.5, 1.0))
        for n_repeats in ((10,) if quick else (10, 30))
        for seed in seeds
    ]


def measure(generator, n_repeats, diversity, n_replicates, seed):
    """Classify one population into as many classes as types, and resample it."""
    counts, types = simulate_counts(
        generator,
        _N_TYPES,
        n_repeats,
        n_neurons=_N_NEURONS,
        diversity=diversity,
        seed=seed,
    )
    model = AgglomerativeBottleneck(_N_TYPES, random_state=0, n_jobs=1)
    labels = model.fit(counts).labels_
    found = bootstrap_stability(
        counts, labels, n_replicates=n_replicates, random_state=seed, n_jobs=1
    )
    return {
        "stability": found.per_neuron.tolist(),
        "is_right": _is_right(labels, types).tolist(),
        "promised": found.agreement(_N_TYPES)[0],
        "reached": float(adjusted_rand_score(types, labels)),
    }


def _is_right(labels, types):
    """Return which neurons are in the class that corresponds to their type."""
    type_names, of_type = np.unique(types, return_inverse=True)
    shared = np.zeros((labels.max() + 1, len(type_names)), dtype=int)
    np.add.at(shared, (labels, of_type), 1)
    classes, matched = linear_sum_assignment(-shared)
    type_of_class = np.full(len(shared), -1)
    type_of_class[classes] = matched
    return type_of_class[labels] == of_type


def render(found):
    """Return a table of wrong neurons by stability, and how well it ranks them."""
    n_replicates = found[0][0]["n_replicates"]
    lines = [
        f"Populations of {_N_NEURONS} neurons of {_N_TYPES} types, classified into as "
        f"many classes in words of 20 ms of 20 s; {n_replicates} resampled stimuli. A "
        "neuron is wrong outside of the class that corresponds to its type. Share of "
        "the neurons that are wrong, of how many, by stability; ranked: how often a "
        "wrong neuron is less stable than a right one (.5: by chance); promised and "
        "reached: adjusted Rand index of resampled stimuli with the classes, and of "
        "the classes with the types.",
        "",
        "| generator | diversity | repeats | "
        + " | ".join(_BINS)
        + " | ranked | promised | reached |",
        "|---|---:|---:|" + "---:|" * (len(_BINS) + 3),
    ]
    rows = {}
    for case, measured in found:
        row = f"{case['generator']} | {case['diversity']:g} | {case['n_repeats']}"
        rows.setdefault(row, []).append(measured)
    lines += [f"| {row} | {_cells(here)} |" for row, here in rows.items()]
    lines += [
        "",
        "A stable neuron would be where it is on another stretch of the stimulus, too; "
        "whether that is its type is another question where types overlap (diversity "
        "1). Below which stability a class is not to be relied on was not measured.",
    ]
    return "\n".join(lines)


def _cells(measured):
    stability = np.concatenate([m["stability"] for m in measured])
    is_wrong = ~np.concatenate([m["is_right"] for m in measured])
    place = np.digitize(stability, _BOUNDS) - 1
    cells = []
    for k in range(len(_BINS)):
        here = is_wrong[place == k]
        cells.append(f"{here.mean():.2f} of {len(here)}" if len(here) else "")
    ranked = [_ranked(m["stability"], m["is_right"]) for m in measured]
    ranked = [share for share in ranked if share is not None]
    cells.append(f"{np.mean(ranked):.2f}" if ranked else "")
    cells += [
        f"{np.mean([m[name] for m in measured]):.2f}"
        for name in ("promised", "reached")
    ]
    return " | ".join(cells)


def _ranked(stability, is_right):
    """Return how often a wrong neuron is less stable than a right one."""
    is_wrong = ~np.array(is_right)
    wrong, right = is_wrong.sum(), (~is_wrong).sum()
    if not wrong or not right:
        return None
    ranks = rankdata(-np.array(stability))[is_wrong].sum()
    return (ranks - wrong * (wrong + 1) / 2) / (wrong * right)
