"""Positions of units, and the mosaics of their classes."""

import numpy as np
import pytest

from neuroclass import classify_neurons, simulate_retina
from neuroclass.analysis.cell_positions import read_positions

COLUMNS = "x_um,y_um,radius_um"


@pytest.fixture(scope="module")
def retina():
    """Return a recording of four types with positions."""
    return simulate_retina(
        4,
        120,
        n_presentations=20,
        duration="6s",
        n_unique=0,
        positions=True,
        random_state=0,
    )


@pytest.fixture(scope="module")
def placed(retina):
    return classify_neurons(
        retina, bin_size=0.02, n_clusters=4, positions=COLUMNS, min_confidence=0.9
    )


def test_classes_of_a_retina_are_mosaics(placed):
    found = placed.mosaics
    assert [one.verdict for one in found.classes] == ["mosaic"] * 4
    assert found.sentences()[0].startswith("Classes 0, 1, 2, 3 are mosaics: their")
    assert found.source == f"units columns {', '.join(COLUMNS.split(','))}"
    assert not found.is_of_electrodes
    assert all(0.7 < one.coverage < 1.4 for one in found.classes)
    table = placed.to_frame()
    assert np.array_equal(table[["x_um", "y_um"]], found.positions)


def test_units_below_the_bound_are_unassigned(placed):
    units = placed.units
    below = (units.labels >= 0) & (units.confidence < 0.9)
    assert below.sum() > 3  # those that fire at random
    assert np.array_equal(units.is_unassigned, below)
    assert np.array_equal(placed.assigned_labels < 0, (units.labels < 0) | below)
    table = placed.to_frame()
    assert table["label"].isna()[below].all()
    assert table["reason"][below].str.endswith("unassigned: confidence below 0.9").all()
    assert not table["reason"][~below].str.contains("unassigned").any()
    n_judged = (units.takes_part & ~below).sum()
    assert sum(one.n_cells for one in placed.mosaics.classes) == n_judged


def test_a_file_gives_the_same_positions_in_any_order(retina, tmp_path):
    expected = read_positions(COLUMNS, retina)
    path = tmp_path / "cells.csv"
    rows = [
        f"{k}, {x!r},{y!r}"
        for k, (x, y) in reversed(list(enumerate(expected.positions.tolist())))
    ]
    path.write_text("\ufeffunit_id, x,y\n" + "\n".join(rows), encoding="utf-8")
    found = read_positions(path, retina)
    assert np.array_equal(found.positions, expected.positions)
    assert found.radii is None
    assert found.source == str(path)


def test_units_without_position_keep_their_label_and_are_named(retina, tmp_path):
    path = tmp_path / "cells.csv"
    cells = read_positions(COLUMNS, retina).positions[:100]
    rows = [f"{k},{x},{y}" for k, (x, y) in enumerate(cells)]
    rows[3] = "3,,12"
    path.write_text("unit,x_um,y_um\n" + "\n".join(rows))
    found = classify_neurons(retina, bin_size=0.02, n_clusters=4, positions=path)
    assert found.labels[3] >= 0
    issue = next(one for one in found.issues if one.kind == "positions")
    assert 3 in issue.units
    assert all(unit >= 100 or unit == 3 for unit in issue.units)
    assert "keep their label: 3, 100, 1" in issue.text
    assert not np.isfinite(found.mosaics.positions[[3, 110]]).any()


def test_positions_of_electrodes_are_named_as_such(retina):
    block = retina  # annotations of its own cells, at the nearest of a grid
    for train in block.segments[0].spiketrains:
        for name in ("x", "y"):
            place = 60 * round(train.annotations[f"{name}_um"] / 60)
            train.annotations[f"electrode_{name}"] = place
    found = classify_neurons(
        block, bin_size=0.02, n_clusters=4, positions="electrode_x,electrode_y"
    )
    assert found.mosaics.is_of_electrodes
    assert found.mosaics.sentences()[-1].startswith("positions are those of electrodes")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "unit_id,x\n1,2\n",
            "must have the columns unit_id, x and y .* has unit_id, x",
        ),
        ("", "must have the columns unit_id, x and y .* has none"),
        ("unit_id,x,y\n1,2,3\n1,4,5\n", "one row for each unit; .* several for 1"),
        ("unit_id,x,y\n1,2,left\n", "must be numbers, in micrometres; .* 'left'"),
        ("unit_id,x,y\nA,2,3\n", "3 units or more; .* has 0 positions for 120 units"),
    ],
)
def test_files_that_hold_no_positions_are_refused(text, message, retina, tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_positions(path, retina)


def test_names_that_are_nothing_are_refused(retina, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"csv file .* got 'x_um,z_um'"):
        read_positions("x_um,z_um", retina)
    with pytest.raises(ValueError, match=r"numbers, .* columns true_type, x_um"):
        read_positions("true_type,x_um", retina)
    binary = tmp_path / "cells.csv"
    binary.write_bytes(b"\xff\xfe\x00x")
    with pytest.raises(ValueError, match="cannot be read as one"):
        read_positions(binary, retina)


@pytest.mark.filterwarnings("ignore:.* changes its rate")
def test_settings_that_cannot_be_are_refused(retina):
    with pytest.raises(ValueError, match=r"min_confidence must be from 0 to 1; got 2"):
        classify_neurons(retina, min_confidence=2)
    with pytest.raises(ValueError, match="min_confidence must be of the criterion"):
        classify_neurons(retina, min_confidence=0.5, criterion="word")
    light = {"n_presentations": 10, "duration": "2s", "n_unique": 0}
    several = [
        simulate_retina(1, 6, random_state=k, stimulus_random_state=1, **light)
        for k in (0, 1)
    ]
    with pytest.raises(ValueError, match=r"positions must be of one recording"):
        classify_neurons(several, positions="gain,gain")
