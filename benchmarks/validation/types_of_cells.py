"""Whether the types of neurons as diverse as real ones are found, by timing and peers.

Also by itself: ``python -m benchmarks.validation.types_of_cells [--populations N]
[--first-seed S] [--suites NAME,...]`` prints the section without the cache; seeds below
1000 are for choosing, figures are reported from 1000 on.

Mouse cells are read from ``$NEUROCLASS_RECORDINGS/mouse_rgc`` (``recordings/mouse_rgc``
by default), and left out where that is absent; sIB where the package
``sib-clustering`` is.
"""

import argparse
from itertools import product

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from benchmarks.validation._real_like import (
    CELLS,
    FIRST_REPORTED,
    GENERATORS,
    N_TYPES,
    STEP,
    add_random_units,
    draw_continuum,
    draw_mouse,
    draw_real_like,
    draw_small_types,
    load_step,
)
from neuroclass.clustering import (
    AgglomerativeBottleneck,
    build_merge_tree,
    refine_with_restarts,
)
from neuroclass.clustering.timing import (
    SpikeCounts,
    TimingMatrix,
    assign_neurons,
    find_cluster_cuts,
    find_participants,
)
from neuroclass.groupings import (
    MOST_GROUPS,
    has_sib,
    k_means_partition,
    mixture_partition,
    principal_components,
    scale_psth,
    sib_partition,
)

TITLE = "Are the types found?"
TIMING, WORDS, SILHOUETTE, MIXTURE = (
    "timing",
    "words (2002)",
    "k-means, silhouette",
    "mixture, BIC",
)
DIVERSITIES = (0.5, 1.0)
CONTINUA = ("alike", "diverse", "one axis", "two axes")
VARIABILITY = {
    "bursts": {"bursts": 0.5},
    "gain noise": {"gain_noise": 0.4},
    "correlated noise": {"shared_gain_noise": 0.4},
    "drift": {"drift": 0.5},
}
_SMOOTHINGS = (0.0, 1.5, 3.0)  # bins of 20 ms
_SCALINGS = ("z-scored", "unit length", "square root", "maximum")
_COMPARED = 3  # of so many populations one by the peers, too
_FRESH = 3000  # seeds that were looked at once
_BY_TIMING = {"fresh", "small types"}  # suites without peers
_ALIKE = {"rate_spread": 0.0, "sparse_share": 0.0}


