"""Families of event-camera files: AEDAT, N-MNIST and HDF5, as a network is given them.

The command evaluates a small network that was trained on files as they were made; the
twins read the events of one file plainly, as its format is documented.
"""

import importlib.util
import struct
from pathlib import Path

import h5py
import numpy as np

from neuroclass.snn.training.event_files import read_aedat, read_event_folder
from tests.mutations.edits import edit_bytes
from tests.mutations.hdf5_edits import edit_dataset
from tests.mutations.outputs import run
from tests.mutations.recordings import Family

__all__ = ["EVENT_FILES"]

_FOUR_EVENTS = Path(__file__).parents[1] / "snn" / "training" / "four_events.aedat4"
_NETWORK = ("--structure", "recurrent-dense", "--hidden", "4", "--steps", "2", "-q")


def drawn_events(seed, sensor=128, n=40):
    """Return times (us), columns, rows and polarities, each of (n,)."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, 300_000, n))
    return times, *rng.integers(0, sensor, (2, n)), rng.integers(0, 2, n)


class EventFile(Family):
    """Files of one format, of which the one that is tested is mutated."""

    dataset, suffix = "cifar10-dvs", ".aedat"
    folders = ("airplane", "truck")

    def write(self, path, events):
        raise NotImplementedError

    def make(self, folder):
        for k, inner in enumerate(self.folders):
            (folder / "events" / inner).mkdir(parents=True)
            for number in range(2):
                path = folder / "events" / inner / f"{number}{self.suffix}"
                self.write(path, drawn_events(2 * k + number))
        data = ("--data", folder / "events", "-o", folder / "model")
        run("train", self.dataset, *data, *_NETWORK, "--epochs", "1")

    def _path(self, folder):
        return folder / "events" / self.folders[-1] / f"1{self.suffix}"

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        path = self._path(folder)
        content = path.read_bytes()
        if rng.random() < 0.5:  # what is before and in the first events
            head, done = edit_bytes(content[:96], rng)
            path.write_bytes(head + content[96:])
        else:
            content, done = edit_bytes(content, rng)
            path.write_bytes(content)
        return done

    def commands(self, folder):
        return [["evaluate", "model", "--data", "events", "--json"]]

    def is_output(self, path):
        return path.parts[0] == "model"

    def loaded(self, folder):
        split = read_event_folder(self.dataset, folder / "events", 2)[1][0]
        return [column.tolist() for column in split.read(self._path(folder))]

    def twin(self, folder):
        columns = self.plain(self._path(folder).read_bytes())
        return [[int(value) for value in column] for column in columns]

    def plain(self, content):
        raise NotImplementedError


class Nmnist(EventFile):
    name, dataset, suffix = "N-MNIST", "nmnist", ".bin"
    folders = ("Train/0", "Train/1", "Test/0", "Test/1")

    def write(self, path, events):
        rows = zip(*events, strict=True)
        content = b"".join(
            bytes([x % 34, y % 34, on << 7 | t >> 16, t >> 8 & 255, t & 255])
            for t, x, y, on in rows
        )
        path.write_bytes(content)

    def plain(self, content):
        if len(content) % 5:
            raise ValueError("must be events of 5 bytes")
        table = [content[k : k + 5] for k in range(0, len(content), 5)]
        return (
            [(row[2] & 127) << 16 | row[3] << 8 | row[4] for row in table],
            [row[0] for row in table],
            [row[1] for row in table],
            [row[2] >> 7 for row in table],
        )


class Aedat2(EventFile):
    name = "AEDAT 2"

    def write(self, path, events):
        body = b"".join(
            struct.pack(">II", y << 8 | (127 - x) << 1 | 1 - on, t)
            for t, x, y, on in zip(*events, strict=True)
        )
        path.write_bytes(b"#!AER-DAT2.0\r\n# made for a test\r\n" + body)

    def plain(self, content):
        if content[:10] != b"#!AER-DAT2":
            raise ValueError("must be AEDAT 2")
        while content[:1] == b"#":
            content = content.partition(b"\n")[2]
        table = list(struct.iter_unpack(">II", content))
        return (
            [time for _, time in table],
            [127 - (address >> 1 & 127) for address, _ in table],
            [address >> 8 & 127 for address, _ in table],
            [1 - (address & 1) for address, _ in table],
        )


class Aedat3(EventFile):
    name = "AEDAT 3"

    def write(self, path, events):
        content = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n"
        rows = list(zip(*events, strict=True))
        for kind, part in [(1, rows[:20]), (2, rows[:1]), (1, rows[20:])]:
            n = len(part)
            content += struct.pack("<hhiiiiii", kind, 1, 8, 4, 0, n, n, n)
            for t, x, y, on in part:
                content += struct.pack("<II", 1 | on << 1 | y << 2 | x << 17, t)
        path.write_bytes(content)

    def plain(self, content):
        if content[:10] != b"#!AER-DAT3":
            raise ValueError("must be AEDAT 3")
        body, line = content, b""
        while body[:1] == b"#" and line != b"#!END-HEADER\r":
            line, _, body = body.partition(b"\n")
        found = []
        while body:
            kind, _, size, offset, over, capacity, n, n_valid = struct.unpack(
                "<hhiiiiii", body[:28]
            )
            part, body = body[28 : 28 + n * size], body[28 + capacity * size :]
            if len(part) != n * size or n > capacity or n < 0:
                raise ValueError("must hold its events")
            if kind != 1:
                continue
            if (size, offset) != (8, 4):
                raise ValueError("must be events of 8 bytes")
            valid = [row for row in struct.iter_unpack("<II", part) if row[0] & 1]
            if len(valid) != n_valid:
                raise ValueError("must hold as many valid events as it says")
            found += [(address, (over << 31) + time) for address, time in valid]
        return (
            [time for _, time in found],
            [address >> 17 & 0x7FFF for address, _ in found],
            [address >> 2 & 0x7FFF for address, _ in found],
            [address >> 1 & 1 for address, _ in found],
        )


class Aedat4(EventFile):
    """Read by the package aedat: what it gives is what is expected."""

    name, suffix = "AEDAT 4", ".aedat4"

    def write(self, path, events):
        path.write_bytes(_FOUR_EVENTS.read_bytes())

    def twin(self, folder):
        return [column.tolist() for column in read_aedat(self._path(folder))]


class Hdf5Events(EventFile):
    name, suffix = "HDF5 events", ".h5"

    def write(self, path, events):
        with h5py.File(path, "w") as file:
            for key, values in zip("txyp", events, strict=True):
                file[f"events/{key}"] = values

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        path = self._path(folder)
        if rng.random() < 0.3:
            content, done = edit_bytes(path.read_bytes(), rng)
            path.write_bytes(content)
            return done
        with h5py.File(path, "r+") as file:
            return edit_dataset(file, f"events/{rng.choice(list('txyp'))}", rng)

    def twin(self, folder):
        with h5py.File(self._path(folder), "r") as file:
            times, *others = (file[f"events/{key}"][()] for key in "txyp")
        for values in others:
            if values.dtype.kind not in "iufb" or (values != np.floor(values)).any():
                raise ValueError("must be whole numbers")
        if times.dtype.kind not in "iuf" or len({v.shape for v in others}) > 1:
            raise ValueError("must be one number for each event")
        # Numbers with a fraction and a short span are seconds.
        if (times != np.floor(times)).any() and np.ptp(times) < 1000:
            times = times.astype(float) * 1e6
        columns, rows, polarities = (values.astype(float) for values in others)
        shown = [np.round(times.astype(float)), columns, rows, polarities > 0]
        return [column.astype(int).tolist() for column in shown]


EVENT_FILES = (
    *(Nmnist(), Aedat2(), Aedat3(), Hdf5Events()),
    *([Aedat4()] if importlib.util.find_spec("aedat") else []),
)
