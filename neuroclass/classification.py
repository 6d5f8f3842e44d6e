"""From a recording to its functional classes: the one call that joins the stages.

Takes a recording (or the path of one), gives a `Classification` that prints, plots and
saves itself.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any, Literal

import neo
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from neuroclass._progress import is_watched
from neuroclass._validation import (
    as_bytes,
    check_choice,
    check_positive_int,
    warn_user,
)
from neuroclass.agreement import Agreement, agreement_with, read_reference
from neuroclass.bottleneck import AgglomerativeBottleneck
from neuroclass.counting import blocks_of_units, words_in_blocks
from neuroclass.divergence import distinguishable_groups, pair_divergences
from neuroclass.estimators import ESTIMATORS, Estimator
from neuroclass.evidence import (
    agreement_with_recordings,
    check_counts_can_be_classified,
    curve_interval,
    stability_of_classes,
    subclasses,
    support_of_number,
    warn_of_drift,
    without_drifting,
)
from neuroclass.information import (
    ClassInformation,
    IdentityInformation,
    identity_information,
    information_between_classes,
)
from neuroclass.io import load_recording
from neuroclass.pooling import RECORDING, pool_recordings
from neuroclass.presentations import Presentations, select_presentations
from neuroclass.selection import ClusterNumber
from neuroclass.sequential import METHODS, SequentialBottleneck, choose_method
from neuroclass.stability import Stability
from neuroclass.stationarity import Drift, drift_test
from neuroclass.units import select_units
from neuroclass.word_choice import count_recorded_units
from neuroclass.words import ResponseCounts, bin_words, firing_rates

__all__ = ["Classification", "classify_neurons"]

_PSTH_BIN = 0.020  # s
_MOST_IN_PAIRS = 500  # neurons, beyond which all pairs take longer than the classes
_STAGES = (
    "presentations",
    "words",
    "information",
    "classes",
    "intervals",
    "rates",
    "stability",
)


@dataclass(frozen=True)
class Classification:
    """The functional classes of the neurons of a recording.

    Attributes
    ----------
    unit_ids : tuple, one per unit of the recording, in its order
        Ids.
    labels : ndarray of shape (n_units,)
        Class of each unit, 0 the largest; -1 for units left out.
    recordings : tuple of str
        Name of the recording that each unit is of.
    reasons : tuple of str
        Why a unit was left out, else empty.
    n_spikes : ndarray of shape (n_units,)
        In the whole recording.
    firing_rate : ndarray of shape (n_units,)
        Inside the presentations, Hz.
    is_silent : ndarray of bool, (n_units,)
        Whether the unit has no spike inside the presentations.
    unit_information : ndarray of shape (n_units,)
        Bits per word; nan for units left out.
    unit_information_interval : ndarray of shape (n_units, 2)
        95 %, bits per word; nan for units left out.
    information : IdentityInformation
        Of the classified units.
    drift : Drift
        Whether each classified unit stayed the same from repeat to repeat.
    without_drifting : IdentityInformation or None
        Of the classified units that do not drift; None where none drifts, or fewer
        than two do not.
    micro_labels : ndarray of shape (n_neurons,) or None
        Micro-class of each classified unit, where these are the leaves of the
        hierarchy (method "sequential"); None where each unit is a leaf.
    children, distances, leaf_order, pairwise_loss : ndarray
        The hierarchy of the n_leaves leaves, as in `AgglomerativeBottleneck` or
        `SequentialBottleneck`; losses in bits per word.
    information_curve : ndarray of shape (n_leaves,)
        Information kept with index + 1 classes, bits per word, by `estimator`.
    information_curve_interval : ndarray of shape (n_leaves, 2)
        95 %, by delete-a-group jackknife over repeats with the hierarchy kept.
    kept : ClassInformation
        What the classes keep, in bits and as a share, corrected for few repeats:
        `information_between_classes`.
    n_distinguishable : int or None
        Groups of neurons that the data tell apart at a false discovery rate of 5 %:
        `distinguishable_groups`. It counts differences, not classes; None for more
        than 500 neurons.
    selection : ClusterNumber
        The number of classes and its support.
    subclasses : tuple of str
        Subclass of each unit ("0.0", "0.1", ...); empty where its class has no real
        split inside, or the unit is outside of it.
    stability : Stability or None
        Of the leaves of the hierarchy when the stimulus is resampled, if that was
        asked for. Where there is one class, of the largest number in the range, if
        that is larger; None if it is not.
    agreement : Agreement or None
        With the reference labelling, if one was given.
    by_recording : Agreement or None
        With the recordings that the neurons are of, if they are of several.
    psth : ndarray of shape (n_neurons, n_time)
        Mean firing rate over repeats, Hz; stimuli one after the other.
    psth_bin_size : float
        s.
    recording : neo.Block
        What was classified.
    presentations : Presentations
        What was taken for repeats.
    settings : dict
        Every setting; automatic ones as ``{"value", "chosen": "auto", "why"}``.
    notes : tuple of str
        What was left out, shortened or doubtful.
    """

    unit_ids: tuple[Any, ...] = field(repr=False)
    labels: NDArray[np.intp] = field(repr=False)
    recordings: tuple[str, ...] = field(repr=False)
    reasons: tuple[str, ...] = field(repr=False)
    n_spikes: NDArray[np.intp] = field(repr=False)
    firing_rate: NDArray[np.float64] = field(repr=False)
    is_silent: NDArray[np.bool_] = field(repr=False)
    unit_information: NDArray[np.float64] = field(repr=False)
    unit_information_interval: NDArray[np.float64] = field(repr=False)
    information: IdentityInformation
    drift: Drift
    without_drifting: IdentityInformation | None = field(repr=False)
    micro_labels: NDArray[np.intp] | None = field(repr=False)
    children: NDArray[np.intp] = field(repr=False)
    distances: NDArray[np.float64] = field(repr=False)
    leaf_order: NDArray[np.intp] = field(repr=False)
    pairwise_loss: NDArray[np.float64] = field(repr=False)
    information_curve: NDArray[np.float64] = field(repr=False)
    information_curve_interval: NDArray[np.float64] = field(repr=False)
    kept: ClassInformation
    n_distinguishable: int | None
    selection: ClusterNumber
    subclasses: tuple[str, ...] = field(repr=False)
    stability: Stability | None
    agreement: Agreement | None
    by_recording: Agreement | None
    psth: NDArray[np.float64] = field(repr=False)
    psth_bin_size: float
    recording: neo.Block = field(repr=False)
    presentations: Presentations = field(repr=False)
    settings: dict[str, Any] = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)

    @property
    def n_clusters(self) -> int:
        """Number of classes."""
        return self.selection.n_clusters

    @property
    def classified(self) -> NDArray[np.intp]:
        """Positions of the classified units, (n_neurons,)."""
        return np.flatnonzero(self.labels >= 0)

    @property
    def leaf_labels(self) -> NDArray[np.intp]:
        """Class of each leaf of the hierarchy, (n_leaves,)."""
        labels = self.labels[self.classified]
        if self.micro_labels is None:
            return labels
        return labels[np.unique(self.micro_labels, return_index=True)[1]]

    @property
    def unit_stability(self) -> NDArray[np.float64]:
        """Share of resampled stimuli in which each unit stays in its class, (n_units,).

        Nan for units left out, and where stability was not asked for or is not of
        these classes.
        """
        shares = np.full(len(self.labels), np.nan)
        if self.stability and self.stability.n_clusters == self.n_clusters:
            leaf = self.micro_labels
            per_leaf = self.stability.per_neuron
            shares[self.classified] = per_leaf if leaf is None else per_leaf[leaf]
        return shares

    @property
    def class_sizes(self) -> NDArray[np.intp]:
        """Units in each class, (n_clusters,)."""
        return np.bincount(self.labels[self.classified], minlength=self.n_clusters)

    @property
    def word_duration(self) -> float:
        """Duration of a word, s."""
        return self.information.word_duration

    def to_frame(self) -> pd.DataFrame:
        """Return one row per unit of the recording, in its order."""
        q_value = np.full(len(self.labels), np.nan)
        q_value[self.classified] = self.drift.q_value
        low, high = self.unit_information_interval.T
        return pd.DataFrame(
            {
                "unit_id": self.unit_ids,
                "label": pd.array(
                    [None if label < 0 else int(label) for label in self.labels],
                    dtype="Int64",
                ),
                "n_spikes": self.n_spikes,
                "firing_rate_hz": self.firing_rate,
                "information_bits": self.unit_information,
                "is_silent": self.is_silent,
                "reason": self.reasons,
                "recording": self.recordings,
                "subclass": self.subclasses,
                "information_low_bits": low,
                "information_high_bits": high,
                "stability": self.unit_stability,
                "drift_q_value": q_value,
            }
        )

    def summary(self) -> pd.DataFrame:
        """Return one row per class: size, mean rate, units."""
        rows = []
        for label in range(self.n_clusters):
            members = np.flatnonzero(self.labels == label)
            rows.append(
                {
                    "class": label,
                    "n_units": len(members),
                    "firing_rate_hz": self.firing_rate[members].mean(),
                    "information_bits": self.unit_information[members].mean(),
                    "units": ", ".join(str(self.unit_ids[k]) for k in members),
                }
            )
        return pd.DataFrame(rows)

    def headline(self) -> str:
        """Return the result in one sentence."""
        chosen = self.selection
        text = (
            f"{_plural(self.n_clusters, 'class', 'classes')} of "
            f"{_plural(len(self.classified), 'neuron', 'neurons')}"
        )
        if chosen.low != chosen.high:
            text += f" (these data support {chosen.low} to {chosen.high})"
        if not chosen.is_determined:
            text += ", not determined by these data"
        return text

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the result on one page: curve, tree, sizes and responses by class.

        Parameters
        ----------
        path : str or Path, optional
            Also write it there.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from neuroclass.plotting import plot_overview  # noqa: PLC0415 - a later stage

        figure = plot_overview(self)
        if path is not None:
            figure.savefig(path)
        return figure

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write labels, figures and report into a folder: `save_results`."""
        from neuroclass.report import save_results  # noqa: PLC0415 - a later stage

        return save_results(self, Path(folder), force=force)

    def _repr_html_(self) -> str:
        from neuroclass.plotting import information_curve_svg  # noqa: PLC0415

        table = self.summary().to_html(
            index=False, float_format="{:.3g}".format, border=0
        )
        return (
            f"<div><p><b>{escape(self.headline())}</b></p>"
            f"{information_curve_svg(self)}{table}</div>"
        )


