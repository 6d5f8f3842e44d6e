"""Pages that the build of the site makes: the gallery, and the notebooks' place.

    python docs/site_pages.py

Input: the examples in the docstrings of `neuroclass.plotting`, which are run, and
`notebooks/`. Output: `docs/gallery/`, a picture and a section of a page for each
figure, and `docs/notebooks`, a link. Git keeps neither.
"""

from __future__ import annotations

import doctest
import inspect
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib

DOCS = Path(__file__).resolve().parent
GALLERY = DOCS / "gallery"
_INTRODUCTION = """# Gallery

Every figure of `neuroclass.plotting`, drawn by the example of its docstring. In a
notebook `classes.plot.merge_tree()` draws the same as `plot_merge_tree(classes)`.
"""


def figures() -> dict[str, Any]:
    """Return the functions that draw a figure, by name, the overview first."""
    from neuroclass import plotting  # noqa: PLC0415

    names = [name for name in dir(plotting) if name.startswith("plot_")]
    names.sort(key=lambda name: name != "plot_overview")
    return {name: getattr(plotting, name) for name in names}


def example_of(function: Any) -> list[doctest.Example]:
    """Return the statements of the example of a function."""
    return doctest.DocTestParser().get_examples(inspect.getdoc(function) or "")


def draw_example(function: Any, path: Path) -> None:
    """Run the example of a function, and write the figure that it leaves."""
    from matplotlib import pyplot  # noqa: PLC0415

    pyplot.close("all")
    names: dict[str, Any] = {function.__name__: function}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of recordings as small as an example's
        for example in example_of(function):
            exec(compile(example.source, function.__name__, "single"), names)
    figure = pyplot.figure(pyplot.get_fignums()[-1])
    figure.savefig(path, dpi=110)
    pyplot.close("all")


def make_gallery(folder: Path = GALLERY) -> None:
    """Write the page of the gallery and its pictures, where they are not up to date."""
    matplotlib.use("Agg")
    folder.mkdir(exist_ok=True)
    parts = [_INTRODUCTION]
    for name, function in figures().items():
        picture, source = folder / f"{name}.png", Path(inspect.getfile(function))
        is_old = (
            not picture.exists() or picture.stat().st_mtime < source.stat().st_mtime
        )
        if is_old:
            draw_example(function, picture)
        summary = (inspect.getdoc(function) or "").split("\n")[0]
        code = "".join(example.source for example in example_of(function))
        parts.append(
            f"## {{func}}`{name} <neuroclass.plotting.{name}>`\n\n{summary}\n\n"
            f"```{{image}} {name}.png\n:alt: {summary}\n```\n\n```python\n{code}```\n"
        )
    page = folder / "index.md"
    text = "\n".join(parts)
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def link_notebooks() -> None:
    """Make `docs/notebooks` a link to the notebooks, which run where they lie."""
    link = DOCS / "notebooks"
    if not link.exists():
        link.symlink_to(Path("..") / "notebooks", target_is_directory=True)


if __name__ == "__main__":
    sys.exit(make_gallery())
