"""Families of recordings: how a small one is made, mutated, and read plainly.

The plain reader of each family (`twin`) does what the format says and no more; where
what the program loads differs from it without a word, the mutant is silently wrong.
"""

import csv
import re
from types import MappingProxyType

import h5py
import numpy as np
import scipy.io

from neuroclass import load_recording
from neuroclass.io import write_recording
from neuroclass.simulation import simulate_retina
from tests.mutations.edits import edit_array, edit_bytes, edit_text
from tests.mutations.hdf5_edits import edit_dataset

__all__ = ["RECORDINGS", "Family"]


def small_retina():
    return simulate_retina(
        *(2, 4, 12, 1.5),
        n_unique=0,
        diversity=0.0,
        random_state=1,
        rate_spread=0,
        sparse_share=0,
    )


def digest_of(recording):
    """Return ids and times of units, and starts and stops of each table."""
    segment = recording.segments[0]
    trains = {
        str(train.annotations["unit_id"]): np.sort(train.magnitude).tolist()
        for train in segment.spiketrains
    }
    tables = {
        epoch.name: [epoch.times.magnitude.tolist(), epoch.durations.size]
        for epoch in segment.epochs
    }
    return trains, tables


class Family:
    """A format: its base file, its mutations, the commands that read it."""

    name = ""
    file = ""

    def make(self, folder):
        raise NotImplementedError

    def edit(self, folder, rng):
        """Make one edit that knows the format; return what it is."""
        raise NotImplementedError

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        if self.file and rng.random() < 0.3:
            path = folder / self.file
            content, done = edit_bytes(path.read_bytes(), rng)
            path.write_bytes(content)
            return done
        return self.edit(folder, rng)

    def commands(self, folder):
        common = ["information", self.file, "--bin-size", "20ms", "-q"]
        return [["inspect", self.file], [*common, *self.options]]

    options = ()
    load_options = MappingProxyType({})

    def loaded(self, folder):
        return digest_of(load_recording(folder / self.file, **self.load_options))

    def twin(self, folder):
        raise NotImplementedError

    def is_output(self, path):
        return False


def trains_of(recording):
    return [train.magnitude for train in recording.segments[0].spiketrains]


def flat_arrays(recording):
    trains = trains_of(recording)
    return {
        "spike_times": np.concatenate(trains),
        "spike_times_index": np.cumsum([train.size for train in trains]),
        "unit_ids": np.arange(len(trains)),
        "triggers": recording.segments[0].epochs[0].times.magnitude,
    }


def cut(arrays):
    """Return spike times by unit where the arrays are what the format says."""
    times, stops, ids = (
        np.asarray(arrays[name])
        for name in ("spike_times", "spike_times_index", "unit_ids")
    )
    if any(one.dtype.kind not in "iuf" for one in (times, stops)):
        return None
    times, stops, ids = (np.ravel(one) for one in (times, stops, ids))
    if ids.dtype.kind == "O":  # as h5py gives text
        texts = [one.decode() if isinstance(one, bytes) else one for one in ids]
        ids = np.array(texts, dtype=object)
    if ids.dtype.kind == "S":
        ids = ids.astype(str)
    if ids.dtype.kind in "fc" and (ids == np.floor(ids)).all():
        ids = ids.astype(np.int64)
    stops = stops.astype(np.int64)
    parts = np.split(times.astype(float), stops[:-1])
    return {
        str(one): np.sort(part).tolist() for one, part in zip(ids, parts, strict=True)
    }


