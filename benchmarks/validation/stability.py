"""Whether neurons, classes and cuts that are called stable are right."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata
from sklearn.metrics import adjusted_rand_score

from benchmarks.validation._real_like import (
    FIRST_REPORTED,
    GENERATORS,
    N_TYPES,
    REPEATS,
    draw_real_like,
)
from neuroclass.clustering import (
    bootstrap_stability,
    build_merge_tree,
    refine_with_restarts,
)
from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingMatrix,
    find_cluster_cuts,
    find_participants,
)

TITLE = "Are stable neurons in the right class?"

_N_TYPES = 6
_BOUNDS = (0.0, 0.6, 0.8, 0.95, 1.01)  # of the stability of a neuron
_BINS = ("below .6", ".6 to .8", ".8 to .95", "above .95")
_MOST = 120  # neurons, for the time


def cases(quick):
    """Return populations of six types by generator, repeats and diversity."""
    return [
        {
            "generator": generator,
            "n_repeats": n_repeats,
            "diversity": diversity,
            "n_replicates": 10 if quick else 50,
            "seed": _seed(n_repeats, k),
        }
        for generator in (GENERATORS[:1] if quick else GENERATORS)
        for diversity in ((1.0,) if quick else (0.5, 1.0))
        for n_repeats in ((10,) if quick else (10, 20))
        for k in range(1 if quick else 2)
    ]


def _seed(n_repeats, k):
    """Return the seed of the k-th population with six types and so many repeats."""
    seeds = range(FIRST_REPORTED, 2 * FIRST_REPORTED)
    fit = (
        seed
        for seed in seeds
        if N_TYPES[seed % len(N_TYPES)] == _N_TYPES
        and REPEATS[seed // len(N_TYPES) % len(REPEATS)] == n_repeats
    )
    return [next(fit) for _ in range(k + 1)][k]


def measure(generator, n_repeats, diversity, n_replicates, seed):
    """Classify one population into as many classes as types, and resample it."""
    population = draw_real_like(generator, seed, diversity=diversity)
    spikes, types, stimulus, n_types = population
    assert (n_types, spikes.shape[1]) == (_N_TYPES, n_repeats)
    few = np.random.default_rng(seed).permutation(len(types))[:_MOST]
    few = np.sort(few[spikes[few].sum(axis=(1, 2)) > 0])
    counts = SpikeCounts.from_repeats(spikes[few], stimulus=stimulus)
    part = find_participants(counts).takes_part
    own, types = counts.of(part), types[few][part]
    matrix = TimingMatrix.from_spikes(own)
    tree = build_merge_tree(matrix)
    labels, _ = refine_with_restarts(matrix, tree.labels(_N_TYPES), random_state=0)
    found = bootstrap_stability(
        own, labels, n_replicates=n_replicates, random_state=seed, n_jobs=1
    )
    cuts = find_cluster_cuts(own, matrix, tree)
    return {
        "stability": found.per_neuron.tolist(),
        "is_right": _is_right(labels, types).tolist(),
        "promised": found.agreement(_N_TYPES)[0],
        "reached": float(adjusted_rand_score(types, labels)),
        "cuts": [
            [
                cut.support == "sure",
                cut.stability,
                float(adjusted_rand_score(types, cut.labels)),
            ]
            for cut in cuts.ranked
        ],
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
        f"Populations like real ones of {_N_TYPES} types, at most {_MOST} neurons, by "
        "timing, classified into as many classes as types; those whose response "
        f"repeats; {n_replicates} resampled stimuli. A "
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
        "",
        _cuts_line([cut for _, measured in found for cut in measured["cuts"]]),
    ]
    return "\n".join(lines)


def _cuts_line(cuts):
    """Return how stable cuts are that surely hold, and those that may."""
    parts = []
    for name, is_sure in (("surely", True), ("perhaps", False)):
        some = np.array([[s, ari] for sure, s, ari in cuts if sure == is_sure])
        if len(some):
            s, ari = some.mean(axis=0)
            parts.append(
                f"{len(some)} that {name} hold, stability {s:.2f} (lowest "
                f"{some[:, 0].min():.2f}), agreement with the types {ari:.2f}"
            )
    return (
        "The ranked cuts of the same populations, stability being the adjusted Rand "
        f"index of the classes of odd with those of even repeats: {'; '.join(parts)}. "
        "Stability does not tell which of them hold."
    )


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
