"""Record of the identity information of a recording and of each of its neurons.

Input: the information and drift of `measure_information`. Output:
`RecordingInformation`, its table and its headline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import neo
import numpy as np
import pandas as pd

from neuroclass._lib.issues import Issue
from neuroclass._lib.notebook_html import as_html
from neuroclass._lib.wording import plural, rounded
from neuroclass.information import IdentityInformation
from neuroclass.presentations import Presentations
from neuroclass.responses import Drift

__all__ = ["RecordingInformation"]


@dataclass(frozen=True, repr=False)
class RecordingInformation:
    """Identity information of the population and of each neuron of a recording.

    Attributes
    ----------
    unit_ids : tuple, one per neuron
        Ids.
    information : IdentityInformation
        In bits per word, with intervals.
    drift : Drift
        Test of the exchangeability of the repeats of each neuron.
    without_drifting : IdentityInformation or None
        Of the neurons that drift does not make unsafe; None where it makes none so, or
        fewer than two are left.
    recording : neo.Block
        The recording.
    presentations : Presentations
        The repeats.
    settings : dict
        Every setting; automatic ones as ``{"value", "chosen": "auto", "why"}``.
    issues : tuple of Issue
        What is doubtful, was left out or shortened.
    """

    unit_ids: tuple[Any, ...]
    information: IdentityInformation
    drift: Drift
    without_drifting: IdentityInformation | None
    recording: neo.Block
    presentations: Presentations
    settings: dict[str, Any]
    issues: tuple[Issue, ...]

    def __repr__(self) -> str:
        return f"RecordingInformation({self.headline()})"

    def _repr_html_(self) -> str:
        return as_html(self.headline(), self.to_frame())

    def headline(self) -> str:
        """Return the result in one sentence."""
        information = self.information
        return (
            f"{rounded(information.bits_per_second)} bits/s, "
            f"{rounded(information.bits_per_spike)} bits/spike about the identity of "
            f"{plural(len(self.unit_ids), 'neuron', 'neurons')}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per neuron: rate, bits per word, second and spike, interval.

        A neuron without a spike has no bits per spike.
        """
        information = self.information
        rate, bits = information.firing_rate, information.per_neuron
        per_second = bits / information.word_duration
        low, high = np.asarray(information.per_neuron_interval).T
        return pd.DataFrame(
            {
                "unit_id": self.unit_ids,
                "firing_rate_hz": rate,
                "information_bits": bits,
                "information_low_bits": low,
                "information_high_bits": high,
                "bits_per_second": per_second,
                "bits_per_spike": np.divide(
                    per_second, rate, out=np.full(len(rate), np.nan), where=rate > 0
                ),
            }
        )