def _plural(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def classify_neurons(
    recording: neo.Block | str | Path | Sequence[neo.Block | str | Path],
    *,
    n_clusters: Literal["auto"] | int = "auto",
    max_information_loss: float | None = None,
    presentations: Presentations | None = None,
    intervals: str | None = None,
    stimulus: str | None = None,
    triggers: Any = None,
    trial_duration: Any = None,
    min_repeats: int = 10,
    condition: str = "stimulus,time",
    bin_size: Any = "auto",
    word_length: int = 1,
    response: Literal["words", "counts"] = "words",
    estimator: Estimator = "miller-madow",
    method: Literal["auto", "agglomerative", "sequential"] = "auto",
    memory: float | str = 4e9,
    units: Mapping[str, Sequence[Any]] | None = None,
    reference: str | Path | None = None,
    stability: int = 0,
    cache: str | Path | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Classification:
    """Find the functional classes of the neurons of a recording.

    Parameters
    ----------
    recording : neo.Block, str or Path, or a sequence of these
        As from `load_recording`, or what it reads. Several under the same stimulus
        are pooled: `pool_recordings`.
    n_clusters : "auto" or int, default "auto"
        Number of classes.
    max_information_loss : float, optional
        Instead of `n_clusters`: the fewest classes that lose no more than this
        fraction of the identity information.
    presentations : Presentations, optional
        What are repeats of what, if it is known; else it is selected by the next four.
    intervals, stimulus, min_repeats, condition
        What are repeats of what: `select_presentations`.
    triggers, trial_duration
        Stimulus onsets for a path: `load_recording`.
    bin_size : "auto", float, str or quantities.Quantity, default "auto"
        Width of a bin; a number is seconds; chosen by `choose_bin_size`.
    word_length, response
        Words: `bin_words`.
    estimator : {"miller-madow", "plug-in", "jackknife"}
        Of the losses: `AgglomerativeBottleneck`.
    method : {"auto", "agglomerative", "sequential"}
        `AgglomerativeBottleneck`, or for very many neurons `SequentialBottleneck`;
        "auto" takes the first while its matrix of pairs fits into `memory`.
    memory : float or str, default 4e9
        For method "auto": bytes, or text such as "4GB" or "500MB".
    units : mapping, optional
        Which units to classify, by unit columns: `select_units`.
    reference : str or Path, optional
        Another labelling of the same units to compare with: a units column, a
        ``labels.csv`` or a result folder.
    stability : int, default 0
        How often to resample the stimulus and classify again, 100 or more to be sure:
        `bootstrap_stability`.
    cache : str or Path, optional
        A folder that keeps what was counted, for runs that were stopped or are to come:
        `count_recording`.  A path is then loaded lazily, for very many spikes.
    n_jobs : int, optional
        Processes, as in joblib; the result does not depend on it.
    random_state : int, default 0
        Seed of the restarts, permutations and resampled stimuli.
    progress : bool, default True
        Show a progress bar, on stderr, if it takes longer than two seconds.

    Returns
    -------
    Classification

    Raises
    ------
    RecordingError
        If the recording cannot be used: no repeats, fewer than two usable units.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(n_types=3, n_neurons=24, n_unique=0, rng=0)
    >>> classify_neurons(retina, bin_size=0.02).headline()
    '3 classes of 24 neurons (these data support 3 to 4)'
    """
    wanted = _wanted_clusters(n_clusters, max_information_loss)
    check_choice(estimator, "estimator", ESTIMATORS)
    check_choice(method, "method", METHODS)
    memory = as_bytes(memory, "memory")
    stability = check_positive_int(stability, "stability", minimum=0)
    if isinstance(recording, str | Path):
        recording = load_recording(
            recording,
            triggers=triggers,
            trial_duration=trial_duration,
            lazy=cache is not None,
        )
    elif triggers is not None or trial_duration is not None:
        raise ValueError(
            "triggers and trial_duration must go to load_recording, when recording is "
            "loaded already."
        )
    if presentations is not None and not isinstance(recording, neo.Block):
        raise ValueError(
            "presentations must be of a recording that is loaded already; got "
            f"{type(recording).__name__}."
        )
    bar = tqdm(_STAGES, delay=2, disable=not is_watched(progress), leave=False)
    with warnings.catch_warnings(record=True) as caught, bar:
        warnings.simplefilter("always")
        stages = iter(bar)

        def begin() -> None:
            bar.set_description(next(stages), refresh=False)

        begin()
        asked: dict[str, Any] = {
            "intervals": intervals,
            "stimulus": stimulus,
            "min_repeats": min_repeats,
            "condition": condition,
        }
        if not isinstance(recording, neo.Block):
            recording, presentations = pool_recordings(recording, **asked)
        elif presentations is None:
            presentations = select_presentations(recording, **asked)
        if reference is not None:
            read_reference(reference, recording)  # a wrong name is told before the work
        begin()
        chosen = select_units(recording, units)
        heard = count_recorded_units(
            recording,
            presentations,
            bin_size,
            word_length,
            response,
            units=chosen,
            cache=cache,
            progress=progress,
        )
        counted, counts, chosen = heard.counted, heard.counts, heard.units
        check_counts_can_be_classified(recording, counts)
        begin()
        information = identity_information(counts, groups=counted.groups())
        spoken = (presentations, heard.bin_size, word_length, response)
        drift = drift_test(words_in_blocks(recording, *spoken, units=chosen))
        warn_of_drift(drift)
        begin()
        method_setting = choose_method(method, counts.n_neurons, memory)
        bottleneck = (
            SequentialBottleneck
            if method_setting["value"] == "sequential"
            else AgglomerativeBottleneck
        )
        model = bottleneck(
            wanted, criterion=estimator, n_jobs=n_jobs, random_state=random_state
        ).fit(counts)
        begin()
        interval = curve_interval(model, counts, counted.groups())
        selection = support_of_number(model, counts)
        kept = information_between_classes(
            counts.counts, model.labels_, counted.groups()
        )
        begin()
        rates = _Rates.of(recording, presentations)
        by_recording = agreement_with_recordings(
            recording, chosen, model.labels_, rng=random_state
        )
        agreement = None
        if reference is not None:
            agreement = agreement_with(
                reference, recording, counts.unit_ids, model.labels_, rng=random_state
            )
        begin()
        stable = (
            stability_of_classes(
                model,
                counts,
                selection,
                stability,
                rng=random_state,
                n_jobs=n_jobs,
                progress=progress,
            )
            if stability
            else None
        )
    doubts = _doubts(caught)
    return _assemble(
        recording,
        presentations,
        chosen,
        counts,
        information,
        model,
        selection=selection,
        information_curve_interval=interval,
        drift=drift,
        without_drifting=without_drifting(counts, counted.groups(), drift),
        kept=kept,
        stability=stable,
        n_distinguishable=_n_distinguishable(counts),
        agreement=agreement,
        by_recording=by_recording,
        psth=rates.psth[chosen],
        psth_bin_size=rates.bin_size,
        firing_rate=rates.mean,
        is_silent=rates.is_silent,
        notes=(*presentations.notes, *doubts),
        settings={
            "n_clusters": (
                {
                    "value": selection.n_clusters,
                    "chosen": "auto",
                    "why": selection.reason,
                }
                if wanted == "auto"
                else selection.n_clusters
            ),
            "max_information_loss": max_information_loss,
            "presentations": {
                "value": presentations.source,
                "chosen": "auto" if intervals is None and stimulus is None else "given",
                "why": presentations.reason,
            },
            "min_repeats": min_repeats,
            "condition": presentations.condition,
            "bin_size": heard.bin_setting,
            "word_length": word_length,
            "response": response,
            "estimator": estimator,
            "method": method_setting if method == "auto" else method,
            "memory": memory,
            "units": None if units is None else dict(units),
            "reference": None if reference is None else str(reference),
            "stability": stability,
            "random_state": random_state,
        },
    )


def _n_distinguishable(counts: ResponseCounts) -> int | None:
    if counts.n_neurons > _MOST_IN_PAIRS:
        return None
    return int(distinguishable_groups(pair_divergences(counts).z).max()) + 1


def _doubts(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """Pass on what was warned of; return what concerns the recording."""
    for warning in caught:
        if not issubclass(warning.category, UserWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    doubts = list(
        dict.fromkeys(
            str(w.message) for w in caught if issubclass(w.category, UserWarning)
        )
    )
    for doubt in doubts:
        warn_user(doubt)
    return doubts


def _wanted_clusters(n_clusters: Any, max_information_loss: float | None) -> Any:
    if max_information_loss is None:
        if isinstance(n_clusters, float):
            raise ValueError(
                f"n_clusters must be 'auto' or an integer; got {n_clusters!r}. For a "
                f"fraction of the information give max_information_loss."
            )
        return n_clusters
    if n_clusters != "auto":
        raise ValueError(
            "n_clusters must not be given together with max_information_loss."
        )
    if not 0 < max_information_loss < 1:
        raise ValueError(
            f"max_information_loss must be between 0 and 1; got "
            f"{max_information_loss!r}."
        )
    return 1.0 - max_information_loss


@dataclass(frozen=True)
class _Rates:
    """Firing rates of every unit of the recording, Hz."""

    psth: NDArray[np.float64]  # (n_units, n_time)
    mean: NDArray[np.float64]
    is_silent: NDArray[np.bool_]
    bin_size: float  # s

    @classmethod
    def of(cls, recording: neo.Block, presentations: Presentations) -> "_Rates":
        bin_size = min(_PSTH_BIN, float(presentations.durations.min()))
        timed = replace(presentations, condition="stimulus,time")
        psth, mean, is_silent = [], [], []
        units = range(len(recording.segments[0].spiketrains))
        for block in blocks_of_units(recording, units):
            words = bin_words(
                recording, timed, bin_size, response="counts", units=block
            )
            psth.append(np.nan_to_num(firing_rates(words)))
            mean.append(words.firing_rate)
            is_silent.append(words.n_spikes.sum(axis=1) == 0)
        return cls(
            psth=np.concatenate(psth),
            mean=np.concatenate(mean),
            is_silent=np.concatenate(is_silent),
            bin_size=bin_size,
        )


def _assemble(
    recording: neo.Block,
    presentations: Presentations,
    chosen: Sequence[int],
    counts: ResponseCounts,
    information: IdentityInformation,
    model: AgglomerativeBottleneck | SequentialBottleneck,
    **rest: Any,
) -> Classification:
    """Spread the results of the classified units over all units of the recording."""
    trains = recording.segments[0].spiketrains
    labels = np.full(len(trains), -1)
    labels[chosen] = model.labels_
    unit_information = np.full(len(trains), np.nan)
    unit_information[chosen] = information.per_neuron
    unit_interval = np.full((len(trains), 2), np.nan)
    unit_interval[chosen] = information.per_neuron_interval
    leaf = getattr(model, "micro_labels_", np.arange(len(chosen)))
    first = np.unique(leaf, return_index=True)[1]
    of_leaf = subclasses(
        model.labels_[first], model.children_, rest["selection"].node_z
    )
    named = np.full(len(trains), "", dtype=object)
    named[chosen] = np.array(of_leaf, dtype=object)[leaf]
    asked = set(select_units(recording, rest["settings"]["units"]))
    reasons = [
        ""
        if label >= 0
        else ("recorded in no presentation" if k in asked else "not asked for")
        for k, label in enumerate(labels)
    ]
    return Classification(
        unit_ids=tuple(train.annotations["unit_id"] for train in trains),
        labels=labels,
        recordings=tuple(
            str(train.annotations.get(RECORDING, recording.name)) for train in trains
        ),
        reasons=tuple(reasons),
        n_spikes=np.array([len(train) for train in trains], dtype=np.intp),
        unit_information=unit_information,
        unit_information_interval=unit_interval,
        subclasses=tuple(named),
        information=information,
        micro_labels=getattr(model, "micro_labels_", None),
        children=model.children_,
        distances=model.distances_,
        leaf_order=model.leaf_order_,
        pairwise_loss=model.pairwise_losses_,
        information_curve=model.information_,
        recording=recording,
        presentations=presentations,
        **rest,
    )
