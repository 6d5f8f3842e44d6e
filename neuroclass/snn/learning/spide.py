"""SPIDE: gradients by a second spiking stage on the transposed connections.

Input: one call of a network. Output: the average rate of the readout, whose backward
pass sends the error through the network as the spikes of ternary neuron pairs. Their
average solves the implicit equation of the equilibrium, and the local rule turns it
into gradients. Xiao et al. (2023), Neural Networks, arXiv:2302.00232.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, distributed

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.snn.components import IF, LIF, Tensors, Topology, step_weights
from neuroclass.snn.engine import (
    BackwardSettings,
    BackwardStage,
    ForwardStage,
    gate_of,
    record_backward,
    record_forward,
)
from neuroclass.snn.learning.call import Call, in_float, kept_input
from neuroclass.snn.learning.regime import Drive, matched_scale

__all__ = ["Spide", "local_gradients"]


@dataclass(frozen=True, kw_only=True)
class Spide:
    """Learning rule SPIDE: a spiking backward stage of ternary neuron pairs.

    Parameters
    ----------
    steps : int, default 100
        Number of time steps T_B of the backward stage; 250 for deep networks.
    neuron : {"IF", "LIF"}, default "IF"
        Leak of the pairs.  Leaky pairs take the leak of the network's LIF neuron and
        stop converging; keep "IF" for LIF networks too.
    v_th : float, default 0.5
        Threshold of the pairs.
    u_rest : float, optional
        Resting potential; a spike carries ``V_b = v_th - u_rest``.  Default ``-v_th``.
    scale : float or "auto", default "auto"
        Factor of the error before the stage and divisor of the gradients after it, so
        that small errors make spikes; 100 for small images, 400 or 500 for CIFAR.
        With SGD this is the same as a loss times `scale` and learning rates divided by
        it, where the weight decay becomes weight decay / scale.  "auto" is the number
        of `matched_scale` on the first batch with an error, which then replaces it in
        the network's rule.
    n_processes : int, default 1
        Number of processes that share a batch under data parallelism; `scale` is
        divided by it.

    Notes
    -----
    Spiking gradients are no linear function of the error.  Under data parallelism
    each of n processes averages its loss over a batch n times smaller, and its errors
    are n times larger: divided by n they are those of one process.  A network that
    trains in a process group of another size than `n_processes` warns.
    """

    name: ClassVar[str] = "spide"
    takes_batch_norm: ClassVar[bool] = False

    steps: int = 100
    neuron: str = "IF"
    v_th: float = 0.5
    u_rest: float | None = None
    scale: float | str = "auto"
    n_processes: int = 1

    def __post_init__(self) -> None:
        check_positive_int(self.steps, "backward steps")
        check_positive_int(self.n_processes, "n_processes")
        check_choice(self.neuron, "backward neuron", ("IF", "LIF"))
        if isinstance(self.scale, str):
            check_choice(self.scale, "scale", ("auto",))
            if self.n_processes > 1:
                raise ValueError(
                    "scale must be a number for several processes, which would each "
                    f"choose another one; got 'auto' for {self.n_processes}."
                )
        for name in ("v_th", "scale", "reset"):
            value = getattr(self, name)
            if value == "auto":
                continue
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number; got {value}.")

    @property
    def reset(self) -> float:
        """V_b = v_th - u_rest: output of a spike, and what it takes from its pair."""
        return self.v_th - (-self.v_th if self.u_rest is None else self.u_rest)

    @property
    def error_scale(self) -> float:
        """Factor of the errors of this process: ``scale / n_processes``."""
        if isinstance(self.scale, str):
            raise ValueError(
                "scale must be a number here; got 'auto', which the first training "
                "step turns into one."
            )
        return self.scale / self.n_processes

    @staticmethod
    def usual_neuron(kind: str = "IF") -> IF | LIF:
        """Return the neuron that networks under this rule have: the modified reset."""
        return LIF() if kind == "LIF" else IF()

    def backward_settings(
        self,
        neuron: IF | LIF,
        *,
        masks: Sequence[Tensor | None] | None = None,
        with_rates: bool = False,
    ) -> BackwardSettings:
        """Return the settings of the backward stage of a network of such neurons."""
        return BackwardSettings(
            n_steps=self.steps,
            v_th=self.v_th,
            reset=self.reset,
            leak=neuron.leak if self.neuron == "LIF" else 1.0,
            masks=masks,
            with_rates=with_rates,
        )

    def rate(self, call: Call, x: Tensor, tensors: Tensors) -> Tensor:
        """Return the readout's average rate; its backward pass is the spiking stage.

        Both stages run in float32, whatever autocast is in force.
        """
        if call.training and torch.is_grad_enabled():
            _check_processes(self)
        flat = [tensor for pair in tensors for tensor in pair]
        apply: Any = _SpideFunction.apply
        rate: Tensor = apply(self, call, x, *flat)
        return rate


def local_gradients(
    topology: Topology,
    forward: ForwardStage,
    backward: BackwardStage,
    tensors: Tensors,
    *,
    masks: Sequence[Tensor | None] | None = None,
) -> list[tuple[Tensor | None, Tensor | None]]:
    """Return the gradients of every connection by the local learning rule.

    ``dW_l = (1/V) sum over the batch of delta_{l+1} a_l^T`` and
    ``db_l = (1/V) sum of delta_{l+1}``, with ``delta = m beta`` and the dropout mask
    of the connection.
    """
    gradients: list[tuple[Tensor | None, Tensor | None]] = []
    for index, connection in enumerate(topology.connections):
        weight, bias = tensors[index]
        if weight is None:
            gradients.append((None, None))
            continue
        origin, reached = topology.ends(index)
        delta = backward.betas[reached] * gate_of(topology, forward, masks, index)
        delta = delta / topology.neuron.reset
        rate = forward.input_rate if origin < 0 else forward.rates[origin]
        gradients.append(
            (
                connection.weight_gradient(delta, rate, weight),
                None if bias is None else connection.bias_gradient(delta),
            )
        )
    return gradients


class _SpideFunction(torch.autograd.Function):
    """Forward stage forwards, spiking stage backwards; gradients are returned."""

    @staticmethod
    def forward(
        ctx: Any, rule: Spide, call: Call, x: Tensor, *flat: Tensor | None
    ) -> Tensor:
        """Simulate the forward stage."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            masks = call.draw_masks(x)
            engine = call.engine(x)
            stage = engine.forward(x, _pairs(flat), call.forward_settings(masks))
        if call.statistics is not None:
            record_forward(call.statistics, call.topology, stage, x, call.is_frames)
        ctx.rule, ctx.call, ctx.engine = rule, call, engine
        ctx.stage, ctx.masks = stage, masks
        ctx.sample = call.sample_shape(x)
        # The version check of saved tensors: a weight changed in place between the
        # stages, or an input, would make the backward one solve for another network.
        ctx.save_for_backward(kept_input(x, call.is_frames), *flat)
        # The kernels leave the channels last.
        rate = stage.rates[call.topology.readout]
        return rate.clone(memory_format=torch.contiguous_format)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, error: Tensor) -> tuple[Any, ...]:
        """Simulate the backward stage and return the local gradients."""
        rule, call, stage, masks = ctx.rule, ctx.call, ctx.stage, ctx.masks
        topology = call.topology
        tensors = _pairs(ctx.saved_tensors[1:])
        drive = Drive(
            topology=topology,
            forward=stage,
            error=error.float(),
            tensors=tensors,
            masks=masks,
        )
        if rule.scale == "auto":
            rule = ctx.rule = _scaled(rule, drive, call)
        settings = rule.backward_settings(
            topology.neuron, masks=masks, with_rates=call.statistics is not None
        )
        with torch.autocast(error.device.type, enabled=False):
            scaled = error.float() * rule.error_scale
            backward = ctx.engine.backward(stage, scaled, tensors, settings)
            gradients = local_gradients(topology, stage, backward, tensors, masks=masks)
            to_input = None
            if ctx.needs_input_grad[2]:
                to_input = _input_gradient(ctx, backward.betas[0], tensors[0][0])
        if call.statistics is not None:
            record_backward(call.statistics, topology, stage, backward, settings)
        if call.regime is not None:
            call.regime.watch(drive, backward, settings, rule.error_scale)
        flat = [
            None if gradient is None else gradient.div_(rule.error_scale).contiguous()
            for pair in gradients
            for gradient in pair
        ]
        return None, None, to_input, *flat


