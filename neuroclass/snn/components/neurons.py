"""Spiking neurons as pure step functions: integrate and fire, ternary neuron pairs.

Input: the current of one time step and the potential after the last one. Output: the
spikes and the potential after the reset.  `IF` and `LIF` only hold
numbers.  The functions with a trailing underscore are the same steps written into
existing memory; the simulation loop uses them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = [
    "IF",
    "LIF",
    "average_rate_norm",
    "fire_",
    "fire_ternary_",
    "integrate_and_fire",
    "integrate_and_fire_pair",
    "step_weights",
]


@dataclass(frozen=True)
class IF:
    """Integrate-and-fire neuron: without a leak of the potential.

    Parameters
    ----------
    v_th : float, default 1.0
        Threshold; a potential equal to it fires.
    u_rest : float, optional
        Resting potential; a spike lowers the potential by ``v_th - u_rest``.  Default
        ``-v_th``, the modified reset of SPIDE [1]_; 0 is the ordinary subtractive
        reset.

    References
    ----------
    .. [1] Xiao et al. (2023) Neural Networks, arXiv:2302.00232.

    Examples
    --------
    >>> IF().reset
    2.0
    >>> IF(v_th=2.0, u_rest=0.0).reset
    2.0
    """

    v_th: float = 1.0
    u_rest: float | None = None

    def __post_init__(self) -> None:
        _check_neuron(self)

    @property
    def leak(self) -> float:
        """Factor of the potential from one step to the next: 1, nothing leaks."""
        return 1.0

    @property
    def reset(self) -> float:
        """V = v_th - u_rest, by which a spike lowers the potential."""
        return _reset(self.v_th, self.u_rest)


@dataclass(frozen=True)
class LIF:
    """Leaky integrate-and-fire neuron: after the reset the potential is multiplied.

    Parameters
    ----------
    v_th : float, default 1.0
        Threshold; a potential equal to it fires.
    leak : float, default 0.95
        Factor of the potential after each step, above 0 and below 1.
    u_rest : float, optional
        Resting potential; default ``-v_th``.

    Examples
    --------
    >>> LIF(leak=0.9).leak
    0.9
    """

    v_th: float = 1.0
    leak: float = 0.95
    u_rest: float | None = None

    def __post_init__(self) -> None:
        _check_neuron(self)
        if not 0 < self.leak < 1:
            raise ValueError(
                f"leak must lie between 0 and 1, both excluded; got {self.leak}. "
                "IF is the neuron without a leak."
            )

    @property
    def reset(self) -> float:
        """V = v_th - u_rest, by which a spike lowers the potential."""
        return _reset(self.v_th, self.u_rest)


def _reset(v_th: float, u_rest: float | None) -> float:
    return v_th - (-v_th if u_rest is None else u_rest)


def _check_neuron(neuron: IF | LIF) -> None:
    if not (math.isfinite(neuron.v_th) and neuron.v_th > 0):
        raise ValueError(f"v_th must be a positive number; got {neuron.v_th}.")
    if not (math.isfinite(neuron.reset) and neuron.reset > 0):
        raise ValueError(
            f"u_rest must lie below v_th = {neuron.v_th}; got {neuron.u_rest}."
        )


def integrate_and_fire(
    current: Tensor,
    potential: Tensor,
    threshold: float,
    reset: float,
    leak: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Advance a layer one step; return its spikes and the potential after the reset.

    ``s = [u + I >= v_th]`` and ``u <- leak (u + I - V s)``, with the current I, the
    potential u, the threshold v_th and the reset V; a tie fires.

    Parameters
    ----------
    current, potential : Tensor
        Of the same shape.
    threshold : float
        v_th.
    reset : float
        V, subtracted from the potential by a spike.
    leak : float, default 1.0
        Factor of the potential after the reset.

    Examples
    --------
    >>> import torch
    >>> spikes, potential = integrate_and_fire(
    ...     torch.tensor([0.5, 1.0]), torch.zeros(2), threshold=1.0, reset=2.0
    ... )
    >>> spikes.tolist(), potential.tolist()
    ([0.0, 1.0], [0.5, -1.0])
    """
    potential = potential + current
    spikes = (potential >= threshold).to(potential.dtype)
    return spikes, leak * (potential - reset * spikes)


def integrate_and_fire_pair(
    current: Tensor,
    potential: Tensor,
    threshold: float,
    reset: float,
    leak: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Advance a layer of ternary neuron pairs one step; return output and potential.

    A pair is two neurons of opposite sign that together send ``z = V_b``, 0 or
    ``-V_b``: ``z = V_b ([v + I >= v_th] - [v + I <= -v_th])`` and
    ``v <- leak (v + I - z)``.

    Parameters
    ----------
    current, potential : Tensor
        Of the same shape.
    threshold : float
        v_th of the backward stage.
    reset : float
        V_b: output of a spike, and what it takes from the potential.
    leak : float, default 1.0
        Factor of the potential after the reset.

    Examples
    --------
    >>> import torch
    >>> output, potential = integrate_and_fire_pair(
    ...     torch.tensor([-0.5, 0.25]), torch.zeros(2), threshold=0.5, reset=1.0
    ... )
    >>> output.tolist(), potential.tolist()
    ([-1.0, 0.0], [0.5, 0.25])
    """
    potential = potential + current
    fires = (potential >= threshold).to(potential.dtype)
    fires = fires - (potential <= -threshold).to(potential.dtype)
    output = reset * fires
    return output, leak * (potential - output)


def fire_(
    potential: Tensor, spikes: Tensor, threshold: float, reset: float, leak: float
) -> None:
    """Write the spikes of a potential that holds its input already, and reset it."""
    torch.ge(potential, threshold, out=spikes)
    potential.sub_(spikes, alpha=reset)
    if leak != 1.0:
        potential.mul_(leak)


def fire_ternary_(
    potential: Tensor,
    output: Tensor,
    threshold: float,
    reset: float,
    *,
    leak: float,
    unit: float = 1.0,
) -> None:
    """Write the output of pairs that hold their input already, and reset them.

    The potential is in units of ``1 / unit``.
    """
    torch.ge(potential, unit * threshold, out=output)
    output.sub_((potential <= -unit * threshold).to(output.dtype))
    if reset != 1.0:
        output.mul_(reset)
    potential.sub_(output, alpha=unit)
    if leak != 1.0:
        potential.mul_(leak)


def average_rate_norm(n_steps: int, leak: float) -> float:
    """Return the divisor that makes a leak-weighted sum over steps an average.

    ``sum_t leak^(T - t)``: T without a leak, ``(1 - leak^T) / (1 - leak)`` with one.

    Examples
    --------
    >>> average_rate_norm(30, 1.0)
    30.0
    >>> average_rate_norm(2, 0.5)
    1.5
    """
    if leak == 1.0:
        return float(n_steps)
    return (1 - leak**n_steps) / (1 - leak)


def step_weights(n_steps: int, leak: float) -> list[float]:
    """Return the weight of each step in the average rate; they add up to 1.

    Examples
    --------
    >>> step_weights(4, 1.0)
    [0.25, 0.25, 0.25, 0.25]
    """
    norm = average_rate_norm(n_steps, leak)
    return [leak ** (n_steps - 1 - t) / norm for t in range(n_steps)]
