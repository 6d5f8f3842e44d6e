"""Tasks in other processes, and on a cluster that loses a worker."""

import json
import os
import signal
import sys
import time

import distributed
import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroclass import AgglomerativeBottleneck, classify_neurons, cli, simulate_retina
from neuroclass._lib.parallel import run_tasks, runs_of_work
from neuroclass.cli import cluster as command
from neuroclass.io import write_recording
from neuroclass.presentations.selection import select_presentations
from neuroclass.responses.counts import count_words
from neuroclass.responses.words import bin_words


@pytest.fixture(scope="module")
def cluster():
    """Two workers, each a process of its own, and their scheduler on loopback."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster


@pytest.fixture
def on_dask(cluster):
    with distributed.Client(cluster) as client, joblib.parallel_config("dask"):
        yield client


def test_tasks_come_back_in_their_order():
    tasks = [(k, 2) for k in range(6)]
    assert list(run_tasks(pow, tasks)) == [0, 1, 4, 9, 16, 25]
    assert list(run_tasks(pow, tasks, n_jobs=2)) == [0, 1, 4, 9, 16, 25]


def test_a_worker_that_is_killed_costs_time_and_nothing_else(on_dask, tmp_path):
    is_killed = tmp_path / "killed"

    def total(numbers, k):  # sent as it stands: the worker cannot import this file
        time.sleep(0.02)
        if k == 5 and not is_killed.exists():
            is_killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return float(numbers.sum())

    arrays = [np.full(5000, float(k)) for k in range(12)]
    found = list(run_tasks(total, ((a, k) for k, a in enumerate(arrays))))
    assert is_killed.exists()
    assert_array_equal(found, 5000.0 * np.arange(12))


class DiesOnce(distributed.WorkerPlugin):
    """Kill the first worker that begins a task."""

    def __init__(self, is_killed):
        self.is_killed = is_killed

    def transition(self, key, start, finish, **kwargs):
        if finish == "executing" and not self.is_killed.exists():
            self.is_killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def retina():
    return simulate_retina(
        3,
        24,
        15,
        "4s",
        n_unique=0,
        stimulus_random_state=1,
        random_state=0,
        rate_spread=0,
        sparse_share=0,
    )


@pytest.mark.parametrize("n_killed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_classes_found_on_a_cluster_are_those_found_here(
    on_dask, retina, tmp_path, n_killed
):
    counts = count_words(bin_words(retina, select_presentations(retina), 0.02))
    is_killed = tmp_path / "killed"
    if n_killed:
        on_dask.register_plugin(DiesOnce(is_killed))
    found = AgglomerativeBottleneck(n_jobs=-1).fit(counts)
    assert is_killed.exists() == n_killed
    with joblib.parallel_config("sequential"):
        expected = AgglomerativeBottleneck().fit(counts)
    assert_array_equal(found.labels_, expected.labels_)
    assert_array_equal(found.children_, expected.children_)
    assert_array_equal(found.distances_, expected.distances_)
    assert_array_equal(found.selection_.node_z, expected.selection_.node_z)


def test_the_command_line_hands_its_work_to_a_cluster(cluster, retina, tmp_path):
    write_recording(retina, tmp_path / "r.nwb")
    folder = tmp_path / "out"
    arguments = ["cluster", str(tmp_path / "r.nwb"), "--bin-size", "20ms", "-q"]
    arguments += ["--n-clusters", "3", "-o", str(folder)]
    with distributed.Client(cluster) as client:
        # One worker was killed before; with a single one joblib works here instead.
        client.wait_for_workers(2)
    seen = cluster.scheduler.transition_counter
    assert cli.main([*arguments, "--dask", cluster.scheduler_address]) == 0
    assert cluster.scheduler.transition_counter > seen
    expected = classify_neurons(retina, n_clusters=3, bin_size=0.02, progress=False)
    found = json.loads((folder / "result.json").read_text())
    assert found["merge_tree"]["children"] == expected.tree.children.tolist()


def test_pairs_found_on_a_cluster_are_those_found_here(cluster, retina, tmp_path):
    write_recording(retina, tmp_path / "r.nwb")
    found = []
    for name, extra in (("here", []), ("there", ["--dask", cluster.scheduler_address])):
        folder = tmp_path / name
        arguments = ["--bin-size", "20ms", "-q", "--no-figures", "-o", str(folder)]
        command_line = ["discriminate", str(tmp_path / "r.nwb"), *arguments, *extra]
        assert cli.main(command_line) == 0
        found.append((folder / "pairs.csv").read_bytes())
    assert found[0] == found[1]


def test_runs_of_work_end_between_blocks_and_are_few():
    assert runs_of_work(10, 1, step=3, least=1) == [slice(0, 12)]  # one process
    assert runs_of_work(10, 2, step=3, least=6) == [slice(0, 12)]  # too little work
    runs = runs_of_work(100, 2, step=3, least=6)
    assert runs == [slice(k, k + 15) for k in range(0, 100, 15)]
    assert runs_of_work(0, 2, step=3, least=1) == []


def test_a_scheduler_without_workers_is_refused():
    with (
        distributed.LocalCluster(
            n_workers=0, host="127.0.0.1", dashboard_address=":0"
        ) as empty,
        pytest.raises(ValueError, match="address of a scheduler that has workers"),
        command.on_dask(empty.scheduler_address, timeout=0.5),
    ):
        pass


def test_a_scheduler_that_does_not_answer_is_refused(
    retina, tmp_path, monkeypatch, capsys
):
    with (
        pytest.raises(ValueError, match="address of a dask scheduler that runs"),
        command.on_dask("tcp://127.0.0.1:9", timeout=0.5),
    ):
        pass
    write_recording(retina, tmp_path / "r.nwb")
    arguments = ["cluster", str(tmp_path / "r.nwb"), "-o", str(tmp_path / "out")]
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main([*arguments, "--dask", "tcp://127.0.0.1:9"]) == 1
    message = capsys.readouterr().err
    assert "--dask needs dask: pip install neuroclass[distributed]" in message
    assert not (tmp_path / "out").exists()
