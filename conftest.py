"""Doctests: those of spiking networks need torch, those of figures leave none open."""

import importlib.util
import sys
from collections.abc import Iterator

import pytest

collect_ignore_glob = (
    [] if importlib.util.find_spec("torch") else ["neuroclass/snn/*", "tests/snn/*"]
)


def pytest_report_header() -> list[str]:
    """Say what is not tested, and what would test it."""
    if not collect_ignore_glob:
        return []
    return ["not tested: neuroclass.snn, which needs `pip install neuroclass[snn]`"]


@pytest.fixture(autouse=True)
def no_figure_is_left() -> Iterator[None]:
    """Close what pyplot holds, if a test loaded it."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
