"""Whether cells of another recording are put into the class of their type."""

from itertools import product

import numpy as np

from benchmarks.validation._real_like import (
    FIRST_REPORTED,
    GENERATORS,
    N_TYPES,
    draw_real_like,
)
from benchmarks.validation.confidence import calibration_error
from neuroclass.analysis import assign_cells, classify_neurons
from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingBottleneck,
    TimingMatrix,
    class_confidence,
    class_posterior,
    fit_to_classes,
)
from neuroclass.simulation import simulate_retina

TITLE = "Are cells of another recording put into the right class?"
RETINAS = "two retinas"
_FEWEST_TYPES = 3
_DIVERSITIES = (0.5, 1.0)


def cases(quick):
    """Return populations of three types or more, by generator, and pairs of retinas."""
    seeds = [
        s
        for s in range(FIRST_REPORTED, FIRST_REPORTED + 35)
        if N_TYPES[s % len(N_TYPES)] >= _FEWEST_TYPES
    ][: 1 if quick else 10]
    sources = (RETINAS, GENERATORS[1]) if quick else (RETINAS, *GENERATORS)
    return [
        {"source": source, "seed": seed} for source, seed in product(sources, seeds)
    ]


def measure(source, seed):
    """Make classes of one recording, and put the cells of another into them."""
    if source == RETINAS:
        return _measure_retinas(seed)
    population = draw_real_like(source, seed, diversity=_DIVERSITIES[seed % 2])
    rng = np.random.default_rng([2032, seed])
    types, spikes = population.types, population.spikes
    new = rng.integers(population.n_types)
    is_first = rng.random(len(types)) < 0.6
    is_known = (types != new) & (types < population.n_types)
    # Other gains: each cell keeps a share of its spikes.
    share = np.exp(-rng.exponential(0.7, len(types)))[:, None, None]
    second = rng.binomial(spikes, np.where(is_first[:, None, None], 1.0, share))
    counts = SpikeCounts.from_repeats(second, stimulus=population.stimulus)
    first = is_first & (types != new)
    model = TimingBottleneck().fit(counts.of(first))
    part = np.flatnonzero(first)[model.takes_part_]
    labels = model.labels_[model.takes_part_]
    half_weight = model.matrix_.half_weight
    matrix = TimingMatrix.from_spikes(counts, half_weight=half_weight)
    tested = np.flatnonzero(~is_first & (counts.counts.sum(axis=1) > 0))
    members, cells = matrix.of(part), matrix.of(tested)
    own = class_posterior(members, labels, cells).argmax(axis=1)
    fit = fit_to_classes(members, labels, cells, own)
    confidence = class_confidence(members, labels, cells, own)
    of_type = _class_of_types(types[part], labels, population.n_types + 1)
    return _scored(
        own == of_type[types[tested]],
        confidence,
        ~fit.is_outside & ~fit.is_chance,
        np.where(
            types[tested] == population.n_types,
            "random",
            np.where(is_known[tested] & (of_type[types[tested]] >= 0), "known", "new"),
        ),
    )


def _measure_retinas(seed):
    n_types = N_TYPES[seed % len(N_TYPES)]
    light = {
        "stimulus_random_state": seed,
        "n_unique": 0,
        "duration": 10.0,
        "diversity": _DIVERSITIES[seed % 2],
    }
    one = simulate_retina(n_types, 25 * n_types, 30, random_state=2 * seed, **light)
    other = simulate_retina(
        n_types + 1,
        20 * n_types,
        15,
        random_state=2 * seed + 1,
        rate_spread=1.3,
        **light,
    )
    classified = classify_neurons(one, bin_size=0.02)
    names, in_class = _annotated(one)
    part = classified.units.takes_part & ~in_class
    kinds = sorted(set(names))
    index = {name: k for k, name in enumerate(kinds)}
    of_type = _class_of_types(
        np.array([index[name] for name in names[part]]),
        classified.labels[part],
        len(kinds) + 1,
    )
    found = assign_cells(other, classified.model)
    names, at_random = _annotated(other)
    fires = found.nearest >= 0
    types = np.array([index.get(name, len(kinds)) for name in names])
    kind = np.where(at_random, "random", np.where(types < len(kinds), "known", "new"))
    return _scored(
        (found.nearest == of_type[types])[fires],
        found.confidence[fires],
        (found.labels >= 0)[fires],
        kind[fires],
    )


def _annotated(block):
    trains = [train.annotations for train in block.segments[0].spiketrains]
    return (
        np.array([one["true_type"] for one in trains]),
        np.array([one["is_sparse"] for one in trains]),
    )


def _class_of_types(types, labels, n_types):
    """Return the class with most cells of each type, -1 without cells."""
    table = np.zeros((n_types, labels.max() + 1))
    np.add.at(table, (types, labels), 1)
    return np.where(table.sum(axis=1) > 0, table.argmax(axis=1), -1)


def _scored(is_right, confidence, is_in, kind):
    return {
        "is_right": is_right.tolist(),
        "confidence": confidence.tolist(),
        "is_in": is_in.tolist(),
        "kind": kind.tolist(),
    }


def render(found):
    """Return accuracy, calibration and how many cells are put into none."""
    lines = [
        "Classes are made of one recording, with the number that is found; cells of "
        "another under the same stimulus are put into them (`assign_cells`). *Two "
        "retinas*: 30 repeats and 15, rates of the second spread by 1.3 instead of .9, "
        "and one type more. The four generators: cells are parted into two recordings; "
        "those of the second lose half of their spikes, more or less, and one type is "
        "kept out of the first. A tenth of the units fires at random. Right: in the "
        "class with most cells of the type, of the known types, wherever nearest. Into "
        "none of these are put cells that are farther from the class than its members, "
        "and those that all neurons together fit as well; or all below a confidence of "
        "0.8. ECE: of the confidence, known types.",
        "",
        "| recordings | n | cells of known types | right | mean confidence | ECE | "
        "known types in none | new type in none (or below .8) | at random in none (or "
        "below .8) |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    sources = dict.fromkeys(case["source"] for case, _ in found)
    for source in (*sources, "all"):
        several = [m for c, m in found if source in (c["source"], "all")]
        right, sure, inside, kind = (
            np.concatenate([np.asarray(m[name]) for m in several])
            for name in ("is_right", "confidence", "is_in", "kind")
        )
        known, good = kind == "known", np.isfinite(sure)
        lines.append(
            f"| {source} | {len(several)} | {known.sum()} | "
            f"{right[known].mean():.3f} | "
            f"{sure[known & good].mean():.3f} | "
            f"{calibration_error(sure[known & good], right[known & good]):.3f} | "
            f"{(~inside[known]).mean():.3f} | "
            + " | ".join(
                f"{(~inside[kind == name]).mean():.2f} "
                f"({(~inside | (sure < 0.8))[kind == name].mean():.2f})"
                if (kind == name).any()
                else ""
                for name in ("new", "random")
            )
            + " |"
        )
    return "\n".join(lines)
