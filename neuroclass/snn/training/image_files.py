"""Images from their standard files: idx, the binary version of CIFAR, npz, folders.

Input: the name of a dataset and a path. Output: images and labels of both splits. No
pickle is opened; a missing file is answered with what to download.
"""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neuroclass.exceptions import RecordingError

__all__ = ["SOURCES", "read_images"]

SOURCES = {
    "mnist": "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
    "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz",
    "fashion-mnist": "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
    "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz of Fashion-MNIST",
    "cifar10": "the binary version, cifar-10-binary.tar.gz (data_batch_1.bin to "
    "data_batch_5.bin and test_batch.bin)",
    "cifar100": "the binary version, cifar-100-binary.tar.gz (train.bin and test.bin)",
    "nmnist": "Train.zip and Test.zip of N-MNIST (Train/0 .. Train/9 and Test/0 .. "
    "Test/9 with .bin files)",
    "cifar10-dvs": "CIFAR10-DVS, one folder of .aedat or .h5 files per class",
}


def read_images(name: str, path: Path) -> tuple[NDArray[Any], ...]:
    """Return train images and labels, test images and labels."""
    if path.is_file():
        if path.suffix != ".npz":
            raise RecordingError(
                f"{path}: a file of images must be an npz; got {path.suffix or 'none'}."
            )
        return _read_npz(path)
    readers: list[tuple[bool, Callable[[Path], tuple[NDArray[Any], ...]]]] = [
        (_find_idx(path, "train", "images") is not None, _read_idx_folder),
        (any(path.rglob("*.bin")) and name.startswith("cifar"), _read_binary_cifar),
        ((path / "train").is_dir() and (path / "test").is_dir(), _read_image_folder),
    ]
    for is_there, reader in readers:
        if is_there:
            return reader(path)
    for stem in (name, name.replace("-", "_")):
        if (path / f"{stem}.npz").is_file():
            return _read_npz(path / f"{stem}.npz")
    if any(path.rglob("data_batch_1")) or any(path.rglob("cifar-*-python*")):
        raise RecordingError(
            f"{path}: holds the pickled version of CIFAR, which could run code and is "
            f"not opened. Download {SOURCES[name]}."
        )
    raise FileNotFoundError(
        f"{path}: holds no files of {name}. Download {SOURCES[name]}, and put them "
        "there."
    )


def _read_npz(path: Path) -> tuple[NDArray[Any], ...]:
    keys = ("x_train", "y_train", "x_test", "y_test")
    try:
        with path.open("rb") as opened:
            file = np.load(opened, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise RecordingError(f"{path}: must be an npz; it is a single array.")
            missing = [key for key in keys if key not in file]
            if missing:
                raise RecordingError(
                    f"{path}: must hold the arrays {', '.join(keys)}; "
                    f"{', '.join(missing)} missing."
                )
            return tuple(file[key] for key in keys)
    except (
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(
            f"{path}: cannot be read as an npz of plain arrays ({error}). "
            "Pickled objects are never opened."
        ) from error


def _find_idx(folder: Path, split: str, kind: str) -> Path | None:
    number = "idx3" if kind == "images" else "idx1"
    for joint in ("-", "."):
        for suffix in ("", ".gz"):
            names = f"{split}-{kind}{joint}{number}-ubyte{suffix}"
            files = sorted(folder.rglob(names))
            if files:
                return files[0]
    return None


def _read_idx_folder(path: Path) -> tuple[NDArray[Any], ...]:
    arrays = []
    for split in ("train", "t10k"):
        for kind in ("images", "labels"):
            file = _find_idx(path, split, kind)
            if file is None:
                raise FileNotFoundError(
                    f"{path}: {split}-{kind}-idx*-ubyte[.gz] is missing beside the "
                    "other idx files. Download it into the same folder."
                )
            arrays.append(_read_idx(file))
    return tuple(arrays)


def _read_idx(path: Path) -> NDArray[np.uint8]:
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rb") as file:
                content = file.read()
        else:
            content = path.read_bytes()
    except (EOFError, OSError, zlib.error) as error:
        raise RecordingError(f"{path}: cannot be unpacked ({error}).") from error
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise RecordingError(f"{path}: is no idx file of bytes.")
    n_axes = content[3]
    start = 4 + 4 * n_axes
    if len(content) < start:
        raise RecordingError(f"{path}: is truncated in its header.")
    shape = struct.unpack(f">{n_axes}I", content[4:start])
    expected = int(np.prod(shape, dtype=np.int64))
    if len(content) - start != expected:
        raise RecordingError(
            f"{path}: must hold {expected} bytes after its header; "
            f"got {len(content) - start}. The file is truncated or damaged."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _read_binary_cifar(path: Path) -> tuple[NDArray[Any], ...]:
    batches = sorted(path.rglob("data_batch_*.bin"))
    if batches:
        tests, n_label_bytes = sorted(path.rglob("test_batch.bin")), 1
    else:
        batches = sorted(path.rglob("train.bin"))
        # CIFAR-100 gives the coarse label first, the fine one second.
        tests, n_label_bytes = sorted(path.rglob("test.bin")), 2
    if not batches or not tests:
        raise FileNotFoundError(
            f"{path}: training or test .bin files of CIFAR are missing. Unpack the "
            "whole archive of the binary version."
        )
    size = n_label_bytes + 3 * 32 * 32
    arrays = []
    for files in (batches, tests[:1]):
        records = []
        for file in files:
            content = np.fromfile(file, np.uint8)
            if len(content) == 0 or len(content) % size:
                raise RecordingError(
                    f"{file}: must hold records of {size} bytes; got {len(content)} "
                    "bytes. The file is truncated or of another dataset."
                )
            records.append(content.reshape(-1, size))
        table = np.concatenate(records)
        arrays += [table[:, n_label_bytes:].reshape(-1, 3, 32, 32)]
        arrays += [table[:, n_label_bytes - 1]]
    return tuple(arrays)


def _read_image_folder(path: Path) -> tuple[NDArray[Any], ...]:
    classes = [folder.name for folder in _visible(path / "train") if folder.is_dir()]
    arrays: list[NDArray[Any]] = []
    for split in ("train", "test"):
        pixels, labels = [], []
        for folder in _visible(path / split):
            if folder.name not in classes:
                raise RecordingError(
                    f"{folder}: must be a class of the training split; "
                    f"known are {', '.join(classes)}."
                )
            for file in _visible(folder):
                pixels.append(_read_image(file))
                labels.append(classes.index(folder.name))
                if pixels[-1].shape != pixels[0].shape:
                    raise RecordingError(
                        f"{file}: images must have one size; got {pixels[-1].shape} "
                        f"after {pixels[0].shape}."
                    )
        if not pixels:
            raise RecordingError(f"{path / split}: holds no images.")
        arrays += [np.stack(pixels), np.array(labels)]
    return tuple(arrays)


def _visible(folder: Path) -> list[Path]:
    """Return what a folder holds, without what file managers leave there."""
    return sorted(p for p in folder.iterdir() if not p.name.startswith("."))


def _read_image(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            mode = "L" if image.mode in ("1", "L") else "RGB"
            return np.asarray(image.convert(mode))
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise RecordingError(
            f"{path}: cannot be read as an image ({error})."
        ) from error
