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
# Broyden's method keeps its matrix at -I, whose steps cost nothing beside the product,
# while each of them leaves at most this share of every residual.
_PLAIN_SHARE = 1 / 3


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
        self.size = self.lowest
        self.is_moving = torch.ones_like(self.lowest, dtype=torch.bool)

    def update(self, beta: Tensor, residual: Tensor) -> None:
        """Keep the rows that come closer; a row that overflowed is given up."""
        size = torch.linalg.vecdot(residual, residual)[:, None].sqrt()
        # Also false where the size is not a number.
        closer = size < self.lowest
        all_closer = bool(closer.all())
        self.beta = beta if all_closer else torch.where(closer, beta, self.beta)
        self.lowest = torch.where(closer, size, self.lowest)
        self.is_moving = size.isfinite()
        self.size = size

    def has_fallen(self, bound: Tensor, tolerance: float) -> bool:
        """Return whether every residual is at most its bound, or has converged."""
        converged = tolerance * math.sqrt(self.beta.shape[1])
        return bool((self.size <= bound.clamp_min(converged)).all())

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
    product, drive, coupled : as in `solve_exact`
    steps : int, default 30
        Largest number of steps.
    memory : int, default 27
        Number of updates after which the matrix starts anew.
    tolerance : float, default 2e-10
        Residual per square root of the number of unknowns at which to stop.

    Notes
    -----
    The matrix stays -I while a step leaves at most a third of every residual.  Every
    update is then made of two successive steps [1]_, so that the steps are all that is
    kept, and a step costs one product and one pass over them.

    References
    ----------
    .. [1] Kelley (1995), Iterative Methods for Linear and Nonlinear Equations, SIAM,
       section 7.3, doi:10.1137/1.9781611970944.
    """
    shape = (1 if coupled else len(drive), -1)
    beta = torch.zeros_like(drive).reshape(shape)
    step = residual = drive.reshape(shape)
    best = _Best(beta)
    best.update(beta, residual)
    # B^-1 = (I + s_k s_{k-1}^T / |s_{k-1}|^2) ... (I + s_1 s_0^T / |s_0|^2) (-I)
    taken: list[Tensor] = []
    squares: list[Tensor] = []
    is_plain = True
    for _ in range(steps):
        if best.is_final(tolerance):
            break
        beta = beta + step
        residual = (product(beta.view_as(drive)) + drive).reshape(shape).sub_(beta)
        before = best.size
        best.update(beta, residual)
        is_plain = is_plain and best.has_fallen(before * _PLAIN_SHARE, tolerance)
        if is_plain:
            step = residual
            continue
        if len(taken) == memory:
            # The matrix is made of all steps since it was -I: it starts anew.
            taken, squares = [], []
        taken.append(step)
        squares.append(torch.linalg.vecdot(step, step)[:, None])
        step = _next_step(taken, squares, residual)
    return best.beta.view_as(drive)


def _next_step(taken: list[Tensor], squares: list[Tensor], residual: Tensor) -> Tensor:
    """Return ``-B^-1 residual`` with the update of the last step.  (systems, n)."""
    step = residual.clone()
    for k, (past, square) in enumerate(zip(taken, squares, strict=True)):
        share = torch.linalg.vecdot(past, step)[:, None] / square
        # A system that has converged moves no more: it keeps its matrix.
        share = torch.where(square > torch.finfo(square.dtype).tiny, share, 0.0)
        if k + 1 < len(taken):
            step.addcmul_(taken[k + 1], share)
    left = 1 - share
    return step / torch.where(left == 0, 1.0, left)