class Nwb(Family):
    name, file = "NWB", "recording.nwb"
    _PLACES = (
        *("units/spike_times", "units/spike_times_index", "units/id"),
        *("intervals/trials/start_time", "intervals/trials/stop_time"),
        *("intervals/trials/stimulus", "intervals/trials/id", "units/gain"),
        *("units/obs_intervals", "units/obs_intervals_index"),
    )

    def make(self, folder):
        recording = small_retina()
        for train in recording.segments[0].spiketrains:
            train.annotations["obs_intervals"] = np.array([[0.0, 30.0]])
        write_recording(recording, folder / self.file)

    def edit(self, folder, rng):
        place = str(rng.choice(self._PLACES))
        with h5py.File(folder / self.file, "r+") as file:
            return edit_dataset(file, place, rng)

    def twin(self, folder):
        with h5py.File(folder / self.file, "r") as file:
            units, trials = file["units"], file["intervals/trials"]
            arrays = {
                "spike_times": units["spike_times"][()],
                "spike_times_index": units["spike_times_index"][()],
                "unit_ids": units["id"][()],
            }
            starts = np.asarray(trials["start_time"][()], float)
            return cut(arrays), {"trials": [starts.tolist(), starts.size]}


class Npz(Family):
    name, file = "npz", "recording.npz"
    load_options = MappingProxyType({"trial_duration": 1.5})
    options = ("--trial-duration", "1.5s", "--min-repeats", "10")

    def make(self, folder):
        np.savez(folder / self.file, **flat_arrays(small_retina()))

    def edit(self, folder, rng):
        path = folder / self.file
        with np.load(path) as archive:
            arrays = dict(archive)
        name = str(rng.choice(list(arrays)))
        if rng.random() < 0.15:
            del arrays[name]
            done = f"{name}: gone"
        else:
            arrays[name], done = edit_array(arrays[name], rng)
        np.savez(path, **arrays)
        return f"{name}: {done}"

    def twin(self, folder):
        with np.load(folder / self.file) as archive:
            arrays = dict(archive)
        # Both may be absent: then units are numbered, and there is no table.
        arrays.setdefault("unit_ids", np.arange(arrays["spike_times_index"].size))
        if "triggers" not in arrays:
            return cut(arrays), {}
        starts = np.ravel(arrays["triggers"]).astype(float)
        return cut(arrays), {"triggers": [starts.tolist(), starts.size]}


class Mat5(Npz):
    name, file = "mat 5", "recording.mat"

    def make(self, folder):
        scipy.io.savemat(folder / self.file, flat_arrays(small_retina()))

    def edit(self, folder, rng):
        arrays = flat_arrays(small_retina())
        name = str(rng.choice(list(arrays)))
        values, done = edit_array(arrays[name], rng)
        if values.dtype.kind in "MS" or values.dtype == np.float16:
            values = values.astype(str)
        arrays[name] = values
        if rng.random() < 0.2:
            cells = np.empty(3, dtype=object)
            cells[:] = [values, "abc", {"a": values}]
            arrays[name], done = cells, f"cells of {done}"
        scipy.io.savemat(folder / self.file, arrays)
        return f"{name}: {done}"

    def twin(self, folder):
        arrays = scipy.io.loadmat(folder / self.file)
        starts = np.ravel(arrays["triggers"]).astype(float)
        return cut(arrays), {"triggers": [starts.tolist(), starts.size]}


