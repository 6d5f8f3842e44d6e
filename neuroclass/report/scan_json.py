"""Scan of information rates as plain values, for programs.

Input: `InformationScan`. Output: what ``neuroclass information --scan --json`` prints.
"""

from typing import Any

from neuroclass._lib.json_text import plain
from neuroclass.report.origin import describe_issues
from neuroclass.results.information_scan import InformationScan

__all__ = ["describe_scan"]


def describe_scan(
    found: InformationScan, recording: str | None = None, response: str = "words"
) -> dict[str, Any]:
    """Return a scan as plain numbers, texts, lists and dicts.

    Parameters
    ----------
    found : InformationScan
        What `neuroclass.analysis.scan_information` returns.
    recording : str, optional
        Path of the recording.
    response : {"words", "counts"}
        Digit of a bin.
    """
    described: dict[str, Any] = plain(
        {
            "recording": recording,
            "presentations": found.presentations.reason,
            "response": response,
            "words": found.words,
            "extrapolations": found.extrapolations,
            "estimator": found.estimator,
            "n_units": found.n_units,
            "issues": describe_issues(found.issues),
        }
    )
    return described
