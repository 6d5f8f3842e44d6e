"""Solvers of ``beta = J^T beta + g``.

Input: the product with J^T, and g. Output: beta.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["Product", "solve_broyden", "solve_damped", "solve_exact"]

Product = Callable[[Tensor], Tensor]

# A dense Jacobian of more unknowns than this is a mistake, not a check.
_MOST_UNKNOWNS = 4096


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
    batch norm joins the samples.
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

    Every sample is a system of its own, unless batch norm joins them.  With the
    residual ``r = J^T beta + g - beta``, the inverse of its Jacobian starts at -I and
    takes one rank-one update per step; the iterate of the lowest residual of each
    system is returned.

    Parameters
    ----------
    product, drive, coupled
        As in `solve_exact`.
    steps : int, default 30
        Largest number of steps.
    memory : int, default 27
        Number of updates that are kept; the oldest goes first.
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
