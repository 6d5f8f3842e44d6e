"""ON/OFF index, latency and transience of known responses."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.tuning import step_response

BIN = 0.01
LIGHT = (1.0, 3.0)


def psth_of(on, off, decay):
    """Return 4 s of 5 Hz, and responses of these peaks that decay, 50 ms late."""
    time = (np.arange(400) + 0.5) * BIN
    rate = np.full(400, 5.0)
    for start, peak in ((1.05, on), (3.05, off)):
        late = time - start
        rate += np.where(late >= 0, peak * np.exp(-np.maximum(late, 0) / decay), 0)
    return rate


def test_polarity_latency_and_transience_of_known_responses():
    found = step_response(
        [
            psth_of(50, 0, 0.05),
            psth_of(0, 80, 0.05),
            psth_of(40, 40, 0.05),
            psth_of(50, 0, 100.0),
        ],
        BIN,
        LIGHT,
    )
    assert found.polarity.tolist() == ["ON", "OFF", "ON-OFF", "ON"]
    # What is left of the ON response at 3 s, 2 s later, is nothing for the first three.
    assert_allclose(found.on_off_index[:3], [1, -1, 0], atol=1e-6)
    assert_allclose(found.latency[:3], 0.055)
    assert (found.transience[:3] > 0.95).all()
    assert found.transience[3] < 0.05


def test_scaling_and_baseline_change_nothing():
    one = step_response([psth_of(50, 20, 0.1)], BIN, LIGHT)
    other = step_response([3 * psth_of(50, 20, 0.1) + 7], BIN, LIGHT)
    for name in ("on_off_index", "latency", "transience"):
        assert_allclose(getattr(one, name), getattr(other, name))


def test_a_constant_rate_is_no_response():
    found = step_response([np.full(400, 9.0)], BIN, LIGHT)
    assert np.isnan(found.on_off_index[0])
    assert np.isnan(found.latency[0])
    assert found.polarity.tolist() == [""]


@pytest.mark.parametrize("light", [(0.0, 3.0), (1.0, 1.01), (1.0, 4.0), (3.0, 1.0)])
def test_light_outside_the_stimulus_is_refused(light):
    with pytest.raises(ValueError, match="two times inside the stimulus of 4 s"):
        step_response(np.ones((1, 400)), BIN, light)
