"""Bias and spread of each estimator of the entropy, and of the information."""

from itertools import pairwise

import numpy as np

from neuroclass.estimators import ENTROPY_ESTIMATORS, entropy, xlog2x
from neuroclass.information import IDENTITY_ESTIMATORS, identity_information

TITLE = "Are entropies and informations right with few repeats?"

# What a neuron may say: a bin that is silent as a rule, words of four such bins that
# stick together, and counts that are spread evenly.
_RARE, _STICKY = 0.15, 0.5
SIZES = (10, 20, 30, 60, 120)  # repeats
N_DRAWS = 20_000
IDENTITY_SIZES = (10, 20, 30, 60)


def distribution(name):
    """Return the probabilities of words."""
    if name == "one bin":
        return np.array([1 - _RARE, _RARE])
    if name == "16 equal words":
        return np.full(16, 1 / 16)
    bits = np.array(np.unravel_index(np.arange(16), (2,) * 4))
    p = np.array([1 - _RARE, _RARE])[bits[0]]
    for before, now in pairwise(bits):
        fires = np.where(before == 1, _STICKY, _RARE)
        p = p * np.where(now == 1, fires, 1 - fires)
    return p


DISTRIBUTIONS = ("one bin", "four bins", "16 equal words")


def cases(quick):
    """Return distributions by repeats, and populations by bins per word and repeats."""
    if quick:
        return [
            {"kind": "entropy", "name": "four bins", "size": 30, "n_draws": 500},
            {"kind": "identity", "name": "1 bin", "size": 10, "n_draws": 2},
        ]
    entropies = [
        {"kind": "entropy", "name": name, "size": size, "n_draws": N_DRAWS}
        for name in DISTRIBUTIONS
        for size in SIZES
    ]
    return entropies + [
        {"kind": "identity", "name": name, "size": size, "n_draws": 20}
        for name in ("1 bin", "4 bins")
        for size in IDENTITY_SIZES
    ]


def measure(kind, name, size, n_draws):
    """Return the bias, spread and Monte-Carlo error of each estimator."""
    rng = np.random.default_rng([size, len(name), n_draws])
    if kind == "entropy":
        p = distribution(name)
        truth = -float(xlog2x(p).sum())
        draws = rng.multinomial(size, p, size=n_draws)
        values = {e: entropy(draws, e) for e in ENTROPY_ESTIMATORS}
    else:
        p = population(int(name[0]))
        mixture = p.mean(axis=0)
        truth = float((xlog2x(p).sum(axis=2) - xlog2x(mixture).sum(axis=1)).mean())
        counts = [rng.multinomial(size, p) for _ in range(n_draws)]
        values = {
            e: np.array(
                [identity_information(n, estimator=e).bits_per_word for n in counts]
            )
            for e in IDENTITY_ESTIMATORS
        }
    return {
        "truth": truth,
        **{
            e: {
                "bias": float(v.mean() - truth),
                "spread": float(v.std(ddof=1)),
                "error": float(v.std(ddof=1) / np.sqrt(n_draws)),
            }
            for e, v in values.items()
        },
    }


def population(n_bins):
    """Return p[neuron, condition, word] of 20 neurons of four types, 150 conditions.

    Each neuron fires in each bin with a probability of its own, near that of its type,
    so the truth is known exactly.
    """
    rng = np.random.default_rng(5)
    types = rng.gamma(0.4, 0.25, (4, 150, n_bins)).repeat(5, axis=0)
    fires = np.clip(types * rng.lognormal(0, 0.4, types.shape), 0.002, 0.9)
    p = np.ones((20, 150, 1))
    for k in range(n_bins):
        one = np.stack([1 - fires[:, :, k], fires[:, :, k]], axis=2)
        p = (p[..., None] * one[:, :, None]).reshape(20, 150, -1)
    return p


def render(found):
    """Return a table for each distribution, and one of the information."""
    parts = [
        "Bias, then standard deviation, in bits of many draws "
        f"({N_DRAWS:,} in the full form; Monte-Carlo error of the bias: the standard "
        "deviation over the square root of their number), by repeats. The number of "
        "possible words is given to those that ask for it."
    ]
    for name in DISTRIBUTIONS:
        here = [(c, m) for c, m in found if (c["kind"], c["name"]) == ("entropy", name)]
        if here:
            parts.append(
                f"**{name}**, {len(distribution(name))} words, "
                f"H = {here[0][1]['truth']:.3f} bits; largest Monte-Carlo error "
                f"{max(m[e]['error'] for _, m in here for e in ENTROPY_ESTIMATORS):.4f}"
            )
            parts.append(_table(here, ENTROPY_ESTIMATORS, _bias_and_spread))
    here = [(c, m) for c, m in found if c["kind"] == "identity"]
    if here:
        parts.append(
            "**Identity information** of 20 neurons of four types in 150 conditions, "
            "bins independent, estimate over truth (20 draws in the full form; largest "
            f"Monte-Carlo error {max(_error(m) for _, m in here):.3f}), by bins per "
            "word and repeats. James-Stein is refused there."
        )
        parts.append(_table(here, IDENTITY_ESTIMATORS, _ratio))
        parts.append(
            "Where repeats are few the blend is low or right and the jackknife high: "
            "how far they are apart is how `--scan` knows which words can be trusted."
        )
    return "\n\n".join(parts)


def _table(found, estimators, cell):
    heads = [
        str(c["size"]) if c["kind"] == "entropy" else f"{c['name']}, {c['size']}"
        for c, _ in found
    ]
    lines = [
        "| estimator | " + " | ".join(heads) + " |",
        "|---|" + "---:|" * len(heads),
    ]
    for e in estimators:
        cells = " | ".join(cell(m, e) for _, m in found)
        lines.append(f"| {e} | {cells} |")
    return "\n".join(lines)


def _bias_and_spread(measured, estimator):
    one = measured[estimator]
    return f"{one['bias']:+.3f}, {one['spread']:.3f}"


def _ratio(measured, estimator):
    return f"{1 + measured[estimator]['bias'] / measured['truth']:.2f}"


def _error(measured):
    errors = (measured[e]["error"] for e in IDENTITY_ESTIMATORS)
    return max(errors) / measured["truth"]
