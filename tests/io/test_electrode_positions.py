"""Positions of the electrodes of units, from NWB files."""

from datetime import UTC, datetime

import numpy as np
import pynwb
import pytest

from neuroclass import load_recording
from neuroclass.analysis.cell_positions import read_positions


def write_file(path, *, electrodes=True, same=False, rel=True):
    """Write four units: on electrode 0; on 1 and 2; on 3; on none."""
    file = pynwb.NWBFile("electrodes", "id", datetime(2026, 1, 1, tzinfo=UTC))
    if electrodes:
        device = file.create_device(name="array")
        group = file.create_electrode_group("group", "of all", "retina", device)
        for k in range(4):
            place = {"rel_x": 30.0 * k * (not same), "rel_y": 7.0} if rel else {}
            file.add_electrode(
                x=1000.0 + k, y=2000.0, z=0.0, location="retina", group=group, **place
            )
    for unit, of_unit in enumerate([[0], [1, 2], [3], []]):
        region = {"electrodes": of_unit} if electrodes else {}
        file.add_unit(spike_times=[0.1 + unit, 5.2], **region)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)


def columns_of(path):
    trains = load_recording(path).segments[0].spiketrains
    return [
        [train.annotations.get(f"electrode_{axis}_um") for axis in "xy"]
        for train in trains
    ]


def test_units_have_the_mean_position_of_their_electrodes_on_the_probe(tmp_path):
    write_file(tmp_path / "a.nwb")
    expected = [[0, 7], [45, 7], [90, 7], [np.nan, np.nan]]
    assert np.array_equal(columns_of(tmp_path / "a.nwb"), expected, equal_nan=True)
    found = read_positions(
        "electrode_x_um,electrode_y_um", load_recording(tmp_path / "a.nwb")
    )
    assert found.is_of_electrodes
    assert np.array_equal(found.positions, expected, equal_nan=True)


def test_without_positions_on_the_probe_those_in_the_tissue_are_taken(tmp_path):
    write_file(tmp_path / "a.nwb", rel=False)
    assert columns_of(tmp_path / "a.nwb")[:2] == [[1000, 2000], [1001.5, 2000]]


@pytest.mark.parametrize("options", [{"electrodes": False}, {"same": True}])
def test_files_that_do_not_say_have_no_such_columns(options, tmp_path):
    write_file(tmp_path / "a.nwb", **options)
    assert columns_of(tmp_path / "a.nwb") == [[None, None]] * 4
