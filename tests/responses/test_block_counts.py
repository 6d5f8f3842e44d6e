import subprocess
import sys
from pathlib import Path

import neo
import numpy as np
import pytest
import quantities as pq
from numpy.testing import assert_array_equal

from neuroclass import simulate_retina
from neuroclass.io import load_recording, write_recording
from neuroclass.presentations.pooling import pool_recordings
from neuroclass.presentations.selection import select_presentations
from neuroclass.responses.block_counts import blocks_of_units, count_recording
from neuroclass.responses.counts import count_groups, count_words
from neuroclass.responses.words import bin_words


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    retina = simulate_retina(
        3, 12, 12, "2s", n_unique=2, random_state=4, rate_spread=0, sparse_share=0
    )
    for train in retina.segments[0].spiketrains[::5]:
        train.annotations["obs_intervals"] = np.array([[0.0, 20.0], [22.0, 40.0]])
    for train in retina.segments[0].spiketrains:
        train.annotations.setdefault("obs_intervals", np.array([[0.0, 40.0]]))
    path = tmp_path_factory.mktemp("counting") / "retina.nwb"
    write_recording(retina, path)
    return path


FEW = 600  # spikes at a time: blocks of a few units each


@pytest.mark.parametrize(
    ("word_length", "response"),
    [(1, "words"), (3, "words"), (1, "counts"), (2, "counts")],
)
def test_counts_are_those_of_the_whole_recording(path, word_length, response):
    recording = load_recording(path)
    stored = load_recording(path, lazy=True)
    shown = select_presentations(recording)
    how = (0.05, word_length, response)
    units = [7, 0, 3, 11, 5]
    words = bin_words(recording, shown, *how, units=units)
    whole = count_words(words)
    assert len(blocks_of_units(recording, units, FEW)) > 1
    for source in (recording, stored):
        counted = count_recording(source, shown, *how, units=units, spikes_at_once=FEW)
        for name in ("counts", "words", "stimulus", "time", "n_spikes"):
            assert_array_equal(getattr(counted.counts, name), getattr(whole, name))
        assert counted.counts.unit_ids == whole.unit_ids
        assert counted.counts.word_duration == whole.word_duration
        groups = list(counted.groups())
        assert len(groups) == counted.n_groups == 10
        for group, expected in zip(groups, count_groups(words), strict=True):
            assert_array_equal(group, expected)


def test_blocks_hold_every_unit_once_and_few_spikes(path):
    recording = load_recording(path)
    trains = recording.segments[0].spiketrains
    blocks = blocks_of_units(recording, range(12))
    assert blocks == [list(range(12))]
    blocks = blocks_of_units(recording, range(12), FEW)
    assert [unit for block in blocks for unit in block] == list(range(12))
    for block in blocks:
        assert len(block) == 1 or sum(len(trains[k]) for k in block) <= FEW


def test_a_run_goes_on_where_it_was_stopped(path, tmp_path):
    recording = load_recording(path, lazy=True)
    shown = select_presentations(recording)
    whole = count_recording(recording, shown, 0.02)
    blocks = blocks_of_units(recording, range(12), FEW)
    stopped = [unit for block in blocks[:2] for unit in block]
    how = {"cache": tmp_path, "spikes_at_once": FEW}
    count_recording(recording, shown, 0.02, units=stopped, **how)
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(kept) == 2
    counted = count_recording(recording, shown, 0.02, **how)
    assert_array_equal(counted.counts.counts, whole.counts.counts)
    after = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(after) == len(blocks)
    assert kept.items() <= after.items()
    # All is there now, and nothing is counted again.
    again = count_recording(recording, shown, 0.02, **how)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == after
    for one, other in zip(again.groups(), whole.groups(), strict=True):
        assert_array_equal(one, other)


