"""Recording systems read through neo: units, unsorted spikes and event channels.

The files are made here, in the layout of each system as ``neo.rawio`` documents it,
with the fields that matter filled in.
"""

import struct
import warnings

import neo
import numpy as np
import pytest
from neo.rawio import neuroexplorerrawio, openephysrawio, plexonrawio, tdtrawio
from numpy.testing import assert_allclose

from neuroclass import RecordingError, load_recording, measure_information
from neuroclass.io.files.raw_units import raw_units

RATE = 30_000
FIRST_SAMPLE = 50_000  # of Open Ephys: from acquisition on to recording on
ONSETS = np.array([0.5, 2.5, 4.5])
VALUES = [1.0, 2.5, 1.0]
# Spike times of the units of two channels: number 0 is what the sorter left.
UNITS = {
    (1, 0): np.array([0.2, 1.1, 3.9]),
    (1, 1): np.array([0.6, 2.6, 4.75]),
    (1, 2): np.array([1.0, 3.25]),
    (2, 1): np.array([2.0, 4.0, 5.5]),
}
SORTED = [times for (_, unit), times in UNITS.items() if unit]


def ticks(times):
    return np.round(np.asarray(times) * RATE).astype(np.int64)


def in_order(units, events=()):
    """Return (time, channel, unit) of spikes and (time, "event", value), in order."""
    rows = [(t, c, u) for (c, u), times in units.items() for t in times]
    return sorted([*rows, *[(t, "event", v) for t, v in events]], key=lambda r: r[0])


def plexon_file(path, units=UNITS, *, is_last_block_early=False):
    header = np.zeros(1, plexonrawio.GlobalHeader)
    channels = sorted({channel for channel, _ in units})
    for key, value in {
        "MagicNumber": 0x58454C50,
        "Version": 106,
        "ADFrequency": RATE,
        "NumDSPChannels": len(channels),
        "NumEventChannels": 1,
        "NumPointsWave": 4,
        "Year": 2020,
        "Month": 1,
        "Day": 1,
        "WaveformFreq": RATE,
        "BitsPerSpikeSample": 12,
        "SpikeMaxMagnitudeMV": 3000,
        "SpikePreAmpGain": 1000,
    }.items():
        header[key] = value
    spikes = np.zeros(len(channels), plexonrawio.DspChannelHeader)
    spikes["Name"] = [f"sig{channel:03d}" for channel in channels]
    spikes["Channel"], spikes["Gain"] = channels, 1
    events = np.zeros(1, plexonrawio.EventChannelHeader)
    events["Name"], events["Channel"] = b"EVT01", 1
    blocks = b""
    rows = in_order(units, [(t, 0) for t in ONSETS])
    if is_last_block_early:  # blocks are written as buffers are emptied
        rows.append(rows.pop(-3))
    for time, channel, unit in rows:
        block = np.zeros(1, plexonrawio.DataBlockHeader)
        is_event = channel == "event"
        block["Type"] = 4 if is_event else 1
        block["TimeStamp"] = ticks(time)
        block["Channel"] = 1 if is_event else channel
        block["Unit"] = unit
        if not is_event:
            block["NumberOfWaveforms"], block["NumberOfWordsInWaveform"] = 1, 4
        blocks += block.tobytes() + (b"" if is_event else bytes(8))
    path.write_bytes(header.tobytes() + spikes.tobytes() + events.tobytes() + blocks)
    return path


def blackrock_file(path, units=UNITS):
    size = 8 + 2 * 4  # of a packet: four samples of waveform
    channels = sorted({channel for channel, _ in units})
    extended = b"".join(
        struct.pack("<8sHBBHHhhBBH8s", b"NEUEVWAV", c, 1, 1, 1, 0, 0, 0, 2, 2, 4, b"")
        for c in channels
    )
    n_bytes = 336 + len(extended)
    header = struct.pack(
        "<8sBBHIIII8H32s256sI",
        *(b"NEURALEV", 2, 3, 1, n_bytes, 20, RATE, RATE),
        *(2020, 1, 1, 1, 0, 0, 0, 0),
        *(b"made by a test", b"", len(channels)),
    )
    assert len(header) == 336
    size = 20
    packets = b""
    edges = [(t, 1) for t in ONSETS] + [(t + 0.1, 0) for t in ONSETS]
    for time, channel, unit in in_order(units, edges):
        if channel == "event":
            packet = struct.pack("<IHBBH", int(ticks(time)), 0, 1, 0, unit)
        else:
            packet = struct.pack("<IHBB", int(ticks(time)), channel, unit, 0)
        packets += packet.ljust(size, b"\0")
    path.write_bytes(header + extended + packets)
    return path


