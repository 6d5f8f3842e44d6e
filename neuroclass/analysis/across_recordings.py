"""The classes of each of several recordings, found apart and then compared.

Takes recordings under the same stimulus, gives the classes of each by itself
(`classify_within`) and which of them are the same: a family has at most one class of a
recording. What differs between preparations cannot make a class here, as it can where
recordings are pooled.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Unpack

import neo
import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from neuroclass.analysis.bin_choice import count_recorded_units
from neuroclass.analysis.classify import classify_neurons
from neuroclass.analysis.responses import (
    PreparationOptions,
    prepare_responses,
    split_options,
)
from neuroclass.clustering.agglomerative import by_size
from neuroclass.clustering.count_matrix import Rows
from neuroclass.clustering.label_agreement import compare_labels
from neuroclass.clustering.pairwise_loss import pairwise_losses
from neuroclass.estimators import Estimator
from neuroclass.presentations.matching import (
    load_recordings,
    match_presentations,
    recording_names,
)
from neuroclass.presentations.pooling import pool_recordings
from neuroclass.results.recordings import WithinRecordings

__all__ = ["classify_within", "match_classes"]

_N_PERMUTATIONS = 999


def classify_within(
    recordings: Sequence[neo.Block | str | Path],
    *,
    n_clusters: Literal["auto"] | int = "auto",
    max_information_loss: float | None = None,
    estimator: Estimator = "miller-madow",
    method: Literal["auto", "agglomerative", "sequential"] = "auto",
    stability: int = 0,
    random_state: int = 0,
    **options: Unpack[PreparationOptions],
) -> WithinRecordings:
    """Find the classes of each recording by itself, and match them by response.

    Parameters
    ----------
    recordings : sequence of neo.Block, str or Path
        At least two, under the same stimulus: `match_presentations`.
    n_clusters, max_information_loss, estimator, method, stability, random_state
        As in `classify_neurons`, the same for each recording.
    **options
        Keywords of `ResponseSettings` and `RunSettings`, as in `classify_neurons`. An
        automatic bin width is one for all, chosen on all neurons.

    Returns
    -------
    WithinRecordings

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
    settings, run = split_options(
        dict(options),
        "classify_within",
        other_keywords=tuple(classify_within.__kwdefaults__ or ()),
    )
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
            max_information_loss=max_information_loss,
            estimator=estimator,
            method=method,
            stability=stability,
            random_state=random_state,
            n_jobs=run.n_jobs,
            memory=run.memory,
            progress=run.progress,
        )
        found.append(replace(one, settings=one.settings | {"bin_size": bin_setting}))
        parts.append(counted.counts.counts[own[one.classified]])
    labels = [one.labels[one.classified] for one in found]
    families, distance, nearest = match_classes(parts, labels)
    agreement, p_value = _agreements(parts, labels, random_state)
    return WithinRecordings(
        recordings=tuple(recording_names(blocks)),
        classifications=tuple(found),
        families=tuple(families),
        distance=tuple(distance),
        nearest=nearest,
        agreement=agreement,
        p_value=p_value,
    )


