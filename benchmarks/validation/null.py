"""Whether z of two neurons that do not differ is a standard Gaussian."""

import numpy as np
from scipy.stats import kstest

from neuroclass.divergence import pair_divergences
from neuroclass.presentations import select_presentations
from neuroclass.simulation import simulate_retina
from neuroclass.words import bin_words, count_words

TITLE = "Is z of a pair that does not differ a standard Gaussian?"

_WORDS = {"20 ms": (0.020, 1), "10 ms": (0.010, 1), "4 bins of 5 ms": (0.005, 4)}


def cases(quick):
    """Return retinas of 100 cells by words, repeats and seed."""
    if quick:
        return [{"words": "20 ms", "n_repeats": 5, "seed": 0}]
    rows = [("20 ms", 5), ("20 ms", 20), ("20 ms", 100), ("10 ms", 20)]
    rows.append(("4 bins of 5 ms", 20))
    return [
        {"words": words, "n_repeats": repeats, "seed": seed}
        for words, repeats in rows
        for seed in range(20)
    ]


def measure(words, n_repeats, seed):
    """Return z of each cell beside itself: one half of its repeats and the other."""
    retina = simulate_retina(6, 100, 2 * n_repeats, 5.0, n_unique=0, rng=seed)
    presentations = select_presentations(retina, min_repeats=2)
    spoken = bin_words(retina, presentations, *_WORDS[words])
    is_first = np.arange(2 * n_repeats) % 2 == 0
    one, other = (count_words(spoken, half).counts for half in (is_first, ~is_first))
    z = [pair_divergences(np.stack(p)).z[0] for p in zip(one, other, strict=True)]
    return {"z": [float(value) for value in z]}


def render(found):
    """Return the table of repeats and words."""
    lines = [
        "Each simulated cell beside itself (odd and even repeats of 5 s of flicker), "
        "2,000 independent pairs a row:",
        "",
        "| words | repeats | mean | sd | Kolmogorov-Smirnov | p | above 1.645 (5 %) "
        "| above 2.5 (.62 %) |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows = dict.fromkeys((c["words"], c["n_repeats"]) for c, _ in found)
    for words, repeats in rows:
        z = np.concatenate(
            [
                m["z"]
                for c, m in found
                if (c["words"], c["n_repeats"]) == (words, repeats)
            ]
        )
        distance, p = kstest(z, "norm")
        lines.append(
            f"| {words} | {repeats} | {z.mean():.3f} | {z.std():.3f} | {distance:.3f} "
            f"| {p:.2g} | {100 * np.mean(z > 1.645):.1f} % "
            f"| {100 * np.mean(z > 2.5):.2f} % |"
        )
    return "\n".join(lines)
