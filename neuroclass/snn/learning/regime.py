"""Regime of the ternary neuron pairs: silent, graded or at their bound.

Input: the two stages of a training step. Output: the fractions of silent and saturated
pairs, one warning where gradients vanish or are clipped, and the scale of the errors
that would cure it.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import Tensor

from neuroclass.snn.components import Tensors, Topology
from neuroclass.snn.engine import (
    BackwardSettings,
    BackwardStage,
    ForwardStage,
    pair_fractions,
    visiting_order,
)
from neuroclass.snn.learning.implicit import implicit_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Drive", "Regime", "matched_scale"]

# Fraction of the active pairs of a layer at their bound from which there is a warning.
_MANY = 0.25
# Fraction of the active pairs whose outputs a matched scale leaves free.
_FEW = 1e-3
# Their size in units of the bound.
_HEADROOM = 0.2
# Steps that are looked at: the first, then every so many, for it costs a tenth of one.
_FIRST, _EVERY = 5, 20
# An error this much smaller than the first is that of a network that has learned.
_LEARNED = 0.1


@dataclass(frozen=True, kw_only=True)
class Drive:
    """What a backward stage is driven by, without its scale.

    Attributes
    ----------
    topology : Topology
        Layers and connections.
    forward : ForwardStage
        Forward stage of the same input.
    error : Tensor
        Gradient of the loss with respect to the rates of the readout.
    tensors : sequence of (weight, bias)
        Of each connection.
    masks : sequence of Tensor or None, optional
        Dropout masks of the forward stage.
    """

    topology: Topology
    forward: ForwardStage
    error: Tensor
    tensors: Tensors
    masks: Sequence[Tensor | None] | None = None


def matched_scale(drive: Drive, reset: float) -> float:
    """Return a scale under which pairs fire and stay below their bound in training.

    The output of a pair lies between ``-V_b`` and ``V_b`` in units of ``V_b / T_B``:
    the larger the errors, the finer the gradient, until pairs are at their bound. The
    scale makes the 99.9th percentile of the exact outputs of the active neurons of the
    layer of the largest ones a fifth of it: the weights of the classifier grow in
    training, and the errors of hard samples with them.

    Parameters
    ----------
    drive : Drive
        Unscaled error with the forward stage.
    reset : float
        V_b of the pairs.

    Returns
    -------
    float
        In two digits; nan where no output is there to scale.
    """
    topology, forward = drive.topology, drive.forward
    try:
        stage = implicit_outputs(
            topology,
            forward,
            drive.error,
            drive.tensors,
            masks=drive.masks,
            tolerance=1e-2,
            max_sweeps=100,
        )
    except RuntimeError:
        return math.nan
    largest = 0.0
    for layer in visiting_order(topology):
        active = forward.active(layer) > 0
        sizes = stage.betas[layer].abs()[active]
        if sizes.numel():
            rank = max(math.ceil((1 - _FEW) * sizes.numel()), 1)
            largest = max(largest, sizes.kthvalue(rank).values.item())
    if not (math.isfinite(largest) and largest > 0):
        return math.nan
    return float(f"{_HEADROOM * reset / largest:.2g}")


@dataclass
class Regime:
    """Watch of a network's backward stages; warns once of each regime.

    Attributes
    ----------
    first_error : float
        Mean size of the error of the first step.
    warned : set of str
        Regimes that were warned of.
    n_steps : int
        Steps seen.
    """

    first_error: float = math.nan
    warned: set[str] = field(default_factory=set)
    n_steps: int = 0

    def watch(
        self,
        drive: Drive,
        stage: BackwardStage,
        settings: BackwardSettings,
        scale: float,
    ) -> None:
        """Warn where gradients vanish, or many pairs are at their bound.

        The first steps are looked at, and every twentieth.

        Parameters
        ----------
        drive : Drive
            Unscaled error with the forward stage.
        stage : BackwardStage
            Of the scaled error.
        settings : BackwardSettings
            Steps and reset of the pairs.
        scale : float
            Factor of the error.
        """
        self.n_steps += 1
        if self.n_steps > _FIRST and self.n_steps % _EVERY:
            return
        size = drive.error.abs().mean().item()
        if size == 0:
            return
        if math.isnan(self.first_error):
            self.first_error = size
        order = visiting_order(drive.topology)
        silent, saturated = pair_fractions(drive.forward, stage, settings)
        # The connection into a layer learns from its pairs.
        dead = sorted(layer for layer in order if silent[layer] == 1)
        if dead and size >= _LEARNED * self.first_error and "silent" not in self.warned:
            self.warned.add("silent")
            warnings.warn(_silent_text(drive, dead, settings, scale), stacklevel=2)
        if "saturated" in self.warned or "silent" in self.warned:
            return
        full = max(order, key=lambda layer: saturated[layer])
        if saturated[full] >= _MANY:
            self.warned.add("saturated")
            cure = matched_scale(drive, settings.reset)
            advice = _advice(cure, scale)
            warnings.warn(
                f"{100 * saturated[full]:.0f} % of the active ternary neuron pairs of "
                f"layer {full} are at their bound under scale {scale:g}: the gradients "
                f"below are clipped. {advice}",
                stacklevel=2,
            )


def _silent_text(
    drive: Drive, dead: list[int], settings: BackwardSettings, scale: float
) -> str:
    layers = f"layer{'s' * (len(dead) > 1)} {', '.join(map(str, dead))}"
    inactive = [layer for layer in dead if not bool(drive.forward.active(layer).any())]
    if inactive:
        named = f"layer{'s' * (len(inactive) > 1)} {', '.join(map(str, inactive))}"
        return (
            f"no neuron of {named} fired at some and not at all steps: the gradients "
            f"of the connections into {layers} are exactly 0. Make its input larger, "
            "by larger weights, a lower v_th or more steps."
        )
    advice = _advice(matched_scale(drive, settings.reset), scale)
    return (
        f"an error arrives, but no ternary neuron pair of {layers} fired under scale "
        f"{scale:g} in {settings.n_steps} steps: the gradients of the connections into "
        f"it are exactly 0. {advice}"
    )


def _advice(cure: float, scale: float) -> str:
    if math.isfinite(cure) and not math.isclose(cure, scale, rel_tol=0.2):
        return f'Build Spide(scale={cure:g}), or Spide(scale="auto").'
    return "Take more backward steps, or restrict the norm of the weights."