def _scaled(rule: Spide, drive: Drive, call: Call) -> Spide:
    """Return a rule with the scale that matches an error; the network adopts it."""
    scale = matched_scale(drive, rule.reset)
    if not math.isfinite(scale):
        # No error, or no active neuron: the next step decides.
        return replace(rule, scale=1.0)
    rule = replace(rule, scale=scale)
    if call.adopt is not None:
        call.adopt(rule)
    return rule


def _pairs(
    flat: Sequence[Tensor | None],
) -> list[tuple[Tensor | None, Tensor | None]]:
    tensors = in_float(flat)
    return list(zip(tensors[::2], tensors[1::2], strict=True))


def _input_gradient(ctx: Any, beta: Tensor, weight: Tensor | None) -> Tensor:
    """Return the gradient of the input, from the average output of layer 0."""
    call: Call = ctx.call
    topology = call.topology
    gate = gate_of(topology, ctx.stage, ctx.masks, 0)
    delta = beta * gate / topology.neuron.reset
    to_input: Tensor = topology.links[0].send_back(delta, weight, ctx.sample)
    to_input = (to_input / ctx.rule.error_scale).contiguous()
    if not call.is_frames:
        return to_input
    weights = step_weights(call.n_steps, topology.neuron.leak)
    return torch.stack([to_input * weight for weight in weights])


def _check_processes(settings: Spide) -> None:
    if not (distributed.is_available() and distributed.is_initialized()):
        return
    n_processes = distributed.get_world_size()
    if n_processes != settings.n_processes:
        warnings.warn(
            f"{n_processes} processes train, and n_processes is "
            f"{settings.n_processes}: if they share a batch, the spiking gradients "
            "differ from those of one process. Build "
            f"Spide(..., n_processes={n_processes}).",
            stacklevel=3,
        )
