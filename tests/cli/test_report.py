"""The command `report`."""


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
