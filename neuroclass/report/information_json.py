"""Identity information of a recording as plain values, for programs.

Input: `RecordingInformation`. Output: what ``neuroclass information --json`` prints.
"""

from typing import Any

from neuroclass._lib.json_text import plain
from neuroclass.report.drift_table import drift_of_units
from neuroclass.report.origin import describe_issues
from neuroclass.results.recording_information import RecordingInformation

__all__ = ["describe_recording_information"]


def describe_recording_information(
    found: RecordingInformation, recording: str | None = None
) -> dict[str, Any]:
    """Return identity information as plain numbers, texts, lists and dicts.

    Parameters
    ----------
    found : RecordingInformation
        What `neuroclass.measure_information` returns.
    recording : str, optional
        Path of the recording.
    """
    information, drift, rest = found.information, found.drift, found.without_drifting
    described: dict[str, Any] = plain(
        {
            "recording": recording,
            "presentations": found.presentations.reason,
            "settings": found.settings,
            "unit_ids": found.unit_ids,
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
                **drift_of_units(drift),
                "information_without": rest
                and {
                    "n_neurons": len(rest.per_neuron),
                    "bits_per_word": rest.bits_per_word,
                    "interval": rest.interval,
                },
            },
            "issues": describe_issues(found.issues),
        }
    )
    return described