def neuroexplorer_file(path, trains):
    """Write neurons, waveforms (names that end in ``_wf``) and an event channel."""
    variables = [
        *[(3 if name.endswith("_wf") else 0, name, t) for name, t in trains.items()],
        (1, "EVT01", ONSETS),
    ]
    header = np.zeros(1, neuroexplorerrawio.GlobalHeader)
    header["signature"], header["version"], header["freq"] = b"NEX1", 104, RATE
    header["tend"], header["nvar"] = 6 * RATE, len(variables)
    offset = 544 + 208 * len(variables)
    heads, data = b"", b""
    for kind, name, times in variables:
        head = np.zeros(1, neuroexplorerrawio.EntityHeader)
        head["type"], head["name"], head["n"] = kind, name.encode(), len(times)
        head["offset"] = offset + len(data)
        data += ticks(times).astype("<i4").tobytes()
        if kind == 3:
            head["NPointsWave"], head["WFrequency"] = 2, RATE
            data += bytes(2 * 2 * len(times))
        heads += head.tobytes().ljust(208, b"\0")
    path.write_bytes(header.tobytes().ljust(544, b"\0") + heads + data)
    return path


def tdt_block(folder, units=UNITS):
    """Write a block of two stores of snippets, channel 1 of each, and an epoc store."""
    folder.mkdir()
    stem = folder / f"{folder.parent.name}_{folder.name}"
    rows = []
    start = 1.6e9

    def add(kind, name, channel, code, time, value=0.0):
        size = 14 if kind == 0x8201 else 10  # four samples of waveform, in words
        rows.append((size, kind, name, channel, code, start + time, value, 0, RATE))

    add(0x8801, b"\1", 0, 0, 0.0)
    add(0x8801, b"\1", 0, 0, 0.0)
    events = list(zip(ONSETS, VALUES, strict=True))
    for time, store, unit in in_order(units, events):
        if store == "event":
            add(0x101, b"Stim", 0, 0, time, unit)
        else:
            add(0x8201, f"eNe{store}".encode(), 1, unit, time)
    add(0x8801, b"\2", 0, 0, 6.0)
    layout = np.dtype(tdtrawio.tsq_dtype)
    table = np.zeros(len(rows), layout)
    for row, (*first, value, form, rate) in zip(table, rows, strict=True):
        bits = np.float64(value).view(np.int64)
        for name, item in zip(layout.names, (*first, bits, form, rate), strict=True):
            row[name] = item
    stem.with_suffix(".tsq").write_bytes(table.tobytes())
    for suffix in (".tdx", ".tev"):
        stem.with_suffix(suffix).write_bytes(bytes(64))
    text = b"[USERNOTEDELIMITER][STOREHDRITEM]"
    stores = [("eNe1", 0x8201), ("eNe2", 0x8201), ("Stim", 0x101)]
    items = []
    for name, kind in stores:
        fields = {
            "StoreName": ("S", name),
            "HeadName": ("S", "head"),
            "Enabled": ("L", 1),
            "CircType": ("L", 0),
            "NumChan": ("L", 1),
            "StrobeMode": ("L", 0),
            "TankEvType": ("L", kind),
            "NumPoints": ("L", 4),
            "DataFormat": ("L", 0),
            "SampleFreq": ("D", float(RATE)),
        }
        items.append(
            "".join(f"NAME={k};TYPE={t};VALUE={v};\n" for k, (t, v) in fields.items())
        )
    body = "[STOREHDRITEM]".join(items) + "[STOREHDRITEM]"
    stem.with_suffix(".Tbk").write_bytes(body.encode() + text)
    return folder