def cases(quick, *, first_seed=FIRST_REPORTED, n_populations=60):
    """Return populations by suite, what the suite draws, and seed."""
    if quick:
        return [
            _case("real-like", GENERATORS[1], first_seed + 2),
            _case("real-like", GENERATORS[1], first_seed + 3),
            _case("one type", "one axis", first_seed),
            _case("random units", GENERATORS[1], first_seed + 2),
        ]
    seeds = range(first_seed, first_seed + n_populations)
    some = list(seeds)[: max(1, n_populations // 6)]
    found = [_case("real-like", g, s) for g, s in product(GENERATORS, seeds)]
    found += [_case("alike", GENERATORS[0], s) for s in seeds[: 3 * len(some)]]
    quarter = list(seeds)[: max(1, n_populations // 4)]
    found += [_case("one type", kind, s) for kind in CONTINUA for s in quarter]
    found += [_case("noise", kind, s) for kind in VARIABILITY for s in some]
    found += [
        _case("small types", generator, seed)
        for generator, seed in product(GENERATORS, quarter)
        if N_TYPES[seed % len(N_TYPES)] > 2
    ]
    if first_seed == FIRST_REPORTED:
        fresh = range(_FRESH, _FRESH + n_populations)
        found += [_case("fresh", g, s) for g, s in product(GENERATORS, fresh)]
    found += [_case("random units", GENERATORS[s % len(GENERATORS)], s) for s in seeds]
    if CELLS.exists():
        found += [_case("mouse", "mouse", s) for s in seeds]
    if STEP.exists():
        found.append(_case("step", "step", 0))
    return found


def _case(suite, kind, seed):
    return {"suite": suite, "kind": kind, "seed": seed}


def measure(suite, kind, seed):
    """Return what is found in one population, by timing and by the peers."""
    if suite == "random units":
        return _measure_random_units(kind, seed)
    population = _draw(suite, kind, seed)
    is_compared = suite in {"mouse", "step"} or _is_compared(seed)
    is_compared &= suite not in _BY_TIMING
    found = _measure_number(
        population,
        is_with_words=is_compared,
        is_with_peers=is_compared and suite not in {"one type", "noise"},
    )
    if is_compared and population.n_types > 1 and suite in {"real-like", "mouse"}:
        found["ari"] = _measure_known(population, is_all=suite == "mouse")
    return found


def _is_compared(seed):
    """Return whether the peers are measured: types and repeats cycle with 7 and 5."""
    return seed % _COMPARED == FIRST_REPORTED % _COMPARED


def _draw(suite, kind, seed):
    if suite == "mouse":
        return draw_mouse(seed)
    if suite == "step":
        return load_step()
    if suite == "one type":
        return draw_continuum(kind, seed)
    if suite == "noise":
        return draw_real_like(GENERATORS[0], seed, **VARIABILITY[kind])
    if suite == "alike":
        return draw_real_like(kind, seed, **_ALIKE)
    if suite == "small types":
        return draw_small_types(kind, seed, diversity=_diversity(seed))
    return draw_real_like(kind, seed, diversity=_diversity(seed))


def _diversity(seed):
    """Return the default diversity, or, every other seed, that of overlapping types."""
    return DIVERSITIES[seed % 2]


def _measure_number(population, *, is_with_words, is_with_peers):
    spikes, types, stimulus, n_types = _of_firing(population)
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    part = find_participants(counts).takes_part
    found = {
        "n_types": n_types,
        "n_neurons": len(population.types),
        "n_repeats": spikes.shape[1],
        "n_part": int(part.sum()),
        "n_good": int((types < n_types).sum()),
        "n_good_part": int((part & (types < n_types)).sum()),
        "number": {},
    }
    if part.sum() < 2:
        return found
    cuts = find_cluster_cuts(counts.of(part))
    found["number"][TIMING] = {
        "shown": cuts.n_clusters,
        "low": cuts.low,
        "high": cuts.high,
        "is_determined": cuts.is_determined,
        "ari": float(adjusted_rand_score(types[part], cuts.labels)),
    }
    if is_with_words and part.sum() > MOST_GROUPS:
        words = _words(spikes, "auto", part, types)
        found["number"][WORDS] = words
    if is_with_peers and part.sum() > MOST_GROUPS:
        for name, labels in _numbered(spikes[part], stimulus):
            found["number"][name] = {
                "shown": len(np.unique(labels)),
                "ari": float(adjusted_rand_score(types[part], labels)),
            }
    return found


def _of_firing(population):
    fires = population.spikes.sum(axis=(1, 2)) > 0
    return population._replace(
        spikes=population.spikes[fires], types=population.types[fires]
    )


def _words(spikes, n_clusters, part, types):
    """Return the number of classes by words, the criterion of 2002."""
    model = AgglomerativeBottleneck(n_clusters, n_restarts=0).fit(_word_counts(spikes))
    selection = model.selection_
    return {
        "shown": selection.n_clusters,
        "low": selection.low,
        "high": selection.high,
        "is_determined": bool(selection.is_determined),
        "ari": float(adjusted_rand_score(types[part], model.labels_[part])),
    }


def _word_counts(spikes):
    fired = (spikes > 0).sum(axis=1)
    return np.stack([spikes.shape[1] - fired, fired], axis=2)


def _numbered(spikes, stimulus):
    """Yield the partitions of peers that choose the number themselves."""
    summed = spikes.sum(axis=1)
    scaled = scale_psth(summed, "z-scored", smoothing=1.5, stimulus=stimulus)
    x = principal_components(scaled)
    yield SILHOUETTE, k_means_partition(x, n_init=5).labels
    yield MIXTURE, mixture_partition(x).labels


def _measure_known(population, *, is_all):
    """Return adjusted Rand indices at the known number, by method."""
    spikes, types, stimulus, n_types = _of_firing(population)
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    part = find_participants(counts).takes_part
    if part.sum() < max(n_types, 2):
        return {}
    matrix = TimingMatrix.from_spikes(counts.of(part))
    start = build_merge_tree(matrix).labels(n_types)
    labels = refine_with_restarts(matrix, start, random_state=0)[0]
    found = {}
    for name, judged in (("part", part), ("all", np.ones(len(types), bool))):
        if name == "all" and not is_all:
            continue
        if name == "all":
            whole = TimingMatrix.from_spikes(counts)
            labels = assign_neurons(whole, labels, part)[0]
        partitions = [(TIMING, labels), *_peers(spikes[judged], stimulus, n_types)]
        if is_all:
            of_others = _supervised(spikes[judged], stimulus, types[judged])
            partitions.append(("supervised", of_others))
        for peer, partition in partitions:
            ari = adjusted_rand_score(types[judged], partition)
            found[f"{peer}, {name}"] = float(ari)
    return found


def _peers(spikes, stimulus, n_clusters):
    """Yield the name and the partition of each peer."""
    yield WORDS, AgglomerativeBottleneck(n_clusters).fit(_word_counts(spikes)).labels_
    summed = spikes.sum(axis=1).astype(float)
    for smoothing in _SMOOTHINGS:
        for scaling in _SCALINGS:
            x = scale_psth(summed, scaling, smoothing=smoothing, stimulus=stimulus)
            found = k_means_partition(x, n_clusters).labels
            yield f"k-means {scaling}, {smoothing:g} bins", found
    if has_sib():
        yield "sIB", sib_partition(summed, n_clusters).labels


def _supervised(spikes, stimulus, types):
    """Return the type of each cell as the types of all others predict it."""
    x = scale_psth(spikes.sum(axis=1), "z-scored", smoothing=3.0, stimulus=stimulus)
    u, size, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    model = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    return cross_val_predict(model, (u * size)[:, :20], types, cv=LeaveOneOut())


def _measure_random_units(kind, seed):
    """Classify a population without and with units that fire at random."""
    population = draw_real_like(kind, seed, sparse_share=0.0)
    with_units = add_random_units(population, seed)
    n_neurons = len(population.types)
    is_compared = _is_compared(seed)
    one, other = (_cuts_of(p, is_compared) for p in (population, with_units))
    labels = other["labels"][:n_neurons]
    found = {
        "n_units": len(with_units.types) - n_neurons,
        "n_taking_part": int((other["labels"][n_neurons:] >= 0).sum()),
        "is_same_number": one["number"] == other["number"],
        "is_same_partition": bool(
            np.array_equal(one["labels"] >= 0, labels >= 0)
            and adjusted_rand_score(one["labels"], labels) == 1
        ),
    }
    if is_compared:
        found["is_same_number_words"] = one["words"] == other["words"]
    return found


def _cuts_of(population, is_with_words):
    spikes, _, stimulus, _ = population
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    part = find_participants(counts).takes_part
    labels = np.full(len(part), -1)
    number = (0, 0, 0, False)
    if part.sum() >= 2:
        cuts = find_cluster_cuts(counts.of(part))
        labels[part] = cuts.labels
        number = (cuts.n_clusters, cuts.low, cuts.high, cuts.is_determined)
    found = {"labels": labels, "number": number}
    if is_with_words:
        firing = _word_counts(_of_firing(population).spikes)
        found["words"] = (
            AgglomerativeBottleneck("auto", n_restarts=0).fit(firing).n_clusters_
        )
    return found


def render(found):
    """Return the tables, and which of the figures aimed at were met."""
    suites = {}
    for case, measured in found:
        suites.setdefault(case["suite"], []).append((case, measured))
    parts = [_preface(suites), _number_table(suites)]
    if "one type" in suites:
        parts.append(_continua_table(suites["one type"]))
    if any("ari" in measured for _, measured in found):
        parts.append(_known_table(suites))
    if "random units" in suites:
        parts.append(_random_units_line(suites["random units"]))
    parts += [_wrong_line(suites.get("real-like", [])), _aims_table(suites)]
    return "\n\n".join(part for part in parts if part)


def _preface(suites):
    seeds = [case["seed"] for s in suites for case, _ in suites[s]]
    seeds = [seed for seed in seeds if 0 < seed < _FRESH]
    text = (
        "Neurons as diverse as real ones: firing rates of one type spread by .9 in the "
        "natural logarithm (real cells .8 to 1.1), one unit in ten fires 0 to 150 "
        "spikes at random, 1 to 8 types of unequal sizes, 8 to 250 neurons, 5 to 100 "
        "repeats of 10 or 20 s, bins of 20 ms. In half of the populations the neurons "
        "of a type differ as by default (diversity .5), in the others types overlap "
        "(diversity 1). Four generators, three of which share nothing with "
        "`simulate_retina` (`benchmarks/validation/_real_like.py`). Seeds "
        f"{min(seeds)} to {max(seeds)}; those below {FIRST_REPORTED} were for "
        "choosing, those of other seeds were looked at once, after everything was "
        "chosen. *Number*: as shown; *within one*, *range holds* (lowest to highest "
        "number that the data leave open); *determined*: how often the number is said "
        'to be, and how often it is then right; *wrongly one*: "1, determined" where '
        "there are several. The adjusted Rand index (ARI) is that of the units whose "
        "response repeats, at the number shown. `words` is the criterion of 2002 with "
        'its own number (`criterion="word"`); silhouette and mixture take the first '
        "ten principal components of z-scored, smoothed PSTHs of these units, and "
        "silhouette cannot say one. Peers were measured in every third population, "
        f"where more than {MOST_GROUPS} units take part; *timing, the same*: in the "
        "same populations."
    )
    text += (
        " *Mouse cells*: Poisson repeats of the mean responses of 3, 5 or 8 of nine "
        "types of ganglion cells to spots of six sizes, ten cells of each (Goetz et "
        "al. 2022), rates as measured or spread by .7 more, none or 15 % of the cells "
        "sparse; *light step*: 140 cells, 9 repeats, labelled by the sign of their "
        "response index. Both need files that are not part of the project: "
        "`psth_types.npz`, `step_140_cells_9_repeats.nwb` and `step_on_off.csv` in "
        "`$NEUROCLASS_RECORDINGS/mouse_rgc`."
    )
    missing = []
    if "mouse" not in suites or "step" not in suites:
        missing.append("mouse cells")
    if not has_sib():
        missing.append("sIB, which needs the package `sib-clustering`")
    return text + (f" Not measured here: {' and '.join(missing)}." if missing else "")


_NUMBER_HEAD = [
    "| populations | method | n | exact | within one | range holds | determined "
    "| then right | wrongly one | ARI |",
    "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
]


def _number_table(suites):
    lines = list(_NUMBER_HEAD)
    real = suites.get("real-like", [])
    lines += _number_rows("real-like, all", real)
    for generator in GENERATORS:
        some = [f for f in real if f[0]["kind"] == generator]
        lines += _number_rows(generator, some, (TIMING, WORDS))
    for diversity, name in zip(DIVERSITIES, ("default", "overlapping"), strict=True):
        some = [f for f in real if _diversity(f[0]["seed"]) == diversity]
        name = f"real-like, {name} (diversity {diversity:g})"
        lines += _number_rows(name, some)
    groups = (
        ("1 type", lambda m: m["n_types"] == 1),
        ("2 to 4 types", lambda m: 2 <= m["n_types"] <= 4),
        ("5 to 8 types", lambda m: m["n_types"] >= 5),
        ("5 repeats", lambda m: m["n_repeats"] == 5),
        ("10 or 20 repeats", lambda m: m["n_repeats"] in {10, 20}),
        ("50 or 100 repeats", lambda m: m["n_repeats"] >= 50),
        ("8 to 40 neurons", lambda m: m["n_neurons"] <= 40),
        ("41 to 100 neurons", lambda m: 40 < m["n_neurons"] <= 100),
        ("101 to 250 neurons", lambda m: m["n_neurons"] > 100),
    )
    for name, is_in in groups:
        some = [f for f in real if is_in(f[1])]
        lines += _number_rows(f"real-like, {name}", some, (TIMING, WORDS))
    fresh = suites.get("fresh", [])
    lines += _number_rows(_of_fresh("real-like, all", fresh), fresh)
    for generator in GENERATORS:
        some = [f for f in fresh if f[0]["kind"] == generator]
        lines += _number_rows(_of_fresh(generator, some), some)
    for kind in VARIABILITY:
        some = [f for f in suites.get("noise", []) if f[0]["kind"] == kind]
        lines += _number_rows(f"retina with {kind}", some, (TIMING, WORDS))
    lines += _number_rows(
        "every other type of two or three neurons", suites.get("small types", [])
    )
    lines += _number_rows("cells that fire alike (as before)", suites.get("alike", []))
    lines += _number_rows("mouse cells, 3, 5, 8 types", suites.get("mouse", []))
    lines += _number_rows("mouse light step, ON and OFF", suites.get("step", []))
    return "\n".join(lines)


def _of_fresh(name, found):
    seeds = [case["seed"] for case, _ in found]
    return f"{name}, seeds {min(seeds)} to {max(seeds)}" if seeds else name


def _number_rows(name, found, methods=(TIMING, WORDS, SILHOUETTE, MIXTURE)):
    rows = []
    compared = [m for _, m in found if {TIMING, WORDS} <= set(m["number"])]
    n_timing = sum(TIMING in m["number"] for _, m in found)
    methods = [(method, method) for method in methods]
    if 0 < len(compared) < n_timing:
        methods.insert(1, ("timing, the same", TIMING))
    for label, method in methods:
        some = [m for _, m in found if method in m["number"]]
        some = compared if label != method else some
        if some:
            n, *shares, wrong, ari = _shares(some, method)
            shown = ["" if share is None else f"{share:.2f}" for share in shares]
            wrong = "" if wrong is None else f"{wrong}"
            rows.append(
                f"| {name} | {label} | {n} | {' | '.join(shown)} | {wrong} "
                f"| {ari:.2f} |"
            )
            name = ""
    return rows


def _shares(found, method=TIMING):
    """Return how many, exact, within one, range, determined, right, wrong one, ARI."""
    k = np.array([m["n_types"] for m in found])
    of = [m["number"][method] for m in found]
    shown = np.array([m["shown"] for m in of])
    exact, near = np.mean(shown == k), np.mean(abs(shown - k) <= 1)
    ari = np.mean([m["ari"] for m in of])
    if "low" not in of[0]:
        return len(k), exact, near, None, None, None, None, ari
    low, high, sure = (
        np.array([m[key] for m in of]) for key in ("low", "high", "is_determined")
    )
    right = np.mean((shown == k)[sure]) if sure.any() else None
    wrong = int(np.sum(sure & (shown == 1) & (k > 1)))
    holds = np.mean((low <= k) & (k <= high))
    return len(k), exact, near, holds, np.mean(sure), right, wrong, ari


def _continua_table(found):
    lines = [
        "One type whose neurons differ gradually: not at all but in rate (alike), each "
        "in its own way (diverse), or flatly and broadly along one or two axes. "
        "Surely split: the lowest number is above 1; shown split: the number shown is.",
        "",
        '| one type | method | n | surely split | shown split | "1, determined" |',
        "|---|---|---:|---:|---:|---:|",
    ]
    for kind, method in product((*CONTINUA, "all"), (TIMING, WORDS)):
        of = [
            m["number"][method]
            for case, m in found
            if kind in {case["kind"], "all"} and method in m["number"]
        ]
        surely = sum(m["low"] > 1 for m in of)
        shown = sum(m["shown"] > 1 for m in of)
        sure = sum(m["is_determined"] and m["shown"] == 1 for m in of)
        lines.append(f"| {kind} | {method} | {len(of)} | {surely} | {shown} | {sure} |")
    return "\n".join(lines)


def _known_table(suites):
    """Return adjusted Rand indices at the known number."""
    columns = []
    for name, suite, which in (
        ("real-like", "real-like", "part"),
        ("default", 0.5, "part"),
        ("overlapping", 1.0, "part"),
        ("mouse", "mouse", "part"),
        ("mouse, all cells", "mouse", "all"),
    ):
        if suite in DIVERSITIES:
            real = suites.get("real-like", [])
            some = [f for f in real if _diversity(f[0]["seed"]) == suite]
            found = _known({suite: some}, suite, which)
        else:
            found = _known(suites, suite, which)
        if found:
            columns.append((f"{name} ({len(found)})", found))
    methods = dict.fromkeys(m for _, found in columns for f in found for m in f)
    lines = [
        "Adjusted Rand index at the known number of types (number of populations), and "
        "by how much timing is ahead of each method in the same populations, with the "
        "standard error of that. Units whose response repeats; all cells: sparse ones "
        "are assigned afterwards, and scored, too. Smoothing in bins of 20 ms. "
        "Supervised: discriminant analysis that is told the types of all other cells, "
        "about what the responses can give.",
        "",
        "| method | " + " | ".join(name for name, _ in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for method in methods:
        cells = []
        for _, found in columns:
            here = [f for f in found if method in f]
            if not here:
                cells.append("")
                continue
            gain = np.array([f[TIMING] - f[method] for f in here])
            error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
            ahead = "" if method == TIMING else f" ({gain.mean():+.3f} ± {error:.3f})"
            cells.append(f"{np.mean([f[method] for f in here]):.3f}{ahead}")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _known(suites, suite, which):
    """Return [{method: index}, ...] of the populations of a suite."""
    ends = f", {which}"
    found = [
        {
            k.removesuffix(ends): v
            for k, v in m.get("ari", {}).items()
            if k.endswith(ends)
        }
        for _, m in suites.get(suite, [])
    ]
    return [f for f in found if f]


def _random_units_line(found):
    measured = [m for _, m in found]
    n = len(measured)
    same = sum(m["is_same_number"] for m in measured)
    parts = sum(m["is_same_partition"] for m in measured)
    name = "is_same_number_words"
    of_words = [m[name] for m in measured if name in m]
    units = sum(m["n_units"] for m in measured)
    taking = sum(m["n_taking_part"] for m in measured)
    return (
        "Sparse and random units, 1 to 12 of them with 0 to 150 spikes each, added to "
        f'{n} populations: number, range and "determined" stay in {same} of {n}, the '
        f"classes of the other neurons in {parts} of {n}; {taking} of the {units} "
        "units are taken for responding. By words the number stays in "
        f"{sum(of_words)} of {len(of_words)}."
    )


def _wrong_line(found):
    """Return what is wrong where a number is called determined."""
    sure = [
        (m["n_types"], m["number"][TIMING])
        for _, m in found
        if TIMING in m["number"] and m["number"][TIMING]["is_determined"]
    ]
    wrong = [(k, of) for k, of in sure if of["shown"] != k]
    if not wrong:
        return ""
    few = sum(of["shown"] == k - 1 for k, of in wrong)
    return (
        f"Of the {len(wrong)} real-like populations whose number is called determined "
        f"and wrong, there is one type more in {few}."
    )


def _aims_table(suites):
    """Return which of the figures aimed at are met."""
    rows = []

    def add(what, value, aim, n, *, is_most=False, digits=3):
        is_met = value <= aim if is_most else value >= aim
        sign = "at most" if is_most else "at least"
        rows.append(
            f"| {what} | {sign} {aim:g} | {value:.{digits}f} | {n} "
            f"| {'met' if is_met else '**missed**'} |"
        )

    for suite, where in (("real-like", ""), ("fresh", ", other seeds")):
        real = [m for _, m in suites.get(suite, []) if TIMING in m["number"]]
        if not real:
            continue
        n, exact, near, holds, sure, right, wrong, ari = _shares(real)
        n_sure = round(sure * n)
        add(f"real-like{where}: number exact", exact, 0.80, n)
        add(f"within one{where}", near, 0.92, n)
        add(f"range holds{where}", holds, 0.98, n)
        if right is not None:
            add(f"right where determined{where}", right, 0.94, n_sure)
        add(f'"1, determined" wrong{where}', wrong, 0, n, is_most=True, digits=0)
        single = [m for m in real if m["n_types"] == 1]
        if not where:
            others = suites.get("one type", [])
            single += [m for _, m in others if TIMING in m["number"]]
        split = np.mean([m["number"][TIMING]["low"] > 1 for m in single])
        n_single = len(single)
        add(f"single types surely split{where}", split, 0.02, n_single, is_most=True)
        add(f"ARI at the number shown{where}", ari, 0.87, n)
    known = _known(suites, "real-like", "part")
    if known:
        value = np.mean([f[TIMING] for f in known])
        add("ARI at the known number", value, 0.91, len(known))
    mouse = _known(suites, "mouse", "all")
    if mouse:
        value = np.mean([f[TIMING] for f in mouse])
        add("mouse: ARI at the known number, all cells", value, 0.72, len(mouse))
        peers = [p for p in mouse[0] if p.startswith("k-means")]
        best = max(peers, key=lambda p: np.mean([f[p] for f in mouse]))
        ahead = np.mean([f[TIMING] - f[best] for f in mouse])
        add(f"ahead of {best}", ahead, 0.05, len(mouse))
        if "sIB" in mouse[0]:
            ahead = np.mean([f[TIMING] - f["sIB"] for f in mouse])
            add("ahead of sIB", ahead, 0.05, len(mouse))
    if "step" in suites:
        step = suites["step"][0][1]["number"][TIMING]
        add("mouse light step: ARI, ON and OFF", step["ari"], 0.85, 1)
    random = [m for _, m in suites.get("random units", [])]
    if random:
        same = [m["is_same_number"] and m["is_same_partition"] for m in random]
        add(
            "random units change neither number nor classes",
            np.mean(same),
            1.0,
            len(random),
        )
    return "\n".join(
        [
            "What was aimed at:",
            "",
            "| figure | aim | measured | populations | |",
            "|---|---|---:|---:|---|",
            *rows,
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--populations", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=FIRST_REPORTED)
    parser.add_argument("--suites", default="", help="names, comma; all by default")
    options = parser.parse_args()
    suites = options.suites.split(",") if options.suites else None
    drawn = [
        case
        for case in cases(
            quick=False,
            first_seed=options.first_seed,
            n_populations=options.populations,
        )
        if suites is None or case["suite"] in suites
    ]
    print(render([(case, measure(**case)) for case in drawn]))


if __name__ == "__main__":
    main()
