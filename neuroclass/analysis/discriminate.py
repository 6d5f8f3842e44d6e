"""How well every pair of neurons of a recording is distinguished.

Input: a recording, or its `Responses`. Output: `Discrimination`: divergence, time to
accuracy and decoder of the pairs.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass import plotting, report
from neuroclass._lib.blas_threads import few_blas_threads
from neuroclass._lib.notebook_html import as_html
from neuroclass._lib.progress import show_stages
from neuroclass.analysis.coincident_units import coincident_spikes
from neuroclass.analysis.reference_labels import read_reference
from neuroclass.analysis.responses import (
    PreparationOptions,
    Recordings,
    Responses,
    responses_of,
)
from neuroclass.clustering import (
    AgglomerativeBottleneck,
    CountMatrix,
    build_merge_tree,
    leaf_order,
)
from neuroclass.discrimination.decoding import decode_pair
from neuroclass.discrimination.divergence import (
    PairDivergences,
    distinguishable_groups,
    pair_divergences,
)
from neuroclass.discrimination.observation_time import time_ratio_of_pairs
from neuroclass.responses.counts import ResponseCounts, conditions_of_windows
from neuroclass.responses.words import bin_words
from neuroclass.results.discrimination import DiscriminationResult
from neuroclass.results.labelled_arrays import pair_dataset

if TYPE_CHECKING:
    from neuroclass.plotting import PairPlots

__all__ = ["Discrimination", "discriminate_neurons"]

_ACCURACIES = (0.9, 0.95)  # by the first pairs are chosen for the decoder


class Discrimination(DiscriminationResult):
    """How well pairs of neurons are distinguished: `DiscriminationResult`.

    Made by `discriminate_neurons`.
    """

    @property
    def plot(self) -> PairPlots:
        """Figures: ``plot()`` for the times, ``plot.decoder_curves()`` and others."""
        return plotting.PairPlots(self)

    def to_xarray(self) -> Any:
        """Return the quantities of all pairs as matrices in an ``xarray.Dataset``.

        ``bits_per_second``, ``z`` and ``time_to_90`` (s) over unit and other_unit;
        needs xarray.
        """
        return pair_dataset(self)

    def save(
        self,
        folder: str | Path,
        *,
        force: bool = False,
        formats: Sequence[str] | None = None,
    ) -> Path:
        """Write the pairs and figures into a folder: `save_pairs`."""
        return report.save_pairs(self, Path(folder), force=force, formats=formats)

    def _repr_html_(self) -> str:
        return as_html(self.headline(), self.to_frame())


def discriminate_neurons(
    recording: Recordings | Responses,
    *,
    pairs: Sequence[tuple[Any, Any] | str] | None = None,
    reference: str | Path | None = None,
    random_state: int = 0,
    **options: Unpack[PreparationOptions],
) -> Discrimination:
    """Measure how well every pair of neurons of a recording is distinguished.

    Parameters
    ----------
    recording : Responses, neo.Block, str or Path, or a sequence of the latter three
        As from `prepare_responses` or `load_recording`, or what it reads. Several
        under the same stimulus are pooled: `pool_recordings`.
    pairs : sequence of pairs of unit ids, optional
        Pairs of the decoder curves, each two ids or text ``"A:B"``; by default the
        pairs with the shortest, median and longest time, and the pair with the least
        z.
    reference : str or Path, optional
        Classes for "within" and "between": a units column, a ``labels.csv`` or a
        result folder. By default those that `classify_neurons` finds.
    random_state : int, default 0
        Seed of the restarts of the classes.
    **options
        Keywords of `ResponseSettings` (intervals, stimulus, min_repeats, condition,
        triggers, trial_duration, bin_size, word_length, response, units), unless
        `recording` is `Responses`, and of `RunSettings` (n_jobs, cache, progress).

    Returns
    -------
    Discrimination

    Raises
    ------
    RecordingError
        If the recording cannot be used: no repeats, fewer than two units that fire.
    TypeError
        If a keyword is unknown.
    ValueError
        If an argument is out of range.

    Notes
    -----
    The test against chance takes the repeats of one neuron for independent of the
    other's. Two units that share their noise, such as one cell sorted into two, have
    a z far below 0. Neighbouring bins pooled in one condition (``condition`` without
    time) are not independent repeats, and z is then too large.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(2, 4, 20, duration="5s", n_unique=0, random_state=0)
    >>> discriminate_neurons(retina, bin_size="20ms").headline()
    '6 of 6 pairs of 4 neurons are distinguishable (100 %)'
    """
    responses, run = responses_of(
        recording,
        dict(options),
        "discriminate_neurons",
        tuple(discriminate_neurons.__kwdefaults__ or ()),
    )
    block, counts = responses.recording, responses.counts
    if reference is not None:
        read_reference(reference, block)  # a wrong name before the work
    chosen = None if pairs is None else _positions(pairs, counts.unit_ids)
    with few_blas_threads(counts.n_neurons), show_stages(run.progress) as begin:
        begin("classes")
        labels, classes, order, classes_from = _classes(
            block, counts, reference, n_jobs=run.n_jobs, random_state=random_state
        )
        begin("pairs")
        divergences = pair_divergences(
            counts, groups=responses.counted.small_groups(), n_jobs=run.n_jobs
        )
        ratios = time_ratio_of_pairs(
            counts, divergences, _ACCURACIES, n_jobs=run.n_jobs
        )
        begin("decoder")
        if chosen is None:
            chosen = _typical_pairs(divergences, ratios[0])
        curves = []
        for first, second in chosen:
            words = bin_words(
                block,
                *responses.words,
                units=[responses.units[first], responses.units[second]],
            )
            conditions, _, _ = conditions_of_windows(words)
            curves.append(
                decode_pair(
                    words.to_array(),
                    conditions,
                    words.word_duration,
                    neurons=(first, second),
                )
            )
        coincident = np.full(len(divergences.z), np.nan)
        alike = np.flatnonzero(~divergences.is_distinguishable)
        units_of = np.array(responses.units)
        coincident[alike] = coincident_spikes(
            block,
            responses.presentations,
            zip(
                units_of[divergences.first[alike]].tolist(),
                units_of[divergences.second[alike]].tolist(),
                strict=True,
            ),
        )
    n_windows = bin_words(block, *responses.words, units=[]).n_windows
    return Discrimination(
        unit_ids=counts.unit_ids,
        divergences=divergences,
        labels=labels,
        classes=classes,
        classes_from=classes_from,
        leaf_order=order,
        groups=distinguishable_groups(divergences.z),
        coincident_share=coincident,
        curves=tuple(curves),
        drift=responses.drift,
        counts=counts,
        time_ratios=dict(zip(_ACCURACIES, ratios, strict=True)),
        firing_rate=counts.firing_rate,
        word_duration=counts.word_duration,
        stimulus_duration=float(n_windows.sum() * counts.word_duration),
        recording=block,
        presentations=responses.presentations,
        settings={
            **responses.described_settings(),
            "reference": None if reference is None else str(reference),
            "random_state": random_state,
        },
        issues=responses.issues,
    )


def _positions(
    pairs: Sequence[tuple[Any, Any] | str], unit_ids: tuple[Any, ...]
) -> list[tuple[int, int]]:
    """Return the positions of pairs of unit ids."""
    place = {str(unit_id): k for k, unit_id in enumerate(unit_ids)}
    found = []
    for pair in pairs:
        ids = _two_ids(pair, place) if isinstance(pair, str) else tuple(pair)
        if len(ids) != 2:
            raise ValueError(f"pairs must be of two units; got {pair!r}.")
        a, b = ids
        for unit in (a, b):
            if str(unit) not in place:
                raise ValueError(
                    f"pairs must name units of the recording; got {str(unit)!r}. "
                    "inspect lists them."
                )
        if str(a) == str(b):
            raise ValueError(f"pairs must be of two units; got {a} twice.")
        found.append((place[str(a)], place[str(b)]))
    return found


def _two_ids(text: str, known: Container[str]) -> tuple[str, ...]:
    """Cut A:B at the colon that has a unit on both sides: ids of pools hold colons."""
    parts = text.split(":")
    cuts = [(":".join(parts[:k]), ":".join(parts[k:])) for k in range(1, len(parts))]
    found = [cut for cut in cuts if cut[0] in known and cut[1] in known]
    return (*found, *cuts, (text,))[0]


def _classes(
    recording: neo.Block,
    counts: ResponseCounts,
    reference: str | Path | None,
    *,
    n_jobs: int | None,
    random_state: int,
) -> tuple[NDArray[np.intp], tuple[str, ...], NDArray[np.intp], str]:
    """Return class of each neuron, names, leaf order of the tree, and the origin."""
    if reference is None:
        model = AgglomerativeBottleneck(n_jobs=n_jobs, random_state=random_state)
        model.fit(counts)
        names = tuple(str(k) for k in range(model.n_clusters_))
        return model.labels_, names, model.leaf_order_, "found here"
    origin, known = read_reference(reference, recording)
    given = [str(known.get(str(unit_id), "")) for unit_id in counts.unit_ids]
    if not any(given):
        raise ValueError(
            f"reference must label the units of the recording; {origin} labels none "
            "of them. Are its unit ids the same?"
        )
    names = tuple(sorted(set(given) - {""}, key=lambda n: (not n.isdigit(), len(n), n)))
    place = {"": -1, **{name: k for k, name in enumerate(names)}}
    labels = np.array([place[name] for name in given], dtype=np.intp)
    tree = build_merge_tree(CountMatrix.from_counts(counts.counts), labels=labels)
    return labels, names, leaf_order(tree.children), origin


def _typical_pairs(
    pairs: PairDivergences, ratio: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """Return the pairs of the shortest, median and longest time, and of the least z."""
    order = np.argsort(ratio / pairs.bits_per_word)  # nan, without a time, is last
    n_timed = int(np.isfinite(ratio).sum())
    chosen = [order[k] for k in (0, (n_timed - 1) // 2, n_timed - 1) if n_timed]
    chosen.append(int(np.argmin(pairs.z)))
    distinct = dict.fromkeys(int(k) for k in chosen)
    return [(int(pairs.first[k]), int(pairs.second[k])) for k in distinct]
