"""Datasets from the files they come in, and what damaged files are answered with."""

import gzip
import pickle
import struct
import zlib

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass import RecordingError  # noqa: E402
from neuroclass.snn import load_dataset  # noqa: E402
from neuroclass.snn.training import augment  # noqa: E402
from neuroclass.snn.training.event_files import read_aedat, read_nmnist  # noqa: E402


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (12, 28, 28), dtype=np.uint8)
    y = (np.arange(12) % 10).astype(np.uint8)
    return x, y


def write_idx(path, array):
    header = b"\0\0\x08" + bytes([array.ndim])
    content = header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_mnist(folder, x, y, suffix=""):
    for split in ("train", "t10k"):
        write_idx(folder / f"{split}-images-idx3-ubyte{suffix}", x)
        write_idx(folder / f"{split}-labels-idx1-ubyte{suffix}", y)


@pytest.mark.parametrize("kind", ["idx", "idx.gz", "npz in a folder", "npz", "png"])
def test_mnist_is_the_same_from_every_format(kind, images, tmp_path):
    x, y = images
    path = tmp_path
    if kind.startswith("idx"):
        write_mnist(tmp_path, x, y, ".gz" if kind.endswith("gz") else "")
    elif kind == "png":
        for split in ("train", "test"):
            for i, label in enumerate(y):
                folder = tmp_path / split / str(label)
                folder.mkdir(parents=True, exist_ok=True)
                Image.fromarray(x[i]).save(folder / f"{i:02d}.png")
        order = np.lexsort((np.arange(12), y))
        x, y = x[order], y[order]
    else:
        path = tmp_path / "mnist.npz"
        np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)
        path = tmp_path if kind.endswith("folder") else path
    dataset = load_dataset("mnist", path)
    assert dataset.image_shape == (1, 28, 28)
    for images_of, labels in [
        (dataset.train, dataset.train_labels),
        (dataset.test, dataset.test_labels),
    ]:
        assert_array_equal(images_of.values[:, 0].numpy(), x)
        assert_array_equal(labels.numpy(), y)
    batch = dataset.train.batch(torch.arange(12))
    assert batch.mean().item() == pytest.approx(0, abs=1e-5)
    assert batch.std(correction=0).item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "names", "n_label_bytes"),
    [
        ("cifar10", [*[f"data_batch_{i}" for i in range(1, 6)], "test_batch"], 1),
        ("cifar100", ["train", "test"], 2),
    ],
)
def test_binary_cifar_gives_images_and_fine_labels(
    name, names, n_label_bytes, tmp_path
):
    rng = np.random.default_rng(1)
    folder = tmp_path / "unpacked"
    folder.mkdir()
    pixels = rng.integers(0, 256, (len(names), 2, 3072), dtype=np.uint8)
    labels = rng.integers(0, 10, (len(names), 2, n_label_bytes), dtype=np.uint8)
    for i, file in enumerate(names):
        records = np.concatenate([labels[i], pixels[i]], axis=1)
        records.tofile(folder / f"{file}.bin")
    dataset = load_dataset(name, tmp_path)
    assert dataset.n_classes == (10 if name == "cifar10" else 100)
    assert dataset.image_shape == (3, 32, 32)
    assert_array_equal(
        dataset.train.values.reshape(-1, 3072).numpy(), pixels[:-1].reshape(-1, 3072)
    )
    assert_array_equal(dataset.test_labels.numpy(), labels[-1, :, -1])


def test_digits_are_stratified_enough_and_always_split_alike():
    first, again = load_dataset("digits"), load_dataset("digits")
    assert torch.equal(first.train.values, again.train.values)
    assert first.train_labels.bincount().min() > 100
    assert first.test_labels.bincount().min() > 20


def nmnist_bytes(times, columns, rows, polarities):
    high = (np.asarray(times) >> 16) | (np.asarray(polarities) << 7)
    table = [columns, rows, high, np.asarray(times) >> 8 & 255, np.asarray(times) & 255]
    return np.array(table, np.uint8).T.tobytes()


EVENTS = ([0, 1000, 299_999, 300_000], [0, 33, 5, 5], [1, 33, 7, 8], [0, 1, 1, 0])


