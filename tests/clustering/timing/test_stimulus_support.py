"""Which stimulus separates which classes, and what more data would add."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from neuroclass.clustering.timing import (
    SeparationGrowth,
    SpikeCounts,
    separation_growth,
    stimulus_support,
)

N_BINS = 120


def smooth_noise(rng, n):
    x = gaussian_filter1d(rng.standard_normal((n, N_BINS + 40)), 4, axis=1)[:, 20:-20]
    return x / x.std()


def draw(rng, *, n_each=15, n_repeats=5, signal=0.8, own=0.2):
    """Draw spikes of three types, which differ in some stimuli.

    All in the first, the last from the others in the second, none in the third.
    """
    types = np.repeat([0, 1, 2], n_each)
    n = len(types)
    log = [
        signal * smooth_noise(rng, 3)[types] + own * smooth_noise(rng, n),
        signal * smooth_noise(rng, 2)[types // 2] + own * smooth_noise(rng, n),
        np.zeros((n, N_BINS)),
    ]
    rate = np.concatenate([0.1 * np.exp(x - signal**2 / 2) for x in log], axis=1)
    spikes = rng.poisson(rate[:, None], (n, n_repeats, 3 * N_BINS))
    return (
        SpikeCounts.from_repeats(spikes, stimulus=np.repeat([0, 1, 2], N_BINS)),
        types,
    )


def test_each_stimulus_tells_the_types_apart_that_differ_in_it(rng):
    spikes, types = draw(rng)
    found = stimulus_support(spikes, types, 2)
    assert found.pairs == ((0, 1), (0, 2), (1, 2))
    assert (found.right[0] > 0.9).all()
    assert found.right[1, 0] < 0.8
    assert (found.right[1, 1:] > 0.9).all()
    assert (found.right[2] < 0.75).all()
    assert (found.right_together > 0.95).all()
    bits = found.class_information
    assert bits[0] > bits[1] > 20 * bits[2]
    assert (found.neuron_information >= bits - 0.02).all()


def test_a_stimulus_by_itself_is_as_if_there_were_no_other(rng):
    spikes, types = draw(rng)
    found = stimulus_support(spikes, types, 2)
    alone = stimulus_support(spikes.of_stimuli([1]), types, 2)
    assert alone.right[0] == pytest.approx(found.right[1])
    assert alone.right_together == pytest.approx(found.right[1])
    assert alone.class_information[0] == pytest.approx(found.class_information[1])


def test_only_repeats_of_what_tells_types_apart_would_help(rng):
    spikes, types = draw(rng, n_each=20, signal=0.6, own=0.05)
    of = types < 2
    growth = separation_growth(spikes.of(of), types[of], 2)
    assert growth.pair == (0, 1)
    gain = [growth.z_with_repeats(2, s) - growth.z for s in range(3)]
    assert gain[0] > 4 * max(gain[1:]) > 0
    assert growth.share_of_sampling > 0.7
    everything = growth.z_with_repeats(2) - growth.z
    assert everything > gain[0]


def test_where_neurons_differ_repeats_do_not_help(rng):
    spikes, types = draw(rng, n_repeats=60, own=0.6)
    growth = separation_growth(spikes, types, 2)
    assert growth.share_of_sampling < 0.2
    assert growth.z_with_repeats(1e9) - growth.z < 1.5
    assert growth.repeats_needed(growth.z + 5) == np.inf


def test_what_is_needed_gives_what_was_asked_for():
    growth = SeparationGrowth((0, 1), 1.2, 40, 0.15, 1.0, np.array([2.0, 0.1]))
    for stimulus in (None, 0):
        factor = growth.repeats_needed(3.0, stimulus)
        assert growth.z_with_repeats(factor, stimulus) == pytest.approx(3.0)
    assert growth.repeats_needed(3.0, 1) == np.inf
    assert growth.z_with_neurons(growth.neurons_needed(3.0)) == pytest.approx(3.0)
    assert growth.repeats_needed(1.0) == growth.neurons_needed(1.0) == 1
    hopeless = SeparationGrowth((0, 1), -2.0, 40, 0.15, 1.0, np.array([2.0, 0.1]))
    assert hopeless.neurons_needed(3.0) == np.inf


@pytest.mark.slow
def test_twice_the_repeats_separate_at_least_as_much_more_as_foretold():
    """Means over populations, of each stimulus doubled by itself."""
    foretold, found = np.zeros((2, 3))
    n = 0
    for seed in range(40):
        spikes, types = draw(np.random.default_rng(seed), signal=0.5, n_repeats=8)
        few = SpikeCounts.from_sums(
            spikes.odd, None, 4, stimulus=spikes.stimulus, odd=np.floor(spikes.odd / 2)
        )
        rng = np.random.default_rng(seed)
        few = SpikeCounts.from_sums(
            few.counts,
            None,
            4,
            stimulus=few.stimulus,
            odd=rng.binomial(few.counts.astype(int), 0.5),
        )
        of = types < 2
        growth = separation_growth(few.of(of), types[of], 2)
        if growth.z < -4:
            continue
        n += 1
        for s in range(3):
            more = np.where(spikes.stimulus == s, spikes.even, 0.0)
            counts = few.counts + more
            both = SpikeCounts.from_sums(
                counts,
                None,
                np.where(spikes.stimulus == s, 8, 4),
                stimulus=spikes.stimulus,
                odd=few.odd + rng.binomial(more.astype(int), 0.5),
            )
            foretold[s] += growth.z_with_repeats(2, s) - growth.z
            found[s] += separation_growth(both.of(of), types[of], 2).z - growth.z
    print(n, foretold / n, found / n)
    assert n > 10
    assert foretold[0] > 5 * foretold[1:].max()
    assert found[0] / n > 0.8 * foretold[0] / n > 0.5


def test_classes_of_two_neurons_are_not_judged(rng):
    spikes, types = draw(rng, n_each=2)
    assert stimulus_support(spikes, types, 2).pairs == ()
    assert separation_growth(spikes, types, 2) is None
