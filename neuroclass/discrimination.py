"""How unique each neuron is: how soon, and by how many spikes, two are told apart.

Takes a recording (or the path of one), gives a `Discrimination`: for every two neurons
the divergence of their responses and the time it takes to tell which of them speaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import neo
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from tqdm import tqdm

from neuroclass._progress import is_watched
from neuroclass.agreement import read_reference
from neuroclass.bottleneck import AgglomerativeBottleneck
from neuroclass.decoding import DecoderCurve, decode_pair
from neuroclass.divergence import (
    PairDivergences,
    distinguishable_groups,
    pair_divergences,
)
from neuroclass.evidence import check_counts_can_be_classified
from neuroclass.io import load_recording
from neuroclass.merging import leaf_order, merge_tree
from neuroclass.presentations import Presentations, select_presentations
from neuroclass.rows import Rows
from neuroclass.units import select_units
from neuroclass.word_choice import count_recorded_units
from neuroclass.words import ResponseCounts, bin_words

__all__ = ["Discrimination", "discriminate_neurons", "seconds_to_accuracy"]

_COINCIDENCE = 1.001e-3  # s, for times in whole ms
_MOST_SPIKES = 0.5
_STAGES = ("words", "classes", "pairs", "decoder")


def seconds_to_accuracy(information_rate: ArrayLike, accuracy: float) -> Any:
    r"""Return how long two neurons are heard until they are told apart.

    .. math:: t = \frac{z^2}{2 \ln 2 \, J}

    with the information rate J (bits/s) of the pair and the Gaussian quantile z of the
    accuracy: 1.185 bits for 90 % correct, 1.952 bits for 95 %.

    Parameters
    ----------
    information_rate : array_like
        Jensen-Shannon divergence over the duration of a word, bits/s; positive.
    accuracy : float
        Fraction of correct answers, between 0.5 and 1.

    Returns
    -------
    ndarray or float
        s.

    Raises
    ------
    ValueError
        If `accuracy` is not between 0.5 and 1.

    Notes
    -----
    The evidence for one neuron against the other grows by small independent steps, so
    it is Gaussian, and each step's divergence is an eighth of its squared distance in
    standard deviations (over ln 2).  Chernoff's bound would give 1.3 to 2 times as
    much.  ``test_times_are_those_of_gaussian_evidence``; against Monte Carlo in
    docs/validation.md.

    Examples
    --------
    >>> round(seconds_to_accuracy(2.0, 0.9), 3)
    0.592
    """
    if not 0.5 < accuracy < 1:
        raise ValueError(f"accuracy must be between 0.5 and 1; got {accuracy!r}.")
    seconds = ndtri(accuracy) ** 2 / (2 * np.log(2)) / np.asarray(information_rate)
    return float(seconds) if seconds.ndim == 0 else seconds


@dataclass(frozen=True)
class Discrimination:
    """How the neurons of a recording are told apart, pair by pair.

    Arrays over pairs are in the order of `PairDivergences`.

    Attributes
    ----------
    unit_ids : tuple, one per neuron
        Ids.
    divergences : PairDivergences
        Bits per word, with intervals and z.
    labels : ndarray of shape (n_neurons,)
        Class of each neuron; -1 where the reference has none.
    classes : tuple of str
        Names of the classes.
    classes_from : str
        Where the classes come from.
    leaf_order : ndarray of shape (n_neurons,)
        Neurons in the order of the merge tree through these classes.
    groups : ndarray of shape (n_neurons,)
        Groups that the data tell apart: `distinguishable_groups`.
    coincident : ndarray of shape (n_pairs,)
        Of pairs that are not distinguishable: the share c of the spikes of the unit
        with fewer that come within 1 ms of one of the other, beyond the share c' of
        spikes that come within 1 ms of one in the next repeat: (c - c') / (1 - c').
        Nan for all others. Above one half the two are likely one cell, sorted into
        two units.
    curves : tuple of DecoderCurve
        Of the chosen pairs.
    firing_rate : ndarray of shape (n_neurons,)
        Inside the words, Hz.
    word_duration, stimulus_duration : float
        s; of all stimuli together.
    recording : neo.Block
        What was measured.
    presentations : Presentations
        What was taken for repeats.
    settings : dict
        Every setting; automatic ones as ``{"value", "chosen": "auto", "why"}``.
    """

    unit_ids: tuple[Any, ...] = field(repr=False)
    divergences: PairDivergences = field(repr=False)
    labels: NDArray[np.intp] = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)
    classes_from: str
    leaf_order: NDArray[np.intp] = field(repr=False)
    groups: NDArray[np.intp] = field(repr=False)
    coincident: NDArray[np.float64] = field(repr=False)
    curves: tuple[DecoderCurve, ...] = field(repr=False)
    firing_rate: NDArray[np.float64] = field(repr=False)
    word_duration: float
    stimulus_duration: float
    recording: neo.Block = field(repr=False)
    presentations: Presentations = field(repr=False)
    settings: dict[str, Any] = field(repr=False)

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.unit_ids)

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return len(self.divergences.z)

    @property
    def n_distinguishable(self) -> int:
        """Number of groups that the data tell apart, at a false discovery rate of 5 %.

        See `distinguishable_groups`: it counts differences, not classes.
        """
        return int(self.groups.max()) + 1

    @property
    def information_rate(self) -> NDArray[np.float64]:
        """Divergence of each pair, bits/s, (n_pairs,)."""
        return self.divergences.bits_per_word / self.word_duration

    @property
    def information_rate_interval(self) -> NDArray[np.float64]:
        """95 % intervals of `information_rate`, (n_pairs, 2)."""
        return self.divergences.interval / self.word_duration

    @property
    def is_distinguishable(self) -> NDArray[np.bool_]:
        """Which pairs get a time: z of at least 2.5, and a lower bound above 0."""
        return self.divergences.is_distinguishable

    @property
    def is_within(self) -> NDArray[np.bool_]:
        """Which pairs are of one class, (n_pairs,)."""
        first, second = self._labels_of_pairs()
        is_within: NDArray[np.bool_] = (first == second) & (first >= 0)
        return is_within

    @property
    def is_between(self) -> NDArray[np.bool_]:
        """Which pairs are of two classes, (n_pairs,)."""
        first, second = self._labels_of_pairs()
        is_between = (first != second) & (np.minimum(first, second) >= 0)
        return np.asarray(is_between)

    def _labels_of_pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        pairs = self.divergences
        return self.labels[pairs.first], self.labels[pairs.second]

    def seconds(self, accuracy: float = 0.9) -> NDArray[np.float64]:
        """Return the time to `accuracy` of each pair, s; nan if not distinguishable."""
        rate = np.where(self.is_distinguishable, self.information_rate, np.nan)
        seconds: NDArray[np.float64] = seconds_to_accuracy(rate, accuracy)
        return seconds

    def seconds_interval(self, accuracy: float = 0.9) -> NDArray[np.float64]:
        """Return 95 % intervals of `seconds`, (n_pairs, 2)."""
        rate = np.where(
            self.is_distinguishable[:, None], self.information_rate_interval, np.nan
        )
        seconds: NDArray[np.float64] = seconds_to_accuracy(rate[:, ::-1], accuracy)
        return seconds

    def is_extrapolated(self, accuracy: float = 0.9) -> NDArray[np.bool_]:
        """Return which times are longer than the stimulus, (n_pairs,)."""
        return self.seconds(accuracy) > self.stimulus_duration

    def spikes(self, accuracy: float = 0.9) -> NDArray[np.float64]:
        """Return the spikes that come in `seconds`, at the mean rate of the pair."""
        pairs = self.divergences
        rate = (self.firing_rate[pairs.first] + self.firing_rate[pairs.second]) / 2
        return self.seconds(accuracy) * rate

    def median_seconds(
        self, which: NDArray[np.bool_] | None = None, accuracy: float = 0.9
    ) -> float:
        """Return the median time of the pairs `which`.

        Pairs that are not distinguishable take longer than all others; nan if they
        are more than half, or there is no pair.
        """
        seconds = self.seconds(accuracy)
        chosen = seconds if which is None else seconds[which]
        if not len(chosen):
            return float("nan")
        median = float(np.median(np.where(np.isnan(chosen), np.inf, chosen)))
        return median if np.isfinite(median) else float("nan")

    def not_told_apart(self) -> dict[Any, tuple[Any, ...]]:
        """Return the units that are not distinguishable from some other: from which."""
        pairs, others = self.divergences, {}
        for unit, unit_id in enumerate(self.unit_ids):
            is_mine = (pairs.first == unit) | (pairs.second == unit)
            found = np.flatnonzero(is_mine & ~self.is_distinguishable)
            if len(found):
                other = pairs.first[found] + pairs.second[found] - unit
                others[unit_id] = tuple(self.unit_ids[k] for k in other)
        return others

    def likely_one_cell(self) -> tuple[tuple[Any, Any, float], ...]:
        """Return the pairs of units that share most of their spikes, and which share.

        Only pairs that are not distinguishable are looked at.
        """
        pairs = self.divergences
        return tuple(
            (
                self.unit_ids[pairs.first[k]],
                self.unit_ids[pairs.second[k]],
                float(self.coincident[k]),
            )
            for k in np.flatnonzero(np.nan_to_num(self.coincident) > _MOST_SPIKES)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair."""
        pairs = self.divergences
        ids = np.empty(self.n_neurons, dtype=object)
        ids[:] = self.unit_ids
        first, second = self._labels_of_pairs()
        names = np.array([*self.classes, ""], dtype=object)  # -1 is the last
        table: dict[str, Any] = {
            "unit_a": ids[pairs.first],
            "unit_b": ids[pairs.second],
            "class_a": names[first],
            "class_b": names[second],
            "bits_per_second": self.information_rate,
            "low": self.information_rate_interval[:, 0],
            "high": self.information_rate_interval[:, 1],
            "z": pairs.z,
            "plug_in": pairs.plug_in / self.word_duration,
            "chance_level": pairs.chance_level / self.word_duration,
            "is_distinguishable": self.is_distinguishable,
            "coincident": self.coincident,
        }
        for percent in (90, 95):
            accuracy = percent / 100
            interval = self.seconds_interval(accuracy)
            table[f"seconds_{percent}"] = self.seconds(accuracy)
            table[f"seconds_{percent}_low"] = interval[:, 0]
            table[f"seconds_{percent}_high"] = interval[:, 1]
            table[f"spikes_{percent}"] = self.spikes(accuracy)
            table[f"is_extrapolated_{percent}"] = self.is_extrapolated(accuracy)
        return pd.DataFrame(table)

    def headline(self) -> str:
        """Return the result in one sentence."""
        n_found = int(self.is_distinguishable.sum())
        return (
            f"{n_found} of {self.n_pairs} pairs of {self.n_neurons} neurons are "
            f"distinguishable ({100 * n_found / self.n_pairs:.3g} %)"
        )

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the pairs and figures into a folder: `save_pairs`."""
        from neuroclass.report import save_pairs  # noqa: PLC0415 - a later stage

        return save_pairs(self, Path(folder), force=force)


def discriminate_neurons(
    recording: neo.Block | str | Path,
    *,
    pairs: Sequence[tuple[Any, Any]] | None = None,
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
    n_jobs: int | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Discrimination:
    """Find how soon every two neurons of a recording are told apart.

    Parameters
    ----------
    recording : neo.Block, str or Path
        As from `load_recording`, or what it reads.
    pairs : sequence of pairs of unit ids, optional
        Whose decoder curves are measured; by default the pairs that are told apart
        soonest, at the median, and last, and the pair that is told apart least of all.
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
    if isinstance(recording, str | Path):
        recording = load_recording(
            recording, triggers=triggers, trial_duration=trial_duration
        )
    elif triggers is not None or trial_duration is not None:
        raise ValueError(
            "triggers and trial_duration must go to load_recording, when recording is "
            "loaded already."
        )
    if reference is not None:
        read_reference(reference, recording)  # a wrong name is told before the work
    is_hidden = not is_watched(progress)
    with tqdm(_STAGES, delay=2, disable=is_hidden, leave=False) as bar:
        stages = iter(bar)

        def begin() -> None:
            bar.set_description(next(stages), refresh=False)

        begin()
        presentations = select_presentations(
            recording,
            intervals=intervals,
            stimulus=stimulus,
            min_repeats=min_repeats,
            condition=condition,
        )
        chosen = select_units(recording, units)
        heard = count_recorded_units(
            recording, presentations, bin_size, word_length, response, units=chosen
        )
        counts = heard.counts
        check_counts_can_be_classified(recording, counts)
        wanted = None if pairs is None else _positions(pairs, counts.unit_ids)
        begin()
        labels, classes, order, classes_from = _classes(
            recording, counts, reference, n_jobs=n_jobs, random_state=random_state
        )
        begin()
        divergences = pair_divergences(counts, groups=heard.counted.groups())
        begin()
        if wanted is None:
            wanted = _telling_pairs(divergences)
        words = bin_words(
            recording,
            presentations,
            heard.bin_size,
            word_length,
            response,
            units=heard.units,
        )
        curves = tuple(decode_pair(words, a, b) for a, b in wanted)
    return Discrimination(
        unit_ids=counts.unit_ids,
        divergences=divergences,
        labels=labels,
        classes=classes,
        classes_from=classes_from,
        leaf_order=order,
        groups=distinguishable_groups(divergences.z),
        coincident=_coincident(recording, presentations, heard.units, divergences),
        curves=curves,
        firing_rate=counts.firing_rate,
        word_duration=counts.word_duration,
        stimulus_duration=float(words.n_windows.sum() * words.word_duration),
        recording=recording,
        presentations=presentations,
        settings={
            "presentations": {
                "value": presentations.source,
                "chosen": "auto" if intervals is None and stimulus is None else "given",
                "why": presentations.reason,
            },
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
    pairs: Sequence[tuple[Any, Any]], unit_ids: tuple[Any, ...]
) -> list[tuple[int, int]]:
    """Return the positions of pairs of unit ids."""
    place = {str(unit_id): k for k, unit_id in enumerate(unit_ids)}
    found = []
    for a, b in pairs:
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
    tree = merge_tree(Rows.from_counts(counts.counts), labels=labels)
    return labels, names, leaf_order(tree.children), origin


def _telling_pairs(pairs: PairDivergences) -> list[tuple[int, int]]:
    """Return the pairs told apart soonest, at the median, last, and least of all."""
    is_apart = pairs.is_distinguishable
    order = np.argsort(-np.where(is_apart, pairs.bits_per_word, -np.inf))
    n_apart = int(is_apart.sum())
    chosen = [order[k] for k in (0, (n_apart - 1) // 2, n_apart - 1) if n_apart]
    chosen.append(int(np.argmin(pairs.z)))
    distinct = dict.fromkeys(int(k) for k in chosen)
    return [(int(pairs.first[k]), int(pairs.second[k])) for k in distinct]


def _coincident(
    recording: neo.Block,
    presentations: Presentations,
    units: Sequence[int],
    pairs: PairDivergences,
) -> NDArray[np.float64]:
    """Return the share of coincident spikes of the pairs that are told apart least."""
    trains = recording.segments[0].spiketrains
    shares = np.full(len(pairs.z), np.nan)
    for k in np.flatnonzero(~pairs.is_distinguishable):
        fewer, more = sorted(
            (
                trains[units[unit]].rescale("s").magnitude
                for unit in (pairs.first[k], pairs.second[k])
            ),
            key=len,
        )
        spikes, shifted = _shift_by_a_repeat(fewer, presentations)
        if len(spikes):
            share, by_chance = _near(spikes, more), _near(shifted, more)
            shares[k] = (share - by_chance) / (1 - by_chance) if by_chance < 1 else 0
    return shares


def _near(spikes: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the share of spikes with one of the others close by."""
    others = np.sort(others)
    early = np.searchsorted(others, spikes - _COINCIDENCE)
    late = np.searchsorted(others, spikes + _COINCIDENCE)
    return float((late > early).mean())


def _shift_by_a_repeat(
    spikes: NDArray[np.float64], presentations: Presentations
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the spikes in presentations, and the same times in the next repeat."""
    inside, shifted = [], []
    for stimulus, duration in enumerate(presentations.durations):
        starts = presentations.starts[presentations.stimulus == stimulus]
        for start, following in zip(starts, np.roll(starts, -1), strict=True):
            here = spikes[(spikes >= start) & (spikes < start + duration)]
            inside.append(here)
            shifted.append(here - start + following)
    return np.concatenate(inside), np.concatenate(shifted)
