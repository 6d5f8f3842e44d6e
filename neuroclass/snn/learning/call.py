"""One call of a network, as its forward and its backward pass share it.

Input: a topology, an input and the mode of the network. Output: dropout masks, the
engine that runs the stages, and the settings of the forward stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from neuroclass.snn.components import Shape, Topology, draw_dropout, layer_shapes
from neuroclass.snn.engine import Engine, ForwardSettings, Statistics, engine_for
from neuroclass.snn.learning.regime import Regime

__all__ = ["Call", "in_float", "kept_input"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """Settings of one call of a network, whatever the learning rule.

    Attributes
    ----------
    topology : Topology
        Layers and connections.
    n_steps : int
        Number of time steps T_F.
    is_frames : bool
        Whether the first axis of the input is time.
    training : bool
        Draw dropout; moments of batch norm from the batch.
    statistics : Statistics or None
        Where to record rates and operations.
    backend : str
        Name of the engine.
    regime : Regime or None
        Watch of the backward stages of the network, in training.
    adopt : callable or None
        Called with the rule of the network whose open settings are filled in.
    """

    topology: Topology
    n_steps: int
    is_frames: bool
    training: bool
    statistics: Statistics | None = None
    backend: str = "auto"
    regime: Regime | None = None
    adopt: Callable[[Any], None] | None = None

    def engine(self, x: Tensor) -> Engine:
        """Return the engine that runs both stages."""
        return engine_for(self.backend, self.topology, x)

    def forward_settings(
        self, masks: Sequence[Tensor | None] | None
    ) -> ForwardSettings:
        """Return the settings of the forward stage."""
        return ForwardSettings(
            n_steps=self.n_steps,
            is_frames=self.is_frames,
            masks=masks,
            training=self.training,
        )

    def sample_shape(self, x: Tensor) -> Shape:
        """Return the shape of one sample, or of one frame of it."""
        return tuple(x.shape[2:] if self.is_frames else x.shape[1:])

    def draw_masks(self, x: Tensor) -> list[Tensor | None] | None:
        """Draw the dropout of all connections; None outside of training."""
        if not self.training:
            return None
        shapes = layer_shapes(self.topology, self.sample_shape(x))
        n_samples = x.shape[1] if self.is_frames else x.shape[0]
        return draw_dropout(self.topology, shapes, x, n_samples)


def kept_input(x: Tensor, is_frames: bool) -> Tensor | None:
    """Return the input where the backward pass uses it, to be saved with a version.

    PyTorch refuses a saved tensor that was changed in place. Of frames the backward
    pass uses their average, a copy that no change reaches.
    """
    return None if is_frames else x


def in_float(flat: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Return tensors in single precision, which autocast may have left."""
    return [None if tensor is None else tensor.float() for tensor in flat]