def test_a_broken_file_of_the_cache_is_made_again(path, tmp_path):
    recording = load_recording(path)
    shown = select_presentations(recording)
    whole = count_recording(recording, shown, 0.02, cache=tmp_path)
    (stored,) = tmp_path.iterdir()
    content = stored.read_bytes()
    for broken in (content[: len(content) // 2], b"", b"no file of numpy"):
        stored.write_bytes(broken)
        with pytest.warns(UserWarning, match="of the cache cannot be read"):
            again = count_recording(recording, shown, 0.02, cache=tmp_path)
        assert_array_equal(again.counts.counts, whole.counts.counts)
        assert stored.read_bytes() == content


def test_the_cache_knows_what_was_asked(path, tmp_path):
    recording = load_recording(path)
    stored = load_recording(path, lazy=True)
    shown = select_presentations(recording)
    for k, (source, options) in enumerate(
        [
            (recording, {"bin_size": 0.02}),
            (recording, {"bin_size": 0.05}),
            (recording, {"bin_size": 0.02, "word_length": 2}),
            (recording, {"bin_size": 0.02, "response": "counts"}),
            (recording, {"bin_size": 0.02, "units": [1, 2]}),
            (recording, {"bin_size": 0.02, "n_groups": 5}),
            (stored, {"bin_size": 0.02}),
        ],
        start=1,
    ):
        count_recording(source, shown, cache=tmp_path, **options)
        assert len(list(tmp_path.iterdir())) == k
    Path(path).touch()  # another file, perhaps
    count_recording(stored, shown, 0.02, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 8


def test_a_cache_that_is_a_file_is_refused(path, tmp_path):
    recording = load_recording(path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="cache must be a folder; "):
        count_recording(
            recording, select_presentations(recording), 0.02, cache=tmp_path / "file"
        )


def test_stored_times_are_those_of_the_file_as_it_is(tmp_path):
    for seed in (0, 1):
        retina = simulate_retina(
            2, 2, 12, "2s", random_state=seed, rate_spread=0, sparse_share=0
        )
        (tmp_path / "retina.nwb").unlink(missing_ok=True)
        write_recording(retina, tmp_path / "retina.nwb")
        lazily = load_recording(tmp_path / "retina.nwb", lazy=True)
        for one, other in zip(
            retina.segments[0].spiketrains, lazily.segments[0].spiketrains, strict=True
        ):
            assert_array_equal(other.magnitude, one.magnitude)


def test_recordings_that_stay_in_their_files_can_be_pooled(tmp_path):
    paths = [tmp_path / "a.nwb", tmp_path / "b.nwb"]
    for seed, path in enumerate(paths):
        write_recording(
            simulate_retina(
                2,
                6,
                12,
                "2s",
                stimulus_random_state=7,
                random_state=seed,
                rate_spread=0,
                sparse_share=0,
            ),
            path,
        )
    tables = []
    for lazy in (False, True):
        blocks = [load_recording(path, lazy=lazy) for path in paths]
        tables.append(count_recording(*pool_recordings(blocks), 0.02).counts.counts)
    assert_array_equal(*tables)


MEASURE = """
import resource, sys
from neuroclass import load_recording, select_presentations
from neuroclass.responses.block_counts import count_recording
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
recording = load_recording(sys.argv[1], lazy=True, block_size=200_000)
counted = count_recording(
    recording, select_presentations(recording), 0.02, spikes_at_once=200_000
)
print(before, peak(), int(counted.counts.n_spikes.sum()))
"""


def test_memory_does_not_grow_with_the_spikes(tmp_path, rng):
    """Two million spikes take no more than four hundred thousand."""
    growth = []
    for n_units in (10, 50):
        block, segment = neo.Block(), neo.Segment()
        block.segments.append(segment)
        for unit in range(n_units):
            times = np.sort(rng.uniform(0, 2000, 40_000))
            train = neo.SpikeTrain(times, units="s", t_start=0.0, t_stop=2000.0)
            train.annotations["unit_id"] = unit
            segment.spiketrains.append(train)
        starts = np.arange(0, 2000, 20.0)
        segment.epochs.append(
            neo.Epoch(starts * pq.s, np.full(100, 20.0) * pq.s, name="trials")
        )
        path = tmp_path / f"{n_units}.nwb"
        write_recording(block, path)
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        before, peak, n_spikes = map(float, done.stdout.split())
        assert n_spikes == n_units * 40_000
        growth.append(peak - before)
    assert growth[1] < growth[0] + 32  # MiB; all at once, 117
