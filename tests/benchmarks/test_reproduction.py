"""docs/reproduction.md says what is measured now: populations of it, measured again."""

import json

import pytest

from benchmarks.reproduction.__main__ import PAGE, RESULTS, main, rounded
from benchmarks.reproduction.measuring import SEEDS, measure, measure_movies
from benchmarks.reproduction.page import page_of

FOUND = json.loads(RESULTS.read_text(encoding="utf-8"))


def leaves(value, path=()):
    """Yield the path and value of everything that is no dict or list."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def assert_same(measured, expected):
    found, wanted = dict(leaves(rounded(measured))), dict(leaves(expected))
    assert found.keys() == wanted.keys()
    for path, value in wanted.items():
        if isinstance(value, float):
            value = pytest.approx(value, rel=1e-3, abs=1e-6)
        assert found[path] == value, path


def test_the_page_is_that_of_the_measurements():
    assert PAGE.read_text(encoding="utf-8") == page_of(FOUND)
    assert list(FOUND["simulated"]) == [str(seed) for seed in SEEDS]


@pytest.mark.parametrize("seed", [SEEDS[1], SEEDS[-1]])
def test_a_simulated_population_gives_its_figures_again(seed):
    assert_same(measure(seed=seed), FOUND["simulated"][str(seed)])


def test_a_recording_gives_its_figures_again():
    name = "salamander_small"
    assert_same(measure(recording=name), FOUND["recorded"][name])


def test_the_movies_give_their_agreement_again():
    assert_same(measure_movies(), FOUND["movies"])


def test_the_claims_that_the_page_calls_true_are():
    simulated = FOUND["simulated"].values()
    subtypes = [m["pairs"]["within true_subtype"] for m in simulated]
    assert sum(p["distinguished"] for p in subtypes) > 0.9 * sum(
        p["n"] for p in subtypes
    )
    assert all(p["spikes"] < 20 for p in subtypes)
    assert all(m["polarity"]["mixed_classes"] == 0 for m in simulated)
    # A class says nearly all about a full field, and much less about a movie.
    shares = [
        [m["stimulus"]["class"] / m["stimulus"]["neuron"] for m in of]
        for of in (simulated, FOUND["recorded"].values())
    ]
    assert min(shares[0]) > max(shares[1])


def test_unknown_options_are_refused():
    with pytest.raises(SystemExit):
        main(["--slow"])
