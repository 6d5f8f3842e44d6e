"""The learning rules by name.

Input: a rule. Output: the rule, checked; `RULES` maps the names of the command line and
of model files to the classes.
"""

from __future__ import annotations

from typing import Any

from neuroclass.snn.learning.ide import Ide
from neuroclass.snn.learning.spide import Spide

__all__ = ["RULES", "Rule", "check_rule"]

Rule = Spide | Ide

RULES: dict[str, type[Spide] | type[Ide]] = {"spide": Spide, "ide": Ide}


def check_rule(rule: Any) -> Rule:
    """Return a learning rule, or raise ``TypeError``."""
    if not isinstance(rule, Spide | Ide):
        raise TypeError(
            f"rule must be Spide(...) or Ide(...), the settings of a learning rule; "
            f"got {rule!r}."
        )
    return rule
