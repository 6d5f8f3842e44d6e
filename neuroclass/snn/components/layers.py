"""Connections between spiking layers: their action, its transpose, the local rule.

Each class is a torch layer that holds the parameters. Input: spikes, and the weight and
bias to use. Output: the current that the spikes send (`current`), what the transposed
weights send back (`send_back`), and the weight change of the local rule
(`weight_gradient`). Shapes are those of one sample, without the batch axis.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

__all__ = ["Connection", "Linear", "Shape", "Zero", "check_dropout", "draw_kaiming_"]

Shape = tuple[int, ...]


class Connection(Protocol):
    """Methods that the stages call on a connection between two layers."""

    weight: Any
    bias: Any
    dropout: float
    batch_norm: Any
    sample_ndim: int | None

    def output_shape(self, source: Shape, target: Shape | None = None) -> Shape:
        """Return the shape reached from `source`; `target` settles what is open."""

    def current(self, spikes: Tensor, weight: Any, bias: Any, target: Shape) -> Tensor:
        """Return ``W s + b`` in the shape of the target layer."""

    def send_back(self, spikes: Tensor, weight: Any, source: Shape) -> Tensor:
        """Return ``W^T z`` in the shape of the source layer."""

    def weight_gradient(
        self, delta: Tensor, rate: Tensor, weight: Any
    ) -> Tensor | None:
        """Return the sum over the batch of ``delta rate^T``, shaped as the weight."""

    def bias_gradient(self, delta: Tensor) -> Tensor | None:
        """Return the sum of delta over the batch, shaped as the bias."""


class Linear(nn.Linear):
    """All-to-all connection; a source with rows and columns is flattened.

    Parameters
    ----------
    in_features, out_features : int
        Neurons of the source and of the target layer.
    bias : bool, default True
        Whether the target receives a constant current.
    dropout : float, default 0.0
        Fraction of the target's currents that one mask per presentation removes.
    batch_norm : bool, default False
        Normalise the current by its statistics over average rates (IDE).

    Examples
    --------
    >>> Linear(784, 400).output_shape((1, 28, 28))
    (400,)
    """

    sample_ndim: int | None = 1

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dropout: float = 0.0,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(in_features, out_features, bias)
        self.dropout = check_dropout(dropout)
        self.batch_norm = nn.BatchNorm1d(out_features) if batch_norm else None

    def reset_parameters(self) -> None:
        """Draw Kaiming normal weights, zero biases."""
        draw_kaiming_(self.weight, self.bias, self.in_features)

    def output_shape(self, source: Shape, target: Shape | None = None) -> Shape:
        """Return ``(out_features,)``, or the target of as many neurons."""
        if math.prod(source) != self.in_features:
            raise ValueError(
                f"the input of {self} must have {self.in_features} neurons; "
                f"got {math.prod(source)}, of shape {source}."
            )
        if target is None:
            return (self.out_features,)
        if math.prod(target) != self.out_features:
            raise ValueError(
                f"the target of {self} must have {self.out_features} neurons; "
                f"got {math.prod(target)}, of shape {target}."
            )
        return target

    def current(self, spikes: Tensor, weight: Any, bias: Any, target: Shape) -> Tensor:
        """Return ``W s + b`` in the shape of the target layer."""
        return F.linear(spikes.flatten(1), weight, bias).view(-1, *target)

    def send_back(self, spikes: Tensor, weight: Any, source: Shape) -> Tensor:
        """Return ``W^T z`` in the shape of the source layer."""
        sent: Tensor = spikes.flatten(1) @ weight
        return sent.view(-1, *source)

    def weight_gradient(
        self, delta: Tensor, rate: Tensor, weight: Any
    ) -> Tensor | None:
        """Return the sum over the batch of the outer products."""
        return delta.flatten(1).T @ rate.flatten(1)

    def bias_gradient(self, delta: Tensor) -> Tensor | None:
        """Return the sum of delta over the batch."""
        return delta.flatten(1).sum(0)


class Zero(nn.Module):
    """Connection without currents: a network without feedback.

    Examples
    --------
    >>> Zero().output_shape((300,), (15, 28, 28))
    (15, 28, 28)
    """

    sample_ndim: int | None = None
    dropout = 0.0
    batch_norm: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.weight = None
        self.bias = None

    def output_shape(self, source: Shape, target: Shape | None = None) -> Shape:
        """Return the shape of the target, or of the source where none is given."""
        return source if target is None else target

    def current(self, spikes: Tensor, weight: Any, bias: Any, target: Shape) -> Tensor:
        """Return zeros in the shape of the target layer."""
        return spikes.new_zeros(spikes.shape[0], *target)

    def send_back(self, spikes: Tensor, weight: Any, source: Shape) -> Tensor:
        """Return zeros in the shape of the source layer."""
        return spikes.new_zeros(spikes.shape[0], *source)

    def weight_gradient(
        self, delta: Tensor, rate: Tensor, weight: Any
    ) -> Tensor | None:
        """Return None: there is no weight."""
        return None

    def bias_gradient(self, delta: Tensor) -> Tensor | None:
        """Return None: there is no bias."""
        return None


def check_dropout(dropout: float) -> float:
    """Return a fraction of currents to remove, or raise ``ValueError``."""
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must lie in [0, 1); got {dropout}.")
    return float(dropout)


def draw_kaiming_(weight: Tensor, bias: Tensor | None, fan_in: int) -> None:
    """Draw normal weights of variance 2 / fan-in; set biases to 0."""
    with torch.no_grad():
        weight.normal_(0, math.sqrt(2 / fan_in))
        if bias is not None:
            bias.zero_()