def match_classes(
    counts: Sequence[NDArray[np.int64]], labels: Sequence[NDArray[np.intp]]
) -> tuple[list[NDArray[np.intp]], list[NDArray[np.float64]], NDArray[np.float64]]:
    r"""Match the classes of several recordings by their responses.

    The distance of two classes a and b is what a word tells about which of the two
    spoke, over the most it could tell,

    .. math:: d(a, b) = L(a, b) / (n \, h(n_a / n)),

    with L the loss of merging them in bits times repeats, n_a and n the words of a and
    of both, h the binary entropy: 0 for the same responses, 1 for never the same word,
    whatever the sizes of the classes. Recording by recording, beginning with the one of
    most classes, a class joins a family if each is the other's nearest, else it begins
    a new one. What is nearest is judged after the mean over its distances is taken
    from each class and each family, so that a recording with another gain is matched.

    Parameters
    ----------
    counts : sequence of ndarray, (n_neurons, n_conditions, n_words)
        Of each recording, with the same conditions and words.
    labels : sequence of ndarray of int, (n_neurons,)
        Classes of each recording, from 0.

    Returns
    -------
    families : list of ndarray of int, (n_clusters,)
        Of each recording: the family of each class, 0 the one of most neurons.
    distance : list of ndarray of float, (n_clusters,)
        Of each recording: the distance of each class from the rest of its family, nan
        if there is none.
    nearest : ndarray of float, (n_families,)
        The distance of each family from the nearest other one, nan if there is none.

    Notes
    -----
    A heuristic: a class without a counterpart may be matched to the most similar one
    that is left. Then its distance is about `nearest`.
    """
    sums = [
        np.stack([part[own == label].sum(axis=0) for label in range(own.max() + 1)])
        for part, own in zip(counts, labels, strict=True)
    ]
    order = sorted(range(len(sums)), key=lambda k: -len(sums[k]))
    families: list[NDArray[np.intp]] = [np.empty(0, np.intp)] * len(sums)
    families[order[0]] = np.arange(len(sums[order[0]]))
    whole = sums[order[0]].copy()
    for k in order[1:]:
        matched = _assign(whole, sums[k])
        is_new = matched < 0
        matched[is_new] = len(whole) + np.arange(is_new.sum())
        whole = np.concatenate([whole, np.zeros_like(sums[k][is_new])])
        whole[matched] += sums[k]
        families[k] = matched
    members = np.concatenate(
        [family[own] for family, own in zip(families, labels, strict=True)]
    )
    number = np.empty(len(whole), np.intp)
    number[members] = by_size(members)
    distance = [
        np.array([_from_rest(whole[f], own) for f, own in zip(fs, of, strict=True)])
        for fs, of in zip(families, sums, strict=True)
    ]
    apart = _distances(whole[np.argsort(number)])
    np.fill_diagonal(apart, np.inf)
    nearest = apart.min(axis=1)
    nearest[np.isinf(nearest)] = np.nan
    return [number[family] for family in families], distance, nearest


def _assign(whole: NDArray[np.int64], sums: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the family of each class, -1 where they are not each other's nearest."""
    n = len(whole)
    between = _distances(np.concatenate([whole, sums]))[:n, n:]
    if min(between.shape) > 1:
        # Another gain, or noisier cells, are far from every class alike.
        between = between - between.mean(axis=0) - between.mean(axis=1)[:, None]
    family, own = between.argmin(axis=0), between.argmin(axis=1)
    return np.where(own[family] == np.arange(len(sums)), family, -1)


def _distances(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return d of every two of some classes, (n_classes, n_classes)."""
    words = counts.sum(axis=(1, 2)).astype(np.float64)
    both = words[:, None] + words
    share = words[:, None] / both
    most = both * (entr(share) + entr(1 - share)) / np.log(2)
    distances: NDArray[np.float64] = (
        pairwise_losses(Rows.from_counts(counts), in_double=True).losses / most
    )
    return distances


def _from_rest(whole: NDArray[np.int64], own: NDArray[np.int64]) -> float:
    rest = whole - own
    return float(_distances(np.stack([own, rest]))[0, 1]) if rest.any() else np.nan


def _agreements(
    counts: Sequence[NDArray[np.int64]],
    labels: Sequence[NDArray[np.intp]],
    random_state: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the classes of one recording group the neurons of another."""
    agreement, p_value = np.ones((2, len(counts), len(counts)))
    rows = Rows.from_counts(np.concatenate(list(counts)))
    parts = np.split(rows.wide(), np.cumsum([len(part) for part in counts])[:-1])
    sums = [
        np.stack([part[own == label].sum(axis=0) for label in range(own.max() + 1)])
        for part, own in zip(parts, labels, strict=True)
    ]
    for a, b in np.argwhere(~np.eye(len(counts), dtype=bool)):
        gained = [
            rows.values(parts[b] + one) - value
            for one, value in zip(sums[a], rows.values(sums[a]), strict=True)
        ]
        found = compare_labels(
            labels[b],
            np.argmax(gained, axis=0),
            n_permutations=_N_PERMUTATIONS,
            rng=random_state,
        )
        agreement[a, b] = found.adjusted_mutual_information
        p_value[a, b] = found.p_value
    return agreement, p_value
