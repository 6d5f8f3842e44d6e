"""IDE: gradients by implicit differentiation at the equilibrium of average rates.

The forward stage gives the average rates; the gradient solves
``beta = J^T beta + g`` there, with the Jacobian J of one turn around the feedback
loop.  Xiao et al. (2021), NeurIPS, arXiv:2109.14247.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from neuroclass._validation import check_choice, check_positive_int
from neuroclass.snn.backend import forward_by
from neuroclass.snn.neurons import step_weights
from neuroclass.snn.statistics import Statistics, record_forward
from neuroclass.snn.wiring import (
    Tensors,
    Wiring,
    draw_dropout,
    forward_stage,
    layer_shapes,
)

__all__ = [
    "IdeBackward",
    "ide_rate",
    "rate_map",
    "solve_broyden",
    "solve_damped",
    "solve_exact",
]

Product = Callable[[Tensor], Tensor]

# A dense Jacobian of more unknowns than this is a mistake, not a check.
_MOST_UNKNOWNS = 4096


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
    call = _Call(wiring, settings, is_frames, n_steps, training, statistics, backend)
    flat: list[Tensor | None] = []
    for connection, (weight, bias) in zip(wiring.connections, tensors, strict=True):
        norm = connection.batch_norm
        scale, shift = (None, None) if norm is None else (norm.weight, norm.bias)
        flat += [weight, bias, scale, shift]
    apply: Any = _Ide.apply
    rate: Tensor = apply(call, x, *flat)
    return rate


@dataclass
class _Call:
    """The settings of one call."""

    wiring: Wiring
    settings: IdeBackward
    is_frames: bool
    n_steps: int
    training: bool
    statistics: Statistics | None
    backend: str


class _Ide(torch.autograd.Function):
    """Forward stage forwards, implicit gradient backwards; gradients are returned."""

    @staticmethod
    def forward(ctx: Any, call: _Call, x: Tensor, *flat: Tensor | None) -> Tensor:
        """Simulate the forward stage."""
        wiring = call.wiring
        with torch.autocast(x.device.type, enabled=False):
            values = _as_float(flat)
            x = x.float()
            masks = None
            if call.training:
                n_samples = x.shape[1] if call.is_frames else x.shape[0]
                sample = tuple(x.shape[2:] if call.is_frames else x.shape[1:])
                shapes = layer_shapes(wiring, sample)
                masks = draw_dropout(wiring, shapes, x, n_samples)
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
            values = _as_float(ctx.saved_tensors)
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


def _as_float(flat: Sequence[Tensor | None]) -> list[Tensor | None]:
    return [None if tensor is None else tensor.float() for tensor in flat]


def _implicit_errors(
    call: _Call, rates: list[Tensor], start: Tensor | None, error: Tensor
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


def solve_exact(product: Product, drive: Tensor, *, coupled: bool = False) -> Tensor:
    """Solve ``beta = J^T beta + g`` with a dense Jacobian.

    Parameters
    ----------
    product : callable
        ``beta -> J^T beta``, in the shape of `drive`.
    drive : Tensor
        g.  (batch, ...)
    coupled : bool, default False
        Whether samples act on each other; then the batch is one system.

    Raises
    ------
    ValueError
        If there are too many unknowns for a dense matrix.
    """
    systems = drive.reshape(1 if coupled else len(drive), -1)
    n_systems, n_unknowns = systems.shape
    if n_unknowns > _MOST_UNKNOWNS:
        raise ValueError(
            f"solver 'exact' must have at most {_MOST_UNKNOWNS} unknowns; "
            f"got {n_unknowns}. Use 'broyden' or 'damped'."
        )
    transposed = drive.new_empty(n_systems, n_unknowns, n_unknowns)
    for i in range(n_unknowns):
        basis = torch.zeros_like(systems)
        basis[:, i] = 1
        transposed[:, :, i] = product(basis.view_as(drive)).reshape(systems.shape)
    identity = torch.eye(n_unknowns, dtype=drive.dtype, device=drive.device)
    beta: Tensor = torch.linalg.solve(identity - transposed, systems)
    return beta.view_as(drive)


def solve_damped(
    product: Product,
    drive: Tensor,
    steps: int = 30,
    tolerance: float = 2e-10,
    *,
    coupled: bool = False,
) -> Tensor:
    """Solve ``beta = J^T beta + g`` by ``beta <- (beta + J^T beta + g) / 2``.

    The limit is the solution itself, wherever ``(I + J^T) / 2`` contracts.  The
    iterate of the lowest residual of each sample is returned, or of the batch where
    batch norm couples the samples.
    """
    best = _Best(drive.reshape(1 if coupled else len(drive), -1))
    beta = torch.zeros_like(drive)
    for _ in range(steps + 1):
        residual = product(beta) + drive - beta
        best.update(beta.reshape(best.shape), residual.reshape(best.shape))
        if best.is_final(tolerance):
            break
        beta = beta + residual / 2
    return best.beta.view_as(drive)


class _Best:
    """The iterate of the lowest residual of each system.  (systems, unknowns)."""

    def __init__(self, drive: Tensor) -> None:
        self.shape = drive.shape
        self.beta = torch.zeros_like(drive)
        self.lowest = drive.new_full((len(drive), 1), math.inf)
        self.is_moving = torch.ones_like(self.lowest, dtype=torch.bool)

    def update(self, beta: Tensor, residual: Tensor) -> None:
        """Keep the rows that come closer; a row that overflowed is given up."""
        size = residual.norm(dim=1, keepdim=True)
        # Also false where the size is not a number.
        closer = size < self.lowest
        self.beta = torch.where(closer, beta, self.beta)
        self.lowest = torch.where(closer, size, self.lowest)
        self.is_moving = size.isfinite()

    def is_final(self, tolerance: float) -> bool:
        """Return whether every system has converged or overflowed."""
        bound = tolerance * math.sqrt(self.beta.shape[1])
        return not bool((self.is_moving & (self.lowest > bound)).any())


def solve_broyden(
    product: Product,
    drive: Tensor,
    steps: int = 30,
    memory: int = 27,
    tolerance: float = 2e-10,
    *,
    coupled: bool = False,
) -> Tensor:
    """Solve ``beta = J^T beta + g`` by Broyden's first method with limited memory.

    Every sample is a system of its own, unless batch norm couples them.  With the
    residual ``r = J^T beta + g - beta``, the inverse of its Jacobian starts at -I and
    takes one rank-one update per step; the iterate of the lowest residual of each
    system is returned.

    Parameters
    ----------
    product, drive, coupled
        As in `solve_exact`.
    steps : int, default 30
        Most steps.
    memory : int, default 27
        Updates kept; when they are used up, the oldest goes.
    tolerance : float, default 2e-10
        Residual per square root of the number of unknowns at which to stop.
    """
    shape = (1 if coupled else len(drive), -1)

    def residual_at(beta: Tensor) -> Tensor:
        return (product(beta.view_as(drive)) + drive).reshape(shape) - beta

    beta = torch.zeros_like(drive).reshape(shape)
    residual = residual_at(beta)
    best = _Best(beta)
    best.update(beta, residual)
    # B^-1 = -I + sum of left_k right_k^T
    left: list[Tensor] = []
    right: list[Tensor] = []
    for _ in range(steps):
        if best.is_final(tolerance):
            break
        step = -_apply(left, right, residual)
        beta = beta + step
        change = residual
        residual = residual_at(beta)
        change = residual - change
        best.update(beta, residual)
        row = _apply(right, left, step)
        moved = (row * change).sum(1, keepdim=True)
        # A sample that has converged moves no more: it keeps its matrix.
        update = (step - _apply(left, right, change)) / moved
        update = torch.where(moved.abs() > torch.finfo(moved.dtype).tiny, update, 0.0)
        left.append(update)
        right.append(row)
        del left[:-memory], right[:-memory]
    return best.beta.view_as(drive)


def _apply(left: list[Tensor], right: list[Tensor], vector: Tensor) -> Tensor:
    """Return ``(-I + sum of left right^T) vector``, sample by sample."""
    result = -vector
    for a, b in zip(left, right, strict=True):
        result = result + a * (b * vector).sum(1, keepdim=True)
    return result
