"""The populations, and what is measured of every grouping in each."""

import functools
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.groupings._neurons import BIN, neurons_of
from benchmarks.validation._real_like import (
    CELLS,
    FIRST_REPORTED,
    GENERATORS,
    N_TYPES,
    STEP,
    Population,
    draw_mouse,
    draw_real_like,
    load_step,
)
from neuroclass.analysis.comparison import grouping_methods
from neuroclass.groupings import rand_index
from neuroclass.io import load_recording
from neuroclass.presentations import select_presentations
from neuroclass.responses import bin_words

BUNDLED = ("salamander_movie1", "salamander_movie2", "salamander_small")
DIVERSITIES = (0.5, 1.0)
_DATA = Path(__file__).resolve().parents[2] / "data"
_SEEDS = 14  # of each generator; every seventh draws one type


def cases(quick=False):
    """Return the populations as dicts of plain values."""
    if quick:
        return [
            {"suite": "retina", "seed": FIRST_REPORTED + 3},
            {"suite": "salamander_small", "seed": 0},
        ]
    seeds = range(FIRST_REPORTED, FIRST_REPORTED + _SEEDS)
    found = [
        {"suite": generator, "seed": seed} for generator in GENERATORS for seed in seeds
    ]
    if CELLS.exists():
        found += [{"suite": "mouse", "seed": seed} for seed in seeds]
    if STEP.exists():
        found.append({"suite": "step", "seed": 0})
    return found + [{"suite": name, "seed": 0} for name in BUNDLED]


def diversity_of(seed):
    """Return the default diversity, or, every other seven seeds, overlapping types."""
    return DIVERSITIES[seed // len(N_TYPES) % 2]


def measure(suite, seed):
    """Return number, index, stability and cost of every grouping of a population."""
    population = _draw(suite, seed)
    neurons, types = neurons_of(population, seed)
    has_types = population.n_types > 0
    n_types = len(np.unique(types)) if has_types else 0
    found = {
        "n_neurons": len(types),
        "n_types": n_types,
        "n_repeats": population.spikes.shape[1],
        "methods": {},
    }
    if len(types) < max(n_types, 4):
        return found
    for method in grouping_methods(neurons):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            found["methods"][method.name] = _measure_method(
                method, types if has_types else None, n_types
            )
    ours = found["methods"].get("timing classes", {})
    if has_types and ours.get("known"):
        # Ours of the same neurons, for groupings of some.
        for each in found["methods"].values():
            if each["known"]:
                of = np.array(each["known"]["labels"]) >= 0
                for key in ("own", "known"):
                    if each[key] and ours[key]:
                        labels = np.array(ours[key]["labels"])[of]
                        each[key]["ours"] = rand_index(labels, types[of])
    for each in found["methods"].values():
        for key in ("own", "known"):
            if each[key]:
                del each[key]["labels"]
    return found


def _measure_method(method, types, n_types):
    found = {"own": None, "known": None, "n_units": len(method.members)}
    if method.has_number:
        before = time.process_time()
        labels = method.partition("all", "auto")
        found["seconds"] = time.process_time() - before
        found["own"] = _scores(method, labels, types)
    if 1 < n_types < len(method.members):
        before = time.process_time()
        labels = method.partition("all", n_types)
        found.setdefault("seconds", time.process_time() - before)
        found["known"] = _scores(method, labels, types)
    return found


def _scores(method, labels, types):
    is_in = labels >= 0
    number = len(np.unique(labels[is_in]))
    scores = {"n_groups": number, "labels": labels.tolist()}
    if types is not None:
        scores["ari"] = rand_index(labels[is_in], types[is_in])
        return scores
    if 1 < number < is_in.sum():
        odd, even = (method.partition(half, number) for half in ("odd", "even"))
        both = (odd >= 0) & (even >= 0)
        scores["stability"] = rand_index(odd[both], even[both])
    return scores


def _draw(suite, seed):
    if suite in BUNDLED:
        return _bundled(suite)
    if suite == "mouse":
        return draw_mouse(seed)
    if suite == "step":
        return load_step()
    return draw_real_like(suite, seed, diversity=diversity_of(seed))


@functools.cache
def _bundled(name):
    """Return the spikes of a bundled recording, of unknown types."""
    recording = load_recording(_DATA / f"{name}.nwb")
    presentations = select_presentations(recording)
    words = bin_words(recording, presentations, BIN, response="counts")
    n_windows = int(words.n_windows.max())
    repeats = int(presentations.repeats.min())
    spikes = np.zeros(
        (words.n_neurons, repeats, len(words.stimuli) * n_windows), np.intp
    )
    rank = np.zeros(words.n_presentations, np.intp)
    for stimulus in range(len(words.stimuli)):
        members = np.flatnonzero(words.stimulus == stimulus)
        rank[members] = np.arange(len(members))
    is_in = rank[words.presentation] < repeats
    place = words.stimulus[words.presentation] * n_windows + words.window
    spikes[words.neuron[is_in], rank[words.presentation[is_in]], place[is_in]] = (
        words.code[is_in]
    )
    stimulus = np.repeat(np.arange(len(words.stimuli)), n_windows)
    return Population(spikes, np.zeros(words.n_neurons, int), stimulus, 0)
