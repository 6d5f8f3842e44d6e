"""The classes of each of several recordings, found apart and then compared.

Takes recordings under the same stimulus, gives the classes of each by itself
(`classify_within`) and which of them are the same: a family has at most one class of a
recording. What differs between preparations cannot make a class here, as it can where
recordings are pooled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import neo
import numpy as np

from neuroclass import plotting, report
from neuroclass.analysis.bin_choice import count_recorded_units
from neuroclass.analysis.class_options import (
    CLASS_KEYWORDS,
    DESCRIPTION_KEYWORDS,
    choose_criterion,
    split_class_settings,
    split_description_settings,
)
from neuroclass.analysis.classify import ClassifyOptions, classify_neurons
from neuroclass.analysis.responses import (
    prepare_responses,
    split_options,
)
from neuroclass.clustering import agreement_of_classes, match_classes
from neuroclass.estimators import Estimator
from neuroclass.presentations.matching import (
    load_recordings,
    match_presentations,
    recording_names,
)
from neuroclass.presentations.pooling import pool_recordings
from neuroclass.results import WithinRecordings

if TYPE_CHECKING:
    from neuroclass.plotting import FamilyPlots

__all__ = ["Families", "classify_within"]


class Families(WithinRecordings):
    """Classes of each of several recordings, matched: `WithinRecordings`.

    Made by `classify_within`.
    """

    @property
    def plot(self) -> FamilyPlots:
        """Figures: ``plot()`` for the responses of the families."""
        return plotting.FamilyPlots(self)

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the classes, families and figures into a folder: `save_families`."""
        return report.save_families(self, Path(folder), force=force)


def classify_within(
    recordings: Sequence[neo.Block | str | Path],
    *,
    n_clusters: Literal["auto"] | int = "auto",
    estimator: Estimator = "miller-madow",
    stability: int = 0,
    random_state: int = 0,
    **options: Unpack[ClassifyOptions],
) -> Families:
    """Find the classes of each recording by itself, and match them by response.

    Parameters
    ----------
    recordings : sequence of neo.Block, str or Path
        At least two, under the same stimulus: `match_presentations`.
    n_clusters, estimator, stability, random_state : as in `classify_neurons`
        The same for each recording.
    **options
        Keywords of `ClassSettings`, `DescriptionSettings`, `ResponseSettings` and
        `RunSettings`, as in `classify_neurons`. An automatic bin width is one for all
        recordings.

    Returns
    -------
    Families

    Raises
    ------
    RecordingError
        If no stimulus is in all recordings, or one of them cannot be used.
    TypeError
        If a keyword is unknown.
    ValueError
        If an argument is out of range.

    Notes
    -----
    ``test_classes_found_apart_are_matched``.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> light = {"stimulus_random_state": 7, "diversity": 0.2, "n_unique": 0}
    >>> retinas = [simulate_retina(2, 12, random_state=k, **light) for k in (0, 1)]
    >>> classify_within(retinas, bin_size=0.02).n_families
    2
    """
    class_settings, rest = split_class_settings(dict(options), "classify_within")
    _, rest = split_description_settings(rest, "classify_within")
    of_class: Any = {k: v for k, v in options.items() if k not in rest}
    settings, run = split_options(
        rest,
        "classify_within",
        other_keywords=(
            *(classify_within.__kwdefaults__ or ()),
            *CLASS_KEYWORDS,
            *DESCRIPTION_KEYWORDS,
        ),
    )
    criterion = choose_criterion(class_settings.criterion, settings.condition)["value"]
    if criterion == "timing" and settings.bin_size == "auto":
        settings = replace(settings, bin_size="base")
    blocks = load_recordings(recordings)
    matched = match_presentations(blocks, settings)
    pool, shown = pool_recordings(blocks, matched)
    n_units = [len(block.segments[0].spiketrains) for block in blocks]
    counted = count_recorded_units(
        pool,
        shown,
        settings.bin_size,
        settings.word_length,
        settings.response,
        units=range(sum(n_units)),
        cache=run.cache,
        progress=run.progress,
    )
    bin_setting = counted.bin_setting
    if isinstance(bin_setting, dict):
        why = f"{bin_setting['why']}, of all recordings together"
        bin_setting = {**bin_setting, "why": why}
    settings = replace(settings, bin_size=counted.bin_size)
    row_of_unit = np.full(sum(n_units), -1)
    row_of_unit[counted.units] = np.arange(len(counted.units))
    found, parts = [], []
    for block, presentations, own in zip(
        blocks, matched, np.split(row_of_unit, np.cumsum(n_units)[:-1]), strict=True
    ):
        one = classify_neurons(
            prepare_responses(block, settings, presentations=presentations, run=run),
            n_clusters=n_clusters,
            estimator=estimator,
            stability=stability,
            random_state=random_state,
            n_jobs=run.n_jobs,
            memory=run.memory,
            progress=run.progress,
            **of_class,
        )
        found.append(replace(one, settings=one.settings | {"bin_size": bin_setting}))
        parts.append(counted.counts.counts[own[one.classified]])
    labels = [one.labels[one.classified] for one in found]
    families, distance, nearest = match_classes(parts, labels)
    agreement, p_value = agreement_of_classes(parts, labels, random_state=random_state)
    return Families(
        recordings=tuple(recording_names(blocks)),
        classifications=tuple(found),
        families=tuple(families),
        distance=tuple(distance),
        nearest=nearest,
        agreement=agreement,
        p_value=p_value,
    )
