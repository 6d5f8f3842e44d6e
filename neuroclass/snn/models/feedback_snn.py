"""FeedbackSNN: a spiking network with feedback as one module of torch.

Input: constant currents or frames. Output: the average firing rate of the readout
layer, attached to autograd through one of the two learning rules. The module holds
connections and settings; between calls it keeps nothing but which warnings it gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from neuroclass._lib.checks import check_positive_int
from neuroclass.snn.components import IF, LIF, Topology, Zero, layer_shapes
from neuroclass.snn.engine import (
    ForwardSettings,
    ForwardStage,
    Statistics,
    TorchEngine,
    check_backend,
    input_rate,
)
from neuroclass.snn.learning import Call, Ide, Regime, Spide, check_rule, rate_map

__all__ = ["FeedbackSNN", "SpikingClassifier"]


class FeedbackSNN(nn.Module):
    """Feedback spiking network trained by SPIDE or IDE.

    Parameters
    ----------
    layers : sequence of Linear, Conv2d, ConvTranspose2d or AvgPool2d
        The connections into spiking layers 0 .. N-1; the first one takes the input.
    feedback : Linear, Conv2d, ConvTranspose2d or Zero, optional
        Connection that carries spikes back, one step later, without a bias.
    neuron : IF or LIF, optional
        Of every layer.  Default ``IF()`` for Spide, ``IF(v_th=2, u_rest=0)`` for Ide.
    steps : int, default 30
        Number of time steps T_F, for constant input; frames bring their own number.
    rule : Spide or Ide, optional
        The learning rule with its settings; default ``Spide()``.
    readout : int, default -1
        Layer whose average rate is the output.
    source, target : int, default -1 and 0
        Layers that the feedback leaves and reaches, ``target <= source``; equal ends
        make that layer recurrent.
    backend : {"auto", "torch", "event"}, default "auto"
        Plain torch; event-driven kernels (the extra ``fast``); or these where they
        are installed and there are kernels for the layers, connection by connection
        from events or densely, whichever is cheaper at the rates of the moment.  A
        layer whose class overrides `current` or `send_back` runs by its own methods.

    Examples
    --------
    >>> import torch
    >>> from neuroclass.snn import Linear
    >>> network = FeedbackSNN(
    ...     [Linear(784, 400)], feedback=Linear(400, 400, bias=False), steps=10
    ... )
    >>> network(torch.rand(2, 784)).shape
    torch.Size([2, 400])
    """

    def __init__(
        self,
        layers: Sequence[Any],
        feedback: Any | None = None,
        neuron: IF | LIF | None = None,
        steps: int = 30,
        *,
        rule: Spide | Ide | None = None,
        readout: int = -1,
        source: int = -1,
        target: int = 0,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        if not layers:
            raise ValueError("layers must hold at least one connection; got none.")
        self.rule = check_rule(Spide() if rule is None else rule)
        for layer in [*layers, *([] if feedback is None else [feedback])]:
            _check_layer(layer)
        self.layers = nn.ModuleList(layers)
        self.feedback = None if isinstance(feedback, Zero) else feedback
        self.neuron = self.rule.usual_neuron() if neuron is None else neuron
        self.steps = check_positive_int(steps, "steps")
        self.regime = Regime()
        self.backend = check_backend(backend)
        self.readout = _layer_index(readout, "readout", len(layers))
        self.source = _layer_index(source, "source", len(layers))
        self.target = _layer_index(target, "target", len(layers))
        self._check_connections()

    def _check_connections(self) -> None:
        if self.target > self.source:
            raise ValueError(
                f"target must not lie above source; got {self.target} above "
                f"{self.source}."
            )
        if self.feedback is not None and self.feedback.bias is not None:
            raise ValueError("feedback must have no bias; build it with bias=False.")
        if isinstance(self.layers[0], Zero):
            raise ValueError("layers must begin with a connection that carries input.")
        normalised = [c for c in self.topology.connections if c.batch_norm is not None]
        if normalised and not self.rule.takes_batch_norm:
            raise ValueError(
                "batch_norm must be False under the rule Spide, whose local rule has "
                f"no place for it; got {normalised[0]}."
            )
        if self.feedback is not None and self.feedback.batch_norm is not None:
            raise ValueError("feedback must be built with batch_norm=False.")

    @property
    def topology(self) -> Topology:
        """Layers and connections, for the stages."""
        links: Any = tuple(self.layers)
        return Topology(
            links,
            self.feedback,
            self.source,
            self.target,
            self.readout,
            self.neuron,
        )

    def forward(self, x: Tensor, statistics: Statistics | None = None) -> Tensor:
        """Return the average firing rate of the readout layer.

        Parameters
        ----------
        x : Tensor
            Constant current (batch, ...) or frames (steps, batch, ...); images for a
            convolution, vectors for a dense first layer.
        statistics : Statistics, optional
            Filled in by this call and by its backward pass.

        Returns
        -------
        Tensor
            Computed in float32 and returned in the dtype of the weights into layer 0,
            as an ordinary layer's output.  (batch, ...)

        Raises
        ------
        ValueError
            If the input does not fit the layers, or, in evaluation mode, a value of
            it or of the weights is not finite.
        """
        is_frames = self.is_frames(x)
        # Each parametrization runs once per call, in the caller's grad mode.
        topology = self.topology
        tensors = [(c.weight, c.bias) for c in topology.connections]
        if not self.training:
            _check_finite(x, tensors)
        call = Call(
            topology=topology,
            n_steps=len(x) if is_frames else self.steps,
            is_frames=is_frames,
            training=self.training,
            statistics=statistics,
            backend=self.backend,
            regime=self.regime if self.training else None,
            adopt=self._adopt,
        )
        rate = self.rule.rate(call, x, tensors)
        weight = tensors[0][0]
        return rate if weight is None else rate.to(weight.dtype)

    def _adopt(self, rule: Spide | Ide) -> None:
        self.rule = rule

    def is_frames(self, x: Tensor) -> bool:
        """Return whether the first axis of `x` is time; refuse other shapes."""
        first: Any = self.layers[0]
        sample_ndim: int = first.sample_ndim
        if x.ndim not in (sample_ndim + 1, sample_ndim + 2) or 0 in x.shape:
            raise ValueError(
                f"x must have {sample_ndim + 1} axes (batch first) or "
                f"{sample_ndim + 2} (steps, batch, ...), none of them empty; "
                f"got shape {tuple(x.shape)}."
            )
        return x.ndim == sample_ndim + 2

    def simulate(self, x: Tensor, **options: Any) -> ForwardStage:
        """Run the forward stage alone, in plain torch.

        Parameters
        ----------
        x : Tensor
            Constant current or frames, as `forward` takes it.
        **options
            Fields of `ForwardSettings`: n_steps, masks, training, noise, generator,
            on_step.

        Raises
        ------
        ValueError
            If a value of the input or of the weights is not finite.
        """
        is_frames = self.is_frames(x)
        _check_finite(x, [(c.weight, c.bias) for c in self.topology.connections])
        n_steps = len(x) if is_frames else self.steps
        settings = ForwardSettings(
            **{"is_frames": is_frames, "n_steps": n_steps, **options}
        )
        engine = TorchEngine(self.topology)
        with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
            return engine.forward(x.float(), self._single_tensors(), settings)

    def _single_tensors(self) -> list[tuple[Tensor | None, Tensor | None]]:
        """Return the weights and biases in single precision."""

        def single(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.float()

        return [(single(c.weight), single(c.bias)) for c in self.topology.connections]

    def equilibrium(
        self, x: Tensor, *, tolerance: float = 1e-6, max_steps: int = 10000
    ) -> list[Tensor]:
        """Return the average rates of all layers that infinitely many steps tend to.

        Found by damped iteration of ``a_0 = clip((W a_{N-1} + F x + b) / V, 0, 1)``
        around the loop, until no rate moves by more than `tolerance`; evaluation mode
        (no dropout, running moments).

        Raises
        ------
        RuntimeError
            If the rates still move after `max_steps`: the feedback is too strong.
        """
        with torch.no_grad():
            is_frames = self.is_frames(x)
            mean_input = input_rate(x.float(), is_frames, self.neuron.leak)
            topology, tensors = self.topology, self._single_tensors()
            if self.feedback is None:
                return rate_map(topology, mean_input, tensors, None)
            shapes = layer_shapes(topology, tuple(mean_input.shape[1:]))
            loop = mean_input.new_zeros(len(mean_input), *shapes[self.source])
            for _ in range(max_steps):
                rates = rate_map(topology, mean_input, tensors, loop)
                moved = (rates[self.source] - loop).abs().max().item()
                if moved <= tolerance:
                    return rates
                loop = (loop + rates[self.source]) / 2
        raise RuntimeError(
            f"no equilibrium within {max_steps} iterations (rates still move by "
            f"{moved:.2g}). Restrict the norm of the feedback."
        )

    def extra_repr(self) -> str:
        """Return the settings shown between the brackets."""
        return f"neuron={self.neuron}, steps={self.steps}, rule={self.rule}"


class SpikingClassifier(nn.Module):
    """Spiking network with an ordinary linear layer on its average rates.

    Parameters
    ----------
    network : FeedbackSNN
        The spiking part.
    image_shape : tuple of int
        (channels, rows, columns) of one image or frame.
    n_classes : int
        Outputs.
    """

    def __init__(
        self, network: FeedbackSNN, image_shape: tuple[int, int, int], n_classes: int
    ) -> None:
        super().__init__()
        self.network = network
        self.image_shape = _check_image_shape(image_shape)
        self.n_classes = check_positive_int(n_classes, "n_classes", 2)
        shapes = layer_shapes(network.topology, self.sample_shape)
        n_rates = int(torch.Size(shapes[network.readout]).numel())
        self.classifier = nn.Linear(n_rates, n_classes)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample as the network takes it: flat for a dense first layer."""
        if self.network.layers[0].sample_ndim == 1:
            return (int(torch.Size(self.image_shape).numel()),)
        return self.image_shape

    def extra_repr(self) -> str:
        """Return the sizes shown between the brackets."""
        return (
            f"{self.n_neurons} neurons, {self.n_parameters} parameters, images of "
            f"shape {self.image_shape}, {self.n_classes} classes"
        )

    def forward(self, x: Tensor, statistics: Statistics | None = None) -> Tensor:
        """Return the class scores of images (batch, c, h, w) or frames (t, b, c, h, w).

        Raises
        ------
        ValueError
            If the images have another shape than the network was built for.
        """
        rate = self.network(self.as_input(x), statistics=statistics)
        rate = rate.flatten(1)
        if not torch.is_autocast_enabled(rate.device.type):
            # A first layer without weights leaves the rates in single precision.
            rate = rate.to(self.classifier.weight.dtype)
        scores: Tensor = self.classifier(rate)
        return scores

    def as_input(self, x: Tensor) -> Tensor:
        """Return images or frames in the shape that the network takes."""
        if x.ndim not in (4, 5) or tuple(x.shape[-3:]) != self.image_shape:
            raise ValueError(
                f"images must have shape {self.image_shape} after the batch axis; "
                f"got {tuple(x.shape)}."
            )
        return x.reshape(*x.shape[:-3], *self.sample_shape)

    @property
    def n_parameters(self) -> int:
        """Number of trained values, the classifier's included."""
        return sum(p.numel() for p in self.parameters())

    @property
    def n_neurons(self) -> int:
        """Number of spiking neurons."""
        shapes = layer_shapes(self.network.topology, self.sample_shape)
        return sum(int(torch.Size(shape).numel()) for shape in shapes)