def neuralynx_folder(folder, units=UNITS):
    folder.mkdir()

    def header(name, channel):
        lines = [
            "######## Neuralynx Data File Header",
            f"-AcqEntName {name}",
            f"-SamplingFrequency {RATE}",
            "-ADBitVolts 0.00000001",
            *([f"-ADChannel {channel}"] if channel else []),
            "-NumADChannels 1",
            "-InputRange 100",
            "-InputInverted True",
            '-ApplicationName Cheetah "6.4.0"',
            "-TimeCreated 2020/01/01 00:00:00",
            "-TimeClosed 2020/01/01 00:01:00",
            r'-OriginalFileName "C:\a"',
        ]
        return "\r\n".join(lines).encode().ljust(2**14, b"\0")

    def stamp(time):
        return round((100.0 + time) * 1e6)

    for channel in sorted({channel for channel, _ in units}):
        own = {key: times for key, times in units.items() if key[0] == channel}
        data = b"".join(
            struct.pack("<QII8i32h", stamp(t), channel, unit, *[0] * 40)
            for t, _, unit in in_order(own)
        )
        path = folder / f"SE{channel}.nse"
        path.write_bytes(header(f"SE{channel}", channel) + data)
    edges = sorted([(t, 1) for t in ONSETS] + [(t + 0.1, 0) for t in ONSETS])
    # The recording starts 100 s on the clock of the system, at its first event.
    rows = [(0.0, 19, 0), *[(t, 11, value) for t, value in edges], (6.0, 19, 0)]
    events = b"".join(
        struct.pack("<hhhQhhhhh8i128s", 0, 0, 0, stamp(t), e, v, 0, 0, 0, *[0] * 8, b"")
        for t, e, v in rows
    )
    (folder / "Events.nev").write_bytes(header("Events", 0) + events)
    return folder


