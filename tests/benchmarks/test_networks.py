"""The page of networks: made of what was measured, and of nothing else."""

import json

import pytest

pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")
pytest.importorskip("numba", reason="needs `pip install neuroclass[fast]`")

from benchmarks.networks.__main__ import PAGE, RESULTS, main
from benchmarks.networks.limit import measure_limit
from benchmarks.networks.page import page_of


def test_the_page_is_that_of_the_results():
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == page_of(found)


def test_ratios_are_those_of_medians():
    at = dict.fromkeys(("date", "processor", "cores", "torch", "numba"), "x")
    row = {"case": "SPIDE, small", "then": [2.0, 4.0, 9.0], "now": [1.0, 2.0, 3.0]}
    section = {"environment": at, "reference": "abc123", "rows": [row]}
    page = page_of({"against": section})
    assert "at commit abc123 and now" in page
    assert "| SPIDE, small | 4.0000 s | 2.0000 s | 2.00 x | 2.00, 2.00, 3.00 |" in page


def test_accuracies_are_means_of_the_seeds():
    at = dict.fromkeys(("date", "processor", "cores", "torch", "numba"), "x")
    rows = [
        {
            "dataset": "mnist",
            "seed": seed,
            "epochs": 1,
            "test_accuracy": [accuracy],
            "forward_rate": [0.25],
            "backward_rate": [0.01],
        }
        for seed, accuracy in enumerate((0.97, 0.99))
    ]
    page = page_of({"accuracy": {"environment": at, "rows": rows}})
    assert "| MNIST | 0, 1 | 98.00 | 97.00, 99.00 | 98.00 ± 1.41 |" in page


def test_a_step_has_parts_and_events():
    row = measure_limit(1)
    # On the same input, what the first step does not tell is less than all spikes.
    assert 0 < row["changes"] < row["spikes"] < 1
    assert row["pairs"] > 0
    assert row["step"][0] > 0


def test_sections_must_be_known(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "speed"])
    assert "got speed" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--only", "accuracy"])
    assert "--data FOLDER" in capsys.readouterr().err
