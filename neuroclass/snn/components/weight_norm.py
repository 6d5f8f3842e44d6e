"""Bounds on the feedback weights, as parametrizations of torch.

Input: a layer and the largest norm of its weight. Output: the layer, restricted. A
feedback of bounded norm keeps the network near a stable equilibrium.  The factor is
a constant in the gradient, and the same at evaluation whatever was run before.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from neuroclass._lib.checks import check_choice

__all__ = ["FrobeniusRestriction", "SpectralRestriction", "restrict_norm"]

# Power iterations on the initial weights: the first step starts from a fair estimate.
_FIRST_ITERATIONS = 30


class FrobeniusRestriction(nn.Module):
    """Scale a weight to a Frobenius norm of at most `limit`: W min(|W|, r) / |W|.

    Examples
    --------
    >>> import torch
    >>> FrobeniusRestriction(2.0)(torch.tensor([[3.0, 4.0]])).norm().item()
    2.0
    """

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = _check_limit(limit)

    def extra_repr(self) -> str:
        """Return the settings shown between the brackets."""
        return f"limit={self.limit}"

    def forward(self, weight: Tensor) -> Tensor:
        """Return the scaled weight."""
        return weight * _factor(weight.detach().norm(), self.limit)


class SpectralRestriction(nn.Module):
    """Scale a weight to a spectral norm of at most `limit`.

    The norm is that of the kernel reshaped to (first axis, all others), by one power
    iteration per training step; evaluation uses the vectors of the last one.  On
    weights of zeros it starts anew, from the same vector, until the weights move.
    """

    left: Tensor
    right: Tensor

    def __init__(self, limit: float, weight: Tensor) -> None:
        super().__init__()
        self.limit = _check_limit(limit)
        matrix = weight.detach().flatten(1)
        self.register_buffer("left", matrix.new_zeros(matrix.shape[0]))
        self.register_buffer("right", matrix.new_zeros(matrix.shape[1]))
        self._start(matrix)

    def extra_repr(self) -> str:
        """Return the settings shown between the brackets."""
        return f"limit={self.limit}"

    def _start(self, matrix: Tensor) -> None:
        generator = torch.Generator().manual_seed(0)
        self.left.copy_(torch.randn(len(matrix), generator=generator))
        for _ in range(_FIRST_ITERATIONS):
            self._iterate(matrix)

    def _iterate(self, matrix: Tensor) -> None:
        right = matrix.T @ self.left
        self.right.copy_(right / right.norm().clamp_min(1e-12))
        left = matrix @ self.right
        self.left.copy_(left / left.norm().clamp_min(1e-12))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the scaled weight."""
        matrix = weight.detach().flatten(1)
        if not self.right.any():
            self._start(matrix)
        elif self.training:
            self._iterate(matrix)
        # Weights that changed since the last iteration may have turned the sign.
        norm = (self.left @ matrix @ self.right).abs()
        return weight * _factor(norm, self.limit)


def restrict_norm(layer: nn.Module, kind: str, limit: float) -> nn.Module:
    """Restrict the norm of a layer's weight from now on; return the layer.

    Parameters
    ----------
    layer : Module
        With a parameter `weight`.
    kind : {"frobenius", "spectral"}
        Norm: exact, or by power iteration.
    limit : float
        Largest norm.
    """
    check_choice(kind, "kind", ("frobenius", "spectral"))
    weight = layer.weight
    if not isinstance(weight, Tensor):
        raise ValueError(f"layer must have a weight to restrict; got {layer}.")
    restriction = (
        FrobeniusRestriction(limit)
        if kind == "frobenius"
        else SpectralRestriction(limit, weight)
    )
    parametrize.register_parametrization(layer, "weight", restriction)
    return layer


def _factor(norm: Tensor, limit: float) -> Tensor:
    # A weight of zeros divides to infinity, which the bound turns into 1.
    return (limit / norm).clamp(max=1)


def _check_limit(limit: float) -> float:
    if not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"limit must be a positive number; got {limit}.")
    return float(limit)