@pytest.mark.parametrize("layout", ["folders", "lists"])
def test_nmnist_events_become_frames(layout, tmp_path):
    content = nmnist_bytes(*EVENTS)
    for split, label in [("Train", 3), ("Test", 4)]:
        if layout == "folders":
            folder = tmp_path / split / str(label)
            folder.mkdir(parents=True)
            (folder / "00001.bin").write_bytes(content)
        else:
            (tmp_path / f"{split.lower()}9.txt").write_text(
                f"#sample #class\n{label}\t{label}\n"
            )
            (tmp_path / f"{label}.bs2").write_bytes(content)
    dataset = load_dataset("nmnist", tmp_path, n_frames=3)
    assert dataset.is_frames
    assert dataset.train_labels.tolist() == [3]
    assert dataset.test_labels.tolist() == [4]
    frames = dataset.train.batch(torch.tensor([0]))
    assert frames.shape == (3, 1, 2, 34, 34)
    expected = torch.zeros(3, 1, 2, 34, 34)
    for frame, polarity, row, column in [
        (0, 0, 1, 0),
        (0, 1, 33, 33),
        (2, 1, 7, 5),
        (2, 0, 8, 5),
    ]:
        expected[frame, 0, polarity, row, column] = 1
    assert torch.equal(frames, expected)


def test_nmnist_times_have_23_bits(tmp_path):
    path = tmp_path / "a.bin"
    times = [2**23 - 1, 65_536, 256, 1]
    path.write_bytes(nmnist_bytes(times, [1] * 4, [2] * 4, [1, 0, 1, 0]))
    got = read_nmnist(path)
    assert got[0].tolist() == times
    assert got[3].tolist() == [1, 0, 1, 0]


def aedat3(events, valid):
    """Write polarity events into two packets, with one of another type between."""
    times, columns, rows, polarities = (np.asarray(a, np.int64) for a in events)
    address = valid | polarities << 1 | rows << 2 | columns << 17
    words = np.stack([address, times], axis=1).astype("<u4")
    content = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n"
    for kind, part in [(1, words[:2]), (2, words[:1]), (1, words[2:])]:
        n, n_valid = len(part), int((part[:, 0] & 1).sum())
        head = struct.pack("<hhiiiiii", kind, 1, 8, 4, 0, n, n, n_valid)
        content += head + part.tobytes()
    return content


def test_aedat3_gives_the_valid_events_of_polarity_packets(tmp_path):
    path = tmp_path / "a.aedat"
    columns, rows = [0, 127, 5, 6], [3, 2, 1, 127]
    events = ([10, 20, 30, 40], columns, rows, [1, 0, 1, 1])
    path.write_bytes(aedat3(events, np.array([1, 1, 0, 1])))
    got = read_aedat(path)
    keep = [0, 1, 3]
    for got_column, expected in zip(got, events, strict=True):
        assert got_column.tolist() == [expected[i] for i in keep]


def test_aedat3_of_another_number_of_valid_events_is_warned_of(tmp_path):
    path = tmp_path / "a.aedat"
    content = aedat3(([10, 20, 30], [0, 1, 2], [3, 2, 1], [1, 0, 1]), np.ones(3, int))
    first = content.index(b"#!END-HEADER\r\n") + 14 + 28
    path.write_bytes(content[:first] + bytes(8) + content[first + 8 :])
    with pytest.warns(UserWarning, match=r"2 of its 2 events are valid; 1 are marked"):
        times, *_ = read_aedat(path)
    assert times.tolist() == [20, 30]


@pytest.mark.parametrize(("place", "value"), [(4, 12), (8, 12)])  # size, offset
def test_polarity_events_of_another_layout_are_refused(place, value, tmp_path):
    content = bytearray(
        aedat3(([10, 20, 30], [0, 1, 2], [3, 2, 1], [1, 0, 1]), np.ones(3, int))
    )
    packet = content.index(b"#!END-HEADER\r\n") + 14
    content[packet + place] = value
    (tmp_path / "a.aedat").write_bytes(content)
    with pytest.raises(RecordingError, match="damaged packet header"):
        read_aedat(tmp_path / "a.aedat")


def test_aedat2_gives_the_events_of_a_dvs128(tmp_path):
    path = tmp_path / "a.aedat"
    address = [(7 << 8) | ((127 - 9) << 1) | 1, (127 << 8) | (127 << 1)]
    body = struct.pack(">4I", address[0], 10, address[1], 20)
    path.write_bytes(b"#!AER-DAT2.0\r\n# a comment\r\n" + body)
    times, columns, rows, polarities = read_aedat(path)
    assert times.tolist() == [10, 20]
    assert columns.tolist() == [9, 0]
    assert rows.tolist() == [7, 127]
    assert polarities.tolist() == [0, 1]  # the bit is set for off


