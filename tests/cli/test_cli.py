"""The command line: what is printed where, what is written, and how it ends."""

import csv
import inspect
import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from neuroclass import (
    classify_neurons,
    cli,
    discriminate_neurons,
    from_raster,
    load_recording,
)
from neuroclass._lib.running import RunSettings
from neuroclass.analysis import measure_information
from neuroclass.cli import build_parser
from neuroclass.cli.printing import print_families, print_result
from neuroclass.estimators import ESTIMATORS
from neuroclass.information.identity import IDENTITY_ESTIMATORS
from neuroclass.io import write_recording
from neuroclass.presentations import CONDITIONS
from neuroclass.responses import ResponseSettings
from neuroclass.simulation.retina import simulate_retina

ROOT = Path(__file__).parents[2]
N_NEURONS = 9
N_TYPES = 3


@pytest.fixture(scope="module")
def retina(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "retina.nwb"
    recording = simulate_retina(
        n_types=N_TYPES,
        n_neurons=N_NEURONS,
        n_presentations=12,
        duration=3.0,
        n_unique=2,
        diversity=0.0,
        random_state=1,
    )
    write_recording(recording, path)
    return path


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run one command in an empty folder; return exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        status = cli.main([str(arg) for arg in argv])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def fails(run, tmp_path):
    """Run one command that must fail in one line; return the status and the line."""

    def fails(*argv):
        before = sorted(tmp_path.rglob("*"))
        status, out, err = run(*argv)
        lines = [line for line in err.splitlines() if "warning" not in line]
        assert out == ""
        assert len(lines) == 1
        assert lines[0].startswith("neuroclass: error: ")
        assert sorted(tmp_path.rglob("*")) == before
        return status, lines[0]

    return fails


def labels_in(folder):
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return {row["unit_id"]: row["label"] for row in csv.DictReader(file)}


# Every command


@pytest.mark.parametrize(
    "command",
    ["", "inspect", "cluster", "information", "discriminate", "simulate", "report"],
)
def test_help_fits_in_80_columns(run, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = run(*command.split(), "--help")
    assert status == 0
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80


def test_version_is_that_of_the_package(run):
    assert run("--version")[1] == "neuroclass 0.1.0\n"


def options_of(parser):
    for action in parser._actions:
        yield from (option for option in action.option_strings if option != "-h")
        for command in (action.choices or {}) if action.dest == "command" else ():
            yield from options_of(action.choices[command])


def test_the_page_on_the_command_line_names_every_option():
    page = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", page))
    assert set(options_of(build_parser())) - {"--help", "--version"} <= named


def choices_of(command, option):
    (commands,) = (a for a in build_parser()._actions if a.dest == "command")
    (action,) = (
        a for a in commands.choices[command]._actions if option in a.option_strings
    )
    return action.choices


@pytest.mark.parametrize(
    "command", ["inspect", "cluster", "information", "discriminate"]
)
def test_the_conditions_are_those_of_the_package(command):
    assert choices_of(command, "--condition") == CONDITIONS


def test_the_estimators_are_those_of_the_package():
    assert choices_of("cluster", "--estimator") == ESTIMATORS
    assert choices_of("information", "--estimator") == IDENTITY_ESTIMATORS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("classify", "x.nwb"), "invalid choice: 'classify'"),
        (("cluster",), "the following arguments are required: RECORDING"),
        (("cluster", "x.nwb", "--bin-size", "5"), "positive time, such as 5ms"),
        (("cluster", "x.nwb", "--n-clusters", "few"), "auto or an integer; got 'few'"),
        (("cluster", "x.nwb", "--units", "kind"), "COLUMN=VALUE,...; got 'kind'"),
        (("cluster", "x.nwb", "--condition", "place"), "invalid choice: 'place'"),
        (
            ("cluster", "x.nwb", "--random-state", "-1"),
            "from 0 to 4294967295; got '-1'",
        ),
        (("cluster", "x.nwb", "--random-state", "4294967296"), "from 0 to 4294967295"),
        (("cluster", "x.nwb", "--jobs", "0"), "an integer other than 0; got '0'"),
        (("cluster", "x.nwb", "--memory", "4"), "such as 4GB or 500MB; got '4'"),
        (("cluster", "x.nwb", "--memory", "0GB"), "a positive size with its unit"),
        (("cluster", "x.nwb", "--jobs", "two"), "an integer other than 0; got 'two'"),
        (("cluster", "x.nwb", "--estimator", "blend"), "invalid choice: 'blend'"),
        (("information", "x.nwb", "--estimator", "best"), "invalid choice: 'best'"),
        (("cluster", "x.nwb", "-v", "-q"), "not allowed with argument"),
        (
            ("cluster", "x.nwb", "--n-clusters", "3", "--max-information-loss", ".1"),
            "not allowed with argument",
        ),
        (("cluster", "x.nwb", "--save-nwb", "y.nwb", "--in-place"), "not allowed with"),
        (("cluster", "x.nwb", "--within"), "must be of two or more recordings"),
        (
            ("cluster", "x.nwb", "y.nwb", "--within", "--reference", "kind"),
            "--reference must not be given with --within",
        ),
        (
            ("cluster", "x.nwb", "y.nwb", "--triggers", "t.txt"),
            "--triggers must be given once for each recording, in their order; got 1",
        ),
        (("cluster", "x.nwb", "--scan"), "unrecognized arguments: --scan"),
        (("information", "x.nwb", "-o", "y.png"), "--output must come with --scan"),
        (
            ("information", "x.nwb", "--scan", "--word-length", "2"),
            "--word-length must be left out with --scan",
        ),
        (
            ("cluster", "x.nwb", "--cache", "kept/counts", "-o", "kept"),
            "--cache must not be in the result folder kept; got kept/counts",
        ),
        (("information", "x.nwb", "--cache", __file__), "--cache must be a folder"),
        (
            ("information", "x.nwb", "--scan", "-o", "y.pdf"),
            "--output must end in .png or .svg; got 'y.pdf'",
        ),
        (("simulate", "retina.mat"), "OUT.nwb must end in .nwb; got retina.mat"),
        (
            ("simulate", "x.nwb", "--types", "99", "--neurons", "99"),
            "n_types must be at most 9; got 99",
        ),
        (("simulate", "x.nwb", "--neurons", "1"), "of at least 2; got '1'"),
        (("simulate", "x.nwb", "--neurons", "5"), "number of types (6); got 5"),
        (
            ("simulate", "x.nwb", "--random-state", "-1"),
            "from 0 to 4294967295; got '-1'",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_ends_with_2(fails, arguments, said):
    status, line = fails(*arguments)
    assert status == 2
    assert said in line


def test_wrong_values_of_options_end_with_2(fails, retina):
    status, line = fails("inspect", retina, "--min-repeats", "1")
    assert (status, "min_repeats must be" in line) == (2, True)


@pytest.mark.parametrize("command", ["inspect", "cluster", "information"])
def test_a_recording_that_cannot_be_used_ends_with_1(fails, tmp_path, command):
    assert fails(command, "nothing.nwb") == (
        1,
        "neuroclass: error: nothing.nwb must be an existing file; nothing is there.",
    )
    (tmp_path / "empty.nwb").touch()
    status, line = fails(command, "empty.nwb")
    assert status == 1
    assert "empty.nwb must not be empty" in line


def test_a_file_that_may_not_be_read_ends_with_1_and_its_name(fails, tmp_path):
    (tmp_path / "loop.nwb").symlink_to("loop.nwb")
    status, line = fails("report", "loop.nwb")
    assert status == 1
    assert "loop.nwb" in line


def test_verbose_adds_the_traceback_before_the_line(run):
    status, _, err = run("inspect", "nothing.nwb", "-v")
    assert status == 1
    assert "Traceback (most recent call last)" in err
    assert err.splitlines()[-1].startswith("neuroclass: error: nothing.nwb")


def test_a_defect_is_not_passed_off_as_wrong_usage():
    with pytest.raises(ValueError, match="could not be broadcast") as caught:
        np.zeros(2) + np.zeros(3)
    with pytest.raises(ValueError, match="could not be broadcast"):
        cli._fail(caught.value, verbose=False)


def test_warnings_are_one_line_each_on_stderr(run, tmp_path):
    rows = ["unit,time", *(f"a,{t}" for t in (0.25, 0.25, 1.5)), "b,0.75", "b,1.25"]
    (tmp_path / "spikes.csv").write_text("\n".join(rows))
    arguments = ("--condition", "none", "--bin-size", "5ms", "--estimator", "plug-in")
    _, out, err = run("information", "spikes.csv", *arguments)
    warned = [line for line in err.splitlines() if "given twice" in line]
    assert len(warned) == 1
    assert warned[0].startswith("neuroclass: warning: ")
    assert "given twice" not in out


# A test run in the background inherits that SIGINT is ignored: undo it.
RUNNING = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from neuroclass.cli import main; sys.exit(main())"
)


def spawn(*argv, code=RUNNING, **options):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, argv)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_reader_that_goes_away_is_no_error(retina):
    process = spawn("inspect", retina)
    process.stdout.close()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 141
    assert err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
