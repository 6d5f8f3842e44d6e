"""Identity information of a recording as plain values, for programs.

Input: `RecordingInformation`. Output: what ``neuroclass information --json`` prints.
"""

from typing import Any

from neuroclass._lib.json_text import plain
from neuroclass.report.json_parts import (
    describe_drift_of_units,
    describe_information_without,
    describe_issues,
)
from neuroclass.results import RecordingInformation

__all__ = ["describe_recording_information"]


def describe_recording_information(
    measured: RecordingInformation, recording: str | None = None
) -> dict[str, Any]:
    """Return identity information as plain numbers, texts, lists and dicts.

    Parameters
    ----------
    measured : RecordingInformation
        Record of the information.
    recording : str, optional
        Path of the recording.
    """
    information = measured.information
    described: dict[str, Any] = plain(
        {
            "recording": recording,
            "presentations": measured.presentations.reason,
            "settings": measured.settings,
            "unit_ids": measured.unit_ids,
            "information": {
                **{
                    name: value
                    for name, value in vars(information).items()
                    if not name.startswith("by_partition")  # there are none
                },
                "bits_per_second": information.bits_per_second,
                "bits_per_spike": information.bits_per_spike,
            },
            "drift": {
                **describe_drift_of_units(measured.drift),
                "information_without": describe_information_without(
                    measured.without_drifting
                ),
            },
            "issues": describe_issues(measured.issues),
        }
    )
    return described
