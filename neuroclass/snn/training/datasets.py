"""Images and event-camera recordings from their standard local files.

Input: the name of a dataset and the path of its files. Output: a `Dataset`. Nothing is
downloaded, and no pickle is opened; a missing file is answered with what to download
and where to put it.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroclass._lib.checks import check_choice, check_positive_int
from neuroclass.exceptions import RecordingError
from neuroclass.snn.training.event_files import N_FOLDS, Events, read_event_folder
from neuroclass.snn.training.image_files import SOURCES, read_images

__all__ = [
    "DATASETS",
    "Arrays",
    "Dataset",
    "Images",
    "augment",
    "augment_frames",
    "check_dataset",
    "dataset_from_arrays",
    "load_dataset",
]

DATASETS = (
    "digits",
    "mnist",
    "fashion-mnist",
    "cifar10",
    "cifar100",
    "nmnist",
    "cifar10-dvs",
)

_DIGITS_TEST = 360
_PIXELS = {"mnist": 28, "fashion-mnist": 28, "cifar10": 32, "cifar100": 32}


@dataclass(frozen=True)
class Images:
    """Images of one split, turned into normalised floats a batch at a time.

    Attributes
    ----------
    values : Tensor
        uint8 images.  (n, channels, rows, columns)
    mean, deviation : Tensor
        Of each channel of the training images, of values in [0, 1].  (channels, 1, 1)
    """

    values: Tensor
    mean: Tensor
    deviation: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Images({len(self)} images of shape {tuple(self.values.shape[1:])})"

    def batch(self, indices: Tensor) -> Tensor:
        """Return normalised images.  (batch, channels, rows, columns)."""
        return (self.values[indices].float() / 255 - self.mean) / self.deviation


@dataclass(frozen=True)
class Arrays:
    """Inputs of one split as they are given to the network.

    Attributes
    ----------
    values : Tensor
        float32.  (n, channels, rows, columns)
    """

    values: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Arrays({len(self)} inputs of shape {tuple(self.values.shape[1:])})"

    def batch(self, indices: Tensor) -> Tensor:
        """Return inputs.  (batch, channels, rows, columns)."""
        return self.values[indices]


@dataclass(frozen=True)
class Dataset:
    """A training and a test split.

    Attributes
    ----------
    name : str
        One of `DATASETS`, or "own" for arrays of the user's.
    train, test : Images, Events or Arrays
        ``batch(indices)`` gives the network's input.
    train_labels, test_labels : Tensor
        Integers from 0.  (n,)
    n_classes : int
        Number of labels.
    image_shape : tuple of int
        (channels, rows, columns).
    fold : int, optional
        Fold that is the test split, where the split is by folds.
    """

    name: str
    train: Images | Events | Arrays
    train_labels: Tensor
    test: Images | Events | Arrays
    test_labels: Tensor
    n_classes: int
    image_shape: tuple[int, int, int]
    fold: int | None = None

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {len(self.train)} training and {len(self.test)} "
            f"test samples of shape {tuple(self.image_shape)}, "
            f"{self.n_classes} classes)"
        )

    @property
    def is_frames(self) -> bool:
        """Whether samples are frames of events, time first."""
        return isinstance(self.train, Events)


def load_dataset(
    name: str,
    path: str | Path | None = None,
    *,
    n_frames: int = 30,
    fold: int = N_FOLDS - 1,
) -> Dataset:
    """Load a dataset by name.

    Parameters
    ----------
    name : str
        One of `DATASETS`.  "digits" comes with scikit-learn and needs no path.
    path : str or Path, optional
        Folder of the standard files (idx, idx.gz, the binary version of CIFAR, event
        files), an npz with ``x_train, y_train, x_test, y_test``, or a folder of images
        ``train/<class>/*.png``, ``test/<class>/*.png``.
    n_frames : int, default 30
        Number of frames of an event recording.
    fold : int, default 9
        Which tenth of the files of each class of CIFAR10-DVS, in order of their
        numbers from 0 to 9, is the test split.  There is no official split: figures
        of different splits cannot be compared.

    Raises
    ------
    FileNotFoundError
        If files are missing; the message names those to download.
    RecordingError
        If a file is truncated, of another size, or its labels are out of range.
    ValueError
        If the name is unknown; the message lists the known ones.

    Examples
    --------
    >>> digits = load_dataset("digits")
    >>> digits.image_shape, len(digits.train), len(digits.test)
    ((1, 8, 8), 1437, 360)
    """
    check_choice(name, "dataset", DATASETS)
    if name == "digits":
        if path is not None:
            raise ValueError(
                f"path must be left out for digits, which come with scikit-learn; got "
                f"{str(path)!r}. Name the dataset of these files, or leave out --data."
            )
        return _digits()
    if path is None:
        raise FileNotFoundError(
            f"dataset {name} must be given the path of its files: download "
            f"{SOURCES[name]}, unpack them into a folder and name it with --data."
        )
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such file or folder. Download {SOURCES[name]}, and put them "
            "there."
        )
    if name in ("nmnist", "cifar10-dvs"):
        check_positive_int(n_frames, "n_frames")
        if not 0 <= check_positive_int(fold, "fold", 0) < N_FOLDS:
            raise ValueError(f"fold must lie in 0 .. {N_FOLDS - 1}; got {fold}.")
        return _events(name, path, n_frames, fold)
    n_classes = 100 if name == "cifar100" else 10
    return _from_arrays(name, path, read_images(name, path), n_classes=n_classes)


def dataset_from_arrays(arrays: Any) -> Dataset:
    """Return a dataset of training inputs and labels, test inputs and labels.

    Parameters
    ----------
    arrays : sequence of four arrays or tensors
        Inputs (n, values), (n, rows, columns) or (n, channels, rows, columns), which
        reach the network as they are, and integer labels from 0.

    Raises
    ------
    ValueError
        If they are not four, or do not fit each other.

    Examples
    --------
    >>> data = dataset_from_arrays(
    ...     [np.zeros((6, 20)), np.arange(6) % 3, np.zeros((3, 20)), np.arange(3)]
    ... )
    >>> data
    Dataset('own', 6 training and 3 test samples of shape (1, 1, 20), 3 classes)
    """
    if not isinstance(arrays, list | tuple) or len(arrays) != 4:
        raise ValueError(
            "data must be a name, a Dataset, or four arrays: training inputs, training "
            f"labels, test inputs, test labels; got {type(arrays).__name__}."
        )
    inputs, labels = [], []
    for x, y in (arrays[:2], arrays[2:]):
        values = torch.as_tensor(np.asarray(x)).float()
        if not 2 <= values.ndim <= 4:
            raise ValueError(
                "inputs must have 2 to 4 axes, the first one over samples; got shape "
                f"{tuple(values.shape)}."
            )
        shape = [1] * (4 - values.ndim)
        values = values.reshape(len(values), *shape, *values.shape[1:])
        if not values.isfinite().all():
            raise ValueError("inputs must be finite numbers; got nan or infinity.")
        known = np.asarray(y)
        if known.dtype.kind not in "iu":
            raise ValueError(f"labels must be integers from 0; got {known.dtype}.")
        inputs.append(Arrays(values))
        labels.append(torch.from_numpy(known.astype(np.int64)))
    channels, rows, columns = inputs[0].values.shape[1:]
    n_classes = max((int(y.max()) + 1 for y in labels if len(y)), default=0)
    return Dataset(
        "own",
        inputs[0],
        labels[0],
        inputs[1],
        labels[1],
        n_classes,
        (channels, rows, columns),
    )


def check_dataset(dataset: Dataset) -> Dataset:
    """Return `dataset` if its parts fit each other, or raise ``ValueError``."""
    check_positive_int(dataset.n_classes, "n_classes of dataset", 2)
    for split, samples, labels in (
        ("train", dataset.train, dataset.train_labels),
        ("test", dataset.test, dataset.test_labels),
    ):
        if labels.ndim != 1 or labels.dtype != torch.int64:
            raise ValueError(
                f"{split}_labels of dataset must be int64 of shape (n,); got "
                f"{labels.dtype} of shape {tuple(labels.shape)}."
            )
        if len(samples) != len(labels) or len(labels) == 0:
            raise ValueError(
                f"dataset must have one {split} label per sample, and at least one; "
                f"got {len(samples)} samples and {len(labels)} labels."
            )
        if labels.min() < 0 or labels.max() >= dataset.n_classes:
            raise ValueError(
                f"{split}_labels of dataset must lie in 0 .. {dataset.n_classes - 1}; "
                f"got {int(labels.min())} .. {int(labels.max())}."
            )
        sample = samples.batch(torch.tensor([0]))
        if tuple(sample.shape[-3:]) != tuple(dataset.image_shape):
            raise ValueError(
                f"{split} of dataset must have samples of shape "
                f"{tuple(dataset.image_shape)}; got {tuple(sample.shape[-3:])}."
            )
    return dataset


def augment(images: Tensor, padding: int = 4) -> Tensor:
    """Return images shifted by up to `padding` pixels and mirrored, at random.

    Parameters
    ----------
    images : Tensor
        (batch, channels, rows, columns).
    padding : int, default 4
        Zeros around each image, out of which a window of the old size is cropped.
    """
    n, channels, rows, columns = images.shape
    padded = torch.nn.functional.pad(images, [padding] * 4)
    top, left = torch.randint(0, 2 * padding + 1, (2, n), device=images.device)
    row = top[:, None] + torch.arange(rows, device=images.device)
    column = left[:, None] + torch.arange(columns, device=images.device)
    mirrored = torch.rand(n, device=images.device) < 0.5
    column = torch.where(mirrored[:, None], column.flip(1), column)
    sample = torch.arange(n, device=images.device)[:, None, None, None]
    channel = torch.arange(channels, device=images.device)[None, :, None, None]
    return padded[sample, channel, row[:, None, :, None], column[:, None, None, :]]


def augment_frames(frames: Tensor, padding: int = 4) -> Tensor:
    """Return frames shifted by up to `padding` pixels, each sample by one shift.

    Parameters
    ----------
    frames : Tensor
        (steps, batch, channels, rows, columns).
    padding : int, default 4
        Zeros around each frame, out of which a window of the old size is cropped.
    """
    n, (rows, columns) = frames.shape[1], frames.shape[-2:]
    padded = torch.nn.functional.pad(frames, [padding] * 4)
    shifts = torch.randint(0, 2 * padding + 1, (n, 2)).tolist()
    return torch.stack(
        [
            padded[:, k, :, top : top + rows, left : left + columns]
            for k, (top, left) in enumerate(shifts)
        ],
        dim=1,
    )


def _digits() -> Dataset:
    # scikit-learn costs a second to import, for which the other datasets have no use.
    bunch = importlib.import_module("sklearn.datasets").load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(images))
    train, test = order[:-_DIGITS_TEST], order[-_DIGITS_TEST:]
    labels = np.asarray(bunch.target)
    arrays = (images[train], labels[train], images[test], labels[test])
    return _from_arrays("digits", Path("digits"), arrays, n_classes=10)


def _from_arrays(
    name: str, path: Path, arrays: Sequence[NDArray[Any]], *, n_classes: int
) -> Dataset:
    """Return images and labels of both splits, given one after the other, checked."""
    train, train_labels, test, test_labels = arrays
    images, labels = [], []
    for x, y, split in [
        (train, train_labels, "training"),
        (test, test_labels, "test"),
    ]:
        y = np.asarray(y).reshape(-1)
        x = _channels_first(x, name, path)
        if len(x) != len(y) or len(x) == 0:
            raise RecordingError(
                f"{path}: the {split} split must have one label per image; "
                f"got {len(x)} images and {len(y)} labels."
            )
        _check_labels(y, n_classes, path, split)
        images.append(torch.from_numpy(np.array(x, order="C")))
        labels.append(torch.from_numpy(y.astype(np.int64)))
    if images[0].shape[1:] != images[1].shape[1:]:
        raise RecordingError(
            f"{path}: training and test images must have one shape; "
            f"got {tuple(images[0].shape[1:])} and {tuple(images[1].shape[1:])}."
        )
    mean, deviation = _moments(images[0])
    channels, rows, columns = images[0].shape[1:]
    return Dataset(
        name,
        Images(images[0], mean, deviation),
        labels[0],
        Images(images[1], mean, deviation),
        labels[1],
        n_classes,
        (channels, rows, columns),
    )


def _channels_first(x: NDArray[Any], name: str, path: Path) -> NDArray[np.uint8]:
    x = np.asarray(x)
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and x.shape[1] not in (1, 3) and x.shape[3] in (1, 3):
        x = x.transpose(0, 3, 1, 2)
    pixels = _PIXELS.get(name)
    if x.dtype != np.uint8 or x.ndim != 4:
        raise RecordingError(
            f"{path}: images must be bytes of shape (n, rows, columns[, channels]); "
            f"got {x.dtype} of shape {x.shape}."
        )
    if pixels is not None and x.shape[2:] != (pixels, pixels):
        raise RecordingError(
            f"{path}: images of {name} must have {pixels} x {pixels} pixels; "
            f"got {x.shape[2]} x {x.shape[3]}."
        )
    return x


def _check_labels(labels: NDArray[Any], n_classes: int, path: Path, split: str) -> None:
    if labels.dtype.kind not in "iu":
        raise RecordingError(f"{path}: labels must be integers; got {labels.dtype}.")
    bad = np.flatnonzero((labels < 0) | (labels >= n_classes))
    if len(bad):
        raise RecordingError(
            f"{path}: labels must lie in 0 .. {n_classes - 1}; got {labels[bad[0]]} "
            f"at row {bad[0]} of the {split} split ({len(bad)} such rows)."
        )


def _moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and deviation of each channel, from counts of the 256 values."""
    levels = torch.arange(256, dtype=torch.float64) / 255
    means, deviations = [], []
    for channel in range(images.shape[1]):
        counts = torch.bincount(images[:, channel].flatten(), minlength=256).double()
        mean = (counts * levels).sum() / counts.sum()
        variance = (counts * (levels - mean) ** 2).sum() / counts.sum()
        means.append(mean)
        deviations.append(variance.sqrt().clamp_min(1e-6))
    return (
        torch.stack(means).float()[:, None, None],
        torch.stack(deviations).float()[:, None, None],
    )


def _events(name: str, path: Path, n_frames: int, fold: int) -> Dataset:
    rows = 34 if name == "nmnist" else 48
    splits = read_event_folder(name, path, n_frames, fold=fold)
    if splits is None:
        raise FileNotFoundError(
            f"{path}: holds no event files of {name}. Download {SOURCES[name]}, and "
            "unpack them there."
        )
    (train, train_labels), (test, test_labels) = splits
    for labels, split in [(train_labels, "training"), (test_labels, "test")]:
        _check_labels(np.asarray(labels), 10, path, split)
    return Dataset(
        name,
        train,
        _as_labels(train_labels),
        test,
        _as_labels(test_labels),
        10,
        (2, rows, rows),
        fold if name == "cifar10-dvs" else None,
    )


def _as_labels(labels: Sequence[int]) -> Tensor:
    return torch.tensor(list(labels), dtype=torch.int64)
