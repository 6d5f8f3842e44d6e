"""AEDAT 4, and the readers of event files beside readers of other packages."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.exceptions import RecordingError
from neuroclass.snn import load_dataset
from neuroclass.snn.training.event_files import read_aedat, read_nmnist

# Written by dv_processing 2.0.4, packed by LZ4.
FOUR_EVENTS = Path(__file__).parent / "four_events.aedat4"
EXPECTED = [[1000, 1010, 1500, 2001], [9, 0, 127, 3], [7, 127, 0, 4], [0, 1, 1, 0]]
PEER = "compared where it is installed"


def drawn_events(n=500):
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(0, 200_000, n))
    return times, *rng.integers(0, 128, (2, n)), rng.integers(0, 2, n)


def assert_same(found, *others):
    for column, *columns in zip(found, *others, strict=True):
        for other in columns:
            np.testing.assert_array_equal(column, np.asarray(other, np.int64))


class TestAedat4:
    @pytest.fixture(autouse=True)
    def aedat(self):
        pytest.importorskip("aedat", reason="needs `pip install neuroclass[events]`")

    def test_events_are_those_that_were_written(self):
        assert [column.tolist() for column in read_aedat(FOUR_EVENTS)] == EXPECTED

    def test_a_folder_of_classes_is_a_dataset(self, tmp_path):
        for name in ("airplane", "automobile"):
            (tmp_path / name).mkdir()
            for k in range(10):
                file = tmp_path / name / f"{name}_{k}.aedat4"
                file.write_bytes(FOUR_EVENTS.read_bytes())
        dataset = load_dataset("cifar10-dvs", tmp_path, n_frames=4)
        assert (len(dataset.train), len(dataset.test)) == (18, 2)
        assert dataset.test.batch(np.arange(1)).sum() == 4

    @pytest.mark.parametrize("kept", [20, 200, 900])
    def test_a_damaged_file_is_refused(self, kept, tmp_path):
        path = tmp_path / "cut.aedat4"
        path.write_bytes(FOUR_EVENTS.read_bytes()[:kept])
        with pytest.raises(RecordingError, match=r"cut\.aedat4: cannot be read as"):
            read_aedat(path)

    def test_a_panic_of_the_package_is_one_line_and_prints_nothing(
        self, tmp_path, capfd
    ):
        path = tmp_path / "panic.aedat4"
        content = bytearray(FOUR_EVENTS.read_bytes())
        content[20:28] = b"\x7f" * 8  # offsets out of the file
        path.write_bytes(content)
        with pytest.raises(RecordingError, match=r"panic\.aedat4: cannot be read as"):
            read_aedat(path)
        assert capfd.readouterr().err == ""

    def test_a_file_without_events_names_what_it_holds(self, tmp_path):
        path = tmp_path / "motion.aedat4"
        path.write_bytes(FOUR_EVENTS.read_bytes().replace(b"EVTS", b"IMUS"))
        with pytest.raises(RecordingError, match="stream of events; got imus"):
            read_aedat(path)

    def test_dv_and_dv_processing_read_and_write_the_same(self, tmp_path):
        processing = pytest.importorskip("dv_processing", reason=PEER)
        dv = pytest.importorskip("dv", reason=PEER)
        times, columns, rows, polarities = drawn_events()
        times += 1_600_000_000_000_000
        store = processing.EventStore()
        for event in zip(times, columns, rows, polarities, strict=True):
            store.push_back(*map(int, event[:3]), bool(event[3]))
        for packing in ("NONE", "LZ4", "ZSTD"):
            config = processing.io.MonoCameraWriter.Config("made")
            config.compression = getattr(processing.CompressionType, packing)
            config.addEventStream((128, 128))
            path = tmp_path / f"{packing}.aedat4"
            writer = processing.io.MonoCameraWriter(str(path), config)
            writer.writeEvents(store)
            del writer
            with dv.AedatFile(str(path)) as file:
                packets = file["events"].numpy()
                read = np.hstack([packet for packet in packets])  # noqa: C416
            theirs = [read[key] for key in ("timestamp", "x", "y", "polarity")]
            written = (times, columns, rows, polarities)
            assert_same(read_aedat(path), theirs, written)


def test_aedat4_without_its_package_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "aedat", None)
    with pytest.raises(ImportError, match=r"pip install neuroclass\[events\]"):
        read_aedat(FOUR_EVENTS)


def spikingjelly_datasets():
    """Return the readers of spikingjelly, whose package wants torchvision to load."""
    pytest.importorskip("spikingjelly", reason=PEER)
    for package in ("torchvision", "torchaudio"):
        pytest.importorskip(package, reason=PEER)
    from spikingjelly.datasets import cifar10_dvs, utils  # noqa: PLC0415

    return cifar10_dvs, utils


def test_aedat2_is_read_as_spikingjelly_and_tonic_read_it(tmp_path):
    cifar10_dvs, _ = spikingjelly_datasets()
    tonic = pytest.importorskip("tonic.io", reason=PEER)
    times, columns, rows, polarities = drawn_events()
    address = rows << 8 | (127 - columns) << 1 | (1 - polarities)
    path = tmp_path / "made.aedat"
    body = np.stack([address, times], axis=1).astype(">u4").tobytes()
    path.write_bytes(b"#!AER-DAT2.0\r\n# made\r\n" + body)
    found = read_aedat(path)
    assert_same(found, (times, columns, rows, polarities))
    # It turns the camera by its diagonal.
    theirs = cifar10_dvs._load_origin_data(path)
    assert_same(found, (theirs["t"], theirs["y"], 127 - theirs["x"], theirs["p"]))
    # Its `read_dvs_128` unpacks two of three values: the parts of it do.
    version, start, _ = tonic.read_aedat_header_from_file(str(path))
    events = tonic.get_aer_events_from_file(str(path), version, start)
    address = events["address"].astype(np.int64)
    assert_same(
        found,
        (
            events["timeStamp"],
            127 - (address >> 1 & 127),
            address >> 8 & 127,
            1 - (address & 1),
        ),
    )


def test_aedat3_is_read_as_spikingjelly_and_tonic_read_it(tmp_path):
    _, utils = spikingjelly_datasets()
    tonic = pytest.importorskip("tonic.io", reason=PEER)
    times, columns, rows, polarities = drawn_events()
    address = 1 | polarities << 1 | rows << 2 | columns << 17
    words = np.stack([address, times], axis=1).astype("<u4")
    content = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n"
    for part in (words[:200], words[200:]):
        n = len(part)
        content += struct.pack("<hhiiiiii", 1, 1, 8, 4, 0, n, n, n) + part.tobytes()
    path = tmp_path / "made.aedat"
    path.write_bytes(content)
    theirs = utils.load_aedat_v3(path)
    version, start, _ = tonic.read_aedat_header_from_file(str(path))
    events = tonic.get_aer_events_from_file(str(path), version, start)
    address = events["address"].astype(np.int64)
    assert_same(
        read_aedat(path),
        (times, columns, rows, polarities),
        [theirs[key] for key in "txyp"],
        (
            events["timeStamp"],
            address >> 17 & 0x7FFF,
            address >> 2 & 0x7FFF,
            address >> 1 & 1,
        ),
    )


def test_nmnist_is_read_as_tonic_reads_it(tmp_path):
    tonic = pytest.importorskip("tonic.io", reason=PEER)
    times, columns, rows, polarities = drawn_events()
    columns, rows = columns % 34, rows % 34
    high = polarities << 7 | times >> 16
    content = np.stack([columns, rows, high, times >> 8 & 255, times & 255], axis=1)
    path = tmp_path / "made.bin"
    path.write_bytes(content.astype(np.uint8).tobytes())
    dtype = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
    theirs = tonic.read_mnist_file(str(path), dtype)
    assert_same(
        read_nmnist(path),
        (times, columns, rows, polarities),
        [theirs[key] for key in "txyp"],
    )