class Mat73(Npz):
    name, file = "mat 7.3", "recording.mat"

    def make(self, folder):
        self._write(folder / self.file, flat_arrays(small_retina()))

    @staticmethod
    def _write(path, arrays):
        with h5py.File(path, "w", userblock_size=512) as file:
            for name, values in arrays.items():
                values = np.asarray(values)
                if values.dtype.kind == "U":
                    values = values.astype(h5py.string_dtype())
                if values.dtype.kind == "M":
                    values = values.astype(np.int64)
                file[name] = np.atleast_2d(values).T if values.ndim == 1 else values
        content = bytearray(path.read_bytes())
        content[:128] = b"MATLAB 7.3 MAT-file, made for a test".ljust(128)
        path.write_bytes(content)

    def edit(self, folder, rng):
        arrays = flat_arrays(small_retina())
        name = str(rng.choice(list(arrays)))
        arrays[name], done = edit_array(arrays[name], rng)
        path = folder / self.file
        self._write(path, arrays)
        if rng.random() < 0.2:
            done = self._edit_structure(path, name, rng)
        return f"{name}: {done}"

    @staticmethod
    def _edit_structure(path, name, rng):
        kind = str(
            rng.choice(["null cells", "circle", "declared", "doubling", "bytes"])
        )
        with h5py.File(path, "r+") as file:
            cells = "#refs#/a"
            if kind == "bytes":
                file.id.links.create_soft(b"\xff\xfe", b"/x")
                return kind
            if kind == "declared":
                file.create_dataset("x", (10**13, 1), "f8", chunks=(1024, 1))
                return kind
            file.create_dataset(cells, (1, 3), h5py.ref_dtype)
            if kind == "circle":
                file[cells][...] = file[cells].ref
            if kind == "doubling":
                file["#refs#/level0"] = np.arange(5.0)
                for level in range(40):
                    held = np.array([[file[f"#refs#/level{level}"].ref] * 2])
                    file[f"#refs#/level{level + 1}"] = held.astype(h5py.ref_dtype)
                cells = "#refs#/level40"
            del file[name]
            file[name] = file[cells]
            file[name].attrs["MATLAB_class"] = np.bytes_(b"cell")
        return kind

    def twin(self, folder):
        with h5py.File(folder / self.file, "r") as file:
            arrays = {name: file[name][()].T for name in file if name != "#refs#"}
        starts = np.ravel(arrays["triggers"]).astype(float)
        return cut(arrays), {"triggers": [starts.tolist(), starts.size]}


class Csv(Family):
    name, file = "csv", "recording.csv"
    options = ("--triggers", "triggers.csv", "--trial-duration", "1.5s")

    def make(self, folder):
        recording = small_retina()
        rows = [
            f"{unit},{time:.6f}"
            for unit, train in enumerate(trains_of(recording))
            for time in train
        ]
        text = "\n".join(["unit,time", *rows, ""])
        (folder / self.file).write_text(text, encoding="utf-8")
        onsets = recording.segments[0].epochs[0].times.magnitude
        text = "\n".join(["time", *(f"{onset:.6f}" for onset in onsets), ""])
        (folder / "triggers.csv").write_text(text, encoding="utf-8")

    def edit(self, folder, rng):
        path = folder / self.file
        content, done = edit_text(path.read_text(encoding="utf-8"), rng)
        path.write_bytes(content)
        return done

    def twin(self, folder):
        text = (folder / self.file).read_text(encoding="utf-8-sig")
        lines = [line for line in text.splitlines() if line and line[0] != "#"]
        if lines[0].replace(",", "").replace(".", "").isdecimal():
            lines.insert(0, "unit,time")  # a table without names
        rows = list(csv.DictReader(lines))
        trains = {}
        for row in rows:
            row = {key.strip().lower(): value for key, value in row.items()}
            trains.setdefault(_plain_id(row["unit"]), []).append(float(row["time"]))
        return {unit: sorted(times) for unit, times in trains.items()}, {}


def _plain_id(cell):
    try:
        number = float(cell)
    except ValueError:
        return cell.strip()
    return str(int(number)) if np.isfinite(number) and number == int(number) else cell


class Triggers(Family):
    name, file = "triggers", "triggers.csv"

    def make(self, folder):
        Csv().make(folder)
        onsets = np.loadtxt(folder / "triggers.csv", skiprows=1)
        rows = [f"{onset:.6f},1.5,movie" for onset in onsets]
        text = "\n".join(["time,duration,stimulus", *rows, ""])
        (folder / self.file).write_text(text, encoding="utf-8")

    edit = Csv.edit

    def commands(self, folder):
        common = ["recording.csv", "--triggers", self.file]
        return [
            ["inspect", *common],
            ["information", *common, "--bin-size", "20ms", "-q"],
        ]

    def loaded(self, folder):
        path = folder / self.file
        return digest_of(load_recording(folder / "recording.csv", triggers=path))[1]

    def twin(self, folder):
        text = (folder / self.file).read_text(encoding="utf-8-sig")
        rows = csv.DictReader(
            line for line in text.splitlines() if line and line[0] != "#"
        )
        starts = [
            float({key.lower(): value for key, value in row.items()}["time"])
            for row in rows
        ]
        return {"triggers": [sorted(starts), len(starts)]}  # rows of any order


