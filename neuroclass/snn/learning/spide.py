"""SPIDE: gradients by a second spiking stage on the transposed connections.

The backward stage sends the error of the readout through the network as the spikes of
ternary couples; their average solves the implicit equation of the equilibrium, and
the local rule turns it into gradients.  Xiao et al. (2023), Neural Networks,
arXiv:2302.00232.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.snn.components.neurons import (
    average_rate_norm,
    fire_ternary_,
    step_weights,
)
from neuroclass.snn.components.topology import (
    ForwardStage,
    Tensors,
    Wiring,
)
from neuroclass.snn.engine.activity import Statistics, record_backward, record_forward
from neuroclass.snn.engine.backend import backward_by, forward_by
from neuroclass.snn.learning.call import Call, in_float

__all__ = [
    "BackwardStage",
    "SpideBackward",
    "backward_stage",
    "gate_of",
    "local_gradients",
    "senders_of",
    "spide_rate",
    "visiting_order",
]


@dataclass(frozen=True)
class SpideBackward:
    """Settings of the spiking backward stage.

    Parameters
    ----------
    steps : int, default 100
        T_B; 250 for deep networks.
    neuron : {"IF", "LIF"}, default "IF"
        Leak of the couples.  Leaky couples take the leak of the network's LIF neuron
        and stop converging; keep "IF" for LIF networks too.
    v_th : float, default 0.5
        Threshold of the couples.
    u_rest : float, optional
        Resting potential; a spike carries ``V_b = v_th - u_rest``.  Default ``-v_th``.
    scale : float, default 1.0
        The error is multiplied by it before the stage and the gradients divided
        after, so that small errors make spikes; 100 for small images, 400 or 500 for
        CIFAR.  With SGD this is the same as a loss times `scale` and learning rates
        divided by it, where the weight decay becomes weight decay / scale.
    n_processes : int, default 1
        Processes that share a batch under data parallelism; `scale` is divided by it.

    Notes
    -----
    Spiking gradients are no linear function of the error.  Under data parallelism
    each of n processes averages its loss over a batch n times smaller, and its errors
    are n times larger: divided by n they are those of one process.  A network that
    trains in a process group of another size than `n_processes` warns.
    """

    steps: int = 100
    neuron: str = "IF"
    v_th: float = 0.5
    u_rest: float | None = None
    scale: float = 1.0
    n_processes: int = 1

    def __post_init__(self) -> None:
        check_positive_int(self.steps, "backward steps")
        check_positive_int(self.n_processes, "n_processes")
        check_choice(self.neuron, "backward neuron", ("IF", "LIF"))
        for name in ("v_th", "scale", "reset"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number; got {value}.")

    @property
    def reset(self) -> float:
        """V_b = v_th - u_rest: what a spike carries and takes from its couple."""
        return self.v_th - (-self.v_th if self.u_rest is None else self.u_rest)

    @property
    def error_scale(self) -> float:
        """Factor of the errors of this process: ``scale / n_processes``."""
        return self.scale / self.n_processes


@dataclass
class BackwardStage:
    """What the backward stage found.

    Attributes
    ----------
    betas : list of Tensor
        Average output of the couples of each layer.  (batch, ...)
    potentials : list of Tensor
        Potential after the last reset.  (batch, ...)
    rates : list of Tensor
        Spikes of either sign per step; empty unless they were asked for.
    """

    betas: list[Tensor]
    potentials: list[Tensor]
    rates: list[Tensor]


def visiting_order(wiring: Wiring) -> list[int]:
    """Return the layers that the backward stage visits: R .. 0, then N-1 .. R+1.

    Layers above the readout are left out where no feedback leads from them.
    """
    order = list(range(wiring.readout, -1, -1))
    if wiring.feedback is not None and wiring.source > wiring.readout:
        order += list(range(wiring.source, wiring.readout, -1))
    return order


def backward_stage(
    wiring: Wiring,
    forward: ForwardStage,
    error: Tensor,
    tensors: Tensors,
    settings: SpideBackward,
    *,
    masks: Sequence[Tensor | None] | None = None,
    with_rates: bool = False,
) -> BackwardStage:
    """Simulate the ternary couples driven by the error of the readout.

    ``I_l = v_l + (1/V) W_l^T (m_{l+1} z_{l+1}) + [l = R] g``; a sender visited later
    in a step is heard one step late, and is absent at the first.

    Parameters
    ----------
    wiring : Wiring
        What is connected to what.
    forward : ForwardStage
        Of the same input; gives the masks m.
    error : Tensor
        g, already scaled, in the shape of the readout layer.
    tensors : sequence of (weight, bias)
        Of each connection.
    settings : SpideBackward
        Steps, threshold and reset.
    masks : sequence of Tensor or None, optional
        Dropout masks of the forward stage.
    with_rates : bool, default False
        Count the spikes too.

    Notes
    -----
    The potentials are kept multiplied by V, in place of weights divided by it: the
    sums of dyadic weights, errors and thresholds are exact in single precision for
    every dyadic V, and not only for powers of two.
    """
    leak = wiring.neuron.leak if settings.neuron == "LIF" else 1.0
    reset = wiring.neuron.reset
    order = visiting_order(wiring)
    shapes = [tuple(rate.shape[1:]) for rate in forward.rates]
    senders = senders_of(wiring, order)
    drive = error * reset
    gates = [gate_of(wiring, forward, masks, index) for index in range(len(tensors))]

    potentials = [torch.zeros_like(rate) for rate in forward.rates]
    couples = [torch.zeros_like(rate) for rate in forward.rates]
    totals = [torch.zeros_like(rate) for rate in forward.rates]
    fired = [torch.zeros_like(rate) for rate in forward.rates] if with_rates else []
    heard = [False] * wiring.n_layers
    for step in range(settings.steps):
        for layer in order:
            potential = potentials[layer]
            # Own recurrent output is that of the step before: it is read here,
            # before this layer's couples are overwritten.
            for index, sender in senders[layer]:
                if step == 0 and not heard[sender]:
                    continue
                connection = wiring.connections[index]
                sent = couples[sender] * gates[index]
                potential.add_(
                    connection.send_back(sent, tensors[index][0], shapes[layer])
                )
            if layer == wiring.readout:
                potential.add_(drive)
            fire_ternary_(
                potential, couples[layer], settings.v_th, settings.reset, leak, reset
            )
            heard[layer] = True
            if leak == 1.0:
                totals[layer].add_(couples[layer])
            else:
                totals[layer].mul_(leak).add_(couples[layer])
            if with_rates:
                fired[layer].add_(couples[layer].abs())
    norm = average_rate_norm(settings.steps, leak)
    betas = [total / norm for total in totals]
    rates = [total / (settings.steps * settings.reset) for total in fired]
    return BackwardStage(betas, [v.div_(reset) for v in potentials], rates)


def senders_of(wiring: Wiring, order: list[int]) -> list[list[tuple[int, int]]]:
    """Return for each layer the (connection, layer) pairs that send couples to it."""
    senders: list[list[tuple[int, int]]] = [[] for _ in range(wiring.n_layers)]
    for index in range(1, len(wiring.connections)):
        origin, reached = wiring.ends(index)
        if reached in order and origin in order:
            senders[origin].append((index, reached))
    return senders


def gate_of(
    wiring: Wiring,
    forward: ForwardStage,
    masks: Sequence[Tensor | None] | None,
    index: int,
) -> Tensor:
    """Return what multiplies the couples on their way back through a connection."""
    gate = forward.active(wiring.ends(index)[1])
    mask = None if masks is None else masks[index]
    return gate if mask is None else gate * mask


def local_gradients(
    wiring: Wiring,
    forward: ForwardStage,
    backward: BackwardStage,
    tensors: Tensors,
    *,
    masks: Sequence[Tensor | None] | None = None,
) -> list[tuple[Tensor | None, Tensor | None]]:
    """Return the gradients of every connection by the local rule.

    ``dW_l = (1/V) sum over the batch of delta_{l+1} a_l^T`` and
    ``db_l = (1/V) sum of delta_{l+1}``, with ``delta = m beta`` and the dropout mask
    of the connection.
    """
    gradients: list[tuple[Tensor | None, Tensor | None]] = []
    for index, connection in enumerate(wiring.connections):
        weight, bias = tensors[index]
        if weight is None:
            gradients.append((None, None))
            continue
        origin, reached = wiring.ends(index)
        delta = backward.betas[reached] * gate_of(wiring, forward, masks, index)
        delta = delta / wiring.neuron.reset
        rate = forward.input_rate if origin < 0 else forward.rates[origin]
        gradients.append(
            (
                connection.weight_gradient(delta, rate, weight),
                None if bias is None else connection.bias_gradient(delta),
            )
        )
    return gradients


def spide_rate(
    wiring: Wiring,
    x: Tensor,
    tensors: Tensors,
    settings: SpideBackward,
    *,
    is_frames: bool,
    n_steps: int,
    training: bool,
    statistics: Statistics | None = None,
    backend: str = "auto",
) -> Tensor:
    """Return the readout's average rate; its backward pass is the spiking stage.

    Both stages run in float32, whatever autocast is in force.
    """
    if training and torch.is_grad_enabled():
        _check_processes(settings)
    call = Call(wiring, settings, is_frames, n_steps, training, statistics, backend)
    flat = [tensor for pair in tensors for tensor in pair]
    apply: Any = _Spide.apply
    rate: Tensor = apply(call, x, *flat)
    return rate


def _check_processes(settings: SpideBackward) -> None:
    if not (distributed.is_available() and distributed.is_initialized()):
        return
    n_processes = distributed.get_world_size()
    if n_processes != settings.n_processes:
        warnings.warn(
            f"{n_processes} processes train, and n_processes is "
            f"{settings.n_processes}: if they share a batch, the spiking gradients "
            "differ from those of one process. Build "
            f"SpideBackward(..., n_processes={n_processes}).",
            stacklevel=3,
        )


class _Spide(torch.autograd.Function):
    """Forward stage forwards, spiking stage backwards; gradients are returned."""

    @staticmethod
    def forward(ctx: Any, call: Call, x: Tensor, *flat: Tensor | None) -> Tensor:
        """Simulate the forward stage."""
        with torch.autocast(x.device.type, enabled=False):
            tensors = _pairs(flat)
            x = x.float()
            masks = call.draw_masks(x)
            stage = forward_by(call.backend, call.wiring, x)(
                call.wiring,
                x,
                tensors,
                is_frames=call.is_frames,
                n_steps=call.n_steps,
                masks=masks,
            )
        if call.statistics is not None:
            record_forward(call.statistics, call.wiring, stage, x, call.is_frames)
        ctx.call, ctx.stage, ctx.masks = call, stage, masks
        ctx.sample = call.sample_shape(x)
        # The version check of saved tensors: a weight changed in place between the
        # stages would make the backward one solve for another network.
        ctx.save_for_backward(*flat)
        # The kernels leave the channels last.
        rate = stage.rates[call.wiring.readout]
        return rate.clone(memory_format=torch.contiguous_format)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, error: Tensor) -> tuple[Any, ...]:
        """Simulate the backward stage and return the local gradients."""
        call, stage, masks = ctx.call, ctx.stage, ctx.masks
        wiring, settings = call.wiring, call.settings
        tensors = _pairs(ctx.saved_tensors)
        with torch.autocast(error.device.type, enabled=False):
            backward = backward_by(call.backend, wiring, error, backward_stage)(
                wiring,
                stage,
                error.float() * settings.error_scale,
                tensors,
                settings,
                masks=masks,
                with_rates=call.statistics is not None,
            )
            gradients = local_gradients(wiring, stage, backward, tensors, masks=masks)
            to_input = None
            if ctx.needs_input_grad[1]:
                to_input = _input_gradient(call, stage, backward, tensors, masks, ctx)
        if call.statistics is not None:
            record_backward(
                call.statistics, wiring, stage, backward.rates, settings.steps
            )
        flat = [
            None
            if gradient is None
            else gradient.div_(settings.error_scale).contiguous()
            for pair in gradients
            for gradient in pair
        ]
        return None, to_input, *flat


def _pairs(
    flat: Sequence[Tensor | None],
) -> list[tuple[Tensor | None, Tensor | None]]:
    tensors = in_float(flat)
    return list(zip(tensors[::2], tensors[1::2], strict=True))


def _input_gradient(
    call: Call,
    stage: ForwardStage,
    backward: BackwardStage,
    tensors: Tensors,
    masks: Sequence[Tensor | None] | None,
    ctx: Any,
) -> Tensor:
    """Return what the couples of layer 0 say about the input."""
    wiring = call.wiring
    delta = backward.betas[0] * gate_of(wiring, stage, masks, 0) / wiring.neuron.reset
    to_input = wiring.links[0].send_back(delta, tensors[0][0], ctx.sample)
    settings: SpideBackward = call.settings
    to_input = (to_input / settings.error_scale).contiguous()
    if not call.is_frames:
        return to_input
    weights = step_weights(call.n_steps, wiring.neuron.leak)
    return torch.stack([to_input * weight for weight in weights])
