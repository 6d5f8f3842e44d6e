"""Results as labelled arrays of xarray, with units, classes and times as coordinates.

Input: a result. Output: an ``xarray.Dataset``; xarray is loaded where it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from neuroclass.discrimination import PairDivergences
    from neuroclass.results.classification import ClassificationResult
    from neuroclass.results.discrimination import DiscriminationResult

__all__ = ["pair_dataset", "psth_dataset", "stimulus_bins"]

xarray = lazy_loader.load("xarray")


def psth_dataset(classification: ClassificationResult) -> Any:
    """Return the PSTHs of the classified neurons as an ``xarray.Dataset``.

    Parameters
    ----------
    classification : ClassificationResult
        The classes.

    Returns
    -------
    xarray.Dataset
        ``firing_rate`` (Hz) over unit and bin; along unit the id, ``label`` and
        ``confidence``, along bin ``stimulus`` and ``time`` (s, from its onset, of the
        middle of the bin).
    """
    psth = classification.psth
    members = classification.classified
    lengths = stimulus_bins(classification)
    stimuli = classification.presentations.stimuli
    names = stimuli if len(lengths) == len(stimuli) else ("all",)
    inside = np.concatenate([np.arange(length) for length in lengths])
    data = {"firing_rate": (("unit", "bin"), psth.rates, {"units": "Hz"})}
    units = classification.units
    coordinates = {
        "unit": _ids([units.unit_ids[k] for k in members]),
        "label": ("unit", units.labels[members]),
        "confidence": ("unit", units.confidence[members]),
        "stimulus": ("bin", np.repeat(np.array(names, dtype=str), lengths)),
        "time": ("bin", (inside + 0.5) * psth.bin_size, {"units": "s"}),
    }
    return xarray.Dataset(data, coordinates)


def pair_dataset(discrimination: DiscriminationResult) -> Any:
    """Return the quantities of all pairs as matrices in an ``xarray.Dataset``.

    Parameters
    ----------
    discrimination : DiscriminationResult
        The pairs.

    Returns
    -------
    xarray.Dataset
        ``bits_per_second``, ``z`` and ``time_to_90`` (s) over unit and other_unit,
        symmetric, with nan on the diagonal; along unit the id and ``label``.
    """
    pairs = discrimination.divergences
    ids = _ids(list(discrimination.unit_ids))
    quantities = {
        "bits_per_second": (discrimination.information_rate, "bits/s"),
        "z": (pairs.z, "1"),
        "time_to_90": (discrimination.time_to_accuracy(0.9), "s"),
    }
    data = {
        name: (("unit", "other_unit"), _matrix(pairs, values), {"units": unit})
        for name, (values, unit) in quantities.items()
    }
    coordinates = {
        "unit": ids,
        "other_unit": ids,
        "label": ("unit", discrimination.labels),
    }
    return xarray.Dataset(data, coordinates)


def stimulus_bins(classification: ClassificationResult) -> list[int]:
    """Return the number of bins of the PSTH of each stimulus."""
    durations = classification.presentations.durations
    n_time = classification.psth.rates.shape[1]
    # 18 s / 20 ms is 899.9999...: a hair more than the whole number below.
    lengths = np.floor(durations / classification.psth.bin_size + 1e-6).astype(int)
    return lengths.tolist() if lengths.sum() == n_time else [n_time]


def _matrix(pairs: PairDivergences, values: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = np.full((pairs.n_neurons, pairs.n_neurons), np.nan)
    matrix[pairs.first, pairs.second] = matrix[pairs.second, pairs.first] = values
    return matrix


def _ids(ids: list[Any]) -> NDArray[Any]:
    """Return ids as an array of one type: whole numbers, or else text."""
    is_number = all(isinstance(one, int | np.integer) for one in ids)
    return np.array(ids) if is_number else np.array([str(one) for one in ids])
