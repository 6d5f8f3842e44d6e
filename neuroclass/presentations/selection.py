"""Which stretches of time are repeats of which stimulus.

Takes a recording (`neo.Block` with one Epoch per interval table) and gives its
`Presentations`. Files spell repeats in many ways, so the choice follows few rules,
says in one line what it took and why, and asks where the file does not tell.
"""

from dataclasses import dataclass, field
from typing import Unpack

import neo
import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass._lib.settings import settings_from
from neuroclass._lib.wording import plural
from neuroclass.exceptions import RecordingError
from neuroclass.presentations.candidates import (
    STIMULUS,
    choose_showings,
    in_order,
    no_repeats,
)
from neuroclass.presentations.exclusion import (
    Spikes,
    check_clock,
    common_durations,
    inside_recording,
    often_enough,
    warn_of_overlap,
    without_truncated,
)
from neuroclass.presentations.interval_tables import first_segment
from neuroclass.presentations.settings import (
    CONDITIONS,
    PresentationOptions,
    PresentationSettings,
)

__all__ = ["Presentations", "select_presentations"]

_N_STRETCHES = 100  # of condition "none": enough for ten groups and for odd and even


@dataclass(frozen=True)
class Presentations:
    """Repeats of each stimulus.

    Attributes
    ----------
    starts : ndarray of shape (n_presentations,)
        Stimulus onsets on the recording's clock, ascending, s.
    stimulus : ndarray of shape (n_presentations,)
        Index into `stimuli`.
    stimuli : tuple of str
        Names.
    durations : ndarray of shape (n_stimuli,)
        Common minimum over the presentations of each stimulus, s.
    condition : str
        What is conditioned on: ``"stimulus,time"``, ``"stimulus"``, ``"time"`` or
        ``"none"``.
    source : str
        Table and column, such as ``"trials.stimulus"``.
    reason : str
        What was taken and why, one line.
    notes : tuple of str
        What was left out, shortened or doubtful.
    """

    starts: NDArray[np.float64] = field(repr=False)
    stimulus: NDArray[np.intp] = field(repr=False)
    stimuli: tuple[str, ...]
    durations: NDArray[np.float64]
    condition: str
    source: str
    reason: str
    notes: tuple[str, ...] = ()

    @property
    def n_presentations(self) -> int:
        """Number of presentations."""
        return len(self.starts)

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli."""
        return len(self.stimuli)

    @property
    def stops(self) -> NDArray[np.float64]:
        """End of what is used of each presentation, s; shape (n_presentations,)."""
        stops: NDArray[np.float64] = self.starts + self.durations[self.stimulus]
        return stops

    @property
    def repeats(self) -> NDArray[np.intp]:
        """Number of presentations of each stimulus; shape (n_stimuli,)."""
        return np.bincount(self.stimulus, minlength=self.n_stimuli)


def select_presentations(
    recording: neo.Block,
    settings: PresentationSettings | None = None,
    **options: Unpack[PresentationOptions],
) -> Presentations:
    """Select the stretches of time that are repeats of a stimulus.

    With nothing said, the table with the most repeats of equal length is taken.
    Its stimuli are told apart by the columns that describe the stimulus: all that vary
    in a table called ``..._presentations``, elsewhere those whose name says so
    (``stimulus``, ``condition``, ``movie``, ``orientation``, ...), otherwise the only
    column that varies; without one, every row shows the same stimulus. Columns that
    number or time the rows never count. Contiguous rows of less than 0.1 s with a
    column ``frame`` are the frames of a movie: one run through them is one showing.

    Parameters
    ----------
    recording : neo.Block
        A recording with one Epoch per interval table.
    settings : PresentationSettings, optional
        Settings of the selection.
    **options
        Single settings as keywords: `intervals`, `stimulus`, `min_repeats` and
        `condition` of `PresentationSettings`.

    Returns
    -------
    Presentations
        What was taken, and why.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RecordingError
        If no stimulus is repeated often enough, if the file does not tell what is a
        repeat of what, if the table, column or value asked for is not there, or if no
        spike falls in any presentation.

    Warns
    -----
    UserWarning
        If rows are far shorter than the other repeats of their stimulus (they are
        left out while enough others remain), or if presentations overlap.

    Notes
    -----
    Lengths are equal within 2 % or the jitter of a frame (25 ms, at most half the
    length). Of unequal lengths the common minimum is used, and `notes` say so. Rows
    outside the recorded time are left out; units recorded for part of the time are
    left to `bin_words`.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(3, 6, 10, duration="2s", n_unique=2, random_state=0)
    >>> presentations = select_presentations(retina)
    >>> presentations.stimuli, presentations.n_presentations, presentations.source
    (('repeat',), 10, 'trials.stimulus')
    """
    settings = settings_from(
        PresentationSettings, settings, options, "select_presentations"
    )
    min_repeats = check_positive_int(settings.min_repeats, "min_repeats", minimum=2)
    condition = check_choice(settings.condition, "condition", CONDITIONS)
    segment = first_segment(recording)
    if not segment.spiketrains:
        raise RecordingError("recording must hold at least one unit; got none.")
    spikes = Spikes.of(segment.spiketrains)
    if not spikes.n_spikes:
        raise RecordingError(
            "no spike in any presentation: the recording holds no spike at all."
        )
    span = (
        float(segment.spiketrains[0].t_start.rescale("s")),
        float(segment.spiketrains[0].t_stop.rescale("s")),
    )
    if condition == "none":
        ignored = " and ".join(
            f"{name} {value!r}"
            for name, value in (
                ("intervals", settings.intervals),
                ("stimulus", settings.stimulus),
            )
            if value is not None
        )
        return _cut_into_stretches(span, max(_N_STRETCHES, min_repeats), ignored)

    showings, source, why = choose_showings(
        recording,
        settings.intervals,
        settings.stimulus,
        min_repeats,
        is_pooled=condition == "time",
    )
    check_clock(spikes, showings, source)
    showings = inside_recording(showings, spikes, span)
    showings = often_enough(showings, min_repeats)
    if not len(showings.rows):
        raise no_repeats(recording, min_repeats, *showings.notes)
    showings = without_truncated(showings, min_repeats)
    showings = showings.take(np.argsort(showings.starts, kind="stable"))

    labels = showings.columns[STIMULUS]
    stimuli = in_order(labels)
    index = {name: number for number, name in enumerate(stimuli)}
    stimulus_of = np.array([index[name] for name in labels.tolist()], dtype=np.intp)
    durations, notes = common_durations(showings, stimuli, stimulus_of)
    warn_of_overlap(showings, durations[stimulus_of])
    repeats = np.bincount(stimulus_of)
    reason = (
        f"{_range(repeats.min(), repeats.max())} repeats of "
        f"{plural(len(stimuli), 'stimulus', 'stimuli')} of "
        f"{_range(durations.min(), durations.max())} s from {source}: {why}."
    )
    return Presentations(
        starts=showings.starts,
        stimulus=stimulus_of,
        stimuli=stimuli,
        durations=durations,
        condition=condition,
        source=source,
        reason=reason,
        notes=(*showings.notes, *notes),
    )


def _range(low: float, high: float) -> str:
    """Return one number, or two where they differ."""
    if f"{low:.4g}" == f"{high:.4g}":
        return f"{low:.4g}"
    return f"{low:.4g} to {high:.4g}"


def _cut_into_stretches(
    span: tuple[float, float], n_stretches: int, ignored: str
) -> Presentations:
    """Cut the recorded time into equal stretches that stand for presentations."""
    duration = (span[1] - span[0]) / n_stretches
    reason = (
        f"{span[1] - span[0]:.4g} s of recorded time in {n_stretches} equal stretches, "
        "without a stimulus: what words tell about the neuron regardless of any "
        "stimulus, a weaker question than with repeats."
    )
    return Presentations(
        starts=span[0] + duration * np.arange(n_stretches, dtype=float),
        stimulus=np.zeros(n_stretches, dtype=np.intp),
        stimuli=("none",),
        durations=np.array([duration]),
        condition="none",
        source="recorded time",
        reason=reason,
        notes=(f"{ignored} ignored: the condition is none",) if ignored else (),
    )
