"""Units are selected by their columns."""

import neo
import pytest
import quantities as pq

from neuroclass.exceptions import RecordingError
from neuroclass.presentations import select_units


def make_recording(trains, **annotations):
    segment = neo.Segment()
    for k, times in enumerate(trains):
        train = neo.SpikeTrain(times * pq.s, t_stop=1 * pq.s)
        train.annotations["unit_id"] = k
        for name, values in annotations.items():
            if values[k] is not None:
                train.annotations[name] = values[k]
        segment.spiketrains.append(train)
    block = neo.Block()
    block.segments.append(segment)
    return block


def test_units_are_selected_by_their_columns():
    recording = make_recording(
        [[], [], []], quality=["good", "mua", "good"], depth=[1, 2.0, None]
    )
    assert select_units(recording, None) == [0, 1, 2]
    assert select_units(recording, {"quality": ["good"]}) == [0, 2]
    assert select_units(recording, {"quality": ["good", "mua"], "depth": ["2"]}) == [1]
    with pytest.raises(RecordingError, match="column shape must be one of depth"):
        select_units(recording, {"shape": ["x"]})
    with pytest.raises(RecordingError, match="must match at least one unit"):
        select_units(recording, {"quality": ["bad"]})
