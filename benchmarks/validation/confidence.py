"""Whether the confidence of a neuron in its class is what it says.

Also by itself: ``python -m benchmarks.validation.confidence [--first-seed S]
[--populations N]`` prints the section without the cache; the one constant of
`class_confidence` was chosen on seeds below 21, figures are reported from 1000 on.
"""

import argparse
from itertools import pairwise, product

import numpy as np

from benchmarks.validation._real_like import (
    CELLS,
    FIRST_REPORTED,
    GENERATORS,
    N_TYPES,
    draw_mouse,
    draw_real_like,
)
from neuroclass.clustering import build_merge_tree, refine_with_restarts
from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingMatrix,
    class_confidence,
    class_posterior,
    find_cluster_cuts,
    find_participants,
)

TITLE = "Is the confidence of a neuron in its class right?"
PARTITIONS = ("shown", "known")
MEASURES = ("confidence", "posterior")
MOUSE = "mouse"
_N_BINS = 10  # of the expected calibration error
_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_DIVERSITIES = (0.5, 1.0)


def cases(quick, *, first_seed=FIRST_REPORTED, n_populations=20):
    """Return populations of two types or more, so many of each generator."""
    if quick:
        return [{"generator": GENERATORS[1], "seed": first_seed + 2}]
    several = [s for s in range(first_seed, first_seed + 2 * n_populations) if _some(s)]
    found = [
        {"generator": generator, "seed": seed}
        for generator, seed in product(GENERATORS, several[:n_populations])
    ]
    if CELLS.exists():
        found += [{"generator": MOUSE, "seed": s} for s in several[:n_populations]]
    return found


def _some(seed):
    return N_TYPES[seed % len(N_TYPES)] > 1


def measure(generator, seed):
    """Return how sure each neuron is, and whether it is in the class of its type."""
    if generator == MOUSE:
        population = draw_mouse(seed)
    else:
        diversity = _DIVERSITIES[seed % 2]
        population = draw_real_like(generator, seed, diversity=diversity)
    fires = population.spikes.sum(axis=(1, 2)) > 0
    counts = SpikeCounts.from_repeats(
        population.spikes[fires], stimulus=population.stimulus
    )
    part = find_participants(counts).takes_part
    types = population.types[fires][part]
    if part.sum() < max(6, population.n_types):
        return {}
    own = counts.of(part)
    matrix = TimingMatrix.from_spikes(own)
    tree = build_merge_tree(matrix)
    start = tree.labels(population.n_types)
    partitions = {
        "shown": find_cluster_cuts(own, matrix, tree).labels,
        "known": refine_with_restarts(matrix, start, random_state=0)[0],
    }
    return {
        name: _of_partition(matrix, labels, types, population.n_types)
        for name, labels in partitions.items()
        if labels.max() > 0
    }


def _of_partition(matrix, labels, types, n_types):
    table = np.zeros((n_types + 1, labels.max() + 1))
    np.add.at(table, (types, labels), 1)
    is_right = labels == table.argmax(axis=1)[types]
    confidence = class_confidence(matrix, labels)
    posterior = class_posterior(matrix, labels)[np.arange(len(labels)), labels]
    judged = (types < n_types) & np.isfinite(confidence)
    return {
        "is_right": is_right[judged].tolist(),
        "confidence": confidence[judged].tolist(),
        "posterior": posterior[judged].tolist(),
    }


def calibration_error(sure, is_right):
    """Return the expected calibration error: bins of a tenth, weighted by neurons."""
    sure, is_right = np.asarray(sure), np.asarray(is_right, dtype=float)
    place = np.minimum((_N_BINS * sure).astype(int), _N_BINS - 1)
    n = np.bincount(place, minlength=_N_BINS)
    off = np.bincount(place, sure - is_right, minlength=_N_BINS)
    return float(np.abs(off).sum() / n.sum())


def render(found):
    """Return errors of calibration, and how often a neuron called so sure is right."""
    found = [(case, m) for case, m in found if m]
    n = sum(case["generator"] != MOUSE for case, _ in found)
    lines = [
        "The confidence is the probability of a neuron's class rather than the second "
        "best (`class_confidence`); right is a neuron in the class that holds most of "
        f"its type. {n} populations of four generators (types of unequal sizes, rates "
        "spread by .9, one unit in ten at random, 5 to 100 repeats; half with the "
        "default diversity, half with types that overlap), none of them used for "
        "choosing anything, at the number of classes that is shown and at the known "
        "one. *Mouse*: Poisson repeats of measured cells, whose types nothing here was "
        "chosen on. ECE: expected calibration error in bins of a tenth, aim .05 for "
        "the four generators together. *Posterior*: what takes spikes for independent.",
        "",
        "| populations | partition | neurons | right | mean confidence | ECE | ECE of "
        "the posterior |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    groups = [("four generators", GENERATORS), *((g, (g,)) for g in GENERATORS)]
    groups.append((MOUSE, (MOUSE,)))
    for (name, generators), partition in product(groups, PARTITIONS):
        of_group = _together(found, generators, partition)
        if of_group is None:
            continue
        right, sure, posterior = of_group
        lines.append(
            f"| {name} | {partition} | {len(right)} | {right.mean():.3f} | "
            f"{sure.mean():.3f} | {calibration_error(sure, right):.3f} | "
            f"{calibration_error(posterior, right):.3f} |"
        )
    lines += ["", "Of neurons called so sure, the share that is right (neurons):", ""]
    spans = [f"{a:g} to {b:g}" for a, b in pairwise(_EDGES)]
    lines += ["| | " + " | ".join(spans) + " |", "|---|" + "---:|" * len(spans)]
    for (name, generators), partition in product((groups[0], groups[-1]), PARTITIONS):
        of_group = _together(found, generators, partition)
        if of_group is None:
            continue
        right = of_group[0]
        for measure_name, sure in zip(MEASURES, of_group[1:], strict=True):
            cells = []
            for low, high in pairwise(_EDGES):
                inside = (sure >= low) & ((sure < high) | (high == 1))
                share = f"{right[inside].mean():.2f}" if inside.any() else ""
                cells.append(f"{share} ({inside.sum()})")
            lines.append(
                f"| {name}, {partition}, {measure_name} | {' | '.join(cells)} |"
            )
    return "\n".join(lines)


def _together(found, generators, partition):
    several = [
        m[partition]
        for case, m in found
        if case["generator"] in generators and partition in m
    ]
    if not several:
        return None
    return tuple(
        np.concatenate([np.asarray(m[name]) for m in several])
        for name in ("is_right", *MEASURES)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first-seed", type=int, default=FIRST_REPORTED)
    parser.add_argument("--populations", type=int, default=20)
    options = parser.parse_args()
    drawn = cases(
        quick=False, first_seed=options.first_seed, n_populations=options.populations
    )
    print(render([(case, measure(**case)) for case in drawn]))


if __name__ == "__main__":
    main()
