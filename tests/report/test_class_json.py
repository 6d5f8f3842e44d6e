"""result.json of `cluster`."""

import dataclasses
import hashlib
import json
import math

import numpy as np
from numpy.testing import assert_allclose

from neuroclass.report import (
    write_result_json,
)


def test_the_result_is_strict_json_without_nan(saved):
    def refuse(constant):
        raise AssertionError(constant)

    text = (saved / "result.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=refuse)


def test_the_result_holds_the_tree_the_curve_and_the_settings_exactly(
    result, classification
):
    tree, curve = result["merge_tree"], result["information_curve"]
    assert tree["children"] == classification.tree.children.tolist()
    assert tree["losses"] == classification.tree.distances.tolist()
    assert tree["leaf_order"] == classification.tree.leaf_order.tolist()
    assert tree["unit_ids"] == list(classification.unit_ids[:16])
    assert curve["unit"] == "bits/word"
    assert curve["information"] == classification.curve.information.tolist()
    assert curve["interval"] == classification.curve.interval.tolist()
    assert result["settings"]["units"] == {"quality": ["good"]}
    assert result["settings"]["random_state"] == 0
    assert result["command"] == "neuroclass cluster x.nwb"
    z = classification.selection.node_z
    tested = np.flatnonzero(~np.isnan(z))
    splits = result["selection"]["splits"]
    assert [one["merge"] for one in splits] == tested[::-1].tolist()
    assert splits[0]["is_real"]
    assert splits[0]["label"] is None  # joins classes
    assert sum(splits[0]["n_leaves"]) == 16


def test_the_information_is_one_number_in_three_units(result, classification):
    information = result["information"]
    rate = classification.units.firing_rate[classification.classified].mean()
    for unit, scale in (("second", 1 / 0.02), ("spike", 1 / 0.02 / rate)):
        assert_allclose(
            [
                information[f"bits_per_{unit}"],
                *information[f"bits_per_{unit}_interval"],
            ],
            np.multiply(
                [information["bits_per_word"], *information["interval"]], scale
            ),
        )
    assert information["maximum"] == 4  # log2 of 16 neurons


def test_the_class_information_is_corrected_and_has_intervals(result):
    of_classes = result["information"]["class_information"]
    curve = result["information_curve"]["information"]
    low, high = of_classes["interval"]
    assert low < of_classes["bits_per_word"] < high
    assert_allclose(of_classes["bits_per_word"], curve[2], rtol=0.05)
    assert 0 < of_classes["chance_level"] < 0.2 * of_classes["bits_per_word"]
    # Corrected for few repeats, unlike the end of the curve.
    assert curve[2] / curve[-1] < of_classes["share"] <= 1
    low, high = of_classes["share_interval"]
    assert 0 <= low < of_classes["share"] <= high <= 1


def test_the_classes_are_those_of_the_labels(result, saved, read_labels):
    rows = read_labels(saved)
    for one in result["classes"]:
        members = [row for row in rows if row["label"] == str(one["label"])]
        assert one["unit_ids"] == [
            int(row["unit_id"]) if row["unit_id"].isdigit() else row["unit_id"]
            for row in members
        ]
        assert one["n_neurons"] == len(members)
        assert_allclose(
            one["firing_rate_hz"],
            np.mean([float(row["firing_rate_hz"]) for row in members]),
            rtol=1e-5,
        )


def test_the_input_is_named_with_its_checksum(classification, tmp_path):
    path = tmp_path / "recording.npz"
    path.write_bytes(b"spikes")
    classification.recording.file_origin = str(path)
    try:
        write_result_json(classification, tmp_path / "result.json")
    finally:
        classification.recording.file_origin = None
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert written["input"]["path"] == str(path)
    assert written["input"]["sha256"] == hashlib.sha256(b"spikes").hexdigest()
    assert written["command"] is None


def test_what_is_not_a_number_becomes_null_and_any_setting_can_be_written(
    classification, tmp_path
):
    odd = dataclasses.replace(
        classification,
        curve=dataclasses.replace(
            classification.curve, interval=np.full((16, 2), np.nan)
        ),
        settings={
            "bound": math.inf,
            "array": np.arange(3),
            "flag": np.bool_(True),
            "path": tmp_path,
            "tags": ("a", None),
        },
    )
    write_result_json(odd, tmp_path / "result.json")
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert written["information_curve"]["interval"][0] == [None, None]
    assert written["settings"] == {
        "bound": None,
        "array": [0, 1, 2],
        "flag": True,
        "path": str(tmp_path),
        "tags": ["a", None],
    }
