"""Simulated retinas: recordings of ganglion cells whose types are known.

Input: numbers. Output: a recording (a `neo.Block` like those that `load_recording`
returns) with the truth in the unit column ``true_type``, for tests, documentation and
first steps. This file alone knows `neo`: light, cells and spikes are arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict, Unpack

import neo
import numpy as np
import quantities as pq
from numpy.typing import NDArray

from neuroclass._lib.checks import as_seconds, check_positive_int, check_rng
from neuroclass._lib.keywords import settings_from
from neuroclass.simulation.cells import (
    CELL_TYPES,
    draw_cells,
    draw_rate_factors,
    draw_sparse_cells,
    firing_rate,
    polyphase_filters,
)
from neuroclass.simulation.light import (
    REPEATED,
    Schedule,
    count_frames,
    order_segments,
    schedule_segments,
)
from neuroclass.simulation.receptive_fields import draw_receptive_fields
from neuroclass.simulation.salamander import draw_salamander_cells
from neuroclass.simulation.spikes import (
    add_bursts,
    draw_random_spikes,
    draw_spikes,
    drop_refractory,
)

__all__ = [
    "RetinaOptions",
    "RetinaSettings",
    "simulate_retina",
    "simulate_salamander",
]


@dataclass(frozen=True, kw_only=True)
class RetinaSettings:
    """Settings of a simulated retina beside its numbers of types, cells and repeats.

    Attributes
    ----------
    n_unique : int, default 10
        Number of segments presented once.
    unique_duration : time, optional
        Duration of each unique segment; by default `duration`.
    frame_rate : float, default 60
        Frame rate of the light, in Hz.
    diversity : float, default 0.5
        Scatter between cells of one type, from 0 (none) to 1 (strong: 15 % in time
        constants, 40 % in gain, 0.25 standard deviations in threshold, 6 ms in
        delay); everything scales with it.
    stimulus_random_state : numpy.random.Generator or int, optional
        Generator or seed of the light alone: retinas with the same seed get the same
        light, whatever their cells and repeats. By default `random_state`.
    rate_spread : float, default 0.9
        Standard deviation of the natural logarithm of a factor of each cell's gain,
        its mean 1, whatever the type: measured cells spread by 0.8 to 1.1.
    sparse_share : float, default 0.1
        Share of the cells, to the nearest cell, that fire a few spikes (150 at most,
        on average) at random times instead of responding to the light.
    drift : float, default 0
        Slow change of the gain: the standard deviation, over cells, of the logarithm
        of the gain at the end of the recording over that at its beginning.
    bursts : float, default 0
        Mean number of spikes that follow each spike at intervals of 5 ms on average;
        mean rates stay, but for the dead time.
    gain_noise : float, default 0
        Standard deviation of the natural logarithm of each cell's gain over
        presentations, independent between cells, the mean gain the same.
    shared_gain_noise : float, default 0
        The same of a gain that all cells share: correlated noise.
    positions : bool, default False
        Whether cells have the columns ``x_um``, ``y_um`` and ``radius_um`` of a
        receptive field, the cells of each type a mosaic whose coverage is about 1.
    """

    n_unique: int = 10
    unique_duration: float | str | pq.Quantity | None = None
    frame_rate: float = 60.0
    diversity: float = 0.5
    stimulus_random_state: np.random.Generator | int | None = None
    rate_spread: float = 0.9
    sparse_share: float = 0.1
    drift: float = 0.0
    bursts: float = 0.0
    gain_noise: float = 0.0
    shared_gain_noise: float = 0.0
    positions: bool = False


class RetinaOptions(TypedDict, total=False):
    """Keywords of `simulate_retina`: see `RetinaSettings`."""

    n_unique: int
    unique_duration: float | str | pq.Quantity | None
    frame_rate: float
    diversity: float
    stimulus_random_state: np.random.Generator | int | None
    rate_spread: float
    sparse_share: float
    drift: float
    bursts: float
    gain_noise: float
    shared_gain_noise: float
    positions: bool


_HIGHEST = {
    "diversity": 1,
    "rate_spread": 3,
    "sparse_share": 1,
    "drift": 5,
    "bursts": 10,
    "gain_noise": 3,
    "shared_gain_noise": 3,
}


def simulate_retina(
    n_types: int = 6,
    n_neurons: int = 100,
    n_presentations: int = 50,
    duration: float | str | pq.Quantity = 20.0,
    *,
    random_state: np.random.Generator | int | None = None,
    **options: Unpack[RetinaOptions],
) -> neo.Block:
    r"""Simulate ganglion cells of known types under a repeated full-field flicker.

    The light of the whole field takes a new Gaussian value at every frame. One
    segment of it is repeated; unique segments are spread evenly between the repeats;
    one second of grey follows each. Cell i filters the light and fires with

    .. math:: r_i(t) = \gamma_i \sum_p w_{ip} \,
              \mathrm{softplus}\big( (k_{ip} * x)(t) - \theta_i \big),

    where x is the light in standard deviations, p the ON and the OFF input with
    weight w, k the temporal filter scaled so that the filtered flicker has unit
    variance, theta the threshold, and gamma the gain (Hz). The filter is the
    difference of two low-pass cascades of [1]_,

    .. math:: k(t) \propto (t/\tau)^n e^{-n (t/\tau - 1)}
              - u \, (t/\tau')^n e^{-n (t/\tau' - 1)},

    with time to peak tau after a delay, undershoot u, tau' = 1.6 tau and n = 5.
    Spikes are a Poisson process at rate r with a dead time of 3 ms. As in real
    recordings, the cells of one type differ in their rates (`rate_spread`), and some
    units fire a few spikes at random (`sparse_share`).

    Parameters
    ----------
    n_types : int, default 6
        Number of types, at most 9: the first of ``CELL_TYPES``, which is the order
        OFF fast, ON fast, ON-OFF fast, OFF slow, ON slow, OFF sustained,
        ON sustained, ON-OFF slow, ON-OFF sustained.
    n_neurons : int, default 100
        Number of cells, at least one of each type; the sizes of the types differ by
        one at most and the cells are in random order.
    n_presentations : int, default 50
        Repeats of the repeated segment.
    duration : time, default 20 s
        Duration of the repeated segment; rounded to whole frames.
    random_state : int, numpy.random.Generator or None
        Seed or generator.
    **options
        Keywords of `RetinaSettings`: n_unique, unique_duration, frame_rate, diversity,
        rate_spread, sparse_share, drift, bursts, gain_noise, shared_gain_noise,
        stimulus_random_state, positions.

    Returns
    -------
    neo.Block
        One segment: a spike train per cell with ``true_type``, ``is_sparse`` and the
        cell's own parameters as annotations (times in s, gain in Hz), the Epoch
        ``trials`` with the column ``stimulus`` (``"repeat"``, ``"unique 0"``, ...), and
        the light as the AnalogSignal ``stimulus``, one sample per frame, grey = 0.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Every cell gets the same light, wherever it lies, and cells are
    independent given the stimulus and the gain they share: a recording is harder. One
    seed gives the same light and the same cells whatever the spreads and noises, and
    which cells are sparse does not change the others. Without spread mean rates are
    about 2-20 Hz (`test_mean_firing_rates_are_those_of_ganglion_cells`); mean rates of
    types do not depend on the spread.

    References
    ----------
    .. [1] Chichilnisky & Kalmar, J. Neurosci. 22:2737 (2002), functional asymmetries
       of ON and OFF ganglion cells; the filter, and ON cells faster and less
       rectified. doi:10.1523/JNEUROSCI.22-07-02737.2002
    .. [2] Berry & Meister, J. Neurosci. 18:2200 (1998), refractoriness and neural
       precision: a free firing rate and a dead time.
       doi:10.1523/JNEUROSCI.18-06-02200.1998

    Examples
    --------
    >>> retina = simulate_retina(3, 6, n_presentations=10, duration="2s",
    ...                          random_state=0)
    >>> sorted(str(s.annotations["true_type"]) for s in retina.segments[0].spiketrains)
    ['OFF fast', 'OFF fast', 'ON fast', 'ON fast', 'ON-OFF fast', 'ON-OFF fast']
    """
    settings = settings_from(
        RetinaSettings,
        None,
        options,
        "simulate_retina",
        other_keywords=("n_types", "n_neurons", "n_presentations", "duration"),
    )
    n_types = check_positive_int(n_types, "n_types")
    if n_types > len(CELL_TYPES):
        raise ValueError(f"n_types must be at most {len(CELL_TYPES)}; got {n_types}.")
    n_neurons = check_positive_int(n_neurons, "n_neurons")
    if n_neurons < n_types:
        raise ValueError(
            f"n_neurons must be at least n_types ({n_types}); got {n_neurons}."
        )
    plan = _plan(n_presentations, duration, settings)
    rng = check_rng(random_state)
    light_rng = (
        rng
        if settings.stimulus_random_state is None
        else check_rng(settings.stimulus_random_state)
    )

    cells = draw_cells(n_types, n_neurons, settings.diversity, rng)
    # From streams of their own: no other draw depends on them.
    gain_rng, rate_rng, sparse_rng, noise_rng, burst_rng, place_rng = rng.spawn(6)
    cells["gain"] *= draw_rate_factors(n_neurons, settings.rate_spread, rate_rng)
    is_sparse = draw_sparse_cells(n_neurons, settings.sparse_share, sparse_rng)
    cells["is_sparse"] = is_sparse
    if settings.positions:
        cells |= draw_receptive_fields(cells["true_type"], place_rng)
    streams = _Streams(rng, light_rng, gain_rng, noise_rng, burst_rng, sparse_rng)
    return _record(cells, plan, settings, streams)


def simulate_salamander(
    n_presentations: int = 100,
    duration: float | str | pq.Quantity = 20.0,
    *,
    random_state: np.random.Generator | int | None = None,
    **options: Unpack[RetinaOptions],
) -> neo.Block:
    """Simulate 21 salamander ganglion cells of known types and subtypes.

    Six fast OFF cells, six medium OFF cells of two subtypes, four slow OFF cells of
    two subtypes, three ON cells and two that hardly respond, in random order, under
    the repeated full-field flicker of `simulate_retina`.

    Parameters
    ----------
    n_presentations : int, default 100
        Repeats of the repeated segment.
    duration : time, default 20 s
        Duration of the repeated segment; rounded to whole frames.
    random_state : int, numpy.random.Generator or None
        Seed or generator.
    **options
        Keywords of `RetinaSettings` but for diversity, rate_spread and sparse_share,
        which belong to the population.

    Returns
    -------
    neo.Block
        As from `simulate_retina`, with ``true_subtype`` beside ``true_type``.

    Raises
    ------
    TypeError
        If a keyword is unknown, or belongs to the population.
    ValueError
        If an argument is out of range.

    Notes
    -----
    Mean rates and their spread, and the share of the time in which a cell fires, are
    those of the salamander recordings in ``data/``
    (`test_salamander_cells_fire_as_recorded_ones_do`); filters follow the order of what
    is known of the types and were set by hand. Nothing of [1]_ is fitted.

    References
    ----------
    .. [1] Schneidman, Bialek & Berry (2002), NIPS 15, arXiv:physics/0212114.

    Examples
    --------
    >>> retina = simulate_salamander(10, "2s", n_unique=0, random_state=0)
    >>> trains = retina.segments[0].spiketrains
    >>> len(trains), sum(t.annotations["true_type"] == "ON" for t in trains)
    (21, 3)
    """
    for name in ("diversity", "rate_spread", "sparse_share"):
        if name in options:
            raise TypeError(
                f"simulate_salamander() got {name!r}, which belongs to its population. "
                "Use simulate_retina() to choose it."
            )
    settings = settings_from(
        RetinaSettings,
        None,
        options,
        "simulate_salamander",
        other_keywords=("n_presentations", "duration"),
    )
    plan = _plan(n_presentations, duration, settings)
    rng = check_rng(random_state)
    light_rng = (
        rng
        if settings.stimulus_random_state is None
        else check_rng(settings.stimulus_random_state)
    )
    cells_rng, *others, place_rng = rng.spawn(6)
    cells = draw_salamander_cells(cells_rng)
    if settings.positions:
        cells |= draw_receptive_fields(cells["true_type"], place_rng)
    cells["is_sparse"] = np.zeros(len(cells["gain"]), dtype=bool)
    return _record(cells, plan, settings, _Streams(rng, light_rng, *others))


class _Plan(NamedTuple):
    """Number of repeats and unique segments, and their durations in frames."""

    n_presentations: int
    n_unique: int
    n_repeat_frames: int
    n_unique_frames: int


class _Streams(NamedTuple):
    """Generators of spikes and light, and of what must not change either."""

    spikes: np.random.Generator
    light: np.random.Generator
    gain: np.random.Generator
    noise: np.random.Generator
    bursts: np.random.Generator
    sparse: np.random.Generator


def _plan(
    n_presentations: int,
    duration: float | str | pq.Quantity,
    settings: RetinaSettings,
) -> _Plan:
    """Return what is presented, and how long; check every setting."""
    frame_rate = settings.frame_rate
    n_presentations = check_positive_int(n_presentations, "n_presentations")
    n_unique = check_positive_int(settings.n_unique, "n_unique", minimum=0)
    if not (np.isfinite(frame_rate) and 1 <= frame_rate <= 1000):
        raise ValueError(
            f"frame_rate must be between 1 and 1000 Hz; got {frame_rate!r}."
        )
    for name, highest in _HIGHEST.items():
        value = getattr(settings, name)
        if not 0 <= value <= highest:
            raise ValueError(f"{name} must be between 0 and {highest}; got {value!r}.")
    seconds = as_seconds(duration, "duration")
    n_repeat_frames = count_frames(seconds, frame_rate)
    n_unique_frames = (
        n_repeat_frames
        if settings.unique_duration is None
        else count_frames(
            as_seconds(settings.unique_duration, "unique_duration"), frame_rate
        )
    )
    return _Plan(n_presentations, n_unique, n_repeat_frames, n_unique_frames)


def _record(
    cells: dict[str, NDArray[Any]],
    plan: _Plan,
    settings: RetinaSettings,
    streams: _Streams,
) -> neo.Block:
    """Present the light to the cells and return their spikes as a recording."""
    frame_rate, n_neurons = settings.frame_rate, len(cells["gain"])
    filters = polyphase_filters(cells, frame_rate)
    n_pause = filters["on"].shape[0]
    n_steps = filters["on"].shape[1]  # time steps per frame

    schedule = schedule_segments(
        order_segments(plan.n_presentations, plan.n_unique),
        plan.n_repeat_frames,
        plan.n_unique_frames,
        n_pause,
    )
    first_frames = schedule.first_frames
    light = np.zeros(first_frames[-1])
    trend = settings.drift * streams.gain.standard_normal((n_neurons, 1))
    gain = np.exp(trend * (first_frames[:-1] / first_frames[-1] - 0.5))
    gain *= _gain_noise(gain.shape, settings, streams.noise) / (1 + settings.bursts)
    spikes: list[list[NDArray[np.float64]]] = [[] for _ in range(n_neurons)]
    for segment in range(REPEATED, plan.n_unique):
        presentations = np.flatnonzero(schedule.segment == segment)
        is_repeated = segment == REPEATED
        length = plan.n_repeat_frames if is_repeated else plan.n_unique_frames
        frames = np.append(streams.light.standard_normal(length), np.zeros(n_pause))
        for start in first_frames[presentations]:
            light[start : start + len(frames)] = frames
        rate = firing_rate(frames, filters, cells)
        drawn = draw_spikes(
            rate,
            1 / (frame_rate * n_steps),
            first_frames[presentations] / frame_rate,
            gain[:, presentations],
            streams.spikes,
        )
        for train, times in zip(spikes, drawn, strict=True):
            train.append(times)

    trains = [
        add_bursts(np.concatenate(train), settings.bursts, streams.bursts)
        for train in spikes
    ]
    at_random = draw_random_spikes(
        n_neurons, float(first_frames[-1] / frame_rate), streams.sparse
    )
    for unit in np.flatnonzero(cells["is_sparse"]):
        trains[unit] = at_random[unit]
    return _as_block(trains, cells, schedule, light, frame_rate)


def _gain_noise(
    shape: tuple[int, int], settings: RetinaSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw factors of the gain with mean 1, shape (n_neurons, n_presentations)."""
    own = settings.gain_noise * rng.standard_normal(shape)
    shared = settings.shared_gain_noise * rng.standard_normal((1, shape[1]))
    variance = settings.gain_noise**2 + settings.shared_gain_noise**2
    factors: NDArray[np.float64] = np.exp(own + shared - variance / 2)
    return factors


