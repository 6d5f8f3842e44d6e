"""Which code runs the two stages: plain torch, or event-driven kernels."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

from neuroclass._lib.checks import check_choice
from neuroclass.snn.components.topology import ForwardStage, Wiring, forward_stage

__all__ = ["BACKENDS", "backward_by", "check_backend", "forward_by", "uses_events"]

BACKENDS = ("auto", "torch", "event")

# Above any rate: never a dense product.
_ALWAYS_EVENTS = 2.0


def check_backend(backend: str) -> str:
    """Return `backend` if it can be used here, or say how to install it.

    Raises
    ------
    ValueError
        If it is none of `BACKENDS`.
    ImportError
        If it needs numba, which is not installed.
    """
    check_choice(backend, "backend", BACKENDS)
    if backend == "event" and importlib.util.find_spec("numba") is None:
        raise ImportError(
            "backend 'event' needs numba, which is not installed. "
            "Install it with: pip install neuroclass[fast]"
        )
    return backend


def uses_events(backend: str, wiring: Wiring, x: Tensor) -> bool:
    """Return whether the kernels run, under "auto" where they can."""
    if backend == "torch" or importlib.util.find_spec("numba") is None:
        return False
    supported: bool = _fast().is_supported(wiring, x)
    if backend == "event" and not supported:
        raise ValueError(
            "backend must be 'auto' or 'torch' on a GPU, with batch norm, dilated "
            "convolutions or windows that overlap; got 'event'."
        )
    return supported


def forward_by(backend: str, wiring: Wiring, x: Tensor) -> Callable[..., ForwardStage]:
    """Return the forward stage to call."""
    if not uses_events(backend, wiring, x):
        return forward_stage
    rate = _ALWAYS_EVENTS if backend == "event" else None
    return partial(_fast().fast_forward_stage, dense_rate=rate)


def backward_by(
    backend: str, wiring: Wiring, x: Tensor, plain: Callable[..., Any]
) -> Callable[..., Any]:
    """Return the backward stage to call, `plain` where events are not used."""
    if not uses_events(backend, wiring, x):
        return plain
    rate = _ALWAYS_EVENTS if backend == "event" else None
    return partial(_fast().fast_backward_stage, dense_rate=rate)


def _fast() -> Any:
    # numba takes a second to import, and may not be there at all.
    return importlib.import_module("neuroclass.snn.engine.event_driven")
