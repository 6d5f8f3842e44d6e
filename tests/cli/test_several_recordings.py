"""Commands on several recordings."""

import json
from pathlib import Path

import numpy as np

from neuroclass import (
    load_recording,
)

ROOT = Path(__file__).parents[2]


N_NEURONS = 9


def test_recordings_are_pooled_and_each_is_labelled(run, retinas, labels_in):
    arguments = ("--bin-size", "20ms", "--reference", "true_type", "--n-clusters", "3")
    status, out, err = run("cluster", *retinas, *arguments, "--save-nwb", "labelled")
    assert status == 0
    assert "neurons of 2 recordings are pooled" in err
    text = " ".join(out.split())
    assert "18 units: adjusted mutual information 1" in text
    assert "recordings pooled: adjusted mutual information of classes and" in text
    labels = labels_in(Path("a_and_1_more_classes"))
    assert [*labels][:2] == ["a:0", "a:1"]
    trains = load_recording("labelled/b.nwb").segments[0].spiketrains
    written = [str(train.annotations["neuroclass_label"]) for train in trains]
    assert written == [labels[f"b:{unit}"] for unit in range(N_NEURONS)]
    result = json.loads(Path("a_and_1_more_classes/result.json").read_text())
    assert [one["n_units"] for one in result["input"]["recordings"]] == [9, 9]
    assert len(result["input"]["recordings"][0]["sha256"]) == 64
    page = Path("a_and_1_more_classes/report.html").read_text(encoding="utf-8")
    assert "Classes and recordings" in page


def test_recordings_are_classified_separately_and_matched(run, retinas, tmp_path):
    copies = [tmp_path / path.name for path in retinas]
    for path, copy in zip(retinas, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    arguments = ("--within", "--bin-size", "20ms", "--n-clusters", "3", "--in-place")
    status, out, _ = run("cluster", *copies, *arguments, "-o", "within")
    assert status == 0
    assert "families 3" in " ".join(out.split())
    assert max(map(len, out.splitlines()[:-2])) <= 80
    assert Path("within/b/report.html").is_file()
    trains = load_recording("b.nwb").segments[0].spiketrains
    family = {t.annotations["true_type"]: set() for t in trains}
    for path in copies:
        for train in load_recording(path).segments[0].spiketrains:
            family[train.annotations["true_type"]].add(
                int(train.annotations["neuroclass_family"])
            )
    assert sorted(family.values(), key=min) == [{0}, {1}, {2}]


def test_tables_are_pooled_each_with_its_own_triggers(run, tmp_path):
    """The same cells, on two clocks: every class holds as many of either table."""
    rng = np.random.default_rng(5)
    rate = np.where(np.arange(6) < 3, 0.9, 0.1)[:, None] * np.ones(20)
    rate[:, ::2] = 1 - rate[:, ::2]
    for name, begin in (("early", 0.0), ("late", 100.0)):
        starts = begin + np.arange(15) * 2.0
        rows = ["unit,time"]
        for unit, p in enumerate(rate):
            is_on = rng.random((15, 20)) < p
            spikes = (starts[:, None] + 0.05 + 0.1 * np.arange(20))[is_on]
            rows += [f"{unit},{t:.3f}" for t in spikes]
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
        (tmp_path / f"{name}.txt").write_text("\n".join(f"{t:.1f}" for t in starts))
    argv = ("cluster", "early.csv", "late.csv", "--triggers", "early.txt")
    argv += ("--triggers", "late.txt", "--trial-duration", "2s", "--bin-size", "100ms")
    argv += ("--n-clusters", "2")
    status, out, err = run(*argv, "--json", "-q")
    assert status == 0
    assert "taken on trust" in err  # no table says what was shown
    found = json.loads(out)
    assert found["presentations"]["n_presentations"] == 15
    assert sorted(len(c["unit_ids"]) for c in found["classes"]) == [6, 6]
    for one in found["classes"]:
        names = [unit.partition(":")[0] for unit in one["unit_ids"]]
        assert names.count("early") == names.count("late") == 3


def test_recordings_that_share_nothing_end_with_1(fails):
    paths = [ROOT / "data" / f"salamander_movie{k}.nwb" for k in (1, 2)]
    status, line = fails("cluster", *paths)
    assert status == 1
    assert "recordings must have a stimulus in common" in line
    status, line = fails("cluster", paths[0], paths[0])
    assert status == 2
    assert "is given twice" in line


def test_recordings_of_one_name_cannot_be_saved_in_one_folder(fails, retinas, tmp_path):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "a.nwb"
    other.write_bytes(retinas[0].read_bytes())
    status, line = fails("cluster", retinas[0], other, "--save-nwb", "labelled")
    assert status == 2
    assert "--save-nwb must find recordings of different names" in line


def test_neurons_of_several_recordings_are_discriminated(run, retinas):
    arguments = (*retinas, "--bin-size", "20ms", "--pairs", "a:0:b:0,b:1:b:2", "-q")
    status, out, err = run("discriminate", *arguments, "--json")
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert [(d["unit_a"], d["unit_b"]) for d in result["decoder"]] == [
        ("a:0", "b:0"),
        ("b:1", "b:2"),
    ]
    assert len(result["input"]["recordings"]) == 2
    assert Path("a_and_1_more_pairs/pairs.csv").exists()
    # Names that are too long for a table of 80 columns stand below it.
    for path in retinas:
        Path(f"retina_of_the_preparation_{path.name}").write_bytes(path.read_bytes())
    long = sorted(str(path) for path in Path().glob("retina_of_*.nwb"))
    status, out, _ = run("discriminate", *long, "--bin-size", "20ms", "-q")
    assert status == 0
    assert "pair 1            retina_of_the_preparation_" in out
    table = out[out.index("pair") : out.index("pair 1 ")]
    assert max(map(len, table.splitlines())) <= 80
