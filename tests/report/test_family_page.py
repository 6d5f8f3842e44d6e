"""report.html of `cluster --within`."""

import json
from urllib.parse import unquote

import numpy as np
import pytest

from neuroclass import from_raster
from neuroclass.analysis.across_recordings import classify_within
from neuroclass.exceptions import RecordingError
from neuroclass.report import (
    save_families,
    write_report,
)


def test_the_page_of_families_links_those_of_the_recordings(tmp_path, rng, read_page):
    p = np.repeat(rng.random((2, 80)) ** 4, 4, axis=0)
    recordings = [
        from_raster(
            rng.random((8, 12, 80)) < p[:, None],
            "20ms",
            axes="npt",
            condition=["movie"] * 12,
        )
        for _ in range(2)
    ]
    for recording, name in zip(recordings, ("<b>one</b>", "two"), strict=True):
        recording.name = name
    options = {"n_clusters": 2, "bin_size": "20ms", "progress": False}
    found = classify_within(recordings, **options)
    folder = save_families(found, tmp_path / "within", command="neuroclass cluster")
    page = read_page(folder / "report.html")
    assert "2 of 2 families of classes are in all 2 recordings." in page.text
    assert "<b>one</b> + two" in page.text
    assert "b" not in page.tags
    links = [value for name, value in page.attributes if name == "href"]
    assert len(links) == 2
    for link in links:
        assert (folder / unquote(link)).is_file()
    before = (folder / "report.html").read_bytes()
    assert write_report(folder).read_bytes() == before
    result = json.loads((folder / "families.json").read_text(encoding="utf-8"))
    old = json.dumps(result | {"format_version": 1})
    (folder / "families.json").write_text(old, encoding="utf-8")
    message = r"format_version 2; got 1, .* Run `neuroclass cluster --within` again\.$"
    with pytest.raises(RecordingError, match=message):
        write_report(folder)
    (folder / "families.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RecordingError, match=r"must be the families\.json"):
        write_report(folder)
