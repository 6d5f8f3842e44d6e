"""Ready networks by name, with the initial weights and limits they are trained with.

Input: the shape of an image, the number of classes and keywords of the network. Output:
a `SpikingClassifier`. `STRUCTURES` maps the names of the command line to the functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neuroclass._lib.checks import check_choice, check_rng
from neuroclass.snn.components import (
    IF,
    LIF,
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    Linear,
    restrict_norm,
)
from neuroclass.snn.learning import RULES, Ide, Spide, check_rule
from neuroclass.snn.models.feedback_snn import FeedbackSNN, SpikingClassifier

__all__ = [
    "STRUCTURES",
    "alexnet_f",
    "build_classifier",
    "cifarnet_f",
    "dvs_convnet_f",
    "initialise_",
    "lenet",
    "mnist_convnet_f",
    "recurrent_conv",
    "recurrent_dense",
    "usual_rule",
]

ImageShape = tuple[int, int, int]
RandomState = np.random.Generator | int | None
Layers = tuple[list[Any], Any]


@dataclass(frozen=True)
class _Design:
    """Settings in which a structure differs from the others.

    Attributes
    ----------
    name : str
        Name of the structure.
    connections : callable
        ``(dropout, batch_norm) -> (layers, feedback)``.
    initial : {"kaiming", "unit"}
        Distribution of the initial weights.
    dropout : float
        Usual dropout.
    """

    name: str
    connections: Callable[[float, bool], Layers]
    initial: str = "kaiming"
    dropout: float = 0.2


@dataclass(frozen=True, kw_only=True)
class _Options:
    """Keywords of every structure; None for the usual of the structure."""

    neuron: IF | LIF | None = None
    steps: int = 30
    rule: Spide | Ide | str | None = None
    dropout: float | None = None
    batch_norm: bool | None = None
    feedback_limit: float | None = None
    feedback: bool = True
    random_state: RandomState = None


def mnist_convnet_f(
    image_shape: ImageShape = (1, 28, 28), n_classes: int = 10, **options: Any
) -> SpikingClassifier:
    """Build MNIST ConvNet-F: 64C5s2 - 64C5s2 - 64C5, transposed feedback 64C3s2.

    Options are those of `build_classifier`: neuron, steps, rule, dropout, batch_norm,
    feedback_limit, feedback, random_state.

    Examples
    --------
    >>> mnist_convnet_f().n_parameters
    274826
    """

    def connections(dropout: float, batch_norm: bool) -> Layers:
        shared = _shared(dropout, batch_norm)
        layers = [
            Conv2d(image_shape[0], 64, 5, 2, 2, **shared),
            Conv2d(64, 64, 5, 2, 2, **shared),
            Conv2d(64, 64, 5, 1, 2, **shared),
        ]
        return layers, ConvTranspose2d(64, 64, 3, 2, 1, bias=False)

    design = _Design("mnist-convnet-f", connections)
    return _assemble(design, image_shape, n_classes, options)


def lenet(
    image_shape: ImageShape = (1, 28, 28), n_classes: int = 10, **options: Any
) -> SpikingClassifier:
    """Build the LeNet, without feedback: 15C5 - P2 - 40C5 - P2 - 300.

    Dropout acts on the dense layer alone.

    Examples
    --------
    >>> lenet().n_parameters
    606740
    """

    def connections(dropout: float, batch_norm: bool) -> Layers:
        shared = _shared(0.0, batch_norm)
        rows, columns = (size // 2 // 2 for size in image_shape[1:])
        layers = [
            Conv2d(image_shape[0], 15, 5, 1, 2, **shared),
            AvgPool2d(2),
            Conv2d(15, 40, 5, 1, 2, **shared),
            AvgPool2d(2),
            Linear(40 * rows * columns, 300, **_shared(dropout, batch_norm)),
        ]
        return layers, None

    design = _Design("lenet", connections, dropout=0.5)
    return _assemble(design, image_shape, n_classes, options)


def alexnet_f(
    image_shape: ImageShape = (3, 32, 32), n_classes: int = 10, **options: Any
) -> SpikingClassifier:
    """Build AlexNet-F: 96C3s2 - 256C3 - 384C3s2 - 384C3 - 256C3, feedback to 96.

    Examples
    --------
    >>> alexnet_f().n_neurons
    155648
    """
    connections = _deep(image_shape[0], (96, 256, 384, 384, 256))
    design = _Design("alexnet-f", connections, "unit")
    return _assemble(design, image_shape, n_classes, options)


def cifarnet_f(
    image_shape: ImageShape = (3, 32, 32), n_classes: int = 10, **options: Any
) -> SpikingClassifier:
    """Build CIFARNet-F: 128C3s2 - 256C3 - 512C3s2 - 1024C3 - 512C3, feedback to 128.

    Examples
    --------
    >>> cifarnet_f().n_neurons
    229376
    """
    connections = _deep(image_shape[0], (128, 256, 512, 1024, 512))
    design = _Design("cifarnet-f", connections, "unit", 0.25)
    return _assemble(design, image_shape, n_classes, options)


def dvs_convnet_f(
    image_shape: ImageShape = (2, 48, 48), n_classes: int = 10, **options: Any
) -> SpikingClassifier:
    """Build the event-camera network: 512C9s2, recurrent 512C5.

    The Frobenius norm of its feedback may reach 10 under SPIDE; under IDE the limit
    is the spectral norm of all networks, 1.
    """

    def connections(dropout: float, batch_norm: bool) -> Layers:
        shared = _shared(dropout, batch_norm)
        layers = [Conv2d(image_shape[0], 512, 9, 2, 4, **shared)]
        return layers, Conv2d(512, 512, 5, 1, 2, bias=False)

    design = _Design("dvs-convnet-f", connections, dropout=0.0)
    return _assemble(design, image_shape, n_classes, options)


def recurrent_conv(
    image_shape: ImageShape = (1, 28, 28), n_classes: int = 10, **options: Any
) -> SpikingClassifier:
    """Build 64C5s2, recurrent 64C5: the network of IDE for MNIST and N-MNIST."""

    def connections(dropout: float, batch_norm: bool) -> Layers:
        shared = _shared(dropout, batch_norm)
        layers = [Conv2d(image_shape[0], 64, 5, 2, 2, **shared)]
        return layers, Conv2d(64, 64, 5, 1, 2, bias=False)

    design = _Design("recurrent-conv", connections)
    return _assemble(design, image_shape, n_classes, options)


def recurrent_dense(
    image_shape: ImageShape = (1, 28, 28),
    n_classes: int = 10,
    hidden: int | Sequence[int] = 400,
    **options: Any,
) -> SpikingClassifier:
    """Build dense layers with feedback from the last to the first: 784-400 by default.

    One hidden layer is recurrent on itself: with 784-400 the network of IDE for
    Fashion-MNIST.  Under IDE the default is its 5 steps.

    Examples
    --------
    >>> recurrent_dense((1, 8, 8), hidden=64).n_neurons
    64
    """
    sizes = [hidden] if isinstance(hidden, int) else list(hidden)

    def connections(dropout: float, batch_norm: bool) -> Layers:
        shared = _shared(dropout, batch_norm)
        before = [math.prod(image_shape), *sizes]
        layers = [
            Linear(n_in, n_out, **shared)
            for n_in, n_out in zip(before, sizes, strict=False)
        ]
        return layers, Linear(sizes[-1], sizes[0], bias=False)

    options.setdefault("batch_norm", False)
    rule = options.get("rule")
    if rule == Ide.name or isinstance(rule, Ide):
        options.setdefault("steps", 5)
    design = _Design("recurrent-dense", connections)
    return _assemble(design, image_shape, n_classes, options)


STRUCTURES: dict[str, Callable[..., SpikingClassifier]] = {
    "mnist-convnet-f": mnist_convnet_f,
    "lenet": lenet,
    "alexnet-f": alexnet_f,
    "cifarnet-f": cifarnet_f,
    "dvs-convnet-f": dvs_convnet_f,
    "recurrent-conv": recurrent_conv,
    "recurrent-dense": recurrent_dense,
}


def build_classifier(
    structure: str, image_shape: ImageShape, n_classes: int, **options: Any
) -> SpikingClassifier:
    """Build a network by the name of its structure.

    Parameters
    ----------
    structure : str
        One of `STRUCTURES`.
    image_shape : tuple of int
        (channels, rows, columns).
    n_classes : int
        Number of outputs of the classifier.
    **options
        neuron : IF or LIF; steps : int (30; 5 for "recurrent-dense" under IDE);
        rule : Spide or Ide, or "spide" or "ide" for the usual settings of the structure
        ("spide"); dropout : float; batch_norm : bool (convolutions under IDE);
        feedback_limit : float (2, or 10 for "dvs-convnet-f", or 1 under IDE);
        feedback : bool (True);
        random_state : generator or seed of the initial weights; hidden : layer sizes
        of "recurrent-dense".

    Raises
    ------
    ValueError
        If the structure is unknown; the message lists the known ones.
    """
    check_choice(structure, "structure", tuple(STRUCTURES))
    return STRUCTURES[structure](image_shape, n_classes, **options)


def usual_rule(structure: str, rule: str, n_classes: int) -> Spide | Ide:
    """Return a learning rule with the published settings of a structure.

    Parameters
    ----------
    structure : str
        One of `STRUCTURES`.
    rule : {"spide", "ide"}
        Name of the rule.
    n_classes : int
        Number of classes; above 10 the errors of CIFAR networks are scaled by 500.

    Examples
    --------
    >>> usual_rule("alexnet-f", "spide", 10).scale
    400.0
    """
    check_choice(structure, "structure", tuple(STRUCTURES))
    check_choice(rule, "rule", tuple(RULES))
    if rule == Ide.name:
        return Ide()
    if structure in ("alexnet-f", "cifarnet-f"):
        return Spide(steps=250, scale=400.0 if n_classes <= 10 else 500.0)
    if structure == "dvs-convnet-f":
        return Spide(steps=250, scale=400.0)
    return Spide(steps=100, scale=100.0)


def initialise_(
    model: SpikingClassifier, kind: str, random_state: RandomState = None
) -> SpikingClassifier:
    """Draw the initial weights of a network, in place.

    Parameters
    ----------
    model : SpikingClassifier
        Changed and returned.
    kind : {"kaiming", "unit"}
        Normal weights of variance 2 / fan-in, or fan-in vectors of unit norm; the
        feedback is multiplied by 0.1, biases are 0.
    random_state : numpy.random.Generator or int, optional
        Source of the weights.
    """
    check_choice(kind, "kind", ("kaiming", "unit"))
    seed = int(check_rng(random_state).integers(2**63 - 1))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for connection in model.network.topology.connections:
            if connection.weight is None:
                continue
            _draw_weight(connection, kind, generator)
            if connection is model.network.feedback:
                connection.weight.mul_(0.1)
            if connection.bias is not None:
                connection.bias.zero_()
        bound = 1 / math.sqrt(model.classifier.in_features)
        model.classifier.weight.uniform_(-bound, bound, generator=generator)
        model.classifier.bias.uniform_(-bound, bound, generator=generator)
    return model


def _draw_weight(connection: Any, kind: str, generator: torch.Generator) -> None:
    weight: Tensor = connection.weight
    # A transposed kernel is laid out [in, out, ...]: its fan-in leaves out axis 1.
    output_axis = 1 if isinstance(connection, nn.ConvTranspose2d) else 0
    axes = [axis for axis in range(weight.ndim) if axis != output_axis]
    weight.normal_(0, 1, generator=generator)
    if kind == "unit":
        weight.div_(torch.linalg.vector_norm(weight, dim=axes, keepdim=True))
    else:
        weight.mul_(math.sqrt(2 / math.prod(weight.shape[axis] for axis in axes)))


def _shared(dropout: float, batch_norm: bool) -> dict[str, Any]:
    # The mean that batch norm removes takes a bias with it.
    return {"dropout": dropout, "batch_norm": batch_norm, "bias": not batch_norm}


def _deep(
    channels: int, widths: tuple[int, int, int, int, int]
) -> Callable[[float, bool], Layers]:
    """Return the five convolutions of the CIFAR networks, strides 2 1 2 1 1."""

    def connections(dropout: float, batch_norm: bool) -> Layers:
        shared = _shared(dropout, batch_norm)
        before = (channels, *widths)
        layers = [
            Conv2d(n_in, n_out, 3, stride, 1, **shared)
            for n_in, n_out, stride in zip(
                before, widths, (2, 1, 2, 1, 1), strict=False
            )
        ]
        return layers, ConvTranspose2d(widths[-1], widths[0], 3, 2, 1, bias=False)

    return connections


def _assemble(
    design: _Design, image_shape: ImageShape, n_classes: int, keywords: dict[str, Any]
) -> SpikingClassifier:
    options = _Options(**keywords)
    rule = Spide.name if options.rule is None else options.rule
    rule = (
        usual_rule(design.name, rule, n_classes)
        if isinstance(rule, str)
        else check_rule(rule)
    )
    layers, feedback = design.connections(
        design.dropout if options.dropout is None else options.dropout,
        rule.takes_batch_norm if options.batch_norm is None else options.batch_norm,
    )
    if not options.feedback:
        feedback = None
    network = FeedbackSNN(layers, feedback, options.neuron, options.steps, rule=rule)
    model = SpikingClassifier(network, image_shape, n_classes)
    initialise_(model, design.initial, options.random_state)
    if feedback is not None:
        norm, limit = ("frobenius", 2.0) if rule.name == "spide" else ("spectral", 1.0)
        if rule.name == "spide" and design.name == "dvs-convnet-f":
            limit = 10.0
        if options.feedback_limit is not None:
            limit = options.feedback_limit
        restrict_norm(feedback, norm, limit)
    return model
