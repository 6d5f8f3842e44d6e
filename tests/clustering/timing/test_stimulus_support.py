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


def test_only_repeats_of_what_separates_types_would_help(rng):
    spikes, types = draw(rng, n_each=20)
    of = types < 2
    growth = separation_growth(spikes.of(of), types[of], 2)
    assert growth.pair == (0, 1)
    assert growth.by_repeats[0] > 1
    assert growth.by_repeats[2] == 0
    assert growth.by_all_repeats > 1
    assert growth.z_with_repeats(2, 0) == pytest.approx(growth.z + growth.by_repeats[0])


def test_many_repeats_of_neurons_that_differ_leave_nothing_to_gain(rng):
    few, many = (
        separation_growth(
            *draw(rng, n_repeats=n, signal=0.6, own=0.6), 2
        ).by_all_repeats
        for n in (6, 200)
    )
    assert many < 1 < few


def test_what_is_needed_gives_what_was_asked_for():
    growth = SeparationGrowth((0, 1), 1.2, 40, np.array([2.0, 0.0]), 2.5)
    for stimulus in (None, 0):
        factor = growth.repeats_needed(3.0, stimulus)
        assert growth.z_with_repeats(factor, stimulus) == pytest.approx(3.0)
    assert growth.repeats_needed(3.2, 0) == pytest.approx(2)
    assert growth.repeats_needed(3.0, 1) == np.inf
    assert growth.z_with_neurons(growth.neurons_needed(3.0)) == pytest.approx(3.0)
    assert growth.repeats_needed(1.0) == growth.neurons_needed(1.0) == 1
    hopeless = SeparationGrowth((0, 1), -2.0, 40, np.array([2.0, 0.1]), 2.1)
    assert hopeless.neurons_needed(3.0) == np.inf


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "own"), [(0.8, 0.2), (1.0, 0.5), (1.1, 0.7)])
def test_twice_the_repeats_add_about_as_much_as_foretold(signal, own):
    """Means over populations, of each stimulus doubled by itself."""
    foretold, found = np.zeros((2, 60, 3))
    for seed in range(60):
        rng = np.random.default_rng(1000 + seed)
        spikes, types = draw(rng, signal=signal, own=own, n_repeats=8, n_each=20)
        of = types < 2
        spikes, types = spikes.of(of), types[of]
        few = SpikeCounts.from_sums(
            spikes.odd,
            None,
            4,
            stimulus=spikes.stimulus,
            odd=rng.binomial(spikes.odd.astype(int), 0.5),
        )
        growth = separation_growth(few, types, 2)
        foretold[seed] = growth.by_repeats
        for s in range(3):
            more = np.where(spikes.stimulus == s, spikes.even, 0.0)
            twice = SpikeCounts.from_sums(
                few.counts + more,
                None,
                np.where(spikes.stimulus == s, 8, 4),
                stimulus=spikes.stimulus,
                odd=few.odd + rng.binomial(more.astype(int), 0.5),
            )
            found[seed, s] = separation_growth(twice, types, 2).z - growth.z
    error = found.std(axis=0) / np.sqrt(60)
    print(signal, own, foretold.mean(axis=0), found.mean(axis=0), error)
    assert foretold.mean(axis=0)[1:].max() < 0.4
    assert 0.5 < foretold[:, 0].mean() / found[:, 0].mean() < 2


def test_classes_of_two_neurons_are_not_judged(rng):
    spikes, types = draw(rng, n_each=2)
    assert stimulus_support(spikes, types, 2).pairs == ()
    assert separation_growth(spikes, types, 2) is None