def test_an_interrupt_ends_with_130(tmp_path):
    os.mkfifo(tmp_path / "endless.csv")
    process = spawn("inspect", tmp_path / "endless.csv")
    # Opening to write waits until the command has opened the pipe to read.
    with (tmp_path / "endless.csv").open("wb"):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err == "neuroclass: interrupted\n"


# Opening labels.csv in the folder beside the output is the middle of writing it.
ENDING = """
import os, signal, sys
from neuroclass.cli import main

def end(event, arguments):
    name = str(arguments[0]) if arguments else ""
    if event == "open" and ".neuroclass-" in name and name.endswith("labels.csv"):
        os.kill(os.getpid(), signal.SIGTERM)

sys.addaudithook(end)
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends at once")
def test_a_request_to_end_leaves_nothing_half_written(retina, tmp_path):
    arguments = ["--n-clusters", "3", "--bin-size", "20ms", "-o", tmp_path / "classes"]
    process = spawn("cluster", retina, *arguments, "-q", code=ENDING)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 143
    assert err == ""
    assert list(tmp_path.iterdir()) == []


def test_what_a_request_to_end_does_is_as_before_after_a_command(run):
    before = signal.getsignal(signal.SIGTERM)
    run("inspect", "nothing.nwb")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_command_runs_in_any_thread(retina, capsys):
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(cli.main, ["inspect", str(retina)]).result() == 0
    assert "cluster takes" in capsys.readouterr().out


def test_a_message_names_the_recording_once(fails, tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\na,0.25\nb,0.5\na,0.75\n")
    status, line = fails("cluster", "spikes.csv")
    assert status == 1
    assert line.startswith("neuroclass: error: spikes.csv: no repeats found")
    (tmp_path / "spikes.csv").write_text("unit,time\n")
    _, line = fails("cluster", "spikes.csv")
    assert line.count("spikes.csv") == 1


def test_a_message_on_the_triggers_does_not_name_the_recording(fails, tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\na,0.25\nb,0.5\na,0.75\n")
    (tmp_path / "triggers.txt").write_text("0.5\n0.25\n")
    status, line = fails("inspect", "spikes.csv", "--triggers", "triggers.txt")
    assert status == 1
    assert "triggers.txt" in line
    assert "spikes.csv" not in line


@pytest.mark.parametrize("command", ["cluster", "information"])
def test_a_units_column_that_is_not_there_is_wrong_usage(fails, retina, command):
    status, line = fails(command, retina, "--units", "layer=4")
    assert status == 2
    assert "--units must name a units column" in line
    assert "undershoot, unit_id); got 'layer'" in line


def test_a_reference_that_is_not_there_is_wrong_usage(fails, retina):
    status, line = fails("cluster", retina, "--reference", "layers.csv")
    assert status == 2
    assert "--reference must be a units column" in line
    assert "got 'layers.csv'" in line


# inspect


def test_inspect_says_what_is_there_and_what_would_be_taken(run, retina):
    status, out, err = run("inspect", retina)
    assert status == 0
    assert err == ""
    text = " ".join(out.split())
    assert f"units {N_NEURONS}, firing at" in text
    assert "true_type" in text
    assert "trials: 14 rows of 3 s" in text
    assert "cluster takes 12 repeats of 1 stimulus of 3 s from trials.stimulus" in text
    assert text.endswith("issues none found")
    assert max(map(len, out.splitlines()[1:])) <= 80


def test_inspect_as_json(run, retina):
    found = json.loads(run("inspect", retina, "--json")[1])
    assert found["format"].startswith("NWB 2")
    assert len(found["n_spikes"]) == N_NEURONS
    assert found["interval_tables"][0]["name"] == "trials"
    assert found["interval_tables"][0]["n_rows"] == 14
    assert found["presentations"]["reason"].startswith("12 repeats")
    assert found["issues"] == []


def test_inspect_of_a_file_without_repeats_says_so_and_succeeds(run, tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\na,0.25\nb,0.5\na,0.75\n")
    status, out, _ = run("inspect", "spikes.csv")
    assert status == 0
    assert "cluster takes" not in out
    assert "--condition none" in " ".join(out.split())


def test_inspect_names_silent_units(run, tmp_path):
    np.savez(
        tmp_path / "spikes.npz",
        spike_times=[0.25, 0.5],
        spike_times_index=[1, 1, 2],
        unit_ids=[7, 8, 9],
    )
    assert "1 without a spike: 8" in run("inspect", "spikes.npz")[1]


# information


def test_information_of_the_population_and_of_each_neuron(run, retina):
    status, out, _ = run("information", retina, "--bin-size", "20ms")
    assert status == 0
    text = " ".join(out.split())
    assert re.search(r"[\d.]+ bits per word \([\d.]+ to [\d.]+\), ", text)
    assert re.search(r"[\d.]+ bits/s \([\d.]+ to [\d.]+\), ", text)
    assert re.search(r"[\d.]+ bits per spike \([\d.]+ to [\d.]+\) ", text)
    assert "95 % intervals in brackets; corrected for few repeats" in text
    header, *rows = out.split("\n\n")[1].splitlines()
    assert header.split()[:3] == ["unit", "Hz", "bits/word"]
    assert len(rows) == N_NEURONS
    assert max(map(len, out.splitlines())) <= 80


def test_information_as_json_agrees_with_itself(run, retina):
    found = json.loads(run("information", retina, "--bin-size", "20ms", "--json")[1])
    information = found["information"]
    assert found["settings"]["bin_size"] == 0.02
    assert information["bits_per_second"] == pytest.approx(
        information["bits_per_word"] / 0.02
    )
    low, high = information["interval"]
    assert low < information["bits_per_word"] < high
    assert len(information["per_neuron"]) == N_NEURONS


def test_information_chooses_the_bin_and_says_why(run, retina):
    assert "highest information rate" in " ".join(run("information", retina)[1].split())


def test_scan_prints_rates_in_80_columns_and_draws(run, retina, tmp_path):
    status, out, err = run("information", retina, "--scan", "-o", "scan.svg", "-q")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    table = [line for line in lines if re.match(r"(5|10|20|50) ms +[1-8] ", line)]
    assert len(table) == 24
    assert out.count("not extrapolated") + out.count("a line through") == 4
    assert lines[-1] == "wrote             scan.svg"
    assert (tmp_path / "scan.svg").exists()
    status, _, err = run("information", retina, "--scan", "-o", "scan.svg")
    assert (status, "must not exist yet" in err) == (2, True)


def test_scan_of_words_as_long_as_the_stimulus_leaves_a_gap(run, tmp_path):
    spikes = np.random.default_rng(0).random((20, 1, 5)) < 0.3
    recording = from_raster(spikes, 0.01, axes=("presentation", "time", "neuron"))
    write_recording(recording, tmp_path / "short.nwb")
    status, out, err = run("information", "short.nwb", "--scan", "-o", "scan.png")
    assert (status, err) == (0, "")
    (row,) = re.findall(r"^10 ms .*$", out, re.MULTILINE)
    assert row.split()[-2:] == ["-", "-"]


def test_scan_as_json_holds_words_and_limits(run, retina):
    argv = ("information", retina, "--scan", "--bin-size", "20ms", "--json", "-q")
    found = json.loads(run(*argv, "--estimator", "jackknife")[1])
    assert [w["word_length"] for w in found["words"]] == [1, 2, 3, 4, 6, 8]
    assert {w["bin_size"] for w in found["words"]} == {0.02}
    assert found["estimator"] == "jackknife"
    for word in found["words"]:
        low, high = word["identity"]["interval"]
        assert low <= word["identity"]["bits_per_second"] <= high
    assert len(found["extrapolations"]) == 1


def test_scan_counts_from_a_cache_to_the_same_rates(run, retina):
    argv = ("information", retina, "--scan", "--bin-size", "20ms", "--json", "-q")
    plain, kept, again = (
        json.loads(run(*argv, *more)[1]) for more in ((), *2 * [("--cache", "kept")])
    )
    assert any(Path("kept").iterdir())
    assert plain == kept == again


def test_information_of_chosen_units_only(run, retina):
    arguments = ("information", retina, "--bin-size", "20ms", "--json")
    two = json.loads(run(*arguments, "--units", "true_type=OFF fast,ON fast")[1])
    assert len(two["unit_ids"]) == 2 * N_NEURONS // N_TYPES
    again = ("--units", "true_type=OFF fast", "--units", "true_type=ON fast")
    assert json.loads(run(*arguments, *again)[1]) == two


def test_information_needs_two_units_with_spikes(fails, tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\na,0.25\na,0.5\na,0.75\n")
    for more in ((), ("--scan",)):
        status, line = fails("information", "spikes.csv", "--condition", "none", *more)
        assert status == 1
        assert "at least two units with spikes" in line


# cluster


@pytest.fixture(scope="module")
def clustered(retina, tmp_path_factory):
    """A result folder, made once."""
    folder = tmp_path_factory.mktemp("results") / "retina_classes"
    arguments = ["--n-clusters", "3", "--bin-size", "20ms", "-o", str(folder), "-q"]
    assert cli.main(["cluster", str(retina), *arguments]) == 0
    return folder


def test_cluster_writes_the_result_folder_named_after_the_recording(run, retina):
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


def test_an_existing_folder_is_refused_before_anything_is_read(fails, tmp_path):
    (tmp_path / "nothing_classes").mkdir()
    (tmp_path / "nothing_classes" / "notes.txt").touch()
    # The recording is not there either: what is refused first is said.
    status, line = fails("cluster", "nothing.nwb")
    assert status == 2
    assert "nothing_classes must not exist yet" in line
    status, line = fails("cluster", "nothing.nwb", "--force")
    assert status == 1


def test_a_file_in_the_place_of_the_folder_is_refused_even_with_force(fails, tmp_path):
    (tmp_path / "notes.txt").touch()
    status, line = fails("cluster", "nothing.nwb", "-o", "notes.txt", "--force")
    assert status == 2
    assert "notes.txt must be a folder; it is a file" in line
    status, line = fails("cluster", "nothing.nwb", "-o", "notes.txt/classes")
    assert status == 2
    assert "notes.txt/classes must lie in a folder" in line


def test_a_protected_place_is_refused_before_the_work(fails, monkeypatch):
    # No mode of a folder stops root, who may run the tests.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    status, line = fails("cluster", "nothing.nwb", "-o", "closed/classes")
    assert status == 2
    assert "is write-protected" in line


def test_missing_folders_of_all_that_is_written_are_made(run, retina):
    arguments = ("--bin-size", "20ms", "--n-clusters", "3", "-o", "a/b/classes")
    assert run("cluster", retina, *arguments, "--save-nwb", "c/d/copy.nwb")[0] == 0
    assert Path("a/b/classes/report.html").is_file()
    assert Path("c/d/copy.nwb").is_file()
    small = ("--types", "1", "--neurons", "2", "--repeats", "2", "--duration", "1s")
    assert run("simulate", "e/f/r.nwb", *small)[0] == 0
    assert Path("e/f/r.nwb").is_file()


def test_an_existing_copy_is_refused_before_the_work(fails, tmp_path, retina):
    (tmp_path / "copy.nwb").touch()
    status, line = fails("cluster", retina, "--save-nwb", "copy.nwb")
    assert status == 2
    assert "copy.nwb exists" in line
    assert "--force" in line


def test_a_copy_in_the_place_of_the_folder_is_refused(fails, retina):
    status, line = fails("cluster", retina, "-o", "same", "--save-nwb", "same")
    assert status == 2
    assert "--save-nwb must not be the result folder" in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--in-place",), "mine.nwb is write-protected"),
        (("--save-nwb", "mine.nwb", "--force"), "must not be the recording itself"),
    ],
)
def test_labels_that_cannot_be_written_are_told_before_the_work(
    fails, retina, tmp_path, options, said
):
    path = tmp_path / "mine.nwb"
    path.write_bytes(retina.read_bytes())
    path.chmod(0o444)
    status, line = fails("cluster", path, *options)
    assert status == 2
    assert said in line


def test_force_replaces_the_result_folder(run, retina):
    arguments = ("cluster", retina, "--bin-size", "20ms", "--n-clusters")
    assert run(*arguments, "2")[0] == 0
    assert run(*arguments, "3", "--force")[0] == 0
    assert set(labels_in(Path("retina_classes")).values()) == {"0", "1", "2"}


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


@pytest.mark.parametrize("is_determined", [True, False])
def test_one_class_is_not_said_to_keep_nothing(clustered, capsys, is_determined):
    result = json.loads((clustered / "result.json").read_text(encoding="utf-8"))
    print_result(result)
    assert "they keep" in capsys.readouterr().out
    result["n_clusters"] = 1
    result["selection"]["is_determined"] = is_determined
    print_result(result)
    text = " ".join(capsys.readouterr().out.split())
    assert "they keep" not in text
    assert ("--n-clusters INT cuts finer" in text) is not is_determined


def test_one_class_without_a_range_is_said_to_be_stable(clustered, capsys):
    result = json.loads((clustered / "result.json").read_text(encoding="utf-8"))
    result["n_clusters"] = 1
    print_result(result)
    assert "stable" not in capsys.readouterr().out  # nobody asked
    result["settings"]["stability"] = 100
    print_result(result)
    assert "one class is stable by definition" in capsys.readouterr().out


def test_families_of_one_class_each_agree_in_nothing(capsys):
    recordings = [{"name": n, "n_neurons": 3, "n_clusters": 1} for n in "ab"]
    family = {"family": 0, "n_neurons": {"a": 3, "b": 3}}
    family |= {"distance": 0.1, "nearest": None}
    ones = [[1.0, 1.0], [1.0, 1.0]]
    found = {"recordings": recordings, "families": [family]}
    words = {"bin_size": 0.02, "word_length": 1, "response": "words"}
    found |= {"agreement": ones, "p_value": ones, "settings": words}
    print_families(found)
    out = capsys.readouterr().out
    assert "of one class with anything shows nothing" in out
    assert "put into the classes" not in out


def test_one_class_is_not_said_to_agree_with_anything(run, retina):
    arguments = ("--n-clusters", "1", "--bin-size", "20ms", "--reference", "true_type")
    _, out, _ = run("cluster", retina, *arguments)
    assert "with units column true_type: one class shows none" in " ".join(out.split())


def test_a_result_folder_can_be_the_reference(run, retina, clustered):
    arguments = ("--n-clusters", "3", "--bin-size", "20ms", "--reference", clustered)
    status, out, _ = run("cluster", retina, *arguments)
    assert status == 0
    assert "adjusted mutual information 1" in " ".join(out.split())


def test_the_same_seed_gives_the_same_result_on_two_processes(run, retina, clustered):
    arguments = ("--n-clusters", "3", "--bin-size", "20ms", "--jobs", "2", "-o", "two")
    assert run("cluster", retina, *arguments)[0] == 0
    assert labels_in(Path("two")) == labels_in(clustered)


def test_labels_go_into_a_copy_and_the_recording_stays_as_it_is(run, retina):
    before = retina.read_bytes()
    arguments = ("--bin-size", "20ms", "--n-clusters", "3", "--save-nwb", "out.nwb")
    assert run("cluster", retina, *arguments)[0] == 0
    assert retina.read_bytes() == before
    trains = load_recording("out.nwb").segments[0].spiketrains
    written = {
        str(train.annotations["unit_id"]): str(train.annotations["neuroclass_label"])
        for train in trains
    }
    assert written == labels_in(Path("retina_classes"))


def test_labels_in_place_leave_a_backup_and_are_not_overwritten(run, retina, tmp_path):
    path = tmp_path / "mine.nwb"
    path.write_bytes(retina.read_bytes())
    arguments = ("cluster", path, "--bin-size", "20ms", "--n-clusters", "3")
    assert run(*arguments, "--in-place")[0] == 0
    assert (tmp_path / "mine.backup.nwb").read_bytes() == retina.read_bytes()
    status, out, err = run(*arguments, "--in-place", "-o", "again")
    assert (status, out) == (2, "")
    assert "neuroclass_label" in err
    assert not Path("again").exists()


def test_labels_cannot_go_into_a_table(fails, tmp_path):
    (tmp_path / "spikes.csv").write_text("unit,time\na,0.25\nb,0.5\na,0.75\n")
    arguments = ("--condition", "none", "--in-place")
    status, line = fails("cluster", "spikes.csv", *arguments)
    assert status == 2
    assert "spikes.csv must be an NWB file to take labels; it is csv" in line


def test_cluster_a_table_with_triggers_in_milliseconds(run, retina, tmp_path):
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


@pytest.mark.parametrize("command", ["inspect", "information"])
def test_triggers_are_taken_whatever_tables_the_file_has(
    run, retina, tmp_path, command
):
    (trials,) = load_recording(retina).segments[0].epochs
    is_repeat = trials.array_annotations["stimulus"] == "repeat"
    np.savetxt(tmp_path / "triggers.txt", trials.times[is_repeat].rescale("s"))
    arguments = ("--triggers", "triggers.txt", "--trial-duration", "3s")
    status, out, _ = run(command, retina, *arguments)
    assert status == 0
    assert "12 repeats of 1 stimulus of 3 s from triggers" in " ".join(out.split())
    status, out, _ = run(command, retina, *arguments, "--intervals", "trials")
    assert status == 0
    assert "3 s from trials" in " ".join(out.split())


def test_little_memory_takes_the_sequential_method(run, retina):
    argv = ("cluster", retina, "--bin-size", "20ms", "--memory", "1kB", "--json", "-q")
    status, out, _ = run(*argv)
    settings = json.loads(out)["settings"]
    assert status == 0
    assert "memory" not in settings  # of the computation, not of the result
    assert settings["method"]["value"] == "sequential"
    assert settings["method"]["why"].endswith("does not fit into 1e-06 GB")


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_can_be_asked_for(run, retina, condition):
    arguments = ("--condition", condition, "--bin-size", "20ms", "--json")
    status, out, _ = run("information", retina, *arguments)
    assert status == 0
    assert json.loads(out)["information"]["plug_in"] >= 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_can_be_asked_for(run, retina, estimator):
    arguments = ("--estimator", estimator, "--bin-size", "20ms", "--n-clusters", "3")
    assert run("cluster", retina, *arguments)[0] == 0


# several recordings


@pytest.fixture(scope="module")
def retinas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    for seed, name in enumerate("ab"):
        recording = simulate_retina(
            N_TYPES,
            N_NEURONS,
            12,
            3.0,
            n_unique=0,
            diversity=0.0,
            stimulus_random_state=7,
            random_state=seed,
        )
        write_recording(recording, folder / f"{name}.nwb")
    return [folder / "a.nwb", folder / "b.nwb"]


def test_recordings_are_pooled_and_each_is_labelled(run, retinas):
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


def test_recordings_are_classified_apart_and_matched(run, retinas, tmp_path):
    copies = [tmp_path / path.name for path in retinas]
    for path, copy in zip(retinas, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    arguments = ("--within", "--bin-size", "20ms", "--n-clusters", "3", "--in-place")
    status, out, _ = run("cluster", *copies, *arguments, "-o", "apart")
    assert status == 0
    assert "families 3" in " ".join(out.split())
    assert max(map(len, out.splitlines()[:-2])) <= 80
    assert Path("apart/b/report.html").is_file()
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


# simulate and report


def test_the_defaults_of_simulate_are_those_of_the_function():
    args = build_parser().parse_args(["simulate", "r.nwb"])
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(simulate_retina).parameters.items()
    }
    assert args.types == defaults["n_types"]
    assert args.neurons == defaults["n_neurons"]
    assert args.repeats == defaults["n_presentations"]
    assert args.duration == defaults["duration"]
    assert args.diversity == defaults["diversity"]
    assert args.drift == defaults["drift"]


@pytest.mark.parametrize(
    ("command", "function", "n_shared"),
    [
        ("cluster", classify_neurons, 18),
        ("discriminate", discriminate_neurons, 13),
        ("information", measure_information, 11),
    ],
)
def test_the_defaults_of_a_command_are_those_of_its_function(
    command, function, n_shared
):
    args = vars(build_parser().parse_args([command, "x.nwb"]))
    own = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    defaults = own | vars(ResponseSettings()) | vars(RunSettings())
    shared = set(args) & set(defaults) - {"units"}
    assert len(shared) == n_shared
    assert {n: args[n] for n in shared} == {n: defaults[n] for n in shared}
    assert args["units"] == []
    assert (not args["quiet"]) == defaults["progress"]


def test_simulate_writes_the_types_asked_for(run):
    arguments = ("--types", "2", "--neurons", "6", "--repeats", "3", "--duration", "1s")
    status, out, _ = run("simulate", "r.nwb", *arguments)
    assert status == 0
    trains = load_recording("r.nwb").segments[0].spiketrains
    types = {train.annotations["true_type"] for train in trains}
    assert (len(trains), len(types)) == (6, 2)
    assert all(name in out for name in types)


def test_simulate_does_not_replace_a_file_unless_told(run, fails, tmp_path):
    (tmp_path / "r.nwb").write_text("precious")
    small = ("--types", "1", "--neurons", "2", "--repeats", "2", "--duration", "1s")
    status, line = fails("simulate", "r.nwb", *small)
    assert status == 2
    assert "r.nwb must not exist yet" in line
    assert run("simulate", "r.nwb", *small, "--force", "--json")[0] == 0
    assert len(load_recording("r.nwb").segments[0].spiketrains) == 2


def test_report_rebuilds_the_page_from_the_folder(run, clustered):
    page = clustered / "report.html"
    before = page.read_text(encoding="utf-8")
    page.unlink()
    status, out, _ = run("report", clustered)
    assert status == 0
    assert str(page) in out
    assert page.read_text(encoding="utf-8") == before


def test_report_of_no_result_folder_ends_with_1(fails, tmp_path):
    (tmp_path / "empty").mkdir()
    status, line = fails("report", "empty")
    assert status == 1
    assert "result.json" in line


# discriminate


def test_discriminate_writes_a_folder_and_a_summary(run, retina, tmp_path):
    wanted = (retina, "--bin-size", "20ms", "--reference", "true_type", "--pairs")
    status, out, err = run("discriminate", *wanted, "0:1,2:3", "-q")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "of 36 pairs of 9 neurons are distinguishable" in out
    assert "groups of neurons apart, at a false discovery rate" in " ".join(out.split())
    assert "\n0 - 1 " in out
    assert "retina_pairs/pairs.csv" in out
    assert (tmp_path / "retina_pairs" / "figures" / "decoder_curves.png").exists()
    status, out, _ = run("discriminate", *wanted, "4:5", "--json", "--force", "-q")
    result = json.loads(out)
    assert result["classes"]["from"] == "units column true_type"
    assert [(d["unit_a"], d["unit_b"]) for d in result["decoder"]] == [(4, 5)]
    assert "--json" in result["command"]


def test_neurons_of_several_recordings_are_told_apart(run, retinas):
    wanted = (*retinas, "--bin-size", "20ms", "--pairs", "a:0:b:0,b:1:b:2", "-q")
    status, out, err = run("discriminate", *wanted, "--json")
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


def test_pairs_are_counted_from_a_cache_to_the_same_result(run, retina):
    wanted = ("discriminate", retina, "--bin-size", "20ms", "--pairs", "0:1", "-q")
    plain, kept = (
        json.loads(run(*wanted, "--json", "-o", name, *more)[1])
        for name, more in (("plain", ()), ("kept", ("--cache", "counted")))
    )
    assert any(Path("counted").iterdir())
    del plain["command"], kept["command"]
    assert kept == plain


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pairs", "1"), "must be A:B,... of unit ids; got '1'"),
        (("--pairs", "1:q"), "pairs must name units of the recording; got 'q'"),
        (("--reference", "nothing"), "--reference must be a units column"),
    ],
)
def test_discriminate_tells_wrong_usage(fails, retina, arguments, said):
    status, line = fails("discriminate", retina, "--bin-size", "20ms", *arguments)
    assert status == 2
    assert said in line


def test_discriminate_replaces_a_folder_only_when_forced(fails, retina, tmp_path):
    (tmp_path / "retina_pairs").mkdir()
    (tmp_path / "retina_pairs" / "mine.txt").touch()
    status, line = fails("discriminate", retina)
    assert status == 2
    assert "must not exist yet" in line


def test_the_folder_of_another_command_is_refused(run, fails, retina, tmp_path):
    wanted = (retina, "--bin-size", "20ms", "-q", "--force", "-o", "mine")
    assert run("cluster", *wanted, "--n-clusters", "3")[0] == 0
    before = (tmp_path / "mine" / "result.json").read_bytes()
    status, line = fails("discriminate", *wanted)
    assert status == 2
    assert "mine holds one of `neuroclass cluster`" in line
    assert (tmp_path / "mine" / "result.json").read_bytes() == before


def test_discriminate_tells_drift(run, tmp_path):
    recording = simulate_retina(
        2, 8, 30, "3s", n_unique=0, diversity=0.2, drift=2.0, random_state=0
    )
    with pytest.warns(UserWarning, match="differences between units may be drift"):
        found = discriminate_neurons(recording, bin_size="20ms", progress=False)
    assert found.drift.is_unsafe.any()
    assert not found.is_safe.all()
    result = json.loads((found.save(tmp_path / "p") / "result.json").read_text())
    assert result["drift"]["n_unsafe"] == found.drift.is_unsafe.sum()
    assert result["median_time_to_accuracy"]["safe"]["n_pairs"] == found.is_safe.sum()
    page = (tmp_path / "p" / "report.html").read_text(encoding="utf-8")
    assert "differences between units may be drift" in page
    assert "without units that drift makes unsafe" in page
