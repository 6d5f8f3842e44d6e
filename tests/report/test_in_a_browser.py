"""Pages and figures of hostile names in a browser: nothing in them runs."""

import shutil
import subprocess

import pytest

from neuroclass import classify_neurons
from neuroclass.report import save_results
from neuroclass.simulation import simulate_retina

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
ACT = "<script>document.title='ran'</script>"
HOSTILE = f"{ACT}<img src=x onerror=\"document.title='ran'\">"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    recording = simulate_retina(
        *(2, 8, 12, 1.5),
        n_unique=0,
        diversity=0.0,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )
    recording.name = HOSTILE
    for k, train in enumerate(recording.segments[0].spiketrains):
        train.annotations["unit_id"] = f"{HOSTILE}{k}"
    found = classify_neurons(recording, n_clusters=2, bin_size="20ms", progress=False)
    path = tmp_path_factory.mktemp("hostile") / "classes"
    save_results(found, path, formats=("png", "svg"))
    return path


def opened(path):
    """Return the document that the browser has after the scripts in it ran."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [BROWSER, *options, "--virtual-time-budget=3000", path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_browser_runs_what_may_run(tmp_path):
    page = tmp_path / "control.html"
    page.write_text(f"<title>before</title>{ACT}", encoding="utf-8")
    assert "<title>ran</title>" in opened(page)
    figure = tmp_path / "control.svg"
    space = 'xmlns="http://www.w3.org/2000/svg"'
    figure.write_text(f"<svg {space}><title>a</title>{ACT}</svg>", encoding="utf-8")
    assert ">ran</title>" in opened(figure)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_script_of_a_name_runs_in_a_page(folder):
    document = opened(folder / "report.html")
    assert "Content-Security-Policy" in document
    assert "<title>ran" not in document
    assert "<title>At least 2 classes of 8 neurons" in document
    assert "<script" not in document
    assert "&lt;script&gt;" in document


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_script_of_a_name_runs_in_a_figure_by_itself(folder):
    figures = sorted((folder / "figures").glob("*.svg"))
    assert figures
    for figure in figures:
        document = opened(figure)
        assert "<svg" in document
        assert "ran</title>" not in document
        assert "<script" not in document
