"""Valid recordings of which neo leaves out a part: Axona, Neuralynx, Spike2.

The files are made here, in the layout of each system as ``neo.rawio`` documents it.
"""

import struct

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import RecordingError, load_recording

TICK = 1e-5  # s, of a Spike2 file
ONSETS = np.array([0.5, 2.5, 4.5])


def trains_of(recording):
    return {
        train.annotations["unit_id"]: train.rescale("s").magnitude
        for train in recording.segments[0].spiketrains
    }


def axona_files(folder, trains):
    """Write a file for each tetrode of a mapping of numbers to spike times."""
    settings = ["trial_date Wednesday, 1 Jan 2020", "trial_time 10:00:00"]
    settings += ["rawRate 48000", "Spike2msMode 0", "pretrigSamps 10", "data_start"]
    (folder / "a.set").write_bytes("\r\n".join(settings).encode())
    for number, times in trains.items():
        head = ["duration 6", "num_chans 4", f"num_spikes {len(times)}"]
        head += ["timebase 96000 hz", "sample_rate 48000 hz", "data_start"]
        data = b"".join(
            struct.pack(">i", round(t * 96_000)) + bytes(50)
            for t in times
            for _ in range(4)
        )
        content = "\r\n".join(head).encode() + data + b"\r\ndata_end\r\n"
        (folder / f"a.{number}").write_bytes(content)
    return folder / "a.set"


@pytest.mark.filterwarnings("ignore:.*no spikes are sorted")
@pytest.mark.parametrize("numbers", [(1, 3, 4), (2, 3), (1, 2, 32)])
def test_tetrodes_behind_one_that_was_off_are_read(tmp_path, numbers):
    trains = {number: ONSETS + 0.01 * number for number in numbers}
    recording = load_recording(axona_files(tmp_path, trains))
    found = trains_of(recording)
    assert list(found) == [f"tetrode {number}" for number in numbers]
    for times, right in zip(found.values(), trains.values(), strict=True):
        assert_allclose(times, right, atol=1e-4)


# Parts of a recording of Neuralynx: (time, unit) of an electrode, and the TTL edges.
SPIKES = [(0.2, 1), (1.0, 2), (3.0, 1), (10.5, 2), (11.0, 1), (12.0, 2)]
EDGES = [(t + w, int(not w)) for t in (*ONSETS, 10.5, 12.5) for w in (0.0, 0.1)]


def neuralynx_file(path, data):
    lines = ["######## Neuralynx Data File Header", "-AcqEntName SE1"]
    lines += ["-SamplingFrequency 30000", "-ADBitVolts 0.00000001", "-ADChannel 1"]
    lines += ["-NumADChannels 1", "-InputRange 100", "-InputInverted True"]
    lines += ['-ApplicationName Cheetah "6.4.0"', "-TimeCreated 2020/01/01 00:00:00"]
    lines += ["-TimeClosed 2020/01/01 00:01:00"]
    if path.suffix == ".nev":
        lines = [line for line in lines if "ADChannel" not in line]
        lines[1] = "-AcqEntName Events"
    header = "\r\n".join(lines).encode().ljust(2**14, b"\0")
    path.write_bytes(header + data)


def neuralynx_folder(folder, n_parts):
    folder.mkdir()
    for part in range(n_parts):
        end = "" if part == 0 else f"_{part:04d}"

        def is_here(time, part=part):
            return n_parts == 1 or (time > 8) == bool(part)

        spikes = b"".join(
            struct.pack("<QII8i32h", round((100 + t) * 1e6), 1, unit, *[0] * 40)
            for t, unit in SPIKES
            if is_here(t)
        )
        neuralynx_file(folder / f"SE1{end}.nse", spikes)
        rows = [(t, 11, value) for t, value in EDGES if is_here(t)]
        if part == 0:
            rows.insert(0, (0.0, 19, 0))  # the start, which is zero
        stamp = [round((100 + t) * 1e6) for t, _, _ in rows]
        events = b"".join(
            struct.pack("<hhhQhhhhh8i128s", 0, 0, 0, when, kind, value, *[0] * 11, b"")
            for when, (_, kind, value) in zip(stamp, rows, strict=True)
        )
        neuralynx_file(folder / f"Events{end}.nev", events)
    return folder


@pytest.mark.parametrize("n_parts", [1, 2])
def test_a_recording_of_neuralynx_in_parts_is_read_as_one(tmp_path, n_parts):
    recording = load_recording(
        neuralynx_folder(tmp_path / "session", n_parts),
        triggers="Events event_id=11 ttl=1",
        trial_duration=1,
    )
    found = trains_of(recording)
    assert list(found) == ["chSE1#1#1", "chSE1#1#2"]
    for unit, times in enumerate(found.values(), start=1):
        assert_allclose(times, [t for t, u in SPIKES if u == unit], atol=1e-6)
    (epoch,) = recording.segments[0].epochs
    onsets = [t for t, value in EDGES if value]
    assert_allclose(epoch.times.rescale("s").magnitude, onsets, atol=1e-6)


def test_a_first_part_of_neuralynx_without_events_does_not_hide_the_second(tmp_path):
    folder = neuralynx_folder(tmp_path / "session", 2)
    first = folder / "Events.nev"
    first.write_bytes(first.read_bytes()[: 2**14])
    recording = load_recording(
        folder, triggers="Events event_id=11 ttl=1", trial_duration=1
    )
    (epoch,) = recording.segments[0].epochs
    # Zero is the first spike, at .2 s.
    assert_allclose(epoch.times.rescale("s").magnitude, [10.3, 12.3], atol=1e-6)


