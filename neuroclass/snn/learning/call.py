"""One call of a network: what its forward and its backward pass share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from neuroclass.snn.components.layers import Shape
from neuroclass.snn.components.topology import Wiring, draw_dropout, layer_shapes
from neuroclass.snn.engine.activity import Statistics

__all__ = ["Call", "in_float"]


@dataclass
class Call:
    """The settings of one call, whatever the learning rule.

    Attributes
    ----------
    wiring : Wiring
        What is connected to what.
    settings : SpideBackward or IdeBackward
        Of the backward pass.
    is_frames : bool
        Whether the first axis of the input is time.
    n_steps : int
        T_F.
    training : bool
        Draw dropout; moments of batch norm from the batch.
    statistics : Statistics or None
        Where to record rates and operations.
    backend : str
        Which code runs the stages.
    """

    wiring: Wiring
    settings: Any
    is_frames: bool
    n_steps: int
    training: bool
    statistics: Statistics | None
    backend: str

    def sample_shape(self, x: Tensor) -> Shape:
        """Return the shape of one sample, or of one frame of it."""
        return tuple(x.shape[2:] if self.is_frames else x.shape[1:])

    def draw_masks(self, x: Tensor) -> list[Tensor | None] | None:
        """Draw the dropout of all connections; None outside of training."""
        if not self.training:
            return None
        shapes = layer_shapes(self.wiring, self.sample_shape(x))
        n_samples = x.shape[1] if self.is_frames else x.shape[0]
        return draw_dropout(self.wiring, shapes, x, n_samples)


def in_float(flat: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Return tensors in single precision, which autocast may have left."""
    return [None if tensor is None else tensor.float() for tensor in flat]
