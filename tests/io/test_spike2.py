"""Spike2 files (32 bits): units of WaveMark channels, and events.

The files are made here, in the layout that ``neo.rawio.spike2rawio`` documents: blocks
of 512 bytes, a header of 140 bytes for each channel, times in ticks.
"""

import importlib.util

import numpy as np
import pytest
from neo.rawio import spike2rawio as son
from numpy.testing import assert_allclose

from neuroclass import RecordingError, load_recording

TICK = 1e-5  # s
BLOCK = 512
ONSETS = np.array([0.5, 2.5, 4.5])
UNITS = {0: [0.2, 3.9], 1: [0.6, 2.6, 4.75], 2: [1.0, 3.25]}
FALL, RISE, BOTH, MARKER, WAVEFORM, TEXT = 2, 3, 4, 5, 6, 8


def record(fields, **values):
    made = np.zeros(1, np.dtype(fields))
    for key, value in values.items():
        made[key] = value
    return made.tobytes()


def title(text):
    return bytes([len(text)]) + text.encode()


def spike2_file(path, channels):
    """Write (kind, title, rows) of channels; rows are (time, code, text)."""
    n_channels = len(channels)
    first = -(-(512 + 140 * n_channels) // BLOCK)  # of the blocks of data
    header = record(
        son.headerDescription,
        system_id=9,
        us_per_time=10,
        time_per_adc=1,
        channels=n_channels,
        dtime_base=1e-6,
        first_data=first * BLOCK,
        max_ftime=600_000,
    ).ljust(512, b"\0")
    heads, blocks = b"", b""
    for number, (kind, name, rows) in enumerate(channels):
        extra = {WAVEFORM: 8, TEXT: 8}.get(kind, 0)
        fields = {"kind": kind, "n_extra": extra}
        item = np.zeros(len(rows), son.get_channel_dtype(fields)) if kind else b""
        if kind:
            ticks = np.round(np.array([row[0] for row in rows]) / TICK)
            item["tick"] = ticks.astype(int)
            if "marker" in item.dtype.names:
                item["marker"] = [row[1] for row in rows]
            if kind == TEXT:
                item["label"] = [row[2].encode() for row in rows]
            place = first + len(blocks) // BLOCK
            data = record(
                son.blockHeaderDesciption,
                pred_block=-1,
                succ_block=-1,
                start_time=ticks[0],
                end_time=ticks[-1],
                channel_num=number + 1,
                items=len(rows),
            )
            data += item.tobytes()
            blocks += data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")
        head = record(
            son.channelHeaderDesciption1,
            kind=kind,
            title=title(name),
            firstblock=place if kind else -1,
            lastblock=place if kind else -1,
            blocks=1 if kind else 0,
            n_extra=extra,
            l_chan_dvd=4,
        )
        if kind == WAVEFORM:
            head += record([("scale", "f4"), ("offset", "f4"), ("unit", "S6")], scale=1)
            head += record([("interleave", "i2")])
        if kind == BOTH:
            head += record([("init_low", "u1"), ("next_low", "u1")], init_low=1)
        heads += head.ljust(140, b"\0")
    heads = (header + heads).ljust(first * BLOCK, b"\0")
    path.write_bytes(heads + blocks)
    return path


WAVEMARK = sorted((t, unit, "") for unit, times in UNITS.items() for t in times)
EDGES = sorted([(t, 0, "") for t in ONSETS] + [(t + 1, 0, "") for t in ONSETS])
CHANNELS = [
    (WAVEFORM, "nw-1", WAVEMARK),
    (0, "", []),
    (RISE, "stim", [(t, 0, "") for t in ONSETS]),
    (BOTH, "shutter", EDGES),
    (TEXT, "movie", [(t, 0, n) for t, n in zip(ONSETS, "aba", strict=True)]),
    (MARKER, "DigMark", [(t, c, "") for t, c in zip(ONSETS, [5, 6, 5], strict=True)]),
]


@pytest.fixture
def path(tmp_path):
    return spike2_file(tmp_path / "a.smr", CHANNELS)


def load(path, **options):
    with pytest.warns(UserWarning, match="left out .*unsorted spikes of channels"):
        return load_recording(path, **options)


def test_codes_of_a_wavemark_channel_are_units(path):
    recording = load(path)
    trains = recording.segments[0].spiketrains
    assert [t.annotations["unit_id"] for t in trains] == ["nw-1 ch0#1", "nw-1 ch0#2"]
    for train, code in zip(trains, (1, 2), strict=True):
        assert_allclose(train.magnitude, UNITS[code], atol=1e-9)
    assert recording.annotations["format"] == "spike2-old"


@pytest.mark.parametrize("name", ["stim", "movie", "DigMark"])
def test_events_are_triggers_by_name(path, name):
    (epoch,) = load(path, triggers=name, trial_duration=1).segments[0].epochs
    assert_allclose(epoch.times.magnitude, ONSETS, atol=1e-9)
    stimuli = {"movie": list("aba"), "DigMark": ["5", "6", "5"]}.get(name)
    if stimuli:
        assert epoch.array_annotations["stimulus"].tolist() == stimuli


def test_rising_edges_of_a_level_are_triggers(path):
    (epoch,) = load(path, triggers="shutter", trial_duration=1).segments[0].epochs
    assert_allclose(epoch.times.magnitude, ONSETS, atol=1e-9)
    assert "stimulus" not in epoch.array_annotations


def test_a_file_without_wavemarks_is_refused(tmp_path):
    path = spike2_file(tmp_path / "a.smr", CHANNELS[2:])
    with pytest.raises(RecordingError, match=r"must hold sorted units.*WaveMark"):
        load_recording(path)


def test_files_of_64_bits_name_the_library_that_they_need(tmp_path):
    if importlib.util.find_spec("sonpy"):
        pytest.skip("sonpy is installed")
    (tmp_path / "a.smrx").write_bytes(b"S64" + bytes(600))
    with pytest.raises(ImportError, match=r"needs sonpy.*text or \.mat from Spike2"):
        load_recording(tmp_path / "a.smrx")
