"""The classes of each of several recordings, found apart and then compared.

Takes recordings under the same stimulus, gives the classes of each by itself
(`classify_within`) and which of them are the same: a family has at most one class of a
recording. What differs between preparations cannot make a class here, as it can where
recordings are pooled.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import neo
import numpy as np

from neuroclass.analysis.bin_choice import choose_bin_size
from neuroclass.analysis.classify import classify_neurons
from neuroclass.clustering import agreement_of_classes, match_classes
from neuroclass.presentations.matching import (
    load_recordings,
    match_presentations,
    recording_names,
)
from neuroclass.presentations.pooling import pool_recordings
from neuroclass.responses.block_counts import count_recording
from neuroclass.results.recordings import WithinRecordings

__all__ = ["classify_within"]


def classify_within(
    recordings: Sequence[neo.Block | str | Path],
    *,
    intervals: str | None = None,
    stimulus: str | None = None,
    min_repeats: int = 10,
    condition: str = "stimulus,time",
    bin_size: Any = "auto",
    word_length: int = 1,
    response: Any = "words",
    random_state: int = 0,
    **options: Any,
) -> WithinRecordings:
    """Find the classes of each recording by itself, and match them by response.

    Parameters
    ----------
    recordings : sequence of neo.Block, str or Path
        At least two, under the same stimulus: `match_presentations`.
    bin_size : "auto", float, str or quantities.Quantity, default "auto"
        One for all; chosen by `choose_bin_size` on all neurons.
    intervals, stimulus, min_repeats, condition, word_length, response, random_state
        As in `classify_neurons`.
    **options
        What else `classify_neurons` takes, the same for each recording.

    Returns
    -------
    WithinRecordings

    Raises
    ------
    RecordingError
        If no stimulus is in all recordings, or one of them cannot be used.
    ValueError
        If an argument is out of range.

    Notes
    -----
    ``test_classes_found_apart_are_matched``.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> light = {"stimulus_rng": 7, "diversity": 0.2, "n_unique": 0}
    >>> retinas = [simulate_retina(2, 12, rng=seed, **light) for seed in (0, 1)]
    >>> classify_within(retinas, bin_size=0.02).n_families
    2
    """
    blocks = load_recordings(recordings)
    matched = match_presentations(
        blocks,
        intervals=intervals,
        stimulus=stimulus,
        min_repeats=min_repeats,
        condition=condition,
    )
    pool, shown = pool_recordings(blocks, matched)
    bin_setting = {}
    if isinstance(bin_size, str) and bin_size == "auto":
        choice = choose_bin_size(pool, shown, word_length, response)
        bin_size = choice.bin_size
        why = f"{choice.reason}, of all recordings together"
        bin_setting["bin_size"] = {"value": bin_size, "chosen": "auto", "why": why}
    classified = (
        classify_neurons(
            block,
            presentations=presentations,
            bin_size=bin_size,
            word_length=word_length,
            response=response,
            random_state=random_state,
            **options,
        )
        for block, presentations in zip(blocks, matched, strict=True)
    )
    found = [replace(one, settings=one.settings | bin_setting) for one in classified]
    counts = count_recording(pool, shown, bin_size, word_length, response).counts.counts
    stop = np.cumsum([len(f.labels) for f in found])
    parts = [
        counts[last - len(f.labels) : last][f.classified]
        for f, last in zip(found, stop, strict=True)
    ]
    labels = [f.labels[f.classified] for f in found]
    families, distance, nearest = match_classes(parts, labels)
    agreement, p_value = agreement_of_classes(parts, labels, random_state=random_state)
    return WithinRecordings(
        recordings=tuple(recording_names(blocks)),
        classifications=tuple(found),
        families=tuple(families),
        distance=tuple(distance),
        nearest=nearest,
        agreement=agreement,
        p_value=p_value,
    )
