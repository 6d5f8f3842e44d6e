"""Errors and warnings of every command: one line, and the exit status."""

import subprocess
import sys

import numpy as np
import pytest

from neuroclass.cli import report_failure


@pytest.mark.parametrize(
    ("arguments", "message"),
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
        (("cluster", "x.nwb", "--formats", "pdf"), "must be png, svg or png,svg; got"),
        (("cluster", "x.nwb", "--formats", "png", "--no-figures"), "not allowed with"),
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
def test_wrong_usage_is_one_line_and_ends_with_2(fails, arguments, message):
    status, line = fails(*arguments)
    assert status == 2
    assert message in line


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


@pytest.mark.parametrize(
    "arguments",
    [
        ["cluster", "nothing.nwb"],
        ["cluster", "RETINA", "-o", "taken"],
        ["cluster", "RETINA", "--reference", "nothing"],
        ["discriminate", "nothing.nwb"],
        ["information", "nothing.nwb"],
        ["inspect", "nothing.nwb"],
    ],
)
def test_a_refusal_loads_nothing_heavy(retina, tmp_path, arguments):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    arguments = [str(retina) if one == "RETINA" else one for one in arguments]
    code = (
        "import sys; from neuroclass.cli import main; "
        f"assert main({arguments!r}); "
        "assert not {'scipy', 'pandas', 'neo', 'pynwb', 'matplotlib'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_classes_by_timing_need_no_scikit_learn(retina, tmp_path):
    arguments = ["cluster", str(retina), "-o", "classes", "--no-figures", "-q"]
    code = (
        "import sys; from neuroclass.cli import main; "
        f"assert main({arguments!r}) == 0; "
        "assert not {'sklearn', 'scipy.stats', 'joblib.parallel'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert not (tmp_path / "classes" / "figures").exists()


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
        report_failure(caught.value, verbose=False)


def test_warnings_are_one_line_each_on_stderr(run, tmp_path):
    rows = ["unit,time", *(f"a,{t}" for t in (0.25, 0.25, 1.5)), "b,0.75", "b,1.25"]
    (tmp_path / "spikes.csv").write_text("\n".join(rows))
    arguments = ("--condition", "none", "--bin-size", "5ms", "--estimator", "plug-in")
    _, out, err = run("information", "spikes.csv", *arguments)
    warned = [line for line in err.splitlines() if "given twice" in line]
    assert len(warned) == 1
    assert warned[0].startswith("neuroclass: warning: ")
    assert "given twice" not in out


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


def test_repeats_that_are_none_end_with_2_or_1(fails, retina):
    status, line = fails("inspect", retina, "--repeats", "9-3")
    assert status == 2
    assert "of at least two, such as '1-9'; got '9-3'. Try" in line
    status, line = fails("information", retina, "--repeats", "90-95")
    assert (status, "no two of repeats 90 to 95" in line) == (1, True)
