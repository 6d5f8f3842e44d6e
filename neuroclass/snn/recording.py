"""Recording of a network: its spikes as a ``neo.Block``, as of any recording.

Input: a network and inputs, each of which is presented many times. Output: spike trains
and presentations. The presentations of an input differ by its encoding or by noise on
the membranes; without either, all repeats are the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuroclass._lib.checks import (
    as_seconds,
    check_choice,
    check_positive_int,
    check_rng,
)
from neuroclass.io import from_events
from neuroclass.snn.components import Shape, layer_shapes
from neuroclass.snn.models import FeedbackSNN, SpikingClassifier
from neuroclass.snn.spiking_module import SpikingModule
from neuroclass.snn.training import dataset_of, load_model

__all__ = [
    "ENCODINGS",
    "Encoding",
    "NeuronChoice",
    "encode",
    "record",
    "record_model",
]

ENCODINGS = ("poisson", "bernoulli", "constant")

# Presentations simulated together.
_BATCH = 128


@dataclass(frozen=True)
class Encoding:
    """Encoding of an input as currents, with the source of variability.

    Parameters
    ----------
    kind : {"poisson", "bernoulli", "constant"}, default "poisson"
        Current of each step; its mean over steps is the input.
    noise : float, default 0.0
        Standard deviation of normal noise on every potential at every step.
    dt : float, str or quantity, default "1ms"
        Duration of a step; a number is in seconds.

    Examples
    --------
    >>> Encoding("constant", noise=0.3).described
    'constant, membrane noise 0.3'
    """

    kind: str = "poisson"
    noise: float = 0.0
    dt: float | str = "1ms"

    def __post_init__(self) -> None:
        check_choice(self.kind, "encoding", ENCODINGS)
        as_seconds(self.dt, "dt")
        if not (np.isfinite(self.noise) and self.noise >= 0):
            raise ValueError(f"noise must not be negative; got {self.noise}.")

    @property
    def described(self) -> str:
        """The encoding in words, as an annotation of the recording."""
        if self.noise == 0:
            return self.kind
        return f"{self.kind}, membrane noise {self.noise:g}"

    @property
    def is_deterministic(self) -> bool:
        """Whether presentations of one input are identical."""
        return self.kind == "constant" and self.noise == 0


@dataclass(frozen=True)
class NeuronChoice:
    """Layers of a network to record, and the number of neurons in each.

    Parameters
    ----------
    layers : sequence of int, optional
        Layers to record; default all.
    units : int, optional
        Largest number of neurons per layer, drawn at random; default all.
    """

    layers: Sequence[int] | None = None
    units: int | None = None


def record(
    network: nn.Module,
    inputs: Tensor,
    n_presentations: int,
    *,
    labels: Sequence[int] | Tensor | None = None,
    condition: str = "image",
    encoding: Encoding | str = "poisson",
    neurons: NeuronChoice | None = None,
    random_state: np.random.Generator | int | None = None,
) -> neo.Block:
    """Present inputs to a network many times and record its spikes.

    Parameters
    ----------
    network : FeedbackSNN, SpikingClassifier, SpikingModule or Module
        Simulated without dropout.  Any other spiking model of torch is that of
        `SpikingModule` with its defaults: 30 steps, which the model takes at once.
    inputs : Tensor
        Constant inputs (n_images, ...) or frames (steps, n_images, ...), as the
        network takes them.
    n_presentations : int
        Number of presentations of each input.
    labels : sequence of int, optional
        Class of each input, a column of the presentations.
    condition : {"image", "label"}, default "image"
        What counts as the same stimulus.  With "label" the images of a class are the
        repeats, and the information is that between neurons across the images of a
        class: another quantity, which the recording names; it takes two images of
        every class.
    encoding : Encoding or str, default "poisson"
        How an input becomes a current at each step, with noise and the duration of a
        step; the name of an encoding stands for it without noise, in steps of 1 ms.
    neurons : NeuronChoice, optional
        Layers and number of neurons to record; default all.
    random_state : numpy.random.Generator or int, optional
        Source of the encoding, the noise and the choice of neurons.

    Returns
    -------
    neo.Block
        One spike train per neuron with the columns ``layer``, ``channel``, ``row`` and
        ``column`` (-1 where a layer has none), and the Epoch ``"trials"`` with the
        columns ``stimulus``, ``image``, ``repeat``, ``label``, ``encoding`` and
        ``repeats_of``.

    Raises
    ------
    ValueError
        If the arguments do not fit each other or the network, or a value of the
        inputs or weights is not finite.

    Warns
    -----
    UserWarning
        If nothing differs between the presentations of an image.

    Examples
    --------
    >>> import torch
    >>> from neuroclass.snn import FeedbackSNN, Linear
    >>> network = FeedbackSNN([Linear(4, 3)], steps=10)
    >>> recording = record(network, torch.rand(2, 4), 5, random_state=0)
    >>> len(recording.segments[0].spiketrains), len(recording.segments[0].epochs[0])
    (3, 10)
    """
    check_positive_int(n_presentations, "n_presentations")
    check_choice(condition, "condition", ("image", "label"))
    if isinstance(encoding, str):
        encoding = Encoding(encoding)
    step = as_seconds(encoding.dt, "dt")
    if not bool(torch.isfinite(inputs).all()):
        n_wrong = int((~torch.isfinite(inputs)).sum())
        raise ValueError(
            f"inputs must be finite; {n_wrong} of {inputs.numel()} values are NaN or "
            "infinite. Correct the images."
        )
    if isinstance(network, SpikingClassifier):
        inputs = network.as_input(inputs)
        network = network.network
    simulated = (
        network
        if isinstance(network, FeedbackSNN | SpikingModule)
        else SpikingModule(network)
    )
    is_frames = simulated.is_frames(inputs)
    n_images = inputs.shape[1] if is_frames else len(inputs)
    classes = _check_labels(labels, n_images, condition)
    if isinstance(random_state, (int, np.integer)):
        check_positive_int(random_state, "random_state", 0)
    rng = check_rng(random_state)
    sample = tuple(inputs.shape[2:] if is_frames else inputs.shape[1:])
    was_training = simulated.training
    simulated.eval()
    shapes = (
        layer_shapes(simulated.topology, sample)
        if isinstance(simulated, FeedbackSNN)
        else simulated.layer_shapes(inputs)
    )
    simulated.train(was_training)
    chosen = _choose_neurons(shapes, neurons or NeuronChoice(), rng)
    is_repeated = condition == "image" or n_presentations > 1
    if is_repeated and encoding.is_deterministic:
        warnings.warn(
            "all presentations of an image are identical (encoding='constant', "
            "noise=0): identity information is then the logarithm of the number of "
            "distinguishable neurons. Choose an encoding or noise for repeats that "
            "differ.",
            stacklevel=2,
        )
    image = np.repeat(np.arange(n_images), n_presentations)
    presented = _Presented(inputs, is_frames, image, encoding)
    times, units, presentation = _simulate(simulated, presented, chosen, rng)
    n_steps = len(inputs) if is_frames else simulated.steps
    stimulus = image if condition == "image" else classes[image]
    recording = from_events(
        times,
        units,
        dt=step,
        presentation=presentation,
        condition=stimulus.tolist(),
        trial_duration=n_steps * step,
        unit_ids=list(range(len(chosen.layer))),
        unit_columns=chosen.columns(),
    )
    recording.name = "spiking network"
    same = "one image" if condition == "image" else "images of one class"
    recording.annotate(encoding=encoding.described, repeats_of=same)
    (epoch,) = recording.segments[0].epochs
    epoch.array_annotate(
        image=image,
        repeat=np.tile(np.arange(n_presentations), n_images),
        label=classes[image],
        encoding=np.full(len(image), encoding.described),
        repeats_of=np.full(len(image), same),
    )
    return recording


def record_model(
    model: str | Path,
    n_presentations: int,
    *,
    path: str | Path | None = None,
    n_images: int = 10,
    **options: Any,
) -> neo.Block:
    """Record a trained network on test images of the dataset that it was trained on.

    Parameters
    ----------
    model : str or Path
        Folder that `train` wrote, or the model file in it.
    n_presentations : int
        Number of presentations of each image.
    path : str or Path, optional
        Files of the dataset.
    n_images : int, default 10
        Number of test images, as equally many of every class as can be.
    **options
        As in `record`.
    """
    network = load_model(model)
    dataset = dataset_of(model, path)
    check_positive_int(n_images, "n_images")
    if n_images > len(dataset.test):
        raise ValueError(
            f"n_images must be at most {len(dataset.test)}, the test images there are; "
            f"got {n_images}."
        )
    chosen = torch.from_numpy(_balanced(dataset.test_labels.numpy(), n_images))
    return record(
        network,
        dataset.test.batch(chosen),
        n_presentations,
        labels=dataset.test_labels[chosen],
        **options,
    )


def _balanced(labels: NDArray[Any], n_images: int) -> NDArray[np.intp]:
    """Return places of images, the first of every class, then the second ..."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=labels.min() - 1))
    turn = np.arange(len(order)) - np.repeat(
        starts, np.diff(np.append(starts, len(order)))
    )
    by_turn = order[np.argsort(turn, kind="stable")]
    return np.sort(by_turn[:n_images])


