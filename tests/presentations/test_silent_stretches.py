"""Silence that is doubted, and silence that is to be expected."""

import neo
import numpy as np
import pytest
import quantities as pq

from neuroclass.presentations.exclusion import RecordedSpikes
from neuroclass.presentations.silent_stretches import silence_issues

N_UNITS, N_REPEATS, DURATION, GAP = 8, 20, 2.0, 1.0


def issues_of(response, durations=(DURATION,), n_repeats=N_REPEATS):
    """Return the issues of units that fire `response(rng, stimulus)` in each repeat."""
    rng = np.random.default_rng(0)
    stimulus = np.tile(np.arange(len(durations)), n_repeats)
    lengths = np.array(durations)
    starts = (max(durations) + GAP) * np.arange(stimulus.size)
    trains = []
    for _ in range(N_UNITS):
        times = [
            start + np.sort(response(rng, s))
            for start, s in zip(starts, stimulus, strict=True)
        ]
        trains.append(
            neo.SpikeTrain(np.concatenate(times) * pq.s, t_stop=starts[-1] + 100)
        )
    names = tuple(f"s{k}" for k in range(len(durations)))
    spikes = RecordedSpikes.from_trains(trains)
    found = silence_issues(spikes, starts, lengths, stimulus, names)
    return {issue.kind: issue for issue in found}


def poisson(rate, stop, start=0.0):
    return lambda rng, _: rng.uniform(start, stop, rng.poisson(rate * (stop - start)))


@pytest.mark.parametrize("share", [0.06, 0.1, 0.3])
def test_a_pause_at_the_end_is_doubted(share):
    found = issues_of(poisson(4, DURATION * (1 - share)))
    text = found["silence at the end"].text
    assert "s of the 2 s of all repeats" in text
    silence = float(text.split("the last ")[1].split()[0])
    assert silence == pytest.approx(share * DURATION, abs=0.02)


@pytest.mark.parametrize("share", [0.06, 0.1])
def test_a_pause_after_a_brief_stimulus_is_doubted(share):
    found = issues_of(poisson(20, 0.3 * (1 - share), 0.05), durations=(0.3,))
    assert "silence at the end" in found


def test_units_that_fire_to_the_end_are_not():
    assert issues_of(poisson(4, DURATION)) == {}


def test_a_share_that_changes_little_is_not():
    assert issues_of(poisson(40, 0.97 * DURATION)) == {}


def test_so_few_spikes_tell_nothing():
    # 1.2 Hz of all units together, in the 20 repeats: four in the last .17 s.
    response = poisson(0.15, 0.925 * DURATION)
    assert "silence at the end" not in issues_of(response)


def test_the_silent_half_of_each_cycle_of_flicker_is_an_answer():
    cycles = np.arange(0, DURATION, 0.5)

    def response(rng, _):
        return rng.choice(cycles, 6) + 0.05 + rng.uniform(0, 0.15, 6)

    assert issues_of(response) == {}


def test_a_silence_before_the_response_is_latency():
    # The answer begins late, after a longer silence than that at the end.
    found = issues_of(poisson(10, 0.85 * DURATION, 0.3 * DURATION))
    assert "silence at the end" in found


def test_a_pause_is_common_to_the_stimuli_of_one_duration():
    # One stimulus leaves all units silent towards the end, the other does not.
    def response(rng, stimulus):
        stop = DURATION * (0.6 if stimulus == 0 else 1)
        return rng.uniform(0, stop, rng.poisson(4 * stop))

    assert issues_of(response, durations=(DURATION, DURATION)) == {}
    paused = issues_of(poisson(4, 1.0), durations=(1.0, DURATION, DURATION))
    text = paused["silence at the end"].text
    assert "of s1 and 1 other stimuli" in text


def test_as_many_empty_presentations_as_the_rate_makes_are_no_reason_to_warn():
    # Half a spike on average: 60 % of the presentations are empty by chance.
    found = issues_of(poisson(0.5 / N_UNITS / DURATION, DURATION))
    assert not found["empty presentations"].is_warned


def test_an_empty_presentation_among_full_ones_is_warned_of():
    count = iter(range(N_UNITS * N_REPEATS))

    def response(rng, _):
        is_lost = next(count) % N_REPEATS == 5
        return rng.uniform(0, DURATION, 0 if is_lost else rng.poisson(4))

    found = issues_of(response)
    assert found["empty presentations"].is_warned
    assert "in 1 presentation of 20" in found["empty presentations"].text
