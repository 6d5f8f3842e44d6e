"""Retinas of linear-nonlinear ganglion cells whose types are known.

Takes nothing but numbers; gives a recording (a `neo.Block` like those that
`load_recording` returns) with the truth in the unit column ``true_type``, for tests,
documentation and first steps. The parameters were set from what is published about
ganglion cells, not from what clusters well.
"""

from typing import Any, NamedTuple

import neo
import numpy as np
import quantities as pq
from numpy.typing import NDArray

from neuroclass._lib.checks import as_seconds, check_positive_int, check_rng

__all__ = ["CELL_TYPES", "simulate_retina"]


class _CellType(NamedTuple):
    """What the cells of one type share; the scatter is around these."""

    on_weight: float
    off_weight: float
    time_to_peak: float  # s, of the first lobe of the temporal filter
    undershoot: float  # second lobe / first lobe; 0.625 answers no steady light
    threshold: float  # standard deviations of the filtered stimulus
    gain: float  # Hz per standard deviation above threshold


# ON cells are 10-20 % faster and less rectified than OFF cells [1]; transient cells
# have balanced, biphasic filters and high thresholds, sustained cells neither.
_TYPES = {
    "OFF fast": _CellType(0.0, 1.0, 0.055, 0.60, 1.2, 110.0),
    "ON fast": _CellType(1.0, 0.0, 0.047, 0.60, 1.0, 90.0),
    "ON-OFF fast": _CellType(0.7, 1.0, 0.055, 0.60, 1.3, 90.0),
    "OFF slow": _CellType(0.0, 1.0, 0.110, 0.50, 1.1, 80.0),
    "ON slow": _CellType(1.0, 0.0, 0.095, 0.50, 0.9, 65.0),
    "OFF sustained": _CellType(0.0, 1.0, 0.080, 0.15, 0.5, 35.0),
    "ON sustained": _CellType(1.0, 0.0, 0.070, 0.15, 0.3, 30.0),
    "ON-OFF slow": _CellType(0.7, 1.0, 0.110, 0.50, 1.2, 75.0),
    "ON-OFF sustained": _CellType(0.7, 1.0, 0.080, 0.15, 0.8, 35.0),
}
CELL_TYPES: tuple[str, ...] = tuple(_TYPES)

_FILTER_ORDER = 5
_SECOND_LOBE = 1.6  # time to peak of the second lobe / that of the first
_FILTER_DURATION = 1.0  # s; also the grey pause, so that no segment feels the last one
_DELAY = 0.020  # s, transduction, before the filter begins
_ON_LAG = 0.015  # s, how much the ON input of an ON-OFF cell comes after the OFF input
_SOFTNESS = 0.2  # standard deviations over which the rectification bends
_REFRACTORY_PERIOD = 0.003  # s
_TIME_STEP = 0.001  # s, at most

# Scatter between the cells of one type at diversity 1.
_TIME_SCATTER = 0.15  # log
_GAIN_SCATTER = 0.40  # log
_ON_SCATTER = 0.30  # log, of the ON input of an ON-OFF cell
_THRESHOLD_SCATTER = 0.25
_UNDERSHOOT_SCATTER = 0.12
_DELAY_SCATTER = 0.006  # s


