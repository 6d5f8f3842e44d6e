"""Result folders from anyone: nothing outside is read, and each edit gets one line."""

import csv
import json
import shutil

import pandas as pd
import pytest

from neuroclass import RecordingError
from neuroclass.report import write_report
from neuroclass.report.csv_files import read_rows, write_table
from neuroclass.results import read_result


@pytest.fixture
def received(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "classes")


def figure_of(folder):
    return folder / "figures" / "merge_tree.svg"


@pytest.mark.parametrize("name", ["result.json", "labels.csv", "figure"])
def test_no_link_is_followed_out_of_the_folder(received, tmp_path, name):
    path = figure_of(received) if name == "figure" else received / name
    secret = shutil.move(path, tmp_path / "secret")
    path.symlink_to(secret)
    before = (received / "report.html").read_bytes()
    with pytest.raises(RecordingError, match="must lie in the result folder"):
        write_report(received)
    assert (received / "report.html").read_bytes() == before


def test_the_page_replaces_a_link_and_not_what_it_leads_to(received, tmp_path):
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    (received / "report.html").unlink()
    (received / "report.html").symlink_to(tmp_path / "mine")
    write_report(received)
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script></html>",
        b"<?xml version='1.0'?><svg onload='alert(1)'/>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"<svg><a href='https://example.org'>x</a></svg>",
        b"<svg><image href='file:///etc/passwd'/></svg>",
        b"not a figure",
        b"",
    ],
)
def test_a_figure_that_is_none_of_ours_is_not_embedded(received, content):
    figure_of(received).write_bytes(content)
    with pytest.raises(RecordingError, match="must be a figure that neuroclass drew"):
        write_report(received)


def edit(folder, change):
    path = folder / "result.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def deep():
    value = []
    for _ in range(40):
        value = [value]
    return value


CHANGES = {
    "a number is text": lambda r: r["information"].update(bits_per_word="many"),
    "a number is huge": lambda r: r.update(n_clusters=10**400),
    "a count is negative": lambda r: r.update(n_clusters=-1),
    "a truth value": lambda r: r.update(n_neurons=True),
    "text is a list": lambda r: r["input"].update(name=["a"]),
    "a list is an object": lambda r: r.update(classes={}),
    "an object is null": lambda r: r.update(selection=None),
    "a pair has three": lambda r: r["information"].update(interval=[0, 1, 2]),
    "nested too deep": lambda r: r["settings"].update(bin_size=deep()),
    "a text of megabytes": lambda r: r["input"].update(name="x" * 10**6),
    "more colors than classes": lambda r: r["classes"][0].update(label=10**6),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_edit_of_the_result_gets_one_line_and_the_page_stays(received, change):
    edit(received, CHANGES[change])
    before = (received / "report.html").read_bytes()
    with pytest.raises(RecordingError, match=r"result\.json must hold all keys"):
        write_report(received)
    assert (received / "report.html").read_bytes() == before


@pytest.mark.parametrize("text", ["[" * 10**5, '{"a": NaN}', "\xff", '{"a": 1e999}'])
def test_what_is_no_strict_json_is_refused(received, text):
    (received / "result.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(RecordingError, match=r"must be the result\.json of neuroclass"):
        write_report(received)
    with pytest.raises(ValueError, match=r"result\.json|must hold"):
        read_result(received)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("n_spikes", "must hold numbers"),
        ("label", "must hold numbers, and labels below 3"),
    ],
)
def test_cells_of_another_type_are_named(received, column, message):
    path = received / "labels.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[3][column] = "1e400" if column == "n_spikes" else "7"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(RecordingError, match=message):
        write_report(received)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a" * 200_000, b"a,b\n1\n"])
def test_a_table_that_is_none_is_refused(received, content):
    (received / "labels.csv").write_bytes(content)
    with pytest.raises(RecordingError, match=r"labels\.csv"):
        write_report(received)


def test_tables_hand_no_formula_to_a_spreadsheet(tmp_path):
    names = ["=HYPERLINK(1)", "@x", "-2+3", "'=1", "-4", "7", "a"]
    table = pd.DataFrame({"unit_id": names, "label": range(7), "is_silent": True})
    write_table(table, tmp_path / "labels.csv")
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        cells = [row["unit_id"] for row in csv.DictReader(file)]
    assert cells == ["'=HYPERLINK(1)", "'@x", "'-2+3", "''=1", "-4", "7", "a"]
    _, rows = read_rows(tmp_path / "labels.csv")
    assert [row["unit_id"] for row in rows] == names
    assert rows[0]["is_silent"] == "true"
