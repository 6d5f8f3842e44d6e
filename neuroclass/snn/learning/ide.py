"""IDE: gradients by implicit differentiation at the equilibrium of average rates.

The forward stage gives the average rates; the gradient solves
``beta = J^T beta + g`` there, with the Jacobian J of one turn around the feedback
loop.  Xiao et al. (2021), NeurIPS, arXiv:2109.14247.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.snn.components.neurons import step_weights
from neuroclass.snn.components.topology import (
    Tensors,
    Wiring,
    forward_stage,
    layer_shapes,
)
from neuroclass.snn.engine.activity import Statistics, record_forward
from neuroclass.snn.engine.backend import forward_by
from neuroclass.snn.learning.call import Call, in_float
from neuroclass.snn.learning.solvers import (
    Product,
    solve_broyden,
    solve_damped,
    solve_exact,
)

__all__ = [
    "IdeBackward",
    "ide_rate",
    "rate_map",
]


@dataclass(frozen=True)
class IdeBackward:
    """Settings of the implicit gradient.

    Parameters
    ----------
    solver : {"broyden", "damped", "exact"}, default "broyden"
        Quasi-Newton with limited memory, damped fixed point, or a dense solve (small
        networks).
    steps : int, default 30
        Most steps of an iterative solver.
    memory : int, default 27
        Rank-one updates that Broyden's method keeps.
    tolerance : float, default 2e-10
        Residual per square root of the number of unknowns at which to stop.
    """

    solver: str = "broyden"
    steps: int = 30
    memory: int = 27
    tolerance: float = 2e-10

    def __post_init__(self) -> None:
        check_choice(self.solver, "solver", ("broyden", "damped", "exact"))
        check_positive_int(self.steps, "backward steps")
        check_positive_int(self.memory, "memory")
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise ValueError(f"tolerance must not be negative; got {self.tolerance}.")


def rate_map(
    wiring: Wiring,
    x: Tensor,
    tensors: Tensors,
    loop_rate: Tensor | None,
    *,
    norms: Tensors | None = None,
    masks: Sequence[Tensor | None] | None = None,
    training: bool = False,
) -> list[Tensor]:
    """Return the average rates of all layers after one turn around the loop.

    ``a_0 = clip((W_fb a_fb + F x + b) / V, 0, 1)``,
    ``a_l = clip((W_{l-1} a_{l-1} + b) / V, 0, 1)``.

    Parameters
    ----------
    wiring : Wiring
        What is connected to what.
    x : Tensor
        Average input.  (batch, ...)
    tensors : sequence of (weight, bias)
        Of each connection, attached to autograd where gradients are wanted.
    loop_rate : Tensor or None
        Rates of the layer that the feedback leaves; None without feedback.
    norms : sequence of (scale, shift), optional
        Tensors of batch norm in place of those that the connections hold.
    masks : sequence of Tensor or None, optional
        Dropout masks of the connections.
    training : bool, default False
        Batch norm by the moments of this batch.
    """
    shapes = layer_shapes(wiring, tuple(x.shape[1:]))
    rates: list[Tensor] = []

    def received(index: int, rate: Tensor) -> Tensor:
        connection = wiring.connections[index]
        target = shapes[wiring.ends(index)[1]]
        current = connection.current(rate, *tensors[index], target)
        if connection.batch_norm is not None:
            norm = connection.batch_norm
            held = (norm.weight.float(), norm.bias.float())
            scale, shift = held if norms is None else norms[index]
            current = F.batch_norm(
                current,
                None if training else norm.running_mean.float(),
                None if training else norm.running_var.float(),
                scale,
                shift,
                training,
                0.0,
                norm.eps,
            )
        mask = None if masks is None else masks[index]
        return current if mask is None else current * mask

    for layer in range(wiring.n_layers):
        current = received(layer, x if layer == 0 else rates[-1])
        if loop_rate is not None and layer == wiring.target:
            current = current + received(wiring.n_layers, loop_rate)
        # The derivative of clamp is 1 on the closed interval.
        rates.append((current / wiring.neuron.reset).clamp(0, 1))
    return rates


def ide_rate(
    wiring: Wiring,
    x: Tensor,
    tensors: Tensors,
    settings: IdeBackward,
    *,
    is_frames: bool,
    n_steps: int,
    training: bool,
    statistics: Statistics | None = None,
    backend: str = "auto",
) -> Tensor:
    """Return the readout's average rate; its backward pass solves the implicit one.

    Both passes run in float32, whatever autocast is in force.  The running moments of
    batch norm are updated once per call, from the average rates of the simulation.
    """
    call = Call(wiring, settings, is_frames, n_steps, training, statistics, backend)
    flat: list[Tensor | None] = []
    for connection, (weight, bias) in zip(wiring.connections, tensors, strict=True):
        norm = connection.batch_norm
        scale, shift = (None, None) if norm is None else (norm.weight, norm.bias)
        flat += [weight, bias, scale, shift]
    apply: Any = _Ide.apply
    rate: Tensor = apply(call, x, *flat)
    return rate


class _Ide(torch.autograd.Function):
    """Forward stage forwards, implicit gradient backwards; gradients are returned."""

    @staticmethod
    def forward(ctx: Any, call: Call, x: Tensor, *flat: Tensor | None) -> Tensor:
        """Simulate the forward stage."""
        wiring = call.wiring
        with torch.autocast(x.device.type, enabled=False):
            values = in_float(flat)
            x = x.float()
            masks = call.draw_masks(x)
            tensors = list(zip(values[::4], values[1::4], strict=True))
            options: dict[str, Any] = {
                "is_frames": call.is_frames,
                "n_steps": call.n_steps,
                "masks": masks,
            }
            if any(c.batch_norm is not None for c in wiring.connections):
                options["training"] = call.training
                stage = forward_stage(wiring, x, tensors, **options)
            else:
                run = forward_by(call.backend, wiring, x)
                stage = run(wiring, x, tensors, **options)
            for connection, moments in zip(
                wiring.connections, stage.moments, strict=True
            ):
                if moments is not None:
                    _update_running(connection.batch_norm, *moments)
        if call.statistics is not None:
            record_forward(call.statistics, wiring, stage, x, call.is_frames)
        ctx.call, ctx.masks = call, masks
        ctx.input_rate = stage.input_rate
        ctx.loop_rate = stage.rates[wiring.source]
        ctx.save_for_backward(*flat)
        # The kernels leave the channels last.
        rate = stage.rates[wiring.readout]
        return rate.clone(memory_format=torch.contiguous_format)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, error: Tensor) -> tuple[Any, ...]:
        """Solve ``beta = J^T beta + g``; differentiate one turn around the loop."""
        call, wiring = ctx.call, ctx.call.wiring
        with torch.enable_grad(), torch.autocast(error.device.type, enabled=False):
            values = in_float(ctx.saved_tensors)
            leaves = [None if v is None else v.detach() for v in values]
            x = ctx.input_rate.detach()
            wanted = [
                leaf.requires_grad_()
                for leaf, needed in zip(
                    (x, *leaves), ctx.needs_input_grad[1:], strict=True
                )
                if needed and leaf is not None
            ]
            loop_rate = None
            if wiring.feedback is not None:
                loop_rate = ctx.loop_rate.detach().requires_grad_()
            rates = rate_map(
                wiring,
                x,
                list(zip(leaves[::4], leaves[1::4], strict=True)),
                loop_rate,
                norms=list(zip(leaves[2::4], leaves[3::4], strict=True)),
                masks=ctx.masks,
                training=call.training,
            )
            outputs, errors = _implicit_errors(call, rates, loop_rate, error.float())
            found = iter(
                torch.autograd.grad(
                    outputs, wanted, errors, allow_unused=True, materialize_grads=True
                )
            )
        gradients: list[Tensor | None] = [
            next(found).contiguous() if needed and leaf is not None else None
            for leaf, needed in zip((x, *leaves), ctx.needs_input_grad[1:], strict=True)
        ]
        if call.is_frames and gradients[0] is not None:
            weights = step_weights(call.n_steps, wiring.neuron.leak)
            gradients[0] = torch.stack([gradients[0] * weight for weight in weights])
        return None, *gradients


def _implicit_errors(
    call: Call, rates: list[Tensor], start: Tensor | None, error: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """Return rates and the errors that they hold once the loop is accounted for."""
    wiring = call.wiring
    readout, loop = rates[wiring.readout], rates[wiring.source]
    if start is None:
        return [readout], [error]

    def product(beta: Tensor) -> Tensor:
        result: Tensor
        (result,) = torch.autograd.grad(loop, start, beta, retain_graph=True)
        return result

    if wiring.readout == wiring.source:
        outputs, errors, drive = [], [], error
    else:
        outputs, errors = [readout], [error]
        (drive,) = torch.autograd.grad(
            readout,
            start,
            error,
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
    # Batch norm in training makes one system of the batch.
    coupled = call.training and any(
        connection.batch_norm is not None for connection in wiring.connections
    )
    beta = _solve(product, drive, call.settings, coupled)
    return [*outputs, loop], [*errors, beta]


def _update_running(
    batch_norm: Any, mean: Tensor, variance: Tensor, n_values: int
) -> None:
    momentum = batch_norm.momentum
    unbiased = variance * (n_values / max(n_values - 1, 1))
    for running, moment in [
        (batch_norm.running_mean, mean),
        (batch_norm.running_var, unbiased),
    ]:
        running.lerp_(moment.to(running.dtype), momentum)
    batch_norm.num_batches_tracked.add_(1)


def _solve(
    product: Product, drive: Tensor, settings: IdeBackward, coupled: bool
) -> Tensor:
    if settings.solver == "exact":
        return solve_exact(product, drive, coupled=coupled)
    if settings.solver == "damped":
        return solve_damped(
            product, drive, settings.steps, settings.tolerance, coupled=coupled
        )
    return solve_broyden(
        product,
        drive,
        settings.steps,
        settings.memory,
        settings.tolerance,
        coupled=coupled,
    )
