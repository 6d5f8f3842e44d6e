"""Bars are drawn where somebody sees them."""

import io
import sys

from neuroclass._lib.progress import is_watched


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_for_a_terminal_or_a_notebook_that_asked(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not is_watched(True)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert is_watched(True)
    assert not is_watched(False)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert is_watched(True)
