"""Classes by timing from a recording: who takes part, which cuts, what is said."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from neuroclass import (
    classify_neurons,
    from_raster,
    prepare_responses,
    simulate_retina,
)
from neuroclass.analysis.class_options import choose_criterion

N_REPEATS, N_TIME = 16, 100  # of 20 ms


def drive(n_types, rng):
    """Return spike probabilities in bins of each type, (n_types, n_time)."""
    smooth = np.exp(-0.5 * (np.arange(-6, 7) / 2) ** 2)
    noise = rng.normal(size=(n_types, N_TIME + 12))
    moving = np.array([np.convolve(row, smooth, "valid") for row in noise])
    return np.exp(1.5 * moving / moving.std())


def population(sizes, rng, *, rate_spread=0.9, n_random=0, n_silent=0):
    """Return a recording of types whose cells differ in their rates."""
    rate = np.repeat(drive(len(sizes), rng), sizes, axis=0)
    gain = np.exp(rate_spread * rng.normal(size=(len(rate), 1)))
    p = np.clip(0.08 * gain * rate / rate.mean(axis=1, keepdims=True), 0, 0.9)
    p = np.concatenate(
        [p, np.full((n_random, N_TIME), 0.02), np.zeros((n_silent, N_TIME))]
    )
    spikes = rng.random((len(p), N_REPEATS, N_TIME)) < p[:, None]
    return from_raster(spikes, "20ms", axes="npt")


@pytest.fixture(scope="module")
def types():
    return np.repeat([0, 1, 2], [12, 10, 8])


@pytest.fixture(scope="module")
def recording():
    rng = np.random.default_rng(5)
    return population((12, 10, 8), rng, n_random=3, n_silent=2)


@pytest.fixture(scope="module")
def clean():
    """The same units without those that do not respond."""
    return population((12, 10, 8), np.random.default_rng(5))


@pytest.fixture(scope="module")
def found(recording):
    with pytest.warns(UserWarning, match="2 units are silent"):
        return classify_neurons(recording, progress=False)


def test_types_are_found_although_their_rates_differ(found, types):
    assert found.criterion == "timing"
    assert adjusted_rand_score(types, found.labels[:30]) == 1
    assert found.selection.is_determined
    assert found.headline() == (
        "3 classes of 30 neurons (determined: each is separate from its nearest, and "
        "its neurons respond alike); 3 units set aside: their response does not repeat"
    )


def test_units_without_a_response_are_set_aside_and_named(found):
    assert_array_equal(np.flatnonzero(~found.units.takes_part), [*range(30, 35)])
    assert (found.labels[30:33] >= 0).all()  # assigned to the nearest class
    assert found.units.reasons[30:] == (
        *("unresponsive: its response does not repeat",) * 3,
        *("silent: no spike in the presentations",) * 2,
    )
    assert (found.labels[33:] == -1).all()
    assert np.isnan(found.units.confidence[33:]).all()
    assert (
        (found.units.confidence[:33] > 0) & (found.units.confidence[:33] <= 1)
    ).all()
    assert found.class_sizes.tolist() == [12, 10, 8]
    frame = found.to_frame()
    assert frame["takes_part"].sum() == 30
    assert [issue.kind for issue in found.issues].count("unresponsive units") == 1


def test_they_change_neither_number_nor_classes(found):
    rng = np.random.default_rng(5)
    alone = classify_neurons(population((12, 10, 8), rng), progress=False)
    assert alone.n_clusters == found.n_clusters
    assert adjusted_rand_score(alone.labels, found.labels[:30]) == 1


def test_how_much_they_fire_tells_neurons_and_not_these_classes_apart(found):
    timing = found.timing
    assert 0.1 < timing.neuron_split.rate_share < 0.8
    assert timing.class_split.rate_share < 0.2
    assert timing.rate_factor > 3
    first, second = timing.sentences()
    assert first.startswith("Of the information that distinguishes the neurons ")
    assert second.startswith("Firing rates of the neurons of a class differ by a fac")


def test_the_curve_is_in_bits_per_spike_and_keeps_most_at_the_types(found):
    curve = found.curve
    assert curve.unit == "bits/spike"
    assert len(curve.information) == 30
    assert curve.information[0] == pytest.approx(0, abs=1e-12)
    assert curve.information[2] > 0.7 * curve.information[-1]
    # Classes keep at most what the neurons have, at every time resolution.
    timing = found.timing
    assert (timing.class_information <= timing.neuron_information + 1e-9).all()
    assert_allclose(timing.widths[0], 0.02)
    assert_allclose(timing.class_information.mean(), curve.information[2], rtol=1e-6)


def test_a_number_that_is_given_takes_the_tree(clean):
    found = classify_neurons(clean, n_clusters=2, progress=False)
    assert found.n_clusters == 2
    assert found.headline().startswith("2 classes of 30 neurons (as given)")
    with pytest.raises(ValueError, match=r"neurons that take part \(30\); got 31"):
        classify_neurons(clean, n_clusters=31, progress=False)


def test_a_tested_cut_can_be_shown_instead(clean):
    found = classify_neurons(clean, cut=2, progress=False)
    (cut,) = (c for c in found.timing.cuts.cuts if c.n_clusters == 2)
    assert adjusted_rand_score(cut.labels, found.labels[found.classified]) == 1
    with pytest.raises(ValueError, match="cut must be one of the tested numbers"):
        classify_neurons(clean, cut=25, progress=False)
    with pytest.raises(ValueError, match="cut must not be given together with"):
        classify_neurons(clean, cut=2, n_clusters=2)
    with pytest.raises(ValueError, match="cut must be of the criterion 'timing'"):
        classify_neurons(clean, cut=2, criterion="word")


def test_a_share_of_the_information_gives_the_fewest_classes(clean):
    found = classify_neurons(clean, max_information_loss=0.4, progress=False)
    kept = found.curve.information / found.curve.information[-1]
    assert found.n_clusters <= 1 + np.argmax(kept >= 0.6)


def test_one_type_is_one_class_only_by_the_positive_test():
    rng = np.random.default_rng(7)
    found = classify_neurons(population((60,), rng, rate_spread=0.4), progress=False)
    assert found.n_clusters == 1
    assert found.headline().startswith("1 class of 60 neurons")
    assert "no cut holds apart, and they respond alike" in found.headline()


def test_few_units_are_for_orientation_only():
    rng = np.random.default_rng(8)
    few = population((2, 2), rng)
    with pytest.warns(UserWarning, match="fewer than 6 are for orientation only"):
        found = classify_neurons(few, progress=False)
    assert not found.selection.is_determined
    assert "too few units (4)" in found.headline()
    with pytest.warns(UserWarning, match="for orientation only"):
        given = classify_neurons(few, n_clusters=2, progress=False)
    assert adjusted_rand_score([0, 0, 1, 1], given.labels) == 1
    pair = from_raster(
        np.random.default_rng(0).random((2, 12, 50)) < 0.3, "20ms", axes="npt"
    )
    with pytest.warns(UserWarning, match="for orientation only"):
        assert len(classify_neurons(pair, progress=False).labels) == 2


def test_conditions_without_time_take_the_criterion_of_words(clean):
    assert choose_criterion("timing", "stimulus,time")["value"] == "timing"
    assert choose_criterion("timing", "none")["value"] == "word"
    found = classify_neurons(clean, condition="stimulus", progress=False)
    assert found.criterion == "word"
    assert "pools the times" in found.settings["criterion"]["why"]


def test_a_base_bin_below_the_resolution_is_raised(clean):
    with pytest.warns(UserWarning, match=r"5 ms is below the resolution .* 20 ms"):
        found = classify_neurons(clean, bin_size="5ms", progress=False)
    assert found.timing.bin_size == pytest.approx(0.02)


def test_several_stimuli_and_units_recorded_for_a_part_of_the_time():
    retina = simulate_retina(
        3, 18, 20, "4s", n_unique=0, random_state=4, rate_spread=0, sparse_share=0
    )
    truth = [t.annotations["true_type"] for t in retina.segments[0].spiketrains]
    whole = classify_neurons(retina, n_clusters=3, progress=False)
    stop = float(retina.segments[0].spiketrains[0].t_stop)
    for train in retina.segments[0].spiketrains[::3]:
        train.annotations["obs_intervals"] = np.array([[0.0, 0.6 * stop]])
    part = classify_neurons(retina, n_clusters=3, progress=False)
    scores = [adjusted_rand_score(truth, each.labels) for each in (whole, part)]
    assert scores[1] >= scores[0] - 0.2


def test_micro_clusters_give_the_same_types(clean, types):
    found = classify_neurons(clean, method="sequential", progress=False)
    assert adjusted_rand_score(types, found.labels[:30]) == 1


def test_stability_is_of_the_classes_and_the_ranked_cuts(clean):
    found = classify_neurons(clean, stability=10, progress=False)
    assert found.stability.n_clusters == 3
    assert found.stability.per_class.min() > 0.8
    assert found.stability.co_clustering.shape == (30, 30)


def test_responses_are_shared(clean, found):
    responses = prepare_responses(clean, progress=False)
    again = classify_neurons(responses, progress=False)
    assert_array_equal(again.labels, found.labels[:30])