def _check_finite(
    x: Tensor, tensors: Sequence[tuple[Tensor | None, Tensor | None]]
) -> None:
    """Refuse NaN and infinity: a potential of NaN never fires, and looks silent."""
    named = [("x", x)]
    named += [
        (f"{kind} of connection {index}", tensor)
        for index, pair in enumerate(tensors)
        for kind, tensor in zip(("weight", "bias"), pair, strict=True)
        if tensor is not None
    ]
    for name, tensor in named:
        if not bool(torch.isfinite(tensor).all()):
            n_wrong = int((~torch.isfinite(tensor)).sum())
            raise ValueError(
                f"{name} must be finite; {n_wrong} of {tensor.numel()} values are NaN "
                "or infinite. Correct the input, or train again with a smaller "
                "learning rate."
            )


def _check_layer(layer: Any) -> None:
    needed = ("current", "send_back", "weight_gradient", "output_shape")
    if all(callable(getattr(layer, name, None)) for name in needed):
        return
    kind = type(layer)
    raise TypeError(
        "layers must be Linear, Conv2d, ConvTranspose2d, AvgPool2d or Zero of "
        f"neuroclass.snn, which carry spikes both ways; got {kind.__name__} of "
        f"{kind.__module__}."
    )


def _layer_index(index: int, name: str, n_layers: int) -> int:
    if not -n_layers <= index < n_layers:
        raise ValueError(
            f"{name} must be the index of one of {n_layers} layers; got {index}."
        )
    return index % n_layers


def _check_image_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ValueError(
            f"image_shape must be (channels, rows, columns); got {tuple(shape)}."
        )
    channels, rows, columns = (check_positive_int(n, "image_shape") for n in shape)
    return channels, rows, columns
