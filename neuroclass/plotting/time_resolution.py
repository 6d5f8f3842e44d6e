"""Figure of the timing information against time resolution.

Input: `ClassificationResult`. Output: axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuroclass.plotting._axes import INK, new_axes, plain_ticks, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neuroclass.results import ClassificationResult

__all__ = ["plot_time_resolution"]

_CLASSES = "#33527a"


def plot_time_resolution(
    classification: ClassificationResult, *, ax: Axes | None = None
) -> Axes:
    """Draw the timing information of neurons and classes by time resolution.

    Of a `ClassificationResult` by the criterion "timing": information between the time
    of a spike, to so many milliseconds, and the neuron that fired it, or its class; in
    bits per spike.

    Draws into `ax`, by default of a new figure, and returns it.

    Raises
    ------
    ValueError
        If the classification is not by timing.

    Examples
    --------
    >>> import neuroclass
    >>> retina = neuroclass.simulate_retina(3, 24, 20, "5s", random_state=0)
    >>> classes = neuroclass.classify_neurons(retina)
    >>> ax = plot_time_resolution(classes)
    """
    timing = classification.timing
    if timing is None:
        raise ValueError(
            'classification must be by the criterion "timing"; got "word", which has '
            'one time resolution. Use classify_neurons(..., criterion="timing").'
        )
    ax = new_axes(ax, (5.6, 3.9))
    width = 1e3 * timing.widths
    n_clusters = classification.n_clusters
    ax.plot(
        width,
        timing.neuron_information,
        "o-",
        color=INK,
        markersize=4,
        label=f"{timing.n_neurons} neurons",
    )
    if n_clusters > 1:
        ax.plot(
            width,
            timing.class_information,
            "s-",
            color=_CLASSES,
            markersize=4,
            label=f"{n_clusters} classes",
        )
    ax.set_xscale("log")
    plain_ticks(ax.xaxis)
    lowest = min(0.0, float(np.min(timing.class_information, initial=0.0)))
    ax.set_ylim(bottom=lowest)
    ax.set_xlabel("Bin width (ms)")
    ax.set_ylabel("Timing information (bits per spike)")
    tidy(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax
