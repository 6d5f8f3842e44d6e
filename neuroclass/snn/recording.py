"""The spikes of a network as a recording, to be classified like any other.

Every input is presented many times.  What differs between the presentations is the
encoding of the input or noise on the membranes; without either, all repeats are the
same.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroclass._lib.checks import (
    as_seconds,
    check_choice,
    check_positive_int,
    check_rng,
)
from neuroclass.io import from_events
from neuroclass.snn.components.layers import Shape
from neuroclass.snn.components.topology import layer_shapes
from neuroclass.snn.models.feedback_snn import FeedbackSNN, SpikingClassifier
from neuroclass.snn.training.checkpoint import load_checkpoint, load_model
from neuroclass.snn.training.datasets import load_dataset

__all__ = ["ENCODINGS", "encode", "record", "record_model"]

ENCODINGS = ("poisson", "bernoulli", "constant")

# Presentations simulated together.
_BATCH = 128


def record(
    network: FeedbackSNN | SpikingClassifier,
    inputs: Tensor,
    n_presentations: int,
    *,
    labels: Sequence[int] | Tensor | None = None,
    condition: str = "image",
    encoding: str = "poisson",
    noise: float = 0.0,
    layers: Sequence[int] | None = None,
    units: int | None = None,
    dt: float | str = "1ms",
    rng: np.random.Generator | int | None = None,
) -> neo.Block:
    """Present inputs to a network many times and record its spikes.

    Parameters
    ----------
    network : FeedbackSNN or SpikingClassifier
        Simulated without dropout.
    inputs : Tensor
        Constant inputs (n_images, ...) or frames (steps, n_images, ...), as the
        network takes them.
    n_presentations : int
        How often each input is shown.
    labels : sequence of int, optional
        Class of each input, kept with the presentations.
    condition : {"image", "label"}, default "image"
        What counts as the same stimulus.  With "label" the images of a class are the
        repeats, and what is measured is how neurons tell about each other across the
        images of a class: another quantity, which the recording names; it takes two
        images of every class.
    encoding : {"poisson", "bernoulli", "constant"}, default "poisson"
        How an input becomes a current at each step; the mean over steps is the input.
    noise : float, default 0.0
        Standard deviation of normal noise on every potential at every step.
    layers : sequence of int, optional
        Layers to record; default all.
    units : int, optional
        Most neurons per layer, drawn at random; default all.
    dt : float, str or quantity, default "1ms"
        Duration of a step.
    rng : numpy.random.Generator or int, optional
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
        If the arguments do not fit each other or the network.

    Warns
    -----
    UserWarning
        If nothing differs between the presentations of an image.

    Examples
    --------
    >>> import torch
    >>> from neuroclass.snn import FeedbackSNN, Linear
    >>> network = FeedbackSNN([Linear(4, 3)], steps=10)
    >>> recording = record(network, torch.rand(2, 4), 5, rng=0)
    >>> len(recording.segments[0].spiketrains), len(recording.segments[0].epochs[0])
    (3, 10)
    """
    check_positive_int(n_presentations, "n_presentations")
    check_choice(encoding, "encoding", ENCODINGS)
    check_choice(condition, "condition", ("image", "label"))
    step = as_seconds(dt, "dt")
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must not be negative; got {noise}.")
    if isinstance(network, SpikingClassifier):
        inputs = network.as_input(inputs)
        network = network.network
    is_frames = network.is_frames(inputs)
    n_images = inputs.shape[1] if is_frames else len(inputs)
    classes = _check_labels(labels, n_images, condition)
    if isinstance(rng, (int, np.integer)):
        check_positive_int(rng, "rng (the seed)", 0)
    rng = check_rng(rng)
    chosen = _choose_neurons(network, inputs, is_frames, layers, units, rng)
    is_repeated = condition == "image" or n_presentations > 1
    if is_repeated and encoding == "constant" and noise == 0:
        warnings.warn(
            "all presentations of an image are identical (encoding='constant', "
            "noise=0): identity information is then the logarithm of how many neurons "
            "can be told apart. Choose an encoding or noise for repeats that differ.",
            stacklevel=2,
        )
    image = np.repeat(np.arange(n_images), n_presentations)
    times, neurons, shown, n_steps = _simulate(
        network, inputs, is_frames, image, chosen, encoding, noise, rng
    )
    stimulus = image if condition == "image" else classes[image]
    recording = from_events(
        times,
        neurons,
        dt=step,
        presentation=shown,
        condition=stimulus.tolist(),
        trial_duration=n_steps * step,
        unit_ids=list(range(len(chosen.layer))),
        unit_columns=chosen.columns(),
    )
    recording.name = "spiking network"
    described = encoding if noise == 0 else f"{encoding}, membrane noise {noise:g}"
    same = "one image" if condition == "image" else "images of one class"
    recording.annotate(encoding=described, repeats_of=same)
    (epoch,) = recording.segments[0].epochs
    epoch.array_annotate(
        image=image,
        repeat=np.tile(np.arange(n_presentations), n_images),
        label=classes[image],
        encoding=np.full(len(image), described),
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
        File that `train` wrote.
    n_presentations : int
        How often each image is shown.
    path : str or Path, optional
        Files of the dataset.
    n_images : int, default 10
        Test images, as equally many of every class as can be, in their order.
    **options
        As in `record`.
    """
    checkpoint = load_checkpoint(model)
    network = load_model(model)
    dataset = load_dataset(
        checkpoint.settings["dataset"], path, n_frames=checkpoint.network["steps"]
    )
    if dataset.image_shape != network.image_shape:
        raise ValueError(
            f"images must have shape {network.image_shape}, as {model} was trained on; "
            f"got {dataset.image_shape}."
        )
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
    network: FeedbackSNN,
    inputs: Tensor,
    is_frames: bool,
    layers: Sequence[int] | None,
    units: int | None,
    rng: np.random.Generator,
) -> _Neurons:
    sample = tuple(inputs.shape[2:] if is_frames else inputs.shape[1:])
    shapes = layer_shapes(network.wiring, sample)
    wanted = list(range(len(shapes))) if layers is None else sorted(set(layers))
    for layer in wanted:
        if not 0 <= layer < len(shapes):
            raise ValueError(f"layers must lie in 0 .. {len(shapes) - 1}; got {layer}.")
    if not wanted:
        raise ValueError("layers must name at least one layer; got none.")
    if units is not None:
        check_positive_int(units, "units")
    places = {}
    for layer in wanted:
        size = int(np.prod(shapes[layer]))
        everyone = np.arange(size)
        if units is not None and units < size:
            everyone = np.sort(rng.choice(size, units, replace=False))
        places[layer] = everyone
    return _Neurons({layer: shapes[layer] for layer in wanted}, places)


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


