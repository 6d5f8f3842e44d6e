"""The command `simulate`."""

from neuroclass import (
    load_recording,
)


def test_simulate_writes_the_types_asked_for(run):
    arguments = ("--types", "2", "--neurons", "6", "--repeats", "3", "--duration", "1s")
    status, out, _ = run("simulate", "r.nwb", *arguments)
    assert status == 0
    trains = load_recording("r.nwb").segments[0].spiketrains
    types = {train.annotations["true_type"] for train in trains}
    assert (len(trains), len(types)) == (6, 2)
    assert all(name in out for name in types)


def test_simulate_replaces_a_file_only_when_forced(run, fails, tmp_path):
    (tmp_path / "r.nwb").write_text("precious")
    small = ("--types", "1", "--neurons", "2", "--repeats", "2", "--duration", "1s")
    status, line = fails("simulate", "r.nwb", *small)
    assert status == 2
    assert "r.nwb must not exist yet" in line
    assert run("simulate", "r.nwb", *small, "--force", "--json")[0] == 0
    assert len(load_recording("r.nwb").segments[0].spiketrains) == 2
