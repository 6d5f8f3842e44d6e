"""Choice between the compiled loops and numpy."""

import subprocess
import sys

import pytest

from neuroclass.clustering._compiled.loader import MIN_COMPILED, compiled_loops

SCRIPT = """
import sys
from neuroclass.clustering._compiled.loader import compiled_loops
assert compiled_loops({n_counts}) is {expected}
assert "numba" not in sys.modules
"""


def test_few_counts_load_no_compiler():
    script = SCRIPT.format(n_counts=MIN_COMPILED - 1, expected=None)
    subprocess.run([sys.executable, "-c", script], check=True)


def test_many_counts_get_the_compiled_loops():
    pytest.importorskip("numba")
    assert compiled_loops(MIN_COMPILED).__name__.endswith("_compiled.loops")
    assert compiled_loops(5, min_compiled=5) is compiled_loops(MIN_COMPILED)
