"""Interval tables are described with their rows, columns and repeats."""

import neo
import numpy as np
import pytest

from neuroclass.exceptions import RecordingError
from neuroclass.presentations import describe_intervals


def make_epoch(name="trials", n_rows=6, /, duration=1.0, **columns):
    return neo.Epoch(
        times=2.0 * np.arange(n_rows),
        durations=np.broadcast_to(duration, (n_rows,)).astype(float),
        labels=np.arange(n_rows).astype(str),
        units="s",
        name=name,
        array_annotations={k: np.asarray(v) for k, v in columns.items()},
    )


def make_recording(*epochs):
    block = neo.Block()
    segment = neo.Segment()
    block.segments.append(segment)
    segment.epochs.extend(epochs)
    return block


def test_a_table_is_described_with_the_repeats_of_each_column():
    (table,) = describe_intervals(
        make_recording(
            make_epoch(
                duration=[1.0, 1.0, 1.0, 1.0, 1.0, 3.0],
                stimulus=["b", "a", "b", "b", "c", "a"],
                trial=np.arange(6),
                contrast=np.full(6, 0.5),
            )
        )
    )
    assert (table.name, table.n_rows, table.durations) == ("trials", 6, (1, 1, 3))
    stimulus, trial, contrast = table.columns
    assert (stimulus.n_values, stimulus.repeats) == (3, 3)
    assert stimulus.values == ("b", "a", "c")
    assert (trial.n_values, trial.repeats, len(trial.values)) == (6, 1, 5)
    assert (contrast.n_values, contrast.repeats) == (1, 6)
    assert str(table) == (
        "trials: 6 rows of 1 to 3 s, stimulus (3 values, up to 3 repeats), "
        "trial (6 values, none repeated), contrast (always 0.5)"
    )


def test_tables_without_rows_or_columns_are_described_too():
    empty = neo.Epoch(times=[], durations=[], labels=[], units="s", name="epochs")
    nothing_in_it = make_epoch("trials", 1, note=[""])
    tables = describe_intervals(make_recording(empty, nothing_in_it))
    assert [str(table) for table in tables] == [
        "epochs: 0 rows of 0 s, no column",
        "trials: 1 row of 1 s, note (empty)",
    ]


def test_a_block_without_a_segment_is_refused():
    with pytest.raises(RecordingError, match="recording must hold a segment"):
        describe_intervals(neo.Block())