@pytest.mark.parametrize("kind", ["aedat", "table", "arrays"])
def test_cifar10_dvs_comes_as_aedat_or_hdf5(kind, tmp_path):
    h5py = pytest.importorskip("h5py")
    events = ([0, 10, 20], [0, 64, 127], [127, 64, 0], [1, 0, 1])
    for name in ("airplane", "truck"):
        folder = tmp_path / name
        folder.mkdir()
        for i in range(20):
            if kind == "aedat":
                path = folder / f"cifar10_{name}_{i}.aedat"
                path.write_bytes(aedat3(events, np.ones(3, np.int64)))
                continue
            with h5py.File(folder / f"cifar10_{name}_{i}.h5", "w") as file:
                if kind == "arrays":
                    for key, values in zip("txyp", events, strict=True):
                        file[f"events/{key}"] = values
                else:
                    table = np.zeros(3, [(k, "i8") for k in "txyp"])
                    for key, values in zip("txyp", events, strict=True):
                        table[key] = values
                    file["data/0"] = table
    dataset = load_dataset("cifar10-dvs", tmp_path, n_frames=2)
    assert (len(dataset.train), len(dataset.test)) == (36, 4)
    assert dataset.test.paths[0].stem == "cifar10_airplane_18"
    assert sorted(set(dataset.train_labels.tolist())) == [0, 9]
    frames = dataset.train.batch(torch.tensor([0]))
    assert frames.shape == (2, 1, 2, 48, 48)
    assert frames.sum() == 3
    assert frames[0, 0, 1, 47, 0] == 1
    assert frames[1, 0, 0, 24, 24] == 1
    assert frames[1, 0, 1, 0, 47] == 1