def encode(
    x: Tensor,
    n_steps: int,
    encoding: str,
    *,
    largest: float,
    generator: torch.Generator,
) -> Tensor:
    """Return the input of each step; its mean over many steps is `x`.

    Parameters
    ----------
    x : Tensor
        Constant input (batch, ...).
    n_steps : int
        Steps.
    encoding : {"poisson", "bernoulli", "constant"}
        ``sign(x)`` times Poisson counts of mean ``|x|``, or `largest` with probability
        ``|x| / largest``, or `x` itself.
    largest : float
        The largest ``|x|`` of all inputs.
    generator : torch.Generator
        Source of the spikes.
    """
    repeated = x.expand(n_steps, *x.shape)
    if encoding == "constant" or largest == 0:
        return repeated
    size = repeated.abs()
    if encoding == "poisson":
        counts = torch.poisson(size, generator=generator)
    else:
        counts = largest * torch.bernoulli(size / largest, generator=generator)
    return repeated.sign() * counts


@dataclass(frozen=True)
class _Neurons:
    """The neurons recorded, in order of their layers."""

    shapes: dict[int, Shape]
    places: dict[int, NDArray[np.intp]]  # flat places in each layer, ascending

    @property
    def layer(self) -> NDArray[np.intp]:
        return np.concatenate(
            [np.full(len(places), layer) for layer, places in self.places.items()]
        )

    @property
    def first_units(self) -> dict[int, int]:
        """The number of the first unit of each layer."""
        sizes = [0, *[len(places) for places in self.places.values()]]
        return dict(zip(self.places, np.cumsum(sizes).tolist(), strict=False))

    def columns(self) -> dict[str, list[int]]:
        """Return layer, channel, row and column of each neuron."""
        parts: dict[str, list[int]] = {
            name: [] for name in ("layer", "channel", "row", "column")
        }
        for layer, places in self.places.items():
            shape = self.shapes[layer]
            parts["layer"] += [layer] * len(places)
            where = np.unravel_index(places, shape)
            for axis, name in enumerate(("channel", "row", "column")):
                known = where[axis] if axis < len(shape) else np.full(len(places), -1)
                parts[name] += known.tolist()
        return parts


