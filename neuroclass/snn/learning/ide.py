"""IDE: gradients by implicit differentiation at the equilibrium of average rates.

Input: one call of a network. Output: the average rate of the readout, whose backward
pass solves ``beta = J^T beta + g`` at the rates of the simulation, with the Jacobian J
of one turn around the feedback loop. Xiao et al. (2021), NeurIPS, arXiv:2109.14247.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.snn.components import IF, LIF, Tensors, step_weights
from neuroclass.snn.engine import record_forward
from neuroclass.snn.learning.call import Call, in_float, kept_input
from neuroclass.snn.learning.rate_loop import RateLoop, layer_potentials
from neuroclass.snn.learning.solvers import (
    Product,
    solve_broyden,
    solve_damped,
    solve_exact,
)

__all__ = ["Ide"]


@dataclass(frozen=True, kw_only=True)
class Ide:
    """Learning rule IDE: implicit differentiation at the equilibrium.

    Parameters
    ----------
    solver : {"broyden", "damped", "exact"}, default "broyden"
        Quasi-Newton with limited memory, damped fixed point, or a dense solve (small
        networks).
    steps : int, default 30
        Largest number of steps of an iterative solver.
    memory : int, default 27
        Number of updates after which Broyden's method starts its matrix anew.
    tolerance : float, default 2e-10
        Residual per square root of the number of unknowns at which to stop.
    """

    name: ClassVar[str] = "ide"
    takes_batch_norm: ClassVar[bool] = True
    # Errors are not scaled: the weight decay is divided by 1.
    scale: ClassVar[float] = 1.0

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

    @staticmethod
    def usual_neuron(kind: str = "IF") -> IF | LIF:
        """Return the neuron that networks under this rule have: the ordinary reset."""
        if kind == "LIF":
            return LIF(2.0, u_rest=0.0)
        return IF(v_th=2.0, u_rest=0.0)

    def rate(self, call: Call, x: Tensor, tensors: Tensors) -> Tensor:
        """Return the readout's average rate; its backward pass solves the implicit one.

        Both passes run in float32, whatever autocast is in force.  The running moments
        of batch norm are updated once per call, from the average rates of the
        simulation.
        """
        flat: list[Tensor | None] = []
        connections = call.topology.connections
        for connection, (weight, bias) in zip(connections, tensors, strict=True):
            norm = connection.batch_norm
            scale, shift = (None, None) if norm is None else (norm.weight, norm.bias)
            flat += [weight, bias, scale, shift]
        apply: Any = _IdeFunction.apply
        rate: Tensor = apply(self, call, x, *flat)
        return rate


class _IdeFunction(torch.autograd.Function):
    """Forward stage forwards, implicit gradient backwards; gradients are returned."""

    @staticmethod
    def forward(
        ctx: Any, rule: Ide, call: Call, x: Tensor, *flat: Tensor | None
    ) -> Tensor:
        """Simulate the forward stage."""
        topology = call.topology
        with torch.autocast(x.device.type, enabled=False):
            values = in_float(flat)
            x = x.float()
            masks = call.draw_masks(x)
            tensors = list(zip(values[::4], values[1::4], strict=True))
            stage = call.engine(x).forward(x, tensors, call.forward_settings(masks))
            for connection, moments in zip(
                topology.connections, stage.moments, strict=True
            ):
                if moments is not None:
                    _update_running(connection.batch_norm, *moments)
        if call.statistics is not None:
            record_forward(call.statistics, topology, stage, x, call.is_frames)
        ctx.rule, ctx.call, ctx.masks = rule, call, masks
        ctx.input_rate = stage.input_rate
        ctx.loop_rate = stage.rates[topology.source]
        # With the version check of saved tensors, which the input has so, too.
        ctx.save_for_backward(kept_input(x, call.is_frames), *flat)
        # The kernels leave the channels last.
        rate = stage.rates[topology.readout]
        return rate.clone(memory_format=torch.contiguous_format)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, error: Tensor) -> tuple[Any, ...]:
        """Solve ``beta = J^T beta + g``; differentiate one turn around the loop."""
        call, topology = ctx.call, ctx.call.topology
        with torch.enable_grad(), torch.autocast(error.device.type, enabled=False):
            values = in_float(ctx.saved_tensors[1:])
            leaves = [None if v is None else v.detach() for v in values]
            x = ctx.input_rate.detach()
            inputs = [
                leaf.requires_grad_()
                for leaf, needed in zip(
                    (x, *leaves), ctx.needs_input_grad[2:], strict=True
                )
                if needed and leaf is not None
            ]
            loop_rate = None
            if topology.feedback is not None:
                loop_rate = ctx.loop_rate.detach().requires_grad_()
            tensors = list(zip(leaves[::4], leaves[1::4], strict=True))
            potentials = layer_potentials(
                topology,
                x,
                tensors,
                loop_rate,
                norms=list(zip(leaves[2::4], leaves[3::4], strict=True)),
                masks=ctx.masks,
                training=call.training,
            )
            loop = RateLoop(topology, potentials, tensors, ctx.masks)
            outputs, errors = _implicit_errors(ctx, loop, loop_rate, error.float())
            solved = iter(
                torch.autograd.grad(
                    outputs, inputs, errors, allow_unused=True, materialize_grads=True
                )
            )
        gradients: list[Tensor | None] = [
            next(solved).contiguous() if needed and leaf is not None else None
            for leaf, needed in zip((x, *leaves), ctx.needs_input_grad[2:], strict=True)
        ]
        if call.is_frames and gradients[0] is not None:
            weights = step_weights(call.n_steps, topology.neuron.leak)
            gradients[0] = torch.stack([gradients[0] * weight for weight in weights])
        return None, None, *gradients


def _implicit_errors(
    ctx: Any, loop: RateLoop, start: Tensor | None, error: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """Return rates and their errors, the loop included."""
    call: Call = ctx.call
    topology = call.topology
    readout, looped = loop.rates[topology.readout], loop.rates[topology.source]
    if start is None:
        return [readout], [error]
    if topology.readout == topology.source:
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
        connection.batch_norm is not None for connection in topology.connections
    )
    beta = _solve(loop.product(start), drive, ctx.rule, coupled)
    return [*outputs, looped], [*errors, beta]


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


def _solve(product: Product, drive: Tensor, rule: Ide, coupled: bool) -> Tensor:
    if rule.solver == "exact":
        return solve_exact(product, drive, coupled=coupled)
    if rule.solver == "damped":
        return solve_damped(product, drive, rule.steps, rule.tolerance, coupled=coupled)
    return solve_broyden(
        product,
        drive,
        rule.steps,
        rule.memory,
        rule.tolerance,
        coupled=coupled,
    )
