"""Receptive fields of simulated cells."""

import numpy as np
import pytest

from neuroclass import simulate_retina
from neuroclass.mosaics import coverage, measure_mosaics

FIELD = ("x_um", "y_um", "radius_um")


def test_each_type_is_a_mosaic_of_coverage_one():
    retina = simulate_retina(
        4, 160, n_presentations=1, duration="1s", positions=True, random_state=0
    )
    trains = retina.segments[0].spiketrains
    fields = np.array([[t.annotations[name] for name in FIELD] for t in trains])
    types = [t.annotations["true_type"] for t in trains]
    of_type = np.unique(types, return_inverse=True)[1]
    found = measure_mosaics(fields[:, :2], of_type, n_simulations=0, random_state=0)
    assert [one.verdict for one in found.classes] == ["mosaic"] * 4
    assert not any(pair.verdict == "one type" for pair in found.pairs)
    window = 40 * (75 / 0.65) ** 2
    for k in range(4):
        own = fields[of_type == k]
        assert coverage(own[:, :2], own[:, 2], window) == pytest.approx(1, abs=0.05)


def test_positions_change_no_spike_and_are_absent_unless_asked_for():
    plain, placed = (
        simulate_retina(
            2, 8, n_presentations=2, duration="1s", positions=asked, random_state=3
        ).segments[0]
        for asked in (False, True)
    )
    for one, other in zip(plain.spiketrains, placed.spiketrains, strict=True):
        assert np.array_equal(one.magnitude, other.magnitude)
        assert set(FIELD) & set(one.annotations) == set()
        assert set(FIELD) <= set(other.annotations)
