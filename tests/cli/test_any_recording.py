"""Recordings of any kind through load, cluster and report: done, or one line."""

import contextlib
import io
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroclass import cli

DURATION = 1.0
KINDS = ("silent", "one spike", "regular", "bursts", "at edges", "dense")


def times_of(kind, onset, rng):
    """Return the spike times of a unit of a kind in one presentation."""
    if kind == "silent":
        return np.empty(0)
    if kind == "one spike":
        return np.array([onset + 0.5]) if onset < DURATION else np.empty(0)
    if kind == "regular":
        return onset + np.arange(0.05, DURATION, 0.2) + 0.002 * rng.random(5)
    if kind == "bursts":
        start = rng.random() * 0.8
        return onset + start + 0.001 * np.arange(rng.integers(2, 12))
    if kind == "at edges":
        return onset + np.array([0.0, DURATION - 1e-9])
    return onset + np.sort(rng.random(200)) * DURATION


@st.composite
def recordings(draw):
    """Draw rows of unit and time, and onsets with their stimulus."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=7))
    ids = draw(
        st.one_of(
            st.just(range(len(kinds))),
            st.just(range(2**53 - 10, 2**53 - 10 + len(kinds))),
            st.just([f"=unit {k}\u00e9" for k in range(len(kinds))]),
        )
    )
    repeats = draw(st.lists(st.sampled_from([1, 9, 10, 13]), min_size=1, max_size=2))
    gap = draw(st.sampled_from([0.0, 0.5, 3600.0]))
    names = np.repeat([f"movie {k}" for k in range(len(repeats))], repeats)
    onsets = np.arange(names.size) * DURATION
    onsets[names.size // 2 :] += gap
    rows = [
        f"{unit},{time:.9f}"
        for unit, kind in zip(ids, kinds, strict=True)
        for time in np.concatenate([times_of(kind, onset, rng) for onset in onsets])
    ]
    starts = [f"{on:.6f},{name}" for on, name in zip(onsets, names, strict=True)]
    return "\n".join(["unit,time", *rows, ""]), "\n".join(["time,stimulus", *starts])


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(recordings())
def test_any_recording_is_classified_or_refused_in_one_line(made):
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, text in zip(("r.csv", "t.csv"), made, strict=True):
                Path(name).write_text(text, encoding="utf-8")
            arguments = ["r.csv", "--triggers", "t.csv", "--trial-duration", "1s"]
            status, err = run("cluster", *arguments, "--bin-size", "20ms", "-q")
            errors = [line for line in err.splitlines() if "warning" not in line]
            assert status in (0, 1, 2)
            if status:
                assert len(errors) == 1
                assert errors[0].startswith("neuroclass: error: ")
                assert not Path("r_classes").exists()
            else:
                assert errors == []
                assert run("report", "r_classes")[0] == 0
        finally:
            os.chdir(before)


def run(*words):
    err = io.StringIO()
    with (
        contextlib.redirect_stderr(err),
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        return cli.main(list(words)), err.getvalue()
