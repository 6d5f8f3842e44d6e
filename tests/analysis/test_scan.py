"""Rates over bin widths and word lengths, and the limit of infinitely long words."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose

from neuroclass import from_raster, select_presentations, simulate_retina
from neuroclass.analysis.scan import scan_information
from neuroclass.estimators import conditional_entropy, entropy
from neuroclass.information.identity import identity_information
from neuroclass.information.word_length_limit import ScannedWord, WordRate, extrapolate
from neuroclass.plotting import plot_scan, write_scan
from neuroclass.responses.counts import count_words
from neuroclass.responses.words import bin_words

BIN = 0.01  # s
# Rates of three neurons in the two states of a stimulus that stays with probability .8.
STAY = 0.8
P = np.array([[0.02, 0.3], [0.05, 0.5], [0.3, 0.1]])


def recorded(spikes):
    """Return the recording of spikes[neuron, presentation, bin], and its repeats."""
    recording = from_raster(spikes, BIN, axes="npt")
    return recording, select_presentations(recording)


def markov_spikes(n_bins, n_presentations, seed=0):
    rng = np.random.default_rng(seed)
    state = np.cumsum(rng.random(n_bins) > STAY) % 2
    return rng.random((len(P), n_presentations, n_bins)) < P[:, state][:, None]


def true_entropy(word_length, p):
    """The entropy of words under the Markov stimulus, by the sum over all of them."""
    move = np.array([[STAY, 1 - STAY], [1 - STAY, STAY]])
    forward = np.array([[0.5, 0.5]])  # (n_words, n_states)
    for _ in range(word_length):
        forward = (forward[:, None] * np.stack([1 - p, p])).reshape(-1, 2) @ move
    return float(entropy(forward.sum(axis=1)))


def true_limit():
    """Bits/s about the stimulus of infinitely long words, mean of neurons."""
    noise = -(P * np.log2(P) + (1 - P) * np.log2(1 - P)).mean()
    rate = np.mean([true_entropy(14, p) - true_entropy(13, p) for p in P])
    return (rate - noise) / BIN


def scan_shown(recording, shown, **options):
    return scan_information(recording, presentations=shown, **options)


@pytest.fixture(scope="module")
def scan():
    recording, shown = recorded(markov_spikes(4000, 60))
    return scan_information(recording, presentations=shown, bin_sizes=(BIN, 2 * BIN))


def test_rates_are_those_of_single_measurements():
    spikes = markov_spikes(240, 12)
    recording, shown = recorded(spikes)
    found = scan_information(
        recording,
        presentations=shown,
        estimator="plug-in",
        bin_sizes=[BIN],
        word_lengths=[3, 1],
    )
    assert [w.word_length for w in found.words] == [1, 3]
    for word in found.words:
        counts = count_words(bin_words(recording, shown, BIN, word.word_length))
        who = identity_information(counts, estimator="plug-in")
        assert_allclose(word.identity.bits_per_second, who.bits_per_second)
        assert word.n_words == counts.counts.shape[2]
        excess = who.plug_in - who.chance_level
        assert_allclose(word.above_chance, excess / counts.word_duration)
        # About the stimulus: entropy of all words, less that within conditions.
        total = entropy(counts.counts.sum(axis=1))
        noise = conditional_entropy(counts.counts)
        assert_allclose(word.stimulus.bits_per_word, (total - noise).mean())
        assert word.stimulus.replicates.shape == (10,)


def test_extrapolation_is_near_the_rate_of_long_words(scan):
    limit = scan.extrapolations[0]
    low, high = limit.interval
    assert low < true_limit() < high
    assert high - low < 0.06 * true_limit()  # of noise .03, the rest of bias
    assert set(limit.word_lengths) >= {2, 3, 4}  # beyond 4 noise
    assert limit.word_lengths[-1] == 4
    assert limit.reason.endswith("2, 3, 4 bins")


def test_the_interval_of_the_limit_holds_that_of_many_repeats():
    words = {"bin_sizes": (0.02,), "word_lengths": (1, 2, 3)}
    n_few, n_limits = 30, 0
    for seed in range(6):
        retina = simulate_retina(
            2,
            6,
            20 * n_few,
            "4s",
            n_unique=0,
            random_state=seed,
            rate_spread=0,
            sparse_share=0,
        )
        shown = select_presentations(retina)
        rates = [w.stimulus for w in scan_shown(retina, shown, **words).words]
        per_second = [rate.bits_per_second for rate in rates]
        true = np.polyfit([1, 1 / 2, 1 / 3], per_second, 1)[1]
        for first in (0, 10 * n_few):
            taken = slice(first, first + n_few)
            some = replace(
                shown, starts=shown.starts[taken], stimulus=shown.stimulus[taken]
            )
            (limit,) = scan_shown(retina, some, **words).extrapolations
            if limit.word_lengths == (1, 2, 3):
                n_limits += 1
                low, high = limit.interval
                assert low <= limit.bits_per_second <= high
                assert low < true < high
                assert high - low < 0.3 * true
    assert n_limits >= 3


def test_words_called_good_are_near_the_truth():
    rng = np.random.default_rng(3)
    p = np.clip(rng.gamma(0.4, 0.15, (10, 400)), 0.001, 0.8)
    spikes = rng.random((10, 800, 400)) < p[:, None]
    many = scan_shown(*recorded(spikes), estimator="jackknife", bin_sizes=[BIN])
    few = scan_shown(*recorded(spikes[:, :40]), bin_sizes=[BIN])
    verdicts = [[w.identity.verdict, w.stimulus.verdict] for w in few.words]
    assert verdicts[0] == ["good", "good"]
    assert verdicts[-1] == ["few repeats", "few repeats"]
    for truth, found in zip(many.words, few.words, strict=True):
        for about in ("identity", "stimulus"):
            true, rate = getattr(truth, about), getattr(found, about)
            blend = rate.bits_per_second / true.bits_per_second
            jackknife = blend / (1 - rate.gap)
            assert blend < 1.03  # the two corrections hold the truth between them
            assert jackknife > 0.97
            if rate.verdict == "good":
                assert blend > 0.92


def test_few_repeats_are_not_extrapolated():
    found = scan_shown(*recorded(markov_spikes(300, 10)), bin_sizes=[BIN])
    limit = found.extrapolations[0]
    assert np.isnan(limit.bits_per_second)
    assert limit.word_lengths == ()
    assert limit.reason.startswith("not extrapolated: 1 of the 3 word lengths")
    assert limit.reason.endswith("longer ones need more repeats")


def made_words(rates, verdict="good", wobble=0.0):
    """Return words whose rates are known, 10 replicates apart by `wobble`."""
    shift = wobble * np.linspace(-1, 1, 10)
    return [
        ScannedWord(
            bin_size=BIN,
            word_length=length,
            n_words=2,
            above_chance=rate,
            identity=(
                about := WordRate(
                    bits_per_word=rate * BIN * length,
                    bits_per_second=rate,
                    interval=np.array([rate, rate]),
                    gap=0.0,
                    verdict=verdict,
                    replicates=rate + shift,
                    less_biased=np.append(rate, rate + shift),
                )
            ),
            stimulus=about,
        )
        for length, rate in rates.items()
    ]


def test_a_line_meets_its_limit():
    lengths = (1, 2, 3, 4, 6)
    exact = made_words({n: 7.0 + 2.0 / n for n in lengths})
    found = extrapolate(exact)
    assert_allclose(found.bits_per_second, 7.0)
    assert_allclose(found.slope, 2.0 * BIN)
    assert_allclose(found.interval, 7.0)
    assert found.word_lengths == lengths
    # All repeats together move the whole line.
    found = extrapolate(made_words({n: 7.0 + 2.0 / n for n in lengths}, wobble=0.1))
    shift = 0.1 * np.linspace(-1, 1, 10)
    error = np.sqrt(9 / 10 * (shift**2).sum())
    assert_allclose(np.diff(found.interval), 2 * 2.2621571628 * error, rtol=1e-6)


def test_a_word_off_the_line_is_left_out_if_it_is_the_shortest():
    rates = {1: 30.0, 2: 8.0, 3: 7 + 2 / 3, 4: 7.5, 6: 7 + 1 / 3}
    assert extrapolate(made_words(rates)).word_lengths == (2, 3, 4, 6)
    bent = {n: 7.0 + 2.0 / n + 3.0 / n**2 for n in rates}
    found = extrapolate(made_words(bent))
    assert np.isnan(found.bits_per_second)
    assert "do not lie on a line" in found.reason
    assert f"the longest, 6 bins, carry {bent[6]:.3g} bits/s" in found.reason


def test_what_would_help_is_said():
    line = {n: 7.0 + 2.0 / n for n in (1, 2, 3)}
    reason = extrapolate(made_words(line, "saturated")).reason
    assert "none of the 3" in reason
    assert "a longer stimulus" in reason
    assert "try more word lengths" in extrapolate(made_words(line)[:2]).reason


def test_one_condition_says_nothing_about_the_stimulus():
    recording = from_raster(markov_spikes(400, 12), BIN, axes="npt")
    shown = select_presentations(recording, condition="stimulus")
    found = scan_shown(recording, shown, bin_sizes=[BIN], word_lengths=[1, 2])
    assert [w.stimulus for w in found.words] == [None, None]
    assert found.extrapolations == ()
    ax = plot_scan(found, about="stimulus")
    assert [line.get_label() for line in ax.lines] == ["unreliable"]
    pyplot.close("all")


def test_words_that_do_not_fit_are_skipped_or_told():
    recording, shown = recorded(markov_spikes(30, 12))
    found = scan_shown(recording, shown, bin_sizes=[BIN], word_lengths=[2, 40])
    assert [w.word_length for w in found.words] == [2]
    with pytest.raises(ValueError, match="must fit into the presentations"):
        scan_information(recording, presentations=shown, bin_sizes=[1.0])
    with pytest.raises(ValueError, match="word_lengths must be an integer"):
        scan_information(recording, presentations=shown, word_lengths=[0])
    words = {"bin_sizes": [BIN], "word_lengths": [1, 3, 4]}
    found = scan_shown(recording, shown, **words, max_table=300)
    assert [w.word_length for w in found.words] == [1, 3]
    assert tuple(
        issue.text for issue in found.issues if issue.kind != "presentations"
    ) == ("words of 4 bins of 10 ms are left out: too many different ones to count",)


def test_figure_holds_rates_and_limits(scan):
    ax = plot_scan(scan, about="stimulus")
    words = [w for w in scan.words if w.bin_size == BIN]
    x, y = ax.lines[0].get_data()
    assert_allclose(x, [1 / w.word_length for w in words])
    assert_allclose(y, [w.stimulus.bits_per_second for w in words])
    limit = scan.extrapolations[0]
    ends = [line.get_data() for line in ax.lines]
    assert any(np.isclose(b[0], limit.bits_per_second) for a, b in ends if len(a) == 2)
    assert "Stimulus information" in ax.get_ylabel()
    assert [t.get_text() for t in ax.get_xticklabels()][:2] == ["∞", "1"]
    pyplot.close("all")
    with pytest.raises(ValueError, match="about must be one of identity, stimulus"):
        plot_scan(scan, about="time")


def test_figure_files(scan, tmp_path):
    assert write_scan(scan, tmp_path / "new" / "scan.svg").read_text().count("∞") == 2
    one = replace(scan, extrapolations=())
    assert write_scan(one, tmp_path / "scan.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match=r"must end in \.png or \.svg; got 'scan.jpg'"):
        write_scan(scan, tmp_path / "scan.jpg")
