"""A few mutants of each family, the same ones on every machine; many by one command.

``python -m tests.mutations --seed N --count M`` prints the table of verdicts.
"""

import sys

import pytest

from tests.mutations.families import FAMILIES, base_of
from tests.mutations.running import WRONG, judge

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs fork and limits of Linux"
)
N_MUTANTS = 3


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_mutant_is_refused_read_right_or_warned_of(family, tmp_path):
    base = base_of(family, tmp_path)
    wrong = []
    for k in range(N_MUTANTS):
        verdict, done, said = judge(family, base, [0, k])
        if verdict in WRONG:
            wrong.append(f"{verdict}: {done}: {said[-400:]}")
    assert wrong == []
