"""What each stimulus tells about the classes of a recording, and what to record next.

Input: `Responses` and their `TimingFit`. Output: `StimulusAdvice`.
"""

from __future__ import annotations

import numpy as np

from neuroclass.analysis.responses import Responses
from neuroclass.analysis.timing import TimingFit
from neuroclass.clustering import relabel_by_size
from neuroclass.clustering.timing import separation_growth, stimulus_support
from neuroclass.results import StimulusAdvice

__all__ = ["advise"]

_NEAR = -1.0  # z' from which a cut is near to holding


def advise(responses: Responses, fit: TimingFit) -> StimulusAdvice:
    """Measure which stimulus separates which classes, and what more data would add.

    Parameters
    ----------
    responses : Responses
        Of the recording.
    fit : TimingFit
        Its classes.
    """
    presentations, cuts = responses.presentations, fit.timing.cuts
    part = fit.part
    shown = fit.model.labels_[fit.model.takes_part_]
    open_cuts = [
        cut for cut in cuts.cuts if cut.n_clusters > cuts.low and cut.z > _NEAR
    ]
    target, growth = 0, None
    judged = part if len(cuts.labels) == len(shown) else None  # not of micro-clusters
    if open_cuts and not cuts.is_determined and judged is not None:
        cut = max(open_cuts, key=lambda one: one.z)
        target = cut.n_clusters
        growth = separation_growth(judged, relabel_by_size(cut.labels), cuts.smoothing)
        if shown.max() == 0:
            shown = relabel_by_size(cut.labels)
    if growth is not None and growth.z <= _NEAR:
        target, growth = 0, None
    return StimulusAdvice(
        stimuli=tuple(map(str, presentations.stimuli)),
        repeats=np.asarray(presentations.repeats, dtype=np.intp),
        durations=np.asarray(presentations.durations, dtype=np.float64),
        support=stimulus_support(part, shown, cuts.smoothing),
        n_neurons=len(shown),
        is_determined=cuts.is_determined,
        n_target=target,
        growth=growth,
    )