def simulate_retina(
    n_types: int = 6,
    n_neurons: int = 100,
    n_presentations: int = 50,
    duration: float | str | pq.Quantity = 20.0,
    *,
    n_unique: int = 10,
    unique_duration: float | str | pq.Quantity | None = None,
    frame_rate: float = 60.0,
    diversity: float = 0.5,
    stimulus_rng: np.random.Generator | int | None = None,
    drift: float = 0.0,
    rng: np.random.Generator | int | None = None,
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
    Spikes are a Poisson process at rate r with a dead time of 3 ms.

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
        Of the repeated segment; rounded to whole frames.
    n_unique : int, default 10
        Number of segments shown once.
    unique_duration : time, optional
        Of each unique segment; like `duration` when not given.
    frame_rate : float, default 60
        Frames per second (Hz).
    diversity : float, default 0.5
        Scatter between cells of one type, from 0 (none) to 1 (strong: 15 % in time
        constants, 40 % in gain, 0.25 standard deviations in threshold, 6 ms in
        delay); everything scales with it.
    stimulus_rng : numpy.random.Generator or int, optional
        Generator or seed of the light alone: retinas with the same one see the same
        light, whatever their cells and repeats. Of `rng` when not given.
    drift : float, default 0
        Slow change of the gain: the standard deviation, over cells, of the logarithm
        of the gain at the end of the recording over that at its beginning.
    rng : numpy.random.Generator, int or None
        Generator or seed.

    Returns
    -------
    neo.Block
        One segment: a spike train per cell with ``true_type`` and the cell's own
        parameters as annotations (times in s, gain in Hz), the Epoch ``trials`` with
        the column ``stimulus`` (``"repeat"``, ``"unique 0"``, ...), and the light as
        the AnalogSignal ``stimulus``, one sample per frame, grey = 0.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Every cell sees the same light, so position is no cue to type, and cells are
    independent given the stimulus: a recording is harder. One seed gives the same
    light and the same cells whatever the diversity and the drift. Mean rates are
    about 2-20 Hz (`test_mean_firing_rates_are_those_of_ganglion_cells`).

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
    >>> retina = simulate_retina(3, 6, n_presentations=10, duration="2s", rng=0)
    >>> sorted(str(s.annotations["true_type"]) for s in retina.segments[0].spiketrains)
    ['OFF fast', 'OFF fast', 'ON fast', 'ON fast', 'ON-OFF fast', 'ON-OFF fast']
    """
    n_types = check_positive_int(n_types, "n_types")
    if n_types > len(_TYPES):
        raise ValueError(f"n_types must be at most {len(_TYPES)}; got {n_types}.")
    n_neurons = check_positive_int(n_neurons, "n_neurons")
    if n_neurons < n_types:
        raise ValueError(
            f"n_neurons must be at least n_types ({n_types}); got {n_neurons}."
        )
    n_presentations = check_positive_int(n_presentations, "n_presentations")
    n_unique = check_positive_int(n_unique, "n_unique", minimum=0)
    if not (np.isfinite(frame_rate) and 1 <= frame_rate <= 1000):
        raise ValueError(
            f"frame_rate must be between 1 and 1000 Hz; got {frame_rate!r}."
        )
    if not 0 <= diversity <= 1:
        raise ValueError(f"diversity must be between 0 and 1; got {diversity!r}.")
    if not 0 <= drift <= 5:
        raise ValueError(f"drift must be between 0 and 5; got {drift!r}.")
    seconds = as_seconds(duration, "duration")
    n_repeat_frames = _count_frames(seconds, frame_rate)
    n_unique_frames = (
        n_repeat_frames
        if unique_duration is None
        else _count_frames(as_seconds(unique_duration, "unique_duration"), frame_rate)
    )
    rng = check_rng(rng)
    light_rng = rng if stimulus_rng is None else check_rng(stimulus_rng)

    cells = _draw_cells(n_types, n_neurons, diversity, rng)
    filters = _polyphase_filters(cells, frame_rate)
    n_pause = filters["on"].shape[0]
    n_steps = filters["on"].shape[1]  # time steps per frame

    shown = _order_of_segments(n_presentations, n_unique)  # -1: the repeated segment
    n_frames = np.where(shown < 0, n_repeat_frames, n_unique_frames)
    first_frames = np.concatenate([[0], np.cumsum(n_frames + n_pause)])
    light = np.zeros(first_frames[-1])
    # From a stream of its own: no other draw depends on it.
    trend = drift * rng.spawn(1)[0].standard_normal((n_neurons, 1))
    gain = np.exp(trend * (first_frames[:-1] / first_frames[-1] - 0.5))
    spikes: list[list[NDArray[np.float64]]] = [[] for _ in range(n_neurons)]
    for segment in range(-1, n_unique):
        showings = np.flatnonzero(shown == segment)
        length = n_repeat_frames if segment < 0 else n_unique_frames
        frames = np.append(light_rng.standard_normal(length), np.zeros(n_pause))
        for start in first_frames[showings]:
            light[start : start + len(frames)] = frames
        rate = _firing_rate(frames, filters, cells)
        drawn = _draw_spikes(
            rate,
            1 / (frame_rate * n_steps),
            first_frames[showings] / frame_rate,
            gain[:, showings],
            rng,
        )
        for train, times in zip(spikes, drawn, strict=True):
            train.append(times)

    starts = first_frames[:-1] / frame_rate
    t_stop = float(first_frames[-1] / frame_rate)
    return _as_block(spikes, cells, starts, n_frames, shown, light, frame_rate, t_stop)


def _count_frames(seconds: float, frame_rate: float) -> int:
    """Return the number of whole frames nearest to `seconds`, at least one."""
    return max(1, round(seconds * frame_rate))


def _draw_cells(
    n_types: int, n_neurons: int, diversity: float, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Draw the parameters of each cell around those of its type."""
    kind = rng.permutation(np.arange(n_neurons) % n_types)
    of_type = np.array([_TYPES[CELL_TYPES[k]] for k in kind])  # (n_neurons, 6)
    on, off, time_to_peak, undershoot, threshold, gain = of_type.T
    # Drawn in one block whatever the diversity: one seed, one retina, more or less
    # diverse.
    scatter = diversity * rng.standard_normal((6, n_neurons))
    on_off = (on > 0) & (off > 0)
    return {
        "true_type": np.array(CELL_TYPES)[kind],
        "on_weight": np.where(on_off, on * np.exp(_ON_SCATTER * scatter[0]), on),
        "off_weight": off,
        "time_to_peak": time_to_peak * np.exp(_TIME_SCATTER * scatter[1]),
        "undershoot": np.maximum(undershoot + _UNDERSHOOT_SCATTER * scatter[2], 0),
        "threshold": threshold + _THRESHOLD_SCATTER * scatter[3],
        "gain": gain * np.exp(_GAIN_SCATTER * scatter[4]),
        "delay": np.maximum(_DELAY + _DELAY_SCATTER * scatter[5], 0),
    }


def _polyphase_filters(
    cells: dict[str, NDArray[Any]], frame_rate: float
) -> dict[str, NDArray[np.float64]]:
    """Return each cell's filters, shape (n_lags, n_steps, n_neurons), per input.

    The light is constant within a frame, so the response at step p of a frame is a
    weighted sum of the last frames, with weights that depend on p: one small matrix
    product instead of a convolution at the fine time step.
    """
    n_steps = int(np.ceil(1 / (frame_rate * _TIME_STEP)))
    n_lags = _count_frames(_FILTER_DURATION, frame_rate) + 1
    step = 1 / (frame_rate * n_steps)
    time = (np.arange(n_lags * n_steps) + 0.5)[:, np.newaxis] * step
    on_off = (cells["on_weight"] > 0) & (cells["off_weight"] > 0)
    filters = {}
    for pathway, sign in (("on", 1.0), ("off", -1.0)):
        lag = np.where(on_off & (pathway == "on"), _ON_LAG, 0.0)
        since = np.maximum(time - cells["delay"] - lag, 0) / cells["time_to_peak"]
        fine = _low_pass(since) - cells["undershoot"] * _low_pass(since / _SECOND_LOBE)
        total = np.cumsum(fine, axis=0)
        total[n_steps:] -= total[:-n_steps].copy()  # the light holds for one frame
        held = total.reshape(n_lags, n_steps, -1)
        deviation = np.sqrt((held**2).sum(axis=0).mean(axis=0))
        filters[pathway] = sign * held / deviation
    return filters


def _low_pass(since: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a cascade of low-pass stages that peaks with 1 at 1."""
    cascade: NDArray[np.float64] = (since * np.exp(1 - since)) ** _FILTER_ORDER
    return cascade


def _order_of_segments(n_presentations: int, n_unique: int) -> NDArray[np.intp]:
    """Spread the unique segments 0, 1, ... evenly between the repeats (-1)."""
    segments = np.append(np.full(n_presentations, -1), np.arange(n_unique))
    place = np.append(
        (np.arange(n_presentations) + 0.5) / n_presentations,
        (np.arange(n_unique) + 0.5) / max(n_unique, 1),
    )
    return segments[np.argsort(place, kind="stable")]


def _firing_rate(
    frames: NDArray[np.float64],
    filters: dict[str, NDArray[np.float64]],
    cells: dict[str, NDArray[Any]],
) -> NDArray[np.float64]:
    """Return the rate (Hz) at each time step, shape (n_neurons, n_bins), from grey."""
    n_lags, n_steps, n_neurons = filters["on"].shape
    padded = np.append(np.zeros(n_lags - 1), frames)
    history = np.lib.stride_tricks.sliding_window_view(padded, n_lags)[:, ::-1]
    drive = np.zeros((len(frames) * n_steps, n_neurons))
    for pathway, kernel in filters.items():
        cells_with = np.flatnonzero(cells[f"{pathway}_weight"] > 0)
        flat = kernel[:, :, cells_with].reshape(n_lags, -1)
        filtered = (history @ flat).reshape(len(drive), -1)
        above = (filtered - cells["threshold"][cells_with]) / _SOFTNESS
        drive[:, cells_with] += (
            cells[f"{pathway}_weight"][cells_with]
            * _SOFTNESS
            * (np.maximum(above, 0) + np.log1p(np.exp(-np.abs(above))))
        )
    rate: NDArray[np.float64] = (drive * cells["gain"]).T
    return rate


def _draw_spikes(
    rate: NDArray[np.float64],
    step: float,
    starts: NDArray[np.float64],
    gain: NDArray[np.float64],
    rng: np.random.Generator,
) -> list[NDArray[np.float64]]:
    """Draw Poisson spike times (s) of every cell in showings that begin at `starts`.

    With the rate times `gain`, (n_neurons, n_showings), in each of them.
    """
    expected = np.zeros((rate.shape[0], rate.shape[1] + 1))
    np.cumsum(rate * step, axis=1, out=expected[:, 1:])
    n_spikes = rng.poisson(expected[:, -1:] * gain)
    edges = np.arange(expected.shape[1]) * step
    # The inverse of the expected number of spikes turns uniform into spike times.
    return [
        np.repeat(starts, counts)
        + np.interp(rng.uniform(0, cumulative[-1], counts.sum()), cumulative, edges)
        for cumulative, counts in zip(expected, n_spikes, strict=True)
    ]


def _drop_refractory(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop spikes within the dead time of the last kept one; `times` sorted."""
    while True:
        is_close = np.diff(times, prepend=-np.inf) < _REFRACTORY_PERIOD
        if not is_close.any():
            return times
        # A spike is certain to be dropped if the close spike before it is certain to
        # be kept: the first ones of each run. The next pass sees the others.
        is_first = is_close & ~np.append(False, is_close[:-1])
        times = times[~is_first]


def _as_block(
    spikes: list[list[NDArray[np.float64]]],
    cells: dict[str, NDArray[Any]],
    starts: NDArray[np.float64],
    n_frames: NDArray[np.intp],
    shown: NDArray[np.intp],
    light: NDArray[np.float64],
    frame_rate: float,
    t_stop: float,
) -> neo.Block:
    """Assemble the recording."""
    block = neo.Block(name="simulated_retina", format="simulated")
    segment = neo.Segment(name="simulated_retina")
    block.segments.append(segment)
    for unit, times in enumerate(spikes):
        train = neo.SpikeTrain(
            _drop_refractory(np.sort(np.concatenate(times))),
            units="s",
            t_start=0.0,
            t_stop=t_stop,
            name=str(unit),
            unit_id=unit,
            true_type=str(cells["true_type"][unit]),
        )
        train.annotate(
            **{key: float(cells[key][unit]) for key in cells if key != "true_type"}
        )
        segment.spiketrains.append(train)
    stimuli = np.array(["repeat" if s < 0 else f"unique {s}" for s in shown])
    segment.epochs.append(
        neo.Epoch(
            times=starts,
            durations=n_frames / frame_rate,
            labels=np.arange(len(shown)).astype(str),
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
