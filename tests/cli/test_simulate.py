"""The command `simulate`."""

import numpy as np

from neuroclass import load_recording, simulate_retina


def test_simulate_writes_the_types_asked_for(run):
    arguments = ("--types", "2", "--neurons", "6", "--repeats", "3", "--duration", "1s")
    status, out, _ = run("simulate", "r.nwb", *arguments)
    assert status == 0
    trains = load_recording("r.nwb").segments[0].spiketrains
    types = {train.annotations["true_type"] for train in trains}
    assert (len(trains), len(types)) == (6, 2)
    assert all(name in out for name in types)
    assert sum(bool(train.annotations["is_sparse"]) for train in trains) == 1
    assert "sparse" in out


def test_simulate_takes_the_variability_of_real_cells(run):
    small = ("--types", "2", "--neurons", "6", "--repeats", "3", "--duration", "1s")
    noise = ("--rate-spread", "0.5", "--sparse-share", "0", "--bursts", "1")
    gains = ("--gain-noise", "0.2", "--shared-gain-noise", "0.3")
    assert run("simulate", "r.nwb", *small, *noise, *gains)[0] == 0
    options = {"rate_spread": 0.5, "sparse_share": 0, "bursts": 1}
    expected = simulate_retina(
        2, 6, 3, 1.0, random_state=0, gain_noise=0.2, shared_gain_noise=0.3, **options
    )
    for found, train in zip(
        load_recording("r.nwb").segments[0].spiketrains,
        expected.segments[0].spiketrains,
        strict=True,
    ):
        np.testing.assert_allclose(found.magnitude, train.magnitude)


def test_simulate_replaces_a_file_only_when_forced(run, fails, tmp_path):
    (tmp_path / "r.nwb").write_text("precious")
    small = ("--types", "1", "--neurons", "2", "--repeats", "2", "--duration", "1s")
    status, line = fails("simulate", "r.nwb", *small)
    assert status == 2
    assert "r.nwb must not exist yet" in line
    assert run("simulate", "r.nwb", *small, "--force", "--json")[0] == 0
    assert len(load_recording("r.nwb").segments[0].spiketrains) == 2


def test_simulate_writes_the_salamander_cells(run):
    arguments = ("--salamander", "--repeats", "3", "--duration", "1s")
    status, out, _ = run("simulate", "r.nwb", *arguments)
    assert status == 0
    assert "slow OFF" in out
    trains = load_recording("r.nwb").segments[0].spiketrains
    assert len(trains) == 21
    assert len({train.annotations["true_subtype"] for train in trains}) == 7


def test_options_of_another_population_are_refused_with_salamander(fails, tmp_path):
    for option, value in (("--types", "3"), ("--rate-spread", "0.2")):
        status, line = fails("simulate", "r.nwb", "--salamander", option, value)
        assert status == 2
        assert f"{option} has no meaning with --salamander; got {value}." in line
    assert not (tmp_path / "r.nwb").exists()
