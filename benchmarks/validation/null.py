"""Whether z of two neurons that do not differ is a standard Gaussian."""

import numpy as np
from scipy.stats import kstest

from neuroclass.discrimination import pair_divergences
from neuroclass.presentations import select_presentations
from neuroclass.responses import bin_words, count_words
from neuroclass.simulation import simulate_retina

TITLE = "Is z of a pair that does not differ a standard Gaussian?"

_WORDS = {"20 ms": (0.020, 1), "10 ms": (0.010, 1), "4 bins of 5 ms": (0.005, 4)}


def cases(quick):
    """Return retinas of 100 cells by words, repeats and seed."""
    if quick:
        return [{"words": "20 ms", "n_repeats": 5, "seconds": 5.0, "seed": 0}]
    rows = (
        ("20 ms", 5, 5.0),
        ("20 ms", 20, 5.0),
        ("20 ms", 100, 5.0),
        ("10 ms", 20, 5.0),
        ("4 bins of 5 ms", 20, 5.0),
        ("20 ms", 5, 0.5),
    )
    return [
        {"words": words, "n_repeats": repeats, "seconds": seconds, "seed": seed}
        for words, repeats, seconds in rows
        for seed in range(20)
    ]


def measure(words, n_repeats, seconds, seed):
    """Return z of each cell beside itself: one half of its repeats and the other."""
    retina = simulate_retina(
        6,
        100,
        2 * n_repeats,
        seconds,
        n_unique=0,
        random_state=seed,
        rate_spread=0,
        sparse_share=0,
    )
    presentations = select_presentations(retina, min_repeats=2)
    words_of_cells = bin_words(retina, presentations, *_WORDS[words])
    is_first = np.arange(2 * n_repeats) % 2 == 0
    one, other = (
        count_words(words_of_cells, half).counts for half in (is_first, ~is_first)
    )
    z = [pair_divergences(np.stack(p)).z[0] for p in zip(one, other, strict=True)]
    return {"z": [float(value) for value in z]}


def render(found):
    """Return the table of repeats and words."""
    lines = [
        "Each simulated cell beside itself, odd and even repeats of flicker, 100 "
        "independent pairs a retina. In the last row pairs fired some 40 times in all, "
        "and z takes few values.",
        "",
        "| words | stimulus | repeats | pairs | mean | sd | Kolmogorov-Smirnov "
        "| p | above 1.645 (5 %) | above 2.5 (.62 %) |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows = dict.fromkeys(map(_row, (case for case, _ in found)))
    for row in rows:
        words, repeats, seconds = row
        z = np.concatenate([m["z"] for case, m in found if _row(case) == row])
        distance, p = kstest(z, "norm")
        lines.append(
            f"| {words} | {seconds:g} s | {repeats} | {len(z)} | {z.mean():.3f} "
            f"| {z.std():.3f} | {distance:.3f} | {p:.2g} "
            f"| {100 * np.mean(z > 1.645):.1f} % | {100 * np.mean(z > 2.5):.2f} % |"
        )
    return "\n".join(lines)


def _row(case):
    return case["words"], case["n_repeats"], case["seconds"]
