"""What the build of the site makes, and what distributions must hold."""

import io
import runpy
import tarfile
import zipfile
from pathlib import Path

import pytest

from docs.site_pages import draw_example, example_of, figures

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", figures())
def test_every_figure_has_an_example_for_the_gallery(name):
    examples = example_of(figures()[name])
    assert any(name in example.source for example in examples)


def test_the_gallery_draws_what_an_example_leaves(tmp_path):
    def draw():
        """Draw a line.

        Examples
        --------
        >>> from matplotlib import pyplot
        >>> _ = pyplot.plot([1, 2])
        """

    draw_example(draw, tmp_path / "line.png")
    assert (tmp_path / "line.png").read_bytes().startswith(b"\x89PNG")


def distributions(folder, sdist_names, wheel_names):
    """Write a source distribution and a wheel that hold files of these names."""
    sdist, wheel = folder / "p-1.tar.gz", folder / "p-1.whl"
    with tarfile.open(sdist, "w:gz") as archive:
        for name in sdist_names:
            archive.addfile(tarfile.TarInfo(f"p-1/{name}"), io.BytesIO())
    said = "Name: p\nVersion: 1\nSummary: s\nLicense-Expression: BSD\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in wheel_names:
            archive.writestr(name, "")
        archive.writestr("p-1.dist-info/METADATA", said + "Requires-Python: 3\n\ntext")
    return sdist, wheel


def test_files_that_a_distribution_lacks_or_should_not_hold_are_named(tmp_path):
    faults_of = runpy.run_path(str(ROOT / ".ci" / "check_dist.py"))["faults_of"]
    tree = tmp_path / "tree"
    for name in ("neuroclass/a.py", "tests/test_a.py", "build/b.py", ".github/x"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("")
    all_of_it = ["neuroclass/a.py", "tests/test_a.py"]
    good = distributions(tmp_path, all_of_it, all_of_it[:1])
    assert faults_of(*good, tree) == []
    bad = distributions(tmp_path, all_of_it[:1], all_of_it[1:])
    assert faults_of(*bad, tree) == [
        "p-1.tar.gz lacks tests/test_a.py",
        "p-1.whl lacks neuroclass/a.py",
        "p-1.whl should not hold tests/test_a.py",
    ]