def spike2_file(path, channels, version=8):
    """Write channels of (title, kind, ticks, items, fields behind the header)."""
    unit = 512 if version == 9 else 1  # of the places of blocks
    head = struct.pack("<h18shhhihhhhhid", version, b"", 10, 1, 0, 512, len(channels),
                       *[0] * 5, TICK / 10)  # fmt: skip
    headers, blocks, place = b"", b"", 1024
    for number, (title, kind, ticks, data, behind) in enumerate(channels):
        n_extra, tail = behind
        start = struct.pack("<hiiiHhhhhh", 0, -1, place // unit, place // unit, 1,
                            n_extra, 0, 0, 512, 0)  # fmt: skip
        name = bytes([len(title)]) + title.encode()
        header = start + bytes(72) + struct.pack("<iih10sfBb", 0, 100, 0, name, 1,
                                                 kind, 0)  # fmt: skip
        headers += (header + tail).ljust(140, b"\0")
        n_items = len(data) // 2 if kind == 1 else len(ticks)
        block = struct.pack("<iiiihh", -1, -1, ticks[0], ticks[-1], number, n_items)
        blocks += (block + data).ljust(512, b"\0")
        place += 512
    content = head.ljust(512, b"\0") + headers
    path.write_bytes(content.ljust(1024, b"\0") + blocks)
    return path


def to_ticks(times):
    return [round(t / TICK) for t in times]


def spikes(title, times, units):
    ticks = to_ticks(times)
    data = b"".join(
        struct.pack("<iBBBB4h", tick, unit, 0, 0, 0, *[0] * 4)
        for tick, unit in zip(ticks, units, strict=True)
    )
    return title, 6, ticks, data, (8, struct.pack("<ff6sh", 1, 0, b"\1V", 1))


def level(times, *, starts_low):
    ticks = to_ticks(times)
    tail = struct.pack("<BB", starts_low, 0)
    return "TTL", 4, ticks, struct.pack(f"<{len(ticks)}i", *ticks), (0, tail)


TIMES, NUMBERS = [0.6, 1.0, 2.6, 3.0, 4.6, 5.0], [1, 2, 1, 2, 1, 2]


@pytest.mark.parametrize("starts_low", [True, False])
@pytest.mark.parametrize("version", [8, 9])
def test_the_rising_edges_of_a_level_of_spike2_are_triggers(
    tmp_path, starts_low, version
):
    edges = sorted([*ONSETS, *(ONSETS + 0.1)])
    edges = edges if starts_low else [0.05, *edges]
    channels = [spikes("cell", TIMES, NUMBERS), level(edges, starts_low=starts_low)]
    path = spike2_file(tmp_path / "a.smr", channels, version)
    recording = load_recording(path, triggers="TTL", trial_duration=1)
    assert_allclose(list(trains_of(recording).values()), [TIMES[::2], TIMES[1::2]])
    (epoch,) = recording.segments[0].epochs
    assert_allclose(epoch.times.rescale("s").magnitude, ONSETS)


def test_markers_of_spike2_are_named_by_their_codes(tmp_path):
    ticks = to_ticks(ONSETS)
    codes = [(2, 3), (0, 0), (2, 3)]
    data = b"".join(
        struct.pack("<iBBBB", tick, a, b, 0, 0)
        for tick, (a, b) in zip(ticks, codes, strict=True)
    )
    channels = [spikes("cell", TIMES, NUMBERS), ("code", 5, ticks, data, (0, b""))]
    path = spike2_file(tmp_path / "a.smr", channels)
    recording = load_recording(path, triggers="code", trial_duration=1)
    (epoch,) = recording.segments[0].epochs
    assert list(epoch.array_annotations["stimulus"]) == ["2 3", "0", "2 3"]


def test_spikes_of_spike2_outside_of_the_sampled_signal_are_read(tmp_path):
    samples = struct.pack("<100h", *range(100))
    tail = struct.pack("<ff6sh", 1, 0, b"\1V", 1)
    signal = ("Vm", 1, [to_ticks([1.0])[0], to_ticks([1.0])[0] + 990], samples,
              (0, tail))  # fmt: skip
    channels = [spikes("cell", TIMES, NUMBERS), signal]
    recording = load_recording(spike2_file(tmp_path / "a.smr", channels))
    assert_allclose(list(trains_of(recording).values()), [TIMES[::2], TIMES[1::2]])


@pytest.mark.parametrize(("version", "n_blocks"), [(8, 40_000), (9, 65_539)])
def test_a_channel_of_spike2_that_neo_reads_in_part_is_refused(
    tmp_path, version, n_blocks
):
    path = spike2_file(tmp_path / "a.smr", [spikes("cell", TIMES, NUMBERS)], version)
    content = bytearray(path.read_bytes())
    struct.pack_into("<H", content, 512 + 14, n_blocks & 0xFFFF)
    struct.pack_into("<H", content, 512 + 20, n_blocks >> 16)
    path.write_bytes(content)
    expected = f"at most 32767 blocks in a channel; got {n_blocks} in 'cell'"
    with pytest.raises(RecordingError, match=expected):
        load_recording(path)