def test_hdf5_events_in_seconds_are_spread_over_the_frames(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("airplane", "truck"):
        (tmp_path / name).mkdir()
        for number in range(2):
            with h5py.File(tmp_path / name / f"{number}.h5", "w") as file:
                file["t"] = np.sort(rng.random(5000) * 1.3)
                for key, n in (("x", 128), ("y", 128), ("p", 2)):
                    file[key] = rng.integers(0, n, 5000)
    dataset = load_dataset("cifar10-dvs", tmp_path, n_frames=10)
    counts = dataset.train.batch(torch.tensor([0])).sum(dim=(1, 2, 3, 4))
    assert counts.sum() == 5000
    assert (counts - 500).abs().max() < 100


def test_augmentation_shifts_and_mirrors_whole_images():
    torch.manual_seed(0)
    images = torch.arange(1.0, 65).view(1, 1, 8, 8).repeat(200, 2, 1, 1)
    changed = augment(images, padding=2)
    assert changed.shape == images.shape
    padded = torch.nn.functional.pad(images[0], [2] * 4)
    windows = [
        window
        for row in range(5)
        for column in range(5)
        for part in [padded[:, row : row + 8, column : column + 8]]
        for window in (part, part.flip(2))
    ]
    found = [
        next(i for i, window in enumerate(windows) if torch.equal(image, window))
        for image in changed
    ]
    assert len(set(found)) > 40


def test_names_and_missing_files_are_answered_with_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"one of digits, mnist, .* 'imagenet'"):
        load_dataset("imagenet")
    with pytest.raises(FileNotFoundError, match=r"download train-images.* --data"):
        load_dataset("mnist")
    with pytest.raises(FileNotFoundError, match=r"no such file.*cifar-10-binary"):
        load_dataset("cifar10", tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match=r"no files of cifar100\. Download"):
        load_dataset("cifar100", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no event files of nmnist"):
        load_dataset("nmnist", tmp_path)


def test_an_incomplete_folder_names_the_missing_file(images, tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte", images[0])
    with pytest.raises(FileNotFoundError, match="train-labels-idx"):
        load_dataset("mnist", tmp_path)


class Hostile:
    """Would create a file if anything unpickled it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_is_never_opened(images, tmp_path):
    witness = tmp_path / "witness"
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(pickle.dumps(Hostile(witness)))
    with pytest.raises(RecordingError, match="could run code and is not opened"):
        load_dataset("cifar10", tmp_path)
    x, _ = images
    objects = np.array([Hostile(witness)] * 12, dtype=object)
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=x, y_train=objects, x_test=x, y_test=objects)
    with pytest.raises(RecordingError, match="Pickled objects are never opened"):
        load_dataset("mnist", path)
    assert not witness.exists()


def damage_idx(folder, x, y):
    write_mnist(folder, x, y)
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    return folder


def damage_gzip(folder, x, y):
    write_mnist(folder, x, y, ".gz")
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-50])
    return folder


def damage_npz(folder, x, y):
    path = folder / "mnist.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)
    path.write_bytes(path.read_bytes()[:200])
    return path


def savez(**changes):
    def write(folder, x, y):
        arrays = {"x_train": x, "y_train": y, "x_test": x, "y_test": y}
        for key, change in changes.items():
            arrays[key] = change(arrays[key])
        np.savez(folder / "mnist.npz", **arrays)
        return folder / "mnist.npz"

    return write


def not_idx(folder, x, y):
    write_mnist(folder, x, y)
    (folder / "train-images-idx3-ubyte").write_bytes(b"hello, world")
    return folder


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (damage_idx, "must hold 9408 bytes after its header; got 9403"),
        (damage_gzip, "cannot be unpacked"),
        (damage_npz, "cannot be read as an npz"),
        (not_idx, "is no idx file of bytes"),
        (savez(y_train=lambda y: y + 250), "labels must lie in 0 .. 9; got 250 at row"),
        (savez(y_test=lambda y: y[:-1]), "one label per image; got 12 images and 11"),
        (savez(x_train=lambda x: x[:, :20]), "28 x 28 pixels; got 20 x 28"),
        (savez(x_train=lambda x: x / 255), "images must be bytes"),
        (savez(y_train=lambda y: y * 1.5), "labels must be integers"),
    ],
)
def test_damaged_files_are_refused_in_one_line(write, message, images, tmp_path):
    with pytest.raises(RecordingError, match=message) as caught:
        load_dataset("mnist", write(tmp_path, *images))
    assert "\n" not in str(caught.value)


def test_damaged_event_files_are_refused(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"1234567")
    with pytest.raises(RecordingError, match="events of 5 bytes; got 7"):
        read_nmnist(path)
    whole = aedat3(([1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 0, 1]), np.ones(3, np.int64))
    for content, message in [
        (b"nothing", "is no AEDAT file"),
        (b"#!AER-DAT5.0\r\n", "must have version 2, 3 or 4; got 5"),
        (whole[:-3], "truncated in a packet"),
        (whole[:60], "truncated in a packet header"),
        (b"#!AER-DAT2.0\r\n123", "it is truncated"),
    ]:
        path.write_bytes(content)
        with pytest.raises(RecordingError, match=message):
            read_aedat(path)


def test_events_outside_the_camera_are_refused(tmp_path):
    for split in ("Train", "Test"):
        (tmp_path / split / "0").mkdir(parents=True)
        content = nmnist_bytes([1], [34], [0], [1])
        (tmp_path / split / "0" / "1.bin").write_bytes(content)
    dataset = load_dataset("nmnist", tmp_path)
    with pytest.raises(RecordingError, match="34 x 34 pixels; got column 34, row 0"):
        dataset.train.batch(torch.tensor([0]))


def test_a_single_array_is_no_npz(tmp_path):
    with (tmp_path / "mnist.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(RecordingError, match="must be an npz; it is a single array"):
        load_dataset("mnist", tmp_path / "mnist.npz")


@pytest.mark.parametrize("kind", ["npz", "gz"])
def test_a_damaged_stream_is_refused_in_one_line(kind, images, tmp_path):
    x, y = images
    if kind == "npz":
        path = tmp_path / "mnist.npz"
        np.savez_compressed(path, x_train=x, y_train=y, x_test=x, y_test=y)
        start = 200
    else:
        write_mnist(tmp_path, x, y, ".gz")
        path, start = tmp_path / "train-images-idx3-ubyte.gz", 12
    content = bytearray(path.read_bytes())
    content[start : start + 300] = b"\xff" * 300
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"cannot be (read|unpacked)") as caught:
        load_dataset("mnist", path if kind == "npz" else tmp_path)
    assert isinstance(caught.value.__cause__, (zlib.error, OSError, ValueError))


def write_pngs(folder, x):
    for split in ("train", "test"):
        for label in range(2):
            (folder / split / str(label)).mkdir(parents=True)
            Image.fromarray(x[label]).save(folder / split / str(label) / "a.png")


def test_files_that_file_managers_leave_are_passed_over(images, tmp_path):
    write_pngs(tmp_path, images[0])
    for folder in ("train", "train/0", "test", "test/1"):
        (tmp_path / folder / ".DS_Store").write_bytes(b"x")
    (tmp_path / "train" / ".hidden").mkdir()
    assert load_dataset("mnist", tmp_path).train_labels.tolist() == [0, 1]


def test_an_image_that_would_fill_the_memory_is_refused(images, tmp_path, monkeypatch):
    write_pngs(tmp_path, images[0])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(RecordingError, match=r"a\.png: cannot be read as an image"):
        load_dataset("mnist", tmp_path)


def test_nmnist_folders_must_be_named_by_digits(tmp_path):
    for split in ("Train", "Test"):
        (tmp_path / split / "seven").mkdir(parents=True)
        (tmp_path / split / "seven" / "1.bin").write_bytes(bytes(5))
    with pytest.raises(RecordingError, match="folder named by its digit; got 'seven'"):
        load_dataset("nmnist", tmp_path)


def test_hdf5_events_must_have_all_their_values(tmp_path):
    for name in ("airplane", "truck"):
        (tmp_path / name).mkdir()
        for number in range(2):
            with h5py.File(tmp_path / name / f"{number}.h5", "w") as file:
                for key, n in [("t", 5), ("x", 5), ("y", 4), ("p", 5)]:
                    file[key] = np.zeros(n, int)
    dataset = load_dataset("cifar10-dvs", tmp_path)
    with pytest.raises(RecordingError, match="must have one value per event; got shap"):
        dataset.train.batch(torch.tensor([0]))
