"""Families of sorters, simulators and recording systems, beside those of tables.

What the program reads through neo is compared with what neo itself reads: the parsers
of foreign libraries are not what is tried here, but all that lies between them and the
user. The other twins read the format plainly.
"""

import importlib.util
import json
import warnings

import h5py
import neo
import numpy as np
import pandas as pd

from neuroclass import load_recording
from neuroclass.io.files.raw_formats import RAW_FORMATS
from tests.io.test_raw_formats import (
    axona_files,
    blackrock_file,
    neuralynx_folder,
    neuroexplorer_file,
    openephys_folder,
    plexon_file,
    tdt_block,
)
from tests.mutations.edits import edit_array, edit_bytes, edit_json, edit_text
from tests.mutations.hdf5_edits import edit_dataset
from tests.mutations.recordings import Csv, Family, digest_of, small_retina, trains_of

__all__ = ["FORMATS"]

_RATE = 20_000


class WithoutTable(Family):
    """A format without a table of presentations."""

    options = ("--condition", "none")

    def loaded(self, folder):
        return digest_of(load_recording(folder / self.file))[0]


class Circus(WithoutTable):
    name, file = "SpyKING CIRCUS", "a.result.hdf5"

    def make(self, folder):
        with h5py.File(folder / self.file, "w") as file:
            for k, train in enumerate(trains_of(small_retina())):
                samples = np.round(train * _RATE).astype(np.int64)
                file[f"spiketimes/temp_{k}"] = samples
        text = f"[data]\nsampling_rate = {_RATE}\n"
        (folder / "a.params").write_text(text, encoding="utf-8")

    def edit(self, folder, rng):
        if rng.random() < 0.2:
            path = folder / "a.params"
            content, done = edit_bytes(path.read_bytes(), rng)
            path.write_bytes(content)
            return f"a.params: {done}"
        with h5py.File(folder / self.file, "r+") as file:
            return edit_dataset(file, f"spiketimes/temp_{rng.integers(4)}", rng)

    def twin(self, folder):
        # A byte that is no text elsewhere in the file changes no rate.
        text = (folder / "a.params").read_text(encoding="utf-8", errors="replace")
        rates = [
            float(line.split("=", 1)[1])
            for line in text.splitlines()
            if line.split("=")[0].strip() == "sampling_rate"
        ]
        with h5py.File(folder / self.file, "r") as file:
            return {
                name: np.sort(np.ravel(_whole(values[()])) / rates[0]).tolist()
                for name, values in file["spiketimes"].items()
            }


def _whole(values):
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or (values != np.floor(values)).any():
        raise ValueError("must be whole numbers")
    return values


class Sonata(WithoutTable):
    name, file = "SONATA", "spikes.h5"

    def make(self, folder):
        trains = trains_of(small_retina())
        with h5py.File(folder / self.file, "w") as file:
            group = file.create_group("spikes/v1")
            group["timestamps"] = 1000 * np.concatenate(trains)
            group["timestamps"].attrs["units"] = "ms"
            sizes = [train.size for train in trains]
            group["node_ids"] = np.repeat(np.arange(len(trains)), sizes)

    def edit(self, folder, rng):
        place = str(rng.choice(["spikes/v1/timestamps", "spikes/v1/node_ids"]))
        with h5py.File(folder / self.file, "r+") as file:
            return edit_dataset(file, place, rng)

    def loaded(self, folder):
        return _rounded(super().loaded(folder))

    def twin(self, folder):
        with h5py.File(folder / self.file, "r") as file:
            (population,) = file["spikes"].values()
            times = np.ravel(population["timestamps"][()])
            nodes = np.ravel(_whole(population["node_ids"][()]))
            unit = population["timestamps"].attrs.get("units", "ms")
        if times.dtype.kind not in "iuf" or times.shape != nodes.shape:
            raise ValueError("must be one number for each spike")
        seconds = times / {"ms": 1000, "s": 1}[unit]
        return _rounded(
            {
                str(int(node)): np.sort(seconds[nodes == node]).tolist()
                for node in np.unique(nodes)
            }
        )


def _rounded(trains):
    return {unit: np.round(times, 7).tolist() for unit, times in trains.items()}


class TextPerCell(WithoutTable):
    name, file = "text per cell", "cells"

    def make(self, folder):
        (folder / self.file).mkdir()
        for k, train in enumerate(trains_of(small_retina())):
            text = "\n".join([*(f"{time:.6f}" for time in train), ""])
            path = folder / self.file / f"12_SP_C{k}.txt"
            path.write_text(text, encoding="utf-8")

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        path = folder / self.file / f"12_SP_C{rng.integers(4)}.txt"
        if rng.random() < 0.4:
            content, done = edit_bytes(path.read_bytes(), rng)
        else:
            content, done = edit_text(path.read_text(encoding="utf-8"), rng)
        path.write_bytes(content)
        return f"{path.name}: {done}"

    def twin(self, folder):
        trains = {}
        for path in sorted((folder / self.file).glob("*.txt")):
            text = path.read_text(encoding="utf-8-sig")
            lines = [line.partition("#")[0] for line in text.splitlines()]
            trains[path.stem.rpartition("_")[2]] = sorted(
                float(line) for line in lines if line.strip()
            )
        return trains


