"""The command `cluster`."""

import json
from pathlib import Path

import numpy as np
import pytest

from neuroclass import (
    load_recording,
)
from neuroclass.estimators import ESTIMATORS

N_NEURONS = 9


def test_cluster_writes_the_result_folder_named_after_the_recording(
    run, retina, labels_in
):
    status, out, _ = run("cluster", retina, "--n-clusters", "3", "--bin-size", "20ms")
    assert status == 0
    folder = Path("retina_classes")
    names = {path.name for path in folder.iterdir()}
    assert {"labels.csv", "result.json", "report.html", "figures"} <= names
    assert len(labels_in(folder)) == N_NEURONS
    assert str(folder / "report.html") in out
    assert max(map(len, out.splitlines())) <= 80


def test_cluster_as_json_prints_the_result(run, retina):
    arguments = ("--n-clusters", "3", "--bin-size", "20ms", "--json", "-q")
    status, out, err = run("cluster", retina, *arguments)
    assert (status, err) == (0, "")
    result = json.loads((Path("retina_classes") / "result.json").read_text())
    assert json.loads(out) == result


def test_what_the_classes_respond_to_is_printed_when_the_light_is_known(run, retina):
    arguments = ("--n-clusters", "3", "--bin-size", "20ms", "--light-on", "1s-2s")
    status, out, _ = run("cluster", retina, *arguments)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    first = out[out.index("responses  ") :].split("\n\n")[0]
    assert "0: " in first
    assert "reliability" in first
    assert Path("retina_classes/descriptions.csv").is_file()
    for option, message in (
        (("--light-on", "1s-9s"), "inside the stimulus"),
        (("--stimulus-file", "none.csv"), "--stimulus-file must be a file"),
    ):
        status, out, err = run("cluster", retina, "-o", "other", *option)
        assert (status, out) == (2, "")
        assert message in err.splitlines()[-1]
        assert not Path("other").exists()


def test_what_to_record_next_is_printed_when_asked_for(run, retina):
    arguments = ("--bin-size", "20ms", "--recommend", "--no-figures")
    status, out, _ = run("cluster", retina, *arguments)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "next  " in out
    assert "pairs separated" in out
    status, out, err = run(
        "cluster", retina, "--criterion", "word", "--recommend", "-o", "other"
    )
    assert (status, out) == (2, "")
    assert "recommend must be of the criterion" in err.splitlines()[-1]


def test_what_was_counted_is_kept_and_the_result_is_the_same(run, retina):
    for command in (("cluster", retina, "-o", "again"), ("information", retina)):
        status, _, _ = run(*command, "--bin-size", "20ms", "--cache", "counted")
        assert status == 0
    # One block of units: counted by the first command, found by the second.
    assert len(list(Path("counted").iterdir())) == 1
    status, *_ = run("cluster", retina, "-o", "plain", "--bin-size", "20ms")
    assert status == 0
    assert (
        Path("again/labels.csv").read_bytes() == Path("plain/labels.csv").read_bytes()
    )


def test_the_reference_column_is_compared_and_not_used(run, retina):
    arguments = ("--n-clusters", "3", "--bin-size", "20ms", "--reference", "true_type")
    status, out, _ = run("cluster", retina, *arguments)
    assert status == 0
    text = " ".join(out.split())
    assert "adjusted mutual information 1" in text
    assert "units column true_type" in text


def test_agreement_of_one_class_is_undefined(run, retina):
    arguments = ("--n-clusters", "1", "--bin-size", "20ms", "--reference", "true_type")
    _, out, _ = run("cluster", retina, *arguments)
    assert "with units column true_type: undefined for one class" in " ".join(
        out.split()
    )


def test_a_result_folder_can_be_the_reference(run, retina, clustered):
    arguments = ("--n-clusters", "3", "--bin-size", "20ms", "--reference", clustered)
    status, out, _ = run("cluster", retina, *arguments)
    assert status == 0
    assert "adjusted mutual information 1" in " ".join(out.split())


def test_the_same_random_state_gives_the_same_result_on_two_processes(
    run, retina, clustered, labels_in
):
    arguments = ("--n-clusters", "3", "--bin-size", "20ms", "--jobs", "2", "-o", "two")
    assert run("cluster", retina, *arguments)[0] == 0
    assert labels_in(Path("two")) == labels_in(clustered)


def test_cluster_a_table_with_triggers_in_milliseconds(
    run, retina, tmp_path, labels_in
):
    recording = load_recording(retina)
    lines = ["unit,time"]
    for train in recording.segments[0].spiketrains:
        unit = train.annotations["unit_id"]
        lines += [f"{unit},{time:.3f}" for time in train.rescale("ms").magnitude]
    (tmp_path / "spikes.csv").write_text("\n".join(lines))
    (trials,) = recording.segments[0].epochs
    is_repeat = trials.array_annotations["stimulus"] == "repeat"
    np.savetxt(tmp_path / "triggers.txt", trials.times[is_repeat].rescale("ms"))
    arguments = ("--triggers", "triggers.txt", "--trial-duration", "3s")
    arguments += ("--time-unit", "ms", "--bin-size", "20ms", "--n-clusters", "3")
    assert run("cluster", "spikes.csv", *arguments)[0] == 0
    assert run("cluster", retina, "--bin-size", "20ms", "--n-clusters", "3")[0] == 0
    assert labels_in(Path("spikes_classes")) == labels_in(Path("retina_classes"))


def test_little_memory_takes_the_sequential_method(run, retina):
    argv = ("cluster", retina, "--bin-size", "20ms", "--memory", "1kB", "--json", "-q")
    status, out, _ = run(*argv)
    settings = json.loads(out)["settings"]
    assert status == 0
    assert "memory" not in settings  # of the computation, not of the result
    assert settings["method"]["value"] == "sequential"
    assert settings["method"]["why"].endswith("does not fit into 1e-06 GB")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_can_be_asked_for(run, retina, estimator):
    arguments = ("--estimator", estimator, "--bin-size", "20ms", "--n-clusters", "3")
    assert run("cluster", retina, *arguments)[0] == 0
