"""Any spiking model of torch as a network whose spikes can be recorded.

Input: a module of snntorch, spikingjelly, norse or of one's own. Output: its spiking
layers, found by what they put out, and their spikes at every step, by forward hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from neuroclass._lib.checks import check_positive_int
from neuroclass.snn.components import Shape

__all__ = ["SpikingModule"]


class SpikingModule(nn.Module):
    """A spiking model of any kind, for `record`.

    Parameters
    ----------
    model : Module
        Takes all steps at once (steps, batch, ...), or one step (batch, ...) after the
        other with `by_step`.  Modules with a method ``reset`` are reset before every
        batch, as those of spikingjelly must be.
    steps : int, default 30
        Number of time steps of a constant input.
    layers : sequence of str, optional
        Names of the spiking layers, as in ``model.named_modules()``; default all
        modules without children whose (first) output is 0 or 1 everywhere, and
        somewhere 1.
    takes_frames : bool, default False
        Whether inputs have time as their first axis.
    by_step : bool, default False
        Whether the model takes one step per call and keeps its state.

    Raises
    ------
    ValueError
        If a name is unknown, or no layer spikes.

    Notes
    -----
    A layer that is called once per step and one that is called once with all steps are
    told from the shape of what they put out.

    Examples
    --------
    >>> class Threshold(nn.Module):
    ...     def forward(self, x):
    ...         return (x.cumsum(0).fmod(1.0) < x).float()
    >>> model = SpikingModule(nn.Sequential(Threshold()), steps=10)
    >>> model.layer_shapes(torch.full((2, 3), 0.3))
    [(3,)]
    """

    def __init__(
        self,
        model: nn.Module,
        steps: int = 30,
        layers: Sequence[str] | None = None,
        *,
        takes_frames: bool = False,
        by_step: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.steps = check_positive_int(steps, "steps")
        self.takes_frames, self.by_step = takes_frames, by_step
        known = dict(model.named_modules())
        for name in layers or ():
            if name not in known:
                raise ValueError(
                    f"layers must be names of modules of the model; got {name!r}. "
                    f"It has {', '.join(filter(None, known))}."
                )
        self.names = None if layers is None else tuple(layers)

    def is_frames(self, inputs: Tensor) -> bool:
        """Return whether the first axis of the inputs is time."""
        return self.takes_frames

    def layer_shapes(self, inputs: Tensor) -> list[Shape]:
        """Return the shapes of the spiking layers for inputs; find the layers."""
        frames = (
            inputs if self.takes_frames else inputs.expand(self.steps, *inputs.shape)
        )
        spikes = self._run(frames.float())
        if self.names is None:
            found = [
                name
                for name, value in spikes.items()
                if bool(((value == 0) | (value == 1)).all()) and bool(value.any())
            ]
            if not found:
                raise ValueError(
                    "model must have a layer whose output is 0 or 1, and somewhere 1; "
                    "none of its modules without children has on these inputs. Name "
                    "the spiking layers, or give larger inputs."
                )
            self.names = tuple(found)
        missing = [name for name in self.names if name not in spikes]
        if missing:
            raise ValueError(
                f"layers must put out one value per step and neuron; {missing[0]!r} "
                "was not called, or has another shape."
            )
        return [tuple(spikes[name].shape[2:]) for name in self.names]

    def simulate(
        self,
        x: Tensor,
        *,
        noise: float = 0.0,
        generator: torch.Generator | None = None,
        on_step: Callable[[int, list[Tensor]], None],
    ) -> None:
        """Run the model on frames; call `on_step` with the spikes of each step."""
        if noise:
            raise ValueError(
                "noise must be 0 for a model whose potentials are its own; got "
                f"{noise}. Choose an encoding that varies."
            )
        names = self.names or ()
        spikes = self._run(x)
        for step in range(len(x)):
            on_step(step, [spikes[name][step] for name in names])

    def _run(self, frames: Tensor) -> dict[str, Tensor]:
        """Return the outputs of modules by name.  (steps, batch, ...)."""
        n_steps, n_samples = frames.shape[:2]
        for module in self.model.modules():
            reset = getattr(module, "reset", None)
            if callable(reset):
                reset()
        with self._hooked() as outputs, torch.no_grad():
            if self.by_step:
                for frame in frames:
                    self.model(frame)
            else:
                self.model(frames)
        found = {}
        for name, values in outputs.items():
            first = values[0]
            if len(values) == n_steps and len(first) == n_samples:
                found[name] = torch.stack(values)
            elif len(values) == 1 and first.shape[:2] == (n_steps, n_samples):
                found[name] = first
        return {name: value for name, value in found.items() if value.ndim > 2}

    @contextmanager
    def _hooked(self) -> Iterator[dict[str, list[Tensor]]]:
        """Collect the first output of every module that may spike."""
        outputs: dict[str, list[Tensor]] = {}
        handles = []

        def hook(name: str) -> Callable[[Any, Any, Any], None]:
            def collect(module: Any, given: Any, output: Any) -> None:
                value = output[0] if isinstance(output, tuple | list) else output
                if isinstance(value, Tensor) and value.ndim:
                    outputs.setdefault(name, []).append(value.detach().clone())

            return collect

        for name, module in self.model.named_modules():
            is_wanted = (
                not any(module.children()) if self.names is None else name in self.names
            )
            if is_wanted:
                handles.append(module.register_forward_hook(hook(name)))
        try:
            yield outputs
        finally:
            for handle in handles:
                handle.remove()