def openephys_folder(folder, units=UNITS):
    """Write the format before the binary one: a file for each electrode."""
    folder.mkdir()
    first = FIRST_SAMPLE

    def header(**fields):
        lines = [f"header.{key} = {value};\n" for key, value in fields.items()]
        return "".join(lines).encode().ljust(1024, b" ")

    version = {"version": "0.4", "sampleRate": RATE, "bitVolts": 0.2}
    version |= {"date_created": "'1-Jan-2020 000000'"}
    block = np.zeros(1, np.dtype(openephysrawio.continuous_dtype))
    n_blocks = -(-6 * RATE // 1024)
    signal = np.repeat(block, n_blocks)
    signal["timestamp"] = first + 1024 * np.arange(n_blocks)
    signal["nb_sample"] = 1024
    (folder / "100_CH1.continuous").write_bytes(header(**version) + signal.tobytes())
    for channel in sorted({channel for channel, _ in units}):
        own = {key: times for key, times in units.items() if key[0] == channel}
        data = b"".join(
            struct.pack("<Bqq6H", 4, first + int(ticks(t)), 0, 0, 1, 4, unit, 0, 0)
            + struct.pack("<3B2fH4Hf2H", *[0] * 5, RATE, *[0] * 4, 1.0, 0, 0)
            for t, _, unit in in_order(own)
        )
        content = header(**version, num_channels=1, electrode="'E'") + data
        (folder / f"SE{channel}.spikes").write_bytes(content)
    events = b"".join(
        struct.pack("<qhBBBBH", first + int(ticks(t + 0.1 * down)), 0, 3, 100, up, 0, 0)
        for t in ONSETS
        for up, down in ((1, 0), (0, 1))
    )
    (folder / "all_channels.events").write_bytes(header(**version) + events)
    return folder


def axona_files(folder, trains):
    settings = [
        "trial_date Wednesday, 1 Jan 2020",
        "trial_time 10:00:00",
        "rawRate 48000",
        "Spike2msMode 0",
        "pretrigSamps 10",
        "data_start",
    ]
    (folder / "a.set").write_bytes("\r\n".join(settings).encode())
    for number, times in enumerate(trains, start=1):
        head = (
            f"duration 6\r\nnum_chans 4\r\nnum_spikes {len(times)}\r\n"
            "timebase 96000 hz\r\nsample_rate 48000 hz\r\n"
        )
        data = b"".join(
            struct.pack(">i", round(t * 96_000)) + bytes(50)
            for t in times
            for _ in range(4)
        )
        content = head.encode() + b"data_start" + data + b"\r\ndata_end\r\n"
        (folder / f"a.{number}").write_bytes(content)
    return folder / "a.set"


def trains_of(recording):
    return [t.rescale("s").magnitude for t in recording.segments[0].spiketrains]


def ids_of(recording):
    return [t.annotations["unit_id"] for t in recording.segments[0].spiketrains]


MADE = {
    "plexon": (
        lambda folder: plexon_file(folder / "a.plx"),
        ["sig001 ch1#1", "sig001 ch1#2", "sig002 ch2#1"],
        "sig001 ch1#0",
        "EVT01",
    ),
    "blackrock": (
        lambda folder: blackrock_file(folder / "a.nev"),
        ["ch1#1", "ch1#2", "ch2#1"],
        "ch1#0",
        "digital_input_port",
    ),
    "neuralynx": (
        lambda folder: neuralynx_folder(folder / "session"),
        ["chSE1#1#1", "chSE1#1#2", "chSE2#2#1"],
        "chSE1#1#0",
        "Events event_id=11 ttl=1",
    ),
    "openephys": (
        lambda folder: openephys_folder(folder / "session"),
        ["SE1#1", "SE1#2", "SE2#1"],
        "SE1#0",
        "all_channels",
    ),
    "tdt": (
        lambda folder: tdt_block(folder / "Block-1"),
        ["eNe1 ch1#1", "eNe1 ch1#2", "eNe2 ch1#1"],
        "eNe1 ch1#0",
        "Stim",
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_sorted_units_are_read_and_the_rest_of_a_channel_is_left_out(name, tmp_path):
    make, ids, rest, _ = MADE[name]
    path = make(tmp_path)
    with pytest.warns(UserWarning, match=f"left out {rest}: unsorted spikes of chan"):
        recording = load_recording(path)
    assert recording.annotations["format"] == name
    assert ids_of(recording) == ids
    clock = FIRST_SAMPLE / RATE if name == "openephys" else 0.0
    for train, times in zip(trains_of(recording), SORTED, strict=True):
        assert_allclose(train, clock + times, atol=1e-5)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.filterwarnings("ignore:.*left out")
def test_event_channels_are_triggers(name, tmp_path):
    make, _, _, events = MADE[name]
    recording = load_recording(make(tmp_path), triggers=events, trial_duration=1)
    (epoch,) = recording.segments[0].epochs
    starts = epoch.times.rescale("s").magnitude
    if name == "blackrock":  # both edges, by the value of the port
        is_on = np.asarray(epoch.array_annotations["stimulus"]) == "1"
        assert is_on.sum() == (~is_on).sum() == len(ONSETS)
        starts = starts[is_on]
    clock = FIRST_SAMPLE / RATE if name == "openephys" else 0.0
    assert_allclose(starts, clock + ONSETS, atol=1e-5)
    if name == "tdt":  # values of the epoc store, floats in the file
        assert list(epoch.array_annotations["stimulus"]) == ["1.0", "2.5", "1.0"]


def test_a_file_of_neuralynx_events_is_not_taken_for_blackrock(tmp_path):
    folder = neuralynx_folder(tmp_path / "session")
    with pytest.warns(UserWarning, match="left out"):
        recording = load_recording(folder / "Events.nev")
    assert recording.annotations["format"] == "neuralynx"


def test_noise_of_blackrock_and_tdt_is_left_out(tmp_path):
    units = {(1, 1): ONSETS, (1, 255): ONSETS + 0.1, (2, 3): ONSETS + 0.2}
    with pytest.warns(UserWarning, match=r"left out ch1#255: spikes marked as noise"):
        recording = load_recording(blackrock_file(tmp_path / "a.nev", units))
    assert ids_of(recording) == ["ch1#1", "ch2#3"]
    units = {(1, 1): ONSETS, (1, 31): ONSETS + 0.1, (2, 3): ONSETS + 0.2}
    with pytest.warns(UserWarning, match=r"left out eNe1 ch1#31: spikes marked as"):
        recording = load_recording(tdt_block(tmp_path / "Block-1", units))
    assert ids_of(recording) == ["eNe1 ch1#1", "eNe2 ch1#3"]


def test_channels_of_a_recording_without_sorting_are_units_with_a_warning(tmp_path):
    units = {(1, 0): ONSETS + 0.1, (2, 0): ONSETS + 0.2}
    with pytest.warns(UserWarning, match=r"no spikes are sorted.* 2 channels are each"):
        recording = load_recording(plexon_file(tmp_path / "a.plx", units))
    assert ids_of(recording) == ["sig001", "sig002"]


def test_tetrodes_of_axona_are_not_sorted_units(tmp_path):
    path = axona_files(tmp_path, [ONSETS, ONSETS + 0.25])
    with pytest.warns(UserWarning, match=r"no spikes are sorted into units \(axona\)"):
        recording = load_recording(path)
    assert recording.annotations["format"] == "axona"
    for train, times in zip(trains_of(recording), [ONSETS, ONSETS + 0.25], strict=True):
        assert_allclose(train, times, atol=1e-4)


def test_waveforms_of_neuroexplorer_are_not_units_once_more(tmp_path):
    trains = {
        "sig001a": ONSETS + 0.1,
        "sig001b": ONSETS + 0.2,
        "sig001i": ONSETS + 0.3,
        "sig001a_wf": ONSETS + 0.1,
        "sig001i_wf": ONSETS + 0.3,
        "sig002a_wf": ONSETS + 0.4,
    }
    path = neuroexplorer_file(tmp_path / "a.nex", trains)
    expected = "unsorted spikes of channels and waveforms of units that are there"
    with pytest.warns(UserWarning, match=expected):
        recording = load_recording(path, triggers="EVT01", trial_duration=1)
    # The waveforms of a unit that is there in no other form are that unit.
    assert ids_of(recording) == ["sig001a", "sig001b", "sig002a_wf"]
    (epoch,) = recording.segments[0].epochs
    assert_allclose(epoch.times.magnitude, ONSETS, atol=1e-5)


def test_names_that_repeat_are_told_apart_by_their_ids():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        units = raw_units(["a", "a", "b"], ["ch1#1", "ch1#2", "ch2#1"], "spike2", "x")
    assert units.ids == ["a ch1#1", "a ch1#2", "b ch2#1"]
    assert units.taken == [0, 1, 2]
    assert raw_units(["a", "a"], ["0", "0"], "nix", "x").ids == ["a 0", "a 0 (2)"]


def test_columns_of_epochs_are_read_from_nix(tmp_path):
    pytest.importorskip("nixio")
    trains = [
        neo.SpikeTrain(times, units="s", t_stop=6.0, unit_id=number)
        for number, times in enumerate((ONSETS, ONSETS + 0.25))
    ]
    names = np.array(["a", "b", "a"])
    epoch = neo.Epoch(
        ONSETS,
        durations=np.ones(3),
        labels=["0", "1", "2"],
        units="s",
        name="trials",
        array_annotations={"stimulus": names},
    )
    block = neo.Block(name="block")
    block.segments.append(neo.Segment())
    block.segments[0].spiketrains.extend(trains)
    block.segments[0].epochs.append(epoch)
    with neo.NixIO(str(tmp_path / "a.nix"), mode="ow") as file:
        file.write_all_blocks([block])
    recording = load_recording(tmp_path / "a.nix")
    assert ids_of(recording) == [0, 1]
    (table,) = recording.segments[0].epochs
    assert list(table.array_annotations["stimulus"]) == list(names)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_spikes_later_than_the_last_block_of_plexon_are_read(tmp_path, capfd):
    path = plexon_file(tmp_path / "a.plx", is_last_block_early=True)
    recording = load_recording(path, triggers="EVT01", trial_duration=1)
    for train, times in zip(trains_of(recording), SORTED, strict=True):
        assert_allclose(train, times, atol=1e-5)
    (epoch,) = recording.segments[0].epochs
    assert_allclose(epoch.times.magnitude, ONSETS, atol=1e-5)
    assert capfd.readouterr().err == ""  # neo would draw progress bars


def test_no_library_is_downloaded_for_files_of_plexon(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.pl2").write_bytes(bytes(600))
    with pytest.raises(RecordingError, match=r"Save the file as \.plx or \.nex"):
        load_recording(tmp_path / "a.pl2")
    assert not (tmp_path / ".plexon_dlls_for_neo").exists()


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_clock_that_starts_again_is_warned_of(tmp_path):
    path = blackrock_file(tmp_path / "a.nev")
    content = bytearray(path.read_bytes())
    place = content.index(struct.pack("<I", int(ticks(3.9))))
    content[place : place + 4] = bytes(4)  # the time of one packet is lost
    path.write_bytes(content)
    with pytest.warns(UserWarning, match="stops or starts again, so that it has 2"):
        load_recording(path)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_damaged_byte_that_makes_days_is_refused_before_the_work(tmp_path):
    path = blackrock_file(tmp_path / "a.nev")
    content = bytearray(path.read_bytes())
    place = content.index(struct.pack("<I", int(ticks(5.5))))
    content[place + 3] = 0xFF  # the highest byte of the last time
    path.write_bytes(content)
    recording = load_recording(path)
    with pytest.raises(RecordingError, match=r"last 1\.426e\+05 s in all \(1\.65 days"):
        measure_information(recording, condition="none", bin_size="20ms")