class Parquet(WithoutTable):
    name, file = "parquet", "recording.parquet"

    def make(self, folder):
        trains = trains_of(small_retina())
        sizes = [train.size for train in trains]
        table = {
            "unit": np.repeat(np.arange(len(trains)), sizes),
            "time": np.concatenate(trains),
        }
        pd.DataFrame(table).to_parquet(folder / self.file)

    def edit(self, folder, rng):
        table = pd.read_parquet(folder / self.file)
        name = str(rng.choice(list(table)))
        values, done = edit_array(table[name].to_numpy(), rng)
        if values.shape != (len(table),) or values.dtype.kind in "cV":
            table = table.iloc[: len(table) // 2].rename(columns={name: "other"})
            done = "half of the rows, another name"
        elif values.dtype.byteorder != ">" and values.dtype != np.float16:
            table[name] = values
        table.to_parquet(folder / self.file)
        return f"{name}: {done}"

    def twin(self, folder):
        table = pd.read_parquet(folder / self.file)
        trains = {}
        for unit, time in zip(table["unit"], table["time"], strict=True):
            unit = unit.decode() if isinstance(unit, bytes) else unit
            is_whole = not isinstance(unit, str) and unit == np.floor(unit)
            name = str(int(unit)) if is_whole else str(unit)
            trains.setdefault(name, []).append(float(time))
        return {unit: sorted(times) for unit, times in trains.items()}


class OpenEphysEvents(Csv):
    """The TTL of Open Ephys' binary format, as triggers of a table."""

    name = "Open Ephys TTL"
    folder = "events/Board-1.Data/TTL"
    options = ("--triggers", folder, "--trial-duration", "1.5s")
    _FIRST = 1_000

    def make(self, folder):
        super().make(folder)
        onsets = np.loadtxt(folder / "triggers.csv", skiprows=1)
        saved = folder / "continuous" / "Board-1.Data"
        saved.mkdir(parents=True)
        np.save(saved / "sample_numbers.npy", self._FIRST + np.arange(10))
        ttl = folder / self.folder
        ttl.mkdir(parents=True)
        edges = np.stack([onsets, onsets + 0.01], axis=1).ravel()
        samples = self._FIRST + np.round(edges * _RATE).astype(np.int64)
        np.save(ttl / "sample_numbers.npy", samples)
        np.save(ttl / "states.npy", np.tile([1, -1], len(onsets)).astype(np.int16))
        stream = {"folder_name": "Board-1.Data/", "sample_rate": float(_RATE)}
        event = {"folder_name": "Board-1.Data/TTL/", "sample_rate": float(_RATE)}
        text = json.dumps({"continuous": [stream], "events": [event]})
        (folder / "structure.oebin").write_text(text, encoding="utf-8")

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        paths = [
            *[folder / self.folder / name for name in ("sample_numbers.npy",) * 2],
            folder / self.folder / "states.npy",
            folder / "continuous" / "Board-1.Data" / "sample_numbers.npy",
            folder / "structure.oebin",
        ]
        path = paths[int(rng.integers(len(paths)))]
        kind = rng.random()
        if kind < 0.1:
            path.unlink()
            return f"{path.name}: gone"
        if kind < 0.4:
            content, done = edit_bytes(path.read_bytes(), rng)
            path.write_bytes(content)
        elif path.suffix == ".npy":
            values, done = edit_array(np.load(path), rng)
            np.save(path, values)
        else:
            text, done = edit_json(path.read_text(encoding="utf-8"), rng)
            path.write_text(text, encoding="utf-8")
        return f"{path.name}: {done}"

    def commands(self, folder):
        common = ["recording.csv", *self.options]
        return [
            ["inspect", *common],
            ["information", *common, "--bin-size", "20ms", "-q"],
        ]

    def loaded(self, folder):
        recording = load_recording(
            folder / "recording.csv",
            triggers=folder / self.folder,
            trial_duration=1.5,
        )
        (epoch,) = recording.segments[0].epochs
        return np.round(epoch.times.magnitude, 6).tolist()

    def twin(self, folder):
        ttl = folder / self.folder
        samples = _whole(np.load(ttl / "sample_numbers.npy"))
        states = _whole(np.load(ttl / "states.npy"))
        numbers = folder / "continuous" / "Board-1.Data" / "sample_numbers.npy"
        first = _whole(np.load(numbers))[0]
        text = (folder / "structure.oebin").read_text(encoding="utf-8")
        content = json.loads(text)
        rate = next(
            float(entry["sample_rate"])
            for kind in ("events", "continuous")
            for entry in content.get(kind, [])
            if isinstance(entry, dict) and "sample_rate" in entry
            if str(entry.get("folder_name")).split("/")[0] == "Board-1.Data"
        )
        if samples.shape != states.shape:
            raise ValueError("must be one sample for each state")
        return np.round(np.sort(samples[states > 0] - first) / rate, 6).tolist()


class Raw(WithoutTable):
    """A recording system, read through ``neo.rawio``."""

    def __init__(self, name, file, write, *, left_out=(0,)):
        self.name, self.file = name, file
        self._write, self._left_out = write, left_out

    def make(self, folder):
        trains = trains_of(small_retina())
        units = {(1 + k // 2, 1 + k % 2): train for k, train in enumerate(trains)}
        units[1, 0] = np.array([0.2, 1.1, 3.9])  # what the sorter left
        self._write(folder, units)

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        path = files[int(rng.integers(len(files)))]
        content = path.read_bytes()
        if rng.random() < 0.5 and len(content) > 2048:
            # Headers are where a number means more than a time.
            head, done = edit_bytes(content[:1024], rng)
            content = head + content[1024:]
        else:
            content, done = edit_bytes(content, rng)
        path.write_bytes(content)
        return f"{path.name}: {done}"

    def loaded(self, folder):
        trains = super().loaded(folder)
        return sorted(trains.values())

    def twin(self, folder):
        reader_class = RAW_FORMATS[self.name]
        path = folder / self.file
        if self.name == "tdt":
            path = next(iter(path.glob("*.tsq")))
        options = {"progress_bar": False} if self.name == "plexon" else {}
        bounds = {"t_start": 0.0, "t_stop": 1e9}
        if self.name not in ("plexon", "openephys"):
            bounds = {}
        reader = reader_class(str(path), **options)
        reader.parse_header()
        if reader.segment_count(0) != 1:
            raise ValueError("must have one clock")
        trains = []
        for k, channel in enumerate(reader.header["spike_channels"]):
            text = f"{channel['name']} {channel['id']} "
            if any(f"#{number} " in text for number in self._left_out):
                continue
            stamps = reader.get_spike_timestamps(0, 0, k, **bounds)
            times = reader.rescale_spike_timestamp(stamps, dtype="float64")
            trains.append(np.sort(np.asarray(times, float)).tolist())
        return sorted(trains)


def _neuroexplorer(folder, units):
    trains = {f"sig00{c}{'iab'[u]}": times for (c, u), times in units.items() if u}
    neuroexplorer_file(folder / "a.nex", trains)


def _axona(folder, units):
    axona_files(folder, [times for (_, unit), times in units.items() if unit])


class Nix(WithoutTable):
    name, file = "nix", "a.nix"

    def make(self, folder):
        recording = small_retina()
        block = neo.Block(name="block")
        block.segments.append(neo.Segment())
        for k, train in enumerate(trains_of(recording)):
            one = neo.SpikeTrain(train, units="s", t_stop=100.0, unit_id=k)
            block.segments[0].spiketrains.append(one)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with neo.NixIO(str(folder / self.file), mode="ow") as file:
                file.write_all_blocks([block])

    def edit(self, folder, rng):
        with h5py.File(folder / self.file, "r+") as file:
            places = []
            file.visititems(
                lambda name, item: (
                    places.append(name) if isinstance(item, h5py.Dataset) else None
                )
            )
            return edit_dataset(file, places[int(rng.integers(len(places)))], rng)

    def loaded(self, folder):
        return sorted(super().loaded(folder).values())

    def twin(self, folder):
        with neo.NixIO(str(folder / self.file), mode="ro") as file:
            (segment,) = file.read_all_blocks()[0].segments
        return sorted(
            np.sort(train.rescale("s").magnitude).tolist()
            for train in segment.spiketrains
        )


def _is_there(package):
    return importlib.util.find_spec(package) is not None


FORMATS = (
    *(Circus(), Sonata(), TextPerCell(), OpenEphysEvents()),
    Raw("plexon", "a.plx", lambda f, u: plexon_file(f / "a.plx", u)),
    Raw(
        *("blackrock", "a.nev", lambda f, u: blackrock_file(f / "a.nev", u)),
        left_out=(0, 255),
    ),
    Raw("neuroexplorer", "a.nex", _neuroexplorer),
    Raw("neuralynx", "session", lambda f, u: neuralynx_folder(f / "session", u)),
    Raw("openephys", "session", lambda f, u: openephys_folder(f / "session", u)),
    Raw("tdt", "Block-1", lambda f, u: tdt_block(f / "Block-1", u), left_out=(0, 31)),
    Raw("axona", "a.set", _axona, left_out=()),
    *([Nix()] if _is_there("nixio") else []),
    *([Parquet()] if _is_there("pyarrow") else []),
)
