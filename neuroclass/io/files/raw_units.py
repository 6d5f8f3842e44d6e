"""Units of recording systems: their ids, and which of them are sorted neurons.

Input: the spike channels that ``neo.rawio`` lists. Output: an id for each, and what its
spikes are: a sorted unit, the unsorted rest of a channel, noise, or a copy of another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from neuroclass._lib.checks import warn_user
from neuroclass._lib.wording import plural, some

__all__ = ["RawUnits", "raw_units"]

#: Numbers by which a system marks spikes that belong to no unit. Blackrock: NEV 2.3,
#: unit 0 unclassified, 255 rejected as noise. Plexon, Neuralynx, Spike2 and Open Ephys:
#: 0 unsorted. TDT: sort code 0 unsorted, 31 outliers.
_NO_UNIT = {
    "blackrock": {0: "unsorted", 255: "noise"},
    "plexon": {0: "unsorted"},
    "plexon2": {0: "unsorted"},
    "neuralynx": {0: "unsorted"},
    "spike2": {0: "unsorted"},
    "spike2-old": {0: "unsorted"},
    "tdt": {0: "unsorted", 31: "noise"},
    "openephys": {0: "unsorted"},
    "openephys-binary": {0: "unsorted"},
}
# neo gives the number of the unit last, behind "#" or, for .pl2, behind a point.
_NUMBER = re.compile(r"[#.](\d+)$")
# NeuroExplorer: sig001a is a unit, sig001i or sig001U the rest of its channel, and
# sig001a_wf the waveforms of sig001a, with the same times.
_REST = re.compile(r"^(?:sig|spk|ch)\w*\d[iU](?:_wf)?$", re.IGNORECASE)
_WAVEFORMS = "_wf"


@dataclass(frozen=True, kw_only=True)
class RawUnits:
    """Spike channels of a recording system that are taken as units.

    Attributes
    ----------
    ids : list of str
        Id of each spike channel, unique.
    kinds : list of str
        ``"sorted"``, ``"unsorted"``, ``"noise"`` or ``"waveforms"`` of each channel.
    taken : list of int
        Channels to be read as units: the sorted ones, or all where none is sorted.
    """

    ids: list[str]
    kinds: list[str]
    taken: list[int]


def raw_units(
    names: Sequence[str], numbers: Sequence[str], name: str, source: str
) -> RawUnits:
    """Return ids and kinds of the spike channels that ``neo.rawio`` lists.

    Parameters
    ----------
    names, numbers : sequence of str, of length n_channels
        Names and ids of the spike channels, as neo gives them.
    name : str
        Name of the format, such as ``"plexon"``.
    source : str
        Name of the file, for the warnings.

    Returns
    -------
    RawUnits
        Ids, kinds and the channels to be read.
    """
    ids = _unique_ids(names, numbers)
    if name == "neuroexplorer":
        kinds = _kinds_by_name(names)
    else:
        kinds = [
            _kind_by_number(name, number, label)
            for number, label in zip(numbers, names, strict=True)
        ]
    if name == "axona":
        kinds = ["unsorted"] * len(ids)
    taken = [i for i, kind in enumerate(kinds) if kind == "sorted"]
    left_out = [ids[i] for i, kind in enumerate(kinds) if kind != "sorted"]
    if taken and left_out:
        warn_user(
            f"{source}: left out {some(left_out)}: {_what(kinds)}, not units that were "
            "sorted."
        )
    elif left_out:
        # Waveforms of unsorted channels hold the same spikes once more.
        taken = [i for i, kind in enumerate(kinds) if kind == "unsorted"]
        taken = taken or list(range(len(ids)))
        channels = plural(len(taken), "channel is", "channels are each")
        warn_user(
            f"{source}: no spikes are sorted into units ({name}); {channels} taken as "
            "one unit, which may hold several neurons. Sort the spikes first, and give "
            "the folder of the sorter."
        )
    return RawUnits(ids=ids, kinds=kinds, taken=taken)


def _unique_ids(names: Sequence[str], numbers: Sequence[str]) -> list[str]:
    """Return names where they are unique, else names with the ids of neo."""
    # Plexon and Spike2 name all units of a channel alike.
    if len(set(names)) == len(names) and all(names):
        return list(names)
    ids = [
        number if label and number.startswith(label) else f"{label} {number}".strip()
        for label, number in zip(names, numbers, strict=True)
    ]
    seen: Counter[str] = Counter()
    unique = []
    for one in ids:
        seen[one] += 1
        unique.append(one if seen[one] == 1 else f"{one} ({seen[one]})")
    return unique


def _kind_by_number(name: str, number: str, label: str) -> str:
    marks = _NO_UNIT.get(name, {})
    for text in (number, label):
        if found := _NUMBER.search(text):
            return marks.get(int(found[1]), "sorted")
    return marks.get(int(number), "sorted") if number.isdigit() else "sorted"


def _kinds_by_name(names: Sequence[str]) -> list[str]:
    kinds = []
    for label in names:
        if label.endswith(_WAVEFORMS) and label.removesuffix(_WAVEFORMS) in names:
            kinds.append("waveforms")
        else:
            kinds.append("unsorted" if _REST.match(label) else "sorted")
    return kinds


def _what(kinds: Sequence[str]) -> str:
    words = {
        "unsorted": "unsorted spikes of channels",
        "noise": "spikes marked as noise",
        "waveforms": "waveforms of units that are there",
    }
    return " and ".join(words[kind] for kind in words if kind in kinds)
