"""Records of scanned words and of their limit; what they measure: tests of the scan."""

import numpy as np
import pytest

from neuroclass.information import ScannedWord, WordRate, extrapolate


def rate(bits_per_second, word_duration=0.02, verdict="good"):
    """A rate without noise, of ten groups of repeats."""
    return WordRate(
        bits_per_word=bits_per_second * word_duration,
        bits_per_second=bits_per_second,
        interval=np.full(2, bits_per_second),
        gap=0.0,
        verdict=verdict,
        replicates=np.full(10, bits_per_second),
        less_biased=np.full(11, bits_per_second),
    )


def scanned(word_length, verdict="good"):
    """A word of bins of 20 ms with 3 bits/s and an excess of 0.1 bits per word."""
    of_stimulus = rate(3 + 0.1 / (0.02 * word_length), 0.02 * word_length, verdict)
    return ScannedWord(0.02, word_length, 2**word_length, 0.5, rate(1.0), of_stimulus)


def test_records_say_what_they_hold():
    words = [scanned(n) for n in (1, 2, 3)]
    assert repr(words[0]) == "ScannedWord(1 x 20 ms, 2 words)"
    assert repr(words[0].identity) == "WordRate(0.02 bits/word, 1 bits/s, good)"
    limit = extrapolate(words)
    assert limit.bits_per_second == pytest.approx(3)
    assert repr(limit) == "Extrapolation(3 bits/s, bins of 20 ms, 3 word lengths)"


@pytest.mark.parametrize(
    ("verdict", "cure"),
    [
        ("few repeats", "longer ones need more repeats"),
        ("saturated", "longer ones need a longer stimulus"),
    ],
)
def test_too_few_reliable_words_have_no_limit(verdict, cure):
    limit = extrapolate([scanned(1), scanned(2), scanned(3, verdict)])
    assert repr(limit) == "Extrapolation(none, bins of 20 ms)"
    assert limit.reason == (
        f"not extrapolated: 2 of the 3 word lengths needed are reliable; {cure}"
    )
