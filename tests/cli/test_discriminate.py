"""The command `discriminate`."""

import json
from pathlib import Path

import pytest

from neuroclass import (
    discriminate_neurons,
)
from neuroclass.simulation import simulate_retina


def test_discriminate_writes_a_folder_and_a_summary(run, retina, tmp_path):
    argv = (retina, "--bin-size", "20ms", "--reference", "true_type", "--pairs")
    status, out, err = run("discriminate", *argv, "0:1,2:3", "-q")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "of 36 pairs of 9 neurons are distinguishable" in out
    text = " ".join(out.split())
    assert "groups of neurons are distinguishable, at a false discovery rate" in text
    assert "\n0 - 1 " in out
    assert "retina_pairs/pairs.csv" in out
    assert (tmp_path / "retina_pairs" / "figures" / "decoder_curves.png").exists()
    status, out, _ = run("discriminate", *argv, "4:5", "--json", "--force", "-q")
    result = json.loads(out)
    assert result["classes"]["from"] == "units column true_type"
    assert [(d["unit_a"], d["unit_b"]) for d in result["decoder"]] == [(4, 5)]
    assert "--json" in result["command"]


def test_pairs_are_counted_from_a_cache_to_the_same_result(run, retina):
    argv = ("discriminate", retina, "--bin-size", "20ms", "--pairs", "0:1", "-q")
    plain, cached = (
        json.loads(run(*argv, "--json", "-o", name, *more)[1])
        for name, more in (("plain", ()), ("cached", ("--cache", "counted")))
    )
    assert any(Path("counted").iterdir())
    del plain["command"], cached["command"]
    assert cached == plain


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pairs", "1"), "must be A:B,... of unit ids; got '1'"),
        (("--pairs", "1:q"), "pairs must name units of the recording; got 'q'"),
        (("--reference", "nothing"), "--reference must be a units column"),
    ],
)
def test_discriminate_refuses_wrong_usage(fails, retina, arguments, message):
    status, line = fails("discriminate", retina, "--bin-size", "20ms", *arguments)
    assert status == 2
    assert message in line


def test_discriminate_reports_drift(run, tmp_path):
    recording = simulate_retina(
        2,
        8,
        30,
        "3s",
        n_unique=0,
        diversity=0.2,
        drift=2.0,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )
    with pytest.warns(UserWarning, match="differences between units may be drift"):
        found = discriminate_neurons(recording, bin_size="20ms", progress=False)
    assert found.drift.is_unsafe.any()
    assert not found.is_safe.all()
    found.save(tmp_path / "p", formats=["svg"])
    assert {p.suffix for p in (tmp_path / "p" / "figures").iterdir()} == {".svg"}
    result = json.loads((tmp_path / "p" / "result.json").read_text())
    assert result["drift"]["n_unsafe"] == found.drift.is_unsafe.sum()
    assert result["median_time_to_accuracy"]["safe"]["n_pairs"] == found.is_safe.sum()
    page = (tmp_path / "p" / "report.html").read_text(encoding="utf-8")
    assert "differences between units may be drift" in page
    assert "without units that drift makes unsafe" in page
