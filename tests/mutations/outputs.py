"""Families of what the program itself writes: folders, caches, models; event files."""

import contextlib
import io

import numpy as np

from neuroclass import cli, measure_information
from neuroclass.io import write_recording
from neuroclass.snn import load_checkpoint
from tests.mutations.edits import edit_array, edit_bytes, edit_json, edit_text
from tests.mutations.recordings import Family, small_retina

__all__ = ["OUTPUTS"]

_QUIET = ("--bin-size", "20ms", "-q")


def run(*words):
    status = cli.main([str(word) for word in words])
    if status:
        raise RuntimeError(f"{words} must work on the file as made; got {status}.")


class ResultFolder(Family):
    """A folder of `cluster`, edited by someone else, whose page is rendered again."""

    name, command, folder = "result folder", "cluster", "classes"

    def make(self, folder):
        path = folder / "recording.nwb"
        write_recording(small_retina(), path)
        run(self.command, path, *_QUIET, "-o", folder / self.folder)
        path.unlink()

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        inner = folder / self.folder
        kind = str(rng.choice(["json", "json", "json", "table", "bytes", "link"]))
        path = inner / "result.json"
        if kind == "json":
            text, done = edit_json(path.read_text(encoding="utf-8"), rng)
            path.write_text(text, encoding="utf-8")
            return f"result.json: {done}"
        files = sorted(p for p in inner.rglob("*") if p.is_file())
        path = files[int(rng.integers(len(files)))]
        if kind == "table":
            path = next(p for p in files if p.suffix == ".csv")
            content, done = edit_text(path.read_text(encoding="utf-8"), rng)
            path.write_bytes(content)
        elif kind == "bytes":
            content, done = edit_bytes(path.read_bytes(), rng)
            path.write_bytes(content)
        else:
            secret = folder / "secret.txt"
            secret.write_text("not for the page", encoding="utf-8")
            path.unlink()
            path.symlink_to(secret)
            done = "link out of the folder"
        return f"{path.name}: {done}"

    def commands(self, folder):
        return [["report", self.folder]]

    def loaded(self, folder):
        page = (folder / self.folder / "report.html").read_text(encoding="utf-8")
        return [word for word in ("not for the page", "<script") if word in page]

    def twin(self, folder):
        return []

    def is_output(self, path):
        return path.name == "report.html"


class PairFolder(ResultFolder):
    name, command, folder = "pair folder", "discriminate", "pairs"


class Cache(Family):
    """Counts of a cache: a damaged file is counted again, never believed."""

    name = "cache"

    def make(self, folder):
        path = folder / "recording.nwb"
        write_recording(small_retina(), path)
        run(*self._command(folder))
        self._base = [p for p in (folder / "cache").rglob("*") if p.is_file()]

    @staticmethod
    def _command(folder):
        path, cache = folder / "recording.nwb", folder / "cache"
        return ["information", path, "--cache", cache, "--json", *_QUIET]

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        # The place of a recording is a part of what its counts depend on.
        with contextlib.redirect_stdout(io.StringIO()):
            run(*self._command(folder))
        old = {p.name for p in self._base}
        files = sorted(p for p in (folder / "cache").rglob("*") if p.is_file())
        files = [path for path in files if path.name not in old]
        path = files[int(rng.integers(len(files)))]
        if path.suffix == ".npz" and rng.random() < 0.4:
            with np.load(path) as archive:
                arrays = dict(archive)
            name = str(rng.choice(list(arrays)))
            arrays[name], done = edit_array(arrays[name], rng)
            np.savez(path, **arrays)
            return f"{name}: {done}"
        content, done = edit_bytes(path.read_bytes(), rng)
        path.write_bytes(content)
        return done

    def commands(self, folder):
        return [["information", "recording.nwb", "--cache", "cache", "--json", *_QUIET]]

    def is_output(self, path):
        return path.parts[0] == "cache"

    def loaded(self, folder):
        from_cache = folder / "cache"
        found = self._information(folder, from_cache)
        return found, sorted(p.name for p in from_cache.rglob(".*"))

    def twin(self, folder):
        return self._information(folder, None), []

    @staticmethod
    def _information(folder, cache):
        measured = measure_information(
            folder / "recording.nwb", bin_size="20ms", cache=cache, progress=False
        )
        return float(measured.information.bits_per_word)


class Checkpoint(Family):
    """A model file: one flipped bit must not become a weight."""

    name = "checkpoint"

    def make(self, folder):
        options = ["--epochs", "1", "--hidden", "4", "--steps", "3", "-q"]
        run("train", "digits", *options, "-o", folder / "model")
        self.make_twin(folder)

    def mutate(self, folder, seed):
        rng = np.random.default_rng(seed)
        path = folder / "model" / "model"
        content, done = edit_bytes(path.read_bytes(), rng)
        path.write_bytes(content)
        return done

    def commands(self, folder):
        return [
            [
                "record",
                "model",
                "-o",
                "spikes.nwb",
                "--images",
                "10",
                "--repeats",
                "2",
                "-q",
            ]
        ]

    def is_output(self, path):
        return path.name == "spikes.nwb"

    def loaded(self, folder):
        state = load_checkpoint(folder / "model").state
        return {name: values.numpy().tobytes() for name, values in state.items()}

    def twin(self, folder):
        return self._state

    def make_twin(self, folder):
        """Keep the weights as they were trained, to be compared with."""
        self._state = self.loaded(folder)


OUTPUTS = (ResultFolder(), PairFolder(), Cache(), Checkpoint())