def _choose_neurons(
    shapes: Sequence[Shape], choice: NeuronChoice, rng: np.random.Generator
) -> _Neurons:
    if choice.layers is None:
        layers = list(range(len(shapes)))
    else:
        layers = sorted(set(choice.layers))
    for layer in layers:
        if not 0 <= layer < len(shapes):
            raise ValueError(f"layers must lie in 0 .. {len(shapes) - 1}; got {layer}.")
    if not layers:
        raise ValueError("layers must name at least one layer; got none.")
    units = choice.units
    if units is not None:
        check_positive_int(units, "units")
    places = {}
    for layer in layers:
        size = int(np.prod(shapes[layer]))
        places[layer] = np.arange(size)
        if units is not None and units < size:
            places[layer] = np.sort(rng.choice(size, units, replace=False))
    return _Neurons({layer: shapes[layer] for layer in layers}, places)


def _check_labels(labels: Any, n_images: int, condition: str) -> NDArray[np.int64]:
    if labels is None:
        if condition == "label":
            raise ValueError("labels must be given for condition 'label'; got none.")
        return np.full(n_images, -1)
    classes = np.asarray(labels)
    if classes.shape != (n_images,) or classes.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be one integer per image; got {classes.dtype} of shape "
            f"{classes.shape} for {n_images} images."
        )
    known, n_of_class = np.unique(classes, return_counts=True)
    if condition == "label" and n_of_class.min() < 2:
        raise ValueError(
            "condition 'label' must have at least 2 images of every class, to differ "
            f"from condition 'image'; got 1 of class {known[n_of_class.argmin()]} "
            f"({n_images} images of {len(known)} classes). Present more images."
        )
    return classes.astype(np.int64)


