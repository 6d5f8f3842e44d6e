"""Choice of the engine that runs the two stages of a call.

Input: the name of a backend, a topology and an input. Output: one engine object, whose
`forward` and `backward` simulate the two stages: in plain torch, or by event-driven
kernels.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from neuroclass._lib.checks import check_choice
from neuroclass.snn.components import Tensors, Topology
from neuroclass.snn.engine.backward import (
    BackwardSettings,
    BackwardStage,
    backward_stage,
)
from neuroclass.snn.engine.event_driven import EventEngine
from neuroclass.snn.engine.forward import ForwardSettings, ForwardStage, forward_stage

__all__ = ["BACKENDS", "Engine", "TorchEngine", "check_backend", "engine_for"]

BACKENDS = ("auto", "torch", "event")

# Above any rate: never a dense product.
_ALWAYS_EVENTS = 2.0


class Engine(Protocol):
    """Simulator of the two stages of one topology."""

    def forward(
        self, x: Tensor, tensors: Tensors, settings: ForwardSettings
    ) -> ForwardStage:
        """Simulate the forward stage."""

    def backward(
        self,
        forward: ForwardStage,
        error: Tensor,
        tensors: Tensors,
        settings: BackwardSettings,
    ) -> BackwardStage:
        """Simulate the backward stage."""


@dataclass(frozen=True)
class TorchEngine:
    """Both stages in plain torch, on any device.

    Attributes
    ----------
    topology : Topology
        Layers and connections.
    """

    topology: Topology

    def forward(
        self, x: Tensor, tensors: Tensors, settings: ForwardSettings
    ) -> ForwardStage:
        """Simulate the forward stage; the parameters are those of `forward_stage`."""
        return forward_stage(self.topology, x, tensors, settings)

    def backward(
        self,
        forward: ForwardStage,
        error: Tensor,
        tensors: Tensors,
        settings: BackwardSettings,
    ) -> BackwardStage:
        """Simulate the backward stage; the parameters are those of `backward_stage`."""
        return backward_stage(self.topology, forward, error, tensors, settings)


def check_backend(backend: str) -> str:
    """Return `backend` if it can be used here, or name what to install.

    Raises
    ------
    ValueError
        If it is none of `BACKENDS`.
    ImportError
        If it needs numba, which is not installed.
    """
    check_choice(backend, "backend", BACKENDS)
    if backend == "event" and not _has_numba():
        raise ImportError(
            "backend 'event' needs numba, which is not installed. "
            "Install it with: pip install neuroclass[fast]"
        )
    return backend


def engine_for(backend: str, topology: Topology, x: Tensor) -> Engine:
    """Return the engine of one call: event-driven under "auto" where it can run.

    Parameters
    ----------
    backend : {"auto", "torch", "event"}
        Name of the engine, or the choice by device and connections.
    topology : Topology
        Layers and connections.
    x : Tensor
        The input, whose device counts.

    Raises
    ------
    ValueError
        If the backend is "event" and the kernels cannot run the network.
    """
    if backend == "torch" or not _has_numba():
        return TorchEngine(topology)
    is_supported = EventEngine.supports(topology, x)
    if backend == "event" and not is_supported:
        raise ValueError(
            "backend must be 'auto' or 'torch' on a GPU, with batch norm, dilated "
            "convolutions or windows that overlap; got 'event'."
        )
    if not is_supported:
        return TorchEngine(topology)
    return EventEngine(topology, _ALWAYS_EVENTS if backend == "event" else None)


def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None
