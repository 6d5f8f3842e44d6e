"""The benchmark of the groupings runs, and its page says which are better."""

import numpy as np
import pytest

from benchmarks.groupings import cases
from benchmarks.groupings._neurons import neurons_of
from benchmarks.groupings.page import OURS, page_of
from benchmarks.validation._real_like import (
    FIRST_REPORTED,
    GENERATORS,
    draw_real_like,
)


@pytest.fixture(scope="module")
def found():
    return [(case, cases.measure(**case)) for case in cases.cases(quick=True)]


def test_every_grouping_is_measured(found):
    (_, retina), (_, bundled) = found
    assert retina["n_types"] == 3
    for each in (retina, bundled):
        assert {OURS, "mean rate", "Victor-Purpura"} <= set(each["methods"])
        assert all(m.get("seconds", 0) >= 0 for m in each["methods"].values())
    assert retina["methods"][OURS]["known"]["ari"] > 0.8
    assert "labels" not in retina["methods"][OURS]["known"]
    assert -1 <= bundled["methods"]["k-means, z-scored"]["own"]["stability"] <= 1


def test_the_page_holds_every_table(found):
    page = page_of(found)
    for heading in (
        "## Is another grouping better?",
        "## With the known number of types",
        "## With their own number",
        "## Cost",
        "## Bundled recordings",
    ):
        assert heading in page
    assert "Mouse cells were not measured" in page
    assert "nan" not in page


def test_a_row_in_which_ours_is_behind_says_so():
    def measured(ours, other):
        scores = {OURS: ours, "mean rate": other}
        return {
            "n_neurons": 9,
            "n_types": 2,
            "n_repeats": 5,
            "methods": {
                name: {
                    "own": {"n_groups": 2, "ari": ari, "ours": ours},
                    "known": {"n_groups": 2, "ari": ari, "ours": ours},
                    "n_units": 9,
                    "seconds": 0.1,
                }
                for name, ari in scores.items()
            },
        }

    case = {"suite": "retina", "seed": 0}
    behind = page_of([(case, measured(0.5, x)) for x in (0.7, 0.8)])
    assert (
        "| retina | known | 2 | 0.500 | mean rate | 0.750 | +0.250 ± 0.050 | **b"
        in (behind)
    )
    level = page_of([(case, measured(0.5, x)) for x in (0.4, 0.7)])
    assert "| level |" in level
    ahead = page_of([(case, measured(0.5, x)) for x in (0.1, 0.2)])
    assert "| ahead |" in ahead


def test_populations_are_many_and_apart_from_those_for_choosing():
    drawn = cases.cases()
    for generator in GENERATORS:
        assert sum(c["suite"] == generator for c in drawn) >= 14
    assert {"salamander_movie1", "salamander_movie2"} <= {c["suite"] for c in drawn}
    assert all(c["seed"] >= FIRST_REPORTED or c["seed"] == 0 for c in drawn)


def test_spike_times_lie_in_the_bins_of_their_counts():
    population = draw_real_like("events", 2)
    neurons, types = neurons_of(population, 2)
    assert len(types) == neurons.n_neurons
    counts = [
        np.histogram(neurons.trains.joined(0, r), np.arange(1001) * 0.02)[0]
        for r in range(neurons.trains.n_repeats)
    ]
    np.testing.assert_array_equal(np.sum(counts, axis=0), neurons.spikes.counts[0])
