"""A network of the user's own in plain values, as model files hold it.

Input: a `SpikingClassifier` of any layers. Output: a description, and the network again
where all layers are those of this package.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from torch import nn

from neuroclass.snn.components import (
    IF,
    LIF,
    AvgPool2d,
    Conv2d,
    ConvTranspose2d,
    FrobeniusRestriction,
    Linear,
    SpectralRestriction,
    Zero,
    restrict_norm,
)
from neuroclass.snn.learning import RULES
from neuroclass.snn.models import FeedbackSNN, SpikingClassifier

__all__ = ["OWN", "build_own", "describe_own"]

# Name of the structure of networks that are none of `STRUCTURES`.
OWN = "own"

_LAYERS: dict[str, Any] = {
    kind.__name__: kind for kind in (Linear, Conv2d, ConvTranspose2d, AvgPool2d, Zero)
}
_RESTRICTIONS = {FrobeniusRestriction: "frobenius", SpectralRestriction: "spectral"}
_NEURONS: dict[str, Any] = {"IF": IF, "LIF": LIF}
_ARGUMENTS = {
    "Linear": ("in_features", "out_features"),
    "Conv2d": (
        "in_channels",
        "out_channels",
        "kernel_size",
        "stride",
        "padding",
        "dilation",
    ),
    "ConvTranspose2d": (
        "in_channels",
        "out_channels",
        "kernel_size",
        "stride",
        "padding",
        "dilation",
    ),
    "AvgPool2d": ("kernel_size", "stride"),
    "Zero": (),
}


def describe_own(model: SpikingClassifier) -> dict[str, Any]:
    """Return what rebuilds a network, in plain values.

    Parameters
    ----------
    model : SpikingClassifier
        Layers of classes of one's own are named; a file of such a network cannot be
        rebuilt without them, but resumed with the network at hand.
    """
    network = model.network
    rule, neuron = network.rule, network.neuron
    feedback = network.feedback
    return {
        "structure": OWN,
        "image_shape": list(model.image_shape),
        "n_classes": model.n_classes,
        "rule": {rule.name: asdict(rule)},
        "neuron": type(neuron).__name__,
        "membrane": asdict(neuron),
        "steps": network.steps,
        "layers": [_describe_layer(layer) for layer in network.layers],
        "feedback": None if feedback is None else _describe_layer(feedback),
        "ends": [network.readout, network.source, network.target],
        "options": {},
    }


def build_own(described: dict[str, Any]) -> SpikingClassifier:
    """Return the network of a description.

    Raises
    ------
    ValueError
        If a layer is of a class of the user's own.
    """
    layers = [_build_layer(layer) for layer in described["layers"]]
    feedback = described["feedback"]
    ((name, settings),) = described["rule"].items()
    readout, source, target = described["ends"]
    network = FeedbackSNN(
        layers,
        None if feedback is None else _build_layer(feedback),
        _NEURONS[described["neuron"]](**described["membrane"]),
        described["steps"],
        rule=RULES[name](**settings),
        readout=readout,
        source=source,
        target=target,
    )
    shape = tuple(described["image_shape"])
    return SpikingClassifier(network, shape, described["n_classes"])


def _describe_layer(layer: Any) -> dict[str, Any]:
    restriction = None
    if nn.utils.parametrize.is_parametrized(layer, "weight"):
        held = layer.parametrizations.weight[0]
        restriction = [_RESTRICTIONS.get(type(held), type(held).__name__), held.limit]
    # A restricted weight makes torch subclass the layer.
    kind = type(layer).__name__.removeprefix("Parametrized")
    arguments: dict[str, Any] = {}
    if kind in _LAYERS and isinstance(layer, _LAYERS[kind]):
        for key in _ARGUMENTS[kind]:
            value = getattr(layer, key)
            arguments[key] = list(value) if isinstance(value, tuple) else value
        if kind not in ("AvgPool2d", "Zero"):
            arguments["bias"] = layer.bias is not None
            arguments["dropout"] = layer.dropout
            arguments["batch_norm"] = layer.batch_norm is not None
    return {"kind": kind, "arguments": arguments, "restriction": restriction}


def _build_layer(described: dict[str, Any]) -> Any:
    kind = described["kind"]
    if kind not in _LAYERS:
        raise ValueError(
            f"layers must be {', '.join(_LAYERS)} to be rebuilt from the file; got "
            f"{kind}. Build the network and load the state of the checkpoint into it."
        )
    arguments = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in described["arguments"].items()
    }
    layer = _LAYERS[kind](**arguments)
    if described["restriction"] is not None:
        restrict_norm(layer, *described["restriction"])
    return layer
