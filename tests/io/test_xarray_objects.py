"""Arrays with named axes: their times, ids and stimuli."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroclass import load_recording

xarray = pytest.importorskip("xarray")

RASTER = np.zeros((4, 3, 50), dtype=int)  # presentations, neurons, bins of 1 ms
RASTER[:, 0, 4], RASTER[1::2, 1, 9], RASTER[:, 2, 20] = 1, 1, 2
DIMS = ("trial", "unit", "time")
TIME = np.arange(50) / 1000
FROM_ONSET = [4.5, 9.5, 20.25, 20.75]  # ms; two spikes divide their bin


def array(values=RASTER, dims=DIMS, **coordinates):
    return xarray.DataArray(values, dims=dims, coords={"time": TIME, **coordinates})


def segment_of(source, **options):
    return load_recording(source, **options).segments[0]


def times_of_the_last(segment):
    onset = segment.epochs[0].times.magnitude[3]
    times = np.concatenate([t.magnitude for t in segment.spiketrains]) - onset
    return 1000 * times[times > 0]


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (array(), {}),
        (array(time=("time", 1000 * TIME, {"units": "ms"})), {}),
        (array(time=1000 * TIME), {"time_unit": "ms"}),
        (array(time=(1e9 * TIME).astype("timedelta64[ns]")), {}),
        (xarray.Dataset({"spikes": array(), "rate": ("unit", np.ones(3))}), {}),
        (
            xarray.DataArray(
                np.moveaxis(RASTER, 1, 2),
                dims=(
                    "stimulus_presentation_id",
                    "time_relative_to_stimulus_onset",
                    "unit_id",
                ),
                coords={"time_relative_to_stimulus_onset": TIME},
            ),
            {},
        ),
    ],
)
def test_times_count_from_the_onset_of_each_presentation(source, options):
    segment = segment_of(source, **options)
    assert_allclose(times_of_the_last(segment), FROM_ONSET)
    assert_allclose(segment.epochs[0].durations.magnitude, 0.05)


def test_a_coordinate_of_the_presentations_is_the_stimulus():
    stimuli = ["a", "b", "a", "b"]
    source = array(stimulus=("trial", stimuli), number=("trial", range(4)))
    epoch = segment_of(source).epochs[0]
    assert epoch.array_annotations["stimulus"].tolist() == stimuli
    only = array(contrast=("trial", [1, 2, 1, 2]))
    assert segment_of(only).epochs[0].array_annotations["stimulus"].tolist() == [
        *[1, 2],
        *[1, 2],
    ]
    with pytest.raises(ValueError, match="one coordinate that tells the stimulus"):
        segment_of(array(a=("trial", [1, 1, 2, 2]), b=("trial", [1, 2, 1, 2])))


def test_coordinates_of_the_units_are_ids_and_columns():
    source = array(unit=["x", "y", "z"], area=("unit", ["V1", "V1", "LP"]))
    trains = segment_of(source).spiketrains
    assert [t.annotations["unit_id"] for t in trains] == ["x", "y", "z"]
    assert [t.annotations["area"] for t in trains] == ["V1", "V1", "LP"]


def test_without_presentations_the_times_are_those_of_the_recording():
    source = array(RASTER[0], ("unit", "time"), time=100 + TIME)
    trains = segment_of(source, triggers=[100.0, 100.025]).spiketrains
    assert_allclose(trains[0].magnitude, [100.0045])


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (array().rename(unit="thing"), "name its axes time and neuron"),
        (array(RASTER[0], ("trial", "time")), "an axis time and an axis neuron"),
        (xarray.DataArray(RASTER, dims=DIMS), "coordinates of time along time"),
        (
            xarray.Dataset({"a": array(), "b": array()}),
            r"got a data set of a, b\. Give the array",
        ),
        (xarray.Dataset(), "a data set of none"),
    ],
)
def test_other_arrays_are_refused_in_words(wrong, match):
    with pytest.raises(ValueError, match=match):
        load_recording(wrong)