def _as_block(
    spikes: list[NDArray[np.float64]],
    cells: dict[str, NDArray[Any]],
    schedule: Schedule,
    light: NDArray[np.float64],
    frame_rate: float,
) -> neo.Block:
    """Assemble the recording."""
    starts = schedule.first_frames[:-1] / frame_rate
    t_stop = float(schedule.first_frames[-1] / frame_rate)
    block = neo.Block(name="simulated_retina", format="simulated")
    segment = neo.Segment(name="simulated_retina")
    block.segments.append(segment)
    for unit, times in enumerate(spikes):
        train = neo.SpikeTrain(
            drop_refractory(np.sort(times[times < t_stop])),
            units="s",
            t_start=0.0,
            t_stop=t_stop,
            name=str(unit),
            unit_id=unit,
            true_type=str(cells["true_type"][unit]),
            is_sparse=bool(cells["is_sparse"][unit]),
        )
        train.annotate(
            **{
                key: float(values[unit])
                for key, values in cells.items()
                if values.dtype == np.float64
            },
            **{
                key: str(values[unit])
                for key, values in cells.items()
                if values.dtype.kind == "U" and key != "true_type"
            },
        )
        segment.spiketrains.append(train)
    stimuli = np.array(
        ["repeat" if s == REPEATED else f"unique {s}" for s in schedule.segment]
    )
    segment.epochs.append(
        neo.Epoch(
            times=starts,
            durations=schedule.n_frames / frame_rate,
            labels=np.arange(len(stimuli)).astype(str),
            units="s",
            name="trials",
            array_annotations={"stimulus": stimuli},
        )
    )
    segment.analogsignals.append(
        neo.AnalogSignal(
            light[:, np.newaxis],
            units="dimensionless",
            sampling_rate=frame_rate * pq.Hz,
            name="stimulus",
        )
    )
    return block
