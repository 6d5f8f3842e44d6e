"""Descriptions of classes: simulated types, known steps and angles, real cells."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from neuroclass import describe_classes, from_raster, simulate_retina

FOLDER = Path(os.environ.get("NEUROCLASS_RECORDINGS", "recordings")) / "mouse_rgc"


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(
        5, 20, 20, 4.0, n_unique=20, random_state=1, rate_spread=0.5, sparse_share=0
    )


def write_light(retina, path):
    signal = retina.segments[0].analogsignals[0]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "intensity"])
        rows.writerows(
            zip(
                signal.times.rescale("s").magnitude,
                np.ravel(signal.magnitude),
                strict=True,
            )
        )
    return path


def test_types_of_a_flicker_are_described_by_polarity_and_time(retina, tmp_path):
    described = describe_classes(
        retina,
        reference="true_type",
        stimulus_file=write_light(retina, tmp_path / "light.csv"),
        progress=False,
    )
    text = described.class_frame().set_index("class")["description"]
    for name in ("OFF fast", "OFF slow", "ON fast", "ON slow"):
        assert text[name].startswith(name.split()[0])
    time = described.class_frame().set_index("class")["sta_time_to_peak_seconds"]
    # 20 ms of delay beside the filters' 55, 110 and 47, 95 ms; frames of 17 ms.
    assert time["OFF fast"] == pytest.approx(0.075, abs=0.017)
    assert time["OFF slow"] == pytest.approx(0.130, abs=0.017)
    assert time["ON slow"] > time["ON fast"]
    units = described.to_frame()
    of_types = units["class"].str.split().str[0]
    found = units["sta_polarity"] != ""
    clear = found & of_types.isin(["ON", "OFF"])
    assert clear.sum() >= 12
    assert (units["sta_polarity"] == of_types)[clear].all()
    assert "matplotlib" not in repr(described)


def test_classes_are_those_that_are_found_unless_given(retina):
    described = describe_classes(retina, progress=False)
    assert described.classes_from == "found here"
    assert set(described.classes) == {str(k) for k in range(len(described.classes))}
    assert described.average is described.steps is described.selectivity is None
    assert (described.class_frame()["description"] == "").all()
    assert ((described.reliability > 0) & (described.reliability < 1)).all()
    assert described.autocorrelograms.shape == (20, 50)


def stepped(n_each=4):
    """ON transient and OFF sustained cells; the light is on from .5 to 1.5 s."""
    rng = np.random.default_rng(0)
    rate = np.full((2, 200), 0.02)
    rate[0, 55:60] = 0.9
    rate[1, 155:195] = 0.5
    spikes = rng.random((2 * n_each, 25, 200)) < np.repeat(rate, n_each, 0)[:, None]
    return from_raster(
        spikes,
        "10ms",
        axes="npt",
        unit_columns={"kind": ["a"] * n_each + ["b"] * n_each},
    )


def test_steps_are_described_in_the_words_of_the_field():
    described = describe_classes(
        stepped(), reference="kind", light_on=("500ms", "1.5s"), progress=False
    )
    on, off = described.class_frame()["description"]
    assert on.startswith("ON, transient, ")
    assert 45 <= int(on.split()[-2]) <= 105
    assert off.startswith("OFF, sustained, ")
    with pytest.raises(ValueError, match="inside the stimulus of 2 s"):
        describe_classes(stepped(), light_on=(0.5, 3.0), progress=False)


def test_stimuli_that_are_angles_give_selectivity():
    rng = np.random.default_rng(0)
    angles = np.tile(np.arange(0, 360, 45), 12)
    preferred = np.repeat([90, 270], 3)
    drive = 0.02 + 0.3 * (angles == preferred[:, None])
    spikes = rng.random((6, 96, 60)) < drive[:, :, None]
    recording = from_raster(
        spikes,
        "10ms",
        axes="npt",
        unit_columns={"kind": ["up"] * 3 + ["down"] * 3},
    )
    (epoch,) = recording.segments[0].epochs
    epoch.array_annotate(direction=angles)
    described = describe_classes(
        recording, reference="kind", stimulus="direction", progress=False
    )
    units = described.to_frame()
    assert units["preferred_direction"].round(-1).tolist() == preferred.tolist()
    assert (described.class_frame()["description"] == "direction-selective").all()


@pytest.mark.skipif(not FOLDER.exists(), reason="needs recordings beside the project")
def test_measured_cells_have_their_published_polarity():
    with (FOLDER / "step_on_off.csv").open(newline="") as file:
        published = {
            row["unit_id"]: float(row["index"]) for row in csv.DictReader(file)
        }
    with pytest.warns(UserWarning, match="change their rate"):
        described = describe_classes(
            FOLDER / "step_140_cells_9_repeats.nwb",
            min_repeats=9,
            light_on=(1.0, 6.1),
            progress=False,
        )
    index = np.array([published[str(unit)] for unit in described.unit_ids])
    found = described.steps.on_off_index
    known = np.isfinite(found)
    assert np.corrcoef(index[known], found[known])[0, 1] > 0.95
    clear = known & (np.abs(index) > 0.7)
    assert (np.sign(found) == np.sign(index))[clear].mean() > 0.95
