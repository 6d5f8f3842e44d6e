"""Options of a session hold for calls that do not say otherwise, and are given back."""

import logging

import pytest

from neuroclass import classify_neurons, set_options, simulate_retina
from neuroclass._lib.running import RunSettings, run_settings, session_formats


@pytest.fixture(autouse=True)
def options_of_before():
    with set_options():
        yield


def test_options_are_restored_at_the_end_of_a_block():
    with set_options(n_jobs=2, figure_formats=()):
        assert run_settings() == RunSettings(n_jobs=2)
        assert session_formats() == ()
        with set_options(progress=False):  # the others stay
            assert run_settings() == RunSettings(n_jobs=2, progress=False)
        assert run_settings().progress
    assert run_settings() == RunSettings()
    with pytest.raises(KeyError), set_options(n_jobs=3):
        raise KeyError
    assert run_settings() == RunSettings()


def test_options_hold_until_they_are_set_again():
    set_options(memory="1GB")
    set_options(progress=False)
    assert run_settings() == RunSettings(memory="1GB", progress=False)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"n_job": 2}, TypeError, r"unexpected keyword argument 'n_job'. Its options"),
        ({"random_state": 2}, TypeError, "unexpected keyword argument 'random_state'"),
        ({"memory": "much"}, ValueError, "memory must be"),
        ({"figure_formats": ("pdf",)}, ValueError, "figure_formats must be one of"),
    ],
)
def test_what_is_no_option_is_refused_and_nothing_set(options, error, match):
    with pytest.raises(error, match=match):
        set_options(n_jobs=5, **options)
    assert run_settings() == RunSettings()


def test_options_reach_the_analysis_and_its_folder(tmp_path):
    retina = simulate_retina(2, 24, 20, duration="5s", n_unique=0, random_state=0)
    with set_options(memory=100.0):  # less than any matrix of pairs takes
        assert classify_neurons(retina).settings["method"]["value"] == "sequential"
    classes = classify_neurons(retina)
    assert classes.settings["method"]["value"] == "agglomerative"
    with set_options(figure_formats=("svg",)):
        folder = classes.save(tmp_path / "classes")
    assert {path.suffix for path in (folder / "figures").iterdir()} == {".svg"}


def test_stages_are_logged_under_the_name_of_the_package(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="neuroclass"):
        retina = simulate_retina(2, 24, 20, duration="5s", n_unique=0, random_state=0)
        classify_neurons(retina, bin_size="20ms").save(tmp_path / "classes")
    texts = [record.getMessage() for record in caplog.records]
    assert f"wrote {tmp_path / 'classes'}" in texts
    assert len(texts) > 3
    assert {record.name.split(".")[0] for record in caplog.records} == {"neuroclass"}


def test_the_log_is_silent_unless_a_program_asks():
    handlers = logging.getLogger("neuroclass").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)