class Phy(Family):
    name = "phy"
    options = ("--triggers", "../triggers.npy", "--trial-duration", "1.5s")

    def make(self, folder):
        recording = small_retina()
        trains = trains_of(recording)
        times = np.concatenate(trains)
        clusters = np.repeat(np.arange(len(trains)), [train.size for train in trains])
        order = np.argsort(times, kind="stable")
        inner = folder / "phy"
        inner.mkdir()
        samples = np.round(times[order] * 20000).astype(np.int64)
        np.save(inner / "spike_times.npy", samples)
        np.save(inner / "spike_clusters.npy", clusters[order].astype(np.int32))
        (inner / "params.py").write_text("sample_rate = 20000.0\n", encoding="utf-8")
        rows = [f"{k}\tgood" for k in range(len(trains))]
        text = "\n".join(["cluster_id\tgroup", *rows, ""])
        (inner / "cluster_group.tsv").write_text(text, encoding="utf-8")

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        path = (
            folder
            / "phy"
            / str(
                rng.choice(
                    [
                        *("spike_times.npy", "spike_clusters.npy") * 2,
                        *("params.py", "cluster_group.tsv"),
                    ]
                )
            )
        )
        if rng.random() < 0.1:
            path.unlink()
            return f"{path.name}: gone"
        if path.suffix == ".npy" and rng.random() < 0.7:
            values, done = edit_array(np.load(path), rng)
            np.save(path, values)
        else:
            content, done = edit_bytes(path.read_bytes(), rng)
            path.write_bytes(content)
        return f"{path.name}: {done}"

    def commands(self, folder):
        return [
            ["inspect", "phy"],
            ["information", "phy", "--condition", "none", "--bin-size", "20ms", "-q"],
        ]

    def loaded(self, folder):
        return digest_of(load_recording(folder / "phy"))[0]

    def twin(self, folder):
        times, clusters = (
            np.ravel(np.load(folder / "phy" / f"spike_{name}.npy"))
            for name in ("times", "clusters")
        )
        text = (folder / "phy" / "params.py").read_text(encoding="utf-8")
        (found,) = re.findall(r"^\s*sample_rate\s*=\s*([^#\n]+)", text, re.MULTILINE)[
            :1
        ]
        rate = float(found)
        return {
            str(int(one)): np.sort(times[clusters == one].astype(float) / rate).tolist()
            for one in np.unique(clusters)
        }


class Nest(Csv):
    name, file = "NEST", "spikes.dat"
    options = ("--condition", "none")

    def make(self, folder):
        rows = [
            f"{unit}\t{1000 * time:.4f}"
            for unit, train in enumerate(trains_of(small_retina()))
            for time in train
        ]
        text = "\n".join(["# NEST version: 3", "sender\ttime_ms", *rows, ""])
        (folder / self.file).write_text(text, encoding="utf-8")

    def edit(self, folder, rng):
        path = folder / self.file
        text = path.read_text(encoding="utf-8").replace("\t", ",")
        content, done = edit_text(text, rng)
        path.write_bytes(content.replace(b",", b"\t"))
        return done

    def twin(self, folder):
        text = (folder / self.file).read_text(encoding="utf-8-sig")
        lines = [line.split() for line in text.splitlines()]
        trains = {}
        for row in lines:
            if not row or row[0].startswith("#") or row[0].lower() == "sender":
                continue
            trains.setdefault(_plain_id(row[0]), []).append(float(row[1]) / 1000)
        return {
            unit: np.round(sorted(times), 7).tolist() for unit, times in trains.items()
        }, {}

    def loaded(self, folder):
        trains, tables = digest_of(load_recording(folder / self.file))
        return {
            unit: np.round(times, 7).tolist() for unit, times in trains.items()
        }, tables


RECORDINGS = (Nwb(), Npz(), Csv(), Mat5(), Mat73(), Triggers(), Phy(), Nest())
