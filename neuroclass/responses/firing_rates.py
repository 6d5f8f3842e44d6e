"""Firing rates: of words of counts, and of every unit of a recording."""

from __future__ import annotations

from dataclasses import dataclass, replace

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass.presentations.selection import Presentations
from neuroclass.responses.counts import conditions_of_windows, repeats_of
from neuroclass.responses.spike_sums import SpikeSums, sum_spikes
from neuroclass.responses.words import Words

__all__ = ["UnitRates", "mean_rates", "unit_rates"]

_PSTH_BIN = 0.020  # s


@dataclass(frozen=True, repr=False)
class UnitRates:
    """Firing rates of units inside the presentations.

    Attributes
    ----------
    psth : ndarray of shape (n_units, n_time)
        Mean over repeats, Hz; stimuli one after the other. 0 where a unit was not
        recorded.
    mean : ndarray of shape (n_units,)
        Hz.
    is_silent : ndarray of bool, (n_units,)
        Whether the unit has no spike there.
    bin_size : float
        Of `psth`, s.
    """

    psth: NDArray[np.float64]
    mean: NDArray[np.float64]
    is_silent: NDArray[np.bool_]
    bin_size: float

    def __repr__(self) -> str:
        n_units, n_time = self.psth.shape
        width = f"{1e3 * self.bin_size:g} ms"
        return f"UnitRates({n_units} units, {n_time} bins of {width})"


def unit_rates(
    recording: neo.Block,
    presentations: Presentations,
    sums: SpikeSums | None = None,
) -> UnitRates:
    """Measure the firing rates of every unit, some units at a time.

    Parameters
    ----------
    recording : neo.Block
        As from `load_recording`.
    presentations : Presentations
        The repeats.
    sums : SpikeSums, optional
        Spike counts, from which the rates are taken if they are those of all units in
        the bins of a rate: the spikes are not read again.
    """
    bin_size = min(_PSTH_BIN, float(presentations.durations.min()))
    timed = replace(presentations, condition="stimulus,time")
    units = range(len(recording.segments[0].spiketrains))
    if sums is None or len(sums.unit_ids) < len(units) or sums.bin_size != bin_size:
        sums = sum_spikes(recording, timed, bin_size, units=units)
    recorded = sums.repeats * sums.bin_size
    n_spikes = sums.counts.sum(axis=1)
    return UnitRates(
        psth=np.divide(
            sums.counts, recorded, out=np.zeros(recorded.shape), where=recorded > 0
        ),
        mean=n_spikes / (np.maximum(sums.repeats.sum(axis=1), 1) * sums.bin_size),
        is_silent=n_spikes == 0,
        bin_size=bin_size,
    )


def mean_rates(words: Words) -> NDArray[np.float64]:
    """Return the mean firing rate of each neuron in each condition, Hz.

    Parameters
    ----------
    words : Words
        Single bins of counts: ``bin_words(..., word_length=1, response="counts")``.

    Returns
    -------
    ndarray of shape (n_neurons, n_conditions)
        The peristimulus time histogram, stimuli one after the other; nan where a
        neuron was not recorded.

    Raises
    ------
    ValueError
        If the words have more than one bin.
    """
    if words.word_length != 1:
        raise ValueError(f"word_length must be 1; got {words.word_length}.")
    condition, stimulus, _ = conditions_of_windows(words)
    shape = (words.n_neurons, len(stimulus))
    cell = words.neuron * shape[1] + condition[words.presentation, words.window]
    spikes = np.bincount(cell, weights=words.code, minlength=shape[0] * shape[1])
    everywhere = np.ones(words.n_presentations, dtype=bool)
    recorded = repeats_of(words, condition, everywhere) * words.bin_size
    rates: NDArray[np.float64] = np.divide(
        spikes.reshape(shape), recorded, out=np.full(shape, np.nan), where=recorded > 0
    )
    return rates
