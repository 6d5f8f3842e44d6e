"""Whether changes of the rate are found, with their size and their time."""

import numpy as np

from neuroclass.io import from_raster
from neuroclass.presentations import select_presentations
from neuroclass.responses import bin_words, drift_test

TITLE = "Are changes of the rate found, in size and time?"

_FIRST_SEED = 9000  # those from 8000 on were for choosing
_N_NEURONS = 100
_N_BINS = 200  # of 20 ms
_RATE_SPREAD = 0.9  # standard deviation of ln rate, as of real cells
_SPIKES = 20.0  # of a repeat, median of the neurons
_NOISE = 0.1  # standard deviation of the ln gain of a repeat, of all and of each
_FACTOR = 2.0
_CHANGING = 20  # neurons whose rate steps by that factor, up or down
_KINDS = {
    "none": "none",
    "step": f"a step by {_FACTOR:g}, up or down, of {_CHANGING} of the neurons",
    "trend": "trends, ln of the end over the beginning with standard deviation 1",
}


def cases(quick):
    """Return populations by what changes, repeats and seed."""
    return [
        {"kind": kind, "n_repeats": r, "seed": _FIRST_SEED + s}
        for kind in _KINDS
        for r in ((30,) if quick else (10, 30, 100))
        for s in range(2 if quick else 20)
    ]


def measure(kind, n_repeats, seed):
    """Draw a population, test its drift, and compare what is said with the truth."""
    rng = np.random.default_rng([seed, n_repeats])
    log_gain = np.zeros((_N_NEURONS, n_repeats))
    after = n_repeats * 2 // 5
    if kind == "step":
        signs = rng.choice([-1, 1], (_CHANGING, 1))
        log_gain[:_CHANGING, after:] = signs * np.log(_FACTOR)
    if kind == "trend":
        slope = rng.standard_normal((_N_NEURONS, 1))
        log_gain += slope * (np.arange(n_repeats) / (n_repeats - 1) - 0.5)
    halves = _log_ratio(log_gain, n_repeats // 2)
    noise = rng.standard_normal((1, n_repeats)) + rng.standard_normal(log_gain.shape)
    rate = (
        _SPIKES / _N_BINS * np.exp(_RATE_SPREAD * rng.standard_normal((_N_NEURONS, 1)))
    )
    profile = np.exp(rng.standard_normal((_N_NEURONS, 1, _N_BINS)) - 0.5)
    p = profile * (rate * np.exp(log_gain + _NOISE * noise))[:, :, None]
    spikes = rng.random(p.shape) < 1 - np.exp(-p)
    recording = from_raster(spikes, "20ms", axes="npt")
    words = bin_words(recording, select_presentations(recording), 0.02)
    rates = drift_test(words).rates
    true_size = np.abs(halves if kind == "trend" else log_gain[:, -1])
    stable = rates.stable_repeats
    within = None
    if stable is not None:
        part = log_gain[:, stable[0] - 1 : stable[1]]
        splits = range(1, part.shape[1])
        size = np.max([np.abs(_log_ratio(part, t)) for t in splits], axis=0)
        within = float((size > np.log(1.5)).mean())
    return {
        "true": float((true_size > np.log(1.5)).mean()),
        "changed": float(rates.is_changed.mean()),
        "false": float((rates.is_changed & (true_size < np.log(1.25))).mean()),
        "true_median": float(np.exp(np.median(np.abs(halves)))),
        "median": rates.median_change,
        "is_found": rates.change_point is not None,
        "is_right": rates.change_point == after,
        "is_gradual": bool(rates.is_gradual),
        "length": 0 if stable is None else stable[1] - stable[0] + 1,
        "within": within,
    }


def _log_ratio(log_gain, t):
    """Return ln of the mean gain after the first `t` repeats over that before."""
    gain = np.exp(log_gain)
    return np.log(gain[:, t:].mean(axis=1) / gain[:, :t].mean(axis=1))


def render(found):
    """Return a row for each kind of change and number of repeats."""
    lines = [
        f"{_N_NEURONS} neurons of {_SPIKES:g} spikes a repeat in the median, ln rates "
        f"with a standard deviation of {_RATE_SPREAD:g}; ln gains of a repeat vary, of "
        f"all neurons together and of each, with one of {_NOISE:g}. Changes: none; "
        f"{_KINDS['step']}, after two fifths of the repeats; {_KINDS['trend']}. Seeds "
        f"{_FIRST_SEED} to {max(case['seed'] for case, _ in found)}; those from 8000 "
        "on were for choosing.",
        "Changed: neurons whose rate changes by more than 1.5, in truth and as said, "
        "and said of such as change by less than 1.25. Median: of the changes between "
        "the halves. Change point: how often there is one, at the right repeat, and "
        "gradual. Stable: mean length of the stretch of repeats that is offered, and "
        "the share of the neurons that change by more than 1.5 within it, in truth.",
        "",
        "| change | repeats | populations | changed | as said | less than 1.25 "
        "| median | as said | change point | at the repeat | gradual | stable "
        "| changed within |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, n_repeats in dict.fromkeys((c["kind"], c["n_repeats"]) for c, _ in found):
        rows = [m for c, m in found if (c["kind"], c["n_repeats"]) == (kind, n_repeats)]
        mean = {
            name: np.mean([m[name] for m in rows])
            for name in rows[0]
            if name not in ("within",)
        }
        within = [m["within"] for m in rows if m["within"] is not None]
        right = f"{100 * mean['is_right']:.0f} %" if kind == "step" else ""
        lines.append(
            f"| {kind} | {n_repeats} | {len(rows)} | {100 * mean['true']:.1f} % "
            f"| {100 * mean['changed']:.1f} % | {100 * mean['false']:.1f} % "
            f"| {mean['true_median']:.2f} | {mean['median']:.2f} "
            f"| {100 * mean['is_found']:.0f} % | {right} "
            f"| {100 * mean['is_gradual']:.0f} % | {mean['length']:.1f} "
            f"| {f'{100 * np.mean(within):.1f} %' if within else ''} |"
        )
    return "\n".join(lines)
