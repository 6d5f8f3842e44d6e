"""Issues: what is doubtful about a recording or a result, as data.

Input: a kind, a sentence and the units that it concerns. Output: `Issue`, kept in the
result, and warned of once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from neuroclass._lib.checks import warn_user

__all__ = ["Issue", "warn_of"]


@dataclass(frozen=True)
class Issue:
    """Something doubtful about a recording or a result.

    Attributes
    ----------
    kind : str
        A short name of what it is about, such as ``"silent units"``.
    text : str
        One sentence: subject, number, units named, cure.
    units : tuple
        Ids of the units that it concerns; empty where it concerns all.
    is_warned : bool
        Whether `warn_of` warns of it; else it stands in results only.
    """

    kind: str
    text: str
    units: tuple[Any, ...] = ()
    is_warned: bool = True

    def __str__(self) -> str:
        return self.text


def warn_of(issues: Iterable[Issue]) -> None:
    """Warn once of each issue that calls for it, on the line of the caller.

    Parameters
    ----------
    issues : iterable of Issue
        Issues of a result.

    Warns
    -----
    UserWarning
        The text of each.
    """
    for text in dict.fromkeys(issue.text for issue in issues if issue.is_warned):
        warn_user(text)
