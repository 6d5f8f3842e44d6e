"""Spike-triggered averages of known filters."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.tuning import spike_triggered_average

FRAME = 0.02


@pytest.fixture
def flicker(rng):
    return np.arange(6000) * FRAME, rng.normal(3.0, 2.0, 6000)


def spikes_of(flicker, kernel, rng):
    times, light = flicker
    drive = np.convolve((light - 3) / 2, kernel)[: len(light)]
    fired = rng.poisson(0.5 * np.exp(drive - (np.square(kernel).sum()) / 2))
    frame = np.repeat(np.arange(len(light)), fired)
    return times[frame] + FRAME * rng.random(len(frame))


def test_the_filter_of_an_exponential_neuron_is_found(flicker, rng):
    # For Gaussian light and an exponential the average is the filter itself.
    kernel = np.array([0.0, 0.2, 0.8, 0.3, -0.3, -0.1])
    off = -kernel
    found = spike_triggered_average(
        [spikes_of(flicker, k, rng) for k in (kernel, off)], *flicker, duration=0.2
    )
    assert_allclose(found.average[:, :6], [kernel, off], atol=5 * found.noise.max())
    assert found.polarity.tolist() == ["ON", "OFF"]
    assert_allclose(found.time_to_peak, 2.5 * FRAME)
    assert_allclose(found.biphasic_index, 0.3 / 0.8, atol=0.1)
    assert found.noise == pytest.approx(1 / np.sqrt(found.n_spikes), rel=0.6)


def test_spikes_at_random_have_no_clear_lobe(flicker, rng):
    found = spike_triggered_average(
        [rng.uniform(0, 120, 3000) for _ in range(40)], *flicker
    )
    assert not found.is_clear.any()
    assert np.isnan(found.time_to_peak).all()
    assert set(found.polarity) == {""}


def test_the_average_is_that_of_a_plain_loop(flicker, rng):
    times, light = flicker
    spikes = rng.uniform(-1, 121, 200)
    x = (light - light.mean()) / light.std()
    rows = []
    for t in spikes:
        k = np.flatnonzero(times <= t)
        if len(k) and k[-1] >= 9 and k[-1] + 10 < len(x) and t < times[-1] + FRAME:
            rows.append(x[k[-1] - 9 : k[-1] + 1][::-1])
    found = spike_triggered_average([spikes], times, light, duration=0.2)
    assert found.n_spikes[0] == len(rows)
    assert_allclose(found.average[0], np.mean(rows, axis=0))
    assert_allclose(found.lags, (np.arange(10) + 0.5) * FRAME)


def test_spikes_near_a_gap_do_not_count(rng):
    times = np.concatenate([np.arange(100), 500 + np.arange(100)]) * FRAME
    light = rng.normal(size=200)
    near = spike_triggered_average([[100 * FRAME - 0.01]], times, light, duration=0.2)
    assert near.n_spikes[0] == 0
    far = spike_triggered_average([[50 * FRAME, 550 * FRAME]], times, light)
    assert far.n_spikes[0] == 2


def test_what_is_no_flicker_is_refused():
    times = np.arange(9.0)
    with pytest.raises(ValueError, match="must vary"):
        spike_triggered_average([[1.0]], times, np.ones(9))
    with pytest.raises(ValueError, match="must ascend"):
        spike_triggered_average([[1.0]], times[::-1], times)
    with pytest.raises(ValueError, match="one value per frame"):
        spike_triggered_average([[1.0]], times, times[1:])
    with pytest.raises(ValueError, match="at most half of the stimulus"):
        spike_triggered_average([[1.0]], times, times, duration=20)
