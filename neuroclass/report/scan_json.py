"""Scan of information rates as plain values, for programs.

Input: `InformationScan`. Output: what ``neuroclass information --scan --json`` prints.
"""

from typing import Any

from neuroclass._lib.json_text import plain
from neuroclass.report.json_parts import describe_issues
from neuroclass.results import InformationScan

__all__ = ["describe_scan"]


def describe_scan(
    scan: InformationScan, recording: str | None = None, response: str = "words"
) -> dict[str, Any]:
    """Return a scan as plain numbers, texts, lists and dicts.

    Parameters
    ----------
    scan : InformationScan
        Record of the scan.
    recording : str, optional
        Path of the recording.
    response : {"words", "counts"}
        Binary words, or words of spike counts.
    """
    described: dict[str, Any] = plain(
        {
            "recording": recording,
            "presentations": scan.presentations.reason,
            "response": response,
            "words": scan.words,
            "extrapolations": scan.extrapolations,
            "estimator": scan.estimator,
            "n_units": scan.n_units,
            "issues": describe_issues(scan.issues),
        }
    )
    return described
