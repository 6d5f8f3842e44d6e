"""From a recording to how every two of its neurons are told apart.

Takes a recording, the path of one or several, gives a `Discrimination`.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import neo
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from neuroclass._lib.progress import is_watched
from neuroclass.analysis.bin_choice import count_recorded_units
from neuroclass.analysis.quality_checks import (
    check_counts_can_be_classified,
    warn_of_drift,
)
from neuroclass.analysis.reference_labels import read_reference
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
from neuroclass.discrimination.duplicate_units import coincident_spikes
from neuroclass.discrimination.observation_time import factor_of_pairs
from neuroclass.presentations.loading import (
    find_presentations,
    open_recording,
    presentation_setting,
)
from neuroclass.presentations.units import select_units
from neuroclass.responses.block_counts import words_in_blocks
from neuroclass.responses.counts import ResponseCounts
from neuroclass.responses.stationarity import drift_test
from neuroclass.responses.words import bin_words
from neuroclass.results.discrimination import Discrimination

__all__ = ["discriminate_neurons"]

_STAGES = ("words", "classes", "pairs", "decoder")
_ACCURACIES = (0.9, 0.95)  # by the first pairs are chosen for the decoder


def discriminate_neurons(
    recording: neo.Block | str | Path | Sequence[neo.Block | str | Path],
    *,
    pairs: Sequence[tuple[Any, Any] | str] | None = None,
    reference: str | Path | None = None,
    intervals: str | None = None,
    stimulus: str | None = None,
    triggers: Any = None,
    trial_duration: Any = None,
    min_repeats: int = 10,
    condition: str = "stimulus,time",
    bin_size: Any = "auto",
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    units: Mapping[str, Sequence[Any]] | None = None,
    cache: str | Path | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Discrimination:
    """Find how soon every two neurons of a recording are told apart.

    Parameters
    ----------
    recording : neo.Block, str or Path, or a sequence of these
        As from `load_recording`, or what it reads. Several under the same stimulus
        are pooled: `pool_recordings`.
    pairs : sequence of pairs of unit ids, optional
        Whose decoder curves are measured, each two ids or text ``"A:B"``; by default
        the pairs that are told apart soonest, at the median, and last, and the pair
        that is told apart least of all.
    reference : str or Path, optional
        The classes for "within" and "between": a units column, a ``labels.csv`` or a
        result folder. By default those that `classify_neurons` finds.
    intervals, stimulus, min_repeats, condition
        What are repeats of what: `select_presentations`.
    triggers, trial_duration
        Stimulus onsets for a path: `load_recording`.
    bin_size : "auto", float, str or quantities.Quantity, default "auto"
        Width of a bin; a number is seconds; chosen by `choose_bin_size`.
    word_length, response
        Words: `bin_words`.
    units : mapping, optional
        Which units to take, by unit columns: `select_units`.
    cache : str or Path, optional
        A folder that keeps what was counted, for very many spikes: `count_recording`.
    n_jobs, random_state
        Of the classes, as in `classify_neurons`.
    progress : bool, default True
        Show a progress bar, on stderr, if it takes longer than two seconds.

    Returns
    -------
    Discrimination

    Raises
    ------
    RecordingError
        If the recording cannot be used: no repeats, fewer than two usable units.
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
    >>> retina = simulate_retina(2, 4, 20, duration="5s", n_unique=0, rng=0)
    >>> discriminate_neurons(retina, bin_size="20ms").headline()
    '5 of 6 pairs of 4 neurons are distinguishable (83.3 %)'
    """
    opened = open_recording(
        recording,
        triggers=triggers,
        trial_duration=trial_duration,
        lazy=cache is not None,
    )
    is_hidden = not is_watched(progress)
    with tqdm(_STAGES, delay=2, disable=is_hidden, leave=False) as bar:
        stages = iter(bar)

        def begin() -> None:
            bar.set_description(next(stages), refresh=False)

        begin()
        recording, presentations = find_presentations(
            opened,
            intervals=intervals,
            stimulus=stimulus,
            min_repeats=min_repeats,
            condition=condition,
        )
        if reference is not None:
            read_reference(reference, recording)  # a wrong name is told before the work
        heard = count_recorded_units(
            recording,
            presentations,
            bin_size,
            word_length,
            response,
            units=select_units(recording, units),
            cache=cache,
            progress=progress,
        )
        counts = heard.counts
        check_counts_can_be_classified(recording, counts)
        wanted = None if pairs is None else _positions(pairs, counts.unit_ids)
        spoken = (presentations, heard.bin_size, word_length, response)
        drift = drift_test(words_in_blocks(recording, *spoken, units=heard.units))
        warn_of_drift(drift)
        begin()
        labels, classes, order, classes_from = _classes(
            recording, counts, reference, n_jobs=n_jobs, random_state=random_state
        )
        begin()
        divergences = pair_divergences(counts, groups=heard.counted.groups())
        factors = factor_of_pairs(counts, divergences, _ACCURACIES)
        begin()
        if wanted is None:
            wanted = _telling_pairs(divergences, factors[0])
        curves = []
        for first, second in wanted:
            words = bin_words(
                recording, *spoken, units=[heard.units[first], heard.units[second]]
            )
            curve = decode_pair(words, 0, 1)
            curves.append(replace(curve, first=first, second=second))
        n_windows = bin_words(recording, *spoken, units=[]).n_windows
        coincident = np.full(len(divergences.z), np.nan)
        alike = np.flatnonzero(~divergences.is_distinguishable)
        units_of = np.array(heard.units)
        coincident[alike] = coincident_spikes(
            recording,
            presentations,
            zip(
                units_of[divergences.first[alike]].tolist(),
                units_of[divergences.second[alike]].tolist(),
                strict=True,
            ),
        )
    return Discrimination(
        unit_ids=counts.unit_ids,
        divergences=divergences,
        labels=labels,
        classes=classes,
        classes_from=classes_from,
        leaf_order=order,
        groups=distinguishable_groups(divergences.z),
        coincident=coincident,
        curves=tuple(curves),
        drift=drift,
        counts=counts,
        factors=dict(zip(_ACCURACIES, factors, strict=True)),
        firing_rate=counts.firing_rate,
        word_duration=counts.word_duration,
        stimulus_duration=float(n_windows.sum() * counts.word_duration),
        recording=recording,
        presentations=presentations,
        settings={
            "presentations": presentation_setting(presentations, intervals, stimulus),
            "min_repeats": min_repeats,
            "condition": condition,
            "bin_size": heard.bin_setting,
            "word_length": word_length,
            "response": response,
            "units": None if units is None else dict(units),
            "reference": None if reference is None else str(reference),
            "random_state": random_state,
        },
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


def _telling_pairs(
    pairs: PairDivergences, factor: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """Return the pairs told apart soonest, at the median, last, and least of all."""
    order = np.argsort(factor / pairs.bits_per_word)  # nan, without a time, is last
    n_apart = int(np.isfinite(factor).sum())
    chosen = [order[k] for k in (0, (n_apart - 1) // 2, n_apart - 1) if n_apart]
    chosen.append(int(np.argmin(pairs.z)))
    distinct = dict.fromkeys(int(k) for k in chosen)
    return [(int(pairs.first[k]), int(pairs.second[k])) for k in distinct]
