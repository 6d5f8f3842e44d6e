"""Populations whose neurons are as diverse as real ones: spikes, types, conditions.

Each function returns `Population`. Firing rates of one type spread by .9 in the natural
logarithm, one unit in ten fires a few spikes at random, types are of unequal sizes, 8
to 250 neurons and 5 to 100 repeats. Seeds below `FIRST_REPORTED` are for choosing.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from benchmarks.validation._populations import (
    N_BINS,
    event_rates,
    gaussian_process_rates,
)
from neuroclass.io import load_recording
from neuroclass.presentations import select_presentations
from neuroclass.responses import bin_words
from neuroclass.simulation import simulate_retina

FIRST_REPORTED = 1000
# Recordings that are not part of the project.
RECORDINGS = Path(os.environ.get("NEUROCLASS_RECORDINGS", "recordings"))
CELLS = RECORDINGS / "mouse_rgc/psth_types.npz"
STEP = RECORDINGS / "mouse_rgc/step_140_cells_9_repeats.nwb"
STEP_TYPES = STEP.with_name("step_on_off.csv")
GENERATORS = ("retina", "Gaussian process", "events", "drives")
REPEATS = (5, 10, 20, 50, 100)
N_TYPES = (1, 2, 3, 4, 5, 6, 8)
RATE_SPREAD, SPARSE_SHARE = 0.9, 0.1
MOST_NEURONS = 250
MOST_RANDOM_SPIKES = 150  # of a unit that fires at random
_BIN = 0.02  # s
_N_DRIVE_BINS = 480
_LEAST = 6  # neurons of a type, on average, where all are few


class Population(NamedTuple):
    """Spikes per repeat, (n_neurons, n_repeats, n_conditions), and the truth.

    The type of a unit that fires at random is `n_types`.
    """

    spikes: np.ndarray
    types: np.ndarray
    stimulus: np.ndarray
    n_types: int


def draw_real_like(
    generator,
    seed,
    *,
    diversity=0.5,
    rate_spread=RATE_SPREAD,
    sparse_share=SPARSE_SHARE,
    **noise,
):
    """Draw one population of a generator; numbers follow from the seed.

    1 to 8 types in turn; diversity is that of the generator, where 1 makes types
    overlap; noise: keywords of `simulate_retina`.
    """
    rng = np.random.default_rng([2029, GENERATORS.index(generator), seed])
    n_types = N_TYPES[seed % len(N_TYPES)]
    least = np.log(max(8, _LEAST * n_types))
    n_neurons = round(np.exp(rng.uniform(least, np.log(MOST_NEURONS))))
    n_repeats = REPEATS[seed // len(N_TYPES) % len(REPEATS)]
    if generator == "retina":
        options = {
            "diversity": diversity,
            "rate_spread": rate_spread,
            "sparse_share": sparse_share,
            **noise,
        }
        return _draw_retina(n_types, n_neurons, n_repeats, options, rng)
    if generator == "drives":
        rate, types = _drive_rates(n_types, n_neurons, diversity, rng)
        spread = np.ones((n_neurons, n_repeats))
    elif generator == "events":
        rate, types = event_rates(n_types, n_neurons, diversity, rng)
        spread = rng.gamma(12, 1 / 12, (n_neurons, n_repeats))
    else:
        rate, types = gaussian_process_rates(n_types, n_neurons, diversity, rng)
        spread = np.exp(0.25 * rng.standard_normal((n_neurons, n_repeats)) - 0.03)
    rate = rate * np.exp(
        rate_spread * rng.standard_normal((len(rate), 1)) - rate_spread**2 / 2
    )
    expected = _BIN * rate[:, None] * spread[:, :, None]
    spikes = rng.poisson(expected)
    n_sparse = round(sparse_share * n_neurons)
    sparse = rng.permutation(n_neurons)[:n_sparse]
    spikes[sparse] = _random_spikes(n_sparse, spikes.shape[1:], rng)
    types = np.array(types)
    types[sparse] = n_types
    return Population(spikes, types, np.zeros(rate.shape[1], int), n_types)


def _draw_retina(n_types, n_neurons, n_repeats, options, rng):
    share = rng.dirichlet(np.full(n_types, 8.0))
    left = n_neurons - _LEAST * n_types
    sizes = np.minimum(_LEAST, n_neurons // n_types) + rng.multinomial(
        max(left, 0), share
    )
    retina = simulate_retina(
        n_types,
        n_types * int(sizes.max()),
        n_repeats,
        N_BINS * _BIN,
        n_unique=0,
        random_state=rng,
        **options,
    )
    trains = retina.segments[0].spiketrains
    names = np.array([train.annotations["true_type"] for train in trains])
    of_type = np.unique(names, return_inverse=True)[1]
    drawn = np.concatenate(
        [np.flatnonzero(of_type == k)[:size] for k, size in enumerate(sizes)]
    )
    types = of_type[drawn]
    types[[bool(trains[unit].annotations["is_sparse"]) for unit in drawn]] = n_types
    starts = retina.segments[0].epochs[0].times.rescale("s").magnitude
    spikes = np.empty((len(drawn), n_repeats, N_BINS), int)
    for unit, found in zip(drawn, spikes, strict=True):
        times = trains[unit].magnitude
        repeat = np.searchsorted(starts, times, "right") - 1
        place = np.floor((times - starts[repeat]) / _BIN).astype(int)
        inside = place < N_BINS  # neither in the pause
        found[:] = 0
        np.add.at(found, (repeat[inside], place[inside]), 1)
    return Population(spikes, types, np.zeros(N_BINS, int), n_types)


def _drive_rates(n_types, n_neurons, diversity, rng):
    """Types differ by .5 to 1 of the drive that they share, cells by a part of that."""
    distance = rng.uniform(0.5, 1.0)
    sizes = np.full(n_types, min(_LEAST, n_neurons // n_types))
    share = rng.dirichlet(np.full(n_types, 8.0))
    sizes = sizes + rng.multinomial(n_neurons - sizes.sum(), share)
    types = np.arange(n_types).repeat(sizes)
    drive = (
        _drives(1, rng)
        + distance * _drives(n_types, rng)[types]
        + distance * diversity * _drives(n_neurons, rng)
    )
    return rng.uniform(0.02, 0.08) / _BIN * np.exp(drive), types


def _drives(n, rng):
    noise = rng.normal(size=(n, _N_DRIVE_BINS))
    return 2.6 * gaussian_filter1d(noise, 2.0, axis=1)


def _random_spikes(n_units, shape, rng):
    """Return spikes at random times: units of 0 to 150 of them, (n_units, *shape)."""
    n_spikes = rng.integers(0, MOST_RANDOM_SPIKES + 1, n_units)
    size = int(np.prod(shape))
    found = [np.bincount(rng.integers(0, size, n), minlength=size) for n in n_spikes]
    return np.array(found, int).reshape(n_units, *shape)


def add_random_units(population, seed):
    """Add 1 to 12 units that fire 0 to 150 spikes at random times."""
    rng = np.random.default_rng([2030, seed])
    n_units = 1 + seed % 12
    more = _random_spikes(n_units, population.spikes.shape[1:], rng)
    return population._replace(
        spikes=np.concatenate([population.spikes, more]),
        types=np.append(population.types, np.full(n_units, population.n_types)),
    )


def draw_small_types(generator, seed, **options):
    """Draw a population in which every other type has two or three neurons.

    The others have 6 to 12; no neuron is sparse.
    """
    population = draw_real_like(generator, seed, sparse_share=0.0, **options)
    rng = np.random.default_rng([2032, seed])
    kept = []
    for k in range(population.n_types):
        size = rng.integers(2, 4) if k % 2 else rng.integers(6, 13)
        kept.append(rng.permutation(np.flatnonzero(population.types == k))[:size])
    kept = np.sort(np.concatenate(kept))
    return population._replace(
        spikes=population.spikes[kept], types=population.types[kept]
    )


def draw_continuum(kind, seed):
    """Draw one type whose neurons differ gradually.

    The drive of each neuron is a common one plus, by kind, nothing ("alike"), an own
    one ("diverse"), or a position on one or two axes with a flat, broad distribution
    ("one axis", "two axes"); rates spread by .9.
    """
    rng = np.random.default_rng([2031, seed])
    n_neurons = round(np.exp(rng.uniform(np.log(8), np.log(MOST_NEURONS))))
    n_repeats = REPEATS[seed % len(REPEATS)]
    drive = np.repeat(_drives(1, rng), n_neurons, axis=0)
    if kind == "diverse":
        drive = drive + 0.5 * _drives(n_neurons, rng)
    elif kind != "alike":
        n_axes = 1 if kind == "one axis" else 2
        place = rng.uniform(-0.6, 0.6, (n_neurons, n_axes))
        drive = drive + place @ _drives(n_axes, rng)
    own = RATE_SPREAD * rng.normal(size=(n_neurons, 1)) - RATE_SPREAD**2 / 2
    rate = 0.12 * np.exp(drive + own)
    spikes = rng.poisson(rate[:, None], (n_neurons, n_repeats, _N_DRIVE_BINS))
    stimulus = np.zeros(_N_DRIVE_BINS, int)
    return Population(spikes, np.zeros(n_neurons, int), stimulus, 1)


def draw_mouse(seed, *, cells_per_type=10):
    """Draw repeats of measured cells of 3, 5 or 8 of nine published types.

    5 to 100 repeats, added spread of ln rate (0 or .7) and sparse cells (0 or 15 %, of
    5 to 30 spikes) cycle with the seed; of each type at most `cells_per_type`. A sparse
    cell keeps its type and its timing.
    """
    cells = np.load(CELLS)
    rng = np.random.default_rng([2026, seed])
    n_types = (3, 5, 8)[seed % 3]
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
    return Population(spikes, types, np.repeat(np.arange(6), 80), n_types)


def load_step():
    """Return the recording of mouse cells under a light step: ON and OFF."""
    recording = load_recording(STEP)
    presentations = select_presentations(recording, min_repeats=9)
    words = bin_words(recording, presentations, _BIN, response="counts")
    shape = (words.n_neurons, words.n_presentations, int(words.n_windows[0]))
    spikes = np.zeros(shape, int)
    spikes[words.neuron, words.presentation, words.window] = words.code
    rows = [line.split(",") for line in STEP_TYPES.read_text().splitlines()[1:]]
    is_on = {int(unit): name == "ON" for unit, name, _ in rows}
    types = np.array([is_on[int(unit)] for unit in words.unit_ids], int)
    return Population(spikes, types, np.zeros(shape[2], int), 2)
