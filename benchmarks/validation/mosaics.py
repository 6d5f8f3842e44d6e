"""How often mosaics are found: power and false alarms of shuffled labels."""

from itertools import product

import numpy as np

from neuroclass.mosaics import draw_mosaic, measure_mosaics

TITLE = "Are mosaics found, and classes that are cut or mixed?"
_N_TYPES, _N_CELLS, _SIDE, _EXCLUSION = 6, 40, 700.0, 75.0  # um
_ON_OFF = 45.0  # um, between ON and OFF cells that avoid each other
_PITCH = 60.0  # um, of electrodes
SHARES = (1.0, 0.6, 0.3)
WRONG = (0.0, 0.15)
POSITIONS = ("centres", "electrodes")
_SEED = 5000
_LEVEL = 0.05


def cases(quick):
    """Return retinas by share of the cells recorded, wrong labels and positions."""
    seeds = range(2 if quick else 20)
    return [
        {"share": share, "wrong": wrong, "positions": positions, "seed": _SEED + seed}
        for share, wrong, positions, seed in product(
            SHARES[:1] if quick else SHARES, WRONG, POSITIONS, seeds
        )
        if positions == "centres" or not wrong
    ]


def measure(share, wrong, positions, seed):
    """Return the tests of six types, one of them cut in two, and of two mixed ones.

    ON and OFF cells avoid each other: types 0 and 1.
    """
    rng = np.random.default_rng(seed)
    cells = [_draw_on_off(rng)]
    window = (_SIDE, _SIDE)
    for _ in range(_N_TYPES - 2):
        cells.append(draw_mosaic(_N_CELLS, window, _EXCLUSION, random_state=rng))
    xy = np.concatenate(cells)
    types = np.repeat(np.arange(_N_TYPES), _N_CELLS)
    if positions == "electrodes":
        xy = _PITCH * np.round((xy + rng.normal(0, _PITCH / 4, xy.shape)) / _PITCH)
    recorded = rng.random(len(xy)) < share
    halves = np.where(rng.random(len(xy)) < 0.5, types, _N_TYPES)
    cut = np.where(types == 5, halves, types)  # type 5 becomes classes 5 and 6
    is_wrong = rng.random(len(xy)) < wrong
    at_random = rng.integers(0, _N_TYPES + 1, len(xy))
    cut = np.where(is_wrong, at_random, cut)
    found = _measured(xy[recorded], cut[recorded], seed)
    mixed = np.where(np.isin(cut, (3, 4)), 3, np.where(cut == 6, 4, cut))
    in_one = _measured(xy[recorded], mixed[recorded], seed)
    pairs = {one.labels: one for one in found.pairs}
    others = [
        one
        for labels, one in pairs.items()
        if labels not in ((0, 1), (5, 6)) and one.exclusion is not None
    ]
    return {
        "types": [_tested(found.classes[k]) for k in range(5)],
        "cut": _tested(pairs[5, 6]),
        "on_off": _tested(pairs[0, 1]),
        "others": [_tested(one) for one in others],
        "mixed": _tested(in_one.classes[3]),
    }


def _measured(xy, labels, seed):
    return measure_mosaics(
        xy, labels, n_permutations=1999, n_simulations=0, random_state=seed
    )


def _tested(one):
    p_value = None if one.exclusion is None else one.exclusion.p_value
    return {"p": p_value, "q": one.q_value, "verdict": one.verdict}


def _draw_on_off(rng):
    """Draw two types whose cells avoid those of the other, too."""
    on = draw_mosaic(_N_CELLS, (_SIDE, _SIDE), _EXCLUSION, random_state=rng)
    off = np.empty((0, 2))
    while len(off) < _N_CELLS:
        cell = _SIDE * rng.random(2)
        least = _ON_OFF * (1 + 0.1 * rng.standard_normal())
        own = _EXCLUSION * (1 + 0.1 * rng.standard_normal())
        if _nearest(on, cell) >= least and _nearest(off, cell) >= own:
            off = np.vstack([off, cell])
    return np.concatenate([on, off])


def _nearest(cells, cell):
    return np.hypot(*(cells - cell).T).min(initial=np.inf)


def render(found):
    """Return how often each thing was found, by what was recorded."""
    lines = [
        f"{_N_TYPES} types of {_N_CELLS} cells in {_SIDE:g} x {_SIDE:g} um, cells of "
        f"one type {_EXCLUSION:g} um apart (10 % spread), `draw_mosaic`; all cells "
        "recorded, or a share at random; labels right, or 15 % at random among the "
        "classes. One type is cut at random into two classes. Two types, as ON and "
        f"OFF, keep {_ON_OFF:g} um from each other, too: a trap, for they are no type "
        "cut in two. *Mixed*: two types in one class. *Electrodes*: positions are "
        f"those of the nearest electrode of a grid of {_PITCH:g} um, the nearest to "
        "the cell in most cases. Found at p ≤ .05 (in brackets: at a false discovery "
        "rate of 5 %, which a verdict needs), of those tested: classes of 8 cells or "
        "more.",
        "",
        "| recorded | wrong labels | positions | types found | halves of a type | "
        "verdict one type | ON and OFF: one type | avoid each other | mixed: so "
        "called | false alarms, other pairs |",
        "|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    keys = dict.fromkeys((c["share"], c["wrong"], c["positions"]) for c, _ in found)
    for share, wrong, positions in keys:
        of_key = [
            m
            for c, m in found
            if (c["share"], c["wrong"], c["positions"]) == (share, wrong, positions)
        ]
        types = [one for m in of_key for one in m["types"]]
        others = [one for m in of_key for one in m["others"]]
        cut = [m["cut"] for m in of_key]
        on_off = [m["on_off"] for m in of_key]
        mixed = [m["mixed"] for m in of_key]
        lines.append(
            f"| {100 * share:.0f} % | {100 * wrong:.0f} % | {positions} | "
            f"{_found(types)} | {_found(cut)} | {_said(cut, 'one type')} | "
            f"{_said(on_off, 'one type')} | {_said(on_off, 'avoid each other')} | "
            f"{_said(mixed, 'mixed')} | {_found(others)} |"
        )
    return "\n".join(lines)


def _found(tests):
    tested = [one for one in tests if one["p"] is not None]
    n_p = sum(one["p"] <= _LEVEL for one in tested)
    n_q = sum(one["q"] <= _LEVEL for one in tested)
    return f"{n_p} ({n_q}) of {len(tested)}"


def _said(tests, verdict):
    return f"{sum(one['verdict'] == verdict for one in tests)} of {len(tests)}"
