"""How far the information is off with few repeats, and whether its interval knows."""

from pathlib import Path

import numpy as np

from neuroclass.estimators import xlog2x
from neuroclass.information import identity_information
from neuroclass.io import load_recording
from neuroclass.presentations import select_presentations
from neuroclass.responses import bin_words, count_words

TITLE = "How far is the information off with few repeats?"

_DATA = Path(__file__).resolve().parents[2] / "data"
_REPEATS = (10, 20, 60)
_OF_RECORDING = (6, 10, 15, 20, 30)
_N_GROUPS = 10


def cases(quick):
    """Return populations whose probabilities are known, and real recordings."""
    n_sets = 1 if quick else 10
    seeds = range(1) if quick else range(6)
    known = [
        {"kind": kind, "n_repeats": r, "n_sets": n_sets, "seed": 600 + s}
        for kind in POPULATIONS
        for r in (_REPEATS[:1] if quick else _REPEATS)
        for s in seeds
    ]
    recordings = {"salamander_small": 0.02, "salamander_movie1": 0.02}
    recordings["salamander_movie2"] = 0.01
    chosen = list(recordings.items())[: 1 if quick else None]
    return known + [
        {"kind": name, "bin_size": bin_size, "n_draws": 2 if quick else 10}
        for name, bin_size in chosen
    ]


def measure(kind, **how):
    """Measure sets of repeats of one population, or of one recording."""
    return _known(kind, **how) if kind in POPULATIONS else _recording(kind, **how)


def _known(kind, n_repeats, n_sets, seed):
    rng = np.random.default_rng([seed, len(kind)])
    p = POPULATIONS[kind](rng)  # (n_neurons, n_conditions, n_words)
    mixture = p.mean(axis=0)
    logs = np.log2(np.where(mixture > 0, mixture, 1.0))
    truth = (xlog2x(p) - p * logs).sum(axis=2).mean(axis=1)  # (n_neurons,)
    truth = np.maximum(truth, 0.0)  # rounding
    true = np.append(truth.mean(), truth)
    inside, covered, estimates = [], [], []
    for _ in range(n_sets):
        groups = rng.multinomial(n_repeats // _N_GROUPS, p, (_N_GROUPS, *p.shape[:2]))
        found = identity_information(groups.sum(axis=0), groups=groups)
        low, high = np.vstack([found.interval, found.per_neuron_interval]).T
        inside.append((low <= true) & (true <= high))
        left = found.replicates
        error = (_N_GROUPS - 1) / _N_GROUPS * ((left - left.mean()) ** 2).sum()
        covered.append(abs(found.bits_per_word - true[0]) <= 2.262 * np.sqrt(error))
        estimates.append([found.plug_in, found.blend, found.empirical_bayes])
    inside = np.mean(inside, axis=0)
    return {
        "truth": float(true[0]),
        "estimates": np.mean(estimates, axis=0).tolist(),
        "inside": float(inside[0]),
        "per_neuron": float(inside[1:].mean()),
        "noise_alone": float(np.mean(covered)),
    }


def _recording(kind, bin_size, n_draws):
    recording = load_recording(_DATA / f"{kind}.nwb")
    words = bin_words(recording, select_presentations(recording), bin_size)
    rng = np.random.default_rng(7)
    found = {}
    for n in _OF_RECORDING:
        estimates = []
        for _ in range(n_draws if n < words.n_presentations else 1):
            chosen = np.zeros(words.n_presentations, dtype=bool)
            chosen[rng.permutation(words.n_presentations)[:n]] = True
            one = identity_information(count_words(words, chosen))
            estimates.append([one.plug_in, one.blend, one.empirical_bayes])
        found[str(n)] = np.mean(estimates, axis=0).tolist()
    return found


def _sparse(rng):
    """Four types of cells that are mostly silent."""
    drive = rng.normal(-3.5, 1.5, (4, 250))[np.arange(24) % 4]
    return _binary(drive + 0.5 * rng.standard_normal(drive.shape))


def _events(rng):
    """Silence but for a few events."""
    strength = (rng.random((4, 250)) < 0.15) * rng.lognormal(-1, 0.6, (4, 250))
    strength = strength[np.arange(24) % 4]
    p = -np.expm1(-strength * rng.lognormal(0, 0.5, strength.shape))
    return np.stack([1 - p, p], axis=2)


def _one_type(rng):
    return _binary(np.tile(rng.normal(-3, 1.5, 250), (24, 1)))


def _dense(rng):
    drive = rng.normal(0.3, 1.2, (4, 250))[np.arange(24) % 4]
    return _binary(drive + 0.5 * rng.standard_normal(drive.shape))


def _long_words(rng):
    """Words of four bins of sparse cells."""
    p = np.ones((24, 62, 1))
    bins = _sparse(rng)[:, :248].reshape(24, 62, 4, 2)
    for k in range(4):
        p = (p[..., None] * bins[:, :, k, None]).reshape(24, 62, -1)
    return p


def _binary(drive):
    p = 1 / (1 + np.exp(-drive))
    return np.stack([1 - p, p], axis=2)


POPULATIONS = {
    "sparse": _sparse,
    "events": _events,
    "one type": _one_type,
    "dense": _dense,
    "words of four bins": _long_words,
}


def render(found):
    """Return a table of known populations and one of recordings."""
    known = [(c, m) for c, m in found if c["kind"] in POPULATIONS]
    n_populations = len({c["seed"] for c, _ in known})
    lines = [
        "24 neurons, 62 to 250 conditions, words drawn from probabilities that are "
        f"known ({n_populations} populations a row, {known[0][0]['n_sets']} sets of "
        "repeats each). Bits per word; reported is empirical Bayes. Covered: how often "
        "95 % intervals hold the truth, of the population and of each neuron; by "
        "noise: the same of intervals around what is reported that know its noise "
        "alone.",
        "",
        "| population | repeats | truth | plug-in | blend | empirical Bayes | covered "
        "| of each neuron | by noise |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows = dict.fromkeys((c["kind"], c["n_repeats"]) for c, _ in known)
    for kind, n in rows:
        here = [m for c, m in known if (c["kind"], c["n_repeats"]) == (kind, n)]
        truth = np.mean([m["truth"] for m in here])
        estimates = np.mean([m["estimates"] for m in here], axis=0)
        shares = [
            f"{100 * np.mean([m[name] for m in here]):.0f} %"
            for name in ("inside", "per_neuron", "noise_alone")
        ]
        values = [f"{value:.4f}" for value in (truth, *estimates)]
        lines.append(f"| {kind} | {n} | {' | '.join([*values, *shares])} |")
    lines += [
        "",
        "The bundled recordings, some of their 30 repeats at random (means of "
        f"{found[-1][0]['n_draws']} draws), blend, then empirical Bayes, bits per "
        "word. There is no truth, but it does not depend on how many repeats are used.",
        "",
        "| recording | " + " | ".join(map(str, _OF_RECORDING)) + " |",
        "|---|" + "---:|" * len(_OF_RECORDING),
    ]
    for case, measured in found:
        if case["kind"] not in POPULATIONS:
            cells = [f"{b:.4f}, {e:.4f}" for _, b, e in measured.values()]
            lines.append(f"| `{case['kind']}.nwb` | {' | '.join(cells)} |")
    return "\n".join(lines)
