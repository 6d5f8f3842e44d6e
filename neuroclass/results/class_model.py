"""Classes of a recording as a model, into which cells of other recordings are put.

Input: spike counts of the neurons that made the classes, and their labels. Output:
`ClassModel`, its file ``model.npz``, and reading it again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.wording import some
from neuroclass.clustering.timing import SpikeCounts
from neuroclass.exceptions import RecordingError

if TYPE_CHECKING:
    import os

__all__ = ["MODEL_NAME", "ClassModel", "read_class_model"]

MODEL_NAME = "model.npz"
_FORMAT = 1
_MOST_MEMBERS = 200  # of a class that are kept: enough for its profile and scatter


@dataclass(frozen=True, eq=False, repr=False)
class ClassModel:
    """What cells of another recording under the same stimulus are compared with.

    Attributes
    ----------
    spikes : SpikeCounts
        Of the neurons that made the classes, at most 200 of each class.
    labels : ndarray of int, (n_neurons,)
        Their classes, from 0.
    class_names : tuple of str
        Name of each class: its number, or the known type.
    half_weight : float
        Effective spikes of a neuron with the weight 1/2.
    bin_size : float
        Base bin width, in seconds.
    stimuli : tuple of str
        Names of the stimuli, in the order of the conditions.
    recording : str
        Name of the recording.
    rate_weight : float, default 0
        Weight of the firing rate beside the timing.
    """

    spikes: SpikeCounts
    labels: NDArray[np.intp]
    class_names: tuple[str, ...]
    half_weight: float
    bin_size: float
    stimuli: tuple[str, ...]
    recording: str
    rate_weight: float = 0.0

    def __repr__(self) -> str:
        return (
            f"ClassModel({len(self.class_names)} classes of {len(self.labels)} neurons "
            f"of {self.recording})"
        )

    @property
    def n_bins(self) -> NDArray[np.intp]:
        """Bins of each stimulus, (n_stimuli,)."""
        return np.bincount(self.spikes.stimulus, minlength=len(self.stimuli))

    @property
    def median_rate(self) -> float:
        """Median of the neurons' spikes per bin and repeat."""
        n_bins = np.maximum(self.spikes.repeats.sum(axis=1), 1)
        return float(np.median(self.spikes.counts.sum(axis=1) / n_bins))

    @property
    def stimulus_text(self) -> str:
        """Names and durations of the stimuli, for messages."""
        seconds = self.n_bins * self.bin_size
        return some(
            [f"{n} ({s:.3g} s)" for n, s in zip(self.stimuli, seconds, strict=True)]
        )

    def thinned(self) -> ClassModel:
        """Return the model with at most 200 neurons of each class, evenly chosen."""
        kept = np.zeros(len(self.labels), dtype=bool)
        for k in range(len(self.class_names)):
            members = np.flatnonzero(self.labels == k)
            n = min(len(members), _MOST_MEMBERS)
            kept[members[(np.arange(n) * len(members)) // max(n, 1)]] = True
        return ClassModel(
            self.spikes.of(kept),
            self.labels[kept],
            self.class_names,
            self.half_weight,
            self.bin_size,
            self.stimuli,
            self.recording,
            self.rate_weight,
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the model, thinned, as npz."""
        model = self.thinned()
        about = {
            "format": _FORMAT,
            "class_names": model.class_names,
            "half_weight": model.half_weight,
            "bin_size": model.bin_size,
            "stimuli": model.stimuli,
            "recording": model.recording,
            "rate_weight": model.rate_weight,
        }
        spikes = model.spikes
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file,
                about=np.array(json.dumps(about, ensure_ascii=False)),
                labels=_smallest(model.labels),
                counts=_smallest(spikes.counts),
                odd=_smallest(spikes.counts if spikes.odd is None else spikes.odd),
                repeats=_smallest(spikes.repeats),
                variance=spikes.variance.astype(np.float32),
                stimulus=_smallest(spikes.stimulus),
            )
        return Path(path)


def _smallest(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return whole numbers in the smallest type that holds them."""
    whole = np.asarray(values).astype(np.int64)
    return whole.astype(np.min_scalar_type(int(whole.max(initial=0))))


def read_class_model(folder: str | Path) -> ClassModel:
    """Read the model of a result folder.

    Parameters
    ----------
    folder : str or Path
        Result folder of `cluster`, or of `assign` with known types.

    Returns
    -------
    ClassModel

    Raises
    ------
    FileNotFoundError
        If there is no model.
    RecordingError
        If it cannot be read.
    """
    path = Path(folder) / MODEL_NAME
    if not path.is_file():
        is_result = (Path(folder) / "result.json").is_file()
        raise FileNotFoundError(
            f"model must be a result folder with {MODEL_NAME}, of classes by timing or "
            f"of known types; {folder} has none. "
            + (
                "Run `neuroclass cluster` again by the criterion timing."
                if is_result
                else "Run `neuroclass cluster RECORDING` to make one."
            )
        )
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            if about["format"] != _FORMAT:
                raise RecordingError(
                    f"{path} must be of format {_FORMAT}; got {about['format']}, of "
                    "another version of neuroclass. Make it again."
                )
            spikes = SpikeCounts.from_sums(
                stored["counts"],
                stored["variance"],
                stored["repeats"],
                stimulus=stored["stimulus"],
                odd=stored["odd"],
            )
            labels = stored["labels"].astype(np.intp)
    except RecordingError:
        raise
    except Exception as error:  # zipfile, zlib and numpy each raise their own
        raise RecordingError(
            f"{path} must be the {MODEL_NAME} of neuroclass; it cannot be read "
            f"({error}). Make it again."
        ) from error
    return ClassModel(
        spikes=spikes,
        labels=labels,
        class_names=tuple(about["class_names"]),
        half_weight=float(about["half_weight"]),
        bin_size=float(about["bin_size"]),
        stimuli=tuple(about["stimuli"]),
        recording=str(about["recording"]),
        rate_weight=float(about.get("rate_weight", 0.0)),  # not in older models
    )
