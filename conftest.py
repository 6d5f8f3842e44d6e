"""Doctests of the spiking networks need torch, an extra: leave them out without it."""

import importlib.util

collect_ignore_glob = (
    [] if importlib.util.find_spec("torch") else ["neuroclass/snn/*", "tests/snn/*"]
)


def pytest_report_header() -> list[str]:
    """Say what is not tested, and what would test it."""
    if not collect_ignore_glob:
        return []
    return ["not tested: neuroclass.snn, which needs `pip install neuroclass[snn]`"]
