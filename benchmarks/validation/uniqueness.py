"""Accuracy of the times to distinguish two cells, beside Monte Carlo."""

from dataclasses import replace

import numpy as np

from neuroclass.discrimination import (
    observation_time_ratio,
    pair_divergences,
    time_to_accuracy,
)
from neuroclass.presentations import select_presentations
from neuroclass.responses import bin_words, count_groups, count_words
from neuroclass.simulation import simulate_retina

TITLE = "Is the time right after which two neurons are distinguished?"

_REPEATS = (10, 20, 50, 100)
_BIN = 0.020  # s
_N_KNOWN = 3000  # repeats from which the observer knows the probabilities
_N_OBSERVED = 600  # repeats on which it answers
_LONGEST = 10  # stimuli one after the other


def cases(quick):
    """Return retinas of 12 cells of four types by seed."""
    if quick:
        return [{"seed": 0, "n_known": 300}]
    return [{"seed": 1000 + k, "n_known": _N_KNOWN} for k in range(20)]


def measure(seed, n_known):
    """Compare times to 90 % from R repeats with those of an observer who knows."""
    n_before = n_known + _N_OBSERVED
    retina = simulate_retina(
        4,
        12,
        n_before + max(_REPEATS),
        10.0,
        n_unique=0,
        random_state=seed,
        rate_spread=0,
        sparse_share=0,
    )
    types = [t.annotations["true_type"] for t in retina.segments[0].spiketrains]
    presentations = select_presentations(retina)
    # (n_cells, n_presentations, n_bins)
    fired = bin_words(retina, presentations, _BIN).to_array() > 0
    p = (fired[:, :n_known].sum(axis=1) + 0.25) / (n_known + 0.5)
    observed = fired[:, n_known:n_before]
    for_spike, for_none = np.log(p), np.log1p(-p)
    found = {"same": [], "steady": [], "running": []}
    rng = np.random.default_rng(seed)
    for a, b in zip(*np.triu_indices(12, 1), strict=True):
        spike, none = for_spike[a] - for_spike[b], for_none[a] - for_none[b]
        evidence = np.where(observed[[a, b]], spike, none).reshape(2, -1)
        evidence[1] *= -1
        found["same"].append(types[a] == types[b])
        found["running"].append(_seconds(evidence))
        found["steady"].append(_seconds(rng.permuted(evidence, axis=1)))
    for repeats in _REPEATS:
        taken = slice(n_before, n_before + repeats)
        some = replace(
            presentations,
            starts=presentations.starts[taken],
            stimulus=presentations.stimulus[taken],
        )
        words = bin_words(retina, some, _BIN)
        counts = count_words(words)
        pairs = pair_divergences(counts, groups=count_groups(words))
        # Not a number of seconds, but longer than all.
        rate = np.maximum(pairs.bits_per_word / _BIN, 1e-9)
        found[str(repeats)] = {
            "corrected": time_to_accuracy(rate, 0.9).tolist(),
            "time_ratio": observation_time_ratio(
                counts, pairs.first, pairs.second, np.maximum(rate * _BIN, 1e-9), 0.9
            ).tolist(),
            "uncorrected": time_to_accuracy(pairs.plug_in / _BIN, 0.9).tolist(),
            "has_time": pairs.is_distinguishable.tolist(),
        }
    return found


def _seconds(evidence):
    """Return the observation time to 90 % correct, in seconds; None if too long."""
    total = np.zeros((2, evidence.shape[1] + 1))
    np.cumsum(evidence, axis=1, out=total[:, 1:])

    def correct(n):
        gathered = total[:, n:] - total[:, :-n]
        return float(np.mean(gathered > 0) + np.mean(gathered == 0) / 2)

    low, high = 0, _LONGEST * evidence.shape[1] // _N_OBSERVED
    if correct(high) < 0.9:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if correct(middle) < 0.9 else (low, middle)
    at_low = correct(low) if low else 0.5
    return _BIN * (low + (0.9 - at_low) / (correct(high) - at_low))


def render(found):
    """Return the table of ratios by repeats."""
    n_known = found[0][0]["n_known"]
    lines = [
        "Pairs of simulated cells (12 of four types a retina, default diversity, "
        f"10 s of flicker, 20 ms bins; retinas: {len(found)}): the time to 90 % "
        "correct from R repeats over that of an observer who knows the probabilities "
        f"from {n_known} other repeats (Monte Carlo on {_N_OBSERVED} more) and "
        "observes continuously from a random time. Medians of all pairs, and the "
        "middle half. Those that are not distinguishable get no time and have longer "
        "ones than others, so that the times that are given are a little short: with "
        "time. Steady: by the divergence alone, over that observer, and over one who "
        "observes words at independent random times, as that formula assumes; "
        "uncorrected: over the latter, without correction for few repeats.",
        "",
        "| pairs | repeats | continuous | middle half | with time | steady "
        "| steady, independent times | uncorrected | get a time |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, is_same in (("same type", True), ("two types", False)):
        for repeats in _REPEATS:
            corrected, time_ratio, uncorrected, has_time = (
                _column(found, is_same, str(repeats), key)
                for key in ("corrected", "time_ratio", "uncorrected", "has_time")
            )
            independent = _column(found, is_same, "steady")
            running = _column(found, is_same, "running")
            times = corrected * time_ratio / running
            low, middle, high = np.nanquantile(times, [0.25, 0.5, 0.75])
            lines.append(
                f"| {name} | {repeats} | {middle:.2f} | {low:.2f} to {high:.2f} "
                f"| {np.nanmedian(times[has_time > 0]):.2f} "
                f"| {np.nanmedian(corrected / running):.2f} "
                f"| {np.nanmedian(corrected / independent):.2f} "
                f"| {np.nanmedian(uncorrected / independent):.2f} "
                f"| {100 * has_time.mean():.0f} % |"
            )
    n_lost = sum(m["steady"].count(None) for _, m in found)
    if n_lost:
        lines += [
            "",
            f"{n_lost} of {sum(len(m['steady']) for _, m in found)} pairs need more "
            f"than {_LONGEST} presentations of the stimulus and are left out.",
        ]
    return "\n".join(lines)


def _column(found, is_same, *keys):
    """Return values of the pairs of one type, or of two, over all retinas."""
    values = []
    for _, measured in found:
        here = measured
        for key in keys:
            here = here[key]
        values += [
            v for v, same in zip(here, measured["same"], strict=True) if same == is_same
        ]
    return np.array(values, dtype=float)