def _simulate(
    network: FeedbackSNN,
    inputs: Tensor,
    is_frames: bool,
    image: NDArray[np.intp],
    chosen: _Neurons,
    encoding: str,
    noise: float,
    rng: np.random.Generator,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], int]:
    """Return step, neuron and presentation of every spike, and the number of steps."""
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
    on_device = torch.Generator(device).manual_seed(int(rng.integers(2**63 - 1)))
    n_steps = len(inputs) if is_frames else network.steps
    largest = float(inputs.abs().max())
    places = {k: torch.from_numpy(v).to(device) for k, v in chosen.places.items()}
    offsets = dict(
        zip(
            places,
            np.cumsum([0, *[len(v) for v in chosen.places.values()]]),
            strict=False,
        )
    )
    found: list[NDArray[np.int64]] = []
    was_training = network.training
    network.eval()
    for start in range(0, len(image), _BATCH):
        shown = torch.from_numpy(image[start : start + _BATCH])
        if is_frames:
            frames = torch.stack(
                [
                    encode(x, 1, encoding, largest=largest, generator=generator)[0]
                    for x in inputs[:, shown].float()
                ]
            )
        else:
            frames = encode(
                inputs[shown].float(),
                n_steps,
                encoding,
                largest=largest,
                generator=generator,
            )

        def keep(step: int, spikes: list[Tensor], start: int = start) -> None:
            for layer, place in places.items():
                fired = spikes[layer].flatten(1)[:, place].nonzero().cpu().numpy()
                found.append(
                    np.stack(
                        [
                            np.full(len(fired), step),
                            fired[:, 1] + offsets[layer],
                            fired[:, 0] + start,
                        ],
                        axis=1,
                    )
                )

        network.simulate(
            frames.to(device), noise=noise, generator=on_device, on_step=keep
        )
    network.train(was_training)
    spikes = np.concatenate(found)
    # Ascending times within each presentation and unit.
    spikes = spikes[np.lexsort((spikes[:, 0], spikes[:, 2], spikes[:, 1]))]
    return spikes[:, 0], spikes[:, 1], spikes[:, 2], n_steps
