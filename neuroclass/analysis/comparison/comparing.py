"""Our classes beside classical groupings of the neurons of a recording.

Input: a recording, or its `Responses`. Output: `Comparison`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from neuroclass import plotting, report
from neuroclass._lib.checks import (
    as_bytes,
    as_seconds,
    check_positive_int,
)
from neuroclass._lib.issues import Issue, warn_of
from neuroclass._lib.keywords import settings_from
from neuroclass._lib.notebook_html import as_html
from neuroclass._lib.progress import announce, show_stages
from neuroclass._lib.wording import plural, some
from neuroclass.analysis.comparison.grouping_methods import (
    NeuronsToGroup,
    grouping_methods,
)
from neuroclass.analysis.comparison.grouping_settings import (
    GroupingOptions,
    GroupingSettings,
)
from neuroclass.analysis.comparison.judging import Judge, judge_grouping
from neuroclass.analysis.reference_labels import read_reference
from neuroclass.analysis.responses import (
    PreparationOptions,
    Recordings,
    Responses,
    responses_of,
)
from neuroclass.clustering import choose_method
from neuroclass.clustering.timing import SpikeCounts, find_participants
from neuroclass.exceptions import RecordingError
from neuroclass.groupings import has_sib
from neuroclass.results import DistanceCost, GroupingComparison
from neuroclass.spike_times import (
    SPIKE_DISTANCES,
    RepeatedTrains,
    has_pyspike,
    read_repeated_trains,
    seconds_per_pair,
)

if TYPE_CHECKING:
    from neuroclass.plotting import ComparisonPlots

__all__ = ["CompareOptions", "Comparison", "compare_groupings"]

_SETTINGS = tuple(field.name for field in fields(GroupingSettings))
_N_MICRO = 300
_LEAST = 4  # neurons that can be grouped in more than one way worth comparing
_LONG = 10.0  # s, of distances whose cost is announced


class Comparison(GroupingComparison):
    """Groupings of the same neurons beside each other: `GroupingComparison`.

    Made by `compare_groupings`. Printing it gives the table of groupings.
    """

    @property
    def plot(self) -> ComparisonPlots:
        """Figures: ``plot()`` for the contingencies with every grouping."""
        return plotting.ComparisonPlots(self)

    def save(
        self,
        folder: str | Path,
        *,
        force: bool = False,
        formats: Sequence[str] | None = None,
    ) -> Path:
        """Write table, labels, figure and report into a folder: `save_comparison`."""
        return report.save_comparison(self, Path(folder), force=force, formats=formats)

    def _repr_html_(self) -> str:
        return as_html(f"{self.headline()}.", self.to_frame())


class CompareOptions(GroupingOptions, PreparationOptions, total=False):
    """Keywords of `compare_groupings` beside its own."""


def compare_groupings(
    recording: Recordings | Responses,
    *,
    n_clusters: Literal["auto"] | int = "auto",
    types: str | Path | None = None,
    random_state: int = 0,
    **options: Unpack[CompareOptions],
) -> Comparison:
    """Compare our classes with classical groupings of the same neurons.

    Mean rate, statistics of intervals between spikes, k-means and Gaussian mixtures of
    PSTHs, correlation, spike-train distances and other information bottlenecks; each
    with its own number of groups, and with one number for all.

    Parameters
    ----------
    recording : Responses, neo.Block, str or Path, or a sequence of the latter three
        As in `classify_neurons`.
    n_clusters : "auto" or int, default "auto"
        Number of groups at which all are compared; by default the number of types, else
        that of our classes.
    types : str or Path, optional
        Known types of the units: a units column, a ``labels.csv`` or a result folder.
        No grouping is made with them.
    random_state : int, default 0
        Seed of the restarts, permutations and samples.
    **options
        Keywords of `GroupingSettings` (time_constant, distance_units,
        distance_repeats); of `ResponseSettings`, unless `recording` is `Responses`; and
        of `RunSettings`.

    Returns
    -------
    Comparison

    Raises
    ------
    RecordingError
        If the recording cannot be used, or fewer than four units have a response.
    TypeError
        If a keyword is unknown.
    ValueError
        If an argument is out of range, the condition pools the times of spikes, or the
        types are of fewer than two units.

    Notes
    -----
    All groupings are of the units whose response repeats (`find_participants`). A
    grouping that can be made of some of them only is judged, and our classes beside it,
    by these. Stability: adjusted Rand index of partitions by odd and by even repeats.
    Information between groups: `information_between_classes`, corrected by the same
    estimator for all.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(n_types=3, n_neurons=24, n_unique=0, random_state=0)
    >>> compared = compare_groupings(retina, types="true_type", distance_units=0)
    >>> compared.ours.same.with_types.adjusted_rand_index
    1.0
    """
    of_grouping = {k: v for k, v in options.items() if k in _SETTINGS}
    settings = settings_from(GroupingSettings, None, of_grouping, "compare_groupings")
    time_constant = as_seconds(settings.time_constant, "time_constant")
    check_positive_int(settings.distance_units, "distance_units", minimum=0)
    check_positive_int(settings.distance_repeats, "distance_repeats", minimum=2)
    if n_clusters != "auto":
        check_positive_int(n_clusters, "n_clusters", minimum=2)
    responses, run = responses_of(
        recording,
        {k: v for k, v in options.items() if k not in of_grouping},
        "compare_groupings",
        (*(compare_groupings.__kwdefaults__ or ()), *_SETTINGS),
    )
    condition = responses.presentations.condition
    if "time" not in condition.split(","):
        raise ValueError(
            f"condition must hold time for groupings of PSTHs; got {condition!r}. "
            "Leave it out."
        )
    spikes, part = _grouped_units(responses)
    units = [responses.units[k] for k in part]
    unit_ids = tuple(responses.counts.unit_ids[k] for k in part)
    known, types_name, type_issues = _types_of(types, responses, unit_ids)
    sample = _sample(settings, unit_ids, random_state)
    trains = read_repeated_trains(responses.recording, responses.presentations, units)
    sampled = _sampled_trains(trains, sample, settings.distance_repeats)
    costs = _costs(trains, sampled, time_constant)
    warn_of(type_issues)
    for cost in costs:
        if cost.all_seconds > _LONG:
            announce(f"{cost}.", progress=run.progress)
    number, number_from = _number_of(n_clusters, known)
    micro = choose_method("auto", len(units), as_bytes(run.memory, "memory"))
    groups = _GroupsOfRepeats(responses, part)
    neurons = NeuronsToGroup(
        spikes=spikes,
        words=responses.counts.counts[part],
        word_halves=groups.halves(),
        trains=trains,
        sample=sample if sampled.n_repeats > 1 else sample[:0],
        sampled=sampled,
        bin_size=responses.spike_sums.bin_size,
        time_constant=time_constant,
        n_micro=_N_MICRO if micro["value"] == "sequential" else None,
        n_jobs=run.n_jobs,
        random_state=random_state,
    )
    ours, *peers = grouping_methods(neurons)
    judge = Judge(neurons, groups.each, number, known, types_name)
    with show_stages(run.progress) as begin:
        begin(ours.name)
        first, partitions = judge_grouping(ours, judge)
        if number is None and first.own is not None:
            number = first.own.n_groups
        judge = replace(judge, n_groups=number)
        found = [first]
        for method in peers:
            begin(method.name)
            found.append(judge_grouping(method, judge, partitions)[0])
    return Comparison(
        groupings=tuple(found),
        n_groups=number or 1,
        number_from=number_from,
        unit_ids=unit_ids,
        n_all_units=len(responses.recording.segments[0].spiketrains),
        types=None if known is None else tuple(known.tolist()),
        types_name=types_name,
        costs=costs,
        missing=_missing(settings),
        presentations=responses.presentations,
        settings={
            "n_clusters": n_clusters,
            "types": None if types is None else str(types),
            "time_constant": time_constant,
            "distance_units": settings.distance_units,
            "distance_repeats": settings.distance_repeats,
            **responses.described_settings(),
            "random_state": random_state,
        },
        issues=(*responses.issues, *responses.bin_issues, *type_issues),
        recording=responses.recording,
    )


def _grouped_units(responses: Responses) -> tuple[SpikeCounts, NDArray[np.intp]]:
    """Return the spike counts of the units whose response repeats, and which they are.

    Positions among the recorded units. Where these are fewer than four, all that fire.
    """
    spikes = responses.spike_counts
    part = np.flatnonzero(find_participants(spikes).takes_part)
    if len(part) < _LEAST:
        part = np.flatnonzero(spikes.counts.sum(axis=1) > 0)
    if len(part) < _LEAST:
        raise RecordingError(
            f"recording must have at least {_LEAST} units that fire, to be grouped; it "
            f"has {len(part)}. Record more units."
        )
    return spikes.of(part), part


def _types_of(
    types: str | Path | None, responses: Responses, unit_ids: tuple[Any, ...]
) -> tuple[NDArray[np.str_] | None, str, tuple[Issue, ...]]:
    """Return the type of each unit, "" where it has none, and where they come from.

    A type of one unit is listed, not scored.
    """
    if types is None:
        return None, "", ()
    name, of_unit = read_reference(types, responses.recording, argument="types")
    known = np.array([str(of_unit.get(str(unit), "")) for unit in unit_ids], dtype=str)
    sizes = Counter(known[known != ""].tolist())
    single = sorted(kind for kind, size in sizes.items() if size == 1)
    issues = []
    if single:
        issues.append(
            Issue(
                "types of one unit",
                f"{plural(len(single), 'type has', 'types have')} one grouped unit and "
                f"{'is' if len(single) == 1 else 'are'} not scored: {some(single)}.",
                is_warned=False,
            )
        )
        known[np.isin(known, single)] = ""
    n_typed = int((known != "").sum())
    if n_typed < 2:
        raise ValueError(
            f"types must label at least two grouped units of one type; {name} labels "
            f"{n_typed} of {len(unit_ids)}. Are its unit ids the same?"
        )
    if n_typed < len(unit_ids):
        issues.append(
            Issue(
                "units without type",
                f"{len(unit_ids) - n_typed} of {len(unit_ids)} grouped units have no "
                "type: agreement with the types is that of the others.",
                is_warned=False,
            )
        )
    return known, name, tuple(issues)


def _number_of(
    n_clusters: Literal["auto"] | int, types: NDArray[np.str_] | None
) -> tuple[int | None, str]:
    """Return the number of groups of the comparison, None for ours, and its origin."""
    if n_clusters != "auto":
        return int(n_clusters), "given"
    if types is not None:
        number = len(np.unique(types[types != ""]))
        if number > 1:
            return number, "types"
    return None, "ours"


def _sample(
    settings: GroupingSettings, unit_ids: tuple[Any, ...], random_state: int
) -> NDArray[np.intp]:
    """Return the units whose spike trains are compared in pairs."""
    n_units = len(unit_ids)
    if settings.distance_units >= n_units:
        return np.arange(n_units)
    rng = np.random.default_rng(random_state)
    drawn = rng.choice(n_units, settings.distance_units, replace=False)
    return np.sort(drawn)


def _sampled_trains(
    trains: RepeatedTrains, sample: NDArray[np.intp], n_repeats: int
) -> RepeatedTrains:
    """Return the trains of the sampled units in repeats spread over the recording."""
    every = trains.n_repeats
    chosen = np.arange(every)
    if n_repeats < every:
        chosen = ((np.arange(n_repeats) + 0.5) * every / n_repeats).astype(int)
    times = tuple(tuple(trains.times[unit][r] for r in chosen) for unit in sample)
    return RepeatedTrains(times, trains.durations)


def _costs(
    trains: RepeatedTrains, sampled: RepeatedTrains, time_constant: float
) -> tuple[DistanceCost, ...]:
    """Return what the distances of the sampled trains cost, and those of all."""
    if sampled.n_units < 2 or sampled.n_repeats < 2:
        return ()

    def n_distances(of: RepeatedTrains) -> int:
        return of.n_repeats * of.n_units * (of.n_units - 1) // 2

    found = []
    for measure in SPIKE_DISTANCES:
        if measure == "SPIKE" and not has_pyspike():
            continue
        seconds = seconds_per_pair(sampled, measure, time_constant=time_constant)
        found.append(
            DistanceCost(
                measure=measure,
                n_units=sampled.n_units,
                n_repeats=sampled.n_repeats,
                seconds=seconds * n_distances(sampled),
                n_all_units=trains.n_units,
                n_all_repeats=trains.n_repeats,
                all_seconds=seconds * n_distances(trains),
            )
        )
    return tuple(found)


def _missing(settings: GroupingSettings) -> tuple[str, ...]:
    """Return the groupings that need a package which is not installed."""
    found = []
    if settings.distance_units and not has_pyspike():
        found.append("SPIKE distance: PySpike (pip install pyspike)")
    if not has_sib():
        found.append("sequential IB: sib-clustering (pip install sib-clustering)")
    return tuple(found)


@dataclass(frozen=True)
class _GroupsOfRepeats:
    """Counts of words of some units in groups of repeats, made when asked for."""

    responses: Responses
    part: NDArray[np.intp]

    def each(self) -> Iterator[NDArray[np.int64]]:
        for group in self.responses.counted.groups():
            yield group[self.part]

    def halves(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the sums of every other group."""
        halves = [np.zeros_like(self.responses.counts.counts[self.part])] * 2
        for k, group in enumerate(self.each()):
            halves[k % 2] = halves[k % 2] + group
        return halves[0], halves[1]