@dataclass(frozen=True)
class _Presented:
    """Inputs, and the input of each presentation."""

    inputs: Tensor
    is_frames: bool
    image: NDArray[np.intp]
    encoding: Encoding

    def frames(
        self, part: slice, n_steps: int, largest: float, generator: torch.Generator
    ) -> Tensor:
        """Return the current of some presentations at each step, encoded."""
        image = torch.from_numpy(self.image[part])
        kind = self.encoding.kind
        if not self.is_frames:
            x = self.inputs[image].float()
            return encode(x, n_steps, kind, largest=largest, generator=generator)
        steps = [
            encode(x, 1, kind, largest=largest, generator=generator)[0]
            for x in self.inputs[:, image].float()
        ]
        return torch.stack(steps)


def _simulate(
    network: FeedbackSNN | SpikingModule,
    presented: _Presented,
    chosen: _Neurons,
    rng: np.random.Generator,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return step, neuron and presentation of every spike."""
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    generator = torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
    on_device = torch.Generator(device).manual_seed(int(rng.integers(2**63 - 1)))
    largest = float(presented.inputs.abs().max())
    places = {k: torch.from_numpy(v).to(device) for k, v in chosen.places.items()}
    first_units = chosen.first_units
    recorded: list[NDArray[np.int64]] = []

    def recorder(start: int) -> Callable[[int, list[Tensor]], None]:
        def on_step(step: int, spikes: list[Tensor]) -> None:
            for layer, place in places.items():
                fired = spikes[layer].flatten(1)[:, place].nonzero().cpu().numpy()
                steps = np.full(len(fired), step)
                units = fired[:, 1] + first_units[layer]
                recorded.append(np.stack([steps, units, fired[:, 0] + start], axis=1))

        return on_step

    was_training = network.training
    network.eval()
    for start in range(0, len(presented.image), _BATCH):
        part = slice(start, start + _BATCH)
        frames = presented.frames(part, network.steps, largest, generator)
        network.simulate(
            frames.to(device),
            noise=presented.encoding.noise,
            generator=on_device,
            on_step=recorder(start),
        )
    network.train(was_training)
    spikes = np.concatenate(recorded)
    # Ascending times within each presentation and unit.
    spikes = spikes[np.lexsort((spikes[:, 0], spikes[:, 2], spikes[:, 1]))]
    return spikes[:, 0], spikes[:, 1], spikes[:, 2]
