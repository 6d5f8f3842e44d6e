"""Folds of CIFAR10-DVS, times and polarities of event files, crops of frames."""

import h5py
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn import (  # noqa: E402
    NetworkSettings,
    Optimisation,
    dataset_of,
    load_dataset,
    train,
)
from neuroclass.snn.training.datasets import augment_frames  # noqa: E402

CLASSES = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
]


def write(path, times, polarities, rng):
    n = len(times)
    with h5py.File(path, "w") as file:
        file["t"], file["p"] = times, polarities
        file["x"] = rng.integers(0, 128, n).astype(np.uint16)
        file["y"] = rng.integers(0, 128, n).astype(np.uint16)


@pytest.fixture
def folder(tmp_path, rng):
    for name in CLASSES:
        (tmp_path / "dvs" / name).mkdir(parents=True)
        for k in range(20):
            times = np.sort(rng.integers(0, 10**6, 60))
            path = tmp_path / "dvs" / name / f"cifar10_{name}_{k}.h5"
            write(path, times, rng.integers(0, 2, 60), rng)
    return tmp_path / "dvs"


def numbers(split):
    return {int(path.stem.split("_")[-1]) for path in split.paths}


def test_every_file_is_tested_in_exactly_one_fold(folder):
    tested = []
    for fold in range(10):
        data = load_dataset("cifar10-dvs", folder, n_frames=2, fold=fold)
        assert numbers(data.test) == {2 * fold, 2 * fold + 1}
        assert not numbers(data.train) & numbers(data.test)
        assert len(data.train) == 180
        tested += data.test.paths
    assert len(set(tested)) == 200
    assert load_dataset("cifar10-dvs", folder).fold == 9
    with pytest.raises(ValueError, match=r"fold must lie in 0 \.\. 9; got 10"):
        load_dataset("cifar10-dvs", folder, fold=10)


@pytest.mark.parametrize("times_in", ["whole us", "us with fractions", "s"])
@pytest.mark.parametrize("off", [0, -1])
def test_times_are_read_by_their_values_and_off_is_0_or_minus_1(
    times_in, off, folder, rng
):
    path = folder / "airplane" / "cifar10_airplane_0.h5"
    times = np.arange(1000, 5001, 4)
    polarities = np.where(np.arange(len(times)) % 4 == 0, 1, off)
    stored = {"whole us": times, "us with fractions": times + 0.25, "s": times / 1e6}
    write(path, stored[times_in], polarities, rng)
    data = load_dataset("cifar10-dvs", folder, n_frames=4)
    frames = data.train.batch(torch.tensor([0]))
    assert frames.sum((1, 2, 3, 4)).tolist() == pytest.approx([250] * 4, abs=2)
    assert frames[:, :, 1].sum() == (polarities == 1).sum()


def test_the_fold_is_kept_with_the_model(folder, tmp_path):
    data = load_dataset("cifar10-dvs", folder, n_frames=2, fold=3)
    network = NetworkSettings(
        structure="recurrent-dense", hidden=4, steps=2, backward_steps=5
    )
    train(data, tmp_path / "net", network, Optimisation(epochs=1))
    again = dataset_of(tmp_path / "net", folder)
    assert again.fold == 3
    assert again.test.paths == data.test.paths


def test_one_crop_of_all_frames_of_a_sample(rng):
    frames = torch.zeros(3, 8, 2, 12, 12)
    frames[:, :, :, 6, 5] = 1 + torch.arange(3.0)[:, None, None]
    torch.manual_seed(0)
    shifted = augment_frames(frames)
    assert shifted.shape == frames.shape
    places = shifted[:, :, 0].flatten(2).argmax(2)
    assert (places == places[:1]).all()
    assert len(set(places[0].tolist())) > 3
    torch.testing.assert_close(shifted.sum((2, 3, 4)), frames.sum((2, 3, 4)))
