"""The width of a bin, chosen without labels."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass.analysis.bin_choice import choose_bin_size
from neuroclass.information.identity import identity_information
from neuroclass.presentations.selection import select_presentations
from neuroclass.responses.counts import count_words
from neuroclass.responses.words import bin_words
from neuroclass.simulation.retina import simulate_retina


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(
        3, 12, 12, "4s", n_unique=0, random_state=0, rate_spread=0, sparse_share=0
    )


def test_the_highest_rate_above_chance_is_taken(retina):
    shown = select_presentations(retina)
    choice = choose_bin_size(retina, shown)
    rates = []
    for bin_size in (0.005, 0.01, 0.02, 0.05):
        found = identity_information(count_words(bin_words(retina, shown, bin_size)))
        rates.append((found.plug_in - found.chance_level) / bin_size)
    assert_allclose(choice.rates, rates, rtol=1e-12)
    assert choice.bin_size == choice.bin_sizes[rates.index(max(rates))]
    assert "bits/s: 5 ms" in choice.reason
    low, high = choice.intervals.T
    assert (low < choice.rates).all()
    assert (choice.rates < high).all()


def test_widths_that_may_be_as_good_are_named():
    for n_presentations, are_told in ((10, True), (200, False)):
        retina = simulate_retina(
            4,
            8,
            n_presentations,
            "2s",
            n_unique=0,
            random_state=2,
            rate_spread=0,
            sparse_share=0,
        )
        choice = choose_bin_size(retina, select_presentations(retina))
        assert choice.bin_size not in choice.as_good
        assert (0.01 in choice.as_good or 0.02 in choice.as_good) is are_told
        assert ("may be as good" in choice.reason) is bool(choice.as_good)


def test_single_repeats_have_no_intervals(retina):
    shown = select_presentations(retina)
    once = replace(shown, starts=shown.starts[:1], stimulus=shown.stimulus[:1])
    choice = choose_bin_size(retina, once)
    assert np.isnan(choice.intervals).all()
    assert choice.as_good == ()
    assert "nan" not in choice.reason


def test_finer_words_pay_with_more_repeats():
    # Raw rates pick the finest word always; chance-adjusted ones ask for repeats.
    chosen = []
    for n_presentations in (10, 150):
        retina = simulate_retina(
            6,
            18,
            n_presentations,
            "4s",
            n_unique=0,
            diversity=0.0,
            random_state=1,
            rate_spread=0,
            sparse_share=0,
        )
        chosen.append(choose_bin_size(retina, select_presentations(retina)).bin_size)
    assert chosen[1] < chosen[0]


def test_widths_that_do_not_fit_are_skipped(retina):
    shown = replace(select_presentations(retina), durations=np.array([0.5]))
    assert choose_bin_size(retina, shown, word_length=40).bin_sizes == (0.005, 0.01)
    with pytest.raises(ValueError, match="bin_size must be given"):
        choose_bin_size(retina, shown, word_length=101)
