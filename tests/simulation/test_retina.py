"""A retina with known types must be one: right polarity, rates, repeats, types."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroclass.simulation import CELL_TYPES, simulate_retina
from neuroclass.simulation.light import order_segments
from neuroclass.simulation.spikes import drop_refractory


@pytest.fixture(scope="module")
def retina():
    """Five cells of each of the nine types."""
    return simulate_retina(
        9,
        45,
        20,
        duration=10.0,
        n_unique=10,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )


def spiketrains(block):
    return block.segments[0].spiketrains


def times(train):
    return train.rescale("s").magnitude


def true_types(block):
    return np.array([train.annotations["true_type"] for train in spiketrains(block)])


def trials(block):
    """Starts, durations and stimuli of the trials."""
    epoch = block.segments[0].epochs[0]
    return (
        epoch.times.rescale("s").magnitude,
        epoch.durations.rescale("s").magnitude,
        epoch.array_annotations["stimulus"],
    )


def light(block):
    return block.segments[0].analogsignals[0].magnitude[:, 0]


def light_of(block, stimulus, frame_rate=60.0):
    """Frames of every presentation of a stimulus."""
    starts, durations, stimuli = trials(block)
    frames = light(block)
    return [
        frames[round(a * frame_rate) : round((a + d) * frame_rate)]
        for a, d, s in zip(starts, durations, stimuli, strict=True)
        if s == stimulus
    ]


def psths(block, bin_size=0.02):
    """Mean rate over the repeats, (n_neurons, n_bins)."""
    starts, durations, stimuli = trials(block)
    starts, duration = starts[stimuli == "repeat"], durations[stimuli == "repeat"][0]
    edges = np.arange(round(duration / bin_size) + 1) * bin_size
    rates = np.zeros((len(spiketrains(block)), len(edges) - 1))
    for rate, train in zip(rates, spiketrains(block), strict=True):
        for start in starts:
            rate += np.histogram(times(train) - start, edges)[0]
    return rates / len(starts) / bin_size


def spike_triggered_average(block, train, n_lags=20, frame_rate=60.0):
    """Mean light in the frames before a spike; entry 0 is the frame of the spike."""
    frame = np.floor(times(train) * frame_rate).astype(int)
    frame = frame[frame >= n_lags]
    return light(block)[frame[:, None] - np.arange(n_lags)].mean(axis=0)


def test_mean_firing_rates_are_those_of_ganglion_cells(retina):
    starts, durations, _ = trials(retina)
    rates = []
    for train in spiketrains(retina):
        spikes = times(train)
        inside = np.searchsorted(spikes, starts + durations) - np.searchsorted(
            spikes, starts
        )
        rates.append(inside.sum() / durations.sum())
    assert min(rates) > 1.0
    assert max(rates) < 25.0
    assert 4.0 < np.mean(rates) < 12.0


def test_on_cells_fire_after_light_and_off_cells_after_dark(retina):
    for train in spiketrains(retina):
        average = spike_triggered_average(retina, train)
        peak = average[np.argmax(np.abs(average))]
        polarity = train.annotations["true_type"].split()[0]
        if polarity == "ON":
            assert peak > 0.3
        elif polarity == "OFF":
            assert peak < -0.3


def test_on_off_cells_fire_after_both(retina):
    cell_type = true_types(retina)
    trains = dict(zip(cell_type, spiketrains(retina), strict=True))
    template = spike_triggered_average(retina, trains["ON fast"])
    is_brighter = np.convolve(light(retina), template)[: len(light(retina))] > 0

    def fraction_after_light(name):
        frame = np.floor(times(trains[name]) * 60.0).astype(int)
        return is_brighter[frame].mean()

    assert fraction_after_light("ON fast") > 0.95
    assert fraction_after_light("OFF fast") < 0.05
    assert 0.2 < fraction_after_light("ON-OFF fast") < 0.8


def test_the_average_light_before_a_spike_is_the_filter_of_the_cell(retina):
    # Bussgang's theorem: with Gaussian light and one input, the spike-triggered
    # average is proportional to the filter; its peak is at the delay + time to peak.
    for train in spiketrains(retina):
        cell = train.annotations
        if cell["true_type"].startswith("ON-OFF"):
            continue
        average = spike_triggered_average(retina, train)
        # A spike comes half a frame after the start of its frame, on average, and
        # the light of a frame lasts a whole frame.
        lag = np.argmax(np.abs(average)) / 60.0
        assert abs(lag - cell["delay"] - cell["time_to_peak"]) < 1.6 / 60.0


def test_fast_cells_respond_earlier_than_slow_ones(retina):
    cell_type = true_types(retina)

    def lag(name):
        trains = [
            t for t, k in zip(spiketrains(retina), cell_type, strict=True) if k == name
        ]
        return np.mean(
            [np.argmax(np.abs(spike_triggered_average(retina, t))) for t in trains]
        )

    assert lag("OFF fast") < lag("OFF sustained") < lag("OFF slow")
    assert lag("ON fast") < lag("ON sustained") < lag("ON slow")


def test_no_interval_is_shorter_than_the_dead_time(retina):
    assert min(np.diff(times(train)).min() for train in spiketrains(retina)) >= 0.003


def test_spikes_in_the_dead_time_are_dropped_one_after_the_other():
    # Each spike is judged by the last one LEFT: 2 ms goes, so 4 ms stays.
    assert_allclose(
        drop_refractory(np.array([0.0, 0.002, 0.004, 0.0055, 0.0075, 0.1])),
        [0.0, 0.004, 0.0075, 0.1],
    )


def test_dropping_agrees_with_a_loop_over_spikes(rng):
    spikes = np.sort(rng.uniform(0, 1, 400))
    left = [spikes[0]]
    for spike in spikes[1:]:
        if spike - left[-1] >= 0.003:
            left.append(spike)
    assert_array_equal(drop_refractory(spikes), left)


def test_the_same_seed_gives_the_same_spikes():
    one, two, other = (
        simulate_retina(
            3, 6, 5, 2.0, n_unique=1, random_state=seed, rate_spread=0, sparse_share=0
        )
        for seed in (4, 4, 5)
    )
    for a, b in zip(spiketrains(one), spiketrains(two), strict=True):
        assert_array_equal(times(a), times(b))
        assert a.annotations == b.annotations
    assert_array_equal(light(one), light(two))
    assert not np.array_equal(light(one), light(other))


def test_a_generator_is_taken_in_place_of_a_seed():
    one = simulate_retina(
        1,
        2,
        2,
        1.0,
        n_unique=0,
        random_state=np.random.default_rng(4),
        rate_spread=0,
        sparse_share=0,
    )
    two = simulate_retina(
        1, 2, 2, 1.0, n_unique=0, random_state=4, rate_spread=0, sparse_share=0
    )
    assert_array_equal(times(spiketrains(one)[0]), times(spiketrains(two)[0]))


def test_repeats_share_the_stimulus_and_unique_segments_do_not(retina):
    first, *others = light_of(retina, "repeat")
    assert len(others) == 19
    for other in others:
        assert_array_equal(other, first)
    unique = [light_of(retina, f"unique {k}") for k in range(10)]
    assert all(len(presentations) == 1 for presentations in unique)
    segments = np.array([first, *(presentations[0] for presentations in unique)])
    correlation = np.corrcoef(segments) - np.eye(len(segments))
    assert np.abs(correlation).max() < 0.2
    assert_allclose(segments.std(), 1, atol=0.05)


def test_unique_segments_are_interleaved_with_the_repeats(retina):
    _, _, stimuli = trials(retina)
    unique = np.flatnonzero(stimuli != "repeat")
    assert len(stimuli) == 30
    assert set(np.diff(unique)) == {3}  # two repeats between any two


def test_segments_are_spread_evenly_whatever_their_numbers():
    assert_array_equal(order_segments(2, 2), [-1, 0, -1, 1])
    assert_array_equal(order_segments(3, 0), [-1, -1, -1])
    assert_array_equal(order_segments(1, 3), [0, -1, 1, 2])


def test_every_trial_follows_a_grey_pause_of_a_second(retina):
    starts, durations, _ = trials(retina)
    gaps = [b - a - d for (a, b), d in zip(pairwise(starts), durations, strict=False)]
    assert min(gaps) > 1.0
    between = light(retina)[round(10.0 * 60) : round(starts[1] * 60)]
    assert len(between) > 0
    assert not between.any()


def test_repeats_vary_no_more_than_poisson(retina):
    starts, durations, stimuli = trials(retina)
    starts = starts[stimuli == "repeat"]
    counts = np.array(
        [
            np.searchsorted(times(t), starts + durations[0])
            - np.searchsorted(times(t), starts)
            for t in spiketrains(retina)
        ]
    )
    fano = counts.var(axis=1, ddof=1) / counts.mean(axis=1)
    assert 0.5 < fano.mean() < 1.0  # the dead time makes it less than one


def test_psths_within_a_type_correlate_more_than_across_types(retina):
    cell_type = true_types(retina)
    correlation = np.corrcoef(psths(retina))
    same = cell_type[:, None] == cell_type
    pairs = ~np.eye(len(cell_type), dtype=bool)
    within, across = correlation[same & pairs], correlation[~same]
    assert np.median(within) > 0.8
    assert np.median(across) < 0.5
    # Cells are nearest to their own type, but for an ON-OFF cell of weak ON input.
    means = np.array(
        [
            [
                correlation[i, (cell_type == name) & pairs[i]].mean()
                for name in CELL_TYPES
            ]
            for i in range(len(cell_type))
        ]
    )
    assert np.mean(np.array(CELL_TYPES)[means.argmax(axis=1)] == cell_type) > 0.95


def test_without_diversity_the_cells_of_a_type_are_alike():
    alike = simulate_retina(
        2,
        8,
        2,
        1.0,
        diversity=0,
        n_unique=0,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )
    diverse = simulate_retina(
        2,
        8,
        2,
        1.0,
        diversity=1,
        n_unique=0,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )
    for name in ("time_to_peak", "undershoot", "threshold", "gain", "delay"):
        spread = [
            [
                np.std(
                    [
                        t.annotations[name]
                        for t in spiketrains(block)
                        if t.annotations["true_type"] == cell_type
                    ]
                )
                for cell_type in ("OFF fast", "ON fast")
            ]
            for block in (alike, diverse)
        ]
        assert_allclose(spread[0], 0, atol=1e-12)
        assert min(spread[1]) > 0


def test_diversity_scales_the_scatter_of_one_and_the_same_retina():
    log_gain = [
        np.log([t.annotations["gain"] for t in spiketrains(block)])
        for block in (
            simulate_retina(
                1,
                30,
                1,
                1.0,
                diversity=d,
                n_unique=0,
                random_state=3,
                rate_spread=0,
                sparse_share=0,
            )
            for d in (0.0, 0.5, 1.0)
        )
    ]
    assert_allclose(log_gain[2] - log_gain[0], 2 * (log_gain[1] - log_gain[0]))
    assert 0.2 < np.std(log_gain[2]) < 0.6


@pytest.mark.parametrize("n_types", [1, 3, 6, 8])
def test_the_first_types_are_taken_in_the_documented_order(n_types):
    block = simulate_retina(
        n_types, 17, 1, 1.0, n_unique=0, random_state=0, rate_spread=0, sparse_share=0
    )
    names, sizes = np.unique(true_types(block), return_counts=True)
    assert set(names) == set(CELL_TYPES[:n_types])
    assert np.ptp(sizes) <= 1


def test_the_order_of_the_types_is_fixed():
    assert CELL_TYPES == (
        "OFF fast",
        "ON fast",
        "ON-OFF fast",
        "OFF slow",
        "ON slow",
        "OFF sustained",
        "ON sustained",
        "ON-OFF slow",
        "ON-OFF sustained",
    )


def test_the_recording_keeps_the_conventions():
    block = simulate_retina(
        3,
        6,
        4,
        "2s",
        n_unique=2,
        unique_duration="500ms",
        frame_rate=50,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )
    (segment,) = block.segments
    (epoch,) = segment.epochs
    assert epoch.name == "trials"
    assert_array_equal(epoch.labels, [str(row) for row in range(6)])
    starts, durations, stimuli = trials(block)
    assert sorted(stimuli) == ["repeat"] * 4 + ["unique 0", "unique 1"]
    assert_allclose(durations[stimuli == "repeat"], 2.0)
    assert_allclose(durations[stimuli != "repeat"], 0.5)
    for unit, train in enumerate(segment.spiketrains):
        assert train.name == str(unit)
        assert train.annotations["unit_id"] == unit
        assert str(train.units.dimensionality) == "s"
        assert train.t_start == segment.spiketrains[0].t_start
        assert train.t_stop == segment.spiketrains[0].t_stop
        assert (np.diff(times(train)) > 0).all()
    assert segment.spiketrains[0].t_stop >= starts[-1] + durations[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_types": 0}, "n_types must be an integer of at least 1; got 0"),
        ({"n_types": 10}, "n_types must be at most 9; got 10"),
        ({"n_types": 6, "n_neurons": 5}, r"n_neurons must be at least n_types \(6\)"),
        ({"n_presentations": 0}, "n_presentations must be an integer of at least 1"),
        ({"n_unique": -1}, "n_unique must be an integer of at least 0; got -1"),
        ({"duration": 0}, "duration must be a positive time"),
        ({"unique_duration": "3"}, None),
        ({"unique_duration": "3 parsecs"}, "unique_duration must be a positive time"),
        ({"frame_rate": 0}, "frame_rate must be between 1 and 1000 Hz; got 0"),
        ({"frame_rate": np.nan}, "frame_rate must be between 1 and 1000 Hz; got nan"),
        ({"diversity": 1.5}, "diversity must be between 0 and 1; got 1.5"),
        ({"diversity": np.nan}, "diversity must be between 0 and 1; got nan"),
        ({"rate_spread": -0.1}, "rate_spread must be between 0 and 3; got -0.1"),
        ({"rate_spread": np.nan}, "rate_spread must be between 0 and 3; got nan"),
        ({"sparse_share": 1.5}, "sparse_share must be between 0 and 1; got 1.5"),
        ({"bursts": 11}, "bursts must be between 0 and 10; got 11"),
        ({"gain_noise": 4}, "gain_noise must be between 0 and 3; got 4"),
        ({"shared_gain_noise": -1}, "shared_gain_noise must be between 0 and 3"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    settings = {"n_types": 1, "n_neurons": 2, "n_presentations": 1, "duration": 1.0}
    if message is None:
        simulate_retina(**(settings | arguments), n_unique=0)
        return
    with pytest.raises(ValueError, match=message):
        simulate_retina(**(settings | arguments))


def test_retinas_can_get_the_same_light():
    small = {"n_types": 2, "n_neurons": 4, "duration": 1.0, "n_unique": 1}
    one = simulate_retina(
        **small,
        n_presentations=3,
        stimulus_random_state=7,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )
    other = simulate_retina(
        **small,
        n_presentations=3,
        stimulus_random_state=7,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )
    longer = simulate_retina(
        **small,
        n_presentations=5,
        stimulus_random_state=7,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )
    light, same, more = (
        r.segments[0].analogsignals[0].magnitude[:, 0] for r in (one, other, longer)
    )
    assert_array_equal(light, same)
    assert_array_equal(light[:60], more[:60])
    first, second = (r.segments[0].spiketrains[0].magnitude for r in (one, other))
    assert len(first) != len(second) or (first != second).any()


def test_drift_changes_gains_and_nothing_else():
    still, drifting = (
        simulate_retina(
            2,
            8,
            40,
            "4s",
            n_unique=0,
            drift=drift,
            random_state=3,
            rate_spread=0,
            sparse_share=0,
        )
        for drift in (0.0, 1.0)
    )
    for one, other in zip(
        still.segments[0].spiketrains, drifting.segments[0].spiketrains, strict=True
    ):
        assert one.annotations == other.annotations
    half = still.segments[0].spiketrains[0].t_stop.magnitude / 2

    def change(recording):
        return np.array(
            [
                (train.magnitude > half).sum() / (train.magnitude <= half).sum()
                for train in recording.segments[0].spiketrains
            ]
        )

    assert np.abs(np.log(change(still))).max() < 0.2
    assert np.log(change(drifting)).std() > 0.25


def test_drift_must_be_a_spread():
    with pytest.raises(ValueError, match=r"drift must be between 0 and 5; got -1\."):
        simulate_retina(drift=-1, rate_spread=0, sparse_share=0)


# variability of real cells


def counts_per_repeat(block):
    """Spikes of each repeat, (n_neurons, n_repeats)."""
    starts, durations, stimuli = trials(block)
    starts, stops = (
        starts[stimuli == "repeat"],
        (starts + durations)[stimuli == "repeat"],
    )
    return np.array(
        [
            np.searchsorted(times(t), stops) - np.searchsorted(times(t), starts)
            for t in spiketrains(block)
        ]
    )


def simulate_alike(**options):
    """Forty cells of one type that do not differ, 40 repeats of 4 s, or as told."""
    alike = {"diversity": 0, "rate_spread": 0, "sparse_share": 0, "n_unique": 0}
    return simulate_retina(1, 40, 40, 4.0, random_state=2, **(alike | options))


def is_sparse(block):
    return np.array([train.annotations["is_sparse"] for train in spiketrains(block)])


def test_by_default_rates_spread_like_those_of_real_cells_and_some_are_sparse():
    retina = simulate_retina(1, 200, 5, 10.0, n_unique=0, random_state=0)
    responds = ~is_sparse(retina)
    assert responds.sum() == 180
    log_rates = np.log(counts_per_repeat(retina)[responds].sum(axis=1))
    assert 0.8 < log_rates.std() < 1.1


def test_the_spread_of_rates_leaves_the_mean_gain_and_all_other_draws():
    alike, spread = (
        simulate_retina(
            2, 400, 1, 1.0, n_unique=0, rate_spread=s, sparse_share=0, random_state=0
        )
        for s in (0.0, 0.9)
    )
    factors = np.array(
        [
            b.annotations["gain"] / a.annotations["gain"]
            for a, b in zip(spiketrains(alike), spiketrains(spread), strict=True)
        ]
    )
    assert abs(np.log(factors).std() - 0.9) < 0.1
    assert abs(factors.mean() - 1) < 4 * factors.std() / np.sqrt(len(factors))
    for a, b in zip(spiketrains(alike), spiketrains(spread), strict=True):
        assert a.annotations | {"gain": 0} == b.annotations | {"gain": 0}
    assert_array_equal(light(alike), light(spread))


def test_sparse_cells_fire_a_few_spikes_at_random():
    retina = simulate_alike(sparse_share=0.5)
    without = simulate_alike()
    assert is_sparse(retina).sum() == 20
    starts, durations, _ = trials(retina)
    recorded = float(spiketrains(retina)[0].t_stop)
    for train, other in zip(spiketrains(retina), spiketrains(without), strict=True):
        if train.annotations["is_sparse"]:
            assert len(train) < 200
        else:
            assert_array_equal(times(train), times(other))
    spikes = np.concatenate(
        [times(t) for t in spiketrains(retina) if t.annotations["is_sparse"]]
    )
    inside = np.searchsorted(starts, spikes, "right") - 1
    is_inside = spikes < starts[inside] + durations[inside]
    share = durations.sum() / recorded
    assert abs(is_inside.mean() - share) < 4 * np.sqrt(
        share * (1 - share) / len(spikes)
    )


@pytest.mark.parametrize(
    ("share", "n_sparse"), [(0.0, 0), (0.01, 0), (0.1, 4), (1.0, 40)]
)
def test_the_share_of_sparse_cells_is_met_to_the_nearest_cell(share, n_sparse):
    assert is_sparse(simulate_alike(sparse_share=share)).sum() == n_sparse


def test_bursts_are_short_intervals_at_the_same_mean_rate():
    def short_intervals(block):
        intervals = np.concatenate([np.diff(times(t)) for t in spiketrains(block)])
        return np.mean(intervals < 0.010)

    plain, bursting = simulate_alike(), simulate_alike(bursts=1.0)
    assert short_intervals(bursting) > short_intervals(plain) + 0.2
    ratio = counts_per_repeat(bursting).sum() / counts_per_repeat(plain).sum()
    assert 0.85 < ratio < 1.15


def test_noise_of_the_gain_raises_the_variance_and_shared_noise_the_correlation():
    def variability(block):
        counts = counts_per_repeat(block)
        fano = (counts.var(axis=1, ddof=1) / counts.mean(axis=1)).mean()
        correlation = np.corrcoef(counts)[np.triu_indices(len(counts), 1)].mean()
        return fano, correlation

    plain = variability(simulate_alike())
    own = variability(simulate_alike(gain_noise=0.5))
    shared = variability(simulate_alike(shared_gain_noise=0.5))
    assert plain[0] < 1.1
    assert min(own[0], shared[0]) > 1.8 * plain[0]
    assert max(abs(plain[1]), abs(own[1])) < 0.06
    assert shared[1] > 0.3
