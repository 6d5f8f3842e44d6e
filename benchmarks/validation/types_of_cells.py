"""Classes by timing on responses like real ones: the types, their number, the peers.

    python -m benchmarks.validation.types_of_cells [--populations N] [--first-seed S]
        [--no-peers] [--cells-per-type N]

Populations are drawn from measured mean responses of mouse ganglion cells of nine
published types (``../shared/data/mouse_rgc/psth_types.npz``; without the file only the
made populations are measured), and, for single types and continua, from a generator.
Types are labels of cells, not of responses.  "supervised" is leave-one-out discriminant
analysis, which is told the types of all other cells: about what responses can give.
Seeds 0 to 99 are for choosing; figures are reported from 1000 on.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict

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

try:
    from sib import SIB
except ImportError:  # a peer, not a dependency
    SIB = None

CELLS = Path(__file__).parents[3] / "shared/data/mouse_rgc/psth_types.npz"
N_TYPES = (3, 5, 8)
REPEATS = (5, 10, 20, 50, 100)
_SMOOTHINGS = (0.0, 1.5, 3.0)  # bins of 20 ms
_SCALINGS = ("z-scored", "unit length", "square root", "maximum")


def draw_cells(seed, *, n_types=None, cells_per_type=10):
    """Return spikes per repeat and types: measured cells, and what was drawn.

    Types, repeats, added spread of ln rate (0 or .7) and sparse cells (0 or 15 %, of 5
    to 30 spikes) cycle with the seed; of each type at most `cells_per_type`.
    """
    cells = np.load(CELLS)
    rng = np.random.default_rng([2026, seed])
    n_types = N_TYPES[seed % 3] if n_types is None else n_types
    n_repeats = REPEATS[seed // 3 % 5]
    spread, sparse = (0.0, 0.7)[seed // 15 % 2], (0.0, 0.15)[seed // 30 % 2]
    names = rng.choice(np.unique(cells["cell_type"]), n_types, replace=False)
    of_type = [np.flatnonzero(cells["cell_type"] == name) for name in names]
    drawn = np.concatenate([rng.permutation(c)[:cells_per_type] for c in of_type])
    drawn.sort()
    types = np.unique(cells["cell_type"][drawn], return_inverse=True)[1]
    rate = cells["psth_hz"][drawn].reshape(len(drawn), -1, 2).sum(axis=-1) * 0.01
    rate = rate * np.exp(rng.normal(0, spread, (len(rate), 1)))
    is_sparse = rng.random(len(rate)) < sparse
    few = rng.uniform(5, 30, is_sparse.sum()) / n_repeats
    rate[is_sparse] *= (few / rate[is_sparse].sum(axis=1))[:, None]
    spikes = rng.poisson(rate[:, None], (len(rate), n_repeats, rate.shape[1]))
    what = {"n_types": n_types, "n_repeats": n_repeats, "spread": spread}
    return spikes, types, np.repeat(np.arange(6), 80), what | {"sparse": sparse}


def draw_one_type(seed):
    """Return spikes per repeat of one made type, whose cells differ gradually.

    The drive of each cell is a common one plus, in turn, nothing, an own one, or a
    position on one or two axes with a flat distribution; rates spread by .9.
    """
    rng = np.random.default_rng([2027, seed])
    kind = ("alike", "diverse", "one axis", "two axes")[seed % 4]
    n_neurons, n_repeats = int(rng.integers(15, 80)), REPEATS[seed // 4 % 5]

    def drives(n):
        return gaussian_filter1d(rng.normal(size=(n, 480)), 2.0, axis=1) * 2.6

    drive = np.repeat(drives(1), n_neurons, axis=0)
    if kind == "diverse":
        drive = drive + 0.5 * drives(n_neurons)
    elif kind != "alike":
        n_axes = 1 if kind == "one axis" else 2
        drive = drive + rng.uniform(-0.6, 0.6, (n_neurons, n_axes)) @ drives(n_axes)
    rate = 0.12 * np.exp(drive + 0.9 * rng.normal(size=(n_neurons, 1)))
    spikes = rng.poisson(rate[:, None], (n_neurons, n_repeats, 480))
    what = {"n_types": 1, "n_repeats": n_repeats, "kind": kind}
    return spikes, np.zeros(n_neurons, int), np.zeros(480, int), what


def draw_made(seed):
    """Return spikes per repeat of 1 to 8 made types, and of units that fire at random.

    Types differ by .5 to 1 of the drive that they share, cells of a type by .3 to .8 of
    what types differ by; 10 to 145 cells of unequal shares, 5 to 60 repeats, spread of
    ln rate 0 to 1, up to 20 % of units that fire at random.
    """
    rng = np.random.default_rng([2028, seed])
    n_types = (1, 2, 3, 4, 5, 6, 8)[seed % 7]
    n_neurons = int(rng.integers(max(10, 6 * n_types), 146))
    n_repeats = int(rng.choice([5, 10, 20, 30, 60]))
    spread, distance = rng.uniform(0, 1), rng.uniform(0.5, 1.0)
    diversity = distance * rng.uniform(0.3, 0.8)
    shares = rng.dirichlet(np.full(n_types, 8.0))
    types = np.append(
        np.arange(n_types).repeat(4), rng.choice(n_types, n_neurons, p=shares)
    )
    types = np.sort(types[:n_neurons])

    def drives(n):
        return gaussian_filter1d(rng.normal(size=(n, 480)), 2.0, axis=1) * 2.6

    drive = (
        drives(1) + distance * drives(n_types)[types] + diversity * drives(n_neurons)
    )
    rate = rng.uniform(0.02, 0.08) * np.exp(
        drive + spread * rng.normal(size=(n_neurons, 1))
    )
    n_random = int(rng.uniform(0, 0.2) * n_neurons)
    random = rng.uniform(0, 150, (n_random, 1)) / 480 / n_repeats * np.ones(480)
    rate = np.concatenate([rate, random])
    types = np.append(types, np.full(n_random, n_types))
    spikes = rng.poisson(rate[:, None], (len(rate), n_repeats, 480))
    what = {"n_types": n_types, "n_repeats": n_repeats, "kind": "made"}
    return spikes, types, np.zeros(480, int), what


def measure(seed, draw=draw_cells, *, peers=True):
    """Return what is found in one population, by timing and by the peers."""
    spikes, types, stimulus, found = draw(seed)
    fires = spikes.sum(axis=(1, 2)) > 0
    spikes, types = spikes[fires], types[fires]
    counts = SpikeCounts.from_repeats(spikes, stimulus=stimulus)
    part = find_participants(counts).takes_part
    n_types = found["n_types"]
    if part.sum() >= 2:
        cuts = find_cluster_cuts(counts.of(part))
        found |= {
            "shown": cuts.n_clusters,
            "low": cuts.low,
            "high": cuts.high,
            "is_determined": cuts.is_determined,
            "ari_shown": adjusted_rand_score(types[part], cuts.labels),
        }
    if n_types == 1 or not peers or part.sum() < n_types:
        return found
    whole = TimingMatrix.from_spikes(counts)
    labels = _classes(TimingMatrix.from_spikes(counts.of(part)), n_types)
    for name, judged in (("part", part), ("all", np.ones(len(types), bool))):
        truth = types[judged]
        ours = labels if name == "part" else assign_neurons(whole, labels, part)[0]
        found[f"timing, {name}"] = adjusted_rand_score(truth, ours)
        for peer, partition in _peers(spikes[judged], stimulus, n_types):
            found[f"{peer}, {name}"] = adjusted_rand_score(truth, partition)
        told = _supervised(spikes[judged], stimulus, truth)
        found[f"supervised, {name}"] = adjusted_rand_score(truth, told)
    return found


def _classes(matrix, n_clusters):
    start = build_merge_tree(matrix).labels(n_clusters)
    return refine_with_restarts(matrix, start, random_state=0)[0]


def _peers(spikes, stimulus, n_clusters):
    """Yield the name and the partition of each peer."""
    n_repeats = spikes.shape[1]
    fired = (spikes > 0).sum(axis=1)
    words = np.stack([n_repeats - fired, fired], axis=2)
    yield "words", AgglomerativeBottleneck(n_clusters).fit(words).labels_
    summed = spikes.sum(axis=1).astype(float)
    for smoothing in _SMOOTHINGS:
        for scaling in _SCALINGS:
            x = _scaled(summed, smoothing, scaling, stimulus)
            found = KMeans(n_clusters, n_init=10, random_state=0).fit_predict(x)
            yield f"k-means {scaling} {smoothing:g}", found
    if SIB is not None:
        sib = SIB(n_clusters=n_clusters, n_init=10, random_state=0)
        yield "sib", sib.fit(summed).labels_


def _supervised(spikes, stimulus, types):
    """Return the type of each cell as the types of all others predict it."""
    x = _scaled(spikes.sum(axis=1).astype(float), 3.0, "z-scored", stimulus)
    u, size, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    model = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    return cross_val_predict(model, (u * size)[:, :20], types, cv=LeaveOneOut())


def _scaled(summed, smoothing, scaling, stimulus):
    x = summed.reshape(len(summed), int(stimulus[-1]) + 1, -1)
    if smoothing:
        x = gaussian_filter1d(x, smoothing, axis=2, mode="nearest")
    x = x.reshape(len(summed), -1)
    if scaling == "z-scored":
        return (x - x.mean(1, keepdims=True)) / (x.std(1, keepdims=True) + 1e-9)
    if scaling == "unit length":
        return x / np.linalg.norm(x, axis=1, keepdims=True)
    if scaling == "square root":
        return np.sqrt(x / x.sum(axis=1, keepdims=True))
    return x / x.max(axis=1, keepdims=True)


def render(found):
    """Return lines: agreement at the known number, and the number itself."""
    lines = []
    several = [f for f in found if "timing, all" in f]
    if several:
        names = [k for k in several[0] if k.endswith((", all", ", part"))]
        mean = {k: np.mean([f[k] for f in several]) for k in names}
        lines.append(f"adjusted Rand index at the known number ({len(several)}):")
        for which in ("part", "all"):
            kmeans = [k for k in names if k.startswith("k-m") and k.endswith(which)]
            best = max(kmeans, key=mean.get)
            shown = [f"timing, {which}", f"words, {which}", best]
            shown += [f"sib, {which}", f"supervised, {which}"]
            for name in shown:
                if name in mean:
                    gain = [f[f"timing, {which}"] - f[name] for f in several]
                    error = np.std(gain) / np.sqrt(len(gain))
                    lines.append(
                        f"  {name:30} {mean[name]:.3f}  timing ahead by "
                        f"{np.mean(gain):+.3f} +- {error:.3f}"
                    )
    counted = [f for f in found if "shown" in f]
    for name, group in (
        ("measured cells", [f for f in counted if "kind" not in f]),
        ("made types", [f for f in counted if f.get("kind") == "made"]),
        (
            "one made type",
            [f for f in counted if "kind" in f and f["kind"] != "made"],
        ),
    ):
        if not group:
            continue
        k = np.array([f["n_types"] for f in group])
        shown, low, high = (
            np.array([f[key] for f in group]) for key in ("shown", "low", "high")
        )
        sure = np.array([f["is_determined"] for f in group])
        right = (shown == k)[sure]
        lines += [
            f"{name} ({len(group)}): exact {np.mean(shown == k):.2f}, within one "
            f"{np.mean(abs(shown - k) <= 1):.2f}, range holds "
            f"{np.mean((low <= k) & (k <= high)):.3f}, surely split beyond "
            f"{np.mean(low > k):.3f}, determined {sure.mean():.2f}"
            + (f" and right {right.mean():.2f}" if sure.any() else "")
            + f", '1, determined' wrong {np.sum(sure & (shown == 1) & (k > 1))}, ARI "
            f"shown {np.mean([f['ari_shown'] for f in group]):.3f}"
        ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--populations", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--cells-per-type", type=int, default=10)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.populations)
    found = [measure(seed, draw_one_type) for seed in seeds]
    found += [measure(seed, draw_made, peers=False) for seed in seeds]
    if CELLS.exists():
        draw = partial(draw_cells, cells_per_type=options.cells_per_type)
        found += [measure(seed, draw, peers=not options.no_peers) for seed in seeds]
    else:
        print(f"no measured cells: {CELLS} is not there")
    print(render(found))


if __name__ == "__main__":
    main()
