"""The benchmark suite runs, in its short form, and its page says what was measured."""

import json

import pytest

from benchmarks.suite.__main__ import main, results
from benchmarks.suite.page import draw_scaling, exponent, page_of


@pytest.fixture(scope="module")
def found():
    return results(quick=True)


def test_the_page_holds_every_table(found):
    again = json.loads(json.dumps(found))
    page = page_of(again)
    for heading in (
        "## Stages",
        "## A large recording",
        "## Repeats and word length",
        "## Thousands of neurons",
        "## Cost against the number of neurons",
        "## Distances of whole spike trains",
        "## Types found in hard populations",
    ):
        assert heading in page
    for case in found["cases"]:
        assert f"| {case['stage']} |" in page or case["table"] == "thousands"
    assert "nan" not in page


def test_losses_are_said_as_plainly_as_wins(found):
    for case in found["cases"]:
        is_peer = case["stage"] == "pairs by scipy pdist"
        for run in case["runs"]:
            run["cpu"] = 2.0 if is_peer else 1.0
    assert "All pairs: SciPy is 2 times slower than us" in page_of(found)
    for case in found["cases"]:
        if case["stage"] == "pairs":
            case["runs"][0]["cpu"] = 4.0
    assert "All pairs: SciPy is 2 times **faster** than us" in page_of(found)
    found["populations"][0].update({"neuroclass": 0.5, "k-means on PSTHs": 0.75})
    assert "k-means on PSTHs is better than us by 0.250" in page_of(found)


def test_peers_that_are_not_installed_are_said_to_be_so(found):
    cases = [case for case in found["cases"] if "sib" not in case["stage"]]
    rows = [
        {key: value for key, value in row.items() if "sib" not in key}
        for row in found["populations"]
    ]
    page = page_of({**found, "cases": cases, "populations": rows})
    assert "IBM sib was not installed" in page


def test_exponents_are_those_of_power_laws():
    assert exponent([(n, 3e-6 * n**1.7) for n in (100, 400, 1600, 6400)]) == (
        pytest.approx(1.7)
    )


def test_the_figure_is_small(found, tmp_path):
    draw_scaling(found, tmp_path / "scaling.png")
    assert 5_000 < (tmp_path / "scaling.png").stat().st_size < 300_000


def test_unknown_options_are_refused():
    with pytest.raises(SystemExit):
        main(["--slow"])


def test_the_limits_stand_beside_the_loops(capsys):
    pytest.importorskip("numba")
    main(["--limits", "--quick"])
    page = capsys.readouterr().out
    assert page.startswith("## Beside what the machine can do")
    shares = [line.split("|")[-2] for line in page.splitlines() if "%" in line]
    assert len(shares) == 3
    assert all(int(share.strip(" %")) > 0 for share in shares)
