"""Populations of known types that do not come from the package.

Two generators that share nothing with `simulate_retina` but the shape of what they
give: how often each neuron fired in each 20 ms of a stimulus of 20 s. Here types differ
in size, neurons are scattered around their type along a direction that the type has and
along one of their own, and repeats vary more than a Poisson process.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

N_BINS, BIN_SIZE = 1000, 0.020
LEAST = 6  # neurons of a type


def gaussian_process_counts(n_types, n_neurons, n_repeats, diversity, seed):
    """Return counts and types of neurons driven by smooth random functions of time.

    Types come in families that share most of their drive; the rate is a logistic
    function of the drive.
    """
    rng = np.random.default_rng([82002, seed])
    rate, types = gaussian_process_rates(n_types, n_neurons, diversity, rng)
    spread = np.exp(0.25 * rng.standard_normal((n_repeats, n_neurons, 1)) - 0.03)
    return _counts(rate, spread, rng), types


def gaussian_process_rates(n_types, n_neurons, diversity, rng):
    """Return rates in Hz, (n_neurons, N_BINS), and types of the same."""
    share = rng.dirichlet(np.full(n_types, 4.0))
    sizes = LEAST + np.floor(share * (n_neurons - LEAST * n_types)).astype(int)
    sizes[: n_neurons - sizes.sum()] += 1
    types = rng.permutation(np.repeat(np.arange(n_types), sizes))
    family = _smooth(rng, (n_types + 2) // 3, 2.5)
    own = _smooth(rng, n_types, 2.0)
    drive = 0.85 * family[np.arange(n_types) % len(family)] + 0.53 * own
    threshold = rng.uniform(1.0, 1.7, n_types)
    peak, slope = rng.uniform(25, 70, n_types), rng.uniform(2.5, 5, n_types)
    axis, alone = _smooth(rng, n_types, 2.0), _smooth(rng, n_neurons, 2.0)
    bins = np.arange(N_BINS)
    rate = np.empty((n_neurons, N_BINS))
    for i, cell_type in enumerate(types):
        place, late, gain, above = rng.standard_normal(4)
        felt = np.interp(bins - 0.7 * diversity * late, bins, drive[cell_type])
        felt += diversity * 0.35 * (place * axis[cell_type] + alone[i])
        felt -= threshold[cell_type] + 0.15 * diversity * above
        rate[i] = peak[cell_type] * np.exp(0.4 * diversity * gain)
        rate[i] /= 1 + np.exp(-slope[cell_type] * felt)
    return rate, types


def event_counts(n_types, n_neurons, n_repeats, diversity, seed):
    """Return counts and types of neurons that answer brief events, as on a flicker.

    Types of a family answer nearly the same events of one sequence; neurons of a type
    differ in how strongly they answer each.
    """
    rng = np.random.default_rng([93003, seed])
    rate, types = event_rates(n_types, n_neurons, diversity, rng)
    spread = rng.gamma(12, 1 / 12, (n_repeats, n_neurons, 1))
    return _counts(rate, spread, rng), types


def event_rates(n_types, n_neurons, diversity, rng):
    """Return rates in Hz, (n_neurons, N_BINS), and types of the same."""
    n_events = 60
    sizes = LEAST + rng.multinomial(
        n_neurons - LEAST * n_types, np.full(n_types, 1 / n_types)
    )
    types = rng.permutation(np.repeat(np.arange(n_types), sizes))
    when = rng.uniform(0, N_BINS, n_events)
    width = rng.uniform(1, 3, n_events)
    answers = rng.random(((n_types + 1) // 2, n_events)) < 0.4
    strength = np.repeat(answers, 2, axis=0)[:n_types]
    strength = strength ^ (rng.random((n_types, n_events)) < 0.12)
    strength = strength * rng.lognormal(0, 0.6, (n_types, n_events))
    late, wide = rng.normal(0, 0.8, n_types), rng.uniform(0.8, 1.4, n_types)
    peak, base = rng.uniform(15, 45, n_types), rng.uniform(0, 1.5, n_types)
    bins = np.arange(N_BINS) + 0.5
    rate = np.empty((n_neurons, N_BINS))
    for i, cell_type in enumerate(types):
        own_late, own_wide, gain = rng.standard_normal(3)
        felt = strength[cell_type] * np.exp(
            0.8 * diversity * rng.standard_normal(n_events)
        )
        stray = rng.random(n_events) < 0.12
        felt += 0.6 * diversity * stray * rng.lognormal(0, 0.6, n_events)
        centre = when + late[cell_type] + 0.5 * diversity * own_late
        around = (bins - centre[:, None]) / (
            width * wide[cell_type] * np.exp(0.15 * diversity * own_wide)
        )[:, None]
        felt = felt @ np.exp(-(around**2) / 2)
        rate[i] = base[cell_type] + peak[cell_type] * np.exp(
            0.4 * diversity * gain
        ) * felt / (1 + 0.3 * felt)
    return rate, types


def _smooth(rng, n, width):
    """Return n smooth random functions of unit variance, (n, N_BINS)."""
    noise = gaussian_filter1d(rng.standard_normal((n, N_BINS + 200)), width, axis=1)
    inside = noise[:, 100:-100]
    return inside / inside.std(axis=1, keepdims=True)


def _counts(rate, spread, rng):
    """Return counts of words without and with a spike; gain varies between repeats."""
    fired = np.zeros(rate.shape, dtype=np.int64)
    for gain in spread:
        fired += rng.random(rate.shape) < -np.expm1(-BIN_SIZE * gain * rate)
    return np.stack([len(spread) - fired, fired], axis=2)
