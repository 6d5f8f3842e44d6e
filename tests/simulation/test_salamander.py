"""The simulated salamander cells: their types, and that they fire as recorded ones."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from neuroclass import load_recording, prepare_responses
from neuroclass.simulation import SALAMANDER_SUBTYPES, simulate_salamander

DATA = Path(__file__).parents[2] / "data"


def annotations(recording, name):
    return [train.annotations[name] for train in recording.segments[0].spiketrains]


def test_the_population_is_the_same_whatever_the_seed():
    for seed in (0, 1):
        retina = simulate_salamander(2, "1s", n_unique=0, random_state=seed)
        assert Counter(annotations(retina, "true_type")) == {
            "fast OFF": 6,
            "medium OFF": 6,
            "slow OFF": 4,
            "ON": 3,
            "weak": 2,
        }
        found = Counter(annotations(retina, "true_subtype"))
        assert sorted(found.values()) == [2, 2, 2, 3, 3, 3, 6]
        assert set(found) == set(SALAMANDER_SUBTYPES)


def test_a_seed_gives_the_same_retina_and_another_one_does_not():
    first, again, other = (
        simulate_salamander(2, "1s", n_unique=0, random_state=seed)
        for seed in (0, 0, 1)
    )
    for a, b in zip(
        first.segments[0].spiketrains, again.segments[0].spiketrains, strict=True
    ):
        np.testing.assert_array_equal(a.magnitude, b.magnitude)
    assert annotations(first, "gain") != annotations(other, "gain")


def test_retinas_can_share_their_light_and_not_their_cells():
    one, two = (
        simulate_salamander(
            2, "1s", n_unique=1, random_state=seed, stimulus_random_state=7
        )
        for seed in (0, 1)
    )
    light = [r.segments[0].analogsignals[0].magnitude for r in (one, two)]
    np.testing.assert_array_equal(*light)
    assert annotations(one, "gain") != annotations(two, "gain")


def active_share(responses):
    counts = responses.counts.counts
    return float((counts[..., 1:].sum(-1) / counts.sum(-1) > 0.1).mean())


@pytest.mark.filterwarnings("ignore:.*change their rate")
def test_salamander_cells_fire_as_recorded_ones_do():
    recorded = [
        prepare_responses(
            load_recording(DATA / f"salamander_{name}.nwb"), bin_size=0.02
        )
        for name in ("small", "movie1")
    ]
    simulated = [
        prepare_responses(
            simulate_salamander(30, n_unique=0, random_state=seed), bin_size=0.02
        )
        for seed in range(3)
    ]
    low, high = (responses.rates.mean.mean() for responses in recorded)
    assert low <= np.mean([r.rates.mean.mean() for r in simulated]) <= high
    low, high = (active_share(responses) for responses in recorded)
    assert low <= np.mean([active_share(r) for r in simulated]) <= high
    spread = [np.log(r.rates.mean[~r.rates.is_silent]).std() for r in simulated]
    assert 0.6 <= np.mean(spread) <= 1.4


def test_weak_cells_hardly_respond_and_on_cells_prefer_light():
    retina = simulate_salamander(10, "10s", n_unique=0, random_state=0)
    is_weak = np.array(annotations(retina, "true_type")) == "weak"
    n_spikes = np.array([len(t) for t in retina.segments[0].spiketrains])
    assert n_spikes[is_weak].max() < n_spikes[~is_weak].min()
    is_on = np.array(annotations(retina, "true_type")) == "ON"
    np.testing.assert_array_equal(annotations(retina, "on_weight"), is_on)


@pytest.mark.parametrize("name", ["diversity", "rate_spread", "sparse_share"])
def test_settings_of_the_population_are_refused(name):
    with pytest.raises(TypeError, match=f"{name!r}, which belongs to its population"):
        simulate_salamander(**{name: 0.5})


def test_unknown_keywords_and_wrong_values_are_refused():
    with pytest.raises(TypeError, match="durration"):
        simulate_salamander(durration=2.0)
    with pytest.raises(ValueError, match="drift must be between 0 and 5"):
        simulate_salamander(drift=6)
    with pytest.raises(ValueError, match="n_presentations must be"):
        simulate_salamander(0)
